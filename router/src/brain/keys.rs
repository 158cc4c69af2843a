//! Keys that waiting callers press.

use super::{Asker, Brain, BrainError};
use crate::ground::Ground;
use acd::{CallId, Event, Timestamp, call::CallState};

impl<G: Ground> Brain<G> {
    /// A waiting caller has pressed a key: the one that keeps the place, or none that means anything.
    pub(super) fn pressed(&mut self, call: CallId, key: char, now: Timestamp) -> Result<(), BrainError> {
        let waits = self.acd.call(call).filter(|call| matches!(call.state(), CallState::Queued));
        let queue = waits.and_then(acd::Call::visit).map(|visit| visit.queue);
        let Some(queue) = queue.filter(|queue| self.sip.asks_for_callback(*queue, key)) else {
            return Ok(());
        };
        let Some(request) = self.sip.keeps_place(call, queue, now) else { return Ok(()) };
        self.tell(Event::CallbackAsked { call, request }, Asker::Nobody, now)?;
        if self.acd.call(request).is_none() {
            self.sip.expect_no_more(request); // the caller does not wait any more
        }
        Ok(())
    }
}
