//! Media through an rtpengine: descriptions of phones' legs are rewritten on their way to the stack and from it.
//!
//! It stands between the stack and the sockets, as a proxy before the phones would: the stack speaks with the caller and
//! with phones whose media is where rtpengine says. So whatever moves media (a late answer, hold, a transfer, another
//! codec) goes through without knowing of it, and to the stack a browser is a phone that speaks RTP. Music to waiting
//! callers is ours and goes directly. A message with a description waits here until rtpengine has answered; nobody
//! waits for it. What is rung over WebSocket is a browser: it speaks DTLS-SRTP over ICE.

mod anchor;
mod client;
mod ng;
mod pages;
mod rewrite;
mod socket;

use crate::metrics::Metrics;
use acd::Timestamp;
use anchor::{Anchor, Parcel, Step, Way, is_browser};
use bytes::Bytes;
use client::{Client, Outcome, Ticket};
pub use ng::Verdict;
pub(crate) use ng::{Question, read as read_answer};
use pages::Pages;
use sip::{Connection, Flow, Keep, LegKey, LegRecord, Send, wire::Message};
use socket::Socket;
use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    io,
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

/// Ends of calls that rtpengine has not heard of, because it was away; beyond it it finds out by their silence.
const MAX_UNTOLD: usize = 4_096;
/// Ends of calls that rtpengine is told of at the same time: when it comes back, live calls are not to wait for them.
const MAX_ENDING: usize = 64;
/// A refusal of rtpengine's is told in the log at most so often.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// Our side of an rtpengine.
pub struct Relay {
    client: Client,
    socket: Socket,
    /// Whether every phone's media is relayed, or browsers' alone.
    all: bool,
    /// By Call-ID.
    anchors: HashMap<Bytes, Anchor>,
    /// Their Call-IDs, by leg: several while several phones ring.
    legs: HashMap<LegKey, Vec<Bytes>>,
    waiting: HashMap<Ticket, (Bytes, Way)>,
    pages: Pages,
    untold: VecDeque<Question>,
    /// Those that rtpengine is being told of.
    ending: BTreeSet<Ticket>,
    /// For the stack.
    incoming: VecDeque<(Flow, Bytes)>,
    /// For the sockets.
    outgoing: VecDeque<Send>,
    metrics: Arc<Metrics>,
    told: Option<Timestamp>,
}

impl Relay {
    /// Speaks to the rtpengine at `address`: about `all` phones, or browsers alone.
    ///
    /// # Errors
    /// When the system gives no socket.
    pub fn open(address: SocketAddr, all: bool, metrics: Arc<Metrics>, now: Timestamp) -> io::Result<Self> {
        Ok(Self {
            client: Client::new(now.micros()),
            socket: Socket::connect(address)?,
            all,
            anchors: HashMap::new(),
            legs: HashMap::new(),
            waiting: HashMap::new(),
            pages: Pages::default(),
            untold: VecDeque::new(),
            ending: BTreeSet::new(),
            incoming: VecDeque::new(),
            outgoing: VecDeque::new(),
            metrics,
            told: None,
        })
    }
    /// For the poll.
    pub const fn source(&mut self) -> &mut mio::net::UdpSocket {
        self.socket.source()
    }
    /// Takes legs that a process before has left: rtpengine has heard of those that were answered, and may have of others.
    pub fn adopt(&mut self, left: &[(LegKey, LegRecord)]) {
        for (key, record) in left {
            let invites = self.relayed(record);
            for invite in &invites {
                self.anchors.insert(call_id(invite), Anchor::of_before(invite));
            }
            if !invites.is_empty() {
                self.legs.insert(*key, invites.iter().map(call_id).collect());
            }
        }
    }

