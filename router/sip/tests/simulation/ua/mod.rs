//! A caller or a phone in one dialog: it repeats what is not answered and answers what is repeated, as RFC 3261 asks,
//! and misbehaves where its plan says so.

mod early;
mod gate;
mod refresh;
mod session;
mod transfer;

pub use gate::Gate;
pub use session::{Reliability, Skills};
pub use transfer::Gift;

use crate::network::Chance;
use crate::rig::{Peer, answer, sdp, tag_of, text};
use crate::way::{Style, Way};
use session::Session;
use sip::{
    Micros,
    wire::{Message, Method},
};
use std::collections::{BTreeMap, BTreeSet};

const SECOND: u64 = 1_000_000;

/// How a peer answers a re-INVITE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnReinvite {
    Agree,
    /// With media somewhere else than before.
    Move,
    /// 491 so many times, then agree.
    Glare(u8),
    Refuse(u16),
    Ignore,
}

/// What a peer does by itself, and when (µs of the shift).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    Progress(u16),
    Answer,
    Refuse(u16),
    HangUp,
    Reinvite {
        offerless: bool,
        moves: bool,
    },
    /// An UPDATE with an offer.
    Update {
        moves: bool,
    },
    /// A digit by INFO.
    Digit,
    /// A refusal by which a phone asks for a longer session.
    TooBrief,
    /// Its user holds the other side, or takes it back.
    Hold(Option<Style>),
    Vanish,
    /// Its user gives the caller away, and may want no reports on that.
    Refer {
        silent: bool,
    },
}

#[derive(Clone, Debug)]
pub struct Plan {
    pub deeds: Vec<(Micros, Deed)>,
    pub on_reinvite: OnReinvite,
    /// A caller that never acknowledges a 2xx.
    pub no_ack: bool,
    /// A phone that answers although it was cancelled.
    pub deaf_to_cancel: bool,
    /// A phone whose call forks: a second 2xx with another tag.
    pub forks: bool,
    /// A phone whose 2xx has no description.
    pub no_sdp: bool,
    pub skills: Skills,
}

/// An offer of ours that waits for its answer.
#[derive(Clone, Copy, Debug)]
struct Offer {
    method: Method,
    offerless: bool,
    /// Where our media was before, and is again when it is refused.
    port: u16,
}

/// A message that is repeated until something comes back.
#[derive(Debug)]
struct Repeat {
    bytes: String,
    next: Micros,
    pause: u64,
    longest: u64,
    ends: Micros,
}

