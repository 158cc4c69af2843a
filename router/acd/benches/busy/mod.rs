//! A busy floor for benchmarks: every strategy, steps, variables, ageing, rest and known callers, and nobody idle.
#![allow(dead_code, reason = "each bench uses its own part")]

use acd::{
    Acd, AgentNo, CallId, CallerRef, Event, OfferId, Order, Plan, Timestamp, Wish,
    plan::{AgentPlan, EntryPlan, QueuePlan, Strategy},
    routing::{AttributePlan, PreferPlan, Routing, StepPlan},
    sim::{Random, a_queue, an_agent},
};
use std::{collections::VecDeque, hint::black_box, time::Duration};

/// How large a floor is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub agents: u64,
    pub queues: u64,
    pub waiting: u64,
}

/// Skills there are: five queues ask for each.
const fn skills(queues: u64) -> u64 {
    if queues < 10 { 2 } else { queues / 5 }
}
/// Callers there are, so that some are known.
const CALLERS: u64 = 40_000;
/// Time that passes with each event.
const TICK: Duration = Duration::from_micros(50);
const STRATEGIES: [Strategy; 9] = [
    Strategy::LongestIdle,
    Strategy::LeastOccupied,
    Strategy::FewestCalls,
    Strategy::MostSkilled,
    Strategy::LeastSkilled,
    Strategy::RoundRobin,
    Strategy::TopDown,
    Strategy::Weighted,
    Strategy::Fastest,
];

pub struct Busy {
    pub acd: Acd,
    pub events: u64,
    now: Timestamp,
    ids: u128,
    talking: VecDeque<OfferId>,
    ringing: Vec<OfferId>,
    random: Random,
    size: Size,
}

/// What this thread has had of a core: a busy machine makes an event wait, not longer.
pub fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let nanos = u32::try_from(time.tv_nsec).unwrap_or(0);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), nanos)
}

fn needs(text: &str) -> acd::Requirement {
    text.parse().unwrap_or_else(|_| acd::Requirement::anybody())
}

fn queue(no: u64, skills: u64) -> QueuePlan {
    let (skill, level) = (no % skills, 7 + no / skills % 3);
    let step = |after: u64, level: u64| StepPlan {
        after: Duration::from_millis(after),
        needs: needs(&format!("s{skill} >= {level}")),
    };
    let spoken = if no.is_multiple_of(5) { " and $language >= 5" } else { "" };
    let prefer = PreferPlan { patience: Duration::from_millis(500), within: Duration::from_secs(60) };
    QueuePlan {
        needs: needs(&format!("s{skill} >= {level}{spoken}")),
        strategy: STRATEGIES[usize::try_from(no).unwrap_or(0) % STRATEGIES.len()],
        wrap_up: Duration::ZERO,
        steps: if no.is_multiple_of(2) { vec![step(1_000, 6), step(2_000, 3)] } else { Vec::new() },
        prefer: no.is_multiple_of(3).then_some(prefer),
        keep_place: no.is_multiple_of(4).then_some(Duration::from_secs(60)),
        ..a_queue(&format!("q{no}"))
    }
}

/// Three skills each, one in turn so that every queue can be served, and a language.
fn agent(no: u64, skill_count: u64, random: &mut Random) -> AgentPlan {
    let mut skills: Vec<(String, u8)> =
        [no % skill_count, random.below(skill_count), random.below(skill_count)]
            .iter()
            .map(|skill| (format!("s{skill}"), u8::try_from(5 + random.below(6)).unwrap_or(10)))
            .collect();
    skills[0].1 = 10;
    skills.push((if random.one_in(2) { "english" } else { "indonesian" }.to_owned(), 8));
    let skills: Vec<(&str, u8)> = skills.iter().map(|(name, level)| (name.as_str(), *level)).collect();
    AgentPlan { weight: 1 + u32::from(random.one_in(4)), ..an_agent(&format!("a{no}"), &skills) }
}

pub fn plan(size: Size) -> Plan {
    let mut random = Random::new(1);
    let queues: Vec<QueuePlan> = (0..size.queues).map(|no| queue(no, skills(size.queues))).collect();
    let entry = |(no, queue): (u64, &QueuePlan)| EntryPlan {
        number: queue.name.clone(),
        queue: queue.name.clone(),
        priority: u8::try_from(1 + no % 10).unwrap_or(5),
        hours: None,
    };
    let words = ["indonesian", "english"].map(str::to_owned).to_vec();
    Plan {
        entries: (0..).zip(&queues).map(entry).collect(),
        queues,
        agents: (0..size.agents).map(|no| agent(no, skills(size.queues), &mut random)).collect(),
        routing: Routing {
            ageing: Some(Duration::from_millis(200)),
            rest: Duration::from_millis(50),
            ..Routing::default()
        },
        attributes: vec![AttributePlan {
            name: "language".to_owned(),
            default: words[0].clone(),
            values: words,
        }],
        ..Plan::default()
    }
}

