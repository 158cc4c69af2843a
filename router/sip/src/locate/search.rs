//! One search: what to ask next, and what has been found.

use super::records::{MOST, Naptr, Srv, ordered, usable};
use crate::{Flow, Transport};
use std::{
    collections::VecDeque,
    net::{IpAddr, SocketAddr},
};

/// Most questions of one search: DNS may lead anywhere, but not for ever.
pub const MAX_QUESTIONS: usize = 24;
/// Longest and shortest time for which places are believed, in seconds, whatever their records say.
const LONGEST_S: u32 = 3_600;
const SHORTEST_S: u32 = 30;
/// Of the transports that nothing speaks for or against (RFC 3263 §4.1: UDP is what everybody has).
const TRANSPORTS: [Transport; 3] = [Transport::Udp, Transport::Tcp, Transport::Tls];

/// What is looked for: the parts of a URI that say where it leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Name of the host; one that is an address needs no search.
    pub host: String,
    /// The port, if the URI has one.
    pub port: Option<u16>,
    /// The transport, if the URI has one.
    pub transport: Option<Transport>,
    /// Whether our datagrams can go to IPv6 addresses, and only to these; streams go anywhere.
    pub udp_is_ipv6: bool,
}

/// A question for DNS. Names have no dot at their end and are to be taken as they are, without a search list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// NAPTR records of a name.
    Naptr(String),
    /// SRV records of a name.
    Srv(String),
    /// A and AAAA records of a name.
    Addresses(String),
}

/// What DNS has to say; nothing, where the name has no such record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To [`Question::Naptr`].
    Naptr(Vec<Naptr>),
    /// To [`Question::Srv`].
    Srv(Vec<Srv>),
    /// To [`Question::Addresses`].
    Addresses(Vec<IpAddr>),
}

/// What has been found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// In the order in which they are to be tried; none: the name leads nowhere.
    pub flows: Vec<Flow>,
    /// Seconds for which that is to be believed.
    pub good_for_s: u32,
}

/// A search that is under way.
#[derive(Clone, Debug)]
pub struct Search {
    wanted: Wanted,
    bits: u128,
    steps: VecDeque<Step>,
    asked: usize,
    /// There are records of the service: where they lead nowhere, the name itself does not either.
    is_service: bool,
    flows: Vec<Flow>,
    good_for_s: u32,
}

#[derive(Clone, Debug)]
enum Step {
    Naptr,
    Srv { name: String, over: Transport },
    Host { name: String, port: u16, over: Transport },
}

impl Search {
    /// Begins. `bits` decide between records of equal right.
    #[must_use]
    pub fn new(wanted: Wanted, bits: u128) -> Self {
        let first = match (wanted.port, wanted.transport) {
            (Some(port), over) => {
                Step::Host { name: wanted.host.clone(), port, over: over.unwrap_or(Transport::Udp) }
            }
            (None, Some(over)) => Step::Srv { name: service(over, &wanted.host), over },
            (None, None) => Step::Naptr,
        };
        Self {
            wanted,
            bits,
            steps: [first].into(),
            asked: 0,
            is_service: false,
            flows: Vec::new(),
            good_for_s: LONGEST_S,
        }
    }
    /// What is to be asked now; none: the search is over.
    #[must_use]
    pub fn question(&self) -> Option<Question> {
        let step = self.steps.front().filter(|_| self.asked < MAX_QUESTIONS && self.flows.len() < MOST)?;
        Some(match step {
            Step::Naptr => Question::Naptr(self.wanted.host.clone()),
            Step::Srv { name, .. } => Question::Srv(name.clone()),
            Step::Host { name, .. } => Question::Addresses(name.clone()),
        })
    }
    /// Takes the answer to [`Search::question`], whose records may be believed for `ttl_s`.
    pub fn answer(&mut self, answer: Answer, ttl_s: u32) {
        let Some(step) = self.steps.pop_front() else { return };
        self.asked += 1;
        self.good_for_s = self.good_for_s.min(ttl_s);
        match (step, answer) {
            (Step::Naptr, Answer::Naptr(records)) => self.services(usable(records)),
            (Step::Srv { over, .. }, Answer::Srv(records)) => self.hosts(records, over),
            (Step::Host { port, over, .. }, Answer::Addresses(ips)) => self.found(ips, port, over),
            (Step::Naptr | Step::Srv { .. } | Step::Host { .. }, _) => {}
        }
        if self.steps.is_empty() && self.flows.is_empty() && !self.is_service {
            self.is_service = true; // the last resort is tried once
            let over = self.wanted.transport.unwrap_or(Transport::Udp);
            let port = self.wanted.port.unwrap_or_else(|| over.default_port());
            self.steps.push_back(Step::Host { name: self.wanted.host.clone(), port, over });
        }
    }
    /// What has been found.
    #[must_use]
    pub fn places(self) -> Places {
        Places { flows: self.flows, good_for_s: self.good_for_s.clamp(SHORTEST_S, LONGEST_S) }
    }

