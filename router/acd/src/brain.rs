//! The state machine as a whole: an event comes in, decisions are taken, effects go out.
//!
//! Live: [`Acd::handle`] applies the event, decides until nothing is left to decide, and returns the [`Entry`] for
//! the log. Recovery: [`Acd::apply`] carries out the decisions that stand in the log. Proof: [`Acd::replay`] decides
//! again and compares.

use crate::{
    AgentNo, CallId, CommandError, Decision, Directory, Effects, Entry, Event, Order, Plan, QueueNo, Taken,
    Timestamp,
    call::{Call, CallState},
    callback::Standing,
    callers::Callers,
    crowd::Crowd,
    deadlines::{Deadlines, Owner},
    index::{Index, Place},
    pace::Pace,
    rank::Rank,
    rules::Rules,
    staff::Agent,
};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// The brain.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Acd {
    pub(crate) entries: u64,
    /// The entry that brought the rules in force; 0 when a snapshot of an earlier version did not say.
    pub(crate) ruled_since: u64,
    pub(crate) directory: Directory,
    pub(crate) plan: Plan,
    pub(crate) agents: Vec<Agent>,
    pub(crate) calls: BTreeMap<CallId, Call>,
    /// How long calls of each queue take, by number.
    pub(crate) paces: Vec<Pace>,
    /// Whom callers talked to, where queues go by it.
    pub(crate) last_agents: Callers<AgentNo>,
    /// Where callers stood who hung up while waiting, where queues keep places.
    pub(crate) places: Callers<Timestamp>,
    /// The hours that are closed.
    pub(crate) closed: BTreeSet<String>,
    pub(crate) rules: Rules,
    /// Requests for callbacks.
    pub(crate) standing: Standing,
    pub(crate) index: Index,
    pub(crate) crowd: Crowd,
    pub(crate) deadlines: Deadlines,
    pub(crate) open: Open,
}

/// What this event has opened and a decision must still close. Empty between events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Open {
    /// Calls that have reached an entry and no queue yet.
    pub arrived: Vec<CallId>,
    /// Calls about which somebody is to be asked.
    pub consults: Vec<CallId>,
    /// Calls that may not wait any longer, in the order in which they would have been served.
    pub drained: BTreeSet<Rank>,
    /// Calls that wait anew, who is served first.
    pub calls: BTreeSet<Rank>,
    /// Agents who have just become ready.
    pub agents: BTreeSet<AgentNo>,
    /// Of them those who do not stand in the lines of their classes yet: mostly she gets a call at once, and need not.
    pub unlisted: BTreeSet<AgentNo>,
    /// All waiting calls are in `calls`, so that ready agents need no look of their own.
    pub everything: bool,
    /// Queues that somebody has left who may have been the last there.
    pub deserted: BTreeSet<QueueNo>,
    /// Calls that wait where nobody may be there for them.
    pub alone: Vec<CallId>,
    /// Calls that have come to a queue that not everybody may wait in.
    pub entered: Vec<CallId>,
    /// The queues that calls have left for another.
    pub passed: BTreeSet<(CallId, QueueNo)>,
    /// Calls that may have to wait after all, and have heard nothing yet.
    pub untreated: Vec<CallId>,
    /// Calls that heard something until now, and are to hear it again, also while they are on offer.
    pub silenced: Vec<CallId>,
}

/// Where a call stands in index and deadlines.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    /// Its rank and its place, if it waits.
    pub waits: Option<(Rank, Place)>,
    /// The queue in which it is not answered yet.
    queue: Option<QueueNo>,
    /// Whether a caller waits who is on offer to nobody: who is called back does not.
    pub alone: bool,
    /// When something is due.
    due: [Due; 4],
}

/// What a call's deadline is called, and when it is.
type Due = (fn(CallId) -> Owner, Option<Timestamp>);

