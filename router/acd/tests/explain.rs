//! Why a call was offered to whom: a story for each reason that exists, and every tale of random shifts.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks for one of many")]

use acd::{
    Acd, AgentNo, AgentState, CallId, Decision, Entry, Event, Fact, Plan, Target, Timestamp, Wish,
    call::CallState,
    explain::{AgentTale, CallTale, Hers, Limits, Moment, Reason, What},
    plan::{AgentPlan, Presence, QueuePlan, Strategy},
    routing::{PreferPlan, Routing, Sequence},
    sim::{Floor, a_queue, an_agent, shift},
};
use std::{collections::BTreeSet, time::Duration};

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn billing(change: impl FnOnce(&mut QueuePlan)) -> QueuePlan {
    let mut queue = QueuePlan { wrap_up: Duration::ZERO, ..a_queue("billing") };
    change(&mut queue);
    queue
}

/// A floor whose plan is changed before anything happens.
fn floor(queues: Vec<QueuePlan>, agents: Vec<AgentPlan>, change: impl FnOnce(&mut Plan)) -> Floor {
    let mut plan = Floor::with(queues, agents).acd().plan().clone();
    change(&mut plan);
    Floor::new(plan)
}

fn tale_of(log: &[Entry], call: CallId) -> CallTale {
    let (mut acd, mut tale) = (Acd::new(), CallTale::new(call, Limits::default()));
    for entry in log {
        tale.read(&mut acd, entry);
    }
    tale
}

fn tale_for(log: &[Entry], agent: AgentNo) -> AgentTale {
    let (mut acd, limits) = (Acd::new(), Limits::default());
    let mut tale = AgentTale::new(agent, Timestamp(1), Timestamp(u64::MAX), limits);
    for entry in log {
        assert!(tale.read(&mut acd, entry));
    }
    tale
}

fn reasons_of(floor: &Floor, call: CallId) -> BTreeSet<Reason> {
    tale_of(&floor.log, call).moments().iter().flat_map(Moment::reasons).collect()
}

fn reasons_for(floor: &Floor, agent: AgentNo) -> BTreeSet<Reason> {
    tale_for(&floor.log, agent).moments().iter().flat_map(Hers::reasons).collect()
}

fn two() -> Vec<AgentPlan> {
    vec![an_agent("ann", &[]), an_agent("ben", &[])]
}

fn retired() -> BTreeSet<Reason> {
    let mut floor = Floor::with(vec![billing(|_| {})], two());
    let (ann, _ben) = (floor.ready("ann"), floor.ready("ben"));
    let mut plan = floor.acd().plan().clone();
    plan.agents.remove(0);
    floor.must(Event::PlanChanged { plan: Box::new(plan) });
    floor.call("billing");
    reasons_for(&floor, ann)
}

