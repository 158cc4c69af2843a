//! Keeps the generator on this machine: a flood of calls must never leave it by a slip of the keyboard.

use std::net::SocketAddr;

/// An address that calls, phones or desktops may not use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{what} {address} is not on this machine; loadtest works on loopback addresses only (127.0.0.0/8, ::1)"
)]
pub struct NotLoopback {
    /// The key or argument that named it.
    pub what: &'static str,
    /// The address.
    pub address: SocketAddr,
}

/// `address`, if it is on this machine.
///
/// # Errors
///
/// [`NotLoopback`] for every other one.
pub fn loopback(what: &'static str, address: SocketAddr) -> Result<SocketAddr, NotLoopback> {
    if address.ip().is_loopback() { Ok(address) } else { Err(NotLoopback { what, address }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_called() {
        for ours in ["127.0.0.1:5060", "127.3.2.1:5060", "[::1]:5060"] {
            assert!(loopback("target", ours.parse().unwrap()).is_ok(), "{ours}");
        }
        for foreign in ["192.0.2.1:5060", "0.0.0.0:5060", "[2001:db8::1]:5060", "[::ffff:192.0.2.1]:5060"] {
            let refused = loopback("target", foreign.parse().unwrap()).unwrap_err();
            assert!(refused.to_string().contains("loopback addresses only"), "{foreign}");
        }
    }
}
