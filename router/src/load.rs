//! Tells when more comes than is dealt with.
//!
//! The brain takes what has come in batches. Batch after batch that is full means that the rest waits in the kernel; after
//! [`WATERMARK`] of that, new calls are refused, which costs little, until nothing waits any more. A peer sends again
//! after 500 ms, so the refusals begin before answers come too late.

use acd::Timestamp;
use std::time::Duration;

/// How long one may be behind.
pub const WATERMARK: Duration = Duration::from_millis(200);

/// Since when the brain is behind, if it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Load {
    behind_since: Option<Timestamp>,
}

impl Load {
    /// A turn that began at `now` is done; `more`: it did not take everything that had come.
    pub fn turned(&mut self, more: bool, now: Timestamp) {
        self.behind_since = if more { self.behind_since.or(Some(now)) } else { None };
    }
    /// Whether new calls are too much at `now`.
    #[must_use]
    pub fn is_high(self, now: Timestamp) -> bool {
        self.behind_since.is_some_and(|since| now.since(since) >= WATERMARK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_no_overload_and_a_flood_is_until_it_is_dealt_with() {
        let mut load = Load::default();
        let at = |ms: u64| Timestamp(ms * 1_000);
        for ms in [0, 50, 100, 150, 199] {
            load.turned(true, at(ms));
            assert!(!load.is_high(at(ms)));
        }
        assert!(load.is_high(at(200)));
        load.turned(true, at(5_000));
        assert!(load.is_high(at(5_000)));
        load.turned(false, at(5_001));
        load.turned(true, at(5_002));
        assert!(!load.is_high(at(5_002)));
    }
}
