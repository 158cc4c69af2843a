//! How a message travels: over which transport, to or from whom, on which connection.

use crate::wire::{HostPort, Protocol, Scheme, Uri, Via};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// A transport we speak (RFC 3261 §18, RFC 7118).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A stream.
    Tcp,
    /// An encrypted stream.
    Tls,
    /// WebSocket.
    Ws,
    /// WebSocket over TLS.
    Wss,
}

impl Transport {
    /// All of them, in the order of the enum.
    pub const ALL: [Self; 5] = [Self::Udp, Self::Tcp, Self::Tls, Self::Ws, Self::Wss];

    /// The transport a URI or Via names, if we speak it.
    #[must_use]
    pub const fn of(name: Protocol) -> Option<Self> {
        match name {
            Protocol::Udp => Some(Self::Udp),
            Protocol::Tcp => Some(Self::Tcp),
            Protocol::Tls => Some(Self::Tls),
            Protocol::Ws => Some(Self::Ws),
            Protocol::Wss => Some(Self::Wss),
            Protocol::Sctp | Protocol::Other => None,
        }
    }
    /// Whether it delivers by itself: no request and no refusal is sent twice over it.
    #[must_use]
    pub const fn is_reliable(self) -> bool {
        !matches!(self, Self::Udp)
    }
    /// Whether nobody on the way can read it.
    #[must_use]
    pub const fn is_encrypted(self) -> bool {
        matches!(self, Self::Tls | Self::Wss)
    }
    /// The name in a Via.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::Ws => "WS",
            Self::Wss => "WSS",
        }
    }
    /// The port of a URI or Via that names none (RFC 3261 §19.1.2, RFC 7118 §5.2).
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp => 5060,
            Self::Tls => 5061,
            Self::Ws => 80,
            Self::Wss => 443,
        }
    }
}

/// A connection of the shell's, by its number; the shell never gives a number twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Connection(pub u64);

/// Where a message came from or goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Flow {
    /// Over what.
    pub transport: Transport,
    /// The other end, as seen here.
    pub peer: SocketAddr,
    /// The connection it came on, and the answer goes back on. None for datagrams, and for a peer that is to be
    /// connected to. When the connection is gone the shell connects to `peer` anew, if that can be done.
    pub connection: Option<Connection>,
}

impl Flow {
    /// Datagrams to or from `peer`.
    #[must_use]
    pub const fn udp(peer: SocketAddr) -> Self {
        Self::to(Transport::Udp, peer)
    }
    /// Whether both lead to the same peer over the same transport, on whatever connection.
    #[must_use]
    pub fn is_same_peer(self, other: Self) -> bool {
        (self.transport, self.peer) == (other.transport, other.peer)
    }
    /// Where a URI leads whose host is an address: over the transport it names, else UDP (`sips`: TLS).
    #[must_use]
    pub fn named(uri: &Uri<'_>) -> Option<Self> {
        let default = if uri.scheme == Scheme::Sips { Transport::Tls } else { Transport::Udp };
        let transport = uri.transport().map_or(Some(default), Transport::of)?;
        let secure = match (uri.scheme, transport) {
            (Scheme::Sips, Transport::Tcp) => Transport::Tls,
            (Scheme::Sips, Transport::Ws) => Transport::Wss,
            (Scheme::Sip | Scheme::Sips | Scheme::Tel | Scheme::Other, _) => transport,
        };
        let host = HostPort { host: uri.host, port: uri.port };
        Some(Self::to(secure, host.literal(secure.default_port())?))
    }
    /// Where the answer to a request goes that came on this flow (RFC 3261 §18.2.2, RFC 3581 §4).
    #[must_use]
    pub fn answer(self, via: &Via<'_>) -> Self {
        if self.transport.is_reliable() { self } else { Self::udp(via.response_target(self.peer)) }
    }
    /// To `peer`, on whatever connection there is.
    #[must_use]
    pub const fn to(transport: Transport, peer: SocketAddr) -> Self {
        Self { transport, peer, connection: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(uri: &str) -> Option<(Transport, String)> {
        let flow = Flow::named(&Uri::parse(uri.as_bytes()).unwrap())?;
        Some((flow.transport, flow.peer.to_string()))
    }

    #[test]
    fn a_uri_leads_over_the_transport_and_to_the_port_it_means() {
        let to = |transport, peer: &str| Some((transport, peer.to_owned()));
        assert_eq!(named("sip:ann@192.0.2.1"), to(Transport::Udp, "192.0.2.1:5060"));
        assert_eq!(named("sip:ann@192.0.2.1;transport=tcp"), to(Transport::Tcp, "192.0.2.1:5060"));
        assert_eq!(named("sips:ann@192.0.2.1;transport=tcp"), to(Transport::Tls, "192.0.2.1:5061"));
        assert_eq!(named("sips:[2001:db8::1]:7000"), to(Transport::Tls, "[2001:db8::1]:7000"));
        assert_eq!(named("sip:192.0.2.1;transport=sctp"), None);
        assert_eq!(named("sip:ann@pbx.example.com"), None);
        assert_eq!(named("tel:7042"), None);
    }

    #[test]
    fn an_answer_goes_back_on_the_connection_whatever_via_says() {
        let via = Via::parse(b"SIP/2.0/TCP 10.0.0.1:5070;branch=z9hG4bKa").unwrap();
        let peer = "192.0.2.9:40000".parse().unwrap();
        let tcp = Flow { transport: Transport::Tcp, peer, connection: Some(Connection(7)) };
        assert_eq!(tcp.answer(&via), tcp);
        assert_eq!(Flow::udp(peer).answer(&via), Flow::udp("192.0.2.9:5070".parse().unwrap()));
    }
}
