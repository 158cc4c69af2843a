//! Ports that nobody uses, for programs that cannot be told to take any.

use std::{
    net::{TcpListener, UdpSocket},
    process,
    sync::atomic::{AtomicU16, Ordering},
};

/// Below the range from which the system gives out ports, so that nobody gets one by chance.
const FIRST: u16 = 11_000;
const COUNT: u16 = 20_000;
/// Ports from one on that are free with it: SIPp takes the next few for media.
const BLOCK: u16 = 4;

/// A port free for UDP and TCP on 127.0.0.1.
///
/// Tests run in processes of their own at the same time; each begins its search at another place.
///
/// # Panics
///
/// When all are taken.
pub fn free_port() -> u16 {
    static TRIED: AtomicU16 = AtomicU16::new(0);
    let start = (process::id().wrapping_mul(404) % u32::from(COUNT)) as u16;
    for _ in 0..COUNT {
        let step = TRIED.fetch_add(BLOCK, Ordering::Relaxed);
        let port = FIRST + (start.wrapping_add(step) % COUNT);
        let free = |port: u16| {
            UdpSocket::bind(("127.0.0.1", port)).is_ok() && TcpListener::bind(("127.0.0.1", port)).is_ok()
        };
        if (port..port + BLOCK).all(free) {
            return port;
        }
    }
    panic!("no free port between {FIRST} and {}", FIRST + COUNT)
}

/// Several of them.
#[must_use]
pub fn free_ports<const N: usize>() -> [u16; N] {
    std::array::from_fn(|_| free_port())
}
