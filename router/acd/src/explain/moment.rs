//! What there is to tell of a call: each moment of it, and what each names.

use super::{Barred, Choice, Count, Precedence, Reason};
use crate::{CallId, Timestamp, routing::Attributes};
use serde::Serialize;

/// Something that happened to a call, or kept it waiting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Moment {
    /// The entry of the log.
    pub entry: u64,
    /// Its time.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What happened to a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum What {
    /// It reached an entry.
    Arrived {
        /// What was dialled.
        dialled: String,
        /// What was known of it.
        known: Attributes,
        /// The entry of the log that brought the rules in force; 0 when that is not known.
        rules: u64,
    },
    /// It is a request for a callback, and was asked for.
    Requested {
        /// In which queue.
        queue: String,
        /// The call whose caller pressed the key, and whose place it has; none when it was asked for by API.
        #[serde(skip_serializing_if = "Option::is_none")]
        of: Option<CallId>,
        /// As in [`What::Arrived`].
        rules: u64,
    },
    /// It stays out of line: its customer is not to be called before.
    Postponed {
        /// Until when.
        until: Timestamp,
    },
    /// An agent's phone has answered, and the customer who is called back is dialled.
    Dialled {
        /// Whose phone.
        agent: String,
    },
    /// Its caller was to be called back: it has the place of that request, which has ended.
    PlaceTaken {
        /// Which request.
        of: CallId,
    },
    /// The log is not kept back to its arrival; it is told from here on.
    Known {
        /// The name of its state.
        state: &'static str,
        /// Its queue; empty when it was in none.
        queue: String,
        /// 1 (low) to 10 (high).
        priority: u8,
        /// When it arrived.
        since: Timestamp,
        /// As in [`What::Arrived`].
        rules: u64,
    },
    /// A visit to a queue began.
    Queued {
        /// Which queue.
        queue: String,
        /// The how-manieth visit.
        visit: u32,
        /// 1 (low) to 10 (high).
        priority: u8,
        /// The number of the entry that led there; none when the call came from elsewhere.
        #[serde(skip_serializing_if = "Option::is_none")]
        number: Option<String>,
        /// Since when it stands in line: its arrival, or that of an earlier call whose place it has got back.
        since: Timestamp,
        /// What is needed of an agent.
        needs: String,
        /// Whom alone it waits for.
        #[serde(skip_serializing_if = "Option::is_none")]
        kept_for: Option<String>,
        /// Until when at most.
        #[serde(skip_serializing_if = "Option::is_none")]
        kept_until: Option<Timestamp>,
    },
    /// Other rules came into force.
    NewRules {
        /// The entry of the log that brought them.
        rules: u64,
    },
    /// Somebody gave it another priority.
    Priority {
        /// 1 (low) to 10 (high).
        priority: u8,
        /// Why, by the codes that were given.
        reasons: Vec<String>,
    },
    /// It came to the next step of its queue.
    Relaxed {
        /// Which step.
        step: u8,
        /// What is needed from then on.
        needs: String,
    },
    /// It waits for one agent alone no more.
    KeptNoMore {
        /// For whom it had waited.
        agent: String,
    },
    /// It waited, and nothing that matters to it changed.
    Waited(Waited),
    /// An agent who might have had it was offered another call instead.
    WentFirst {
        /// The agent; of the first time, if there were several.
        agent: String,
        /// The other call, and why it went first; likewise.
        #[serde(flatten)]
        precedence: Precedence,
        /// How many calls went first in a row by that reason.
        times: u32,
        /// When the last of them did.
        until: Timestamp,
    },
    /// It was offered to an agent.
    Offered {
        /// The how-manieth attempt.
        attempt: u32,
        /// In which queue.
        queue: String,
        /// To whom.
        agent: String,
        /// Why to her.
        #[serde(flatten)]
        choice: Box<Choice>,
    },
    /// It was offered to the agent whom a colleague had named.
    Given {
        /// The how-manieth attempt.
        attempt: u32,
        /// Where it waits if she does not take it.
        queue: String,
        /// To whom.
        agent: String,
        /// By whom.
        by: String,
    },
    /// An offer ended.
    OfferEnded {
        /// To whom it was.
        agent: String,
        /// How.
        outcome: &'static str,
    },
    /// An agent's phone answered.
    Answered {
        /// Who.
        agent: String,
        /// In which queue.
        queue: String,
        /// From the beginning of the visit, in milliseconds.
        waited_ms: u64,
    },
    /// The caller could not be joined to the phone that had answered.
    AnswerUndone {
        /// Whose.
        agent: String,
    },
    /// The agent who had it asked somebody about it.
    Consulted {
        /// A colleague's id, or the rule that allows a number outside.
        about: String,
    },
    /// It was put through to a number outside.
    CalledOut {
        /// The rule that allows it.
        rule: String,
    },
    /// It is known what came of its being given away.
    Transferred {
        /// By whom.
        by: String,
        /// `queue`, `agent` or `outside`.
        kind: &'static str,
        /// Which queue, whom, or by which rule.
        target: String,
        /// What came of it.
        outcome: &'static str,
    },
    /// It left a queue, and went on.
    LeftQueue {
        /// Which queue.
        queue: String,
        /// By which rule.
        reason: &'static str,
        /// How long it had waited there, in milliseconds.
        waited_ms: u64,
    },
    /// It ended.
    Ended {
        /// How.
        outcome: &'static str,
        /// By which rule; empty where the outcome says it all.
        reason: &'static str,
        /// The agent who had it last.
        #[serde(skip_serializing_if = "Option::is_none")]
        agent: Option<String>,
        /// Offers made in all.
        offers: u32,
    },
}

