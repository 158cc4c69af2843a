//! Random shifts under every invariant; `SAMBUNG_SHIFTS` sets how many (1,000 by default).

use acd::{Acd, Decision, Entry, Event, RefuseReason, call::CallState, sim::shift};
use std::collections::BTreeMap;

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

/// A word, and for which decisions it stands.
type Word = (&'static str, fn(&Decision) -> bool);

/// A word for everything that routing has come upon in an entry.
fn met(entry: &Entry) -> impl Iterator<Item = &'static str> + '_ {
    let event = matches!(entry.event, Event::PriorityChanged { .. }).then_some("priority");
    let turned = |decision: &Decision, of: RefuseReason| matches!(decision, Decision::Divert { why, .. } | Decision::Refuse { reason: why, .. } if *why == of);
    let by_limits = entry.decisions.iter().filter_map(move |decision| {
        let words = [
            ("full", RefuseReason::Full),
            ("unstaffed", RefuseReason::Unstaffed),
            ("closed", RefuseReason::Closed),
        ];
        words.into_iter().find(|&(_, why)| turned(decision, why)).map(|(word, _)| word)
    });
    let words: [Word; 10] = [
        ("step", |decision| matches!(decision, Decision::Relax { .. })),
        ("patience", |decision| matches!(decision, Decision::EndPreference { .. })),
        ("rest", |decision| matches!(decision, Decision::EndRest { .. })),
        ("exclusion", |decision| matches!(decision, Decision::EndExclusion { .. })),
        ("overflow", |decision| matches!(decision, Decision::Overflow { .. })),
        ("request postponed", |decision| matches!(decision, Decision::Postpone { .. })),
        ("called again", |decision| matches!(decision, Decision::TakePlace { .. })),
        ("sent on", |decision| matches!(decision, Decision::Divert { .. })),
        ("one phone more", |decision| matches!(decision, Decision::Spread { phones: 1.., .. })),
        ("no phone more", |decision| matches!(decision, Decision::Spread { phones: 0, .. })),
    ];
    let word = move |decision: &Decision| words.iter().find(|(_, is)| is(decision)).map(|&(word, _)| word);
    entry.decisions.iter().filter_map(word).chain(by_limits).chain(event)
}

#[test]
fn random_shifts_come_upon_everything_that_routing_knows() {
    let mut met_with: BTreeMap<&'static str, u64> = BTreeMap::new();
    for seed in 0..150 {
        let shift = shift::play(seed, 120);
        let mut acd = Acd::new();
        for entry in &shift.log {
            acd.apply(entry);
            met(entry).for_each(|word| *met_with.entry(word).or_default() += 1);
            for call in acd.calls() {
                let own = call.preference().is_some_and(|_| matches!(call.state(), CallState::Queued));
                let back = call.ranked_from() < call.arrived() && call.callback().is_none();
                let dialled = matches!(call.state(), CallState::Dialling { .. });
                let reached = call.callback().is_some() && !call.is_request();
                let relaxed = call.visit().is_some_and(|visit| visit.step > 1);
                let several = call.rings().nth(1).is_some();
                for (word, is) in [
                    ("waits for her", own),
                    ("place given back", back),
                    ("second step", relaxed),
                    ("customer called", dialled),
                    ("customer reached", reached),
                    ("several phones", several),
                ] {
                    *met_with.entry(word).or_default() += u64::from(is);
                }
            }
        }
    }
    println!("{met_with:?}");
    assert!(met_with.len() == 20 && met_with.values().all(|&times| times >= 10), "{met_with:?}");
}
