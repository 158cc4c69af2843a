//! Phones that cannot be reached, story by story.

use acd::{
    AgentState, Event, NotReadyReason, Refusal, Timestamp, Wish,
    plan::{AgentPlan, Presence},
    sim::{Floor, a_queue, an_agent},
};
use std::time::Duration;

const fn seconds(s: u64) -> Duration {
    Duration::from_secs(s)
}

fn always(id: &str) -> AgentPlan {
    AgentPlan { presence: Presence::Always, ..an_agent(id, &[]) }
}

fn floor(agents: Vec<AgentPlan>) -> Floor {
    Floor::with(vec![a_queue("billing")], agents)
}

fn gone(floor: &mut Floor, id: &str) {
    let agent = floor.agent(id);
    floor.must(Event::PhoneUnreachable { agent });
}

fn back(floor: &mut Floor, id: &str) {
    let agent = floor.agent(id);
    floor.must(Event::PhoneReachable { agent });
}

fn asks(floor: &mut Floor, id: &str, wish: Wish) {
    let agent = floor.agent(id);
    floor.must(Event::StateAsked { agent, wish });
}

fn reason(floor: &Floor, id: &str) -> Option<String> {
    let reason = floor.state(floor.agent(id)).and_then(AgentState::reason);
    reason.map(|reason| reason.as_str().to_owned())
}

fn idle_since(floor: &Floor, id: &str) -> Option<Timestamp> {
    let AgentState::Ready { since } = floor.state(floor.agent(id))? else { return None };
    Some(*since)
}

const UNREACHABLE: Option<&str> = Some("phone_unreachable");

#[test]
fn an_agent_whose_phone_is_gone_gets_no_call_and_has_her_turn_again_when_it_is_back() {
    let mut floor = floor(vec![an_agent("ann", &[]), an_agent("ben", &[])]);
    let ann = floor.ready("ann");
    let since = idle_since(&floor, "ann");
    floor.pass(seconds(60));
    let ben = floor.ready("ben");
    gone(&mut floor, "ann");
    assert_eq!(reason(&floor, "ann").as_deref(), UNREACHABLE);
    let first = floor.call("billing");
    let second = floor.call("billing");
    assert_eq!((floor.offered_to(first), floor.offered_to(second)), (Some(ben), None));
    floor.hang_up(first);
    floor.hang_up(second);
    floor.pass(seconds(600));
    back(&mut floor, "ann");
    assert_eq!(idle_since(&floor, "ann"), since, "she has been idle the longest");
    let third = floor.call("billing");
    assert_eq!(floor.offered_to(third), Some(ann));
    floor.prove_replay();
}

#[test]
fn a_call_that_waits_is_offered_as_soon_as_the_phone_is_back() {
    let mut floor = floor(vec![always("ann")]);
    gone(&mut floor, "ann");
    let call = floor.call("billing");
    assert_eq!(floor.offered_to(call), None);
    back(&mut floor, "ann");
    assert_eq!(floor.offered_to(call), Some(floor.agent("ann")));
}

#[test]
fn who_asks_for_calls_without_a_phone_is_ready_when_it_comes() {
    let mut floor = floor(vec![an_agent("ann", &[])]);
    gone(&mut floor, "ann");
    assert_eq!(floor.state(floor.agent("ann")), Some(&AgentState::LoggedOut), "nobody is at work");
    floor.ready("ann");
    assert_eq!(reason(&floor, "ann").as_deref(), UNREACHABLE);
    let asked = floor.now();
    floor.pass(seconds(5));
    asks(&mut floor, "ann", Wish::Ready);
    back(&mut floor, "ann");
    assert_eq!(idle_since(&floor, "ann"), Some(asked), "to ask twice is no new beginning");
}

#[test]
fn another_wish_meanwhile_stands() {
    let mut floor = floor(vec![an_agent("ann", &[])]);
    floor.ready("ann");
    gone(&mut floor, "ann");
    asks(&mut floor, "ann", Wish::NotReady { reason: "lunch".to_owned() });
    back(&mut floor, "ann");
    assert_eq!(reason(&floor, "ann").as_deref(), Some("lunch"));
    gone(&mut floor, "ann");
    assert_eq!(reason(&floor, "ann").as_deref(), Some("lunch"), "she takes no calls anyhow");
    asks(&mut floor, "ann", Wish::LoggedOut);
    back(&mut floor, "ann");
    assert_eq!(floor.state(floor.agent("ann")), Some(&AgentState::LoggedOut));
}

