//! Random shifts: a plan, callers, phones and agents that do whatever they please, all from one seed.

mod callback;
mod whereabouts;

use super::{Floor, Random, a_queue, an_agent};
use crate::{
    AgentNo, CallId, Event, OfferId, Plan, QueueNo, Refusal, Requirement, Target, Wish,
    agent::AgentState,
    call::{CallState, Far},
    event::CallerExit,
    limits::Limits,
    plan::{
        AgentPlan, Answer, EntryHours, EntryPlan, OutsidePlan, Presence, QueuePlan, Strategy, Then, Treatment,
    },
    routing::{AttributePlan, ExtendPlan, PreferPlan, Routing, Sequence, StepPlan},
};
use std::time::Duration;
use whereabouts::{is_asked_at_desk, is_fleeting, is_talking};

const SKILLS: [&str; 4] = ["billing", "sales", "indonesian", "english"];
const NEEDS: [&str; 9] = [
    "",
    "billing",
    "sales >= 5",
    "billing >= 3 and indonesian",
    "sales or english >= 7",
    "not billing",
    "$language >= 3",
    "billing and $language or $lang > 6",
    "sales and not (billing > 8)",
];
/// Where several phones ring more can go wrong than elsewhere.
const STRATEGIES: [Strategy; 13] = [
    Strategy::LongestIdle,
    Strategy::LeastOccupied,
    Strategy::FewestCalls,
    Strategy::MostSkilled,
    Strategy::LeastSkilled,
    Strategy::RoundRobin,
    Strategy::TopDown,
    Strategy::Weighted,
    Strategy::Fastest,
    Strategy::RingAll,
    Strategy::RingAll,
    Strategy::Progressive,
    Strategy::Progressive,
];

/// Plays a shift of so many steps; every invariant is checked after every event, and at the end everybody has gone home.
///
/// # Panics
/// When an invariant breaks.
#[must_use]
pub fn play(seed: u64, steps: u32) -> Floor {
    let mut random = Random::new(seed);
    let plan = a_plan(&mut random);
    let mut shift = Shift { floor: Floor::new(plan), random, past: Vec::new() };
    for _ in 0..steps {
        shift.step();
    }
    shift.go_home();
    shift.floor
}

struct Shift {
    floor: Floor,
    random: Random,
    /// Offers that once stood: for late answers.
    past: Vec<OfferId>,
}

/// A random plan.
pub fn a_plan(random: &mut Random) -> Plan {
    let queues: Vec<QueuePlan> = (0..1 + random.below(4)).map(|no| queue(random, no)).collect();
    let entries = queues.iter().map(|queue| EntryPlan {
        number: queue.name.clone(),
        queue: queue.name.clone(),
        priority: if random.one_in(3) { 9 } else { 5 },
        hours: random.one_in(2).then(|| hours(random)),
    });
    let entries = entries.collect();
    let agents = (0..1 + random.below(7)).map(|no| agent(random, no)).collect();
    let rule = |name: &str, number: &str| OutsidePlan {
        name: name.to_owned(),
        numbers: number.parse().into_iter().collect(),
        ring: Duration::from_secs(30),
    };
    let outside = vec![rule("mobile", "08*"), rule("home", "+62*")];
    Plan { queues, entries, agents, outside, routing: routing(random), attributes: attributes() }
}

/// What may be known of a call.
fn attributes() -> Vec<AttributePlan> {
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    let plan = |name: &str, values: &[&str], default: &str| AttributePlan {
        name: name.to_owned(),
        values: words(values),
        default: default.to_owned(),
    };
    vec![
        plan("language", &["indonesian", "english"], "indonesian"),
        plan("lang", &["english", "sales", "billing"], "billing"),
    ]
}

fn routing(random: &mut Random) -> Routing {
    Routing {
        ageing: random.one_in(2).then(|| Duration::from_secs(1 + random.below(20))),
        order: if random.one_in(2) { Sequence::LongestWaiting } else { Sequence::ServiceObjective },
        rest: Duration::from_millis(if random.one_in(2) { 0 } else { random.below(6_000) }),
        max_occupancy: random.one_in(3).then(|| permille(random)),
        sign_out_after: random.one_in(2).then(|| Duration::from_millis(1 + random.below(60_000))),
    }
}

/// Low, since the few minutes of a shift occupy nobody for long.
fn permille(random: &mut Random) -> u16 {
    u16::try_from(2 + random.below(60)).unwrap_or(1)
}

