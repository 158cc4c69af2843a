//! Several phones ring for one call: all at once, or one more after the other; the first that answers has it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use acd::{
    AgentNo, AgentState, CallId, CommandError, Event, NotReadyReason, OfferOutcome, Order, Refusal, Target,
    Timestamp, VisitOutcome,
    call::CallState,
    effect::DropReason,
    plan::{AgentPlan, Answer, EntryPlan, Presence, QueuePlan, Strategy, Then},
    routing::PreferPlan,
    sim::{Floor, a_queue, an_agent},
};
use std::time::Duration;

const AGENTS: [&str; 4] = ["ann", "ben", "cho", "dee"];

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn queue(strategy: Strategy) -> QueuePlan {
    QueuePlan { strategy, ..a_queue("billing") }
}

/// A floor of four agents; whoever is named is ready, a second after the one before.
fn floor(queue: QueuePlan, ready: &[&str]) -> (Floor, Vec<AgentNo>) {
    let mut floor = Floor::with(vec![queue], AGENTS.map(|id| an_agent(id, &[])).to_vec());
    let ready = begin(&mut floor, ready);
    (floor, ready)
}

fn begin(floor: &mut Floor, ready: &[&str]) -> Vec<AgentNo> {
    let each = ready.iter().map(|id| {
        floor.pass(seconds(1));
        floor.ready(id)
    });
    each.collect()
}

fn idle_since(floor: &Floor, agent: AgentNo) -> Option<Timestamp> {
    if let AgentState::Ready { since } = floor.state(agent)? { Some(*since) } else { None }
}

fn answers(floor: &mut Floor, call: CallId, agent: AgentNo) {
    let offer = floor.offer_to(call, agent);
    floor.must(Event::PhoneAnswered { offer });
}

fn dropped(floor: &Floor, why: DropReason) -> usize {
    let is = |order: &&Order| matches!(order, Order::DropPhone { why: of, .. } if *of == why);
    floor.orders.iter().filter(is).count()
}

#[test]
fn all_phones_ring_at_once_and_the_first_to_answer_has_the_call() {
    let (mut floor, all) = floor(queue(Strategy::RingAll), &["ann", "ben", "cho"]);
    let since: Vec<_> = all.iter().map(|agent| idle_since(&floor, *agent)).collect();
    let call = floor.call("billing");
    assert_eq!(floor.rung(call), all);
    floor.pass(seconds(3));
    answers(&mut floor, call, all[1]);
    assert_eq!((floor.offered_to(call), floor.rung(call)), (Some(all[1]), Vec::new()));
    let withdrawn = OfferOutcome::Withdrawn;
    assert_eq!(floor.outcomes(call), [withdrawn, withdrawn, OfferOutcome::Accepted]);
    // They are to blame for nothing: ready, and idle since then.
    assert_eq!([0, 2].map(|no: usize| idle_since(&floor, all[no])), [since[0], since[2]]);
    assert_eq!(dropped(&floor, DropReason::TakenElsewhere), 2);
    let told = |order: &&Order| matches!(order, Order::WithdrawOffer { cause: OfferOutcome::Accepted, .. });
    assert_eq!(floor.orders.iter().filter(told).count(), 2, "their desks hear that another has the call");
    floor.hang_up(call);
    assert_eq!(floor.record(call).unwrap().offers, 3);
    assert_eq!(floor.visits(call)[0].outcome, VisitOutcome::Answered);
    floor.prove_replay();
}

#[test]
fn of_two_who_answer_at_the_same_moment_one_has_the_call_and_the_other_is_ready_as_before() {
    let (mut floor, all) = floor(queue(Strategy::RingAll), &["ann", "ben"]);
    let since = idle_since(&floor, all[1]);
    let call = floor.call("billing");
    let late = floor.offer_to(call, all[1]);
    answers(&mut floor, call, all[0]);
    floor.must(Event::PhoneAnswered { offer: late });
    assert_eq!((floor.offered_to(call), idle_since(&floor, all[1])), (Some(all[0]), since));
    assert!(floor.orders.contains(&Order::DropPhone { offer: late, why: DropReason::Stale }));
    let joined = floor.orders.iter().filter(|order| matches!(order, Order::Connect { .. })).count();
    assert_eq!((joined, floor.outcomes(call).len()), (1, 2));
}