/// Why a call was not offered to anybody for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waited {
    /// Until when; none when it still waited at the end of the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The step it was at.
    pub step: u8,
    /// What was needed.
    pub needs: String,
    /// Agents who were ready and whose skills sufficed, and what kept them from it all the same.
    pub barred: Vec<Barred>,
    /// How many of them are not in that list.
    pub more_barred: usize,
    /// Agents who were ready at some time of it and whose skills did not suffice.
    pub unskilled: Vec<String>,
    /// How many of them are not in that list.
    pub more_unskilled: usize,
    /// Agents whose skills sufficed and who were not ready, when it began: how many in which state.
    pub away: Vec<Count>,
}

impl Moment {
    /// Every reason it names.
    #[must_use]
    pub fn reasons(&self) -> Vec<Reason> {
        let of = |barred: &[Barred]| -> Vec<Reason> {
            barred.iter().flat_map(|barred| &barred.against).map(super::Against::reason).collect()
        };
        match &self.what {
            What::Waited(waited) => {
                let lacks = (!waited.unskilled.is_empty()).then_some(Reason::LacksSkill);
                let away = (!waited.away.is_empty()).then_some(Reason::NotReady);
                of(&waited.barred).into_iter().chain(lacks).chain(away).collect()
            }
            What::WentFirst { precedence, .. } => vec![precedence.reason],
            What::Offered { choice, .. } => {
                let behind = choice.candidates.iter().filter_map(|candidate| candidate.behind);
                let before = choice.before.iter().map(|before| before.reason);
                of(&choice.staff.barred).into_iter().chain(behind).chain(before).collect()
            }
            What::Given { .. } => vec![Reason::GivenByName],
            What::Arrived { .. }
            | What::Requested { .. }
            | What::Postponed { .. }
            | What::Dialled { .. }
            | What::PlaceTaken { .. }
            | What::Known { .. }
            | What::Queued { .. }
            | What::NewRules { .. }
            | What::Priority { .. }
            | What::Relaxed { .. }
            | What::KeptNoMore { .. }
            | What::OfferEnded { .. }
            | What::Answered { .. }
            | What::AnswerUndone { .. }
            | What::Consulted { .. }
            | What::CalledOut { .. }
            | What::Transferred { .. }
            | What::LeftQueue { .. }
            | What::Ended { .. } => Vec::new(),
        }
    }
}
