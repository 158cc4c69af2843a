//! The process started again, and calls go on.
//!
//! What rang is taken back, and its callers wait again where they stood; what talked goes on; whoever hears something
//! from us is told anew, as what played to them died with the process. Which callers and phones are still there is for
//! the shell to say: a call nobody can reach ends as if its caller had left now, a conversation without its phone as if
//! the phone had hung up now.
//!
//! ```text
//! Queued ────────────────────▶ Queued      place, visit and deadlines as before; treated anew
//! Offered ───────────────────▶ Queued      the offer ends as `restart`; she is to blame for nothing
//! Connected, Outside Talking ▶ the same    joined, or on hold, anew; a consultation about it is over
//! Outside Dialling ──────────▶ Queued      where a transfer goes that came to nothing
//! Dialling ──────────────────▶ Queued      both phones are left, and the attempt does not count
//! ```
//! A request for a callback whose number nobody knows any more is lost.

use crate::{
    Acd, AgentNo, Call, CallId, Effects, OfferId, Order, QueueNo, Timestamp,
    call::{CallState, Far, Line, Ring},
    carry::Failed,
    effect::{DropReason, OfferOutcome, TransferOutcome, VisitOutcome},
    event::CallerExit,
};
use std::collections::BTreeSet;

impl Acd {
    /// Every call by itself, oldest first, then everybody's desktop, as none is connected any more.
    pub(crate) fn returned(
        &mut self,
        gone: &[CallId],
        silent: &[OfferId],
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let gone: BTreeSet<CallId> = gone.iter().copied().collect();
        let silent: BTreeSet<OfferId> = silent.iter().copied().collect();
        let live: Vec<CallId> = self.calls.keys().copied().collect();
        for id in live {
            if gone.contains(&id) {
                self.end_request(id, VisitOutcome::LostRestart, now, effects);
                self.caller_left(id, CallerExit::HungUp, now, effects);
            } else {
                self.go_on(id, &silent, now, effects);
            }
        }
        for no in (0..self.agents.len()).filter_map(|no| u32::try_from(no).ok()).map(AgentNo) {
            self.desk_lost(no, now, effects);
        }
    }

    fn go_on(&mut self, id: CallId, silent: &BTreeSet<OfferId>, now: Timestamp, effects: &mut Effects) {
        // First of all, so that a phone that hung up meanwhile puts nobody through to a leg that is gone.
        self.stop_consulting(id, TransferOutcome::Failed, now, effects);
        let Some(call) = self.calls.get(&id) else { return };
        match call.state {
            CallState::Arrived => {}      // routed in the very event that brought it
            CallState::Later { .. } => {} // until it is due
            CallState::Queued => self.treat_anew(id),
            CallState::Offered { .. } => self.take_back(id, now, effects),
            CallState::Dialling { offer, .. } => self.take_back_attempt(offer, now, effects),
            CallState::Connected { offer, .. } | CallState::Outside { offer, stage: Far::Talking, .. }
                if silent.contains(&offer) =>
            {
                self.phone_hung_up(offer, now, effects);
            }
            CallState::Connected { offer, line: Line::Held { .. }, .. } => {
                let queue = call.visit.map(|visit| visit.queue);
                effects.orders.extend(queue.map(|queue| Order::Hold { offer, queue }));
            }
            CallState::Connected { offer, line: Line::Open, .. }
            | CallState::Outside { offer, stage: Far::Talking, .. } => {
                effects.orders.push(Order::Connect { offer });
            }
            CallState::Outside { offer, stage: Far::Dialling { .. }, .. } => {
                effects.orders.push(Order::DropPhone { offer, why: DropReason::Stale });
                self.back_from_outside(offer, TransferOutcome::Failed, None, now, effects);
                self.treat_anew(id);
            }
        }
    }

    /// Offers that nobody can answer any more: the caller waits again, and may be offered to anybody.
    fn take_back(&mut self, id: CallId, now: Timestamp, effects: &mut Effects) {
        let rings: Vec<Ring> = self.calls.get(&id).into_iter().flat_map(Call::rings).collect();
        for Ring { offer, .. } in rings {
            let failed = Failed { status: None, drop_phone: Some(DropReason::Stale) };
            let ended = self.end_offer(offer, OfferOutcome::Restart, failed, now, effects);
            self.let_go(ended, now, effects);
        }
        self.set_call_state(id, CallState::Queued);
        self.treat_anew(id);
    }

    /// A customer's phone rang that nobody can answer any more: the request waits again.
    fn take_back_attempt(&mut self, offer: OfferId, now: Timestamp, effects: &mut Effects) {
        let ended = self.take_back_dialling(offer, now, effects);
        self.let_go(ended, now, effects);
        self.set_call_state(offer.call, CallState::Queued);
    }

    /// Whose offer, in which queue, ended because the process did.
    fn let_go(&mut self, ended: Option<(AgentNo, QueueNo)>, now: Timestamp, effects: &mut Effects) {
        match ended {
            // Her desktop is about to be missed, and finds her ready when it is back.
            Some((agent, _)) if self.needs_desk(agent) => self.release(agent, now, effects),
            Some((agent, queue)) => self.set_aside(agent, queue, OfferOutcome::Restart, now, effects),
            None => {}
        }
    }

    /// What the caller heard died with the process: something else is given, if the call still waits at the end, or if it
    /// was music, which nobody else gives while a phone rings.
    fn treat_anew(&mut self, id: CallId) {
        if let Some(call) = self.calls.get_mut(&id) {
            let had_some = std::mem::replace(&mut call.treated, false);
            let again = if had_some { &mut self.open.silenced } else { &mut self.open.untreated };
            again.push(id);
        }
    }
}
