//! "Why not me": the tale of one agent over a time. What she was doing, what she was offered, and for every offer to
//! somebody else that she was ready or able to take, what spoke against her.

use super::{Against, Bounded, Candidate, Choice, Limits, Reason, why};
use crate::{
    Acd, AgentNo, AgentState, Call, CallId, Decision, Effects, Entry, Fact, OfferId, Order, Timestamp,
    call::CallState,
};
use serde::Serialize;

/// Most waiting calls that are looked at for what keeps them from her; the others are only counted.
const MOST_CALLS: usize = 200;

/// Something in an agent's time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Hers {
    /// She was in a state from then on.
    Was {
        /// The entry of the log.
        entry: u64,
        /// Since when.
        at: Timestamp,
        /// The state's name.
        state: &'static str,
        /// Why, where it has a reason.
        #[serde(skip_serializing_if = "Option::is_none")]
        why: Option<String>,
        /// The call that occupies her.
        #[serde(skip_serializing_if = "Option::is_none")]
        call: Option<CallId>,
        /// Until when she is offered nothing though she is ready.
        #[serde(skip_serializing_if = "Option::is_none")]
        rests_until: Option<Timestamp>,
    },
    /// She was offered a call because it was her turn.
    Offered {
        /// The entry of the log.
        entry: u64,
        /// When.
        at: Timestamp,
        /// Which call.
        call: CallId,
        /// From which queue.
        queue: String,
        /// Why to her.
        #[serde(flatten)]
        choice: Box<Choice>,
    },
    /// A colleague gave her a call by name, or asked her about one.
    Given {
        /// The entry of the log.
        entry: u64,
        /// When.
        at: Timestamp,
        /// Which call.
        call: CallId,
        /// Who.
        by: String,
        /// Whether she was only asked.
        asked: bool,
    },
    /// An offer to her ended.
    OfferEnded {
        /// The entry of the log.
        entry: u64,
        /// When.
        at: Timestamp,
        /// Which call.
        call: CallId,
        /// How.
        outcome: &'static str,
    },
    /// Others were offered calls.
    Passed(Passed),
    /// She was ready and calls waited.
    Idle(Idle),
}

/// Calls that others were offered though she was ready, or able.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Passed {
    /// The entry of the log; of the first time, if there were several for the same reasons in a row.
    pub entry: u64,
    /// When; likewise.
    pub at: Timestamp,
    /// When the last of them was offered.
    pub until: Timestamp,
    /// How many there were.
    pub times: u32,
    /// Which call; the first.
    pub call: CallId,
    /// From which queue.
    pub queue: String,
    /// Who was offered it.
    pub agent: String,
    /// What kept it from her; empty when she might have had it.
    pub against: Vec<Against>,
    /// When she might have had it: by what the other came before her.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub behind: Option<Reason>,
    /// What she had to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hers: Option<Candidate>,
    /// What the other had to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theirs: Option<Candidate>,
}

/// A time for which she was ready and calls waited, for the same reasons all the while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Idle {
    /// The entry of the log with which it began.
    pub entry: u64,
    /// From when.
    pub at: Timestamp,
    /// Until when; none when it went on at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// How many calls waited at the most.
    pub calls_most: usize,
    /// What kept them from her.
    pub kept: Vec<Kept>,
}

/// Waiting calls that were kept from her for the same reasons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// The oldest of them when it began.
    pub call: CallId,
    /// Its queue.
    pub queue: String,
    /// What kept it from her.
    pub against: Vec<Against>,
    /// How many there were at the most, of the oldest 200 that waited.
    pub calls_most: usize,
}

impl Passed {
    /// Everything that spoke against her.
    #[must_use]
    pub fn reasons(&self) -> Vec<Reason> {
        self.against.iter().map(Against::reason).chain(self.behind).collect()
    }
}

impl Kept {
    fn reasons(&self) -> Vec<Reason> {
        self.against.iter().map(Against::reason).collect()
    }
}

impl Hers {
    /// Every reason it names.
    #[must_use]
    pub fn reasons(&self) -> Vec<Reason> {
        match self {
            Self::Passed(passed) => passed.reasons(),
            Self::Idle(idle) => idle.kept.iter().flat_map(Kept::reasons).collect(),
            Self::Offered { choice, .. } => {
                let behind = choice.candidates.iter().filter_map(|candidate| candidate.behind);
                behind.chain(choice.before.iter().map(|before| before.reason)).collect()
            }
            Self::Given { .. } => vec![Reason::GivenByName],
            Self::Was { .. } | Self::OfferEnded { .. } => Vec::new(),
        }
    }
    /// When it was, or began.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::Was { at, .. }
            | Self::Offered { at, .. }
            | Self::Given { at, .. }
            | Self::OfferEnded { at, .. }
            | Self::Passed(Passed { at, .. })
            | Self::Idle(Idle { at, .. }) => *at,
        }
    }
}

/// Tells one agent over a time, from the entries of a log in their order.
#[derive(Clone, Debug)]
pub struct AgentTale {
    agent: AgentNo,
    from: Timestamp,
    to: Timestamp,
    limits: Limits,
    moments: Bounded<Hers>,
    begun: bool,
    idles: bool,
    told: usize,
}

