//! Provisional responses that have to arrive: a phone's, and a caller's PRACK.

use super::{Deed, Reliability, Repeat, SECOND, Ua};
use sip::{
    Micros,
    wire::{Message, Method, Name},
};

impl Ua {
    /// Whether a phone's response with this status has a description.
    pub(super) fn describes(&self, status: u16) -> bool {
        let early = self.plan.skills.reliability == Reliability::Answers;
        let said = early && !self.received.is_empty();
        !self.plan.no_sdp && ((status == 200 && !said) || (early && (101..200).contains(&status)))
    }
    /// What makes a phone's provisional response reliable.
    pub(super) fn reliably(&self, status: u16) -> String {
        let demands = matches!(self.plan.skills.reliability, Reliability::Demands | Reliability::Answers);
        if demands && (101..200).contains(&status) {
            "Require: 100rel\r\nRSeq: 7\r\n".to_owned()
        } else {
            String::new()
        }
    }
    pub(super) fn must_arrive(&mut self, response: String, now: Micros) {
        if response.contains("RSeq") {
            self.unreceived = Some((7, Repeat::new(response, 32 * SECOND, now)));
        }
    }
    /// An answer waits until the description before it is received (RFC 3262 §3).
    pub(super) fn may_finish(&mut self, status: u16, now: Micros) -> bool {
        let waits = status == 200
            && self.unreceived.is_some()
            && self.plan.skills.reliability == Reliability::Answers;
        if waits {
            self.plan.deeds.push((Micros(now.0 + SECOND / 3), Deed::Answer));
        }
        !waits
    }
    /// A PRACK reaches a phone.
    pub(super) fn on_prack(&mut self, prack: &Message, now: Micros) {
        let rack = prack.rack().expect("a PRACK names its response");
        let known = self.invite.as_ref().is_some_and(|invite| invite.cseq() == (rack.cseq, rack.method));
        match self.unreceived.take_if(|(rseq, _)| known && *rseq == rack.rseq) {
            Some((rseq, _)) => {
                self.received.insert(rseq);
                self.give(prack, 200, "", now);
            }
            None => self.give(prack, 481, "", now),
        }
    }
    /// A provisional response reaches a caller.
    pub(super) fn receive(&mut self, response: &Message, now: Micros) {
        let Some(rseq) = response.rseq() else { return };
        assert!(response.lists(Name::Require, "100rel"));
        let deaf = self.plan.skills.reliability == Reliability::Deaf;
        if deaf || self.received.last().is_some_and(|last| rseq <= *last) {
            return;
        }
        assert!(self.received.last().is_none_or(|last| rseq == last + 1), "one by one");
        self.received.insert(rseq);
        self.heard(response, now);
        let mut peer = self.peer.clone();
        peer.learn(response);
        let prack = peer.next(Method::Prack, &format!("RAck: {rseq} {} INVITE\r\n", response.cseq().0), "");
        (self.peer.seq, self.peer.branches) = (peer.seq, peer.branches);
        self.ask(prack, Method::Prack, now);
    }
}
