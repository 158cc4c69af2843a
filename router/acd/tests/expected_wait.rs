//! What callers are told of their wait, and what the estimator makes of those who hang up.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use acd::{
    CallId, Plan, QueueNo, Timestamp,
    expect::{Ewt, Expected, LEAST_SEEN, MAX_GONE, Took, Waiter},
    plan::{AgentPlan, EntryPlan, Presence, QueuePlan},
    sim::{
        Random, a_queue, an_agent,
        day::{Caller, Day},
    },
};
use std::time::Duration;

const QUEUE: QueueNo = QueueNo(0);
const BEGIN: Timestamp = Timestamp(1_800_000_000_000_000);

/// A queue with a clock, in which callers wait one behind the other.
struct Line {
    expected: Expected,
    now: Timestamp,
    called: u128,
    waiting: Vec<(CallId, Timestamp)>,
}

impl Line {
    fn new() -> Self {
        Self { expected: Expected::new(), now: BEGIN, called: 0, waiting: Vec::new() }
    }
    fn call(&mut self) -> (CallId, Ewt) {
        self.called += 1;
        let call = CallId::from_u128(self.called);
        self.waiting.push((call, self.now));
        let place = u32::try_from(self.waiting.len()).unwrap();
        let waiter = Waiter { queue: QUEUE, priority: 5, place, agents: 2 };
        (call, self.expected.entered(call, waiter, self.now))
    }
    fn pass(&mut self, seconds: u64) {
        self.now = self.now + Duration::from_secs(seconds);
    }
    fn answer_first(&mut self) {
        let (call, entered) = self.waiting.remove(0);
        self.expected.answered(call, self.now);
        self.expected.agent_free(QUEUE, Some(Took { priority: 5, entered }), self.now);
    }
    fn hang_up(&mut self, call: CallId) {
        self.waiting.retain(|(waits, _)| *waits != call);
        self.expected.abandoned(call, self.now);
    }
    /// Somebody is answered every so often, and somebody calls: always three in front.
    fn goes_on(&mut self, answers: usize, seconds: u64) {
        while self.waiting.len() < 3 {
            self.call();
        }
        for _ in 0..answers {
            self.call();
            self.pass(seconds);
            self.answer_first();
        }
    }
    fn ask(&self) -> Ewt {
        self.expected.ask(QUEUE, 4, 2)
    }
}

fn seconds(ewt: Ewt) -> Option<(u64, u64)> {
    match ewt {
        Ewt::Time { p50, p80 } => Some((p50.as_secs(), p80.as_secs())),
        Ewt::Place(_) => None,
    }
}

#[test]
fn a_queue_that_has_seen_little_tells_the_place() {
    let mut line = Line::new();
    assert_eq!(line.call().1, Ewt::Place(1));
    line.goes_on(LEAST_SEEN - 1, 30);
    assert_eq!((line.ask(), line.ask().method()), (Ewt::Place(4), "place"));
    line.goes_on(5, 30);
    assert_eq!(line.ask().method(), "pace");
}

#[test]
fn a_queue_that_moves_steadily_says_when() {
    let mut line = Line::new();
    line.goes_on(100, 30);
    assert_eq!(seconds(line.ask()), Some((120, 120)), "the fourth is answered after four times 30 s");
    let sooner = seconds(line.expected.ask(QUEUE, 1, 2)).unwrap().0;
    let with_half_the_agents = seconds(line.expected.ask(QUEUE, 4, 1)).unwrap().0;
    assert!(sooner < 120 && with_half_the_agents == 240, "{sooner} and {with_half_the_agents}");
    assert_eq!(line.expected.ask(QUEUE, 4, 0), Ewt::Place(4), "nobody is there");
    assert_eq!(line.expected.ask(QueueNo(9), 4, 2), Ewt::Place(4), "nobody ever waited there");
}

#[test]
fn a_wait_that_was_given_up_is_known_by_who_stood_behind() {
    let mut line = Line::new();
    line.goes_on(100, 30);
    let before = *line.expected.score(QUEUE).unwrap();
    let (gone, _) = line.call();
    line.pass(1);
    let (behind, _) = line.call();
    line.pass(10);
    line.hang_up(gone);
    while line.waiting[0].0 != behind {
        line.pass(30);
        line.answer_first();
    }
    let known = line.expected.score(QUEUE).unwrap().known_p80;
    assert_eq!(known, before.known_p80 + 3, "three in front were answered");
    line.pass(30);
    line.answer_first();
    assert_eq!(line.expected.score(QUEUE).unwrap().known_p80, known + 2, "and one answer told of two");
}

#[test]
fn a_wait_that_was_given_up_with_nobody_behind_is_known_by_the_first_idle_agent() {
    let mut line = Line::new();
    line.goes_on(100, 30);
    let (gone, _) = line.call();
    line.pass(10);
    line.hang_up(gone);
    while !line.waiting.is_empty() {
        line.pass(30);
        line.answer_first();
    }
    let before = *line.expected.score(QUEUE).unwrap();
    assert_eq!(line.expected.open().collect::<Vec<_>>(), [QUEUE]);
    line.pass(30);
    line.expected.agent_free(QUEUE, None, line.now);
    let after = line.expected.score(QUEUE).unwrap();
    assert_eq!((after.waits, after.known_p80), (before.waits + 1, before.known_p80 + 1));
    assert_eq!(line.expected.open().count(), 0);
}

