//! Whether what is told of a decision is true: held against the slow matcher and what the operator wrote.

use super::check::{able_at, able_idle, by_turn, may_take, needs_at, ok, plan_of, rank};
use crate::{
    Acd, AgentNo, AgentState, Call, Decision, QueueNo, Requirement, Timestamp,
    call::CallState,
    explain::{Against, Candidate, Choice, Limits, Precedence, Reason, Score, Stands},
    routing::Sequence,
};
use std::{cmp::Ordering, collections::BTreeSet};

/// Nothing is left out.
const ALL: Limits = Limits { moments: usize::MAX, agents: usize::MAX };

/// Whether the reasons that are given for an offer are those it was made for.
///
/// # Errors
/// What is told and not so.
pub fn check_explained(acd: &Acd, decision: &Decision, now: Timestamp) -> Result<(), String> {
    let Decision::Offer { offer, agent } = decision else { return Ok(()) };
    let call = acd.call(offer.call).ok_or_else(|| format!("{offer} is of no call"))?;
    let choice = acd.choice(*offer, *agent, now, ALL).ok_or_else(|| format!("{offer} is not explained"))?;
    check_candidates(acd, call, *agent, &choice, now)?;
    check_barred(acd, call, &choice)?;
    check_before(acd, call, *agent, &choice)
}

/// Whether every ready agent has a true reason for not having each call that waits.
///
/// # Errors
/// Who has none, or one that is not so.
pub fn check_waiting(acd: &Acd) -> Result<(), String> {
    let ready: Vec<AgentNo> = acd.agents().map(|(no, _)| no).filter(|no| acd.is_ready(*no)).collect();
    for call in acd.calls().filter(|call| matches!(call.state(), CallState::Queued)) {
        for no in &ready {
            let against = acd.against(call, *no);
            ok(!against.is_empty(), || format!("nothing keeps {} from {no:?}", call.id()))?;
            against.iter().try_for_each(|against| check_against(acd, call, *no, against))?;
        }
    }
    Ok(())
}

fn check_candidates(
    acd: &Acd,
    call: &Call,
    agent: AgentNo,
    choice: &Choice,
    now: Timestamp,
) -> Result<(), String> {
    let no = call.visit().map_or(QueueNo(0), |visit| visit.queue);
    let queue = acd.queue_plan(no).ok_or_else(|| format!("{} is in no queue", call.id()))?;
    let needs = call.visit().and_then(|visit| needs_at(acd, visit.queue, visit.step, call));
    let needs = needs.unwrap_or(Requirement::anybody());
    ok(choice.needs == needs.to_string(), || format!("told to need {}, and needs {needs}", choice.needs))?;
    let mut able: Vec<AgentNo> = able_idle(acd, call).collect();
    able.sort_by(|a, b| by_turn(acd, (queue, no, &needs), *a, *b, now));
    let ids: Vec<&str> = able.iter().map(|no| acd.directory().agent_id(*no)).collect();
    let told: Vec<&str> = choice.candidates.iter().map(|candidate| candidate.agent.as_str()).collect();
    ok(ids == told && choice.more_candidates == 0, || format!("told {told:?}, and it is {ids:?}"))?;
    let Some((first, others)) = choice.candidates.split_first() else {
        return Err(format!("{} has no candidate", call.id()));
    };
    let gets = first.behind.is_none() && first.agent == acd.directory().agent_id(agent);
    ok(gets, || format!("{first:?} should have got {}", call.id()))?;
    others.iter().try_for_each(|other| check_behind(acd, first, other))
}

fn check_behind(acd: &Acd, first: &Candidate, other: &Candidate) -> Result<(), String> {
    let no = |of: &Candidate| acd.directory().agent_no(&of.agent);
    let (scores, idling) = (by_score(&first.score, &other.score), first.since.cmp(&other.since));
    let so = match other.behind {
        Some(Reason::Score) => scores != Ordering::Greater && first.score != Score::LongestIdle,
        Some(Reason::LongerIdle) => scores == Ordering::Equal && idling == Ordering::Less,
        Some(Reason::KnownFirst) => {
            scores == Ordering::Equal && idling == Ordering::Equal && no(first) < no(other)
        }
        Some(_) | None => false,
    };
    ok(so, || format!("{first:?} does not come before {other:?} by that"))
}

/// Which score comes first. Equal ones may differ in what is not shown of them.
fn by_score(first: &Score, other: &Score) -> Ordering {
    match (first, other) {
        (Score::LeastOccupied { occupied_permille: a }, Score::LeastOccupied { occupied_permille: b }) => {
            a.cmp(b)
        }
        (Score::FewestCalls { calls: a }, Score::FewestCalls { calls: b }) => a.cmp(b),
        (Score::MostSkilled { proficiency: a }, Score::MostSkilled { proficiency: b }) => b.cmp(a),
        (Score::LeastSkilled { proficiency: a }, Score::LeastSkilled { proficiency: b }) => a.cmp(b),
        (Score::RoundRobin { offered_at: a }, Score::RoundRobin { offered_at: b }) => a.cmp(b),
        (Score::TopDown { place: a }, Score::TopDown { place: b }) => a.cmp(b),
        (Score::Weighted { calls: a, weight: v }, Score::Weighted { calls: b, weight: w }) => {
            (u64::from(*a) * u64::from(*w)).cmp(&(u64::from(*b) * u64::from(*v)))
        }
        (Score::Fastest { expected_ms: a }, Score::Fastest { expected_ms: b }) => a.cmp(b),
        (Score::LongestIdle, Score::LongestIdle) => Ordering::Equal,
        _of_two_strategies => Ordering::Greater,
    }
}

