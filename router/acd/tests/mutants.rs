//! Bugs are put into the brain, one at a time; the random shifts find each of them.
//!
//! `cargo nextest run -p acd --features mutants -E 'binary(mutants)'`

use acd::{
    mutant::{self, Mutant},
    sim::shift,
};
use std::panic;

/// So many shifts are played until a bug counts as not found.
const MOST: u64 = 400;

/// The first shift that finds the bug.
fn found_by(bug: Mutant) -> Option<u64> {
    mutant::set(Some(bug));
    let found = (0..MOST).find(|&seed| {
        let played = panic::catch_unwind(|| {
            let shift = shift::play(seed, 120);
            shift.prove_replay();
        });
        played.is_err()
    });
    mutant::set(None);
    found
}

#[test]
fn every_bug_that_is_put_in_is_found_by_a_shift() {
    panic::set_hook(Box::new(|_| {}));
    let found: Vec<(Mutant, Option<u64>)> = Mutant::ALL.iter().map(|&bug| (bug, found_by(bug))).collect();
    let _silent = panic::take_hook();
    for (bug, seed) in &found {
        println!("{bug:?}: {}", seed.map_or("not found".to_owned(), |seed| format!("seed {seed}")));
    }
    let missed: Vec<Mutant> = found.iter().filter(|(_, seed)| seed.is_none()).map(|&(bug, _)| bug).collect();
    assert!(missed.is_empty(), "{missed:?} were not found in {MOST} shifts");
}
