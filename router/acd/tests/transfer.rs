//! Callers given away, story by story.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use acd::{
    AgentNo, AgentState, CallId, CommandError, Destination, Event, OfferId, OfferOutcome, Order, Plan,
    QueueNo, Refusal, Taken, Target, TransferOutcome, Treatment, VisitOutcome,
    effect::{CallMove, DropReason},
    event::CallerExit,
    plan::{AgentPlan, EntryPlan, OutsidePlan, QueuePlan},
    sim::{Floor, a_queue, an_agent, shift},
};
use std::{collections::BTreeSet, time::Duration};

const fn seconds(s: u64) -> Duration {
    Duration::from_secs(s)
}

/// Ann serves billing, Ben and Cho serve sales; numbers that begin with 08 may be called.
fn three_agents() -> Floor {
    let queue = |name: &str| QueuePlan { needs: name.parse().unwrap(), ..a_queue(name) };
    let agent = |id: &str, skill: &str| an_agent(id, &[(skill, 5)]);
    let entry = |number: &str, queue: &str| EntryPlan {
        number: number.to_owned(),
        queue: queue.to_owned(),
        priority: 5,
        hours: None,
    };
    Floor::new(Plan {
        queues: vec![queue("billing"), queue("sales")],
        entries: vec![entry("1500", "billing"), entry("1600", "sales"), entry("*", "billing")],
        agents: vec![agent("ann", "billing"), agent("ben", "sales"), agent("cho", "sales")],
        outside: vec![OutsidePlan {
            name: "mobile".to_owned(),
            numbers: vec!["08*".parse().unwrap()],
            ring: seconds(30),
        }],
        ..Plan::default()
    })
}

/// Ann talks to a caller, who came 60 s before.
fn talking(floor: &mut Floor) -> (AgentNo, CallId, OfferId) {
    let call = floor.call("1500");
    floor.pass(seconds(10));
    let ann = floor.ready("ann");
    floor.answer(call);
    floor.pass(seconds(50));
    (ann, call, floor.offer(call).unwrap())
}

const fn sales() -> Target {
    Target::Queue { queue: QueueNo(1) }
}

fn mobile() -> Target {
    Target::Outside { rule: "mobile".to_owned() }
}

/// What came of the transfers of a call.
fn ends(floor: &Floor, call: CallId) -> Vec<(&'static str, TransferOutcome, Option<u16>)> {
    let told = |t: &&acd::TransferRecord| (t.to.kind(), t.outcome, t.status);
    floor.transfers(call).iter().map(told).collect()
}

fn is_waiting(floor: &Floor, call: CallId, queue: QueueNo) -> bool {
    let call = floor.acd().call(call).unwrap();
    call.state().as_str() == "queued" && call.visit().unwrap().queue == queue
}

#[test]
fn a_call_given_to_a_queue_hears_its_music_and_keeps_its_place() {
    let mut floor = three_agents();
    let (ann, call, offer) = talking(&mut floor);
    let later = floor.call("1600");
    floor.orders.clear();
    assert_eq!(floor.tell(Event::TransferAsked { agent: ann, call, to: sales() }), Ok(Taken::Now));
    assert_eq!(
        floor.orders[..3],
        [
            Order::CallMoved { call, agent: ann, to: CallMove::Transferred },
            Order::DropPhone { offer, why: DropReason::Transferred },
            Order::Treat { call, queue: QueueNo(1), treatment: Treatment::Music },
        ]
    );
    assert!(matches!(floor.state(ann), Some(AgentState::WrapUp { .. })));
    assert!(is_waiting(&floor, call, QueueNo(1)));
    assert_eq!(ends(&floor, call), [("queue", TransferOutcome::Completed, None)]);
    let ben = floor.ready("ben");
    assert_eq!((floor.offered_to(call), floor.offered_to(later)), (Some(ben), None), "it came before");
    floor.answer(call);
    floor.pass(seconds(20));
    floor.hang_up(call);
    let visits = floor.visits(call);
    let told: Vec<_> = visits.iter().map(|v| (v.outcome, v.agent, v.talk().as_secs())).collect();
    let given = VisitOutcome::Transferred(Destination::Queue);
    assert_eq!(told, [(given, Some(ann), 50), (VisitOutcome::Answered, Some(ben), 20)]);
    assert_eq!(floor.transfers(call)[0].to, sales());
    let record = floor.record(call).unwrap();
    assert_eq!((record.outcome, record.agent, record.visits), (VisitOutcome::Answered, Some(ben), 2));
    assert_eq!((record.talk, record.answered), (seconds(70), visits[0].answered));
    floor.prove_replay();
}

