//! The requests we sent and wait for, or have to answer retransmissions of.
//!
//! A request in a dialog that was challenged is sent again under another branch (see [`Challenged`]); whoever sent it
//! goes on knowing it by its first one.

use super::{
    Owner,
    client::{self, Client},
    invite_client::{self, Heard, InviteClient},
};
use crate::{
    Flow, Micros,
    auth::{Attempt, Shown},
    compose::ack_of_refusal,
    output::{Output, Sent},
    timers::{Alarm, ClientId, Timer, Timers},
    wire::{Message, Method},
};
use bytes::Bytes;
use std::{collections::HashMap, sync::Arc};

/// All client transactions.
#[derive(Debug, Default)]
pub(crate) struct Clients {
    live: HashMap<ClientId, Entry>,
    /// Where a request has gone that was sent again: its last branch, by its first.
    moved: HashMap<u128, u128>,
}

#[derive(Debug)]
struct Entry {
    machine: Machine,
    alarm: Alarm,
    /// The branch by which whoever sent it knows it.
    known: u128,
    /// Who can answer a challenge, if somebody can.
    signer: Option<Box<Signer>>,
}

/// Who answers the challenges that a request in a dialog meets.
#[derive(Debug)]
pub(crate) struct Signer {
    /// The trunk whose login it is.
    pub(crate) trunk: Arc<str>,
    /// The leg, which counts its requests; none when it has gone.
    pub(crate) owner: Option<Owner>,
    /// What the request has gone through.
    pub(crate) attempt: Attempt,
}

/// A request in a dialog that was challenged.
#[derive(Debug)]
pub(crate) struct Challenged {
    /// The branch by which whoever sent it knows it.
    pub(crate) known: u128,
    pub(crate) request: Bytes,
    pub(crate) to: Flow,
    pub(crate) signer: Box<Signer>,
    pub(crate) waits: Waits,
    /// The branch that was challenged.
    was: u128,
}

/// Who waits for the end of a challenged request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Waits {
    Invite(Owner),
    Other(Then),
}

#[derive(Debug)]
enum Machine {
    Invite { tx: Box<InviteClient>, owner: Owner },
    Other { tx: Client, method: Method, then: Then },
}

/// What the end of a request other than INVITE is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// Nobody waits for it.
    Nothing,
    /// A BYE: the dialog with this tag, whose last requests are still answered, may be forgotten.
    Forget(u128),
    /// Its leg waits for the answer.
    Tell(Owner),
    /// We ask the trunk at this place of our own accord.
    Peer(u32),
    /// We ask the phone at this place whether it is there.
    Phone(u32),
}

/// What a response means beyond its transaction.
#[derive(Debug)]
pub(crate) enum Reply {
    /// For the leg that sent the INVITE, and knows it by this branch.
    Invite { owner: Owner, known: u128, heard: Heard },
    /// For the leg that sent another request, and knows it by this branch: its final response.
    Other { owner: Owner, known: u128 },
    /// It is to be signed, if it can be.
    Challenged(Box<Challenged>),
    /// For the trunk at this place: the final response to a request of our own accord.
    Peer(u32),
    /// For the phone at this place: the final response to a probe.
    Phone(u32),
    /// A 2xx of another branch of a fork, or of an INVITE nobody waits for: acknowledge it, end it when `new`.
    Nobody { new: bool },
    /// Our BYE in the dialog with this tag was answered.
    Settled(u128),
    /// It was dealt with.
    Done,
    /// There is no such transaction.
    Stray,
}

/// What the end of a transaction means to somebody.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Nobody answered our INVITE (408), or it could not be sent (503); the transaction is gone.
    TimedOut { owner: Owner, branch: u128, status: u16 },
    /// It rang too long: cancel it.
    RangOut { owner: Owner, branch: u128 },
    /// Nobody answered another request of a leg, or it could not be sent; the transaction is gone.
    Unanswered { owner: Owner, branch: u128 },
    /// The same of a request to the trunk at this place.
    PeerSilent { place: u32, branch: u128 },
    /// The same of a probe of the phone at this place.
    PhoneSilent { place: u32, branch: u128 },
    /// The dialog with this tag has ended for good.
    Dialog(u128),
}

