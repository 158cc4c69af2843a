//! Via values: where a request came through and where its response goes (RFC 3261 §18.2, §20.42; RFC 3581).

use super::Params;
use super::chars::{TOKEN, is_space, trim_start};
use super::host::{HostPort, ip_literal};
use std::net::{IpAddr, SocketAddr};

/// A transport, as Via and the `transport` parameter name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Protocol {
    Udp,
    Tcp,
    Tls,
    Sctp,
    Ws,
    Wss,
    Other,
}

impl Protocol {
    /// Resolves a name in any case.
    #[must_use]
    pub fn from_text(text: &[u8]) -> Self {
        let known = [Self::Udp, Self::Tcp, Self::Tls, Self::Sctp, Self::Ws, Self::Wss];
        let named = |transport: &Self| transport.as_str().as_bytes().eq_ignore_ascii_case(text);
        known.into_iter().find(named).unwrap_or(Self::Other)
    }
    /// The name in a Via; empty for an unknown one, which we never write.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::Sctp => "SCTP",
            Self::Ws => "WS",
            Self::Wss => "WSS",
            Self::Other => "",
        }
    }
}

/// The `rport` parameter of a Via (RFC 3581).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rport {
    /// Not there: the response goes to the port of the Via.
    Absent,
    /// There without a value: the sender asks for a response to the port it sent from.
    Asked,
    /// Filled in by the element that received the request.
    Given(u16),
}

/// One Via value in its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Via<'a> {
    /// How the request was sent.
    pub transport: Protocol,
    /// The `sent-by` host, an IPv6 reference with its brackets.
    pub host: &'a [u8],
    /// The `sent-by` port.
    pub port: Option<u16>,
    /// `branch`, `received`, `rport` and the rest.
    pub params: Params<'a>,
}

impl<'a> Via<'a> {
    /// Reads one value (split lists with [`Values`](super::Values) first). `None` when it is malformed, an empty
    /// parameter included.
    #[must_use]
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        let (protocol, rest) = word(value)?;
        let (_version, rest) = word(slash(rest)?)?;
        let (transport, rest) = word(slash(rest)?)?;
        if !protocol.eq_ignore_ascii_case(b"SIP") || !rest.first().is_some_and(|&byte| is_space(byte)) {
            return None;
        }
        let sent = trim_start(rest);
        let (sent_by, params) = sent.split_at(memchr::memchr(b';', sent).unwrap_or(sent.len()));
        let HostPort { host, port } = HostPort::parse(sent_by)?;
        let params = Params::new(params);
        let via = Self { transport: Protocol::from_text(transport), host, port, params };
        params.well_formed().then_some(via)
    }
    /// The branch; `None` without one (RFC 2543).
    #[must_use]
    pub fn branch(&self) -> Option<&'a [u8]> {
        self.params.value("branch").filter(|branch| !branch.is_empty())
    }
    /// Does the branch identify the transaction (cookie and something behind it, RFC 3261 §8.1.1.7)?
    #[must_use]
    pub fn has_transaction_id(&self) -> bool {
        const COOKIE: &[u8] = b"z9hG4bK";
        self.branch()
            .is_some_and(|b| b.len() > COOKIE.len() && b[..COOKIE.len()].eq_ignore_ascii_case(COOKIE))
    }
    /// The `received` address, with or without brackets.
    #[must_use]
    pub fn received(&self) -> Option<IpAddr> {
        self.params.value("received").and_then(ip_literal)
    }
    /// The `rport` parameter; a value that is no port counts as asked.
    #[must_use]
    pub fn rport(&self) -> Rport {
        match self.params.find("rport") {
            None => Rport::Absent,
            Some(param) => {
                let port =
                    param.value.and_then(super::chars::number).and_then(|port| u16::try_from(port).ok());
                port.map_or(Rport::Asked, Rport::Given)
            }
        }
    }
    /// The `sent-by` address when the host is one; port 5060 unless given.
    #[must_use]
    pub fn sent_by(&self) -> Option<SocketAddr> {
        HostPort { host: self.host, port: self.port }.literal(5060)
    }
    /// Where the response to a request goes over UDP: back to `source`, at its own port when the request asked for
    /// that, else at the port of the Via. Never to a host the request merely names (`maddr` included).
    ///
    /// Source: RFC 3261 §18.2.2, RFC 3581 §4.
    #[must_use]
    pub fn response_target(&self, source: SocketAddr) -> SocketAddr {
        match self.rport() {
            Rport::Asked | Rport::Given(_) => source,
            Rport::Absent => SocketAddr::new(source.ip(), self.port.unwrap_or(5060)),
        }
    }
}

