//! Two kinds of calls: one that goes first, and one that may use the other's agents.

use crate::{
    single::{BEGIN, always, endless, factor, play},
    statistics::{Measure, REPLICATIONS, assert_agrees, judge},
    table::{self, Row, number},
};
use acd::{
    Plan,
    plan::{EntryPlan, QueuePlan, Then},
    sim::{Random, day::Caller},
};
use std::time::Duration;

/// Calls of a replication that are thrown away: the house is empty when it begins.
const WARM_UP: u64 = 700;
/// Calls of a replication that count, in CI.
const CALLS: u64 = 2_000;
/// An overflow takes a microsecond; whoever is answered within this has not waited.
const AT_ONCE: Duration = Duration::from_millis(1);

fn entry(number: &str, queue: &str, priority: u8) -> EntryPlan {
    EntryPlan { number: number.to_owned(), queue: queue.to_owned(), priority, hours: None }
}

/// One pool; class 1 goes first.
fn priority(row: &Row) -> Plan {
    let agents = number(row, "agents_pool1").unwrap() as u32;
    Plan {
        queues: vec![endless("all")],
        entries: vec![entry("1", "all", 9), entry("2", "all", 5)],
        agents: (0..agents).map(|no| always(&format!("a{no}"), &[])).collect(),
        ..Plan::default()
    }
}

/// Class 1 goes to the first pool, at once on to both when nobody is ready there; class 2 to the second, where it
/// goes first.
fn overflow(row: &Row) -> Plan {
    let pool = |column: &str, skill: &'static str| {
        let agents = number(row, column).unwrap() as u32;
        (0..agents).map(move |no| always(&format!("{skill}{no}"), &[(skill, 5)]))
    };
    let queue = |name: &str, needs: &str| QueuePlan { needs: needs.parse().unwrap(), ..endless(name) };
    let on = Then::Queue("both".to_owned());
    let first = QueuePlan { max_wait: Duration::from_micros(1), then: on, ..queue("first", "one") };
    Plan {
        queues: vec![first, queue("both", "one or two"), queue("second", "two")],
        entries: vec![entry("1", "first", 5), entry("2", "second", 9)],
        agents: pool("agents_pool1", "one").chain(pool("agents_pool2", "two")).collect(),
        ..Plan::default()
    }
}

/// Calls of both kinds as one stream; of each the kind is known by its number.
fn callers(row: &Row, seed: u64) -> (Vec<bool>, Vec<Caller>) {
    let rates =
        [number(row, "class1_calls_per_hour").unwrap(), number(row, "class2_calls_per_hour").unwrap()];
    let between = Duration::from_secs_f64(3_600.0 / (rates[0] + rates[1]));
    let aht = Duration::from_secs_f64(number(row, "aht_s").unwrap());
    let patience = number(row, "patience_mean_s").map(Duration::from_secs_f64);
    let (mut random, mut at) = (Random::new(seed), BEGIN);
    // A few more than counted: they come while the last counted ones wait.
    let calls = WARM_UP + CALLS * factor() + 700;
    let calls = (0..calls).map(|_| {
        at = at + random.exponential(between);
        let first = random.unit() < rates[0] / (rates[0] + rates[1]);
        let caller = Caller {
            at,
            dials: if first { "1" } else { "2" }.to_owned(),
            service: random.exponential(aht),
            patience: patience.map(|mean| random.exponential(mean)),
            ..Caller::default()
        };
        (first, caller)
    });
    calls.unzip()
}

