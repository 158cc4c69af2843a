//! One call at an agent's phone: rings, is answered or not, talks, hangs up.
//!
//! Ringing → Up → Ending → Over; Refusing (486, 603, 487) on the way to Over; Dead where the phone says nothing.

use crate::{
    caller::{CALL_HEADER, Hands},
    dialog::Dialog,
    figures::Failure,
    message::{self, Body, Text},
    plan::Manners,
    reply::Reply,
    resend::{GIVE_UP, Resend},
    tally::Tally,
};
use bytes::Bytes;
use sip::wire::{Message, Method, Name};
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

/// How long a call that is over still answers what is said again.
const LINGER: Duration = Duration::from_secs(5);
/// How long a phone that nobody answers rings at most.
const RING_AT_MOST: Duration = Duration::from_secs(300);

/// One call.
#[derive(Debug)]
pub(crate) struct PhoneCall {
    agent: String,
    caller: String,
    call_id: String,
    tag: String,
    local: SocketAddr,
    media: SocketAddr,
    talk: Option<Duration>,
    invite: Message,
    from: SocketAddr,
    state: State,
    /// Whether it still occupies the agent.
    occupies: bool,
}

#[derive(Debug)]
enum State {
    /// It rings; nobody answers when there is no `answer_at`.
    Ringing { answer_at: Option<Instant>, until: Instant },
    /// Answered; the talk begins with the ACK.
    Up(Box<Up>),
    /// Refused, until the ACK.
    Refusing { refusal: Resend },
    /// BYE is on its way.
    Ending { bye: Resend },
    /// Nothing left but to repeat ourselves.
    Over { until: Instant },
    /// The phone says nothing at all.
    Dead { until: Instant },
}

#[derive(Debug)]
struct Up {
    dialog: Dialog,
    /// Our last answer to an INVITE.
    reply: Reply,
    talk_ends: Option<Instant>,
}

