//! The process started again, and calls go on, story by story.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use acd::{
    AgentNo, AgentState, CallId, Event, Fact, NotReadyReason, OfferId, OfferOutcome, Order, Plan, QueueNo,
    Target, TransferOutcome, Treatment, VisitOutcome, Wish,
    effect::{CallMove, DropReason, EndReason, EndedBy, FlowOut},
    plan::{AgentPlan, EntryPlan, OutsidePlan, Presence, QueuePlan, Then},
    sim::{Floor, a_queue, an_agent, shift},
};
use std::time::Duration;

const fn seconds(s: u64) -> Duration {
    Duration::from_secs(s)
}

/// Ann serves billing, Ben and Cho serve sales; numbers that begin with 08 may be called.
fn three_agents() -> Floor {
    let queue = |name: &str| QueuePlan { needs: name.parse().unwrap(), ..a_queue(name) };
    let agent = |id: &str, skill: &str| an_agent(id, &[(skill, 5)]);
    let entry = |number: &str, queue: &str, priority| EntryPlan {
        number: number.to_owned(),
        queue: queue.to_owned(),
        priority,
        hours: None,
    };
    Floor::new(Plan {
        queues: vec![queue("billing"), queue("sales")],
        entries: vec![entry("1500", "billing", 5), entry("1900", "billing", 9), entry("1600", "sales", 5)],
        agents: vec![agent("ann", "billing"), agent("ben", "sales"), agent("cho", "sales")],
        outside: vec![OutsidePlan {
            name: "mobile".to_owned(),
            numbers: vec!["08*".parse().unwrap()],
            ring: seconds(30),
        }],
        ..Plan::default()
    })
}

/// A phone without a desktop.
fn a_phone(id: &str) -> AgentPlan {
    AgentPlan { presence: Presence::Always, ..an_agent(id, &[]) }
}

/// Ann talks to a caller.
fn talking(floor: &mut Floor) -> (AgentNo, CallId, OfferId) {
    let ann = floor.ready("ann");
    let call = floor.call("1500");
    floor.answer(call);
    floor.pass(seconds(10));
    (ann, call, floor.offer(call).unwrap())
}

/// Ann talks to a caller and asks Ben, whose phone rings.
fn asking(floor: &mut Floor) -> (AgentNo, CallId, OfferId, OfferId) {
    let (ann, call, hers) = talking(floor);
    floor.ready("ben");
    floor.must(Event::ConsultAsked { agent: ann, call, to: ben() });
    floor.must(Event::CallHeld { offer: hers });
    let leg = floor.acd().call(call).unwrap().consult().unwrap().leg().unwrap();
    floor.pass(seconds(5));
    (ann, call, hers, leg)
}

const fn ben() -> Target {
    Target::Agent { agent: AgentNo(1) }
}
fn mobile() -> Target {
    Target::Outside { rule: "mobile".to_owned() }
}

/// The process dies, and is back three seconds later; only what it orders then is kept.
fn killed(floor: &mut Floor, gone: &[CallId], silent: &[OfferId]) {
    floor.take_snapshot();
    floor.sleep(seconds(3));
    floor.orders.clear();
    floor.must(Event::Returned { gone: gone.to_vec(), silent: silent.to_vec() });
}

fn not_ready(floor: &Floor, id: &str) -> Option<NotReadyReason> {
    floor.state(floor.agent(id)).and_then(AgentState::reason).cloned()
}
fn state_name(floor: &Floor, call: CallId) -> Option<&'static str> {
    floor.acd().call(call).map(acd::Call::state_name)
}
fn treated(floor: &Floor) -> Vec<CallId> {
    let of = |order: &Order| if let Order::Treat { call, .. } = order { Some(*call) } else { None };
    floor.orders.iter().filter_map(of).collect()
}

#[test]
fn those_who_wait_keep_their_places_and_hear_music_again() {
    let mut floor = three_agents();
    let mut calls = Vec::new();
    for number in ["1500", "1900", "1500"] {
        calls.push(floor.call(number));
        floor.pass(seconds(60));
    }
    let line = |floor: &Floor| -> Vec<_> {
        let seen = |call: &CallId| {
            let visit = *floor.acd().call(*call).unwrap().visit().unwrap();
            (floor.acd().place_in_queue(*call, 9), visit.entered, visit.leaves)
        };
        calls.iter().map(seen).collect()
    };
    let before = line(&floor);
    killed(&mut floor, &[], &[]);
    assert_eq!(line(&floor), before);
    assert_eq!(treated(&floor), calls);
    assert_eq!(floor.orders.len(), 3, "{:?}", floor.orders);
    assert_eq!(floor.facts.iter().filter(|fact| matches!(fact, Fact::QueueEntered { .. })).count(), 3);
    floor.ready("ann");
    assert_eq!(state_name(&floor, calls[1]), Some("offered"), "the one of the highest priority");
    floor.prove_replay();
}

