//! The two kinds of legs of a call: the caller who reached us, and the phones we try.
//!
//! A leg knows its own course; what one leg means to the other is `bridge`'s.

pub(crate) mod called;
pub(crate) mod caller;
pub(crate) mod calling;
mod invite;
pub(crate) mod outgoing;
pub(crate) mod phone;
pub(crate) mod pracking;
pub(crate) mod refer;
pub(crate) mod reliable;
mod revived_caller;
mod revived_phone;
pub(crate) mod session_timer;

use crate::{
    DialogRecord, Flow, Micros,
    compose::{SDP, able},
    context::Ctx,
    dialog::{Dialog, is_sips},
    sdp::{Origin, session_of, with_origin},
    timers::ServerId,
    transaction::Owner,
    wire::{Message, Method, Name, Writer},
};
use bytes::Bytes;
use session_timer::SessionTimer;

/// More changes of a description than there are between two records of it.
const JUMP: u64 = 1 << 16;

/// What a leg was told and told us about its media.
#[derive(Debug)]
pub(crate) struct Session {
    origin: Origin,
    /// The peer's description; empty while none is known.
    pub(crate) theirs: Bytes,
    /// Ours, as sent last; empty when none was.
    pub(crate) ours: Bytes,
}

impl Session {
    /// Nothing said yet; `id` is ours alone.
    pub(crate) fn new(id: u128, address: std::net::IpAddr) -> Self {
        // Many phones read the session id into a signed 64-bit number.
        let id = (id as u64) >> 2;
        Self { origin: Origin::new("-", id, address), theirs: Bytes::new(), ours: Bytes::new() }
    }
    /// What was said before a restart. Something may have been told since it was stored, so the version jumps.
    pub(crate) fn revived(id: u128, address: std::net::IpAddr, record: &DialogRecord) -> Self {
        let mut session = Self::stored(id, address, &record.theirs, &record.ours);
        session.origin.version = session.origin.version.saturating_add(1).next_multiple_of(JUMP);
        session.ours =
            if record.ours.is_empty() { Bytes::new() } else { with_origin(&record.ours, &session.origin) };
        session
    }
    /// The same where nothing can have been told since.
    pub(crate) fn stored(id: u128, address: std::net::IpAddr, theirs: &Bytes, ours: &Bytes) -> Self {
        let mut session = Self { theirs: theirs.clone(), ours: ours.clone(), ..Self::new(id, address) };
        if let Some((id, version)) = session_of(ours) {
            (session.origin.session, session.origin.version) = (id, version);
        }
        session
    }
    /// Whether what we told last was `body`, but for its origin.
    pub(crate) fn has_told(&self, body: &Bytes) -> bool {
        !self.ours.is_empty() && with_origin(body, &self.origin) == self.ours
    }
    /// `body` under our origin, to be sent now: its version goes up when it is not what was sent before.
    pub(crate) fn tell(&mut self, body: &Bytes) -> Bytes {
        let mut told = with_origin(body, &self.origin);
        if !self.ours.is_empty() && told != self.ours {
            self.origin.advance();
            told = with_origin(body, &self.origin);
        }
        self.ours = told.clone();
        told
    }
    /// The origin of a description that [`Session::tell`] will send.
    pub(crate) const fn origin(&self) -> &Origin {
        &self.origin
    }
}

/// A confirmed dialog and whose turn it is in it.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) dialog: Dialog,
    pub(crate) turn: Turn,
    /// None without session timers.
    pub(crate) timer: Option<SessionTimer>,
    /// Our question whether the peer is there, while it is out.
    pub(crate) probe: Option<u128>,
    /// The number of the last re-INVITE from before a restart that was answered behind it.
    pub(crate) strays: u32,
}

