//! Addresses as bags of words, in which a word counts by how rare it is.

use super::{Fit, floored, share};
use crate::deck::{Deck, Profile};
use crate::terms::{NONE, Terms, one_slip};

/// Hardly anything in common.
pub const DIFFERENT: u8 = 0;
/// Street: something in common. Place: a part of it.
pub const SOME: u8 = 1;
/// Street: much in common. Place: the same.
pub const SIMILAR: u8 = 2;
/// Street: the same.
pub const SAME: u8 = 3;

/// What two bags have in common, in bits.
struct Common {
    /// What both have.
    shared: f32,
    one: f32,
    other: f32,
    chance: f32,
    /// Both have a number in common, or neither has one.
    numbers_agree: bool,
    /// Both have numbers, and none in common: next door.
    numbers_differ: bool,
}

pub(super) fn street(deck: &Deck, one: &Profile, other: &Profile) -> Fit {
    if one.street.is_empty() || other.street.is_empty() {
        return Fit::MISSING;
    }
    let common = common(deck, &deck.streets, &one.street, &other.street);
    let of_both = common.shared / (common.one + common.other - common.shared).max(0.1);
    let of_shorter = common.shared / common.one.min(common.other).max(0.1);
    let level = match common.numbers_differ {
        false if common.numbers_agree && of_shorter >= 0.9 && of_both >= 0.5 => SAME,
        false if of_both >= 0.45 || of_shorter >= 0.85 && common.shared >= 8.0 => SIMILAR,
        true if of_both >= 0.7 => SIMILAR,
        _ if of_both >= 0.2 => SOME,
        _ => DIFFERENT,
    };
    if level < SIMILAR { Fit::plain(level) } else { Fit { level, chance: floored(deck, common.chance) } }
}

fn common(deck: &Deck, terms: &Terms, one: &[u32], other: &[u32]) -> Common {
    let rarity = |word: u32| (-share(deck, terms.cards(word))).max(0.3);
    let all = |words: &[u32]| words.iter().map(|word| rarity(*word)).sum::<f32>();
    let is_number = |word: u32| terms.text(word).contains(|c: char| c.is_ascii_digit());
    let (mut shared, mut rarest, mut of_numbers, mut numbers) = (0.0, 0.0_f32, 0.0, false);
    for a in one {
        let like = other.iter().find(|b| *b == a);
        let like = like.or_else(|| other.iter().find(|b| !one.contains(b) && terms.are_near(*a, **b)));
        let Some(b) = like else { continue };
        if is_number(*a) {
            numbers = true;
            of_numbers += share(deck, terms.cards(*a));
        } else {
            // The words of one street's name come together: only the rarest counts.
            rarest = rarest.min(share(
                deck,
                if a == b { terms.cards(*a) } else { terms.cards_near(*a).max(terms.cards_near(*b)) },
            ));
        }
        shared += if a == b { rarity(*a) } else { 0.9 * rarity(*a).min(rarity(*b)) };
    }
    let has_number = |words: &[u32]| words.iter().any(|word| is_number(*word));
    let (one_has, other_has) = (has_number(one), has_number(other));
    Common {
        shared: f32::min(shared, all(one)).min(all(other)),
        one: all(one),
        other: all(other),
        chance: rarest + of_numbers,
        numbers_agree: numbers || !one_has && !other_has,
        numbers_differ: !numbers && one_has && other_has,
    }
}

pub(super) fn place(deck: &Deck, one: &Profile, other: &Profile, street: u8) -> Fit {
    let fit = town(deck, one, other);
    let same_street = street >= SIMILAR && street != super::MISSING;
    let apart = if same_street || fit.level == super::MISSING { 0 } else { 3 };
    Fit { level: fit.level.saturating_add(apart), ..fit }
}

fn town(deck: &Deck, one: &Profile, other: &Profile) -> Fit {
    let words = words(deck, one, other);
    let posts = posts(deck, one, other);
    match (words.level, posts.level) {
        (super::MISSING, _) => posts,
        (_, super::MISSING) => words,
        (SIMILAR, SIMILAR) if words.chance < posts.chance => words,
        (_, SIMILAR) => posts,
        (_, _) if words.level >= posts.level => words,
        (_, _) => posts,
    }
}

fn words(deck: &Deck, one: &Profile, other: &Profile) -> Fit {
    if one.place.is_empty() || other.place.is_empty() {
        return Fit::MISSING;
    }
    let common = common(deck, &deck.places, &one.place, &other.place);
    let of_shorter = common.shared / common.one.min(common.other).max(0.1);
    match of_shorter {
        most if most >= 0.75 => Fit { level: SIMILAR, chance: floored(deck, common.chance) },
        some if some > 0.3 => Fit::plain(SOME),
        _ => Fit::plain(DIFFERENT),
    }
}

fn posts(deck: &Deck, one: &Profile, other: &Profile) -> Fit {
    if one.postcode == NONE || other.postcode == NONE {
        return Fit::MISSING;
    }
    if one.postcode == other.postcode {
        return Fit { level: SIMILAR, chance: share(deck, deck.postcodes.cards(one.postcode)) };
    }
    let text = |id: u32| deck.postcodes.text(id).as_bytes();
    Fit::plain(if one_slip(text(one.postcode), text(other.postcode)) { SOME } else { DIFFERENT })
}