#[test]
fn no_more_phones_ring_than_may_those_of_the_longest_idle_first() {
    let plan = QueuePlan { ring_most: 2, ..queue(Strategy::RingAll) };
    let (mut floor, all) = floor(plan, &["cho", "ann", "ben"]);
    let call = floor.call("billing");
    assert_eq!(floor.rung(call), all[..2]);
    floor.pass(seconds(1));
    let offer = floor.offer_to(call, all[0]);
    floor.must(Event::PhoneRefused { offer, refusal: Refusal::Rejected, status: 486 });
    assert_eq!(floor.rung(call), all[1..], "her place is taken at once");
}

#[test]
fn who_becomes_ready_joins_a_call_that_rings() {
    let (mut floor, first) = floor(queue(Strategy::RingAll), &["ann"]);
    let call = floor.call("billing");
    assert_eq!(floor.rung(call), first);
    let then = begin(&mut floor, &["ben"]);
    assert_eq!(floor.rung(call), [first[0], then[0]]);
    answers(&mut floor, call, then[0]);
    assert_eq!(floor.offered_to(call), Some(then[0]));
}

#[test]
fn one_more_phone_rings_whenever_the_last_has_rung_for_so_long() {
    let plan = QueuePlan { ring_most: 3, ring_next: seconds(4), ..queue(Strategy::Progressive) };
    let (mut floor, all) = floor(plan, &AGENTS);
    let call = floor.call("billing");
    for (after, count) in [(0, 1), (3, 1), (1, 2), (3, 2), (1, 3), (6, 3)] {
        floor.pass(seconds(after));
        assert_eq!(floor.rung(call), all[..count], "{after} s later");
    }
    // Three may ring by now: whoever does not answer makes room for the next.
    floor.pass(seconds(1));
    assert_eq!(floor.rung(call), all[1..]);
    assert_eq!(floor.outcomes(call), [OfferOutcome::NoAnswer]);
    floor.prove_replay();
}

#[test]
fn a_phone_that_nobody_is_there_for_is_rung_as_soon_as_somebody_is() {
    let plan = QueuePlan { ring_next: seconds(4), ..queue(Strategy::Progressive) };
    let (mut floor, first) = floor(plan, &["ann"]);
    let call = floor.call("billing");
    floor.pass(seconds(10));
    let second = floor.ready("ben");
    let third = floor.ready("cho");
    assert_eq!(floor.rung(call), [first[0], second], "one more, and not two");
    assert!(idle_since(&floor, third).is_some());
    floor.pass(seconds(4));
    assert_eq!(floor.rung(call), [first[0], second, third]);
}

#[test]
fn each_phone_rings_out_by_itself_and_the_caller_keeps_the_place() {
    let plan = QueuePlan { ring: seconds(10), rona_pause: seconds(100), ..queue(Strategy::RingAll) };
    let (mut floor, first) = floor(plan, &["ann"]);
    let call = floor.call("billing");
    let other = floor.call("billing");
    floor.pass(seconds(6));
    let second = floor.ready("ben");
    assert_eq!(
        floor.rung(call),
        [first[0], second],
        "who came first is served first, though somebody rings for her"
    );
    floor.pass(seconds(4));
    assert!(matches!(floor.state(first[0]), Some(AgentState::NotReady { reason: NotReadyReason::Rona, .. })));
    assert_eq!(floor.rung(call), [second], "hers goes on");
    floor.pass(seconds(6));
    assert_eq!(floor.outcomes(call), [OfferOutcome::NoAnswer; 2]);
    assert!(matches!(floor.acd().call(call).unwrap().state(), CallState::Queued));
    let third = floor.ready("cho");
    assert_eq!((floor.rung(call), floor.rung(other)), (vec![third], Vec::new()));
}

#[test]
fn a_caller_who_hangs_up_takes_the_call_from_everybody() {
    let (mut floor, all) = floor(queue(Strategy::RingAll), &["ann", "ben", "cho"]);
    let call = floor.call("billing");
    floor.hang_up(call);
    assert_eq!(floor.outcomes(call), [OfferOutcome::Withdrawn; 3]);
    assert_eq!(dropped(&floor, DropReason::CallerGone), 3);
    assert!(all.iter().all(|agent| idle_since(&floor, *agent).is_some()));
    assert_eq!(floor.record(call).unwrap().outcome, VisitOutcome::Abandoned);
}