#[test]
fn a_conversation_goes_on_and_wrap_up_ends_without_a_phone() {
    let mut floor = floor(vec![an_agent("ann", &[])]);
    let ann = floor.ready("ann");
    let call = floor.call("billing");
    floor.answer(call);
    gone(&mut floor, "ann");
    assert!(matches!(floor.state(ann), Some(AgentState::Talking { .. })));
    floor.hang_up(call);
    assert!(matches!(floor.state(ann), Some(AgentState::WrapUp { .. })));
    floor.pass(seconds(10));
    assert_eq!(reason(&floor, "ann").as_deref(), UNREACHABLE);
    back(&mut floor, "ann");
    assert!(idle_since(&floor, "ann").is_some());
    floor.prove_replay();
}

#[test]
fn an_offer_that_rings_where_nobody_is_fails_by_itself() {
    let mut floor = floor(vec![always("ann")]);
    let call = floor.call("billing");
    gone(&mut floor, "ann");
    let offer = floor.offer(call).unwrap();
    assert!(matches!(floor.state(floor.agent("ann")), Some(AgentState::Reserved { .. })));
    floor.must(Event::PhoneRefused { offer, refusal: Refusal::Failed, status: 503 });
    assert_eq!(reason(&floor, "ann").as_deref(), UNREACHABLE, "the phone is at fault");
    back(&mut floor, "ann");
    assert!(idle_since(&floor, "ann").is_some());
}

#[test]
fn an_offer_that_failed_for_want_of_a_phone_costs_her_nothing_once_the_phone_is_back() {
    for desk in [true, false] {
        let mut floor = floor(vec![if desk { an_agent("ann", &[]) } else { always("ann") }]);
        if desk {
            floor.ready("ann");
        }
        let call = floor.call("billing");
        let offer = floor.offer(call).unwrap();
        floor.must(Event::PhoneRefused { offer, refusal: Refusal::Failed, status: 503 });
        assert_eq!(
            reason(&floor, "ann").as_deref(),
            Some("phone_failed"),
            "the phone has not been asked yet"
        );
        floor.pass(seconds(1));
        gone(&mut floor, "ann");
        assert_eq!(reason(&floor, "ann").as_deref(), UNREACHABLE);
        floor.pass(seconds(60));
        assert_eq!(reason(&floor, "ann").as_deref(), UNREACHABLE, "no pause makes her ready without a phone");
        back(&mut floor, "ann");
        assert_eq!(reason(&floor, "ann"), None);
        assert_eq!(floor.offered_to(call), Some(floor.agent("ann")), "who waits is hers by herself");
        floor.prove_replay();
    }
}

#[test]
fn a_phone_that_refuses_calls_and_answers_questions_is_hers_to_mend() {
    let mut floor = floor(vec![an_agent("ann", &[])]);
    floor.ready("ann");
    let call = floor.call("billing");
    let offer = floor.offer(call).unwrap();
    floor.must(Event::PhoneRefused { offer, refusal: Refusal::Failed, status: 503 });
    back(&mut floor, "ann");
    floor.pass(seconds(60));
    assert_eq!(reason(&floor, "ann").as_deref(), Some("phone_failed"));
}

#[test]
fn desktop_and_phone_may_be_lost_together_and_come_back_in_any_order() {
    for phone_first in [true, false] {
        let mut floor = floor(vec![an_agent("ann", &[])]);
        let agent = floor.ready("ann");
        let since = idle_since(&floor, "ann");
        floor.pass(seconds(100));
        gone(&mut floor, "ann");
        floor.must(Event::DeskLost { agent });
        assert_eq!(reason(&floor, "ann").as_deref(), Some("disconnected"));
        floor.pass(seconds(20));
        if phone_first {
            back(&mut floor, "ann");
            floor.must(Event::DeskSignedIn { agent });
        } else {
            floor.must(Event::DeskSignedIn { agent });
            assert_eq!(reason(&floor, "ann").as_deref(), UNREACHABLE);
            back(&mut floor, "ann");
        }
        assert_eq!(idle_since(&floor, "ann"), since);
    }
}

#[test]
fn a_restart_does_not_make_a_phone_reachable() {
    let mut floor = floor(vec![always("ann"), an_agent("ben", &[])]);
    let ben = floor.ready("ben");
    gone(&mut floor, "ann");
    gone(&mut floor, "ben");
    floor.take_snapshot();
    floor.must(Event::Returned { gone: Vec::new(), silent: Vec::new() });
    assert_eq!(reason(&floor, "ann").as_deref(), UNREACHABLE);
    floor.must(Event::DeskSignedIn { agent: ben });
    assert_eq!(reason(&floor, "ben").as_deref(), UNREACHABLE);
    back(&mut floor, "ann");
    back(&mut floor, "ben");
    assert!(idle_since(&floor, "ann").is_some() && idle_since(&floor, "ben").is_some());
    assert_eq!(not_ready(&floor), []);
    floor.prove_replay();
}

fn not_ready(floor: &Floor) -> Vec<NotReadyReason> {
    floor.acd().agents().filter_map(|(_, agent)| agent.state().reason().cloned()).collect()
}
