//! Ports that nobody uses, for programs that cannot be told to take any.

use std::{
    net::{TcpListener, UdpSocket},
    process,
    sync::{Mutex, PoisonError},
};

/// Below the range from which the system gives out ports, so that nobody gets one by chance.
const FIRST: u16 = 11_000;
const COUNT: u16 = 20_000;
/// Ports from one on that are free with it: SIPp takes the next few for media.
const BLOCK: u16 = 4;
/// Ports that a process claims together. Tests run in processes of their own at the same time, and what one of them has
/// found free is in use only later.
const SHARE: u16 = 100;
const SHARES: u16 = COUNT / SHARE;

static CLAIM: Mutex<Claim> = Mutex::new(Claim { held: Vec::new(), tried: 0, next: 0, end: 0 });

/// What this process has claimed.
struct Claim {
    /// Whoever listens on the first port of a share has all of it, until it ends.
    held: Vec<TcpListener>,
    /// Shares that were tried.
    tried: u16,
    /// What is left of the share claimed last.
    next: u16,
    end: u16,
}

impl Claim {
    fn take(&mut self) -> Option<u16> {
        loop {
            while self.next + BLOCK <= self.end {
                let port = self.next;
                self.next += BLOCK;
                if is_free(port) {
                    return Some(port);
                }
            }
            self.more()?;
        }
    }
    /// Claims another share. Each process begins elsewhere, so that they seldom meet.
    fn more(&mut self) -> Option<()> {
        let begin = process::id().wrapping_mul(41) % u32::from(SHARES);
        while self.tried < SHARES {
            let share = (begin as u16 + self.tried) % SHARES;
            self.tried += 1;
            let first = FIRST + share * SHARE;
            if let Ok(held) = TcpListener::bind(("127.0.0.1", first)) {
                self.held.push(held);
                (self.next, self.end) = (first + BLOCK, first + SHARE);
                return Some(());
            }
        }
        None
    }
}

fn is_free(port: u16) -> bool {
    let free = |port: u16| {
        UdpSocket::bind(("127.0.0.1", port)).is_ok() && TcpListener::bind(("127.0.0.1", port)).is_ok()
    };
    (port..port + BLOCK).all(free)
}

/// A port free for UDP and TCP on 127.0.0.1, which no other test gets.
///
/// # Panics
///
/// When all are taken.
pub fn free_port() -> u16 {
    let mut claim = CLAIM.lock().unwrap_or_else(PoisonError::into_inner);
    claim.take().unwrap_or_else(|| panic!("no free port between {FIRST} and {}", FIRST + COUNT))
}

/// Several of them.
#[must_use]
pub fn free_ports<const N: usize>() -> [u16; N] {
    std::array::from_fn(|_| free_port())
}
