//! What the outside should do: orders for the edges, and facts for the folds.
//!
//! Nothing here is stored: applying the log again gives the same effects, muted in recovery.

mod fact;
mod transfer;
mod verdict;

pub use fact::{AgentSpan, CallRecord, Fact, FlowOut, VisitOutcome, VisitRecord};
pub use transfer::{Destination, TransferOutcome, TransferRecord};
pub use verdict::{CommandError, Taken, Verdict};

use crate::{
    AgentNo, AgentState, CallId, OfferId, QueueNo, RefuseReason, Timestamp, Treatment, event::Wish,
    plan::Answer,
};
use std::time::Duration;

/// Orders and facts, each in the order in which they came about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effects {
    /// For the edges.
    pub orders: Vec<Order>,
    /// For records, metrics and reports.
    pub facts: Vec<Fact>,
}

/// An order for an edge.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// SIP: what the caller hears while waiting. Sent once a visit really has to wait.
    Treat {
        /// Which call.
        call: CallId,
        /// In which queue, which may have music of its own.
        queue: QueueNo,
        /// How.
        treatment: Treatment,
    },
    /// SIP: INVITE the agent's phone.
    RingPhone {
        /// Which offer.
        offer: OfferId,
        /// Whose phone.
        agent: AgentNo,
        /// Of which queue.
        queue: QueueNo,
        /// She has accepted at the desk already: ask the phone to answer by itself.
        auto_answer: bool,
        /// The phone that is to be joined to it instead of the caller: its agent asks about hers.
        by: Option<OfferId>,
    },
    /// SIP: tell the phone that its REFER is taken up: the caller is ours from here on.
    AcceptRefer {
        /// The accepted offer.
        offer: OfferId,
    },
    /// SIP: INVITE the outside number that the call is transferred to.
    CallOut {
        /// The new leg.
        offer: OfferId,
        /// Name of the rule that allows it.
        rule: String,
        /// The phone that is to be joined to it instead of the caller: its agent asks about hers.
        by: Option<OfferId>,
    },
    /// SIP: INVITE the customer who is to be called back, with the description of the phone of an agent, who hears
    /// ringing meanwhile.
    CallBack {
        /// The new leg.
        offer: OfferId,
        /// Her phone, which has answered.
        by: OfferId,
        /// For which queue.
        queue: QueueNo,
    },
    /// SIP: the customer has answered; agent and customer hear each other, and the customer's leg is the caller's from
    /// here on.
    JoinCustomer {
        /// The accepted offer.
        offer: OfferId,
        /// The customer's leg.
        leg: OfferId,
    },
    /// SIP: end the phone's leg, whatever it is in: CANCEL while it rings, ACK and BYE after a late 2xx, BYE after.
    DropPhone {
        /// Which offer.
        offer: OfferId,
        /// Why, for the `Reason` header.
        why: DropReason,
    },
    /// SIP: caller and agent hear each other.
    Connect {
        /// The accepted offer.
        offer: OfferId,
    },
    /// SIP: an agent and the one she asks hear each other, while her caller is on hold.
    ConnectConsult {
        /// The leg to the one who is asked.
        offer: OfferId,
        /// Her phone.
        by: OfferId,
    },
    /// SIP: the caller and the one who was asked hear each other.
    PutThrough {
        /// The leg to the one who was asked.
        offer: OfferId,
    },
    /// SIP: ask the phone to put its caller on hold.
    HoldPhone {
        /// The accepted offer.
        offer: OfferId,
    },
    /// SIP: the caller on hold hears music.
    Hold {
        /// The accepted offer.
        offer: OfferId,
        /// Of which queue, for its music.
        queue: QueueNo,
    },
    /// SIP: ask the phone to take its caller back.
    Retrieve {
        /// The accepted offer.
        offer: OfferId,
    },
    /// SIP: send the caller away: final response before a 2xx, BYE after.
    EndCaller {
        /// Which call.
        call: CallId,
        /// Why.
        why: EndReason,
    },
    /// Desk: an offer to show, with the card.
    OfferCall {
        /// Which offer.
        offer: OfferId,
        /// To whom.
        agent: AgentNo,
        /// From which queue.
        queue: QueueNo,
        /// How long the call has waited.
        waited: Duration,
        /// When it will be taken away.
        expires: Timestamp,
        /// 1 (low) to 10 (high).
        priority: u8,
        /// Where she accepts.
        answer: Answer,
        /// Who gave the caller away before, or asks about the caller.
        given_by: Option<AgentNo>,
        /// She is asked about the caller, and not to take the call yet.
        consult: bool,
        /// There is no caller: when she has taken it, the customer is called.
        callback: bool,
    },
    /// Desk: the offer is gone.
    WithdrawOffer {
        /// Which offer.
        offer: OfferId,
        /// From whom.
        agent: AgentNo,
        /// Why; `Accepted` when another agent has the call.
        cause: OfferOutcome,
    },
    /// Desk: an agent's call changed: connected, or ended.
    CallMoved {
        /// Which call.
        call: CallId,
        /// Whose.
        agent: AgentNo,
        /// Where it is now.
        to: CallMove,
    },
    /// Desk: what she asked for came to nothing.
    AskedInVain {
        /// Which call.
        call: CallId,
        /// Whose.
        agent: AgentNo,
        /// What.
        what: PhoneTask,
        /// SIP status of her phone's or the caller's answer.
        status: u16,
    },
    /// Desk and floor: an agent is in another state.
    AgentMoved {
        /// Who.
        agent: AgentNo,
        /// From.
        from: AgentState,
        /// To.
        to: AgentState,
        /// What brought it about.
        cause: AgentCause,
    },
    /// Desk: a supervisor has set an agent's state.
    StateForced {
        /// Whose.
        agent: AgentNo,
        /// Which.
        wish: Wish,
        /// Who.
        by: String,
        /// Whether it comes about only after the call that occupies her.
        pending: bool,
    },
    /// Desk: an agent's wrap-up lasts longer.
    WrapUpExtended {
        /// Whose.
        agent: AgentNo,
        /// When it ends by itself now.
        ends: Timestamp,
        /// Until when she may make it last.
        latest: Timestamp,
    },
    /// Every edge: forget this call.
    CallOver {
        /// Which call.
        call: CallId,
    },
}

