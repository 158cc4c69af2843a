//! Hours of entries turn by the wall clock.

use super::{Asker, Brain, BrainError};
use crate::ground::Ground;
use acd::Timestamp;

impl<G: Ground> Brain<G> {
    /// Tells the brain which hours have begun or ended.
    pub(super) fn mind_hours(&mut self, now: Timestamp) -> Result<(), BrainError> {
        for event in self.timetable.turned(now, || self.clock.wall(), &self.acd) {
            if let acd::Event::HoursTurned { hours, open } = &event {
                tracing::info!(hours, open, "hours have turned");
            }
            self.tell(event, Asker::Nobody, now)?;
        }
        Ok(())
    }
}
