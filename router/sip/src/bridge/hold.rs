//! A caller on hold hears our music though media is direct.
//!
//! ```text
//!  phone's re-INVITE ─────────────┐
//!                                 ▼    order                 caller agreed to the phone's re-INVITE
//!  (off) ─ desk ─► Asking ─ 2xx ─► Said ─────► Stands ────────────────────────────────────► (off)
//!    ▲               │ refused                 ▲  │  ▲ phone refuses                           ▲
//!    └───────────────┘                         │  └──┴── desk ─► Lifting ─ 2xx ─► Returning ───┘
//!                                              └ 2xx ─ Restoring ◄── caller refuses ─┘    caller agreed
//! ```
//! The phone is told that nobody sends, the caller is moved to the music (or told that nobody sends); either side's
//! further re-INVITEs are answered here until the phone wants the caller back.

use super::{Call, Have, Want, join::tells_apart};
use crate::{
    Notice,
    context::Ctx,
    leg::{Asked, Purpose, Turn, caller},
    sdp::{Sdp, answer_silence, offer_silence},
    transaction::Side,
};
use bytes::Bytes;

/// A phone's status when it answers that it still holds.
const STILL_HOLDS: u16 = 488;

/// A hold, or one that begins or ends.
#[derive(Debug)]
pub(super) struct Hold {
    attempt: u32,
    stage: Stage,
    /// The caller's description as the phone was told it before.
    before: Bytes,
}

/// Where a hold stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The phone is to be asked.
    Asking,
    /// The phone holds; the caller's music is not ordered yet.
    Said,
    /// The caller is set aside.
    Stands,
    /// The phone is to be asked to take the caller back.
    Lifting,
    /// It is ready to; the caller is to be moved to it.
    Returning,
    /// The caller did not move: the phone is to be told that the hold goes on.
    Restoring,
}

impl Call {
    /// Asks the joined phone to hold, when it is our turn.
    pub(crate) fn hold_phone(&mut self, attempt: u32, ctx: &mut Ctx<'_>) {
        if self.hold.is_none() && self.line_mut(Side::Phone(attempt)).is_some() {
            self.begin_hold(attempt, Stage::Asking);
            self.settle(ctx);
        }
    }
    /// The phone holds, which is stored: it is answered, and the caller moved to music at `port`.
    pub(crate) fn hold(&mut self, attempt: u32, port: Option<u16>, ctx: &mut Ctx<'_>) {
        if self.stage_of(attempt) != Some(Stage::Said) && !self.holds_again(attempt) {
            return;
        }
        if self.stage_of(attempt) == Some(Stage::Said) {
            self.set_stage(Stage::Stands);
        }
        if let Some((line, _)) = self.talk(Side::Phone(attempt))
            && let Some(asked) = line.turn.take_asked()
        {
            self.answer_phone_silently(attempt, &asked, ctx);
        }
        self.port = port.or(self.port);
        self.set_aside();
        self.settle(ctx);
    }
    /// Asks the phone to take its caller back, when it is our turn.
    pub(crate) fn retrieve(&mut self, attempt: u32, ctx: &mut Ctx<'_>) {
        match self.stage_of(attempt) {
            Some(Stage::Stands | Stage::Restoring) => {
                self.set_stage(Stage::Lifting);
                self.settle(ctx);
            }
            Some(Stage::Asking | Stage::Said | Stage::Lifting | Stage::Returning) | None => {}
        }
    }

    fn begin_hold(&mut self, attempt: u32, stage: Stage) {
        let Some(leg) = self.phone(attempt) else { return };
        let before = leg.session.ours.clone();
        self.hold = Some(Hold { attempt, stage, before });
    }
    /// Whether this phone and the caller hear each other.
    fn is_joined(&self, attempt: u32) -> bool {
        self.have == Have::Phone(attempt) && matches!(self.caller.stage, caller::Stage::Up(_))
    }
    /// Where the hold of this phone stands; none when it holds nobody.
    fn stage_of(&self, attempt: u32) -> Option<Stage> {
        self.hold.as_ref().filter(|hold| hold.attempt == attempt).map(|hold| hold.stage)
    }
    fn set_stage(&mut self, stage: Stage) {
        if let Some(hold) = &mut self.hold {
            hold.stage = stage;
        }
    }
    /// Whether this phone holds, and is asked nothing about it.
    pub(super) fn hold_stands(&self, attempt: u32) -> bool {
        self.stage_of(attempt) == Some(Stage::Stands)
    }
    /// The caller is wanted at the music, or nowhere when there is no port for it.
    fn set_aside(&mut self) {
        self.want = self.port.map_or(Want::Silence, |port| Want::Music { port });
    }
    /// The phone is gone, or the caller: nobody holds anybody.
    pub(super) fn forget_hold(&mut self, attempt: u32) {
        if self.stage_of(attempt).is_some() {
            self.hold = None;
        }
    }