/// The token at the start of `text` and what is behind it.
fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = trim_start(text);
    let end = text.iter().position(|&byte| !TOKEN.has(byte)).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

fn slash(text: &[u8]) -> Option<&[u8]> {
    trim_start(text).strip_prefix(b"/")
}

#[cfg(test)]
mod tests {
    use super::{Protocol, Rport, Via};

    fn via(text: &str) -> Via<'_> {
        Via::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_via_with_odd_spacing_falls_into_its_parts() {
        let via =
            via("SIP  / 2.0\t/ TCP     spindle.example.com  : 5070 ;  branch  =   z9hG4bK9ikj8  ;rport");
        assert_eq!(
            (via.transport, via.host, via.port),
            (Protocol::Tcp, &b"spindle.example.com"[..], Some(5070))
        );
        assert_eq!(via.branch(), Some(&b"z9hG4bK9ikj8"[..]));
        assert!(via.has_transaction_id());
        assert_eq!(via.rport(), Rport::Asked);
    }

    #[test]
    fn received_may_be_an_address_with_or_without_brackets() {
        let with = via("SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3-111");
        let without = via("SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3");
        assert_eq!(with.received(), "2001:db8::9:255".parse().ok());
        assert_eq!(with.received(), without.received());
        assert_eq!(with.branch(), Some(&b"z9hG4bKas3-111"[..]));
    }

    #[test]
    fn a_response_goes_back_where_the_request_came_from() {
        let source = "192.0.2.9:40000".parse().unwrap();
        let to = |text: &'static str| via(text).response_target(source).to_string();
        assert_eq!(to("SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bKa"), "192.0.2.9:5070");
        assert_eq!(to("SIP/2.0/UDP victim.example;maddr=198.51.100.1;branch=z9hG4bKa"), "192.0.2.9:5060");
        assert_eq!(to("SIP/2.0/UDP 10.0.0.1:5070;rport;branch=z9hG4bKa"), "192.0.2.9:40000");
    }

    #[test]
    fn old_branches_are_told_apart() {
        assert!(!via("SIP/2.0/UDP a").has_transaction_id());
        assert!(!via("SIP/2.0/UDP a;branch=z9hG4bK").has_transaction_id());
        assert!(!via("SIP/2.0/UDP a;branch=390skdjuw").has_transaction_id());
        assert_eq!(via("SIP/2.0/UNKNOWN a;branch=1").transport, Protocol::Other);
    }

    #[test]
    fn malformed_values_are_refused() {
        for text in [
            "",
            "SIP/2.0/UDP",
            "SIP/2.0/UDP ",
            "SIP/2.0 a",
            "HTTP/1.1/TCP a",
            "SIP/2.0/UDP 192.0.2.15;;",
            "SIP/2.0/UDP a:b",
            "SIP/2.0/UDP;branch=x",
            "SIP/2.0/UDP a b",
            "SIP/2.0/UDP [::1",
            "SIP/2.0/UDP/x a",
            "SIP/2.0/UDP[::1]",
        ] {
            assert!(Via::parse(text.as_bytes()).is_none(), "{text}");
        }
    }
}
