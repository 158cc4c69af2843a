//! The caller's leg: from the INVITE that reached us to its end.
//!
//! ```text
//!        2xx sent                         BYE either way, lost
//! Early ──────────► Up (ACK or not yet) ──────────────────────► Gone
//!   │                 └─ ended before the ACK ─► Ending ─ ACK ──► Gone
//!   └─ CANCEL, refused ───────────────────────────────────────► Gone
//! ```
//! Provisional responses that have to arrive are [`Reliable`]'s.

use super::{
    Line, Session, Turn,
    phone::MadeBy,
    record,
    reliable::{Due, RELIABLE, Reliable, is_demanded, is_reliable},
    session_timer::SessionTimer,
};
use crate::{
    CallKey, CallerRecord, Cause, DialogRecord, EarlyRecord, Flow, Keep, Micros,
    compose::{able_for_callers, decimal},
    context::{Ctx, Partner},
    dialog::{Dialog, is_secure},
    timers::ServerId,
    transaction::{Owner, Side},
    wire::{Message, Name, Writer},
};
use bytes::Bytes;
use std::time::Duration;

/// An unanswered caller hears from us so often (RFC 3261 §13.3.1.1).
const REFRESH: Duration = Duration::from_secs(60);

/// The INVITE was cancelled, or ended by a BYE.
pub(crate) const TERMINATED: Cause = Cause { status: 487, text: "Request Terminated" };

/// The caller's leg.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) call: CallKey,
    /// What made the call: recovery and the phones' INVITEs need it.
    pub(crate) invite: Message,
    pub(crate) from: Flow,
    pub(crate) server: ServerId,
    pub(crate) session: Session,
    /// Once a provisional response was sent that has to arrive.
    pub(crate) reliable: Option<Box<Reliable>>,
    pub(crate) stage: Stage,
    /// It comes from before a restart, so what its records do not tell is not known.
    pub(crate) revived: bool,
    /// Whose place it took, as it is to be stored.
    pub(crate) replaced: Option<Box<CallerRecord>>,
    /// Nothing is stored of it as of a leg.
    pub(crate) unstored: bool,
    /// What made its dialog, if we have called it.
    pub(super) called: Option<Box<MadeBy>>,
}

/// Where the caller's leg stands.
#[derive(Debug)]
pub(crate) enum Stage {
    /// The INVITE has no final response.
    Early(Box<Early>),
    /// It has a 2xx.
    Up(Box<Line>),
    /// It has a 2xx, is not wanted any more, and cannot be told before its ACK has come (RFC 3261 §15).
    Ending { dialog: Box<Dialog>, server: ServerId, seq: u32, cause: Cause },
    /// The caller has left or was sent away.
    Gone,
}

/// A caller who has no final response.
#[derive(Debug)]
pub(crate) struct Early {
    pub(crate) dialog: Dialog,
    /// The last provisional response above 100; without text when each one has a number of its own.
    pub(super) said: Option<(u16, Bytes)>,
    /// When to say it again.
    again: Micros,
    /// The music's description that went out in a 183.
    pub(crate) previewed: Option<Bytes>,
}

impl Early {
    pub(crate) const fn new(dialog: Dialog, now: Micros) -> Self {
        Self { dialog, said: None, again: now, previewed: None }
    }
}

