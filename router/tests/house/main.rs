//! The whole house in one seed: brain, glue, SIP legs, log and live file on a machine that a test owns.
//!
//! The product's own loop is turned here ([`router::brain::Brain`]), on a clock that jumps, a network that loses, doubles,
//! delays and reorders, a disk that refuses, and a process that dies between any two effects and begins again by the
//! product's own recovery. Callers, phones and desktops keep books of their own, and only these are believed.
//!
//! * `machine` is what the brain stands on, `process` begins it, `sabotage` makes it wrong on purpose;
//! * `shelf` is the follower of the log and the store that its records go to;
//! * `desk` is an agent at her desktop; callers and phones are those of the stack's simulation;
//! * `world` holds them together, `plan` says what happens in it; `books`, `steps` and `closing` are the invariants;
//! * `stories` tells alone what seeds have found.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::wildcard_enum_match_arm)]

mod books;
mod closing;
mod desk;
mod last_words;
mod machine;
#[path = "../../sip/tests/simulation/network.rs"]
mod network;
mod plan;
mod process;
#[path = "../../sip/tests/support/mod.rs"]
mod rig;
mod sabotage;
mod shelf;
mod steps;
mod stories;
#[allow(dead_code, reason = "the stack's own simulation uses the rest")]
#[path = "../../sip/tests/simulation/ua/mod.rs"]
mod ua;
#[allow(dead_code, reason = "the stack's own simulation uses the rest")]
#[path = "../../sip/tests/simulation/watch.rs"]
mod watch;
#[allow(dead_code, reason = "the stack's own simulation uses the rest")]
#[path = "../../sip/tests/simulation/way.rs"]
mod way;
mod world;

use plan::Weather;
use sabotage::Sabotage;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use world::{End, World};

/// Seeds that are played without being asked: about a minute of an idle core a part, unoptimised.
const SEEDS: u64 = 1_000;
/// Tests among which they are dealt out.
const PARTS: u64 = 4;
/// Within so many seeds every bug has to be found.
const FOUND_WITHIN: u64 = 200;

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|count| count.parse().ok()).unwrap_or(otherwise)
}

fn play(seed: u64, sabotage: Option<Sabotage>) -> End {
    World::new(seed, Weather::of(seed), sabotage).run()
}

/// Every seed of a range, with what came of it: the first that fails is told, and how to play it alone.
fn play_all(seeds: std::ops::Range<u64>, mut each: impl FnMut(End)) {
    let progress = seeds.end - seeds.start >= 2_000;
    for seed in seeds.clone() {
        match catch_unwind(AssertUnwindSafe(|| play(seed, None))) {
            Ok(end) => each(end),
            Err(what) => {
                println!("seed {seed} ({:?}) fails; alone: {}", Weather::of(seed), alone(seed));
                resume_unwind(what);
            }
        }
        if progress && seed % 1_000 == 999 {
            println!("{} of seeds {seeds:?}", seed + 1 - seeds.start);
        }
    }
}

fn alone(seed: u64) -> String {
    format!("SAMBUNG_SEED={seed} cargo test -p router --test house one_seed -- --ignored --nocapture")
}

/// `SAMBUNG_SEEDS=100000 cargo test --release -p router --test house nobody_is_lost -- --nocapture` for the long run, from
/// `SAMBUNG_FIRST` on. In parts, so that several cores play them.
mod nobody_is_lost_whatever_goes_wrong {
    use super::{PARTS, SEEDS, number, play_part};

    fn part(no: u64) {
        let (first, each) = (number("SAMBUNG_FIRST", 0), number("SAMBUNG_SEEDS", SEEDS).div_ceil(PARTS));
        play_part(first + no * each..first + (no + 1) * each);
    }
    #[test]
    fn first_part() {
        part(0);
    }
    #[test]
    fn second_part() {
        part(1);
    }
    #[test]
    fn third_part() {
        part(2);
    }
    #[test]
    fn fourth_part() {
        part(3);
    }
}

