//! A recorded time under other rules: what is played, what is counted, and what is said about it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use acd::{
    Entry, Event, Plan, Timestamp,
    day::{Caller, Day, Duty, Random},
    plan::{EntryPlan, QueuePlan},
    sim::{a_queue, an_agent},
};
use jiff::tz::TimeZone;
use router::{
    log::{FileLog, Reader, StoreLock},
    whatif::{
        Compared, Outcome, compare,
        record::{Record, RecordError},
        table,
        tally::NAMES,
    },
};
use std::time::Duration;

const BEGIN: Timestamp = Timestamp(1_800_000_000_000_000);

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Two queues, two agents who serve billing, one of them sales as well.
fn plan() -> Plan {
    let queue =
        |name: &str| QueuePlan { needs: name.parse().unwrap(), wrap_up: seconds(30), ..a_queue(name) };
    let entry =
        |name: &str| EntryPlan { number: name.to_owned(), queue: name.to_owned(), priority: 5, hours: None };
    Plan {
        queues: vec![queue("billing"), queue("sales")],
        entries: vec![entry("billing"), entry("sales")],
        agents: vec![an_agent("ann", &[("billing", 5), ("sales", 5)]), an_agent("ben", &[("billing", 5)])],
        ..Plan::default()
    }
}

/// Two busy hours, as a log: agents end every third wrap-up themselves after 10 s.
fn a_log() -> Vec<Entry> {
    let (mut random, mut at) = (Random::new(5), BEGIN);
    let callers = (0..140).map(|number| {
        at = at + random.exponential(seconds(50));
        Caller {
            at,
            dials: if random.one_in(3) { "sales" } else { "billing" }.to_owned(),
            service: random.exponential(seconds(60)),
            patience: Some(random.exponential(seconds(120))),
            wrap_up: (number % 3 == 0).then_some(seconds(10)),
            ..Caller::default()
        }
    });
    let callers: Vec<Caller> = callers.collect();
    let duty = |agent: &str| Duty { agent: agent.to_owned(), from: BEGIN, to: Some(BEGIN + seconds(7_200)) };
    let mut day = Day::new(BEGIN, plan(), &[duty("ann"), duty("ben")], callers, seconds(3)).unwrap();
    let event = Event::PlanChanged { plan: Box::new(plan()) };
    let mut log = vec![Entry { number: 1, at: BEGIN, event, decisions: Vec::new() }];
    while let Some(handled) = day.step().unwrap() {
        log.push(handled.entry);
    }
    log
}

fn record(log: &[Entry], from: Timestamp, to: Timestamp) -> Result<Record, RecordError> {
    let folder = tempfile::tempdir().unwrap();
    let lock = StoreLock::take(folder.path()).unwrap();
    let mut store = FileLog::open(lock, Reader::after(folder.path(), 0).unwrap(), |_| {}).unwrap();
    log.iter().for_each(|entry| store.append(entry).unwrap());
    store.commit();
    Record::read(folder.path(), from, to)
}

fn whole() -> Record {
    record(&a_log(), Timestamp::default(), Timestamp(u64::MAX)).unwrap()
}

fn of<'a>(outcome: &'a Outcome, queue: &str) -> &'a Compared {
    outcome.queues.iter().find(|compared| compared.queue == queue).unwrap()
}

fn which(name: &str) -> usize {
    NAMES.iter().position(|other| *other == name).unwrap()
}

#[test]
fn the_rules_of_then_give_the_day_of_then() {
    let record = whole();
    let outcome = compare(&record, &plan(), 5, |_, _| {}).unwrap();
    for compared in &outcome.queues {
        for (measure, name) in NAMES.iter().enumerate() {
            let (recorded, same) = (compared.recorded[measure].unwrap(), compared.same[measure].unwrap());
            let off = (recorded - same.mean).abs() / recorded.max(1.0);
            assert!(off < 0.02, "{} {name}: {recorded} recorded, {same:?} played", compared.queue);
            assert_eq!(same.low, same.high, "nothing is unknown under the rules of then: {name}");
            let difference = compared.difference[measure].unwrap();
            assert_eq!((difference.low, difference.high), (0.0, 0.0), "the same rules: {name}");
        }
    }
    assert_eq!(of(&outcome, "all").recorded[which("offered")], Some(140.0));
}

#[test]
fn other_rules_make_a_difference_that_is_told_with_its_range() {
    let record = whole();
    let mut other = plan();
    other.queues.iter_mut().for_each(|queue| queue.wrap_up = seconds(200));
    let outcome = compare(&record, &other, 8, |_, _| {}).unwrap();
    let all = of(&outcome, "all");
    let difference = |name: &str| all.difference[which(name)].unwrap();
    assert!(difference("abandoned").low > 5.0, "{:?}", difference("abandoned"));
    assert!(difference("asa_s").mean > 5.0 && difference("sl_exclude_short").mean < -0.05);
    assert!(
        difference("asa_s").low < difference("asa_s").high,
        "conversations of who had given up are drawn"
    );
    assert!(difference("occupancy_ratio").mean > 0.0);
    let again = compare(&record, &other, 8, |_, _| {}).unwrap();
    assert_eq!(all.other, of(&again, "all").other, "the same seeds, the same day");
}

#[test]
fn another_agent_is_named_as_one_whose_hours_nobody_knows() {
    let record = whole();
    let mut other = plan();
    other.agents.remove(1);
    other.agents.push(an_agent("dan", &[("billing", 5)]));
    let outcome = compare(&record, &other, 1, |_, _| {}).unwrap();
    let said = outcome.assumed.join("\n");
    assert!(said.contains("take no calls under the other rules: dan"), "{said}");
    assert!(said.contains("are not in the other rules: ben"), "{said}");
    let text = table::text(&outcome, &TimeZone::UTC, "other.toml");
    for word in
        ["recorded", "rules of then", "other.toml", "difference", "sl_exclude_short", "Assumed:", "dan"]
    {
        assert!(text.contains(word), "{word}:\n{text}");
    }
    let csv = table::csv(&outcome).unwrap();
    assert_eq!(csv.lines().count(), 1 + 3 * NAMES.len());
    assert!(csv.starts_with("queue,measure,recorded,same_mean,same_low,same_high,other_mean"), "{csv}");
    let json = table::json(&outcome, &TimeZone::UTC);
    assert_eq!(json["queues"][2]["measures"]["offered"]["recorded"], 140.0);
}

#[test]
fn a_part_of_the_time_is_played_alone_and_an_empty_one_is_refused() {
    let log = a_log();
    let (from, to) = (BEGIN + seconds(1_800), BEGIN + seconds(3_600));
    let part = record(&log, from, to).unwrap();
    let outcome = compare(&part, &plan(), 2, |_, _| {}).unwrap();
    let offered = of(&outcome, "all").same[which("offered")].unwrap().mean;
    assert!((15.0..60.0).contains(&offered), "{offered}");
    assert!(part.duties.iter().all(|duty| duty.from >= from));
    let error = record(&log, Timestamp(1), Timestamp(2)).unwrap_err();
    assert!(error.to_string().contains("--from"), "{error}");
}
