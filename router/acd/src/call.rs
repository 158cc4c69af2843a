//! A call inside the brain: where it waits, whose phone it rings, whom it talks to.
//!
//! ```text
//! Arrived ──▶ Queued ◀──▶ Offered ──▶ Connected ──▶ (ended: removed, recorded)
//!               │  ▲ offer failed       │  Open ◀──▶ Held (on which she may consult: see there)
//!               └──┴──── overflow ◀─────┤ caller could not be joined
//!                  ▲                     ▼ transferred: Arrived once more, to a queue or to one agent
//!                  └── came to nothing ── Outside ──▶ (ended)
//! ```
//! A call without a caller, who is to be called back, waits as well, and is Later or Dialling besides: see `callback`.
//! Several phones may ring for it at once: see `several`.

pub use crate::several::Ring;
use crate::{
    AgentNo, CallId, CallerRef, OfferId, QueueNo, Target, Timestamp, callback::Callback, consult::Consult,
    routing::Attributes,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A live call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    pub(crate) id: CallId,
    pub(crate) dialled: String,
    pub(crate) caller: Option<CallerRef>,
    pub(crate) arrived: Timestamp,
    pub(crate) priority: u8,
    /// Visits to queues so far.
    pub(crate) visits: u32,
    /// Offers made so far.
    pub(crate) offers: u32,
    /// Attempts to reach somebody for it so far: offers, and legs to the outside.
    pub(crate) attempts: u32,
    /// The visit going on, once there is one.
    pub(crate) visit: Option<Visit>,
    /// The transfer under way: until its target has the call, or it has come to nothing.
    pub(crate) transfer: Option<Transfer>,
    /// The consultation about it that goes on.
    pub(crate) consult: Option<Consult>,
    /// What agents did with it before they gave it away.
    pub(crate) past: Past,
    pub(crate) state: CallState,
    /// Whether the caller has been given something to hear.
    pub(crate) treated: bool,
    /// Agents who shall not get this call before a certain time, because they did not take it.
    pub(crate) excluded: Vec<(AgentNo, Timestamp)>,
    /// What is known of it, of the attributes in the plan when it came.
    #[serde(default)]
    pub(crate) attributes: Attributes,
    /// Since when it stands in line, if the caller got an earlier place back.
    #[serde(default)]
    pub(crate) place: Option<Timestamp>,
    /// The request that it is or was, if the caller is called back.
    #[serde(default)]
    pub(crate) callback: Option<Box<Callback>>,
    /// Offers that stand beside the one in its state, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) also: Vec<Ring>,
}

/// A stay in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Visit {
    /// Which queue.
    pub queue: QueueNo,
    /// Since when.
    pub entered: Timestamp,
    /// When `max_wait` is over, as promised at entry.
    pub leaves: Timestamp,
    /// Which of the queue's steps holds; 0 is what it needs at first.
    #[serde(default)]
    pub step: u8,
    /// The one agent it waits for.
    #[serde(default)]
    pub prefers: Option<Preference>,
    /// Since when its waiting counts for the steps, if it has waited here before.
    #[serde(default)]
    pub from: Option<Timestamp>,
    /// How many phones may ring at once, as far as that was decided while they did; 0: no more than do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phones: Option<u8>,
}

impl Visit {
    /// Since when its waiting counts for the queue's steps.
    #[must_use]
    pub fn counts_from(&self) -> Timestamp {
        self.from.unwrap_or(self.entered)
    }
}

/// A call waits for one agent alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preference {
    /// Whom.
    pub agent: AgentNo,
    /// Until when; then anybody may have it.
    pub until: Timestamp,
}

/// A transfer under way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transfer {
    /// By whom.
    pub by: AgentNo,
    /// The visit that ended with it.
    pub visit: u32,
    /// From which queue: where the call goes when it comes to nothing.
    pub queue: QueueNo,
    /// To whom.
    pub to: Target,
    /// Since when.
    pub since: Timestamp,
    /// Whether she had asked them before.
    pub consulted: bool,
}

/// Conversations with agents that are over while the call goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Past {
    /// The first agent's answer.
    pub answered: Option<Timestamp>,
    /// The last agent.
    pub agent: Option<AgentNo>,
    /// The last queue.
    pub queue: Option<QueueNo>,
    /// Time without hold.
    pub talk: Duration,
    /// Time on hold.
    pub hold: Duration,
}

