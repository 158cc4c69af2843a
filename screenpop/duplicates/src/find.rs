//! Finds whose cards are whose: one run over a table.

use crate::blocking::{self, Pair, cards_of, pair};
use crate::card::Cards;
use crate::cluster::cluster;
use crate::compare::{Agreement, compare};
use crate::decision::Rulings;
use crate::deck::Deck;
use crate::model::{Model, Weighed};
use crate::train::{self, probability};
use std::collections::BTreeMap;

/// Odds, in bits, below which a pair is out of the question.
const HOPELESS: f32 = -9.0;

/// How a run is made.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Draws the pairs by which it is known what strangers share. The same seed finds the same.
    pub seed: u64,
    /// Threads that compare; the result is the same with any number.
    pub threads: usize,
    /// Pairs in two people's hands are asked about from this probability on.
    pub ask_from: f32,
    /// Cards that were put to a person's are asked about up to this probability.
    pub ask_to: f32,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 1, threads: 2, ask_from: 0.1, ask_to: 0.95 }
    }
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many cards are normalised.
    Read(usize),
    /// So many pairs share something.
    Blocked(usize),
    /// So many of them are not out of the question.
    Compared(usize),
    /// What agreements are worth is learnt.
    Learnt,
    /// So many people were found.
    Found(usize),
}

/// What was found.
#[derive(Debug)]
pub struct Found {
    /// The person of each card, from 0 in the order of their first cards.
    pub person_of: Vec<u32>,
    /// The cards of each person.
    pub people: Vec<Person>,
    /// Pairs for somebody to look at, those first from which most is learnt.
    pub doubts: Vec<Doubt>,
    /// Pairs that were compared.
    pub compared: usize,
    /// Keys that more cards have than meet each other, and the cards of the largest.
    pub large_blocks: (u32, u32),
    pub(crate) deck: Deck,
    pub(crate) model: Model,
}

/// Cards of one person, as far as is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// In the order of the table.
    pub cards: Vec<u32>,
    /// How sure it is that the least sure of them belongs to the rest.
    pub probability: f32,
}

/// A pair that a person should look at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Doubt {
    /// A card.
    pub one: u32,
    /// Another.
    pub other: u32,
    /// That they are one person's.
    pub probability: f32,
    /// Whether they are taken for one person's for the time being.
    pub together: bool,
}

/// Finds people. `tell` hears of each step.
#[must_use]
pub fn find(cards: &Cards, rulings: &Rulings, options: &Options, tell: &dyn Fn(Step)) -> Found {
    let deck = Deck::of(cards);
    tell(Step::Read(cards.len()));
    let blocked = blocking::block(&deck);
    tell(Step::Blocked(blocked.pairs.len()));
    let strangers = train::strangers(&deck, options.seed);
    // One pair a card, to begin with: what is out of the question by that stays out.
    let first = Model::new(
        strangers,
        -libm::log2f(cards.len().max(2) as f32),
        -libm::log2f(cards.len().max(2) as f32),
    );
    let (pairs, agreements) = candidates(&deck, &first, &blocked.pairs, options.threads);
    tell(Step::Compared(pairs.len()));
    let model = train::learn(cards.len(), strangers, &agreements);
    tell(Step::Learnt);
    let weighed: Vec<f32> = agreements.iter().map(|agreement| model.weigh(agreement).odds()).collect();
    drop(agreements);
    let links: Vec<(Pair, f32)> =
        pairs.iter().copied().zip(weighed.iter().copied()).filter(|(_, odds)| *odds > 0.0).collect();
    let judge = |one: u32, other: u32| model.weigh(&compare(&deck, one, other)).odds();
    let labels = cluster(cards.len(), &links, rulings, judge);
    let (person_of, mut people) = people(&labels);
    let scored = || pairs.iter().copied().zip(weighed.iter().copied());
    let doubts = doubts(scored(), &person_of, &mut people, rulings, options);
    tell(Step::Found(people.len()));
    let large_blocks = (blocked.large, blocked.largest);
    Found { person_of, people, doubts, compared: blocked.pairs.len(), large_blocks, deck, model }
}

