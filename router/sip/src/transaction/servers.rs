//! The requests we got and answered, or still owe an answer.

use super::{
    Owner,
    invite_server::{self, InviteServer},
    server::Server,
};
use crate::{
    Flow, Micros,
    output::{Output, Sent},
    timers::{Alarm, ServerId, Timer, Timers},
    wire::{Message, Method},
};
use bytes::Bytes;
use std::{collections::HashMap, sync::Arc};

/// All server transactions.
#[derive(Debug, Default)]
pub(crate) struct Servers {
    live: HashMap<ServerId, Entry>,
    index: HashMap<Arc<[u8]>, ServerId>,
    last: u64,
    most: usize,
}

#[derive(Debug)]
struct Entry {
    machine: Machine,
    /// Where responses go.
    to: Flow,
    keys: [Option<Arc<[u8]>>; 2],
    alarm: Alarm,
}

#[derive(Debug)]
enum Machine {
    Invite {
        tx: InviteServer,
        owner: Owner,
        status: u16,
        /// Its refusal is the last word of the leg.
        farewell: bool,
    },
    Other {
        tx: Server,
        method: Method,
        status: u16,
    },
}

/// What was never acknowledged.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unheard {
    /// A 2xx of this leg.
    Acceptance(Owner),
    /// The refusal that was the last word of this leg.
    Farewell(Owner),
}

/// What finds the transaction of a request: branch, sender and method (RFC 3261 §17.2.3), ACK and CANCEL counting as
/// the INVITE they belong to. Without a branch of RFC 3261 its older way of matching applies.
pub(crate) fn server_key(request: &Message, method: Method) -> Vec<u8> {
    let via = request.top_via();
    let port = via.port.unwrap_or(5060).to_be_bytes();
    let mut key = Vec::with_capacity(96);
    if via.has_transaction_id() {
        key.extend_from_slice(via.branch().unwrap_or_default());
    } else {
        let seq = request.cseq().0.to_be_bytes();
        key.push(1); // no branch starts so
        for part in [request.call_id(), request.from_tag().unwrap_or_default(), &seq] {
            key.extend_from_slice(part);
            key.push(0);
        }
    }
    for part in [&[0], via.host, &port, &[method as u8]] {
        key.extend_from_slice(part);
    }
    key
}

/// What is the same in an INVITE that came by two ways (RFC 3261 §8.2.2.2).
fn merge_key(request: &Message) -> Vec<u8> {
    let seq = request.cseq().0.to_be_bytes();
    [&[2], request.call_id(), &[0], request.from_tag().unwrap_or_default(), &[0], &seq].concat()
}

