//! SIP URIs as they are written for phones and trunks: `sip:ann@192.0.2.20:5060;transport=tcp` (RFC 3261 §19.1.1).

use crate::{
    later::NOT_YET,
    model::{Host, SipUri, Transport},
    suggest,
    table::{Wrong, quoted},
};
use std::net::{IpAddr, Ipv4Addr};

/// Longest URI, in bytes.
const MAX_URI: usize = 512;
/// Longest name of a host, and of one of its labels (RFC 1035 §2.3.4).
const MAX_HOST: usize = 253;
const MAX_LABEL: usize = 63;
const TRANSPORTS: [(&str, Transport); 3] =
    [("udp", Transport::Udp), ("tcp", Transport::Tcp), ("tls", Transport::Tls)];

/// What a URI is for, and one that is right.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Like(pub &'static str);

/// A URI in its parts: the user, and where it leads.
#[derive(Debug)]
pub(crate) struct Parts<'a> {
    pub user: Option<&'a str>,
    pub uri: SipUri,
}

/// Reads a URI.
pub(crate) fn parse(text: &str, like: Like) -> Result<Parts<'_>, Wrong> {
    let like = format!("write it like \"{}\"", like.0);
    let no_uri = || Wrong::new(format!("{} is no SIP URI", quoted(text)), like.clone());
    let (scheme, rest) = text.split_once(':').filter(|_| text.len() <= MAX_URI).ok_or_else(no_uri)?;
    let secure = scheme.eq_ignore_ascii_case("sips");
    match scheme.to_ascii_lowercase().as_str() {
        "sip" | "sips" => {}
        "tel" => {
            let what = format!("{} has the scheme {scheme:?}, which is {NOT_YET}", quoted(text));
            return Err(Wrong::new(what, like));
        }
        _ => return Err(no_uri()),
    }
    let (user, rest) = rest.rsplit_once('@').map_or((None, rest), |(user, rest)| (Some(user), rest));
    if user.is_some_and(|user| !is_user(user)) {
        let what = format!("{} has a user part that SIP does not allow", quoted(text));
        return Err(Wrong::new(what, "use letters, digits and -_.+, without spaces, brackets or a password"));
    }
    let (place, parameters) = rest.split_once(';').map_or((rest, ""), |(place, rest)| (place, rest));
    let transport = match (secure, parameters_of(text, parameters)?) {
        (false, transport) => transport,
        (true, Some(Transport::Udp)) => {
            let what = format!("{} is to be encrypted, and datagrams are not", quoted(text));
            return Err(Wrong::new(what, "take ;transport=udp out: sips goes over TLS"));
        }
        (true, None | Some(Transport::Tcp | Transport::Tls)) => Some(Transport::Tls), // RFC 3261 §26.2.2
    };
    let wrong = || Wrong::new(format!("{} has no address that can be reached", quoted(text)), like.clone());
    let (host, port) = host_and_port(place).ok_or_else(wrong)?;
    Ok(Parts { user, uri: SipUri { text: text.to_owned(), host, port, transport } })
}

fn host_and_port(text: &str) -> Option<(Host, Option<u16>)> {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, port)) => (host, Some(port.strip_prefix(':')?)),
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let port = match port {
        None => None,
        Some(port) => Some(port.parse::<u16>().ok().filter(|&port| port > 0)?),
    };
    let host = match host.parse::<IpAddr>() {
        Ok(ip) if is_peer(ip) && ip.is_ipv6() == text.starts_with('[') => Host::Address(ip),
        Ok(_) => return None,
        Err(_) => Host::Name(name(host).filter(|_| !text.starts_with('['))?),
    };
    Some((host, port))
}

/// Whether somebody may be at an address.
fn is_peer(ip: IpAddr) -> bool {
    !ip.is_unspecified() && !ip.is_multicast() && ip != IpAddr::V4(Ipv4Addr::BROADCAST)
}

/// The name of a host, in lower case.
fn name(text: &str) -> Option<String> {
    let text = text.strip_suffix('.').unwrap_or(text);
    let label = |label: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (1..=MAX_LABEL).contains(&label.len()) && label.bytes().all(plain) && !label.starts_with('-')
    };
    let last = text.rsplit('.').next()?;
    let is_name = text.len() <= MAX_HOST && text.split('.').all(label);
    // A name that ends in a number would be an address somebody mistyped.
    (is_name && last.bytes().any(|byte| byte.is_ascii_alphabetic())).then(|| text.to_ascii_lowercase())
}