impl Listed {
    pub fn of(call: &Call, rules: &Rules) -> Self {
        let place = || match call.preference() {
            Some(wish) => Some(Place::Own(wish.agent)),
            None => rules.class_of(call).map(Place::Class),
        };
        let alone = matches!(call.state, CallState::Queued) && !call.is_request();
        let waits = rules.wants_agent(call).then(place).flatten();
        Self {
            waits: waits.map(|place| (rules.rank(call), place)),
            queue: call.waits_in(),
            alone,
            due: [
                (Owner::Call, call.deadline()),
                (Owner::Step, rules.step_due(call)),
                (Owner::Preference, call.preference_due()),
                (Owner::Spread, rules.spread_due(call)),
            ],
        }
    }
    /// What was due here is due there.
    pub fn dues_to(&self, after: &Self, id: CallId, deadlines: &mut Deadlines) {
        for (&(owner, from), &(_, to)) in self.due.iter().zip(&after.due) {
            deadlines.change(owner(id), from, to);
        }
    }
    /// Nowhere.
    pub const fn nowhere() -> Self {
        let due: [Due; 4] =
            [(Owner::Call, None), (Owner::Step, None), (Owner::Preference, None), (Owner::Spread, None)];
        Self { waits: None, queue: None, alone: false, due }
    }
}

/// What came of an event.
#[derive(Clone, Debug)]
pub struct Handled {
    /// For the log, before any effect leaves.
    pub entry: Entry,
    /// For the edges and the folds.
    pub effects: Effects,
    /// For the desk that asked.
    pub taken: Taken,
}

/// The first place where deciding again came out differently.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry {number}: the log says {logged:?}, this version decides {decided:?}")]
pub struct Difference {
    /// The entry.
    pub number: u64,
    /// What the log holds.
    pub logged: Vec<Decision>,
    /// What is decided now.
    pub decided: Vec<Decision>,
}

impl Acd {
    /// A brain that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes up an event: what happened, what is decided on it, and what the outside should do, in order.
    ///
    /// # Errors
    /// A command that cannot be done changes nothing and is not logged.
    pub fn handle(&mut self, event: Event, now: Timestamp) -> Result<Handled, CommandError> {
        self.handle_watched(event, now, |_, _| {})
    }

    /// As [`Acd::handle`]; `watch` sees the state on which each decision was taken, before it is carried out.
    ///
    /// # Errors
    /// As [`Acd::handle`].
    pub fn handle_watched(
        &mut self,
        event: Event,
        now: Timestamp,
        mut watch: impl FnMut(&Self, &Decision),
    ) -> Result<Handled, CommandError> {
        let taken = self.examine(&event)?;
        let mut effects = Effects::default();
        self.entries += 1;
        self.occur(&event, now, &mut effects);
        let mut decisions = Vec::new();
        while let Some(decision) = self.decide(now) {
            watch(self, &decision);
            self.carry(&decision, now, &mut effects);
            decisions.push(decision);
        }
        self.close(&mut effects);
        Ok(Handled { entry: Entry { number: self.entries, at: now, event, decisions }, effects, taken })
    }

    /// Applies an entry of the log without deciding anything.
    pub fn apply(&mut self, entry: &Entry) -> Effects {
        self.apply_watched(entry, |_, _, _| {})
    }

    /// As [`Acd::apply`]; `watch` sees the state on which each decision was taken, and what came of the entry until then.
    pub fn apply_watched(
        &mut self,
        entry: &Entry,
        mut watch: impl FnMut(&Self, &Decision, &Effects),
    ) -> Effects {
        let mut effects = Effects::default();
        self.entries = entry.number;
        self.occur(&entry.event, entry.at, &mut effects);
        for decision in &entry.decisions {
            watch(self, decision, &effects);
            self.carry(decision, entry.at, &mut effects);
        }
        self.close(&mut effects);
        effects
    }

