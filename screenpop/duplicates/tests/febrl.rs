//! FEBRL's people, who are generated elsewhere: 1,000 cards of 500 and 5,000 of 2,000.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use duplicates::measure::Quality;
use duplicates::{Cards, Options, Rulings, find};
use flate2::read::GzDecoder;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// The truth is in the id (`rec-17-dup-1`), which is never compared.
fn person(id: &str) -> u32 {
    id.split('-').nth(1).unwrap().parse().unwrap()
}

fn expect_found(set: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/customers/febrl");
    let Ok(file) = File::open(folder.join(set)) else {
        eprintln!("skipped: {set} is not in {}", folder.display());
        return;
    };
    let mut table = Vec::new();
    GzDecoder::new(file).read_to_end(&mut table).unwrap();
    let started = Instant::now();
    let cards = Cards::read(table.as_slice(), &[]).unwrap();
    let found = find(&cards, &Rulings::default(), &Options::default(), &|_| {});
    let took = started.elapsed();
    let truth: Vec<u32> = cards.cards.iter().map(|card| person(&card.id)).collect();
    let quality = Quality::of(&found.person_of, &truth);
    println!(
        "{set}: {quality:?}, cluster F1 {:.4}, {} compared, {took:?}",
        quality.cluster_f1(),
        found.compared
    );
    if std::env::var_os("SAMBUNG_MISSED").is_some() {
        show_missed(&cards, &found, &truth);
    }
    assert!(quality.cluster_f1() >= 0.998, "{quality:?}");
    // A build for tests is some ten times slower.
    let bound = if cfg!(debug_assertions) { 60 } else { 5 };
    assert!(took < Duration::from_secs(bound), "{took:?}");
}

fn show_missed(cards: &Cards, found: &duplicates::Found, truth: &[u32]) {
    for one in 0..cards.len() {
        for other in one + 1..cards.len() {
            if (truth[one] == truth[other]) != (found.person_of[one] == found.person_of[other]) {
                println!(
                    "{:?}\n{:?}\n{:?}",
                    cards.cards[one].cells,
                    cards.cards[other].cells,
                    found.explain(cards, one as u32, other as u32)
                );
            }
        }
    }
}

#[test]
fn febrl_1_is_found() {
    expect_found("dataset1.csv.gz");
}

#[test]
fn febrl_3_is_found() {
    expect_found("dataset3.csv.gz");
}