#[test]
fn the_next_morning_tells_nothing_but_what_was_wrong_already() {
    for (patience, wrong) in [(10, 0), (500, 1)] {
        let mut line = Line::new();
        line.goes_on(100, 30);
        let (gone, _) = line.call();
        line.pass(patience);
        line.hang_up(gone);
        let before = *line.expected.score(QUEUE).unwrap();
        line.pass(8 * 3_600);
        line.expected.agent_free(QUEUE, None, line.now);
        let after = line.expected.score(QUEUE).unwrap();
        assert_eq!((after.waits, after.known_p80), (before.waits, before.known_p80 + wrong));
    }
}

#[test]
fn announcements_that_do_not_come_true_are_stopped_until_they_would() {
    let mut line = Line::new();
    line.goes_on(200, 10);
    assert!(seconds(line.ask()).is_some());
    // Everything takes ever longer: whatever was learnt is too short.
    let mut stopped = 0;
    for n in 0..60 {
        line.goes_on(1, 10 + n * n);
        stopped += usize::from(seconds(line.ask()).is_none());
    }
    assert!(stopped > 0, "still announced");
    line.goes_on(600, 60);
    assert_eq!(seconds(line.ask()).map(|(p50, _)| p50), Some(240));
}

#[test]
fn what_was_learnt_survives_being_stored() {
    let mut line = Line::new();
    line.goes_on(100, 30);
    let gone = line.waiting[1].0;
    line.hang_up(gone);
    let stored = rmp_serde::to_vec_named(&line.expected).unwrap();
    let mut again: Expected = rmp_serde::from_slice(&stored).unwrap();
    assert_eq!(again, line.expected);
    let (first, entered) = line.waiting[0];
    line.pass(30);
    line.answer_first();
    again.answered(first, line.now);
    again.agent_free(QUEUE, Some(Took { priority: 5, entered }), line.now);
    assert_eq!(again, line.expected);
}

#[test]
fn memory_is_bounded_however_many_hang_up() {
    let mut line = Line::new();
    line.goes_on(500, 30);
    let size = |line: &Line| rmp_serde::to_vec(&line.expected).unwrap().len();
    for _ in 0..2 * MAX_GONE {
        let (call, _) = line.call();
        line.pass(1);
        line.hang_up(call);
    }
    let full = size(&line);
    for _ in 0..2 * MAX_GONE {
        let (call, _) = line.call();
        line.pass(1);
        line.hang_up(call);
    }
    assert!(size(&line) <= full + full / 20, "{full} bytes became {}", size(&line));
}

/// Half of the callers give up after a minute or so, the others never do.
fn impatient(seed: u64) -> impl Iterator<Item = Caller> {
    let (mut random, mut at) = (Random::new(seed), BEGIN);
    std::iter::from_fn(move || {
        at = at + random.exponential(Duration::from_secs(30));
        let patient = random.one_in(4);
        let dials = if patient { "patient" } else { "all" }.to_owned();
        let service = random.exponential(Duration::from_secs(180));
        let patience = random.exponential(Duration::from_secs(90));
        let patience = (!patient).then_some(patience);
        Some(Caller { at, dials, service, patience, ..Caller::default() })
    })
}

/// What was announced to callers who never give up, beside their waits: announced p50, p80, waited.
fn patient_callers(calls: usize) -> Vec<(Duration, Duration, Duration)> {
    let endless = Duration::from_secs(1_000_000_000);
    let queue = QueuePlan { wrap_up: Duration::ZERO, max_wait: endless, ..a_queue("all") };
    let entry = |number: &str| EntryPlan {
        number: number.to_owned(),
        queue: "all".to_owned(),
        priority: 5,
        hours: None,
    };
    let agent = |no| AgentPlan { presence: Presence::Always, ..an_agent(&format!("a{no}"), &[]) };
    let plan = Plan {
        queues: vec![queue],
        entries: vec![entry("patient"), entry("all")],
        agents: (0..4).map(agent).collect(),
        ..Plan::default()
    };
    let mut day = Day::new(BEGIN, plan, &[], impatient(7), Duration::ZERO).unwrap();
    let (mut expected, mut told, mut waits) =
        (Expected::new(), std::collections::BTreeMap::new(), Vec::new());
    while waits.len() < calls {
        let handled = day.step().unwrap().unwrap();
        for (call, ewt) in expected.follow(day.acd(), &handled.effects, |_| 4, day.now()) {
            told.insert(call, ewt);
        }
        for course in day.take_ended() {
            let patient = course.record.dialled == "patient";
            if let (Some(Ewt::Time { p50, p80 }), true) = (told.remove(&course.record.call), patient) {
                waits.push((p50, p80, course.wait()));
            }
        }
    }
    waits
}

#[test]
fn who_never_gives_up_is_told_the_truth_also_where_many_do() {
    let waits = patient_callers(4_000);
    let share = |is: &dyn Fn(&(Duration, Duration, Duration)) -> bool| {
        waits.iter().filter(|wait| is(wait)).count() as f64 / waits.len() as f64
    };
    let (p50, p80) = (share(&|(p50, _, wait)| wait <= p50), share(&|(_, p80, wait)| wait <= p80));
    println!("of those who never give up {p50:.3} waited no longer than p50, {p80:.3} than p80");
    assert!((0.46..=0.54).contains(&p50) && (0.77..=0.83).contains(&p80), "{p50} and {p80}");
}
