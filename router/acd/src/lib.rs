//! The brain: decides which agent takes which call.
//!
//! Pure: no clock, no socket, no task, no lock. The caller passes the time in and carries the returned [`Effects`]
//! out. The same events in the same order give the same effects and the same state.
//!
//! It knows no SIP, no desktop protocol and no storage.

pub mod agent;
pub mod effect;
pub mod event;
mod ids;
pub mod plan;
pub mod skill;
pub mod time;

pub use agent::{AgentState, NotReadyReason};
pub use effect::{Effects, Fact, Order};
pub use event::{Decision, Entry, Event, RefuseReason, Refusal, Wish};
pub use ids::{AgentNo, BadCallId, CALL_ID_LEN, CallId, CallerRef, IdMint, OfferId, QueueNo, caller_ref};
pub use plan::{Directory, Plan, Treatment};
pub use skill::Requirement;
pub use time::Timestamp;
