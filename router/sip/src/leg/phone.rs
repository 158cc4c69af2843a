//! A phone's leg: from the order to ring it to its end.
//!
//! ```text
//! Waiting ── INVITE ──► Calling ── 2xx ──► Answered ── ACK ──► Up ── BYE either way ──► gone
//!    │                    │ refused, timed out ───────────────────────────────────────► gone
//!    │                    └─ dropped ──► Ending ── refused, timed out, 2xx: ACK, BYE ──► gone
//!    └─ dropped ────────────────────────────────────────────────────────────────────────► gone
//! ```
//! Up becomes Leaving when the phone has given its caller away: it is told how that went, then comes BYE.
//! Calling begins anew, once, with the longer session that the phone asks for (422). Waiting is for the caller's session description. Ending sends its CANCEL as soon as a provisional response allows
//! it (RFC 3261 §9.1).

use super::{
    Line, Session, Turn,
    pracking::Pracked,
    record,
    refer::{Leaving, Refer},
    session_timer::{SessionTimer, Terms},
};
use crate::{
    Cause, Display, Flow, Keep, LegKey, LegRecord, Micros, Phone,
    compose::{SDP, able, cseq, own_via},
    context::{Ctx, Partner},
    dialog::Dialog,
    local::Local,
    transaction::{Owner, SentInvite, Side},
    wire::{Header, Message, Method, Name, Scheme, Uri, Writer},
};
use bytes::Bytes;

/// For the Reason of a BYE to a phone that said nothing any more.
const GONE: Cause = Cause { status: 408, text: "No answer" };
/// Longest URI of a phone, in bytes.
const MAX_URI: usize = 512;
/// Longest user part and display name of a caller that a phone gets to see, in bytes; longer ones are left out.
const MAX_SHOWN: usize = 256;
/// Most headers of the caller's INVITE that a phone gets to see, and the longest value of one, in bytes.
const MAX_COPIED: usize = 24;
const MAX_VALUE: usize = 1_024;
/// Our requests start at this number.
const FIRST_SEQ: u32 = 1;

/// The order to ring a phone.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) phone: Phone,
    pub(crate) queue: String,
    pub(crate) display: Display,
    pub(crate) auto_answer: bool,
}

impl Order {
    /// Whether an INVITE can be made of it that we could read ourselves.
    pub(crate) fn can_be_sent(&self) -> bool {
        self.phone.uri.len() <= MAX_URI
            && Uri::parse(self.phone.uri.as_bytes()).is_ok_and(|uri| uri.headers.is_none())
    }
}

/// A phone's leg.
#[derive(Debug)]
pub(crate) struct PhoneLeg {
    pub(crate) key: LegKey,
    pub(crate) session: Session,
    /// The caller's media is somewhere else than this phone was told.
    pub(crate) stale: bool,
    /// Its wish to give the caller away.
    pub(crate) refer: Refer,
    /// Bits of our tag.
    tag: u128,
    pub(crate) stage: Stage,
}

/// Where a phone's leg stands.
#[derive(Debug)]
pub(crate) enum Stage {
    /// For the caller's description.
    Waiting(Box<Order>),
    /// The INVITE is out.
    Calling(Outgoing),
    /// The INVITE is out and not wanted any more; whether the CANCEL is out as well.
    Ending { outgoing: Outgoing, cause: Cause, cancelled: bool },
    /// A 2xx came; it is not acknowledged.
    Answered { outgoing: Outgoing, dialog: Box<Dialog>, timer: Option<SessionTimer>, answer: Bytes },
    /// It is acknowledged.
    Up { line: Box<Line>, made_by: MadeBy },
    /// It has given its caller away, and is not hung up on yet.
    Leaving(Box<Leaving>),
    /// Nothing is left of it.
    Over,
}

/// An INVITE that is out.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) branch: u128,
    seq: u32,
    /// Whether the phone has asked for another one than the first.
    again: bool,
    /// What it asks for, if for a session timer.
    terms: Option<Terms>,
    /// From, with our tag.
    from: Bytes,
    invite: Bytes,
    to: Flow,
    /// Provisional responses seen: a bit for each status above 100.
    heard: u128,
    /// The last number used: its own, or that of a PRACK.
    last_seq: u32,
    pracked: Pracked,
}

/// The messages that made a dialog, to be stored with it.
#[derive(Debug)]
pub(crate) struct MadeBy {
    invite: Bytes,
    to: Flow,
    answer: Bytes,
}

