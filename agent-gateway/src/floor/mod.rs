//! The read model: what every agent is doing and which contacts she has, as a fold of the brain's orders.
//!
//! Decides nothing about routing: it repeats what the brain said, counts changes (`rev`) and words the messages.
//! Sessions, sockets and look-ups are left to [`crate::desk`].

mod contact;
mod pop;
mod state;

pub(crate) use contact::ContactView;

use crate::{brain::CallerKnown, config::Shelf, words};
use acd::{
    AgentNo, AgentState, CallId, OfferId, Order, Timestamp, Wish,
    effect::{AgentCause, CallMove, EndedBy, OfferOutcome, PhoneTask},
};
use protocol::{
    AgentPresence, AgentStateNow, ContactCause, ContactState, ServerError, ServerMessage, Snapshot,
};
use std::{collections::BTreeMap, sync::Arc};

/// Something to tell an agent's sessions.
#[derive(Debug)]
pub(crate) struct Say {
    /// Whose sessions.
    pub(crate) agent: AgentNo,
    /// The contact it is about.
    pub(crate) contact: Option<CallId>,
    /// The state of the object it is about.
    pub(crate) rev: Option<u64>,
    /// What.
    pub(crate) message: ServerMessage,
    /// The offer whose card this shows for the first time.
    pub(crate) shows: Option<OfferId>,
}

/// Most bytes of notes that an offer carries: it has to stay within the bounds of a message.
const MAX_HANDED_ON: usize = 8_192;

/// Every agent and her contacts.
pub(crate) struct Floor {
    roster: Arc<Shelf>,
    agents: BTreeMap<AgentNo, AgentView>,
    callers: BTreeMap<CallId, Arc<CallerKnown>>,
    /// Notes on calls that were given away, until these are over.
    handed_on: BTreeMap<CallId, Vec<String>>,
}

struct AgentView {
    now: AgentStateNow,
    call: Option<CallId>,
    contacts: BTreeMap<CallId, ContactView>,
    /// The supervisor who has set the state that is to be told next.
    set_by: Option<String>,
    /// The supervisor who has set what comes after her call.
    next_by: Option<String>,
}

impl AgentView {
    fn new(at: Timestamp) -> Self {
        let now = words::agent_state(&AgentState::LoggedOut, at, 0);
        Self { now, call: None, contacts: BTreeMap::new(), set_by: None, next_by: None }
    }
    fn take(&mut self, state: &AgentState, since: Timestamp) {
        self.now = words::agent_state(state, since, self.now.rev + 1);
        self.call = state.call();
    }
    /// Contacts that are over and no longer occupy her go; the one she is wrapping up stays.
    fn forget_ended(&mut self) {
        let call = self.call;
        self.contacts.retain(|&of, contact| contact.state() != ContactState::Ended || call == Some(of));
    }
}

impl Floor {
    pub(crate) fn new(roster: Arc<Shelf>, at: Timestamp) -> Self {
        let agents = roster.get().agents().map(|agent| (agent.no, AgentView::new(at))).collect();
        Self { roster, agents, callers: BTreeMap::new(), handed_on: BTreeMap::new() }
    }

    /// There may be agents whom nobody has heard of yet.
    pub(crate) fn learn(&mut self, at: Timestamp) {
        for agent in self.roster.get().agents() {
            self.view(agent.no, at);
        }
    }

    /// Whether an agent is none of the site's any more, and has finished what she was doing.
    pub(crate) fn has_left_the_site(&self, agent: AgentNo) -> bool {
        let signed_out = |view: &AgentView| view.now.state == protocol::AgentState::LoggedOut;
        self.roster.get().is_retired(agent) && self.agents.get(&agent).is_none_or(signed_out)
    }

    /// How an agent stands at the start. A desktop that was quicker than this has been shown that she is signed out.
    pub(crate) fn agent_is(
        &mut self,
        agent: AgentNo,
        state: &AgentState,
        since: Timestamp,
        out: &mut Vec<Say>,
    ) {
        self.agent_moved(agent, state, AgentCause::System, since, out);
    }

    pub(crate) fn caller_known(&mut self, caller: Arc<CallerKnown>) {
        self.callers.insert(caller.call, caller);
    }

    pub(crate) fn caller(&self, call: CallId) -> Option<&Arc<CallerKnown>> {
        self.callers.get(&call)
    }

