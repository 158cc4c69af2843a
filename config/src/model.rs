//! What was meant: the checked configuration. No value in it can be wrong.
//!
//! How it is read from a file is the business of the other modules; what the parts do with it, of the parts.

use crate::{
    Hours, secret,
    speech::{Language, Quantile, Tells},
};
use std::{
    collections::BTreeMap, fmt, net::IpAddr, net::SocketAddr, ops::RangeInclusive, path::PathBuf,
    time::Duration,
};
use subtle::ConstantTimeEq;

/// Everything one machine needs to know to run.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the site is.
    pub site: Site,
    /// Where calls arrive.
    pub sip: Sip,
    /// Who we are over TLS, and whom we believe.
    pub tls: Tls,
    /// Music for waiting callers.
    pub media: Media,
    /// The agents' desktops.
    pub desk: Desk,
    /// The operator's HTTP.
    pub operator: Operator,
    /// What is kept on disk.
    pub store: Store,
    /// How a process ends.
    pub drain: Drain,
    /// How much at once.
    pub limits: Limits,
    /// Who may send calls.
    pub trunks: Vec<Trunk>,
    /// How many calls entries may have, by number; those without a limit are absent.
    pub entry_limits: BTreeMap<String, CallLimit>,
    /// The rules the brain routes by.
    pub plan: acd::Plan,
    /// How agents sign in and where they are rung, in the order of `plan.agents`.
    pub agents: Vec<AgentAccess>,
    /// Over which gateways numbers outside are called, in the order of `plan.outside`.
    pub outside: Vec<Outside>,
    /// Where customers are looked up.
    pub sources: Vec<Source>,
    /// What to offer callers goes by; none where nothing is offered.
    pub suggestions: Option<Suggestions>,
    /// When entries take calls.
    pub hours: Vec<Hours>,
    /// Which headers say what is known of a call, in the order of `plan.attributes`.
    pub attributes: Vec<AttributeHeader>,
    /// How callers are called back, by queue; queues that call nobody back are absent.
    pub callbacks: BTreeMap<String, CallbackWay>,
}

/// How callers of a queue are called back. How often is said by [`acd::callback::CallbackPlan`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackWay {
    /// Names of the rules for numbers outside that allow their numbers.
    pub rules: Vec<String>,
    /// The key that a waiting caller presses for it; none: no key does.
    pub key: Option<char>,
    /// The number that customers see; none: the one that they have dialled.
    pub from: Option<String>,
    /// Requests that stand at once in the queue, at most.
    pub most: u32,
    /// Requests that come about in an hour, at most.
    pub hourly: u32,
}

/// A header of a trunk's INVITE that says something that calls are routed by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeHeader {
    /// What it says.
    pub name: String,
    /// The header's name, which begins with `X-`.
    pub header: String,
    /// The values there are; anything else says nothing.
    pub values: Vec<String>,
}

impl AttributeHeader {
    /// What these headers say: the value as it was declared, whatever its case; none when there is no such header, or
    /// it says something else.
    #[must_use]
    pub fn said_in(&self, headers: &[(String, String)]) -> Option<&str> {
        let (_, said) = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(&self.header))?;
        let known = |value: &&String| value.eq_ignore_ascii_case(said.trim());
        self.values.iter().find(known).map(String::as_str)
    }
}

/// Where the site is.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    /// IANA name of the zone that cuts intervals, hours and days.
    pub zone_name: String,
    /// The zone itself.
    pub zone: jiff::tz::TimeZone,
    /// ISO 3166 region by which numbers without a country code are read; [`Site::NO_REGION`] reads none of them.
    pub region: String,
}

impl Site {
    /// The region that stands for none: only numbers with a country code are read.
    pub const NO_REGION: &'static str = "ZZ";
}

