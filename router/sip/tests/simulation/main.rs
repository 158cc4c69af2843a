//! Whole calls over a bad network: callers and phones that follow RFC 3261, and some that do not, against one stack.
//!
//! Each seed is a shift of a few calls. Datagrams are lost, doubled, delayed and overtake each other; peers hang up,
//! cancel, vanish, refuse and re-INVITE at random moments. In the end the network calms down, and nothing may be left.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::wildcard_enum_match_arm)]

mod crash;
mod edge;
mod hostile;
mod network;
#[path = "../support/mod.rs"]
mod rig;
mod ua;
mod watch;
mod way;
mod world;

use world::{Weather, World};

fn shifts() -> u64 {
    std::env::var("SAMBUNG_SEEDS").ok().and_then(|count| count.parse().ok()).unwrap_or(150)
}

#[test]
fn every_call_ends_and_nothing_is_left_in_any_weather() {
    let (mut talks, mut held, mut holds, mut given, mut replaced) = (0, 0, 0, 0, 0);
    let (mut pairs, mut asked, mut put_through, mut outrun, mut believed) = (0, 0, 0, 0, 0);
    for seed in 0..shifts() {
        for weather in [Weather::Fair, Weather::Rough, Weather::Storm] {
            let mut world = World::new(seed, weather);
            talks += world.run().1;
            held += world.held;
            holds += world.holds();
            given += world.given;
            replaced += world.replaced;
            pairs += world.pairs;
            asked += world.asked().0;
            put_through += world.asked().1;
            outrun += world.outrun;
            believed += world.believed;
        }
    }
    assert!(talks as u64 > shifts(), "only {talks} conversations were checked");
    assert!(held as u64 > shifts() / 10, "only {held} of {holds} holds were checked");
    assert!(given as u64 > shifts() / 10, "only {given} callers were given away");
    assert!(replaced as u64 > shifts() / 10, "only {replaced} callers were replaced");
    assert!(pairs as u64 > shifts() / 50, "only {pairs} of {asked} pairs were checked");
    assert!(put_through as u64 > shifts() / 50, "only {put_through} callers were put through");
    println!("{asked} were asked, {pairs} pairs checked, {put_through} callers put through");
    assert!(outrun as u64 > shifts() / 10, "only {outrun} phones were too slow");
    assert!(believed as u64 > shifts() / 10, "only {believed} requests were signed");
    println!("{believed} requests proved to gateways who we are");
    println!("{outrun} phones were told that another was faster");
    println!("{given} callers were given away by their phones, {replaced} were replaced");
    println!("{talks} conversations and {held} of {holds} holds were checked");
}

#[test]
fn calls_go_on_when_the_process_dies_at_any_step() {
    let (mut restarts, mut heard_again, mut talks, mut held) = (0, 0, 0, 0);
    for seed in 0..shifts() {
        for weather in [Weather::Fair, Weather::Rough, Weather::Storm] {
            let mut world = World::that_dies(seed, weather);
            talks += world.run().1;
            held += world.held;
            restarts += world.restarts().0;
            heard_again += world.restarts().1;
        }
    }
    println!(
        "{restarts} restarts, {talks} conversations and {held} holds checked, music heard again at {heard_again} steps"
    );
    assert!(restarts as u64 > shifts(), "only {restarts} restarts");
    assert!(heard_again as u64 > shifts() / 3, "music was heard again at {heard_again} steps only");
}

#[test]
fn the_same_seed_gives_the_same_shift() {
    for seed in 0..20 {
        assert_eq!(
            World::new(seed, Weather::Storm).run(),
            World::new(seed, Weather::Storm).run(),
            "seed {seed}"
        );
        assert_eq!(
            World::that_dies(seed, Weather::Rough).run(),
            World::that_dies(seed, Weather::Rough).run(),
            "seed {seed}"
        );
    }
}

/// Every seed that fails, from `SAMBUNG_FIRST` on: `SAMBUNG_SEEDS=10000 cargo test --release -p sip --test simulation survey -- --ignored`
#[test]
#[ignore = "for a look at many shifts"]
fn survey() {
    let first = std::env::var("SAMBUNG_FIRST").ok().and_then(|first| first.parse().ok()).unwrap_or(0);
    let (mut restarts, mut failed) = (0, Vec::new());
    for seed in first..first + shifts() {
        for weather in [Weather::Fair, Weather::Rough, Weather::Storm] {
            let run = || {
                let mut world = World::that_dies(seed, weather);
                world.run();
                world.restarts().0
            };
            match std::panic::catch_unwind(run) {
                Ok(count) => restarts += count,
                Err(_) => failed.push((seed, weather)),
            }
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
    println!("{restarts} restarts");
}

/// For a look at one shift: `SAMBUNG_SEED=7 SAMBUNG_WEATHER=storm cargo test -p sip --test simulation one_shift -- --ignored --nocapture`
#[test]
#[ignore = "for a look at one shift"]
fn one_shift() {
    let seed = std::env::var("SAMBUNG_SEED").unwrap().parse().unwrap();
    let weather = match std::env::var("SAMBUNG_WEATHER").unwrap().as_str() {
        "fair" => Weather::Fair,
        "rough" => Weather::Rough,
        _ => Weather::Storm,
    };
    let dies = std::env::var("SAMBUNG_DIES").is_ok();
    let mut world = if dies { World::that_dies(seed, weather) } else { World::new(seed, weather) };
    world.loud = true;
    world.run();
}