    /// Takes up a re-INVITE with `offer` that begins, goes on with or ends a hold. None: it has nothing to do with one.
    ///
    /// # Errors
    /// The status it deserves.
    pub(super) fn take_up_hold(
        &mut self,
        side: Side,
        asked: &Asked,
        offer: &Sdp,
        ctx: &mut Ctx<'_>,
    ) -> Option<Result<(), u16>> {
        match side {
            Side::Caller => match self.hold.as_ref()?.stage {
                Stage::Asking => None,
                Stage::Said => Some(Err(491)),
                Stage::Stands | Stage::Lifting | Stage::Returning | Stage::Restoring => {
                    self.answer_held_caller(asked, offer, ctx);
                    Some(Ok(()))
                }
            },
            Side::Phone(attempt) => match (self.stage_of(attempt), offer.holds()) {
                (None | Some(Stage::Asking), true) if self.is_news(attempt, offer) => {
                    ctx.trying(&asked.request, asked.server, asked.from);
                    if let Some(line) = self.line_mut(side) {
                        line.turn = Turn::Asked(Box::new(asked.clone()));
                    }
                    self.phone_holds(attempt, ctx);
                    Some(Ok(()))
                }
                (None | Some(Stage::Asking), true | false) => None,
                (Some(Stage::Said | Stage::Returning), true | false) => Some(Err(491)),
                (Some(Stage::Stands | Stage::Lifting | Stage::Restoring), true) => {
                    self.answer_phone_silently(attempt, asked, ctx);
                    Some(Ok(()))
                }
                (Some(Stage::Stands | Stage::Lifting | Stage::Restoring), false) => {
                    Some(self.give_back(attempt, asked, offer, ctx))
                }
            },
        }
    }
    /// Whether a description in which the phone does not listen says so for the first time. A phone whose caller holds
    /// may have to say it without holding anybody.
    fn is_news(&self, attempt: u32, said: &Sdp) -> bool {
        let joined = self.is_joined(attempt);
        let Some(leg) = self.phone(attempt).filter(|_| joined) else { return false };
        let Ok(before) = Sdp::parse(leg.session.theirs.clone()) else { return true };
        let direction = |sdp: &Sdp| sdp.audio().map(|audio| audio.direction);
        !before.holds() || direction(&before) != direction(said)
    }
    fn phone_holds(&mut self, attempt: u32, ctx: &mut Ctx<'_>) {
        match self.stage_of(attempt) {
            Some(_) => self.set_stage(Stage::Said),
            None => self.begin_hold(attempt, Stage::Said),
        }
        ctx.out.notices.push(Notice::PhoneHolds { leg: self.leg_key(attempt) });
    }
    /// Answers the phone that nobody sends.
    fn answer_phone_silently(&mut self, attempt: u32, asked: &Asked, ctx: &mut Ctx<'_>) {
        let Some((line, session)) = self.talk(Side::Phone(attempt)) else { return };
        let offer = asked.request.body();
        let answer = silence_for(&offer, &session.ours);
        session.theirs = offer;
        line.accept(asked, session.tell(&answer), false, ctx);
        self.keep(Side::Phone(attempt), ctx);
    }
    /// Answers a held caller: with music if it can hear ours, else that nobody sends.
    fn answer_held_caller(&mut self, asked: &Asked, offer: &Sdp, ctx: &mut Ctx<'_>) {
        let music = self.port.and_then(|port| Some((port, self.music_for(offer.body(), port, ctx)?)));
        let (answer, have) = match music {
            Some((port, answer)) => (answer.body, Have::Music { port, music: Some(answer.music) }),
            None => (silence_for(offer.body(), &self.caller.session.ours), Have::Silence),
        };
        let told = self.caller.session.tell(&answer);
        self.caller.session.theirs = offer.body().clone();
        if let Some(line) = self.line_mut(Side::Caller) {
            line.accept(asked, told, false, ctx);
        }
        self.silence(ctx);
        self.have = have;
        if matches!(self.want, Want::Music { .. } | Want::Silence) {
            self.want = Want::AsIs;
        }
        self.play(ctx);
        self.keep(Side::Caller, ctx);
    }
    /// The phone wants its caller back: the caller is asked, the phone waits.
    fn give_back(&mut self, attempt: u32, asked: &Asked, offer: &Sdp, ctx: &mut Ctx<'_>) -> Result<(), u16> {
        let now = ctx.now;
        if !self.line_mut(Side::Caller).is_some_and(|line| line.turn.is_ours(now)) {
            return Err(491);
        }
        ctx.trying(&asked.request, asked.server, asked.from);
        self.ask(Side::Caller, offer.body(), Purpose::Return { attempt }, ctx);
        if let Some(line) = self.line_mut(Side::Phone(attempt)) {
            line.turn = Turn::Asked(Box::new(asked.clone()));
        }
        Ok(())
    }
    /// The held caller as the phone is to know it again: as before, with all its codings; the answer to our music names
    /// few. One that held the phone at that time may have retrieved it since, so what it said last counts.
    fn caller_for_phone(&self) -> Option<Bytes> {
        let before = &self.hold.as_ref()?.before;
        let held_her = Sdp::parse(before.clone()).is_ok_and(|before| before.holds());
        Some(if held_her { self.caller.session.theirs.clone() } else { before.clone() })
    }
    /// What a phone that holds is told when it asks without a description: its caller may come back.
    pub(super) fn offer_of_held(&self, side: Side) -> Option<Bytes> {
        if self.paired(side).is_some() {
            return None;
        }
        let Side::Phone(attempt) = side else { return None };
        match self.stage_of(attempt)? {
            Stage::Stands | Stage::Restoring => self.caller_for_phone(),
            Stage::Asking | Stage::Said | Stage::Lifting | Stage::Returning => None,
        }
    }
    /// The phone has answered an offer of ours in its ACK; true when that begins, goes on with or ends a hold.
    pub(super) fn held_in_ack(&mut self, attempt: u32, was: &Bytes, ctx: &mut Ctx<'_>) -> bool {
        let Some(said) = self.phone(attempt).and_then(|leg| Sdp::parse(leg.session.theirs.clone()).ok())
        else {
            return false;
        };
        let held_before = Sdp::parse(was.clone()).is_ok_and(|was| was.holds());
        match self.stage_of(attempt) {
            None | Some(Stage::Asking) => {
                let begins = said.holds() && !held_before && self.is_joined(attempt);
                if begins {
                    self.phone_holds(attempt, ctx);
                }
                begins
            }
            Some(Stage::Stands | Stage::Restoring) => {
                if said.holds() {
                    self.set_stage(Stage::Restoring); // it was offered the caller, and may send there
                } else {
                    self.phone_takes_back(attempt, ctx);
                }
                true
            }
            Some(Stage::Said | Stage::Lifting | Stage::Returning) => false,
        }
    }
    /// The phone's re-INVITE or UPDATE was refused before the hold in it was stored: it took it back, or waited too long.
    pub(super) fn taken_back(&mut self, side: Side, ctx: &mut Ctx<'_>) {
        if let Side::Phone(attempt) = side
            && self.stage_of(attempt) == Some(Stage::Said)
        {
            self.retrieved(attempt, ctx);
        }
    }

