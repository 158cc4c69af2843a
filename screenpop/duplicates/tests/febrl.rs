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
use std::time::Duration;

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
    let before = cpu();
    let cards = Cards::read(table.as_slice(), &[]).unwrap();
    let found = find(&cards, &Rulings::default(), &Options::default(), &|_| {});
    let took = cpu() - before;
    let truth: Vec<u32> = cards.cards.iter().map(|card| person(&card.id)).collect();
    let quality = Quality::of(&found.person_of, &truth);
    println!(
        "{set}: {quality:?}, cluster F1 {:.4}, {} compared, {took:?}",
        quality.cluster_f1(),
        found.compared
    );
    assert!(quality.cluster_f1() >= 0.998, "{quality:?}");
    assert!(took < Duration::from_secs(5), "{took:?}");
}

/// What this process has cost so far, in processors' time: others may be busy on this machine.
fn cpu() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap())
}

#[test]
fn febrl_1_is_found() {
    expect_found("dataset1.csv.gz");
}

#[test]
fn febrl_3_is_found() {
    expect_found("dataset3.csv.gz");
}