impl AgentTale {
    /// Nothing yet. From the first entry at `from` or later to the last one before `to`.
    #[must_use]
    pub const fn new(agent: AgentNo, from: Timestamp, to: Timestamp, limits: Limits) -> Self {
        let moments = Bounded::new(limits.moments);
        Self { agent, from, to, limits, moments, begun: false, idles: false, told: 0 }
    }
    /// What has been told so far.
    #[must_use]
    pub const fn moments(&self) -> &Bounded<Hers> {
        &self.moments
    }

    /// Applies the next entry of the log to the brain that stands before it, and tells what it meant to her; whether
    /// the time goes on.
    pub fn read(&mut self, acd: &mut Acd, entry: &Entry) -> bool {
        if entry.at >= self.to {
            self.stop_idling(self.to);
            return false;
        }
        if entry.at < self.from {
            acd.apply(entry);
            return true;
        }
        self.begin(acd, entry);
        self.told = 0;
        let effects = acd.apply_watched(entry, |acd, decision, effects| {
            self.tell_facts(entry, effects);
            self.decides(acd, entry, decision);
        });
        self.tell_facts(entry, &effects);
        self.tell_states(acd, entry, &effects);
        self.tell_idling(acd, entry);
        true
    }

    /// The state she was in when the time began.
    fn begin(&mut self, acd: &Acd, entry: &Entry) {
        if !std::mem::replace(&mut self.begun, true)
            && let Some(agent) = acd.agent(self.agent)
        {
            let was = was(agent.state(), entry.number, agent.since(), agent.rests_until());
            self.moments.push(was);
        }
    }

    fn decides(&mut self, acd: &Acd, entry: &Entry, decision: &Decision) {
        match decision {
            Decision::Offer { offer, agent } if *agent == self.agent => self.offered(acd, entry, *offer),
            Decision::Offer { offer, agent } => self.passed(acd, entry, offer.call, *agent),
            Decision::OfferTo { offer, agent, .. } if *agent == self.agent => {
                let by = acd.call(offer.call).and_then(Call::transfer).map(|transfer| transfer.by);
                self.given(acd, entry, offer.call, by, false);
            }
            Decision::OfferTo { offer, agent, queue } => {
                let queue = acd.name_of(*queue);
                self.given_to_another(acd, entry, offer.call, (*agent, queue));
            }
            Decision::Consult { offer, agent } if *agent == self.agent => {
                let by = acd.call(offer.call).and_then(|call| call.state().agent());
                self.given(acd, entry, offer.call, by, true);
            }
            // Not about who gets a call.
            Decision::Consult { .. }
            | Decision::Enqueue { .. }
            | Decision::CallOut { .. }
            | Decision::ConsultOutside { .. }
            | Decision::ConsultNobody { .. }
            | Decision::Ring { .. }
            | Decision::RingOut { .. }
            | Decision::Overflow { .. }
            | Decision::Divert { .. }
            | Decision::Spread { .. }
            | Decision::Postpone { .. }
            | Decision::TakePlace { .. }
            | Decision::Refuse { .. }
            | Decision::EndWrapUp { .. }
            | Decision::EndPause { .. }
            | Decision::SignOut { .. }
            | Decision::Relax { .. }
            | Decision::EndPreference { .. }
            | Decision::EndRest { .. }
            | Decision::EndExclusion { .. } => {}
        }
    }

    fn offered(&mut self, acd: &Acd, entry: &Entry, offer: OfferId) {
        let Some(choice) = acd.choice(offer, self.agent, entry.at, self.limits) else { return };
        let (entry, at, call) = (entry.number, entry.at, offer.call);
        let queue = acd.queue_of(call);
        self.moments.push(Hers::Offered { entry, at, call, queue, choice: Box::new(choice) });
    }

    fn given(&mut self, acd: &Acd, entry: &Entry, call: CallId, by: Option<AgentNo>, asked: bool) {
        let by = by.map_or_else(String::new, |by| acd.id_of(by));
        self.moments.push(Hers::Given { entry: entry.number, at: entry.at, call, by, asked });
    }

    /// Somebody else is about to get a call that she was ready or able to take.
    fn passed(&mut self, acd: &Acd, entry: &Entry, id: CallId, agent: AgentNo) {
        let Some(call) = acd.call(id).filter(|call| self.is_concerned(acd, call)) else { return };
        let against = acd.against(call, self.agent);
        let hers = acd.candidate(call, self.agent, agent, entry.at).filter(|_| against.is_empty());
        let behind = hers.as_ref().and_then(|hers| hers.behind);
        let theirs = behind.and_then(|_| acd.candidate(call, agent, agent, entry.at));
        let (at, until, queue, agent) = (entry.at, entry.at, acd.queue_of(id), acd.id_of(agent));
        let (entry, times) = (entry.number, 1);
        self.tell_passed(Passed {
            entry,
            at,
            until,
            times,
            call: id,
            queue,
            agent,
            against,
            behind,
            hers,
            theirs,
        });
    }

