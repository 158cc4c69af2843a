//! Queues that not everybody may wait in, and entries that are not always open.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use acd::{
    Acd, CallId, Decision, Event, Order, Plan, QueueNo, RefuseReason, Target, VisitOutcome, Wish,
    call::CallState,
    effect::{EndReason, FlowOut},
    limits::Limits,
    plan::{EntryHours, EntryPlan, QueuePlan, Then},
    routing::StepPlan,
    sim::{Floor, a_queue, an_agent},
};
use std::time::Duration;

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn to(queue: &str) -> Then {
    Then::Queue(queue.to_owned())
}

/// A queue that asks for the skill of its name.
fn skilled(name: &str, limits: Limits) -> QueuePlan {
    QueuePlan { needs: name.parse().unwrap(), limits, ..a_queue(name) }
}

fn at_most(max_waiting: u32, full: Then) -> Limits {
    Limits { max_waiting: Some(max_waiting), full, unstaffed: None }
}

fn if_unstaffed(then: Then) -> Limits {
    Limits { unstaffed: Some(then), ..Limits::default() }
}

fn queue_of(floor: &Floor, call: CallId) -> Option<&str> {
    let queue = floor.acd().call(call)?.visit()?.queue;
    Some(floor.acd().directory().queue_name(queue))
}

/// By which rules its visits have left, as far as they have.
fn left(floor: &Floor, call: CallId) -> Vec<FlowOut> {
    let visits = floor.visits(call);
    let out = visits.iter().filter_map(|visit| {
        let VisitOutcome::FlowOut(out) = visit.outcome else { return None };
        Some(out)
    });
    out.collect()
}

fn was_told(floor: &Floor, call: CallId) -> Option<EndReason> {
    floor.orders.iter().find_map(|order| {
        let Order::EndCaller { call: of, why } = order else { return None };
        (*of == call).then_some(*why)
    })
}

fn sign_out(floor: &mut Floor, id: &str) {
    let agent = floor.agent(id);
    floor.must(Event::StateAsked { agent, wish: Wish::LoggedOut });
}

#[test]
fn one_too_many_is_sent_away_at_once_and_counts_as_offered() {
    let queue = skilled("billing", at_most(2, Then::Refuse));
    let mut floor = Floor::with(vec![queue], vec![an_agent("ann", &[])]);
    let waiting = [floor.call("billing"), floor.call("billing")];
    let third = floor.call("billing");
    assert_eq!(was_told(&floor, third), Some(EndReason::Refused(RefuseReason::Full)));
    assert_eq!(left(&floor, third), [FlowOut::Full]);
    assert_eq!(floor.record(third).unwrap().outcome.reason(), "full");
    floor.hang_up(waiting[0]);
    let fourth = floor.call("billing");
    assert_eq!(queue_of(&floor, fourth), Some("billing"));
    floor.prove_replay();
}

#[test]
fn who_is_served_at_once_takes_nobodys_place() {
    let queue = skilled("billing", at_most(0, Then::Refuse));
    let mut floor = Floor::with(vec![queue], vec![an_agent("ann", &[("billing", 5)])]);
    let ann = floor.ready("ann");
    let first = floor.call("billing");
    assert_eq!(floor.offered_to(first), Some(ann));
    let second = floor.call("billing");
    assert_eq!(left(&floor, second), [FlowOut::Full]);
    // Whom she does not take has a place already.
    floor.pass(s(15));
    assert!(matches!(floor.acd().call(first).unwrap().state(), CallState::Queued));
}

#[test]
fn a_full_queue_sends_on_and_the_place_goes_along() {
    let queues = vec![skilled("billing", at_most(1, to("rest"))), skilled("rest", at_most(1, to("billing")))];
    let mut floor = Floor::with(queues, vec![an_agent("ann", &[("rest", 5)])]);
    let first = floor.call("billing");
    floor.pass(s(1));
    let second = floor.call("billing");
    floor.pass(s(1));
    assert_eq!((queue_of(&floor, first), queue_of(&floor, second)), (Some("billing"), Some("rest")));
    let third = floor.call("rest");
    assert_eq!(left(&floor, third), [FlowOut::Full, FlowOut::Full], "both are full, and it goes round once");
    let arrived = floor.acd().call(second).unwrap().arrived();
    assert_eq!(floor.acd().call(second).unwrap().ranked_from(), arrived);
    let ann = floor.ready("ann");
    assert_eq!(floor.offered_to(second), Some(ann));
    floor.prove_replay();
}

