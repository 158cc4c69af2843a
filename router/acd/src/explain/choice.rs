//! Which of the agents who might have had a call got it, and what spoke against the others.

use super::{Against, Count, Limits, Precedence, Reason, why};
use crate::{
    Acd, Agent, AgentNo, AgentState, Call, OfferId, Timestamp,
    plan::Strategy,
    rules::Seat,
    turn::{Idle, Turn},
};
use serde::Serialize;
use std::collections::BTreeMap;

/// What a strategy goes by, of one agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum Score {
    /// How long she has been ready, which every candidate has beside it.
    LongestIdle,
    /// The share of her time that she has handled calls lately.
    LeastOccupied {
        /// In thousandths.
        occupied_permille: u32,
    },
    /// Calls she has answered since she signed in.
    FewestCalls {
        /// How many.
        calls: u32,
    },
    /// Her proficiency in what is asked for: the higher goes first.
    MostSkilled {
        /// 0 when nothing is asked for.
        proficiency: u8,
    },
    /// Likewise: the lower goes first.
    LeastSkilled {
        /// 0 when nothing is asked for.
        proficiency: u8,
    },
    /// When she was offered a call last.
    RoundRobin {
        /// None when she never was.
        offered_at: Option<Timestamp>,
    },
    /// Her place in the file.
    TopDown {
        /// From 1.
        place: u32,
    },
    /// Calls she has answered since she signed in, for her weight.
    Weighted {
        /// How many.
        calls: u32,
        /// Her share of the calls.
        weight: u32,
    },
    /// How long a call of this queue is expected to take her.
    Fastest {
        /// In milliseconds.
        expected_ms: u64,
    },
}

/// An agent who might have had the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// Who.
    pub agent: String,
    /// Her score.
    pub score: Score,
    /// Ready since.
    pub since: Timestamp,
    /// By what the one who got the call came before her; none for that one herself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub behind: Option<Reason>,
}

/// A ready agent who might not have the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Barred {
    /// Who.
    pub agent: String,
    /// By what.
    pub against: Vec<Against>,
}

/// The ready agents whom something keeps from a call, and how the others were.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Staff {
    /// Ready agents who might not have it; those whose skills suffice come first.
    pub barred: Vec<Barred>,
    /// Of those who are not in that list: how many, by the first of their reasons.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub more_barred: Vec<Count>,
    /// Agents whose skills suffice and who were not ready: how many in which state.
    pub away: Vec<Count>,
    /// Agents at work whose skills do not suffice, and who were not ready either.
    pub unskilled: usize,
}

/// How it was decided who is offered a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// The queue's strategy.
    pub strategy: Strategy,
    /// The call's step in its queue.
    pub step: u8,
    /// What was needed there; empty: everybody might serve it.
    pub needs: String,
    /// Everybody who might have had it, whose turn it was first.
    pub candidates: Vec<Candidate>,
    /// Candidates who are not in that list.
    pub more_candidates: usize,
    /// The others.
    #[serde(flatten)]
    pub staff: Staff,
    /// The next of the calls that she might have had, and why this one went before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Precedence>,
    /// How many other calls waited that she might have had.
    pub other_calls: usize,
}

impl Acd {
    /// How it came that this call is about to be offered to this agent: on the state before the decision is carried out.
    /// None when there is no such call in a queue.
    #[must_use]
    pub fn choice(&self, offer: OfferId, agent: AgentNo, now: Timestamp, limits: Limits) -> Option<Choice> {
        let call = self.call(offer.call)?;
        let visit = call.visit?;
        let mut open = self.candidates(call);
        open.sort_unstable_by_key(|(turn, _)| *turn);
        let shown = open.iter().take(limits.agents).map(|(_, no)| self.candidate(call, *no, agent, now));
        let candidates: Vec<Candidate> = shown.flatten().collect();
        let others = self.open_to(agent, call.id());
        Some(Choice {
            strategy: self.rules.queue(visit.queue)?.plan.strategy,
            step: visit.step,
            needs: self.needs_of(call),
            more_candidates: open.len().saturating_sub(candidates.len()),
            candidates,
            staff: self.staff_for(call, limits),
            before: others.first().map(|(_, next)| self.precedence(call, next)),
            other_calls: others.len(),
        })
    }

    /// Everybody whom nothing keeps from a call.
    fn candidates(&self, call: &Call) -> Vec<(Turn, AgentNo)> {
        let free = self.agents().filter(|(no, _)| self.bars(call.id(), *no).is_empty());
        free.filter_map(|(no, _)| Some((self.turn_for(call, no)?, no))).collect()
    }

    fn turn_for(&self, call: &Call, no: AgentNo) -> Option<Turn> {
        let (idle, seat) = self.seat_for(call, no)?;
        Some(idle.turn(seat))
    }

    /// A ready agent and her part in a call's class, if her skills suffice.
    fn seat_for(&self, call: &Call, no: AgentNo) -> Option<(Idle<'_>, &Seat)> {
        let class = self.rules.class_of(call)?;
        let seat = self.rules.agent(no)?.seats.iter().find(|seat| seat.class() == class)?;
        Some((self.agent(no)?.idle(no, &self.rules)?, seat))
    }

