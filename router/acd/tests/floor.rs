//! The floor's behaviour, story by story.

use acd::{
    AgentState, CommandError, Event, Fact, NotReadyReason, Order, Refusal, Taken, Wish,
    effect::{CallMove, EndReason, FlowOut, OfferOutcome, VisitOutcome},
    event::CallerExit,
    plan::{AgentPlan, Answer, Presence, QueuePlan, Strategy, Then},
    sim::{Floor, a_queue, an_agent},
};
use std::time::Duration;

const fn seconds(s: u64) -> Duration {
    Duration::from_secs(s)
}

fn two_agents() -> Floor {
    Floor::with(vec![a_queue("billing")], vec![an_agent("ann", &[]), an_agent("ben", &[])])
}

fn not_ready(floor: &Floor, id: &str) -> Option<NotReadyReason> {
    floor.state(floor.agent(id)).and_then(AgentState::reason).cloned()
}

#[test]
fn an_idle_agent_gets_the_call_at_once_and_wraps_up_after_it() {
    let mut floor = two_agents();
    let ann = floor.ready("ann");
    let call = floor.call("billing");
    assert_eq!(floor.offered_to(call), Some(ann));
    floor.answer(call);
    floor.pass(seconds(60));
    floor.hang_up(call);
    assert!(matches!(floor.state(ann), Some(AgentState::WrapUp { .. })));
    floor.pass(seconds(10));
    assert!(matches!(floor.state(ann), Some(AgentState::Ready { .. })));
    let record = floor.record(call).unwrap();
    assert_eq!((record.outcome, record.agent, record.offers), (VisitOutcome::Answered, Some(ann), 1));
    floor.prove_replay();
}

#[test]
fn an_unanswered_offer_moves_on_and_the_caller_keeps_the_place() {
    let mut floor = two_agents();
    let ann = floor.ready("ann");
    let first = floor.call("billing");
    let second = floor.call("billing");
    floor.pass(seconds(15)); // her phone rings out
    assert_eq!(not_ready(&floor, "ann"), Some(NotReadyReason::Rona));
    let ben = floor.ready("ben");
    assert_eq!(floor.offered_to(first), Some(ben));
    assert_eq!(floor.offered_to(second), None);
    assert_eq!(floor.outcomes(first), [OfferOutcome::NoAnswer]);
    assert_ne!(ann, ben);
}

#[test]
fn the_same_call_does_not_come_back_to_her_within_the_pause() {
    let mut floor = two_agents();
    let ann = floor.ready("ann");
    let call = floor.call("billing");
    floor.pass(seconds(15));
    floor.must(Event::StateAsked { agent: ann, wish: Wish::Ready });
    assert_eq!(floor.offered_to(call), None, "she has just not taken it");
    let other = floor.call("billing");
    assert_eq!(floor.offered_to(other), Some(ann), "but another call is hers");
    floor.must(Event::CallerLeft { call: other, how: CallerExit::Cancelled });
    floor.pass(seconds(10));
    assert_eq!(floor.offered_to(call), Some(ann), "and after the pause so is this one");
}

#[test]
fn an_always_present_agent_is_ready_again_after_the_pause() {
    let always = AgentPlan { presence: Presence::Always, ..an_agent("ann", &[]) };
    let mut floor = Floor::with(vec![a_queue("billing")], vec![always]);
    let ann = floor.agent("ann");
    let call = floor.call("billing");
    let offer = floor.offer(call).unwrap();
    floor.must(Event::PhoneRefused { offer, refusal: Refusal::Rejected, status: 486 });
    assert_eq!(not_ready(&floor, "ann"), Some(NotReadyReason::Rejected));
    floor.pass(seconds(9));
    assert_eq!(floor.offered_to(call), None);
    floor.pass(seconds(1));
    assert_eq!(floor.offered_to(call), Some(ann));
}