#[test]
fn a_phone_that_rang_stops_and_her_desktop_finds_her_ready_for_the_same_caller() {
    let mut floor = three_agents();
    let ann = floor.ready("ann");
    let AgentState::Ready { since: idle_since } = floor.state(ann).cloned().unwrap() else { panic!() };
    floor.pass(seconds(40));
    let call = floor.call("1500");
    let (offer, entered) = (floor.offer(call).unwrap(), floor.acd().call(call).unwrap().visit().copied());
    floor.pass(seconds(4));
    killed(&mut floor, &[], &[]);
    assert!(floor.orders.contains(&Order::DropPhone { offer, why: DropReason::Stale }));
    assert_eq!(floor.outcomes(call), [OfferOutcome::Restart]);
    assert_eq!((state_name(&floor, call), treated(&floor)), (Some("queued"), vec![call]));
    assert_eq!(floor.acd().call(call).unwrap().visit().copied(), entered, "the same visit");
    let Some(NotReadyReason::Disconnected { back: Some(back) }) = not_ready(&floor, "ann") else { panic!() };
    assert_eq!((back.ready_since, back.until), (idle_since, floor.now() + seconds(30)));
    floor.pass(seconds(2));
    floor.must(Event::DeskSignedIn { agent: ann });
    assert_eq!(floor.offer(call), Some(OfferId { call, attempt: 2 }), "it is not held against her");
    floor.answer(call);
    floor.hang_up(call);
    let record = floor.record(call).unwrap();
    assert_eq!((record.outcome, record.visits, record.offers), (VisitOutcome::Answered, 1, 2));
    floor.prove_replay();
}

#[test]
fn a_phone_without_a_desktop_rests_a_while_and_another_one_rings_at_once() {
    let mut floor = Floor::with(vec![a_queue("billing")], vec![a_phone("p1"), a_phone("p2")]);
    let waiting = [floor.call("billing"), floor.call("billing")];
    floor.answer(waiting[1]);
    floor.hang_up(waiting[1]);
    floor.pass(seconds(11)); // the second one is free again
    assert_eq!(floor.state(AgentNo(1)).map(AgentState::as_str), Some("ready"));
    killed(&mut floor, &[], &[]);
    assert_eq!(not_ready(&floor, "p1"), Some(NotReadyReason::Restart));
    assert_eq!(floor.offered_to(waiting[0]), Some(AgentNo(1)));
    assert_eq!(treated(&floor), [], "a caller who is rung for hears that");
    floor.must(Event::PhoneRefused {
        offer: floor.offer(waiting[0]).unwrap(),
        refusal: acd::Refusal::Rejected,
        status: 486,
    });
    assert_eq!(treated(&floor), [waiting[0]]);
    floor.pass(seconds(10));
    assert_eq!(floor.offered_to(waiting[0]), Some(AgentNo(0)), "rested");
    floor.prove_replay();
}

#[test]
fn a_phone_that_did_not_ring_yet_is_told_nothing() {
    let at_desk = AgentPlan { answer: acd::plan::Answer::Desk, ..an_agent("ann", &[]) };
    for accepted in [false, true] {
        let mut floor = Floor::with(vec![a_queue("billing")], vec![at_desk.clone()]);
        let ann = floor.ready("ann");
        let call = floor.call("billing");
        let offer = floor.offer(call).unwrap();
        if accepted {
            floor.must(Event::OfferAccepted { agent: ann, call });
        }
        killed(&mut floor, &[], &[]);
        let dropped = floor.orders.contains(&Order::DropPhone { offer, why: DropReason::Stale });
        assert_eq!(dropped, accepted, "only after she accepted at her desk does her phone ring");
        assert_eq!(
            (state_name(&floor, call), floor.outcomes(call)),
            (Some("queued"), vec![OfferOutcome::Restart])
        );
        floor.prove_replay();
    }
}