    /// Tells the phone what the hold wants of it, if it is our turn.
    pub(super) fn settle_hold(&mut self, ctx: &mut Ctx<'_>) {
        let Some(Hold { attempt, stage, .. }) = self.hold else { return };
        let side = Side::Phone(attempt);
        let joined = self.is_joined(attempt);
        if !self.line_mut(side).is_some_and(|line| line.turn.is_ours(ctx.now)) {
            return;
        }
        let Some(ours) = self.session_mut(side).map(|session| session.ours.clone()) else { return };
        match stage {
            Stage::Asking if joined => {
                self.begin_hold(attempt, stage); // what the phone knows may have changed since the order
                self.ask(side, &offer_silence(&ours), Purpose::Hold, ctx);
            }
            Stage::Restoring => self.ask(side, &offer_silence(&ours), Purpose::Hold, ctx),
            Stage::Lifting => {
                if let Some(offer) = self.caller_for_phone() {
                    self.ask(side, &offer, Purpose::Retrieve, ctx);
                }
            }
            Stage::Asking | Stage::Said | Stage::Stands | Stage::Returning => {}
        }
    }
    /// Tells the caller, whose turn it is not, that nobody sends, if that is wanted.
    pub(super) fn settle_silence(&mut self, ctx: &mut Ctx<'_>) {
        match (self.want, self.have) {
            (Want::Silence, Have::Silence) => self.want = Want::AsIs,
            (Want::Silence, Have::Nothing | Have::Music { .. } | Have::Phone(_)) => {
                let offer = offer_silence(&self.caller.session.ours);
                self.ask(Side::Caller, &offer, Purpose::Silence, ctx);
            }
            (Want::AsIs | Want::Music { .. } | Want::Phone(_), _) => {}
        }
    }
    /// The caller knows that nobody sends.
    pub(super) fn is_silent(&mut self, ctx: &mut Ctx<'_>) {
        self.have = Have::Silence;
        if self.want == Want::Silence {
            self.want = Want::AsIs;
        }
        self.silence(ctx);
    }

