//! Reads how many phones a queue rings at once, and warns of what then has no effect.

use crate::{
    duration::{Span, shown},
    table::{Check, Table},
};
use acd::plan::{MAX_RING_MOST, RING_MOST, Strategy};
use std::time::Duration;

const RING_NEXT: Span = Span::ms(1_000, 300_000, 5_000);
/// One phone at once is what every other strategy rings.
const LEAST: u8 = 2;

/// `ring_most` and `ring_next` of a queue that rings by `strategy`, each phone for `ring`.
pub(crate) fn several(
    table: &mut Table<'_>,
    (strategy, ring): (Strategy, Duration),
    check: &mut Check<'_>,
) -> (u8, Duration) {
    let idle = [
        (!rings_several(strategy), "ring_most", "\"ring-all\" or \"progressive\""),
        (strategy != Strategy::Progressive, "ring_next", "\"progressive\""),
    ];
    for (_, key, of) in idle.into_iter().filter(|(idle, key, _)| *idle && table.has(key)) {
        let way_out = format!("choose strategy {of}, or take the key out");
        check.findings.warn(&table.place_of(key), "has no effect with this strategy", way_out);
    }
    let bounds = (u32::from(LEAST), u32::from(MAX_RING_MOST));
    let most = table.whole("ring_most", u32::from(RING_MOST), bounds, check);
    let next = table.duration("ring_next", RING_NEXT, check);
    if strategy == Strategy::Progressive && next.value >= ring {
        let what = format!("\"{}\" never comes: ring is {}", shown(next.value), shown(ring));
        check.findings.warn(&next.place, what, "choose a shorter time, or a longer ring");
    }
    (u8::try_from(most).unwrap_or(MAX_RING_MOST), next.value)
}

fn rings_several(strategy: Strategy) -> bool {
    matches!(strategy, Strategy::RingAll | Strategy::Progressive)
}
