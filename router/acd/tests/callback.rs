//! Callers who keep the place and are called back, story by story.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use acd::{
    Acd, AgentNo, AgentState, CallId, CommandError, Event, Fact, NotReadyReason, OfferId, OfferOutcome,
    Order, Plan, QueueNo, Refusal, Requirement, VisitOutcome, Wish,
    call::CallState,
    callback::CallbackPlan,
    effect::{CallMove, DropReason, EndReason, FlowOut},
    event::CallerExit,
    explain::{CallTale, Limits, What},
    plan::{EntryPlan, QueuePlan},
    routing::StepPlan,
    sim::{Floor, a_queue, an_agent},
};
use std::time::Duration;

const BILLING: QueueNo = QueueNo(0);

const fn seconds(s: u64) -> Duration {
    Duration::from_secs(s)
}

fn billing() -> QueuePlan {
    let callback =
        CallbackPlan { attempts: 2, pause: seconds(600), ring: seconds(30), stands: seconds(3_600) };
    QueuePlan { callback: Some(callback), ..a_queue("billing") }
}

/// Two agents serve billing; nobody is there yet.
fn floor() -> Floor {
    Floor::with(vec![billing()], vec![an_agent("ann", &[]), an_agent("ben", &[])])
}

/// The how-manieth known caller calls billing.
fn calls(floor: &mut Floor, caller: u8) -> CallId {
    floor.call_of("billing", Some(caller), &[])
}

fn state_name(floor: &Floor, call: CallId) -> Option<&'static str> {
    floor.acd().call(call).map(acd::Call::state_name)
}
fn reason(floor: &Floor, call: CallId) -> &'static str {
    floor.record(call).unwrap().outcome.reason()
}
fn told(floor: &Floor, agent: AgentNo) -> Vec<CallMove> {
    let of = |order: &Order| {
        let Order::CallMoved { agent: of, to, .. } = order else { return None };
        (*of == agent).then_some(*to)
    };
    floor.orders.iter().filter_map(of).collect()
}

/// Somebody waits, keeps the place, and Ann's phone rings and answers: the customer's rings.
fn dialling(floor: &mut Floor) -> (AgentNo, CallId, OfferId) {
    let call = calls(floor, 1);
    floor.pass(seconds(60));
    let request = floor.keep_place(call).unwrap();
    let ann = floor.ready("ann");
    floor.pass(seconds(4));
    floor.answer(request);
    (ann, request, floor.customer(request).unwrap())
}

#[test]
fn who_keeps_the_place_hangs_up_and_is_served_before_those_who_came_later() {
    let mut floor = floor();
    let first = calls(&mut floor, 1);
    floor.pass(seconds(10));
    let second = calls(&mut floor, 2);
    floor.pass(seconds(50));
    let request = floor.keep_place(first).unwrap();
    assert!(floor.orders.contains(&Order::EndCaller { call: first, why: EndReason::CalledBack }));
    assert_eq!(
        (floor.record(first).unwrap().outcome.as_str(), reason(&floor, first)),
        ("flow_out", "callback")
    );
    floor.must(Event::CallerLeft { call: first, how: CallerExit::HungUp });
    assert_eq!(floor.acd().place_in_queue(request, 9), Some(1));
    let ann = floor.ready("ann");
    assert_eq!((floor.offered_to(request), floor.offered_to(second)), (Some(ann), None));
    let shown = |order: &Order| matches!(order, Order::OfferCall { offer, callback: true, .. } if offer.call == request);
    assert!(floor.orders.iter().any(shown), "she sees that nobody is there yet");
    floor.prove_replay();
}

#[test]
fn the_customer_is_called_when_her_phone_has_answered_and_talks_to_her() {
    let mut floor = floor();
    let (ann, request, customer) = dialling(&mut floor);
    let hers = floor.offer(request).unwrap();
    assert!(floor.orders.contains(&Order::CallBack { offer: customer, by: hers, queue: BILLING }));
    assert_eq!(state_name(&floor, request), Some("dialling"));
    assert!(matches!(floor.state(ann), Some(AgentState::Talking { .. })));
    floor.pass(seconds(12));
    floor.must(Event::PhoneAnswered { offer: customer });
    assert!(floor.orders.contains(&Order::JoinCustomer { offer: hers, leg: customer }));
    assert_eq!(told(&floor, ann), [CallMove::Dialling, CallMove::Connected]);
    floor.pass(seconds(100));
    floor.must(Event::CallerLeft { call: request, how: CallerExit::HungUp });
    assert!(matches!(floor.state(ann), Some(AgentState::WrapUp { .. })));
    let (record, visit) = (floor.record(request).unwrap(), floor.visits(request)[0]);
    assert_eq!((record.outcome, record.offers, record.visits), (VisitOutcome::Answered, 1, 1));
    assert_eq!((record.talk, visit.wait(), visit.ring), (seconds(100), seconds(16), seconds(4)));
    assert_eq!(floor.outcomes(request), [OfferOutcome::Accepted]);
    let dialled = |fact: &Fact| {
        let Fact::AgentSpan(span) = fact else { return None };
        (span.state == "dialling").then_some(span.to.since(span.from))
    };
    assert_eq!(
        floor.facts.iter().find_map(dialled),
        Some(seconds(12)),
        "her time while the customer's phone rang"
    );
    floor.prove_replay();
}

