//! The whole house in one seed: brain, glue, SIP legs, log and live file on a machine that a test owns.
//!
//! The product's own loop is turned here ([`router::brain::Brain`]), on a clock that jumps, a network that loses, doubles,
//! delays and reorders, a disk that refuses, and a process that dies between any two effects and begins again by the
//! product's own recovery. Callers, phones and desktops keep books of their own, and only these are believed.
//!
//! * `machine` is what the brain stands on, `process` begins it, `sabotage` makes it wrong on purpose;
//! * `desk` is an agent at her desktop; callers and phones are those of the stack's simulation;
//! * `world` holds them together, `plan` says what happens in it; `books` and `closing` are the invariants.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::wildcard_enum_match_arm)]

mod books;
mod closing;
mod desk;
mod machine;
#[path = "../../sip/tests/simulation/network.rs"]
mod network;
mod plan;
mod process;
#[allow(dead_code, reason = "the stack's own tests use the rest")]
#[path = "../../sip/tests/support/mod.rs"]
mod rig;
mod sabotage;
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
use std::panic::{AssertUnwindSafe, catch_unwind};
use world::{End, World};

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|count| count.parse().ok()).unwrap_or(otherwise)
}

fn play(seed: u64, sabotage: Option<Sabotage>) -> End {
    World::new(seed, Weather::of(seed), sabotage).run()
}

/// Every seed of a range that fails, with what it says.
fn failing(seeds: std::ops::Range<u64>, mut each: impl FnMut(u64, End)) -> Vec<(u64, String)> {
    let mut failed = Vec::new();
    for seed in seeds {
        match catch_unwind(AssertUnwindSafe(|| play(seed, None))) {
            Ok(end) => each(seed, end),
            Err(what) => {
                let what = what.downcast_ref::<String>().cloned();
                failed.push((seed, what.unwrap_or_default()));
            }
        }
    }
    failed
}

/// `SAMBUNG_SEEDS=10000 SAMBUNG_FIRST=0 cargo nextest run -p router -E 'test(survey)' --run-ignored all --no-capture`
#[test]
#[ignore = "for a look at many seeds"]
fn survey() {
    let first = number("SAMBUNG_FIRST", 0);
    std::panic::set_hook(Box::new(|_| {}));
    let failed = failing(first..first + number("SAMBUNG_SEEDS", 100), |_, _| {});
    for (seed, what) in &failed {
        println!("{seed} {:?}: {}", Weather::of(*seed), what.chars().take(300).collect::<String>());
    }
    println!("{} failed", failed.len());
}

/// `SAMBUNG_SEED=7 cargo nextest run -p router -E 'test(one_seed)' --run-ignored all --no-capture`
#[test]
#[ignore = "for a look at one seed"]
fn one_seed() {
    let seed = number("SAMBUNG_SEED", 0);
    let sabotage = sabotage::ALL.get(number("SAMBUNG_BUG", 99) as usize).copied();
    let mut world = World::new(seed, Weather::of(seed), sabotage);
    world.loud = true;
    println!("{:?}", world.run());
}
