//! Datagrams under way, and chance.

use sip::Micros;
use std::{cmp::Reverse, collections::BinaryHeap, net::SocketAddr};

/// SplitMix64: enough chance for a test, the same everywhere.
pub struct Chance(pub u64);

impl Chance {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    /// Below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
    pub fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }
    pub fn between_ms(&mut self, from: u64, to: u64) -> u64 {
        from + self.below(to - from)
    }
    pub fn pick<T: Copy>(&mut self, weighted: &[(u64, T)]) -> T {
        let total = weighted.iter().map(|(weight, _)| weight).sum();
        let mut at = self.below(total);
        for (weight, what) in weighted {
            if at < *weight {
                return *what;
            }
            at -= weight;
        }
        unreachable!("the weights add up")
    }
}

/// How bad the network is, in percent of datagrams.
#[derive(Clone, Copy)]
pub struct Faults {
    pub lost: u64,
    pub doubled: u64,
    pub late: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Datagram {
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub bytes: Vec<u8>,
}

#[derive(Default)]
pub struct Network {
    under_way: BinaryHeap<Reverse<(Micros, u64, Datagram)>>,
    serial: u64,
}

impl Network {
    pub fn send(&mut self, datagram: Datagram, now: Micros, faults: Faults, chance: &mut Chance) {
        if chance.percent(faults.lost) {
            return;
        }
        let copies = if chance.percent(faults.doubled) { 2 } else { 1 };
        for _ in 0..copies {
            let late = chance.percent(faults.late);
            let delay_ms = if late { chance.between_ms(100, 3_000) } else { chance.between_ms(1, 30) };
            self.serial += 1;
            self.under_way.push(Reverse((Micros(now.0 + delay_ms * 1_000), self.serial, datagram.clone())));
        }
    }
    pub fn next(&self) -> Option<Micros> {
        self.under_way.peek().map(|Reverse((at, _, _))| *at)
    }
    pub fn take(&mut self, now: Micros) -> Option<Datagram> {
        if self.next()? > now {
            return None;
        }
        self.under_way.pop().map(|Reverse((_, _, datagram))| datagram)
    }
}
