//! Who is connected: one desktop an agent, any number of views.
//!
//! Tells the brain when an agent's first desktop came and when her last one went, as often as it takes: the brain may
//! be busy, but it must not believe for long that somebody is there who is not.

use crate::{
    brain::Brain,
    floor::Say,
    outbox::{Ending, Outbox},
    words,
};
use acd::{AgentNo, Event, Timestamp};
use protocol::{AgentPresence, ClientKind, CloseCode, ServerFrame, ServerMessage};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

/// Views one agent may have open; the oldest gives way to the next.
const MAX_VIEWS: usize = 8;

/// A session's number: the agent's in the upper half, so that a late verdict still finds whose command it was.
pub(crate) const fn session_number(agent: AgentNo, count: u32) -> u64 {
    ((agent.0 as u64) << 32) | count as u64
}

/// Whose session this is.
pub(crate) const fn agent_of(session: u64) -> AgentNo {
    AgentNo((session >> 32) as u32)
}

const fn sessions_of(agent: AgentNo) -> RangeInclusive<u64> {
    session_number(agent, 0)..=session_number(agent, u32::MAX)
}

/// One client that has identified.
pub(super) struct Session {
    pub(super) kind: ClientKind,
    outbox: Outbox,
    seq: u64,
    presence: Option<AgentPresence>,
}

impl Session {
    /// Posts a message in its envelope.
    fn post(&mut self, ts: Timestamp, say: &Say) {
        let seq = say.message.bears_state().then(|| {
            self.seq += 1;
            self.seq
        });
        let frame = ServerFrame {
            seq,
            ts: words::time(ts),
            contact_id: say.contact.map(words::contact_id),
            rev: say.rev,
            message: say.message.clone(),
        };
        // Views show the card as well, but it is her desktop that the phone waits for.
        let shows = say.shows.filter(|_| self.kind == ClientKind::Desktop);
        match frame.encode() {
            Ok(text) => self.outbox.post(text, shows),
            Err(error) => {
                let (kind, call) = (frame.message.name(), say.contact.map(tracing::field::display));
                tracing::error!(kind, call, %error, "a message cannot be written");
            }
        }
    }
}

/// Everybody who is connected.
#[derive(Default)]
pub(super) struct Sessions {
    by_number: BTreeMap<u64, Session>,
    desktops: BTreeMap<AgentNo, u64>,
    /// Agents whom the brain believes to have a desktop.
    told: BTreeSet<AgentNo>,
    /// Agents about whom the brain has to be told.
    owed: BTreeSet<AgentNo>,
}

impl Sessions {
    /// A client has identified. A desktop ends the agent's other one.
    pub(super) fn join(&mut self, session: u64, kind: ClientKind, outbox: Outbox) {
        let agent = agent_of(session);
        let gives_way = if kind == ClientKind::Desktop {
            self.owed.insert(agent);
            self.desktops.insert(agent, session)
        } else {
            self.oldest_of_too_many_views(agent)
        };
        if let Some(old) = gives_way.and_then(|old| self.by_number.remove(&old)) {
            old.outbox.end(Ending::Code(CloseCode::Replaced));
        }
        self.by_number.insert(session, Session { kind, outbox, seq: 0, presence: None });
    }

    fn oldest_of_too_many_views(&self, agent: AgentNo) -> Option<u64> {
        let views =
            self.by_number.range(sessions_of(agent)).filter(|(_, one)| one.kind != ClientKind::Desktop);
        let views: Vec<u64> = views.map(|(&number, _)| number).collect();
        views.first().copied().filter(|_| views.len() >= MAX_VIEWS)
    }

    /// A client has gone.
    pub(super) fn leave(&mut self, session: u64) {
        self.by_number.remove(&session);
        let agent = agent_of(session);
        if self.desktops.get(&agent) == Some(&session) {
            self.desktops.remove(&agent);
            self.owed.insert(agent);
        }
    }

    /// Everybody who has a client.
    pub(super) fn agents(&self) -> BTreeSet<AgentNo> {
        self.by_number.keys().map(|session| agent_of(*session)).collect()
    }

    /// Ends all clients of an agent, with these last words.
    pub(super) fn dismiss(&mut self, agent: AgentNo, ts: Timestamp, last: ServerMessage, why: CloseCode) {
        let say = Say { agent, contact: None, rev: None, message: last, shows: None };
        for (_, session) in self.by_number.range_mut(sessions_of(agent)) {
            session.post(ts, &say);
            session.outbox.end(Ending::Code(why));
        }
        self.by_number.retain(|session, _| agent_of(*session) != agent);
        if self.desktops.remove(&agent).is_some() {
            self.owed.insert(agent);
        }
    }

    pub(super) fn get(&self, session: u64) -> Option<&Session> {
        self.by_number.get(&session)
    }

    /// Tells the brain what it does not know yet; what it has no room for stays owed.
    pub(super) fn settle(&mut self, brain: &dyn Brain) {
        let (desktops, told) = (&self.desktops, &mut self.told);
        self.owed.retain(|&agent| {
            let present = desktops.contains_key(&agent);
            if present == told.contains(&agent) {
                return false;
            }
            let event = if present { Event::DeskSignedIn { agent } } else { Event::DeskLost { agent } };
            let taken = brain.try_event(event, None).is_ok();
            if taken && present {
                told.insert(agent);
            } else if taken {
                told.remove(&agent);
            }
            !taken
        });
    }

    /// Whether the brain has still to be told of a desktop, of this agent or of anybody.
    pub(super) fn owes(&self, agent: Option<AgentNo>) -> bool {
        agent.map_or(!self.owed.is_empty(), |agent| self.owed.contains(&agent))
    }

    /// Tells all sessions of the agent.
    pub(super) fn tell(&mut self, ts: Timestamp, say: &Say) {
        let sessions = self.by_number.range_mut(sessions_of(say.agent));
        let calls = sessions.filter(|(_, session)| session.kind != ClientKind::Wallboard);
        calls.for_each(|(_, session)| session.post(ts, say));
    }

    /// Tells one session.
    pub(super) fn tell_one(&mut self, number: u64, ts: Timestamp, message: ServerMessage) {
        let say = Say { agent: agent_of(number), contact: None, rev: None, message, shows: None };
        if let Some(session) = self.by_number.get_mut(&number) {
            session.post(ts, &say);
        }
    }

    pub(super) fn has_wallboards(&self) -> bool {
        self.by_number.values().any(|session| session.kind == ClientKind::Wallboard)
    }

    /// Tells wallboards what has changed; one that is slow gets the next figures instead.
    pub(super) fn tell_wallboards(&mut self, ts: Timestamp, presence: &AgentPresence) {
        for session in self.by_number.values_mut().filter(|session| session.kind == ClientKind::Wallboard) {
            if session.presence.as_ref() == Some(presence) || session.outbox.is_crowded() {
                continue;
            }
            session.presence = Some(presence.clone());
            let message = ServerMessage::AgentPresence(presence.clone());
            session.post(ts, &Say { agent: AgentNo(0), contact: None, rev: None, message, shows: None });
        }
    }

    /// Ends all connections.
    pub(super) fn end_all(&mut self) {
        self.by_number.values().for_each(|session| session.outbox.end(Ending::GoingAway));
        self.by_number.clear();
    }
}