/// Where an agent's call went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallMove {
    /// She and the caller are connected.
    Connected,
    /// The caller is on hold.
    Held,
    /// She and the caller hear each other again.
    Retrieved,
    /// She and another are to talk about the caller, who is on hold.
    Consulting {
        /// Whether they do: until then a phone rings.
        answered: bool,
        /// Who the other is; none outside.
        with: Option<AgentNo>,
    },
    /// She had been asked about the caller, and that is over.
    ConsultOver,
    /// The phone answered but the caller could not be joined; the call waits again.
    BackToQueue,
    /// She has given the caller away.
    Transferred,
    /// Her phone has answered, and the customer's rings.
    Dialling,
    /// The customer was not reached; she has the call no more.
    NotReached,
    /// The conversation is over.
    Ended {
        /// Who ended it.
        by: EndedBy,
    },
}

/// What a desk can ask of a phone in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhoneTask {
    /// To put the caller on hold.
    Hold,
    /// To take the caller back.
    Retrieve,
    /// To ask somebody about the caller.
    Consult,
}

/// Who ended a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedBy {
    /// The caller.
    Caller,
    /// The agent.
    Agent,
    /// A restart or a fault of ours.
    System,
}

/// What moved an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentCause {
    /// Her own wish.
    Agent,
    /// A supervisor.
    Supervisor,
    /// The course of a call, or a timer.
    System,
    /// She did not answer.
    Rona,
    /// Her last desktop went away, or came back in time.
    Disconnect,
}

/// Why a phone's leg is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropReason {
    /// The caller has gone.
    CallerGone,
    /// It rang too long.
    RungOut,
    /// She declined at the desk.
    Declined,
    /// She hung up at the desk.
    AgentHungUp,
    /// The offer does not stand any more (a late answer).
    Stale,
    /// Another agent has the call.
    TakenElsewhere,
    /// The caller could not be joined.
    BridgeFailed,
    /// She has given the caller away.
    Transferred,
    /// She is not asked any more.
    ConsultOver,
    /// The customer who was to be called back was not reached, or the agent did not wait.
    NotReached,
}

/// Why a caller is sent away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// The agent ended the conversation.
    AgentHungUp,
    /// Refused by rule.
    Refused(RefuseReason),
    /// The place is kept, and the caller is called back.
    CalledBack,
}

/// How an offer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OfferOutcome {
    /// The phone answered.
    Accepted,
    /// RONA.
    NoAnswer,
    /// She or her phone refused.
    Rejected,
    /// The phone could not be reached, or the caller not be joined.
    Failed,
    /// The caller left, or another agent has the call.
    Withdrawn,
    /// The router started again while the phone rang; the caller waits again.
    Restart,
    /// The phone answered, and the customer who was to be called back was not reached.
    NotReached,
}

impl OfferOutcome {
    /// The name in metrics, records and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::NoAnswer => "no_answer",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
            Self::Withdrawn => "withdrawn",
            Self::Restart => "restart",
            Self::NotReached => "not_reached",
        }
    }
}
