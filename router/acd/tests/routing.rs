//! Who gets whom: strategies, ageing, steps, variables, known callers and rest, each told as a story.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use acd::{
    AgentNo, CallId, CommandError, Decision, Event, OfferOutcome, Plan, Wish,
    bars::Bar,
    plan::{AgentPlan, EntryPlan, Presence, QueuePlan, Strategy},
    routing::{AttributePlan, PreferPlan, Routing, Sequence, StepPlan},
    sim::{Floor, Random, a_queue, an_agent},
};
use std::time::Duration;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn by(strategy: Strategy, needs: &str) -> QueuePlan {
    QueuePlan { strategy, needs: needs.parse().unwrap(), wrap_up: Duration::ZERO, ..a_queue("billing") }
}

fn step(after: u64, needs: &str) -> StepPlan {
    StepPlan { after: seconds(after), needs: needs.parse().unwrap() }
}

/// A call comes, is answered, and is over after so long.
fn served(floor: &mut Floor, talk: Duration) -> AgentNo {
    let call = floor.call("billing");
    let agent = floor.offered_to(call).unwrap();
    floor.answer(call);
    floor.pass(talk);
    floor.hang_up(call);
    agent
}

#[test]
fn the_one_with_the_fewest_calls_since_she_signed_in_is_first() {
    let mut floor =
        Floor::with(vec![by(Strategy::FewestCalls, "")], vec![an_agent("ann", &[]), an_agent("ben", &[])]);
    let ann = floor.ready("ann");
    (0..3).for_each(|_| assert_eq!(served(&mut floor, seconds(10)), ann));
    let ben = floor.ready("ben");
    (0..3).for_each(|_| assert_eq!(served(&mut floor, seconds(10)), ben));
    assert_eq!(served(&mut floor, seconds(10)), ann, "three each: she has idled longer");
    assert_eq!(served(&mut floor, seconds(10)), ben);
    floor.must(Event::StateAsked { agent: ann, wish: Wish::LoggedOut });
    assert_eq!(floor.acd().agent(ann).unwrap().calls(), 4);
    floor.ready("ann");
    assert_eq!(served(&mut floor, seconds(10)), ann, "a new day begins with none");
}

#[test]
fn the_most_skilled_is_first_and_the_least_skilled_that_suffices_saves_her() {
    let team = || {
        vec![
            an_agent("low", &[("billing", 2)]),
            an_agent("mid", &[("billing", 5), ("sales", 9)]),
            an_agent("top", &[("billing", 9)]),
        ]
    };
    for (strategy, order) in
        [(Strategy::MostSkilled, ["top", "mid"]), (Strategy::LeastSkilled, ["mid", "top"])]
    {
        let mut floor = Floor::with(vec![by(strategy, "billing >= 3")], team());
        let _ready = ["mid", "low", "top"].map(|id| floor.ready(id));
        for id in order {
            let call = floor.call("billing");
            assert_eq!(floor.offered_to(call), Some(floor.agent(id)), "{strategy:?}");
        }
        let waits = floor.call("billing");
        assert_eq!(floor.offered_to(waits), None, "two are too little");
    }
}

#[test]
fn turns_go_round_by_the_last_offer_also_when_it_was_not_taken() {
    let mut floor =
        Floor::with(vec![by(Strategy::RoundRobin, "")], vec![an_agent("ann", &[]), an_agent("ben", &[])]);
    let (ann, ben) = (floor.ready("ann"), floor.ready("ben"));
    let gone = floor.call("billing");
    assert_eq!(floor.offered_to(gone), Some(ann));
    floor.pass(seconds(1));
    floor.hang_up(gone); // her idle time goes on, but she has had her turn
    assert_eq!(served(&mut floor, seconds(1)), ben);
    assert_eq!(served(&mut floor, seconds(1)), ann);
}

#[test]
fn the_order_of_the_file_holds_whoever_has_idled_longer() {
    let mut floor =
        Floor::with(vec![by(Strategy::TopDown, "")], vec![an_agent("ann", &[]), an_agent("ben", &[])]);
    let ben = floor.ready("ben");
    floor.pass(seconds(100));
    let ann = floor.ready("ann");
    assert_eq!(served(&mut floor, seconds(1)), ann);
    assert_eq!(served(&mut floor, seconds(1)), ann);
    let mut plan = floor.acd().plan().clone();
    plan.agents.reverse();
    floor.must(Event::PlanChanged { plan: Box::new(plan) });
    assert_eq!(served(&mut floor, seconds(1)), ben);
}

