//! What is to be played: callers, phones, desktops. Written in TOML, read strictly.

use crate::{
    random::{Spread, parse_duration},
    weather::Weather,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

/// Calls a second at most: beyond it a generator on the same machine measures itself.
pub const MAX_RATE: f64 = 5_000.0;
/// Calls in progress at most.
pub const MAX_LIVE: usize = 20_000;
/// Callers with an ear of their own at most: each has a socket.
pub const MAX_EARS: usize = 4_000;
/// Phones with a socket of their own at most.
pub const MAX_SOCKETS: usize = 2_000;
/// Desktops at most: each has a TCP connection.
pub const MAX_DESKTOPS: usize = 5_000;

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it is called in reports.
    #[serde(default)]
    pub name: String,
    /// The same seed gives the same arrivals, patience and talk times.
    #[serde(default = "defaults::seed")]
    pub seed: u64,
    /// Who calls.
    pub callers: CallersPlan,
    /// Whose phones ring; none when they are played by somebody else.
    #[serde(default)]
    pub phones: Option<PhonesPlan>,
    /// Who sits at a desktop; none for phones alone.
    #[serde(default)]
    pub desktops: Option<DesktopsPlan>,
}

/// Callers behind a PBX.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CallersPlan {
    /// The router's SIP address (UDP).
    pub target: SocketAddr,
    /// Where the PBX sends from; port 0 for a free one.
    pub listen: SocketAddr,
    /// Numbers dialled, each alike; write one twice to have it dialled twice as often.
    pub dial: Vec<String>,
    /// New calls a second.
    pub rate: f64,
    /// How they are spread.
    pub arrivals: Arrivals,
    /// Calls in all.
    pub calls: Option<u64>,
    /// How long new calls are placed.
    #[serde(rename = "for", with = "optional_text")]
    pub during: Option<Duration>,
    /// How long a caller waits for an agent.
    pub patience: Spread,
    /// How long a caller talks before it hangs up itself; absent: it waits for the agent to.
    pub talk: Option<Spread>,
    /// Whether waiting callers count the RTP they hear (a socket each).
    pub media: bool,
    /// Share of INVITEs without a session description.
    pub late_offer: f64,
    /// Calls in progress at most; arrivals beyond it are held back, and counted.
    pub max_live: usize,
    /// What the numbers of callers without a name begin with.
    pub prefix: String,
    /// People who call; empty: everybody is a stranger with a number of its own.
    pub people: Vec<Person>,
    /// Share of callers who are none of `people`.
    pub strangers: f64,
    /// What happens to its datagrams on their way.
    pub weather: Weather,
    /// Takes everything that is sent, wherever it is addressed to: an outbound proxy.
    pub proxy: Option<SocketAddr>,
    /// The address it gives as its own, where that is not the socket's: that of a proxy or a NAT.
    pub public: Option<SocketAddr>,
}

/// How arrivals are spread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arrivals {
    /// At equal distances.
    #[default]
    Even,
    /// At random, as people call.
    Poisson,
}

/// Somebody who calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// User part of From.
    pub number: String,
    /// Display name of From; may be empty.
    #[serde(default)]
    pub name: String,
}

/// Agents' phones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PhonesPlan {
    /// Where they listen; port 0 for a free one.
    pub listen: SocketAddr,
    /// 1: all phones on one socket, the user part of the Request-URI names the agent. More: a socket each, on ports
    /// from that of `listen` on.
    pub sockets: usize,
    /// How they behave.
    pub manners: Manners,
    /// How some of them behave instead, by agent.
    pub of: BTreeMap<String, Manners>,
    /// What happens to its datagrams on their way.
    pub weather: Weather,
    /// Takes everything that is sent, wherever it is addressed to: an outbound proxy.
    pub proxy: Option<SocketAddr>,
    /// The address they give as theirs, where that is not the socket's: that of a proxy or a NAT. One socket only.
    pub public: Option<SocketAddr>,
}

/// How a phone behaves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Manners {
    /// How long it rings before it is answered.
    pub ring: Spread,
    /// How long its agent talks before she hangs up; absent: she waits for the caller to.
    pub talk: Option<Spread>,
    /// Share of calls answered 486.
    pub busy: f64,
    /// Share of calls answered 603.
    pub reject: f64,
    /// Share of calls that ring and are never answered.
    pub silent: f64,
    /// Share of calls that get no SIP answer at all.
    pub dead: f64,
    /// Whether it answers at once when the INVITE asks for that (`Call-Info` or `Alert-Info` with `answer-after`).
    pub auto_answer: bool,
}

