//! What is on record: visits, calls, agents' time.

use super::{Destination, OfferOutcome, TransferRecord};
use crate::{AgentNo, CallId, CallerRef, NotReadyReason, OfferId, QueueNo, Timestamp};
use std::time::Duration;

/// Something for the record. Times are the log's; durations follow from them.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// A visit began.
    QueueEntered {
        /// Which call.
        call: CallId,
        /// The how-manieth visit of the call, from 1.
        visit: u32,
        /// Which queue.
        queue: QueueNo,
    },
    /// An offer ended.
    OfferEnded {
        /// Which offer.
        offer: OfferId,
        /// To whom.
        agent: AgentNo,
        /// In which queue.
        queue: QueueNo,
        /// How.
        outcome: OfferOutcome,
    },
    /// A caller was put through to an agent who had been asked: to her that is an offer.
    PutThrough {
        /// Her leg.
        offer: OfferId,
        /// Who was asked.
        agent: AgentNo,
        /// Since when.
        since: Timestamp,
    },
    /// A phone's 2xx: the visit is answered.
    Answered {
        /// Which call.
        call: CallId,
        /// In which queue.
        queue: QueueNo,
        /// By whom.
        agent: AgentNo,
        /// From entry to the 2xx.
        waited: Duration,
    },
    /// A caller was put on hold.
    Held {
        /// Which call.
        call: CallId,
        /// In which queue.
        queue: QueueNo,
        /// By whom.
        agent: AgentNo,
    },
    /// A hold ended: the agent took the caller back, or the conversation was over.
    HoldEnded {
        /// Which call.
        call: CallId,
        /// In which queue.
        queue: QueueNo,
        /// Whose.
        agent: AgentNo,
        /// How long it was.
        hold: Duration,
    },
    /// An answer came to nothing: the caller could not be joined to the phone, and the visit goes on.
    AnswerUndone {
        /// The accepted offer.
        offer: OfferId,
        /// Who had answered.
        agent: AgentNo,
        /// In which queue.
        queue: QueueNo,
    },
    /// It is known what came of a transfer.
    TransferEnded(TransferRecord),
    /// A visit ended, and everything about it but the wrap-up is known.
    QueueLeft(VisitRecord),
    /// The call ended.
    CallEnded(CallRecord),
    /// The wrap-up after a visit ended.
    WrappedUp {
        /// Which call.
        call: CallId,
        /// Which visit of it.
        visit: u32,
        /// In which queue.
        queue: QueueNo,
        /// Whose.
        agent: AgentNo,
        /// How long.
        wrap_up: Duration,
        /// The disposition she chose.
        disposition: Option<String>,
    },
    /// An agent left a state.
    AgentSpan(AgentSpan),
}

/// One visit of a call to a queue: one row of `queue_entries`.
#[derive(Clone, Debug, PartialEq)]
pub struct VisitRecord {
    /// Which call.
    pub call: CallId,
    /// The how-manieth visit, from 1.
    pub visit: u32,
    /// Which queue.
    pub queue: QueueNo,
    /// When it entered.
    pub entered: Timestamp,
    /// The phone's 2xx, if one came.
    pub answered: Option<Timestamp>,
    /// When the visit was over: answered visits end with the conversation.
    pub left: Timestamp,
    /// How it ended.
    pub outcome: VisitOutcome,
    /// Who answered.
    pub agent: Option<AgentNo>,
    /// How long the accepted offer rang; zero otherwise.
    pub ring: Duration,
    /// Time on hold.
    pub hold: Duration,
    /// Whether wrap-up follows, so that [`Fact::WrappedUp`] is still to come.
    pub wrap_up_follows: bool,
}

impl VisitRecord {
    /// From entry to the answer, or to the end of an unanswered visit.
    #[must_use]
    pub fn wait(&self) -> Duration {
        self.answered.unwrap_or(self.left).since(self.entered)
    }
    /// The conversation without hold.
    #[must_use]
    pub fn talk(&self) -> Duration {
        self.answered.map_or(Duration::ZERO, |at| self.left.since(at).saturating_sub(self.hold))
    }
}

