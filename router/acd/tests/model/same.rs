//! When two states are the same to the model: everything the brain decides by, and nothing else.

use crate::House;
use acd::{
    AgentState, CallId, NotReadyReason, Timestamp, Wish,
    agent::Next,
    call::{Call, CallState, Line, Stage},
};
use std::hash::{Hash, Hasher};

/// What two states have to have in common.
#[derive(PartialEq, Hash)]
struct Key<'a> {
    complaint: &'a Option<String>,
    called: usize,
    /// By the order in which they called; those who have gone are none.
    calls: Vec<Option<CallKey>>,
    /// By the order in which they kept their places.
    kept: Vec<Option<(CallKey, RequestKey)>>,
    /// Those who live in the order in which they came, or in which those came whose place they have.
    line: Vec<usize>,
    agents: Vec<(AgentKey, bool)>,
    idle: Vec<(usize, bool)>,
}

/// Whose place, how often called, whether not reached, when it is given up.
type RequestKey = (Option<usize>, u32, bool, Ahead);
/// State, times ahead, whose phones ring until when, whether it was ever offered, who shall not get it until when, how many
/// phones may ring.
type CallKey = (u8, Option<u32>, [Ahead; 2], Vec<(u32, Ahead)>, bool, Vec<(u32, Ahead)>, Option<u8>);
/// State, call, time ahead, wish.
type AgentKey = (u8, usize, Ahead, u8);

impl Hash for House {
    fn hash<H: Hasher>(&self, to: &mut H) {
        self.key().hash(to);
    }
}

impl PartialEq for House {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

/// How far ahead a time is, in microseconds.
type Ahead = u64;

impl House {
    fn key(&self) -> Key<'_> {
        let acd = self.floor.acd();
        Key {
            complaint: &self.complaint,
            called: self.called.len(),
            calls: self.called.iter().map(|id| acd.call(*id).map(|call| self.call(call))).collect(),
            kept: self.kept.iter().map(|id| acd.call(*id).map(|call| self.request(call))).collect(),
            line: self.line(),
            agents: acd.agents().map(|(_, agent)| (self.agent(agent.state()), agent.has_desk())).collect(),
            idle: self.order_of_idleness(),
        }
    }
    fn line(&self) -> Vec<usize> {
        let all = self.called.iter().chain(&self.kept).enumerate();
        let place = |(no, id): (usize, &CallId)| Some((self.floor.acd().call(*id)?.ranked_from(), no));
        let mut line: Vec<(Timestamp, usize)> = all.filter_map(place).collect();
        line.sort_unstable();
        line.into_iter().map(|(_, no)| no).collect()
    }
    fn ahead(&self, at: Timestamp) -> Ahead {
        at.micros().saturating_sub(self.floor.now().micros())
    }
    fn call(&self, call: &Call) -> CallKey {
        let leaves = call.visit().map_or(0, |visit| self.ahead(visit.leaves));
        let (kind, due) = match *call.state() {
            CallState::Arrived => (0, 0),
            CallState::Queued => (1, 0),
            CallState::Offered { due, stage: Stage::Ringing, .. } => (2, self.ahead(due)),
            CallState::Offered { due, stage: Stage::Card { .. }, .. } => (3, self.ahead(due)),
            CallState::Offered { due, stage: Stage::Desk, .. } => (4, self.ahead(due)),
            CallState::Offered { due, stage: Stage::AutoAnswer, .. } => (5, self.ahead(due)),
            CallState::Connected { line: Line::Open, .. } => (6, 0),
            CallState::Connected { line: Line::Held { .. }, .. } => (7, 0),
            CallState::Outside { .. } => (8, 0),
            CallState::Later { until } => (9, self.ahead(until)),
            CallState::Dialling { due, .. } => (10, self.ahead(due)),
        };
        let agent = call.state().agent().map(|agent| agent.0);
        let offered = call.next_attempt().attempt > 1;
        let beside = call.rings().skip(1).map(|ring| (ring.agent.0, self.ahead(ring.due))).collect();
        let phones = call.visit().and_then(|visit| visit.phones);
        (kind, agent, [leaves, due], beside, offered, self.excluded(call), phones)
    }
    fn request(&self, call: &Call) -> (CallKey, RequestKey) {
        let of = call.callback().and_then(|callback| callback.of);
        let whose = of.and_then(|of| self.called.iter().position(|called| *called == of));
        let key = call.request().map_or((whose, 0, false, 0), |request| {
            (whose, request.attempts, request.missed.is_some(), self.ahead(request.expires))
        });
        (self.call(call), key)
    }
    /// To whom the call shall not go again for how long.
    fn excluded(&self, call: &Call) -> Vec<(u32, Ahead)> {
        call.excluded().iter().map(|(agent, until)| (agent.0, self.ahead(*until))).collect()
    }
    fn agent(&self, state: &AgentState) -> AgentKey {
        let asked = |then: &Next| match then {
            Next::Ready => 0,
            Next::Asked(Wish::Ready) => 1,
            Next::Asked(Wish::NotReady { .. } | Wish::LoggedOut) => 2,
        };
        let of_kept = |id: CallId| self.kept.iter().position(|kept| *kept == id).map(|no| no + 100);
        let of_called = |id: CallId| self.called.iter().position(|called| *called == id);
        let no = |id: CallId| of_called(id).or_else(|| of_kept(id)).unwrap_or(usize::MAX);
        match state {
            AgentState::LoggedOut => (0, 0, 0, 0),
            // Why she takes no calls is for the record; the brain goes by when that ends.
            AgentState::NotReady { until, .. } => (1, 0, until.map_or(0, |until| self.ahead(until)), 0),
            AgentState::Ready { .. } => (2, 0, 0, 0),
            AgentState::Reserved { offer, then, .. } => (3, no(offer.call), 0, asked(then)),
            AgentState::Talking { offer, then, .. } => (4, no(offer.call), 0, asked(then)),
            AgentState::WrapUp { ends, then, unreached, .. } => {
                (5, usize::from(*unreached), self.ahead(*ends), asked(then))
            }
        }
    }
    /// Which of the agents has been idle for longer, where that may still decide, and whether she is from just now.
    fn order_of_idleness(&self) -> Vec<(usize, bool)> {
        let since = |state: &AgentState| match state {
            AgentState::Ready { since } => Some(*since),
            AgentState::Reserved { ready_since, .. } | AgentState::Talking { ready_since, .. } => {
                Some(*ready_since)
            }
            AgentState::NotReady { reason: NotReadyReason::PhoneUnreachable { ready_since }, .. } => {
                Some(*ready_since)
            }
            AgentState::NotReady { .. } | AgentState::LoggedOut | AgentState::WrapUp { .. } => None,
        };
        let since: Vec<Option<Timestamp>> =
            self.floor.acd().agents().map(|(_, agent)| since(agent.state())).collect();
        let mut order = since.clone();
        order.sort();
        order.dedup();
        let now = Some(self.floor.now());
        since.iter().map(|at| (order.binary_search(at).unwrap_or(0), *at == now)).collect()
    }
}