/// Agents' desktops.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DesktopsPlan {
    /// The router's desk address.
    pub desk: SocketAddr,
    /// Who signs in with a numbered name: `agents` of them, called `name`, with `token`.
    pub agents: usize,
    /// Name of the numbered agents; `###` becomes the number, from 001.
    pub name: String,
    /// Their token; `{id}` becomes the name.
    pub token: String,
    /// Who else signs in.
    pub people: Vec<Seat>,
    /// How long she takes to accept an offer (where she answers at the desk); absent: she does not touch it.
    pub accept: Option<Spread>,
    /// Share of offers she declines.
    pub decline: f64,
    /// How long her work after a call takes; absent: she lets the router's timer end it.
    pub wrap_up: Option<Spread>,
    /// Codes she chooses from.
    pub dispositions: Vec<String>,
    /// How soon she is ready again after a call she missed; absent: she stays away.
    pub back_after: Option<Spread>,
    /// Whether she connects again when the connection breaks.
    pub reconnect: bool,
}

/// One desktop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seat {
    /// Whose.
    pub agent: String,
    /// Her token.
    pub token: String,
}

impl Default for CallersPlan {
    fn default() -> Self {
        Self {
            target: local(5060),
            listen: local(0),
            dial: vec!["1500".to_owned()],
            rate: 10.0,
            arrivals: Arrivals::Even,
            calls: None,
            during: None,
            patience: Spread::Fixed(Duration::from_secs(60)),
            talk: None,
            media: false,
            late_offer: 0.0,
            max_live: 10_000,
            prefix: "c".to_owned(),
            people: Vec::new(),
            strangers: 0.0,
            weather: Weather::default(),
            proxy: None,
            public: None,
        }
    }
}

impl Default for PhonesPlan {
    fn default() -> Self {
        Self {
            listen: local(5910),
            sockets: 1,
            manners: Manners::default(),
            of: BTreeMap::new(),
            weather: Weather::default(),
            proxy: None,
            public: None,
        }
    }
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            ring: Spread::Fixed(Duration::from_millis(20)),
            talk: Some(Spread::Fixed(Duration::from_secs(1))),
            busy: 0.0,
            reject: 0.0,
            silent: 0.0,
            dead: 0.0,
            auto_answer: true,
        }
    }
}

impl Default for DesktopsPlan {
    fn default() -> Self {
        Self {
            desk: local(8080),
            agents: 0,
            name: "a###".to_owned(),
            token: "change-me".to_owned(),
            people: Vec::new(),
            accept: Some(Spread::Fixed(Duration::from_millis(200))),
            decline: 0.0,
            wrap_up: None,
            dispositions: Vec::new(),
            back_after: Some(Spread::Fixed(Duration::from_secs(2))),
            reconnect: true,
        }
    }
}

impl DesktopsPlan {
    /// Everybody who signs in.
    #[must_use]
    pub fn seats(&self) -> Vec<Seat> {
        let numbered = (1..=self.agents).map(|number| {
            let agent = numbered(&self.name, number);
            Seat { token: self.token.replace("{id}", &agent), agent }
        });
        numbered.chain(self.people.iter().cloned()).collect()
    }
}

/// `a###` and 7 make `a007`; a name without `#` gets the number at its end.
#[must_use]
pub fn numbered(name: &str, number: usize) -> String {
    let width = name.matches('#').count();
    match name.find('#') {
        Some(at) => format!("{}{number:0width$}{}", &name[..at], name[at..].replace('#', "")),
        None => format!("{name}{number}"),
    }
}

/// What is wrong with a scenario, each under the key that was typed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct Problems(pub Vec<String>);

impl Scenario {
    /// Reads a scenario and checks it.
    ///
    /// # Errors
    ///
    /// [`Problems`]: where the text is no scenario, or everything that is wrong with it.
    pub fn read(text: &str) -> Result<Self, Problems> {
        let scenario: Self = toml::from_str(text).map_err(|error| Problems(vec![error.to_string()]))?;
        scenario.check()?;
        Ok(scenario)
    }
    /// Checks addresses and bounds.
    ///
    /// # Errors
    ///
    /// [`Problems`]: everything that is wrong.
    pub fn check(&self) -> Result<(), Problems> {
        let mut problems = Vec::new();
        self.callers.check(&mut problems);
        if let Some(phones) = &self.phones {
            phones.check(&mut problems);
        }
        if let Some(desktops) = &self.desktops {
            desktops.check(&mut problems);
        }
        if problems.is_empty() { Ok(()) } else { Err(Problems(problems)) }
    }
}

fn on_loopback(what: &'static str, address: SocketAddr, problems: &mut Vec<String>) {
    problems.extend(crate::loopback::loopback(what, address).err().map(|error| error.to_string()));
}

fn shares(of: &str, shares: &[(&str, f64)], problems: &mut Vec<String>) {
    for (key, share) in shares.iter().filter(|(_key, share)| !(0.0..=1.0).contains(share)) {
        problems.push(format!("{of}.{key} = {share}: a share is between 0 and 1"));
    }
}