/// How a visit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum VisitOutcome {
    /// An agent's phone answered.
    Answered,
    /// The caller left.
    Abandoned,
    /// It left by rule.
    FlowOut(FlowOut),
    /// A restart ended it.
    LostRestart,
    /// An agent's phone answered, and she gave the caller away.
    Transferred(Destination),
}

impl VisitOutcome {
    /// The name in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Abandoned => "abandoned",
            Self::FlowOut(_) => "flow_out",
            Self::LostRestart => "lost_restart",
            Self::Transferred(_) => "transferred",
        }
    }
    /// Whether an agent worked on it.
    #[must_use]
    pub const fn is_handled(self) -> bool {
        match self {
            Self::Answered | Self::Transferred(_) => true,
            Self::Abandoned | Self::FlowOut(_) | Self::LostRestart => false,
        }
    }
    /// The reason in records; empty where the outcome says it all.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::FlowOut(FlowOut::Overflow) => "overflow",
            Self::FlowOut(FlowOut::Refused) => "max_wait",
            Self::FlowOut(FlowOut::Drained) => "drained",
            Self::FlowOut(FlowOut::Callback) => "callback",
            Self::FlowOut(FlowOut::NotReached) => "not_reached",
            Self::FlowOut(FlowOut::Expired) => "expired",
            Self::FlowOut(FlowOut::CalledAgain) => "called_again",
            Self::FlowOut(FlowOut::Withdrawn) => "withdrawn",
            Self::FlowOut(FlowOut::Full) => "full",
            Self::FlowOut(FlowOut::Unstaffed) => "unstaffed",
            Self::FlowOut(FlowOut::Closed) => "closed",
            Self::Transferred(to) => to.as_str(),
            Self::Answered | Self::Abandoned | Self::LostRestart => "",
        }
    }
}

/// By which rule a visit left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FlowOut {
    /// On to another queue.
    Overflow,
    /// Sent away after `max_wait`.
    Refused,
    /// Sent away because the process was about to end.
    Drained,
    /// The caller keeps the place, and is called back.
    Callback,
    /// The customer who was to be called back was not reached.
    NotReached,
    /// A request for a callback has stood for too long.
    Expired,
    /// The customer who was to be called back has called, and the new call has the place.
    CalledAgain,
    /// A request for a callback was taken back.
    Withdrawn,
    /// Sent on or away because as many waited as may.
    Full,
    /// Sent on or away because nobody was signed in who may take it.
    Unstaffed,
    /// Sent away because its entry was outside its hours.
    Closed,
}

/// One call: one row of `calls`.
#[derive(Clone, Debug, PartialEq)]
pub struct CallRecord {
    /// Its id.
    pub call: CallId,
    /// What was dialled.
    pub dialled: String,
    /// Who, as a reference.
    pub caller: Option<CallerRef>,
    /// When it reached the entry.
    pub arrived: Timestamp,
    /// The first 2xx of an agent's phone, if an agent took it.
    pub answered: Option<Timestamp>,
    /// When it ended.
    pub ended: Timestamp,
    /// Conversations with agents without hold, from the first to the last.
    pub talk: Duration,
    /// Time on hold in them.
    pub hold: Duration,
    /// How it ended; refused calls that entered no queue are `FlowOut(Refused)` or `FlowOut(Closed)`, those that were last with a number
    /// outside are `Transferred`.
    pub outcome: VisitOutcome,
    /// The last queue; none when no queue was reached.
    pub queue: Option<QueueNo>,
    /// The last agent who answered.
    pub agent: Option<AgentNo>,
    /// Visits to queues.
    pub visits: u32,
    /// Offers made.
    pub offers: u32,
    /// 1 (low) to 10 (high).
    pub priority: u8,
}

/// Time an agent spent in one state: one row of `agent_states`. Her talking is cut by the holds in it.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentSpan {
    /// Who.
    pub agent: AgentNo,
    /// The state's name; `held` while she talks to nobody, her caller being on hold.
    pub state: &'static str,
    /// Why, where the state has a reason.
    pub reason: Option<NotReadyReason>,
    /// From when.
    pub from: Timestamp,
    /// To when.
    pub to: Timestamp,
    /// The call she was reserved for, talking to or wrapping up.
    pub call: Option<CallId>,
    /// The queue of that call.
    pub queue: Option<QueueNo>,
}
