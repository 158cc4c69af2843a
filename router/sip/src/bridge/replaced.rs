//! INVITE with Replaces (RFC 3891): a PBX puts another of its parties in the caller's place.
//!
//! ```text
//! new party            we                     old caller   phone
//!    │ INVITE Replaces │                          │          │
//!    │ ──────────────▶ │                          │          │
//!    │ ◀── 200 (music, or silence) ── │ ── BYE ─▶ │          │
//!    │ ◀── re-INVITE (the phone) ──── │ ── re-INVITE (the new party) ──▶
//! ```
//! The new party is answered at once and then moved to where the old one was, by the road that every waiting caller takes.

use super::{Call, Have, Want, hold::silence_for};
use crate::{
    Cause, Flow,
    context::Ctx,
    leg::{
        Turn,
        caller::{Caller, Stage},
    },
    sdp::{Sdp, offer_open},
    transaction::Side,
    wire::Replaces,
};
use bytes::Bytes;

/// For the Reason of the old caller's BYE.
const REPLACED: Cause = Cause { status: 200, text: "Replaced" };

impl Call {
    /// Where the caller's requests come from.
    pub(crate) const fn caller_flow(&self) -> Flow {
        self.caller.from
    }
    /// Whether the dialog of `side`, which has our tag, may be replaced.
    ///
    /// # Errors
    ///
    /// The status an INVITE deserves that may not: 481 unless Call-ID and both tags are exactly its own, and for one that
    /// we were asked to begin and that has no final response; 486 for one that has, if it was to be replaced before
    /// that; 603 for one that ends; 403 for a phone's; 491 while its ACK is awaited; 488 for one that is on hold, by an INVITE
    /// without a description.
    pub(crate) fn may_be_replaced(
        &mut self,
        side: Side,
        by: &Replaces<'_>,
        offerless: bool,
    ) -> Result<(), u16> {
        let dialog = self.dialog_mut(side).ok_or(481_u16)?;
        if !dialog.is_named(by.call_id, by.from_tag) {
            return Err(481);
        }
        if side != Side::Caller {
            return Err(403);
        }
        let line = match &self.caller.stage {
            Stage::Early(_) => return Err(481),
            Stage::Ending { .. } | Stage::Gone => return Err(603),
            Stage::Up(line) => line,
        };
        match line.turn {
            _ if by.early_only => Err(486),
            Turn::Answered { server, .. } if server == self.caller.server => Err(491),
            _ if offerless && self.hold.is_some() => Err(488),
            Turn::Answered { .. } | Turn::Free | Turn::Asked(_) | Turn::Asking(_) | Turn::Backoff { .. } => {
                Ok(())
            }
        }
    }
    /// Puts `caller`, whose INVITE has just come, in the place of the old one.
    pub(crate) fn replace_caller(&mut self, caller: Caller, ctx: &mut Ctx<'_>) {
        self.silence(ctx);
        self.drop_digits(ctx);
        let mut old = std::mem::replace(&mut self.caller, caller);
        let told_old = old.session.ours.clone();
        self.caller.replaced = old.leaving(REPLACED, ctx);
        old.hang_up(REPLACED, ctx);
        self.refuse_what_phones_asked(ctx);
        match self.want {
            Want::AsIs | Want::Silence => self.want_where_it_was(),
            Want::Music { .. } | Want::Phone(_) => {}
        }
        self.lift_the_old_ones_hold();
        (self.stale, self.corrections) = (true, 0);
        let offer = self.caller.session.theirs.clone();
        if !offer.is_empty() {
            self.know_again(&offer);
        }
        self.answer_newcomer(&offer, &told_old, ctx);
        self.call_waiting_phones(ctx);
        self.settle(ctx);
    }
    /// What a phone had asked of the old caller cannot be had any more. Its wish to hold is not for the caller.
    fn refuse_what_phones_asked(&mut self, ctx: &mut Ctx<'_>) {
        if self.is_about_to_hold() {
            return;
        }
        for line in self.phones.iter_mut().filter_map(|leg| leg.talk().map(|(line, _)| line)) {
            line.refuse(491, ctx);
        }
    }
    /// A phone that the old caller had on hold has answered that it does not send. The new one holds nobody.
    fn lift_the_old_ones_hold(&mut self) {
        let (Have::Phone(attempt), None) = (self.have, &self.hold) else { return };
        let holds = |told: &Bytes| Sdp::parse(told.clone()).is_ok_and(|told| told.holds());
        if let Some(leg) = self.phone_mut(attempt).filter(|leg| holds(&leg.session.ours)) {
            leg.session.theirs = offer_open(&leg.session.theirs);
        }
    }
    /// The new party is wanted where the old one was.
    fn want_where_it_was(&mut self) {
        self.want = match self.have {
            Have::Phone(attempt) => Want::Phone(attempt),
            Have::Music { port, .. } => Want::Music { port },
            Have::Silence => Want::Silence,
            Have::Nothing => Want::AsIs,
        };
    }
    /// Answers with music, or with silence where there is none; it plays only to a party who is to hear it.
    fn answer_newcomer(&mut self, offer: &Bytes, told_old: &Bytes, ctx: &mut Ctx<'_>) {
        if offer.is_empty() {
            return self.answer_with_offer(self.port, ctx);
        }
        let music = self.port.and_then(|port| Some((port, self.music_for(offer, port, ctx)?)));
        let (answer, have) = match music {
            Some((port, answer)) => (answer.body, Have::Music { port, music: Some(answer.music) }),
            None => (silence_for(offer, told_old), Have::Silence),
        };
        let told = self.caller.session.tell(&answer);
        self.have = have;
        self.caller.accept(told, false, ctx);
        if !matches!(self.want, Want::Phone(_)) && self.may_play() {
            self.play(ctx);
        }
    }
}