#[test]
fn twice_the_weight_is_twice_the_calls() {
    let heavy = AgentPlan { weight: 2, ..an_agent("ann", &[]) };
    let mut floor = Floor::with(vec![by(Strategy::Weighted, "")], vec![heavy, an_agent("ben", &[])]);
    let (ann, ben) = (floor.ready("ann"), floor.ready("ben"));
    let mut counts = [0, 0];
    for _ in 0..30 {
        counts[usize::from(served(&mut floor, seconds(5)) == ben)] += 1;
    }
    assert_eq!(counts, [20, 10], "{ann:?} has the weight");
}

#[test]
fn the_fastest_in_this_queue_is_first_once_she_is_known() {
    let mut floor =
        Floor::with(vec![by(Strategy::Fastest, "")], vec![an_agent("ann", &[]), an_agent("ben", &[])]);
    let (ann, ben) = (floor.ready("ann"), floor.ready("ben"));
    for _ in 0..20 {
        let call = floor.call("billing");
        let agent = floor.offered_to(call).unwrap();
        floor.answer(call);
        floor.pass(if agent == ann { seconds(300) } else { seconds(60) });
        floor.hang_up(call);
    }
    assert_eq!(served(&mut floor, seconds(60)), ben);
    assert_eq!(served(&mut floor, seconds(60)), ben, "though Ann has idled longer");
}

#[test]
fn what_keeps_an_agent_from_a_call_has_a_name() {
    let queue = QueuePlan {
        needs: "billing >= 3".parse().unwrap(),
        prefer: Some(PreferPlan { patience: seconds(30), within: seconds(86_400) }),
        wrap_up: Duration::ZERO,
        ..a_queue("billing")
    };
    let able = |id: &str| an_agent(id, &[("billing", 5)]);
    let mut plan =
        Floor::with(vec![queue], vec![able("ann"), able("ben"), an_agent("cho", &[])]).acd().plan().clone();
    plan.routing.rest = seconds(5);
    let mut floor = Floor::new(plan);
    let (ann, ben, cho) = (floor.ready("ann"), floor.agent("ben"), floor.agent("cho"));
    let first = floor.call_of("billing", Some(1), &[]);
    floor.answer(first);
    floor.hang_up(first);
    let rests = floor.now() + seconds(5);
    let call = floor.call_of("billing", Some(1), &[]);
    let until = floor.now() + seconds(30);
    assert_eq!(floor.acd().bars(call, ann), [Bar::Rests { until: rests }]);
    let away = Bar::NotReady { state: acd::AgentState::LoggedOut };
    assert_eq!(floor.acd().bars(call, ben), [away.clone(), Bar::KeptFor { agent: ann, until }]);
    let kept = Bar::KeptFor { agent: ann, until };
    assert_eq!(floor.acd().bars(call, cho), [away, Bar::LacksSkill { step: 0 }, kept]);
    floor.pass(seconds(5));
    floor.must(Event::OfferDeclined { agent: ann, call });
    let bars = floor.acd().bars(call, ann);
    assert!(matches!(bars[..], [Bar::NotReady { .. }, Bar::Excluded { .. }]), "{bars:?}");
    let mut plan = floor.acd().plan().clone();
    plan.agents.remove(2);
    floor.must(Event::PlanChanged { plan: Box::new(plan) });
    assert_eq!(floor.acd().bars(call, cho)[0], Bar::Retired);
}

/// A queue whose entries have all priorities, `p1` to `p10`.
fn classes(routing: Routing, agents: usize) -> Floor {
    let queue = QueuePlan { max_wait: seconds(24 * 3_600), wrap_up: Duration::ZERO, ..a_queue("billing") };
    let entry = |priority: u8| EntryPlan {
        number: format!("p{priority}"),
        queue: "billing".to_owned(),
        priority,
        hours: None,
    };
    let agent = |no| AgentPlan { presence: Presence::Always, ..an_agent(&format!("a{no}"), &[]) };
    Floor::new(Plan {
        queues: vec![queue],
        entries: (1..=10).map(entry).collect(),
        agents: (0..agents).map(agent).collect(),
        routing,
        ..Plan::default()
    })
}