#[test]
fn a_call_given_to_an_agent_is_offered_to_precisely_her() {
    let mut floor = three_agents();
    let cho = floor.ready("cho"); // longer idle, and just as able
    let (ann, call, offer) = talking(&mut floor);
    let ben = floor.ready("ben");
    let to = Target::Agent { agent: ben };
    floor.orders.clear();
    floor.must(Event::ReferAsked { offer, to: to.clone(), attended: false });
    assert_eq!(floor.orders[0], Order::AcceptRefer { offer }, "the phone is told before it is hung up");
    assert_eq!(floor.offered_to(call), Some(ben), "who has none of the queue's skills");
    let told = |order: &Order| matches!(order, Order::OfferCall { given_by: Some(by), .. } if *by == ann);
    assert!(floor.orders.iter().any(told), "he learns who gave it to him: {:?}", floor.orders);
    floor.answer(call);
    assert_eq!(ends(&floor, call), [("agent", TransferOutcome::Completed, None)]);
    floor.hang_up(call);
    let visit = floor.visits(call)[1];
    assert_eq!((visit.queue, visit.agent), (QueueNo(0), Some(ben)), "a visit to the queue it came from");
    assert!(matches!(floor.state(cho), Some(AgentState::Ready { .. })));
    assert!(matches!(floor.state(ann), Some(AgentState::WrapUp { .. })));
    floor.prove_replay();
}

#[test]
fn an_agent_who_cannot_take_it_is_refused_at_once_and_nothing_changes() {
    let mut floor = three_agents();
    let (ann, call, offer) = talking(&mut floor);
    let ben = floor.agent("ben");
    let ask = |to| Event::TransferAsked { agent: ann, call, to };
    let entries = floor.log.len();
    let gone = CommandError::AgentNotReady { agent: "ben".to_owned(), state: "logged_out" };
    assert_eq!(floor.tell(ask(Target::Agent { agent: ben })), Err(gone.clone()));
    assert_eq!(
        floor.tell(Event::ReferAsked { offer, to: Target::Agent { agent: ben }, attended: false }),
        Err(gone)
    );
    assert_eq!(floor.tell(ask(Target::Agent { agent: ann })), Err(CommandError::ToYourself));
    let nobody = Target::Agent { agent: AgentNo(77) };
    assert_eq!(floor.tell(ask(nobody)), Err(CommandError::NoSuchTarget));
    assert_eq!(floor.tell(ask(Target::Queue { queue: QueueNo(9) })), Err(CommandError::NoSuchTarget));
    let abroad = Target::Outside { rule: "abroad".to_owned() };
    assert_eq!(floor.tell(ask(abroad)), Err(CommandError::NumberRefused));
    let not_hers = Event::TransferAsked { agent: ben, call, to: sales() };
    assert_eq!(floor.tell(not_hers), Err(CommandError::NotInCall { call }));
    let stale = OfferId { attempt: 9, ..offer };
    let stale = Event::ReferAsked { offer: stale, to: sales(), attended: false };
    assert_eq!(floor.tell(stale), Err(CommandError::NotInCall { call }));
    assert_eq!(floor.log.len(), entries);
    assert!(matches!(floor.state(ann), Some(AgentState::Talking { .. })));
}