fn play_part(seeds: std::ops::Range<u64>) {
    let (mut calls, mut served, mut restarts, mut turns, mut heard, mut lossy) = (0, 0, 0, 0, 0, 0);
    let count = seeds.end - seeds.start;
    play_all(seeds.clone(), |end| {
        (calls, served, restarts) = (calls + end.calls, served + end.served, restarts + end.restarts);
        (turns, heard, lossy) = (turns + end.turns, heard + end.heard, lossy + usize::from(end.lossy));
    });
    println!(
        "seeds {seeds:?}: {calls} calls, {served} of them served, {restarts} restarts ({lossy} seeds with one in which the \
         log was not written), {turns} places and {heard} ears checked"
    );
    let least = usize::try_from(count).unwrap();
    assert!(served > 3 * least && restarts > least && turns > 2 * least, "too little was looked at");
    assert!(
        heard > least && lossy <= least / 5,
        "too little was looked at: {heard} ears, {lossy} seeds that lose"
    );
}

#[test]
fn the_same_seed_is_the_same_to_the_last_octet() {
    for seed in 0..9 {
        assert_eq!(play(seed, None), play(seed, None), "seed {seed}");
    }
    assert_ne!(play(0, None).digest, play(3, None).digest);
}

/// Each of the bugs is found, and within how many seeds.
#[test]
fn every_bug_that_is_put_in_is_found() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let found: Vec<_> = sabotage::ALL.into_iter().map(|bug| (bug, finds(bug))).collect();
    std::panic::set_hook(hook);
    for (bug, found) in &found {
        match found {
            Some((seeds, what)) => println!("{bug:?}: within {seeds} seeds: {}", short(what)),
            None => println!("{bug:?}: not within {FOUND_WITHIN} seeds"),
        }
    }
    assert!(found.iter().all(|(_, found)| found.is_some()), "{found:?}");
}

/// Within how many seeds a bug is found, and how it shows.
fn finds(bug: Sabotage) -> Option<(u64, String)> {
    (0..FOUND_WITHIN).find_map(|seed| {
        let what = catch_unwind(AssertUnwindSafe(|| play(seed, Some(bug)))).err()?;
        Some((seed + 1, told(&*what)))
    })
}

fn told(what: &(dyn std::any::Any + Send)) -> String {
    let text = what.downcast_ref::<String>().cloned();
    text.or_else(|| what.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

fn short(what: &str) -> String {
    what.chars().take(110).collect()
}

/// `SAMBUNG_SEEDS=10000 SAMBUNG_FIRST=0 cargo test --release -p router --test house survey -- --ignored --nocapture`
#[test]
#[ignore = "for a look at many seeds"]
fn survey() {
    let first = number("SAMBUNG_FIRST", 0);
    std::panic::set_hook(Box::new(|_| {}));
    let mut failed = 0;
    for seed in first..first + number("SAMBUNG_SEEDS", 100) {
        if let Err(what) = catch_unwind(AssertUnwindSafe(|| play(seed, None))) {
            failed += 1;
            println!(
                "{seed} {:?}: {}",
                Weather::of(seed),
                told(&*what).chars().take(300).collect::<String>()
            );
        }
    }
    println!("{failed} failed");
}

/// `SAMBUNG_SEED=7 cargo test -p router --test house one_seed -- --ignored --nocapture`, with a bug by `SAMBUNG_BUG=3`.
#[test]
#[ignore = "for a look at one seed"]
fn one_seed() {
    let seed = number("SAMBUNG_SEED", 0);
    let bug = usize::try_from(number("SAMBUNG_BUG", u64::MAX)).ok();
    let sabotage = bug.and_then(|bug| sabotage::ALL.get(bug)).copied();
    let mut world = World::new(seed, Weather::of(seed), sabotage);
    world.loud = true;
    println!("{:?}", world.run());
}
