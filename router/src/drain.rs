//! Draining: new calls are refused with 503, everything else is served; callers who wait may be sent away as well.
//!
//! Switched by SIGTERM and the operator's HTTP, read by the brain once a turn. A restart ends it. Once the process ends
//! nobody takes new calls any more, and what an operator has asked for before stands if it is stricter.

use config::Waiting;
use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

const OFF: u8 = 0;
const KEEP: u8 = 1;
const END: u8 = 2;
/// Beside one of them: the process ends.
const LAST: u8 = 4;

/// Whether it is on; clones are the same switch.
#[derive(Clone, Debug, Default)]
pub struct Drain(Arc<AtomicU8>);

/// New calls are not taken again: the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the process ends and takes no new calls; the next one does")]
pub struct Ending;

impl Drain {
    /// Whether new calls are refused.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.waiting().is_some()
    }
    /// What becomes of callers who wait while new calls are refused; none when they are taken.
    #[must_use]
    pub fn waiting(&self) -> Option<Waiting> {
        match self.0.load(Ordering::Relaxed) & !LAST {
            OFF => None,
            END => Some(Waiting::End),
            _ => Some(Waiting::Keep),
        }
    }
    /// New calls are refused from now on, and this becomes of callers who wait.
    pub fn begin(&self, waiting: Waiting) {
        self.change(|before| Some(before & LAST | switched(waiting)));
    }
    /// The process ends: no new calls from now on, and this becomes of callers who wait, or what was asked for before
    /// if that is stricter.
    pub fn begin_last(&self, waiting: Waiting) {
        self.change(|before| Some(LAST | (before & !LAST).max(switched(waiting))));
    }
    /// New calls are taken again.
    ///
    /// # Errors
    /// When the process ends.
    pub fn end(&self) -> Result<(), Ending> {
        if self.change(|before| (before & LAST == 0).then_some(OFF)) { Ok(()) } else { Err(Ending) }
    }
    fn change(&self, to: impl FnMut(u8) -> Option<u8>) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, to).is_ok()
    }
}

/// The stricter one is the greater one.
const fn switched(waiting: Waiting) -> u8 {
    match waiting {
        Waiting::Keep => KEEP,
        Waiting::End => END,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_process_does_not_bring_back_callers_whom_an_operator_sends_away() {
        let drain = Drain::default();
        drain.begin(Waiting::End);
        drain.begin_last(Waiting::Keep);
        assert_eq!(drain.waiting(), Some(Waiting::End));
        let drain = Drain::default();
        drain.begin(Waiting::Keep);
        drain.begin_last(Waiting::End);
        assert_eq!(drain.waiting(), Some(Waiting::End));
    }

    #[test]
    fn a_process_that_ends_takes_no_new_calls_again() {
        let drain = Drain::default();
        drain.begin(Waiting::End);
        assert_eq!((drain.end(), drain.is_on()), (Ok(()), false));
        drain.begin_last(Waiting::Keep);
        assert_eq!((drain.end(), drain.waiting()), (Err(Ending), Some(Waiting::Keep)));
        drain.begin(Waiting::End);
        assert_eq!(
            (drain.end(), drain.waiting()),
            (Err(Ending), Some(Waiting::End)),
            "an operator may still hurry"
        );
    }
}