#[test]
fn who_takes_the_call_at_her_desk_has_it_unless_her_phone_fails_her() {
    let agent = |id: &str| AgentPlan { answer: Answer::Desk, ..an_agent(id, &[]) };
    let mut floor = Floor::with(vec![queue(Strategy::RingAll)], vec![agent("ann"), agent("ben")]);
    let all = begin(&mut floor, &["ann", "ben"]);
    let call = floor.call("billing");
    assert_eq!(floor.rung(call), all);
    floor.must(Event::OfferAccepted { agent: all[1], call });
    let late = floor.tell(Event::OfferAccepted { agent: all[0], call });
    assert_eq!(late, Err(CommandError::OfferGone { call }));
    assert_eq!((floor.rung(call), idle_since(&floor, all[0]).is_some()), (vec![all[1]], true));
    floor.pass(seconds(5));
    assert_eq!(floor.outcomes(call), [OfferOutcome::Withdrawn, OfferOutcome::Failed]);
    assert_eq!(floor.rung(call), [all[0]], "the other is offered it again");
}

#[test]
fn nobody_joins_when_the_wait_is_over_and_the_call_moves_on_as_soon_as_the_last_phone_is_quiet() {
    for strategy in [Strategy::RingAll, Strategy::Progressive] {
        let first = QueuePlan {
            max_wait: seconds(20),
            then: Then::Queue("sales".to_owned()),
            needs: "billing".parse().unwrap(),
            ring_next: seconds(2),
            ..queue(strategy)
        };
        let sales = QueuePlan { needs: "sales".parse().unwrap(), ..a_queue("sales") };
        let skilled = AGENTS.map(|id| an_agent(id, &[("billing", 5)]));
        let mut floor = Floor::with(vec![first, sales], skilled.to_vec());
        let call = floor.call("billing");
        floor.pass(seconds(12));
        let ann = floor.ready("ann");
        floor.pass(seconds(5));
        let ben = floor.ready("ben");
        assert_eq!(floor.rung(call), [ann, ben]);
        floor.pass(seconds(3));
        let cho = floor.ready("cho");
        assert_eq!(floor.rung(call), [ann, ben], "{strategy:?}: not for one who should have moved on");
        assert!(idle_since(&floor, cho).is_some());
        floor.pass(seconds(12));
        let here = floor.acd().call(call).unwrap().visit().unwrap();
        assert_eq!(floor.acd().directory().queue_name(here.queue), "sales");
        assert_eq!(here.phones, None);
        floor.prove_replay();
    }
}

#[test]
fn calls_that_rank_higher_go_first_whatever_rings_for_them() {
    let mut plan = Floor::with(
        vec![queue(Strategy::RingAll), a_queue("sales")],
        AGENTS.map(|id| an_agent(id, &[])).to_vec(),
    )
    .acd()
    .plan()
    .clone();
    plan.entries.push(EntryPlan {
        number: "vip".to_owned(),
        queue: "sales".to_owned(),
        priority: 9,
        hours: None,
    });
    let mut floor = Floor::new(plan);
    let (early, late) = (floor.call("billing"), floor.call("sales"));
    let vip = floor.call("vip");
    let agents = AGENTS.map(|id| floor.ready(id));
    assert_eq!(floor.rung(vip), agents[..1]);
    assert_eq!(floor.rung(early), agents[1..], "all that are left ring for who came first");
    assert_eq!(floor.rung(late), []);
    answers(&mut floor, early, agents[2]);
    assert_eq!(floor.rung(late), agents[1..2], "who was too slow is free for the next");
}