/// Where calls arrive.
#[derive(Clone, Debug, PartialEq)]
pub struct Sip {
    /// Address of the UDP socket; port 0 takes a free one.
    pub udp: SocketAddr,
    /// Where connections are taken over TCP, if anywhere.
    pub tcp: Option<SocketAddr>,
    /// Over TLS.
    pub tls: Option<SocketAddr>,
    /// Over WebSocket (RFC 7118).
    pub ws: Option<SocketAddr>,
    /// Over WebSocket in TLS.
    pub wss: Option<SocketAddr>,
    /// How long a talk lasts without a sign of life of a peer, at least 90 s; none means for ever.
    pub session_expires: Option<Duration>,
    /// What phones and trunks are told they sign in to.
    pub realm: String,
    /// Which servers are asked for the addresses of names; none: the system's.
    pub dns: Vec<SocketAddr>,
    /// An INVITE longer than this, in octets, is tried over TCP first where the peer's URI leaves that open and `tcp` is on.
    pub max_datagram: u32,
    /// How often agents' phones are asked whether they are there; none: never.
    pub probe_phones: Option<Duration>,
    /// By which algorithms they may do so, in the order in which they are offered; at least one.
    pub digest: Vec<Digest>,
}

/// An algorithm of digest authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digest {
    /// SHA-256 (RFC 8760).
    Sha256,
    /// MD5 (RFC 3261).
    Md5,
}

/// Files of certificates and keys in PEM. [`Tls::load`] reads them; all could be read when this was checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tls {
    /// What we show to others, as a server and to peers that ask for it.
    pub identity: Option<Identity>,
    /// Whose certificates we believe when we connect; none: the system's authorities.
    pub ca: Option<PathBuf>,
    /// Whose certificate a peer must have who connects to `sip.tls`; none: it needs none.
    pub client_ca: Option<PathBuf>,
}

/// A certificate with those that vouch for it, and its key.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    /// The certificates, ours first.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// Music for waiting callers.
#[derive(Clone, Debug, PartialEq)]
pub struct Media {
    /// The address written into SDP.
    pub address: IpAddr,
    /// UDP ports for RTP, the first one even; `0..=0` takes free ones.
    pub ports: RangeInclusive<u16>,
    /// WAV file that waiting callers hear; none for the built-in tune.
    pub music: Option<PathBuf>,
    /// WAV files of queues that have music of their own, by queue.
    pub queue_music: BTreeMap<String, PathBuf>,
    /// Folder of clips, one folder a language in it.
    pub clips: Option<PathBuf>,
    /// What waiting callers are told, by queue; queues that tell nothing are absent.
    pub announce: BTreeMap<String, Announce>,
    /// Who relays what callers and phones say to each other; none: they reach each other themselves.
    pub rtpengine: Option<Rtpengine>,
}

/// An rtpengine that media goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rtpengine {
    /// Where it listens for its ng protocol.
    pub address: SocketAddr,
    /// Whose media goes through it.
    pub relay: Relay,
}

/// Whose media is relayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relay {
    /// That of every conversation.
    All,
    /// That of phones that speak SIP over WebSocket: browsers.
    Browsers,
}

/// What waiting callers of a queue are told over their music.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Announce {
    /// WAV file that begins the wait.
    pub welcome: Option<PathBuf>,
    /// What is told again and again.
    pub told: Option<Told>,
}

/// What is told again and again, in clips that are joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// In which language.
    pub language: Language,
    /// The place in the queue.
    pub position: bool,
    /// The wait that is to be expected.
    pub wait: bool,
    /// The key that keeps the place.
    pub callback: Option<char>,
    /// Which wait that is.
    pub quantile: Quantile,
    /// The place where no wait can be relied on, though `position` is not told otherwise.
    pub place_instead: bool,
    /// The time between two.
    pub every: Duration,
    /// Where the language's clips are.
    pub folder: PathBuf,
}

impl Told {
    /// Everything that may be told.
    #[must_use]
    pub const fn tells(&self) -> Tells {
        Tells {
            position: self.position || self.place_instead,
            wait: self.wait,
            callback: self.callback.is_some(),
        }
    }
}