    /// Folds one order of the brain's and says what it means for desktops.
    pub(crate) fn order(&mut self, order: &Order, at: Timestamp, out: &mut Vec<Say>) {
        match order {
            Order::OfferCall { agent, offer, .. } => self.offer(*agent, *offer, order, at, out),
            Order::WithdrawOffer { offer, agent, cause } => self.withdraw(*agent, *offer, *cause, out),
            Order::CallMoved { call, agent, to } => self.moved(*agent, *call, *to, at, out),
            Order::AskedInVain { call, agent, what, status } => {
                out.push(in_vain(*agent, *call, *what, *status));
            }
            Order::AgentMoved { agent, to, cause, .. } => self.agent_moved(*agent, to, *cause, at, out),
            Order::StateForced { .. } => self.forced(order, at, out),
            Order::WrapUpExtended { agent, ends, latest } => {
                self.extended(*agent, (*ends, *latest), at, out);
            }
            Order::CallOver { call } => {
                self.callers.remove(call);
                self.handed_on.remove(call);
            }
            Order::Treat { .. }
            | Order::RingPhone { .. }
            | Order::DropPhone { .. }
            | Order::Connect { .. }
            | Order::HoldPhone { .. }
            | Order::Hold { .. }
            | Order::Retrieve { .. }
            | Order::AcceptRefer { .. }
            | Order::ConnectConsult { .. }
            | Order::PutThrough { .. }
            | Order::CallOut { .. }
            | Order::CallBack { .. }
            | Order::JoinCustomer { .. }
            | Order::EndCaller { .. } => {}
        }
    }

    /// Her phone is being called for an offer.
    pub(crate) fn agent_leg(&mut self, offer: OfferId, sip_call_id: &str, at: Timestamp, out: &mut Vec<Say>) {
        let found = self.agents.iter_mut().find_map(|(agent, view)| {
            let contact = view.contacts.get_mut(&offer.call).filter(|contact| contact.offer() == offer)?;
            Some((*agent, contact))
        });
        let Some((agent, contact)) = found else { return };
        if contact.state() == ContactState::Queued {
            let message = contact.ringing(sip_call_id, at);
            out.push(contact.say(agent, ServerMessage::ContactStateChanged(message)));
        }
    }

    /// What she asked for while a call occupies her.
    pub(crate) fn wished(&mut self, agent: AgentNo, wish: &Wish) {
        if let Some(view) = self.agents.get_mut(&agent) {
            view.now.next = Some(words::next(wish));
            (view.now.set_by, view.next_by) = (None, None);
        }
    }

    /// A contact of hers.
    pub(crate) fn contact_mut(&mut self, agent: AgentNo, call: CallId) -> Option<&mut ContactView> {
        self.agents.get_mut(&agent)?.contacts.get_mut(&call)
    }

    /// Every agent who has this call on her desk: one, unless several are rung for it.
    pub(crate) fn with_call(&self, call: CallId) -> Vec<AgentNo> {
        let has = |(agent, view): (&AgentNo, &AgentView)| view.contacts.contains_key(&call).then_some(*agent);
        self.agents.iter().filter_map(has).collect()
    }

    /// How things stand for an agent.
    pub(crate) fn snapshot(&self, agent: AgentNo, now: Timestamp) -> Snapshot {
        let roster = self.roster.get();
        let queues = roster.queues().iter().map(|name| protocol::QueueRef { name: name.clone() }).collect();
        let Some(view) = self.agents.get(&agent) else {
            return Snapshot {
                agent_state: AgentView::new(now).now,
                contacts: Vec::new(),
                pops: Vec::new(),
                queues,
            };
        };
        Snapshot {
            agent_state: view.now.clone(),
            contacts: view.contacts.values().map(ContactView::snapshot).collect(),
            pops: view.contacts.values().filter_map(ContactView::pop).cloned().collect(),
            queues,
        }
    }

    /// How many agents and contacts are in which state.
    pub(crate) fn presence(&self) -> AgentPresence {
        let (mut presence, roster) = (AgentPresence::default(), self.roster.get());
        for (agent, view) in &self.agents {
            if roster.is_retired(*agent) && view.contacts.is_empty() {
                continue;
            }
            *presence.agents.entry(view.now.state).or_default() += 1;
            for contact in view.contacts.values() {
                *presence.contacts.entry(contact.state()).or_default() += 1;
            }
        }
        presence
    }

    fn view(&mut self, agent: AgentNo, at: Timestamp) -> &mut AgentView {
        self.agents.entry(agent).or_insert_with(|| AgentView::new(at))
    }

    /// An offer that is on her desk already, told again to a desktop that came back, changes nothing.
    fn offer(&mut self, agent: AgentNo, offer: OfferId, order: &Order, at: Timestamp, out: &mut Vec<Say>) {
        if self.contact_mut(agent, offer.call).is_some_and(|contact| contact.offer() == offer) {
            return;
        }
        let caller = self.callers.get(&offer.call).cloned();
        let notes = self.notes_on(offer.call);
        let offered = ContactView::offered(order, caller.as_deref(), &self.roster.get(), notes, at);
        let Some(contact) = offered else { return };
        out.push(contact.say(agent, ServerMessage::ContactOffered(Box::new(contact.as_offered().clone()))));
        self.view(agent, at).contacts.insert(offer.call, contact);
    }

    /// What agents before have written down on a call: of two lists the longer one, which has both.
    fn notes_on(&self, call: CallId) -> Vec<String> {
        let on_desks = self.agents.values().filter_map(|view| view.contacts.get(&call));
        let lists = on_desks.map(ContactView::notes).chain(self.handed_on.get(&call).map(Vec::as_slice));
        latest(lists.max_by_key(|notes| notes.len()).unwrap_or_default())
    }

