//! Addresses, networks, port ranges and phones as they are written.
//!
//! Nothing is looked up and nothing is opened. Where we listen, and whom we trust, is an address and never a name.

use crate::{
    later::NOT_YET,
    model::{Network, SipUri},
    suggest,
    table::{Wrong, quoted},
    uri::{self, Like, Parts},
};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    ops::RangeInclusive,
};

/// The port of DNS when none is written.
const DNS_PORT: u16 = 53;
/// The port of SIP when none is written (RFC 3261 §19.1.2).
const SIP_PORT: u16 = 5060;
/// Longest name of a host (RFC 1035 §2.3.4).
const MAX_HOST: usize = 253;

/// Where to listen: an address and a port, such as `127.0.0.1:5060`. Port 0 takes a free one.
pub(crate) fn listen(text: &str) -> Result<SocketAddr, Wrong> {
    let address: SocketAddr = text.parse().map_err(|_| not_listen(text))?;
    if address.ip().is_multicast() {
        return Err(Wrong::new(
            format!("{} is a multicast address", quoted(text)),
            "name an address of this machine",
        ));
    }
    Ok(address)
}

fn not_listen(text: &str) -> Wrong {
    if let Ok(ip) = text.parse::<IpAddr>() {
        let example = SocketAddr::new(ip, SIP_PORT);
        return Wrong::new(format!("{} has no port", quoted(text)), format!("write it like \"{example}\""));
    }
    let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
    let Ok(port) = port.parse::<u16>() else {
        let what = format!("{} is no address with a port from 0 to 65535", quoted(text));
        return Wrong::new(what, "write it like \"127.0.0.1:8080\"");
    };
    match host {
        "" => Wrong::new(
            format!("{} has no address", quoted(text)),
            format!("write \"127.0.0.1:{port}\", or \"0.0.0.0:{port}\" for every address of this machine"),
        ),
        "*" => Wrong::new(format!("{} is no address", quoted(text)), format!("write \"0.0.0.0:{port}\"")),
        "localhost" => Wrong::new(host_name(text), format!("write \"127.0.0.1:{port}\"")),
        name if is_host_name(name) => Wrong::new(host_name(text), "name an IP address"),
        _ => Wrong::new(format!("{} is no address", quoted(text)), "write it like \"127.0.0.1:8080\""),
    }
}

fn host_name(text: &str) -> String {
    format!("{} has a host name, which is {NOT_YET}", quoted(text))
}

fn is_host_name(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.' || c == '_';
    text.chars().all(inner) && text.chars().any(|c| c.is_ascii_alphabetic())
}

/// A name or an address by which we are asked over HTTP: in lower case, an address as it is usually written.
pub(crate) fn served_host(text: &str) -> Result<String, Wrong> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(address.to_string());
    }
    if is_host_name(text) && text.len() <= MAX_HOST {
        return Ok(text.to_ascii_lowercase());
    }
    Err(Wrong::new(
        format!("{} is no name or address of a host", quoted(text)),
        "write it without port, such as \"router.example\"",
    ))
}

/// The address written into SDP: one that others can send to.
pub(crate) fn media(text: &str) -> Result<IpAddr, Wrong> {
    let ip: IpAddr = match text.parse() {
        Ok(ip) => ip,
        Err(_) if text == "localhost" || is_host_name(text) => {
            return Err(Wrong::new(host_name(text), "name an IP address"));
        }
        Err(_) => {
            let way_out = "write it like \"192.0.2.10\", without a port";
            return Err(Wrong::new(format!("{} is no IP address", quoted(text)), way_out));
        }
    };
    if ip.is_unspecified() || ip.is_multicast() {
        let what = format!("{} is no address a caller can send to", quoted(text));
        return Err(Wrong::new(what, "name the address of this machine that callers reach"));
    }
    Ok(ip)
}

/// A range of UDP ports for RTP: `20000-29999`, the first even, at least two; `0` takes free ones.
pub(crate) fn ports(text: &str) -> Result<RangeInclusive<u16>, Wrong> {
    const LIKE: &str = "write it like \"20000-29999\"";
    if text.trim() == "0" {
        return Ok(0..=0);
    }
    let number = |part: &str| part.trim().parse::<u16>().ok().filter(|&port| port > 0);
    let ends = text.split_once('-').and_then(|(first, last)| Some((number(first)?, number(last)?)));
    let Some((first, last)) = ends else {
        return Err(Wrong::new(format!("{} is no range of ports from 1 to 65535", quoted(text)), LIKE));
    };
    if last < first {
        return Err(Wrong::new(
            format!("{} ends before it starts", quoted(text)),
            format!("write \"{last}-{first}\""),
        ));
    }
    if first % 2 == 1 {
        let what = format!("{} starts with an odd port, and RTP takes even ones", quoted(text));
        return Err(Wrong::new(what, format!("start with {}", first - 1)));
    }
    if first == last {
        let what = format!("{} is a single port, and RTP and RTCP take two", quoted(text));
        return Err(Wrong::new(what, LIKE));
    }
    Ok(first..=last)
}