#[test]
fn a_caller_who_leaves_while_it_rings_costs_her_nothing() {
    let mut floor = two_agents();
    let ann = floor.ready("ann");
    let idle_since = floor.now();
    floor.pass(seconds(5));
    let call = floor.call("billing");
    floor.must(Event::CallerLeft { call, how: CallerExit::Cancelled });
    assert_eq!(floor.state(ann), Some(&AgentState::Ready { since: idle_since }), "her idle time goes on");
    assert_eq!(floor.outcomes(call), [OfferOutcome::Withdrawn]);
    assert_eq!(floor.record(call).unwrap().outcome, VisitOutcome::Abandoned);
}

#[test]
fn an_answer_after_the_caller_left_is_hung_up() {
    let mut floor = two_agents();
    floor.ready("ann");
    let call = floor.call("billing");
    let offer = floor.offer(call).unwrap();
    floor.must(Event::CallerLeft { call, how: CallerExit::Cancelled });
    floor.orders.clear();
    floor.must(Event::PhoneAnswered { offer });
    assert!(matches!(floor.orders[..], [Order::DropPhone { offer: dropped, .. }] if dropped == offer));
}

#[test]
fn a_waiting_caller_gets_music_once() {
    let mut floor = two_agents();
    let call = floor.call("billing");
    let ann = floor.ready("ann");
    let offer = floor.offer(call).unwrap();
    floor.must(Event::PhoneRefused { offer, refusal: Refusal::Failed, status: 500 });
    let treats = floor.orders.iter().filter(|order| matches!(order, Order::Treat { .. })).count();
    assert_eq!(treats, 1);
    assert_eq!(not_ready(&floor, "ann"), Some(NotReadyReason::PhoneFailed));
    assert_eq!(floor.state(ann).map(AgentState::as_str), Some("not_ready"));
}

#[test]
fn a_visit_that_waited_too_long_overflows_with_its_place_and_is_refused_at_the_end() {
    let first = QueuePlan {
        then: Then::Queue("any".to_owned()),
        needs: "billing".parse().unwrap(),
        ..a_queue("billing")
    };
    let mut floor = Floor::with(vec![first, a_queue("any")], vec![an_agent("ann", &[])]);
    let old = floor.call("billing");
    floor.pass(seconds(590));
    let young = floor.call("any");
    floor.pass(seconds(10));
    let ann = floor.ready("ann");
    assert_eq!(floor.offered_to(old), Some(ann), "who waited longer goes first, also after an overflow");
    floor.hang_up(old);
    floor.hang_up(young);
    assert_eq!(floor.visits(old)[0].outcome, VisitOutcome::FlowOut(FlowOut::Overflow));
    let late = floor.call("billing");
    floor.must(Event::StateAsked { agent: ann, wish: Wish::LoggedOut });
    floor.pass(seconds(1_200));
    assert_eq!(floor.record(late).unwrap().visits, 2);
    assert!(floor.orders.iter().any(
        |order| matches!(order, Order::EndCaller { call, why: EndReason::Refused(_) } if *call == late)
    ));
}

#[test]
fn max_wait_does_not_cut_a_ringing_phone_short() {
    let mut floor = two_agents();
    let call = floor.call("billing");
    floor.pass(seconds(595));
    let ann = floor.ready("ann");
    floor.pass(seconds(10));
    assert_eq!(floor.offered_to(call), Some(ann));
    floor.pass(seconds(5));
    assert_eq!(floor.record(call).unwrap().outcome, VisitOutcome::FlowOut(FlowOut::Refused));
}

#[test]
fn the_higher_priority_goes_first_then_the_older() {
    let mut plan = acd::Plan {
        queues: vec![a_queue("billing")],
        agents: vec![an_agent("ann", &[])],
        entries: vec![],
        ..acd::Plan::default()
    };
    for (number, priority) in [("gold", 9), ("plain", 5)] {
        plan.entries.push(acd::plan::EntryPlan {
            number: number.to_owned(),
            queue: "billing".to_owned(),
            priority,
            hours: None,
        });
    }
    let mut floor = Floor::new(plan);
    let (_plain, gold_1, gold_2) = (floor.call("plain"), floor.call("gold"), floor.call("gold"));
    let ann = floor.ready("ann");
    assert_eq!(floor.offered_to(gold_1), Some(ann));
    floor.hang_up(gold_1);
    assert_eq!(floor.offered_to(gold_2), Some(ann));
}