fn steps(random: &mut Random) -> Vec<StepPlan> {
    let mut after = Duration::ZERO;
    let step = |random: &mut Random| {
        after += Duration::from_secs(1 + random.below(25));
        let needs =
            random.pick(&NEEDS).and_then(|needs| needs.parse().ok()).unwrap_or(Requirement::anybody());
        StepPlan { after, needs }
    };
    let mut step = step;
    (0..random.below(4)).map(|_| step(random)).collect()
}

fn queue(random: &mut Random, no: u64) -> QueuePlan {
    let needs = random.pick(&NEEDS).and_then(|needs| needs.parse().ok());
    let strategy = random.pick(&STRATEGIES).copied().unwrap_or(Strategy::LongestIdle);
    let treatment = if random.one_in(4) { Treatment::Ringing } else { Treatment::Music };
    let then = if no > 0 && random.one_in(2) { Then::Queue(format!("q{}", no - 1)) } else { Then::Refuse };
    let plan = a_queue(&format!("q{no}"));
    QueuePlan {
        needs: needs.unwrap_or(plan.needs),
        strategy,
        treatment,
        then,
        max_wait: Duration::from_secs(if random.one_in(4) {
            5 + random.below(15)
        } else {
            20 + random.below(100)
        }),
        wrap_up: Duration::from_secs(random.below(3) * 7),
        pop_budget: Duration::from_millis(random.below(2) * 40),
        answer_within: Duration::from_secs(5 + random.below(20)),
        steps: if random.one_in(2) { steps(random) } else { Vec::new() },
        prefer: random.one_in(2).then(|| PreferPlan {
            patience: Duration::from_secs(1 + random.below(10)),
            within: Duration::from_secs(10 + random.below(600)),
        }),
        keep_place: random.one_in(2).then(|| Duration::from_secs(1 + random.below(60))),
        callback: random.one_in(2).then(|| callback::plan(random)),
        limits: limits(random),
        ring_most: u8::try_from(1 + random.below(4)).unwrap_or(1),
        ring_next: Duration::from_millis(500 + random.below(5_000)),
        extend: random.one_in(2).then(|| ExtendPlan {
            by: Duration::from_secs(1 + random.below(8)),
            most: Duration::from_secs(7 + random.below(10)),
        }),
        ..plan
    }
}

/// Queues that there may be, and one that there never is.
const QUEUES: [&str; 5] = ["q0", "q1", "q2", "q3", "nowhere"];
const HOURS: [&str; 2] = ["office", "night"];

fn hours(random: &mut Random) -> EntryHours {
    let name = random.pick(&HOURS).copied().unwrap_or_default().to_owned();
    EntryHours { name, closed: then(random) }
}

/// Also to a queue that leads back.
fn then(random: &mut Random) -> Then {
    if random.one_in(3) {
        return Then::Refuse;
    }
    random.pick(&QUEUES).map_or(Then::Refuse, |queue| Then::Queue((*queue).to_owned()))
}

/// Few may wait, so that there are soon too many.
fn limits(random: &mut Random) -> Limits {
    Limits {
        max_waiting: random.one_in(3).then(|| u32::try_from(random.below(4)).unwrap_or(0)),
        full: then(random),
        unstaffed: random.one_in(3).then(|| then(random)),
    }
}

fn agent(random: &mut Random, no: u64) -> AgentPlan {
    let mut plan = an_agent(&format!("a{no}"), &[]);
    for skill in SKILLS {
        let level = u8::try_from(random.below(11)).unwrap_or(0);
        if level > 0 && random.one_in(2) {
            plan.skills.insert(skill.to_owned(), level);
        }
    }
    let presence = if random.one_in(3) { Presence::Always } else { Presence::Desk };
    let answer = if random.one_in(3) && presence == Presence::Desk { Answer::Desk } else { Answer::Phone };
    let weight = if random.one_in(2) { 1 } else { u32::try_from(1 + random.below(5)).unwrap_or(1) };
    let rest = random.one_in(4).then(|| Duration::from_millis(random.below(10_000)));
    let max_occupancy = random.one_in(6).then(|| permille(random));
    AgentPlan { presence, answer, weight, rest, max_occupancy, ..plan }
}

