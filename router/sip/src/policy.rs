//! Who may call, and what we are called.

use crate::Transport;
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, SocketAddr},
};

/// What the stack has to know before it starts.
#[derive(Clone, Debug)]
pub struct Config {
    /// Our address, in Via and Contact.
    pub address: SocketAddr,
    /// Where we listen for connections.
    pub streams: Vec<(Transport, SocketAddr)>,
    /// Our address in session descriptions.
    pub media: IpAddr,
    /// Written in `User-Agent` and `Server`.
    pub user_agent: String,
    /// Short name of this node, in branches, tags and Call-IDs: letters, digits and `-`.
    pub node: String,
    /// Who may offer calls.
    pub trunks: Vec<Trunk>,
    /// Where phones are: their OPTIONS and stale requests are answered. Responses and in-dialog requests are matched
    /// by transaction and dialog, not by this.
    pub phones: Vec<Network>,
    /// An INVITE longer than this, in octets, is tried over TCP first where its phone allows it and we listen there.
    pub max_datagram: usize,
    /// Names of further headers (`X-…`) of a trunk's INVITE that phones get to see.
    pub copied_headers: Vec<String>,
    /// Which numbers lead somewhere.
    pub entries: Entries,
    /// Most calls at a time; the next one gets 503.
    pub max_calls: usize,
    /// Most new calls within a second; one more gets 503. None: as many as come.
    pub max_calls_per_second: Option<u32>,
    /// Seconds after which a session is over that nobody has refreshed, 90 to 86,400; none wants no session timers.
    pub session_expires_s: Option<u32>,
}

/// A PBX or carrier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trunk {
    /// Its name in the configuration.
    pub name: String,
    /// Where its requests come from.
    pub networks: Vec<Network>,
    /// How many calls it may have.
    pub limit: Limit,
}

/// How many calls there may be of a kind; one more gets 503.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limit {
    /// At the same time; none: as many as come.
    pub calls: Option<u32>,
    /// New ones within a second, as many of them at once; none: as many as come.
    pub per_second: Option<u32>,
}

/// A network: an address and how many leading bits of it count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// Any address in it.
    pub address: IpAddr,
    /// 0–32 (IPv4) or 0–128 (IPv6).
    pub prefix: u8,
}

/// The user parts that may be dialled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entries {
    /// Exactly these.
    pub numbers: BTreeSet<String>,
    /// All others as well (`"*"`).
    pub rest: bool,
    /// How many calls there may be to a number, or together to all others (`"*"`).
    pub limits: BTreeMap<String, Limit>,
}

impl Config {
    /// The trunk that `address` belongs to, by its place; the first one counts.
    pub(crate) fn trunk_of(&self, address: IpAddr) -> Option<usize> {
        self.trunks.iter().position(|trunk| trunk.networks.iter().any(|network| network.contains(address)))
    }
    /// How many calls the trunk of this name may have.
    pub(crate) fn limit_of_trunk(&self, name: &str) -> Limit {
        self.trunks.iter().find(|trunk| trunk.name == name).map_or_else(Limit::default, |trunk| trunk.limit)
    }
    /// Whether phones may be at `address`.
    pub(crate) fn is_phone(&self, address: IpAddr) -> bool {
        self.phones.iter().any(|network| network.contains(address))
    }
}

impl Entries {
    /// The entry that `dialled` leads to, as the configuration calls it.
    #[must_use]
    pub fn of(&self, dialled: &str) -> Option<&str> {
        let rest = self.rest.then_some("*");
        self.numbers.get(dialled).map(String::as_str).or(rest)
    }
    /// How many calls there may be to the entry of this name.
    pub(crate) fn limit(&self, entry: &str) -> Limit {
        self.limits.get(entry).copied().unwrap_or_default()
    }
}

impl Network {
    /// Just one address.
    #[must_use]
    pub const fn host(address: IpAddr) -> Self {
        let prefix = match address {
            IpAddr::V4(_) => 32,
            IpAddr::V6(_) => 128,
        };
        Self { address, prefix }
    }
    /// Whether `address` is in it. An IPv4 address written as IPv6 counts as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address.to_canonical(), address.to_canonical()) {
            (IpAddr::V4(net), IpAddr::V4(ip)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix.min(32))).unwrap_or(0);
                (u32::from(net) ^ u32::from(ip)) & mask == 0
            }
            (IpAddr::V6(net), IpAddr::V6(ip)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix.min(128))).unwrap_or(0);
                (u128::from(net) ^ u128::from(ip)) & mask == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

/// The host of a URI that points to `address`; the port is left out where it goes without saying.
pub(crate) fn host_of(address: SocketAddr) -> String {
    match (address.port(), address.ip()) {
        (5060, IpAddr::V4(ip)) => ip.to_string(),
        (5060, IpAddr::V6(ip)) => format!("[{ip}]"),
        (_, IpAddr::V4(_) | IpAddr::V6(_)) => address.to_string(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn config() -> Config {
        Config {
            address: "198.51.100.1:5060".parse().unwrap(),
            streams: Vec::new(),
            media: ip("198.51.100.1"),
            user_agent: String::new(),
            node: String::new(),
            trunks: Vec::new(),
            phones: Vec::new(),
            copied_headers: Vec::new(),
            max_datagram: 1_300,
            entries: Entries::default(),
            max_calls: 1,
            max_calls_per_second: None,
            session_expires_s: Some(1_800),
        }
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_network_holds_its_addresses_and_no_others() {
        let loopback = Network { address: ip("127.0.0.0"), prefix: 8 };
        assert!(loopback.contains(ip("127.9.8.7")) && loopback.contains(ip("::ffff:127.0.0.1")));
        assert!(!loopback.contains(ip("128.0.0.1")) && !loopback.contains(ip("::1")));
        let all = Network { address: ip("0.0.0.0"), prefix: 0 };
        assert!(all.contains(ip("8.8.8.8")) && !all.contains(ip("2001:db8::1")));
        assert!(Network { address: ip("2001:db8::"), prefix: 32 }.contains(ip("2001:db8:1::2")));
        assert!(!Network::host(ip("10.0.0.1")).contains(ip("10.0.0.2")));
    }

    #[test]
    fn an_entry_is_exact_unless_the_rest_is_taken() {
        let mut entries = Entries { numbers: BTreeSet::from(["1500".to_owned()]), ..Entries::default() };
        assert_eq!([entries.of("1500"), entries.of("15000"), entries.of("")], [Some("1500"), None, None]);
        entries.rest = true;
        assert_eq!([entries.of("1500"), entries.of("99")], [Some("1500"), Some("*")]);
    }
}
