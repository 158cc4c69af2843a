//! One caller: dials, waits, talks, hangs up.
//!
//! Calling → Proceeding → Up → Ending → Over; Cancelling when patience ends before an answer.

use crate::{
    dialog::Dialog,
    engine::Turn,
    figures::Failure,
    media::Ear,
    message::{self, Body, Text},
    random::Dice,
    reply::Reply,
    resend::{GIVE_UP, Resend},
    tally::{Ending, Tally},
};
use bytes::Bytes;
use sip::wire::{Message, Method};
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

/// How long a call that is over still answers what is said again.
const LINGER: Duration = Duration::from_secs(5);

/// How long a final answer may be on its way when a CANCEL is refused.
const FINAL_CROSSES: Duration = Duration::from_secs(2);
/// Header in which the router names its call.
pub(crate) const CALL_HEADER: &str = "X-Sambung-Call";

/// What a call is made of.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) target: SocketAddr,
    pub(crate) local: SocketAddr,
    pub(crate) dial: String,
    pub(crate) user: String,
    pub(crate) display: String,
    pub(crate) call_id: String,
    pub(crate) patience: Duration,
    pub(crate) talk: Option<Duration>,
    pub(crate) late_offer: bool,
    /// Where the caller wants its audio when it has no ear.
    pub(crate) media: SocketAddr,
    pub(crate) ear: Option<Ear>,
}

/// What a caller acts with.
pub(crate) struct Hands<'a> {
    pub(crate) turn: &'a mut Turn,
    pub(crate) tally: &'a Tally,
    pub(crate) dice: &'a mut Dice,
    /// For tags and branches.
    pub(crate) names: &'a mut Dice,
    /// Where agents' phones want their audio; empty when unknown: then every answer is an agent's.
    pub(crate) agents_media: &'a [SocketAddr],
}

impl Hands<'_> {
    pub(crate) fn branch(&mut self) -> String {
        format!("{:016x}", self.names.bits())
    }
}

/// One call.
#[derive(Debug)]
pub(crate) struct Call {
    order: Order,
    tag: String,
    branch: String,
    state: State,
    patience_ends: Instant,
    /// The run ends: so does the call.
    stopping: bool,
    /// The journal knows the router's id of the call.
    identified: bool,
}

#[derive(Debug)]
enum State {
    /// No answer yet.
    Calling { invite: Resend },
    /// A provisional answer came.
    Proceeding,
    /// Out of patience before an answer.
    Cancelling { cancel: Option<Resend>, until: Instant },
    /// Answered, by music or by an agent.
    Up(Box<Up>),
    /// BYE is on its way.
    Ending { bye: Resend, ack: Ack },
    /// Nothing left but to repeat ourselves.
    Over { until: Instant, ack: Option<Ack> },
}

type Ack = (SocketAddr, Bytes);

#[derive(Debug)]
struct Up {
    dialog: Dialog,
    ack: Ack,
    /// Our last answer to a re-INVITE.
    reply: Option<Reply>,
    answered: Instant,
    /// With an agent; `talk_ends` is when the caller hangs up, if it is the one to do so.
    connected: bool,
    talk_ends: Option<Instant>,
}

