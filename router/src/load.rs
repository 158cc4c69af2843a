//! Tells when more comes than is dealt with.
//!
//! The brain takes what has come in batches. Batch after batch that is full means that the rest waits in the kernel; after
//! [`WATERMARK`] of that, new calls are refused, which costs little, until nothing waits any more. A peer sends again
//! after 500 ms, so the refusals begin before answers come too late.
//!
//! Strangers are the first to get nothing. As long as most of what comes is theirs, a refused caller would make nobody
//! less busy, so that a flood costs no call.

use acd::Timestamp;
use sip::Overload;
use std::time::Duration;

/// How long one may be behind.
pub const WATERMARK: Duration = Duration::from_millis(200);
/// And for how many turns in a row: what has come while the machine gave us no time is dealt with in fewer.
const TURNS: u32 = 8;

/// Since when the brain is behind, if it is, and with whose messages.
#[derive(Clone, Copy, Debug, Default)]
pub struct Load {
    behind: Option<Behind>,
    ours: Option<Behind>,
}

/// Since when, and for how many turns.
#[derive(Clone, Copy, Debug)]
struct Behind {
    since: Timestamp,
    turns: u32,
}

impl Behind {
    /// One turn more, if it is `still` so.
    fn again(before: Option<Self>, still: bool, now: Timestamp) -> Option<Self> {
        let Self { since, turns } = before.unwrap_or(Self { since: now, turns: 0 });
        still.then_some(Self { since, turns: turns.saturating_add(1) })
    }
    fn is_long(self, now: Timestamp) -> bool {
        self.turns >= TURNS && now.since(self.since) >= WATERMARK
    }
}

/// What one turn took of what had come.
#[derive(Clone, Copy, Debug, Default)]
pub struct Turn {
    /// It did not take everything.
    pub more: bool,
    /// Messages taken.
    pub taken: usize,
    /// Those among them of peers we do not know.
    pub strange: usize,
}

impl Load {
    /// A turn that began at `now` is done.
    pub fn turned(&mut self, turn: Turn, now: Timestamp) {
        self.behind = Behind::again(self.behind, turn.more, now);
        self.ours = Behind::again(self.ours, turn.more && turn.strange * 2 <= turn.taken, now);
    }
    /// Whether something was left by the turn before.
    #[must_use]
    pub const fn is_behind(self) -> bool {
        self.behind.is_some()
    }
    /// What is too much at `now`.
    #[must_use]
    pub fn level(self, now: Timestamp) -> Overload {
        let long = |behind: Option<Behind>| behind.is_some_and(|behind| behind.is_long(now));
        match () {
            () if long(self.ours) => Overload::NewCalls,
            () if long(self.behind) => Overload::Strangers,
            () => Overload::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_no_overload_and_a_flood_is_until_it_is_dealt_with() {
        let mut load = Load::default();
        let at = |ms: u64| Timestamp(ms * 1_000);
        let full = Turn { more: true, taken: 256, strange: 0 };
        for ms in [0, 20, 40, 60, 80, 100, 150, 199] {
            load.turned(full, at(ms));
            assert_eq!(load.level(at(ms)), Overload::None);
        }
        assert_eq!(load.level(at(200)), Overload::NewCalls);
        load.turned(full, at(5_000));
        assert_eq!(load.level(at(5_000)), Overload::NewCalls);
        load.turned(Turn::default(), at(5_001));
        load.turned(full, at(5_002));
        assert_eq!(load.level(at(5_002)), Overload::None);
    }

    #[test]
    fn a_machine_that_stood_still_is_no_overload() {
        let mut load = Load::default();
        let at = |ms: u64| Timestamp(ms * 1_000);
        let full = Turn { more: true, taken: 64, strange: 0 };
        for ms in [0, 700, 705, 710, 715] {
            load.turned(full, at(ms));
            assert_eq!(load.level(at(ms)), Overload::None);
        }
    }

    #[test]
    fn a_flood_of_strangers_is_no_reason_to_refuse_a_call() {
        let mut load = Load::default();
        let at = |ms: u64| Timestamp(ms * 1_000);
        for ms in (0..=400).step_by(50) {
            load.turned(Turn { more: true, taken: 256, strange: 200 }, at(ms));
        }
        assert_eq!(load.level(at(400)), Overload::Strangers);
        for ms in (500..=850).step_by(50) {
            load.turned(Turn { more: true, taken: 256, strange: 100 }, at(ms));
        }
        assert_eq!(load.level(at(850)), Overload::NewCalls);
    }
}