impl Busy {
    /// A floor under its plan, where nobody has called yet.
    pub fn empty(size: Size) -> Self {
        Self::under(plan(size), size)
    }
    /// As [`Self::empty`], under a plan that was made before.
    pub fn under(plan: Plan, size: Size) -> Self {
        let mut busy = Self {
            acd: Acd::new(),
            events: 0,
            now: Timestamp::from_millis(1_800_000_000_000),
            ids: 0,
            talking: VecDeque::new(),
            ringing: Vec::new(),
            random: Random::new(2),
            size,
        };
        busy.tell(Event::PlanChanged { plan: Box::new(plan) });
        for agent in (0..size.agents).filter_map(|no| u32::try_from(no).ok()).map(AgentNo) {
            busy.tell(Event::DeskSignedIn { agent });
            busy.tell(Event::StateAsked { agent, wish: Wish::Ready });
        }
        busy
    }
    /// Callers until everybody talks and so many wait.
    pub fn fill(&mut self) {
        while self.waiting() < self.size.waiting {
            self.arrive();
            self.answer_all();
        }
    }
    pub fn new(size: Size) -> Self {
        let mut busy = Self::empty(size);
        busy.fill();
        busy
    }
    pub fn waiting(&self) -> u64 {
        (self.acd.live_calls() - self.talking.len() - self.ringing.len()) as u64
    }
    /// An event, and the deadline that is due before it.
    fn tell(&mut self, event: Event) {
        self.now = self.now + TICK;
        if self.acd.next_deadline().is_some_and(|due| due <= self.now) {
            self.happen(Event::DeadlinePassed);
        }
        self.happen(event);
    }
    fn happen(&mut self, event: Event) {
        self.events += 1;
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
        let dialled = format!("q{}", self.random.below(self.size.queues));
        let caller = self.random.below(CALLERS).to_be_bytes();
        let mut reference = [0; 16];
        reference[..8].copy_from_slice(&caller);
        let mut attributes = Vec::new();
        if self.random.one_in(2) {
            attributes.push(("language".to_owned(), "english".to_owned()));
        }
        let (call, caller) = (CallId::new(self.now, self.ids), Some(CallerRef(reference)));
        self.tell(Event::CallArrived { call, dialled, caller, attributes });
    }
    fn answer_all(&mut self) {
        while let Some(offer) = self.ringing.pop() {
            self.tell(Event::PhoneAnswered { offer });
            self.talking.push_back(offer);
        }
    }
    /// An agent's phone hangs up, what rings answers, and callers arrive until as many wait as before.
    pub fn round(&mut self) {
        self.let_time_pass();
        if let Some(offer) = self.talking.pop_front() {
            self.tell(Event::PhoneHungUp { offer });
        }
        self.answer_all();
        while self.waiting() < self.size.waiting {
            self.arrive();
            self.answer_all();
        }
    }
    /// On a small floor everybody may be at rest.
    fn let_time_pass(&mut self) {
        while self.talking.is_empty() && self.ringing.is_empty() {
            let Some(due) = self.acd.next_deadline() else { return };
            self.now = self.now.max(due);
            self.happen(Event::DeadlinePassed);
        }
    }
    /// As [`Self::round`]; gives the time of each event to `note`.
    pub fn timed(&mut self, mut note: impl FnMut(&'static str, Duration)) {
        self.let_time_pass();
        if let Some(offer) = self.talking.pop_front() {
            self.timed_event("hung up", Event::PhoneHungUp { offer }, &mut note);
        }
        while let Some(offer) = self.ringing.pop() {
            self.timed_event("answered", Event::PhoneAnswered { offer }, &mut note);
            self.talking.push_back(offer);
        }
        while self.waiting() < self.size.waiting {
            self.arrive();
        }
    }
    fn timed_event(
        &mut self,
        name: &'static str,
        event: Event,
        note: &mut impl FnMut(&'static str, Duration),
    ) {
        self.now = self.now + TICK;
        if self.acd.next_deadline().is_some_and(|due| due <= self.now) {
            let begin = cpu_time();
            self.happen(Event::DeadlinePassed);
            note("deadline", cpu_time().saturating_sub(begin));
        }
        let begin = cpu_time();
        self.happen(event);
        note(name, cpu_time().saturating_sub(begin));
    }
}
