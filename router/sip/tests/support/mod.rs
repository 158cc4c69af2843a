//! One stack between hand-made peers: a test says what a caller or a phone sends and looks at what comes back.
#![allow(dead_code)] // each test binary uses its own part

use bytes::Bytes;
use sip::{
    CallKey, CallerRecord, Cause, Command, Config, Display, Entries, Flow, Keep, LegKey, LegRecord, Limit,
    Micros, Mint, Network, NotRevived, Notice, Offered, Output, Phone, Rejected, Remains, Stack, Treatment,
    Trunk,
    wire::{Message, Method, Name, NameAddr},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, SocketAddr},
    time::Duration,
};

pub const US: &str = "198.51.100.1:5060";
pub const PBX: &str = "192.0.2.10:5060";
pub const PHONE: &str = "203.0.113.7:5070";
pub const STRANGER: &str = "192.0.2.66:5060";
pub const MUSIC_PORT: u16 = 20_000;

pub fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
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
    fn text(&self, call: CallKey) -> [u8; 26] {
        format!("{:026}", call.0).into_bytes().try_into().unwrap()
    }
}

pub fn config() -> Config {
    let network = |text: &str| Network::host(address(text).ip());
    Config {
        address: address(US),
        streams: Vec::new(),
        media: address(US).ip(),
        user_agent: "Sambung".to_owned(),
        node: "n1".to_owned(),
        trunks: vec![Trunk { name: "pbx".to_owned(), networks: vec![network(PBX)], limit: Limit::default() }],
        phones: vec![network(PHONE)],
        max_datagram: 1_300,
        copied_headers: vec!["X-Tenant".to_owned()],
        entries: Entries { numbers: BTreeSet::from(["1500".to_owned()]), ..Entries::default() },
        max_calls: 100,
        max_calls_per_second: None,
        session_expires_s: Some(1_800),
    }
}

/// G.711 at an address, the way SIPp says it.
pub fn sdp(host: &str, port: u16, payloads: &str) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio {port} RTP/AVP {payloads}\r\na=sendrecv\r\n"
    )
}

pub fn caller_sdp() -> String {
    sdp("192.0.2.10", 20_000, "8 0")
}

pub fn phone_sdp() -> String {
    sdp("203.0.113.7", 30_000, "8 0")
}

/// What is stored of legs, as the shell keeps it.
#[derive(Clone, Debug, Default)]
pub struct Store {
    pub callers: BTreeMap<CallKey, CallerRecord>,
    pub legs: BTreeMap<LegKey, LegRecord>,
}

impl Store {
    pub fn keep(&mut self, changes: impl IntoIterator<Item = Keep>) {
        for change in changes {
            match change {
                Keep::Leg(key, record) => drop(self.legs.insert(key, record)),
                Keep::CallerLeg(key, record) => drop(self.callers.insert(key, record)),
                Keep::ForgetLeg(key) => drop(self.legs.remove(&key)),
                Keep::ForgetCall(key) => drop(self.callers.remove(&key)),
                Keep::Phones(..) => {}
            }
        }
    }
    pub fn legs_of(&self, call: CallKey) -> Vec<(LegKey, LegRecord)> {
        let of_call = self.legs.iter().filter(|(key, _)| key.call == call);
        of_call.map(|(key, record)| (*key, record.clone())).collect()
    }
    pub fn remains(&self, call: CallKey) -> Option<Remains> {
        Some(Remains { call, caller: self.callers.get(&call)?.clone(), legs: self.legs_of(call) })
    }
}

pub struct Rig {
    config: Config,
    pub stack: Stack,
    pub mint: Counter,
    pub now: Micros,
    out: Output,
    pub kept: Vec<Keep>,
    notices: Vec<Notice>,
    counted: Vec<Rejected>,
    noise: Vec<(IpAddr, u64)>,
    sent: Vec<(Flow, Message)>,
}

