//! Several agents are rung for one caller: the first to answer has the call, and the others are told so.

use super::{Edge, Leg, Waiting, ring};
use crate::network::Chance;
use sip::{CallKey, Cause, Command, LegKey, Micros};

/// What those are told who were too slow.
pub const ELSEWHERE: Cause = Cause { status: 200, text: "Call completed elsewhere" };

impl Waiting {
    pub(super) fn ring_beside(&mut self, call: CallKey, chance: &mut Chance, commands: &mut Vec<Command>) {
        for _ in 0..chance.pick(&[(12, 0), (3, 1), (2, 2), (1, 5)]) {
            self.attempts += 1;
            let leg = LegKey { call, attempt: self.attempts };
            self.beside.push(leg);
            commands.push(ring(leg, chance));
        }
    }
    /// One of them has answered.
    pub(super) fn take_from_the_others(&mut self, answered: LegKey, commands: &mut Vec<Command>) {
        let first = if let Leg::Ringing { leg, .. } = self.leg { Some(leg) } else { None };
        let all = first.into_iter().chain(std::mem::take(&mut self.beside));
        for leg in all.filter(|leg| *leg != answered) {
            self.gone.push(leg);
            commands.push(Command::Drop { leg, reason: ELSEWHERE });
        }
        self.leg = Leg::Answered { leg: answered };
    }
    /// A leg is gone; whether others of the call ring on.
    pub(super) fn rings_on_without(&mut self, gone: LegKey, now: Micros) -> bool {
        let beside = self.beside.len();
        self.beside.retain(|leg| *leg != gone);
        if self.beside.len() < beside {
            return true;
        }
        let was_first = matches!(self.leg, Leg::Ringing { leg, .. } if leg == gone);
        if !was_first || self.beside.is_empty() {
            return false;
        }
        self.leg = Leg::Ringing { leg: self.beside.remove(0), since: now };
        true
    }
    pub(super) fn drop_beside(&mut self, commands: &mut Vec<Command>) {
        for leg in std::mem::take(&mut self.beside) {
            self.gone.push(leg);
            commands.push(Command::Drop { leg, reason: Cause { status: 487, text: "Caller gone" } });
        }
    }
}

impl Edge {
    /// Whether this leg rings beside another one of its call.
    pub(super) fn rings_beside(&self, leg: LegKey) -> bool {
        self.calls.get(&leg.call).is_some_and(|call| call.beside.contains(&leg))
    }
}
