//! RTP ports of waiting callers: even ones of the configured range, bound while a caller waits.

use std::{
    net::{IpAddr, SocketAddr, UdpSocket},
    ops::RangeInclusive,
    sync::Arc,
};

/// How many ports in a row may be taken by others before a caller waits without music.
const TRIES: u32 = 64;

/// Gives out ports.
pub trait PortSource: Send {
    /// Binds the next free port. `None` when many in a row are taken.
    fn bind(&mut self) -> Option<(u16, Arc<UdpSocket>)>;
}

/// The range.
#[derive(Debug)]
pub struct Ports {
    address: IpAddr,
    first: u16,
    count: u32,
    next: u32,
}

impl Ports {
    /// Ports of a range at an address; `0..=0` lets the system choose.
    #[must_use]
    pub fn new(address: IpAddr, range: &RangeInclusive<u16>) -> Self {
        let first = range.start() + range.start() % 2;
        let count = u32::from(range.end().saturating_sub(first)).div_ceil(2).max(1);
        Self { address, first, count, next: 0 }
    }
    fn try_next(&mut self) -> Option<(u16, Arc<UdpSocket>)> {
        let step = u16::try_from(2 * (self.next % self.count)).unwrap_or(0);
        self.next = self.next.wrapping_add(1);
        let port = if self.first == 0 { 0 } else { self.first.saturating_add(step) };
        let socket = UdpSocket::bind(SocketAddr::new(self.address, port)).ok()?;
        socket.set_nonblocking(true).ok()?;
        let port = socket.local_addr().ok()?.port();
        Some((port, Arc::new(socket)))
    }
}

impl PortSource for Ports {
    fn bind(&mut self) -> Option<(u16, Arc<UdpSocket>)> {
        (0..TRIES.min(self.count)).find_map(|_| self.try_next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_even_and_taken_ones_are_passed_over() {
        let mut any = Ports::new([127, 0, 0, 1].into(), &(0..=0));
        let (base, _held) = any.bind().unwrap();
        let base = base.saturating_add(base % 2).min(65_000);
        let mut ports = Ports::new([127, 0, 0, 1].into(), &(base..=base + 40));
        let bound: Vec<_> = (0..4).filter_map(|_| ports.bind()).collect();
        assert!(bound.len() >= 3 && bound.iter().all(|(port, _)| port % 2 == 0), "{bound:?}");
    }
}
