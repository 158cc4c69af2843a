//! The brain: decides which agent takes which call.
//!
//! Pure: no clock, no socket, no task, no lock. The caller passes the time in and carries the returned [`Effects`]
//! out. The same events in the same order give the same effects and the same state.
//!
//! It knows no SIP, no desktop protocol and no storage.

/// Whether a bug is put in here, for the tests of the simulation.
macro_rules! bug {
    ($name:ident) => {{
        #[cfg(feature = "mutants")]
        {
            crate::mutant::is_on(crate::mutant::Mutant::$name)
        }
        #[cfg(not(feature = "mutants"))]
        {
            false
        }
    }};
}

mod absent;
pub mod agent;
pub mod bars;
mod brain;
pub mod call;
pub mod callback;
pub mod callers;
mod carry;
pub mod consult;
mod crowd;
pub mod day;
mod deadlines;
mod decide;
pub mod effect;
mod end;
pub mod event;
mod examine;
pub mod expect;
pub mod explain;
mod hold;
pub mod hours;
mod ids;
mod index;
pub mod limits;
mod more_time;

#[cfg(feature = "mutants")]
pub mod mutant;
mod occur;
mod outside;
pub mod pace;
pub mod plan;
mod prefer;
mod rank;
mod reachable;
mod rest;
mod returned;
pub mod routing;
mod rules;
mod several;
#[cfg(feature = "sim")]
pub mod sim;
pub mod skill;
pub mod snapshot;
mod staff;
mod steps;
pub mod target;
pub mod time;
mod transfer;
mod turn;
mod upheaval;
mod wish;

pub use agent::{AgentState, NotReadyReason};
pub use brain::{Acd, Difference, Handled};
pub use call::Call;
pub use effect::{
    AgentSpan, CallRecord, CommandError, Destination, Effects, Fact, FlowOut, OfferOutcome, Order, Taken,
    TransferOutcome, TransferRecord, Verdict, VisitOutcome, VisitRecord,
};
pub use event::{Decision, Entry, Event, Refusal, RefuseReason, Target, Wish};
pub use ids::{AgentNo, BadCallId, CALL_ID_LEN, CallId, CallerRef, IdMint, OfferId, QueueNo, caller_ref};
pub use plan::{Directory, Plan, Treatment};
pub use skill::Requirement;
pub use snapshot::SnapshotError;
pub use staff::Agent;
pub use time::Timestamp;