#[test]
fn who_is_not_reached_is_called_again_after_the_pause_in_the_old_place_and_then_no_more() {
    let mut floor = floor();
    let (ann, request, customer) = dialling(&mut floor);
    floor.must(Event::PhoneRefused { offer: customer, refusal: Refusal::Rejected, status: 486 });
    assert_eq!(told(&floor, ann), [CallMove::Dialling, CallMove::NotReached]);
    assert!(matches!(floor.state(ann), Some(AgentState::WrapUp { unreached: true, .. })));
    assert_eq!(state_name(&floor, request), Some("later"));
    assert_eq!(floor.visits(request)[0].outcome, VisitOutcome::FlowOut(FlowOut::NotReached));
    let wrapped_up = |fact: &Fact| matches!(fact, Fact::WrappedUp { .. });
    floor.pass(seconds(11));
    assert!(!floor.facts.iter().any(wrapped_up), "no conversation was wrapped up");
    floor.must(Event::StateAsked { agent: ann, wish: Wish::NotReady { reason: "lunch".to_owned() } });
    floor.pass(seconds(500));
    let later = calls(&mut floor, 2);
    floor.pass(seconds(89));
    assert_eq!((state_name(&floor, request), state_name(&floor, later)), (Some("queued"), Some("queued")));
    floor.ready("ben");
    assert_eq!(floor.offered_to(request), Some(AgentNo(1)), "it came first");
    floor.answer(request);
    floor.pass(seconds(30)); // the customer's phone rings out
    let ended = floor.record(request).unwrap();
    assert_eq!((reason(&floor, request), ended.visits, ended.offers), ("not_reached", 2, 2));
    let drop = |offer| Order::DropPhone { offer, why: DropReason::RungOut };
    assert!(floor.orders.contains(&drop(OfferId { call: request, attempt: 4 })));
    assert_eq!(floor.outcomes(request), [OfferOutcome::NotReached; 2]);
    floor.prove_replay();
}

#[test]
fn a_caller_who_calls_again_has_the_place_and_nobody_calls_back() {
    let mut floor = floor();
    let first = calls(&mut floor, 1);
    floor.pass(seconds(30));
    let other = calls(&mut floor, 2);
    let request = floor.keep_place(first).unwrap();
    floor.pass(seconds(300));
    let again = calls(&mut floor, 1);
    assert_eq!(reason(&floor, request), "called_again");
    assert_eq!(floor.acd().place_in_queue(again, 9), Some(1));
    let ann = floor.ready("ann");
    assert_eq!((floor.offered_to(again), state_name(&floor, other)), (Some(ann), Some("queued")));
    assert_eq!(floor.acd().requests().count(), 0);
    floor.prove_replay();
}

#[test]
fn a_customer_who_calls_while_being_called_is_the_next_one_she_is_offered() {
    let mut floor = floor();
    let (ann, request, customer) = dialling(&mut floor);
    let again = calls(&mut floor, 1);
    let drop = Order::DropPhone { offer: customer, why: DropReason::CallerGone };
    assert!(floor.orders.contains(&drop));
    assert_eq!((reason(&floor, request), floor.offered_to(again)), ("called_again", Some(ann)));
    assert_eq!(floor.outcomes(request), [OfferOutcome::Withdrawn]);
    floor.prove_replay();
}

#[test]
fn an_agent_who_hangs_up_while_the_customers_phone_rings_has_tried() {
    let mut floor = floor();
    let (ann, request, customer) = dialling(&mut floor);
    floor.must(Event::HangUpAsked { agent: ann, call: request });
    let drop = Order::DropPhone { offer: customer, why: DropReason::NotReached };
    assert!(floor.orders.contains(&drop));
    assert_eq!(state_name(&floor, request), Some("later"));
    floor.must(Event::PhoneAnswered { offer: customer });
    let stale = Order::DropPhone { offer: customer, why: DropReason::Stale };
    assert!(floor.orders.contains(&stale), "an answer that comes too late");
    floor.prove_replay();
}