/// The agents' desktops.
#[derive(Clone, Debug, PartialEq)]
pub struct Desk {
    /// Address of the TCP socket; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Whether pages and desktops come over HTTPS, with the certificate of [`Tls`]; there is one then.
    pub tls: bool,
    /// Whether it may listen off loopback although nothing is encrypted.
    pub insecure: bool,
    /// Disposition codes offered in wrap-up.
    pub codes: Vec<String>,
    /// Reasons an agent may give for not being ready.
    pub not_ready_reasons: Vec<String>,
    /// Origins whose pages may connect, such as `https://crm.example`; none means the desk's own pages alone.
    pub origins: Vec<String>,
    /// Where phones in browsers reach our SIP over WebSocket; none: at the host of the page and the port of `sip.ws` or
    /// `sip.wss`.
    pub phone_url: Option<String>,
}

/// The operator's HTTP.
#[derive(Clone, Debug, PartialEq)]
pub struct Operator {
    /// Address of the TCP socket; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Whether it is HTTPS, with the certificate of [`Tls`]; there is one then.
    pub tls: bool,
    /// Names, beside `localhost` and addresses, by which it may be asked.
    pub hosts: Vec<String>,
    /// Who may ask; none: everybody who reaches it.
    pub users: Vec<OperatorUser>,
    /// Whether it may listen off loopback although nothing is encrypted and nobody signs in.
    pub insecure: bool,
}

/// Somebody, or a program, who may ask the operator's HTTP.
#[derive(Clone, Debug, PartialEq)]
pub struct OperatorUser {
    /// The name, for logs and for signing in with name and token.
    pub name: String,
    /// What may be asked.
    pub role: OperatorRole,
    /// What proves it.
    pub token: Secret,
}

/// What an operator's user may do; a later one includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OperatorRole {
    /// Read everything.
    Reader,
    /// Set agents' states, too.
    Supervisor,
    /// Change what the router does, too.
    Operator,
}

impl OperatorRole {
    /// Its word in configuration and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Supervisor => "supervisor",
            Self::Operator => "operator",
        }
    }
}

/// What is kept on disk.
#[derive(Clone, Debug, PartialEq)]
pub struct Store {
    /// The folder of log, live file, snapshots and records.
    pub path: PathBuf,
    /// What a committed batch survives.
    pub durability: Durability,
    /// How long closed segments of the log are kept.
    pub keep_log: Duration,
    /// How much of them is kept at most, in MiB.
    pub keep_log_mib: u32,
}

/// How a process ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drain {
    /// How long calls that are alive are served after SIGTERM, while new ones are refused.
    pub deadline: Duration,
    /// What becomes of callers who wait.
    pub waiting: Waiting,
}

/// What becomes of callers who wait when a process is about to end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Waiting {
    /// They wait on; the next process takes up those who are left.
    #[default]
    Keep,
    /// They are sent away at once.
    End,
}

/// What a committed batch survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The death of the process: the system has it.
    Process,
    /// The loss of power: the disk has it.
    Power,
}

/// How much at once. Queues and buffers are sized by these.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Calls at the same time, waiting ones included; the next one is refused with 503.
    pub calls: u32,
    /// New calls within a second, as many of them at once; none: as many as come. The next one is refused with 503.
    pub calls_per_second: Option<u32>,
    /// Desktops connected at the same time.
    pub desktops: u32,
    /// Connections of SIP over TCP, TLS and WebSocket at the same time; one more is closed at once.
    pub connections: u32,
}

/// How many calls there may be of a trunk or to an entry; the next one is refused with 503.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallLimit {
    /// At the same time; none: as many as come.
    pub calls: Option<u32>,
    /// New ones within a second, as many of them at once; none: as many as come.
    pub per_second: Option<u32>,
}

