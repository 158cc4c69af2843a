//! One router with a corner for each scene: a number, a queue, agents and their phones, which no other scene uses.

use super::plan::Plan;
use harness::{
    Authority, Ladder, Router, Sipp, SippRun, Site, Stunnel, StunnelRun, TlsFiles, Traced, Transport,
    eventually_is, free_port,
};
use std::{collections::BTreeMap, fs, net::SocketAddr, path::PathBuf, sync::Mutex, time::Duration};
use tempfile::TempDir;

/// How long a scene may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(100);
/// How far records may be behind.
const BEHIND: Duration = Duration::from_secs(5);
/// Who works in a corner, as drawings call them.
pub(crate) const AGENTS: [&str; 2] = ["ann", "ben"];
/// Who else is called by the router.
const CALLED: [&str; 4] = ["gateway", "carrier", "ann's second", "ann's third"];
/// What else is named after its corner.
const NAMED: [&str; 3] = ["queue", "sales", "mobiles"];

/// A behaviour, and what is played to show it.
pub(crate) struct Scene {
    /// The behaviour, in the trade's words; docs/sip.md lists these.
    pub(crate) shows: &'static str,
    /// Keys of its queue.
    pub(crate) queue: &'static [(&'static str, &'static str)],
    /// How many agents serve it.
    pub(crate) agents: usize,
    /// Who else is called: gateways, trunks.
    pub(crate) others: usize,
    /// What else the configuration says.
    pub(crate) more: fn(&Plan) -> String,
    /// Its callers are a trunk of their own, with these keys.
    pub(crate) trunk: Option<&'static str>,
    /// Agents have a desktop, and take calls when they say so there; otherwise always.
    pub(crate) desks: bool,
    /// It needs the house to itself.
    pub(crate) alone: bool,
    /// Where it can happen: a lost datagram, for example, cannot over a connection.
    pub(crate) over: &'static [Transport],
    pub(crate) play: fn(&Corner<'_>),
}

pub(crate) const EVERYWHERE: &[Transport] = &[Transport::Udp, Transport::Tcp, Transport::Tls];
pub(crate) const DATAGRAMS: &[Transport] = &[Transport::Udp];
pub(crate) const STREAMS: &[Transport] = &[Transport::Tcp, Transport::Tls];

/// The house in which scenes are played.
pub(crate) struct House {
    pub(crate) router: Router,
    transport: Transport,
    plans: Vec<Plan>,
    tunnels: Option<Tunnels>,
    _certificates: TempDir,
}

/// Ways to the router over TLS.
struct Tunnels {
    /// Where the one of everybody begins, and those of trunks, by their addresses.
    usual: u16,
    of_trunks: BTreeMap<String, u16>,
    _run: StunnelRun,
}

/// A scene's corner of the house.
pub(crate) struct Corner<'a> {
    pub(crate) house: &'a House,
    nth: usize,
    /// Parties, and the files of their messages.
    pub(crate) traces: Mutex<Vec<(String, PathBuf)>>,
}

impl House {
    /// A router for these scenes, whose phones and callers speak over `transport`.
    pub(crate) fn open(scenes: &[&Scene], transport: Transport) -> Self {
        let certificates = tempfile::tempdir().unwrap();
        let authority = Authority::new();
        let ours = authority.make("router", certificates.path());
        let theirs = authority.make("peers", certificates.path());
        let plan = |(nth, scene): (usize, &&Scene)| Plan::new(nth, scene, transport);
        let plans: Vec<Plan> = scenes.iter().enumerate().map(plan).collect();
        let each = |of: fn(&Plan, &Scene) -> String| {
            plans.iter().zip(scenes).map(|(plan, scene)| of(plan, scene)).collect::<String>()
        };
        let site = Site::new().trunk("127.0.0.0/24").sip("tcp", "127.0.0.1:0").sip("tls", "127.0.0.1:0");
        let site = site.more(&tls(&ours)).more(&each(Plan::trunk)).more(&each(Plan::corner));
        let router = Router::start_on(&site.to_toml().replacen("[media]", "digest = [\"md5\"]\n[media]", 1));
        let tunnels = (transport == Transport::Tls).then(|| tunnels(&router, theirs, &plans));
        Self { router, transport, plans, tunnels, _certificates: certificates }
    }
    /// How many agents are in this state.
    pub(crate) fn agents(&self, state: &str) -> Option<f64> {
        self.router.metric(&format!("sambung_agents{{state=\"{state}\"}}"))
    }
    /// The corner of the scene with this number.
    pub(crate) fn corner(&self, nth: usize) -> Corner<'_> {
        Corner { house: self, nth, traces: Mutex::default() }
    }
}