impl Repeat {
    fn new(bytes: String, longest: u64, now: Micros) -> Self {
        let after = |us| Micros(now.0 + us);
        Self { bytes, next: after(SECOND / 2), pause: SECOND / 2, longest, ends: after(32 * SECOND) }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The INVITE has no final response yet.
    Early,
    Up,
    /// BYE sent or got, refused, or given up.
    Over,
}

#[derive(Debug)]
pub struct Ua {
    pub peer: Peer,
    pub plan: Plan,
    pub state: State,
    pub vanished: bool,
    /// Final statuses of our first INVITE, as a caller.
    pub finals: Vec<u16>,
    /// Port of the other side's media, as told last, and ours.
    pub hears: Option<u16>,
    pub port: u16,
    pub way: Way,
    pub joined_since: Micros,
    /// `X-Sambung-Call`.
    pub call: String,
    invite: Option<Message>,
    first_invite: String,
    provisional: bool,
    cancel_wanted: bool,
    cancelled: bool,
    tag: &'static str,
    /// Requests out, by branch and method.
    out: BTreeMap<(String, Method), Repeat>,
    /// Answers given, by branch and method.
    given: BTreeMap<(String, Method), String>,
    /// Final responses to INVITEs without ACK yet, by CSeq.
    unacked: BTreeMap<(u32, String), Repeat>,
    acks: BTreeMap<u32, String>,
    asking: Option<Offer>,
    pub session: Option<Session>,
    /// Nobody refreshed the session in time.
    pub expired: bool,
    /// Version of our description.
    version: u32,
    /// A phone that has asked for another INVITE.
    awaits_another: bool,
    /// A phone's provisional response that was not received yet, with its RSeq.
    unreceived: Option<(u32, Repeat)>,
    /// RSeq of the provisional responses a caller has received.
    received: BTreeSet<u32>,
    /// What it knows of the caller it gave away.
    pub gift: Option<Gift>,
    /// Whether it takes the place of another caller.
    pub succeeds: bool,
    /// A phone that was told that another one was faster.
    pub outrun: bool,
    /// A gateway, which asks who we are.
    pub gate: Option<Gate>,
    sends: Vec<String>,
}

fn key(message: &Message) -> (String, Method) {
    (text(message.top_via().branch().unwrap()).to_owned(), message.method())
}

impl Ua {
    fn new(peer: Peer, plan: Plan, port: u16, tag: &'static str) -> Self {
        Self {
            peer,
            plan,
            state: State::Early,
            vanished: false,
            finals: Vec::new(),
            hears: None,
            port,
            way: Way::default(),
            joined_since: Micros(0),
            call: String::new(),
            invite: None,
            first_invite: String::new(),
            provisional: false,
            cancel_wanted: false,
            cancelled: false,
            tag,
            out: BTreeMap::new(),
            given: BTreeMap::new(),
            unacked: BTreeMap::new(),
            acks: BTreeMap::new(),
            asking: None,
            session: None,
            expired: false,
            version: 1,
            awaits_another: false,
            unreceived: None,
            received: BTreeSet::new(),
            gift: None,
            succeeds: false,
            outrun: false,
            gate: None,
            sends: Vec::new(),
        }
    }
    /// `more` is what its INVITE says beside.
    pub fn caller(
        (peer, plan): (Peer, Plan),
        port: u16,
        payloads: &str,
        offerless: bool,
        more: &str,
        now: Micros,
    ) -> Self {
        let mut ua = Self::new(peer, plan, port, "");
        let body = if offerless { String::new() } else { sdp("192.0.2.10", port, payloads) };
        ua.succeeds = !more.is_empty();
        let lines = format!("{}{more}", ua.plan.skills.invite());
        ua.first_invite = ua.peer.request(Method::Invite, &lines, &body);
        ua.ask(ua.first_invite.clone(), Method::Invite, now);
        ua
    }
    pub fn phone(invite: Message, plan: Plan, port: u16) -> Self {
        let mut ua = Self::new(Peer::phone(&invite, "p"), plan, port, "p");
        ua.hears = port_of(&invite);
        ua.call = call_of(&invite);
        ua.invite = Some(invite);
        ua
    }
    pub fn is_phone(&self) -> bool {
        self.invite.is_some()
    }
    /// Nothing is repeated, nothing is planned.
    pub fn is_quiet(&self) -> bool {
        let silent = |invite: &Message| self.state == State::Early && !self.given.contains_key(&key(invite));
        let silent = self.awaits_another || self.invite.as_ref().is_some_and(silent);
        self.vanished
            || silent
            || (self.state == State::Over && self.out.is_empty() && self.unacked.is_empty())
    }
    /// In a conversation, with nothing under way, and of good will.
    pub fn is_settled(&self) -> bool {
        let odd = self.vanished
            || self.plan.no_ack
            || self.cancelled
            // It may take longer than anybody waits here until it is ready to be told something, and who says that there
            // is no such conversation is taken at its word.
            || matches!(
                self.plan.on_reinvite,
                OnReinvite::Ignore | OnReinvite::Glare(1..) | OnReinvite::Refuse(481)
            );
        self.state == State::Up && !odd && self.out.is_empty() && self.unacked.is_empty()
    }
    /// A caller who can hear our music, and does as it is asked.
    pub fn takes_music(&self) -> bool {
        self.is_settled() && self.first_invite.contains(" 8 0\r") && self.way.holding.is_none()
    }
    /// Its dialog, as an INVITE names it that takes its place; none when it has none any more.
    pub fn replaces(&self) -> Option<String> {
        if self.state != State::Up || self.vanished || self.is_phone() {
            return None;
        }
        let Peer { call_id, remote, local, .. } = &self.peer;
        Some(format!("Replaces: {call_id};to-tag={};from-tag={}\r\n", tag_of(remote), tag_of(local)))
    }
    /// Whether it hangs up now, holds or retrieves.
    pub fn is_about_to_act(&self, now: Micros) -> bool {
        let acts = |deed: &Deed| matches!(deed, Deed::HangUp | Deed::Hold(_));
        self.plan.deeds.iter().any(|(at, deed)| *at <= now && acts(deed))
    }
    /// For a failing seed.
    pub fn describe(&self) -> String {
        let Self { state, plan, finals, out, unacked, asking, session, .. } = self;
        format!(
            "{state:?} {plan:?} finals {finals:?} out {:?} unacked {:?} asking {asking:?} session {session:?}",
            out.keys(),
            unacked.keys()
        )
    }
    pub fn sent(&mut self) -> Vec<String> {
        std::mem::take(&mut self.sends)
    }
    fn send(&mut self, text: String) {
        self.sends.push(text);
    }
    fn body(&self) -> String {
        let host = if self.is_phone() { "203.0.113.7" } else { "192.0.2.10" };
        sdp(host, self.port, "8 0").replace("o=- 1 1 ", &format!("o=- 1 {} ", self.version))
    }
    fn contact(&self) -> String {
        format!("Contact: <sip:peer@{}>\r\n", self.peer.at)
    }
    fn ask(&mut self, request: String, method: Method, now: Micros) {
        let branch = self.branch_of(&request);
        let longest = if method == Method::Invite { 32 * SECOND } else { 4 * SECOND };
        self.send(request.clone());
        self.out.insert((branch, method), Repeat::new(request, longest, now));
    }
    fn branch_of(&self, request: &str) -> String {
        let start = request.find("branch=").unwrap() + 7;
        request[start..].split([';', '\r']).next().unwrap().to_owned()
    }

