//! Stands in for the shell and the brain: rings phones, joins, drops and ends, and checks what it is told.

mod ask;
mod beside;
mod returned;

use crate::{network::Chance, rig::MUSIC_PORT};
use sip::{CallKey, Cause, Command, Display, Flow, LegKey, Micros, Notice, Phone, Treatment};
use std::collections::BTreeMap;

const SECOND: u64 = 1_000_000;
/// The longest a call waits.
const MAX_WAIT_S: u64 = 90;
const RING_S: u64 = 15;
/// The trunk of the gateways.
pub const CARRIER: &str = "carrier";
/// Where nobody is.
pub const NOWHERE: &str = "203.0.113.99:5070";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leg {
    None,
    Ringing { leg: LegKey, since: Micros },
    Answered { leg: LegKey },
    Pause { until: Micros },
}

/// Whether the caller is on hold, as far as the edge was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hold {
    Off,
    /// The desk has asked for one.
    Wanted,
    On,
    /// The desk has asked for its end.
    Unwanted,
}

/// Whom the agent asks about her caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    Nobody,
    Ringing { leg: LegKey, since: Micros },
    Joined { leg: LegKey },
}

#[derive(Clone, Debug)]
struct Waiting {
    since: Micros,
    attempts: u32,
    leg: Leg,
    /// Legs that ring beside that one, at other agents.
    beside: Vec<LegKey>,
    left: bool,
    /// In which batch of notices it left.
    left_in: u64,
    ended: bool,
    playing: bool,
    /// Legs that were rung and what became of them.
    answered: Vec<LegKey>,
    gone: Vec<LegKey>,
    ever_joined: Option<LegKey>,
    hold: Hold,
    /// When that changed last.
    held_since: Micros,
    ask: Ask,
    /// When that changed last.
    asks_since: Micros,
    /// Whether the caller was put through.
    passed_on: bool,
    /// When the desk does something about it, and how often it still will.
    desk: Option<(Micros, u32)>,
    /// Since when the caller hears music again after a restart, as far as we have ordered.
    again_since: Option<Micros>,
}

#[derive(Clone, Default)]
pub struct Edge {
    calls: BTreeMap<CallKey, Waiting>,
    /// Batches of notices so far: orders given upon one take effect before the next.
    batch: u64,
    pub offered: usize,
    pub over: usize,
    /// Calls in which caller and phone were joined.
    pub joined: usize,
    /// Holds that began.
    pub holds: usize,
    /// Who was asked and talked, and callers put through.
    pub asked: usize,
    pub put_through: usize,
}