#[test]
fn what_she_asked_for_while_her_phone_rang_is_not_forgotten() {
    let mut floor = three_agents();
    let ann = floor.ready("ann");
    let call = floor.call("1500");
    let lunch = Wish::NotReady { reason: "lunch".to_owned() };
    floor.must(Event::StateAsked { agent: ann, wish: lunch });
    killed(&mut floor, &[], &[]);
    assert_eq!(not_ready(&floor, "ann"), Some(NotReadyReason::Site { code: "lunch".to_owned() }));
    assert_eq!(state_name(&floor, call), Some("queued"));
}

#[test]
fn those_who_talk_talk_on_and_one_record_tells_all_of_it() {
    let mut floor = three_agents();
    let (ann, call, offer) = talking(&mut floor);
    for _ in 0..2 {
        killed(&mut floor, &[], &[]);
        assert_eq!(floor.orders, [Order::Connect { offer }], "and nothing else, a second time as well");
    }
    floor.pass(seconds(4));
    floor.must(Event::DeskSignedIn { agent: ann });
    let to = CallMove::Connected;
    assert!(floor.orders.contains(&Order::CallMoved { call, agent: ann, to }), "her desktop learns of it");
    floor.must(Event::PhoneHungUp { offer });
    assert_eq!(floor.record(call).unwrap().talk, seconds(20));
    assert_eq!(floor.visits(call).len(), 1);
    floor.pass(seconds(10));
    assert!(matches!(floor.state(ann), Some(AgentState::Ready { .. })), "as after any call");
    floor.prove_replay();
}

#[test]
fn a_caller_on_hold_hears_music_again_and_the_hold_is_one() {
    let mut floor = three_agents();
    let (_, call, offer) = talking(&mut floor);
    floor.must(Event::CallHeld { offer });
    floor.pass(seconds(7));
    killed(&mut floor, &[], &[]);
    assert_eq!(floor.orders, [Order::Hold { offer, queue: QueueNo(0) }]);
    floor.pass(seconds(5));
    floor.must(Event::CallRetrieved { offer });
    floor.hang_up(call);
    let visit = floor.visits(call)[0];
    assert_eq!((visit.hold, visit.talk()), (seconds(15), seconds(10)));
    floor.prove_replay();
}

#[test]
fn a_caller_who_cannot_be_reached_any_more_has_left() {
    let mut floor = three_agents();
    let (ann, talks, offer) = talking(&mut floor);
    let waits = floor.call("1500");
    let stays = floor.call("1500");
    killed(&mut floor, &[talks, waits, CallId::from_u128(7)], &[]);
    assert_eq!(floor.record(waits).unwrap().outcome, VisitOutcome::Abandoned);
    assert_eq!(floor.record(talks).unwrap().outcome, VisitOutcome::Answered);
    assert!(floor.orders.contains(&Order::DropPhone { offer, why: DropReason::CallerGone }));
    let to = CallMove::Ended { by: EndedBy::Caller };
    assert!(floor.orders.contains(&Order::CallMoved { call: talks, agent: ann, to }));
    assert!(matches!(floor.state(ann), Some(AgentState::WrapUp { .. })));
    assert_eq!(treated(&floor), [stays]);
    floor.prove_replay();
}

#[test]
fn a_caller_who_was_being_rung_for_and_left_is_an_abandon_and_frees_her() {
    let mut floor = three_agents();
    floor.ready("ann");
    let call = floor.call("1500");
    killed(&mut floor, &[call], &[]);
    assert_eq!(floor.outcomes(call), [OfferOutcome::Withdrawn]);
    assert_eq!(floor.record(call).unwrap().outcome, VisitOutcome::Abandoned);
    assert!(matches!(not_ready(&floor, "ann"), Some(NotReadyReason::Disconnected { back: Some(_) })));
}

#[test]
fn a_conversation_whose_phone_is_not_there_any_more_is_over() {
    let mut floor = three_agents();
    let (ann, call, offer) = talking(&mut floor);
    let late = OfferId { call, attempt: 9 };
    killed(&mut floor, &[], &[offer, late]);
    assert!(floor.orders.contains(&Order::EndCaller { call, why: EndReason::AgentHungUp }));
    assert_eq!(floor.record(call).unwrap().outcome, VisitOutcome::Answered);
    floor.pass(seconds(10));
    let Some(NotReadyReason::Disconnected { back: None }) = not_ready(&floor, "ann") else {
        panic!("{:?}", floor.state(ann))
    };
    floor.prove_replay();
}

