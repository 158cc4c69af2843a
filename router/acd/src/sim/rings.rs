//! What must hold where several phones ring for one call, told from outside.

use super::check::ok;
use crate::{
    Acd, Agent, AgentState, Call, Effects, Fact, NotReadyReason, OfferId, OfferOutcome, Order, Timestamp,
    agent::AUTO_ANSWER,
    call::{CallState, Ring, Stage},
    plan::Strategy,
};
use std::time::Duration;

/// Whether a call waits for an agent: nobody has it on offer, or one phone more may ring for it.
pub(super) fn wants_agent(acd: &Acd, call: &Call) -> bool {
    let rings = call.rings().count();
    let given = call.transfer().is_some();
    let taken = call.rings().any(|ring| ring.stage == Stage::AutoAnswer);
    let beside = rings > 0 && !given && !taken && rings < phones_for(acd, call);
    matches!(call.state(), CallState::Queued) || beside
}

/// How many phones may ring for a call at once.
fn phones_for(acd: &Acd, call: &Call) -> usize {
    let Some(visit) = call.visit() else { return 1 };
    let Some(plan) = acd.queue_plan(visit.queue) else { return 1 };
    match (plan.strategy, visit.phones) {
        (Strategy::RingAll | Strategy::Progressive, Some(0)) => 0,
        (Strategy::RingAll, _) => usize::from(plan.ring_most),
        (Strategy::Progressive, phones) => usize::from(phones.unwrap_or(1).min(plan.ring_most)),
        _ => 1,
    }
}

/// Several phones ring only for a call that is on offer, oldest first, and hers who took it at her desk rings alone.
pub(super) fn check_rings(acd: &Acd, call: &Call) -> Result<(), String> {
    let rings: Vec<Ring> = call.rings().collect();
    let offered = matches!(call.state(), CallState::Offered { .. });
    ok(offered != rings.is_empty(), || format!("{} is {:?}, and {rings:?} ring", call.id(), call.state()))?;
    let sorted = rings.is_sorted_by(|one, other| one.offer.attempt < other.offer.attempt);
    ok(sorted, || format!("{} rings in no order: {rings:?}", call.id()))?;
    let taken = rings.iter().any(|ring| ring.stage == Stage::AutoAnswer);
    ok(!taken || rings.len() == 1, || format!("{} was taken, and {rings:?} ring", call.id()))?;
    for ring in &rings {
        let state = acd.agent(ring.agent).map(Agent::state);
        let hers = matches!(state, Some(AgentState::Reserved { offer, .. }) if *offer == ring.offer);
        ok(hers, || format!("{ring:?}, but she is {state:?}"))?;
    }
    Ok(())
}

/// When an offer made at `at` has to have ended: when her phone has rung for so long, and has had its time to answer by
/// itself after she took it.
pub(super) fn ends(acd: &Acd, offer: OfferId, at: Timestamp) -> Timestamp {
    let queue = acd.call(offer.call).and_then(Call::visit).and_then(|visit| acd.queue_plan(visit.queue));
    at + queue.map_or(Duration::ZERO, |plan| plan.ring) + AUTO_ANSWER
}

/// Whom an offer is taken from through no doing of hers is as she was, or as she has asked to be.
pub(super) fn check_withdrawn(effects: &Effects) -> Result<(), String> {
    let withdrawn = |of: &OfferId| {
        let is = |fact: &Fact| matches!(fact, Fact::OfferEnded { offer, outcome: OfferOutcome::Withdrawn, .. } if offer == of);
        effects.facts.iter().any(is)
    };
    for order in &effects.orders {
        let Order::AgentMoved { agent, from: AgentState::Reserved { offer, ready_since, .. }, to, .. } =
            order
        else {
            continue;
        };
        let blamed = |reason: &NotReadyReason| {
            matches!(reason, NotReadyReason::Rona | NotReadyReason::Rejected | NotReadyReason::PhoneFailed)
        };
        let wrong = match to {
            AgentState::Ready { since } => since != ready_since,
            AgentState::NotReady {
                reason: NotReadyReason::PhoneUnreachable { ready_since: since }, ..
            } => since != ready_since,
            AgentState::LoggedOut
            | AgentState::NotReady { .. }
            | AgentState::Reserved { .. }
            | AgentState::Talking { .. }
            | AgentState::WrapUp { .. } => to.reason().is_some_and(blamed),
        };
        ok(!(wrong && withdrawn(offer)), || format!("{offer} was withdrawn from {agent:?}, who is {to:?}"))?;
    }
    Ok(())
}