    /// Learns which legs there are, from what is stored of them.
    pub fn note(&mut self, changes: &[Keep], now: Timestamp) {
        for change in changes {
            match change {
                Keep::Leg(key, record) => self.note_leg(*key, record, now),
                Keep::ForgetLeg(key) => {
                    for call_id in self.legs.remove(key).unwrap_or_default() {
                        self.leave(&call_id, now);
                    }
                }
                Keep::Phones(user, records) => self.pages.registered(user, records),
                Keep::CallerLeg(..) | Keep::ForgetCall(_) => {}
            }
        }
        self.settle(now);
    }
    /// A leg's phones ring, or one of them has answered: then it is over with the others.
    fn note_leg(&mut self, key: LegKey, record: &LegRecord, now: Timestamp) {
        let (invites, was) = (self.relayed(record), self.legs.remove(&key).unwrap_or_default());
        for invite in invites.iter().filter(|invite| !was.contains(&call_id(invite))) {
            self.anchors.insert(call_id(invite), Anchor::new(invite));
        }
        let is: Vec<Bytes> = invites.iter().map(call_id).collect();
        let (mut stay, lost): (Vec<_>, Vec<_>) = was.into_iter().partition(|call_id| is.contains(call_id));
        if record.dialog.is_some() {
            lost.iter().for_each(|call_id| self.leave(call_id, now));
        } else {
            stay.extend(lost); // INVITEs that are being cancelled
        }
        stay.extend(is.into_iter().filter(|call_id| !stay.contains(call_id)).collect::<Vec<_>>());
        if !stay.is_empty() {
            self.legs.insert(key, stay);
        }
    }
    /// A leg's INVITEs that are relayed.
    fn relayed(&self, record: &LegRecord) -> Vec<Message> {
        let first = (&record.invite, record.to);
        let invites =
            std::iter::once(first).chain(record.others.iter().map(|other| (&other.invite, other.to)));
        let relayed = invites.filter(|(_, to)| self.all || is_browser(*to));
        relayed.filter_map(|(invite, _)| Message::parse(invite.clone()).ok()).collect()
    }
    /// A leg is over; what waits in it has gone on first.
    fn leave(&mut self, call_id: &Bytes, now: Timestamp) {
        let Some(anchor) = self.anchors.get_mut(call_id) else { return };
        if !anchor.is_idle() {
            anchor.ends = true;
            return;
        }
        if let Some(anchor) = self.anchors.remove(call_id) {
            self.pages.over(call_id);
            self.tell_end(&anchor);
            self.tell_ends(now);
        }
    }
    fn tell_end(&mut self, anchor: &Anchor) {
        if let Some(question) = anchor.end().filter(|_| self.untold.len() < MAX_UNTOLD) {
            self.untold.push_back(question);
        }
    }
    /// Tells of calls that are over, if somebody is there.
    fn tell_ends(&mut self, now: Timestamp) {
        while self.client.is_up()
            && self.ending.len() < MAX_ENDING
            && let Some(question) = self.untold.pop_front()
        {
            self.ending.insert(self.client.ask(&question, now));
        }
    }

    /// Takes a message for the stack: gives it back when it is of no dialog that is relayed. Others come from
    /// [`Relay::take_incoming`], at once or when their description has been rewritten.
    pub fn receive(&mut self, from: Flow, bytes: Bytes, now: Timestamp) -> Option<Bytes> {
        if self.anchors.is_empty() {
            return Some(bytes);
        }
        let Ok(message) = Message::parse(bytes.clone()) else { return Some(bytes) };
        if !self.relays(Way::In, &message) {
            return Some(bytes);
        }
        if is_browser(from) {
            self.pages.spoke(&message, from);
        }
        self.take(Way::In, Parcel { flow: from, message, what: None }, now);
        None
    }
    /// Takes a message of the stack's, as [`Relay::receive`] does one for it; others come from [`Relay::take_outgoing`].
    pub fn send(&mut self, mut send: Send, now: Timestamp) -> Option<Send> {
        if self.anchors.is_empty() && self.pages.is_empty() {
            return Some(send);
        }
        let Ok(message) = Message::parse(send.bytes.clone()) else { return Some(send) };
        // Responses go where their request came from. A BYE comes when its leg is already forgotten.
        if is_browser(send.to) && message.is_request() {
            send.to = self.pages.moved(message.call_id()).unwrap_or(send.to);
        }
        if !self.relays(Way::Out, &message) {
            return Some(send);
        }
        self.take(Way::Out, Parcel { flow: send.to, message, what: Some(send.what) }, now);
        None
    }
    /// All that the stack had to say was taken: who is gone is forgotten.
    pub fn all_sent(&mut self) {
        self.pages.all_sent();
    }
    /// Whether a message is of a dialog that is relayed.
    fn relays(&self, way: Way, message: &Message) -> bool {
        self.anchors.get(message.call_id()).is_some_and(|anchor| anchor.has(way, message))
    }
    fn take(&mut self, way: Way, parcel: Parcel, now: Timestamp) {
        let call_id = call_id(&parcel.message);
        let mut steps = Vec::new();
        if let Some(anchor) = self.anchors.get_mut(&call_id) {
            anchor.take(way, parcel, &mut steps);
        }
        self.carry_out(&call_id, steps, now);
        self.settle(now);
    }
    fn carry_out(&mut self, call_id: &Bytes, steps: Vec<Step>, now: Timestamp) {
        for step in steps {
            match step {
                Step::Pass { way: Way::In, flow, bytes, what: _ } => self.incoming.push_back((flow, bytes)),
                Step::Pass { way: Way::Out, flow: to, bytes, what } => {
                    if let Some(what) = what {
                        self.outgoing.push_back(Send { to, bytes, what });
                    }
                }
                Step::Ask(way, question) => {
                    let ticket = self.client.ask(&question, now);
                    if self.client.is_out(ticket)
                        && let Some(anchor) = self.anchors.get_mut(call_id)
                    {
                        anchor.has_asked();
                    }
                    self.waiting.insert(ticket, (call_id.clone(), way));
                }
                Step::Direct => self.metrics.relay.direct(),
                Step::Refused => self.metrics.relay.refused(),
            }
        }
    }

