//! An office of phones and the registrar they talk to: a test says what a phone asks for and looks at what it is told.

use bytes::Bytes;
use sip::{
    CallKey, Connection, Flow, Micros, Mint, Transport,
    auth::{Algorithm, Password, Realm},
    registrar::{BindingRecord, Event, Handled, Registrar, Settings, Target, Why},
    wire::{Message, Name},
};
use std::time::Duration;

pub const START: Micros = Micros(1_000_000_000);
pub const PHONE: &str = "203.0.113.7:5070";
const SECRET: [u8; 32] = [7; 32];

pub fn later(seconds: u64) -> Micros {
    START.after(Duration::from_secs(seconds))
}

/// Bits that count up: nothing repeats, every run is the same.
pub struct Counter(pub u128);

impl Mint for Counter {
    fn call(&mut self, _: Micros) -> CallKey {
        self.0 += 1;
        CallKey(self.0)
    }
    fn bits(&mut self) -> u128 {
        self.0 += 1;
        self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
    }
    fn text(&self, _: CallKey) -> [u8; 26] {
        [b'0'; 26]
    }
}

/// The registrar, the time, and what has been told of its users.
pub struct Office {
    pub registrar: Registrar,
    pub mint: Counter,
    pub now: Micros,
    pub handled: Vec<Handled>,
    told: Vec<String>,
}

pub fn settings(users: &[&str]) -> Settings {
    let account = |user: &&str| ((*user).to_owned(), Password::plain(password(user)));
    let accounts = users.iter().map(account).collect();
    let realm = Realm { name: "sambung".to_owned(), algorithms: Algorithm::ALL.to_vec(), accounts };
    Settings { node: "n1".to_owned(), product: "Sambung/1".to_owned(), realm, guests: vec!["eve".to_owned()] }
}

fn password(user: &str) -> String {
    format!("{user}'s long password")
}

impl Office {
    pub fn new() -> Self {
        Self::of(&["ann", "ben", "cid@office.example"])
    }
    pub fn of(users: &[&str]) -> Self {
        let registrar = Registrar::new(&SECRET, settings(users), START);
        Self { registrar, mint: Counter(0), now: START, handled: Vec::new(), told: Vec::new() }
    }
    /// The same office after a restart: its clock and its store go on.
    pub fn restarted(&self, stored: Vec<BindingRecord>) -> Self {
        let mut office = Self::new();
        office.now = self.now;
        office.registrar = Registrar::new(&SECRET, settings(&["ann", "ben"]), self.now);
        let events = office.registrar.restore(stored, self.now);
        office.hear(events);
        office
    }
    pub fn pass(&mut self, seconds: u64) {
        self.now = self.now.after(Duration::from_secs(seconds));
        let events = self.registrar.expire(self.now);
        self.hear(events);
    }
    pub fn close(&mut self, connection: u64) {
        let events = self.registrar.closed(Connection(connection));
        self.hear(events);
    }
    pub fn configure(&mut self, users: &[&str]) {
        let events = self.registrar.configure(settings(users));
        self.hear(events);
    }
    /// One request as it stands; none when it is not answered.
    pub fn hears(&mut self, request: &Message, flow: Flow) -> Option<Answer> {
        let outcome = self.registrar.receive(request, &flow, self.now, &mut self.mint);
        self.hear(outcome.events);
        self.handled.push(outcome.handled);
        outcome.reply.map(|reply| {
            let message = Message::parse(reply.bytes).unwrap();
            assert_eq!(message.status(), Some(reply.status));
            Answer(message)
        })
    }
    fn hear(&mut self, events: Vec<Event>) {
        self.told.extend(events.into_iter().map(|event| match event {
            Event::Registered { user } => format!("{user} registered"),
            Event::Changed { user } => format!("{user} changed"),
            Event::Gone { user, why } => format!("{user} {}", word(why)),
        }));
    }
    /// What has been told since the last time.
    pub fn told(&mut self) -> Vec<String> {
        std::mem::take(&mut self.told)
    }
    pub fn targets(&self, user: &str) -> Vec<Target> {
        self.registrar.targets(user, self.now)
    }
    /// URIs to ring, in order.
    pub fn rings(&self, user: &str) -> Vec<String> {
        self.targets(user).into_iter().map(|target| target.uri).collect()
    }
}

