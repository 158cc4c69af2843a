//! Rules that change while calls run.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use acd::{
    AgentState, Event, Plan, VisitOutcome,
    effect::FlowOut,
    sim::{Floor, a_queue, an_agent},
};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

fn change(floor: &mut Floor, change: impl FnOnce(&mut Plan)) {
    let mut plan = floor.acd().plan().clone();
    change(&mut plan);
    floor.must(Event::PlanSigned { by: "api: night".to_owned() });
    floor.must(Event::PlanChanged { plan: Box::new(plan) });
}

#[test]
fn a_caller_keeps_the_wait_that_was_promised_at_the_entry_and_the_next_one_has_the_new_one() {
    let mut queue = a_queue("billing");
    queue.max_wait = 5 * MINUTE;
    let mut floor = Floor::with(vec![queue], Vec::new());
    let first = floor.call("billing");
    change(&mut floor, |plan| plan.queues[0].max_wait = MINUTE);
    let second = floor.call("billing");
    floor.pass(MINUTE + Duration::from_secs(1));
    assert_eq!(floor.record(second).unwrap().outcome, VisitOutcome::FlowOut(FlowOut::Refused));
    assert!(floor.record(first).is_none(), "the first waits on");
    floor.pass(4 * MINUTE);
    assert!(floor.record(first).is_some());
    floor.prove_replay();
}

#[test]
fn an_agent_who_is_retired_finishes_her_call_and_is_logged_out_then() {
    let mut floor = Floor::with(vec![a_queue("billing")], vec![an_agent("ann", &[]), an_agent("ben", &[])]);
    let (ann, ben) = (floor.ready("ann"), floor.ready("ben"));
    let call = floor.call("billing");
    floor.answer(call);
    let [talks, idle] =
        if matches!(floor.state(ann), Some(AgentState::Talking { .. })) { [ann, ben] } else { [ben, ann] };
    change(&mut floor, |plan| plan.agents.clear());
    assert!(matches!(floor.state(talks), Some(AgentState::Talking { .. })));
    assert_eq!(floor.state(idle), Some(&AgentState::LoggedOut), "who is free goes at once");
    floor.hang_up(call);
    floor.pass(10 * MINUTE); // her wrap-up is hers, too
    assert_eq!(floor.state(talks), Some(&AgentState::LoggedOut));
    assert_eq!(floor.record(call).unwrap().outcome, VisitOutcome::Answered);
    floor.prove_replay();
}

#[test]
fn a_sign_in_that_crosses_a_retirement_leaves_her_logged_out() {
    let mut floor = Floor::with(vec![a_queue("billing")], vec![an_agent("ann", &[])]);
    let ann = floor.agent("ann");
    change(&mut floor, |plan| plan.agents.clear());
    floor.must(Event::DeskSignedIn { agent: ann });
    assert_eq!(floor.state(ann), Some(&AgentState::LoggedOut));
}

#[test]
fn a_caller_who_waits_is_offered_to_whoever_learns_the_skill() {
    let mut queue = a_queue("billing");
    queue.needs = "billing".parse().unwrap();
    let mut floor = Floor::with(vec![queue], vec![an_agent("ann", &[])]);
    let ann = floor.ready("ann");
    let call = floor.call("billing");
    assert_eq!(floor.offered_to(call), None);
    change(&mut floor, |plan| plan.agents[0].skills = [("billing".to_owned(), 3)].into());
    assert_eq!(floor.offered_to(call), Some(ann));
}

#[test]
fn a_queue_that_is_taken_out_serves_those_who_wait_in_it() {
    let mut floor = Floor::with(vec![a_queue("billing"), a_queue("sales")], vec![an_agent("ann", &[])]);
    let call = floor.call("sales");
    change(&mut floor, |plan| {
        plan.queues.retain(|queue| queue.name == "billing");
        plan.entries.retain(|entry| entry.queue == "billing");
    });
    let ann = floor.ready("ann");
    assert_eq!(floor.offered_to(call), Some(ann));
}

#[test]
fn who_signed_a_change_changes_nothing_itself() {
    let mut floor = Floor::with(vec![a_queue("billing")], vec![an_agent("ann", &[])]);
    floor.ready("ann");
    let before = floor.acd().clone();
    floor.must(Event::PlanSigned { by: "SIGHUP".to_owned() });
    let agents = |acd: &acd::Acd| acd.agents().map(|(no, agent)| (no, agent.clone())).collect::<Vec<_>>();
    assert_eq!((agents(floor.acd()), floor.acd().plan()), (agents(&before), before.plan()));
    assert_eq!(floor.acd().entries(), before.entries() + 1);
}
