//! Callers given away: whom a desk or a phone means is found out before the brain decides.

use super::{Asker, Brain, BrainError};
use crate::ground::Ground;
use acd::{CallId, CommandError, Event, OfferId, Target, Timestamp};
use agent_gateway::Transfer;
use std::sync::Arc;

impl<G: Ground> Brain<G> {
    /// An agent gives her caller away at her desk, or asks somebody first.
    pub(super) fn transfer(
        &mut self,
        asked: Transfer,
        asker: Asker,
        now: Timestamp,
    ) -> Result<(), BrainError> {
        let Transfer { agent, call, target, consult } = asked;
        match self.target(call, &target) {
            Ok(to) if consult => self.tell(Event::ConsultAsked { agent, call, to }, asker, now),
            Ok(to) => self.tell(Event::TransferAsked { agent, call, to }, asker, now),
            Err(error) => {
                self.reply(asker, Err(error), now);
                Ok(())
            }
        }
    }

    /// An agent's phone gives its caller away.
    pub(super) fn referred(
        &mut self,
        offer: OfferId,
        target: &str,
        replaces: Option<Arc<str>>,
        now: Timestamp,
    ) -> Result<(), BrainError> {
        let asker = Asker::Phone(offer);
        match self.target(offer.call, target) {
            Ok(to) => {
                let attended = replaces.is_some();
                // A queue has no call that could be taken over; its caller waits like any other.
                let of_somebody = !matches!(to, Target::Queue { .. });
                if let Some(next) = self.acd.call(offer.call).map(acd::Call::next_attempt) {
                    self.sip.will_replace(next, replaces.filter(|_| of_somebody));
                }
                self.tell(Event::ReferAsked { offer, to, attended }, asker, now)
            }
            Err(error) => {
                self.reply(asker, Err(error), now);
                Ok(())
            }
        }
    }

    /// Whom a target names. A number outside is kept on the SIP side: it must not get into the log.
    fn target(&mut self, call: CallId, target: &str) -> Result<Target, CommandError> {
        let (to, number) = self.acd.target(target, |user| self.sip.agent_at(user))?;
        if let Some(number) = number {
            self.sip.will_dial(call, number);
        }
        Ok(to)
    }
}