#[test]
fn the_least_occupied_agent_goes_first() {
    let queue =
        QueuePlan { strategy: Strategy::LeastOccupied, wrap_up: Duration::ZERO, ..a_queue("billing") };
    let mut floor = Floor::with(vec![queue], vec![an_agent("ann", &[]), an_agent("ben", &[])]);
    let ann = floor.ready("ann");
    let long = floor.call("billing");
    floor.answer(long);
    floor.pass(seconds(300));
    floor.hang_up(long);
    floor.pass(seconds(600));
    let ben = floor.ready("ben");
    let short = floor.call("billing");
    assert_eq!(floor.offered_to(short), Some(ben), "she has handled nothing");
    floor.answer(short);
    floor.pass(seconds(30));
    floor.hang_up(short);
    let next = floor.call("billing");
    assert_eq!(floor.offered_to(next), Some(ben), "30 s now weigh less than 300 s ten minutes ago");
    assert_ne!(ann, ben);
}

#[test]
fn a_wish_during_a_call_counts_after_it_and_the_last_one_wins() {
    let mut floor = two_agents();
    let ann = floor.ready("ann");
    let call = floor.call("billing");
    floor.answer(call);
    let lunch = Wish::NotReady { reason: "lunch".to_owned() };
    assert_eq!(floor.tell(Event::StateAsked { agent: ann, wish: Wish::LoggedOut }), Ok(Taken::Pending));
    assert_eq!(floor.tell(Event::StateAsked { agent: ann, wish: lunch }), Ok(Taken::Pending));
    floor.hang_up(call);
    floor.pass(seconds(10));
    assert_eq!(not_ready(&floor, "ann"), Some(NotReadyReason::Site { code: "lunch".to_owned() }));
}

#[test]
fn a_break_taken_from_wrap_up_keeps_its_result() {
    let mut floor = two_agents();
    let ann = floor.ready("ann");
    let call = floor.call("billing");
    floor.answer(call);
    floor.hang_up(call);
    let finish = |reason: &str| Event::WrapUpFinished {
        agent: ann,
        call,
        disposition: Some("solved".to_owned()),
        then: Some(Wish::NotReady { reason: reason.to_owned() }),
    };
    assert_eq!(floor.tell(finish("no reason")), Err(CommandError::BadReason));
    assert_eq!(floor.tell(finish("lunch")), Ok(Taken::Now));
    assert_eq!(not_ready(&floor, "ann"), Some(NotReadyReason::Site { code: "lunch".to_owned() }));
    let result = floor.facts.iter().find_map(|fact| {
        if let Fact::WrappedUp { disposition, .. } = fact { disposition.as_deref() } else { None }
    });
    assert_eq!(result, Some("solved"));
}

#[test]
fn a_desktop_that_comes_in_the_middle_of_a_call_learns_of_it() {
    let always = AgentPlan { presence: Presence::Always, ..an_agent("ann", &[]) };
    let mut floor = Floor::with(vec![a_queue("billing")], vec![always]);
    let ann = floor.agent("ann");
    let call = floor.call("billing");
    let offered =
        |floor: &Floor| floor.orders.iter().filter(|order| matches!(order, Order::OfferCall { .. })).count();
    assert_eq!(offered(&floor), 0, "nobody looks");
    floor.must(Event::DeskSignedIn { agent: ann });
    assert_eq!(offered(&floor), 1);
    floor.answer(call);
    floor.must(Event::DeskLost { agent: ann });
    floor.must(Event::DeskSignedIn { agent: ann });
    assert_eq!(offered(&floor), 2);
    assert!(matches!(floor.orders.last(), Some(Order::CallMoved { to: CallMove::Connected, .. })));
}

