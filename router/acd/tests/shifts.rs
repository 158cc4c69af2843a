//! Random shifts under every invariant; `SAMBUNG_SHIFTS` sets how many (1,000 by default).

use acd::sim::shift;

fn seeds() -> u64 {
    std::env::var("SAMBUNG_SHIFTS").ok().and_then(|count| count.parse().ok()).unwrap_or(1_000)
}

#[test]
fn no_shift_loses_a_call_or_lets_an_able_agent_idle_while_one_waits() {
    for seed in 0..seeds() {
        let played = std::panic::catch_unwind(|| shift::play(seed, 120));
        assert!(played.is_ok(), "seed {seed}");
    }
}

#[test]
fn two_who_were_occupied_alike_at_different_times_have_an_order_all_the_same() {
    let _ = shift::play(25_988, 120);
}

#[test]
fn the_log_of_a_shift_gives_the_same_state_again() {
    for seed in 0..seeds() / 10 {
        shift::play(seed, 120).prove_replay();
    }
}