#[test]
fn a_level_of_priority_is_worth_its_ageing_and_no_more() {
    let mut floor = classes(Routing { ageing: Some(seconds(60)), ..Routing::default() }, 1);
    let busy = floor.call("p5");
    floor.answer(busy);
    let low = floor.call("p1");
    floor.pass(seconds(9 * 60 - 1));
    let high = floor.call("p10");
    floor.hang_up(busy);
    assert_eq!(floor.offered_to(high), Some(floor.agent("a0")), "one second before the bound");
    floor.hang_up(high);
    floor.answer(low);
    let (low, _) = (floor.call("p1"), floor.pass(seconds(9 * 60 + 1)));
    let (high, talks) = (floor.call("p10"), floor.acd().calls().next().unwrap().id());
    floor.hang_up(talks);
    assert_eq!(floor.offered_to(low), Some(floor.agent("a0")), "who came 9 levels earlier goes first");
    assert_eq!(floor.offered_to(high), None);
}

#[test]
fn whose_promise_ends_first_goes_first_where_the_objective_rules() {
    let queue = |name: &str, within| QueuePlan { answer_within: seconds(within), ..a_queue(name) };
    let routing = Routing { order: Sequence::ServiceObjective, ..Routing::default() };
    let (queues, agents) = (vec![queue("slow", 60), queue("quick", 10)], vec![an_agent("ann", &[])]);
    let mut plan = Floor::with(queues, agents).acd().plan().clone();
    plan.routing = routing;
    let mut floor = Floor::new(plan);
    let slow = floor.call("slow");
    floor.pass(seconds(30));
    let quick = floor.call("quick");
    floor.pass(seconds(25));
    let later = floor.call("quick");
    let ann = floor.ready("ann");
    assert_eq!(floor.offered_to(quick), Some(ann), "due after 40 s, the slow one after 60");
    floor.hang_up(quick);
    assert_eq!(floor.offered_to(slow), Some(ann), "due before the one that came after 55 s");
    floor.hang_up(slow);
    assert_eq!(floor.offered_to(later), Some(ann));
}

#[test]
fn a_call_that_is_worth_more_than_was_thought_moves_up_and_nonsense_is_refused() {
    let mut floor = classes(Routing::default(), 1);
    let busy = floor.call("p5");
    floor.answer(busy);
    let (first, second) = (floor.call("p5"), floor.call("p5"));
    let change = |call: CallId, priority, reasons: &[&str]| {
        let reasons = reasons.iter().map(|&reason| reason.to_owned()).collect();
        Event::PriorityChanged { call, priority, reasons }
    };
    assert_eq!(floor.tell(change(second, 11, &[])), Err(CommandError::BadPriority));
    assert_eq!(floor.tell(change(second, 8, &["what they said: free text"])), Err(CommandError::BadReason));
    assert_eq!(floor.tell(change(second, 8, &["x"; 9])), Err(CommandError::BadReason));
    assert_eq!(floor.tell(change(busy, 8, &[])), Err(CommandError::NotWaiting { call: busy }));
    floor.must(change(second, 8, &["gold_customer", "cost_to_serve"]));
    floor.hang_up(busy);
    assert_eq!(floor.offered_to(second), Some(floor.agent("a0")));
    assert_eq!(floor.acd().place_in_queue(first, 50), Some(1));
}

/// Waits of the answered calls of the lowest and of the highest priority, under more calls of the highest than can be
/// served at the busiest hour.
fn a_busy_hour(routing: Routing, seed: u64) -> (Vec<Duration>, Vec<Duration>) {
    let mut floor = classes(routing, 5);
    let mut random = Random::new(seed);
    let (mut low, mut high, mut ends) = (Vec::new(), Vec::new(), Vec::new());
    let begin = floor.now();
    while floor.now().since(begin) < seconds(3_600) {
        let number = if random.one_in(5) { "p1" } else { "p10" };
        let _waits = floor.call(number);
        ends.extend(answer_all(&mut floor, &mut random, &mut low, &mut high));
        let until = floor.now() + Duration::from_millis(random.below(8_000));
        while let Some(at) = ends.iter().map(|&(at, _)| at).min().filter(|at| *at <= until) {
            let now = floor.now();
            floor.pass(at.since(now));
            let place = ends.iter().position(|&(end, _)| end == at).unwrap();
            let (_, call) = ends.swap_remove(place);
            floor.hang_up(call);
            ends.extend(answer_all(&mut floor, &mut random, &mut low, &mut high));
        }
        let now = floor.now();
        floor.pass(until.since(now));
    }
    // Who still waits has waited at least so long.
    for call in floor.acd().calls().filter(|call| matches!(call.state(), acd::call::CallState::Queued)) {
        let waits = if call.priority() == 1 { &mut low } else { &mut high };
        waits.push(call.waited(floor.now()));
    }
    low.sort_unstable();
    high.sort_unstable();
    (low, high)
}

