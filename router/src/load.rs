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

/// Since when the brain is behind, if it is, and with whose messages.
#[derive(Clone, Copy, Debug, Default)]
pub struct Load {
    behind_since: Option<Timestamp>,
    ours_since: Option<Timestamp>,
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
        let since = |before: Option<Timestamp>, behind: bool| behind.then(|| before.unwrap_or(now));
        self.behind_since = since(self.behind_since, turn.more);
        self.ours_since = since(self.ours_since, turn.more && turn.strange * 2 <= turn.taken);
    }
    /// Whether something was left by the turn before.
    #[must_use]
    pub const fn is_behind(self) -> bool {
        self.behind_since.is_some()
    }
    /// What is too much at `now`.
    #[must_use]
    pub fn level(self, now: Timestamp) -> Overload {
        let long = |since: Option<Timestamp>| since.is_some_and(|since| now.since(since) >= WATERMARK);
        match () {
            () if long(self.ours_since) => Overload::NewCalls,
            () if long(self.behind_since) => Overload::Strangers,
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
        for ms in [0, 50, 100, 150, 199] {
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
    fn a_flood_of_strangers_is_no_reason_to_refuse_a_call() {
        let mut load = Load::default();
        let at = |ms: u64| Timestamp(ms * 1_000);
        for ms in [0, 200, 400] {
            load.turned(Turn { more: true, taken: 256, strange: 200 }, at(ms));
        }
        assert_eq!(load.level(at(400)), Overload::Strangers);
        for ms in [500, 700] {
            load.turned(Turn { more: true, taken: 256, strange: 100 }, at(ms));
        }
        assert_eq!(load.level(at(700)), Overload::NewCalls);
    }
}