impl PhoneLeg {
    /// A leg that waits for its INVITE.
    pub(crate) fn new(key: LegKey, order: Order, ctx: &mut Ctx<'_>) -> Self {
        let tag = ctx.mint.bits();
        let session = Session::new(tag, ctx.net.local.media);
        let stage = Stage::Waiting(Box::new(order));
        Self { key, session, stale: false, refer: Refer::None, tag, stage }
    }
    /// Whose transactions this leg's are.
    pub(crate) const fn owner(&self) -> Owner {
        Owner { call: self.key.call, side: Side::Phone(self.key.attempt) }
    }
    /// The confirmed dialog with its turn.
    pub(crate) fn line(&self) -> Option<&Line> {
        match &self.stage {
            Stage::Up { line, .. } => Some(line),
            Stage::Waiting(_)
            | Stage::Calling(_)
            | Stage::Ending { .. }
            | Stage::Answered { .. }
            | Stage::Leaving(_)
            | Stage::Over => None,
        }
    }
    /// When something is to be done.
    pub(crate) fn due(&self) -> Option<Micros> {
        match &self.stage {
            Stage::Up { line, .. } => line.due(),
            Stage::Leaving(leaving) => Some(leaving.until()),
            Stage::Waiting(_)
            | Stage::Calling(_)
            | Stage::Ending { .. }
            | Stage::Answered { .. }
            | Stage::Over => None,
        }
    }
    /// The confirmed dialog with what was said in it.
    pub(crate) fn talk(&mut self) -> Option<(&mut Line, &mut Session)> {
        match &mut self.stage {
            Stage::Up { line, .. } => Some((line, &mut self.session)),
            Stage::Waiting(_)
            | Stage::Calling(_)
            | Stage::Ending { .. }
            | Stage::Answered { .. }
            | Stage::Leaving(_)
            | Stage::Over => None,
        }
    }
    /// The dialog, once there is one.
    pub(crate) fn dialog_mut(&mut self) -> Option<&mut Dialog> {
        match &mut self.stage {
            Stage::Up { line, .. } => Some(&mut line.dialog),
            Stage::Answered { dialog, .. } => Some(dialog),
            Stage::Leaving(leaving) => Some(leaving.dialog_mut()),
            Stage::Waiting(_) | Stage::Calling(_) | Stage::Ending { .. } | Stage::Over => None,
        }
    }
    /// The INVITE that is out.
    pub(crate) const fn outgoing(&self) -> Option<&Outgoing> {
        match &self.stage {
            Stage::Calling(outgoing) | Stage::Ending { outgoing, .. } | Stage::Answered { outgoing, .. } => {
                Some(outgoing)
            }
            Stage::Waiting(_) | Stage::Up { .. } | Stage::Leaving(_) | Stage::Over => None,
        }
    }
    /// Sends the INVITE of a waiting leg, with the caller's description `offer`.
    pub(crate) fn call(&mut self, caller: &Message, offer: &Bytes, ctx: &mut Ctx<'_>) {
        let Stage::Waiting(order) = &self.stage else { return };
        let (branch, call_id, to) = (ctx.mint.bits(), ctx.mint.bits(), order.phone.to);
        let from = from_header(caller, order.display, self.tag, ctx);
        let mut writer = Writer::request(Method::Invite, &order.phone.uri);
        own_via(&mut writer, &ctx.net.local, to.transport, branch);
        for route in &order.phone.routes {
            writer.header(Name::Route, route);
        }
        let mut digits = [0; 10];
        let hops = u32::from(caller.max_forwards().unwrap_or(70).saturating_sub(1).min(70));
        writer.header(Name::MaxForwards, crate::compose::decimal(hops, &mut digits));
        writer.header(Name::From, &from).header_parts(Name::To, &[b"<", order.phone.uri.as_bytes(), b">"]);
        writer.header(Name::CallId, &*ctx.net.local.names.call_id(call_id));
        cseq(&mut writer, FIRST_SEQ, Method::Invite);
        writer.header(Name::Contact, &ctx.net.local.own(to.transport).contact);
        able(&mut writer, &ctx.net.local);
        let terms = Terms::ours(&ctx.net.local);
        if let Some(terms) = terms {
            terms.write(None, &mut writer);
        }
        describe(&mut writer, caller, order, self.key, ctx);
        let invite = writer.body(SDP, self.session.tell(offer)).finish();
        let (seq, pracked) = (FIRST_SEQ, Pracked::default());
        let outgoing =
            Outgoing { branch, seq, again: false, terms, from, invite, to, heard: 0, last_seq: seq, pracked };
        ctx.invite(branch, outgoing.sent(), self.owner());
        self.stage = Stage::Calling(outgoing);
        self.keep(ctx);
    }
    /// The phone wants a longer session (422): asks once more, for that. False when that is of no use.
    pub(crate) fn call_again(&mut self, refusal: &Message, ctx: &mut Ctx<'_>) -> bool {
        let owner = self.owner();
        let Stage::Calling(outgoing) = &mut self.stage else { return false };
        let terms = outgoing.terms.filter(|_| !outgoing.again);
        let Some(terms) = terms.and_then(|terms| terms.raised(refusal)) else { return false };
        // Our own INVITE always reads back.
        let Ok(before) = Message::parse(outgoing.invite.clone()) else { return false };
        outgoing.settle(ctx);
        (outgoing.branch, outgoing.seq, outgoing.terms) =
            (ctx.mint.bits(), outgoing.last_seq + 1, Some(terms));
        (outgoing.last_seq, outgoing.again) = (outgoing.seq, true);
        outgoing.invite = again(&before, outgoing, &ctx.net.local);
        ctx.invite(outgoing.branch, outgoing.sent(), owner);
        self.keep(ctx);
        true
    }
    /// Acknowledges a provisional response that has to arrive (RFC 3262).
    pub(crate) fn prack(&mut self, response: &Message, from: Flow, ctx: &mut Ctx<'_>) {
        let Stage::Calling(outgoing) = &mut self.stage else { return };
        let (ours, seq) = (outgoing.from.clone(), outgoing.last_seq + 1);
        if outgoing.pracked.acknowledge(response, (&ours, from), seq, ctx) {
            outgoing.last_seq = seq;
        }
    }
    /// The description in a 2xx, or in a provisional response of the same branch that was acknowledged.
    pub(crate) fn description(&self, response: &Message) -> Bytes {
        let body = response.body();
        match &self.stage {
            Stage::Calling(outgoing) if body.is_empty() => outgoing.pracked.described(response.to_tag()),
            Stage::Calling(_)
            | Stage::Waiting(_)
            | Stage::Ending { .. }
            | Stage::Answered { .. }
            | Stage::Up { .. }
            | Stage::Leaving(_)
            | Stage::Over => body,
        }
    }
    /// Notes a provisional response; true when it is the first of its status.
    pub(crate) const fn progress(&mut self, status: u16) -> bool {
        let Stage::Calling(outgoing) = &mut self.stage else { return false };
        let bit = 1 << (status % 100);
        let new = status > 100 && outgoing.heard & bit == 0;
        outgoing.heard |= bit;
        new
    }
    /// Notes the first 2xx, with a description that can be read.
    pub(crate) fn answered(&mut self, response: &Message, from: Flow, ctx: &mut Ctx<'_>) {
        let description = self.description(response);
        let stage = std::mem::replace(&mut self.stage, Stage::Over);
        let Stage::Calling(outgoing) = stage else {
            self.stage = stage;
            return;
        };
        outgoing.settle(ctx);
        let dialog = Dialog::as_client(self.tag, outgoing.from.clone(), outgoing.last_seq, response, from);
        ctx.net.dialogs.insert(self.tag, Partner::Leg(self.owner()));
        self.session.theirs = description;
        let timer = outgoing.terms.map(|terms| SessionTimer::agreed(terms, response, ctx.now));
        let answer = response.bytes().clone();
        self.stage = Stage::Answered { outgoing, dialog: Box::new(dialog), timer, answer };
        self.keep(ctx);
    }
    /// Its INVITE was refused: nothing that goes with it is repeated any more.
    pub(crate) fn settle(&self, ctx: &mut Ctx<'_>) {
        if let Some(outgoing) = self.outgoing() {
            outgoing.settle(ctx);
        }
    }
    /// Acknowledges the 2xx; false when there is none to acknowledge.
    pub(crate) fn acknowledge(&mut self, ctx: &mut Ctx<'_>) -> bool {
        let stage = std::mem::replace(&mut self.stage, Stage::Over);
        let Stage::Answered { outgoing, dialog, timer, answer } = stage else {
            self.stage = stage;
            return false;
        };
        ctx.ack(&dialog, outgoing.branch, outgoing.seq);
        let line = Box::new(Line { dialog: *dialog, turn: Turn::Free, timer });
        let made_by = MadeBy { invite: outgoing.invite, to: outgoing.to, answer };
        self.stage = Stage::Up { line, made_by };
        true
    }
    /// Acknowledges a 2xx that is of no use and says BYE.
    pub(crate) fn end_answer(&mut self, response: &Message, from: Flow, cause: Cause, ctx: &mut Ctx<'_>) {
        let stage = std::mem::replace(&mut self.stage, Stage::Over);
        if let Stage::Calling(outgoing) | Stage::Ending { outgoing, .. } = stage {
            outgoing.settle(ctx);
            let dialog = Dialog::as_client(self.tag, outgoing.from, outgoing.last_seq, response, from);
            ctx.net.dialogs.insert(self.tag, Partner::Leg(self.owner()));
            ctx.ack(&dialog, outgoing.branch, outgoing.seq);
            ctx.bye(dialog, Some(self.key.call), Some(cause));
        }
    }
    /// Ends the leg. Over at once, unless the end of its INVITE has to be waited for.
    pub(crate) fn end(&mut self, cause: Cause, ctx: &mut Ctx<'_>) {
        self.acknowledge(ctx);
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Calling(outgoing) => {
                outgoing.settle(ctx);
                let cancelled = ctx.cancel(outgoing.branch, Some(cause));
                self.stage = Stage::Ending { outgoing, cause, cancelled };
            }
            Stage::Up { line, .. } => self.leave(*line, cause, ctx),
            stage @ (Stage::Ending { .. } | Stage::Leaving(_)) => self.stage = stage,
            Stage::Waiting(_) | Stage::Answered { .. } | Stage::Over => {}
        }
    }
    /// The phone was found gone; `bye` is said nevertheless when it may merely have been out of reach.
    pub(crate) fn lost(&mut self, bye: Option<Cause>, ctx: &mut Ctx<'_>) {
        match (bye, std::mem::replace(&mut self.stage, Stage::Over)) {
            (None, Stage::Up { line, .. }) => self.forget(*line, ctx),
            (_, stage) => {
                self.stage = stage;
                self.end(bye.unwrap_or(GONE), ctx);
            }
        }
    }
    /// The phone has said BYE; true when there was a dialog to end.
    pub(crate) fn hung_up(&mut self, ctx: &mut Ctx<'_>) -> bool {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Up { line, .. } => self.forget(*line, ctx),
            Stage::Answered { .. } => {
                ctx.net.dialogs.remove(&self.tag);
            }
            stage @ Stage::Leaving(_) => {
                self.stage = stage;
                self.left(ctx);
                return false;
            }
            stage @ (Stage::Waiting(_) | Stage::Calling(_) | Stage::Ending { .. } | Stage::Over) => {
                self.stage = stage;
                return false;
            }
        }
        true
    }
    fn forget(&mut self, line: Line, ctx: &mut Ctx<'_>) {
        self.refuse_refer(481, ctx);
        line.end(ctx);
        ctx.net.dialogs.remove(&self.tag);
    }
    /// A provisional response came to an INVITE that is not wanted any more: cancels it, once.
    pub(crate) fn cancel_late(&mut self, ctx: &mut Ctx<'_>) {
        if let Stage::Ending { outgoing, cause, cancelled: cancelled @ false } = &mut self.stage {
            *cancelled = ctx.cancel(outgoing.branch, Some(*cause));
        }
    }
    /// Stores the leg as it is.
    pub(crate) fn keep(&self, ctx: &mut Ctx<'_>) {
        let record = match &self.stage {
            Stage::Waiting(_) | Stage::Ending { .. } | Stage::Leaving(_) | Stage::Over => return,
            Stage::Calling(out) => LegRecord { invite: out.invite.clone(), to: out.to, dialog: None },
            Stage::Answered { outgoing, dialog, timer, answer } => {
                let dialog = Some(record(dialog, timer.as_ref(), &self.session, answer.clone()));
                LegRecord { invite: outgoing.invite.clone(), to: outgoing.to, dialog }
            }
            Stage::Up { line, made_by } => {
                let dialog =
                    Some(record(&line.dialog, line.timer.as_ref(), &self.session, made_by.answer.clone()));
                LegRecord { invite: made_by.invite.clone(), to: made_by.to, dialog }
            }
        };
        ctx.out.keep.push(Keep::Leg(self.key, record));
    }
}