impl Rig {
    pub fn new() -> Self {
        Self::with(config())
    }
    pub fn with(config: Config) -> Self {
        Self {
            config: config.clone(),
            stack: Stack::new(config),
            mint: Counter(0),
            now: Micros(1_700_000_000_000_000),
            out: Output::default(),
            kept: Vec::new(),
            notices: Vec::new(),
            counted: Vec::new(),
            noise: Vec::new(),
            sent: Vec::new(),
        }
    }
    fn collect(&mut self) {
        self.kept.append(&mut self.out.keep);
        for notice in self.out.notices.drain(..) {
            match notice {
                Notice::Counted(what) => self.counted.push(what),
                Notice::Noise { source, requests } => self.noise.push((source, requests)),
                other => self.notices.push(other),
            }
        }
        for send in self.out.sends.drain(..) {
            self.sent.push((send.to, Message::parse(send.bytes).expect("we write sound messages")));
        }
    }
    pub fn receive(&mut self, from: &str, text: impl Into<Vec<u8>>) {
        self.receive_on(Flow::udp(address(from)), text);
    }
    pub fn receive_on(&mut self, flow: Flow, text: impl Into<Vec<u8>>) {
        let bytes = Bytes::from(text.into());
        self.stack.receive(flow, bytes, self.now, &mut self.mint, &mut self.out);
        self.collect();
    }
    /// The shell could not connect.
    pub fn unreachable(&mut self, flow: Flow) {
        self.stack.unreachable(flow, self.now, &mut self.mint, &mut self.out);
        self.collect();
    }
    /// Everything sent since it was asked last, and how it went.
    pub fn sent(&mut self) -> Vec<(Flow, Message)> {
        std::mem::take(&mut self.sent)
    }
    pub fn command(&mut self, command: Command) {
        self.stack.command(command, self.now, &mut self.mint, &mut self.out);
        self.collect();
    }
    /// The process dies, after what was to be stored was stored; gives that. Nothing leaves that was not looked at yet.
    pub fn dies(&mut self) -> Store {
        let mut store = Store::default();
        store.keep(std::mem::take(&mut self.kept));
        (self.sent, self.notices) = (Vec::new(), Vec::new());
        self.stack = Stack::new(self.config.clone());
        store
    }
    /// A call goes on with what is stored of it.
    pub fn revive(
        &mut self,
        store: &Store,
        call: CallKey,
        talks_to: Option<u32>,
    ) -> Result<Offered, NotRevived> {
        let remains = store.remains(call).expect("it is stored");
        let offered = self.stack.revive(remains, talks_to, self.now, &mut self.mint, &mut self.out);
        self.collect();
        offered
    }
    pub fn bury(&mut self, leg: LegKey, record: &LegRecord) {
        self.stack.bury(leg, record, self.now, &mut self.mint, &mut self.out);
        self.collect();
    }
    pub fn bury_caller(&mut self, call: CallKey, record: &CallerRecord) {
        self.stack.bury_caller(call, record, self.now, &mut self.mint, &mut self.out);
        self.collect();
    }
    /// The trunks at which something is to be done from now on; which of them are new.
    pub fn meet_others(&mut self, peerings: Vec<sip::peering::Peering>) -> Vec<String> {
        let new = self.stack.meet_others(peerings, self.now, &mut self.mint, &mut self.out);
        self.collect();
        self.pass(Duration::ZERO);
        new
    }
    /// Lets time pass, jumping from deadline to deadline.
    pub fn pass(&mut self, time: Duration) {
        let end = self.now.after(time);
        while let Some(due) = self.stack.next_deadline().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.stack.expire(self.now, &mut self.mint, &mut self.out);
            self.collect();
            assert!(self.stack.next_deadline().is_none_or(|next| next > self.now), "a timer is stuck");
        }
        self.now = end;
    }
    pub fn pass_s(&mut self, seconds: u64) {
        self.pass(Duration::from_secs(seconds));
    }
    /// What went to `to` since it was asked last.
    pub fn sent_to(&mut self, to: &str) -> Vec<Message> {
        let to = address(to);
        let (mine, rest) = std::mem::take(&mut self.sent).into_iter().partition(|(at, _)| at.peer == to);
        self.sent = rest;
        let mine: Vec<(Flow, Message)> = mine;
        mine.into_iter().map(|(_, message)| message).collect()
    }
    /// The one message that went to `to`.
    pub fn one_to(&mut self, to: &str) -> Message {
        let mut sent = self.sent_to(to);
        assert_eq!(sent.len(), 1, "{:?}", lines(&sent));
        sent.remove(0)
    }
    /// The first lines of what went to `to`, methods and statuses alone.
    pub fn told(&mut self, to: &str) -> Vec<String> {
        lines(&self.sent_to(to))
    }
    pub fn notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }
    pub fn counted(&mut self) -> Vec<Rejected> {
        std::mem::take(&mut self.counted)
    }
    /// What the log has heard of strangers.
    pub fn noise(&mut self) -> Vec<(IpAddr, u64)> {
        std::mem::take(&mut self.noise)
    }
    /// Nothing lives but what waits for late repetitions, and that ends by itself.
    pub fn ends_clean(&mut self) {
        let counts = self.stack.counts();
        assert_eq!((counts.calls, counts.legs), (0, 0), "{counts:?}");
        self.pass_s(80);
        let counts = self.stack.counts();
        assert_eq!((counts.transactions, counts.dialogs), (0, 0), "{counts:?}");
        assert_eq!(self.stack.next_deadline(), None);
    }

    pub fn treat(&mut self, call: CallKey, treatment: Treatment) {
        self.command(Command::Treat { call, treatment });
    }
    pub fn music(&mut self, call: CallKey) {
        self.treat(call, Treatment::Music { port: MUSIC_PORT });
    }
    pub fn ring(&mut self, call: CallKey, attempt: u32) -> LegKey {
        self.ring_at(call, attempt, PHONE)
    }
    pub fn ring_at(&mut self, call: CallKey, attempt: u32, to: &str) -> LegKey {
        self.ring_on(call, attempt, Flow::udp(address(to)))
    }
    pub fn ring_on(&mut self, call: CallKey, attempt: u32, to: Flow) -> LegKey {
        self.ring_all(call, attempt, vec![Phone::at(format!("sip:ann@{}", to.peer), to)])
    }
    /// Rings phones for one leg, all at once.
    pub fn ring_all(&mut self, call: CallKey, attempt: u32, phones: Vec<Phone>) -> LegKey {
        let leg = LegKey { call, attempt };
        self.command(Command::Ring {
            leg,
            phones,
            queue: "billing".to_owned(),
            display: Display::AsCaller,
            auto_answer: false,
        });
        leg
    }
    pub fn connect(&mut self, leg: LegKey) {
        self.command(Command::Connect { leg });
    }
    pub fn drop_leg(&mut self, leg: LegKey, status: u16) {
        self.command(Command::Drop { leg, reason: Cause { status, text: "test" } });
    }
    pub fn end(&mut self, call: CallKey, status: u16) {
        self.command(Command::End { call, cause: Cause { status, text: "test" } });
    }
}