/// Where a call is. Each state carries only what is true in that state.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum CallState {
    /// Reached the entry; not routed yet.
    Arrived,
    /// Waits for an agent.
    Queued,
    /// A request for a callback that is out of line for a while.
    Later {
        /// Until when.
        until: Timestamp,
    },
    /// Offered to an agent, and maybe to others beside her.
    Offered {
        /// Which offer.
        offer: OfferId,
        /// To whom.
        agent: AgentNo,
        /// Since when.
        since: Timestamp,
        /// When it is taken away, or when the ring no longer waits for the card.
        due: Timestamp,
        /// What is awaited.
        stage: Stage,
    },
    /// The phone of an agent has answered, and the customer who is called back is called.
    Dialling {
        /// Her offer.
        offer: OfferId,
        /// Whose phone.
        agent: AgentNo,
        /// When the offer was made.
        offered: Timestamp,
        /// Her phone's 2xx.
        answered: Timestamp,
        /// The attempt that the customer's leg is.
        leg: u32,
        /// Until when it may ring.
        due: Timestamp,
    },
    /// Talks to an agent.
    Connected {
        /// The accepted offer.
        offer: OfferId,
        /// With whom.
        agent: AgentNo,
        /// When the offer was made.
        offered: Timestamp,
        /// The phone's 2xx.
        since: Timestamp,
        /// Time in holds that are over.
        held: Duration,
        /// Whether they hear each other.
        line: Line,
    },
    /// Put through to a number outside.
    Outside {
        /// The leg to it.
        offer: OfferId,
        /// When it was called, or has answered.
        since: Timestamp,
        /// How far it is.
        stage: Far,
    },
}

/// How far a call to the outside is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Far {
    /// It is not answered yet.
    Dialling {
        /// Until when it may ring.
        due: Timestamp,
    },
    /// Caller and outside hear each other.
    Talking,
}

/// Whether caller and agent hear each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Line {
    /// They do.
    Open,
    /// The caller is on hold.
    Held {
        /// Since when.
        since: Timestamp,
    },
}

/// What an offer awaits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// The card, before the phone rings.
    Card {
        /// When the offer as a whole is taken away.
        expires: Timestamp,
    },
    /// The phone.
    Ringing,
    /// Her word at the desktop.
    Desk,
    /// The phone, which is to answer by itself.
    AutoAnswer,
}

