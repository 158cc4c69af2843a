//! One router with a corner for each scene: a number, a queue, agents and their phones, which no other scene uses.

use harness::{
    Authority, Ladder, Router, Sipp, SippRun, Site, Stunnel, StunnelRun, TlsFiles, Traced, Transport,
    eventually_is, free_port,
};
use std::{fmt::Write as _, fs, net::SocketAddr, path::PathBuf, sync::Mutex, time::Duration};
use tempfile::TempDir;

/// How long a scene may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(100);
/// How far records may be behind.
const BEHIND: Duration = Duration::from_secs(5);
/// Who works in a corner, as drawings call them.
pub(crate) const AGENTS: [&str; 2] = ["ann", "ben"];

/// A behaviour, and what is played to show it.
pub(crate) struct Scene {
    /// The behaviour, in the trade's words; docs/sip.md lists these.
    pub(crate) shows: &'static str,
    /// Keys of its queue.
    pub(crate) queue: &'static [(&'static str, &'static str)],
    /// How many agents serve it.
    pub(crate) agents: usize,
    /// They have a desktop, and take calls when they say so there; otherwise always.
    pub(crate) desks: bool,
    /// It needs the house to itself.
    pub(crate) alone: bool,
    /// Where it can happen: a lost datagram, for example, cannot over a connection.
    pub(crate) over: &'static [Transport],
    pub(crate) play: fn(&Corner<'_>),
}

pub(crate) const EVERYWHERE: &[Transport] = &[Transport::Udp, Transport::Tcp, Transport::Tls];
pub(crate) const IN_THE_CLEAR: &[Transport] = &[Transport::Udp, Transport::Tcp];
pub(crate) const DATAGRAMS: &[Transport] = &[Transport::Udp];

/// The one agent whose phone registers; SIPp knows no other digest than MD5.
const REGISTERED: &str = "[[agent]]\nid = \"ann\"\npresence = \"always\"\nphone = \"registered\"\n\
     phone_password = \"b7-Kw29-Lp0x-Qd\"\n";

/// The house in which scenes are played.
pub(crate) struct House {
    pub(crate) router: Router,
    transport: Transport,
    phones: Vec<Vec<Phone>>,
    tunnels: Option<(u16, StunnelRun)>,
    _certificates: TempDir,
}

/// Where a phone is: as the router sees it, and where SIPp listens behind a tunnel.
#[derive(Clone, Copy)]
struct Phone {
    seen: u16,
    behind: u16,
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
        let port = || Phone { seen: free_port(), behind: free_port() };
        let phones: Vec<Vec<Phone>> =
            scenes.iter().map(|scene| (0..scene.agents).map(|_| port()).collect()).collect();
        let site = Site::new().sip("tcp", "127.0.0.1:0").sip("tls", "127.0.0.1:0");
        let site = site.more(&tls(&ours)).more(REGISTERED).more(&corners(scenes, &phones, transport));
        let router = Router::start_on(&site.to_toml().replacen("[media]", "digest = [\"md5\"]\n[media]", 1));
        let tunnels = (transport == Transport::Tls).then(|| tunnels(&router, theirs, &phones));
        Self { router, transport, phones, tunnels, _certificates: certificates }
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

fn corners(scenes: &[&Scene], phones: &[Vec<Phone>], transport: Transport) -> String {
    let mut text = String::new();
    for (nth, (scene, phones)) in scenes.iter().zip(phones).enumerate() {
        let queue = queue(nth);
        writeln!(text, "[[entry]]\nnumber = \"{}\"\nqueue = \"{queue}\"", number(nth)).unwrap();
        writeln!(text, "calls = 2\n[[queue]]\nname = \"{queue}\"\nneeds = \"{queue}\"").unwrap();
        let usual = [("wrap_up", "0s"), ("pop_budget", "0ms"), ("rona_pause", "300ms")];
        let usual = usual.iter().filter(|(key, _)| scene.queue.iter().all(|(other, _)| other != key));
        for (key, value) in scene.queue.iter().chain(usual) {
            writeln!(text, "{key} = \"{value}\"").unwrap();
        }
        for (which, phone) in phones.iter().enumerate() {
            let id = agent(nth, which);
            let presence = if scene.desks { "desk" } else { "always" };
            writeln!(
                text,
                "[[agent]]\nid = \"{id}\"\npresence = \"{presence}\"\ntoken = \"t-{id}\"\nskills = {{ {queue} = 5 }}\n\
                 phone = \"sip:{id}@127.0.0.1:{}{}\"",
                phone.seen,
                transport.parameter()
            )
            .unwrap();
        }
    }
    text
}

fn tunnels(router: &Router, files: TlsFiles, phones: &[Vec<Phone>]) -> (u16, StunnelRun) {
    let port = free_port();
    let outwards = Stunnel::new(files).outwards(port, Transport::Tls.target(router.ready()));
    let all = phones.iter().flatten();
    (
        port,
        all.fold(outwards, |stunnel, phone| stunnel.inwards(phone.seen, phone.behind)).start(router.folder()),
    )
}

pub(crate) fn number(nth: usize) -> String {
    format!("16{nth:02}")
}
fn queue(nth: usize) -> String {
    format!("queue{nth:02}")
}
pub(crate) fn agent(nth: usize, which: usize) -> String {
    format!("{}{nth:02}", AGENTS[which])
}

impl Corner<'_> {
    /// The number that leads here.
    pub(crate) fn number(&self) -> String {
        number(self.nth)
    }
    /// An agent's id.
    pub(crate) fn agent(&self, which: usize) -> String {
        agent(self.nth, which)
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
        let place = self.house.phones[self.nth][which];
        let phone = match self.house.transport {
            Transport::Udp => phone.clone().port(place.seen),
            Transport::Tcp => phone.clone().port(place.seen).over("t1"),
            Transport::Tls => phone.clone().port(place.behind).tunnelled(Some(place.seen)),
        };
        self.start(AGENTS[which], &phone)
    }
    /// Starts a caller.
    pub(crate) fn calls(&self, caller: &Sipp) -> SippRun {
        self.calls_as("caller", caller)
    }
    /// Starts a caller whom drawings call `name`.
    pub(crate) fn calls_as(&self, name: &str, caller: &Sipp) -> SippRun {
        match self.house.transport {
            Transport::Udp => self.start(name, caller),
            Transport::Tcp => self.start(name, &caller.clone().over("t1")),
            Transport::Tls => self.start(name, &caller.clone().tunnelled(None)),
        }
    }
    fn start(&self, name: &str, sipp: &Sipp) -> SippRun {
        let target = match &self.house.tunnels {
            Some((port, _)) => ([127, 0, 0, 1], *port).into(),
            None => self.target(),
        };
        let run = sipp.clone().traced().start(target, self.house.router.folder());
        self.traces.lock().unwrap().push((name.to_owned(), run.trace_file()));
        run
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
                .map(|row| AGENTS.iter().fold(row, |row, name| row.replace(&format!("{name}{nth}"), name)))
                .collect()
        };
        eventually_is("records", BEHIND, &wanted, rows);
    }
    /// What everybody sent and got, drawn: as if this corner were the only one.
    pub(crate) fn ladder(&self) -> Ladder {
        let traced = |(party, file): &(String, PathBuf)| Traced {
            party: party.clone(),
            right: AGENTS.contains(&party.as_str()),
            trace: fs::read_to_string(file).unwrap(),
        };
        let traces: Vec<Traced> = self.traces.lock().unwrap().iter().map(traced).collect();
        let (number, nth) = (self.number(), format!("{:02}", self.nth));
        let name = |user: &str| match user.strip_suffix(&nth).filter(|name| AGENTS.contains(name)) {
            Some(name) => name.to_owned(),
            None if user == number => "1500".to_owned(),
            None => user.to_owned(),
        };
        Ladder::of(&traces, media, name)
    }
    /// Where the router listens for the transport of the day.
    pub(crate) fn target(&self) -> SocketAddr {
        self.house.transport.target(self.house.router.ready())
    }
    /// It is one of connections.
    pub(crate) fn is_stream(&self) -> bool {
        self.house.transport != Transport::Udp
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