    fn given_to_another(&mut self, acd: &Acd, entry: &Entry, call: CallId, (to, queue): (AgentNo, String)) {
        if !acd.is_ready(self.agent) {
            return;
        }
        let (against, hers, theirs) = (Vec::new(), None, None);
        let (at, until, agent, behind) = (entry.at, entry.at, acd.id_of(to), Some(Reason::GivenByName));
        let (entry, times) = (entry.number, 1);
        self.tell_passed(Passed {
            entry,
            at,
            until,
            times,
            call,
            queue,
            agent,
            against,
            behind,
            hers,
            theirs,
        });
    }

    /// Whether she might wonder why she has not got a call: she was ready, or able and at work, or has lost her place in
    /// the plan.
    fn is_concerned(&self, acd: &Acd, call: &Call) -> bool {
        let at_work = acd.agent(self.agent).is_some_and(|agent| !agent.is_logged_out());
        let able = acd.is_ready(self.agent) || acd.suffices(call, self.agent);
        at_work && able || acd.is_retired(self.agent)
    }

    fn tell_passed(&mut self, passed: Passed) {
        if let Some(Hers::Passed(before)) = self.moments.last_mut()
            && before.reasons() == passed.reasons()
        {
            (before.times, before.until) = (before.times + 1, passed.at);
            return;
        }
        self.moments.push(Hers::Passed(passed));
    }

    fn tell_facts(&mut self, entry: &Entry, effects: &Effects) {
        let new = effects.facts.get(self.told..).unwrap_or_default();
        self.told = effects.facts.len();
        for fact in new {
            if let Fact::OfferEnded { offer, agent, outcome, .. } = fact
                && *agent == self.agent
            {
                let (call, outcome) = (offer.call, outcome.as_str());
                self.moments.push(Hers::OfferEnded { entry: entry.number, at: entry.at, call, outcome });
            }
        }
    }

    fn tell_states(&mut self, acd: &Acd, entry: &Entry, effects: &Effects) {
        let hers = |order: &&Order| matches!(order, Order::AgentMoved { agent, .. } if *agent == self.agent);
        if effects.orders.iter().any(|order| hers(&order))
            && let Some(agent) = acd.agent(self.agent)
        {
            let was = was(agent.state(), entry.number, entry.at, agent.rests_until());
            self.moments.push(was);
        }
    }

    /// What keeps the calls that wait from her, unless that is as it was.
    fn tell_idling(&mut self, acd: &Acd, entry: &Entry) {
        let kept = if acd.is_ready(self.agent) { self.kept_from_her(acd) } else { Vec::new() };
        if kept.is_empty() {
            return self.stop_idling(entry.at);
        }
        let calls_most = waiting(acd).count();
        let same = |idle: &Idle| {
            idle.kept.len() == kept.len()
                && idle.kept.iter().zip(&kept).all(|(before, now)| before.reasons() == now.reasons())
        };
        let goes_on = self.idles;
        if let Some(idle) = self.stretch().filter(|idle| goes_on && same(idle)) {
            idle.calls_most = idle.calls_most.max(calls_most);
            for (before, now) in idle.kept.iter_mut().zip(&kept) {
                before.calls_most = before.calls_most.max(now.calls_most);
            }
            return;
        }
        self.stop_idling(entry.at);
        self.idles = true;
        let (entry, at) = (entry.number, entry.at);
        self.moments.push(Hers::Idle(Idle { entry, at, until: None, calls_most, kept }));
    }

    /// The waiting calls, put together by what keeps them from her, in the order of the reasons.
    fn kept_from_her(&self, acd: &Acd) -> Vec<Kept> {
        let mut kept: Vec<Kept> = Vec::new();
        for call in waiting(acd).take(MOST_CALLS) {
            let against = acd.against(call, self.agent);
            let reasons: Vec<Reason> = against.iter().map(Against::reason).collect();
            match kept.iter_mut().find(|known| known.reasons() == reasons) {
                Some(known) => known.calls_most += 1,
                None => {
                    let (queue, calls_most) = (acd.queue_of(call.id()), 1);
                    kept.push(Kept { call: call.id(), queue, against, calls_most });
                }
            }
        }
        kept.sort_by_key(Kept::reasons);
        kept
    }

    /// The stretch of idling that was told last.
    fn stretch(&mut self) -> Option<&mut Idle> {
        self.moments.last_where(|hers| if let Hers::Idle(idle) = hers { Some(idle) } else { None })
    }

    fn stop_idling(&mut self, at: Timestamp) {
        if std::mem::replace(&mut self.idles, false)
            && let Some(idle) = self.stretch()
        {
            idle.until = Some(at);
        }
    }
}

fn waiting(acd: &Acd) -> impl Iterator<Item = &Call> {
    acd.calls().filter(|call| matches!(call.state(), CallState::Queued))
}

fn was(state: &AgentState, entry: u64, at: Timestamp, rests_until: Option<Timestamp>) -> Hers {
    Hers::Was { entry, at, state: state.as_str(), why: why(state), call: state.call(), rests_until }
}
