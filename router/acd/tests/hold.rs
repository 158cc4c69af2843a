//! Callers on hold, story by story.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use acd::{
    AgentNo, AgentState, CallId, CommandError, Event, Fact, OfferId, Order, QueueNo, Taken,
    effect::{CallMove, PhoneTask, VisitOutcome},
    sim::{Floor, a_queue, an_agent},
};
use std::time::Duration;

const fn seconds(s: u64) -> Duration {
    Duration::from_secs(s)
}

fn two_agents() -> Floor {
    Floor::with(vec![a_queue("billing")], vec![an_agent("ann", &[]), an_agent("ben", &[])])
}

/// Ann talks to a caller.
fn talking(floor: &mut Floor) -> (AgentNo, CallId, OfferId) {
    let ann = floor.ready("ann");
    let call = floor.call("billing");
    floor.answer(call);
    (ann, call, floor.offer(call).unwrap())
}

fn spans(floor: &Floor, agent: AgentNo) -> Vec<(&'static str, u64)> {
    let spans = floor.facts.iter().filter_map(|fact| {
        let Fact::AgentSpan(span) = fact else { return None };
        let counts = span.agent == agent && span.from < span.to;
        counts.then(|| (span.state, span.to.since(span.from).as_secs()))
    });
    spans.collect()
}

#[test]
fn time_on_hold_is_not_talking_time_and_she_is_talking_all_the_same() {
    let mut floor = two_agents();
    let (ann, call, offer) = talking(&mut floor);
    floor.pass(seconds(30));
    floor.orders.clear();
    floor.must(Event::CallHeld { offer });
    let moved = |to| Order::CallMoved { call, agent: ann, to };
    assert_eq!(floor.orders, [Order::Hold { offer, queue: QueueNo(0) }, moved(CallMove::Held)]);
    assert!(matches!(floor.state(ann), Some(AgentState::Talking { .. })));
    floor.pass(seconds(20));
    floor.orders.clear();
    floor.must(Event::CallRetrieved { offer });
    assert_eq!(floor.orders, [moved(CallMove::Retrieved)]);
    floor.pass(seconds(5));
    floor.must(Event::CallHeld { offer });
    floor.pass(seconds(7));
    floor.hang_up(call); // a caller who gives up on hold
    let visit = floor.visits(call)[0];
    assert_eq!((visit.hold, visit.talk()), (seconds(27), seconds(35)));
    assert_eq!(spans(&floor, ann), [("talking", 30), ("held", 20), ("talking", 5), ("held", 7)]);
    floor.prove_replay();
}

#[test]
fn a_hold_told_twice_or_too_late_counts_once() {
    let mut floor = two_agents();
    let (_, call, offer) = talking(&mut floor);
    floor.must(Event::CallRetrieved { offer });
    floor.must(Event::CallHeld { offer });
    floor.pass(seconds(10));
    floor.orders.clear();
    floor.must(Event::CallHeld { offer });
    assert_eq!(floor.orders, []);
    floor.pass(seconds(10));
    floor.must(Event::PhoneHungUp { offer });
    assert_eq!(floor.visits(call)[0].hold, seconds(20));
    floor.orders.clear();
    floor.must(Event::CallHeld { offer });
    floor.must(Event::HoldFailed { offer, status: 488 });
    assert_eq!(floor.orders, [], "the call is over");
}

#[test]
fn a_desk_asks_her_phone_and_is_told_when_it_does_not_do_it() {
    let mut floor = two_agents();
    let (ann, call, offer) = talking(&mut floor);
    let ben = floor.ready("ben");
    let hold = |agent| Event::HoldAsked { agent, call };
    let retrieve = |agent| Event::RetrieveAsked { agent, call };
    assert_eq!(floor.tell(hold(ben)), Err(CommandError::NotInCall { call }));
    assert_eq!(floor.tell(retrieve(ann)), Err(CommandError::NotHeld { call }));
    floor.orders.clear();
    assert_eq!(floor.tell(hold(ann)), Ok(Taken::Pending));
    floor.must(Event::HoldFailed { offer, status: 488 });
    let in_vain = |what, status| Order::AskedInVain { call, agent: ann, what, status };
    assert_eq!(floor.orders, [Order::HoldPhone { offer }, in_vain(PhoneTask::Hold, 488)]);
    assert_eq!(floor.tell(hold(ann)), Ok(Taken::Pending), "she may try again");
    floor.must(Event::CallHeld { offer });
    assert_eq!(floor.tell(hold(ann)), Err(CommandError::AlreadyHeld { call }));
    assert_eq!(floor.tell(retrieve(ben)), Err(CommandError::NotInCall { call }));
    floor.orders.clear();
    assert_eq!(floor.tell(retrieve(ann)), Ok(Taken::Pending));
    floor.must(Event::RetrieveFailed { offer, status: 500 });
    assert_eq!(floor.orders, [Order::Retrieve { offer }, in_vain(PhoneTask::Retrieve, 500)]);
    assert_eq!(floor.acd().call(call).unwrap().state().as_str(), "held");
}

#[test]
fn a_desktop_that_comes_while_the_caller_is_on_hold_learns_of_it() {
    let mut floor = two_agents();
    let (ann, _, offer) = talking(&mut floor);
    floor.must(Event::CallHeld { offer });
    floor.must(Event::DeskLost { agent: ann });
    floor.must(Event::DeskSignedIn { agent: ann });
    assert!(matches!(floor.orders.last(), Some(Order::CallMoved { to: CallMove::Held, .. })));
}

#[test]
fn a_restart_ends_a_hold_with_its_call() {
    let mut floor = two_agents();
    let (_, call, offer) = talking(&mut floor);
    floor.pass(seconds(3));
    floor.must(Event::CallHeld { offer });
    floor.pass(seconds(4));
    floor.must(Event::Restarted);
    let visit = floor.visits(call)[0];
    assert_eq!(
        (visit.outcome, visit.hold, visit.talk()),
        (VisitOutcome::LostRestart, seconds(4), seconds(3))
    );
    floor.prove_replay();
}
