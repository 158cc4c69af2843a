//! Events decided a second on a busy floor: 10,000 agents, 200 queues, 5,000 waiting calls, nobody idle.
//!
//! One round of decisions is three events: an agent's phone hangs up (she is given a waiting call at once), it answers,
//! and a new caller arrives and waits.

use acd::{
    Acd, CallId, Event, OfferId, Order, Plan, Timestamp,
    plan::{AgentPlan, EntryPlan, Presence, QueuePlan, Strategy},
    sim::{Random, a_queue, an_agent},
};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::{collections::VecDeque, hint::black_box, time::Duration};

const SKILLS: u64 = 50;

struct Busy {
    acd: Acd,
    now: Timestamp,
    ids: u128,
    talking: VecDeque<OfferId>,
    ringing: Vec<OfferId>,
    random: Random,
    queues: u64,
}

fn plan(agents: u64, queues: u64) -> Plan {
    let mut random = Random::new(1);
    let queue = |no: u64| QueuePlan {
        needs: format!("s{} >= {}", no % SKILLS, 1 + no / SKILLS * 2)
            .parse()
            .unwrap_or_else(|_| a_queue("").needs),
        strategy: if no.is_multiple_of(2) { Strategy::LongestIdle } else { Strategy::LeastOccupied },
        wrap_up: Duration::ZERO,
        ..a_queue(&format!("q{no}"))
    };
    let queues: Vec<QueuePlan> = (0..queues).map(queue).collect();
    let entry =
        |queue: &QueuePlan| EntryPlan { number: queue.name.clone(), queue: queue.name.clone(), priority: 5 };
    let entries = queues.iter().map(entry).collect();
    let agents = (0..agents).map(|no| {
        // One skill each in turn, so that every queue can be served, and two more at random.
        let skills: Vec<(String, u8)> = [no % SKILLS, random.below(SKILLS), random.below(SKILLS)]
            .iter()
            .map(|skill| (format!("s{skill}"), u8::try_from(5 + random.below(6)).unwrap_or(10)))
            .collect();
        let skills: Vec<(&str, u8)> = skills.iter().map(|(name, level)| (name.as_str(), *level)).collect();
        AgentPlan { presence: Presence::Always, ..an_agent(&format!("a{no}"), &skills) }
    });
    let agents = agents.collect();
    Plan { queues, entries, agents, ..Plan::default() }
}

impl Busy {
    fn new(agents: u64, queues: u64, waiting: u64) -> Self {
        let mut busy = Self {
            acd: Acd::new(),
            now: Timestamp::from_millis(1_800_000_000_000),
            ids: 0,
            talking: VecDeque::new(),
            ringing: Vec::new(),
            random: Random::new(2),
            queues,
        };
        busy.tell(Event::PlanChanged { plan: Box::new(plan(agents, queues)) });
        // Callers until everybody talks and so many wait.
        while busy.waiting() < waiting {
            busy.arrive();
            busy.answer_all();
        }
        busy
    }
    fn waiting(&self) -> u64 {
        (self.acd.live_calls() - self.talking.len() - self.ringing.len()) as u64
    }
    fn tell(&mut self, event: Event) {
        self.now = self.now + Duration::from_micros(50);
        let Ok(handled) = self.acd.handle(event, self.now) else { return };
        for order in &handled.effects.orders {
            if let Order::RingPhone { offer, .. } = order {
                self.ringing.push(*offer);
            }
        }
        black_box(handled);
    }
    fn arrive(&mut self) {
        self.ids += 1;
        let dialled = format!("q{}", self.random.below(self.queues));
        self.tell(Event::CallArrived { call: CallId::new(self.now, self.ids), dialled, caller: None });
    }
    fn answer_all(&mut self) {
        while let Some(offer) = self.ringing.pop() {
            self.tell(Event::PhoneAnswered { offer });
            self.talking.push_back(offer);
        }
    }
    fn round(&mut self) {
        if let Some(offer) = self.talking.pop_front() {
            self.tell(Event::PhoneHungUp { offer });
        }
        self.answer_all();
        self.arrive();
        self.answer_all();
    }
}

fn decisions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decisions");
    group.throughput(Throughput::Elements(3));
    for (agents, queues, waiting) in [(100, 20, 50), (1_000, 100, 500), (10_000, 200, 5_000)] {
        let mut busy = Busy::new(agents, queues, waiting);
        let name = format!("{agents} agents, {queues} queues, {waiting} waiting");
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| bencher.iter(|| busy.round()));
    }
    group.finish();
}

/// The brain's memory written and read: every agent talks, and so many callers wait.
fn snapshots(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("snapshots");
    for (agents, queues, waiting) in [(100, 20, 50), (1_000, 100, 500), (10_000, 200, 5_000)] {
        let busy = Busy::new(agents, queues, waiting);
        let bytes = busy.acd.snapshot().unwrap_or_default();
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        let name = format!("{agents} agents, {} calls, {} bytes", busy.acd.live_calls(), bytes.len());
        group.bench_function(BenchmarkId::new("write", &name), |bencher| {
            bencher.iter(|| black_box(busy.acd.snapshot()).is_ok());
        });
        group.bench_function(BenchmarkId::new("read", &name), |bencher| {
            bencher.iter(|| black_box(Acd::restore(&bytes)).is_ok());
        });
    }
    group.finish();
}

criterion_group!(benches, decisions, snapshots);
criterion_main!(benches);