#[test]
fn a_desktop_that_is_back_in_time_finds_her_ready_as_before() {
    let mut floor = two_agents();
    let ann = floor.ready("ann");
    let since = floor.now();
    floor.must(Event::DeskLost { agent: ann });
    let call = floor.call("billing");
    assert_eq!(floor.offered_to(call), None);
    floor.pass(seconds(29));
    floor.must(Event::DeskSignedIn { agent: ann });
    assert_eq!(floor.offered_to(call), Some(ann));
    floor.hang_up(call);
    assert_eq!(floor.state(ann), Some(&AgentState::Ready { since }));
    floor.must(Event::DeskLost { agent: ann });
    floor.pass(seconds(31));
    floor.must(Event::DeskSignedIn { agent: ann });
    assert_eq!(floor.state(ann).map(AgentState::as_str), Some("not_ready"), "later she must say so");
}

#[test]
fn losing_the_desktop_ends_no_call() {
    let mut floor = two_agents();
    let ann = floor.ready("ann");
    let call = floor.call("billing");
    floor.answer(call);
    floor.must(Event::DeskLost { agent: ann });
    assert_eq!(floor.offered_to(call), Some(ann));
    floor.hang_up(call);
    floor.pass(seconds(10));
    assert_eq!(not_ready(&floor, "ann"), Some(NotReadyReason::Disconnected { back: None }));
}

#[test]
fn who_answers_at_the_desk_is_called_after_she_accepts() {
    let desk = AgentPlan { answer: Answer::Desk, ..an_agent("ann", &[]) };
    let mut floor = Floor::with(vec![a_queue("billing")], vec![desk]);
    let ann = floor.ready("ann");
    let call = floor.call("billing");
    assert!(!floor.orders.iter().any(|order| matches!(order, Order::RingPhone { .. })));
    floor.must(Event::OfferAccepted { agent: ann, call });
    assert!(floor.orders.iter().any(|order| matches!(order, Order::RingPhone { auto_answer: true, .. })));
    floor.pass(seconds(5));
    assert_eq!(floor.outcomes(call), [OfferOutcome::Failed]);
    assert_eq!(floor.tell(Event::OfferAccepted { agent: ann, call }), Err(CommandError::OfferGone { call }));
}

#[test]
fn who_answers_at_the_phone_is_told_so() {
    let mut floor = two_agents();
    let ann = floor.ready("ann");
    let call = floor.call("billing");
    assert_eq!(floor.tell(Event::OfferAccepted { agent: ann, call }), Err(CommandError::AnswerAtPhone));
    assert_eq!(floor.tell(Event::OfferDeclined { agent: ann, call }), Ok(Taken::Now));
    assert_eq!(floor.outcomes(call), [OfferOutcome::Rejected]);
}

#[test]
fn the_ring_waits_for_the_card_but_not_beyond_its_budget() {
    let queue = QueuePlan { pop_budget: Duration::from_millis(40), ..a_queue("billing") };
    let mut floor = Floor::with(vec![queue], vec![an_agent("ann", &[])]);
    floor.ready("ann");
    let rings =
        |floor: &Floor| floor.orders.iter().filter(|order| matches!(order, Order::RingPhone { .. })).count();
    let slow = floor.call("billing");
    floor.pass(Duration::from_millis(39));
    assert_eq!(rings(&floor), 0);
    floor.pass(Duration::from_millis(1));
    assert_eq!(rings(&floor), 1);
    floor.hang_up(slow);
    let quick = floor.call("billing");
    let offer = floor.offer(quick).unwrap();
    floor.must(Event::CardShown { offer });
    floor.must(Event::CardShown { offer });
    assert_eq!(rings(&floor), 2);
}

#[test]
fn a_caller_who_cannot_be_joined_waits_again_and_she_is_not_punished() {
    let mut floor = two_agents();
    let ann = floor.ready("ann");
    let call = floor.call("billing");
    floor.answer(call);
    let offer = floor.offer(call).unwrap();
    floor.must(Event::BridgeFailed { offer });
    assert!(matches!(floor.state(ann), Some(AgentState::Ready { .. })));
    assert_eq!(floor.outcomes(call), [OfferOutcome::Accepted], "an offer ends once");
    let ben = floor.ready("ben");
    assert_eq!(floor.offered_to(call), Some(ben));
}

