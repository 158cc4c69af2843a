//! Where calls are, as far as phones can do something about it.

use crate::call::{Call, CallState, Stage};
use crate::consult::ConsultStage;
use crate::{Acd, AgentNo, CallId};

/// Whether a call is in the midst of something rare and short.
pub(super) fn is_fleeting(call: &Call) -> bool {
    let in_a_moment = match call.state() {
        CallState::Offered { stage, .. } => matches!(stage, Stage::AutoAnswer | Stage::Card { .. }),
        CallState::Outside { .. } | CallState::Dialling { .. } => true,
        CallState::Arrived | CallState::Queued | CallState::Later { .. } | CallState::Connected { .. } => {
            false
        }
    };
    let several = call.rings().nth(1).is_some();
    in_a_moment || several || call.transfer().is_some() || call.consult().is_some()
}

/// Whether an agent is to accept the call at her desk.
pub(super) fn is_asked_at_desk(acd: &Acd, call: CallId, agent: AgentNo) -> bool {
    let ring = acd.call(call).and_then(|call| call.ring_at(agent));
    ring.is_some_and(|ring| ring.stage == Stage::Desk)
}

pub(super) fn is_talking(call: &Call) -> bool {
    matches!(call.consult().map(|consult| consult.stage), Some(ConsultStage::Talking { .. }))
}