    fn withdraw(&mut self, agent: AgentNo, offer: OfferId, cause: OfferOutcome, out: &mut Vec<Say>) {
        let Some(view) = self.agents.get_mut(&agent) else { return };
        if view.contacts.get(&offer.call).is_none_or(|contact| contact.offer() != offer) {
            return;
        }
        let Some(mut contact) = view.contacts.remove(&offer.call) else { return };
        contact.touch();
        let message = protocol::OfferWithdrawn { cause: words::withdrawn(cause) };
        out.push(contact.say(agent, ServerMessage::OfferWithdrawn(message)));
    }

    fn moved(&mut self, agent: AgentNo, call: CallId, to: CallMove, at: Timestamp, out: &mut Vec<Say>) {
        let consult = self.consult(to);
        let Some(view) = self.agents.get_mut(&agent) else { return };
        let Some(contact) = view.contacts.get_mut(&call) else { return };
        if contact.is_there(to) {
            return; // a desktop that came back is told again
        }
        let (state, cause, by) = match to {
            CallMove::Connected => (ContactState::Connected, Some(ContactCause::Answered), None),
            CallMove::Held => (ContactState::Held, None, None),
            CallMove::Consulting { .. } => (ContactState::Consulting, None, None),
            CallMove::ConsultOver => (ContactState::Ended, None, None),
            CallMove::Retrieved => (ContactState::Connected, None, None),
            CallMove::BackToQueue => (ContactState::Queued, Some(ContactCause::Failed), None),
            CallMove::Transferred => {
                (ContactState::Ended, Some(ContactCause::Transferred), Some(protocol::EndedBy::Agent))
            }
            CallMove::Dialling => (ContactState::Dialling, None, None),
            CallMove::NotReached => (ContactState::Ended, Some(ContactCause::NotReached), None),
            CallMove::Ended { by } => (ContactState::Ended, failed(by), Some(words::ended_by(by))),
        };
        contact.consults(consult);
        if matches!(to, CallMove::Transferred | CallMove::ConsultOver) && !contact.notes().is_empty() {
            let handed_on = self.handed_on.entry(call).or_default();
            let news = contact.notes().iter().filter(|note| !handed_on.contains(note));
            let news: Vec<String> = news.cloned().collect();
            handed_on.extend(news);
        }
        let message = contact.moved(state, cause, by, at);
        out.push(contact.say(agent, ServerMessage::ContactStateChanged(message)));
        if state == ContactState::Queued {
            view.contacts.remove(&call);
        }
        view.forget_ended();
    }

    /// With whom she is, when she asks somebody or is asked.
    fn consult(&self, to: CallMove) -> Option<protocol::Consult> {
        let CallMove::Consulting { answered, with } = to else { return None };
        let roster = self.roster.get();
        let with = with.and_then(|other| roster.agent(other)).map(crate::AgentAccess::shown_name);
        Some(protocol::Consult { with, answered })
    }
}

/// The last of these notes, as many as an offer may carry.
fn latest(notes: &[String]) -> Vec<String> {
    let fits = |room: &mut usize, note: &&String| {
        *room = room.checked_sub(note.len())?;
        Some(String::clone(note))
    };
    let mut last: Vec<String> = notes
        .iter()
        .rev()
        .take(contact::MAX_NOTES)
        .scan(MAX_HANDED_ON, |room, note| fits(room, &note))
        .collect();
    last.reverse();
    last
}

/// What she asked for at her desk, and her phone did not do. Nothing has changed, so nothing is counted.
fn in_vain(agent: AgentNo, call: CallId, what: PhoneTask, status: u16) -> Say {
    let (code, message) = match what {
        PhoneTask::Hold => (
            "hold_failed",
            format!("your phone did not hold the call (SIP status {status}); try its own key"),
        ),
        PhoneTask::Retrieve => (
            "retrieve_failed",
            format!("the call is still on hold (SIP status {status}); try the key of your phone"),
        ),
        PhoneTask::Consult => ("consult_failed", not_consulted(status)),
    };
    let error = ServerError { code: code.to_owned(), message, fatal: false };
    Say { agent, contact: Some(call), rev: None, message: ServerMessage::Error(error), shows: None }
}

/// Why nobody is asked, and that she has her caller again.
fn not_consulted(status: u16) -> String {
    let why = match status {
        408 | 487 => "nobody answered".to_owned(),
        486 | 600 | 603 => "the other one declined".to_owned(),
        _ => format!("the other phone could not be had (SIP status {status})"),
    };
    format!("{why}; your caller comes back to you")
}

const fn failed(by: EndedBy) -> Option<ContactCause> {
    match by {
        EndedBy::Caller | EndedBy::Agent => None,
        EndedBy::System => Some(ContactCause::Failed),
    }
}

#[cfg(test)]
mod tests;