impl Caller {
    /// The leg of an INVITE that has just come from `from`, and is found by `key` when it comes again.
    pub(crate) fn of(call: CallKey, invite: &Message, key: Vec<u8>, from: Flow, ctx: &mut Ctx<'_>) -> Self {
        let owner = Owner { call, side: Side::Caller };
        let server = ctx.begin(invite, key, from, owner);
        ctx.trying(invite, server, from);
        let tag = ctx.mint.bits();
        let dialog = Dialog::as_server(invite, from, tag, &ctx.net.local.names.tag(tag));
        ctx.net.dialogs.insert(tag, Partner::Leg(owner));
        let mut session = Session::new(tag, ctx.net.local.media);
        session.theirs = invite.body();
        let stage = Stage::Early(Box::new(Early::new(dialog, ctx.now)));
        Self {
            call,
            invite: invite.clone(),
            from,
            server,
            session,
            reliable: None,
            stage,
            revived: false,
            replaced: None,
            called: None,
            unstored: false,
        }
    }
    /// Whose transactions this leg's are.
    pub(crate) const fn owner(&self) -> Owner {
        Owner { call: self.call, side: Side::Caller }
    }
    /// Our tag's bits in this leg.
    pub(crate) fn dialog(&self) -> Option<&Dialog> {
        match &self.stage {
            Stage::Early(early) => Some(&early.dialog),
            Stage::Up(line) => Some(&line.dialog),
            Stage::Ending { dialog, .. } => Some(dialog),
            Stage::Gone => None,
        }
    }
    /// As [`Caller::dialog`].
    pub(crate) fn dialog_mut(&mut self) -> Option<&mut Dialog> {
        match &mut self.stage {
            Stage::Early(early) => Some(&mut early.dialog),
            Stage::Up(line) => Some(&mut line.dialog),
            Stage::Ending { dialog, .. } => Some(dialog),
            Stage::Gone => None,
        }
    }
    /// When an unanswered caller is due to hear from us again.
    pub(crate) fn refresh_due(&self) -> Option<Micros> {
        let said = match &self.stage {
            Stage::Early(early) => early.said.as_ref().map(|_| early.again),
            Stage::Up(_) | Stage::Ending { .. } | Stage::Gone => None,
        };
        let unreceived = self.reliable.as_ref().and_then(|reliable| reliable.due());
        said.into_iter().chain(unreceived).min()
    }
    /// Says the last 18x again when it is due. False when the caller has not received one that had to arrive.
    pub(crate) fn refresh(&mut self, ctx: &mut Ctx<'_>) -> bool {
        match self.reliable.as_mut().map(|reliable| reliable.expire(ctx.now)) {
            Some(Due::GiveUp) => return false,
            Some(Due::Again(status, response)) => ctx.provisional(self.server, status, response),
            Some(Due::Wait) | None => {}
        }
        let Stage::Early(early) = &mut self.stage else { return true };
        let Some((status, response)) = early.said.clone().filter(|_| early.again <= ctx.now) else {
            return true;
        };
        early.again = ctx.now.after(REFRESH);
        match &self.reliable {
            Some(reliable) if reliable.is_out() => {} // it is being repeated
            Some(_) if response.is_empty() => self.say_reliably(status, None, ctx),
            Some(_) | None => ctx.provisional(self.server, status, response),
        }
        true
    }
    /// Sends a provisional response, unless it was the last one already. A `preview` is the music's description.
    pub(crate) fn say(&mut self, status: u16, preview: Option<Bytes>, ctx: &mut Ctx<'_>) {
        let Stage::Early(early) = &mut self.stage else { return };
        if early.said.as_ref().is_some_and(|(said, _)| *said == status) {
            return;
        }
        if preview.is_some() {
            early.previewed.clone_from(&preview);
        }
        if is_reliable(&self.invite, preview.is_some()) {
            return self.say_reliably(status, preview, ctx);
        }
        early.again = ctx.now.after(REFRESH);
        let response = self.provisional(status, preview, None, ctx);
        if let Stage::Early(early) = &mut self.stage {
            early.said = Some((status, response.clone()));
            if early.previewed.is_some() {
                self.keep(ctx); // the 2xx has to agree with it
            }
        }
        ctx.provisional(self.server, status, response);
    }
    /// Sends a provisional response that has to arrive, as soon as the one before it has.
    fn say_reliably(&mut self, status: u16, preview: Option<Bytes>, ctx: &mut Ctx<'_>) {
        // RFC 3262 §5: the first one would have to make an offer, which only the 2xx does here.
        let offerless = self.session.theirs.is_empty() && is_demanded(&self.invite);
        let Stage::Early(early) = &mut self.stage else { return };
        if offerless {
            return;
        }
        early.said = Some((status, Bytes::new()));
        early.again = ctx.now.after(REFRESH);
        let reliable = self.reliable.get_or_insert_with(|| Box::new(Reliable::new(ctx.mint.bits())));
        if reliable.is_out() {
            reliable.then(status, preview);
            return self.keep(ctx);
        }
        let (rseq, described) = (reliable.advance(), preview.is_some());
        let response = self.provisional(status, preview, Some(rseq), ctx);
        if let Some(reliable) = &mut self.reliable {
            reliable.sent((status, response.clone()), described, ctx.now);
        }
        self.keep(ctx);
        ctx.provisional(self.server, status, response);
    }
    pub(super) fn provisional(
        &self,
        status: u16,
        preview: Option<Bytes>,
        rseq: Option<u32>,
        ctx: &Ctx<'_>,
    ) -> Bytes {
        let tag = self.dialog().map_or(0, |dialog| dialog.tag);
        let mut writer = ctx.respond(&self.invite, status, tag, self.from);
        in_call(&mut writer, (&self.invite, self.from), self.call, ctx);
        if let Some(rseq) = rseq {
            able_for_callers(&mut writer, &ctx.net.local); // an UPDATE may come in this dialog
            writer.header(Name::Require, RELIABLE).header(Name::RSeq, decimal(rseq, &mut [0; 10]));
        }
        if let Some(body) = preview {
            writer.body(crate::compose::SDP, body);
        }
        writer.finish()
    }
    /// Takes a PRACK; false when it is for nothing that waits for one.
    pub(crate) fn received(&mut self, prack: &Message) -> bool {
        let seq = self.invite.cseq().0;
        self.reliable.as_mut().is_some_and(|reliable| reliable.received(prack, seq))
    }
    /// Says what has waited for a PRACK. True when it is a 2xx.
    pub(crate) fn say_next(&mut self, ctx: &mut Ctx<'_>) -> bool {
        let Some(reliable) = &mut self.reliable else { return false };
        let accepts = reliable.accepts;
        if let Some((status, preview)) = reliable.take_next().filter(|_| !accepts) {
            self.say_reliably(status, preview, ctx);
        }
        accepts
    }
    /// Whether our description has reached the caller in a provisional response: the offer of the INVITE is answered.
    pub(crate) fn is_described(&self) -> bool {
        self.reliable.as_ref().is_some_and(|reliable| reliable.described)
    }
    /// Answers the caller with `body`, unless it has got our description already; the ACK brings the answer when it was
    /// `offered`.
    pub(crate) fn accept(&mut self, body: Bytes, offered: bool, ctx: &mut Ctx<'_>) {
        let described = self.is_described();
        let Stage::Early(early) = std::mem::replace(&mut self.stage, Stage::Gone) else { return };
        self.settle_provisionals();
        let (response, timer) = self.acceptance(early.dialog.tag, (!described).then_some(body), ctx);
        ctx.finish(self.server, 200, response);
        let turn = Turn::Answered { server: self.server, seq: self.invite.cseq().0, offered };
        self.stage = Stage::Up(Box::new(Line { dialog: early.dialog, turn, timer, probe: None, strays: 0 }));
        self.keep(ctx);
    }
    /// The 2xx with the description `body`, and the session timer it agrees to.
    pub(super) fn acceptance(
        &self,
        tag: u128,
        body: Option<Bytes>,
        ctx: &Ctx<'_>,
    ) -> (Bytes, Option<SessionTimer>) {
        let mut writer = ctx.respond(&self.invite, 200, tag, self.from);
        in_call(&mut writer, (&self.invite, self.from), self.call, ctx);
        able_for_callers(&mut writer, &ctx.net.local);
        let timer = SessionTimer::answering(&self.invite, None, &ctx.net.local, ctx.now);
        if let Some(timer) = &timer {
            timer.answer(&mut writer);
        }
        if let Some(body) = body {
            writer.body(crate::compose::SDP, body);
        }
        (writer.finish(), timer)
    }
    /// Refuses the caller.
    pub(crate) fn refuse(&mut self, cause: Cause, ctx: &mut Ctx<'_>) {
        let Stage::Early(early) = std::mem::replace(&mut self.stage, Stage::Gone) else { return };
        self.settle_provisionals();
        ctx.net.dialogs.remove(&early.dialog.tag);
        // A cause below 300 says why a conversation ended; here there was none.
        let status = if cause.status < 300 { 480 } else { cause.status };
        self.last_word(early.dialog.tag, None, status, ctx);
        self.say_no(early.dialog.tag, status, ctx);
    }
    /// Refuses the INVITE, which is the end of the leg.
    pub(super) fn say_no(&self, tag: u128, status: u16, ctx: &mut Ctx<'_>) {
        let response = ctx.respond(&self.invite, status, tag, self.from).finish();
        ctx.finish(self.server, status, response);
        ctx.net.servers.is_farewell(self.server);
        ctx.net.farewells.begin(self.owner());
    }
    fn settle_provisionals(&mut self) {
        if let Some(reliable) = &mut self.reliable {
            reliable.settle();
        }
    }
    /// Sends BYE to a caller who was answered.
    pub(crate) fn hang_up(&mut self, cause: Cause, ctx: &mut Ctx<'_>) {
        match std::mem::replace(&mut self.stage, Stage::Gone) {
            Stage::Up(line) => match line.turn {
                Turn::Answered { server, seq, .. } if server == self.server => {
                    let dialog = record(&line.dialog, None, &self.session, Bytes::new());
                    let dialog = DialogRecord { unacknowledged: Some(ctx.now), ..dialog };
                    self.last_word(line.dialog.tag, Some(dialog), cause.status, ctx);
                    self.stage = Stage::Ending { dialog: Box::new(line.dialog), server, seq, cause };
                }
                Turn::Asked(_)
                | Turn::Answered { .. }
                | Turn::Free
                | Turn::Asking(_)
                | Turn::Backoff { .. } => {
                    let dialog = line.end(ctx);
                    self.last_word(dialog.tag, Some(silent_record(&dialog)), cause.status, ctx);
                    ctx.bye(dialog, Some(self.owner()), Some(cause));
                }
            },
            Stage::Ending { dialog, .. } => ctx.bye(*dialog, Some(self.owner()), Some(cause)),
            stage @ (Stage::Early(_) | Stage::Gone) => self.stage = stage,
        }
    }
    /// The ACK of our 2xx has come to a caller who is not wanted any more; false when it is not that ACK.
    pub(crate) fn end_acknowledged(&mut self, seq: u32, ctx: &mut Ctx<'_>) -> bool {
        match std::mem::replace(&mut self.stage, Stage::Gone) {
            Stage::Ending { dialog, server, seq: awaited, cause } if awaited == seq => {
                ctx.acknowledged(server);
                ctx.bye(*dialog, Some(self.owner()), Some(cause));
                true
            }
            stage @ (Stage::Early(_) | Stage::Up(_) | Stage::Ending { .. } | Stage::Gone) => {
                self.stage = stage;
                false
            }
        }
    }
    /// The caller was found gone; a `bye` is said nevertheless when it may merely have been out of reach.
    pub(crate) fn lost(&mut self, bye: Option<Cause>, ctx: &mut Ctx<'_>) {
        match std::mem::replace(&mut self.stage, Stage::Gone) {
            Stage::Up(line) => {
                let dialog = line.end(ctx);
                match bye {
                    Some(cause) => {
                        self.last_word(dialog.tag, Some(silent_record(&dialog)), cause.status, ctx);
                        ctx.bye(dialog, Some(self.owner()), Some(cause));
                    }
                    None => drop(ctx.net.dialogs.remove(&dialog.tag)),
                }
            }
            Stage::Ending { dialog, cause, .. } => {
                ctx.bye(*dialog, Some(self.owner()), Some(bye.unwrap_or(cause)))
            }
            Stage::Early(_) | Stage::Gone => {}
        }
    }
    /// The caller has said BYE. True when that is news: we had not ended the leg ourselves.
    pub(crate) fn hung_up(&mut self, ctx: &mut Ctx<'_>) -> bool {
        match std::mem::replace(&mut self.stage, Stage::Gone) {
            Stage::Early(early) => {
                self.stage = Stage::Early(early);
                self.refuse(TERMINATED, ctx);
                true
            }
            Stage::Up(line) => {
                let dialog = line.end(ctx);
                ctx.net.dialogs.remove(&dialog.tag);
                true
            }
            Stage::Ending { dialog, server, .. } => {
                ctx.acknowledged(server);
                ctx.net.dialogs.remove(&dialog.tag);
                false
            }
            Stage::Gone => false,
        }
    }
    /// Stores the leg as it is.
    pub(crate) fn keep(&self, ctx: &mut Ctx<'_>) {
        let (tag, dialog, early) = match &self.stage {
            Stage::Early(early) => (early.dialog.tag, None, self.early_record(early)),
            Stage::Up(line) => {
                let dialog = line.record(&self.session, Bytes::new());
                let awaited = matches!(line.turn, Turn::Answered { server, .. } if server == self.server);
                let unacknowledged = awaited.then_some(ctx.now);
                (line.dialog.tag, Some(DialogRecord { unacknowledged, ..dialog }), None)
            }
            Stage::Ending { .. } | Stage::Gone => return,
        };
        self.store(tag, dialog, early, None, ctx);
    }
    /// What the 2xx has to agree with; none where nothing was said that binds us.
    fn early_record(&self, early: &Early) -> Option<EarlyRecord> {
        let reliable = self.reliable.as_ref().map(|reliable| reliable.record());
        if reliable.is_none() && early.previewed.is_none() {
            return None;
        }
        Some(EarlyRecord {
            said: early.said.as_ref().map_or(0, |(status, _)| *status),
            preview: early.previewed.clone().unwrap_or_default(),
            theirs: self.session.theirs.clone(),
            ours: self.session.ours.clone(),
            reliable,
        })
    }
    /// Stores that the leg has ended with `status`, which the caller is to hear.
    fn last_word(&self, tag: u128, dialog: Option<DialogRecord>, status: u16, ctx: &mut Ctx<'_>) {
        self.store(tag, dialog, None, Some(status), ctx);
    }
    fn store(
        &self,
        tag: u128,
        dialog: Option<DialogRecord>,
        early: Option<EarlyRecord>,
        ended: Option<u16>,
        ctx: &mut Ctx<'_>,
    ) {
        let before = self.replaced.clone().filter(|_| ctx.net.farewells.is_open(self.owner()));
        let record = CallerRecord { before, ..self.record(tag, dialog, early, ended, ctx) };
        ctx.out.keep.push(Keep::CallerLeg(self.call, record));
    }
    fn record(
        &self,
        tag: u128,
        dialog: Option<DialogRecord>,
        early: Option<EarlyRecord>,
        ended: Option<u16>,
        ctx: &Ctx<'_>,
    ) -> CallerRecord {
        let tag = ctx.net.local.names.tag(tag).as_str().to_owned();
        let invite = self.invite.bytes().clone();
        let called = self.called_record(dialog.as_ref());
        CallerRecord { invite, from: self.from, tag, dialog, early, ended, before: None, called }
    }
    /// What is stored of a caller in whose place another one comes, until it has heard so.
    pub(crate) fn leaving(&self, cause: Cause, ctx: &Ctx<'_>) -> Option<Box<CallerRecord>> {
        let Stage::Up(line) = &self.stage else { return None };
        let dialog = Some(silent_record(&line.dialog));
        Some(Box::new(self.record(line.dialog.tag, dialog, None, Some(cause.status), ctx)))
    }
}

/// What is to be stored of a dialog that ends, in which nothing is said about media any more.
fn silent_record(dialog: &Dialog) -> DialogRecord {
    let nothing = Session::new(dialog.tag, std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED));
    record(dialog, None, &nothing, Bytes::new())
}

/// What 18x and 2xx to an INVITE have in common: they make the dialog (RFC 3261 §12.1.1).
fn in_call(writer: &mut Writer, (invite, from): (&Message, Flow), call: CallKey, ctx: &Ctx<'_>) {
    let contact = ctx.net.local.contact(from.transport, is_secure(invite));
    writer.copy_all(invite, Name::RecordRoute).header(Name::Contact, contact);
    ctx.name_call(writer, call);
}
