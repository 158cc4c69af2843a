//! Our 2xx to an INVITE: repeated until its ACK comes, and when the INVITE is repeated.

use crate::{engine::Turn, resend::Resend};
use bytes::Bytes;
use sip::wire::Message;
use std::{net::SocketAddr, time::Instant};

/// A 2xx on its way.
#[derive(Debug)]
pub(crate) struct Reply {
    cseq: u32,
    to: SocketAddr,
    bytes: Bytes,
    /// Until the ACK.
    resend: Option<Resend>,
}

impl Reply {
    pub(crate) fn send(invite: &Message, to: SocketAddr, bytes: Bytes, turn: &mut Turn) -> Self {
        let resend = Some(Resend::other(to, bytes.clone(), turn));
        Self { cseq: invite.cseq().0, to, bytes, resend }
    }
    /// Whether `invite` is the one answered here; if so it is answered again.
    pub(crate) fn repeats(&mut self, invite: &Message, turn: &mut Turn) -> bool {
        let again = invite.cseq().0 == self.cseq;
        if again {
            turn.send(self.to, self.bytes.clone());
        }
        again
    }
    /// Takes an ACK; true when it is the first for this.
    pub(crate) fn acked(&mut self, ack: &Message) -> bool {
        ack.cseq().0 == self.cseq && self.resend.take().is_some()
    }
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.resend.as_ref().map(Resend::deadline)
    }
    /// Repeats it if it is time; false when no ACK came in 32 s.
    pub(crate) fn expire(&mut self, turn: &mut Turn) -> bool {
        self.resend.as_mut().is_none_or(|resend| resend.expire(turn))
    }
}