#[test]
fn a_request_by_api_waits_for_its_time_and_one_is_enough() {
    let mut floor = floor();
    let ann = floor.ready("ann");
    let at = floor.now() + seconds(900);
    let request = floor.request(BILLING, 1, Some(at)).unwrap();
    assert_eq!(state_name(&floor, request), Some("later"));
    let twice = floor.request(BILLING, 1, None);
    assert_eq!(twice, Err(CommandError::RequestStands { call: request }));
    assert_eq!(floor.request(QueueNo(7), 1, None), Err(CommandError::NoSuchTarget));
    floor.pass(seconds(899));
    assert_eq!(floor.offered_to(request), None);
    floor.pass(seconds(1));
    assert_eq!(floor.offered_to(request), Some(ann));
    floor.must(Event::CallbackWithdrawn { call: request });
    assert!(matches!(floor.state(ann), Some(AgentState::Ready { .. })), "her phone stops ringing");
    assert_eq!(reason(&floor, request), "withdrawn");
    let gone = floor.tell(Event::CallbackWithdrawn { call: request });
    assert_eq!(gone, Err(CommandError::NoSuchRequest { call: request }));
    floor.prove_replay();
}

#[test]
fn a_request_that_stands_for_too_long_is_given_up() {
    let mut floor = floor();
    let call = calls(&mut floor, 1);
    let request = floor.keep_place(call).unwrap();
    floor.pass(seconds(3_599));
    assert_eq!(state_name(&floor, request), Some("queued"), "longer than anybody would wait");
    floor.pass(seconds(1));
    assert_eq!(reason(&floor, request), "expired");
    let told = |order: &Order| matches!(order, Order::EndCaller { call, .. } if *call == request);
    assert!(!floor.orders.iter().any(told), "nobody is there to be told");
    floor.prove_replay();
}

#[test]
fn only_who_waits_with_a_number_where_callbacks_are_made_keeps_the_place() {
    let mut floor = Floor::with(vec![billing(), a_queue("sales")], vec![an_agent("ann", &[])]);
    let withheld = floor.call("billing");
    assert_eq!(floor.keep_place(withheld), Err(CommandError::NumberUnknown { call: withheld }));
    let elsewhere = floor.call_of("sales", Some(1), &[]);
    let queue = "sales".to_owned();
    assert_eq!(floor.keep_place(elsewhere), Err(CommandError::NobodyCalledBack { queue }));
    floor.hang_up(withheld);
    floor.hang_up(elsewhere);
    floor.ready("ann");
    let offered = calls(&mut floor, 2);
    assert_eq!(floor.keep_place(offered), Err(CommandError::NotWaiting { call: offered }));
    floor.hang_up(offered);
    assert_eq!(floor.acd().live_calls(), 0);
}

#[test]
fn waiting_goes_on_where_it_was_so_that_steps_are_not_begun_anew() {
    let needs: Requirement = "billing >= 8".parse().unwrap();
    let steps = vec![StepPlan { after: seconds(40), needs: Requirement::anybody() }];
    let mut floor = Floor::with(vec![QueuePlan { needs, steps, ..billing() }], vec![an_agent("ann", &[])]);
    let ann = floor.ready("ann");
    let call = calls(&mut floor, 1);
    floor.pass(seconds(30));
    let request = floor.keep_place(call).unwrap();
    floor.pass(seconds(9));
    assert_eq!(floor.offered_to(request), None);
    floor.pass(seconds(1));
    assert_eq!(floor.offered_to(request), Some(ann));
    floor.prove_replay();
}

#[test]
fn a_restart_keeps_every_request_where_it_was_and_counts_no_attempt() {
    let mut floor = floor();
    let (ann, request, customer) = dialling(&mut floor);
    let hers = floor.offer(request).unwrap();
    let waiting = calls(&mut floor, 2);
    let kept = floor.keep_place(waiting).unwrap();
    let at = floor.now() + seconds(900);
    let later = floor.request(BILLING, 3, Some(at)).unwrap();
    floor.take_snapshot();
    floor.sleep(seconds(3));
    floor.orders.clear();
    floor.must(Event::Returned { gone: Vec::new(), silent: Vec::new() });
    for offer in [customer, hers] {
        assert!(floor.orders.contains(&Order::DropPhone { offer, why: DropReason::Stale }));
    }
    assert!(!floor.orders.iter().any(|order| matches!(order, Order::Treat { .. })), "nobody hears anything");
    assert_eq!(floor.outcomes(request), [OfferOutcome::Restart]);
    let attempts = floor.acd().call(request).and_then(acd::Call::request).map(|request| request.attempts);
    assert_eq!((attempts, state_name(&floor, request)), (Some(0), Some("queued")));
    assert_eq!((state_name(&floor, kept), state_name(&floor, later)), (Some("queued"), Some("later")));
    let missed = floor.state(ann).and_then(AgentState::reason).cloned();
    assert!(matches!(missed, Some(NotReadyReason::Disconnected { back: Some(_) })), "she did nothing wrong");
    floor.must(Event::DeskSignedIn { agent: ann });
    assert_eq!(floor.offered_to(request), Some(ann));
    floor.must(Event::Returned { gone: vec![kept], silent: Vec::new() });
    assert_eq!(floor.record(kept).unwrap().outcome, VisitOutcome::LostRestart, "nobody knows the number");
    floor.prove_replay();
}

