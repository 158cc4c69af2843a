//! Decides who is calling from what the headers of an INVITE say.
//!
//! Pure and total: any text gives a [`Caller`], none panics, and no more than [`MAX_HEADER_BYTES`] of a header are read.
//! `split` takes the headers apart, `number` makes an E.164 number of the digits, `text` finds a number in a
//! text written by a person. Which trunks are trusted is decided elsewhere.

mod number;
mod split;
mod text;

pub use number::{NO_REGION, Number, Region, RegionError, Validity};
pub use text::{national_digits, normalise};

use serde::{Deserialize, Serialize};
use split::Address;
use std::fmt;

/// Longest part of one header that is read; the rest is ignored.
pub const MAX_HEADER_BYTES: usize = 512;
/// Longest display name and raw text that are kept, in characters.
pub const MAX_TEXT_CHARS: usize = 80;
/// Identities of one P-Asserted-Identity that are looked at (RFC 3325 §9.1 allows two).
const MAX_IDENTITIES: usize = 4;

/// The header values of an INVITE that say who is calling, as received and without their names.
#[derive(Clone, Copy, Default)]
pub struct CallerHeaders<'a> {
    /// `From`.
    pub from: &'a str,
    /// `P-Asserted-Identity` (RFC 3325); several header lines joined by commas.
    pub pai: Option<&'a str>,
    /// `Remote-Party-ID` (draft-ietf-sip-privacy), still sent by many PBXs.
    pub rpid: Option<&'a str>,
    /// `Privacy` (RFC 3323).
    pub privacy: Option<&'a str>,
}

/// Whether the caller lets us know the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Privacy {
    /// Shown and looked up.
    Public,
    /// Withheld or not available: never looked up, by number or by name.
    Withheld,
}

/// Who is calling. `Debug` leaves names and numbers out, so that a log line cannot leak them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// The address as it came: the URI without header parameters, at most [`MAX_TEXT_CHARS`] characters.
    pub raw: String,
    /// `+` and at most 15 digits, when the number can be read as one.
    pub e164: Option<String>,
    /// The national significant number (no trunk zero), or the bare digits of an internal number.
    pub national: Option<String>,
    /// Display name without control characters. Written by the caller: show it as text, never look it up.
    pub display: Option<String>,
    /// Whether the number may be used.
    pub privacy: Privacy,
    /// How sure the number is.
    pub validity: Validity,
    /// Digits behind the number (`;ext=`, `x123`).
    pub extension: Option<String>,
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("privacy", &self.privacy)
            .field("validity", &self.validity)
            .finish_non_exhaustive()
    }
}

/// Reads the caller out of the headers.
///
/// Order of trust: P-Asserted-Identity (only when the trunk is `trusted`), Remote-Party-ID, From. A header without a
/// number gives way to the next one. A caller who asked for privacy (`Privacy: id` or `user`, an anonymous From, or
/// `privacy=full` in Remote-Party-ID) is withheld whatever the other headers tell.
///
/// Source: RFC 3323 §4, RFC 3325 §9, RFC 3966.
#[must_use]
pub fn identify(headers: &CallerHeaders<'_>, trusted: bool, region: &Region) -> Caller {
    let from = Address::first(bounded(headers.from));
    let rpid = headers.rpid.map(|value| Address::first(bounded(value)));
    if asked_for_privacy(headers.privacy.map(bounded), &from, rpid.as_ref()) {
        return Caller::withheld(&from);
    }
    let asserted = headers.pai.filter(|_| trusted).map(bounded).unwrap_or_default();
    let asserted = Address::all(asserted).take(MAX_IDENTITIES);
    let remote = rpid.into_iter().filter(|address| !address.has_param("party", "called"));
    let mut numberless = None;
    for address in asserted.chain(remote).chain([from]) {
        let number = address.dialled().map(|dialled| number::read(&dialled, region));
        match number.filter(|number| number.national.is_some()) {
            Some(number) => return Caller::public(&address, number),
            None => numberless = Some(address),
        }
    }
    // The last one is From, which is always there.
    numberless.map_or_else(|| Caller::withheld(&Address::first("")), |from| Caller::without_number(&from))
}

fn asked_for_privacy(privacy: Option<&str>, from: &Address<'_>, rpid: Option<&Address<'_>>) -> bool {
    let wants = |value: &str| {
        value
            .split([';', ','])
            .any(|word| ["id", "user", "full"].iter().any(|w| word.trim().eq_ignore_ascii_case(w)))
    };
    privacy.is_some_and(wants)
        || from.is_anonymous()
        || rpid.is_some_and(|rpid| rpid.has_param("privacy", "full") || rpid.has_param("privacy", "uri"))
}

impl Caller {
    fn public(address: &Address<'_>, number: Number) -> Self {
        Self {
            raw: address.raw(),
            e164: number.e164,
            national: number.national,
            display: address.display(),
            privacy: Privacy::Public,
            validity: number.validity,
            extension: number.extension,
        }
    }

    /// Somebody with a name but no number (`sip:ann@example.com`), or a number that is not available.
    fn without_number(address: &Address<'_>) -> Self {
        if address.is_unavailable() {
            return Self::withheld(address);
        }
        Self::public(address, Number::default())
    }

    /// Keeps nothing but the fact: who asked for privacy is not stored in passing.
    fn withheld(address: &Address<'_>) -> Self {
        let raw =
            if address.is_anonymous() || address.is_unavailable() { address.raw() } else { String::new() };
        Self {
            raw,
            e164: None,
            national: None,
            display: None,
            privacy: Privacy::Withheld,
            validity: Validity::None,
            extension: None,
        }
    }
}

/// The part of a header that is read.
fn bounded(value: &str) -> &str {
    &value[..value.floor_char_boundary(MAX_HEADER_BYTES)]
}