/// A PBX or carrier whose calls are taken and whose headers are believed.
#[derive(Clone, Debug, PartialEq)]
pub struct Trunk {
    /// Its name in records and logs.
    pub name: String,
    /// Where its packets come from.
    pub networks: Vec<Network>,
    /// How its calls must sign in to us; none when its networks are enough.
    pub requires: Option<Login>,
    /// How many calls it may have.
    pub limit: CallLimit,
    /// Where it is asked for something; without it nothing is, and all below is none.
    pub address: Option<SipUri>,
    /// How often it is asked whether it is there; none: never.
    pub probe: Option<Duration>,
    /// Who we are there.
    pub login: Option<Login>,
    /// How long our registrations there are to last; none: we do not register. There is a login then.
    pub register: Option<Duration>,
}

/// Where somebody is: a SIP URI that has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SipUri {
    /// As typed: the Request-URI.
    pub text: String,
    /// The host.
    pub host: Host,
    /// The port, if one is typed.
    pub port: Option<u16>,
    /// The transport, if one is typed.
    pub transport: Option<Transport>,
}

impl SipUri {
    /// Where it leads, unless its host is a name.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        let port = match self.transport {
            None | Some(Transport::Udp | Transport::Tcp) => 5060,
            Some(Transport::Tls) => 5061,
        };
        match self.host {
            Host::Address(ip) => Some(SocketAddr::new(ip, self.port.unwrap_or(port))),
            Host::Name(_) => None,
        }
    }
    /// Whether it is reached by datagrams, as far as it says so itself.
    #[must_use]
    pub const fn is_udp(&self) -> bool {
        matches!(self.transport, None | Some(Transport::Udp))
    }
}

/// The host of a URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// An address.
    Address(IpAddr),
    /// A name, in lower case and without a dot at its end.
    Name(String),
}

/// How somebody is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// By datagrams.
    Udp,
    /// By a stream.
    Tcp,
    /// By an encrypted stream.
    Tls,
}

/// A user and the password that proves it, by digest.
#[derive(Clone, Debug, PartialEq)]
pub struct Login {
    /// The user.
    pub user: String,
    /// The password.
    pub password: Secret,
}

impl Trunk {
    /// Whether a packet from `from` is this trunk's.
    #[must_use]
    pub fn contains(&self, from: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(from))
    }
}

/// A range of addresses, such as `10.1.0.0/16`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Network {
    /// The first address; all bits beyond `prefix` are zero.
    pub addr: IpAddr,
    /// How many leading bits count: to 32 for IPv4, to 128 for IPv6.
    pub prefix: u8,
}

impl Network {
    /// Whether `ip` lies in it. An IPv4 address mapped into IPv6 counts as the IPv4 address.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        match (self.addr, ip.to_canonical()) {
            (IpAddr::V4(net), IpAddr::V4(ip)) => {
                let drop = 32 - u32::from(self.prefix.min(32));
                (u32::from(net) ^ u32::from(ip)).checked_shr(drop).unwrap_or(0) == 0
            }
            (IpAddr::V6(net), IpAddr::V6(ip)) => {
                let drop = 128 - u32::from(self.prefix.min(128));
                (u128::from(net) ^ u128::from(ip)).checked_shr(drop).unwrap_or(0) == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.addr, self.prefix)
    }
}

/// How an agent signs in and where she is rung. Her routing rules are in [`acd::plan::AgentPlan`].
#[derive(Clone, Debug)]
pub struct AgentAccess {
    /// Her id, as in the plan.
    pub id: String,
    /// The name shown to people.
    pub name: String,
    /// What her desktop signs in with; none for an agent whose presence is `always` and who has no desktop.
    pub token: Option<Secret>,
    /// The SHA-256 of her token, where that alone is known.
    pub token_hash: Option<[u8; 32]>,
    /// Her phone.
    pub phone: Phone,
    /// How often it is asked whether it is there; none: never.
    pub probe: Option<Duration>,
    /// What she may do and see: `agent`, `supervisor`, `planner`, `admin`, and the roles of card sections.
    pub roles: Vec<String>,
}

