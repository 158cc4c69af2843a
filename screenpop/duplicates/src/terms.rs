//! The words and numbers that cards hold: each a number, with how many cards have it and which others are nearly it.

use crate::normal::sound;
use std::collections::BTreeMap;

/// No word.
pub(crate) const NONE: u32 = u32::MAX;
/// Words that are nearly a given one; a word with more is too short to say.
const MAX_NEAR: usize = 64;

/// All words of one kind.
#[derive(Debug, Default)]
pub(crate) struct Terms {
    ids: BTreeMap<String, u32>,
    texts: Vec<String>,
    cards: Vec<u32>,
    near: Vec<Vec<u32>>,
}

impl Terms {
    /// The word's number; counts a card that has it. To be called once a card and word.
    pub fn count(&mut self, text: &str) -> u32 {
        let id = match self.ids.get(text) {
            Some(id) => *id,
            None => {
                let id = self.texts.len() as u32;
                self.ids.insert(text.to_owned(), id);
                self.texts.push(text.to_owned());
                self.cards.push(0);
                id
            }
        };
        self.cards[id as usize] += 1;
        id
    }

    pub fn find(&self, text: &str) -> u32 {
        self.ids.get(text).copied().unwrap_or(NONE)
    }

    pub fn text(&self, id: u32) -> &str {
        self.texts.get(id as usize).map_or("", String::as_str)
    }

    /// How many cards have it.
    pub fn cards(&self, id: u32) -> u32 {
        self.cards.get(id as usize).copied().unwrap_or(0)
    }

    /// How many have it, or a word that is nearly it.
    pub fn cards_near(&self, id: u32) -> u32 {
        let others = self.near.get(id as usize).into_iter().flatten();
        others.map(|other| self.cards(*other)).fold(self.cards(id), u32::saturating_add)
    }

    /// Whether one may well be the other, misspelt.
    pub fn are_near(&self, one: u32, other: u32) -> bool {
        self.near.get(one as usize).is_some_and(|near| near.binary_search(&other).is_ok())
    }

    /// Finds, for every word, those that it may be a misspelling of: one slip away, two in words of seven letters
    /// or more, or that sound the same. To be called once all words are there.
    pub fn relate(&mut self) {
        let mut shapes = Vec::<(String, u32)>::new();
        for (id, text) in self.texts.iter().enumerate() {
            shapes_of(text, id as u32, &mut shapes);
        }
        shapes.sort_unstable();
        let mut near = vec![Vec::new(); self.texts.len()];
        for same in shapes.chunk_by(|one, other| one.0 == other.0).filter(|same| same.len() > 1) {
            for (at, (_, one)) in same.iter().enumerate() {
                for (_, other) in same[at + 1..].iter().take(MAX_NEAR) {
                    if one != other && is_slip(self.text(*one), self.text(*other)) {
                        near[*one as usize].push(*other);
                        near[*other as usize].push(*one);
                    }
                }
            }
        }
        for near in &mut near {
            near.sort_unstable();
            near.dedup();
        }
        self.near = near;
    }
}

/// What two words have in common when they are near: a word with letters left out, or its sound. Numbers, and words
/// with digits, are near to nothing: the next house is another one.
fn shapes_of(text: &str, id: u32, shapes: &mut Vec<(String, u32)>) {
    let letters: Vec<char> = text.chars().collect();
    if letters.len() < 3 || letters.len() > 24 || letters.iter().any(|c| c.is_numeric()) {
        return;
    }
    shapes.push((format!("~{}", sound(text)), id));
    shapes.push((text.to_owned(), id));
    if letters.len() < 4 {
        return;
    }
    for left_out in 0..letters.len() {
        let shorter = without(&letters, left_out);
        if letters.len() >= 7 {
            for second in left_out..shorter.len() {
                shapes.push((without(&shorter, second).into_iter().collect(), id));
            }
        }
        shapes.push((shorter.into_iter().collect(), id));
    }
}

fn without(letters: &[char], at: usize) -> Vec<char> {
    letters.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, c)| *c).collect()
}

fn is_slip(one: &str, other: &str) -> bool {
    let (one_long, other_long) = (one.chars().count(), other.chars().count());
    let allowed = match one_long.min(other_long) {
        0..=2 => 0,
        // Maya without an a, but not Ani for Adi.
        3 => usize::from(one_long != other_long),
        4..=6 => 1,
        _ => 2,
    };
    sound(one) == sound(other) || strsim::osa_distance(one, other) <= allowed
}

/// Whether two texts differ by one sign: another, one more or less, or two that changed places.
pub(crate) fn one_slip(one: &[u8], other: &[u8]) -> bool {
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    let head = short.iter().zip(long).take_while(|(a, b)| a == b).count();
    let tail = short[head..].iter().rev().zip(long[head..].iter().rev()).take_while(|(a, b)| a == b).count();
    let (short, long) = (&short[head..short.len() - tail], &long[head..long.len() - tail]);
    match (short, long) {
        ([], [_]) | ([_], [_]) => true,
        ([a, b], [c, d]) => a == d && b == c,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelt_words_are_near() {
        let mut terms = Terms::default();
        for word in ["santoso", "santosa", "sntoso", "budi", "tuti", "rizky", "riski", "ayu", "5", "6"] {
            terms.count(word);
        }
        terms.relate();
        let near = |one: &str, other: &str| terms.are_near(terms.find(one), terms.find(other));
        assert!(near("santoso", "santosa") && near("sntoso", "santoso") && near("riski", "rizky"));
        assert!(!near("budi", "tuti") && !near("5", "6") && !near("santoso", "santoso"));
        assert_eq!(terms.cards_near(terms.find("santoso")), 3);
    }

    #[test]
    fn one_slip_is_one() {
        for (one, other) in [("0812", "0813"), ("0812", "0182"), ("0812", "08122"), ("0812", "812")] {
            assert!(one_slip(one.as_bytes(), other.as_bytes()), "{one} {other}");
        }
        for (one, other) in [("0812", "0812"), ("0812", "1802"), ("0812", "08"), ("", "12")] {
            assert!(!one_slip(one.as_bytes(), other.as_bytes()), "{one} {other}");
        }
    }
}
