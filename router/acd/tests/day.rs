//! A day played, written down, and played again.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use acd::{
    Event, Plan, Timestamp,
    effect::VisitOutcome,
    plan::{AgentPlan, Answer, EntryPlan, QueuePlan, Strategy},
    sim::{
        Random, a_queue, an_agent,
        day::{Caller, Course, Day, DayError, Duty, recorded::Recorded},
    },
};
use std::time::Duration;

const BEGIN: Timestamp = Timestamp(1_800_000_000_000_000);

fn seconds(s: u64) -> Duration {
    Duration::from_secs(s)
}

/// Two queues; one agent serves both, one answers at her desk.
fn plan() -> Plan {
    let queue = |name: &str| QueuePlan {
        needs: name.parse().unwrap(),
        wrap_up: seconds(7),
        pop_budget: Duration::from_millis(40),
        max_wait: seconds(300),
        ..a_queue(name)
    };
    let entry =
        |name: &str| EntryPlan { number: name.to_owned(), queue: name.to_owned(), priority: 5, hours: None };
    Plan {
        queues: vec![queue("billing"), queue("sales")],
        entries: vec![entry("billing"), entry("sales")],
        agents: vec![
            an_agent("ann", &[("billing", 5), ("sales", 5)]),
            an_agent("ben", &[("billing", 5)]),
            AgentPlan { answer: Answer::Desk, ..an_agent("cyn", &[("sales", 5)]) },
        ],
        ..Plan::default()
    }
}

fn duties() -> Vec<Duty> {
    let duty = |agent: &str, from: u64, to: u64| Duty {
        agent: agent.to_owned(),
        from: BEGIN + seconds(from),
        to: Some(BEGIN + seconds(to)),
    };
    vec![duty("ann", 0, 3_000), duty("ann", 3_600, 7_200), duty("ben", 600, 7_000), duty("cyn", 0, 5_000)]
}

fn callers(seed: u64) -> Vec<Caller> {
    let (mut random, mut at) = (Random::new(seed), BEGIN);
    let caller = |_| {
        at = at + random.exponential(seconds(40));
        Caller {
            at,
            dials: if random.one_in(2) { "billing" } else { "sales" }.to_owned(),
            service: random.exponential(seconds(90)),
            patience: Some(random.exponential(seconds(120))),
            ..Caller::default()
        }
    };
    (0..150).map(caller).collect()
}

fn play(plan: Plan, duties: &[Duty], callers: Vec<Caller>) -> (Vec<Course>, Recorded) {
    let mut day = Day::new(BEGIN, plan, duties, callers, seconds(3)).unwrap();
    let mut recorded = Recorded::new();
    while let Some(handled) = day.step().unwrap() {
        recorded.take_up(&handled.effects.facts);
    }
    let mut courses = day.take_ended();
    courses.sort_by_key(|course| course.number);
    (courses, recorded)
}

fn count(courses: &[Course], outcome: VisitOutcome) -> usize {
    courses.iter().filter(|course| course.record.outcome == outcome).count()
}

#[test]
fn a_day_written_down_and_played_again_under_its_own_rules_is_the_same_day() {
    for seed in 0..20 {
        let (courses, recorded) = play(plan(), &duties(), callers(seed));
        assert_eq!(courses.len(), 150);
        let (answered, abandoned) =
            (count(&courses, VisitOutcome::Answered), count(&courses, VisitOutcome::Abandoned));
        assert!(answered > 50 && abandoned > 10, "{answered} answered, {abandoned} abandoned");
        let day = Day::new(BEGIN, plan(), &[], Vec::new(), seconds(3)).unwrap();
        let duties = recorded.duties(day.acd().directory());
        let (again, _) = play(plan(), &duties, recorded.callers(seed + 100));
        for (course, again) in courses.iter().zip(&again) {
            assert_eq!(course, again, "seed {seed}");
        }
    }
}

#[test]
fn other_rules_make_another_day_of_the_same_callers() {
    let (courses, recorded) = play(plan(), &duties(), callers(1));
    let mut other = plan();
    for queue in &mut other.queues {
        queue.wrap_up = seconds(120);
        queue.strategy = Strategy::LeastOccupied;
    }
    let day = Day::new(BEGIN, plan(), &[], Vec::new(), seconds(3)).unwrap();
    let duties = recorded.duties(day.acd().directory());
    let (long, _) = play(other, &duties, recorded.callers(1));
    let gave_up = |courses| count(courses, VisitOutcome::Abandoned);
    assert!(gave_up(&long) > gave_up(&courses) + 10, "{} and {}", gave_up(&long), gave_up(&courses));
}

#[test]
fn what_cannot_be_played_is_told() {
    let duty = Duty { agent: "dan".to_owned(), from: BEGIN, to: None };
    let day = Day::new(BEGIN, plan(), &[duty], Vec::new(), Duration::ZERO);
    assert_eq!(day.err(), Some(DayError::NoSuchAgent { id: "dan".to_owned() }));
    let mut callers = callers(1);
    callers.swap(3, 9);
    let day = Day::new(BEGIN, plan(), &[], callers, Duration::ZERO).unwrap();
    assert!(matches!(day.play(), Err(DayError::Unsorted { number: 4 })));
}

#[test]
fn a_day_can_go_on_without_end() {
    let mut random = Random::new(1);
    let mut at = BEGIN;
    let callers = std::iter::from_fn(move || {
        at = at + random.exponential(seconds(40));
        let (service, patience) = (seconds(60), Some(seconds(60)));
        Some(Caller { at, dials: "billing".to_owned(), service, patience, ..Caller::default() })
    });
    let mut day = Day::new(BEGIN, plan(), &duties(), callers, seconds(3)).unwrap();
    let mut arrived = 0;
    while arrived < 1_000 {
        let handled = day.step().unwrap().unwrap();
        arrived += usize::from(matches!(handled.entry.event, Event::CallArrived { .. }));
    }
    assert!(day.acd().live_calls() < 100, "{}", day.acd().live_calls());
}