#[test]
fn a_colleague_who_does_not_answer_sends_the_call_back_to_its_queue_with_its_place() {
    let mut floor = three_agents();
    let (ann, call, _) = talking(&mut floor);
    let ben = floor.ready("ben");
    let later = floor.call("1500");
    let arrived = floor.acd().call(call).unwrap().arrived();
    floor.must(Event::TransferAsked { agent: ann, call, to: Target::Agent { agent: ben } });
    floor.pass(seconds(15)); // his phone rings out; her wrap-up is over, but not her pause
    assert_eq!(floor.outcomes(call), [OfferOutcome::Accepted, OfferOutcome::NoAnswer]);
    assert_eq!(ends(&floor, call), [("agent", TransferOutcome::NoAnswer, None)]);
    assert!(matches!(floor.state(ben), Some(AgentState::NotReady { .. })));
    assert_eq!(floor.offered_to(later), Some(ann), "it came while the other was with Ben");
    assert!(is_waiting(&floor, call, QueueNo(0)));
    assert_eq!(floor.acd().call(call).unwrap().arrived(), arrived);
    floor.hang_up(later);
    assert_eq!(floor.offered_to(call), Some(ann));
    floor.prove_replay();
}

#[test]
fn a_number_outside_that_holds_its_caller_gives_music_and_counts_for_nobody() {
    let mut floor = three_agents();
    let (ann, call, _) = talking(&mut floor);
    floor.must(Event::TransferAsked { agent: ann, call, to: mobile() });
    let leg = floor.offer(call).unwrap();
    floor.must(Event::PhoneAnswered { offer: leg });
    floor.orders.clear();
    floor.must(Event::CallHeld { offer: leg });
    assert_eq!(floor.orders, [Order::Hold { offer: leg, queue: QueueNo(0) }]);
    floor.must(Event::CallRetrieved { offer: leg });
    floor.must(Event::PhoneHungUp { offer: leg });
    assert_eq!(floor.record(call).unwrap().outcome, VisitOutcome::Transferred(Destination::Outside));
    floor.prove_replay();
}

#[test]
fn a_number_outside_is_called_and_joined() {
    let mut floor = three_agents();
    let (ann, call, first) = talking(&mut floor);
    floor.orders.clear();
    floor.must(Event::TransferAsked { agent: ann, call, to: mobile() });
    let leg = floor.offer(call).unwrap();
    assert_eq!((leg.attempt, floor.offered_to(call)), (first.attempt + 1, None));
    assert!(floor.orders.contains(&Order::CallOut { offer: leg, rule: "mobile".to_owned(), by: None }));
    floor.pass(seconds(12));
    floor.must(Event::PhoneAnswered { offer: leg });
    assert_eq!(floor.orders.last(), Some(&Order::Connect { offer: leg }));
    floor.pass(seconds(100));
    floor.must(Event::PhoneHungUp { offer: leg });
    assert!(floor.orders.iter().any(|order| matches!(order, Order::EndCaller { .. })));
    let record = floor.record(call).unwrap();
    assert_eq!(record.outcome, VisitOutcome::Transferred(Destination::Outside));
    assert_eq!((record.agent, record.offers, record.visits), (Some(ann), 1, 1));
    assert_eq!((record.talk, record.queue), (seconds(50), Some(QueueNo(0))), "the time outside is nobody's");
    let transfer = floor.transfers(call)[0];
    assert_eq!(transfer.outcome, TransferOutcome::Completed);
    assert_eq!(transfer.ended.since(transfer.answered.unwrap()), seconds(100));
    floor.prove_replay();
}

