//! How much somebody gets in a time: token buckets, and how often a stranger gets an answer: so often that an
//! administrator sees his mistake, too seldom to be of use to anybody else.

use crate::Micros;
use std::net::IpAddr;

/// Answers to one unknown address within a second.
pub(crate) const ANSWERS_PER_SECOND: u8 = 5;
/// Slots of the table. Addresses that meet in one share its answers, so the memory is fixed and strangers together
/// get at most `SLOTS × ANSWERS_PER_SECOND` answers a second.
const SLOTS: usize = 256;

/// A bucket of tokens: it fills at so many a second and holds as many as come in a second.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bucket {
    /// When it is full again.
    full_at: Micros,
}

impl Bucket {
    /// A full one.
    pub(crate) const fn new() -> Self {
        Self { full_at: Micros(0) }
    }
    /// Whether there is a token `now`, at this rate.
    pub(crate) fn has(self, per_second: u32, now: Micros) -> bool {
        let interval = interval(per_second);
        per_second > 0 && self.full_at.0.saturating_sub(now.0) + interval <= interval * u64::from(per_second)
    }
    /// Takes a token, whether there is one or not.
    pub(crate) fn take(&mut self, per_second: u32, now: Micros) {
        self.full_at = Micros(self.full_at.max(now).0.saturating_add(interval(per_second)));
    }
}

/// Microseconds until the next token.
fn interval(per_second: u32) -> u64 {
    1_000_000 / u64::from(per_second.max(1))
}

/// Counts answers to unknown addresses.
pub(crate) struct Limiter {
    slots: Box<[Bucket; SLOTS]>,
    per_second: u8,
}

impl Limiter {
    pub(crate) fn new() -> Self {
        Self::with_rate(ANSWERS_PER_SECOND)
    }
    /// With another number of answers a second.
    pub(crate) fn with_rate(per_second: u8) -> Self {
        Self { slots: Box::new([Bucket::default(); SLOTS]), per_second }
    }
    /// Whether `address` may have an answer `now`; counts it.
    pub(crate) fn allows(&mut self, address: IpAddr, now: Micros) -> bool {
        let (slot, per_second) = (&mut self.slots[place(address)], u32::from(self.per_second));
        let allowed = slot.has(per_second, now);
        if allowed {
            slot.take(per_second, now);
        }
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
        assert_eq!(answers(&mut limiter, 5_000_000), 5);
        assert_eq!(answers(&mut limiter, 5_199_999), 0);
        assert_eq!(answers(&mut limiter, 5_200_000), 1, "one comes back every 200 ms");
        assert_eq!(answers(&mut limiter, 6_200_000), 5, "never more than five at once");
        assert!(limiter.allows("192.0.2.67".parse().unwrap(), Micros(6_200_000)));
    }

    #[test]
    fn whoever_asks_all_the_time_gets_the_rate_and_one_second_more() {
        for rate in [1, 3, 7, 100, 10_000] {
            let mut bucket = Bucket::default();
            let mut taken = 0;
            for now in (0..10_000_000).step_by(50) {
                if bucket.has(rate, Micros(now)) {
                    bucket.take(rate, Micros(now));
                    taken += 1;
                }
            }
            let most = 11 * rate;
            assert!((most - 1 - most / 100..=most).contains(&taken), "{taken} of {most}");
        }
        assert!(!Bucket::default().has(0, Micros(1)));
    }
}