impl Edge {
    pub fn is_idle(&self) -> bool {
        self.calls.is_empty()
    }
    pub fn due(&self) -> Option<Micros> {
        let due = |call: &Waiting| match call.leg {
            _ if call.left || call.ended => None,
            Leg::None => Some(Micros(call.since.0 + MAX_WAIT_S * SECOND)),
            Leg::Ringing { since, .. } => Some(Micros(since.0 + RING_S * SECOND)),
            Leg::Pause { until } => Some(until),
            Leg::Answered { .. } => call.ask_due(), // when both peers have vanished, the stack finds out
        };
        let desk = |call: &Waiting| call.desk.map(|(at, _)| at).filter(|_| !call.left && !call.ended);
        self.calls.values().flat_map(|call| [due(call), desk(call)]).flatten().min()
    }
    /// Whether this call, named as in `X-Sambung-Call`, is on hold, and since when that is settled.
    pub fn hold(&self, name: &str) -> Option<(bool, Micros)> {
        let (_, call) = self.calls.iter().find(|(key, _)| format!("{:026}", key.0) == name)?;
        match call.hold {
            Hold::Off => Some((false, call.held_since)),
            Hold::On => Some((true, call.held_since)),
            Hold::Wanted | Hold::Unwanted => None,
        }
    }
    /// Whether two phones of this call, named as in `X-Sambung-Call`, hear each other, and since when that is settled.
    pub fn asks(&self, name: &str) -> Option<(bool, Micros)> {
        let (_, call) = self.calls.iter().find(|(key, _)| format!("{:026}", key.0) == name)?;
        Some((call.ask != Ask::Nobody, call.asks_since))
    }
    /// Whether the phone that has the caller was asked by another one before.
    pub fn was_asked(&self, name: &str) -> bool {
        let call = self.calls.iter().find(|(key, _)| format!("{:026}", key.0) == name);
        call.is_some_and(|(_, call)| call.passed_on)
    }
    pub fn on_time(&mut self, now: Micros, chance: &mut Chance) -> Vec<Command> {
        let mut commands = Vec::new();
        for (&key, call) in &mut self.calls {
            if call.left || call.ended {
                continue;
            }
            let talks = matches!(call.leg, Leg::Answered { .. });
            if !talks && now.0 >= call.since.0 + MAX_WAIT_S * SECOND {
                call.ended = true;
                call.leg = Leg::None;
                call.gone.append(&mut call.beside);
                commands.push(Command::End { call: key, cause: Cause { status: 480, text: "Nobody free" } });
                continue;
            }
            call.ask_rings_out(now, &mut commands);
            self.put_through += usize::from(call.desk_acts(now, chance, &mut commands));
            match call.leg {
                Leg::Ringing { leg, since } if now.0 >= since.0 + RING_S * SECOND => {
                    call.gone.push(leg);
                    commands.push(Command::Drop { leg, reason: Cause { status: 408, text: "Rang out" } });
                    call.drop_beside(&mut commands);
                    call.next(key, now, chance, &mut commands);
                }
                Leg::Pause { until } if now >= until => call.ring(key, now, chance, &mut commands),
                Leg::None | Leg::Ringing { .. } | Leg::Pause { .. } | Leg::Answered { .. } => {}
            }
        }
        commands
    }
    /// What the stack tells from here on, until this is called again, it told at once.
    pub fn next_batch(&mut self) {
        self.batch += 1;
    }
    pub fn on_notice(&mut self, notice: Notice, now: Micros, chance: &mut Chance, seed: u64) -> Vec<Command> {
        if let Some(commands) = self.on_ask(&notice, now, seed) {
            return commands;
        }
        let mut commands = Vec::new();
        match notice {
            Notice::CallOffered { call, .. } => {
                self.offered += 1;
                let waiting = Waiting::new(now);
                assert!(self.calls.insert(call, waiting).is_none(), "seed {seed}: offered twice");
                self.at(call, seed).begin(call, now, chance, &mut commands);
            }
            Notice::CallerLeft { call, how } => {
                let batch = self.batch;
                let waiting = self.at(call, seed);
                assert!(!waiting.left, "seed {seed}: left twice, {how:?}");
                (waiting.left, waiting.left_in) = (true, batch);
                waiting.drop_ask(now, &mut commands);
                waiting.drop_leg(&mut commands);
            }
            Notice::Registration(_) | Notice::Registering(_) => panic!("seed {seed}: nobody registers here"),
            Notice::PhoneProgress { leg, .. } => self.alive(leg, seed),
            Notice::PhoneAnswered { leg } => {
                self.alive(leg, seed);
                let waiting = self.at(leg.call, seed);
                assert!(!waiting.answered.contains(&leg), "seed {seed}: answered twice");
                waiting.answered.push(leg);
                waiting.take_from_the_others(leg, &mut commands);
                if chance.percent(95) {
                    waiting.ever_joined = Some(leg);
                    commands.push(Command::Connect { leg });
                    waiting.desk = chance.percent(40).then(|| (later(now, chance), 6));
                    self.joined += 1;
                } else {
                    waiting.drop_leg(&mut commands);
                    waiting.next(leg.call, now, chance, &mut commands);
                }
            }
            Notice::PhoneRefused { leg, .. } => self.lose(leg, now, chance, seed, &mut commands),
            Notice::BridgeFailed { leg } => {
                assert!(self.at(leg.call, seed).answered.contains(&leg), "seed {seed}");
                self.lose(leg, now, chance, seed, &mut commands);
            }
            Notice::PhoneHolds { leg } => {
                self.alive(leg, seed);
                self.holds += 1;
                let waiting = self.at(leg.call, seed);
                assert_eq!(waiting.leg, Leg::Answered { leg }, "seed {seed}: who is not connected holds");
                assert!(matches!(waiting.hold, Hold::Off | Hold::Wanted), "seed {seed}: held twice");
                waiting.turn(Hold::On, now);
                let port = chance.percent(95).then_some(MUSIC_PORT);
                commands.push(Command::Hold { leg, port });
            }
            Notice::Retrieved { leg } => {
                self.alive(leg, seed);
                let waiting = self.at(leg.call, seed);
                assert!(matches!(waiting.hold, Hold::On | Hold::Unwanted), "seed {seed}: not held");
                waiting.turn(Hold::Off, now);
                waiting.drop_ask(now, &mut commands);
            }
            Notice::HoldFailed { leg, .. } => {
                let waiting = self.at(leg.call, seed);
                assert_eq!(waiting.hold, Hold::Wanted, "seed {seed}");
                waiting.turn(Hold::Off, now);
                waiting.drop_ask(now, &mut commands);
            }
            Notice::RetrieveFailed { leg, .. } => {
                let waiting = self.at(leg.call, seed);
                assert!(matches!(waiting.hold, Hold::On | Hold::Unwanted), "seed {seed}: not held");
                waiting.turn(Hold::On, now);
            }
            Notice::PhoneRefers { leg, target, .. } => {
                self.alive(leg, seed);
                assert_eq!(target, "1600", "seed {seed}");
                let waiting = self.at(leg.call, seed);
                assert!(waiting.answered.contains(&leg), "seed {seed}: it was not up");
                let talks = waiting.leg == Leg::Answered { leg } && !waiting.left && !waiting.ended;
                let talks = talks && waiting.ask == Ask::Nobody;
                if talks && chance.percent(80) {
                    commands.push(Command::AcceptRefer { leg });
                    waiting.give_away(leg, now, chance, &mut commands);
                } else {
                    let status = chance.pick(&[(1, 403), (1, 404), (1, 480)]);
                    commands.push(Command::RefuseRefer { leg, status });
                }
            }
            Notice::PhoneHungUp { leg } => {
                self.alive(leg, seed);
                let waiting = self.at(leg.call, seed);
                assert!(waiting.answered.contains(&leg), "seed {seed}: hung up before it answered");
                waiting.gone.push(leg);
                waiting.leg = Leg::None;
                if waiting.ask != Ask::Nobody && !waiting.left && !waiting.ended {
                    waiting.put_through(now, &mut commands);
                    self.put_through += 1;
                } else if !waiting.left {
                    waiting.ended = true;
                    commands.push(Command::End {
                        call: leg.call,
                        cause: Cause { status: 200, text: "Agent hung up" },
                    });
                }
            }
            Notice::Media { call, play } => {
                let waiting = self.at(call, seed);
                assert!(play.is_some() || waiting.playing, "seed {seed}: silence told twice");
                waiting.playing = play.is_some();
            }
            Notice::CallOver { call } => {
                let waiting = self.at(call, seed);
                assert!(waiting.left || waiting.ended, "seed {seed}: over while the caller is there");
                assert!(!waiting.playing, "seed {seed}: music plays on");
                self.calls.remove(&call);
                self.over += 1;
            }
            Notice::ConsultFailed { .. }
            | Notice::Counted(_)
            | Notice::Noise { .. }
            | Notice::Trunk { .. }
            | Notice::Phone { .. }
            | Notice::KeyPressed { .. }
            | Notice::NobodyAt { .. } => {}
        }
        commands
    }
    fn at(&mut self, call: CallKey, seed: u64) -> &mut Waiting {
        self.calls.get_mut(&call).unwrap_or_else(|| panic!("seed {seed}: {call:?} is not there"))
    }
    fn alive(&mut self, leg: LegKey, seed: u64) {
        let batch = self.batch;
        let waiting = self.at(leg.call, seed);
        let at_once = waiting.left && waiting.left_in == batch; // it was not dropped yet
        assert!(at_once || !waiting.gone.contains(&leg), "seed {seed}: {leg:?} had gone");
    }
    fn lose(
        &mut self,
        leg: LegKey,
        now: Micros,
        chance: &mut Chance,
        seed: u64,
        commands: &mut Vec<Command>,
    ) {
        self.alive(leg, seed);
        let waiting = self.at(leg.call, seed);
        waiting.gone.push(leg);
        if waiting.rings_on_without(leg, now) {
            return;
        }
        waiting.leg = Leg::None;
        waiting.turn(Hold::Off, now);
        waiting.desk = None;
        waiting.drop_ask(now, commands);
        waiting.next(leg.call, now, chance, commands);
    }
}