    /// An agent who might have a call, beside the one who gets it.
    pub(crate) fn candidate(
        &self,
        call: &Call,
        no: AgentNo,
        gets: AgentNo,
        now: Timestamp,
    ) -> Option<Candidate> {
        let (idle, seat) = self.seat_for(call, no)?;
        let behind = if no == gets { None } else { Some(self.behind(call, no, gets)?) };
        let score = self.score(self.agent(no)?, &idle, seat, now);
        Some(Candidate { agent: self.id_of(no), score, since: idle.since, behind })
    }

    /// By what one agent comes before another who might have the call as well.
    fn behind(&self, call: &Call, no: AgentNo, gets: AgentNo) -> Option<Reason> {
        let ((idle, seat), (other, its)) = (self.seat_for(call, no)?, self.seat_for(call, gets)?);
        let (hers, theirs) = (idle.keys(seat), other.keys(its));
        let by_idling = goes_by_idling(seat.strategy) || hers.0 == theirs.0;
        Some(match (hers == theirs, by_idling) {
            (true, _) => Reason::KnownFirst,
            (false, true) => Reason::LongerIdle,
            (false, false) => Reason::Score,
        })
    }

    fn score(&self, agent: &Agent, idle: &Idle<'_>, seat: &Seat, now: Timestamp) -> Score {
        let (calls, proficiency) = (idle.calls, seat.fit);
        match seat.strategy {
            Strategy::LongestIdle | Strategy::RingAll | Strategy::Progressive => Score::LongestIdle,
            Strategy::LeastOccupied => Score::LeastOccupied { occupied_permille: permille(agent, now) },
            Strategy::FewestCalls => Score::FewestCalls { calls },
            Strategy::MostSkilled => Score::MostSkilled { proficiency },
            Strategy::LeastSkilled => Score::LeastSkilled { proficiency },
            Strategy::RoundRobin => {
                let ever = idle.offered != Timestamp::default();
                Score::RoundRobin { offered_at: ever.then_some(idle.offered) }
            }
            Strategy::TopDown => Score::TopDown { place: idle.rule.place + 1 },
            Strategy::Weighted => Score::Weighted { calls, weight: idle.rule.weight() },
            Strategy::Fastest => {
                let queue = self.rules.queue_of(seat);
                let expected_us = queue.map_or(0, |queue| agent.expected_us(queue));
                Score::Fastest { expected_ms: expected_us / 1_000 }
            }
        }
    }

    /// What keeps whom from a call: ready agents by name, the others by number.
    pub(crate) fn staff_for(&self, call: &Call, limits: Limits) -> Staff {
        let (mut able, mut unable, mut away, mut unskilled) = (Vec::new(), Vec::new(), BTreeMap::new(), 0);
        for (no, agent) in self.agents() {
            let suffices = self.suffices(call, no);
            match (agent.state(), suffices) {
                (AgentState::LoggedOut, _) => {}
                (AgentState::Ready { .. }, _) => {
                    let against = self.against(call, no);
                    let barred = Barred { agent: self.id_of(no), against };
                    if !barred.against.is_empty() {
                        (if suffices { &mut able } else { &mut unable }).push(barred);
                    }
                }
                (state, true) => *away.entry(in_words(state)).or_default() += 1,
                (_, false) => unskilled += 1,
            }
        }
        able.append(&mut unable);
        let more = able.split_off(limits.agents.min(able.len()));
        Staff { barred: able, more_barred: by_reason(&more), away: counts(away), unskilled }
    }
}

/// Whether a strategy looks at nothing but since when an agent idles.
const fn goes_by_idling(strategy: Strategy) -> bool {
    match strategy {
        Strategy::LongestIdle | Strategy::RingAll | Strategy::Progressive => true,
        Strategy::LeastOccupied
        | Strategy::FewestCalls
        | Strategy::MostSkilled
        | Strategy::LeastSkilled
        | Strategy::RoundRobin
        | Strategy::TopDown
        | Strategy::Weighted
        | Strategy::Fastest => false,
    }
}

/// A state with its reason, as one word.
fn in_words(state: &AgentState) -> String {
    why(state).map_or_else(|| state.as_str().to_owned(), |why| format!("{} ({why})", state.as_str()))
}

fn by_reason(barred: &[Barred]) -> Vec<Count> {
    let mut by_reason = BTreeMap::new();
    for first in barred.iter().filter_map(|barred| barred.against.first()) {
        *by_reason.entry(first.reason().as_str().to_owned()).or_default() += 1;
    }
    counts(by_reason)
}

fn counts(by_name: BTreeMap<String, usize>) -> Vec<Count> {
    by_name.into_iter().map(|(of, count)| Count { of, count }).collect()
}

/// The share of her time that she has handled calls, in thousandths.
fn permille(agent: &Agent, at: Timestamp) -> u32 {
    let tau = crate::agent::Workload::TAU.as_secs_f64();
    (agent.load().seconds_at(at) / tau * 1_000.0).round() as u32
}