fn check_barred(acd: &Acd, call: &Call, choice: &Choice) -> Result<(), String> {
    let barred = &choice.staff.barred;
    let told: BTreeSet<&str> = barred.iter().map(|barred| barred.agent.as_str()).collect();
    let candidates = choice.candidates.iter().map(|candidate| candidate.agent.as_str());
    let all: BTreeSet<&str> = told.iter().copied().chain(candidates).collect();
    let ready = acd.agents().map(|(no, _)| no).filter(|no| acd.is_ready(*no));
    let ready: BTreeSet<&str> = ready.map(|no| acd.directory().agent_id(no)).collect();
    ok(all == ready, || format!("{ready:?} are ready, and told are {all:?}"))?;
    for one in barred {
        let no = acd.directory().agent_no(&one.agent).ok_or_else(|| format!("nobody is {}", one.agent))?;
        ok(!one.against.is_empty(), || format!("nothing keeps {} from {}", call.id(), one.agent))?;
        one.against.iter().try_for_each(|against| check_against(acd, call, no, against))?;
    }
    Ok(())
}

/// Whether a reason is so.
fn check_against(acd: &Acd, call: &Call, no: AgentNo, against: &Against) -> Result<(), String> {
    let Some(agent) = acd.agent(no) else { return Err(format!("{no:?} is nobody")) };
    let so = match against {
        Against::Retired => plan_of(acd, no).is_none(),
        Against::NotReady { state, .. } => {
            *state == agent.state().as_str() && !matches!(agent.state(), AgentState::Ready { .. })
        }
        Against::Rests { until } => agent.rests_until() == Some(*until) && by_rest(acd, no, *until),
        Against::Occupied { until } => agent.rests_until() == Some(*until) && !by_rest(acd, no, *until),
        Against::LacksSkill { .. } => !able_at(acd, no, call),
        Against::Excluded { until } => call.excluded().contains(&(no, *until)),
        Against::KeptFor { agent, until } => call.preference().is_some_and(|wish| {
            wish.agent != no && wish.until == *until && acd.directory().agent_id(wish.agent) == agent
        }),
    };
    ok(so, || format!("{no:?} is told not to have {} by {against:?}", call.id()))
}

/// Whether it is the rest after a call that ends then.
fn by_rest(acd: &Acd, no: AgentNo, until: Timestamp) -> bool {
    let rest = plan_of(acd, no).and_then(|plan| plan.rest).unwrap_or(acd.plan().routing.rest);
    let ended = acd.agent(no).and_then(|agent| agent.work_ended);
    ended.is_some_and(|ended| ended + rest >= until)
}

fn check_before(acd: &Acd, call: &Call, agent: AgentNo, choice: &Choice) -> Result<(), String> {
    let waits = |other: &&Call| matches!(other.state(), CallState::Queued) && other.id() != call.id();
    let open: Vec<&Call> = acd.calls().filter(waits).filter(|other| may_take(acd, agent, other)).collect();
    let next = open.iter().min_by_key(|other| rank(acd, other)).map(|other| other.id());
    let told = choice.before.as_ref().map(|before| before.other.call);
    ok(told == next && choice.other_calls == open.len(), || {
        format!("behind {} is told {told:?} of {}, and it is {next:?}", call.id(), choice.other_calls)
    })?;
    choice.before.as_ref().map_or(Ok(()), |before| check_precedence(acd, before))
}

fn check_precedence(acd: &Acd, told: &Precedence) -> Result<(), String> {
    let (Some(first), Some(other)) = (acd.call(told.first.call), acd.call(told.other.call)) else {
        return Err(format!("{told:?} is of calls that are not there"));
    };
    ok(stands(first, &told.first) && stands(other, &told.other), || {
        format!("{told:?} is not where they stand")
    })?;
    ok(rank(acd, first) < rank(acd, other), || format!("{told:?} is the wrong way round"))?;
    let routing = &acd.plan().routing;
    let alike = first.priority() == other.priority();
    let promise =
        |of: &Call| of.visit().and_then(|visit| acd.queue_plan(visit.queue)).map(|plan| plan.answer_within);
    let later = first.ranked_from() < other.ranked_from();
    let so = match told.reason {
        Reason::Priority => routing.ageing.is_none() && first.priority() > other.priority(),
        Reason::Ageing => routing.ageing.is_some() && !alike,
        Reason::Objective => {
            alike && routing.order == Sequence::ServiceObjective && promise(first) != promise(other)
        }
        Reason::WaitedLonger => alike && later && first.arrived() <= other.ranked_from(),
        Reason::KeptPlace => alike && later && first.ranked_from() < first.arrived(),
        Reason::SameInstant => told.first.ranked_at == told.other.ranked_at && first.id() < other.id(),
        Reason::Retired
        | Reason::NotReady
        | Reason::Rests
        | Reason::Occupied
        | Reason::LacksSkill
        | Reason::Excluded
        | Reason::KeptFor
        | Reason::Score
        | Reason::LongerIdle
        | Reason::KnownFirst
        | Reason::GivenByName => false,
    };
    ok(so, || format!("{told:?} is not so"))
}

fn stands(call: &Call, told: &Stands) -> bool {
    (told.priority, told.since, told.arrived_at) == (call.priority(), call.ranked_from(), call.arrived())
}
