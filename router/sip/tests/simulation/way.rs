//! Who may send: what a peer says of it when it holds or is held, and what it was told last.

use bytes::Bytes;
use sip::{
    sdp::{Direction, Sdp},
    wire::Message,
};

/// How a phone says that it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    SendOnly,
    Inactive,
    /// The way of RFC 2543: nowhere to send to.
    NoAddress,
}

#[derive(Debug, Default)]
pub struct Way {
    /// Whether its user holds the other side.
    pub holding: Option<Style>,
    /// The same as it was before the re-INVITE that is out.
    before: Option<Style>,
    /// Whether the other side has said that it does not send.
    pub told_silence: bool,
}

impl Way {
    /// Its user wants something else; what that comes to is known with the final response.
    pub fn wish(&mut self, holding: Option<Style>) {
        self.before = std::mem::replace(&mut self.holding, holding);
    }
    /// The re-INVITE was not a success, so nothing has changed.
    pub fn refused(&mut self) {
        self.holding = self.before;
    }
    pub fn agreed(&mut self) {
        self.before = self.holding;
    }
    pub fn heard(&mut self, message: &Message) {
        if let Some(direction) = direction(&message.body()) {
            self.told_silence = matches!(direction, Direction::Inactive | Direction::RecvOnly);
        }
    }
    /// `sdp`, which says sendrecv, as an offer.
    pub fn offer(&self, sdp: String) -> String {
        match self.holding {
            None => sdp,
            Some(Style::SendOnly) => sdp.replace("a=sendrecv", "a=sendonly"),
            Some(Style::Inactive) => sdp.replace("a=sendrecv", "a=inactive"),
            Some(Style::NoAddress) => {
                let lines = sdp.lines().map(|line| match line.split_once("c=IN IP4 ") {
                    Some(_) => "c=IN IP4 0.0.0.0\r\n".to_owned(),
                    None => format!("{line}\r\n"),
                });
                lines.collect()
            }
        }
    }
    /// The same as an answer to `offered` (RFC 3264 §6.1).
    pub fn answer(&self, offered: &Bytes, sdp: String) -> String {
        let offered = direction(offered).unwrap_or_default();
        let direction = match (self.holding, offered.answered()) {
            (None, direction) => direction,
            (Some(_), Direction::SendRecv | Direction::SendOnly) => Direction::SendOnly,
            (Some(_), Direction::RecvOnly | Direction::Inactive) => Direction::Inactive,
        };
        sdp.replace("a=sendrecv", &format!("a={}", direction.as_str()))
    }
}

fn direction(body: &Bytes) -> Option<Direction> {
    let sdp = Sdp::parse(body.clone()).ok()?;
    sdp.audio().map(|audio| audio.direction)
}