fn word(why: Why) -> &'static str {
    match why {
        Why::Expired => "expired",
        Why::Unregistered => "unregistered",
        Why::Lost => "lost",
        Why::Removed => "removed",
    }
}

/// A phone: it answers a challenge with what it was told, once.
pub struct Phone {
    pub user: String,
    pub password: String,
    /// User part and host of To.
    pub address: String,
    pub flow: Flow,
    pub via: String,
    pub call_id: String,
    pub cseq: u32,
    pub challenge: Option<sipx_sip::auth::Challenge>,
    pub count: u32,
}

const URI: &str = "sip:office.example";

impl Phone {
    pub fn of(user: &str) -> Self {
        let flow = Flow::udp(PHONE.parse().unwrap());
        let via = "SIP/2.0/UDP 10.0.0.7:5062;rport;branch=z9hG4bK1".to_owned();
        let (user, address) = (user.to_owned(), format!("{user}@office.example"));
        let (password, call_id) = (password(&user), format!("boot-1@{user}"));
        Self { user, password, address, flow, via, call_id, cseq: 0, challenge: None, count: 0 }
    }
    pub fn on(user: &str, transport: Transport, connection: u64) -> Self {
        let connection = Some(Connection(connection));
        Self { flow: Flow { transport, peer: PHONE.parse().unwrap(), connection }, ..Self::of(user) }
    }
    pub fn at(user: &str, peer: &str) -> Self {
        Self { flow: Flow::udp(peer.parse().unwrap()), ..Self::of(user) }
    }
    /// The phone is switched off and on again: what it knew is gone, but not which phone it is.
    pub fn restarted(&self) -> Self {
        Self { flow: self.flow, call_id: format!("again-{}", self.call_id), ..Self::of(&self.user) }
    }
    /// The next REGISTER, with an answer if there was a challenge.
    pub fn request(&mut self, lines: &str) -> Message {
        self.cseq += 1;
        self.count += 1;
        let Self { address, via, call_id, cseq, .. } = &*self;
        let answer = self.challenge.as_ref().map(|challenge| {
            let login = sipx_sip::auth::Credentials::new(&self.user, &self.password);
            let text = sipx_sip::auth::respond(challenge, &login, "REGISTER", URI, self.count, "c0ffee");
            format!("Authorization: {text}\r\n")
        });
        let answer = answer.unwrap_or_default();
        let text = format!(
            "REGISTER {URI} SIP/2.0\r\nVia: {via}\r\nMax-Forwards: 70\r\nFrom: <sip:{address}>;tag=f\r\n\
             To: <sip:{address}>\r\nCall-ID: {call_id}\r\nCSeq: {cseq} REGISTER\r\n{answer}{lines}Content-Length: 0\r\n\r\n"
        );
        Message::parse(Bytes::from(text)).unwrap_or_else(|fault| panic!("{fault}: {lines}"))
    }
    /// Registers with `lines` as further headers, and answers the challenge.
    pub fn registers(&mut self, office: &mut Office, lines: &str) -> Answer {
        for _ in 0..2 {
            let request = self.request(lines);
            let answer = office.hears(&request, self.flow).expect("an answer");
            if answer.status() != 401 || !self.takes(&answer) {
                return answer;
            }
        }
        let request = self.request(lines);
        office.hears(&request, self.flow).expect("an answer")
    }
    /// Remembers a challenge; false when it means that the password is wrong.
    pub fn takes(&mut self, answer: &Answer) -> bool {
        let challenges = answer.0.headers_named(Name::WwwAuthenticate);
        let read = challenges.filter_map(|text| sipx_sip::auth::Challenge::parse(text, false)).collect();
        let Some(challenge) = sipx_sip::auth::strongest(read) else { return false };
        let goes_on = self.challenge.is_none() || challenge.stale;
        (self.challenge, self.count) = (Some(challenge), 0);
        goes_on
    }
}

/// What a phone was answered.
pub struct Answer(pub Message);

impl Answer {
    pub fn status(&self) -> u16 {
        self.0.status().unwrap()
    }
    pub fn header(&self, name: Name) -> Option<String> {
        self.0.header(name).map(|value| String::from_utf8(value.to_vec()).unwrap())
    }
    /// Values of Contact.
    pub fn contacts(&self) -> Vec<String> {
        self.0.values(Name::Contact).map(|value| String::from_utf8(value.to_vec()).unwrap()).collect()
    }
}