impl Clients {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.live.len()
    }
    /// Sends an INVITE.
    pub(crate) fn invite(
        &mut self,
        branch: u128,
        sent: invite_client::Sent,
        owner: Owner,
        now: Micros,
        (timers, out): (&mut Timers, &mut Output),
    ) {
        out.send(sent.to, sent.request.clone(), Sent::Request(Method::Invite));
        let tx = Box::new(InviteClient::start(sent, now));
        self.insert(ClientId { branch, cancel: false }, Machine::Invite { tx, owner }, timers);
    }
    /// An INVITE that left before a restart, and may ring.
    pub(crate) fn ringing(
        &mut self,
        branch: u128,
        sent: invite_client::Sent,
        owner: Owner,
        now: Micros,
        timers: &mut Timers,
    ) {
        let tx = Box::new(InviteClient::ringing(sent, now));
        self.insert(ClientId { branch, cancel: false }, Machine::Invite { tx, owner }, timers);
    }
    /// An INVITE that left before a restart, and whose 2xx with this tag has come.
    pub(crate) fn answered(
        &mut self,
        branch: u128,
        (sent, tag): (invite_client::Sent, Bytes),
        owner: Owner,
        now: Micros,
        timers: &mut Timers,
    ) {
        let tx = Box::new(InviteClient::answered(sent, tag, now));
        self.insert(ClientId { branch, cancel: false }, Machine::Invite { tx, owner }, timers);
    }
    /// The request under `branch`, which belongs to a dialog, may be signed when it is challenged.
    pub(crate) fn may_sign(&mut self, branch: u128, trunk: Arc<str>, owner: Option<Owner>) {
        if let Some(entry) = self.live.get_mut(&ClientId { branch, cancel: false }) {
            entry.signer = Some(Box::new(Signer { trunk, owner, attempt: Attempt::default() }));
        }
    }
    /// Sends a request again that was challenged, under `branch`: `request`, of the number `seq`.
    pub(crate) fn again(
        &mut self,
        challenged: Challenged,
        (branch, seq): (u128, u32),
        (request, shown): (Bytes, Shown),
        now: Micros,
        (timers, out): (&mut Timers, &mut Output),
    ) {
        let Challenged { known, to, signer, waits, was, .. } = challenged;
        let Some(old) = self.live.get_mut(&ClientId { branch: was, cancel: false }) else { return };
        old.known = was; // it only absorbs what comes late
        let (machine, method) = match (&mut old.machine, waits) {
            (Machine::Invite { tx, .. }, Waits::Invite(owner)) => {
                let sent = invite_client::Sent { request: request.clone(), seq, shown, ..tx.sent.clone() };
                let tx = Box::new(InviteClient::start(sent, now));
                (Machine::Invite { tx, owner }, Method::Invite)
            }
            (Machine::Other { method, then: old_then, .. }, Waits::Other(then)) => {
                *old_then = Then::Nothing;
                let (tx, method) = (Client::start(request.clone(), to, now), *method);
                (Machine::Other { tx, method, then }, method)
            }
            (Machine::Invite { .. }, Waits::Other(_)) | (Machine::Other { .. }, Waits::Invite(_)) => return,
        };
        out.send(to, request, Sent::Request(method));
        self.moved.insert(known, branch);
        let mut entry = Entry { machine, alarm: Alarm::default(), known, signer: Some(signer) };
        let id = ClientId { branch, cancel: false };
        entry.arm(id, timers);
        self.live.insert(id, entry);
    }
    /// The branch under which a request is out that whoever sent it knows as `known`.
    pub(crate) fn branch_of(&self, known: u128) -> u128 {
        if self.moved.is_empty() { known } else { self.moved.get(&known).copied().unwrap_or(known) }
    }
    const fn id(branch: u128) -> ClientId {
        ClientId { branch, cancel: false }
    }
    /// Sends a request other than INVITE and ACK.
    pub(crate) fn request(
        &mut self,
        branch: u128,
        method: Method,
        (request, to): (Bytes, Flow),
        then: Then,
        now: Micros,
        (timers, out): (&mut Timers, &mut Output),
    ) {
        out.send(to, request.clone(), Sent::Request(method));
        let tx = Client::start(request, to, now);
        let id = ClientId { branch, cancel: method == Method::Cancel };
        if id.cancel
            && let Some(mut before) = self.live.remove(&id)
        {
            timers.set(&mut before.alarm, Timer::Client(id), None);
        }
        self.insert(id, Machine::Other { tx, method, then }, timers);
    }
    fn insert(&mut self, id: ClientId, machine: Machine, timers: &mut Timers) {
        let mut entry = Entry { machine, alarm: Alarm::default(), known: id.branch, signer: None };
        entry.arm(id, timers);
        self.live.insert(id, entry);
    }
    /// The INVITE that waits for its first final response under `branch`.
    pub(crate) fn open_invite(&self, branch: u128) -> Option<&InviteClient> {
        match &self.live.get(&Self::id(self.branch_of(branch)))?.machine {
            Machine::Invite { tx, .. } => tx.is_open().then_some(tx),
            Machine::Other { .. } => None,
        }
    }
    /// A CANCEL of the INVITE under `branch` was sent: it has 64×T1 left.
    pub(crate) fn cancelled(&mut self, branch: u128, now: Micros, timers: &mut Timers) {
        self.with_invite(branch, timers, |tx| tx.cancelled(now));
    }
    /// The dialog of the request under `branch` has ended: it is not repeated any more, its end only absorbed.
    pub(crate) fn abandoned(&mut self, branch: u128, now: Micros, timers: &mut Timers) {
        let id = Self::id(self.branch_of(branch));
        let Some(entry) = self.live.get_mut(&id) else { return };
        entry.signer = None;
        match &mut entry.machine {
            Machine::Invite { tx, .. } => tx.cancelled(now),
            Machine::Other { tx, .. } => tx.abandon(now),
        }
        entry.arm(id, timers);
    }
    /// The INVITE under `branch` is not sent again, but what comes of it is still heard.
    pub(crate) fn hush(&mut self, branch: u128, timers: &mut Timers) {
        self.with_invite(branch, timers, InviteClient::hush);
    }
    /// The 2xx to the INVITE under `branch` was acknowledged with `ack`.
    pub(crate) fn acknowledged(&mut self, branch: u128, ack: Bytes, to: Flow, timers: &mut Timers) {
        self.with_invite(branch, timers, |tx| tx.acknowledged(ack, to));
    }
    /// The INVITE under `branch`.
    pub(crate) fn sent_invite(&self, branch: u128) -> Option<&invite_client::Sent> {
        match &self.live.get(&Self::id(self.branch_of(branch)))?.machine {
            Machine::Invite { tx, .. } => Some(&tx.sent),
            Machine::Other { .. } => None,
        }
    }
    fn with_invite(&mut self, branch: u128, timers: &mut Timers, change: impl FnOnce(&mut InviteClient)) {
        let id = Self::id(self.branch_of(branch));
        let Some(entry) = self.live.get_mut(&id) else { return };
        if let Machine::Invite { tx, .. } = &mut entry.machine {
            change(tx);
        }
        entry.arm(id, timers);
    }
    /// Takes the response `message` with `status` to the request under `branch`.
    pub(crate) fn hear(
        &mut self,
        branch: u128,
        message: &Message,
        status: u16,
        now: Micros,
        (timers, out): (&mut Timers, &mut Output),
    ) -> Reply {
        let id = ClientId { branch, cancel: message.method() == Method::Cancel };
        let Some(entry) = self.live.get_mut(&id) else { return Reply::Stray };
        let known = entry.known;
        let asks = matches!(status, 401 | 407) && entry.signer.is_some();
        let (reply, challenged) = match &mut entry.machine {
            Machine::Invite { tx, owner } if message.method() == Method::Invite => {
                let reply = hear_invite(tx, (*owner, known), message, status, now, out);
                let is_refused = matches!(reply, Reply::Invite { heard: Heard::Refused, .. });
                let waits = Waits::Invite(*owner);
                (reply, (asks && is_refused).then(|| (tx.sent.request.clone(), tx.sent.to, waits)))
            }
            Machine::Other { tx, method, then } if message.method() == *method => {
                let (request, to, waits) = (tx.request.clone(), tx.to, Waits::Other(*then));
                let is_final = tx.hear(status, now);
                let reply = match (is_final, *then) {
                    (true, Then::Tell(owner)) => Reply::Other { owner, known },
                    (true, Then::Peer(place)) => Reply::Peer(place),
                    (true, Then::Phone(place)) => Reply::Phone(place),
                    (true, Then::Forget(tag)) => Reply::Settled(tag),
                    (true, Then::Nothing) | (false, _) => Reply::Done,
                };
                (reply, (asks && is_final).then_some((request, to, waits)))
            }
            Machine::Invite { .. } | Machine::Other { .. } => return Reply::Stray,
        };
        let signer = challenged.as_ref().and_then(|_| entry.signer.take());
        let reply = match challenged.zip(signer) {
            Some(((request, to, waits), signer)) => {
                Reply::Challenged(Box::new(Challenged { known, request, to, signer, waits, was: branch }))
            }
            None => reply,
        };
        entry.arm(id, timers);
        reply
    }
    /// Whatever waits for an answer from `to` waits in vain: it cannot be connected to. Looks at every transaction,
    /// which is rare enough.
    pub(crate) fn unreachable(&mut self, to: Flow, timers: &mut Timers) -> Vec<End> {
        let lost = |entry: &Entry| match &entry.machine {
            Machine::Invite { tx, .. } => tx.is_open() && tx.sent.to.is_same_peer(to),
            Machine::Other { tx, .. } => tx.to.is_same_peer(to),
        };
        let Self { live, moved } = self;
        let mut ends = Vec::new();
        for (id, mut entry) in live.extract_if(|_, entry| lost(entry)) {
            timers.set(&mut entry.alarm, Timer::Client(id), None);
            if entry.known != id.branch {
                moved.remove(&entry.known);
            }
            ends.extend(match entry.machine {
                Machine::Invite { owner, .. } => {
                    Some(End::TimedOut { owner, branch: entry.known, status: 503 })
                }
                Machine::Other { tx, then, .. } => then.ended(entry.known, tx.is_open()),
            });
        }
        ends
    }
    /// Runs the timer of `id`.
    pub(crate) fn expire(
        &mut self,
        id: ClientId,
        now: Micros,
        (timers, out): (&mut Timers, &mut Output),
    ) -> Option<End> {
        let entry = self.live.get_mut(&id)?;
        entry.alarm.spend();
        let known = entry.known;
        let (keep, end) = match &mut entry.machine {
            Machine::Invite { tx, owner } => expire_invite(tx, *owner, known, now, out),
            Machine::Other { tx, method, then } => expire_other(tx, *method, *then, known, now, out),
        };
        if keep {
            entry.arm(id, timers);
        } else {
            self.live.remove(&id);
            if known != id.branch {
                self.moved.remove(&known);
            }
        }
        end
    }
}