    /// Hears what rtpengine has answered.
    pub fn hear(&mut self, now: Timestamp) {
        loop {
            match self.socket.receive() {
                Ok(Some(datagram)) => self.client.hear(datagram, now),
                Ok(None) => break,
                Err(_refused) => self.client.refused(),
            }
        }
        self.settle(now);
    }
    /// Asks again what was not answered, and gives up what never will be.
    pub fn expire(&mut self, now: Timestamp) {
        if self.client.next_deadline() <= now {
            self.client.expire(now);
            self.settle(now);
        }
        while let Some((from, bye)) = self.pages.hung_up(now) {
            tracing::info!("a page with a call has not come back: it has hung up");
            let passed = self.receive(from, bye, now).map(|bye| (from, bye));
            self.incoming.extend(passed);
        }
    }
    /// A connection is gone, and perhaps a page with it.
    pub fn closed(&mut self, connection: Connection, now: Timestamp) {
        self.pages.closed(connection, now);
    }
    /// When [`Relay::expire`] has something to do, or the stack.
    #[must_use]
    pub fn next_deadline(&self) -> Timestamp {
        if !self.incoming.is_empty() {
            return Timestamp(0);
        }
        let asked = self.client.next_deadline();
        self.pages.next_deadline().map_or(asked, |missing| missing.min(asked))
    }
    /// Goes on with whatever has an outcome, and lets out what is to be asked.
    fn settle(&mut self, now: Timestamp) {
        while let Some(Outcome { ticket, command, verdict }) = self.client.take_outcome() {
            self.metrics.relay.count(command, verdict.as_ref());
            self.ending.remove(&ticket);
            if let Some(Verdict::Refused(reason)) = &verdict {
                self.complain(command, reason, now);
            }
            let Some((call_id, way)) = self.waiting.remove(&ticket) else { continue };
            let mut steps = Vec::new();
            if let Some(anchor) = self.anchors.get_mut(&call_id) {
                anchor.heard(way, verdict, &mut steps);
            }
            self.carry_out(&call_id, steps, now);
            if self.anchors.get(&call_id).is_some_and(|anchor| anchor.ends) {
                self.leave(&call_id, now);
            }
        }
        self.show();
        self.tell_ends(now);
        while let Some(datagram) = self.client.take_send() {
            self.socket.send(&datagram);
        }
    }
    fn complain(&mut self, command: &str, reason: &str, now: Timestamp) {
        if self.told.is_none_or(|told| now >= told + TELL_EVERY) {
            self.told = Some(now);
            tracing::warn!(command, reason, "rtpengine refuses; told at most once a minute");
        }
    }
    fn show(&self) {
        self.metrics.relay.set(self.client.is_up(), self.anchors.len());
    }
    /// The next message for the stack that has waited.
    pub fn take_incoming(&mut self) -> Option<(Flow, Bytes)> {
        self.incoming.pop_front()
    }
    /// The next message for a socket that has waited.
    pub fn take_outgoing(&mut self) -> Option<Send> {
        self.outgoing.pop_front()
    }
}

fn call_id(message: &Message) -> Bytes {
    Bytes::copy_from_slice(message.call_id())
}

#[cfg(test)]
mod tests;
