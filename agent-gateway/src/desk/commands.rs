//! Carries commands: checks what the gateway can check, hands the rest to the brain, and brings replies back.

use super::{
    Desk,
    cards::SelectFault,
    memory::{Memory, Met},
    sessions::agent_of,
};
use crate::{
    brain::{ReplyTo, Transfer},
    words::{self, refused},
};
use acd::{AgentNo, CallId, Event, Verdict, Wish};
use protocol::{
    AgentSetState, ClientFrame, ClientKind, ClientMessage, CommandId, ContactId, ErrorCode, Fault, Note,
    PopRendered, PopSelect, Reply, ServerError, ServerMessage, SupervisorSetState, TransferKind, WishedState,
    WrapUp,
};
use std::time::Duration;
use tokio::{sync::oneshot, time::Instant};

/// Reason of `not_ready` when she gives none.
const NO_REASON: &str = "unspecified";

/// What a command comes to.
enum Act {
    /// The brain decides.
    Ask(Event),
    /// The brain decides, once it is known who is meant.
    Transfer(Transfer),
    /// It is done already.
    Done,
}

impl Desk {
    /// A client that has identified sent something.
    pub(super) fn hear(&mut self, session: u64, frame: ClientFrame) {
        let Some(kind) = self.sessions.get(session).map(|session| session.kind) else { return };
        match (frame.id, frame.message) {
            (id, ClientMessage::PopRendered(rendered)) => self.painted(session, id, &rendered),
            (None, ClientMessage::Unknown(_)) => {}
            (None, message) => {
                let message = format!("{} needs an id", message.name());
                self.complain(session, ErrorCode::IdMissing, message);
            }
            (Some(id), message)
                if matches!(kind, ClientKind::Wallboard | ClientKind::Planner)
                    && !matches!(message, ClientMessage::SupervisorSetState(_)) =>
            {
                let fault = Fault::new(ErrorCode::ViewOnly, "commands come from desktops and CRMs");
                self.answer(session, refused(id, fault));
            }
            (Some(id), message) => self.command(session, id, message),
        }
    }

    /// A command over HTTP: the reply goes to whoever waits for it.
    pub(super) fn hear_http(&mut self, session: u64, frame: ClientFrame, waiting: oneshot::Sender<Reply>) {
        let Some(id) = frame.id else { return };
        self.waiting.retain(|_, waiting| !waiting.is_closed());
        self.waiting.insert(session, waiting);
        self.command(session, id, frame.message);
    }

    /// The brain's verdict on a command.
    pub(super) fn verdict(&mut self, to: ReplyTo, verdict: Verdict) {
        let agent = agent_of(to.session);
        let pending = matches!(verdict, Ok(acd::Taken::Pending));
        let id = CommandId(to.command);
        let reply = words::reply(id.clone(), verdict);
        let Some((session, wish)) =
            self.memory.get_mut(&agent).and_then(|memory| memory.finish(&id, reply.clone()))
        else {
            return;
        };
        if let Some(wish) = wish.filter(|_| pending) {
            self.floor.wished(agent, &wish);
        }
        self.answer(session, reply);
    }

    fn command(&mut self, session: u64, id: CommandId, message: ClientMessage) {
        let (agent, now) = (agent_of(session), Instant::now());
        let owes = self.sessions.owes(Some(agent));
        let memory = self.memory.entry(agent).or_insert_with(|| Memory::new(now));
        if !memory.allows(now) {
            let fault = Fault::new(ErrorCode::TooMany, "too many commands in a second; slow down");
            return self.answer(session, refused(id, fault));
        }
        match memory.meet(&id, session, now) {
            Met::New if owes => self.busy(session, id),
            Met::New => self.first_time(session, agent, id, message),
            Met::Waiting => {}
            Met::Done(reply) => self.answer(session, reply),
        }
    }

    fn first_time(&mut self, session: u64, agent: AgentNo, id: CommandId, message: ClientMessage) {
        let to = Some(ReplyTo { session, command: id.0.clone() });
        let reply = match self.decide(agent, &id, message) {
            Ok(Act::Ask(event)) => {
                if self.brain.try_event(event, to).is_err() {
                    self.busy(session, id);
                }
                return;
            }
            Ok(Act::Transfer(asked)) => {
                if self.brain.try_transfer(asked, to).is_err() {
                    self.busy(session, id);
                }
                return;
            }
            Ok(Act::Done) => words::done(id.clone(), false),
            Err(fault) => refused(id.clone(), fault),
        };
        if let Some(memory) = self.memory.get_mut(&agent) {
            memory.finish(&id, reply.clone());
        }
        self.answer(session, reply);
    }

