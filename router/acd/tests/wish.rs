//! States that supervisors set, and more time to wrap up.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use acd::{
    AgentNo, AgentState, CallId, CommandError, Event, Order, Taken, Timestamp, Wish,
    agent::Next,
    effect::AgentCause,
    plan::{Presence, QueuePlan},
    routing::ExtendPlan,
    sim::{Floor, a_queue, an_agent},
};
use std::time::Duration;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn lunch() -> Wish {
    Wish::NotReady { reason: "lunch".to_owned() }
}

fn forced(agent: AgentNo, wish: Wish) -> Event {
    Event::StateForced { agent, wish, by: "sue".to_owned() }
}

fn floor() -> Floor {
    let always = acd::plan::AgentPlan { presence: Presence::Always, ..an_agent("bot", &[]) };
    let extend = Some(ExtendPlan { by: seconds(30), most: seconds(60) });
    let queue = QueuePlan { extend, ..a_queue("billing") };
    Floor::with(vec![queue, a_queue("sales")], vec![an_agent("ann", &[]), always])
}

const ANN: AgentNo = AgentNo(0);
const BOT: AgentNo = AgentNo(1);

/// Ann talks to a caller.
fn talking(floor: &mut Floor, number: &str) -> CallId {
    floor.tell(forced(BOT, lunch())).unwrap();
    floor.ready("ann");
    let call = floor.call(number);
    floor.answer(call);
    call
}

fn ends(floor: &Floor) -> (Timestamp, Option<Timestamp>) {
    let Some(AgentState::WrapUp { ends, latest, .. }) = floor.state(ANN) else {
        panic!("{:?}", floor.state(ANN))
    };
    (*ends, *latest)
}

#[test]
fn a_free_agent_is_set_at_once_and_told_by_whom() {
    let mut floor = floor();
    floor.ready("ann");
    assert_eq!(floor.tell(forced(ANN, lunch())), Ok(Taken::Now));
    assert_eq!(floor.state(ANN).unwrap().reason().unwrap().as_str(), "lunch");
    let told = Order::StateForced { agent: ANN, wish: lunch(), by: "sue".to_owned(), pending: false };
    assert!(floor.orders.contains(&told));
    let moved = floor.orders.iter().rev().find_map(|order| {
        let Order::AgentMoved { agent: ANN, cause, .. } = order else { return None };
        Some(*cause)
    });
    assert_eq!(moved, Some(AgentCause::Supervisor));
    assert_eq!(floor.tell(forced(ANN, Wish::Ready)), Ok(Taken::Now));
    assert!(matches!(floor.state(ANN), Some(AgentState::Ready { .. })));
}

#[test]
fn a_call_is_never_cut_and_the_last_intent_wins_whoever_had_it() {
    let mut floor = floor();
    let call = talking(&mut floor, "sales");
    assert_eq!(floor.tell(forced(ANN, Wish::LoggedOut)), Ok(Taken::Pending));
    assert!(matches!(floor.state(ANN), Some(AgentState::Talking { .. })));
    assert_eq!(floor.tell(Event::StateAsked { agent: ANN, wish: lunch() }), Ok(Taken::Pending));
    floor.hang_up(call);
    assert!(
        matches!(floor.state(ANN), Some(AgentState::WrapUp { then: Next::Asked(wish), .. }) if *wish == lunch())
    );
    assert_eq!(floor.tell(forced(ANN, Wish::LoggedOut)), Ok(Taken::Now), "ends the wrap-up");
    assert_eq!(floor.state(ANN), Some(&AgentState::LoggedOut));
    floor.prove_replay();
}

#[test]
fn what_she_could_not_be_by_herself_cannot_be_forced() {
    let mut floor = floor();
    for (agent, wish, error) in [
        (ANN, Wish::Ready, CommandError::NotAtHerDesk),
        (ANN, lunch(), CommandError::NotAtHerDesk),
        (BOT, Wish::LoggedOut, CommandError::AlwaysPresent),
        (BOT, Wish::NotReady { reason: "no such".to_owned() }, CommandError::BadReason),
        (AgentNo(7), lunch(), CommandError::NoSuchAgent),
    ] {
        assert_eq!(floor.tell(forced(agent, wish.clone())), Err(error), "{agent:?} {wish:?}");
    }
    assert_eq!(floor.tell(forced(BOT, lunch())), Ok(Taken::Now));
    assert_eq!(floor.tell(forced(BOT, Wish::Ready)), Ok(Taken::Now));
}

#[test]
fn an_agent_whose_desk_is_gone_is_not_made_ready() {
    let mut floor = floor();
    floor.ready("ann");
    floor.must(Event::DeskLost { agent: ANN });
    assert_eq!(floor.tell(forced(ANN, Wish::Ready)), Err(CommandError::NotAtHerDesk));
    assert_eq!(floor.tell(forced(ANN, Wish::LoggedOut)), Ok(Taken::Now));
}

#[test]
fn a_wrap_up_lasts_longer_when_she_asks_up_to_its_limit_and_ends_by_itself() {
    let mut floor = floor();
    let call = talking(&mut floor, "billing");
    floor.hang_up(call);
    let begun = floor.now();
    let more = Event::MoreTimeAsked { agent: ANN, call };
    for (until, taken) in
        [(40, Ok(Taken::Now)), (60, Ok(Taken::Now)), (60, Err(CommandError::WrapUpExhausted { call }))]
    {
        assert_eq!(floor.tell(more.clone()), taken);
        assert_eq!(ends(&floor), (begun + seconds(until), Some(begun + seconds(60))));
    }
    floor.pass(seconds(59));
    assert!(matches!(floor.state(ANN), Some(AgentState::WrapUp { .. })));
    floor.pass(seconds(1));
    assert!(matches!(floor.state(ANN), Some(AgentState::Ready { .. })));
    assert_eq!(floor.tell(more), Err(CommandError::NotWrappingUp { call }));
    floor.prove_replay();
}

#[test]
fn a_queue_that_gives_no_more_time_says_so_and_new_rules_take_no_promise_back() {
    let mut floor = floor();
    let call = talking(&mut floor, "sales");
    floor.hang_up(call);
    let more = |call| Event::MoreTimeAsked { agent: ANN, call };
    assert_eq!(floor.tell(more(call)), Err(CommandError::WrapUpFixed { call }));
    floor.pass(seconds(10));
    let call = floor.call("billing");
    floor.answer(call);
    floor.hang_up(call);
    let mut plan = floor.acd().plan().clone();
    plan.queues[0].extend = Some(ExtendPlan { by: seconds(5), most: seconds(20) });
    let begun = floor.now();
    floor.must(Event::PlanChanged { plan: Box::new(plan) });
    assert_eq!(floor.tell(more(call)), Ok(Taken::Now));
    assert_eq!(ends(&floor), (begun + seconds(15), Some(begun + seconds(60))));
}
