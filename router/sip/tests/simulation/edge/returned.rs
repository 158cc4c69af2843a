//! What the brain does when the process has begun again.

use super::{Ask, Edge, Hold, Leg, Waiting};
use crate::{
    network::Chance,
    rig::{MUSIC_PORT, Store},
};
use sip::{CallKey, Command, LegKey, Micros, Treatment};

impl Edge {
    /// Calls that are over for the brain are nobody's any more.
    pub fn forgets(&mut self, stored: &Store, seed: u64) {
        let before = self.calls.len();
        self.calls.retain(|call, waiting| {
            let over = waiting.left || waiting.ended;
            assert!(over || stored.callers.contains_key(call), "seed {seed}: {call:?} was not stored");
            !over
        });
        self.over += before - self.calls.len();
    }
    pub fn known(&self) -> impl Iterator<Item = CallKey> {
        let here = self.calls.iter().filter(|(_, waiting)| !waiting.left && !waiting.ended);
        here.map(|(call, _)| *call)
    }
    pub fn knows(&self, call: CallKey) -> bool {
        self.calls.contains_key(&call)
    }
    /// Whether this leg is rung, talked to, or asked.
    pub fn wants(&self, wanted: LegKey) -> bool {
        let Some(call) = self.calls.get(&wanted.call).filter(|call| !call.left && !call.ended) else {
            return false;
        };
        let talks = matches!(call.leg, Leg::Ringing { leg, .. } | Leg::Answered { leg } if leg == wanted);
        talks || call.asks(wanted) || self.rings_beside(wanted)
    }
    /// The attempt whose phone the caller talks to, or is held by.
    pub fn talks_to(&self, call: CallKey) -> Option<u32> {
        let Leg::Answered { leg } = self.calls.get(&call)?.leg else { return None };
        Some(leg.attempt)
    }
    /// What is ordered once, for the calls that go on.
    pub fn returned(&mut self, now: Micros, chance: &mut Chance) -> Vec<Command> {
        let mut commands = Vec::new();
        for (&call, waiting) in &mut self.calls {
            waiting.returned(call, now, chance, &mut commands);
        }
        commands
    }
    /// Callers who wait in music after a restart, and since when.
    pub fn hear_again(&self) -> Vec<(CallKey, Micros)> {
        let waits = |waiting: &&Waiting| {
            matches!(waiting.leg, Leg::Pause { .. } | Leg::None) && !waiting.left && !waiting.ended
        };
        let again =
            |(call, waiting): (&CallKey, &Waiting)| Some((*call, Some(waiting).filter(waits)?.again_since?));
        self.calls.iter().filter_map(again).collect()
    }
    pub fn plays(&self, call: CallKey) -> bool {
        self.calls.get(&call).is_some_and(|waiting| waiting.playing)
    }
}

impl Waiting {
    fn returned(&mut self, call: CallKey, now: Micros, chance: &mut Chance, commands: &mut Vec<Command>) {
        (self.playing, self.again_since) = (false, None);
        if let Ask::Ringing { leg, .. } | Ask::Joined { leg } = self.ask {
            self.gone.push(leg);
            self.turn_ask(Ask::Nobody, now);
        }
        match self.leg {
            Leg::Answered { leg } if matches!(self.hold, Hold::On | Hold::Unwanted) => {
                self.turn(Hold::On, now);
                let port = chance.percent(95).then_some(MUSIC_PORT);
                commands.push(Command::Hold { leg, port });
            }
            Leg::Answered { leg } => {
                self.turn(Hold::Off, now);
                commands.push(Command::Connect { leg });
            }
            Leg::Ringing { .. } | Leg::Pause { .. } | Leg::None => {
                if let Leg::Ringing { leg, .. } = self.leg {
                    self.gone.push(leg);
                }
                self.gone.append(&mut self.beside);
                self.wait_again(call, now, chance, commands);
            }
        }
    }
    fn wait_again(&mut self, call: CallKey, now: Micros, chance: &mut Chance, commands: &mut Vec<Command>) {
        if chance.percent(15) {
            return self.ring(call, now, chance, commands);
        }
        let port = MUSIC_PORT;
        let treatment = chance.pick(&[
            (8, Treatment::Music { port }),
            (1, Treatment::Ringing),
            (1, Treatment::EarlyMedia { port }),
        ]);
        self.again_since = matches!(treatment, Treatment::Music { .. }).then_some(now);
        commands.push(Command::Treat { call, treatment });
        self.leg = Leg::Pause { until: Micros(now.0 + chance.between_ms(1, 25_000) * 1_000) };
    }
}