#[test]
fn whoever_is_asked_about_a_caller_is_let_go_and_the_caller_stays_with_her_who_asked() {
    for answered in [false, true] {
        let mut floor = three_agents();
        let (_, call, hers, leg) = asking(&mut floor);
        if answered {
            floor.must(Event::PhoneAnswered { offer: leg });
        }
        killed(&mut floor, &[], &[]);
        assert!(floor.orders.contains(&Order::DropPhone { offer: leg, why: DropReason::ConsultOver }));
        assert!(floor.orders.contains(&Order::Hold { offer: hers, queue: QueueNo(0) }));
        assert_eq!(floor.transfers(call)[0].outcome, TransferOutcome::Failed);
        assert_eq!(state_name(&floor, call), Some("held"));
        assert!(matches!(not_ready(&floor, "ben"), Some(NotReadyReason::Disconnected { back: Some(_) })));
        floor.must(Event::CallRetrieved { offer: hers });
        assert_eq!(state_name(&floor, call), Some("connected"));
        floor.prove_replay();
    }
}

#[test]
fn nobody_is_put_through_to_a_leg_that_died_with_the_process() {
    let mut floor = three_agents();
    let (_, call, hers, leg) = asking(&mut floor);
    floor.must(Event::PhoneAnswered { offer: leg });
    killed(&mut floor, &[], &[hers, leg]);
    assert!(floor.orders.contains(&Order::EndCaller { call, why: EndReason::AgentHungUp }));
    assert_eq!(floor.transfers(call).len(), 1);
    assert_eq!(floor.record(call).unwrap().visits, 1);
}

#[test]
fn a_question_that_was_over_before_her_phone_held_takes_no_later_hold_away() {
    let mut floor = three_agents();
    let (ann, call, offer) = talking(&mut floor);
    floor.ready("ben");
    floor.must(Event::ConsultAsked { agent: ann, call, to: ben() });
    floor.must(Event::RetrieveAsked { agent: ann, call });
    killed(&mut floor, &[], &[]);
    floor.must(Event::CallHeld { offer });
    assert!(!floor.orders.contains(&Order::Retrieve { offer }), "{:?}", floor.orders);
    assert_eq!(state_name(&floor, call), Some("held"));
}

#[test]
fn a_caller_put_through_stays_with_the_one_who_was_asked() {
    let mut floor = three_agents();
    let (ann, call, _, leg) = asking(&mut floor);
    floor.must(Event::PhoneAnswered { offer: leg });
    floor.must(Event::CompleteAsked { agent: ann, call });
    killed(&mut floor, &[], &[]);
    assert_eq!(floor.orders.first(), Some(&Order::Connect { offer: leg }));
    assert_eq!(floor.offered_to(call), Some(AgentNo(1)));
    assert!(matches!(floor.state(ann), Some(AgentState::WrapUp { .. })), "hers is over");
}

#[test]
fn a_transfer_whose_phone_rang_came_to_nothing_and_the_caller_waits_where_the_call_came_from() {
    for asked_before in [false, true] {
        let mut floor = three_agents();
        let call = if asked_before {
            let (ann, call, ..) = asking(&mut floor);
            floor.must(Event::CompleteAsked { agent: ann, call });
            call
        } else {
            let (ann, call, _) = talking(&mut floor);
            floor.ready("ben");
            floor.must(Event::TransferAsked { agent: ann, call, to: ben() });
            call
        };
        killed(&mut floor, &[], &[]);
        assert_eq!(floor.outcomes(call), [OfferOutcome::Accepted, OfferOutcome::Restart]);
        assert_eq!(floor.transfers(call)[0].outcome, TransferOutcome::Failed);
        let visit = *floor.acd().call(call).unwrap().visit().unwrap();
        assert_eq!((state_name(&floor, call), visit.queue), (Some("queued"), QueueNo(0)));
        assert_eq!(treated(&floor), [call]);
        floor.prove_replay();
    }
}

#[test]
fn a_number_outside_that_rang_is_given_up_and_one_that_talks_is_not() {
    for answered in [false, true] {
        let mut floor = three_agents();
        let (ann, call, _) = talking(&mut floor);
        floor.must(Event::TransferAsked { agent: ann, call, to: mobile() });
        let leg = floor.offer(call).unwrap();
        if answered {
            floor.must(Event::PhoneAnswered { offer: leg });
            killed(&mut floor, &[], &[]);
            assert_eq!(floor.orders, [Order::Connect { offer: leg }]);
            floor.must(Event::PhoneHungUp { offer: leg });
            assert_eq!(floor.transfers(call)[0].outcome, TransferOutcome::Completed);
        } else {
            killed(&mut floor, &[], &[]);
            assert!(floor.orders.contains(&Order::DropPhone { offer: leg, why: DropReason::Stale }));
            let treat = Order::Treat { call, queue: QueueNo(0), treatment: Treatment::Music };
            assert!(floor.orders.contains(&treat), "{:?}", floor.orders);
            assert_eq!(floor.transfers(call)[0].outcome, TransferOutcome::Failed);
        }
        floor.prove_replay();
    }
}

