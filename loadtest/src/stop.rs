//! How a run is told to end.

use tokio::sync::watch;

/// Ends everything that was given its [`Stop`]; dropping it does the same.
#[derive(Debug)]
pub struct StopSwitch(watch::Sender<bool>);

/// Knows whether the run is to end.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

/// A switch and what it switches off.
#[must_use]
pub fn stop() -> (StopSwitch, Stop) {
    let (switch, stop) = watch::channel(false);
    (StopSwitch(switch), Stop(stop))
}

impl StopSwitch {
    /// Ends the run: no new call is placed, calls in progress are hung up.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Whether the run is to end.
    #[must_use]
    pub fn is_set(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }
    /// Waits for the end of the run.
    pub async fn stopped(&mut self) {
        // An error means that the switch was dropped, which stops the run as well.
        let _switch_is_gone = self.0.wait_for(|stopped| *stopped).await.is_err();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_run_ends_when_it_is_told_to_and_when_its_switch_is_gone() {
        let (switch, mut told) = stop();
        assert!(!told.is_set());
        switch.stop();
        told.stopped().await;
        assert!(told.is_set());

        let (switch, mut left) = stop();
        drop(switch);
        left.stopped().await;
        assert!(left.is_set());
    }
}