    /// When something is to be done.
    pub fn due(&self) -> Option<Micros> {
        if self.vanished {
            return None;
        }
        let unreceived = self.unreceived.iter().map(|(_, repeat)| repeat);
        let repeats = self.out.values().chain(self.unacked.values()).chain(unreceived);
        let repeats = repeats.map(|repeat| repeat.next.min(repeat.ends));
        let session = self.session.filter(|_| self.state == State::Up);
        let session =
            session.map(|session| session.refresh_due().unwrap_or(session.expires()).min(session.expires()));
        repeats.chain(self.plan.deeds.iter().map(|(at, _)| *at)).chain(session).min()
    }
    pub fn on_time(&mut self, now: Micros) {
        if self.vanished {
            return;
        }
        while let Some(place) = self.plan.deeds.iter().position(|(at, _)| *at <= now) {
            let (_, deed) = self.plan.deeds.remove(place);
            self.act(deed, now);
        }
        self.mind_session(now);
        self.repeat(now);
    }
    fn repeat(&mut self, now: Micros) {
        let mut sends = Vec::new();
        let mut timed_out = Vec::new();
        let mut go = |repeat: &mut Repeat| {
            if now >= repeat.ends {
                return false;
            }
            if now >= repeat.next {
                sends.push(repeat.bytes.clone());
                repeat.pause = (repeat.pause * 2).min(repeat.longest);
                repeat.next = Micros(now.0 + repeat.pause);
            }
            true
        };
        for (key, mut repeat) in std::mem::take(&mut self.out) {
            if go(&mut repeat) {
                self.out.insert(key, repeat);
            } else {
                timed_out.push(key);
            }
        }
        let never_received = self.unreceived.as_mut().is_some_and(|(_, repeat)| !go(repeat));
        let mut never_acked = false;
        for (key, mut repeat) in std::mem::take(&mut self.unacked) {
            if go(&mut repeat) {
                self.unacked.insert(key, repeat);
            } else {
                never_acked |= repeat.bytes.starts_with("SIP/2.0 2");
            }
        }
        self.sends.append(&mut sends);
        if never_received {
            self.finish_or_progress(504, now);
        }
        for (_, method) in timed_out {
            self.timed_out(method, now);
        }
        if never_acked && self.state == State::Up {
            self.hang_up(now);
        }
    }
    fn timed_out(&mut self, method: Method, now: Micros) {
        match method {
            Method::Invite | Method::Update if self.state == State::Up => self.hang_up(now),
            Method::Invite | Method::Bye => self.state = State::Over,
            _ => {}
        }
    }
    fn hang_up(&mut self, now: Micros) {
        match self.state {
            State::Up => {
                self.gift = self.gift.take().map(Gift::cut_off);
                self.state = State::Over;
                self.asking = None;
                self.out.retain(|(_, method), _| *method != Method::Invite);
                let bye = self.peer.bye();
                self.ask(bye, Method::Bye, now);
            }
            State::Early if !self.is_phone() => {
                self.cancel_wanted = true;
                if self.provisional {
                    self.cancel(now);
                }
            }
            State::Early | State::Over => {}
        }
    }
    fn cancel(&mut self, now: Micros) {
        if std::mem::take(&mut self.cancel_wanted) {
            self.cancelled = true;
            let first = Peer { seq: 1, branches: 0, ..self.peer.clone() };
            self.ask(first.cancel(), Method::Cancel, now);
        }
    }
    fn act(&mut self, deed: Deed, now: Micros) {
        match deed {
            Deed::Vanish => self.vanished = true,
            Deed::HangUp => self.hang_up(now),
            Deed::Progress(status) => self.finish_or_progress(status, now),
            Deed::Answer => self.finish_or_progress(200, now),
            Deed::Refuse(status) => self.finish_or_progress(status, now),
            Deed::Reinvite { offerless, moves } => self.offer(Method::Invite, offerless, moves, now),
            Deed::Update { moves } => self.offer(Method::Update, false, moves, now),
            Deed::Digit if self.state == State::Up => {
                let digit = self.peer.next(Method::Info, "", "Signal=5\r\n");
                self.ask(digit.replace("application/sdp", "application/dtmf-relay"), Method::Info, now);
            }
            Deed::Digit => {}
            Deed::TooBrief => self.ask_for_longer(now),
            Deed::Hold(style) if self.may_offer() => {
                self.way.wish(style);
                let updates = self.plan.skills.updates && now.0.is_multiple_of(2);
                let method = if updates { Method::Update } else { Method::Invite };
                self.offer(method, false, false, now);
            }
            Deed::Hold(_) if self.state == State::Up => {
                self.plan.deeds.push((Micros(now.0 + SECOND), deed)); // its user tries again
            }
            Deed::Hold(_) => {}
            Deed::Refer { silent } => self.refer(silent, now),
        }
    }
    /// A phone's response to its first INVITE.
    fn finish_or_progress(&mut self, status: u16, now: Micros) {
        let Some(invite) = self.invite.clone().filter(|_| self.state == State::Early) else { return };
        if self.awaits_another {
            return;
        }
        if status >= 200 && !self.may_finish(status, now) {
            return;
        }
        let body = if self.describes(status) { self.body() } else { String::new() };
        let said = if status == 200 { self.plan.skills.answer() } else { self.reliably(status) };
        let response = answer(&invite, status, self.tag, &format!("{}{said}", self.contact()), &body);
        self.given.insert(key(&invite), response.clone());
        self.send(response.clone());
        if status < 200 {
            return self.must_arrive(response, now);
        }
        self.unreceived = None;
        self.session = self.plan.skills.timer.map(|(interval_s, ours)| Session::new(interval_s, ours, now));
        self.state = if status < 300 { State::Up } else { State::Over };
        self.joined_since = now;
        self.unacked.insert((invite.cseq().0, self.tag.to_owned()), Repeat::new(response, 4 * SECOND, now));
        if status == 200 && self.plan.forks {
            let other = answer(&invite, 200, "fork", &self.contact(), &body);
            self.send(other.clone());
            self.unacked.insert((invite.cseq().0, "fork".to_owned()), Repeat::new(other, 4 * SECOND, now));
        }
    }

