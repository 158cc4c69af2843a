//! Stands in for the shell and the brain: rings phones, joins, drops and ends, and checks what it is told.

use crate::{network::Chance, rig::MUSIC_PORT};
use sip::{CallKey, Cause, Command, Display, Flow, LegKey, Micros, Notice, Phone, Treatment};
use std::collections::BTreeMap;

const SECOND: u64 = 1_000_000;
/// The longest a call waits.
const MAX_WAIT_S: u64 = 90;
const RING_S: u64 = 15;
/// The longest a call lasts: when both peers vanish nobody tells us.
const MAX_CALL_S: u64 = 400;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leg {
    None,
    Ringing { leg: LegKey, since: Micros },
    Answered { leg: LegKey },
    Pause { until: Micros },
}

#[derive(Debug)]
struct Waiting {
    since: Micros,
    attempts: u32,
    leg: Leg,
    left: bool,
    ended: bool,
    playing: bool,
    /// Legs that were rung and what became of them.
    answered: Vec<LegKey>,
    gone: Vec<LegKey>,
    ever_joined: Option<LegKey>,
}

#[derive(Default)]
pub struct Edge {
    calls: BTreeMap<CallKey, Waiting>,
    pub offered: usize,
    pub over: usize,
    /// Calls in which caller and phone were joined.
    pub joined: usize,
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
            Leg::Answered { .. } => Some(Micros(call.since.0 + MAX_CALL_S * SECOND)),
        };
        self.calls.values().filter_map(due).min()
    }
    pub fn on_time(&mut self, now: Micros, chance: &mut Chance) -> Vec<Command> {
        let mut commands = Vec::new();
        for (&key, call) in &mut self.calls {
            if call.left || call.ended {
                continue;
            }
            let longest_s = if matches!(call.leg, Leg::Answered { .. }) { MAX_CALL_S } else { MAX_WAIT_S };
            if now.0 >= call.since.0 + longest_s * SECOND {
                call.ended = true;
                call.leg = Leg::None;
                commands.push(Command::End { call: key, cause: Cause { status: 480, text: "Nobody free" } });
                continue;
            }
            match call.leg {
                Leg::Ringing { leg, since } if now.0 >= since.0 + RING_S * SECOND => {
                    call.gone.push(leg);
                    commands.push(Command::Drop { leg, reason: Cause { status: 408, text: "Rang out" } });
                    call.next(key, now, chance, &mut commands);
                }
                Leg::Pause { until } if now >= until => call.ring(key, now, &mut commands),
                Leg::None | Leg::Ringing { .. } | Leg::Pause { .. } | Leg::Answered { .. } => {}
            }
        }
        commands
    }
    pub fn on_notice(&mut self, notice: Notice, now: Micros, chance: &mut Chance, seed: u64) -> Vec<Command> {
        let mut commands = Vec::new();
        match notice {
            Notice::CallOffered { call, .. } => {
                self.offered += 1;
                let waiting = Waiting::new(now);
                assert!(self.calls.insert(call, waiting).is_none(), "seed {seed}: offered twice");
                self.at(call, seed).begin(call, now, chance, &mut commands);
            }
            Notice::CallerLeft { call, how } => {
                let waiting = self.at(call, seed);
                assert!(!waiting.left, "seed {seed}: left twice, {how:?}");
                waiting.left = true;
                waiting.drop_leg(&mut commands);
            }
            Notice::PhoneProgress { leg, .. } => self.alive(leg, seed),
            Notice::PhoneAnswered { leg } => {
                self.alive(leg, seed);
                let waiting = self.at(leg.call, seed);
                assert!(!waiting.answered.contains(&leg), "seed {seed}: answered twice");
                waiting.answered.push(leg);
                waiting.leg = Leg::Answered { leg };
                if chance.percent(95) {
                    waiting.ever_joined = Some(leg);
                    commands.push(Command::Connect { leg });
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
            Notice::PhoneHungUp { leg } => {
                self.alive(leg, seed);
                let waiting = self.at(leg.call, seed);
                assert!(waiting.answered.contains(&leg), "seed {seed}: hung up before it answered");
                waiting.gone.push(leg);
                waiting.leg = Leg::None;
                if !waiting.left {
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
            Notice::Counted(_) => {}
        }
        commands
    }
    fn at(&mut self, call: CallKey, seed: u64) -> &mut Waiting {
        self.calls.get_mut(&call).unwrap_or_else(|| panic!("seed {seed}: {call:?} is not there"))
    }
    fn alive(&mut self, leg: LegKey, seed: u64) {
        assert!(!self.at(leg.call, seed).gone.contains(&leg), "seed {seed}: {leg:?} had gone");
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
        waiting.leg = Leg::None;
        waiting.next(leg.call, now, chance, commands);
    }
}

impl Waiting {
    fn new(since: Micros) -> Self {
        Self {
            since,
            attempts: 0,
            leg: Leg::None,
            left: false,
            ended: false,
            playing: false,
            answered: Vec::new(),
            gone: Vec::new(),
            ever_joined: None,
        }
    }
    fn begin(&mut self, call: CallKey, now: Micros, chance: &mut Chance, commands: &mut Vec<Command>) {
        if chance.percent(40) {
            return self.ring(call, now, commands);
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
    fn ring(&mut self, call: CallKey, now: Micros, commands: &mut Vec<Command>) {
        self.attempts += 1;
        let leg = LegKey { call, attempt: self.attempts };
        self.leg = Leg::Ringing { leg, since: now };
        let phone = Phone {
            uri: format!("sip:ann@{}", crate::rig::PHONE),
            to: Flow::udp(crate::rig::address(crate::rig::PHONE)),
        };
        commands.push(Command::Ring {
            leg,
            phone,
            queue: "q".to_owned(),
            display: Display::AsCaller,
            auto_answer: false,
        });
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
    fn drop_leg(&mut self, commands: &mut Vec<Command>) {
        if let Leg::Ringing { leg, .. } | Leg::Answered { leg } = std::mem::replace(&mut self.leg, Leg::None)
        {
            self.gone.push(leg);
            commands.push(Command::Drop { leg, reason: Cause { status: 487, text: "Caller gone" } });
        }
    }
}
