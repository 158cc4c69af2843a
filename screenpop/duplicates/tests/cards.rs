//! Invented loyalty cards: how many people they are, and which cards are whose.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use duplicates::measure::Quality;
use duplicates::sample::{Errors, Wanted, invent};
use duplicates::{Cards, Found, Options, Rulings, find};
use std::time::{Duration, Instant};

fn run(wanted: &Wanted) -> (Quality, Duration, Cards, Found, Vec<u32>) {
    let invented = invent(wanted);
    let started = Instant::now();
    let cards = Cards::read(invented.table.as_bytes(), &[]).unwrap();
    let found = find(&cards, &Rulings::default(), &Options::default(), &|_| {});
    let took = started.elapsed();
    let quality = Quality::of(&found.person_of, &invented.truth);
    println!(
        "{} cards, {} people, seed {}: pair P {:.4} R {:.4} F1 {:.4}, cluster F1 {:.4}, people {} ({:+.2} %), {} compared, {} doubts, {took:?}",
        wanted.cards,
        quality.there,
        wanted.seed,
        quality.pair_precision,
        quality.pair_recall,
        quality.pair_f1(),
        quality.cluster_f1(),
        quality.found,
        100.0 * quality.count_error(),
        found.compared,
        found.doubts.len(),
    );
    (quality, took, cards, found, invented.truth)
}

#[test]
fn seventy_thousand_cards_are_forty_thousand_people() {
    let wanted = Wanted { cards: 70_000, people: 40_000, seed: 1, errors: Errors::USUAL };
    let (quality, took, ..) = run(&wanted);
    assert!(quality.count_error().abs() <= 0.03, "{quality:?}");
    assert!(quality.pair_f1() >= 0.93, "{quality:?}");
    let bound = if cfg!(debug_assertions) { 300 } else { 30 };
    assert!(took < Duration::from_secs(bound), "{took:?}");
}

#[test]
#[ignore = "prints a table of many runs"]
fn other_seeds_and_errors() {
    for (cards, people) in [(7_000, 4_000), (70_000, 40_000)] {
        for factor in [0.5, 1.0, 1.5] {
            for seed in [2, 3] {
                println!("errors × {factor}");
                run(&Wanted { cards, people, seed, errors: Errors::USUAL.times(factor) });
            }
        }
    }
}