#[test]
fn a_number_that_cannot_be_had_brings_the_caller_back_to_the_queue() {
    let refused = |offer| Event::PhoneRefused { offer, refusal: Refusal::Rejected, status: 486 };
    let broken = |offer| Event::PhoneRefused { offer, refusal: Refusal::Failed, status: 503 };
    type Story = (fn(OfferId) -> Event, TransferOutcome, Option<u16>);
    let stories: [Story; 3] = [
        (refused, TransferOutcome::Rejected, Some(486)),
        (broken, TransferOutcome::Failed, Some(503)),
        (|_| Event::DeadlinePassed, TransferOutcome::NoAnswer, None),
    ];
    for (event, outcome, status) in stories {
        let mut floor = three_agents();
        let (ann, call, _) = talking(&mut floor);
        floor.must(Event::TransferAsked { agent: ann, call, to: mobile() });
        let leg = floor.offer(call).unwrap();
        if event(leg) == Event::DeadlinePassed {
            floor.pass(seconds(30));
            assert!(floor.orders.contains(&Order::DropPhone { offer: leg, why: DropReason::RungOut }));
        } else {
            floor.must(event(leg));
        }
        assert_eq!(ends(&floor, call), [("outside", outcome, status)]);
        assert_eq!(floor.acd().call(call).unwrap().visit().unwrap().queue, QueueNo(0));
        floor.must(event(leg)); // once more, too late
        floor.pass(seconds(12)); // her wrap-up and her pause are over
        assert_eq!(floor.offered_to(call), Some(ann));
        assert_eq!(floor.offer(call).unwrap().attempt, leg.attempt + 1, "no leg is named twice");
        floor.prove_replay();
    }
}

#[test]
fn a_number_that_answers_but_cannot_be_joined_brings_the_caller_back() {
    let mut floor = three_agents();
    let (ann, call, _) = talking(&mut floor);
    floor.must(Event::TransferAsked { agent: ann, call, to: mobile() });
    let leg = floor.offer(call).unwrap();
    floor.must(Event::PhoneAnswered { offer: leg });
    floor.must(Event::BridgeFailed { offer: leg });
    assert_eq!(ends(&floor, call), [("outside", TransferOutcome::Failed, None)]);
    assert!(is_waiting(&floor, call, QueueNo(0)));
}

#[test]
fn a_caller_who_leaves_on_the_way_is_a_transfer_abandoned() {
    for to in [Target::Agent { agent: AgentNo(1) }, mobile()] {
        let mut floor = three_agents();
        let (ann, call, _) = talking(&mut floor);
        floor.ready("ben");
        floor.must(Event::TransferAsked { agent: ann, call, to });
        let leg = floor.offer(call).unwrap();
        floor.must(Event::CallerLeft { call, how: CallerExit::HungUp });
        assert!(floor.orders.contains(&Order::DropPhone { offer: leg, why: DropReason::CallerGone }));
        assert_eq!(floor.transfers(call)[0].outcome, TransferOutcome::Abandoned);
        assert_eq!(floor.record(call).unwrap().outcome, VisitOutcome::Abandoned);
    }
}

#[test]
fn a_held_caller_may_be_given_away_and_her_hold_counts() {
    let mut floor = three_agents();
    let (ann, call, offer) = talking(&mut floor);
    floor.must(Event::CallHeld { offer });
    floor.pass(seconds(8));
    floor.must(Event::ReferAsked { offer, to: sales(), attended: false });
    assert_eq!(floor.visits(call)[0].hold, seconds(8));
    assert!(matches!(floor.state(ann), Some(AgentState::WrapUp { .. })));
}

#[test]
fn a_queue_without_wrap_up_does_not_give_her_the_caller_right_back() {
    let queue = QueuePlan { wrap_up: Duration::ZERO, ..a_queue("billing") };
    let mut floor = Floor::with(vec![queue], vec![an_agent("ann", &[])]);
    let ann = floor.ready("ann");
    let call = floor.call("billing");
    floor.answer(call);
    let to = Target::Queue { queue: QueueNo(0) };
    floor.must(Event::TransferAsked { agent: ann, call, to });
    assert_eq!((floor.offered_to(call), floor.state(ann).map(AgentState::as_str)), (None, Some("ready")));
    floor.pass(seconds(10));
    assert_eq!(floor.offered_to(call), Some(ann), "nobody else is there");
}

