//! What to offer a customer next, and what the customer is worth.
//!
//! Decides, from purchase lines, what a customer is [likely to buy next](Model::likely_next), what
//! [fits with](Model::fits_with) what they have, each with its reasons; in which of three classes they stand, and what
//! that means for their calls ([`value`]). [`evaluate`] says how well that would have served.
//!
//! Pure: no clock, no file, no randomness. Lines and days come in as arguments; the same lines give the same answers on
//! every machine. Where lines come from, where a model is kept and how a desk words a reason is left to others.

mod customer;
mod day;
pub mod evaluate;
mod fits;
pub mod lines;
mod model;
mod outcome;
mod purchase;
mod serve;
mod settings;
mod store;
mod suggestion;
pub mod value;

pub use day::{Day, Fading};
pub use model::Model;
pub use outcome::{Acceptance, Outcome, OutcomeError, Outcomes, Rate};
pub use purchase::{Cents, Counts, Kind, NOT_GOODS, Purchase, Rules};
pub use settings::Settings;
pub use store::StoreError;
pub use suggestion::{List, Reason, Suggestion};
