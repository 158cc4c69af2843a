//! What is between one dialog and rtpengine: which message waits for which description, in which order they go on.
//!
//! Pure. A dialog has two lanes, to the phone and from it. The first message of a lane may wait for its description; the
//! others wait behind it, so that no message overtakes another. What comes again while it waits is dropped, and what
//! comes again later is given the same description: repeats stay repeats.

use super::{
    ng::{Description, Question, Side, Verdict},
    rewrite,
};
use bytes::Bytes;
use sip::{
    Flow, Sent, Transport,
    wire::{Message, Method},
};
use std::collections::VecDeque;

/// Messages of a lane that wait; beyond it they are lost, and SIP sends again.
const MAX_HELD: usize = 16;

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To the phone.
    Out,
    /// From the phone.
    In,
}

/// A message on its way.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// Where it came from or goes to.
    pub flow: Flow,
    /// Itself.
    pub message: Message,
    /// What it is, for metrics, when it goes out.
    pub what: Option<Sent>,
}

/// What is to be done, in order.
#[derive(Debug)]
pub enum Step {
    /// It goes on as `bytes`.
    Pass {
        /// Which way.
        way: Way,
        /// Where it came from or goes to.
        flow: Flow,
        /// The message.
        bytes: Bytes,
        /// What it is, for metrics, when it goes out.
        what: Option<Sent>,
    },
    /// This is to be asked; the first message of that lane waits for the outcome.
    Ask(Way, Question),
    /// Media of a phone goes directly, because nobody relays it.
    Direct,
    /// A phone that cannot do without was refused.
    Refused,
}

/// One dialog of a phone's.
#[derive(Debug)]
pub struct Anchor {
    call: String,
    /// Our tag in it.
    ours: Bytes,
    lanes: [Lane; 2],
    /// The last offer of each side.
    offers: [Option<Offer>; 2],
    /// A question about it has left for rtpengine.
    known: bool,
    /// It is over as soon as nothing waits any more.
    pub ends: bool,
}

#[derive(Debug, Default)]
struct Lane {
    held: VecDeque<Parcel>,
    last: Option<Rewritten>,
}

/// An offer, and what became of it.
#[derive(Clone, Copy, Debug)]
struct Offer {
    cseq: u32,
    in_response: bool,
    relayed: bool,
}

/// What was made of a description.
#[derive(Debug)]
struct Rewritten {
    of: Key,
    into: Option<Bytes>,
}

/// A description is the same when it comes in the same kind of message to the same end.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    request: bool,
    cseq: (u32, Method),
    body: Bytes,
}

/// What a description is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Offer,
    /// To an offer that was relayed, or was not.
    Answer {
        relayed: bool,
    },
}

const fn at(way: Way) -> usize {
    match way {
        Way::Out => 0,
        Way::In => 1,
    }
}

const fn other(way: Way) -> Way {
    match way {
        Way::Out => Way::In,
        Way::In => Way::Out,
    }
}

/// SIP over WebSocket is a browser's.
pub const fn is_browser(flow: Flow) -> bool {
    matches!(flow.transport, Transport::Ws | Transport::Wss)
}

impl Anchor {
    /// The dialog that this INVITE of ours begins; nothing has been said in it.
    pub fn new(invite: &Message) -> Self {
        Self {
            call: String::from_utf8_lossy(invite.call_id()).into_owned(),
            ours: Bytes::copy_from_slice(invite.from_tag().unwrap_or_default()),
            lanes: [Lane::default(), Lane::default()],
            offers: [None, None],
            known: false,
            ends: false,
        }
    }
    /// A dialog of a process before, which may have told rtpengine of it.
    pub fn of_before(invite: &Message) -> Self {
        Self { known: true, ..Self::new(invite) }
    }
    /// Whether a message with its Call-ID is said in it: our tag is on our side. An INVITE that a proxy has sent back to us
    /// is of another one.
    pub fn has(&self, way: Way, message: &Message) -> bool {
        let by_us = (way == Way::Out) == message.is_request();
        let tag = if by_us { message.from_tag() } else { message.to_tag() };
        tag == Some(&*self.ours)
    }
    /// Whether no message waits.
    pub fn is_idle(&self) -> bool {
        self.lanes.iter().all(|lane| lane.held.is_empty())
    }
    /// A question of its has left for rtpengine.
    pub const fn has_asked(&mut self) {
        self.known = true;
    }
    /// What tells rtpengine that the dialog is over, if it has heard of it.
    pub fn end(&self) -> Option<Question> {
        self.known.then(|| Question::Delete { call: self.call.clone() })
    }
    /// Takes a message.
    pub fn take(&mut self, way: Way, parcel: Parcel, steps: &mut Vec<Step>) {
        let lane = &mut self.lanes[at(way)];
        if lane.held.is_empty() {
            return self.start(way, parcel, steps);
        }
        let is_repeat = lane.held.iter().any(|held| held.message.bytes() == parcel.message.bytes());
        if !is_repeat && lane.held.len() < MAX_HELD {
            lane.held.push_back(parcel);
        }
    }
    /// Hears what has become of the question that the first message of a lane waits for; none: nobody answered.
    pub fn heard(&mut self, way: Way, verdict: Option<Verdict>, steps: &mut Vec<Step>) {
        let Some(parcel) = self.lanes[at(way)].held.pop_front() else { return };
        let sdp = match verdict {
            Some(Verdict::Rewritten(sdp)) => Some(Bytes::from(sdp)),
            Some(Verdict::Done | Verdict::Refused(_)) | None => None,
        };
        match sdp {
            Some(sdp) => {
                self.remember(way, &parcel, Some(sdp.clone()));
                steps.push(pass(way, &parcel, rewrite::with_body(&parcel.message, Some(sdp))));
            }
            None => self.without_relay(way, &parcel, steps),
        }
        self.go_on(way, steps);
    }

