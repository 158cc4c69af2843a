//! Callers who keep their place hear so before we hang up. The brain is done with them by then: whoever does not wait for the end
//! of it has lost nothing.

use super::{SipEdge, call_key, micros};
use crate::media::PACKET;
use acd::{CallId, Timestamp};
use sip::{Cause, Command};
use std::{collections::BTreeMap, time::Duration};

/// Between the last word and our hanging up.
const PAUSE: Duration = Duration::from_millis(200);

/// Who is told so, until when, and what their phones will hear of why we hang up.
#[derive(Debug, Default)]
pub(super) struct Partings(BTreeMap<(Timestamp, CallId), Cause>);

impl Partings {
    /// When the next one is over.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.0.first_key_value().map(|((at, _), _)| *at)
    }
    /// The caller has hung up.
    pub(super) fn forget(&mut self, call: CallId) {
        self.0.retain(|(_, parting), _| *parting != call);
    }
    fn take_due(&mut self, now: Timestamp) -> Option<(CallId, Cause)> {
        let due = self.0.first_entry().filter(|due| due.key().0 <= now)?;
        let ((_, call), cause) = due.remove_entry();
        Some((call, cause))
    }
}

impl SipEdge {
    /// Tells a caller that the place is kept, and hangs up after that; false when there is nothing to tell it by.
    pub(super) fn part(&mut self, call: CallId, cause: Cause, now: Timestamp) -> bool {
        let Some(side) = self.callers.get_mut(&call).filter(|side| side.rtp.is_some()) else { return false };
        let Some(sound) = side.parting.take() else { return false };
        self.partings.0.insert((now + sound.packets() * PACKET + PAUSE, call), cause);
        if let Err(error) = self.media.break_in(call, sound) {
            tracing::error!(%error, %call, "a caller is not told what was due");
        }
        true
    }
    /// Hangs up on those who have been told.
    pub(super) fn end_partings(&mut self, now: Timestamp) {
        while let Some((call, cause)) = self.partings.take_due(now) {
            let command = Command::End { call: call_key(call), cause };
            self.stack.command(command, micros(now), &mut self.mint, &mut self.out);
        }
    }
}