/// Every phone that rings answers at once; when its talk will end.
fn answer_all(
    floor: &mut Floor,
    random: &mut Random,
    low: &mut Vec<Duration>,
    high: &mut Vec<Duration>,
) -> Vec<(acd::Timestamp, CallId)> {
    let rings = |call: &&acd::Call| matches!(call.state(), acd::call::CallState::Offered { .. });
    let calls: Vec<(CallId, u8, Duration)> = floor
        .acd()
        .calls()
        .filter(rings)
        .map(|call| (call.id(), call.priority(), call.waited(floor.now())))
        .collect();
    let mut ends = Vec::new();
    for (call, priority, waited) in calls {
        (if priority == 1 { &mut *low } else { &mut *high }).push(waited);
        floor.answer(call);
        ends.push((floor.now() + Duration::from_millis(10_000 + random.below(20_000)), call));
    }
    ends
}

fn p99(waits: &[Duration]) -> Duration {
    waits[(waits.len() - 1) * 99 / 100]
}

#[test]
fn ageing_bounds_the_wait_of_those_whom_absolute_priority_starves() {
    let ageing = seconds(10);
    let mut starved = Duration::ZERO;
    for seed in [1, 2, 3] {
        let (low, high) = a_busy_hour(Routing::default(), seed);
        let (aged_low, aged_high) = a_busy_hour(Routing { ageing: Some(ageing), ..Routing::default() }, seed);
        println!(
            "seed {seed}: absolute: lowest p99 {:?}, highest p99 {:?}; ageing 10 s: lowest p99 {:?}, highest p99 {:?}",
            p99(&low),
            p99(&high),
            p99(&aged_low),
            p99(&aged_high)
        );
        // Nobody waits 9 levels longer than one of the highest priority who came at the same time.
        let bound = aged_high.last().copied().unwrap() + ageing * 9;
        assert!(p99(&aged_low) <= bound, "{:?} is above {bound:?}", p99(&aged_low));
        starved = starved.max(p99(&low));
    }
    assert!(starved > ageing * 9 * 3, "absolute priority starves the lowest: {starved:?}");
}

fn bullseye() -> Vec<QueuePlan> {
    let steps = vec![step(20, "billing >= 3"), step(60, "")];
    vec![QueuePlan { steps, needs: "billing >= 8".parse().unwrap(), ..a_queue("billing") }]
}

#[test]
fn who_waits_is_let_in_to_more_and_more_agents() {
    let agents =
        vec![an_agent("top", &[("billing", 9)]), an_agent("mid", &[("billing", 4)]), an_agent("any", &[])];
    let mut floor = Floor::with(bullseye(), agents);
    let (mid, any) = (floor.ready("mid"), floor.ready("any"));
    let (first, second) = (floor.call("billing"), floor.call("billing"));
    floor.pass(seconds(19));
    assert_eq!(floor.offered_to(first), None);
    floor.pass(seconds(1));
    assert_eq!((floor.offered_to(first), floor.offered_to(second)), (Some(mid), None));
    floor.answer(first);
    floor.pass(seconds(40));
    assert_eq!(floor.offered_to(second), Some(any));
    let relaxed = floor.log.iter().flat_map(|entry| &entry.decisions);
    let relaxed =
        relaxed.filter(|decision| matches!(decision, Decision::Relax { call, .. } if *call == second));
    assert_eq!(relaxed.count(), 2, "a log shows each step");
    floor.prove_replay();
}

#[test]
fn steps_go_on_while_a_phone_rings_and_begin_anew_in_another_queue() {
    let agents = vec![an_agent("top", &[("billing", 9)]), an_agent("mid", &[("billing", 4)])];
    let mut floor = Floor::with(bullseye(), agents);
    let top = floor.ready("top");
    floor.ready("mid");
    let call = floor.call("billing");
    assert_eq!(floor.offered_to(call), Some(top));
    floor.pass(seconds(15)); // she does not answer
    assert_eq!((floor.outcomes(call), floor.offered_to(call)), (vec![OfferOutcome::NoAnswer], None));
    floor.must(Event::StateAsked { agent: top, wish: Wish::Ready });
    assert_eq!(floor.offered_to(call), None, "not within her pause");
    floor.pass(seconds(5));
    assert_eq!(floor.offered_to(call), Some(floor.agent("mid")), "20 s, of which she rang 15");
}

