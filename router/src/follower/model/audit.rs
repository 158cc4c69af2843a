//! Who changed what, as rows.

use super::Model;
use crate::records::{AuditRow, Name};
use acd::{Entry, Event, Wish};

impl Model {
    /// Writes down what somebody did who may do more than take calls.
    pub(super) fn audit(&mut self, entry: &Entry) {
        let at = entry.at;
        let row = if let Event::PlanSigned { by } = &entry.event {
            let what = Name::from("rules");
            AuditRow { at, by: by.clone(), what, agent: None, state: None, reason: None }
        } else if let Event::StateForced { agent, wish, by } = &entry.event {
            let (state, reason) = words(wish);
            let (what, agent) = (Name::from("agent_state"), Some(self.agent(*agent)));
            AuditRow { at, by: by.clone(), what, agent, state: Some(Name::from(state)), reason }
        } else {
            return;
        };
        if let Some(rows) = self.rows() {
            rows.audit.push(row);
        }
    }
}

fn words(wish: &Wish) -> (&'static str, Option<String>) {
    match wish {
        Wish::Ready => ("ready", None),
        Wish::NotReady { reason } => ("not_ready", Some(reason.clone())),
        Wish::LoggedOut => ("logged_out", None),
    }
}
