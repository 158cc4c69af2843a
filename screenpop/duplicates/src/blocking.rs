//! Which cards are compared with which: those that share a key, of some thirty a card.
//!
//! A block of more than [`MAX_BLOCK`] cards (a phone typed for everybody, a name like Siti Aminah) says little. Its
//! cards meet only those next to them, once in the order of birth and once in that of address and phone; who else in
//! it is the same agrees in something more, and so meets by another key. So pairs are at most some hundreds a card,
//! whatever the table holds.

use crate::deck::{Deck, Profile};
use crate::normal::sound;
use crate::terms::NONE;

/// Cards that all meet each other.
pub(crate) const MAX_BLOCK: usize = 50;
/// Cards next to one in the order of a larger block.
const WINDOW: usize = 8;
/// Pairs of one run; with more cards than they are enough for, blocks are smaller.
const MAX_PAIRS: usize = 60_000_000;
/// A name's word that so few cards have is a key of its own.
const RARE: u32 = 40;

/// A pair of cards in one number, the lower one first.
pub(crate) type Pair = u64;

pub(crate) const fn pair(one: u32, other: u32) -> Pair {
    let (low, high) = if one < other { (one, other) } else { (other, one) };
    (low as u64) << 32 | high as u64
}

pub(crate) const fn cards_of(pair: Pair) -> (u32, u32) {
    ((pair >> 32) as u32, pair as u32)
}

/// What came of blocking.
#[derive(Debug, Default)]
pub(crate) struct Blocked {
    /// Each once, in order.
    pub pairs: Vec<Pair>,
    /// Blocks of more than [`MAX_BLOCK`].
    pub large: u32,
    /// Cards in the largest.
    pub largest: u32,
}

/// All pairs that are worth comparing.
pub(crate) fn block(deck: &Deck) -> Blocked {
    let mut keys = Vec::<(u64, u32)>::new();
    let mut of_card = Vec::new();
    for (card, profile) in deck.profiles.iter().enumerate() {
        of_card.clear();
        keys_of(deck, profile, &mut of_card);
        of_card.sort_unstable();
        of_card.dedup();
        keys.extend(of_card.iter().map(|key| (*key, card as u32)));
    }
    keys.sort_unstable();
    let limit = (2 * MAX_PAIRS / keys.len().max(1)).clamp(4, MAX_BLOCK);
    let mut blocked = Blocked::default();
    let mut cards = Vec::new();
    for same in keys.chunk_by(|one, other| one.0 == other.0).filter(|same| same.len() > 1) {
        cards.clear();
        cards.extend(same.iter().map(|(_, card)| *card));
        if cards.len() <= limit {
            everybody(&cards, &mut blocked.pairs);
        } else {
            blocked.large += 1;
            blocked.largest = blocked.largest.max(cards.len() as u32);
            neighbours(deck, &mut cards, &mut blocked.pairs);
        }
    }
    blocked.pairs.sort_unstable();
    blocked.pairs.dedup();
    blocked
}

fn everybody(cards: &[u32], pairs: &mut Vec<Pair>) {
    for (at, one) in cards.iter().enumerate() {
        pairs.extend(cards[at + 1..].iter().map(|other| pair(*one, *other)));
    }
}

fn neighbours(deck: &Deck, cards: &mut [u32], pairs: &mut Vec<Pair>) {
    let of = |card: u32| deck.of_card(card);
    cards.sort_unstable_by_key(|card| (of(*card).born, of(*card).identity, *card));
    windows(cards, pairs);
    cards.sort_by_cached_key(|card| {
        let profile = of(*card);
        let mut street = profile.street.clone();
        street.sort_unstable_by_key(|word| deck.streets.cards(*word));
        (street, profile.phones.first().copied(), profile.name.clone(), *card)
    });
    windows(cards, pairs);
}

fn windows(cards: &[u32], pairs: &mut Vec<Pair>) {
    for (at, one) in cards.iter().enumerate() {
        pairs.extend(cards[at + 1..].iter().take(WINDOW).map(|other| pair(*one, *other)));
    }
}

/// Every key of a card.
fn keys_of(deck: &Deck, profile: &Profile, keys: &mut Vec<u64>) {
    let sounds: Vec<String> = profile.name.iter().map(|word| sound(deck.names.text(*word))).collect();
    numbers(deck, profile, &sounds, keys);
    names(deck, profile, &sounds, keys);
    addresses(deck, profile, &sounds, keys);
}