impl Shift {
    fn step(&mut self) {
        match self.random.below(100) {
            0..=20 => self.somebody_calls(),
            21..=24 => self.somebody_would_rather_be_called(),
            25..=59 => self.a_phone_acts(),
            60..=69 => self.a_caller_leaves(),
            70..=85 => self.an_agent_acts(),
            86 => self.a_phone_comes_or_goes(),
            87..=96 => self.time_passes(),
            97 if self.random.one_in(2) => self.a_call_is_worth_more_or_less(),
            97 => self.a_late_answer(),
            98 if self.random.one_in(4) => self.floor.must(Event::Restarted),
            98 if self.random.one_in(3) => self.floor.must(Event::WaitingEnded),
            98 if self.random.one_in(4) => self.floor.must(Event::ClockStepped { by_us: -3_600_000_000 }),
            98 => self.hours_turn(),
            _ => self.rules_change(),
        }
        // At any moment of a shift, and rather when something is about that does not last.
        let often = if self.floor.acd().calls().any(is_fleeting) { 12 } else { 40 };
        if self.random.one_in(often) {
            self.the_process_starts_again();
        }
        if self.random.one_in(60) {
            self.floor.take_snapshot();
        }
    }

    /// Some callers have left meanwhile, some phones are not there, and some desktops come back.
    fn the_process_starts_again(&mut self) {
        let down = if self.random.one_in(4) { 60_000 } else { 3_000 };
        self.floor.sleep(Duration::from_millis(self.random.below(down)));
        let (mut gone, mut silent) = (Vec::new(), Vec::new());
        for call in self.floor.acd().calls() {
            let talks = match call.state() {
                CallState::Connected { offer, .. }
                | CallState::Outside { offer, stage: Far::Talking, .. } => Some(*offer),
                CallState::Arrived
                | CallState::Queued
                | CallState::Later { .. }
                | CallState::Offered { .. }
                | CallState::Dialling { .. }
                | CallState::Outside { stage: Far::Dialling { .. }, .. } => None,
            };
            if self.random.one_in(5) {
                gone.push(call.id());
            }
            silent.extend(talks.filter(|_| self.random.one_in(4)));
        }
        // What no call is in any more is not worth a word.
        silent.extend(
            self.random.pick(&self.past).copied().filter(|past| self.floor.acd().call(past.call).is_none()),
        );
        gone.extend(silent.last().map(|last| last.call).filter(|_| self.random.one_in(8)));
        self.floor.must(Event::Returned { gone, silent });
        let agents: Vec<AgentNo> = self.floor.acd().agents().map(|(no, _)| no).collect();
        for agent in agents {
            if !self.random.one_in(3) {
                self.floor.must(Event::DeskSignedIn { agent });
            }
        }
    }

    fn somebody_calls(&mut self) {
        let entries = &self.floor.acd().plan().entries;
        let number =
            self.random.pick(entries).map_or_else(|| "none".to_owned(), |entry| entry.number.clone());
        let number = if self.random.one_in(50) { "unknown".to_owned() } else { number };
        // Few callers, so that the same come again and are known.
        let caller = (!self.random.one_in(4)).then(|| u8::try_from(self.random.below(6)).unwrap_or(0));
        let values = ["indonesian", "english", "sales", "billing", "klingon"];
        let mut known = Vec::new();
        for name in ["language", "lang", "mood"] {
            if let (true, Some(&value)) = (self.random.one_in(2), self.random.pick(&values)) {
                known.push((name, value));
            }
        }
        let _ = self.floor.call_of(&number, caller, &known);
        let jump = self.random.below(2_000);
        self.floor.pass(Duration::from_millis(jump));
    }

