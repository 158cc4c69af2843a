//! What happens in a seed: the house's rules, who calls, how phones behave, and what goes wrong when.

use crate::{
    network::{Chance, Faults},
    rig,
    ua::{Deed, OnReinvite, Plan as UaPlan, Reliability, Skills},
    way::Style,
};
use acd::{
    plan::{AgentPlan, Answer, EntryPlan, Plan, Presence, QueuePlan, Strategy, Treatment},
    sim::{a_queue, an_agent},
};
use sip::Micros;
use std::time::Duration;

pub const SECOND: u64 = 1_000_000;
pub const START: u64 = 1_700_000_000 * SECOND;
/// From here on nothing goes wrong any more, and nobody else calls.
pub const CALM: Micros = Micros(START + 240 * SECOND);
pub const END: Micros = Micros(START + 760 * SECOND);
/// Nobody waits for so long: whoever is refused for it was refused too early.
pub const PATIENCE_S: u64 = 5_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// Nothing is lost and every peer behaves.
    Fair,
    /// Some is lost, most peers behave.
    Rough,
    /// Much is lost, and nobody behaves.
    Storm,
}

impl Weather {
    pub const fn of(seed: u64) -> Self {
        match seed % 3 {
            0 => Self::Fair,
            1 => Self::Rough,
            _ => Self::Storm,
        }
    }
    pub const fn faults(self) -> Faults {
        match self {
            Self::Fair => Faults { lost: 0, doubled: 0, late: 0 },
            Self::Rough => Faults { lost: 8, doubled: 5, late: 5 },
            Self::Storm => Faults { lost: 30, doubled: 15, late: 20 },
        }
    }
    const fn odd(self) -> u64 {
        match self {
            Self::Fair => 0,
            Self::Rough => 15,
            Self::Storm => 50,
        }
    }
}

/// The rules in force.
pub struct House {
    pub plan: Plan,
    pub sip: sip::Config,
}

impl House {
    pub fn random(chance: &mut Chance) -> Self {
        let queues = vec![queue("q0", chance), queue("q1", chance)];
        let entry = |number: &str, queue: &str| EntryPlan {
            number: number.to_owned(),
            queue: queue.to_owned(),
            priority: 5,
            hours: None,
        };
        let entries = vec![entry("1500", "q0"), entry("1600", "q1")];
        let count = 2 + chance.below(4);
        let agents = (0..count).map(|no| agent(no, chance)).collect();
        let sip = sip::Config {
            session_expires_s: Some(chance.pick(&[(1, 90), (1, 180)])),
            entries: sip::Entries {
                numbers: ["1500", "1600"].map(str::to_owned).into(),
                ..sip::Entries::default()
            },
            ..rig::config()
        };
        Self { plan: Plan { queues, entries, agents, ..Plan::default() }, sip }
    }
    /// Queues ring several phones at once; drawn apart from the rest, so that seeds stay the stories they were.
    pub fn ring_several(&mut self, chance: &mut Chance) {
        for queue in &mut self.plan.queues {
            queue.strategy = chance.pick(&[(2, Strategy::RingAll), (1, Strategy::Progressive)]);
            queue.ring_most = chance.pick(&[(1, 2), (2, 10)]);
            queue.ring_next = Duration::from_secs(chance.pick(&[(1, 1), (2, 3)]));
        }
    }
    /// Whether the agent with this id accepts at her desktop.
    pub fn accepts_at_desk(&self, id: &str) -> bool {
        self.plan.agents.iter().any(|agent| agent.id == id && agent.answer == Answer::Desk)
    }
}

fn queue(name: &str, chance: &mut Chance) -> QueuePlan {
    let plan = a_queue(name);
    QueuePlan {
        treatment: chance.pick(&[(6, Treatment::Music), (1, Treatment::Ringing), (1, Treatment::EarlyMedia)]),
        max_wait: Duration::from_secs(PATIENCE_S),
        wrap_up: Duration::from_secs(chance.pick(&[(1, 0), (1, 5), (2, 20)])),
        pop_budget: Duration::from_millis(chance.pick(&[(2, 0), (1, 40)])),
        needs: if name == "q1" && chance.percent(40) { "sales".parse().unwrap() } else { plan.needs.clone() },
        ..plan
    }
}

