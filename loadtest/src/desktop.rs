//! One agent at her desktop: what she does about what she sees. No socket here.

use crate::{
    figures::Failure,
    plan::{DesktopsPlan, Seat},
    random::Dice,
    tally::Tally,
};
use protocol::{
    AgentSetState, AgentState, AnswerAt, ClientFrame, ClientInfo, ClientKind, ClientMessage, CommandId,
    ContactId, ContactRef, Identify, Ping, ServerFrame, ServerMessage, StateChanged, Token, Welcome,
    WishedState, WrapUp,
};
use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

/// What she means to do, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Intention {
    Accept(ContactId),
    Decline(ContactId),
    WrapUp(ContactId),
    BeReady,
    Ping,
}

/// An agent at her desktop.
#[derive(Debug)]
pub(crate) struct Desktop {
    seat: Seat,
    plan: Arc<DesktopsPlan>,
    tally: Tally,
    dice: Dice,
    /// A handful at most: one for each thing she can be busy with.
    intentions: Vec<(Instant, Intention)>,
    contact: Option<ContactId>,
    last_seq: Option<u64>,
    commands: u64,
    /// Begins every command's id: the router remembers ids for minutes, so a second run must not repeat them.
    name: u64,
    state: AgentState,
}

impl Desktop {
    pub(crate) fn new(seat: Seat, plan: Arc<DesktopsPlan>, tally: Tally, dice: Dice) -> Self {
        let state = AgentState::LoggedOut;
        Self {
            seat,
            plan,
            tally,
            dice,
            intentions: Vec::new(),
            contact: None,
            last_seq: None,
            commands: 0,
            name: Dice::unique().bits(),
            state,
        }
    }
    /// What her agent is doing, as far as she was told.
    pub(crate) fn state(&self) -> AgentState {
        self.state
    }
    /// The first thing she says.
    pub(crate) fn identify(&mut self) -> ClientFrame {
        self.last_seq = None;
        self.intentions.clear();
        let client = ClientInfo {
            name: "loadtest".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            kind: ClientKind::Desktop,
        };
        let token = Token(self.seat.token.clone());
        self.command(ClientMessage::Identify(Identify {
            token,
            client,
            locale: None,
            subscriptions: Vec::new(),
        }))
    }
    /// The last thing she says.
    pub(crate) fn log_out(&mut self) -> ClientFrame {
        self.wish(WishedState::LoggedOut)
    }
    /// When [`Desktop::due`] is wanted.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.intentions.iter().map(|(at, _what)| *at).min()
    }
    /// What she does now.
    pub(crate) fn due(&mut self, now: Instant) -> Vec<ClientFrame> {
        let (due, later) = self.intentions.drain(..).partition(|(at, _what)| *at <= now);
        self.intentions = later;
        let due: Vec<(Instant, Intention)> = due;
        due.into_iter().map(|(_at, what)| self.act(what, now)).collect()
    }
    fn act(&mut self, what: Intention, now: Instant) -> ClientFrame {
        match what {
            Intention::Accept(contact_id) => self.command(ClientMessage::Accept(ContactRef { contact_id })),
            Intention::Decline(contact_id) => self.command(ClientMessage::Decline(ContactRef { contact_id })),
            Intention::BeReady => self.wish(WishedState::Ready),
            Intention::Ping => {
                self.plan_ping(now);
                self.command(ClientMessage::Ping(Ping::default()))
            }
            Intention::WrapUp(contact_id) => {
                self.tally.desktop(|figures| figures.wrapped_up += 1);
                let codes = &self.plan.dispositions;
                let disposition_code = codes.get(self.dice.below(codes.len())).cloned();
                let wrap_up =
                    WrapUp { contact_id, disposition_code, text: None, tags: Vec::new(), then: None };
                self.command(ClientMessage::WrapUp(wrap_up))
            }
        }
    }

    /// Takes a message from the router.
    pub(crate) fn receive(&mut self, frame: ServerFrame, now: Instant) {
        self.check_sequence(&frame);
        let contact = frame.contact_id;
        match frame.message {
            ServerMessage::Welcome(welcome) => self.welcomed(&welcome, now),
            ServerMessage::ContactOffered(offer) => self.offered(contact, offer.answer, now),
            ServerMessage::OfferWithdrawn(withdrawn) => {
                self.tally.desktop(|figures| figures.withdrawn += 1);
                self.note(contact.as_ref(), "WITHDRAWN", format_args!("{}", withdrawn.cause));
                self.intentions.retain(|(_at, what)| {
                    !matches!(what, Intention::Accept(of) | Intention::Decline(of) if Some(of) == contact.as_ref())
                });
            }
            ServerMessage::AgentStateChanged(change) => self.state_changed(&change, now),
            ServerMessage::ContactStateChanged(change) => {
                self.note(contact.as_ref(), "CONTACT", format_args!("{} {}", change.from, change.to));
            }
            ServerMessage::PopShow(pop) => {
                self.tally.desktop(|figures| figures.pops += 1);
                self.note(contact.as_ref(), "POP", format_args!("{} sections", pop.sections.len()));
            }
            ServerMessage::Reply(reply) => {
                if let Some(fault) = reply.error {
                    self.tally.desktop(|figures| figures.refused_commands += 1);
                    self.note(self.contact.as_ref(), "ERROR", format_args!("{}", fault.code));
                }
            }
            ServerMessage::Error(error) => self.note(None, "ERROR", format_args!("{}", error.code)),
            ServerMessage::Hello(_)
            | ServerMessage::Pong(_)
            | ServerMessage::PopUpdate(_)
            | ServerMessage::AgentChanged(_)
            | ServerMessage::AgentPresence(_)
            | ServerMessage::Unknown(_) => {}
        }
    }
    /// State-bearing messages are numbered without a gap; one missed is an agent misled.
    fn check_sequence(&mut self, frame: &ServerFrame) {
        let Some(seq) = frame.seq else { return };
        if self.last_seq.is_some_and(|last| seq != last + 1) {
            self.tally.failed(Failure::DesktopGap);
        }
        self.last_seq = Some(seq);
    }
    fn welcomed(&mut self, welcome: &Welcome, now: Instant) {
        self.tally.signed_in();
        self.note(None, "SIGNED_IN", format_args!(""));
        self.plan_ping(now);
        self.state = welcome.snapshot.agent_state.state;
        self.contact.clone_from(&welcome.snapshot.agent_state.contact_id);
        match self.state {
            AgentState::LoggedOut | AgentState::NotReady => self.intend(now, Intention::BeReady),
            AgentState::WrapUp => self.plan_wrap_up(now),
            AgentState::Ready | AgentState::Reserved | AgentState::Talking => {}
        }
    }
    fn offered(&mut self, contact: Option<ContactId>, answer: AnswerAt, now: Instant) {
        let Some(contact) = contact else { return };
        self.tally.offered(&self.seat.agent, &contact.0, now);
        self.note(Some(&contact), "OFFER", format_args!(""));
        self.contact = Some(contact.clone());
        let accept = self.plan.accept.map(|spread| now + self.dice.draw(spread));
        if self.dice.chance(self.plan.decline) {
            self.intend(accept.unwrap_or(now), Intention::Decline(contact));
        } else if let (AnswerAt::Desk, Some(at)) = (answer, accept) {
            self.intend(at, Intention::Accept(contact));
        }
    }
    fn state_changed(&mut self, change: &StateChanged, now: Instant) {
        self.state = change.to;
        self.note(
            self.contact.as_ref(),
            "STATE",
            format_args!("{} {} {}", change.from, change.to, change.cause),
        );
        match change.to {
            AgentState::WrapUp => self.plan_wrap_up(now),
            AgentState::NotReady => {
                self.contact = None;
                if let Some(pause) = self.plan.back_after.filter(|_| change.from != AgentState::LoggedOut) {
                    let at = now + self.dice.draw(pause);
                    self.intend(at, Intention::BeReady);
                }
            }
            AgentState::Ready => self.contact = None,
            AgentState::LoggedOut | AgentState::Reserved | AgentState::Talking => {}
        }
    }
    fn plan_wrap_up(&mut self, now: Instant) {
        if let (Some(contact), Some(takes)) = (self.contact.clone(), self.plan.wrap_up) {
            let at = now + self.dice.draw(takes);
            self.intend(at, Intention::WrapUp(contact));
        }
    }
    fn plan_ping(&mut self, now: Instant) {
        self.intend(now + Duration::from_millis(protocol::HEARTBEAT_INTERVAL_MS), Intention::Ping);
    }
    fn intend(&mut self, at: Instant, what: Intention) {
        self.intentions.retain(|(_at, other)| *other != what);
        self.intentions.push((at, what));
    }
    fn wish(&mut self, state: WishedState) -> ClientFrame {
        self.command(ClientMessage::SetState(AgentSetState { state, reason_code: None }))
    }
    fn command(&mut self, message: ClientMessage) -> ClientFrame {
        self.commands += 1;
        let id = CommandId(format!("{:x}-{}", self.name, self.commands));
        ClientFrame { id: Some(id), message }
    }
    pub(crate) fn note(&self, contact: Option<&ContactId>, what: &str, detail: fmt::Arguments<'_>) {
        let contact = contact.map_or("-", |contact| &contact.0);
        self.tally.journal().note(format_args!("D {} {contact}", self.seat.agent), what, detail);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Journal, Spread};

    fn desktop(plan: DesktopsPlan) -> Desktop {
        let seat = Seat { agent: "ann".to_owned(), token: "t".to_owned() };
        Desktop::new(seat, Arc::new(plan), Tally::new(Journal::none()), Dice::new(1, 0))
    }

    fn tell(desktop: &mut Desktop, text: &str, now: Instant) {
        desktop.receive(ServerFrame::decode(text).unwrap(), now);
    }

    fn change(from: &str, to: &str, seq: u64) -> String {
        format!(
            r#"{{"type":"agent.state_changed","seq":{seq},"data":{{"from":"{from}","to":"{to}",
            "since":"2026-01-01T00:00:00Z","cause":"system"}}}}"#
        )
    }

    #[test]
    fn after_a_call_she_wraps_up_with_a_code() {
        let plan = DesktopsPlan {
            wrap_up: Some(Spread::Fixed(Duration::from_secs(3))),
            dispositions: vec!["sold".to_owned()],
            ..DesktopsPlan::default()
        };
        let (mut desktop, now) = (desktop(plan), Instant::now());
        desktop.contact = Some(ContactId("C1".to_owned()));
        tell(&mut desktop, &change("talking", "wrap_up", 1), now);
        assert!(desktop.due(now + Duration::from_secs(2)).is_empty());
        let frames = desktop.due(now + Duration::from_secs(3));
        let ClientMessage::WrapUp(wrap_up) = &frames[0].message else { panic!("{frames:?}") };
        assert_eq!(wrap_up.disposition_code.as_deref(), Some("sold"));
    }

    #[test]
    fn after_a_missed_call_she_comes_back() {
        let (mut desktop, now) = (desktop(DesktopsPlan::default()), Instant::now());
        tell(&mut desktop, &change("reserved", "not_ready", 1), now);
        let frames = desktop.due(now + Duration::from_secs(2));
        assert!(
            matches!(&frames[0].message, ClientMessage::SetState(set) if set.state == WishedState::Ready)
        );
    }

    #[test]
    fn a_gap_in_the_numbers_is_noticed() {
        let (mut desktop, now) = (desktop(DesktopsPlan::default()), Instant::now());
        tell(&mut desktop, &change("ready", "reserved", 4), now);
        tell(&mut desktop, &change("reserved", "talking", 5), now);
        assert!(!desktop.tally.figures().has_failures());
        tell(&mut desktop, &change("talking", "wrap_up", 7), now);
        assert_eq!(desktop.tally.figures().failures[&Failure::DesktopGap], 1);
    }
}