fn not_ready() -> BTreeSet<Reason> {
    let mut floor = Floor::with(vec![billing(|_| {})], two());
    let (ann, _ben) = (floor.ready("ann"), floor.ready("ben"));
    floor.must(Event::StateAsked { agent: ann, wish: Wish::NotReady { reason: "lunch".to_owned() } });
    floor.call("billing");
    let tale = tale_for(&floor.log, ann);
    let text = serde_json::to_string(tale.moments()).unwrap();
    assert!(text.contains(r#""reason":"not_ready","state":"not_ready","why":"lunch""#), "{text}");
    reasons_for(&floor, ann)
}

fn rests() -> BTreeSet<Reason> {
    let mut floor = floor(vec![billing(|_| {})], two(), |plan| plan.routing.rest = seconds(5));
    floor.ready("ann");
    let first = floor.call("billing");
    floor.answer(first);
    floor.hang_up(first);
    let call = floor.call("billing");
    floor.pass(seconds(5));
    assert!(floor.offered_to(call).is_some());
    let tale = tale_of(&floor.log, call);
    let waited = tale.moments().iter().find_map(|moment| match &moment.what {
        What::Waited(waited) => Some((moment.at, waited)),
        _ => None,
    });
    let (at, waited) = waited.unwrap();
    assert_eq!(waited.until, Some(at + seconds(5)), "told in one piece");
    assert_eq!(waited.barred.len(), 1);
    reasons_of(&floor, call)
}

fn occupied() -> BTreeSet<Reason> {
    let mut floor = floor(vec![billing(|_| {})], two(), |plan| plan.routing.max_occupancy = Some(100));
    floor.ready("ann");
    let first = floor.call("billing");
    floor.answer(first);
    floor.pass(seconds(600));
    floor.hang_up(first);
    let call = floor.call("billing");
    assert_eq!(floor.offered_to(call), None);
    reasons_of(&floor, call)
}

fn lacks_skill() -> BTreeSet<Reason> {
    let queue = billing(|queue| queue.needs = "billing >= 3".parse().unwrap());
    let mut floor = Floor::with(vec![queue], vec![an_agent("ann", &[("billing", 2)])]);
    let ann = floor.ready("ann");
    let call = floor.call("billing");
    floor.pass(seconds(60));
    let tale = tale_for(&floor.log, ann);
    let text = serde_json::to_string(tale.moments()).unwrap();
    assert!(text.contains(r#""needs":"billing >= 3""#), "{text}");
    reasons_of(&floor, call)
}

fn excluded() -> BTreeSet<Reason> {
    let mut floor = Floor::with(vec![billing(|_| {})], two());
    let agent = floor.ready("ann");
    let call = floor.call("billing");
    floor.must(Event::OfferDeclined { agent, call });
    floor.must(Event::StateAsked { agent, wish: Wish::Ready });
    assert_eq!(floor.offered_to(call), None);
    reasons_of(&floor, call)
}

fn kept_for() -> BTreeSet<Reason> {
    let prefer = Some(PreferPlan { patience: seconds(30), within: seconds(86_400) });
    let mut floor = Floor::with(vec![billing(|queue| queue.prefer = prefer)], two());
    floor.ready("ann");
    let first = floor.call_of("billing", Some(1), &[]);
    floor.answer(first);
    floor.hang_up(first);
    let other = floor.call_of("billing", Some(2), &[]);
    floor.answer(other);
    let ben = floor.ready("ben");
    let again = floor.call_of("billing", Some(1), &[]);
    floor.pass(seconds(10));
    assert_eq!(floor.offered_to(again), None);
    assert!(reasons_for(&floor, ben).contains(&Reason::KeptFor));
    reasons_of(&floor, again)
}

/// Both agents are ready, and a call comes.
fn one_of_two(strategy: Strategy, between: Duration) -> BTreeSet<Reason> {
    let mut floor = Floor::with(vec![billing(|queue| queue.strategy = strategy)], two());
    let ben = floor.ready("ben");
    floor.pass(between);
    let ann = floor.ready("ann");
    let call = floor.call("billing");
    let other = if floor.offered_to(call) == Some(ann) { ben } else { ann };
    let (his, hers) = (reasons_of(&floor, call), reasons_for(&floor, other));
    assert!(
        hers.is_subset(&his),
        "the call and the agent who did not get it are told the same: {hers:?} {his:?}"
    );
    his
}

/// Two calls wait for one agent: the first, so long later the second, each by its number.
fn one_before_the_other(routing: Routing, numbers: [&str; 2], later: Duration) -> BTreeSet<Reason> {
    let objective = |name: &str, within| QueuePlan { answer_within: seconds(within), ..a_queue(name) };
    let mut floor = floor(vec![objective("slow", 100), objective("quick", 20)], two(), |plan| {
        plan.routing = routing;
        for (number, priority) in [("low", 1), ("high", 9)] {
            let entry = acd::plan::EntryPlan { number: number.to_owned(), ..plan.entries[0].clone() };
            plan.entries.push(acd::plan::EntryPlan { priority, ..entry });
        }
    });
    let first = floor.call(numbers[0]);
    floor.pass(later);
    let second = floor.call(numbers[1]);
    floor.pass(Duration::from_millis(1));
    floor.ready("ann");
    let waits = if floor.offered_to(first).is_some() { second } else { first };
    assert_eq!(floor.offered_to(waits), None);
    reasons_of(&floor, waits)
}

fn kept_place() -> BTreeSet<Reason> {
    let mut floor = Floor::with(vec![billing(|queue| queue.keep_place = Some(seconds(300)))], two());
    let first = floor.call_of("billing", Some(1), &[]);
    floor.pass(seconds(10));
    let between = floor.call_of("billing", Some(2), &[]);
    floor.hang_up(first);
    floor.pass(seconds(10));
    let again = floor.call_of("billing", Some(1), &[]);
    floor.ready("ann");
    assert!(floor.offered_to(again).is_some());
    reasons_of(&floor, between)
}

fn given_by_name() -> BTreeSet<Reason> {
    let mut floor = Floor::with(
        vec![billing(|_| {})],
        vec![an_agent("ann", &[]), an_agent("ben", &[]), an_agent("cyn", &[])],
    );
    let agent = floor.ready("ann");
    let call = floor.call("billing");
    floor.answer(call);
    let (ben, cyn) = (floor.ready("ben"), floor.ready("cyn"));
    floor.must(Event::TransferAsked { agent, call, to: Target::Agent { agent: cyn } });
    assert_eq!(floor.offered_to(call), Some(cyn));
    assert!(reasons_for(&floor, ben).contains(&Reason::GivenByName));
    reasons_of(&floor, call)
}

/// The story in which a reason decides: a new one needs one here.
fn told_in_its_story(reason: Reason) -> BTreeSet<Reason> {
    let aged = Routing { ageing: Some(seconds(60)), ..Routing::default() };
    let objective = Routing { order: Sequence::ServiceObjective, ..Routing::default() };
    match reason {
        Reason::Retired => retired(),
        Reason::NotReady => not_ready(),
        Reason::Rests => rests(),
        Reason::Occupied => occupied(),
        Reason::LacksSkill => lacks_skill(),
        Reason::Excluded => excluded(),
        Reason::KeptFor => kept_for(),
        Reason::Score => one_of_two(Strategy::TopDown, seconds(1)),
        Reason::LongerIdle => one_of_two(Strategy::LongestIdle, seconds(1)),
        Reason::KnownFirst => one_of_two(Strategy::FewestCalls, Duration::ZERO),
        Reason::Priority => one_before_the_other(Routing::default(), ["low", "high"], seconds(5)),
        Reason::Ageing => one_before_the_other(aged, ["low", "high"], seconds(5)),
        Reason::Objective => one_before_the_other(objective, ["slow", "quick"], seconds(5)),
        Reason::WaitedLonger => one_before_the_other(Routing::default(), ["slow", "slow"], seconds(5)),
        Reason::SameInstant => one_before_the_other(Routing::default(), ["slow", "slow"], Duration::ZERO),
        Reason::KeptPlace => kept_place(),
        Reason::GivenByName => given_by_name(),
    }
}

#[test]
fn every_reason_is_told_where_it_decides() {
    for &reason in Reason::ALL {
        let told = told_in_its_story(reason);
        assert!(told.contains(&reason), "{reason:?} is not told: {told:?}");
    }
    let words: BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    assert_eq!(words.len(), Reason::ALL.len());
    for reason in Reason::ALL {
        assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
    }
}

#[test]
fn a_priority_that_ages_lets_the_lower_one_go_first_once_it_has_waited_for_it() {
    let aged = Routing { ageing: Some(seconds(60)), ..Routing::default() };
    assert!(one_before_the_other(aged, ["low", "high"], seconds(8 * 60 + 1)).contains(&Reason::Ageing));
}

#[test]
fn a_call_is_told_from_its_arrival_to_its_end() {
    let mut floor = Floor::with(
        vec![billing(|queue| queue.then = acd::plan::Then::Queue("night".to_owned())), a_queue("night")],
        two(),
    );
    let ann = floor.ready("ann");
    let call = floor.call("billing");
    floor.pass(seconds(15)); // she does not answer
    floor.pass(seconds(600));
    floor.must(Event::StateAsked { agent: ann, wish: Wish::Ready });
    floor.answer(call);
    floor.hang_up(call);
    let tale = tale_of(&floor.log, call);
    assert!(tale.is_over());
    let words: Vec<String> = tale
        .moments()
        .iter()
        .map(|moment| serde_json::to_value(moment).unwrap()["what"].as_str().unwrap().to_owned())
        .collect();
    let expected = [
        "arrived",
        "queued",
        "offered",
        "offer_ended",
        "waited",
        "waited",
        "left_queue",
        "queued",
        "offered",
        "offer_ended",
        "answered",
        "ended",
    ];
    let without_waits = |words: &[String]| -> Vec<String> {
        words.iter().filter(|word| *word != "waited").cloned().collect()
    };
    let expected: Vec<String> = expected.iter().map(|&word| word.to_owned()).collect();
    assert_eq!(without_waits(&words), without_waits(&expected), "{words:?}");
    assert!(words.contains(&"waited".to_owned()));
}

/// Every moment stands where it can be told from a number: under a key of time.
fn check_times(value: &serde_json::Value, key: &str) {
    match value {
        serde_json::Value::Object(map) => map.iter().for_each(|(key, value)| check_times(value, key)),
        serde_json::Value::Array(all) => all.iter().for_each(|value| check_times(value, key)),
        serde_json::Value::Number(number) => {
            let is_time = ["at", "from", "to", "until", "since"].contains(&key)
                || key.ends_with("_at")
                || key.ends_with("_until");
            let long_ago = number.as_u64().is_none_or(|number| number < 1_000_000_000_000_000);
            assert!(is_time || long_ago, "{key}: {number}");
        }
        _ => {}
    }
}

/// Every tale of a shift says what the log says, and leaves no ready agent without a reason.
fn check_shift(seed: u64) {
    let shift = shift::play(seed, 100);
    let calls: BTreeSet<CallId> = shift
        .log
        .iter()
        .filter_map(|entry| match entry.event {
            Event::CallArrived { call, .. } => Some(call),
            _ => None,
        })
        .collect();
    for call in calls {
        let tale = check_call(&shift.log, call);
        check_times(&serde_json::to_value(tale.moments()).unwrap(), "");
    }
    for agent in Acd::agents(shift.acd()).map(|(no, _)| no).collect::<Vec<_>>() {
        check_agent(&shift.log, agent);
    }
}

fn check_call(log: &[Entry], call: CallId) -> CallTale {
    let limits = Limits { moments: usize::MAX, agents: usize::MAX };
    let (mut acd, mut tale) = (Acd::new(), CallTale::new(call, limits));
    let mut offers = Vec::new();
    let mut outcomes = Vec::new();
    for entry in log {
        let effects = tale.read(&mut acd, entry);
        for fact in &effects.facts {
            if let Fact::OfferEnded { offer, agent, outcome, .. } = fact
                && offer.call == call
            {
                outcomes.push((acd.directory().agent_id(*agent).to_owned(), outcome.as_str()));
            }
        }
        for decision in &entry.decisions {
            if let Decision::Offer { offer, agent } | Decision::OfferTo { offer, agent, .. } = decision
                && offer.call == call
            {
                offers.push((offer.attempt, acd.directory().agent_id(*agent).to_owned()));
            }
        }
        check_waits(&acd, &tale, call, entry);
    }
    let told: Vec<(u32, String)> = tale.moments().iter().filter_map(offer_of).collect();
    assert_eq!(told, offers, "{call}");
    let told: Vec<(String, &str)> = tale
        .moments()
        .iter()
        .filter_map(|moment| match &moment.what {
            What::OfferEnded { agent, outcome } => Some((agent.clone(), *outcome)),
            _ => None,
        })
        .collect();
    assert_eq!(told, outcomes, "{call}");
    tale
}

fn offer_of(moment: &Moment) -> Option<(u32, String)> {
    match &moment.what {
        What::Offered { attempt, agent, choice, .. } => {
            assert_eq!(choice.candidates.first().map(|first| &first.agent), Some(agent));
            Some((*attempt, agent.clone()))
        }
        What::Given { attempt, agent, .. } => Some((*attempt, agent.clone())),
        _ => None,
    }
}

/// While a call waits, every ready agent stands in what is told of its waiting.
fn check_waits(acd: &Acd, tale: &CallTale, call: CallId, entry: &Entry) {
    let waits = acd.call(call).is_some_and(|call| matches!(call.state(), CallState::Queued));
    let open = tale.moments().iter().filter_map(|moment| match &moment.what {
        What::Waited(waited) if waited.until.is_none() => Some(waited),
        _ => None,
    });
    let open: Vec<_> = open.collect();
    assert_eq!(open.len(), usize::from(waits), "{call} after {entry:?}");
    let Some(open) = open.first() else { return };
    for (no, _) in acd.agents().filter(|(_, agent)| matches!(agent.state(), AgentState::Ready { .. })) {
        let id = acd.directory().agent_id(no);
        let barred = open.barred.iter().any(|barred| barred.agent == id && !barred.against.is_empty());
        let unskilled = open.unskilled.iter().any(|other| other == id);
        assert!(barred || unskilled, "{id} is ready, {call} waits, and {open:?}");
    }
    let named: Vec<&String> = open.barred.iter().map(|barred| &barred.agent).collect();
    for id in named {
        let agent = acd.directory().agent_no(id).and_then(|no| acd.agent(no)).unwrap();
        assert!(matches!(agent.state(), AgentState::Ready { .. }), "{id} is not ready any more: {open:?}");
    }
}

fn check_agent(log: &[Entry], agent: AgentNo) {
    let limits = Limits { moments: usize::MAX, agents: usize::MAX };
    let mut tale = AgentTale::new(agent, Timestamp(1), Timestamp(u64::MAX), limits);
    let mut acd = Acd::new();
    let mut hers = 0_usize;
    for entry in log {
        assert!(tale.read(&mut acd, entry));
        let offered =
            |decision: &&Decision| matches!(decision, Decision::Offer { agent: to, .. } if *to == agent);
        hers += entry.decisions.iter().filter(offered).count();
        let calls = acd.calls().filter(|call| matches!(call.state(), CallState::Queued)).count();
        let ready = matches!(acd.agent(agent).map(acd::Agent::state), Some(AgentState::Ready { .. }));
        let idles =
            tale.moments().iter().filter(|moment| matches!(moment, Hers::Idle(idle) if idle.until.is_none()));
        assert_eq!(idles.count(), usize::from(ready && calls > 0), "{agent:?} after {entry:?}");
    }
    let told = tale.moments().iter().filter(|moment| matches!(moment, Hers::Offered { .. })).count();
    assert_eq!(told, hers, "{agent:?}");
    for moment in tale.moments().iter() {
        if let Hers::Passed(passed) = moment {
            assert!(!passed.reasons().is_empty(), "{passed:?}");
        }
        if let Hers::Idle(idle) = moment {
            assert!(idle.kept.iter().all(|kept| !kept.against.is_empty()), "{idle:?}");
        }
    }
    check_times(&serde_json::to_value(tale.moments()).unwrap(), "");
}

#[test]
fn the_tales_of_random_shifts_say_what_the_log_says_and_leave_nobody_without_a_reason() {
    let shifts = std::env::var("SAMBUNG_TALES").ok().and_then(|count| count.parse().ok()).unwrap_or(40);
    for seed in 0..shifts {
        let told = std::panic::catch_unwind(|| check_shift(seed));
        assert!(told.is_ok(), "seed {seed}");
    }
}

#[test]
fn a_tale_begun_in_the_middle_of_a_call_says_where_it_stood() {
    let mut floor = Floor::with(
        vec![billing(|_| {})],
        vec![AgentPlan { presence: Presence::Always, ..an_agent("ann", &[]) }],
    );
    let busy = floor.call("billing");
    floor.answer(busy);
    let call = floor.call("billing");
    let mut acd = Acd::restore(&floor.acd().snapshot().unwrap()).unwrap();
    assert_eq!(acd.ruled_since(), 1, "a snapshot keeps which entry brought the rules");
    let done = floor.log.len();
    floor.hang_up(busy);
    let mut tale = CallTale::new(call, Limits::default());
    for entry in &floor.log[done..] {
        tale.read(&mut acd, entry);
    }
    let first = tale.moments().iter().next().unwrap();
    assert!(
        matches!(&first.what, What::Known { state: "queued", queue, rules: 1, .. } if queue == "billing"),
        "{first:?}"
    );
    assert!(tale.moments().iter().any(|moment| matches!(moment.what, What::Offered { .. })));
}