    /// Those behind the one that has gone on.
    fn go_on(&mut self, way: Way, steps: &mut Vec<Step>) {
        while let Some(parcel) = self.lanes[at(way)].held.pop_front() {
            let rest = std::mem::take(&mut self.lanes[at(way)].held);
            self.start(way, parcel, steps);
            let held = &mut self.lanes[at(way)].held;
            let waits = !held.is_empty();
            held.extend(rest);
            if waits {
                return;
            }
        }
    }
    /// A message whose turn it is.
    fn start(&mut self, way: Way, parcel: Parcel, steps: &mut Vec<Step>) {
        let Some((kind, body)) = self.kind(way, &parcel.message) else {
            let bytes = parcel.message.bytes().clone();
            return steps.push(pass(way, &parcel, bytes));
        };
        let key = Key::of(&parcel.message, &body);
        if let Some(last) = self.lanes[at(way)].last.as_ref().filter(|last| last.of == key) {
            let again = last.into.clone().map(|sdp| rewrite::with_body(&parcel.message, Some(sdp)));
            let bytes = again.unwrap_or_else(|| parcel.message.bytes().clone());
            return steps.push(pass(way, &parcel, bytes));
        }
        let question = match kind {
            Kind::Answer { relayed: false } => return self.without_relay(way, &parcel, steps),
            Kind::Offer => Question::Offer(self.description(way, kind, &parcel, &body)),
            Kind::Answer { relayed: true } => Question::Answer(self.description(way, kind, &parcel, &body)),
        };
        self.lanes[at(way)].held.push_back(parcel);
        steps.push(Step::Ask(way, question));
    }
    /// What the description of a message is, if it has one that concerns media.
    fn kind(&self, way: Way, message: &Message) -> Option<(Kind, Bytes)> {
        let body = rewrite::description(message)?;
        let (cseq, method) = message.cseq();
        let answers = |in_response| {
            let offer = self.offers[at(other(way))]?;
            let is_its = (offer.cseq, offer.in_response) == (cseq, in_response);
            is_its.then_some(Kind::Answer { relayed: offer.relayed })
        };
        let kind = match (method, message.status()) {
            (Method::Invite | Method::Update, None) => Kind::Offer,
            (Method::Invite | Method::Update, Some(101..300)) => answers(false).unwrap_or(Kind::Offer),
            (Method::Ack, None) => answers(true)?,
            (_, _) => return None,
        };
        Some((kind, body))
    }
    fn description(&self, way: Way, kind: Kind, parcel: &Parcel, body: &Bytes) -> Description {
        let message = &parcel.message;
        let (from, to) = (message.from_tag().map(text), message.to_tag().map(text));
        let (offerer, answerer) = match (kind, message.is_request()) {
            (Kind::Offer, true) | (Kind::Answer { .. }, false) => (from, to),
            (Kind::Offer, false) | (Kind::Answer { .. }, true) => (to, from),
        };
        let browser = is_browser(parcel.flow);
        Description {
            call: self.call.clone(),
            offerer: offerer.unwrap_or_default(),
            answerer,
            sdp: String::from_utf8_lossy(body).into_owned(),
            to: if browser && way == Way::Out { Side::Browser } else { Side::Plain },
            alike: !browser,
        }
    }
    /// Notes what was made of a description; an offer stands until the next one of its side.
    fn remember(&mut self, way: Way, parcel: &Parcel, into: Option<Bytes>) {
        let Some((kind, body)) = self.kind(way, &parcel.message) else { return };
        if kind == Kind::Offer {
            let (cseq, _) = parcel.message.cseq();
            let (in_response, relayed) = (!parcel.message.is_request(), into.is_some());
            self.offers[at(way)] = Some(Offer { cseq, in_response, relayed });
        }
        self.lanes[at(way)].last = Some(Rewritten { of: Key::of(&parcel.message, &body), into });
    }
    /// A description that nobody has rewritten: RTP goes directly, a browser is refused what it cannot do.
    fn without_relay(&mut self, way: Way, parcel: &Parcel, steps: &mut Vec<Step>) {
        let message = &parcel.message;
        if !is_browser(parcel.flow) {
            self.remember(way, parcel, None);
            steps.push(pass(way, parcel, message.bytes().clone()));
            return steps.push(Step::Direct);
        }
        let back = || rewrite::unavailable(message, parcel.flow);
        let step = match (way, message.is_request() && message.method() != Method::Ack) {
            (_, true) => {
                let (flow, what) = (parcel.flow, Some(Sent::Response(message.method(), 503)));
                Step::Pass { way: other(way), flow, bytes: back(), what }
            }
            // The one who offered is told that there is nothing to be agreed upon.
            (Way::In, false) => pass(way, parcel, rewrite::with_body(message, None)),
            (Way::Out, false) => pass(way, parcel, message.bytes().clone()),
        };
        steps.push(step);
        steps.push(Step::Refused);
    }
}

impl Key {
    fn of(message: &Message, body: &Bytes) -> Self {
        Self { request: message.is_request(), cseq: message.cseq(), body: body.clone() }
    }
}

const fn pass(way: Way, parcel: &Parcel, bytes: Bytes) -> Step {
    Step::Pass { way, flow: parcel.flow, bytes, what: parcel.what }
}

fn text(tag: &[u8]) -> String {
    String::from_utf8_lossy(tag).into_owned()
}

#[cfg(test)]
mod tests;