/// Pairs that are not out of the question, with how they agree. Each thread takes a part of the pairs; the parts are
/// put together in their order.
fn candidates(deck: &Deck, model: &Model, pairs: &[Pair], threads: usize) -> (Vec<Pair>, Vec<Agreement>) {
    let part = |pairs: &[Pair]| {
        let weigh = |pair: &Pair| {
            let (one, other) = cards_of(*pair);
            let agreement = compare(deck, one, other);
            (model.weigh(&agreement).odds() > HOPELESS).then_some((*pair, agreement))
        };
        pairs.iter().filter_map(weigh).unzip::<_, _, Vec<_>, Vec<_>>()
    };
    let size = pairs.len().div_ceil(threads.max(1)).max(1);
    let (mut kept, mut agreements) = (Vec::new(), Vec::new());
    std::thread::scope(|scope| {
        let running: Vec<_> = pairs.chunks(size).map(|chunk| scope.spawn(move || part(chunk))).collect();
        for thread in running {
            match thread.join() {
                Ok((pairs, agreed)) => {
                    kept.extend(pairs);
                    agreements.extend(agreed);
                }
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    (kept, agreements)
}

fn people(labels: &[u32]) -> (Vec<u32>, Vec<Person>) {
    let mut numbers = BTreeMap::<u32, u32>::new();
    let mut people = Vec::<Person>::new();
    let mut person_of = Vec::with_capacity(labels.len());
    for (card, label) in labels.iter().enumerate() {
        let next = numbers.len() as u32;
        let number = *numbers.entry(*label).or_insert(next);
        if number == next {
            people.push(Person { cards: Vec::new(), probability: 1.0 });
        }
        people[number as usize].cards.push(card as u32);
        person_of.push(number);
    }
    (person_of, people)
}

/// Of two people the pair that speaks most for their being one; of each card the one that speaks most for its place.
fn doubts(
    scored: impl Iterator<Item = (Pair, f32)>,
    person_of: &[u32],
    people: &mut [Person],
    rulings: &Rulings,
    options: &Options,
) -> Vec<Doubt> {
    let mut apart = BTreeMap::<Pair, (f32, Pair)>::new();
    let mut together = BTreeMap::<u32, (f32, Pair)>::new();
    let better = |known: &mut (f32, Pair), odds: f32, cards: Pair| {
        if odds > known.0 {
            *known = (odds, cards);
        }
    };
    for (cards, odds) in scored {
        let (one, other) = cards_of(cards);
        let (a, b) = (person_of[one as usize], person_of[other as usize]);
        if a == b {
            for card in [one, other] {
                better(together.entry(card).or_insert((odds, cards)), odds, cards);
            }
        } else if probability(odds) >= options.ask_from && !rulings.are_different(one, other) {
            better(apart.entry(pair(a, b)).or_insert((odds, cards)), odds, cards);
        }
    }
    for (card, (odds, _)) in &together {
        let person = &mut people[person_of[*card as usize] as usize];
        person.probability = person.probability.min(probability(*odds));
    }
    let doubt = |together: bool| {
        move |(odds, cards): &(f32, Pair)| {
            let (one, other) = cards_of(*cards);
            Doubt { one, other, probability: probability(*odds), together }
        }
    };
    let unsure = together.values().map(doubt(true)).filter(|doubt| doubt.probability <= options.ask_to);
    let mut all: Vec<Doubt> = apart.values().map(doubt(false)).chain(unsure).collect();
    all.retain(|doubt| !rulings.knows(doubt.one, doubt.other));
    all.sort_by(|a, b| {
        let far = |doubt: &Doubt| (doubt.probability - 0.5).abs();
        far(a).total_cmp(&far(b)).then((a.one, a.other).cmp(&(b.one, b.other)))
    });
    all.dedup_by_key(|doubt| pair(doubt.one, doubt.other));
    all
}

impl Found {
    /// How two cards agree and what that is worth.
    pub(crate) fn weigh(&self, one: u32, other: u32) -> (Agreement, Weighed) {
        let agreement = compare(&self.deck, one, other);
        (agreement, self.model.weigh(&agreement))
    }

    /// How probable it is that two cards are one person's, by these two alone.
    #[must_use]
    pub fn probability(&self, one: u32, other: u32) -> f32 {
        probability(self.weigh(one, other).1.odds())
    }
}
