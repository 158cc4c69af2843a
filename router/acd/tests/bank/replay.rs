//! The month played again under two sets of rules.

use crate::{
    month::{BEGIN, Fate, Offered, offered},
    presence::{self, Belief, Server},
};
use acd::{
    Plan,
    plan::{EntryPlan, QueuePlan},
    sim::{
        a_queue, an_agent,
        day::{
            Course, Day,
            recorded::{Heard, Recorded, WaitEnd},
        },
    },
};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, time::Duration};

/// Seeds of what was not recorded: patience beyond the wait, services of those who gave up. `SAMBUNG_BANK_SEEDS` sets
/// how many (2 by default).
fn seeds() -> u64 {
    std::env::var("SAMBUNG_BANK_SEEDS").ok().and_then(|count| count.parse().ok()).unwrap_or(2)
}

/// The rules compared.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Rules {
    /// Priority 2 before all others.
    PriorityFirst,
    /// Who came first, whatever the priority.
    FirstCome,
}

fn plan(calls: &[Offered], servers: &BTreeMap<String, Server>, rules: Rules) -> Plan {
    let mut kinds: Vec<&str> = calls.iter().map(|call| call.kind.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let queue = |kind: &&str| QueuePlan {
        needs: kind.to_lowercase().parse().unwrap(),
        wrap_up: Duration::ZERO,
        max_wait: Duration::from_secs(4 * 3_600),
        ..a_queue(kind)
    };
    let entry = |kind: &str, priority: u8| EntryPlan {
        number: format!("{kind}{priority}"),
        queue: kind.to_owned(),
        priority: if priority == 2 && rules == Rules::PriorityFirst { 9 } else { 5 },
        hours: None,
    };
    let agent = |(name, server): (&String, &Server)| {
        let skills: Vec<String> = server.kinds.iter().map(|kind| kind.to_lowercase()).collect();
        an_agent(name, &skills.iter().map(|skill| (skill.as_str(), 5)).collect::<Vec<_>>())
    };
    Plan {
        queues: kinds.iter().map(queue).collect(),
        entries: kinds.iter().flat_map(|kind| (0..=2).map(|priority| entry(kind, priority))).collect(),
        agents: servers.iter().map(agent).collect(),
        ..Plan::default()
    }
}

/// The month as recorded; callers of a kind are alike, whatever their priority, since the source has lost that of
/// those who did not wait.
fn recorded(calls: &[Offered]) -> Recorded {
    let mut recorded = Recorded::new();
    for call in calls {
        let end = match call.fate {
            Fate::Answered { at, until, .. } => WaitEnd::Answered { service: until.since(at) },
            Fate::Abandoned { .. } => WaitEnd::GaveUp,
        };
        let (dials, alike) = (format!("{}{}", call.kind, call.priority), call.kind.clone());
        let (wrap_up, caller, attributes) = (None, None, Vec::new());
        let (at, waited) = (call.at, call.wait());
        recorded.hear(Heard { at, dials, alike, waited, end, wrap_up, caller, attributes });
    }
    recorded
}

/// What became of every call, by number, and the hash of the log.
fn play(calls: &[Offered], rules: Rules, belief: Belief, seed: u64) -> (Vec<Course>, String) {
    let servers = presence::servers(calls);
    let duties = presence::duties(calls, &servers, belief);
    let plan = plan(calls, &servers, rules);
    let callers = recorded(calls).callers(seed);
    let mut day = Day::new(BEGIN, plan, &duties, callers, Duration::ZERO).unwrap();
    let mut log = Sha256::new();
    while let Some(handled) = day.step().unwrap() {
        log.update(rmp_serde::to_vec_named(&handled.entry).unwrap());
    }
    log.update(day.acd().state_hash().unwrap());
    let mut courses = day.take_ended();
    courses.sort_by_key(|course| course.number);
    let hash = log.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    (courses, hash)
}

/// Calls, answered, sum of their waits in seconds.
type Sums = (usize, usize, f64);

fn add(sums: &mut Sums, answered: bool, wait: Duration) {
    sums.0 += 1;
    sums.1 += usize::from(answered);
    sums.2 += if answered { wait.as_secs_f64() } else { 0.0 };
}

fn mean((_, answered, wait): Sums) -> f64 {
    wait / answered.max(1) as f64
}

fn gave_up((calls, answered, _): Sums) -> f64 {
    100.0 * (calls - answered) as f64 / calls.max(1) as f64
}

/// The classes of a call: its kind and priority, its kind, all calls.
fn classes(call: &Offered) -> [String; 3] {
    [format!("{} {}", call.kind, call.priority), call.kind.clone(), "all".to_owned()]
}

fn by_class(calls: &[Offered], courses: Option<&[Course]>) -> BTreeMap<String, Sums> {
    let mut sums = BTreeMap::<String, Sums>::new();
    for (n, call) in calls.iter().enumerate() {
        let (answered, wait) = match courses {
            None => (call.is_answered(), call.wait()),
            Some(courses) => (courses[n].record.answered.is_some(), courses[n].wait()),
        };
        for class in classes(call) {
            add(sums.entry(class).or_default(), answered, wait);
        }
    }
    sums
}

/// Mean waits of all seeds as `least–most`, and the mean share that gave up.
fn range(of: &[BTreeMap<String, Sums>], class: &str) -> String {
    let waits: Vec<f64> = of.iter().map(|sums| mean(sums[class])).collect();
    let least = waits.iter().copied().fold(f64::MAX, f64::min);
    let most = waits.iter().copied().fold(0.0, f64::max);
    let gone = of.iter().map(|sums| gave_up(sums[class])).sum::<f64>() / of.len() as f64;
    format!("{:>15} {gone:5.1} %", format!("{least:.1}–{most:.1} s"))
}

fn compare(calls: &[Offered], belief: Belief) -> BTreeMap<&'static str, Vec<BTreeMap<String, Sums>>> {
    let played = |rules| -> Vec<BTreeMap<String, Sums>> {
        (0..seeds()).map(|seed| by_class(calls, Some(&play(calls, rules, belief, seed).0))).collect()
    };
    let sets = [("priority", played(Rules::PriorityFirst)), ("first come", played(Rules::FirstCome))];
    let recorded = by_class(calls, None);
    println!("{belief:?}; mean wait of answered calls, share that gave up; {} seeds", seeds());
    println!("class    calls          recorded             priority first            first come");
    for (class, sums) in &recorded {
        let recorded = format!("{:8.1} s {:5.1} %", mean(*sums), gave_up(*sums));
        println!(
            "{class:6} {:7} {recorded} {} {}",
            sums.0,
            range(&sets[0].1, class),
            range(&sets[1].1, class)
        );
    }
    sets.into()
}