impl Outgoing {
    fn settle(&self, ctx: &mut Ctx<'_>) {
        self.pracked.settle(ctx);
    }
    fn sent(&self) -> SentInvite {
        let (request, to, from) = (self.invite.clone(), self.to, self.from.clone());
        SentInvite { request, to, from, seq: self.seq, initial: true }
    }
}

/// The INVITE `before` with the branch, number and terms of `outgoing`, and else as it was.
fn again(before: &Message, outgoing: &Outgoing, local: &Local) -> Bytes {
    let mut writer = Writer::request(Method::Invite, before.request_uri());
    own_via(&mut writer, local, outgoing.to.transport, outgoing.branch);
    cseq(&mut writer, outgoing.seq, Method::Invite);
    if let Some(terms) = outgoing.terms {
        terms.write(None, &mut writer);
    }
    let replaced = |name| {
        use Name::{CSeq, ContentType, MinSe, SessionExpires, Via};
        [Via, CSeq, SessionExpires, MinSe, ContentType].contains(&name)
    };
    for header in before.headers().filter(|header| !replaced(header.name)) {
        writer.header_text(header.text, header.value);
    }
    writer.body(SDP, before.body()).finish()
}

/// From of the INVITE: the caller as she may be shown, at our host.
fn from_header(caller: &Message, display: Display, tag: u128, ctx: &Ctx<'_>) -> Bytes {
    let tag = ctx.net.local.names.tag(tag);
    let anonymous: [&[u8]; 3] = [b"\"Anonymous\" <sip:anonymous@anonymous.invalid>", b";tag=", &tag];
    let from = caller.from();
    let user = from.parsed_uri().ok().and_then(|uri| match uri.scheme {
        Scheme::Sip | Scheme::Sips | Scheme::Tel => uri.user.filter(|user| user.len() <= MAX_SHOWN),
        Scheme::Other => None,
    });
    let shown = if from.display.len() <= MAX_SHOWN { from.display } else { b"" };
    // Another party may have been put in the caller's place since the order was given.
    let display = if wants_privacy(caller) { Display::Anonymous } else { display };
    match (display, user) {
        (Display::Anonymous, _) => Bytes::from(anonymous.concat()),
        (Display::AsCaller, user) => {
            let host = ctx.net.local.host.as_bytes();
            let space: &[u8] = if shown.is_empty() { b"" } else { b" " };
            let at: &[u8] = if user.is_some() { b"@" } else { b"" };
            let user = user.unwrap_or_default();
            let parts = [shown, space, b"<sip:", user, at, host, b">;tag=", &tag];
            Bytes::from(parts.concat())
        }
    }
}