#[test]
fn three_full_queues_in_a_circle_end_with_one_who_is_sent_away() {
    let queues = vec![
        skilled("a", at_most(0, to("b"))),
        skilled("b", at_most(0, to("c"))),
        skilled("c", at_most(0, to("a"))),
    ];
    let mut floor = Floor::with(queues, vec![an_agent("ann", &[])]);
    let call = floor.call("b");
    assert_eq!(left(&floor, call), [FlowOut::Full; 3]);
    assert_eq!(was_told(&floor, call), Some(EndReason::Refused(RefuseReason::Full)));
    let decided = &floor.log.last().unwrap().decisions;
    let diverted = decided.iter().filter(|one| matches!(one, Decision::Divert { .. })).count();
    assert_eq!(diverted, 2);
}

#[test]
fn whoever_has_waited_too_long_is_not_taken_back_to_where_it_came_from() {
    let billing = QueuePlan { max_wait: s(30), then: to("rest"), ..skilled("billing", Limits::default()) };
    let queues = vec![billing, skilled("rest", at_most(0, to("billing")))];
    let mut floor = Floor::with(queues, vec![an_agent("ann", &[])]);
    let call = floor.call("billing");
    floor.pass(s(30));
    assert_eq!(left(&floor, call), [FlowOut::Overflow, FlowOut::Full]);
}

#[test]
fn a_call_that_an_agent_gives_away_is_let_in_though_the_queue_is_full() {
    let queues = vec![skilled("billing", Limits::default()), skilled("rest", at_most(0, Then::Refuse))];
    let mut floor = Floor::with(queues, vec![an_agent("ann", &[("billing", 5)])]);
    let agent = floor.ready("ann");
    let call = floor.call("billing");
    floor.answer(call);
    floor.must(Event::TransferAsked { agent, call, to: Target::Queue { queue: QueueNo(1) } });
    assert_eq!(queue_of(&floor, call), Some("rest"));
}

#[test]
fn nobody_waits_where_nobody_is_signed_in() {
    let queues = vec![skilled("billing", if_unstaffed(to("night"))), skilled("night", Limits::default())];
    let mut floor = Floor::with(queues, vec![an_agent("ann", &[("billing", 5)])]);
    let early = floor.call("billing");
    assert_eq!((left(&floor, early), queue_of(&floor, early)), (vec![FlowOut::Unstaffed], Some("night")));
    let agent = floor.ready("ann");
    floor.must(Event::StateAsked { agent, wish: Wish::NotReady { reason: "lunch".to_owned() } });
    let second = floor.call("billing");
    let third = floor.call("billing");
    assert_eq!(queue_of(&floor, second), Some("billing"), "she is at work, if not ready");
    sign_out(&mut floor, "ann");
    assert_eq!(left(&floor, second), [FlowOut::Unstaffed]);
    assert_eq!(queue_of(&floor, third), Some("night"));
    floor.prove_replay();
}

#[test]
fn a_desktop_that_is_lost_does_not_empty_the_queue() {
    let queue = skilled("billing", if_unstaffed(Then::Refuse));
    let mut floor = Floor::with(vec![queue], vec![an_agent("ann", &[("billing", 5)])]);
    let agent = floor.ready("ann");
    floor.must(Event::StateAsked { agent, wish: Wish::NotReady { reason: "lunch".to_owned() } });
    let call = floor.call("billing");
    floor.must(Event::DeskLost { agent });
    floor.must(Event::Returned { gone: Vec::new(), silent: Vec::new() });
    assert_eq!(queue_of(&floor, call), Some("billing"));
}

