//! All that one datagram can make us do: read it, answer it, take up the call it brings.

use bytes::Bytes;
use sip::{
    CallKey, Cause, Command, Config, Display, Entries, Flow, LegKey, Limit, Micros, Mint, Network, Notice,
    Output, Phone, Stack, Treatment, Trunk,
};
use std::net::SocketAddr;

/// Bits that count up, so that every reading of a message costs the same.
struct Counter(u128);

impl Mint for Counter {
    fn call(&mut self, _: Micros) -> CallKey {
        CallKey(self.bits())
    }
    fn bits(&mut self) -> u128 {
        self.0 += 1;
        self.0
    }
    fn text(&self, _: CallKey) -> [u8; 26] {
        *b"00000000000000000000000000"
    }
}

/// A stack that trusts the sender and takes any number, so that a message goes as deep as it can.
pub struct Receiver {
    stack: Stack,
    mint: Counter,
    now: Micros,
    trunk: SocketAddr,
}

impl Receiver {
    pub fn new() -> Self {
        let (us, trunk) =
            (SocketAddr::from(([192, 0, 2, 1], 5060)), SocketAddr::from(([192, 0, 2, 2], 5060)));
        let stack = Stack::new(Config {
            address: us,
            streams: Vec::new(),
            media: us.ip(),
            user_agent: "Sambung".to_owned(),
            node: "n1".to_owned(),
            trunks: vec![Trunk {
                name: "pbx".to_owned(),
                networks: vec![Network::host(trunk.ip())],
                limit: Limit::default(),
            }],
            phones: Vec::new(),
            max_datagram: 1_300,
            copied_headers: vec!["X-Tenant".to_owned()],
            entries: Entries { rest: true, ..Entries::default() },
            max_calls: 1_000,
            max_calls_per_second: None,
            session_expires_s: Some(1_800),
        });
        Self { stack, mint: Counter(0), now: Micros(1_700_000_000_000_000), trunk }
    }

    /// Takes up one datagram; a call that comes of it hears music, has an agent's phone called, and is ended.
    pub fn receive(&mut self, datagram: &Bytes) -> usize {
        let mut out = Output::default();
        self.stack.receive(Flow::udp(self.trunk), datagram.clone(), self.now, &mut self.mint, &mut out);
        let call = out.notices.iter().find_map(|notice| {
            if let Notice::CallOffered { call, .. } = notice { Some(*call) } else { None }
        });
        for command in call.map(life).into_iter().flatten() {
            self.stack.command(command, self.now, &mut self.mint, &mut out);
        }
        out.sends.iter().map(|send| send.bytes.len()).sum()
    }
}

fn life(call: CallKey) -> [Command; 3] {
    let to = SocketAddr::from(([192, 0, 2, 3], 5060));
    let ring = Command::Ring {
        leg: LegKey { call, attempt: 1 },
        phones: vec![Phone::at(format!("sip:ann@{to}"), Flow::udp(to))],
        queue: "billing".to_owned(),
        display: Display::AsCaller,
        auto_answer: false,
    };
    let end = Command::End { call, cause: Cause { status: 480, text: "over" } };
    [Command::Treat { call, treatment: Treatment::Music { port: 20_000 } }, ring, end]
}
