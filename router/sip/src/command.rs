//! What the shell orders the stack to do. An order for a call or leg that is gone does nothing.

use crate::{CallKey, Flow, LegKey};
use std::sync::Arc;

/// An order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// What the caller hears while waiting.
    Treat {
        /// Which call.
        call: CallKey,
        /// What.
        treatment: Treatment,
    },
    /// INVITE phones with the caller's session description, all at once: the first that answers is the leg's phone, and
    /// the others are told that it has. A second leg may be rung when the first is gone.
    Ring {
        /// The new leg.
        leg: LegKey,
        /// Which phones: one at least, of which [`MAX_AT_ONCE`] are rung.
        phones: Vec<Phone>,
        /// Written in `X-Sambung-Queue`; nothing is written when it is empty.
        queue: String,
        /// What the phone is told about the caller.
        display: Display,
        /// Ask the phone to answer by itself (`Call-Info: …;answer-after=0`).
        auto_answer: bool,
    },
    /// INVITE phones of an agent for a customer who is to be called when one of them has answered: there is no caller, and
    /// she hears our music first. A call that is not there yet is made. When no leg of it is left it is over, until the
    /// next such order.
    RingFirst {
        /// The new leg.
        leg: LegKey,
        /// Which phones: one at least, of which [`MAX_AT_ONCE`] are rung.
        phones: Vec<Phone>,
        /// Written in `X-Sambung-Queue`; nothing is written when it is empty.
        queue: String,
        /// User part of From: the customer; none: anonymous.
        shown: Option<String>,
        /// Ask the phone to answer by itself (`Call-Info: …;answer-after=0`).
        auto_answer: bool,
        /// Our RTP port for her music; none when there is no free one.
        port: Option<u16>,
    },
    /// INVITE the customer of `RingFirst`, with the description of her phone, which has answered. It hears our music meanwhile.
    CallBack {
        /// The new leg.
        leg: LegKey,
        /// Her leg.
        by: LegKey,
        /// How the customer is called.
        phones: Vec<Phone>,
        /// User part of From: who calls; none: anonymous.
        shown: Option<String>,
    },
    /// Join the customer, who has answered, and the agent: the customer's leg is the caller's leg from here on.
    JoinCustomer {
        /// The customer's leg.
        leg: LegKey,
        /// Her leg.
        by: LegKey,
    },
    /// Join the caller and a phone that has answered.
    Connect {
        /// The answered leg.
        leg: LegKey,
    },
    /// Ask a joined phone to put its caller on hold. `PhoneHolds` or `HoldFailed` says what came of it.
    HoldPhone {
        /// The joined leg.
        leg: LegKey,
    },
    /// The caller whom a phone holds hears music, or silence where that cannot be.
    Hold {
        /// The leg of `PhoneHolds`.
        leg: LegKey,
        /// Our RTP port for the music; none when there is no free one.
        port: Option<u16>,
    },
    /// Ask a phone to take its caller back. `Retrieved` or `RetrieveFailed` says what came of it.
    Retrieve {
        /// The leg that holds.
        leg: LegKey,
    },
    /// INVITE a phone that a joined one wants to ask, with the description of that one. Its caller is put on hold by orders
    /// of their own, before or after.
    Consult {
        /// The new leg.
        leg: LegKey,
        /// The leg that asks.
        by: LegKey,
        /// Which phones: one at least, of which [`MAX_AT_ONCE`] are rung.
        phones: Vec<Phone>,
        /// Written in `X-Sambung-Queue`; nothing is written when it is empty.
        queue: String,
        /// What the phone is told about the caller.
        display: Display,
    },
    /// Join a phone that has answered to the one that asks it, once that one holds.
    JoinConsult {
        /// The answered leg.
        leg: LegKey,
    },
    /// Join the caller, who is on hold, to the phone that was asked; the one that asked has been dropped.
    PutThrough {
        /// The leg that was asked.
        leg: LegKey,
    },
    /// Accept the REFER of `PhoneRefers`: the phone is told that its caller is taken over, before it is dropped.
    AcceptRefer {
        /// The joined leg.
        leg: LegKey,
    },
    /// Refuse the REFER of `PhoneRefers`; the conversation goes on.
    RefuseRefer {
        /// The leg.
        leg: LegKey,
        /// 400–699.
        status: u16,
    },
    /// End a phone's leg, whatever it is in: CANCEL, ACK and BYE, or BYE. The caller keeps what it hears until
    /// the next `Treat`.
    Drop {
        /// Which leg.
        leg: LegKey,
        /// For its `Reason` header.
        reason: Cause,
    },
    /// Ask every peer of the call that is in a conversation, and from which no answer is awaited, whether it is still
    /// there (OPTIONS): one that knows nothing of it, or is silent, is lost as one that does not answer a re-INVITE.
    Probe {
        /// Which call.
        call: CallKey,
    },
    /// Send the caller away and drop all phones of the call: a final response before a 2xx, BYE after.
    End {
        /// Which call.
        call: CallKey,
        /// For the final response, and the `Reason` header of a BYE.
        cause: Cause,
    },
}

/// A SIP status with its text, as a response or in `Reason: SIP;cause=…;text="…"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cause {
    /// 200–699. Below 300 an unanswered caller gets 480.
    pub status: u16,
    /// Without quotes or control characters.
    pub text: &'static str,
}

/// What a waiting caller hears. Ports are ours, for RTP to this caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// Answered (200), with music. No codec in common, or encrypted media only: 182 instead, unanswered.
    Music {
        /// Our RTP port.
        port: u16,
    },
    /// Not answered: 182 Queued, the caller's own ringing tone.
    Ringing,
    /// Not answered: 183 with music. No codec in common: 182 instead.
    EarlyMedia {
        /// Our RTP port.
        port: u16,
    },
}

/// Most phones that one order rings.
pub const MAX_AT_ONCE: usize = 8;
/// Most places at which one phone is tried, one after the other.
pub const MAX_PLACES: usize = 8;

/// A phone to ring, or a gateway that calls somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phone {
    /// Request-URI of its INVITE.
    pub uri: String,
    /// Where it is sent.
    pub to: Flow,
    /// Where it is sent when nobody is there, in order (RFC 3263 §4.3); of all places [`MAX_PLACES`] are tried.
    pub others: Vec<Flow>,
    /// Values of its Route (RFC 3327), in order.
    pub routes: Vec<String>,
    /// An INVITE that is long for a datagram may be sent over TCP to the same places (RFC 3261 §18.1.1): its URI leaves
    /// the transport open.
    pub streams: bool,
    /// The trunk whose login answers its challenges; none: no challenge is answered.
    pub trunk: Option<Arc<str>>,
    /// The call of its own whose place this one takes, as `Replaces` names it (RFC 3891).
    pub replaces: Option<Arc<str>>,
}

impl Phone {
    /// A phone at one place, which is asked for nothing but `uri`.
    #[must_use]
    pub const fn at(uri: String, to: Flow) -> Self {
        Self { uri, to, others: Vec::new(), routes: Vec::new(), streams: false, trunk: None, replaces: None }
    }
}

/// What the phone is told about the caller, in From.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Display {
    /// The caller's user part and display name, at our host.
    AsCaller,
    /// `sip:anonymous@anonymous.invalid`.
    Anonymous,
}
