//! Provisional responses that have to arrive (RFC 3262, the caller's side).
//!
//! ```text
//!          sent                PRACK
//! nothing ──────► not received ──────► nothing, or the next one
//!                   └─ 64×T1 ──► the INVITE is refused
//! ```
//! One at a time: another waits until it is its turn, and a later one takes its place. A 2xx waits as well, when the
//! provisional response has a description (RFC 3262 §3).

use crate::{
    Micros, ReliableRecord,
    transaction::{LIFE, Retry, Tick},
    wire::{Message, Method, Name},
};
use bytes::Bytes;

/// The option tag.
pub(crate) const RELIABLE: &str = "100rel";

/// The reliable provisional responses of a caller's INVITE.
#[derive(Debug)]
pub(crate) struct Reliable {
    /// RSeq of the last one.
    rseq: u32,
    /// The one that was not received yet.
    out: Option<Unreceived>,
    /// The one that waits for that.
    next: Option<(u16, Option<Bytes>)>,
    /// A 2xx waits for that.
    pub(crate) accepts: bool,
    /// Our description was received: the INVITE's offer is answered, and no other response has a description.
    pub(crate) described: bool,
}

#[derive(Debug)]
struct Unreceived {
    status: u16,
    response: Bytes,
    described: bool,
    /// None once the INVITE has its final response.
    retry: Option<Retry>,
}

/// What is due of a response that was not received.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Say it once more.
    Again(u16, Bytes),
    /// Nobody listens.
    GiveUp,
    /// Nothing yet.
    Wait,
}

/// Whether a provisional response to `invite` is sent reliably: where the caller demands it, and where the caller can
/// and the response has a description. Were that lost over UDP, the caller would hear silence for a minute.
pub(crate) fn is_reliable(invite: &Message, described: bool) -> bool {
    is_demanded(invite) || (described && invite.lists(Name::Supported, RELIABLE))
}

/// Whether the caller takes no other provisional response.
pub(crate) fn is_demanded(invite: &Message) -> bool {
    invite.lists(Name::Require, RELIABLE)
}

impl Reliable {
    /// Nothing sent yet; numbers start in the lower half of what is allowed, so that they never run out.
    pub(crate) const fn new(random: u128) -> Self {
        let rseq = random as u32 >> 2;
        Self { rseq, out: None, next: None, accepts: false, described: false }
    }
    /// As it was stored; `response` is the one that was not received.
    pub(crate) fn revived(
        record: ReliableRecord,
        response: Option<Bytes>,
        preview: &Bytes,
        now: Micros,
    ) -> Self {
        let ReliableRecord { rseq, out, next, described } = record;
        let retry = || Some(Retry::start(now, LIFE));
        let out = out.zip(response).map(|((status, described), response)| Unreceived {
            status,
            response,
            described,
            retry: retry(),
        });
        let preview = |status| (status == 183 && !preview.is_empty()).then(|| preview.clone());
        let next = next.map(|status| (status, preview(status)));
        Self { rseq, out, next, accepts: false, described }
    }
    /// What is to be stored of them.
    pub(crate) fn record(&self) -> ReliableRecord {
        ReliableRecord {
            rseq: self.rseq,
            out: self.out.as_ref().map(|out| (out.status, out.described)),
            next: self.next.as_ref().map(|(status, _)| *status),
            described: self.described,
        }
    }
    /// Whether the last one was not received yet.
    pub(crate) const fn is_out(&self) -> bool {
        self.out.is_some()
    }
    /// Whether one with a description was not received yet.
    pub(crate) fn description_is_out(&self) -> bool {
        self.out.as_ref().is_some_and(|out| out.described)
    }
    /// The RSeq of the next one.
    pub(crate) const fn advance(&mut self) -> u32 {
        self.rseq += 1;
        self.rseq
    }
    /// One leaves `now`.
    pub(crate) fn sent(&mut self, (status, response): (u16, Bytes), described: bool, now: Micros) {
        self.out = Some(Unreceived { status, response, described, retry: Some(Retry::start(now, LIFE)) });
    }
    /// Another one is to follow.
    pub(crate) fn then(&mut self, status: u16, description: Option<Bytes>) {
        self.next = Some((status, description));
    }
    /// The one to be sent now.
    pub(crate) const fn take_next(&mut self) -> Option<(u16, Option<Bytes>)> {
        self.next.take()
    }
    /// Takes a PRACK of a caller whose INVITE had the number `invite_seq`; false when it is for nothing that is out.
    pub(crate) fn received(&mut self, prack: &Message, invite_seq: u32) -> bool {
        let ours = prack.rack().is_some_and(|rack| {
            (rack.rseq, rack.cseq, rack.method) == (self.rseq, invite_seq, Method::Invite)
        });
        let Some(out) = self.out.take_if(|_| ours) else { return false };
        self.described |= out.described;
        true
    }
    /// The INVITE has its final response: nothing is repeated any more, though a PRACK may still come.
    pub(crate) fn settle(&mut self) {
        self.next = None;
        self.accepts = false;
        if let Some(out) = &mut self.out {
            out.retry = None;
        }
    }
    /// When to ask [`Reliable::expire`].
    pub(crate) fn due(&self) -> Option<Micros> {
        Some(self.out.as_ref()?.retry.as_ref()?.due())
    }
    /// What is to be done `now`.
    pub(crate) fn expire(&mut self, now: Micros) -> Due {
        let Some(out) = &mut self.out else { return Due::Wait };
        match out.retry.as_mut().map(|retry| retry.tick(now)) {
            Some(Tick::Again) => Due::Again(out.status, out.response.clone()),
            Some(Tick::GiveUp) => Due::GiveUp,
            Some(Tick::Wait) | None => Due::Wait,
        }
    }
}