/// The transport among the parameters, all of which are checked.
fn parameters_of(text: &str, parameters: &str) -> Result<Option<Transport>, Wrong> {
    let mut transport = None;
    for parameter in parameters.split(';').filter(|_| !parameters.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.!~*'()[]/:&+$%".contains(c);
        if name.is_empty() || !parameter.chars().all(|c| plain(c) || c == '=') {
            let what = format!("{} has parameters that SIP does not allow", quoted(text));
            return Err(Wrong::new(what, "use ;name=value, without spaces, quotes or headers"));
        }
        if name.eq_ignore_ascii_case("transport") {
            let known = TRANSPORTS.iter().find(|(name, _)| value.eq_ignore_ascii_case(name));
            let Some((_, known)) = known else {
                let what = format!("{} asks for transport {}", quoted(text), quoted(value));
                let names = TRANSPORTS.map(|(name, _)| name);
                return Err(Wrong::new(what, suggest::way_out(value, names)));
            };
            transport = Some(*known);
        }
    }
    Ok(transport)
}

/// Whether a text may be the user part of a SIP URI, without a password (RFC 3261 §25.1 `user`).
pub(crate) fn is_user(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.!~*'()&=+$,;?/%".contains(c);
    let escaped = |rest: &str| rest.len() >= 2 && rest.bytes().take(2).all(|byte| byte.is_ascii_hexdigit());
    !text.is_empty() && text.chars().all(plain) && text.split('%').skip(1).all(escaped)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(Host, Option<u16>, Option<Transport>)> {
        parse(text, Like("sip:x")).ok().map(|parts| (parts.uri.host, parts.uri.port, parts.uri.transport))
    }
    fn at(ip: &str) -> Host {
        Host::Address(ip.parse().unwrap())
    }
    fn named(name: &str) -> Host {
        Host::Name(name.to_owned())
    }

    #[test]
    fn a_uri_says_where_it_leads() {
        assert_eq!(read("sip:ann@192.0.2.1"), Some((at("192.0.2.1"), None, None)));
        assert_eq!(
            read("SIP:192.0.2.1:5080;Transport=TCP"),
            Some((at("192.0.2.1"), Some(5_080), Some(Transport::Tcp)))
        );
        assert_eq!(
            read("sip:[2001:db8::1]:5061;transport=tls;x=y"),
            Some((at("2001:db8::1"), Some(5_061), Some(Transport::Tls)))
        );
        assert_eq!(read("sip:[2001:db8::1]"), Some((at("2001:db8::1"), None, None)));
        assert_eq!(read("sip:a@Carrier.Example."), Some((named("carrier.example"), None, None)));
        assert_eq!(read("sip:pbx:5070"), Some((named("pbx"), Some(5_070), None)));
    }

    #[test]
    fn what_leads_nowhere_is_refused() {
        for text in [
            "192.0.2.1",
            "http://192.0.2.1",
            "sips:192.0.2.1;transport=udp",
            "tel:+62",
            "sip:",
            "sip:a@",
            "sip:0.0.0.0",
            "sip:224.0.0.1",
            "sip:255.255.255.255",
            "sip:2001:db8::1",
            "sip:[192.0.2.1]",
            "sip:[::1",
            "sip:[::1]x",
            "sip:192.0.2.1:0",
            "sip:192.0.2.1:99999",
            "sip:192.0.2.300",
            "sip:a b@h.example",
            "sip:-a.example",
            "sip:a..example",
            "sip:h.example;transport=sctp",
            "sip:h.example;transport",
            "sip:h.example;a=\"b\"",
            "sip:h.example?Subject=x",
        ] {
            assert!(parse(text, Like("sip:x")).is_err(), "{text}");
        }
        assert!(parse(&format!("sip:{}", "a".repeat(64)), Like("sip:x")).is_err());
        assert!(parse(&format!("sip:{}", "a.".repeat(200)), Like("sip:x")).is_err());
    }
}