impl Call {
    /// Dials.
    pub(crate) fn place(order: Order, hands: &mut Hands<'_>) -> Self {
        let (tag, branch) = (hands.branch(), hands.branch());
        hands.tally.placed(&order.user, hands.turn.now);
        let uri = format!("sip:{}@{}", order.dial, order.target);
        let text = Text::request("INVITE", &uri, order.local, &branch);
        let text =
            caller_headers(text, &order, &tag).header("CSeq", "1 INVITE").contact(&order.user, order.local);
        let bytes = match order.late_offer {
            true => text.finish(Body::Empty),
            false => text.finish(Body::Sdp(&message::sdp(order.media_address(), 1))),
        };
        let invite = Resend::invite(order.target, bytes, hands.turn);
        let patience_ends = hands.turn.now + order.patience;
        Self {
            order,
            tag,
            branch,
            state: State::Calling { invite },
            patience_ends,
            stopping: false,
            identified: false,
        }
    }
    pub(crate) fn user(&self) -> &str {
        &self.order.user
    }
    pub(crate) fn call_id(&self) -> &str {
        &self.order.call_id
    }
    /// Whether the call is over for its caller.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state, State::Over { .. })
    }
    /// Whether nothing needs to be remembered of it.
    pub(crate) fn is_gone(&self, now: Instant) -> bool {
        matches!(self.state, State::Over { until, .. } if until <= now)
    }
    /// Hangs up, as the run ends.
    pub(crate) fn stop(&mut self, now: Instant) {
        self.stopping = true;
        self.patience_ends = now;
        if let State::Up(up) = &mut self.state {
            up.talk_ends = Some(now);
        }
    }
    /// When [`Call::expire`] is wanted.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Calling { invite } => Some(invite.deadline()),
            State::Proceeding => Some(self.patience_ends),
            State::Cancelling { cancel, until } => cancel.iter().map(Resend::deadline).chain([*until]).min(),
            State::Up(up) => {
                let end = if up.connected { up.talk_ends } else { Some(self.patience_ends) };
                end.into_iter().chain(up.reply.as_ref().and_then(Reply::deadline)).min()
            }
            State::Ending { bye, .. } => Some(bye.deadline()),
            State::Over { until, .. } => Some(*until),
        }
    }

    /// Does what is due.
    pub(crate) fn expire(&mut self, hands: &mut Hands<'_>) {
        let now = hands.turn.now;
        match &mut self.state {
            State::Calling { invite } => {
                if !invite.expire(hands.turn) {
                    self.finish(Ending::Failed(Failure::NoResponse), None, hands);
                }
            }
            State::Proceeding if self.patience_ends <= now => self.cancel(hands),
            State::Proceeding => {}
            State::Cancelling { cancel, until } => {
                let hopeless = cancel.as_mut().is_some_and(|cancel| !cancel.expire(hands.turn));
                if hopeless || *until <= now {
                    self.finish(Ending::Failed(Failure::CancelUnanswered), None, hands);
                }
            }
            State::Up(up) => {
                if up.reply.as_mut().is_some_and(|reply| !reply.expire(hands.turn)) {
                    up.reply = None;
                    hands.tally.failed(Failure::NoAck);
                }
                if if up.connected {
                    up.talk_ends.is_some_and(|end| end <= now)
                } else {
                    self.patience_ends <= now
                } {
                    self.hang_up(hands);
                }
            }
            State::Ending { bye, ack } => {
                if !bye.expire(hands.turn) {
                    hands.tally.failed(Failure::ByeUnanswered);
                    self.state = State::Over { until: now + LINGER, ack: Some(ack.clone()) };
                }
            }
            State::Over { .. } => {}
        }
    }

    /// Takes a message of this call.
    pub(crate) fn receive(&mut self, from: SocketAddr, message: &Message, hands: &mut Hands<'_>) {
        self.identify(message, hands);
        match (message.status(), message.cseq().1) {
            (Some(status @ 100..=199), Method::Invite) => self.progress(status, hands),
            (Some(200..=299), Method::Invite) => self.accepted(from, message, hands),
            (Some(status), Method::Invite) => self.refused(status, message, hands),
            (Some(status @ 200..), Method::Cancel) => self.cancel_answered(status, hands.turn.now),
            (Some(status @ 200..), Method::Bye) => self.bye_answered(status, hands),
            (Some(_provisional_or_foreign), _method) => {}
            (None, _method) => self.asked(from, message, hands),
        }
    }

    fn identify(&mut self, message: &Message, hands: &Hands<'_>) {
        if self.identified {
            return;
        }
        if let Some(id) = message.header_by_text(CALL_HEADER).and_then(|id| std::str::from_utf8(id).ok()) {
            self.identified = true;
            hands.tally.journal().note(format_args!("C {}", self.order.user), "ID", format_args!("{id}"));
        }
    }

    fn cancel_answered(&mut self, status: u16, now: Instant) {
        if let State::Cancelling { cancel, until } = &mut self.state {
            *cancel = None;
            if status >= 300 {
                *until = now + FINAL_CROSSES; // the router knows no such call, or has just answered it
            }
        }
    }

    fn progress(&mut self, status: u16, hands: &mut Hands<'_>) {
        if status == 182 {
            hands.tally.queued(self.user());
        }
        if status == 180 {
            hands.tally.caller_did(self.user(), "RING");
        }
        if matches!(self.state, State::Calling { .. }) {
            self.state = State::Proceeding;
            if self.patience_ends <= hands.turn.now {
                self.cancel(hands);
            }
        }
    }

    fn accepted(&mut self, from: SocketAddr, answer: &Message, hands: &mut Hands<'_>) {
        match &self.state {
            State::Calling { .. } | State::Proceeding | State::Cancelling { .. } => {}
            State::Up(up) => return hands.turn.sends.push(up.ack.clone()),
            State::Ending { ack, .. } | State::Over { ack: Some(ack), .. } => {
                return hands.turn.sends.push(ack.clone());
            }
            State::Over { ack: None, .. } => return,
        }
        let cancelled = matches!(self.state, State::Cancelling { .. });
        let dialog = Dialog::of_caller(answer, &self.order.user, self.order.local, from);
        let body = self.order.late_offer.then(|| message::sdp(self.order.media_address(), 1));
        let ack = dialog.ack(answer.cseq().0, &hands.branch(), body.as_deref());
        hands.turn.sends.push(ack.clone());
        hands.tally.answered(&self.order.user, hands.turn.now);
        let now = hands.turn.now;
        let up = Up { dialog, ack, reply: None, answered: now, connected: false, talk_ends: None };
        self.state = State::Up(Box::new(up));
        self.look_at_media(&answer.body(), hands);
        if cancelled {
            self.hang_up(hands); // the CANCEL crossed the 200
        }
    }

    fn refused(&mut self, status: u16, answer: &Message, hands: &mut Hands<'_>) {
        let uri = format!("sip:{}@{}", self.order.dial, self.order.target);
        let text = Text::request("ACK", &uri, self.order.local, &self.branch);
        let text = text
            .header("From", message::text(answer, sip::wire::Name::From))
            .header("To", message::text(answer, sip::wire::Name::To))
            .header("Call-ID", self.call_id())
            .header("CSeq", "1 ACK");
        let ack = (self.order.target, text.finish(Body::Empty));
        hands.turn.sends.push(ack.clone());
        match &self.state {
            State::Calling { .. } | State::Proceeding => self.finish(Ending::Refused(status), None, hands),
            State::Cancelling { .. } => self.finish(self.own_ending(), None, hands),
            State::Up(_) | State::Ending { .. } | State::Over { .. } => {}
        }
    }

    fn bye_answered(&mut self, status: u16, hands: &mut Hands<'_>) {
        if let State::Ending { ack, .. } = &self.state {
            // 481: the other side hung up in the same moment.
            if status >= 300 && status != 481 {
                hands.tally.failed(Failure::ByeRefused);
            }
            hands.tally.caller_did(&self.order.user, "HUNGUP");
            self.state = State::Over { until: hands.turn.now + LINGER, ack: Some(ack.clone()) };
        }
    }

    fn asked(&mut self, from: SocketAddr, request: &Message, hands: &mut Hands<'_>) {
        #[expect(clippy::wildcard_enum_match_arm, reason = "whatever else it is, a caller cannot do it")]
        match request.method() {
            Method::Invite => self.reinvited(from, request, hands),
            Method::Ack => self.acked(request, hands),
            Method::Bye => {
                self.answer(from, request, 200, "OK", hands);
                if let State::Up(up) = &self.state {
                    let (ack, connected) = (up.ack.clone(), up.connected);
                    hands.tally.bye_came(&self.order.user, hands.turn.now);
                    let ending = if connected { Ending::Completed } else { Ending::SentAway };
                    self.finish(ending, Some(ack), hands);
                }
            }
            Method::Update | Method::Options | Method::Info | Method::Notify | Method::Message => {
                self.answer(from, request, 200, "OK", hands);
            }
            _ => self.answer(from, request, 501, "Not Implemented", hands),
        }
    }

    fn reinvited(&mut self, from: SocketAddr, request: &Message, hands: &mut Hands<'_>) {
        let State::Up(up) = &mut self.state else {
            return self.answer(from, request, 481, "Call/Transaction Does Not Exist", hands);
        };
        if up.reply.as_mut().is_some_and(|reply| reply.repeats(request, hands.turn)) {
            return;
        }
        up.dialog.refresh(request, from);
        up.dialog.sdp_version += 1;
        let sdp = message::sdp(self.order.media_address(), up.dialog.sdp_version);
        let text = Text::response(request, 200, "OK", &self.tag).contact(&self.order.user, self.order.local);
        up.reply = Some(Reply::send(request, from, text.finish(Body::Sdp(&sdp)), hands.turn));
        hands.tally.repointed(&self.order.user, hands.turn.now);
        self.look_at_media(&request.body(), hands);
    }

    fn acked(&mut self, ack: &Message, hands: &mut Hands<'_>) {
        if let State::Up(up) = &mut self.state
            && up.reply.as_mut().is_some_and(|reply| reply.acked(ack))
        {
            self.look_at_media(&ack.body(), hands);
        }
    }

    /// Finds out whether the caller now hears an agent.
    fn look_at_media(&mut self, body: &[u8], hands: &mut Hands<'_>) {
        let State::Up(up) = &mut self.state else { return };
        let at_agent = hands.agents_media.is_empty()
            || message::media_of(body).is_some_and(|media| hands.agents_media.contains(&media));
        if up.connected || !at_agent {
            return;
        }
        let now = hands.turn.now;
        up.connected = true;
        up.talk_ends = self.order.talk.map(|talk| now + talk);
        let waited = now - up.answered;
        hands.tally.connected(&self.order.user, now);
        self.order.report_heard(waited, hands.tally);
    }

    fn cancel(&mut self, hands: &mut Hands<'_>) {
        hands.tally.caller_did(self.user(), "CANCEL");
        let uri = format!("sip:{}@{}", self.order.dial, self.order.target);
        let text = Text::request("CANCEL", &uri, self.order.local, &self.branch);
        let bytes =
            caller_headers(text, &self.order, &self.tag).header("CSeq", "1 CANCEL").finish(Body::Empty);
        let cancel = Some(Resend::other(self.order.target, bytes, hands.turn));
        self.state = State::Cancelling { cancel, until: hands.turn.now + GIVE_UP + LINGER };
    }

    fn hang_up(&mut self, hands: &mut Hands<'_>) {
        let State::Up(up) = &mut self.state else { return };
        hands.tally.caller_did(&self.order.user, "HANGUP");
        let (peer, bytes) = up.dialog.bye(&hands.branch());
        let (ack, connected, waited) = (up.ack.clone(), up.connected, hands.turn.now - up.answered);
        self.state = State::Ending { bye: Resend::other(peer, bytes, hands.turn), ack };
        if !connected {
            self.order.report_heard(waited, hands.tally);
        }
        let ending = if connected && !self.stopping { Ending::Completed } else { self.own_ending() };
        hands.tally.ended(&self.order.user, ending, hands.turn.now);
    }

    fn own_ending(&self) -> Ending {
        if self.stopping { Ending::Stopped } else { Ending::Abandoned }
    }

    fn finish(&mut self, ending: Ending, ack: Option<Ack>, hands: &mut Hands<'_>) {
        let now = hands.turn.now;
        if let State::Up(up) = &self.state
            && !up.connected
        {
            let waited = now - up.answered;
            self.order.report_heard(waited, hands.tally);
        }
        self.state = State::Over { until: now + LINGER, ack };
        hands.tally.ended(&self.order.user, ending, now);
    }

    fn answer(&self, from: SocketAddr, request: &Message, status: u16, reason: &str, hands: &mut Hands<'_>) {
        let text = Text::response(request, status, reason, &self.tag);
        hands.turn.send(from, text.contact(&self.order.user, self.order.local).finish(Body::Empty));
    }
}

impl Order {
    fn media_address(&self) -> SocketAddr {
        self.ear.as_ref().map_or(self.media, |ear| ear.address)
    }
    /// Tells what the caller heard while it waited, once; its ear closes.
    fn report_heard(&mut self, waited: Duration, tally: &Tally) {
        if let Some(ear) = &mut self.ear
            && let Some(heard) = ear.close()
        {
            tally.heard(&self.user, heard, waited);
        }
    }
}

fn caller_headers(text: Text, order: &Order, tag: &str) -> Text {
    let display =
        if order.display.is_empty() { String::new() } else { message::quoted(&order.display) + " " };
    text.header("From", &format!("{display}<sip:{}@{}>;tag={tag}", order.user, order.local))
        .header("To", &format!("<sip:{}@{}>", order.dial, order.target))
        .header("Call-ID", &order.call_id)
}