/// Share that waited, mean wait, share that gave up; class 1, then class 2, then share that waited of both.
fn replicate(row: &Row, plan: Plan, seed: u64) -> [f64; 7] {
    let (first, callers) = callers(row, seed);
    let (mut n, mut sums) = ([0.0; 2], [[0.0; 3]; 2]);
    play(plan, callers.into_iter(), WARM_UP..WARM_UP + CALLS * factor(), |number, wait, answered| {
        let class = usize::from(!first[usize::try_from(number).unwrap()]);
        n[class] += 1.0;
        sums[class][0] += f64::from(u8::from(wait > AT_ONCE));
        sums[class][1] += wait.as_secs_f64();
        sums[class][2] += f64::from(u8::from(!answered));
    });
    let [one, two] = [0, 1].map(|class| sums[class].map(|sum| sum / n[class]));
    let both = (sums[0][0] + sums[1][0]) / (n[0] + n[1]);
    [one[0], one[1], one[2], two[0], two[1], two[2], both]
}

fn measures(row: &Row, plan: impl Fn(&Row) -> Plan) -> Vec<Measure> {
    let case = &row["case"];
    let seed = case.bytes().fold(0, |seed, byte| seed * 1_000 + u64::from(byte)) << 8;
    let found: Vec<[f64; 7]> =
        (0..REPLICATIONS as u64).map(|n| replicate(row, plan(row), seed + n)).collect();
    let waited: Vec<f64> = row["p_wait"].split('/').map(|share| share.parse().unwrap()).collect();
    let mut expected = vec![
        (1, "mean_wait_class1_s", number(row, "mean_wait_class1_s").unwrap()),
        (4, "mean_wait_class2_s", number(row, "mean_wait_class2_s").unwrap()),
    ];
    match waited[..] {
        [one, two] => expected.extend([(0, "p_wait class 1", one), (3, "p_wait class 2", two)]),
        [both] => expected.push((6, "p_wait", both)),
        _ => panic!("{waited:?}"),
    }
    if row["model"] == "n_overflow" {
        expected.push((2, "p_abandon_class1", number(row, "p_abandon_class1").unwrap()));
        expected.push((5, "p_abandon_class2", number(row, "p_abandon_class2").unwrap()));
    }
    let measure = |(i, measure, expected): (usize, &str, f64)| {
        let found = found.iter().map(|found| found[i]).collect();
        Measure { name: format!("{case} {measure}"), expected, found }
    };
    expected.into_iter().map(measure).collect()
}

fn rows(model: &str) -> Option<Vec<Row>> {
    let rows = table::read("multiskill-reference.csv")?;
    Some(rows.into_iter().filter(|row| row["model"] == model).collect())
}

#[test]
fn who_goes_first_waits_as_theory_says_and_so_do_the_others() {
    let Some(rows) = rows("v_priority") else { return };
    assert_eq!(rows.len(), 4);
    assert_agrees(&rows.iter().flat_map(|row| measures(row, priority)).collect::<Vec<_>>());
}

#[test]
fn overflow_to_a_second_pool_waits_and_loses_as_theory_says() {
    let Some(rows) = rows("n_overflow") else { return };
    assert_eq!(rows.len(), 4);
    assert_agrees(&rows.iter().flat_map(|row| measures(row, overflow)).collect::<Vec<_>>());
}

#[test]
fn a_brain_that_forgets_who_goes_first_is_found() {
    let Some(rows) = rows("v_priority") else { return };
    let equal =
        |row: &Row| Plan { entries: vec![entry("1", "all", 5), entry("2", "all", 5)], ..priority(row) };
    let judged = judge(&rows.iter().flat_map(|row| measures(row, equal)).collect::<Vec<_>>());
    assert!(judged.wrong.iter().any(|line| line.contains("class1")), "{:?}", judged.wrong);
    assert!(!judged.wrong.iter().any(|line| line.contains("p_wait")), "{:?}", judged.wrong);
}

#[test]
fn a_brain_that_serves_the_guests_of_the_second_pool_first_is_found() {
    let Some(rows) = rows("n_overflow") else { return };
    let wrong =
        |row: &Row| Plan { entries: vec![entry("1", "first", 9), entry("2", "second", 5)], ..overflow(row) };
    let judged = judge(&rows.iter().flat_map(|row| measures(row, wrong)).collect::<Vec<_>>());
    assert!(judged.wrong.iter().any(|line| line.contains("mean_wait")), "{:?}", judged.wrong);
}
