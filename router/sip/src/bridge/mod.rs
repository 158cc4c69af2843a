//! A call: one caller, the phones tried for it, and what the caller hears.
//!
//! The bridge joins legs whose media flows past us: each side gets the other's session description under our own
//! `o=`. What is *wanted* for the caller's ears ([`Want`]) and what *is* ([`Have`]) are kept apart; whenever it is our
//! turn in the caller's dialog, [`Call::settle`] closes the gap by a re-INVITE.

mod callback;
mod consult;
mod hold;
mod informed;
mod join;
mod media;
mod offered;
mod part;
mod pracked;
mod probe;
mod referred;
mod reinvited;
mod reinviting;
mod replaced;
mod revived;
mod ring;
mod sessions;
mod treat;
mod updated;

pub(crate) use informed::DIGITS;
pub(crate) use offered::{offered, text};

use crate::{
    CallKey, Flow, LegKey, Micros, Notice,
    context::Ctx,
    dialog::Dialog,
    leg::{
        Line, Purpose, Session, Turn,
        caller::{self, Caller},
        phone::PhoneLeg,
    },
    sdp::Music,
    timers::{Alarm, Timer},
    transaction::{Heard, Owner, Side},
    wire::Message,
};
use bytes::Bytes;
use informed::Digit;

/// A call that is not over.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) key: CallKey,
    pub(crate) caller: Caller,
    phones: Vec<PhoneLeg>,
    want: Want,
    have: Have,
    /// Whether music is being sent.
    playing: bool,
    /// The joined phone's media is somewhere else than the caller was told.
    stale: bool,
    /// How often one side's answer has sent us back to the other since they were joined.
    corrections: u8,
    /// Our RTP port for this caller, once we were given one.
    port: Option<u16>,
    /// The joined phone has put the caller on hold, or is about to, or is about to end it.
    hold: Option<hold::Hold>,
    /// A phone that another one asks, or wants to.
    pair: Option<consult::Pair>,
    /// Digits on their way from one side to the other.
    digits: Vec<Digit>,
    /// After a restart: the phone of which it is not known yet whether it talks to the caller or holds it.
    unsure: Option<u32>,
    /// It is there to be ended, and nobody else knows of it.
    buried: bool,
    alarm: Alarm,
}

/// Where the caller's media should go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Want {
    /// Where it goes now.
    AsIs,
    /// To our music at this port.
    Music { port: u16 },
    /// Nowhere: on hold, without music.
    Silence,
    /// To the phone of this attempt.
    Phone(u32),
}

/// Where the caller's media goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Have {
    /// Nowhere.
    Nothing,
    /// To our port, from where it hears `music` when that is playing.
    Music { port: u16, music: Option<Music> },
    /// Nowhere, and the caller knows: nobody sends.
    Silence,
    /// To the phone of this attempt.
    Phone(u32),
}

