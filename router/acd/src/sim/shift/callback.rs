//! Callbacks in random shifts: how queues call back, and who would rather be called.

use super::Shift;
use crate::{CallId, Event, QueueNo, callback::CallbackPlan, sim::Random};
use std::time::Duration;

pub(super) fn plan(random: &mut Random) -> CallbackPlan {
    CallbackPlan {
        attempts: u32::try_from(1 + random.below(3)).unwrap_or(1),
        pause: Duration::from_secs(1 + random.below(40)),
        ring: Duration::from_secs(5 + random.below(20)),
        stands: Duration::from_secs(20 + random.below(300)),
    }
}

impl Shift {
    /// At a key, by API, or not any more.
    pub(super) fn somebody_would_rather_be_called(&mut self) {
        let calls: Vec<CallId> = self.floor.acd().calls().map(crate::Call::id).collect();
        let call = self.random.pick(&calls).copied();
        let queues = self.floor.acd().plan().queues.len() as u64;
        let queue = QueueNo(u32::try_from(self.random.below(queues + 1)).unwrap_or(0));
        let caller = u8::try_from(self.random.below(6)).unwrap_or(0);
        let soon = self.floor.now() + Duration::from_secs(self.random.below(60));
        let not_before = self.random.one_in(3).then_some(soon);
        // Refused where nobody is called back, or the call does not wait.
        let _refused = match (call, self.random.below(8)) {
            (Some(call), 0) => self.floor.tell(Event::CallbackWithdrawn { call }).is_err(),
            (_, 1 | 2) | (None, _) => self.floor.request(queue, caller, not_before).is_err(),
            (Some(call), _) => self.floor.keep_place(call).is_err(),
        };
    }
}