    fn a_phone_acts(&mut self) {
        let mut offers: Vec<(OfferId, bool)> = self
            .floor
            .acd()
            .calls()
            .filter_map(|call| match call.state() {
                CallState::Offered { offer, .. } => Some((*offer, false)),
                CallState::Connected { offer, .. } => Some((*offer, true)),
                // Her phone, or the customer's.
                CallState::Dialling { offer, leg, .. } => {
                    let customer = OfferId { attempt: *leg, ..*offer };
                    Some(if call.id().as_u128() % 4 == 0 { (*offer, true) } else { (customer, false) })
                }
                CallState::Outside { offer, stage, .. } => Some((*offer, *stage == Far::Talking)),
                CallState::Arrived | CallState::Queued | CallState::Later { .. } => None,
            })
            .collect();
        let beside = self.floor.acd().calls().flat_map(|call| call.rings().skip(1));
        offers.extend(beside.map(|ring| (ring.offer, false)));
        let asked =
            self.floor.acd().calls().filter_map(|call| Some((call.consult()?.leg()?, is_talking(call))));
        offers.extend(asked);
        let Some(&(offer, connected)) = self.random.pick(&offers) else { return self.time_passes() };
        self.past.push(offer);
        if connected && self.random.one_in(5) {
            return self.somebody_is_asked(offer.call);
        }
        if connected && self.random.one_in(6) {
            let to = self.somebody();
            // A leg to the outside, or a target that cannot be had: refused, and nothing changes.
            let _refused = self.floor.tell(Event::ReferAsked { offer, to, attended: false }).is_err();
            return;
        }
        let refusal = if self.random.one_in(2) { Refusal::Rejected } else { Refusal::Failed };
        let event = match (connected, self.random.below(10)) {
            (false, 0) => Event::PhoneRefused { offer, refusal, status: 486 },
            (false, 1..=4) => Event::CardShown { offer },
            (false, _) => Event::PhoneAnswered { offer },
            (true, 0) => Event::BridgeFailed { offer },
            (true, 1..=3) => Event::PhoneHungUp { offer },
            (true, 4 | 5) => Event::CallHeld { offer },
            (true, 6) => Event::CallRetrieved { offer },
            (true, 7) => Event::HoldFailed { offer, status: 488 },
            (true, 8) => Event::RetrieveFailed { offer, status: 488 },
            (true, _) => Event::ConsultFailed { offer, status: 488 },
        };
        self.floor.must(event);
    }

    /// The agent who has a call asks, goes back, or puts through.
    fn somebody_is_asked(&mut self, call: CallId) {
        let Some(agent) = self.floor.acd().call(call).and_then(|call| call.state().agent()) else { return };
        let event = match self.random.below(8) {
            0 => Event::RetrieveAsked { agent, call },
            1 => Event::CompleteAsked { agent, call },
            _ => Event::ConsultAsked { agent, call, to: self.somebody() },
        };
        // Whom she cannot ask she does not ask, and nothing changes.
        let _refused = self.floor.tell(event).is_err();
    }

    /// A target, mostly one that can be had.
    fn somebody(&mut self) -> Target {
        let plan = self.floor.acd().plan();
        let (queues, agents) = (plan.queues.len() as u64, plan.agents.len() as u64);
        let ready: Vec<AgentNo> = self
            .floor
            .acd()
            .agents()
            .filter(|(_, agent)| matches!(agent.state(), AgentState::Ready { .. }))
            .map(|(no, _)| no)
            .collect();
        let place = |random: &mut Random, count| u32::try_from(random.below(count + 1)).unwrap_or(0);
        match self.random.below(4) {
            0 => Target::Queue { queue: QueueNo(place(&mut self.random, queues)) },
            1 | 2 if !ready.is_empty() && !self.random.one_in(4) => {
                Target::Agent { agent: self.random.pick(&ready).copied().unwrap_or(AgentNo(0)) }
            }
            1 | 2 => Target::Agent { agent: AgentNo(place(&mut self.random, agents)) },
            _ => {
                let rules = ["mobile", "home", "nowhere"].map(str::to_owned);
                Target::Outside { rule: self.random.pick(&rules).cloned().unwrap_or_default() }
            }
        }
    }

    fn a_caller_leaves(&mut self) {
        let calls: Vec<CallId> = self.floor.acd().calls().map(crate::Call::id).collect();
        let how = *self
            .random
            .pick(&[CallerExit::Cancelled, CallerExit::HungUp, CallerExit::Lost])
            .unwrap_or(&CallerExit::Lost);
        if let Some(&call) = self.random.pick(&calls) {
            self.floor.must(Event::CallerLeft { call, how });
        }
    }

