//! What calls and legs are called, and where unguessable bits come from.
//!
//! The stack has no randomness of its own: branches, tags, Call-IDs and jitter come from a [`Mint`], which the
//! shell feeds from the node's secret, so that the same log gives the same names again.

use crate::Micros;
use serde::{Deserialize, Serialize};

/// The shell's own id of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallKey(pub u128);

/// One attempt to reach a phone for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LegKey {
    /// The call.
    pub call: CallKey,
    /// The how-manieth attempt of this call; never used twice.
    pub attempt: u32,
}

/// Names and bits that nobody outside can guess.
pub trait Mint {
    /// The id of a call that arrives at `now`.
    fn call(&mut self, now: Micros) -> CallKey;
    /// 128 fresh bits, never given twice.
    fn bits(&mut self) -> u128;
    /// How a call is written in `X-Sambung-Call`.
    fn text(&self, call: CallKey) -> [u8; 26];
}