#[test]
fn who_was_reached_is_a_caller_like_any_other() {
    let mut floor = floor();
    let (ann, request, customer) = dialling(&mut floor);
    floor.must(Event::PhoneAnswered { offer: customer });
    let hers = floor.offer(request).unwrap();
    floor.must(Event::CallHeld { offer: hers });
    floor.must(Event::CallRetrieved { offer: hers });
    floor.must(Event::BridgeFailed { offer: hers });
    let treated = |order: &Order| matches!(order, Order::Treat { call, .. } if *call == request);
    assert!(floor.orders.iter().any(treated), "the customer is on the line and hears music");
    assert!(floor.request(BILLING, 1, None).is_ok(), "and may ask again");
    let ben = floor.ready("ben");
    assert_eq!(floor.offered_to(request), Some(ben));
    floor.must(Event::CallerLeft { call: request, how: CallerExit::HungUp });
    assert_eq!(floor.record(request).unwrap().outcome, VisitOutcome::Abandoned);
    let _ = ann;
    floor.prove_replay();
}

#[test]
fn nobody_is_sent_away_who_is_not_there() {
    let mut floor = floor();
    let (kept, waits) = (calls(&mut floor, 1), calls(&mut floor, 2));
    let request = floor.keep_place(kept).unwrap();
    floor.must(Event::WaitingEnded);
    assert_eq!((reason(&floor, waits), state_name(&floor, request)), ("drained", Some("queued")));
    assert!(!floor.acd().somebody_waits());
    floor.prove_replay();
}

#[test]
fn new_rules_without_callbacks_end_a_request_with_its_next_attempt() {
    let mut floor = floor();
    let (_, request, customer) = dialling(&mut floor);
    let entry =
        EntryPlan { number: "billing".to_owned(), queue: "billing".to_owned(), priority: 5, hours: None };
    let plan = Plan {
        queues: vec![a_queue("billing")],
        entries: vec![entry],
        agents: vec![an_agent("ann", &[])],
        ..Plan::default()
    };
    floor.must(Event::PlanChanged { plan: Box::new(plan) });
    assert!(matches!(floor.acd().call(request).unwrap().state(), CallState::Dialling { .. }));
    floor.must(Event::PhoneRefused { offer: customer, refusal: Refusal::Failed, status: 503 });
    assert_eq!(reason(&floor, request), "not_reached");
    floor.prove_replay();
}

/// What is told of a call, by name.
fn tale(floor: &Floor, call: CallId) -> Vec<What> {
    let (mut acd, mut tale) = (Acd::new(), CallTale::new(call, Limits::default()));
    for entry in &floor.log {
        tale.read(&mut acd, entry);
    }
    tale.moments().iter().map(|moment| moment.what.clone()).collect()
}

#[test]
fn it_is_told_how_a_request_came_about_what_kept_it_and_who_has_its_place() {
    let mut floor = floor();
    let (_, request, customer) = dialling(&mut floor);
    floor.must(Event::PhoneRefused { offer: customer, refusal: Refusal::Rejected, status: 486 });
    let again = calls(&mut floor, 1);
    let told = tale(&floor, request);
    let What::Requested { queue, of: Some(of), .. } = &told[0] else { panic!("{told:?}") };
    assert_eq!((queue.as_str(), floor.record(*of).unwrap().outcome.reason()), ("billing", "callback"));
    assert!(told.contains(&What::Dialled { agent: "ann".to_owned() }), "{told:?}");
    let until = floor.now() + seconds(600);
    assert!(told.contains(&What::Postponed { until }), "{told:?}");
    let ended = |what: &What| matches!(what, What::Ended { reason: "called_again", .. });
    assert!(told.last().is_some_and(ended), "{told:?}");
    assert!(tale(&floor, again).contains(&What::PlaceTaken { of: request }));
    let asked = floor.request(BILLING, 5, None).unwrap();
    assert!(matches!(tale(&floor, asked)[0], What::Requested { of: None, .. }));
}
