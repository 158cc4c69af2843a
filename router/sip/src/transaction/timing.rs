//! The timer values of RFC 3261 §17 and its table 4.
//!
//! Over a stream nothing is repeated. The waits for repetitions (D, I, J, K) are the same as over UDP: they cost little,
//! and a peer that repeats nevertheless is not taken for a new one.

use crate::{Flow, Micros};
use std::time::Duration;

/// Round-trip time estimate: the first pause before a retransmission.
pub(crate) const T1: Duration = Duration::from_millis(500);
/// Longest pause between retransmissions of a non-INVITE request, or of a response to an INVITE.
pub(crate) const T2: Duration = Duration::from_secs(4);
/// How long a message stays in the network.
pub(crate) const T4: Duration = Duration::from_secs(5);
/// 64 × T1: timers B, F, H, J, L and M, and the patience for an ACK or for the end of a cancelled INVITE.
pub(crate) const LIFE: Duration = Duration::from_secs(32);
/// Timer C: the longest an INVITE rings without news; longer than any sensible `ring`.
pub(crate) const TIMER_C: Duration = Duration::from_secs(180);
/// Timer D: how long a refused INVITE answers retransmissions of the refusal.
pub(crate) const TIMER_D: Duration = Duration::from_secs(32);

/// The end of a wait in which nothing is sent: up to a second later, so that many such ends share one wake-up.
pub(crate) fn about(now: Micros, wait: Duration) -> Micros {
    const SECOND: u64 = 1_000_000;
    Micros(now.after(wait).0.next_multiple_of(SECOND))
}

/// Sends again, at growing pauses, until it is time to give up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retry {
    next: Micros,
    pause: Duration,
    longest: Duration,
    ends: Micros,
}

/// What a [`Retry`] asks for when its time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tick {
    /// Send once more.
    Again,
    /// It has been tried for [`LIFE`].
    GiveUp,
    /// Not yet.
    Wait,
}

impl Retry {
    /// Something was sent `now` and is repeated after T1, 2×T1, … up to pauses of `longest`, for [`LIFE`].
    pub(crate) fn start(now: Micros, longest: Duration) -> Self {
        Self { next: now.after(T1), pause: T1, longest, ends: now.after(LIFE) }
    }
    /// Something was sent `now` over `to`: where it delivers by itself nothing is repeated, only given up.
    pub(crate) fn over(to: Flow, now: Micros, longest: Duration) -> Self {
        let retry = Self::start(now, longest);
        if to.transport.is_reliable() { Self { next: retry.ends, ..retry } } else { retry }
    }
    /// From here on repeat only every T2 (a provisional response came to a non-INVITE request).
    pub(crate) fn slow_down(&mut self) {
        self.pause = T2;
    }
    /// From here on repeat nothing.
    pub(crate) fn hush(&mut self) {
        self.next = self.ends;
    }
    /// When to ask.
    pub(crate) fn due(&self) -> Micros {
        self.next.min(self.ends)
    }
    /// What to do `now`. A late call sends once, not once for every pause that has passed.
    pub(crate) fn tick(&mut self, now: Micros) -> Tick {
        if now >= self.ends {
            return Tick::GiveUp;
        }
        if now < self.next {
            return Tick::Wait;
        }
        self.pause = (self.pause * 2).min(self.longest);
        self.next = now.after(self.pause);
        Tick::Again
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent_at(longest: Duration) -> Vec<u64> {
        let mut retry = Retry::start(Micros(0), longest);
        let mut times = Vec::new();
        loop {
            let now = retry.due();
            match retry.tick(now) {
                Tick::Again => times.push(now.0 / 1_000),
                Tick::GiveUp => {
                    times.push(now.0 / 1_000);
                    return times;
                }
                Tick::Wait => unreachable!("it was due"),
            }
        }
    }

    #[test]
    fn an_invite_is_repeated_at_doubling_pauses_until_timer_b() {
        assert_eq!(sent_at(LIFE), [500, 1_500, 3_500, 7_500, 15_500, 31_500, 32_000]);
    }

    #[test]
    fn other_requests_are_repeated_at_pauses_of_at_most_t2_until_timer_f() {
        assert_eq!(
            sent_at(T2),
            [500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500, 32_000]
        );
    }

    #[test]
    fn quiet_ends_meet_on_whole_seconds() {
        assert_eq!(about(Micros(1), T4), Micros(6_000_000));
        assert_eq!(about(Micros(1_000_000), T4), Micros(6_000_000));
    }
}
