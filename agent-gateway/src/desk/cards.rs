//! Carries cards: starts look-ups, shows a card when it is worth showing, and tells what comes in later.

use super::Desk;
use crate::{brain::CallerKnown, floor::Say};
use acd::{AgentNo, CallId, Event};
use screenpop::{CallPriority, Card};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, watch},
    task::AbortHandle,
    time::Instant,
};

/// How long a card may stay away while sources are still being asked.
///
/// Longer would delay the ring, which waits for it; shorter would show nearly every card in two pieces.
pub(super) const SHOW_WITHIN: Duration = Duration::from_millis(40);

/// A look-up on behalf of a call. Dropping it cancels what still runs.
pub(super) struct LookUp {
    card: watch::Receiver<Card>,
    watcher: Option<Watcher>,
    /// The brain knows what the card says of the call's priority.
    priority_told: bool,
}

/// Reports changes of a card; stops when dropped.
struct Watcher(AbortHandle);

impl Drop for Watcher {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl LookUp {
    fn new(card: watch::Receiver<Card>) -> Self {
        Self { card, watcher: None, priority_told: false }
    }

    /// From here on every change of the card is reported.
    fn watch(&mut self, call: CallId, changes: &mpsc::Sender<CallId>) {
        if self.watcher.is_some() || self.card.borrow().complete {
            return;
        }
        let (mut card, changes) = (self.card.clone(), changes.clone());
        let task =
            tokio::spawn(
                async move { while card.changed().await.is_ok() && changes.send(call).await.is_ok() {} },
            );
        self.watcher = Some(Watcher(task.abort_handle()));
    }
}

impl Desk {
    /// A call arrived: its look-up starts now, so that the card is there before an agent is.
    pub(super) fn caller_known(&mut self, caller: CallerKnown) {
        let mut look_up = LookUp::new(self.screenpop.look_up(&caller.caller, &caller.called));
        if self.screenpop.has_priorities() {
            look_up.watch(caller.call, &self.changes);
        }
        self.look_ups.insert(caller.call, look_up);
        self.floor.caller_known(Arc::new(caller));
    }

    /// A call is on offer: its card is shown at once if it is complete, else within [`SHOW_WITHIN`].
    pub(super) fn offered(&mut self, agent: AgentNo, call: CallId) {
        let Some(look_up) = self.look_ups.get_mut(&call) else { return };
        look_up.watch(call, &self.changes);
        if look_up.card.borrow().complete {
            self.card_changed(call);
        } else {
            self.shows.insert((Instant::now() + SHOW_WITHIN, agent, call));
        }
    }

    /// Cards whose time has come are shown as they are.
    pub(super) fn show_due(&mut self, now: Instant) {
        while let Some(&(at, agent, call)) = self.shows.first() {
            if at > now {
                return;
            }
            self.shows.pop_first();
            self.bring_up_to_date(agent, call, true);
        }
    }

    /// Sources have answered.
    pub(super) fn card_changed(&mut self, call: CallId) {
        self.tell_priority(call);
        for agent in self.floor.with_call(call) {
            self.bring_up_to_date(agent, call, false);
        }
    }

    /// A brain that is too busy to hear it goes by the entry's priority, unless the card changes again.
    fn tell_priority(&mut self, call: CallId) {
        let Some(look_up) = self.look_ups.get_mut(&call).filter(|look_up| !look_up.priority_told) else {
            return;
        };
        let said = look_up.card.borrow().priority.clone();
        if let Some(CallPriority { priority, reasons }) = said {
            let event = Event::PriorityChanged { call, priority, reasons };
            look_up.priority_told = self.brain.try_event(event, None).is_ok();
        }
    }

    /// The call is over: nobody needs the look-up any more.
    pub(super) fn drop_look_up(&mut self, call: CallId) {
        self.look_ups.remove(&call);
    }

    /// She has chosen among several customers.
    pub(super) fn select(
        &mut self,
        agent: AgentNo,
        call: CallId,
        source: Option<&str>,
        customer: &str,
    ) -> Result<(), SelectFault> {
        let caller = self.floor.caller(call).cloned().ok_or(SelectFault::CallGone)?;
        let look_up = self.look_ups.get(&call).ok_or(SelectFault::CallGone)?;
        let card = look_up.card.borrow().clone();
        let chosen = self.screenpop.select(&caller.caller, &caller.called, &card, source, customer)?;
        let mut look_up = LookUp::new(chosen);
        look_up.watch(call, &self.changes);
        self.look_ups.insert(call, look_up);
        self.bring_up_to_date(agent, call, false);
        Ok(())
    }

    fn bring_up_to_date(&mut self, agent: AgentNo, call: CallId, now_or_never: bool) {
        let Some(say) = self.say_of_card(agent, call, now_or_never) else { return };
        self.sessions.tell(self.clock.now(), &say);
    }

    fn say_of_card(&mut self, agent: AgentNo, call: CallId, now_or_never: bool) -> Option<Say> {
        let look_up = self.look_ups.get(&call)?;
        let roster = self.roster.get();
        let roles = roster.agent(agent).map_or(&[] as &[String], |agent| &agent.roles);
        let card = look_up.card.borrow().for_roles(roles);
        let contact = self.floor.contact_mut(agent, call)?;
        if contact.is_shown() {
            contact.update(agent, &card)
        } else if card.complete || now_or_never {
            Some(contact.show(agent, &card))
        } else {
            None
        }
    }
}

/// Why a customer cannot be chosen.
#[derive(Debug, thiserror::Error)]
pub(super) enum SelectFault {
    #[error("the call is over; its card cannot change any more")]
    CallGone,
    #[error(transparent)]
    Select(#[from] screenpop::SelectError),
}