/// The first one is always there and can do everything, so that nobody waits in vain.
fn agent(no: u64, chance: &mut Chance) -> AgentPlan {
    let skills: &[(&str, u8)] = if no == 0 || chance.percent(50) { &[("sales", 5)] } else { &[] };
    let plan = an_agent(&format!("a{no}"), skills);
    let (presence, answer) = match no {
        0 => (Presence::Always, Answer::Phone),
        _ => chance.pick(&[
            (2, (Presence::Always, Answer::Phone)),
            (3, (Presence::Desk, Answer::Phone)),
            (3, (Presence::Desk, Answer::Desk)),
        ]),
    };
    AgentPlan { presence, answer, ..plan }
}

/// What goes wrong beside the network.
#[derive(Debug, Default)]
pub struct Troubles {
    /// When the process is doomed, and how many effects it still has.
    pub crashes: Vec<(Micros, u32)>,
    /// When it stands still, and for how long.
    pub pauses: Vec<(Micros, u64)>,
    /// When the wall clock is set, and by how much.
    pub steps: Vec<(Micros, i64)>,
    /// When the disk begins to refuse, and until when.
    pub refusals: Vec<(Micros, Micros)>,
    /// When a snapshot is taken.
    pub snapshots: Vec<Micros>,
}

impl Troubles {
    pub fn random(chance: &mut Chance) -> Self {
        let mut troubles = Self::default();
        let at = |chance: &mut Chance, until_s: u64| {
            Micros(START + chance.between_ms(500, until_s * 1_000) * 1_000)
        };
        for _ in 0..chance.pick(&[(2, 0), (4, 1), (3, 2), (2, 4)]) {
            let effects = chance.below(12) as u32;
            troubles.crashes.push((at(chance, 200), effects));
        }
        for _ in 0..chance.pick(&[(3, 0), (1, 1), (1, 2)]) {
            let long = chance.between_ms(200, 12_000) * 1_000;
            troubles.pauses.push((at(chance, 200), long));
        }
        for _ in 0..chance.pick(&[(2, 0), (1, 1), (1, 2)]) {
            let by_s = chance.pick(&[(1, 3_600), (1, -3_600), (1, 86_400), (1, -86_400), (1, 1)]);
            troubles.steps.push((at(chance, 220), by_s * SECOND as i64));
        }
        for _ in 0..chance.pick(&[(3, 0), (1, 1)]) {
            let from = at(chance, 180);
            troubles.refusals.push((from, Micros(from.0 + chance.between_ms(500, 30_000) * 1_000)));
        }
        for _ in 0..chance.below(3) {
            troubles.snapshots.push(at(chance, 200));
        }
        troubles
    }
}

/// What is told in a story, where nothing is left to chance: phones answer at once, but that of the first agent refuses in
/// the first seconds.
pub fn told_phone(agent: &str, now: Micros) -> UaPlan {
    let at = |ms: u64| Micros(now.0 + ms * 1_000);
    let deeds = match agent {
        "a0" if now.0 < START + 5 * SECOND => {
            vec![(at(10), Deed::Progress(180)), (at(200), Deed::Refuse(486))]
        }
        _ => vec![(at(10), Deed::Progress(180)), (at(200), Deed::Answer), (at(30_000), Deed::HangUp)],
    };
    told(deeds)
}

/// Whoever does these and behaves.
pub fn told(deeds: Vec<(Micros, Deed)>) -> UaPlan {
    behaviour(Weather::Fair, deeds, &mut Chance(7))
}

pub fn later(now: Micros, chance: &mut Chance, from_ms: u64, to_ms: u64) -> Micros {
    Micros(now.0 + chance.between_ms(from_ms, to_ms) * 1_000)
}

/// When callers come.
pub fn arrivals(chance: &mut Chance) -> Vec<Micros> {
    let count = 4 + chance.below(8);
    let mut all: Vec<Micros> =
        (0..count).map(|_| Micros(START + chance.between_ms(3_000, 90_000) * 1_000)).collect();
    all.sort_unstable();
    all
}