fn tls(files: &TlsFiles) -> String {
    let (certificate, key, ca) = (files.certificate.display(), files.key.display(), files.ca.display());
    format!("[tls]\ncertificate = \"{certificate}\"\nkey = \"{key}\"\nca = \"{ca}\"\nclient_ca = \"{ca}\"\n")
}

fn tunnels(router: &Router, files: TlsFiles, plans: &[Plan]) -> Tunnels {
    let target = Transport::Tls.target(router.ready());
    let usual = free_port();
    let of_trunks: BTreeMap<String, u16> =
        plans.iter().filter_map(Plan::from).map(|from| (from, free_port())).collect();
    let outwards = Stunnel::new(files).outwards(usual, target);
    let outwards = of_trunks.iter().fold(outwards, |it, (from, port)| it.outwards_from(from, *port, target));
    let places = plans.iter().flat_map(|plan| &plan.places);
    let all = places.fold(outwards, |stunnel, place| stunnel.inwards(place.seen, place.behind));
    Tunnels { usual, of_trunks, _run: all.start(router.folder()) }
}

impl Corner<'_> {
    /// What the configuration says of it.
    pub(crate) fn plan(&self) -> &Plan {
        &self.house.plans[self.nth]
    }
    /// The number that leads here.
    pub(crate) fn number(&self) -> String {
        self.plan().number()
    }
    /// An agent's id.
    pub(crate) fn agent(&self, which: usize) -> String {
        self.plan().agent(which)
    }
    /// A caller who dials this corner's number.
    pub(crate) fn caller(&self, scenario: &str) -> Sipp {
        let usual = Sipp::caller(scenario).with("MEDIA", 40_000).with("CALLERS_WAY", "sendrecv");
        usual.dial(&self.number()).calls(1, 1)
    }
    /// A phone, to be started by [`Self::at`].
    pub(crate) fn phone(&self, scenario: &str) -> Sipp {
        let usual = Sipp::new(scenario).with("RING", 50).with("TALK", 300).with("FIRST", "answers");
        usual.with("PHONES_WAY", "sendrecv")
    }
    /// Starts an agent's phone.
    pub(crate) fn at(&self, which: usize, phone: &Sipp) -> SippRun {
        self.at_as(which, AGENTS[which], phone)
    }
    /// Starts what is called at this place, and what drawings call `name`.
    pub(crate) fn at_as(&self, which: usize, name: &str, called: &Sipp) -> SippRun {
        let place = self.plan().places[which];
        let called = match self.house.transport {
            Transport::Udp => called.clone().port(place.seen),
            Transport::Tcp => called.clone().port(place.seen).over("t1"),
            Transport::Tls => called.clone().port(place.behind).tunnelled(Some(place.seen)),
        };
        self.start(name, called)
    }
    /// Starts an agent's phone that listens for connections alone, whatever the transport of the day.
    pub(crate) fn at_on_connections(&self, which: usize, phone: &Sipp) -> SippRun {
        self.start(AGENTS[which], phone.clone().port(self.plan().places[which].seen).over("t1"))
    }
    /// Starts a caller.
    pub(crate) fn calls(&self, caller: &Sipp) -> SippRun {
        self.calls_as("caller", caller)
    }
    /// Starts a caller whom drawings call `name`.
    pub(crate) fn calls_as(&self, name: &str, caller: &Sipp) -> SippRun {
        let from = self.plan().from();
        let caller = match (self.house.transport, &from) {
            // The tunnel is at the trunk's address.
            (Transport::Tls, _) => caller.clone().tunnelled(None),
            (Transport::Udp, None) => caller.clone(),
            (Transport::Tcp, None) => caller.clone().over("t1"),
            (Transport::Udp, Some(from)) => caller.clone().ip(from),
            (Transport::Tcp, Some(from)) => caller.clone().ip(from).over("t1"),
        };
        self.start(name, caller)
    }
    fn start(&self, name: &str, sipp: Sipp) -> SippRun {
        let run = sipp.traced().start(self.way(), self.house.router.folder());
        self.traces.lock().unwrap().push((name.to_owned(), run.trace_file()));
        run
    }
    /// Where this corner's parties send what the router is to get: to itself, or into a tunnel.
    pub(crate) fn way(&self) -> SocketAddr {
        let Some(tunnels) = &self.house.tunnels else {
            return self.house.transport.target(self.house.router.ready());
        };
        let of_trunk = self.plan().from().and_then(|from| tunnels.of_trunks.get(&from).copied());
        ([127, 0, 0, 1], of_trunk.unwrap_or(tunnels.usual)).into()
    }
    /// The transport of the day, as a Via names it.
    pub(crate) fn protocol(&self) -> &'static str {
        match self.house.transport {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
            Transport::Tls => "TLS",
        }
    }
    /// Plays a caller who reaches ann's phone; what both noted.
    pub(crate) fn talk(&self, caller: &Sipp, phone: &Sipp) -> Noted {
        let phone = self.at(0, phone);
        let caller = self.calls(caller).finished(PATIENCE);
        Noted { caller, phone: phone.end() }
    }
    /// Calls of this corner in their order, as [`harness::Records::calls`] gives them, become these, agents as drawings
    /// call them.
    pub(crate) fn expect_calls(&self, wanted: &[&str]) {
        self.expect(wanted, "outcome, reason, agent, visits, offers FROM calls", "arrived_at");
    }
    /// Offers become these: agent and outcome.
    pub(crate) fn expect_offers(&self, wanted: &[&str]) {
        self.expect(wanted, "agent, outcome FROM offers", "call, attempt");
    }
    /// Transfers become these: to what, to whom, what became of it, the status if it was refused, and whether that one was
    /// asked first.
    pub(crate) fn expect_transfers(&self, wanted: &[&str]) {
        let what = "kind, transferred_to, outcome, ifnull(status, ''), consulted FROM transfers";
        self.expect(wanted, what, "transferred_at");
    }
    fn expect(&self, wanted: &[&str], what: &str, order: &str) {
        let wanted: Vec<String> = wanted.iter().map(|row| (*row).to_owned()).collect();
        let dialled = self.number();
        let query = format!(
            "SELECT {what} WHERE call IN (SELECT call FROM calls WHERE dialled = '{dialled}') ORDER BY {order}"
        );
        let nth = format!("{:02}", self.nth);
        let rows = || {
            let rows = self.house.router.records().rows(&query);
            rows.into_iter()
                .map(|row| {
                    let names = AGENTS.iter().chain(&NAMED);
                    names.fold(row, |row, name| row.replace(&format!("{name}{nth}"), name))
                })
                .collect()
        };
        eventually_is("records", BEHIND, &wanted, rows);
    }
    /// What everybody sent and got, drawn: as if this corner were the only one.
    pub(crate) fn ladder(&self) -> Ladder {
        let traced = |(party, file): &(String, PathBuf)| Traced {
            party: party.clone(),
            right: AGENTS.iter().chain(&CALLED).any(|called| called == party),
            trace: fs::read_to_string(file).unwrap(),
        };
        let traces: Vec<Traced> = self.traces.lock().unwrap().iter().map(traced).collect();
        let (number, nth) = (self.number(), format!("{:02}", self.nth));
        let (sales, mobile) = (self.plan().number_of_sales(), self.plan().mobile());
        let name = |user: &str| match user.strip_suffix(&nth).filter(|name| AGENTS.contains(name)) {
            Some(name) => name.to_owned(),
            None if user == number => "1500".to_owned(),
            None if user == sales => "1600".to_owned(),
            None if user == mobile => "08111234".to_owned(),
            None => user.to_owned(),
        };
        Ladder::of(&traces, media, name)
    }
    /// Every message of this party so far.
    pub(crate) fn trace_of(&self, party: &str) -> String {
        let traces = self.traces.lock().unwrap();
        let mine = traces.iter().filter(|(name, _)| name == party);
        mine.map(|(_, file)| fs::read_to_string(file).unwrap_or_default()).collect()
    }
    /// Every message of every party so far.
    pub(crate) fn messages(&self) -> String {
        let traces = self.traces.lock().unwrap();
        let read = |(name, file): &(String, PathBuf)| {
            format!("=== {name}\n{}\n", fs::read_to_string(file).unwrap_or_default())
        };
        traces.iter().map(read).collect()
    }
}

/// Whose media is at this port of a description.
fn media(port: u16) -> &'static str {
    match port {
        40_000 => "caller",
        40_010 => "third",
        40_020 => "caller moved",
        42_000 => "phone",
        42_030 => "ben",
        42_040 => "gateway",
        _ => "music",
    }
}

/// What both sides of a call noted.
pub(crate) struct Noted {
    pub(crate) caller: String,
    pub(crate) phone: String,
}

impl Noted {
    /// The caller noted these, in this order, perhaps among others.
    pub(crate) fn caller(&self, wanted: &[&str]) {
        in_order("the caller", &self.caller, wanted);
    }
    /// The phone noted these, in this order, perhaps among others.
    pub(crate) fn phone(&self, wanted: &[&str]) {
        in_order("the phone", &self.phone, wanted);
    }
}

/// `log` has a line with each of these, in this order.
pub(crate) fn in_order(who: &str, log: &str, wanted: &[&str]) {
    let mut lines = log.lines();
    for what in wanted {
        assert!(lines.any(|line| line.contains(what)), "{who} did not note {what:?} in its turn:\n{log}");
    }
}