impl Servers {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.live.len()
    }
    /// At most so many, from now on.
    pub(crate) const fn limit(&mut self, most: usize) {
        self.most = most;
    }
    /// Whether one more may be kept.
    pub(crate) fn has_room(&self) -> bool {
        self.live.len() < self.most
    }
    /// The transaction with this key.
    pub(crate) fn find(&self, key: &[u8]) -> Option<ServerId> {
        self.index.get(key).copied()
    }
    /// Whether the same INVITE is being dealt with under another branch.
    pub(crate) fn is_merged(&self, invite: &Message) -> bool {
        self.index.contains_key(merge_key(invite).as_slice())
    }
    /// Repeats the last response, if the transaction wants that.
    pub(crate) fn again(&self, id: ServerId, out: &mut Output) {
        let Some(entry) = self.live.get(&id) else { return };
        match &entry.machine {
            Machine::Invite { tx, status, .. } => {
                if let Some(response) = tx.again() {
                    out.send(entry.to, response.clone(), Sent::Response(Method::Invite, *status));
                }
            }
            Machine::Other { tx, method, status } => {
                if let Some(response) = tx.again() {
                    out.send(entry.to, response.clone(), Sent::Response(*method, *status));
                }
            }
        }
    }
    /// Begins with an INVITE found by `key`; an initial one is remembered for merged requests.
    pub(crate) fn invite(&mut self, request: &Message, key: Vec<u8>, to: Flow, owner: Owner) -> ServerId {
        let merge = request.to_tag().is_none().then(|| merge_key(request).into());
        let machine = Machine::Invite { tx: InviteServer::start(), owner, status: 100, farewell: false };
        self.insert(Entry { machine, to, keys: [Some(key.into()), merge], alarm: Alarm::default() })
    }
    /// A provisional response was sent to an INVITE before a restart.
    pub(crate) fn said_before(&mut self, id: ServerId, code: u16, response: Bytes) {
        if let Some(Entry { machine: Machine::Invite { tx, status, .. }, .. }) = self.live.get_mut(&id) {
            tx.provisional(response);
            *status = code;
        }
    }
    /// A 2xx to an INVITE was acknowledged before a restart: what comes again of it is absorbed.
    pub(crate) fn accepted_before(&mut self, id: ServerId, now: Micros, timers: &mut Timers) {
        let Some(entry) = self.live.get_mut(&id) else { return };
        if let Machine::Invite { tx, status, .. } = &mut entry.machine {
            tx.finished(200, Bytes::new(), entry.to, now);
            *status = 200;
        }
        self.acknowledged(id, now, timers);
    }
    /// Begins with a request other than INVITE that cannot be answered at once, found by `key`.
    pub(crate) fn other(&mut self, method: Method, key: Vec<u8>, to: Flow) -> ServerId {
        let machine = Machine::Other { tx: Server::start(), method, status: 0 };
        self.insert(Entry { machine, to, keys: [Some(key.into()), None], alarm: Alarm::default() })
    }
    /// Answers a request other than INVITE, found by `key`, once and for all its retransmissions.
    pub(crate) fn answer(
        &mut self,
        (method, key): (Method, Vec<u8>),
        (response, to): (Bytes, Flow),
        status: u16,
        now: Micros,
        (timers, out): (&mut Timers, &mut Output),
    ) {
        if !self.has_room() {
            return out.send(to, response, Sent::Response(method, status)); // its repetition will be 481, which ends a BYE as well
        }
        let id = self.other(method, key, to);
        self.finish(id, status, response, now, (timers, out));
    }
    fn insert(&mut self, entry: Entry) -> ServerId {
        self.last += 1;
        let id = ServerId(self.last);
        for key in entry.keys.iter().flatten() {
            self.index.insert(key.clone(), id);
        }
        self.live.insert(id, entry);
        id
    }
    /// Sends a provisional response to an INVITE.
    pub(crate) fn provisional(&mut self, id: ServerId, code: u16, response: Bytes, out: &mut Output) {
        let Some(entry) = self.live.get_mut(&id) else { return };
        if let Machine::Invite { tx, status, .. } = &mut entry.machine
            && tx.is_open()
        {
            out.send(entry.to, response.clone(), Sent::Response(Method::Invite, code));
            tx.provisional(response);
            *status = code;
        }
    }
    /// Sends the final response to a request; nothing when it has one.
    pub(crate) fn finish(
        &mut self,
        id: ServerId,
        code: u16,
        response: Bytes,
        now: Micros,
        (timers, out): (&mut Timers, &mut Output),
    ) {
        let Some(entry) = self.live.get_mut(&id) else { return };
        match &mut entry.machine {
            Machine::Invite { tx, status, .. } if tx.is_open() => {
                out.send(entry.to, response.clone(), Sent::Response(Method::Invite, code));
                tx.finished(code, response, entry.to, now);
                *status = code;
            }
            Machine::Other { tx, method, status } if tx.is_open() => {
                tx.answered(&response, now);
                out.send(entry.to, response, Sent::Response(*method, code));
                *status = code;
            }
            Machine::Invite { .. } | Machine::Other { .. } => {}
        }
        self.arm(id, timers);
    }
    /// Whose INVITE it is, and whether its final response is still owed.
    pub(crate) fn invite_owner(&self, id: ServerId) -> Option<(Owner, bool)> {
        match &self.live.get(&id)?.machine {
            Machine::Invite { tx, owner, .. } => Some((*owner, tx.is_open())),
            Machine::Other { .. } => None,
        }
    }
    /// The refusal that was sent is the last word of its leg.
    pub(crate) fn is_farewell(&mut self, id: ServerId) {
        if let Some(Entry { machine: Machine::Invite { farewell, .. }, .. }) = self.live.get_mut(&id) {
            *farewell = true;
        }
    }
    /// Whose last word it was, the first time this is asked.
    pub(crate) fn take_farewell(&mut self, id: ServerId) -> Option<Owner> {
        match &mut self.live.get_mut(&id)?.machine {
            Machine::Invite { owner, farewell, .. } => std::mem::take(farewell).then_some(*owner),
            Machine::Other { .. } => None,
        }
    }
    /// The ACK of a refusal came; false when the INVITE was not refused, and the ACK is for a dialog.
    pub(crate) fn refusal_acknowledged(&mut self, id: ServerId, now: Micros, timers: &mut Timers) -> bool {
        let refused =
            matches!(self.live.get(&id), Some(Entry { machine: Machine::Invite { status: 300.., .. }, .. }));
        if refused {
            self.acknowledged(id, now, timers);
        }
        refused
    }
    /// The final response need not be repeated any more.
    pub(crate) fn acknowledged(&mut self, id: ServerId, now: Micros, timers: &mut Timers) {
        let Some(entry) = self.live.get_mut(&id) else { return };
        if let Machine::Invite { tx, .. } = &mut entry.machine {
            tx.acknowledged(now);
        }
        self.arm(id, timers);
    }
    /// Runs the timer of `id`; says what was never acknowledged.
    pub(crate) fn expire(
        &mut self,
        id: ServerId,
        now: Micros,
        (timers, out): (&mut Timers, &mut Output),
    ) -> Option<Unheard> {
        let entry = self.live.get_mut(&id)?;
        entry.alarm.spend();
        let Machine::Invite { tx, owner, status, farewell } = &mut entry.machine else {
            self.remove(id);
            return None;
        };
        match tx.expire(now) {
            invite_server::Due::Resend(response) => {
                out.send(entry.to, response, Sent::Response(Method::Invite, *status));
            }
            invite_server::Due::NoAck => {
                let owner = *owner;
                self.remove(id);
                return Some(Unheard::Acceptance(owner));
            }
            invite_server::Due::Gone => {
                let last = farewell.then_some(Unheard::Farewell(*owner));
                self.remove(id);
                return last;
            }
            invite_server::Due::Wait => {}
        }
        self.arm(id, timers);
        None
    }
    fn arm(&mut self, id: ServerId, timers: &mut Timers) {
        let Some(entry) = self.live.get_mut(&id) else { return };
        let due = match &entry.machine {
            Machine::Invite { tx, .. } => tx.due(),
            Machine::Other { tx, .. } => tx.due(),
        };
        timers.set(&mut entry.alarm, Timer::Server(id), due);
    }
    fn remove(&mut self, id: ServerId) {
        let Some(entry) = self.live.remove(&id) else { return };
        for key in entry.keys.iter().flatten() {
            self.index.remove(key);
        }
    }
}
