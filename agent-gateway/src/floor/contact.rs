//! One contact on one agent's desk.
//!
//! ```text
//! contact.offered ──▶ Queued ──her phone is called──▶ Offered ──2xx──▶ Connected ◀──▶ Held ──▶ Ended
//!                        └──────────── withdrawn ◀───────┘ └── back to queue ◀┘
//! ```
//! `Consulting` stands beside `Held` while she asks somebody; who is asked comes to it from `Offered`, and stays as
//! `Connected` when the caller is put through.
//! A customer who is called back is `Dialling` between `Offered` and `Connected`.
//! `Queued` lasts until her phone is called: with `answer = "desk"` that is when she has accepted.

use super::{Say, pop::PopView};
use crate::{
    brain::CallerKnown,
    config::{AgentAccess, Roster},
    words,
};
use acd::{AgentNo, OfferId, Order, Timestamp, effect::CallMove, time::micros};
use protocol::{
    Calling, Channel, Consult, Contact, ContactCause, ContactOffered, ContactState, ContactStateChanged,
    Direction, EndedBy, Pop, PopUpdate, Priority, Privacy, ServerMessage,
};
use screenpop::Card;
use std::collections::BTreeMap;

/// Notes kept on one contact.
pub(crate) const MAX_NOTES: usize = 20;

/// One contact on one agent's desk.
pub(crate) struct ContactView {
    offer: OfferId,
    rev: u64,
    state: ContactState,
    since: Timestamp,
    /// When the conversation began.
    connected_at: Option<Timestamp>,
    agent_leg: Option<String>,
    /// With whom she is, while the caller is on hold.
    consult: Option<Consult>,
    offered: ContactOffered,
    notes: Vec<String>,
    /// How many of them came with the call.
    handed_on: usize,
    pop: PopView,
}

/// No more notes fit on this contact.
#[derive(Debug, thiserror::Error)]
#[error("a contact holds {MAX_NOTES} notes; put more into one of them")]
pub(crate) struct NotesFull;

impl ContactView {
    /// The contact of an `OfferCall`; none of any other order.
    pub(super) fn offered(
        order: &Order,
        caller: Option<&CallerKnown>,
        roster: &Roster,
        notes: Vec<String>,
        at: Timestamp,
    ) -> Option<Self> {
        let Order::OfferCall {
            offer,
            queue,
            waited,
            expires,
            priority,
            answer,
            given_by,
            consult,
            callback,
            ..
        } = order
        else {
            return None;
        };
        let given_by = given_by.and_then(|by| roster.agent(by));
        let offered = ContactOffered {
            direction: Direction::Inbound,
            channel: Channel::Voice,
            queue: roster.queue(*queue).to_owned(),
            skills: Vec::new(),
            calling: calling(caller),
            called: caller.map(|caller| caller.called.clone()),
            waited_ms: micros(*waited) / 1_000,
            offer_expires_at: words::time(*expires),
            priority: Priority { class: *priority, score: f64::from(*priority), reasons: Vec::new() },
            answer: words::answer(*answer),
            sip_call_id: caller.map(|caller| caller.sip_call_id.clone()),
            uui: caller.and_then(|caller| caller.uui.clone()),
            consult: *consult,
            callback: *callback,
            transferred_by: given_by.map(AgentAccess::shown_name),
            notes: notes.clone(),
            attributes: BTreeMap::new(),
        };
        Some(Self {
            offer: *offer,
            rev: 1,
            state: ContactState::Queued,
            since: at,
            connected_at: None,
            agent_leg: None,
            consult: None,
            offered,
            handed_on: notes.len(),
            notes,
            pop: PopView::new(*offer),
        })
    }

    pub(super) const fn offer(&self) -> OfferId {
        self.offer
    }

    pub(super) const fn state(&self) -> ContactState {
        self.state
    }

    pub(super) const fn as_offered(&self) -> &ContactOffered {
        &self.offered
    }

    /// Counts a change that is told by another message.
    pub(super) const fn touch(&mut self) {
        self.rev += 1;
    }

    /// Her phone is being called.
    pub(super) fn ringing(&mut self, sip_call_id: &str, at: Timestamp) -> ContactStateChanged {
        self.agent_leg = Some(sip_call_id.to_owned());
        self.moved(ContactState::Offered, None, None, at)
    }