    /// Decides an entry of the log again, then goes on from what the log says.
    ///
    /// # Errors
    /// When the decisions differ; the state then follows the log.
    pub fn replay(&mut self, entry: &Entry) -> Result<Effects, Difference> {
        let mut effects = Effects::default();
        self.entries = entry.number;
        self.occur(&entry.event, entry.at, &mut effects);
        let mut decided = Vec::new();
        for logged in &entry.decisions {
            decided.extend(self.decide(entry.at));
            self.carry(logged, entry.at, &mut effects);
        }
        decided.extend(self.decide(entry.at));
        self.close(&mut effects);
        if decided == entry.decisions {
            return Ok(effects);
        }
        Err(Difference { number: entry.number, logged: entry.decisions.clone(), decided })
    }

    /// When to send [`Event::DeadlinePassed`], if nothing else happens before.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.deadlines.next()
    }

    /// Callers who still wait after this event, and have nothing to hear, are given something.
    fn close(&mut self, effects: &mut Effects) {
        for id in std::mem::take(&mut self.open.silenced) {
            self.treat(id, true, effects);
        }
        for id in std::mem::take(&mut self.open.untreated) {
            self.treat(id, false, effects);
        }
        self.list_agents();
        self.open.arrived.clear();
        self.open.consults.clear();
        self.open.drained.clear();
        self.open.calls.clear();
        self.open.agents.clear();
        self.open.everything = false;
        self.open.deserted.clear();
        self.open.alone.clear();
        self.open.entered.clear();
        self.open.passed.clear();
    }

    /// Gives a caller something to hear who waits, or is on offer if that counts, and has nothing.
    fn treat(&mut self, id: CallId, also_offered: bool, effects: &mut Effects) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let waits = match call.state {
            CallState::Queued => true,
            CallState::Offered { .. } => also_offered,
            CallState::Arrived
            | CallState::Later { .. }
            | CallState::Dialling { .. }
            | CallState::Connected { .. }
            | CallState::Outside { .. } => false,
        };
        let waits = waits && !call.is_request();
        let rule = call.visit.and_then(|visit| Some((visit.queue, self.rules.queue(visit.queue)?)));
        if let (true, false, Some((queue, rule))) = (waits, call.treated, rule) {
            call.treated = true;
            effects.orders.push(Order::Treat { call: id, queue, treatment: rule.plan.treatment });
        }
    }

    pub(crate) fn set_call_state(&mut self, id: CallId, state: CallState) {
        let Some(call) = self.calls.get(&id) else { return };
        let begins = matches!(state, CallState::Queued) && !matches!(call.state, CallState::Queued);
        let in_vain = begins && call.preference().is_some_and(|wish| self.is_logged_out(wish.agent));
        self.change_call(id, |call| {
            call.state = state;
            if !bug!(LosersRingOn) {
                call.also.clear();
            }
            if let (true, Some(visit)) = (in_vain, &mut call.visit) {
                visit.prefers = None;
            }
        });
        if begins {
            self.open.untreated.push(id);
            self.look_at_staff(id);
        }
    }

    /// Changes a call; index and deadlines follow.
    pub(crate) fn change_call(&mut self, id: CallId, change: impl FnOnce(&mut Call)) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let before = Listed::of(call, &self.rules);
        change(call);
        let after = Listed::of(call, &self.rules);
        self.list(id, &before, &after);
    }

    /// Takes a call from one place in index and deadlines to another.
    pub(crate) fn list(&mut self, id: CallId, before: &Listed, after: &Listed) {
        before.dues_to(after, id, &mut self.deadlines);
        self.crowd.moves(before.queue, after.queue);
        self.index.count_alone(before.alone, after.alone);
        if before.waits == after.waits {
            return;
        }
        if let Some((rank, place)) = before.waits {
            self.index.stop_waiting(rank, place);
            self.open.calls.remove(&rank);
        }
        if let Some((rank, place)) = after.waits {
            self.index.wait(rank, place);
            self.open.calls.insert(rank);
        }
    }

    /// SHA-256 over everything the brain remembers, in hexadecimal: the same log gives the same hash everywhere.
    ///
    /// # Errors
    /// Only if the state cannot be encoded, which would be our own defect.
    pub fn state_hash(&self) -> Result<String, rmp_serde::encode::Error> {
        #[derive(Serialize)]
        struct Remembered<'a> {
            entries: u64,
            directory: &'a Directory,
            plan: &'a Plan,
            agents: &'a [Agent],
            calls: &'a BTreeMap<CallId, Call>,
            paces: &'a [Pace],
            last_agents: &'a Callers<AgentNo>,
            places: &'a Callers<Timestamp>,
            closed: &'a BTreeSet<String>,
        }
        let remembered = Remembered {
            entries: self.entries,
            directory: &self.directory,
            plan: &self.plan,
            agents: &self.agents,
            calls: &self.calls,
            paces: &self.paces,
            last_agents: &self.last_agents,
            places: &self.places,
            closed: &self.closed,
        };
        let sum = Sha256::digest(rmp_serde::to_vec(&remembered)?);
        Ok(sum.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Number of the last entry taken up.
    #[must_use]
    pub const fn entries(&self) -> u64 {
        self.entries
    }
    /// Number of the entry that brought the rules in force; 0 when that is not known.
    #[must_use]
    pub const fn ruled_since(&self) -> u64 {
        self.ruled_since
    }
    /// Names and numbers.
    #[must_use]
    pub const fn directory(&self) -> &Directory {
        &self.directory
    }
    /// The rules in force.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }
    /// Every agent ever known, by number; retired ones are logged out.
    pub fn agents(&self) -> impl Iterator<Item = (AgentNo, &Agent)> {
        self.agents.iter().zip(0..).map(|(agent, no)| (AgentNo(no), agent))
    }
    /// An agent.
    #[must_use]
    pub fn agent(&self, no: AgentNo) -> Option<&Agent> {
        self.agents.get(no.index())
    }
    /// The place of a waiting call among those of its queue, from 1; none when it does not wait. Looks at no more than
    /// `most` calls: whoever stands behind them has the place `most`.
    #[must_use]
    pub fn place_in_queue(&self, id: CallId, most: u32) -> Option<u32> {
        let call = self.calls.get(&id).filter(|call| matches!(call.state, CallState::Queued))?;
        let queue = call.visit?.queue;
        let rank = self.rules.rank(call);
        let of_queue = |other: &CallId| {
            let waits = |call: &&Call| matches!(call.state, CallState::Queued);
            let call = self.calls.get(other).filter(waits);
            call.is_some_and(|call| call.visit.is_some_and(|visit| visit.queue == queue))
        };
        let classes = self.rules.classes_of(queue);
        let before = classes.iter().flat_map(|&class| {
            self.index.waiting(class).take(most as usize).take_while(|other| *other < rank)
        });
        let before = before.filter(|other| of_queue(&other.call)).take(most as usize).count();
        Some(u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1).min(most))
    }
    /// Every live call, oldest first.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.calls.values()
    }
    /// A live call.
    #[must_use]
    pub fn call(&self, id: CallId) -> Option<&Call> {
        self.calls.get(&id)
    }
    /// The rules of a queue, also of one that left the plan while calls were in it.
    #[must_use]
    pub fn queue_plan(&self, no: QueueNo) -> Option<&crate::plan::QueuePlan> {
        self.rules.queue(no).map(|rule| &rule.plan)
    }
    /// Whether an agent has the skills that a queue asks for before any step of it, of some caller at least; nobody has for
    /// a queue that is not known.
    #[must_use]
    pub fn may_serve(&self, agent: AgentNo, queue: QueueNo) -> bool {
        let classes = self.rules.queue(queue).map(|rule| rule.first_classes());
        self.rules
            .agent(agent)
            .zip(classes)
            .is_some_and(|(rule, classes)| classes.iter().any(|class| rule.may_serve(*class)))
    }
    /// Whether a caller waits who is not on offer to anybody. May be asked at every turn.
    #[must_use]
    pub const fn somebody_waits(&self) -> bool {
        self.index.somebody_waits()
    }
    /// How many calls live.
    #[must_use]
    pub fn live_calls(&self) -> usize {
        self.calls.len()
    }
}