#[test]
fn new_rules_put_who_waits_at_the_step_of_then() {
    let agents = vec![an_agent("mid", &[("billing", 4)])];
    let mut floor = Floor::with(bullseye(), agents);
    let call = floor.call("billing");
    floor.pass(seconds(15));
    let mid = floor.ready("mid");
    assert_eq!(floor.offered_to(call), None);
    let mut plan = floor.acd().plan().clone();
    plan.queues[0].steps = vec![step(10, "billing")];
    floor.must(Event::PlanChanged { plan: Box::new(plan) });
    assert_eq!(floor.offered_to(call), Some(mid));
}

fn speaking() -> Floor {
    let queue = QueuePlan { needs: "billing >= 3 and $language >= 5".parse().unwrap(), ..a_queue("billing") };
    let words = ["indonesian", "english"].map(str::to_owned).to_vec();
    let language =
        AttributePlan { name: "language".to_owned(), values: words, default: "indonesian".to_owned() };
    let agents = vec![
        an_agent("ann", &[("billing", 5), ("indonesian", 9)]),
        an_agent("ben", &[("billing", 5), ("english", 7)]),
    ];
    let mut plan = Floor::with(vec![queue], agents).acd().plan().clone();
    plan.attributes = vec![language];
    Floor::new(plan)
}

#[test]
fn a_call_goes_to_who_speaks_its_language_and_what_nobody_declared_says_nothing() {
    let mut floor = speaking();
    let ben = floor.ready("ben");
    let english = floor.call_of("billing", None, &[("language", "english")]);
    assert_eq!(floor.offered_to(english), Some(ben));
    let strange = floor.call_of("billing", None, &[("language", "klingon"), ("mood", "english")]);
    let unknown = floor.call("billing");
    let ann = floor.ready("ann");
    assert_eq!(floor.offered_to(strange), Some(ann), "the default is Indonesian");
    floor.hang_up(strange);
    assert_eq!(floor.offered_to(unknown), Some(ann));
    let english = floor.call_of("billing", None, &[("language", "english")]);
    assert_eq!(floor.acd().place_in_queue(english, 50), Some(1));
}

fn known_callers() -> Floor {
    let prefer = Some(PreferPlan { patience: seconds(30), within: seconds(86_400) });
    let keep_place = Some(seconds(300));
    let queue = QueuePlan { prefer, keep_place, wrap_up: Duration::ZERO, ..a_queue("billing") };
    Floor::with(vec![queue], vec![an_agent("ann", &[]), an_agent("ben", &[])])
}

/// Ann has talked to caller 1 and has another caller now; Ben is free.
fn ann_is_known_and_busy() -> (Floor, CallId) {
    let mut floor = known_callers();
    let ann = floor.ready("ann");
    let first = floor.call_of("billing", Some(1), &[]);
    floor.answer(first);
    floor.hang_up(first);
    let other = floor.call_of("billing", Some(2), &[]);
    assert_eq!(floor.offered_to(other), Some(ann));
    floor.answer(other);
    floor.ready("ben");
    (floor, other)
}

#[test]
fn a_known_caller_waits_for_the_agent_of_last_time_and_for_nobody_for_ever() {
    let (mut floor, other) = ann_is_known_and_busy();
    let (ann, ben) = (floor.agent("ann"), floor.agent("ben"));
    let again = floor.call_of("billing", Some(1), &[]);
    floor.pass(seconds(29));
    assert_eq!(floor.offered_to(again), None, "Ben is free, and it waits for Ann");
    floor.hang_up(other);
    assert_eq!(floor.offered_to(again), Some(ann));
    floor.answer(again);
    let third = floor.call_of("billing", Some(1), &[]);
    floor.pass(seconds(30));
    assert_eq!(floor.offered_to(third), Some(ben), "patience is over");
    floor.prove_replay();
}

#[test]
fn a_known_caller_is_let_go_when_she_logs_out_or_does_not_take_the_call() {
    let (mut floor, other) = ann_is_known_and_busy();
    let (ann, ben) = (floor.agent("ann"), floor.agent("ben"));
    let again = floor.call_of("billing", Some(1), &[]);
    floor.must(Event::StateAsked { agent: ann, wish: Wish::LoggedOut });
    assert_eq!(floor.offered_to(again), None, "she goes home after this call");
    floor.hang_up(other);
    assert_eq!(floor.offered_to(again), Some(ben));
    let (mut floor, other) = ann_is_known_and_busy();
    let again = floor.call_of("billing", Some(1), &[]);
    floor.hang_up(other);
    assert_eq!(floor.offered_to(again), Some(ann));
    floor.must(Event::OfferDeclined { agent: ann, call: again });
    assert_eq!(floor.offered_to(again), Some(ben));
}