    /// The brain has no room: the same id may be tried again.
    fn busy(&mut self, session: u64, id: CommandId) {
        if let Some(memory) = self.memory.get_mut(&agent_of(session)) {
            memory.forget(&id);
        }
        self.answer(session, refused(id, Fault::new(ErrorCode::Busy, "the router is busy; try again")));
    }

    fn decide(&mut self, agent: AgentNo, id: &CommandId, message: ClientMessage) -> Result<Act, Fault> {
        match message {
            ClientMessage::SetState(set) => {
                let wish = self.wish(set)?;
                if let Some(memory) = self.memory.get_mut(&agent) {
                    memory.asks_for(id, wish.clone());
                }
                Ok(Act::Ask(Event::StateAsked { agent, wish }))
            }
            ClientMessage::ExtendWrapUp(of) => {
                Ok(Act::Ask(Event::MoreTimeAsked { agent, call: call(&of.contact_id)? }))
            }
            ClientMessage::SupervisorSetState(set) => self.force(agent, set),
            ClientMessage::Accept(of) => {
                Ok(Act::Ask(Event::OfferAccepted { agent, call: call(&of.contact_id)? }))
            }
            ClientMessage::Decline(of) => {
                Ok(Act::Ask(Event::OfferDeclined { agent, call: call(&of.contact_id)? }))
            }
            ClientMessage::Hold(of) => Ok(Act::Ask(Event::HoldAsked { agent, call: call(&of.contact_id)? })),
            ClientMessage::Retrieve(of) => {
                Ok(Act::Ask(Event::RetrieveAsked { agent, call: call(&of.contact_id)? }))
            }
            ClientMessage::Transfer(protocol::Transfer { contact_id, target, kind }) => {
                let consult = match kind {
                    TransferKind::Blind => false,
                    TransferKind::Consult => true,
                };
                Ok(Act::Transfer(Transfer { agent, call: call(&contact_id)?, target, consult }))
            }
            ClientMessage::Complete(of) => {
                Ok(Act::Ask(Event::CompleteAsked { agent, call: call(&of.contact_id)? }))
            }
            ClientMessage::HangUp(of) => {
                Ok(Act::Ask(Event::HangUpAsked { agent, call: call(&of.contact_id)? }))
            }
            ClientMessage::WrapUp(wrap_up) => self.wrap_up(agent, wrap_up),
            ClientMessage::Note(note) => self.note(agent, &note),
            ClientMessage::PopSelect(select) => self.pop_select(agent, &select),
            ClientMessage::Identify(_) | ClientMessage::Resume(_) => {
                Err(Fault::new(ErrorCode::BadMessage, "this connection is signed in already"))
            }
            ClientMessage::PopRendered(_) | ClientMessage::Ping(_) => Ok(Act::Done),
            ClientMessage::Unknown(name) => {
                Err(Fault::new(ErrorCode::UnknownType, format!("{name} is not in this version")))
            }
        }
    }

    fn wish(&self, set: AgentSetState) -> Result<Wish, Fault> {
        let roster = self.roster.get();
        let known = &roster.site.not_ready_reasons;
        match (set.state, set.reason_code) {
            (WishedState::Ready, _) => Ok(Wish::Ready),
            (WishedState::LoggedOut, _) => Ok(Wish::LoggedOut),
            (WishedState::NotReady, None) => Ok(Wish::NotReady { reason: NO_REASON.to_owned() }),
            (WishedState::NotReady, Some(reason)) if known.contains(&reason) => Ok(Wish::NotReady { reason }),
            (WishedState::NotReady, Some(reason)) => {
                let message = format!("{reason:?} is not among this site's reasons: {}", known.join(", "));
                Err(Fault::new(ErrorCode::UnknownReason, message))
            }
        }
    }

