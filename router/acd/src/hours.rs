//! Entries that take calls at certain hours.
//!
//! The brain knows no zones and no calendar: it is told when hours turn, and an entry goes by what was told last. Of
//! which nothing was told are open. Who waits when hours end waits on: `max_wait` is over some time, and `unstaffed` says
//! what becomes of them when the last agent goes home.

use crate::{
    Acd,
    plan::{EntryPlan, Then},
};

impl EntryPlan {
    /// Whether it goes by these hours.
    #[must_use]
    pub fn is_by(&self, hours: &str) -> bool {
        self.hours.as_ref().is_some_and(|of| of.name == hours)
    }
}

impl Acd {
    /// Whether hours are open, as was told last.
    #[must_use]
    pub fn is_open(&self, hours: &str) -> bool {
        !self.closed.contains(hours)
    }

    pub(crate) fn hours_turned(&mut self, hours: &str, open: bool) {
        if open {
            self.closed.remove(hours);
        } else {
            self.closed.insert(hours.to_owned());
        }
    }

    /// What an entry does with calls while it is closed; none while it is open.
    pub(crate) fn closed_at<'a>(&self, entry: &'a EntryPlan) -> Option<&'a Then> {
        let hours = entry.hours.as_ref().filter(|hours| !self.is_open(&hours.name))?;
        (!bug!(ClosedEntryTakesCalls)).then_some(&hours.closed)
    }
}
