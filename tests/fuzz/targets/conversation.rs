//! A call whose both ends, and whose brain, do anything in any order: nothing panics, what we say can be read, and when it is
//! over nothing of it is left.
#![no_main]

#[path = "../../../router/sip/tests/support/mod.rs"]
mod support;

use sip::{
    CallKey, Cause, Command, Flow, LegKey, Notice, Treatment,
    wire::{Message, Method, Name},
};
use support::{MUSIC_PORT, PBX, PHONE, Peer, Rig, address, answer, header, sdp};

const METHODS: [Method; 12] = [
    Method::Invite,
    Method::Bye,
    Method::Cancel,
    Method::Update,
    Method::Prack,
    Method::Info,
    Method::Refer,
    Method::Notify,
    Method::Options,
    Method::Ack,
    Method::Invite,
    Method::Update,
];
const STATUSES: [u16; 20] = [
    100, 180, 183, 200, 200, 200, 202, 302, 400, 401, 404, 408, 422, 481, 486, 488, 491, 500, 503, 603,
];
/// Headers that change what becomes of a message; the input may bring others.
const HEADERS: [&str; 12] = [
    "",
    "Require: 100rel\r\nRSeq: 1\r\n",
    "Require: 100rel\r\nRSeq: 2\r\n",
    "Supported: 100rel, timer, replaces\r\nAllow: INVITE, UPDATE, PRACK, INFO\r\n",
    "Session-Expires: 90;refresher=uac\r\n",
    "Session-Expires: 90;refresher=uas\r\nRequire: timer\r\n",
    "Min-SE: 3600\r\n",
    "RAck: 1 1 INVITE\r\n",
    "Refer-To: <sip:1600@198.51.100.1>\r\n",
    "Content-Type: application/dtmf-relay\r\n",
    "Retry-After: 1\r\n",
    "Require: nothing\r\n",
];
/// Descriptions: none, and others that differ in what matters.
const WAYS: [&str; 4] = ["sendrecv", "sendonly", "inactive", "recvonly"];
/// Steps of one conversation.
const STEPS: usize = 60;
/// Octets of the input that one step takes at most.
const TAIL: usize = 64;

/// What comes next, from the input.
struct Steps<'a>(&'a [u8]);

impl<'a> Steps<'a> {
    fn octet(&mut self) -> Option<usize> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(usize::from(*first))
    }
    /// Whole header lines that the input brings.
    fn lines(&mut self) -> Option<String> {
        let length = self.octet()? % TAIL;
        let (lines, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        let lines = String::from_utf8_lossy(lines).replace(['\r', '\n'], "\r\n");
        Some(if lines.is_empty() { lines } else { format!("{}\r\n", lines.trim_end()) })
    }
    fn headers(&mut self) -> Option<String> {
        let chosen = HEADERS[self.octet()? % HEADERS.len()];
        Some(format!("{chosen}{}", self.lines()?))
    }
    fn body(&mut self, host: &str) -> Option<String> {
        let kind = self.octet()?;
        let way = WAYS[kind / 4 % WAYS.len()];
        let description = sdp(host, 30_000 + (kind / 16) as u16, if kind & 1 == 0 { "8 0" } else { "18" });
        Some(if kind & 2 == 0 { String::new() } else { description.replace("sendrecv", way) })
    }
}

/// The call and its two ends.
struct Talk {
    rig: Rig,
    call: CallKey,
    /// Others that came of what the caller said.
    others: Vec<CallKey>,
    attempt: u32,
    caller: Peer,
    phone: Option<Peer>,
    /// The last request that went to each, caller first.
    asked: [Option<Message>; 2],
}