#[test]
fn a_number_outside_that_is_not_there_any_more_has_hung_up() {
    let mut floor = three_agents();
    let (ann, call, _) = talking(&mut floor);
    floor.must(Event::TransferAsked { agent: ann, call, to: mobile() });
    let leg = floor.offer(call).unwrap();
    floor.must(Event::PhoneAnswered { offer: leg });
    killed(&mut floor, &[], &[leg]);
    assert!(floor.orders.contains(&Order::EndCaller { call, why: EndReason::AgentHungUp }));
    assert_eq!(floor.transfers(call)[0].outcome, TransferOutcome::Completed);
}

#[test]
fn waits_and_wrap_ups_that_ran_out_while_nobody_was_there_are_over_at_once() {
    let queue =
        QueuePlan { max_wait: seconds(60), then: Then::Queue("spare".to_owned()), ..a_queue("billing") };
    let mut floor = Floor::with(vec![queue, a_queue("spare")], vec![an_agent("ann", &[])]);
    let ann = floor.ready("ann");
    let short = floor.call("billing");
    floor.answer(short);
    let call = floor.call("billing");
    floor.hang_up(short);
    floor.pass(seconds(1));
    floor.must(Event::StateAsked { agent: ann, wish: Wish::NotReady { reason: "tea".to_owned() } });
    floor.sleep(seconds(300));
    killed(&mut floor, &[], &[]);
    assert_eq!(floor.visits(call)[0].outcome, VisitOutcome::FlowOut(FlowOut::Overflow));
    let treat = Order::Treat { call, queue: QueueNo(1), treatment: Treatment::Music };
    assert!(floor.orders.contains(&treat), "{:?}", floor.orders);
    floor.prove_replay();
}

#[test]
fn logs_of_both_kinds_of_restart_are_read() {
    let read = |text: &str| serde_json::from_str::<acd::Entry>(text).unwrap().event;
    assert_eq!(read(r#"{"n":7,"t":9,"e":"restarted"}"#), Event::Restarted);
    let nobody = Event::Returned { gone: Vec::new(), silent: Vec::new() };
    assert_eq!(read(r#"{"n":7,"t":9,"e":{"returned":{}}}"#), nobody);
    let call = CallId::from_u128(77);
    let all = Event::Returned { gone: vec![call], silent: vec![OfferId { call, attempt: 3 }] };
    for event in [nobody, all] {
        let packed = rmp_serde::to_vec_named(&event).unwrap();
        assert_eq!(rmp_serde::from_slice::<Event>(&packed).unwrap(), event);
    }
}

#[test]
fn random_shifts_die_in_the_midst_of_everything() {
    let mut seen = std::collections::BTreeMap::new();
    for seed in 0..600 {
        for moment in shift::play(seed, 120).returns() {
            *seen.entry(*moment).or_insert(0_u32) += 1;
        }
    }
    for moment in [
        "queued",
        "card",
        "ringing",
        "desk",
        "auto_answer",
        "connected",
        "held",
        "asked_ringing",
        "asked_talking",
        "returning",
        "given_ringing",
        "dialling",
        "outside",
        "wrap_up",
        "gone",
        "silent",
        "silent_asking",
        "request_queued",
        "later",
        "calling_back",
    ] {
        assert!(seen.contains_key(moment), "{moment} in {seen:?}");
    }
}

/// The music died with the process; the phone that rings now gives none.
#[test]
fn a_caller_who_had_music_has_it_again_while_the_next_phone_rings() {
    let mut floor = Floor::with(vec![a_queue("billing")], vec![a_phone("p1")]);
    let talking = floor.call("billing");
    floor.answer(talking);
    let waiting = floor.call("billing");
    floor.hang_up(talking);
    floor.sleep(seconds(11)); // she has wrapped up when the process is back
    killed(&mut floor, &[], &[]);
    assert_eq!(floor.offered_to(waiting), Some(AgentNo(0)));
    assert_eq!(treated(&floor), [waiting]);
    floor.prove_replay();
}