/// Methods of requests, statuses of responses.
pub fn lines(messages: &[Message]) -> Vec<String> {
    let line = |message: &Message| match message.status() {
        Some(status) => format!("{status} {}", message.method()),
        None => message.method().to_string(),
    };
    messages.iter().map(line).collect()
}

pub fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

pub fn header(message: &Message, name: Name) -> &str {
    text(message.header(name).unwrap_or_default())
}

/// The answer to `request` as a peer writes it.
pub fn answer(request: &Message, status: u16, tag: &str, more: &str, body: &str) -> String {
    let mut text = format!("SIP/2.0 {status} X\r\n");
    for name in [Name::Via, Name::RecordRoute, Name::From] {
        for value in request.headers_named(name) {
            text += &format!("{}: {}\r\n", name.as_str(), self::text(value));
        }
    }
    text += &format!("To: {}", header(request, Name::To));
    if request.to_tag().is_none() && status > 100 {
        text += &format!(";tag={tag}");
    }
    text += &format!(
        "\r\nCall-ID: {}\r\nCSeq: {}\r\n{more}",
        header(request, Name::CallId),
        header(request, Name::CSeq)
    );
    if !body.is_empty() {
        text += "Content-Type: application/sdp\r\n";
    }
    text + &format!("Content-Length: {}\r\n\r\n{body}", body.len())
}

