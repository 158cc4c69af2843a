//! The records: what happened, as SQL rows.
//!
//! Carries rows into the store ([`Writer`]) and out of it ([`Reader`]). Which rows there are is decided by the fold
//! in [`crate::follower`]; what they add up to by `wfm`. SQLite; one file; times are microseconds since the epoch,
//! UTC, and the views `v_calls`, `v_queue_entries`, `v_agent_states`, `v_offers`, `v_transfers`, `v_audit` show them as text.

mod audit;
mod reader;
pub mod report;
mod rows;
mod schema;
mod writer;

pub use audit::{AuditFilter, AuditRow};
pub use reader::{CallDetail, CallFilter, CallPage, ReadError, Reader, Snapshot, StoredPlan};
pub use rows::{Batch, CallRow, Name, OfferRow, PlanRow, SpanRow, TransferRow, VisitRow, WrapUpRow};
pub use writer::{Followed, StoreError, Writer};
