//! Puts cards together into people, by how well *all* cards of two groups go together.
//!
//! Plain transitivity would chain a family through the one card that says too little: mother is like the card, the
//! card is like the son, so mother is son. Here two groups become one only while the mean over all pairs between them
//! speaks for it, the best pair of groups first. Which pairs people have ruled on comes before everything.

use crate::blocking::{Pair, cards_of, pair};
use crate::decision::Rulings;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

/// One pair says no more than this, in bits: else one sure pair would outweigh ten that speak against it.
const MOST: f32 = 12.0;
/// Cards of one person. More are a shop's own, or a form's filler.
const MAX_CARDS: usize = 200;

/// Groups in the making.
struct Groups<'a, J> {
    /// What speaks for two cards being one person's, in bits.
    judge: J,
    rulings: &'a Rulings,
    /// By group; empty once it is part of another one.
    cards: Vec<Vec<u32>>,
    of_card: Vec<u32>,
    /// Sums over all pairs between two groups.
    sums: BTreeMap<Pair, f32>,
    next_to: Vec<BTreeSet<u32>>,
    heap: BinaryHeap<Joint>,
}

/// Two groups that may become one.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Joint {
    mean: f32,
    groups: Pair,
    /// How many cards they had: of others it is told no longer.
    sizes: (usize, usize),
}

impl Eq for Joint {}

impl PartialOrd for Joint {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Joint {
    /// The better first; of equals the earlier cards.
    fn cmp(&self, other: &Self) -> Ordering {
        self.mean
            .total_cmp(&other.mean)
            .then(other.groups.cmp(&self.groups))
            .then(self.sizes.cmp(&other.sizes))
    }
}

/// The group of each card, named by its first card. `links` are pairs that may be one person's; `judge` weighs any
/// pair, the same way round or the other.
pub(crate) fn cluster(
    cards: usize,
    links: &[(Pair, f32)],
    rulings: &Rulings,
    judge: impl Fn(u32, u32) -> f32,
) -> Vec<u32> {
    let mut groups = Groups::new(cards, rulings, judge);
    for (one, other) in &rulings.same {
        groups.join_by_ruling(*one, *other);
    }
    for (link, odds) in links {
        groups.link(*link, *odds);
    }
    groups.settle();
    let mut labels = vec![0; cards];
    for members in groups.cards.iter().filter(|members| !members.is_empty()) {
        let first = members.iter().min().copied().unwrap_or(0);
        members.iter().for_each(|card| labels[*card as usize] = first);
    }
    labels
}

impl<'a, J: Fn(u32, u32) -> f32> Groups<'a, J> {
    fn new(cards: usize, rulings: &'a Rulings, judge: J) -> Self {
        Self {
            judge,
            rulings,
            cards: (0..cards as u32).map(|card| vec![card]).collect(),
            of_card: (0..cards as u32).collect(),
            sums: BTreeMap::new(),
            next_to: vec![BTreeSet::new(); cards],
            heap: BinaryHeap::new(),
        }
    }

    /// Before anything else, when no group has neighbours yet.
    fn join_by_ruling(&mut self, one: u32, other: u32) {
        let (one, other) = (self.of_card[one as usize], self.of_card[other as usize]);
        if one != other {
            self.absorb(one, other);
        }
    }

    fn link(&mut self, link: Pair, odds: f32) {
        let (one, other) = cards_of(link);
        let (a, b) = (self.of_card[one as usize], self.of_card[other as usize]);
        if a == b || !self.next_to[a as usize].insert(b) {
            return;
        }
        self.next_to[b as usize].insert(a);
        let alone = self.cards[a as usize].len() == 1 && self.cards[b as usize].len() == 1;
        if alone && !self.rulings.are_different(one, other) {
            self.sums.insert(pair(a, b), odds.clamp(-MOST, MOST));
        }
        self.propose(a, b);
    }

    fn settle(&mut self) {
        while let Some(joint) = self.heap.pop() {
            let (a, b) = cards_of(joint.groups);
            let sizes = (self.cards[a as usize].len(), self.cards[b as usize].len());
            if sizes == joint.sizes && sizes.0 > 0 && sizes.1 > 0 && sizes.0 + sizes.1 <= MAX_CARDS {
                self.join(a, b);
            }
        }
    }

