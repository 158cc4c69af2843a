//! New rules while calls run: the edges learn them, one event tells the brain, and whoever asked hears of it when it lasts.

use super::{Asker, Brain, BrainError};
use crate::{announcer::QueueSpeech, ground::Ground, sip_edge::EdgeRules};
use acd::{Event, Plan, Timestamp, event::MAX_SIGNATURE};
use agent_gateway::{DeskOrder, NewStaff};
use config::Hours;
use tokio::sync::oneshot;

/// New rules, ready to be gone by: nothing in them can fail any more.
#[derive(Debug)]
pub struct NewRules {
    /// What the brain routes by.
    pub plan: Plan,
    /// Who changed them, for the log.
    pub by: String,
    /// What the SIP side goes by.
    pub edge: EdgeRules,
    /// What waiting callers are told, by number of the queue.
    pub speech: Vec<Option<QueueSpeech>>,
    /// When entries take calls.
    pub hours: Vec<Hours>,
    /// Who may sign in; none where there are no desks.
    pub staff: Option<NewStaff>,
    /// Hears when they are in the log.
    pub done: oneshot::Sender<()>,
}

impl<G: Ground> Brain<G> {
    /// Goes by new rules from here on.
    pub(super) fn change_rules(&mut self, rules: NewRules, now: Timestamp) -> Result<(), BrainError> {
        let NewRules { plan, mut by, edge, speech, hours, staff, done } = rules;
        by.truncate(by.floor_char_boundary(MAX_SIGNATURE));
        // The edges first: what is decided on the event may be about a new agent's phone, or a new queue.
        self.sip.begin(self.acd.entries() + 1);
        self.sip.change(edge, &self.acd, now);
        self.announcer.learn(speech);
        self.timetable.learn(hours);
        if let Some(staff) = &staff {
            staff.install();
        }
        self.tell(Event::PlanSigned { by }, Asker::Nobody, now)?;
        self.tell(Event::PlanChanged { plan: Box::new(plan) }, Asker::Nobody, now)?;
        self.mind_hours(now)?;
        for event in self.sip.follow_phones(&self.acd, now) {
            self.tell(event, Asker::Nobody, now)?;
        }
        self.follow(now)?;
        self.desks.push(DeskOrder::StaffChanged, now);
        self.desks.hurry();
        self.waiting.for_rules(done);
        Ok(())
    }
}
