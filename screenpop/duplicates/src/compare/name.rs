//! Names: words are paired whatever their order, then what is left over decides.

use super::{Fit, floored, share};
use crate::deck::{Deck, Profile};
use crate::terms::NONE;

/// No word in common.
pub const DIFFERENT: u8 = 0;
/// Some words in common, but not the first ones, and others on both sides not: as in a family.
pub const FAMILY: u8 = 1;
/// The first words in common, others on both sides not.
pub const GIVEN: u8 = 2;
/// All words of the shorter one are in the longer one.
pub const CONTAINED: u8 = 3;
/// All words are the same but for slips and initials.
pub const SIMILAR: u8 = 4;
/// The same words.
pub const SAME: u8 = 5;

/// How probable it is that an initial fits.
const INITIAL: f32 = -3.0;

struct Pairing<'a> {
    deck: &'a Deck,
    one: &'a [u32],
    other: &'a [u32],
    /// A bit a word that has found its like.
    found: (u32, u32),
    chance: f32,
    slips: bool,
    whole_words: u32,
}

pub(super) fn fit(deck: &Deck, one: &Profile, other: &Profile) -> Fit {
    if one.name.is_empty() || other.name.is_empty() {
        return Fit::MISSING;
    }
    let mut pairing = Pairing {
        deck,
        one: &one.name,
        other: &other.name,
        found: (0, 0),
        chance: 0.0,
        slips: false,
        whole_words: 0,
    };
    pairing.pair(|_, a, b| (a == b).then_some(Like::Same));
    pairing.pair(|deck, a, b| deck.names.are_near(a, b).then_some(Like::Near));
    pairing.join(&one.joined, &other.joined);
    pairing.pair(|deck, a, b| is_initial(deck, a, b).then_some(Like::Initial));
    pairing.conclude()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Like {
    Same,
    Near,
    Initial,
}

fn is_initial(deck: &Deck, a: u32, b: u32) -> bool {
    let (a, b) = (deck.names.text(a), deck.names.text(b));
    (a.len() == 1 || b.len() == 1) && a.chars().next() == b.chars().next()
}

impl Pairing<'_> {
    fn pair(&mut self, like: impl Fn(&Deck, u32, u32) -> Option<Like>) {
        for (i, a) in self.one.iter().enumerate() {
            for (j, b) in self.other.iter().enumerate() {
                if self.found.0 & (1 << i) != 0 || self.found.1 & (1 << j) != 0 {
                    continue;
                }
                if let Some(like) = like(self.deck, *a, *b) {
                    self.found.0 |= 1 << i;
                    self.found.1 |= 1 << j;
                    self.note(like, *a, *b);
                }
            }
        }
    }

    fn note(&mut self, like: Like, a: u32, b: u32) {
        let names = &self.deck.names;
        self.chance += match like {
            Like::Same => share(self.deck, names.cards(a)),
            Like::Near => share(self.deck, names.cards_near(a).max(names.cards_near(b))),
            Like::Initial => INITIAL,
        };
        self.slips |= like != Like::Same;
        self.whole_words += u32::from(like != Like::Initial);
    }

    /// `Nur Hayati` is `Nurhayati`.
    fn join(&mut self, one: &[u32], other: &[u32]) {
        for (i, joined) in one.iter().enumerate().filter(|(_, joined)| **joined != NONE) {
            let free = self.found.0 & (0b11 << i) == 0;
            let like = |b: &u32| b == joined || self.deck.names.are_near(*joined, *b);
            let at = (0..self.other.len()).find(|j| self.found.1 & (1 << j) == 0 && like(&self.other[*j]));
            if let Some(j) = at.filter(|_| free) {
                self.found.0 |= 0b11 << i;
                self.found.1 |= 1 << j;
                self.note(Like::Near, *joined, self.other[j]);
            }
        }
        for (j, joined) in other.iter().enumerate().filter(|(_, joined)| **joined != NONE) {
            let free = self.found.1 & (0b11 << j) == 0;
            let like = |a: &u32| a == joined || self.deck.names.are_near(*joined, *a);
            let at = (0..self.one.len()).find(|i| self.found.0 & (1 << i) == 0 && like(&self.one[*i]));
            if let Some(i) = at.filter(|_| free) {
                self.found.1 |= 0b11 << j;
                self.found.0 |= 1 << i;
                self.note(Like::Near, *joined, self.one[i]);
            }
        }
    }

    fn conclude(&self) -> Fit {
        let all = |found: u32, words: &[u32]| found.count_ones() as usize == words.len();
        let (one, other) = (all(self.found.0, self.one), all(self.found.1, self.other));
        // Initials alone say nothing, unless they are all that a name is.
        let telling = self.whole_words > 0 || (one || other) && self.found.0.count_ones() > 1;
        let level = match (one, other, telling) {
            (_, _, false) => DIFFERENT,
            (true, true, true) if self.slips => SIMILAR,
            (true, true, true) => SAME,
            (true, false, true) | (false, true, true) => CONTAINED,
            (false, false, true) if self.found.0 & self.found.1 & 1 == 1 => GIVEN,
            (false, false, true) => FAMILY,
        };
        if level == DIFFERENT {
            Fit::plain(level)
        } else {
            Fit { level, chance: floored(self.deck, self.chance) }
        }
    }
}