    fn join(&mut self, a: u32, b: u32) {
        let (big, small) =
            if self.cards[a as usize].len() >= self.cards[b as usize].len() { (a, b) } else { (b, a) };
        let near: BTreeSet<u32> = self.next_to[big as usize]
            .union(&self.next_to[small as usize])
            .copied()
            .filter(|group| *group != big && *group != small)
            .collect();
        for group in &near {
            let sum = self.sum(big, *group) + self.sum(small, *group);
            self.sums.remove(&pair(small, *group));
            self.sums.insert(pair(big, *group), sum);
            self.next_to[*group as usize].remove(&small);
            self.next_to[*group as usize].insert(big);
        }
        self.sums.remove(&pair(a, b));
        self.absorb(big, small);
        self.next_to[small as usize] = BTreeSet::new();
        near.iter().for_each(|group| self.propose(big, *group));
        self.next_to[big as usize] = near;
    }

    fn absorb(&mut self, big: u32, small: u32) {
        let moved = std::mem::take(&mut self.cards[small as usize]);
        moved.iter().for_each(|card| self.of_card[*card as usize] = big);
        self.cards[big as usize].extend(moved);
    }

    fn propose(&mut self, a: u32, b: u32) {
        let sum = self.sum(a, b);
        let (low, high) = cards_of(pair(a, b));
        let sizes = (self.cards[low as usize].len(), self.cards[high as usize].len());
        let mean = sum / (sizes.0 * sizes.1).max(1) as f32;
        if mean > 0.0 {
            self.heap.push(Joint { mean, groups: pair(a, b), sizes });
        }
    }

    /// The sum over all pairs between two groups; what was ruled to be different can never be one.
    fn sum(&mut self, a: u32, b: u32) -> f32 {
        if let Some(known) = self.sums.get(&pair(a, b)) {
            return *known;
        }
        let mut sum = 0.0;
        for one in &self.cards[a as usize] {
            for other in &self.cards[b as usize] {
                sum += if self.rulings.are_different(*one, *other) {
                    f32::NEG_INFINITY
                } else {
                    (self.judge)(*one, *other).clamp(-MOST, MOST)
                };
            }
        }
        self.sums.insert(pair(a, b), sum);
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clustered(cards: usize, odds: &[(u32, u32, f32)], rulings: &Rulings) -> Vec<u32> {
        let links: Vec<(Pair, f32)> =
            odds.iter().filter(|(.., odds)| *odds > 0.0).map(|(a, b, odds)| (pair(*a, *b), *odds)).collect();
        let judge = |a: u32, b: u32| {
            let of = odds.iter().find(|(one, other, _)| pair(*one, *other) == pair(a, b));
            of.map_or(-10.0, |(.., odds)| *odds)
        };
        cluster(cards, &links, rulings, judge)
    }

    #[test]
    fn a_card_that_says_little_does_not_chain_a_family() {
        // 0 is the mother, 2 the son, 1 a card with the phone of both.
        assert_eq!(clustered(3, &[(0, 1, 4.0), (1, 2, 3.0), (0, 2, -11.0)], &Rulings::default()), [0, 0, 2]);
    }

    #[test]
    fn one_poor_pair_does_not_part_a_person() {
        let odds = [(0, 1, 11.0), (1, 2, 11.0), (0, 2, -3.0)];
        assert_eq!(clustered(3, &odds, &Rulings::default()), [0, 0, 0]);
    }

    #[test]
    fn rulings_come_first() {
        let odds = [(0, 1, 11.0), (1, 2, 11.0), (0, 2, 11.0)];
        let parted = Rulings { different: [pair(0, 2)].into(), ..Rulings::default() };
        let found = clustered(3, &odds, &parted);
        assert_ne!(found[0], found[2]);
        let joined = Rulings { same: vec![(0, 3)], ..Rulings::default() };
        assert_eq!(clustered(4, &odds, &joined), [0, 0, 0, 0]);
    }
}