    fn services(&mut self, services: Vec<(Transport, String)>) {
        if services.is_empty() {
            let all = TRANSPORTS.map(|over| Step::Srv { name: service(over, &self.wanted.host), over });
            self.steps.extend(all);
            return;
        }
        self.steps.extend(services.into_iter().map(|(over, name)| Step::Srv { name, over }));
    }
    fn hosts(&mut self, records: Vec<Srv>, over: Transport) {
        self.is_service |= !records.is_empty();
        self.bits = self.bits.rotate_left(7).wrapping_add(1);
        let hosts = ordered(records, self.bits).into_iter();
        let there = hosts.filter(|record| !record.target.trim_end_matches('.').is_empty() && record.port > 0);
        let hosts = there.map(|record| Step::Host { name: record.target, port: record.port, over });
        // Before the services of lower preference, in their own order.
        for (place, host) in hosts.enumerate() {
            self.steps.insert(place, host);
        }
    }
    fn found(&mut self, ips: Vec<IpAddr>, port: u16, over: Transport) {
        // An address that was asked for by its port and could not be had is no reason to ask again.
        self.is_service |= self.wanted.port.is_some();
        for ip in ips {
            let ip = ip.to_canonical();
            let reachable = over != Transport::Udp || ip.is_ipv6() == self.wanted.udp_is_ipv6;
            let flow = Flow::to(over, SocketAddr::new(ip, port));
            let is_peer = !ip.is_unspecified() && !ip.is_multicast();
            if reachable && is_peer && self.flows.len() < MOST && !self.flows.contains(&flow) {
                self.flows.push(flow);
            }
        }
    }
}

