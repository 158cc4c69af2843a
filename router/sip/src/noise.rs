//! What strangers send: how scanners are told from people who made a mistake, and how often the log hears of them.

use crate::{
    Micros,
    aged::Aged,
    limiter::Bucket,
    wire::{Message, Name},
};
use std::{
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

/// Most strangers remembered. Beyond it the one that was heard longest ago is forgotten.
pub(crate) const SOURCES: usize = 1_024;
/// A stranger is told of once in this time.
pub(crate) const PAUSE: Duration = Duration::from_secs(60);
/// All strangers together are told of so often a second, and as often at once: many addresses make no more lines.
const LINES_PER_SECOND: u32 = 1;

/// How programs that look for SIP servers to abuse name themselves, at the beginning of User-Agent.
const SCANNERS: [&[u8]; 14] = [
    b"friendly-scanner",
    b"friendly-request",
    b"sipvicious",
    b"sipcli",
    b"sip-scan",
    b"sipscan",
    b"sundayddr",
    b"vaxsipuseragent",
    b"vaxipuseragent",
    b"pplsip",
    b"iwar",
    b"smap",
    b"siparmyknife",
    b"enumiax",
];

/// Whether a request is what scanners send. They ask for no more than an answer; to them there is nobody here.
pub(crate) fn is_scan(request: &Message) -> bool {
    let starts = |text: &[u8], name: &[u8]| {
        text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
    };
    let agent = request.header(Name::UserAgent).unwrap_or_default().trim_ascii();
    SCANNERS.iter().any(|name| starts(agent, name))
        || request.from().display_text().eq_ignore_ascii_case("sipvicious")
        || starts(request.request_uri(), b"sip:nm") && request.uri().is_some_and(|uri| uri.host == b"nm")
}

/// Remembers who is noisy.
pub(crate) struct Noise {
    sources: Aged<IpAddr, Heard>,
    lines: Bucket,
}

#[derive(Clone, Copy, Default)]
struct Heard {
    /// When it was told of last.
    told: Option<Micros>,
    /// Requests since.
    since: u64,
}

impl Noise {
    pub(crate) const fn new() -> Self {
        Self { sources: Aged::with_room_for(SOURCES), lines: Bucket::new() }
    }
    /// Counts a request that was turned away. When the log is to hear of its source: which that is (of IPv6 a /64),
    /// and how many of its requests were turned away since the log last did.
    pub(crate) fn heard(&mut self, from: IpAddr, now: Micros) -> Option<(IpAddr, u64)> {
        let source = network(from);
        let mut heard = self.sources.get(&source).map_or_else(Heard::default, |(_, heard)| heard);
        heard.since += 1;
        let due = heard.told.is_none_or(|told| now >= told.after(PAUSE));
        let tell = due && self.lines.has(LINES_PER_SECOND, now);
        let requests = heard.since;
        if tell {
            self.lines.take(LINES_PER_SECOND, now);
            heard = Heard { told: Some(now), since: 0 };
        }
        self.sources.put(source, heard, now);
        tell.then_some((source, requests))
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(ip) => IpAddr::V4(ip),
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from(u128::from(ip) >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    const fn at(seconds: u64) -> Micros {
        Micros(seconds * 1_000_000)
    }

    #[test]
    fn the_log_hears_of_a_source_at_once_and_then_once_a_minute() {
        let mut noise = Noise::new();
        let eve: IpAddr = "192.0.2.66".parse().unwrap();
        assert_eq!(noise.heard(eve, at(10)), Some((eve, 1)));
        for second in 11..70 {
            assert_eq!(noise.heard(eve, at(second)), None);
        }
        assert_eq!(noise.heard(eve, at(70)), Some((eve, 60)));
        assert_eq!(noise.heard(eve, at(71)), None);
    }

    #[test]
    fn many_sources_take_neither_memory_nor_log() {
        let mut noise = Noise::new();
        let flood =
            (0..100_000_u32).map(|n| (IpAddr::from(n.to_be_bytes()), Micros(at(5).0 + u64::from(n) * 100)));
        let lines = flood.filter(|(source, now)| noise.heard(*source, *now).is_some()).count();
        assert!(lines <= 11, "{lines} lines in 10 s");
        assert_eq!(noise.sources.len(), SOURCES);
        let six = ["2001:db8::1", "2001:db8::2"].map(|ip| network(ip.parse().unwrap()));
        assert_eq!(six[0], six[1], "a /64 is one source");
    }

    fn scan(uri: &str, from: &str, agent: &str) -> bool {
        let text = format!(
            "OPTIONS {uri} SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: {from};tag=f\r\nTo: <sip:100@h>\r\n\
             Call-ID: c\r\nCSeq: 7 OPTIONS\r\nUser-Agent: {agent}\r\n\r\n"
        );
        is_scan(&Message::parse(Bytes::from(text)).unwrap())
    }

    #[test]
    fn scanners_are_known_by_how_they_name_themselves() {
        assert!(scan("sip:100@h", "<sip:100@h>", "friendly-scanner"));
        assert!(scan("sip:100@h", "<sip:100@h>", "SIPCLI/v1.8"));
        assert!(scan("sip:100@h", "\"sipvicious\" <sip:100@1.1.1.1>", "x"));
        assert!(scan("sip:nm", "<sip:nm@nm>", ""));
        for agent in ["Asterisk PBX 20.6.0", "FPBX-16", "smooth", "baresip v1.0.0", ""] {
            assert!(!scan("sip:nm@h", "\"Ann\" <sip:100@h>", agent), "{agent}");
        }
    }
}