/// One end of a dialog as a peer sees it.
#[derive(Clone, Debug)]
pub struct Peer {
    pub at: &'static str,
    pub uri: String,
    pub target: String,
    pub call_id: String,
    pub local: String,
    pub remote: String,
    pub seq: u32,
    pub branches: u32,
}

impl Peer {
    /// A caller behind the PBX.
    pub fn caller(name: &str) -> Self {
        Self::caller_at(name, PBX)
    }
    pub fn caller_at(name: &str, at: &'static str) -> Self {
        Self {
            at,
            uri: "sip:1500@198.51.100.1".to_owned(),
            target: "sip:1500@198.51.100.1".to_owned(),
            call_id: format!("call-{name}"),
            local: format!("\"Caller {name}\" <sip:{name}@192.0.2.10>;tag=t{name}"),
            remote: "<sip:1500@198.51.100.1>".to_owned(),
            seq: 1,
            branches: 0,
        }
    }
    /// The phone that answered `invite`.
    pub fn phone(invite: &Message, tag: &str) -> Self {
        Self {
            at: PHONE,
            uri: text(invite.contact_uri().unwrap()).to_owned(),
            target: text(invite.contact_uri().unwrap()).to_owned(),
            call_id: text(invite.call_id()).to_owned(),
            local: format!("{};tag={tag}", header(invite, Name::To)),
            remote: header(invite, Name::From).to_owned(),
            seq: 900,
            branches: 0,
        }
    }
    fn branch(&self) -> String {
        format!("z9hG4bK{}-{}", self.call_id, self.branches)
    }
    /// A request with the present number and branch.
    pub fn request(&self, method: Method, more: &str, body: &str) -> String {
        let Self { at, target, local, remote, call_id, seq, .. } = self;
        let (branch, length) = (self.branch(), body.len());
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        format!(
            "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {at};branch={branch}\r\nFrom: {local}\r\nTo: {remote}\r\n\
             Call-ID: {call_id}\r\nCSeq: {seq} {method}\r\nContact: <sip:peer@{at}>\r\nMax-Forwards: 70\r\n\
             {more}{kind}Content-Length: {length}\r\n\r\n{body}"
        )
    }
    /// A request with the next number and a new branch.
    pub fn next(&mut self, method: Method, more: &str, body: &str) -> String {
        self.seq += 1;
        self.branches += 1;
        self.request(method, more, body)
    }
    pub fn invite(&self) -> String {
        self.request(Method::Invite, "", &caller_sdp())
    }
    /// Learns the other side's tag and Contact from a response, and acknowledges it.
    pub fn ack(&mut self, response: &Message) -> String {
        self.ack_with(response, "")
    }
    pub fn ack_with(&mut self, response: &Message, body: &str) -> String {
        self.learn(response);
        if response.status().is_some_and(|status| status < 300) {
            self.branches += 1;
        }
        let seq = std::mem::replace(&mut self.seq, response.cseq().0);
        let ack = self.request(Method::Ack, "", body);
        self.seq = seq;
        ack
    }
    pub fn learn(&mut self, response: &Message) {
        self.remote = header(response, Name::To).to_owned();
        if let Some(uri) = response.contact_uri() {
            self.target = text(uri).to_owned();
        }
    }
    pub fn bye(&mut self) -> String {
        self.next(Method::Bye, "", "")
    }
    pub fn cancel(&self) -> String {
        self.request(Method::Cancel, "", "")
    }
}

/// The tag of a To or From value.
pub fn tag_of(value: &str) -> String {
    text(NameAddr::parse(value.as_bytes()).unwrap().tag().unwrap()).to_owned()
}