    /// A supervisor sets somebody's state; who may not is refused.
    fn force(&self, by: AgentNo, set: SupervisorSetState) -> Result<Act, Fault> {
        let roster = self.roster.get();
        let SupervisorSetState { agent: id, state, reason_code } = set;
        let Some(supervisor) = roster.agent(by).filter(|agent| agent.supervises() && !roster.is_retired(by))
        else {
            return Err(Fault::new(ErrorCode::Forbidden, "only supervisors set other agents' states"));
        };
        let agent = roster.agents().find(|agent| agent.id == id && !roster.is_retired(agent.no));
        let agent =
            agent.ok_or_else(|| Fault::new(ErrorCode::NoSuchAgent, "no agent of this site has this id"))?;
        let wish = self.wish(AgentSetState { state, reason_code })?;
        Ok(Act::Ask(Event::StateForced { agent: agent.no, wish, by: supervisor.id.clone() }))
    }

    fn wrap_up(&mut self, agent: AgentNo, wrap_up: WrapUp) -> Result<Act, Fault> {
        let roster = self.roster.get();
        let known = &roster.site.disposition_codes;
        if let Some(code) = wrap_up.disposition_code.as_ref().filter(|code| !known.contains(code)) {
            let message = format!("{code:?} is not among this site's codes: {}", known.join(", "));
            return Err(Fault::new(ErrorCode::UnknownCode, message));
        }
        let call = call(&wrap_up.contact_id)?;
        let then = wrap_up.then.map(|set| self.wish(set)).transpose()?;
        // A contact that is not here any more is the brain's to refuse.
        if let (Some(text), Some(contact)) = (&wrap_up.text, self.floor.contact_mut(agent, call)) {
            contact.note(text).map_err(|full| Fault::new(ErrorCode::NotesFull, full.to_string()))?;
        }
        let disposition = wrap_up.disposition_code;
        Ok(Act::Ask(Event::WrapUpFinished { agent, call, disposition, then }))
    }

    fn note(&mut self, agent: AgentNo, note: &Note) -> Result<Act, Fault> {
        let call = call(&note.contact_id)?;
        let contact = self.floor.contact_mut(agent, call).ok_or_else(|| no_such_contact(&note.contact_id))?;
        contact.note(&note.text).map_err(|full| Fault::new(ErrorCode::NotesFull, full.to_string()))?;
        Ok(Act::Done)
    }

    fn pop_select(&mut self, agent: AgentNo, select: &PopSelect) -> Result<Act, Fault> {
        let contact = ContactId(select.pop_id.split('-').next().unwrap_or_default().to_owned());
        let call = call(&contact)?;
        self.floor
            .contact_mut(agent, call)
            .and_then(|view| view.offer_of(&select.pop_id))
            .ok_or_else(|| no_such_contact(&contact))?;
        match self.select(agent, call, select.source.as_deref(), &select.customer_id) {
            Ok(()) => Ok(Act::Done),
            Err(gone @ SelectFault::CallGone) => Err(Fault::new(ErrorCode::NoSuchContact, gone.to_string())),
            Err(wrong @ SelectFault::Select(_)) => {
                Err(Fault::new(ErrorCode::NoSuchCustomer, wrong.to_string()))
            }
        }
    }

    fn painted(&mut self, session: u64, id: Option<CommandId>, rendered: &PopRendered) {
        let agent = agent_of(session);
        let contact = ContactId(rendered.pop_id.split('-').next().unwrap_or_default().to_owned());
        let view = call(&contact).ok().and_then(|call| self.floor.contact_mut(agent, call));
        if let Some(offer) = view.and_then(|view| view.offer_of(&rendered.pop_id)) {
            self.brain.card_painted(offer, Duration::from_millis(u64::from(rendered.paint_ms)));
        }
        if let Some(id) = id {
            self.answer(session, words::done(id, false));
        }
    }

    fn complain(&mut self, session: u64, code: ErrorCode, message: String) {
        let error = ServerError { code: code.as_str().to_owned(), message, fatal: false };
        self.sessions.tell_one(session, self.clock.now(), ServerMessage::Error(error));
    }

    fn answer(&mut self, session: u64, reply: Reply) {
        match self.waiting.remove(&session) {
            // Whoever waited over HTTP may have given up: then there is nobody to tell.
            Some(waiting) => drop(waiting.send(reply)),
            None => self.sessions.tell_one(session, self.clock.now(), ServerMessage::Reply(reply)),
        }
    }
}

fn call(contact: &ContactId) -> Result<CallId, Fault> {
    contact.0.parse().map_err(|_| no_such_contact(contact))
}

fn no_such_contact(contact: &ContactId) -> Fault {
    Fault::new(ErrorCode::NoSuchContact, format!("{contact} is not one of your contacts"))
}
