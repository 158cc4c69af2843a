//! A simulated floor: the brain under a jumping clock, watched by invariants and by a slow, obvious matcher.
//!
//! [`Floor`] tells single stories; [`shift`] plays random ones from a seed. Both check after every event. [`crate::day`]
//! plays given callers, for theory and for what-if, and checks nothing.

mod callback;
mod check;
mod explained;
mod floor;
mod intents;
mod limits;
mod returned;
mod rings;
mod shadow;
pub mod shift;

pub use crate::day::{self, Random};
pub use check::{Ledger, check_state};
pub use floor::{Floor, a_queue, an_agent};
