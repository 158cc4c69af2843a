//! Waiting for something to become true, with a bound.

use std::{
    fmt::Debug,
    thread,
    time::{Duration, Instant},
};

/// Pause between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What `look` finds, as soon as it finds something.
///
/// # Panics
///
/// When it has found nothing in `at_most`.
pub fn eventually<T>(what: &str, at_most: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + at_most;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "{what}: not within {at_most:?}");
        thread::sleep(LOOK_EVERY);
    }
}

/// Waits until `look` gives `wanted`.
///
/// # Panics
///
/// When it gives something else for `at_most`; says what.
pub fn eventually_is<T: PartialEq + Debug>(what: &str, at_most: Duration, wanted: &T, look: impl Fn() -> T) {
    let end = Instant::now() + at_most;
    loop {
        let found = look();
        if found == *wanted {
            return;
        }
        assert!(Instant::now() < end, "{what}: after {at_most:?} it is\n{found:#?}\ninstead of\n{wanted:#?}");
        thread::sleep(LOOK_EVERY);
    }
}
