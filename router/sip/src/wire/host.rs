//! `host[:port]`, as it stands in URIs and Via.

use super::chars::{HOST, IPV6, number, trim};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// A host as written (an IPv6 reference with its brackets) and the port, if one was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostPort<'a> {
    /// Name, IPv4 address or bracketed IPv6 address.
    pub host: &'a [u8],
    /// The port behind the colon.
    pub port: Option<u16>,
}

impl<'a> HostPort<'a> {
    /// Reads `host`, `host:port`, `[v6]` or `[v6]:port`, spaces around the colon allowed.
    ///
    /// `None` when the host is empty or holds what no host may hold, or the port is no number up to 65535.
    #[must_use]
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        let end = host_end(text)?;
        let host = &text[..end];
        let rest = trim(&text[end..]);
        if rest.is_empty() {
            return Some(Self { host, port: None });
        }
        let port = number(trim(rest.strip_prefix(b":")?))?;
        Some(Self { host, port: Some(u16::try_from(port).ok()?) })
    }
    /// The address, when the host is one; `port` where none was given. Names are not looked up here.
    #[must_use]
    pub fn literal(&self, port: u16) -> Option<SocketAddr> {
        Some(SocketAddr::new(ip_literal(self.host)?, self.port.unwrap_or(port)))
    }
}

/// Where the host at the start of `text` ends; `None` when there is none.
fn host_end(text: &[u8]) -> Option<usize> {
    if let Some(inside) = text.strip_prefix(b"[") {
        let close = memchr::memchr(b']', inside)?;
        return IPV6.all(&inside[..close]).then_some(close + 2);
    }
    let end = text.iter().position(|&byte| !HOST.has(byte)).unwrap_or(text.len());
    (end > 0).then_some(end)
}

/// Reads an IPv4 address or an IPv6 address with or without brackets.
///
/// The three colons that RFC 3261's grammar allowed by mistake are read as two (RFC 5118 §4.10).
#[must_use]
pub fn ip_literal(text: &[u8]) -> Option<IpAddr> {
    // The longest literal is 45 characters; what is longer is none and is not looked at.
    let text = text.strip_prefix(b"[").and_then(|inner| inner.strip_suffix(b"]")).unwrap_or(text);
    let text = std::str::from_utf8(text.get(..text.len().min(46))?).ok()?;
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    let (before, after) = text.split_once(":::")?;
    format!("{before}::{after}").parse::<Ipv6Addr>().ok().map(IpAddr::V6)
}

#[cfg(test)]
mod tests {
    use super::{HostPort, ip_literal};

    #[test]
    fn hosts_and_ports_in_all_their_spellings() {
        let read = |text: &'static str| {
            HostPort::parse(text.as_bytes()).map(|h| (std::str::from_utf8(h.host).unwrap(), h.port))
        };
        assert_eq!(read("example.com"), Some(("example.com", None)));
        assert_eq!(read("10.0.0.1 : 5060"), Some(("10.0.0.1", Some(5060))));
        assert_eq!(read("[2001:db8::1]:5070"), Some(("[2001:db8::1]", Some(5070))));
        assert_eq!(read("[2001:db8::1:5070]"), Some(("[2001:db8::1:5070]", None)));
        assert_eq!(read("under_score"), Some(("under_score", None)));
        for bad in [
            "",
            ":5060",
            "2001:db8::1",
            "a:65536",
            "a:-1",
            "a:",
            "[]",
            "[::1",
            "[::1]x",
            "a b",
            "a<b",
            "\u{e9}",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_address_is_read_with_and_without_brackets() {
        assert_eq!(ip_literal(b"[2001:db8::9:255]"), "2001:db8::9:255".parse().ok());
        assert_eq!(ip_literal(b"2001:db8::9:255"), "2001:db8::9:255".parse().ok());
        assert_eq!(ip_literal(b"[2001:db8:::192.0.2.1]"), "2001:db8::192.0.2.1".parse().ok());
        assert_eq!(ip_literal(b"192.0.2.1"), "192.0.2.1".parse().ok());
        assert_eq!(ip_literal(b"example.com"), None);
        assert_eq!(ip_literal(&[b':'; 5000]), None);
    }
}