#[test]
fn who_hangs_up_while_waiting_and_calls_again_soon_stands_where_they_stood_once() {
    let mut floor = known_callers();
    let first = floor.call_of("billing", Some(1), &[]);
    floor.pass(seconds(60));
    let between = floor.call_of("billing", Some(2), &[]);
    floor.hang_up(first);
    floor.pass(seconds(60));
    let again = floor.call_of("billing", Some(1), &[]);
    assert_eq!(floor.acd().place_in_queue(again, 50), Some(1));
    let twin = floor.call_of("billing", Some(1), &[]);
    assert_eq!(floor.acd().place_in_queue(twin, 50), Some(3), "a place is given back once");
    floor.hang_up(again);
    floor.pass(seconds(301));
    let late = floor.call_of("billing", Some(1), &[]);
    assert_eq!(floor.acd().place_in_queue(late, 50), Some(3), "too late");
    assert_eq!(floor.acd().place_in_queue(between, 50), Some(1));
    let record = floor.record(again).unwrap();
    assert!(record.ended.since(record.arrived) < seconds(1), "the record keeps the true arrival");
}

#[test]
fn she_rests_between_two_calls_though_she_is_ready() {
    let (queue, agents) = (by(Strategy::LongestIdle, ""), vec![an_agent("ann", &[]), an_agent("ben", &[])]);
    let mut plan = Floor::with(vec![queue], agents).acd().plan().clone();
    plan.routing.rest = seconds(3);
    plan.agents[1].rest = Some(seconds(20));
    let mut floor = Floor::new(plan);
    for (id, rest) in [("ann", 3), ("ben", 20)] {
        let agent = floor.ready(id);
        let (talks, waits) = (floor.call("billing"), floor.call("billing"));
        assert_eq!(floor.offered_to(talks), Some(agent), "she has had no call yet");
        floor.answer(talks);
        floor.hang_up(talks);
        floor.pass(seconds(rest) - Duration::from_millis(1));
        assert_eq!(floor.offered_to(waits), None);
        floor.pass(Duration::from_millis(1));
        assert_eq!(floor.offered_to(waits), Some(agent));
        floor.hang_up(waits);
        floor.must(Event::StateAsked { agent, wish: Wish::LoggedOut });
    }
    floor.prove_replay();
}

#[test]
fn nobody_is_occupied_above_her_ceiling() {
    let mut plan =
        Floor::with(vec![by(Strategy::LongestIdle, "")], vec![an_agent("ann", &[])]).acd().plan().clone();
    plan.routing.max_occupancy = Some(500);
    let mut floor = Floor::new(plan);
    let ann = floor.ready("ann");
    assert_eq!(served(&mut floor, seconds(1_200)), ann);
    let call = floor.call("billing");
    assert_eq!(
        floor.offered_to(call),
        Some(ann),
        "20 minutes of the last 30 are not yet the half of all time"
    );
    floor.answer(call);
    floor.pass(seconds(600));
    floor.hang_up(call);
    let waits = floor.call("billing");
    let occupied = |floor: &Floor| floor.acd().agent(ann).unwrap().load().seconds_at(floor.now()) / 1_800.0;
    assert!(occupied(&floor) > 0.5);
    assert_eq!(floor.offered_to(waits), None);
    let due = floor.acd().agent(ann).unwrap().rests_until().unwrap();
    let now = floor.now();
    floor.pass(due.since(now));
    assert_eq!(floor.offered_to(waits), Some(ann));
    assert!((occupied(&floor) - 0.5).abs() < 1e-6);
}

#[test]
fn a_call_that_is_given_to_her_by_name_reaches_her_while_she_rests() {
    let agents = vec![an_agent("ann", &[]), an_agent("ben", &[])];
    let mut plan = Floor::with(vec![by(Strategy::LongestIdle, "")], agents).acd().plan().clone();
    plan.routing.rest = seconds(60);
    let mut floor = Floor::new(plan);
    let ann = floor.ready("ann");
    served(&mut floor, seconds(5));
    let ben = floor.ready("ben");
    let call = floor.call("billing");
    floor.answer(call);
    floor.must(Event::TransferAsked { agent: ben, call, to: acd::Target::Agent { agent: ann } });
    assert_eq!(floor.offered_to(call), Some(ann));
}