#[test]
fn a_restart_ends_transfers_on_their_way() {
    for (to, answered) in [(Target::Agent { agent: AgentNo(1) }, false), (mobile(), false), (mobile(), true)]
    {
        let mut floor = three_agents();
        let (ann, call, _) = talking(&mut floor);
        floor.ready("ben");
        floor.must(Event::TransferAsked { agent: ann, call, to });
        if answered {
            let leg = floor.offer(call).unwrap();
            floor.must(Event::PhoneAnswered { offer: leg });
        }
        floor.must(Event::Restarted);
        assert_eq!(floor.transfers(call)[0].outcome, TransferOutcome::LostRestart);
        assert_eq!(floor.record(call).unwrap().outcome, VisitOutcome::LostRestart);
        assert_eq!(floor.acd().live_calls(), 0);
        floor.prove_replay();
    }
}

#[test]
fn a_target_is_found_by_what_people_call_it() {
    let floor = three_agents();
    let phone = |user: &str| (user == "201").then_some(AgentNo(1));
    let find = |text: &str| floor.acd().target(text, phone);
    let (queue, agent) =
        (|no| Target::Queue { queue: QueueNo(no) }, |no| Target::Agent { agent: AgentNo(no) });
    for (text, to, number) in [
        ("sales", queue(1), None),
        (" 1600 ", queue(1), None),
        ("queue:sales", queue(1), None),
        ("ben", agent(1), None),
        ("201", agent(1), None),
        ("agent:cho", agent(2), None),
        ("0811 123", mobile(), Some("0811123")),
        ("number:(0811) 123", mobile(), Some("0811123")),
    ] {
        assert_eq!(find(text), Ok((to, number.map(str::to_owned))), "{text}");
    }
    for text in ["", "*", "nobody", "queue:ben", "agent:sales", "fax:12", "sip:ben@elsewhere"] {
        assert_eq!(find(text), Err(CommandError::NoSuchTarget), "{text}");
    }
    for text in ["0900123", "number:1600"] {
        assert_eq!(find(text), Err(CommandError::NumberRefused), "{text}");
    }
}

#[test]
fn an_agent_and_a_queue_that_have_left_the_plan_are_no_targets() {
    let mut floor = three_agents();
    let mut plan = floor.acd().plan().clone();
    plan.agents.retain(|agent: &AgentPlan| agent.id != "ben");
    plan.queues.retain(|queue| queue.name != "sales");
    plan.entries.retain(|entry| entry.queue != "sales");
    floor.must(Event::PlanChanged { plan: Box::new(plan) });
    for text in ["ben", "sales", "1600"] {
        assert!(floor.acd().target(text, |_| None).is_err(), "{text}");
    }
    let (ann, call, _) = talking(&mut floor);
    let ask = Event::TransferAsked { agent: ann, call, to: sales() };
    assert_eq!(floor.tell(ask), Err(CommandError::NoSuchTarget));
}

#[test]
fn random_shifts_know_every_end_of_every_kind_of_transfer() {
    let kinds = ["agent", "outside"];
    let every = TransferOutcome::ALL.into_iter().flat_map(|outcome| kinds.map(|kind| (kind, outcome)));
    let mut unseen: BTreeSet<_> = every.chain([("queue", TransferOutcome::Completed)]).collect();
    // The rarest come once in some hundred shifts.
    for seed in 0..4_000 {
        shift::play(seed, 120).ledger().transferred.keys().for_each(|end| _ = unseen.remove(end));
        if unseen.is_empty() {
            return;
        }
    }
    panic!("no shift knows {unseen:?}");
}