impl CallersPlan {
    fn check(&self, problems: &mut Vec<String>) {
        on_loopback("callers.target", self.target, problems);
        on_loopback("callers.listen", self.listen, problems);
        if let Some(proxy) = self.proxy {
            on_loopback("callers.proxy", proxy, problems);
        }
        let given = [("late_offer", self.late_offer), ("strangers", self.strangers)];
        shares("callers", &given, problems);
        shares("callers.weather", &self.weather.shares(), problems);
        if !(self.rate > 0.0 && self.rate <= MAX_RATE) {
            problems
                .push(format!("callers.rate = {}: more than 0 and at most {MAX_RATE} a second", self.rate));
        }
        if self.dial.is_empty() {
            problems.push("callers.dial is empty: name at least one number".to_owned());
        }
        if self.max_live == 0 || self.max_live > MAX_LIVE {
            problems.push(format!("callers.max_live = {}: 1 to {MAX_LIVE}", self.max_live));
        }
        if self.media && self.max_live > MAX_EARS {
            problems.push(format!("callers.max_live = {}: at most {MAX_EARS} with media", self.max_live));
        }
        let unsafe_text = |text: &String| text.is_empty() || !text.chars().all(is_user_char);
        for user in
            self.dial.iter().chain(self.people.iter().map(|person| &person.number)).filter(|t| unsafe_text(t))
        {
            problems.push(format!("callers: `{user}` cannot stand in a SIP address"));
        }
    }
}

impl PhonesPlan {
    fn check(&self, problems: &mut Vec<String>) {
        on_loopback("phones.listen", self.listen, problems);
        if let Some(proxy) = self.proxy {
            on_loopback("phones.proxy", proxy, problems);
        }
        if let (Some(public), 2..) = (self.public, self.sockets) {
            problems.push(format!(
                "phones.public = \"{public}\": the address of one socket, and there are {}",
                self.sockets
            ));
        }
        if self.sockets == 0 || self.sockets > MAX_SOCKETS {
            problems.push(format!("phones.sockets = {}: 1 to {MAX_SOCKETS}", self.sockets));
        }
        shares("phones.weather", &self.weather.shares(), problems);
        let named = self.of.iter().map(|(agent, manners)| (format!("phones.of.{agent}"), manners));
        for (key, manners) in named.chain([("phones.manners".to_owned(), &self.manners)]) {
            let all = manners.busy + manners.reject + manners.silent + manners.dead;
            let each = [("busy", manners.busy), ("reject", manners.reject), ("silent", manners.silent)];
            shares(&key, &each, problems);
            shares(&key, &[("dead", manners.dead), ("busy + reject + silent + dead", all)], problems);
        }
    }
}

impl DesktopsPlan {
    fn check(&self, problems: &mut Vec<String>) {
        on_loopback("desktops.desk", self.desk, problems);
        shares("desktops", &[("decline", self.decline)], problems);
        let seats = self.agents.saturating_add(self.people.len());
        if seats == 0 || seats > MAX_DESKTOPS {
            problems.push(format!("desktops: {seats} agents; 1 to {MAX_DESKTOPS} in `agents` and `people`"));
        }
    }
}

/// Characters of a user part that need no escape (RFC 3261 §25.1) and keep journals readable.
fn is_user_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "+-_.!~*'%#".contains(c)
}

const fn local(port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

mod defaults {
    pub(super) const fn seed() -> u64 {
        1
    }
}

/// An optional duration written as text.
mod optional_text {
    use super::parse_duration;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
    use std::time::Duration;

    pub(super) fn serialize<S: Serializer>(time: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
        time.map(|time| format!("{}ms", time.as_millis())).serialize(to)
    }
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
        parse_duration(&String::deserialize(from)?).map(Some).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_is_read_with_its_defaults() {
        let text = "[callers]\nrate = 50.0\nfor = \"20s\"\npatience = \"exp 60s\"\n[phones]\n[phones.of.ann]\nbusy = 1.0\n";
        let scenario = Scenario::read(text).unwrap();
        assert_eq!(scenario.callers.during, Some(Duration::from_secs(20)));
        assert_eq!(scenario.callers.patience, Spread::Exponential(Duration::from_secs(60)));
        assert!(scenario.phones.unwrap().of["ann"].busy > 0.9);
        assert!(scenario.desktops.is_none());
    }

    #[test]
    fn every_mistake_is_named_under_its_key() {
        let text = "[callers]\nrate = 0.0\ntarget = \"192.0.2.1:5060\"\nweather.loss = 2.0\ndial = [\"a b\"]\n\
                    [phones]\nsockets = 0\n[phones.manners]\nbusy = 0.7\nsilent = 0.7\n[desktops]\n";
        let Problems(problems) = Scenario::read(text).unwrap_err();
        for key in ["rate", "target", "loss", "`a b`", "sockets", "busy + reject", "desktops: 0"] {
            assert!(problems.iter().any(|problem| problem.contains(key)), "{key} in {problems:#?}");
        }
        assert!(Scenario::read("[callers]\ncolour = 1\n").is_err());
    }

    #[test]
    fn numbered_agents_have_even_names() {
        assert_eq!((numbered("a###", 7), numbered("agent", 7)), ("a007".to_owned(), "agent7".to_owned()));
        let plan = DesktopsPlan { agents: 2, token: "t-{id}".to_owned(), ..DesktopsPlan::default() };
        assert_eq!(plan.seats()[1], Seat { agent: "a002".to_owned(), token: "t-a002".to_owned() });
    }
}
