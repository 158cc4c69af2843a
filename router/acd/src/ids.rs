//! What things are called: calls, offers, agents, queues, callers.
//!
//! Agents and queues are numbers inside the brain and the log; [`crate::plan::Directory`] gives them their names.

use crate::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::Sha256;
use std::{fmt, str::FromStr};

/// Names a call everywhere: log, records, `X-Sambung-Call`, `contact_id`, paths.
///
/// 26 characters of Crockford's base 32: 48 bits of arrival time in milliseconds (so ids sort by time of arrival),
/// then 80 bits that nobody can guess.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(u128);

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Length of a written [`CallId`].
pub const CALL_ID_LEN: usize = 26;

impl CallId {
    /// The id of a call that arrived at `at`; `random` fills the lower 80 bits.
    #[must_use]
    pub const fn new(at: Timestamp, random: u128) -> Self {
        let time = (at.millis() as u128) & ((1 << 48) - 1);
        Self((time << 80) | (random & ((1 << 80) - 1)))
    }
    /// The id of this number.
    #[must_use]
    pub const fn from_u128(number: u128) -> Self {
        Self(number)
    }
    /// When the call arrived, to the millisecond.
    #[must_use]
    pub const fn arrived(self) -> Timestamp {
        Timestamp::from_millis((self.0 >> 80) as u64)
    }
    /// The id as a number.
    #[must_use]
    pub const fn as_u128(self) -> u128 {
        self.0
    }
    /// The 26 characters, without allocating.
    #[must_use]
    pub fn chars(self) -> [u8; CALL_ID_LEN] {
        let mut text = [0; CALL_ID_LEN];
        let mut rest = self.0;
        for place in text.iter_mut().rev() {
            *place = ALPHABET[(rest & 31) as usize];
            rest >>= 5;
        }
        text
    }
}

/// A text that is no [`CallId`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a call id: 26 characters of 0-9 A-Z without I, L, O, U are expected")]
pub struct BadCallId;

impl FromStr for CallId {
    type Err = BadCallId;
    fn from_str(text: &str) -> Result<Self, BadCallId> {
        if text.len() != CALL_ID_LEN || text.as_bytes()[0] > b'7' {
            return Err(BadCallId);
        }
        text.bytes()
            .try_fold(0_u128, |sum, byte| {
                let digit = ALPHABET.iter().position(|&c| c == byte).ok_or(BadCallId)?;
                Ok((sum << 5) | digit as u128)
            })
            .map(Self)
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // ASCII by construction.
        f.write_str(std::str::from_utf8(&self.chars()).unwrap_or_default())
    }
}

impl fmt::Debug for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for CallId {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() { to.collect_str(self) } else { to.serialize_bytes(&self.0.to_be_bytes()) }
    }
}

impl<'de> Deserialize<'de> for CallId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = CallId;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a call id")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<CallId, E> {
                text.parse().map_err(E::custom)
            }
            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<CallId, E> {
                let bytes = bytes.try_into().map_err(|_| E::invalid_length(bytes.len(), &self))?;
                Ok(CallId(u128::from_be_bytes(bytes)))
            }
        }
        if from.is_human_readable() { from.deserialize_str(Visitor) } else { from.deserialize_bytes(Visitor) }
    }
}

/// One attempt to give a call to an agent: the call and the number of the attempt, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OfferId {
    /// The call on offer.
    pub call: CallId,
    /// The how-manieth offer of this call it is, from 1.
    pub attempt: u32,
}

impl fmt::Display for OfferId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.call, self.attempt)
    }
}

/// An agent's number: her place in the [`crate::plan::Directory`], never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AgentNo(pub u32);

/// A queue's number: its place in the [`crate::plan::Directory`], never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct QueueNo(pub u32);

