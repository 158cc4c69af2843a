//! How a message travels: over which transport, to or from whom, on which connection.

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

    /// Whether it delivers by itself: no request and no refusal is sent twice over it.
    #[must_use]
    pub const fn is_reliable(self) -> bool {
        !matches!(self, Self::Udp)
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
    /// To `peer`, on whatever connection there is.
    #[must_use]
    pub const fn to(transport: Transport, peer: SocketAddr) -> Self {
        Self { transport, peer, connection: None }
    }
}
