//! What a peer knows of session timers, UPDATE and PRACK: the headers it writes, and when it refreshes.

use sip::{
    Micros,
    wire::{Message, Refresher},
};

const SECOND: u64 = 1_000_000;

/// What a peer can do beyond RFC 3261.
#[derive(Clone, Copy, Debug, Default)]
pub struct Skills {
    /// Session timers: the interval it asks for, and whether it wants to refresh.
    pub timer: Option<(u32, bool)>,
    /// UPDATE.
    pub updates: bool,
    /// It says that it takes UPDATE, and does not.
    pub lies: bool,
    /// A phone that wants a longer session than it is asked for.
    pub min_se_s: Option<u32>,
}

/// A session that was agreed upon.
#[derive(Clone, Copy, Debug)]
pub struct Session {
    pub interval_s: u32,
    /// We refresh it.
    pub ours: bool,
    pub last: Micros,
    /// Not before then, after a refresh that could not be sent.
    pub next: Micros,
}

impl Skills {
    /// For our first request and responses to it.
    pub fn allow(self) -> &'static str {
        if self.updates || self.lies { "Allow: INVITE, ACK, CANCEL, BYE, UPDATE, PRACK\r\n" } else { "" }
    }
    /// Of a caller's first INVITE.
    pub fn invite(self) -> String {
        let timer = self.timer.map(|(interval_s, ours)| {
            let refresher = if ours { "uac" } else { "uas" };
            format!("Supported: timer\r\nSession-Expires: {interval_s};refresher={refresher}\r\n")
        });
        format!("{}{}", self.allow(), timer.unwrap_or_default())
    }
    /// Of a phone's 2xx.
    pub fn answer(self) -> String {
        let timer = self.timer.map(|(interval_s, ours)| {
            let refresher = if ours { "uas" } else { "uac" };
            format!("Require: timer\r\nSession-Expires: {interval_s};refresher={refresher}\r\n")
        });
        format!("{}{}", self.allow(), timer.unwrap_or_default())
    }
}

impl Session {
    pub fn new(interval_s: u32, ours: bool, now: Micros) -> Self {
        Self { interval_s, ours, last: now, next: now }
    }
    /// Of a request of ours.
    pub fn ask(self) -> String {
        let refresher = if self.ours { "uac" } else { "uas" };
        format!("Supported: timer\r\nSession-Expires: {};refresher={refresher}\r\n", self.interval_s)
    }
    /// What the 2xx to a request of ours says.
    pub fn heard(response: &Message, now: Micros) -> Option<Self> {
        let said = response.session_expires()?;
        Some(Self::new(said.interval_s, said.refresher == Some(Refresher::Uac), now))
    }
    /// What a request of the other side says, and the headers of our 2xx to it.
    pub fn asked(request: &Message, now: Micros) -> Option<(Self, String)> {
        let said = request.session_expires()?;
        let ours = said.refresher == Some(Refresher::Uas);
        let refresher = if ours { "uas" } else { "uac" };
        let text =
            format!("Require: timer\r\nSession-Expires: {};refresher={refresher}\r\n", said.interval_s);
        Some((Self::new(said.interval_s, ours, now), text))
    }
    pub fn refresh_due(self) -> Option<Micros> {
        let half = Micros(self.last.0 + u64::from(self.interval_s) * SECOND / 2);
        self.ours.then_some(half.max(self.next))
    }
    pub fn expires(self) -> Micros {
        Micros(self.last.0 + u64::from(self.interval_s) * SECOND)
    }
}