    /// The phone has agreed to what the hold wants of it.
    pub(super) fn phone_agreed(&mut self, attempt: u32, ctx: &mut Ctx<'_>) {
        match self.stage_of(attempt) {
            Some(Stage::Asking) => self.phone_holds(attempt, ctx),
            Some(Stage::Restoring) => self.set_stage(Stage::Stands),
            Some(Stage::Lifting) => self.phone_takes_back(attempt, ctx),
            Some(Stage::Said | Stage::Stands | Stage::Returning) | None => {}
        }
    }
    /// The phone is ready for its caller, if it means it: one that holds by a key of its own cannot be made to listen.
    fn phone_takes_back(&mut self, attempt: u32, ctx: &mut Ctx<'_>) {
        let Some(theirs) = self.phone(attempt).map(|leg| leg.session.theirs.clone()) else { return };
        if Sdp::parse(theirs.clone()).is_ok_and(|said| said.holds()) {
            return self.retrieve_failed(attempt, Stage::Restoring, STILL_HOLDS, ctx);
        }
        self.corrections = 0;
        if self.have == Have::Phone(attempt) && !tells_apart(&theirs, &self.caller.session.ours) {
            self.want = Want::AsIs; // the caller has not been moved yet, or could not be
            return self.retrieved(attempt, ctx);
        }
        self.stale = true;
        self.want = Want::Phone(attempt);
        self.set_stage(Stage::Returning);
    }
    /// The phone has refused what the hold wants of it.
    pub(super) fn phone_disagreed(&mut self, attempt: u32, status: u16, ctx: &mut Ctx<'_>) {
        match self.stage_of(attempt) {
            Some(Stage::Asking) => {
                self.hold = None;
                ctx.out.notices.push(Notice::HoldFailed { leg: self.leg_key(attempt), status });
            }
            // Nothing more can be done about what it shows its agent.
            Some(Stage::Restoring) => self.set_stage(Stage::Stands),
            Some(Stage::Lifting) => self.retrieve_failed(attempt, Stage::Stands, status, ctx),
            Some(Stage::Said | Stage::Stands | Stage::Returning) | None => {}
        }
    }
    fn retrieve_failed(&mut self, attempt: u32, stage: Stage, status: u16, ctx: &mut Ctx<'_>) {
        self.set_stage(stage);
        ctx.out.notices.push(Notice::RetrieveFailed { leg: self.leg_key(attempt), status });
    }
    /// The caller has been moved to a phone: perhaps back to the one that held it.
    pub(super) fn came_back(&mut self, attempt: u32, ctx: &mut Ctx<'_>) {
        if self.stage_of(attempt) == Some(Stage::Returning) {
            self.retrieved(attempt, ctx);
        }
    }
    /// The caller does not move to the phone that wants it back; false when this is no retrieval.
    pub(super) fn stays_away(&mut self, attempt: u32, status: u16, ctx: &mut Ctx<'_>) -> bool {
        let returning = self.stage_of(attempt) == Some(Stage::Returning);
        if returning {
            self.want = Want::AsIs;
            self.retrieve_failed(attempt, Stage::Restoring, status, ctx);
        }
        returning
    }
    /// The caller has agreed to be with the phone that asked for it.
    pub(super) fn returned(&mut self, attempt: u32, ctx: &mut Ctx<'_>) {
        let answer = self.caller.session.theirs.clone();
        (self.have, self.stale) = (Have::Phone(attempt), false);
        if let Some(leg) = self.phone_mut(attempt) {
            leg.stale = false;
        }
        if let Some((line, session)) = self.talk(Side::Phone(attempt))
            && let Some(asked) = line.turn.take_asked()
        {
            session.theirs = asked.request.body();
            line.accept(&asked, session.tell(&answer), false, ctx);
            self.want = Want::AsIs;
            self.retrieved(attempt, ctx);
            self.keep(Side::Phone(attempt), ctx);
        } else if self.stage_of(attempt).is_some() {
            self.set_aside(); // the phone has taken its question back meanwhile
        }
    }
    /// The caller refused to be with the phone that asked for it: so is the phone.
    pub(super) fn not_returned(&mut self, attempt: u32, status: u16, ctx: &mut Ctx<'_>) {
        if let Some(line) = self.line_mut(Side::Phone(attempt)) {
            line.refuse(status, ctx);
        }
    }
    fn retrieved(&mut self, attempt: u32, ctx: &mut Ctx<'_>) {
        self.hold = None;
        self.silence(ctx);
        ctx.out.notices.push(Notice::Retrieved { leg: self.leg_key(attempt) });
    }
    /// The caller cannot be moved to the music: then it hears nothing, if it is on hold.
    pub(super) fn no_music(&mut self) {
        self.want = if self.is_set_aside() { Want::Silence } else { Want::AsIs };
    }
    /// A hold from before a restart goes on. A phone that heard somebody else meanwhile is told again that nobody sends.
    pub(super) fn hold_again(&mut self, attempt: u32, caller: Bytes) {
        let Some(leg) = self.phone(attempt) else { return };
        let told_silence = Sdp::parse(leg.session.ours.clone()).is_ok_and(|told| told.holds());
        let stage = if told_silence { Stage::Stands } else { Stage::Restoring };
        self.hold = Some(Hold { attempt, stage, before: caller });
    }
    /// The phone may not know of the hold any more.
    pub(super) fn restore_hold(&mut self) {
        self.set_stage(Stage::Restoring);
    }
    /// Whether a phone has just begun to hold, and waits for the order.
    pub(super) fn is_about_to_hold(&self) -> bool {
        self.hold.as_ref().is_some_and(|hold| hold.stage == Stage::Said)
    }
    /// The caller is somebody else from here on: so the phone will be told when it takes the caller back.
    pub(super) fn know_again(&mut self, theirs: &Bytes) {
        if let Some(hold) = &mut self.hold {
            hold.before = theirs.clone();
        }
    }
    /// Whether the phone holds: then its media is nothing to the caller.
    pub(super) fn is_set_aside(&self) -> bool {
        self.hold.as_ref().is_some_and(|hold| hold.stage != Stage::Asking)
    }
}

/// The answer to `offer` that nobody sends, in the lines we told `last`.
pub(super) fn silence_for(offer: &Bytes, last: &Bytes) -> Bytes {
    match (Sdp::parse(offer.clone()), Sdp::parse(last.clone())) {
        (Ok(offer), Ok(last)) => answer_silence(&offer, &last),
        // Both have been read before; without them what was told stands.
        (Err(_), _) | (_, Err(_)) => offer_silence(last),
    }
}