/// Whose turn it is to say something about the media of a confirmed dialog (RFC 3261 §14).
#[derive(Debug)]
pub(crate) enum Turn {
    /// Anybody's.
    Free,
    /// Ours: the peer's re-INVITE or UPDATE waits while the other leg is asked.
    Asked(Box<Asked>),
    /// The peer's: our 2xx waits for its ACK, which brings an answer when the 2xx was `offered`.
    Answered { server: ServerId, seq: u32, offered: bool },
    /// The peer's: our re-INVITE or UPDATE waits for its final response.
    Asking(Asking),
    /// Nobody's until then: both had asked at the same time (491).
    Backoff { until: Micros, glares: u8 },
}

/// A re-INVITE or UPDATE that waits for its answer.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) server: ServerId,
    pub(crate) request: Message,
    pub(crate) from: Flow,
    /// An UPDATE is answered by then: unlike an INVITE, its sender does not wait for long.
    pub(crate) until: Option<Micros>,
}

/// An offer of ours that is out.
#[derive(Debug)]
pub(crate) struct Asking {
    pub(crate) branch: u128,
    pub(crate) by: By,
    pub(crate) purpose: Purpose,
    /// How often in a row it has met the peer's.
    pub(crate) glares: u8,
    /// What we had told before, and still stands when this is refused.
    pub(crate) before: Bytes,
}

/// What carries an offer of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// A re-INVITE of this CSeq number.
    Invite { seq: u32 },
    /// An UPDATE, which needs no ACK.
    Update,
}

/// Why we re-INVITE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The caller: to our music at this port.
    Music { port: u16 },
    /// The caller: to the phone of this attempt.
    Join { attempt: u32 },
    /// The phone: the caller's media is somewhere else than it was told.
    Repoint,
    /// A phone of two that hear each other: the other's media is somewhere else than it was told.
    Pair,
    /// Either: the other side asked for it.
    Relay,
    /// Either: to refresh the session, with what was said before.
    Refresh,
    /// The held caller: there is nothing to hear.
    Silence,
    /// The phone: its caller is on hold.
    Hold,
    /// The phone: its caller comes back.
    Retrieve,
    /// The held caller: to the phone of this attempt, which asks for it.
    Return { attempt: u32 },
}

impl Turn {
    /// Takes the peer's re-INVITE or UPDATE to answer it.
    pub(crate) fn take_asked(&mut self) -> Option<Box<Asked>> {
        match std::mem::replace(self, Self::Free) {
            Self::Asked(asked) => Some(asked),
            turn @ (Self::Free | Self::Answered { .. } | Self::Asking(_) | Self::Backoff { .. }) => {
                *self = turn;
                None
            }
        }
    }
    /// From when on we may make an offer; none while something is under way.
    pub(crate) const fn free_from(&self) -> Option<Micros> {
        match self {
            Self::Free => Some(Micros(0)),
            Self::Backoff { until, .. } => Some(*until),
            Self::Asked(_) | Self::Answered { .. } | Self::Asking(_) => None,
        }
    }
    /// Whether we may make an offer `now`.
    pub(crate) fn is_ours(&self, now: Micros) -> bool {
        self.free_from().is_some_and(|from| from <= now)
    }
}