    fn an_agent_acts(&mut self) {
        let agents: Vec<(AgentNo, AgentState)> =
            self.floor.acd().agents().map(|(no, agent)| (no, agent.state().clone())).collect();
        let Some((agent, state)) = self.random.pick(&agents).cloned() else { return };
        let wishes =
            [Wish::Ready, Wish::Ready, Wish::NotReady { reason: "lunch".to_owned() }, Wish::LoggedOut];
        let wish = self.random.pick(&wishes).cloned().unwrap_or(Wish::Ready);
        let event = match (state.call(), self.random.below(10)) {
            (Some(call), _) if is_asked_at_desk(self.floor.acd(), call, agent) && self.random.one_in(2) => {
                Event::OfferAccepted { agent, call }
            }
            (_, 0) => Event::DeskLost { agent },
            (_, 1 | 2) => Event::DeskSignedIn { agent },
            (Some(call), 3) => Event::OfferDeclined { agent, call },
            (Some(call), 4) => Event::HangUpAsked { agent, call },
            (Some(call), 5) if self.random.one_in(2) => Event::MoreTimeAsked { agent, call },
            (Some(call), 5) => {
                let then = self.random.one_in(2).then_some(wish);
                Event::WrapUpFinished { agent, call, disposition: Some("done".to_owned()), then }
            }
            (Some(call), 6) if self.random.one_in(2) => Event::OfferAccepted { agent, call },
            (Some(call), 7) => Event::HoldAsked { agent, call },
            (Some(call), 8) => Event::RetrieveAsked { agent, call },
            (Some(call), 9) if self.random.one_in(2) => {
                Event::TransferAsked { agent, call, to: self.somebody() }
            }
            (Some(call), 9) => Event::CompleteAsked { agent, call },
            _ if self.random.one_in(4) => Event::StateForced { agent, wish, by: "sue".to_owned() },
            _ => Event::StateAsked { agent, wish },
        };
        // What cannot be done is refused and changes nothing; the checks of the next event see to that.
        let _refused = self.floor.tell(event).is_err();
    }

    /// Phones go more rarely than they come back; some news is old.
    fn a_phone_comes_or_goes(&mut self) {
        let agents: Vec<(AgentNo, bool)> =
            self.floor.acd().agents().map(|(no, agent)| (no, agent.is_unreachable())).collect();
        let gone: Vec<(AgentNo, bool)> = agents.iter().copied().filter(|(_, gone)| *gone).collect();
        let whose = if self.random.one_in(3) || gone.is_empty() { &agents } else { &gone };
        let Some(&(agent, gone)) = self.random.pick(whose) else { return };
        let comes = if self.random.one_in(8) { !gone } else { gone };
        let event = if comes { Event::PhoneReachable { agent } } else { Event::PhoneUnreachable { agent } };
        self.floor.must(event);
    }

    fn time_passes(&mut self) {
        let far = if self.random.one_in(5) { 60_000 } else { 4_000 };
        let jump = self.random.below(far);
        self.floor.pass(Duration::from_millis(jump));
    }

    fn a_call_is_worth_more_or_less(&mut self) {
        let calls: Vec<CallId> = self.floor.acd().calls().map(crate::Call::id).collect();
        let priority = u8::try_from(self.random.below(12)).unwrap_or(0);
        if let Some(&call) = self.random.pick(&calls) {
            let reasons = vec!["gold".to_owned(); usize::try_from(self.random.below(3)).unwrap_or(0)];
            // Refused when it is no priority, or the call waits no more.
            let _refused = self.floor.tell(Event::PriorityChanged { call, priority, reasons }).is_err();
        }
    }

    fn a_late_answer(&mut self) {
        if let Some(&offer) = self.random.pick(&self.past) {
            let late = [
                Event::PhoneAnswered { offer },
                Event::PhoneHungUp { offer },
                Event::CardShown { offer },
                Event::CallHeld { offer },
                Event::CallRetrieved { offer },
                Event::BridgeFailed { offer },
                Event::PhoneRefused { offer, refusal: Refusal::Failed, status: 503 },
            ];
            if let Some(event) = self.random.pick(&late).cloned() {
                self.floor.must(event);
            }
        }
    }

    fn hours_turn(&mut self) {
        let hours = self.random.pick(&HOURS).copied().unwrap_or_default().to_owned();
        let open = self.random.one_in(2);
        self.floor.must(Event::HoursTurned { hours, open });
    }

    fn rules_change(&mut self) {
        let plan = Box::new(a_plan(&mut self.random));
        self.floor.must(Event::PlanChanged { plan });
    }

    fn go_home(&mut self) {
        let calls: Vec<CallId> = self.floor.acd().calls().map(crate::Call::id).collect();
        for call in calls {
            self.floor.hang_up(call);
            // Nobody is there to hang up where somebody is to be called.
            let _none = self.floor.tell(Event::CallbackWithdrawn { call }).is_err();
        }
        // Long enough for the lowest ceiling of occupancy.
        self.floor.pass(Duration::from_secs(8 * 3_600));
        assert_eq!(self.floor.acd().live_calls(), 0, "somebody is still in the house");
        assert_eq!(self.floor.acd().next_deadline(), None, "something is still due");
        for (no, agent) in self.floor.acd().agents() {
            assert!(!agent.state().is_handling(), "{no:?} is stuck in {:?}", agent.state());
        }
    }
}
