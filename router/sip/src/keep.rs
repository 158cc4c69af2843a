//! What has to be stored of a leg so that it can be ended, or carried on, after a restart.
//!
//! Records hold the messages that made the leg, as they were on the wire, and the few numbers that move on.

use crate::registrar::BindingRecord;
use crate::{CallKey, Flow, LegKey, Micros, compose::cancel_of, wire::Message};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A change of what is to be stored. A later record of the same key replaces the earlier one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keep {
    /// A phone's leg, as it is now.
    Leg(LegKey, LegRecord),
    /// A caller's leg, as it is now.
    CallerLeg(CallKey, CallerRecord),
    /// The phone's leg is gone.
    ForgetLeg(LegKey),
    /// The call is over, its legs with it.
    ForgetCall(CallKey),
    /// Where a user's phones are registered now; nowhere when empty.
    Phones(Arc<str>, Vec<BindingRecord>),
}

/// A phone's leg.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegRecord {
    /// Our INVITE: Call-ID, From tag, CSeq, branch, target, the SDP offered.
    pub invite: Bytes,
    /// Where it went.
    pub to: Flow,
    /// The dialog, once the phone has answered.
    pub dialog: Option<DialogRecord>,
    /// Our INVITEs to other phones that ring at the same time.
    #[serde(default)]
    pub others: Vec<RingRecord>,
    /// The trunk whose login signs requests in the dialog. The login itself is the configuration's.
    #[serde(default)]
    pub trunk: Option<String>,
}

/// One more phone that rings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RingRecord {
    /// Our INVITE.
    pub invite: Bytes,
    /// Where it went.
    pub to: Flow,
    /// The trunk whose login signs what belongs to it.
    #[serde(default)]
    pub trunk: Option<String>,
    /// Its 2xx, when one has come that is of no use: the dialog it made is being ended. Else empty.
    #[serde(default)]
    pub answer: Bytes,
    /// Last CSeq number used that goes with it; zero: its own.
    #[serde(default)]
    pub local_seq: u32,
}

/// A caller's leg.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallerRecord {
    /// The caller's INVITE: all Vias, From, To, CSeq, Call-ID, Contact, Record-Route, its SDP.
    pub invite: Bytes,
    /// Where it came from.
    pub from: Flow,
    /// Our tag in To.
    pub tag: String,
    /// The dialog, once the caller is answered.
    pub dialog: Option<DialogRecord>,
    /// What provisional responses have said that the 2xx has to agree with.
    #[serde(default)]
    pub early: Option<EarlyRecord>,
    /// The status with which we refuse the caller or have hung up, until it has been heard.
    #[serde(default)]
    pub ended: Option<u16>,
    /// Whose place this one took (Replaces), while that one may not have heard our BYE.
    #[serde(default)]
    pub before: Option<Box<Self>>,
    /// Our INVITE and its 2xx, if this caller is a customer whom we have called.
    #[serde(default)]
    pub called: Option<Box<RingRecord>>,
}

/// What a caller without a 2xx was told by provisional responses that have to arrive, or that describe our music.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlyRecord {
    /// Status of the last one.
    pub said: u16,
    /// The music's description that one of them had; empty when none.
    pub preview: Bytes,
    /// The caller's session description.
    pub theirs: Bytes,
    /// Ours, as told last; empty when none.
    pub ours: Bytes,
    /// Once one was sent that has to arrive.
    pub reliable: Option<ReliableRecord>,
}

/// Where provisional responses that have to arrive stand (RFC 3262).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReliableRecord {
    /// RSeq of the last one.
    pub rseq: u32,
    /// Its status, until its PRACK has come, and whether it has a description.
    pub out: Option<(u16, bool)>,
    /// The status of the one that waits for that.
    pub next: Option<u16>,
    /// Whether our description was received.
    pub described: bool,
}

/// What moves on in a dialog.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DialogRecord {
    /// On a phone's leg its 2xx, with its tag, Contact and Record-Route; empty on a caller's leg, whose INVITE has them.
    pub answer: Bytes,
    /// Last CSeq number we used; zero when none.
    pub local_seq: u32,
    /// Last CSeq number the peer used; zero when none.
    pub remote_seq: u32,
    /// The peer's session description.
    pub theirs: Bytes,
    /// Ours, with the version of its `o=`.
    pub ours: Bytes,
    /// Its session timer, if it has one.
    #[serde(default)]
    pub timer: Option<TimerRecord>,
    /// Where our requests go by the peer's last Contact; empty when it has named none.
    #[serde(default)]
    pub target: Bytes,
    /// When our 2xx to a caller's INVITE left, while its ACK is awaited.
    #[serde(default)]
    pub unacknowledged: Option<Micros>,
}

/// A session timer (RFC 4028).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimerRecord {
    /// Seconds agreed upon, from one refresh to the end of the session.
    pub interval_s: u32,
    /// Whether we refresh it, or the peer.
    pub ours: bool,
    /// Whether the peer has agreed to it, or just does not know.
    pub agreed: bool,
    /// When we say BYE, unless it is refreshed.
    pub ends: Micros,
}

/// The CANCELs of INVITEs that still ring, with the branches they were stored with, and where they go.
///
/// None for a leg that has answered, or what cannot be read.
pub fn cancels_from_record(record: &LegRecord) -> impl Iterator<Item = (Flow, Bytes)> {
    let first = (&record.invite, record.to);
    let others = record.others.iter().map(|other| (&other.invite, other.to));
    let rings = std::iter::once(first).chain(others).filter(|_| record.dialog.is_none());
    rings.filter_map(|(invite, to)| Some((to, cancel_of(&Message::parse(invite.clone()).ok()?, None))))
}
