//! What is on record of a caller given away.

use super::OfferOutcome;
use crate::{AgentNo, CallId, QueueNo, Target, Timestamp};

/// One transfer, or a consultation that came to none: one row of `transfers`.
#[derive(Clone, Debug, PartialEq)]
pub struct TransferRecord {
    /// Which call.
    pub call: CallId,
    /// The visit that ended with it, or was going on.
    pub visit: u32,
    /// From which queue.
    pub queue: QueueNo,
    /// By whom.
    pub by: AgentNo,
    /// To whom.
    pub to: Target,
    /// When she gave the caller away, or began to ask.
    pub at: Timestamp,
    /// When the agent or the number outside answered.
    pub answered: Option<Timestamp>,
    /// When it was known what came of it; of a conversation with a number outside, its end.
    pub ended: Timestamp,
    /// What came of it.
    pub outcome: TransferOutcome,
    /// SIP status of a phone's or the outside number's refusal.
    pub status: Option<u16>,
    /// Whether she asked them first, the caller being on hold.
    pub consulted: bool,
}

/// What came of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TransferOutcome {
    /// The caller waits in the queue, or talks to the agent or the number outside.
    Completed,
    /// Nobody answered in time; the caller waits in the queue again.
    NoAnswer,
    /// Somebody refused; the caller waits in the queue again.
    Rejected,
    /// The other phone could not be reached or joined; the caller waits in the queue again.
    Failed,
    /// The caller left before.
    Abandoned,
    /// She asked, or began to, and went back to the caller.
    Returned,
    /// A restart came before.
    LostRestart,
}

impl TransferOutcome {
    /// Every outcome.
    pub const ALL: [Self; 7] = [
        Self::Completed,
        Self::NoAnswer,
        Self::Rejected,
        Self::Failed,
        Self::Abandoned,
        Self::Returned,
        Self::LostRestart,
    ];
    /// The name in records and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::NoAnswer => "no_answer",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
            Self::Abandoned => "abandoned",
            Self::Returned => "returned",
            Self::LostRestart => "lost_restart",
        }
    }
}

impl From<OfferOutcome> for TransferOutcome {
    fn from(outcome: OfferOutcome) -> Self {
        match outcome {
            OfferOutcome::Accepted => Self::Completed,
            OfferOutcome::NoAnswer => Self::NoAnswer,
            OfferOutcome::Rejected => Self::Rejected,
            OfferOutcome::Failed | OfferOutcome::Restart | OfferOutcome::NotReached => Self::Failed,
            OfferOutcome::Withdrawn => Self::Abandoned,
        }
    }
}

/// What kind of target a call was given to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Destination {
    /// A queue.
    Queue,
    /// An agent.
    Agent,
    /// A number outside.
    Outside,
}

impl Destination {
    /// The name in records and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Agent => "agent",
            Self::Outside => "outside",
        }
    }
}

impl From<&Target> for Destination {
    fn from(to: &Target) -> Self {
        match to {
            Target::Queue { .. } => Self::Queue,
            Target::Agent { .. } => Self::Agent,
            Target::Outside { .. } => Self::Outside,
        }
    }
}
