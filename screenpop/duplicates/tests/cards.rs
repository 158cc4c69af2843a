//! Invented loyalty cards: how many people they are, and which cards are whose.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use duplicates::measure::Quality;
use duplicates::reasons::Language;
use duplicates::sample::{Errors, Wanted, invent};
use duplicates::{Act, Cards, Found, Ledger, Options, Rulings, Verdict, find};
use std::time::Duration;

fn run(wanted: &Wanted, without: &[&str]) -> (Quality, Duration, Cards, Found, Vec<u32>) {
    let invented = invent(wanted);
    let before = cpu();
    let none: Vec<_> = without.iter().map(|column| ("none".to_owned(), (*column).to_owned())).collect();
    let cards = Cards::read(invented.table.as_bytes(), &none).unwrap();
    let found = find(&cards, &Rulings::default(), &Options::default(), &|_| {});
    let took = cpu() - before;
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

/// What this process has cost so far, in processors' time: others may be busy on this machine.
fn cpu() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap())
}

#[test]
fn seventy_thousand_cards_are_forty_thousand_people() {
    let wanted = Wanted { cards: 70_000, people: 40_000, seed: 1, errors: Errors::USUAL };
    let (quality, took, ..) = run(&wanted, &[]);
    assert!(quality.count_error().abs() <= 0.03, "{quality:?}");
    assert!(quality.pair_f1() >= 0.93, "{quality:?}");
    // Of both cores together; the bound is for the clock on the wall.
    assert!(took < Duration::from_secs(30), "{took:?}");
}

#[test]
fn other_seeds_are_no_worse() {
    for seed in [11, 12] {
        let (quality, ..) = run(&Wanted { cards: 7_000, people: 4_000, seed, errors: Errors::USUAL }, &[]);
        assert!(quality.count_error().abs() <= 0.03 && quality.pair_f1() >= 0.93, "{quality:?}");
    }
    let half = Wanted { cards: 7_000, people: 4_000, seed: 13, errors: Errors::USUAL.times(0.5) };
    let (quality, ..) = run(&half, &[]);
    assert!(quality.count_error().abs() <= 0.01 && quality.pair_f1() >= 0.98, "{quality:?}");
}

#[test]
fn a_table_that_says_less_is_joined_less_and_not_worse() {
    let wanted = Wanted { cards: 7_000, people: 4_000, seed: 14, errors: Errors::USUAL };
    for without in
        [&["nik", "email", "sex"][..], &["date_of_birth"], &["phone"], &["address", "city", "postcode"]]
    {
        let (quality, ..) = run(&wanted, without);
        assert!(quality.pair_precision >= 0.9, "without {without:?}: {quality:?}");
    }
}

#[test]
fn any_number_of_threads_finds_the_same() {
    let invented = invent(&Wanted { cards: 1_400, people: 800, seed: 15, errors: Errors::USUAL });
    let cards = Cards::read(invented.table.as_bytes(), &[]).unwrap();
    let by = |threads| find(&cards, &Rulings::default(), &Options { threads, ..Options::default() }, &|_| {});
    let (one, three) = (by(1), by(3));
    assert_eq!((one.person_of, one.people, one.doubts), (three.person_of, three.people, three.doubts));
}

#[test]
fn the_same_seed_invents_the_same() {
    let wanted = Wanted { cards: 700, people: 400, seed: 16, errors: Errors::USUAL };
    assert_eq!(invent(&wanted), invent(&wanted));
    assert_ne!(invent(&wanted), invent(&Wanted { seed: 17, ..wanted }));
    let truth: std::collections::BTreeSet<u32> = invent(&wanted).truth.into_iter().collect();
    assert_eq!(truth.len(), 400);
}

