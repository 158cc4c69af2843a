//! When to register with a trunk again, and for how long to ask.

use crate::Micros;
use std::time::Duration;

/// The longest registration we ask for or take, in seconds.
pub const LONGEST_S: u32 = 86_400;
/// The shortest one we ask for, in seconds.
pub const SHORTEST_S: u32 = 60;
/// A registration is never renewed sooner than this, whatever was granted.
const SOONEST: Duration = Duration::from_secs(5);
/// After the first failure, and twice as long after each further one (RFC 5626 §4.5) …
const FIRST_WAIT_S: u64 = 30;
/// … up to this: a queue without its carrier is worth a try every few minutes.
const LONGEST_WAIT_S: u64 = 300;

/// A registration and what becomes of it.
#[derive(Debug)]
pub(crate) struct Registering {
    /// Seconds to ask for.
    asks_s: u32,
    /// A 423 has made us ask for more, and nothing was granted since.
    raised: bool,
    failures: u32,
    /// When to ask next.
    due: Micros,
    /// Until when we are registered.
    good_until: Option<Micros>,
}

impl Registering {
    /// Not registered; to be tried `now`.
    pub(crate) fn new(wish: Duration, now: Micros) -> Self {
        let wish_s = u32::try_from(wish.as_secs()).unwrap_or(LONGEST_S);
        let asks_s = wish_s.clamp(SHORTEST_S, LONGEST_S);
        Self { asks_s, raised: false, failures: 0, due: now, good_until: None }
    }
    /// Seconds to ask for.
    pub(crate) const fn asks_s(&self) -> u32 {
        self.asks_s
    }
    /// When to ask next.
    pub(crate) const fn due(&self) -> Micros {
        self.due
    }
    /// Until when we are registered, if we are.
    pub(crate) const fn good_until(&self) -> Option<Micros> {
        self.good_until
    }
    /// Registered for so many seconds: renewed at half of them, so that there is time for a second try.
    pub(crate) fn granted(&mut self, for_s: u32, now: Micros) {
        let granted = Duration::from_secs(u64::from(for_s.min(LONGEST_S)));
        self.good_until = Some(now.after(granted));
        self.due = now.after((granted / 2).max(SOONEST));
        (self.failures, self.raised) = (0, false);
    }
    /// Asked for too few seconds (423). False when the trunk is not to be followed in that: then it has failed.
    ///
    /// Source: RFC 3261 §10.2.8.
    pub(crate) fn too_brief(&mut self, least_s: Option<u32>, now: Micros) -> bool {
        let Some(least_s) = least_s.filter(|least| (self.asks_s + 1..=LONGEST_S).contains(least)) else {
            return false;
        };
        if self.raised {
            return false; // it wants more each time
        }
        (self.asks_s, self.raised, self.due) = (least_s, true, now);
        true
    }
    /// Asks again at once, somewhere else.
    pub(crate) const fn at_once(&mut self, now: Micros) {
        self.due = now;
    }
    /// Failed; when to ask again, not sooner than the trunk wishes. `bits` spread those who failed together.
    pub(crate) fn failed(&mut self, retry_after_s: Option<u32>, bits: u128, now: Micros) {
        let longest = (FIRST_WAIT_S << self.failures.min(8)).min(LONGEST_WAIT_S);
        self.failures = self.failures.saturating_add(1);
        self.wait(longest, retry_after_s, bits, now);
    }
    /// Failed for a reason that will not go away by itself.
    pub(crate) fn refused(&mut self, bits: u128, now: Micros) {
        self.wait(LONGEST_WAIT_S, None, bits, now);
    }
    /// Half of `longest_s` to all of it.
    fn wait(&mut self, longest_s: u64, retry_after_s: Option<u32>, bits: u128, now: Micros) {
        let half_us = longest_s * 500_000;
        let jitter_us = (bits % u128::from(half_us + 1)) as u64;
        let wished_us = u64::from(retry_after_s.unwrap_or(0)).min(LONGEST_WAIT_S) * 1_000_000;
        self.due = now.after(Duration::from_micros((half_us + jitter_us).max(wished_us)));
    }
    /// Whether a registration has run out by `now`; told once.
    pub(crate) fn lapses(&mut self, now: Micros) -> bool {
        self.good_until.take_if(|until| *until <= now).is_some()
    }
    /// Not registered any more, and not to be.
    pub(crate) const fn over(&mut self) {
        self.good_until = None;
        self.due = Micros(u64::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Micros {
        Micros(seconds * 1_000_000)
    }
    fn hourly() -> Registering {
        Registering::new(Duration::from_secs(3_600), at(100))
    }

    #[test]
    fn a_registration_is_renewed_at_half_of_what_was_granted() {
        let mut registering = hourly();
        assert_eq!((registering.due(), registering.asks_s()), (at(100), 3_600));
        registering.granted(600, at(101));
        assert_eq!((registering.due(), registering.good_until()), (at(401), Some(at(701))));
        registering.granted(1, at(401));
        assert_eq!(registering.due(), at(406), "never all the time");
        registering.granted(u32::MAX, at(500));
        assert_eq!(registering.good_until(), Some(at(500 + 86_400)));
    }

    #[test]
    fn failures_wait_ever_longer_up_to_five_minutes_and_not_all_at_once() {
        for bits in [0, 1, u128::MAX, 123_456_789] {
            let mut registering = hourly();
            for most in [30, 60, 120, 240, 300, 300, 300] {
                registering.failed(None, bits, at(0));
                assert!((at(most / 2)..=at(most)).contains(&registering.due()), "{:?}", registering.due());
            }
            registering.granted(600, at(0));
            registering.failed(Some(200), bits, at(0));
            assert_eq!(registering.due(), at(200), "as the trunk wishes");
            registering.failed(Some(u32::MAX), bits, at(0));
            assert!(registering.due() <= at(300));
        }
    }

    #[test]
    fn a_trunk_may_want_longer_registrations_once() {
        let mut registering = Registering::new(Duration::from_secs(60), at(0));
        assert!(registering.too_brief(Some(300), at(5)));
        assert_eq!((registering.asks_s(), registering.due()), (300, at(5)));
        assert!(!registering.too_brief(Some(600), at(6)), "not ever more");
        registering.granted(300, at(7));
        assert!(registering.too_brief(Some(600), at(8)));
        for nonsense in [None, Some(0), Some(600), Some(86_401)] {
            registering.granted(300, at(9));
            assert!(!registering.too_brief(nonsense, at(10)));
        }
    }

    #[test]
    fn a_registration_that_ran_out_is_told_once() {
        let mut registering = hourly();
        registering.granted(60, at(100));
        assert!(!registering.lapses(at(159)) && registering.lapses(at(160)) && !registering.lapses(at(161)));
    }
}