impl Call {
    pub(crate) fn new(id: CallId, dialled: String, caller: Option<CallerRef>, arrived: Timestamp) -> Self {
        Self {
            id,
            dialled,
            caller,
            arrived,
            priority: 0,
            visits: 0,
            offers: 0,
            attempts: 0,
            visit: None,
            transfer: None,
            consult: None,
            past: Past::default(),
            state: CallState::Arrived,
            treated: false,
            excluded: Vec::new(),
            attributes: Attributes::new(),
            place: None,
            callback: None,
            also: Vec::new(),
        }
    }
    /// Its id.
    #[must_use]
    pub const fn id(&self) -> CallId {
        self.id
    }
    /// What was dialled.
    #[must_use]
    pub fn dialled(&self) -> &str {
        &self.dialled
    }
    /// When it reached the entry.
    #[must_use]
    pub const fn arrived(&self) -> Timestamp {
        self.arrived
    }
    /// 1 (low) to 10 (high).
    #[must_use]
    pub const fn priority(&self) -> u8 {
        self.priority
    }
    /// The visit going on.
    #[must_use]
    pub const fn visit(&self) -> Option<&Visit> {
        self.visit.as_ref()
    }
    /// Where it is.
    #[must_use]
    pub const fn state(&self) -> &CallState {
        &self.state
    }
    /// The agents who shall not get it before a certain time, because they did not take it.
    #[must_use]
    pub fn excluded(&self) -> &[(AgentNo, Timestamp)] {
        &self.excluded
    }
    /// Offers made so far.
    #[must_use]
    pub const fn offers(&self) -> u32 {
        self.offers
    }
    /// The next attempt to reach somebody for it.
    #[must_use]
    pub const fn next_attempt(&self) -> OfferId {
        OfferId { call: self.id, attempt: self.attempts + 1 }
    }
    /// The transfer under way.
    #[must_use]
    pub const fn transfer(&self) -> Option<&Transfer> {
        self.transfer.as_ref()
    }
    /// The consultation about it that goes on.
    #[must_use]
    pub const fn consult(&self) -> Option<&Consult> {
        self.consult.as_ref()
    }
    /// Whether the agent who has it asks somebody about it.
    #[must_use]
    pub fn is_consulted_on(&self) -> bool {
        self.consult.as_ref().is_some_and(Consult::is_live)
    }
    /// The name of its state everywhere outside.
    #[must_use]
    pub fn state_name(&self) -> &'static str {
        if self.is_consulted_on() { "consulting" } else { self.state.as_str() }
    }
    /// Since when it stands in line: its arrival, or an earlier one of a caller who came again. Kept through every failed
    /// offer and every overflow.
    #[must_use]
    pub fn ranked_from(&self) -> Timestamp {
        self.place.unwrap_or(self.arrived)
    }
    /// What is known of it.
    #[must_use]
    pub const fn attributes(&self) -> &Attributes {
        &self.attributes
    }
    /// The one agent it waits for.
    #[must_use]
    pub fn preference(&self) -> Option<Preference> {
        self.visit.and_then(|visit| visit.prefers)
    }
    /// How long this visit has waited.
    #[must_use]
    pub fn waited(&self, now: Timestamp) -> Duration {
        self.visit.map_or(Duration::ZERO, |visit| now.since(visit.entered))
    }
    /// Whether the call may be offered to this agent as far as earlier offers go.
    #[must_use]
    pub fn may_go_to(&self, agent: AgentNo) -> bool {
        !self.excluded.iter().any(|&(excluded, _)| excluded == agent)
    }
    /// The queue in which a caller is not answered yet; one who is called back takes up no room.
    pub(crate) fn waits_in(&self) -> Option<QueueNo> {
        self.visit.filter(|_| self.is_unanswered() && !self.is_request()).map(|visit| visit.queue)
    }
    /// Whether it waits, or is on offer and may wait again.
    pub(crate) const fn is_unanswered(&self) -> bool {
        match self.state {
            CallState::Queued | CallState::Offered { .. } => true,
            CallState::Arrived
            | CallState::Later { .. }
            | CallState::Dialling { .. }
            | CallState::Connected { .. }
            | CallState::Outside { .. } => false,
        }
    }
    /// When something has to be decided if nothing happens before.
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        match (&self.state, &self.visit) {
            (CallState::Queued, Some(visit)) => Some(visit.leaves),
            (CallState::Dialling { due, .. }, _) => Some(*due),
            (CallState::Later { until }, _) => Some(*until),
            (CallState::Offered { .. }, _) => self.first_due().map(|ring| ring.due),
            (CallState::Outside { stage: Far::Dialling { due }, .. }, _) => Some(*due),
            (CallState::Connected { .. }, _) => self.consult.as_ref().and_then(Consult::due),
            (CallState::Queued, None)
            | (CallState::Arrived | CallState::Outside { stage: Far::Talking, .. }, _) => None,
        }
    }
}

impl CallState {
    /// The name everywhere outside.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Arrived | Self::Queued => "queued",
            Self::Later { .. } => "later",
            Self::Offered { .. } => "offered",
            Self::Dialling { .. } => "dialling",
            Self::Connected { line: Line::Open, .. } => "connected",
            Self::Connected { line: Line::Held { .. }, .. } => "held",
            Self::Outside { .. } => "outside",
        }
    }
    /// Whether this agent talks to the caller, or has put it on hold.
    #[must_use]
    pub fn talks_to(&self, of: AgentNo) -> bool {
        matches!(self, Self::Connected { agent, .. } if *agent == of)
    }
    /// The agent it is offered to or talks to; of several the one to whom it has been offered for longest.
    #[must_use]
    pub const fn agent(&self) -> Option<AgentNo> {
        match self {
            Self::Offered { agent, .. } | Self::Dialling { agent, .. } | Self::Connected { agent, .. } => {
                Some(*agent)
            }
            Self::Arrived | Self::Queued | Self::Later { .. } | Self::Outside { .. } => None,
        }
    }
}