/// What a phone makes of an INVITE.
enum Mood {
    Answers(Duration),
    Refuses(u16, &'static str),
    Silent,
    Dead,
}

impl PhoneCall {
    /// Takes an INVITE.
    pub(crate) fn ring(
        invite: &Message,
        from: SocketAddr,
        local: SocketAddr,
        media: SocketAddr,
        manners: &Manners,
        hands: &mut Hands<'_>,
    ) -> Self {
        let agent = message::user_of(&String::from_utf8_lossy(invite.request_uri())).to_owned();
        let mut call = Self {
            agent,
            caller: message::user_of(message::text(invite, Name::From)).to_owned(),
            call_id: message::text(invite, Name::CallId).to_owned(),
            tag: hands.branch(),
            local,
            media,
            talk: manners.talk.map(|talk| hands.dice.draw(talk)),
            invite: invite.clone(),
            from,
            state: State::Dead { until: hands.turn.now + GIVE_UP },
            occupies: true,
        };
        call.note("INV", hands);
        let router_call = invite.header_by_text(CALL_HEADER).and_then(|id| std::str::from_utf8(id).ok());
        hands.tally.rung(&call.agent, &call.caller, router_call, hands.turn.now);
        let until = hands.turn.now + RING_AT_MOST;
        match choose(invite, manners, hands) {
            Mood::Answers(after) => {
                let answer_at = Some(hands.turn.now + after);
                call.state = State::Ringing { answer_at, until };
                call.say_ringing(hands);
            }
            Mood::Silent => {
                call.state = State::Ringing { answer_at: None, until };
                call.say_ringing(hands);
            }
            Mood::Refuses(status, reason) => call.refuse(status, reason, hands),
            Mood::Dead => {}
        }
        call
    }
    pub(crate) fn call_id(&self) -> &str {
        &self.call_id
    }
    /// Whether the call is over for the phone.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state, State::Over { .. } | State::Dead { .. })
    }
    /// Whether nothing needs to be remembered of it.
    pub(crate) fn is_gone(&self, now: Instant) -> bool {
        matches!(self.state, State::Over { until } | State::Dead { until } if until <= now)
    }
    /// A phone that said nothing keeps its agent until it is forgotten.
    pub(crate) fn forget(&mut self, tally: &Tally) {
        if std::mem::take(&mut self.occupies) {
            tally.phone_free(&self.agent);
        }
    }
    /// When [`PhoneCall::expire`] is wanted.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Ringing { answer_at, until } => (*answer_at).into_iter().chain([*until]).min(),
            State::Up(up) => up.talk_ends.into_iter().chain(up.reply.deadline()).min(),
            State::Refusing { refusal } => Some(refusal.deadline()),
            State::Ending { bye } => Some(bye.deadline()),
            State::Over { until } | State::Dead { until } => Some(*until),
        }
    }
    /// Hangs up, as the run ends.
    pub(crate) fn stop(&mut self, hands: &mut Hands<'_>) {
        match &self.state {
            State::Ringing { .. } => self.refuse(480, "Temporarily Unavailable", hands),
            State::Up(_) => self.hang_up(hands),
            State::Refusing { .. } | State::Ending { .. } | State::Over { .. } | State::Dead { .. } => {}
        }
    }

    /// Does what is due.
    pub(crate) fn expire(&mut self, hands: &mut Hands<'_>) {
        let now = hands.turn.now;
        match &mut self.state {
            State::Ringing { answer_at, until } => {
                if answer_at.is_some_and(|at| at <= now) {
                    self.answer(hands);
                } else if *until <= now {
                    self.refuse(480, "Temporarily Unavailable", hands);
                }
            }
            State::Up(up) => {
                if !up.reply.expire(hands.turn) {
                    self.note("NOACK", hands);
                    hands.tally.failed(Failure::NoAck);
                    self.hang_up(hands);
                } else if up.talk_ends.is_some_and(|end| end <= now) {
                    self.hang_up(hands);
                }
            }
            State::Refusing { refusal } => {
                if !refusal.expire(hands.turn) {
                    hands.tally.failed(Failure::NoAck);
                    self.over(hands);
                }
            }
            State::Ending { bye } => {
                if !bye.expire(hands.turn) {
                    self.note("LOST", hands);
                    hands.tally.failed(Failure::ByeUnanswered);
                    self.over(hands);
                }
            }
            State::Over { .. } | State::Dead { .. } => {}
        }
    }

    /// Takes a message of this call.
    pub(crate) fn receive(&mut self, from: SocketAddr, message: &Message, hands: &mut Hands<'_>) {
        if let Some(status) = message.status() {
            if message.method() == Method::Bye && status >= 200 {
                self.bye_answered(status, hands);
            }
            return;
        }
        #[expect(clippy::wildcard_enum_match_arm, reason = "whatever else it is, the phone cannot do it")]
        match message.method() {
            Method::Invite => self.invited_again(from, message, hands),
            Method::Ack => self.acked(message, hands),
            Method::Cancel => self.cancelled(from, message, hands),
            Method::Bye => self.hung_up_on(from, message, hands),
            Method::Update | Method::Options | Method::Info | Method::Notify | Method::Message => {
                self.say(from, message, 200, "OK", hands);
            }
            _ => self.say(from, message, 501, "Not Implemented", hands),
        }
    }

    fn answer(&mut self, hands: &mut Hands<'_>) {
        self.note("ANS", hands);
        hands.tally.picked_up(&self.caller, hands.turn.now);
        let dialog = Dialog::of_phone(&self.invite, &self.tag, &self.agent, self.local, self.from);
        let sdp = message::sdp(self.media, dialog.sdp_version);
        let bytes = accepting(&self.invite, &self.tag, &self.agent, self.local, &sdp);
        let reply = Reply::send(&self.invite, self.from, bytes, hands.turn);
        self.state = State::Up(Box::new(Up { dialog, reply, talk_ends: None }));
    }
    fn say_ringing(&self, hands: &mut Hands<'_>) {
        let text = Text::response(&self.invite, 180, "Ringing", &self.tag);
        hands.turn.send(self.from, text.contact(&self.agent, self.local).finish(Body::Empty));
    }
    fn refuse(&mut self, status: u16, reason: &str, hands: &mut Hands<'_>) {
        self.note("REFUSED", hands);
        let bytes = Text::response(&self.invite, status, reason, &self.tag).finish(Body::Empty);
        self.free(hands);
        self.state = State::Refusing { refusal: Resend::other(self.from, bytes, hands.turn) };
    }

    fn invited_again(&mut self, from: SocketAddr, invite: &Message, hands: &mut Hands<'_>) {
        match &mut self.state {
            State::Ringing { .. } => self.say_ringing(hands),
            State::Up(up) => {
                if up.reply.repeats(invite, hands.turn) {
                    return;
                }
                up.dialog.refresh(invite, from);
                up.dialog.sdp_version += 1;
                let sdp = message::sdp(self.media, up.dialog.sdp_version);
                let bytes = accepting(invite, &self.tag, &self.agent, self.local, &sdp);
                up.reply = Reply::send(invite, from, bytes, hands.turn);
                self.note("REINV", hands);
            }
            State::Ending { .. } | State::Over { .. } => {
                self.say(from, invite, 481, "Call/Transaction Does Not Exist", hands);
            }
            State::Refusing { .. } | State::Dead { .. } => {}
        }
    }
    fn acked(&mut self, ack: &Message, hands: &mut Hands<'_>) {
        match &mut self.state {
            State::Up(up) => {
                if up.reply.acked(ack) && up.talk_ends.is_none() {
                    up.talk_ends = self.talk.map(|talk| hands.turn.now + talk);
                }
            }
            State::Refusing { .. } => self.over(hands),
            State::Ringing { .. } | State::Ending { .. } | State::Over { .. } | State::Dead { .. } => {}
        }
    }
    fn cancelled(&mut self, from: SocketAddr, cancel: &Message, hands: &mut Hands<'_>) {
        if matches!(self.state, State::Dead { .. }) {
            return;
        }
        self.say(from, cancel, 200, "OK", hands);
        if matches!(self.state, State::Ringing { .. }) {
            self.note("CANCEL", hands);
            let bytes =
                Text::response(&self.invite, 487, "Request Terminated", &self.tag).finish(Body::Empty);
            self.free(hands);
            self.state = State::Refusing { refusal: Resend::other(self.from, bytes, hands.turn) };
        }
    }
    fn hung_up_on(&mut self, from: SocketAddr, bye: &Message, hands: &mut Hands<'_>) {
        self.say(from, bye, 200, "OK", hands);
        if matches!(self.state, State::Up(_)) {
            self.note("BYE", hands);
            self.over(hands);
        }
    }
    fn hang_up(&mut self, hands: &mut Hands<'_>) {
        let State::Up(up) = &mut self.state else { return };
        let (peer, bytes) = up.dialog.bye(&hands.branch());
        self.note("HANGUP", hands);
        hands.tally.agent_hung_up(&self.caller, hands.turn.now);
        self.free(hands);
        self.state = State::Ending { bye: Resend::other(peer, bytes, hands.turn) };
    }
    fn bye_answered(&mut self, status: u16, hands: &mut Hands<'_>) {
        if matches!(self.state, State::Ending { .. }) {
            // 481: the other side hung up in the same moment.
            if status >= 300 && status != 481 {
                hands.tally.failed(Failure::ByeRefused);
            }
            self.note("HUNGUP", hands);
            self.over(hands);
        }
    }

    fn over(&mut self, hands: &mut Hands<'_>) {
        self.free(hands);
        self.state = State::Over { until: hands.turn.now + LINGER };
    }
    fn free(&mut self, hands: &mut Hands<'_>) {
        self.forget(hands.tally);
    }
    fn say(&self, to: SocketAddr, request: &Message, status: u16, reason: &str, hands: &mut Hands<'_>) {
        hands.turn.send(to, Text::response(request, status, reason, &self.tag).finish(Body::Empty));
    }
    fn note(&self, what: &str, hands: &Hands<'_>) {
        let head = format_args!("A {} {} {}", self.agent, self.caller, self.call_id);
        hands.tally.journal().note(head, what, format_args!(""));
    }
}