/// A network in CIDR notation, `10.1.0.0/16`, or a single address.
pub(crate) fn network(text: &str) -> Result<Network, Wrong> {
    const LIKE: &str = "write it like \"192.0.2.0/24\" or \"192.0.2.10\"";
    let (address, prefix) =
        text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
    let Ok(addr) = address.parse::<IpAddr>() else {
        if is_host_name(address) {
            return Err(Wrong::new(host_name(text), "name an IP address"));
        }
        return Err(Wrong::new(format!("{} is no network", quoted(text)), LIKE));
    };
    let longest = if addr.is_ipv4() { 32 } else { 128 };
    let prefix = match prefix {
        None => longest,
        Some(bits) => bits.parse::<u8>().ok().filter(|&bits| bits <= longest).ok_or_else(|| {
            Wrong::new(format!("{} does not end in a prefix from 0 to {longest}", quoted(text)), LIKE)
        })?,
    };
    let first = Network { addr: first_of(addr, prefix), prefix };
    if first.addr == addr {
        return Ok(first);
    }
    let what = format!("{} has bits beyond its prefix", quoted(text));
    Err(Wrong::new(what, format!("write \"{first}\" for the network, or \"{addr}\" for the one address")))
}

fn first_of(addr: IpAddr, prefix: u8) -> IpAddr {
    match addr {
        IpAddr::V4(ip) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from(u32::from(ip) & mask))
        }
        IpAddr::V6(ip) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from(u128::from(ip) & mask))
        }
    }
}

const PHONE_LIKE: Like = Like("sip:ann@192.0.2.20:5060");
const TRUNK_LIKE: Like = Like("sip:192.0.2.10:5060");

/// A phone that is always there: a SIP URI.
pub(crate) fn phone(text: &str) -> Result<SipUri, Wrong> {
    if let Some(near) = suggest::nearest(text, ["registered", "browser"]) {
        return Err(Wrong::new(format!("{} is no SIP URI", quoted(text)), format!("did you mean {near:?}?")));
    }
    Ok(uri::parse(text, PHONE_LIKE)?.uri)
}

/// Where a trunk is asked for something: a SIP URI without a user.
pub(crate) fn trunk(text: &str) -> Result<SipUri, Wrong> {
    let Parts { user, uri } = uri::parse(text, TRUNK_LIKE)?;
    if let Some(user) = user {
        let what = format!("{} has a user part", quoted(text));
        return Err(Wrong::new(
            what,
            format!("take {} out, and write it under user", quoted(&format!("{user}@"))),
        ));
    }
    Ok(uri)
}

/// A DNS server: an address, with a port when it is not 53.
pub(crate) fn dns(text: &str) -> Result<SocketAddr, Wrong> {
    let address = text.parse::<SocketAddr>().ok();
    let address = address.or_else(|| Some(SocketAddr::new(text.parse().ok()?, DNS_PORT)));
    address.filter(|address| address.port() > 0 && !address.ip().is_unspecified()).ok_or_else(|| {
        let what = format!("{} is no address of a DNS server", quoted(text));
        Wrong::new(what, "write it like \"192.0.2.53\" or \"127.0.0.1:5353\"")
    })
}

/// A page's origin: `https://crm.example`, with a port when it is not the usual one, and nothing behind.
pub(crate) fn origin(text: &str) -> Result<String, Wrong> {
    const LIKE: &str = "write it like \"https://crm.example\"";
    let wrong = || Wrong::new(format!("{} is no origin", quoted(text)), LIKE);
    let (scheme, host) = text.split_once("://").ok_or_else(wrong)?;
    if !["http", "https"].contains(&scheme) {
        let near = suggest::nearest(scheme, ["https", "http"]).unwrap_or("https");
        return Err(Wrong::new(
            format!("{} is no origin of a web page", quoted(text)),
            format!("start with {near}://"),
        ));
    }
    if let Some((origin, _)) = host.split_once(['/', '?', '#']) {
        let what = format!("{} has a path, and an origin has none", quoted(text));
        return Err(Wrong::new(what, format!("write \"{scheme}://{origin}\"")));
    }
    let (name, port) = host.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')).unwrap_or((host, "1"));
    let literal = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok();
    if !(literal || is_host_name(name)) || port.parse::<u16>().is_err() {
        return Err(wrong());
    }
    Ok(text.to_ascii_lowercase())
}
