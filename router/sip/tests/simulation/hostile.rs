//! Datagrams that went wrong, on purpose: whatever comes, nothing breaks and nothing stays.

use crate::{
    network::Chance,
    rig::{Counter, MUSIC_PORT, PBX, PHONE, STRANGER, address, config},
    world::{Weather, World},
};
use bytes::Bytes;
use sip::{
    CallKey, Cause, Command, Counts, Display, Flow, LegKey, Micros, Notice, Output, Phone, Stack, Treatment,
};

struct Siege {
    stack: Stack,
    mint: Counter,
    chance: Chance,
    now: Micros,
    calls: Vec<CallKey>,
    /// What the stack sent: half of what it gets is made of that.
    echoes: Vec<Vec<u8>>,
}

impl Siege {
    fn new(seed: u64) -> Self {
        let stack = Stack::new(sip::Config { max_calls: 20, ..config() });
        let now = Micros(1_700_000_000_000_000);
        Self {
            stack,
            mint: Counter(1 << 60),
            chance: Chance(seed),
            now,
            calls: Vec::new(),
            echoes: Vec::new(),
        }
    }
    fn receive(&mut self, from: &str, bytes: Vec<u8>) {
        let mut out = Output::default();
        self.stack.receive(Flow::udp(address(from)), Bytes::from(bytes), self.now, &mut self.mint, &mut out);
        self.carry(out);
    }
    fn command(&mut self, command: Command) {
        let mut out = Output::default();
        self.stack.command(command, self.now, &mut self.mint, &mut out);
        self.carry(out);
    }
    fn pass(&mut self, ms: u64) {
        let end = Micros(self.now.0 + ms * 1_000);
        while let Some(due) = self.stack.next_deadline().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            let mut out = Output::default();
            self.stack.expire(self.now, &mut self.mint, &mut out);
            assert!(self.stack.next_deadline().is_none_or(|next| next > self.now), "a timer is stuck");
            self.carry(out);
        }
        self.now = end;
    }
    fn carry(&mut self, out: Output) {
        for send in out.sends {
            if self.echoes.len() < 2_000 {
                self.echoes.push(send.bytes.to_vec());
            }
        }
        for notice in out.notices {
            self.react(&notice);
        }
    }
    fn react(&mut self, notice: &Notice) {
        match *notice {
            Notice::CallOffered { call, .. } => {
                self.calls.push(call);
                if self.chance.percent(50) {
                    self.command(Command::Treat { call, treatment: Treatment::Music { port: MUSIC_PORT } });
                }
                self.ring(call, 1);
            }
            Notice::PhoneAnswered { leg } => self.command(Command::Connect { leg }),
            Notice::PhoneRefused { leg, .. } | Notice::BridgeFailed { leg } if leg.attempt < 5 => {
                self.ring(leg.call, leg.attempt + 1);
            }
            Notice::PhoneHungUp { leg } => self.end(leg.call),
            Notice::CallerLeft { call, .. } => self.end(call),
            Notice::CallOver { call } => self.calls.retain(|live| *live != call),
            _ => {}
        }
    }
    fn ring(&mut self, call: CallKey, attempt: u32) {
        let leg = LegKey { call, attempt };
        let phones = vec![Phone::at(format!("sip:ann@{PHONE}"), Flow::udp(address(PHONE)))];
        self.command(Command::Ring {
            leg,
            phones,
            queue: "q".to_owned(),
            display: Display::AsCaller,
            auto_answer: false,
        });
    }
    fn end(&mut self, call: CallKey) {
        self.command(Command::End { call, cause: Cause { status: 480, text: "test" } });
    }
    fn mutate(&mut self, bytes: &mut Vec<u8>, spare: &[u8]) {
        for _ in 0..=self.chance.below(3) {
            let length = bytes.len().max(1) as u64;
            let at = self.chance.below(length) as usize;
            match self.chance.below(6) {
                0 if !bytes.is_empty() => bytes[at] = self.chance.next() as u8,
                1 => bytes.truncate(at),
                2 => drop(bytes.drain(at..(at + self.chance.below(40) as usize).min(bytes.len()))),
                3 => {
                    bytes.insert(at.min(bytes.len()), b"\r\n;<>\"@:, \0\xff"[self.chance.below(12) as usize])
                }
                4 if !spare.is_empty() => {
                    let from = self.chance.below(spare.len() as u64) as usize;
                    let to = (from + self.chance.below(200) as usize).min(spare.len());
                    let at = at.min(bytes.len());
                    bytes.splice(at..at, spare[from..to].iter().copied());
                }
                _ => {}
            }
        }
    }
}

#[test]
fn whatever_comes_nothing_breaks_and_nothing_stays() {
    let mut offered = 0;
    for seed in 0..12 {
        let mut world = World::new(seed, Weather::Storm);
        world.run();
        let mut siege = Siege::new(seed);
        for _ in 0..4_000 {
            let pool =
                if siege.chance.percent(50) && !siege.echoes.is_empty() { siege.echoes.len() } else { 0 };
            let mut bytes = if pool > 0 {
                let at = siege.chance.below(pool as u64) as usize;
                turn_round(&siege.echoes[at])
            } else {
                world.got[siege.chance.below(world.got.len() as u64) as usize].1.clone()
            };
            let spare = world.got[siege.chance.below(world.got.len() as u64) as usize].1.clone();
            if siege.chance.percent(70) {
                siege.mutate(&mut bytes, &spare);
            }
            let from = siege.chance.pick(&[(6, PBX), (3, PHONE), (1, STRANGER)]);
            siege.receive(from, bytes);
            if siege.chance.percent(20) {
                let ms = siege.chance.between_ms(1, 4_000);
                siege.pass(ms);
            }
        }
        offered += siege.calls.len();
        for call in siege.calls.clone() {
            siege.end(call);
        }
        siege.pass(400_000);
        assert_eq!(siege.stack.counts(), Counts::default(), "seed {seed}");
        assert!(siege.calls.is_empty(), "seed {seed}");
    }
    assert!(offered > 0);
}

/// A request of the stack as an answer to itself, so that some of it fits.
fn turn_round(sent: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(sent);
    match text.split_once("\r\n") {
        Some((first, rest)) if !first.starts_with("SIP/2.0") => {
            let rest = rest.replacen(
                "\r\nTo: <sip:ann@203.0.113.7:5070>\r\n",
                "\r\nTo: <sip:ann@203.0.113.7:5070>;tag=p\r\n",
                1,
            );
            format!("SIP/2.0 200 OK\r\n{rest}").into_bytes()
        }
        Some(_) | None => sent.to_vec(),
    }
}