impl Then {
    /// What it means that the transaction under `branch` is gone; a leg is told unless it has had its answer.
    const fn ended(self, branch: u128, open: bool) -> Option<End> {
        match self {
            Self::Forget(tag) => Some(End::Dialog(tag)),
            Self::Tell(owner) if open => Some(End::Unanswered { owner, branch }),
            Self::Peer(place) if open => Some(End::PeerSilent { place, branch }),
            Self::Phone(place) if open => Some(End::PhoneSilent { place, branch }),
            Self::Tell(_) | Self::Peer(_) | Self::Phone(_) | Self::Nothing => None,
        }
    }
}

impl Entry {
    fn arm(&mut self, id: ClientId, timers: &mut Timers) {
        let due = match &self.machine {
            Machine::Invite { tx, .. } => tx.due(),
            Machine::Other { tx, .. } => tx.due(),
        };
        timers.set(&mut self.alarm, Timer::Client(id), Some(due));
    }
}

fn hear_invite(
    tx: &mut InviteClient,
    (owner, known): (Owner, u128),
    message: &Message,
    status: u16,
    now: Micros,
    out: &mut Output,
) -> Reply {
    let tag = message.to_tag().map_or_else(Bytes::new, Bytes::copy_from_slice);
    match tx.hear(status, &tag, now) {
        Heard::Nothing => Reply::Done,
        Heard::Repeat(ack, to) => {
            out.send(to, ack, Sent::Request(Method::Ack));
            Reply::Done
        }
        Heard::Fork { new } => Reply::Nobody { new },
        Heard::Refused => {
            // Our own INVITE always reads back; were it not so, the peer would merely repeat its refusal.
            if let Ok(invite) = Message::parse(tx.sent.request.clone()) {
                let ack = ack_of_refusal(&invite, message);
                out.send(tx.sent.to, ack.clone(), Sent::Request(Method::Ack));
                tx.refused(ack, now);
            }
            Reply::Invite { owner, known, heard: Heard::Refused }
        }
        heard @ (Heard::Provisional | Heard::Accepted) => Reply::Invite { owner, known, heard },
    }
}

fn expire_invite(
    tx: &mut InviteClient,
    owner: Owner,
    branch: u128,
    now: Micros,
    out: &mut Output,
) -> (bool, Option<End>) {
    match tx.expire(now) {
        invite_client::Due::Resend => {
            out.send(tx.sent.to, tx.sent.request.clone(), Sent::Request(Method::Invite));
            (true, None)
        }
        invite_client::Due::RangOut => (true, Some(End::RangOut { owner, branch })),
        invite_client::Due::TimedOut => (false, Some(End::TimedOut { owner, branch, status: 408 })),
        invite_client::Due::Gone => (false, None),
        invite_client::Due::Wait => (true, None),
    }
}

fn expire_other(
    tx: &mut Client,
    method: Method,
    then: Then,
    branch: u128,
    now: Micros,
    out: &mut Output,
) -> (bool, Option<End>) {
    match tx.expire(now) {
        client::Due::Resend => {
            out.send(tx.to, tx.request.clone(), Sent::Request(method));
            (true, None)
        }
        client::Due::TimedOut => (false, then.ended(branch, true)),
        client::Due::Gone => (false, then.ended(branch, false)),
        client::Due::Wait => (true, None),
    }
}
