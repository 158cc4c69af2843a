//! The two kinds of legs of a call: the caller who reached us, and the phones we try.
//!
//! A leg knows its own course; what one leg means to the other is `bridge`'s.

pub(crate) mod caller;
pub(crate) mod phone;

use crate::{
    DialogRecord, Flow, Micros,
    compose::{ALLOW, SDP},
    context::Ctx,
    dialog::Dialog,
    sdp::{Origin, with_origin},
    timers::ServerId,
    transaction::Owner,
    wire::{Message, Name},
};
use bytes::Bytes;

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
}

/// Whose turn it is to say something about the media of a confirmed dialog (RFC 3261 §14).
#[derive(Debug)]
pub(crate) enum Turn {
    /// Anybody's.
    Free,
    /// Ours: the peer's re-INVITE waits while the other leg is asked.
    Asked(Box<Asked>),
    /// The peer's: our 2xx waits for its ACK, which brings an answer when the 2xx was `offered`.
    Answered { server: ServerId, seq: u32, offered: bool },
    /// The peer's: our re-INVITE waits for its final response.
    Asking(Asking),
    /// Nobody's until then: both had asked at the same time (491).
    Backoff { until: Micros, glares: u8 },
}

/// A re-INVITE that waits for its answer.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) server: ServerId,
    pub(crate) request: Message,
    pub(crate) from: Flow,
}

/// A re-INVITE of ours that is out.
#[derive(Debug)]
pub(crate) struct Asking {
    pub(crate) branch: u128,
    pub(crate) seq: u32,
    pub(crate) purpose: Purpose,
    /// How often in a row it has met the peer's.
    pub(crate) glares: u8,
    /// What we had told before, and still stands when this is refused.
    pub(crate) before: Bytes,
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
    /// Either: the other side asked for it.
    Relay,
}

impl Turn {
    /// Takes the peer's re-INVITE to answer it.
    pub(crate) fn take_asked(&mut self) -> Option<Box<Asked>> {
        match std::mem::replace(self, Self::Free) {
            Self::Asked(asked) => Some(asked),
            turn @ (Self::Free | Self::Answered { .. } | Self::Asking(_) | Self::Backoff { .. }) => {
                *self = turn;
                None
            }
        }
    }
    /// Whether we may send an INVITE `now`.
    pub(crate) fn is_ours(&self, now: Micros) -> bool {
        match self {
            Self::Free => true,
            Self::Backoff { until, .. } => *until <= now,
            Self::Asked(_) | Self::Answered { .. } | Self::Asking(_) => false,
        }
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
        let glares = if let Turn::Backoff { glares, .. } = self.turn { glares } else { 0 };
        let before = session.ours.clone();
        let (branch, seq) = ctx.reinvite(&mut self.dialog, session.tell(body), owner);
        self.turn = Turn::Asking(Asking { branch, seq, purpose, glares, before });
    }
    /// Answers the peer's re-INVITE with our description.
    pub(crate) fn accept(&mut self, asked: &Asked, body: Bytes, offered: bool, ctx: &mut Ctx<'_>) {
        let mut writer = ctx.respond(&asked.request, 200, self.dialog.tag, asked.from);
        writer
            .header(Name::Contact, &ctx.net.local.own(asked.from.transport).contact)
            .header(Name::Allow, ALLOW);
        ctx.finish(asked.server, 200, writer.body(SDP, body).finish());
        self.turn = Turn::Answered { server: asked.server, seq: asked.request.cseq().0, offered };
    }
    /// Refuses the peer's re-INVITE, if one waits; the session stays as it was (RFC 3261 §14.2).
    pub(crate) fn refuse(&mut self, status: u16, ctx: &mut Ctx<'_>) {
        if let Some(asked) = self.turn.take_asked() {
            let response = ctx.respond(&asked.request, status, self.dialog.tag, asked.from).finish();
            ctx.finish(asked.server, status, response);
        }
    }
    /// The dialog ends: nothing of the peer's stays unanswered, nothing of ours is repeated.
    pub(crate) fn end(mut self, ctx: &mut Ctx<'_>) -> Dialog {
        match &self.turn {
            Turn::Answered { server, .. } => ctx.acknowledged(*server),
            Turn::Asking(asking) => ctx.net.clients.abandoned(asking.branch, ctx.now, &mut ctx.net.timers),
            Turn::Free | Turn::Asked(_) | Turn::Backoff { .. } => {}
        }
        self.refuse(487, ctx);
        self.dialog
    }
}

/// What is to be stored of a dialog; `answer` is the response that made it, if it was a phone's.
pub(crate) fn record(dialog: &Dialog, session: &Session, answer: Bytes) -> DialogRecord {
    DialogRecord {
        answer,
        local_seq: dialog.local_seq,
        remote_seq: dialog.remote_seq,
        theirs: session.theirs.clone(),
        ours: session.ours.clone(),
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