impl Waiting {
    fn new(since: Micros) -> Self {
        Self {
            since,
            attempts: 0,
            leg: Leg::None,
            beside: Vec::new(),
            left: false,
            left_in: 0,
            ended: false,
            playing: false,
            answered: Vec::new(),
            gone: Vec::new(),
            ever_joined: None,
            hold: Hold::Off,
            held_since: since,
            ask: Ask::Nobody,
            asks_since: since,
            passed_on: false,
            desk: None,
            again_since: None,
        }
    }
    fn begin(&mut self, call: CallKey, now: Micros, chance: &mut Chance, commands: &mut Vec<Command>) {
        if chance.percent(40) {
            return self.ring(call, now, chance, commands);
        }
        let port = MUSIC_PORT;
        let treatment = chance.pick(&[
            (6, Treatment::Music { port }),
            (2, Treatment::Ringing),
            (2, Treatment::EarlyMedia { port }),
        ]);
        commands.push(Command::Treat { call, treatment });
        self.leg = Leg::Pause { until: Micros(now.0 + chance.between_ms(1, 20_000) * 1_000) };
    }
    fn ring(&mut self, call: CallKey, now: Micros, chance: &mut Chance, commands: &mut Vec<Command>) {
        self.attempts += 1;
        self.again_since = None;
        let leg = LegKey { call, attempt: self.attempts };
        self.leg = Leg::Ringing { leg, since: now };
        commands.push(ring(leg, chance));
        self.ring_beside(call, chance, commands);
    }
    /// The caller waits on, in the way it did or another.
    fn next(&mut self, call: CallKey, now: Micros, chance: &mut Chance, commands: &mut Vec<Command>) {
        if self.left || self.ended {
            return;
        }
        self.leg = Leg::Pause { until: Micros(now.0 + chance.between_ms(1, 5_000) * 1_000) };
        if chance.percent(60) {
            commands.push(Command::Treat { call, treatment: Treatment::Music { port: MUSIC_PORT } });
        }
    }
    fn turn(&mut self, hold: Hold, now: Micros) {
        (self.hold, self.held_since) = (hold, now);
    }
    /// The agent holds and retrieves at her desk as she pleases.
    fn desk_acts(&mut self, now: Micros, chance: &mut Chance, commands: &mut Vec<Command>) -> bool {
        let (Leg::Answered { leg }, Some((_, times))) = (self.leg, self.desk.filter(|(at, _)| *at <= now))
        else {
            return false;
        };
        self.desk = (times > 1).then(|| (later(now, chance), times - 1));
        if self.ask != Ask::Nobody {
            return self.ends_asking(leg, now, chance, commands);
        }
        if chance.percent(35) {
            self.begin_to_ask(leg, now, commands);
            return false;
        }
        if chance.percent(15) {
            self.give_away(leg, now, chance, commands);
            return false;
        }
        match self.hold {
            Hold::Off => {
                self.turn(Hold::Wanted, now);
                commands.push(Command::HoldPhone { leg });
            }
            Hold::On => {
                self.turn(Hold::Unwanted, now);
                commands.push(Command::Retrieve { leg });
            }
            Hold::Wanted => commands.push(Command::HoldPhone { leg }),
            Hold::Unwanted => commands.push(Command::Retrieve { leg }),
        }
        false
    }
    /// The caller goes on to somebody else, or to a queue.
    fn give_away(&mut self, leg: LegKey, now: Micros, chance: &mut Chance, commands: &mut Vec<Command>) {
        self.turn(Hold::Off, now);
        self.desk = None;
        self.drop_leg(commands);
        let treatment = chance.pick(&[(9, Treatment::Music { port: MUSIC_PORT }), (1, Treatment::Ringing)]);
        commands.push(Command::Treat { call: leg.call, treatment });
        if chance.percent(50) {
            return self.ring(leg.call, now, chance, commands);
        }
        self.leg = Leg::Pause { until: Micros(now.0 + chance.between_ms(1, 10_000) * 1_000) };
    }
    fn drop_leg(&mut self, commands: &mut Vec<Command>) {
        if let Leg::Ringing { leg, .. } | Leg::Answered { leg } = std::mem::replace(&mut self.leg, Leg::None)
        {
            self.gone.push(leg);
            commands.push(Command::Drop { leg, reason: Cause { status: 487, text: "Caller gone" } });
        }
        self.drop_beside(commands);
    }
}