impl Call {
    /// A call whose INVITE was just taken.
    pub(crate) const fn new(key: CallKey, caller: Caller) -> Self {
        Self {
            key,
            caller,
            phones: Vec::new(),
            want: Want::AsIs,
            have: Have::Nothing,
            playing: false,
            stale: false,
            corrections: 0,
            port: None,
            hold: None,
            pair: None,
            digits: Vec::new(),
            unsure: None,
            buried: false,
            alarm: Alarm::new(),
        }
    }
    /// Whether nothing is left of it.
    pub(crate) fn is_over(&self) -> bool {
        self.phones.is_empty() && matches!(self.caller.stage, caller::Stage::Gone)
    }
    /// Closes a step: takes away what is over, and sets the alarm. The last step says so.
    pub(crate) fn close(&mut self, ctx: &mut Ctx<'_>) {
        self.mind_digits(ctx);
        for leg in self.phones.extract_if(.., |leg| leg.is_over()) {
            ctx.net.legs -= 1;
            ctx.net.farewells.forget(leg.owner(), ctx.out);
        }
        self.mind_pair();
        let due = self.due();
        ctx.net.timers.set(&mut self.alarm, Timer::Call(self.key), due);
        if self.is_over() {
            if !self.caller.unstored {
                ctx.net.farewells.forget(self.owner(Side::Caller), ctx.out);
            }
            if !self.buried {
                ctx.out.notices.push(Notice::CallOver { call: self.key });
            }
        }
    }
    /// Runs what is due: an 18x again, a re-INVITE after glare, a session's refresh or end.
    pub(crate) fn expire(&mut self, ctx: &mut Ctx<'_>) {
        self.alarm.spend();
        if !self.caller.refresh(ctx) {
            self.not_received(ctx);
        }
        self.mind_silence(ctx);
        self.mind_updates(ctx);
        self.mind_leaving(ctx);
        self.settle(ctx);
        self.mind_sessions(ctx);
        for side in self.sides() {
            if let Some(line) = self.line_mut(side).filter(|line| line.turn.is_ours(ctx.now)) {
                line.turn = Turn::Free; // whatever it had waited for is not wanted any more
            }
        }
    }
    /// Takes a response to an INVITE of ours; false when `side` does not wait for it.
    pub(crate) fn invite_heard(
        &mut self,
        side: Side,
        branch: u128,
        heard: &Heard,
        (message, from): (&Message, Flow),
        ctx: &mut Ctx<'_>,
    ) -> bool {
        match side {
            Side::Phone(attempt) if self.is_calling(attempt, branch) => {
                self.phone_heard((attempt, branch), heard, (message, from), ctx);
                true
            }
            Side::Phone(_) | Side::Caller => self.reinvite_heard(side, branch, heard, message, ctx),
        }
    }
    /// Nobody answered an INVITE of ours.
    pub(crate) fn invite_timed_out(&mut self, side: Side, branch: u128, status: u16, ctx: &mut Ctx<'_>) {
        match side {
            Side::Phone(attempt) if self.is_calling(attempt, branch) => {
                self.phone_refuses((attempt, branch), (status, None), ctx)
            }
            Side::Phone(_) | Side::Caller => self.reinvite_timed_out(side, branch, ctx),
        }
    }
    /// An INVITE of ours has had no news for too long.
    pub(crate) fn invite_rang_out(&mut self, side: Side, branch: u128, ctx: &mut Ctx<'_>) {
        match side {
            Side::Phone(attempt) if self.is_calling(attempt, branch) => {
                self.phone_rang_out((attempt, branch), ctx);
            }
            Side::Phone(_) | Side::Caller => self.reinvite_timed_out(side, branch, ctx),
        }
    }
    fn is_calling(&self, attempt: u32, branch: u128) -> bool {
        self.phone(attempt).is_some_and(|leg| leg.is_calling(branch))
    }
    /// The number of the next request of `side` in the dialog with this Call-ID, if it is there.
    pub(crate) fn next_seq(&mut self, side: Side, call_id: &[u8]) -> Option<u32> {
        match side {
            Side::Caller => {
                let dialog = self.caller.dialog_mut().filter(|dialog| dialog.call_id == call_id)?;
                Some(dialog.next_seq())
            }
            Side::Phone(attempt) => self.phone_mut(attempt)?.next_seq(call_id),
        }
    }
    fn due(&self) -> Option<Micros> {
        let caller = match &self.caller.stage {
            caller::Stage::Up(line) => line.due(),
            caller::Stage::Early(_) | caller::Stage::Ending { .. } | caller::Stage::Gone => None,
        };
        let phones = self.phones.iter().filter_map(PhoneLeg::due).min();
        [self.caller.refresh_due(), caller, phones, self.digits_due()].into_iter().flatten().min()
    }
    fn sides(&self) -> Vec<Side> {
        let phones = self.phones.iter().map(|leg| Side::Phone(leg.key.attempt));
        std::iter::once(Side::Caller).chain(phones).collect()
    }
    const fn owner(&self, side: Side) -> Owner {
        Owner { call: self.key, side }
    }
    const fn leg_key(&self, attempt: u32) -> LegKey {
        LegKey { call: self.key, attempt }
    }
    fn phone(&self, attempt: u32) -> Option<&PhoneLeg> {
        self.phones.iter().find(|leg| leg.key.attempt == attempt)
    }
    fn phone_mut(&mut self, attempt: u32) -> Option<&mut PhoneLeg> {
        self.phones.iter_mut().find(|leg| leg.key.attempt == attempt)
    }
    /// The confirmed dialog of a leg, with its turn.
    fn line_mut(&mut self, side: Side) -> Option<&mut Line> {
        self.talk(side).map(|(line, _)| line)
    }
    /// The confirmed dialog of a leg with what was said in it.
    fn talk(&mut self, side: Side) -> Option<(&mut Line, &mut Session)> {
        match side {
            Side::Caller => match &mut self.caller.stage {
                caller::Stage::Up(line) => Some((line, &mut self.caller.session)),
                caller::Stage::Early(_) | caller::Stage::Ending { .. } | caller::Stage::Gone => None,
            },
            Side::Phone(attempt) => self.phone_mut(attempt)?.talk(),
        }
    }
    /// The dialog of a leg, early or confirmed.
    fn dialog_mut(&mut self, side: Side) -> Option<&mut Dialog> {
        match side {
            Side::Caller => self.caller.dialog_mut(),
            Side::Phone(attempt) => self.phone_mut(attempt)?.dialog_mut(),
        }
    }
    /// Sends a re-INVITE with `offer`.
    fn ask(&mut self, side: Side, offer: &Bytes, purpose: Purpose, ctx: &mut Ctx<'_>) {
        let owner = self.owner(side);
        if let Some((line, session)) = self.talk(side) {
            line.ask(session, offer, purpose, owner, ctx);
        }
    }
    fn session_mut(&mut self, side: Side) -> Option<&mut Session> {
        match side {
            Side::Caller => Some(&mut self.caller.session),
            Side::Phone(attempt) => self.phone_mut(attempt).map(|leg| &mut leg.session),
        }
    }
    /// Who hears `side` now.
    fn partner(&self, side: Side) -> Option<Side> {
        if let Some(other) = self.paired(side) {
            return Some(other);
        }
        let Have::Phone(joined) = self.have else { return None };
        match side {
            Side::Caller => Some(Side::Phone(joined)),
            Side::Phone(attempt) => (attempt == joined).then_some(Side::Caller),
        }
    }
    /// Whether `request`, which has our tag of that leg, is really that peer's; takes note of its number. None when it is
    /// not, `Some(false)` when it comes out of order.
    pub(crate) fn recognises(&mut self, side: Side, request: &Message) -> Option<bool> {
        let dialog = self.dialog_mut(side)?;
        dialog.owns(request).then(|| dialog.advance(request.cseq().0))
    }
}