#[test]
fn after_a_restart_every_phone_is_quiet_and_the_caller_waits_in_the_old_place() {
    let always = |id: &str| AgentPlan { presence: Presence::Always, ..an_agent(id, &[]) };
    let desks = vec![an_agent("ann", &[]), always("ben"), always("cho")];
    let mut floor = Floor::with(vec![queue(Strategy::RingAll)], desks);
    let ann = floor.ready("ann");
    let call = floor.call("billing");
    floor.take_snapshot();
    assert_eq!(floor.rung(call).len(), 3);
    let arrived = floor.acd().call(call).unwrap().ranked_from();
    floor.pass(seconds(2));
    floor.must(Event::Returned { gone: Vec::new(), silent: Vec::new() });
    assert_eq!(floor.outcomes(call), [OfferOutcome::Restart; 3]);
    assert_eq!(dropped(&floor, DropReason::Stale), 3);
    assert_eq!(floor.acd().call(call).unwrap().ranked_from(), arrived);
    assert!(floor.rung(call).is_empty());
    floor.must(Event::DeskSignedIn { agent: ann });
    assert_eq!(floor.rung(call), [ann], "her desktop is back in time");
    floor.prove_replay();
}

#[test]
fn a_call_that_is_given_to_one_agent_rings_her_alone() {
    let (mut floor, all) = floor(queue(Strategy::RingAll), &["ann", "ben", "cho"]);
    let call = floor.call("billing");
    answers(&mut floor, call, all[0]);
    let to = Target::Agent { agent: all[2] };
    floor.must(Event::TransferAsked { agent: all[0], call, to });
    assert_eq!(floor.rung(call), [all[2]]);
    floor.must(Event::OfferDeclined { agent: all[2], call });
    assert_eq!(floor.rung(call), [all[1]], "back in the queue it is everybody's who may have it");
}

#[test]
fn who_is_asked_in_a_queue_that_rings_all_is_one() {
    let (mut floor, all) = floor(queue(Strategy::RingAll), &["ann", "ben", "cho"]);
    let call = floor.call("billing");
    answers(&mut floor, call, all[0]);
    let queue = floor.acd().directory().queue_no("billing").unwrap();
    floor.must(Event::ConsultAsked { agent: all[0], call, to: Target::Queue { queue } });
    let reserved = |agent: &&AgentNo| matches!(floor.state(**agent), Some(AgentState::Reserved { .. }));
    assert_eq!(all.iter().filter(reserved).count(), 1);
}

#[test]
fn a_caller_waits_for_the_agent_of_the_last_time_before_all_are_rung() {
    let prefer = Some(PreferPlan { patience: seconds(8), within: seconds(600) });
    let plan = QueuePlan { prefer, wrap_up: Duration::ZERO, ..queue(Strategy::RingAll) };
    let (mut floor, all) = floor(plan, &["ann", "ben"]);
    let before = floor.call_of("billing", Some(1), &[]);
    answers(&mut floor, before, all[1]);
    floor.hang_up(before);
    let call = floor.call_of("billing", Some(1), &[]);
    assert_eq!(floor.rung(call), all[1..]);
    floor.pass(seconds(8));
    assert_eq!(floor.rung(call), [all[1], all[0]]);
}

#[test]
fn a_step_lets_more_phones_ring_for_a_call_that_rings() {
    let step = acd::routing::StepPlan { after: seconds(5), needs: "".parse().unwrap() };
    let needs = "billing".parse().unwrap();
    let plan = QueuePlan { steps: vec![step], needs, ..queue(Strategy::RingAll) };
    let agents = vec![an_agent("ann", &[("billing", 5)]), an_agent("ben", &[])];
    let mut floor = Floor::with(vec![plan], agents);
    let all = begin(&mut floor, &["ann", "ben"]);
    let call = floor.call("billing");
    assert_eq!(floor.rung(call), all[..1]);
    floor.pass(seconds(5));
    assert_eq!(floor.rung(call), all);
}

#[test]
fn new_rules_let_no_phone_ring_beside_one_where_only_one_may() {
    let (mut floor, first) = floor(queue(Strategy::RingAll), &["ann", "ben"]);
    let call = floor.call("billing");
    let mut plan = floor.acd().plan().clone();
    plan.queues[0].strategy = Strategy::LongestIdle;
    floor.must(Event::PlanChanged { plan: Box::new(plan) });
    let cho = floor.ready("cho");
    assert_eq!((floor.rung(call), idle_since(&floor, cho).is_some()), (first.clone(), true));
    answers(&mut floor, call, first[1]);
    assert_eq!(floor.offered_to(call), Some(first[1]));
}
