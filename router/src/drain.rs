//! Draining: new calls are refused with 503, everything else is served; callers who wait may be sent away as well.
//!
//! Switched by SIGTERM and the operator's HTTP, read by the brain once a turn. A restart ends it.

use config::Waiting;
use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

const OFF: u8 = 0;
const KEEP: u8 = 1;
const END: u8 = 2;

/// Whether it is on; clones are the same switch.
#[derive(Clone, Debug, Default)]
pub struct Drain(Arc<AtomicU8>);

impl Drain {
    /// Whether new calls are refused.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.waiting().is_some()
    }
    /// What becomes of callers who wait while new calls are refused; none when they are taken.
    #[must_use]
    pub fn waiting(&self) -> Option<Waiting> {
        match self.0.load(Ordering::Relaxed) {
            OFF => None,
            END => Some(Waiting::End),
            _ => Some(Waiting::Keep),
        }
    }
    /// New calls are refused from now on, and this becomes of callers who wait.
    pub fn begin(&self, waiting: Waiting) {
        let on = match waiting {
            Waiting::Keep => KEEP,
            Waiting::End => END,
        };
        self.0.store(on, Ordering::Relaxed);
    }
    /// New calls are taken again.
    pub fn end(&self) {
        self.0.store(OFF, Ordering::Relaxed);
    }
}
