//! How a source that fails again and again is answered: ever slower, and in between not at all.
//!
//! Who guesses passwords learns one in ten seconds about one of them. A phone with an old password behind the same
//! address as others does not harm them, and a phone that is registered is judged by its own flow, not by what others
//! do from its address.

use super::limits::QUESTIONS_PER_SECOND;
use crate::{Flow, Micros, aged::Aged, limiter::Limiter};
use std::{
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

/// Failures of a source that cost it nothing.
pub const FREE_FAILURES: u32 = 10;
/// A failure is forgotten after this time.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(10);
/// The longest a source is not heard after a failure. The first silence is a second, and each next one twice as long.
pub const LONGEST_SILENCE: Duration = Duration::from_secs(64);
/// Failures beyond the free ones that count: 2⁶ s is the longest silence.
const STEPS: u32 = 6;
/// Most sources whose failures are remembered. Beyond it the one that failed longest ago is forgotten.
pub const SOURCES: usize = 4_096;

/// An address (of IPv6 its /64), and the port where a single phone is meant.
type Source = (IpAddr, u16);

/// Remembers failures, and counts answers to those who have proven nothing.
pub(crate) struct Throttle {
    failed: Aged<Source, Failures>,
    questions: Limiter,
}

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    silent_until: Micros,
}

impl Throttle {
    pub(crate) fn new() -> Self {
        Self { failed: Aged::with_room_for(SOURCES), questions: Limiter::with_rate(QUESTIONS_PER_SECOND) }
    }
    /// Whether nothing from there is looked at now. `known`: a phone is registered over this very flow.
    pub(crate) fn is_silent(&self, flow: &Flow, known: bool, now: Micros) -> bool {
        self.failed.get(&source(flow, known)).is_some_and(|(_, failures)| now < failures.silent_until)
    }
    /// Whether somebody there who has proven nothing may have an answer; counts it.
    pub(crate) fn may_ask(&mut self, flow: &Flow, now: Micros) -> bool {
        self.questions.allows(flow.peer.ip(), now)
    }
    /// Counts a failure.
    pub(crate) fn failed(&mut self, flow: &Flow, known: bool, now: Micros) {
        let source = source(flow, known);
        let left = self.failed.get(&source).map_or(0, |(last, failures)| failures.left(last, now));
        let count = left + 1;
        let silent_until = match count.checked_sub(FREE_FAILURES + 1) {
            Some(doublings) => now.after(Duration::from_secs(1 << doublings.min(STEPS))),
            None => now,
        };
        let count = count.min(FREE_FAILURES + STEPS);
        self.failed.put(source, Failures { count, silent_until }, now);
    }
}

impl Failures {
    /// Failures not forgotten yet.
    fn left(&self, last: Micros, now: Micros) -> u32 {
        let passed = now.0.saturating_sub(last.0) / Micros(0).after(FORGOTTEN_AFTER).0;
        self.count.saturating_sub(u32::try_from(passed).unwrap_or(u32::MAX))
    }
}

fn source(flow: &Flow, known: bool) -> Source {
    let address = match flow.peer.ip().to_canonical() {
        IpAddr::V4(ip) => IpAddr::V4(ip),
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from(u128::from(ip) >> 64 << 64)),
    };
    (address, if known { flow.peer.port() } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(peer: &str) -> Flow {
        Flow::udp(peer.parse().unwrap())
    }
    const fn at(seconds: u64) -> Micros {
        Micros(seconds * 1_000_000)
    }
    fn silent_until(throttle: &Throttle, flow: &Flow) -> Micros {
        throttle.failed.get(&source(flow, false)).unwrap().1.silent_until
    }

    #[test]
    fn a_source_that_fails_again_and_again_is_heard_ever_more_rarely() {
        let mut throttle = Throttle::new();
        let eve = flow("192.0.2.66:5060");
        for _ in 0..FREE_FAILURES {
            throttle.failed(&eve, false, at(100));
            assert!(!throttle.is_silent(&eve, false, at(100)));
        }
        let mut now = at(100);
        let silences = [1, 2, 4, 8, 16, 32, 64].map(|expected| {
            throttle.failed(&eve, false, now);
            let until = silent_until(&throttle, &eve);
            assert!(throttle.is_silent(&eve, false, Micros(until.0 - 1)));
            assert!(!throttle.is_silent(&eve, false, until));
            let silence = (until.0 - now.0) / 1_000_000;
            now = Micros(now.0 + 1); // she does not wait
            silence == expected
        });
        assert_eq!(silences, [true; 7]);
        throttle.failed(&eve, false, now);
        assert_eq!(silent_until(&throttle, &eve), now.after(LONGEST_SILENCE));
    }

    #[test]
    fn who_waits_for_each_answer_gets_one_guess_in_ten_seconds() {
        let mut throttle = Throttle::new();
        let eve = flow("192.0.2.66:5060");
        let (mut guesses, mut now) = (0_u32, at(0));
        while now < at(86_400) {
            if !throttle.is_silent(&eve, false, now) {
                throttle.failed(&eve, false, now);
                guesses += 1;
            }
            now = Micros(now.0 + 100_000);
        }
        assert!((1_000..=8_700).contains(&guesses), "{guesses} guesses a day");
    }

    #[test]
    fn a_phone_with_an_old_password_does_not_silence_its_office() {
        let mut throttle = Throttle::new();
        let office = flow("192.0.2.7:5060");
        for attempt in 0..1_000 {
            throttle.failed(&office, false, at(attempt * 30));
            assert!(!throttle.is_silent(&office, false, at(attempt * 30)));
        }
    }

    #[test]
    fn a_registered_phone_is_judged_by_its_own_flow() {
        let mut throttle = Throttle::new();
        let (eve, phone) = (flow("192.0.2.7:6666"), flow("192.0.2.7:5060"));
        (0..100).for_each(|_| throttle.failed(&eve, false, at(1)));
        assert!(throttle.is_silent(&phone, false, at(1)) && !throttle.is_silent(&phone, true, at(1)));
        (0..100).for_each(|_| throttle.failed(&phone, true, at(1)));
        assert!(throttle.is_silent(&phone, true, at(1)));
    }

    #[test]
    fn as_many_sources_are_remembered_as_there_is_room_for() {
        let mut throttle = Throttle::new();
        for n in 0..10_000_u32 {
            let peer = std::net::SocketAddr::from((n.to_be_bytes(), 5060));
            throttle.failed(&Flow::udp(peer), false, at(u64::from(n)));
        }
        assert_eq!(throttle.failed.len(), SOURCES);
        let six = [flow("[2001:db8::1]:1"), flow("[2001:db8::2]:2")].map(|flow| source(&flow, false));
        assert_eq!(six[0], six[1], "a /64 is one source");
    }
}