impl Line {
    /// Sends our re-INVITE for `purpose` with `body`.
    pub(crate) fn ask(
        &mut self,
        session: &mut Session,
        body: &Bytes,
        purpose: Purpose,
        owner: Owner,
        ctx: &mut Ctx<'_>,
    ) {
        let before = session.ours.clone();
        let told = session.tell(body);
        self.reinvite(told, before, purpose, owner, ctx);
    }
    fn reinvite(&mut self, told: Bytes, before: Bytes, purpose: Purpose, owner: Owner, ctx: &mut Ctx<'_>) {
        let glares = self.glares();
        self.drop_refresh(ctx);
        let (branch, seq) = ctx.reinvite(self, told, owner);
        self.turn = Turn::Asking(Asking { branch, by: By::Invite { seq }, purpose, glares, before });
    }
    /// Sends our offer `body` for `purpose` by UPDATE.
    pub(crate) fn ask_by_update(
        &mut self,
        session: &mut Session,
        body: &Bytes,
        purpose: Purpose,
        owner: Owner,
        ctx: &mut Ctx<'_>,
    ) {
        let before = session.ours.clone();
        let told = session.tell(body);
        self.update(told, before, purpose, owner, ctx);
    }
    fn update(&mut self, told: Bytes, before: Bytes, purpose: Purpose, owner: Owner, ctx: &mut Ctx<'_>) {
        let glares = self.glares();
        self.drop_refresh(ctx);
        let branch = ctx.update(self, Some(told), owner);
        self.turn = Turn::Asking(Asking { branch, by: By::Update, purpose, glares, before });
    }
    /// An UPDATE of ours that merely refreshes the session is not repeated any more: what follows does that as well, and
    /// its number would be too low behind it.
    fn drop_refresh(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(branch) = self.timer.as_mut().and_then(SessionTimer::take_update) {
            ctx.net.clients.abandoned(branch, ctx.now, &mut ctx.net.timers);
        }
    }
    const fn glares(&self) -> u8 {
        if let Turn::Backoff { glares, .. } = self.turn { glares } else { 0 }
    }
    /// Sends the offer that was just refused once more: with what the session timer asks for now, and by a re-INVITE
    /// where the peer takes no UPDATE after all. False when none is out.
    pub(crate) fn ask_again(&mut self, session: &Session, owner: Owner, ctx: &mut Ctx<'_>) -> bool {
        let Turn::Asking(asking) = &self.turn else { return false };
        let (told, before, purpose) = (session.ours.clone(), asking.before.clone(), asking.purpose);
        match asking.by {
            By::Update if self.dialog.takes_update => self.update(told, before, purpose, owner, ctx),
            By::Update | By::Invite { .. } => self.reinvite(told, before, purpose, owner, ctx),
        }
        true
    }
    /// Refreshes the session: by an UPDATE where the peer takes it, else by a re-INVITE with what we said last, of
    /// which not even the `o=` changes.
    pub(crate) fn show_life(&mut self, session: &Session, owner: Owner, ctx: &mut Ctx<'_>) {
        if !self.dialog.takes_update {
            let ours = session.ours.clone();
            return self.reinvite(ours.clone(), ours, Purpose::Refresh, owner, ctx);
        }
        let branch = ctx.update(self, None, owner);
        if let Some(timer) = &mut self.timer {
            timer.updating(branch);
        }
    }
    /// When something is to be done: an INVITE after a glare, the answer to an UPDATE, a refresh of the session, or its
    /// end.
    pub(crate) fn due(&self) -> Option<Micros> {
        let timer = self.timer.as_ref().map(|timer| timer.at(self.turn.free_from()));
        let turn = match &self.turn {
            Turn::Backoff { until, .. } => Some(*until),
            Turn::Asked(asked) => asked.until,
            Turn::Free | Turn::Answered { .. } | Turn::Asking(_) => None,
        };
        timer.into_iter().chain(turn).min()
    }
    /// Answers the peer's re-INVITE or UPDATE with our description.
    pub(crate) fn accept(&mut self, asked: &Asked, body: Bytes, offered: bool, ctx: &mut Ctx<'_>) {
        let mut writer = self.refreshed(&asked.request, asked.from, ctx);
        ctx.finish(asked.server, 200, writer.body(SDP, body).finish());
        self.turn = if asked.request.method() == Method::Update {
            Turn::Free
        } else {
            Turn::Answered { server: asked.server, seq: asked.request.cseq().0, offered }
        };
    }
    /// Starts the 2xx to a request that refreshes the session, and refreshes it.
    pub(crate) fn refreshed(&mut self, request: &Message, from: Flow, ctx: &Ctx<'_>) -> Writer {
        let local = &ctx.net.local;
        self.timer = SessionTimer::answering(request, self.timer.as_ref(), local, ctx.now);
        let mut writer = refreshed(request, from, self.dialog.tag, ctx);
        if let Some(timer) = &self.timer {
            timer.answer(&mut writer);
        }
        writer
    }
    /// Refuses the peer's re-INVITE or UPDATE, if one waits; the session stays as it was (RFC 3261 §14.2).
    pub(crate) fn refuse(&mut self, status: u16, ctx: &mut Ctx<'_>) {
        if let Some(asked) = self.turn.take_asked() {
            let response = ctx.respond(&asked.request, status, self.dialog.tag, asked.from).finish();
            ctx.finish(asked.server, status, response);
        }
    }
    /// What is to be stored of it; `answer` is the response that made it, if it was a phone's. An offer of ours that is out
    /// does not count: were it made again, no harm would be done.
    pub(crate) fn record(&self, session: &Session, answer: Bytes) -> DialogRecord {
        let record = record(&self.dialog, self.timer.as_ref(), session, answer);
        match &self.turn {
            Turn::Asking(asking) => DialogRecord { ours: asking.before.clone(), ..record },
            Turn::Free | Turn::Asked(_) | Turn::Answered { .. } | Turn::Backoff { .. } => record,
        }
    }
    /// The dialog ends: nothing of the peer's stays unanswered, nothing of ours is repeated.
    pub(crate) fn end(mut self, ctx: &mut Ctx<'_>) -> Dialog {
        match &self.turn {
            Turn::Answered { server, .. } => ctx.acknowledged(*server),
            Turn::Asking(asking) => ctx.net.clients.abandoned(asking.branch, ctx.now, &mut ctx.net.timers),
            Turn::Free | Turn::Asked(_) | Turn::Backoff { .. } => {}
        }
        self.drop_refresh(ctx);
        if let Some(branch) = self.probe.take() {
            ctx.net.clients.abandoned(branch, ctx.now, &mut ctx.net.timers);
        }
        self.refuse(487, ctx);
        self.dialog
    }
}

