//! What SIP is carried over.

use crate::Ready;
use std::net::SocketAddr;

/// UDP, TCP or TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A connection.
    Tcp,
    /// A connection that nobody else reads.
    Tls,
}

impl Transport {
    /// What stands behind an address in a SIP URI.
    #[must_use]
    pub fn parameter(self) -> &'static str {
        match self {
            Self::Udp => "",
            Self::Tcp => ";transport=tcp",
            Self::Tls => ";transport=tls",
        }
    }
    /// Where the router listens for it.
    ///
    /// # Panics
    ///
    /// When it does not.
    #[must_use]
    pub fn target(self, ready: Ready) -> SocketAddr {
        let target = match self {
            Self::Udp => Some(ready.sip_udp),
            Self::Tcp => ready.sip_tcp,
            Self::Tls => ready.sip_tls,
        };
        target.expect("the router listens for it")
    }
}