/// Answers every doubt by the truth, runs again, takes it all back.
#[test]
fn decisions_are_kept_to_and_can_be_taken_back() {
    let (before, _, cards, found, truth) =
        run(&Wanted { cards: 1_400, people: 800, seed: 18, errors: Errors::USUAL }, &[]);
    let mut ledger = Ledger::default();
    for doubt in &found.doubts {
        let same = truth[doubt.one as usize] == truth[doubt.other as usize];
        let verdict = if same { Verdict::Same } else { Verdict::Different };
        let ids = [doubt.one, doubt.other].map(|card| cards.cards[card as usize].id.clone());
        ledger.add("2026-11-23T09:00:00Z", "rina", Act::Decide { verdict, cards: ids.into() }).unwrap();
    }
    let again = find(&cards, &ledger.rulings(&cards), &Options::default(), &|_| {});
    let after = Quality::of(&again.person_of, &truth);
    assert!(after.pair_f1() > before.pair_f1(), "{before:?} {after:?}");
    for doubt in &found.doubts {
        let together = again.person_of[doubt.one as usize] == again.person_of[doubt.other as usize];
        assert_eq!(together, truth[doubt.one as usize] == truth[doubt.other as usize]);
        let asked_again =
            again.doubts.iter().any(|other| (other.one, other.other) == (doubt.one, doubt.other));
        assert!(!asked_again);
    }
    for entry in 1..=found.doubts.len() as u64 {
        ledger.add("2026-11-23T09:10:00Z", "budi", Act::Undo { entry }).unwrap();
    }
    let undone = find(&cards, &ledger.rulings(&cards), &Options::default(), &|_| {});
    assert_eq!((undone.person_of, undone.doubts), (found.person_of, found.doubts));
}

#[test]
fn a_household_with_one_phone_is_not_chained() {
    let table = "id,name,sex,born,phone,address,city\n\
        1,Budi Siregar,L,1970-03-04,0812345678,Jl. Melati No. 5 RT 3/RW 2,Bandung\n\
        2,Siti Siregar,P,1974-08-09,0812345678,Jln Melati 5 RT03 RW02,Bandung\n\
        3,Siregar,,,0812345678,Jl. Melati 5,Bandung\n\
        4,H. Boedi Siregar,L,04/03/1970,+62812345678,Melati No.5,Kota Bandung\n\
        5,Andi Siregar,L,1999-01-02,0812345678,Jl Melati No 5,Bandung\n";
    let cards = Cards::read(table.as_bytes(), &[]).unwrap();
    let found = find(&cards, &Rulings::default(), &Options::default(), &|_| {});
    assert_eq!(found.person_of[0], found.person_of[3], "{:?}", found.person_of);
    for (one, other) in [(0, 1), (0, 4), (1, 4)] {
        assert_ne!(found.person_of[one], found.person_of[other], "{:?}", found.person_of);
    }
    let why = found.explain(&cards, 0, 1);
    assert!(why.household && why.probability < 0.05, "{why:?}");
    let words: Vec<String> = why.reasons.iter().map(|reason| reason.words(Language::Indonesian)).collect();
    assert!(words.iter().any(|words| words.starts_with("telepon: sama")), "{words:?}");
}

#[test]
fn tables_of_nothing_and_of_one_are_found() {
    for (table, people) in [("name\n", 0), ("name\nBudi\n", 1), ("name,hp\n,\n,\n\"\",-\n", 3)] {
        let cards = Cards::read(table.as_bytes(), &[]).unwrap();
        assert_eq!(
            find(&cards, &Rulings::default(), &Options::default(), &|_| {}).people.len(),
            people,
            "{table}"
        );
    }
}

/// What is asked of a finder is asked of it everywhere: other seeds, twice as many errors and half as many, and tables
/// that say less.
#[test]
#[ignore = "ten minutes; prints a line for each run"]
fn other_seeds_errors_and_columns() {
    let usual = |seed| Wanted { cards: 70_000, people: 40_000, seed, errors: Errors::USUAL };
    for seed in 2..6 {
        run(&usual(seed), &[]);
    }
    for factor in [0.25, 0.5, 1.5, 2.0] {
        println!("errors × {factor}");
        run(&Wanted { errors: Errors::USUAL.times(factor), ..usual(6) }, &[]);
    }
    for none in [
        &["nik", "email"][..],
        &["nik", "email", "sex"],
        &["date_of_birth", "nik", "email", "sex"],
        &["address", "city", "postcode"],
        &["phone"],
    ] {
        println!("without {none:?}");
        run(&usual(7), none);
    }
    for (cards, people) in [(700, 400), (7_000, 4_000), (70_000, 65_000), (70_000, 10_000)] {
        run(&Wanted { cards, people, ..usual(8) }, &[]);
    }
}