/// A 200 to an INVITE.
fn accepting(invite: &Message, tag: &str, agent: &str, local: SocketAddr, sdp: &str) -> Bytes {
    Text::response(invite, 200, "OK", tag).contact(agent, local).finish(Body::Sdp(sdp))
}

fn choose(invite: &Message, manners: &Manners, hands: &mut Hands<'_>) -> Mood {
    let (busy, reject, silent) = (manners.busy, manners.reject, manners.silent);
    let throw = hands.dice.unit();
    let ring = hands.dice.draw(manners.ring);
    if throw < busy {
        Mood::Refuses(486, "Busy Here")
    } else if throw < busy + reject {
        Mood::Refuses(603, "Decline")
    } else if throw < busy + reject + silent {
        Mood::Silent
    } else if throw < busy + reject + silent + manners.dead {
        Mood::Dead
    } else if manners.auto_answer && asks_for_auto_answer(invite) {
        Mood::Answers(Duration::ZERO)
    } else {
        Mood::Answers(ring)
    }
}

/// The ways in which phones are asked to answer by themselves.
fn asks_for_auto_answer(invite: &Message) -> bool {
    let asks = |name| {
        let text = message::text(invite, name).to_ascii_lowercase();
        text.contains("answer-after=0") || text.contains("auto-answer") || text.contains("auto answer")
    };
    asks(Name::CallInfo) || asks(Name::AlertInfo)
}
