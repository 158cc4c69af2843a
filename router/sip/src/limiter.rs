//! How often a stranger gets an answer: so often that an administrator sees his mistake, too seldom to be of use
//! to anybody else.

use crate::Micros;
use std::net::IpAddr;

/// Answers to one unknown address within a second.
pub(crate) const ANSWERS_PER_SECOND: u8 = 5;
/// Slots of the table. Addresses that meet in one share its answers, so the memory is fixed and strangers together
/// get at most `SLOTS × ANSWERS_PER_SECOND` answers a second.
const SLOTS: usize = 256;

/// Counts answers to unknown addresses.
pub(crate) struct Limiter {
    slots: Box<[Slot; SLOTS]>,
    per_second: u8,
}

#[derive(Clone, Copy, Default)]
struct Slot {
    second: u64,
    answers: u8,
}

impl Limiter {
    pub(crate) fn new() -> Self {
        Self::with_rate(ANSWERS_PER_SECOND)
    }
    /// With another number of answers a second.
    pub(crate) fn with_rate(per_second: u8) -> Self {
        Self { slots: Box::new([Slot::default(); SLOTS]), per_second }
    }
    /// Whether `address` may have an answer `now`; counts it.
    pub(crate) fn allows(&mut self, address: IpAddr, now: Micros) -> bool {
        let slot = &mut self.slots[place(address)];
        let second = now.0 / 1_000_000;
        if slot.second != second {
            *slot = Slot { second, answers: 0 };
        }
        let allowed = slot.answers < self.per_second;
        slot.answers += u8::from(allowed);
        allowed
    }
}

/// Fibonacci hashing: near addresses land far apart.
fn place(address: IpAddr) -> usize {
    let bits = match address.to_canonical() {
        IpAddr::V4(ip) => u64::from(u32::from(ip)),
        IpAddr::V6(ip) => (u128::from(ip) >> 64) as u64, // a /64 is one place
    };
    (bits.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_gets_five_answers_a_second_then_silence() {
        let mut limiter = Limiter::new();
        let stranger: IpAddr = "192.0.2.66".parse().unwrap();
        let answers =
            |limiter: &mut Limiter, at| (0..20).filter(|_| limiter.allows(stranger, Micros(at))).count();
        assert_eq!(answers(&mut limiter, 0), 5);
        assert_eq!(answers(&mut limiter, 999_999), 0);
        assert_eq!(answers(&mut limiter, 1_000_000), 5);
        assert!(limiter.allows("192.0.2.67".parse().unwrap(), Micros(1_000_000)));
    }
}