/// Whether an INVITE asks that its number is not shown (RFC 3323 §4.2, RFC 3325 §9.3).
fn wants_privacy(invite: &Message) -> bool {
    let kinds = invite.values(Name::Privacy).flat_map(|value| value.split(|&octet| octet == b';'));
    let hides = |kind: &[u8]| {
        [&b"id"[..], b"user", b"full"].iter().any(|hidden| kind.trim_ascii().eq_ignore_ascii_case(hidden))
    };
    kinds.into_iter().any(hides)
}

/// What the phone is told about the call beside From and the caller's media.
fn describe(writer: &mut Writer, caller: &Message, order: &Order, key: LegKey, ctx: &Ctx<'_>) {
    let local = &ctx.net.local;
    if !local.product.is_empty() {
        writer.header(Name::UserAgent, &local.product);
    }
    ctx.name_call(writer, key.call);
    if !order.queue.is_empty() {
        writer.header_text("X-Sambung-Queue", &order.queue);
    }
    if order.auto_answer {
        writer.header_parts(Name::CallInfo, &[b"<sip:", local.host.as_bytes(), b">;answer-after=0"]);
    }
    copy_headers(writer, caller, local);
}

/// What a trunk says beside: the headers of old, and those the configuration names.
fn copy_headers(writer: &mut Writer, caller: &Message, local: &Local) {
    let named = |header: &Header<'_>| {
        let is = |name: &String| header.text.eq_ignore_ascii_case(name.as_bytes());
        header.name == Name::Other && local.copied.iter().any(is)
    };
    let copied = |header: &Header<'_>| {
        matches!(header.name, Name::UserToUser | Name::Diversion | Name::HistoryInfo) || named(header)
    };
    let short = |header: &Header<'_>| header.value.len() <= MAX_VALUE;
    for header in caller.headers().filter(copied).filter(short).take(MAX_COPIED) {
        writer.header_text(header.text, header.value);
    }
}