impl AgentAccess {
    /// The SHA-256 of her token; none when she has no desktop.
    #[must_use]
    pub fn proof(&self) -> Option<[u8; 32]> {
        self.token.as_ref().map(|token| secret::hash_of(token.expose())).or(self.token_hash)
    }
}

/// A token and its hash are the same.
impl PartialEq for AgentAccess {
    fn eq(&self, other: &Self) -> bool {
        let Self { id, name, token: _, token_hash: _, phone, probe, roles } = self;
        self.proof() == other.proof()
            && (id, name, phone, probe, roles)
                == (&other.id, &other.name, &other.phone, &other.probe, &other.roles)
    }
}

/// Where a phone is.
#[derive(Clone, Debug, PartialEq)]
pub enum Phone {
    /// Always there.
    At(SipUri),
    /// Where it says itself, by registering as the agent's id.
    Registered {
        /// What it proves itself with.
        password: Secret,
    },
    /// In the page of her desktop, which registers as the agent's id.
    Browser,
}

impl Phone {
    /// The address of one that has a fixed one.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::At(uri) => uri.address(),
            Self::Registered { .. } | Self::Browser => None,
        }
    }
}

/// Over which gateway numbers outside are called. Which numbers is said by [`acd::plan::OutsidePlan`].
#[derive(Clone, Debug, PartialEq)]
pub struct Outside {
    /// The name of the rule.
    pub name: String,
    /// The gateway.
    pub gateway: SipUri,
    /// The trunk whose login answers its challenges; none: no challenge is answered.
    pub trunk: Option<String>,
}

impl Outside {
    /// The Request-URI of a call to a number, which must be dialable.
    #[must_use]
    pub fn uri(&self, number: &str) -> String {
        let (scheme, host) = self.gateway.text.split_once(':').unwrap_or(("sip", &self.gateway.text));
        format!("{scheme}:{number}@{host}")
    }
}

/// A text that never shows in logs or debug output.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Keeps `text` to itself from here on.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }
    /// Whether `given` is the secret. The time it takes tells nothing but the length.
    #[must_use]
    pub fn matches(&self, given: &str) -> bool {
        self.0.as_bytes().ct_eq(given.as_bytes()).into()
    }
    /// The secret itself, for the place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.matches(&other.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What to offer callers goes by, and what they are worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestions {
    /// The model's file.
    pub model: PathBuf,
    /// The source whose ids of customers the model knows.
    pub customers: String,
    /// Who may see what to offer; everybody if absent.
    pub role: Option<String>,
    /// Who may see what a customer is worth; everybody if absent.
    pub value_role: Option<String>,
    /// Days since the last contact, at most: for three points, and for two.
    pub recent_days: [u32; 2],
    /// Days with an order, at least: for three points, and for two.
    pub orders: [u32; 2],
    /// Money spent, at least, in the shop's currency: for three points, and for two.
    pub spent: [u32; 2],
    /// What a minute of an agent costs, in hundredths.
    pub cost_per_minute: u64,
    /// Whose calls go before others, the smallest share first.
    pub first: Vec<First>,
}

/// Customers whose calls go before others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct First {
    /// The share of all customers that has the highest value, in hundredths.
    pub top_percent: u8,
    /// What their calls get, 1 to 10.
    pub priority: u8,
}

/// Where customers are looked up.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Its name on the card.
    pub name: String,
    /// What kind of store it is.
    pub kind: SourceKind,
    /// Where it is: the database file.
    pub url: PathBuf,
    /// How long one look-up may take.
    pub deadline: Duration,
    /// SQL that finds the customers of a number: rows of `id` and `name`.
    pub find: String,
    /// Parts of the card, in the order of the file.
    pub sections: Vec<Section>,
}

/// What kind of store a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// An SQLite database file.
    Sqlite,
}

/// One part of a customer's card.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// Its name on the card.
    pub name: String,
    /// SQL; one row is shown as an object, more as `rows`.
    pub query: String,
    /// Which role may see it; everybody when none.
    pub role: Option<String>,
}