/// The order to ring somebody.
fn ring(leg: LegKey, chance: &mut Chance) -> Command {
    let count = chance.pick(&[(6, 1), (2, 2), (1, 3)]);
    let phones = (0..count).map(|_| some_phone(chance)).collect();
    let (queue, display) = ("q".to_owned(), Display::AsCaller);
    Command::Ring { leg, phones, queue, display, auto_answer: false }
}

/// A phone, which is not always where it is tried first.
fn some_phone(chance: &mut Chance) -> Phone {
    let there = Flow::udp(crate::rig::address(crate::rig::PHONE));
    let nowhere = Flow::udp(crate::rig::address(NOWHERE));
    let uri = format!("sip:ann@{}", crate::rig::PHONE);
    if chance.percent(15) {
        let gate = Phone::at(format!("sip:gate@{}", crate::rig::PHONE), there);
        return Phone { trunk: Some(CARRIER.into()), ..gate };
    }
    match chance.pick(&[(6, 0), (1, 1), (1, 2)]) {
        0 => Phone::at(uri, there),
        1 => Phone { others: vec![there], ..Phone::at(uri, nowhere) },
        _ => Phone { others: vec![nowhere], ..Phone::at(uri, there) },
    }
}

/// When the desk acts next.
fn later(now: Micros, chance: &mut Chance) -> Micros {
    let at_once = chance.percent(20);
    let ms = if at_once { chance.between_ms(0, 50) } else { chance.between_ms(50, 40_000) };
    Micros(now.0 + ms * 1_000)
}