fn numbers(deck: &Deck, profile: &Profile, sounds: &[String], keys: &mut Vec<u64>) {
    for phone in &profile.phones {
        let text = deck.phones.text(*phone).as_bytes();
        let half = text.len() / 2;
        keys.push(key(b'p', &[text]));
        for sound in sounds.iter().map(String::as_bytes) {
            keys.push(key(b'q', &[&text[..half], sound]));
            keys.push(key(b'r', &[&text[half..], sound]));
        }
    }
    if profile.identity != NONE {
        let text = deck.identities.text(profile.identity).as_bytes();
        let half = text.len() / 2;
        keys.push(key(b'i', &[text]));
        for initial in sounds.iter().filter_map(|sound| sound.as_bytes().get(..1)) {
            keys.push(key(b'j', &[&text[..half], initial]));
            keys.push(key(b'k', &[&text[half..], initial]));
        }
    }
    if profile.email != NONE {
        let text = deck.emails.text(profile.email);
        let local = text.split_once('@').map_or(text, |(local, _)| local);
        keys.push(key(b'e', &[local.as_bytes()]));
    }
}

fn names(deck: &Deck, profile: &Profile, sounds: &[String], keys: &mut Vec<u64>) {
    for (at, one) in sounds.iter().enumerate() {
        for other in &sounds[at + 1..] {
            let (first, second) = if one < other { (one, other) } else { (other, one) };
            keys.push(key(b'n', &[first.as_bytes(), second.as_bytes()]));
        }
        let whole = sounds.len() == 1;
        let few = deck.names.cards_near(profile.name[at]) <= RARE;
        if whole || few {
            keys.push(key(b'w', &[one.as_bytes()]));
        }
    }
    // Written together or apart, the sound of the whole is the same.
    keys.push(key(b'n', &[&sound(&sounds.concat()).into_bytes()]));
    let Some(born) = profile.born else { return };
    for one in sounds {
        let name = one.as_bytes();
        keys.push(key(b'b', &[&born, name.get(..1).unwrap_or_default()]));
        // One of year, month and day may be wrong; day and month may have changed places.
        keys.push(key(b'x', &[&born[..6], name]));
        keys.push(key(b'y', &[&born[4..], name]));
        keys.push(key(b'z', &[&born[..4], &born[6..], name]));
        let (low, high) = if born[4..6] < born[6..] { (4..6, 6..8) } else { (6..8, 4..6) };
        keys.push(key(b'd', &[&born[..4], &born[low], &born[high], name]));
    }
}

fn addresses(deck: &Deck, profile: &Profile, sounds: &[String], keys: &mut Vec<u64>) {
    let place = place_key(deck, profile);
    let mut street = profile.street.clone();
    street.sort_unstable_by_key(|word| (deck.streets.cards(*word), *word));
    let rare: Vec<&[u8]> = street.iter().take(4).map(|word| deck.streets.text(*word).as_bytes()).collect();
    for (at, one) in rare.iter().enumerate() {
        for other in &rare[at + 1..] {
            let (first, second) = if one < other { (one, other) } else { (other, one) };
            keys.push(key(b's', &[first, second, &place]));
        }
        for sound in sounds {
            keys.push(key(b't', &[one, sound.as_bytes()]));
        }
    }
    if let Some(born) = profile.born {
        keys.push(key(b'c', &[&born, &place]));
        rare.iter().take(2).for_each(|one| keys.push(key(b'v', &[one, &born])));
    }
    if !place.is_empty() {
        sounds.iter().for_each(|sound| keys.push(key(b'l', &[sound.as_bytes(), &place])));
    }
    if profile.postcode != NONE {
        let post = deck.postcodes.text(profile.postcode).as_bytes();
        sounds.iter().for_each(|sound| keys.push(key(b'm', &[sound.as_bytes(), post])));
    }
}

/// The rarest word of the place.
fn place_key(deck: &Deck, profile: &Profile) -> Vec<u8> {
    let rarest = profile.place.iter().min_by_key(|word| (deck.places.cards(**word), **word));
    rarest.map_or(Vec::new(), |word| sound(deck.places.text(*word)).into_bytes())
}

/// FNV-1a over a kind and its parts. Two keys that collide cost comparisons, and nothing else.
fn key(kind: u8, parts: &[&[u8]]) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
    let start = step(0xCBF2_9CE4_8422_2325, kind);
    parts.iter().fold(start, |hash, part| step(part.iter().copied().fold(hash, step), 0xFF))
}