impl Talk {
    fn begin() -> Option<Self> {
        let (mut rig, caller) = (Rig::new(), Peer::caller("fuzz"));
        rig.receive(PBX, caller.invite());
        let call = rig.notices().into_iter().find_map(|notice| match notice {
            Notice::CallOffered { call, .. } => Some(call),
            _ => None,
        })?;
        let mut talk = Self { rig, call, others: Vec::new(), attempt: 0, caller, phone: None, asked: [None, None] };
        talk.ring();
        Some(talk)
    }
    fn leg(&self) -> LegKey {
        LegKey { call: self.call, attempt: self.attempt }
    }
    fn ring(&mut self) {
        self.attempt += 1;
        self.rig.ring(self.call, self.attempt);
        self.look();
    }
    /// What went out: tags are learnt, requests remembered.
    fn look(&mut self) {
        for notice in self.rig.notices() {
            if let Notice::CallOffered { call, .. } = notice {
                self.others.push(call);
            }
        }
        self.rig.counted();
        for (to, message) in self.rig.sent() {
            let end = usize::from(to.peer == address(PHONE));
            if message.is_request() {
                if end == 1 && message.method() == Method::Invite && message.to_tag().is_none() {
                    self.phone = Some(Peer::phone(&message, &format!("p{}", self.attempt)));
                }
                if message.method() != Method::Ack {
                    self.asked[end] = Some(message);
                }
            } else if end == 0 && message.call_id() == self.caller.call_id.as_bytes() && message.to_tag().is_some() {
                self.caller.remote = header(&message, Name::To).to_owned();
            }
        }
    }
    fn says(&mut self, end: usize, steps: &mut Steps<'_>) -> Option<()> {
        let method = METHODS[steps.octet()? % METHODS.len()];
        let (headers, body) = (steps.headers()?, steps.body(["192.0.2.10", "203.0.113.7"][end])?);
        let peer = if end == 0 { Some(&mut self.caller) } else { self.phone.as_mut() }?;
        let request = match method {
            // These belong to the request before them.
            Method::Ack | Method::Cancel => peer.request(method, &headers, &body),
            _ => peer.next(method, &headers, &body),
        };
        self.rig.receive([PBX, PHONE][end], request);
        Some(())
    }
    fn answers(&mut self, end: usize, steps: &mut Steps<'_>) -> Option<()> {
        let status = STATUSES[steps.octet()? % STATUSES.len()];
        let (headers, body) = (steps.headers()?, steps.body(["192.0.2.10", "203.0.113.7"][end])?);
        let asked = self.asked[end].as_ref()?;
        let contact = format!("Contact: <sip:peer@{}>\r\n{headers}", [PBX, PHONE][end]);
        let text = answer(asked, status, &format!("p{}", self.attempt), &contact, &body);
        self.rig.receive([PBX, PHONE][end], text);
        Some(())
    }
    fn decides(&mut self, what: usize) {
        let (call, leg) = (self.call, self.leg());
        let cause = Cause { status: 480, text: "over" };
        let command = match what % 12 {
            0 => Command::Treat { call, treatment: Treatment::Music { port: MUSIC_PORT } },
            1 => Command::Treat { call, treatment: Treatment::Ringing },
            2 => Command::Treat { call, treatment: Treatment::EarlyMedia { port: MUSIC_PORT } },
            3 | 4 => Command::Connect { leg },
            5 => Command::HoldPhone { leg },
            6 => Command::Hold { leg, port: (what < 128).then_some(MUSIC_PORT) },
            7 => Command::Retrieve { leg },
            8 => Command::AcceptRefer { leg },
            9 => Command::RefuseRefer { leg, status: 404 },
            10 => Command::Drop { leg, reason: cause },
            _ => return self.ring(),
        };
        self.rig.command(command);
    }
    /// Another party in the caller's place.
    fn replaces(&mut self, what: usize) {
        let tag = |value: &str| value.split(";tag=").nth(1).unwrap_or("none").to_owned();
        let (ours, theirs) = (tag(&self.caller.remote), tag(&self.caller.local));
        let mut other = Peer::caller(&format!("other{what}"));
        let replaces = format!("Replaces: {};to-tag={ours};from-tag={theirs}\r\n", self.caller.call_id);
        self.rig.receive(PBX, other.request(Method::Invite, &replaces, &support::caller_sdp()));
        std::mem::swap(&mut self.caller, &mut other);
    }
    fn step(&mut self, steps: &mut Steps<'_>) -> Option<()> {
        match steps.octet()? % 8 {
            0 => self.says(0, steps)?,
            1 => self.says(1, steps)?,
            2 => self.answers(0, steps)?,
            3 | 4 => self.answers(1, steps)?,
            5 => self.decides(steps.octet()?),
            6 => self.rig.pass_s(steps.octet()? as u64 / 2),
            _ => match steps.octet()? {
                what @ 0..64 => self.replaces(what),
                _ => self.rig.unreachable(Flow::udp(address(PHONE))),
            },
        }
        self.look();
        Some(())
    }
}

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    let (Some(mut talk), mut steps) = (Talk::begin(), Steps(octets)) else { return };
    for _ in 0..STEPS {
        if talk.step(&mut steps).is_none() && steps.0.is_empty() {
            break;
        }
    }
    for attempt in 1..=talk.attempt {
        talk.rig.drop_leg(LegKey { call: talk.call, attempt }, 487);
    }
    for call in std::mem::take(&mut talk.others).into_iter().chain([talk.call]) {
        talk.rig.end(call, 480);
    }
    // No ACK for 32 s, and then no answer to our BYE for as long.
    talk.rig.pass_s(70);
    talk.rig.ends_clean();
});
