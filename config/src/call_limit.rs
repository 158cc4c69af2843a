//! Reads how many calls there may be of a trunk, to an entry, or in all.

use crate::{
    model::CallLimit,
    table::{Check, Table},
};

/// Calls at the same time: least, most.
const CALLS: (u32, u32) = (1, 100_000);
/// New calls within a second.
const RATE: (u32, u32) = (1, 10_000);

/// `calls` and `calls_per_second`; without them as many as come.
pub(crate) fn call_limit(table: &mut Table<'_>, check: &mut Check<'_>) -> CallLimit {
    let calls = table.value("calls").and_then(|value| value.whole(CALLS, check));
    CallLimit { calls, per_second: rate(table, check) }
}

/// `calls_per_second`.
pub(crate) fn rate(table: &mut Table<'_>, check: &mut Check<'_>) -> Option<u32> {
    table.value("calls_per_second").and_then(|value| value.whole(RATE, check))
}
