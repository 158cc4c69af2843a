//! The brain's words in the protocol's.

use acd::{
    CallId, CommandError, NotReadyReason, Taken, Timestamp, Verdict, Wish,
    agent::Next as AcdNext,
    effect::{AgentCause, EndedBy as AcdEndedBy, OfferOutcome},
    plan::Answer,
};
use protocol::{
    AgentState, AgentStateNow, AnswerAt, CommandId, ContactId, EndedBy, Fault, Next, Reply, StateCause, Time,
    WishedState, WithdrawCause,
};
use serde_json::json;

pub(crate) fn time(at: Timestamp) -> Time {
    Time(at.micros())
}

pub(crate) fn contact_id(call: CallId) -> ContactId {
    ContactId(call.to_string())
}

pub(crate) const fn answer(answer: Answer) -> AnswerAt {
    match answer {
        Answer::Phone => AnswerAt::Phone,
        Answer::Desk => AnswerAt::Desk,
    }
}

pub(crate) const fn cause(cause: AgentCause) -> StateCause {
    match cause {
        AgentCause::Agent => StateCause::Agent,
        AgentCause::Supervisor => StateCause::Supervisor,
        AgentCause::System => StateCause::System,
        AgentCause::Rona => StateCause::Rona,
        AgentCause::Disconnect => StateCause::Disconnect,
    }
}

pub(crate) const fn ended_by(by: AcdEndedBy) -> EndedBy {
    match by {
        AcdEndedBy::Caller => EndedBy::Caller,
        AcdEndedBy::Agent => EndedBy::Agent,
        AcdEndedBy::System => EndedBy::System,
    }
}

pub(crate) const fn withdrawn(outcome: OfferOutcome) -> WithdrawCause {
    match outcome {
        OfferOutcome::Accepted => WithdrawCause::AnsweredElsewhere,
        OfferOutcome::NoAnswer => WithdrawCause::NoAnswer,
        OfferOutcome::Rejected => WithdrawCause::Declined,
        OfferOutcome::Failed | OfferOutcome::Restart | OfferOutcome::NotReached => WithdrawCause::Failed,
        OfferOutcome::Withdrawn => WithdrawCause::CallerAbandoned,
    }
}

const fn state(state: &acd::AgentState) -> AgentState {
    match state {
        acd::AgentState::LoggedOut => AgentState::LoggedOut,
        acd::AgentState::NotReady { .. } => AgentState::NotReady,
        acd::AgentState::Ready { .. } => AgentState::Ready,
        acd::AgentState::Reserved { .. } => AgentState::Reserved,
        acd::AgentState::Talking { .. } => AgentState::Talking,
        acd::AgentState::WrapUp { .. } => AgentState::WrapUp,
    }
}

/// An agent's state in the protocol's shape.
pub(crate) fn agent_state(of: &acd::AgentState, since: Timestamp, rev: u64) -> AgentStateNow {
    let (until, then) = match of {
        acd::AgentState::WrapUp { ends, then, .. } => (Some(time(*ends)), Some(then)),
        acd::AgentState::Reserved { then, .. } | acd::AgentState::Talking { then, .. } => (None, Some(then)),
        acd::AgentState::NotReady { until, .. } => (until.map(time), None),
        acd::AgentState::LoggedOut | acd::AgentState::Ready { .. } => (None, None),
    };
    AgentStateNow {
        rev,
        state: state(of),
        reason_code: of.reason().map(NotReadyReason::as_str).map(str::to_owned),
        since: time(since),
        until,
        contact_id: of.call().map(contact_id),
        next: then.and_then(asked),
        extendable: is_extendable(of),
        set_by: None,
    }
}

/// Whether she may ask for more time.
fn is_extendable(of: &acd::AgentState) -> bool {
    matches!(of, acd::AgentState::WrapUp { ends, latest: Some(latest), .. } if ends < latest)
}

fn asked(then: &AcdNext) -> Option<Next> {
    match then {
        AcdNext::Ready => None,
        AcdNext::Asked(wish) => Some(next(wish)),
    }
}

/// A wish that waits for the end of a call.
pub(crate) fn next(wish: &Wish) -> Next {
    match wish {
        Wish::Ready => Next { state: WishedState::Ready, reason_code: None },
        Wish::NotReady { reason } => Next { state: WishedState::NotReady, reason_code: Some(reason.clone()) },
        Wish::LoggedOut => Next { state: WishedState::LoggedOut, reason_code: None },
    }
}

/// The brain's verdict on a command as the reply to it.
pub(crate) fn reply(id: CommandId, verdict: Verdict) -> Reply {
    match verdict {
        Ok(taken) => done(id, taken == Taken::Pending),
        Err(error) => refused(id, fault(&error)),
    }
}

/// The reply to a command that was taken.
pub(crate) fn done(id: CommandId, pending: bool) -> Reply {
    Reply { id, ok: true, data: Some(json!({ "pending": pending })), error: None }
}

/// The reply to a command that was not taken.
pub(crate) fn refused(id: CommandId, fault: Fault) -> Reply {
    Reply { id, ok: false, data: None, error: Some(fault) }
}

fn fault(error: &CommandError) -> Fault {
    Fault { code: error.code().into(), message: error.to_string(), retryable: false }
}