#[test]
fn who_may_take_it_at_a_later_step_is_somebody_to_wait_for() {
    let steps = vec![StepPlan { after: s(20), needs: "sales".parse().unwrap() }];
    let queue = QueuePlan { steps, ..skilled("billing", if_unstaffed(Then::Refuse)) };
    let mut floor = Floor::with(vec![queue], vec![an_agent("ben", &[("sales", 1)])]);
    let ben = floor.ready("ben");
    let call = floor.call("billing");
    floor.pass(s(20));
    assert_eq!(floor.offered_to(call), Some(ben));
}

#[test]
fn the_last_one_who_does_not_answer_and_leaves_takes_the_hope_with_her() {
    let queue = skilled("billing", if_unstaffed(Then::Refuse));
    let mut floor = Floor::with(vec![queue], vec![an_agent("ann", &[("billing", 5)])]);
    let _ann = floor.ready("ann");
    let call = floor.call("billing");
    sign_out(&mut floor, "ann"); // when the offer is over
    assert!(was_told(&floor, call).is_none());
    floor.pass(s(15));
    assert_eq!(was_told(&floor, call), Some(EndReason::Refused(RefuseReason::Unstaffed)));
}

#[test]
fn new_rules_count_for_those_who_wait() {
    let agents = vec![an_agent("ann", &[])];
    let mut floor = Floor::with(vec![skilled("billing", Limits::default())], agents.clone());
    let call = floor.call("billing");
    let queues = vec![skilled("billing", if_unstaffed(Then::Refuse))];
    let plan = Plan { queues, agents, ..floor.acd().plan().clone() };
    floor.must(Event::PlanChanged { plan: Box::new(plan) });
    assert_eq!(left(&floor, call), [FlowOut::Unstaffed]);
}

/// An entry that is open at office hours.
fn by_day(closed: Then) -> Plan {
    let hours = Some(EntryHours { name: "office".to_owned(), closed });
    let entry = EntryPlan { number: "1500".to_owned(), queue: "billing".to_owned(), priority: 7, hours };
    let queues = vec![a_queue("billing"), a_queue("night")];
    Plan { queues, entries: vec![entry], agents: vec![an_agent("ann", &[])], ..Plan::default() }
}

fn turn(floor: &mut Floor, open: bool) {
    floor.must(Event::HoursTurned { hours: "office".to_owned(), open });
}

#[test]
fn a_closed_entry_sends_away_and_who_waits_waits_on() {
    let mut floor = Floor::new(by_day(Then::Refuse));
    let day = floor.call("1500");
    turn(&mut floor, false);
    let night = floor.call("1500");
    assert_eq!(was_told(&floor, night), Some(EndReason::Refused(RefuseReason::Closed)));
    let record = floor.record(night).unwrap();
    assert_eq!(
        (record.outcome, record.queue, record.visits),
        (VisitOutcome::FlowOut(FlowOut::Closed), None, 0)
    );
    assert_eq!(queue_of(&floor, day), Some("billing"));
    turn(&mut floor, true);
    let again = floor.call("1500");
    assert_eq!(queue_of(&floor, again), Some("billing"));
    floor.prove_replay();
}

#[test]
fn a_closed_entry_leads_to_another_queue_and_a_snapshot_remembers_it() {
    let mut floor = Floor::new(by_day(to("night")));
    turn(&mut floor, false);
    floor.take_snapshot();
    floor.take_snapshot();
    let call = floor.call("1500");
    assert_eq!(queue_of(&floor, call), Some("night"));
    assert_eq!((floor.acd().call(call).unwrap().priority(), left(&floor, call).len()), (7, 0));
}

#[test]
fn hours_that_no_entry_goes_by_are_forgotten() {
    let mut floor = Floor::new(by_day(Then::Refuse));
    turn(&mut floor, false);
    let mut plan = by_day(Then::Refuse);
    plan.entries[0].hours = None;
    floor.must(Event::PlanChanged { plan: Box::new(plan) });
    assert!(floor.acd().is_open("office"));
    let hash = floor.acd().state_hash().unwrap();
    let restored = Acd::restore(&floor.acd().snapshot().unwrap()).unwrap();
    assert_eq!(restored.state_hash().unwrap(), hash);
}