fn behaviour(weather: Weather, deeds: Vec<(Micros, Deed)>, chance: &mut Chance) -> UaPlan {
    let odd = weather.odd();
    let on_reinvite = if chance.percent(odd) {
        chance.pick(&[
            (3, OnReinvite::Move),
            (3, OnReinvite::Glare(2)),
            (2, OnReinvite::Refuse(488)),
            (1, OnReinvite::Refuse(481)),
            (1, OnReinvite::Ignore),
        ])
    } else {
        OnReinvite::Agree
    };
    let timer = chance.percent(60).then(|| (chance.between_ms(90, 200) as u32, chance.percent(50)));
    let updates = chance.percent(30);
    let reliability =
        chance.pick(&[(8, Reliability::None), (1, Reliability::Can), (1, Reliability::Demands)]);
    let skills = Skills { timer, updates, lies: false, min_se_s: None, reliability };
    let mut rarely = || chance.percent(odd / 4);
    let (no_ack, deaf_to_cancel, forks, no_sdp) = (rarely(), rarely(), rarely(), rarely());
    UaPlan { deeds, on_reinvite, no_ack, deaf_to_cancel, forks, no_sdp, skills }
}

/// What a caller does: many have all the time of the world.
pub fn caller(weather: Weather, now: Micros, chance: &mut Chance) -> UaPlan {
    let mut deeds = Vec::new();
    if chance.percent(50) {
        deeds.push((later(now, chance, 50, 150_000), Deed::HangUp));
    }
    if chance.percent(weather.odd() / 6) {
        deeds.push((later(now, chance, 50, 60_000), Deed::Vanish));
    }
    if chance.percent(weather.odd() / 2) {
        let reinvite = Deed::Reinvite { offerless: chance.percent(30), moves: false };
        deeds.push((later(now, chance, 1_000, 60_000), reinvite));
    }
    let mut plan = behaviour(weather, deeds, chance);
    if plan.on_reinvite != OnReinvite::Agree || plan.no_ack {
        // Who cannot be joined to anybody waits until it has had enough.
        plan.deeds.push((later(now, chance, 50, 150_000), Deed::HangUp));
    }
    plan
}

/// What a phone does that is rung now.
pub fn phone(weather: Weather, by_itself: bool, now: Micros, chance: &mut Chance) -> UaPlan {
    let calm = now >= CALM;
    let odd = if calm { 0 } else { weather.odd() };
    let ring = later(now, chance, 10, 300);
    let answer = if by_itself { later(now, chance, 300, 900) } else { later(now, chance, 500, 8_000) };
    let mut deeds = vec![(ring, Deed::Progress(180))];
    let fate = if calm { 100 } else { chance.below(100) };
    match fate {
        0..=9 => {
            let status = chance.pick(&[(4, 486), (2, 603), (1, 480), (1, 404)]);
            deeds.push((answer, Deed::Refuse(status)));
        }
        // Nobody is there, and at some time the phone gives up.
        10..=17 => deeds.push((later(now, chance, 60_000, 100_000), Deed::Refuse(480))),
        _ if chance.percent(odd / 3) => deeds.clear(),
        _ => {
            deeds.push((answer, Deed::Answer));
            talk(answer, calm, chance, &mut deeds);
        }
    }
    if chance.percent(odd / 6) {
        deeds.push((later(now, chance, 50, 60_000), Deed::Vanish));
    }
    behaviour(if calm { Weather::Fair } else { weather }, deeds, chance)
}

fn talk(answer: Micros, calm: bool, chance: &mut Chance, deeds: &mut Vec<(Micros, Deed)>) {
    let longest = if calm { 5_000 } else { 60_000 };
    deeds.push((later(answer, chance, 1_000, longest), Deed::HangUp));
    if calm {
        return;
    }
    if chance.percent(20) {
        let from = later(answer, chance, 500, 20_000);
        deeds.push((from, Deed::Hold(Some(Style::SendOnly))));
        deeds.push((later(from, chance, 3_000, 20_000), Deed::Hold(None)));
    }
    if chance.percent(15) {
        deeds.push((later(answer, chance, 500, 20_000), Deed::Refer { silent: chance.percent(20) }));
    }
}