#[test]
fn a_restart_ends_live_calls_and_sets_their_agents_aside() {
    let mut floor = two_agents();
    let ann = floor.ready("ann");
    floor.ready("ben");
    let call = floor.call("billing");
    floor.answer(call);
    floor.must(Event::Restarted);
    assert_eq!(floor.record(call).unwrap().outcome, VisitOutcome::LostRestart);
    assert_eq!(not_ready(&floor, "ann"), Some(NotReadyReason::Restart));
    assert!(matches!(not_ready(&floor, "ben"), Some(NotReadyReason::Disconnected { back: Some(_) })));
    floor.must(Event::DeskSignedIn { agent: floor.agent("ben") });
    assert!(matches!(floor.state(floor.agent("ben")), Some(AgentState::Ready { .. })));
    assert_ne!(ann, floor.agent("ben"));
}

#[test]
fn an_unknown_number_is_refused_and_recorded() {
    let mut floor = two_agents();
    let call = floor.call("nowhere");
    let record = floor.record(call).unwrap();
    assert_eq!((record.queue, record.visits), (None, 0));
}

#[test]
fn skills_decide_who_may_take_a_call() {
    let queue = QueuePlan { needs: "billing >= 3 and not trainee".parse().unwrap(), ..a_queue("billing") };
    let agents = vec![
        an_agent("ann", &[("billing", 2)]),
        an_agent("ben", &[("billing", 3), ("trainee", 1)]),
        an_agent("cid", &[("billing", 3)]),
    ];
    let mut floor = Floor::with(vec![queue], agents);
    let call = floor.call("billing");
    floor.ready("ann");
    floor.ready("ben");
    assert_eq!(floor.offered_to(call), None);
    let cid = floor.ready("cid");
    assert_eq!(floor.offered_to(call), Some(cid));
}

#[test]
fn a_caller_s_place_counts_those_of_the_same_queue_who_are_served_before() {
    let mut floor = Floor::with(vec![a_queue("billing"), a_queue("sales")], vec![an_agent("ann", &[])]);
    let (first, other, second) = (floor.call("billing"), floor.call("sales"), floor.call("billing"));
    let places = |floor: &Floor| [first, other, second].map(|call| floor.acd().place_in_queue(call, 100));
    assert_eq!(places(&floor), [Some(1), Some(1), Some(2)], "both queues are served by the same agents");
    assert_eq!(floor.acd().place_in_queue(second, 2), Some(2), "no further than it was looked");
    floor.ready("ann");
    assert_eq!(places(&floor), [None, Some(1), Some(1)], "the first one rings");
    floor.prove_replay();
}

#[test]
fn who_waits_is_sent_away_when_nobody_may_wait_any_longer() {
    let mut floor = two_agents();
    let ann = floor.ready("ann");
    let rings = floor.call("billing");
    let waits = [floor.call("billing"), floor.call("billing")];
    floor.pass(seconds(3));
    floor.must(Event::WaitingEnded);
    assert_eq!(floor.offered_to(rings), Some(ann), "whose phone rings may still be answered");
    for call in waits {
        let drained = VisitOutcome::FlowOut(FlowOut::Drained);
        assert_eq!(floor.record(call).unwrap().outcome, drained);
        assert_eq!((floor.visits(call)[0].outcome, drained.reason()), (drained, "drained"));
        let told = floor
            .orders
            .iter()
            .filter(|order| matches!(order, Order::EndCaller { call: of, .. } if *of == call));
        assert_eq!(told.count(), 1);
    }
    floor.pass(seconds(15)); // her phone rings out
    assert!(floor.acd().somebody_waits());
    floor.must(Event::WaitingEnded);
    assert_eq!(floor.acd().live_calls(), 0);
    floor.prove_replay();
}
