//! What the system's supervisor (systemd, `sd_notify(3)`) is told: that calls are taken, that the brain still turns, that
//! we go. Without one, nobody.

use crate::brain::Pulse;
use sd_notify::NotifyState;
use std::time::Duration;

/// A brain that has not turned for so long stands still. It turns once a second when nothing happens.
const STILL: Duration = Duration::from_secs(5);

/// What comes behind the last call: trunks are signed off from, records are brought up to the log.
const FAREWELL: Duration = Duration::from_secs(15);

/// Calls are taken: the supervisor hears so, and from now on that the brain turns, as often as it wishes to. A brain that
/// stands still is not reported, so that the supervisor starts us again.
pub fn ready(pulse: Pulse) {
    tell(NotifyState::Ready);
    let Some(timeout) = sd_notify::watchdog_enabled() else { return };
    tokio::spawn(async move {
        // Half of the timeout is what the manual advises; one that is missed must not be the last.
        let mut tick = tokio::time::interval(timeout / 4);
        loop {
            tick.tick().await;
            if pulse.age() < STILL.min(timeout) {
                tell(NotifyState::Watchdog);
            } else {
                tracing::error!(still_for = ?pulse.age(), "the brain does not turn; the supervisor is to start us again");
            }
        }
    });
}

/// We go, and it may take `time`.
pub fn stopping(time: Duration) {
    tell(NotifyState::Stopping);
    let more = u32::try_from((time + FAREWELL).as_micros()).unwrap_or(u32::MAX);
    tell(NotifyState::ExtendTimeoutUsec(more));
}

/// We still go, and this stands behind our name where the supervisor shows us. To be said again and again: the time that
/// [`stopping`] can ask for at once ends after 71 minutes.
pub fn still_stopping(text: &str) {
    tell(NotifyState::Status(text));
    tell(NotifyState::ExtendTimeoutUsec(u32::try_from(FAREWELL.as_micros()).unwrap_or(u32::MAX)));
}

fn tell(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "the supervisor cannot be told how we are");
    }
}
