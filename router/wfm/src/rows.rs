//! What is counted: visits to queues, offers to agents, and agents' time.

use crate::Micros;

/// One visit of a call to a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    /// The call, as a number.
    pub call: u128,
    /// The how-manieth visit of the call.
    pub number: u32,
    /// Place of the queue in the caller's list.
    pub queue: usize,
    /// When it entered.
    pub entered: Micros,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Not answered yet.
    Waiting,
    /// An agent's phone answered.
    Answered {
        /// When.
        at: Micros,
        /// Place of the agent in the caller's list.
        agent: usize,
        /// The finished work; none while it goes on, or when a restart cut it off.
        work: Option<Work>,
    },
    /// The caller left before.
    Abandoned {
        /// When.
        at: Micros,
    },
    /// It left by rule.
    FlowOut {
        /// When.
        at: Micros,
    },
    /// A restart or a fault ended it before an answer.
    Lost {
        /// When.
        at: Micros,
    },
}

/// A call's finished work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// Conversation without hold.
    pub talk: Micros,
    /// On hold.
    pub hold: Micros,
    /// After-call work.
    pub wrap_up: Micros,
    /// When the last of it ended.
    pub done: Micros,
}

impl Visit {
    /// When it stopped waiting.
    #[must_use]
    pub const fn exit(&self) -> Option<Micros> {
        match self.fate {
            Fate::Waiting => None,
            Fate::Answered { at, .. } | Fate::Abandoned { at } | Fate::FlowOut { at } | Fate::Lost { at } => {
                Some(at)
            }
        }
    }
    /// From the entry to the end of the waiting; zero for an exit before the entry, which only a damaged source has.
    #[must_use]
    pub fn wait(&self) -> Option<Micros> {
        Some((self.exit()? - self.entered).max(0))
    }
}

/// One offer that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The call, as a number.
    pub call: u128,
    /// During which visit.
    pub visit: u32,
    /// In which queue.
    pub queue: usize,
    /// To whom.
    pub agent: usize,
    /// When it ended.
    pub ended: Micros,
    /// How.
    pub outcome: OfferEnd,
}

/// How an offer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfferEnd {
    /// The phone answered.
    Accepted,
    /// RONA.
    NoAnswer,
    /// She or her phone refused.
    Rejected,
    /// The phone could not be reached.
    Failed,
    /// The caller left, or the router started again: nothing she did.
    Withdrawn,
}

/// Time an agent spent in one state. A span that goes on ends with the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Who.
    pub agent: usize,
    /// In which state.
    pub state: State,
    /// Of which queue the call was, where there was one.
    pub queue: Option<usize>,
    /// From when.
    pub from: Micros,
    /// To when.
    pub to: Micros,
}

/// What an agent does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not at work.
    LoggedOut,
    /// At work, not for calls.
    NotReady,
    /// Waiting for a call.
    Ready,
    /// A call is on offer to her.
    Reserved,
    /// In conversation.
    Talking,
    /// Her caller is on hold.
    Held,
    /// A colleague asks her about a caller.
    Consulting,
    /// After-call work.
    WrapUp,
}

/// Everything a report is made of.
///
/// Rows may reach beyond the report's range; whatever touches it must be there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// Visits.
    pub visits: Vec<Visit>,
    /// Offers.
    pub offers: Vec<Offer>,
    /// Agents' time.
    pub spans: Vec<Span>,
}