impl AgentNo {
    /// The number as an index.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl QueueNo {
    /// The number as an index.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Who is calling, without saying who: HMAC-SHA256(node secret, E.164), cut to 128 bits.
///
/// The only trace of a caller's number in the log.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallerRef(pub [u8; 16]);

impl fmt::Debug for CallerRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Display for CallerRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Makes ids that rise with the log and that nobody can guess: HMAC-SHA256(node secret, entry number, n).
///
/// Deterministic: the same secret, entry and count give the same id.
#[derive(Clone)]
pub struct IdMint {
    keyed: Hmac<Sha256>,
    entry: u64,
    n: u32,
}

impl IdMint {
    /// A mint under the node's secret, of the process that started at `started`: what a process before has made, and
    /// perhaps sent, without an entry in the log is not made again.
    #[must_use]
    pub fn new(secret: &[u8; 32], started: Timestamp) -> Self {
        let mut keyed = keyed(secret);
        keyed.update(&started.micros().to_be_bytes());
        Self { keyed, entry: 0, n: 0 }
    }
    /// Ids made from here on belong to the cause that will be entry number `entry`.
    pub fn begin(&mut self, entry: u64) {
        if self.entry != entry {
            self.entry = entry;
            self.n = 0;
        }
    }
    /// The next 128 unguessable bits.
    pub fn next_bits(&mut self) -> u128 {
        let mut mac = self.keyed.clone();
        mac.update(&self.entry.to_be_bytes());
        mac.update(&self.n.to_be_bytes());
        self.n += 1;
        u128::from_be_bytes(first_16(mac))
    }
    /// The id of a call that arrived at `at`.
    pub fn call(&mut self, at: Timestamp) -> CallId {
        CallId::new(at, self.next_bits())
    }
}

/// The reference that stands for a number (E.164) in the log.
#[must_use]
pub fn caller_ref(secret: &[u8; 32], e164: &str) -> CallerRef {
    let mut mac = keyed(secret);
    mac.update(b"caller:");
    mac.update(e164.as_bytes());
    CallerRef(first_16(mac))
}

fn keyed(secret: &[u8; 32]) -> Hmac<Sha256> {
    // An HMAC key of 32 bytes is never refused (RFC 2104 takes any length); the array makes that plain.
    Hmac::<Sha256>::new(&(*secret_block(secret)).into())
}

fn secret_block(secret: &[u8; 32]) -> Box<[u8; 64]> {
    let mut block = Box::new([0; 64]);
    block[..32].copy_from_slice(secret);
    block
}

fn first_16(mac: Hmac<Sha256>) -> [u8; 16] {
    let sum = mac.finalize().into_bytes();
    std::array::from_fn(|i| sum[i])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_id_reads_back_and_sorts_by_time() {
        let mut mint = IdMint::new(&[7; 32], Timestamp(1));
        mint.begin(1);
        let early = mint.call(Timestamp::from_millis(1_000));
        let late = mint.call(Timestamp::from_millis(1_001));
        assert!(early < late && early.to_string() < late.to_string());
        assert_eq!(early.to_string().parse(), Ok(early));
        assert_eq!(early.to_string().len(), CALL_ID_LEN);
        assert_eq!("".parse::<CallId>(), Err(BadCallId));
        assert_eq!("ZZZZZZZZZZZZZZZZZZZZZZZZZZ".parse::<CallId>(), Err(BadCallId));
    }

    #[test]
    fn ids_repeat_with_entry_and_process_and_differ_within_them() {
        let mut mint = IdMint::new(&[7; 32], Timestamp(1));
        mint.begin(5);
        let first = (mint.next_bits(), mint.next_bits());
        assert_ne!(first.0, first.1);
        mint.begin(6);
        mint.begin(5);
        assert_eq!(mint.next_bits(), first.0);
        let mut next = IdMint::new(&[7; 32], Timestamp(2));
        next.begin(5);
        assert_ne!(next.next_bits(), first.0, "another process makes other ids of the same entry");
    }

    #[test]
    fn a_call_id_survives_both_kinds_of_encoding() {
        let id = CallId::new(Timestamp::from_millis(1_700_000_000_000), 42);
        let packed = rmp_serde::to_vec_named(&id).unwrap();
        assert_eq!(packed.len(), 18);
        assert_eq!(rmp_serde::from_slice::<CallId>(&packed).unwrap(), id);
    }
}
