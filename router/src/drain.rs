//! Emergency draining: new calls are refused with 503, everything else is served.
//!
//! Switched by the operator's HTTP, read by the brain once a turn. A restart ends it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Whether it is on; clones are the same switch.
#[derive(Clone, Debug, Default)]
pub struct Drain(Arc<AtomicBool>);

impl Drain {
    /// Whether new calls are refused.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
    /// Switches it.
    pub fn set(&self, on: bool) {
        self.0.store(on, Ordering::Relaxed);
    }
}
