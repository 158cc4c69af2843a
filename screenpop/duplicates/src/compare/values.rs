//! Dates, numbers, addresses of e-mail: the same, one slip apart, or different.

use super::{Fit, share};
use crate::deck::{Deck, Profile};
use crate::terms::{NONE, Terms, one_slip};

/// Nothing in common.
pub const DIFFERENT: u8 = 0;
/// One slip apart.
pub const SLIP: u8 = 1;
/// The same.
pub const SAME: u8 = 2;
/// Dates: two of year, month and day are the same.
pub const DATE_PARTS: u8 = 1;
/// Dates: one slip apart.
pub const DATE_SLIP: u8 = 2;
/// Dates: the same.
pub const DATE_SAME: u8 = 3;

pub(super) fn born(deck: &Deck, one: &Profile, other: &Profile) -> Fit {
    let (Some(a), Some(b)) = (one.born, other.born) else { return Fit::MISSING };
    if a == b {
        return Fit { level: DATE_SAME, chance: share(deck, deck.dates.cards(one.born_term)) };
    }
    let [year, month, day] = [a[..4] == b[..4], a[4..6] == b[4..6], a[6..] == b[6..]];
    let swapped = year && a[4..6] == b[6..] && a[6..] == b[4..6];
    if swapped || one_slip(&a, &b) {
        return Fit::plain(DATE_SLIP);
    }
    let parts = [year, month, day].into_iter().filter(|same| *same).count();
    Fit::plain(if parts >= 2 { DATE_PARTS } else { DIFFERENT })
}

pub(super) fn identity(deck: &Deck, one: &Profile, other: &Profile) -> Fit {
    value(deck, &deck.identities, one.identity, other.identity)
}

pub(super) fn email(deck: &Deck, one: &Profile, other: &Profile) -> Fit {
    let fit = value(deck, &deck.emails, one.email, other.email);
    let local = |id: u32| deck.emails.text(id).split_once('@').map(|(local, _)| local);
    let elsewhere = fit.level == DIFFERENT
        && local(one.email).is_some_and(|a| a.len() >= 6 && Some(a) == local(other.email));
    if elsewhere { Fit::plain(SLIP) } else { fit }
}

fn value(deck: &Deck, terms: &Terms, one: u32, other: u32) -> Fit {
    if one == NONE || other == NONE {
        return Fit::MISSING;
    }
    if one == other {
        return Fit { level: SAME, chance: share(deck, terms.cards(one)) };
    }
    let slip = one_slip(terms.text(one).as_bytes(), terms.text(other).as_bytes());
    Fit::plain(if slip { SLIP } else { DIFFERENT })
}

/// The rarest number that both have; else whether two are one slip apart.
pub(super) fn phone(deck: &Deck, one: &Profile, other: &Profile) -> Fit {
    if one.phones.is_empty() || other.phones.is_empty() {
        return Fit::MISSING;
    }
    let shared = one.phones.iter().filter(|phone| other.phones.contains(phone));
    if let Some(cards) = shared.map(|phone| deck.phones.cards(*phone)).min() {
        return Fit { level: SAME, chance: share(deck, cards) };
    }
    let text = |phone: &u32| deck.phones.text(*phone).as_bytes();
    let slip = one.phones.iter().any(|a| other.phones.iter().any(|b| one_slip(text(a), text(b))));
    Fit::plain(if slip { SLIP } else { DIFFERENT })
}

pub(super) fn sex(one: &Profile, other: &Profile) -> Fit {
    match (one.sex, other.sex) {
        (Some(a), Some(b)) => Fit::plain(u8::from(a == b)),
        (None, _) | (_, None) => Fit::MISSING,
    }
}