    /// A phone's first INVITE again, or another one as it has asked for.
    pub fn first_again(&mut self, invite: &Message) {
        let before = self.invite.as_ref().map_or(0, |before| before.cseq().0);
        if self.awaits_another && invite.cseq().0 > before {
            self.awaits_another = false;
            self.invite = Some(invite.clone());
            if let Some(gate) = &mut self.gate {
                assert!(invite.header(sip::wire::Name::Authorization).is_some(), "it was asked for");
                gate.believed += 1;
            }
        }
        if let Some(given) = self.given.get(&key(invite)).cloned().filter(|_| !self.vanished) {
            self.send(given);
        }
    }
    pub fn on_message(&mut self, message: &Message, now: Micros, chance: &mut Chance) {
        if self.vanished {
            return;
        }
        match message.status() {
            Some(status) => self.on_response(message, status, now),
            None => self.on_request(message, now, chance),
        }
    }
    fn on_response(&mut self, message: &Message, status: u16, now: Micros) {
        if message.method() != Method::Invite {
            if status >= 200 && self.out.remove(&key(message)).is_some() {
                match message.method() {
                    Method::Update => self.update_finished(message, status, now),
                    Method::Refer => self.refer_finished(message, status),
                    _ => {}
                }
            }
            return;
        }
        let seq = message.cseq().0;
        if let Some(ack) = self.acks.get(&seq).filter(|_| status >= 200) {
            return self.send(ack.clone());
        }
        match self.out.get_mut(&key(message)) {
            None => {}
            Some(repeat) if status < 200 => {
                repeat.next = repeat.ends; // no more repeating; the end stays as a guard
                repeat.ends = Micros(now.0 + 200 * SECOND);
                repeat.next = repeat.ends;
                if self.state == State::Early {
                    self.provisional = true;
                    self.peer.learn(message);
                    self.peer.remote = self.peer.remote.split(";tag=").next().unwrap().to_owned();
                    self.peer.target.clone_from(&self.peer.uri);
                    self.cancel(now);
                    self.receive(message, now);
                }
            }
            Some(_) => {
                self.out.remove(&key(message));
                self.invite_finished(message, status, seq, now);
            }
        }
    }
    fn invite_finished(&mut self, message: &Message, status: u16, seq: u32, now: Micros) {
        let first = self.state == State::Early;
        if first {
            self.finals.push(status);
        } else if self.state == State::Over {
            return;
        }
        let offerless = match self.asking.take() {
            Some(offer) if status < 300 => offer.offerless,
            Some(offer) => {
                self.port = offer.port;
                offer.offerless
            }
            None => !self.first_invite.contains("v=0"),
        };
        if status < 300 {
            self.peer.learn(message);
        }
        if !(self.plan.no_ack && first && status < 300) {
            let answers = status < 300 && offerless;
            let body = self.body();
            let body = if answers { self.way.answer(&message.body(), &body) } else { String::new() };
            let branches = self.peer.branches;
            if first && status >= 300 {
                self.peer.branches = 0; // that of the INVITE
            }
            let ack = self.peer.ack_with(message, &body);
            self.peer.branches = self.peer.branches.max(branches);
            self.acks.insert(seq, ack.clone());
            self.send(ack);
        }
        if !first {
            self.hold_finished(status, now);
        }
        if status < 300 {
            self.heard(message, now);
            self.session = self.plan.skills.timer.and_then(|_| Session::heard(message, now));
            if first {
                self.state = State::Up;
                if self.cancel_wanted || self.cancelled {
                    self.hang_up(now);
                }
            }
        } else if first {
            self.state = State::Over;
        } else if status == 481 || status == 408 {
            self.hang_up(now);
        }
    }
    /// What a re-INVITE came to in which its user held or retrieved, perhaps; after glare it asks again.
    fn hold_finished(&mut self, status: u16, now: Micros) {
        let wished = self.way.holding;
        if status < 300 {
            return self.way.agreed();
        }
        self.way.refused();
        if matches!(status, 491 | 500) && wished != self.way.holding {
            self.plan.deeds.push((Micros(now.0 + SECOND), Deed::Hold(wished)));
        }
    }
    fn heard(&mut self, message: &Message, now: Micros) {
        self.way.heard(message);
        if self.call.is_empty() {
            self.call = call_of(message);
        }
        if let Some(port) = port_of(message) {
            self.hears = Some(port);
            self.joined_since = now;
        }
    }
    fn on_request(&mut self, message: &Message, now: Micros, chance: &mut Chance) {
        let key = key(message);
        if message.method() == Method::Ack {
            let tag = message.to_tag().map(|tag| text(tag).to_owned()).unwrap_or_default();
            let tag = if self.is_phone() { tag } else { String::new() };
            self.unacked.remove(&(message.cseq().0, tag));
            if !message.body().is_empty() {
                self.heard(message, now);
            }
            return;
        }
        if let Some(given) = self.given.get(&key).cloned() {
            return self.send(given);
        }
        let reason = message.header(sip::wire::Name::Reason).unwrap_or_default();
        self.outrun |= text(reason).contains("elsewhere");
        if message.method() != Method::Cancel && self.asks(message, now, chance) {
            return;
        }
        match message.method() {
            Method::Bye if message.to_tag() == Some(b"fork") => self.give(message, 200, "", now),
            Method::Bye => {
                self.state = State::Over;
                self.asking = None;
                self.out.clear();
                self.unacked.clear();
                self.give(message, 200, "", now);
            }
            Method::Cancel => {
                self.give(message, 200, "", now);
                if self.state == State::Early && self.is_phone() {
                    self.finish_or_progress(if self.plan.deaf_to_cancel { 200 } else { 487 }, now);
                }
            }
            Method::Invite => self.on_reinvite(message, now, chance),
            Method::Update => self.on_update(message, now, chance),
            Method::Prack => self.on_prack(message, now),
            Method::Notify => self.on_notify(message, now),
            Method::Info => self.give(message, if chance.percent(90) { 200 } else { 415 }, "", now),
            _ => self.give(message, 501, "", now),
        }
    }
    fn give(&mut self, request: &Message, status: u16, body: &str, now: Micros) {
        let said = if status == 200 { self.refreshed(request, now) } else { String::new() };
        let response = answer(request, status, self.tag, &format!("{}{said}", self.contact()), body);
        self.given.insert(key(request), response.clone());
        self.send(response.clone());
        if request.method() == Method::Invite && status >= 200 {
            let tag = if self.is_phone() { self.tag.to_owned() } else { String::new() };
            self.unacked.insert((request.cseq().0, tag), Repeat::new(response, 4 * SECOND, now));
        }
    }
    fn on_reinvite(&mut self, message: &Message, now: Micros, chance: &mut Chance) {
        if self.state != State::Up {
            return self.give(message, 481, "", now);
        }
        if self.asking.is_some() {
            return self.give(message, 491, "", now);
        }
        match self.plan.on_reinvite {
            OnReinvite::Ignore => {}
            OnReinvite::Refuse(status) => self.give(message, status, "", now),
            OnReinvite::Glare(times) if times > 0 => {
                self.plan.on_reinvite = OnReinvite::Glare(times - 1);
                self.give(message, 491, "", now);
            }
            OnReinvite::Move if chance.percent(50) => {
                self.port += 2;
                self.agree(message, now);
            }
            OnReinvite::Agree | OnReinvite::Glare(_) | OnReinvite::Move => self.agree(message, now),
        }
    }
    fn agree(&mut self, message: &Message, now: Micros) {
        self.heard(message, now);
        let body = self.body();
        let body = self.way.answer(&message.body(), &body);
        self.give(message, 200, &body, now);
    }
}

fn call_of(message: &Message) -> String {
    message.header_by_text("X-Sambung-Call").map(|call| text(call).to_owned()).unwrap_or_default()
}

/// The port of the first media line.
pub fn port_of(message: &Message) -> Option<u16> {
    let body = message.body();
    let line = text(&body).lines().find(|line| line.starts_with("m=audio"))?.to_owned();
    line.split(' ').nth(1)?.parse().ok()
}
