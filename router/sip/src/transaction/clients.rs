//! The requests we sent and wait for, or have to answer retransmissions of.

use super::{
    Owner,
    client::{self, Client},
    invite_client::{self, Heard, InviteClient},
};
use crate::{
    Flow, Micros,
    compose::ack_of_refusal,
    output::{Output, Sent},
    timers::{Alarm, ClientId, Timer, Timers},
    wire::{Message, Method},
};
use bytes::Bytes;
use std::collections::HashMap;

/// All client transactions.
#[derive(Debug, Default)]
pub(crate) struct Clients {
    live: HashMap<ClientId, Entry>,
}

#[derive(Debug)]
struct Entry {
    machine: Machine,
    alarm: Alarm,
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
}

/// What a response means beyond its transaction.
#[derive(Debug)]
pub(crate) enum Reply {
    /// For the leg that sent the INVITE.
    Invite { owner: Owner, heard: Heard },
    /// For the leg that sent another request: its final response.
    Other { owner: Owner },
    /// For the trunk at this place: the final response to a request of our own accord.
    Peer(u32),
    /// A 2xx of another branch of a fork, or of an INVITE nobody waits for: acknowledge it, end it when `new`.
    Nobody { new: bool },
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
        self.insert(id, Machine::Other { tx, method, then }, timers);
    }
    fn insert(&mut self, id: ClientId, machine: Machine, timers: &mut Timers) {
        let mut entry = Entry { machine, alarm: Alarm::default() };
        entry.arm(id, timers);
        self.live.insert(id, entry);
    }
    /// The INVITE that waits for its first final response under `branch`.
    pub(crate) fn open_invite(&mut self, branch: u128) -> Option<&InviteClient> {
        match &self.live.get(&ClientId { branch, cancel: false })?.machine {
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
        let id = ClientId { branch, cancel: false };
        let Some(entry) = self.live.get_mut(&id) else { return };
        match &mut entry.machine {
            Machine::Invite { tx, .. } => tx.cancelled(now),
            Machine::Other { tx, .. } => tx.abandon(now),
        }
        entry.arm(id, timers);
    }
    /// The 2xx to the INVITE under `branch` was acknowledged with `ack`.
    pub(crate) fn acknowledged(&mut self, branch: u128, ack: Bytes, to: Flow, timers: &mut Timers) {
        self.with_invite(branch, timers, |tx| tx.acknowledged(ack, to));
    }
    /// The INVITE under `branch`.
    pub(crate) fn sent_invite(&self, branch: u128) -> Option<&invite_client::Sent> {
        match &self.live.get(&ClientId { branch, cancel: false })?.machine {
            Machine::Invite { tx, .. } => Some(&tx.sent),
            Machine::Other { .. } => None,
        }
    }
    fn with_invite(&mut self, branch: u128, timers: &mut Timers, change: impl FnOnce(&mut InviteClient)) {
        let id = ClientId { branch, cancel: false };
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
        let reply = match &mut entry.machine {
            Machine::Invite { tx, owner } if message.method() == Method::Invite => {
                hear_invite(tx, *owner, message, status, now, out)
            }
            Machine::Other { tx, method, then } if message.method() == *method => {
                match (tx.hear(status, now), *then) {
                    (true, Then::Tell(owner)) => Reply::Other { owner },
                    (true, Then::Peer(place)) => Reply::Peer(place),
                    (true, Then::Nothing | Then::Forget(_)) | (false, _) => Reply::Done,
                }
            }
            Machine::Invite { .. } | Machine::Other { .. } => return Reply::Stray,
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
        let mut ends = Vec::new();
        for (id, mut entry) in self.live.extract_if(|_, entry| lost(entry)) {
            timers.set(&mut entry.alarm, Timer::Client(id), None);
            ends.extend(match entry.machine {
                Machine::Invite { owner, .. } => {
                    Some(End::TimedOut { owner, branch: id.branch, status: 503 })
                }
                Machine::Other { tx, then, .. } => then.ended(id.branch, tx.is_open()),
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
        let (keep, end) = match &mut entry.machine {
            Machine::Invite { tx, owner } => expire_invite(tx, *owner, id.branch, now, out),
            Machine::Other { tx, method, then } => expire_other(tx, *method, *then, id.branch, now, out),
        };
        if keep {
            entry.arm(id, timers);
        } else {
            self.live.remove(&id);
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
            Self::Tell(_) | Self::Peer(_) | Self::Nothing => None,
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
    owner: Owner,
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
            Reply::Invite { owner, heard: Heard::Refused }
        }
        heard @ (Heard::Provisional | Heard::Accepted) => Reply::Invite { owner, heard },
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