/// Starts the 2xx to a request that may move the remote target.
pub(crate) fn refreshed(request: &Message, from: Flow, tag: u128, ctx: &Ctx<'_>) -> Writer {
    let mut writer = ctx.respond(request, 200, tag, from);
    let secure = is_sips(request.request_uri());
    writer.header(Name::Contact, ctx.net.local.contact(from.transport, secure));
    able(&mut writer, &ctx.net.local);
    writer
}

/// What is to be stored of a dialog; `answer` is the response that made it, if it was a phone's.
pub(crate) fn record(
    dialog: &Dialog,
    timer: Option<&SessionTimer>,
    session: &Session,
    answer: Bytes,
) -> DialogRecord {
    DialogRecord {
        answer,
        local_seq: dialog.local_seq,
        remote_seq: dialog.remote_seq,
        theirs: session.theirs.clone(),
        ours: session.ours.clone(),
        timer: timer.map(SessionTimer::record),
        target: dialog.target().clone(),
        unacknowledged: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_goes_up_with_a_change_and_only_then() {
        let mut session = Session::new(4 * 77, "192.0.2.9".parse().unwrap());
        let one = Bytes::from_static(b"v=0\r\no=x 5 5 IN IP4 192.0.2.1\r\ns=-\r\n");
        let two = Bytes::from_static(b"v=0\r\no=x 5 5 IN IP4 192.0.2.1\r\ns=two\r\n");
        let told = |session: &mut Session, body| String::from_utf8(session.tell(body).to_vec()).unwrap();
        assert_eq!(told(&mut session, &one), "v=0\r\no=- 77 1 IN IP4 192.0.2.9\r\ns=-\r\n");
        assert_eq!(told(&mut session, &one), "v=0\r\no=- 77 1 IN IP4 192.0.2.9\r\ns=-\r\n");
        assert_eq!(told(&mut session, &two), "v=0\r\no=- 77 2 IN IP4 192.0.2.9\r\ns=two\r\n");
    }
}
