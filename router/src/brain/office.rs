//! What people behind the operator's port ask of the brain; they hear of it when it is in the log.

use super::{Asker, Brain, BrainError};
use crate::ground::Ground;
use acd::{CommandError, Event, Timestamp, Verdict, Wish, event::MAX_SIGNATURE};
use tokio::sync::oneshot;

/// A supervisor sets an agent's state.
#[derive(Debug)]
pub struct Force {
    /// Whose: her id.
    pub agent: String,
    /// Which.
    pub wish: Wish,
    /// Who sets it, for the log.
    pub by: String,
    /// Hears what became of it.
    pub told: oneshot::Sender<Verdict>,
}

/// Those who wait until a turn is in the log, with what they will hear then.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    of_rules: Vec<oneshot::Sender<()>>,
    of_states: Vec<(oneshot::Sender<Verdict>, Verdict)>,
}

impl Waiting {
    pub(super) fn for_rules(&mut self, done: oneshot::Sender<()>) {
        self.of_rules.push(done);
    }
    pub(super) fn for_state(&mut self, told: oneshot::Sender<Verdict>, verdict: Verdict) {
        self.of_states.push((told, verdict));
    }
}

impl<G: Ground> Brain<G> {
    pub(super) fn force(&mut self, force: Force, now: Timestamp) -> Result<(), BrainError> {
        let Force { agent, wish, mut by, told } = force;
        by.truncate(by.floor_char_boundary(MAX_SIGNATURE));
        let asker = Asker::Office(told);
        match self.acd.directory().agent_no(&agent) {
            Some(agent) => self.tell(Event::StateForced { agent, wish, by }, asker, now)?,
            None => self.reply(asker, Err(CommandError::NoSuchAgent), now),
        }
        self.desks.hurry();
        Ok(())
    }

    /// The turn is in the log.
    pub(super) fn tell_who_waited(&mut self) {
        // Whoever asked may have given up.
        for done in self.waiting.of_rules.drain(..) {
            let _gone = done.send(());
        }
        for (told, verdict) in self.waiting.of_states.drain(..) {
            let _gone = told.send(verdict);
        }
    }
}