    /// Whether the contact is where it is said to move.
    pub(super) fn is_there(&self, to: CallMove) -> bool {
        match (to, self.state) {
            (CallMove::Connected, ContactState::Consulting) => !self.offered.consult,
            (CallMove::Connected, ContactState::Connected | ContactState::Held)
            | (CallMove::Held, ContactState::Held)
            | (CallMove::Retrieved, ContactState::Connected)
            | (CallMove::Dialling, ContactState::Dialling) => true,
            (CallMove::Consulting { answered, .. }, ContactState::Consulting) => {
                self.consult.as_ref().is_some_and(|consult| consult.answered == answered)
            }
            (
                CallMove::Connected
                | CallMove::Held
                | CallMove::Retrieved
                | CallMove::Consulting { .. }
                | CallMove::ConsultOver
                | CallMove::BackToQueue
                | CallMove::Transferred
                | CallMove::Dialling
                | CallMove::NotReached
                | CallMove::Ended { .. },
                _,
            ) => false,
        }
    }

    /// With whom she is from now on; told with the next move.
    pub(super) fn consults(&mut self, consult: Option<Consult>) {
        self.consult = consult;
    }

    /// The contact is somewhere else now.
    pub(super) fn moved(
        &mut self,
        to: ContactState,
        cause: Option<ContactCause>,
        ended_by: Option<EndedBy>,
        at: Timestamp,
    ) -> ContactStateChanged {
        let from = std::mem::replace(&mut self.state, to);
        self.since = at;
        self.rev += 1;
        if to == ContactState::Connected {
            self.connected_at.get_or_insert(at);
            self.offered.consult = false; // she has the caller, whoever asked her about it
        }
        ContactStateChanged {
            from,
            to,
            since: words::time(at),
            agent_sip_call_id: self.agent_leg.clone(),
            cause,
            ended_by,
            consult: self.consult.clone(),
            sip: None,
            csta_event: None,
        }
    }

    pub(super) fn say(&self, agent: AgentNo, message: ServerMessage) -> Say {
        Say { agent, contact: Some(self.offer.call), rev: Some(self.rev), message, shows: None }
    }

    pub(super) fn snapshot(&self) -> Contact {
        Contact {
            contact_id: words::contact_id(self.offer.call),
            rev: self.rev,
            state: self.state,
            since: words::time(self.since),
            connected_at: self.connected_at.map(words::time),
            consult: self.consult.clone(),
            agent_sip_call_id: self.agent_leg.clone(),
            offered: self.offered.clone(),
            notes: self.notes.clone(),
        }
    }

    /// The card as it has been shown, if it has.
    pub(super) fn pop(&self) -> Option<&Pop> {
        self.pop.shown()
    }

    /// What was written down, for whoever gets the call next.
    pub(super) fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Keeps a note until the contact is over.
    pub(crate) fn note(&mut self, text: &str) -> Result<(), NotesFull> {
        if self.notes.len() - self.handed_on >= MAX_NOTES {
            return Err(NotesFull);
        }
        self.notes.push(text.to_owned());
        Ok(())
    }

    /// Whether the card has been shown.
    pub(crate) fn is_shown(&self) -> bool {
        self.pop.shown().is_some()
    }

    /// The offer whose card has this name.
    pub(crate) fn offer_of(&self, pop_id: &str) -> Option<OfferId> {
        self.pop.shown().filter(|pop| pop.pop_id == pop_id).map(|_| self.offer)
    }

    /// Shows the card for the first time.
    pub(crate) fn show(&mut self, agent: AgentNo, card: &Card) -> Say {
        let pop = self.pop.show(card).clone();
        let rev = Some(pop.rev);
        let message = ServerMessage::PopShow(Box::new(pop));
        Say { agent, contact: Some(self.offer.call), rev, message, shows: Some(self.offer) }
    }

    /// Tells what is new on the card, if anything is.
    pub(crate) fn update(&mut self, agent: AgentNo, card: &Card) -> Option<Say> {
        let update: PopUpdate = self.pop.update(card)?;
        let rev = Some(update.rev);
        let message = ServerMessage::PopUpdate(Box::new(update));
        Some(Say { agent, contact: Some(self.offer.call), rev, message, shows: None })
    }
}

fn calling(caller: Option<&CallerKnown>) -> Calling {
    let Some(caller) = caller else {
        return Calling { raw: None, e164: None, display: None, privacy: Privacy::None };
    };
    let who = &caller.caller;
    match who.privacy {
        screenpop::caller::Privacy::Withheld => {
            Calling { raw: None, e164: None, display: None, privacy: Privacy::Withheld }
        }
        screenpop::caller::Privacy::Public => Calling {
            raw: Some(who.raw.clone()),
            e164: who.e164.clone(),
            display: who.display.clone(),
            privacy: Privacy::None,
        },
    }
}
