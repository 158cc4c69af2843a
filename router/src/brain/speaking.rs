//! What waiting callers are told, and how true it was.

use super::Brain;
use crate::{announcer::Whereabouts, ground::Ground};
use acd::Timestamp;

impl<G: Ground> Brain<G> {
    /// Tells callers what is due to be told. Everything that could delay a call has been sent.
    pub(super) fn speak(&mut self, now: Timestamp) {
        for (queue, came) in self.announcer.take_known() {
            self.metrics.ewt.came(self.acd.directory().queue_name(queue), came);
        }
        if self.announcer.next_deadline().is_none_or(|at| at > now) {
            return;
        }
        let whereabouts = |call| Whereabouts::of(&self.acd, call);
        let expected = |queue, place| self.outlook.ask(queue, place, self.last);
        for said in self.announcer.tell(now, whereabouts, expected) {
            if let Some(ewt) = said.ewt {
                self.metrics.ewt.announced(self.acd.directory().queue_name(said.queue), ewt);
            }
            self.sip.speak(said.call, said.clips);
        }
    }
}