#[test]
fn a_real_month_under_two_sets_of_rules_waits_as_they_say() {
    let Some(calls) = offered() else { return };
    let recorded = by_class(&calls, None);
    assert_eq!(recorded["all"].0, 31_075);
    for belief in [Belief::Pauses, Belief::NobodyWaited] {
        let played = compare(&calls, belief);
        for (priority, first_come) in played["priority"].iter().zip(&played["first come"]) {
            // To go first is worth something, and somebody pays for it.
            assert!(mean(priority["PS 2"]) < mean(first_come["PS 2"]));
            assert!(mean(priority["NW 0"]) > mean(first_come["NW 0"]));
            // Servers were there for less than all short pauses, and for more than those in which nobody waited.
            let (waited, recorded) = (mean(priority["all"]), mean(recorded["all"]));
            assert_eq!(
                waited < recorded,
                belief == Belief::Pauses,
                "{belief:?}: {waited} against {recorded}"
            );
        }
    }
}

#[test]
fn the_same_month_twice_is_the_same_log() {
    let Some(calls) = offered() else { return };
    let once = play(&calls, Rules::FirstCome, Belief::NobodyWaited, 1);
    let twice = play(&calls, Rules::FirstCome, Belief::NobodyWaited, 1);
    assert_eq!(once, twice);
    let other = play(&calls, Rules::FirstCome, Belief::NobodyWaited, 2);
    assert_ne!(once.1, other.1, "another seed is another month");
}
