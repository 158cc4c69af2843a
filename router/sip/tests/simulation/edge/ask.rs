//! The agent asks somebody about her caller, goes back, or puts the caller through.

use super::{Ask, Edge, Hold, Leg, RING_S, SECOND, Waiting};
use crate::network::Chance;
use sip::{Cause, Command, Display, Flow, LegKey, Micros, Notice, Phone};

impl Edge {
    /// What the brain would order upon a notice about the one who is asked; none when it is about somebody else.
    pub(super) fn on_ask(&mut self, notice: &Notice, now: Micros, seed: u64) -> Option<Vec<Command>> {
        let (Notice::ConsultFailed { leg, .. }
        | Notice::PhoneAnswered { leg }
        | Notice::PhoneRefused { leg, .. }
        | Notice::PhoneHungUp { leg }) = *notice
        else {
            return None;
        };
        if !self.at(leg.call, seed).asks(leg) {
            let failed = matches!(notice, Notice::ConsultFailed { .. });
            assert!(!failed, "seed {seed}: {leg:?} was not asked");
            return None;
        }
        self.alive(leg, seed);
        let mut commands = Vec::new();
        let waiting = self.at(leg.call, seed);
        let answered = waiting.answered.contains(&leg);
        if let Notice::PhoneAnswered { .. } = notice {
            assert!(!answered, "seed {seed}: answered twice");
            waiting.answered.push(leg);
            waiting.turn_ask(Ask::Joined { leg }, now);
            commands.push(Command::JoinConsult { leg });
            self.asked += 1;
        } else {
            let refused = matches!(notice, Notice::PhoneRefused { .. });
            assert!(answered != refused, "seed {seed}: {notice:?}, answered: {answered}");
            waiting.ask_is_gone(leg, now, &mut commands);
        }
        Some(commands)
    }
}

impl Waiting {
    pub(super) fn asks(&self, of: LegKey) -> bool {
        match self.ask {
            Ask::Nobody => false,
            Ask::Ringing { leg, .. } | Ask::Joined { leg } => leg == of,
        }
    }
    pub(super) fn ask_due(&self) -> Option<Micros> {
        let Ask::Ringing { since, .. } = self.ask else { return None };
        Some(Micros(since.0 + RING_S * SECOND))
    }
    pub(super) fn turn_ask(&mut self, ask: Ask, now: Micros) {
        (self.ask, self.asks_since) = (ask, now);
    }
    pub(super) fn begin_to_ask(&mut self, by: LegKey, now: Micros, commands: &mut Vec<Command>) {
        self.attempts += 1;
        let leg = LegKey { call: by.call, attempt: self.attempts };
        self.turn_ask(Ask::Ringing { leg, since: now }, now);
        if self.hold == Hold::Off {
            self.turn(Hold::Wanted, now);
            commands.push(Command::HoldPhone { leg: by });
        }
        let to = Flow::udp(crate::rig::address(crate::rig::PHONE));
        let phones = vec![Phone::at(format!("sip:ben@{}", crate::rig::PHONE), to)];
        let (queue, display) = ("q".to_owned(), Display::AsCaller);
        commands.push(Command::Consult { leg, by, phones, queue, display });
    }
    /// She goes back, or puts the caller through; true when she does.
    pub(super) fn ends_asking(
        &mut self,
        by: LegKey,
        now: Micros,
        chance: &mut Chance,
        commands: &mut Vec<Command>,
    ) -> bool {
        if chance.percent(40) {
            self.gone.push(by);
            commands.push(Command::Drop { leg: by, reason: Cause { status: 200, text: "Transferred" } });
            self.put_through(now, commands);
            return true;
        }
        if chance.percent(60) {
            self.drop_ask(now, commands);
            self.back(by, now, commands);
        }
        false
    }
    fn back(&mut self, by: LegKey, now: Micros, commands: &mut Vec<Command>) {
        if matches!(self.hold, Hold::On | Hold::Unwanted) {
            self.turn(Hold::Unwanted, now);
            commands.push(Command::Retrieve { leg: by });
        }
    }
    /// The one she asked has the caller; her own leg is gone.
    pub(super) fn put_through(&mut self, now: Micros, commands: &mut Vec<Command>) {
        self.turn(Hold::Off, now);
        self.passed_on = true;
        match self.ask {
            Ask::Nobody => {}
            Ask::Ringing { leg, since } => (self.leg, self.desk) = (Leg::Ringing { leg, since }, None),
            Ask::Joined { leg } => {
                self.leg = Leg::Answered { leg };
                self.ever_joined = Some(leg);
                commands.push(Command::PutThrough { leg });
            }
        }
        self.turn_ask(Ask::Nobody, now);
    }
    /// The one she asked is gone: she gets her caller back.
    pub(super) fn ask_is_gone(&mut self, leg: LegKey, now: Micros, commands: &mut Vec<Command>) {
        self.gone.push(leg);
        self.turn_ask(Ask::Nobody, now);
        if let Leg::Answered { leg: by } = self.leg {
            self.back(by, now, commands);
        }
    }
    pub(super) fn ask_rings_out(&mut self, now: Micros, commands: &mut Vec<Command>) {
        if self.ask_due().is_some_and(|due| due <= now)
            && let Leg::Answered { leg: by } = self.leg
        {
            self.drop_ask(now, commands);
            self.back(by, now, commands);
        }
    }
    pub(super) fn drop_ask(&mut self, now: Micros, commands: &mut Vec<Command>) {
        let (Ask::Ringing { leg, .. } | Ask::Joined { leg }) = self.ask else { return };
        self.turn_ask(Ask::Nobody, now);
        self.gone.push(leg);
        commands.push(Command::Drop { leg, reason: Cause { status: 487, text: "Not asked any more" } });
    }
}