/// Name of the SRV records of a service (RFC 3263 §4.1).
fn service(over: Transport, host: &str) -> String {
    match over {
        Transport::Udp => format!("_sip._udp.{host}"),
        Transport::Tcp => format!("_sip._tcp.{host}"),
        Transport::Tls => format!("_sips._tcp.{host}"),
        Transport::Ws => format!("_sip._ws.{host}"),
        Transport::Wss => format!("_sips._ws.{host}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A zone: the answer to each question, as far as there is one.
    fn run(wanted: Wanted, zone: &[(&str, Answer)]) -> (Vec<String>, Vec<String>) {
        let mut search = Search::new(wanted, 1);
        let mut asked = Vec::new();
        while let Some(question) = search.question() {
            let (key, none) = match &question {
                Question::Naptr(name) => (format!("NAPTR {name}"), Answer::Naptr(vec![])),
                Question::Srv(name) => (format!("SRV {name}"), Answer::Srv(vec![])),
                Question::Addresses(name) => (format!("A {name}"), Answer::Addresses(vec![])),
            };
            let known = zone.iter().find(|(name, _)| *name == key);
            search.answer(known.map_or(none, |(_, answer)| answer.clone()), 300);
            asked.push(key);
        }
        let flows = search.places().flows.into_iter();
        (asked, flows.map(|flow| format!("{} {}", flow.transport.as_str(), flow.peer)).collect())
    }
    fn wanted(port: Option<u16>, transport: Option<Transport>) -> Wanted {
        Wanted { host: "h.example".to_owned(), port, transport, udp_is_ipv6: false }
    }
    fn a(ips: &[&str]) -> Answer {
        Answer::Addresses(ips.iter().map(|ip| ip.parse().unwrap()).collect())
    }
    fn srv(records: &[(u16, u16, &str)]) -> Answer {
        let record = |&(priority, port, target): &(u16, u16, &str)| Srv {
            priority,
            weight: 0,
            port,
            target: target.to_owned(),
        };
        Answer::Srv(records.iter().map(record).collect())
    }
    fn naptr(records: &[(u16, &str, &str)]) -> Answer {
        let record = |&(order, service, replacement): &(u16, &str, &str)| Naptr {
            order,
            preference: 0,
            flags: "s".to_owned(),
            service: service.to_owned(),
            replacement: replacement.to_owned(),
        };
        Answer::Naptr(records.iter().map(record).collect())
    }

    #[test]
    fn a_port_leads_straight_to_addresses() {
        let zone = [("A h.example", a(&["192.0.2.1", "2001:db8::1"]))];
        let (asked, found) = run(wanted(Some(5_070), None), &zone);
        assert_eq!((asked, found), (vec!["A h.example".to_owned()], vec!["UDP 192.0.2.1:5070".to_owned()]));
        let (_, found) = run(wanted(Some(5_070), Some(Transport::Tcp)), &zone);
        assert_eq!(found, ["TCP 192.0.2.1:5070", "TCP [2001:db8::1]:5070"]);
    }

    #[test]
    fn naptr_leads_to_services_in_its_order() {
        let zone = [
            (
                "NAPTR h.example",
                naptr(&[
                    (20, "SIP+D2U", "_sip._udp.x.example"),
                    (10, "SIPS+D2T", "_sips._tcp.x.example"),
                    (5, "SIP+D2S", "_sip._sctp.x.example"),
                ]),
            ),
            ("SRV _sips._tcp.x.example", srv(&[(2, 5_061, "b.example"), (1, 5_062, "a.example")])),
            ("SRV _sip._udp.x.example", srv(&[(1, 5_060, "a.example")])),
            ("A a.example", a(&["192.0.2.1"])),
            ("A b.example", a(&["192.0.2.2", "192.0.2.3"])),
        ];
        let (asked, found) = run(wanted(None, None), &zone);
        assert_eq!(asked[..2], ["NAPTR h.example", "SRV _sips._tcp.x.example"]);
        assert_eq!(
            found,
            ["TLS 192.0.2.1:5062", "TLS 192.0.2.2:5061", "TLS 192.0.2.3:5061", "UDP 192.0.2.1:5060"]
        );
    }

    #[test]
    fn without_naptr_services_are_asked_for_and_without_these_the_name_itself() {
        let zone = [
            ("SRV _sip._tcp.h.example", srv(&[(0, 5_080, "a.example")])),
            ("A a.example", a(&["192.0.2.1"])),
        ];
        assert_eq!(run(wanted(None, None), &zone).1, ["TCP 192.0.2.1:5080"]);
        let (asked, found) = run(wanted(None, None), &[("A h.example", a(&["192.0.2.9"]))]);
        assert_eq!((asked.len(), found), (5, vec!["UDP 192.0.2.9:5060".to_owned()]));
        let (asked, found) = run(wanted(None, Some(Transport::Tls)), &[("A h.example", a(&["192.0.2.9"]))]);
        assert_eq!(asked, ["SRV _sips._tcp.h.example", "A h.example"]);
        assert_eq!(found, ["TLS 192.0.2.9:5061"]);
    }

    #[test]
    fn a_service_that_is_not_there_is_not_looked_for_elsewhere() {
        let zone = [("SRV _sip._udp.h.example", srv(&[(0, 0, ".")])), ("A h.example", a(&["192.0.2.9"]))];
        assert_eq!(run(wanted(None, Some(Transport::Udp)), &zone).1, [""; 0]);
        assert_eq!(run(wanted(Some(5_060), None), &[]), (vec!["A h.example".to_owned()], vec![]));
    }

    #[test]
    fn a_zone_without_end_is_left() {
        let many: Vec<(u16, u16, &str)> = (0..200).map(|n| (n, 5_060, "void.example")).collect();
        let zone = [
            ("NAPTR h.example", naptr(&[(1, "SIP+D2U", "_sip._udp.x"); 100])),
            ("SRV _sip._udp.x", srv(&many)),
        ];
        assert!(run(wanted(None, None), &zone).0.len() <= MAX_QUESTIONS);
        let many: Vec<String> = (1..200).map(|n| format!("192.0.2.{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(run(wanted(Some(5_060), None), &[("A h.example", a(&many))]).1.len(), MOST);
        let odd = a(&["0.0.0.0", "224.0.0.1", "::ffff:192.0.2.1", "192.0.2.1"]);
        assert_eq!(run(wanted(Some(5_060), None), &[("A h.example", odd)]).1, ["UDP 192.0.2.1:5060"]);
    }

    #[test]
    fn answers_are_believed_as_long_as_they_say_within_bounds() {
        for (ttl_s, good_for_s) in [(0, 30), (300, 300), (u32::MAX, 3_600)] {
            let mut search = Search::new(wanted(Some(1), None), 1);
            search.answer(a(&["192.0.2.1"]), ttl_s);
            assert_eq!(search.places().good_for_s, good_for_s);
        }
    }
}
