//! Learns from a table what agreements are worth in it.
//!
//! What strangers share is counted in pairs drawn at random. How many pairs are one person's is counted by rules that
//! hardly ever err, apart from everything else. What one person's cards agree in is counted, field by field, in pairs
//! that all *other* fields say are one person's; so no field can talk itself into being right, which is how
//! expectation maximisation over blocked pairs collapses.

use crate::compare::{ALL, Agreement, FIELDS, Field, MISSING, compare};
use crate::deck::Deck;
use crate::model::{Model, SAME_HOUSEHOLD, SAME_PERSON, STRANGERS, Table, logs};
use crate::random::Random;

/// Pairs drawn at random.
const DRAWN: usize = 200_000;
/// What was believed before counts as so many pairs.
const BELIEVED: f32 = 60.0;
/// Odds, in bits, from which the other fields are sure enough to learn a field from.
const SURE: f32 = 6.0;
/// Rounds of learning: the second sees by what the first has learnt.
const ROUNDS: usize = 3;
/// The part of one person's pairs that the rules find, as a rule.
const FOUND_BY_RULES: f32 = 0.7;
/// By how many bits the prior may move away from the rules' count.
const LEASH: f32 = 1.5;

/// How often strangers agree at each level.
pub(crate) fn strangers(deck: &Deck, seed: u64) -> Table {
    let mut counts = STRANGERS.map(|row| row.map(|share| share * BELIEVED));
    let mut random = Random::new(seed);
    let cards = deck.profiles.len();
    let drawn = DRAWN.min(cards.saturating_mul(cards) / 4);
    for _ in 0..drawn {
        let (one, other) = (random.below(cards) as u32, random.below(cards) as u32);
        if one == other {
            continue;
        }
        for (at, level) in
            compare(deck, one, other).levels.into_iter().enumerate().filter(|(_, level)| *level != MISSING)
        {
            counts[at][usize::from(level)] += 1.0;
        }
    }
    shares(&counts)
}

/// A model for these pairs: the candidates that are not out of the question.
pub(crate) fn learn(cards: usize, strangers: Table, candidates: &[Agreement]) -> Model {
    let all = (cards as f32) * (cards.saturating_sub(1) as f32) / 2.0;
    let certain = candidates.iter().filter(|pair| is_certain(pair)).count() as f32;
    let prior = libm::log2f((certain / FOUND_BY_RULES).max(1.0) / all.max(1.0));
    let mut model = Model::new(strangers, prior, prior - 1.0);
    for _ in 0..ROUNDS {
        let learnt = round(&model, candidates);
        model.person = learnt.person;
        model.household = learnt.household;
        let of_all = |pairs: f32| libm::log2f(pairs.max(1.0) / all.max(1.0));
        model.person_prior = of_all(learnt.people).clamp(prior - LEASH, prior + LEASH);
        model.household_prior = of_all(learnt.households).clamp(prior - 10.0, prior + 3.0);
    }
    model
}

/// Rules that hardly ever err: the same name with the same date, number of a paper, phone or street.
fn is_certain(pair: &Agreement) -> bool {
    let at_least = |field: Field, level: u8| {
        let found = pair.levels[field as usize];
        found != MISSING && found >= level
    };
    let against = |field: Field| pair.levels[field as usize] == 0;
    let name = at_least(Field::Name, 4);
    name && (at_least(Field::Identity, 2)
        || at_least(Field::Born, 3)
        || !against(Field::Born)
            && !against(Field::Identity)
            && (at_least(Field::Phone, 2) || at_least(Field::Street, 3)))
}

struct Learnt {
    person: Table,
    household: Table,
    /// Expected pairs.
    people: f32,
    households: f32,
}

fn round(model: &Model, candidates: &[Agreement]) -> Learnt {
    let believed = |table: &Table| table.map(|row| row.map(|p| p * BELIEVED));
    let (mut person, mut household) = (believed(&SAME_PERSON), believed(&SAME_HOUSEHOLD));
    let (mut people, mut households) = (0.0_f64, 0.0_f64);
    for pair in candidates {
        let weighed = model.weigh(pair);
        people += f64::from(probability(weighed.odds()));
        let rival = weighed.total.household - weighed.total.strangers;
        households += f64::from((1.0 - probability(weighed.odds())) * probability(rival));
        for at in 0..FIELDS {
            let level = usize::from(pair.levels[at]);
            if pair.levels[at] == MISSING {
                continue;
            }
            if weighed.odds_without(at) > SURE {
                person[at][level] += 1.0;
            } else if is_shared(ALL[at]) && weighed.household_odds_without(at) > SURE {
                household[at][level] += 1.0;
            }
        }
    }
    Learnt {
        person: logs(&shares(&person)),
        household: logs(&shares(&household)),
        people: people as f32,
        households: households as f32,
    }
}

/// What a household shares, and so can be learnt of it; what is a person's own stays as it is believed.
const fn is_shared(field: Field) -> bool {
    match field {
        Field::Phone | Field::Street | Field::Place => true,
        Field::Name | Field::Born | Field::Identity | Field::Email | Field::Sex => false,
    }
}

pub(crate) fn probability(odds: f32) -> f32 {
    1.0 / (1.0 + libm::exp2f(-odds))
}

fn shares(counts: &Table) -> Table {
    let mut shares = *counts;
    for (row, field) in shares.iter_mut().zip(ALL) {
        let (levels, none) = row.split_at_mut(field.levels());
        none.fill(0.0);
        let parts = if field == Field::Place { 2 } else { 1 };
        for part in levels.chunks_mut(field.levels() / parts) {
            let sum: f32 = part.iter().sum();
            part.iter_mut().for_each(|level| *level /= sum.max(1e-6));
        }
    }
    shares
}
