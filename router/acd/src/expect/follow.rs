//! Carries what the brain does to the estimator: whoever applies the log can announce, the brain's own thread or a
//! replica.

use super::{Ewt, Expected, Took, Waiter};
use crate::{
    Acd, AgentNo, AgentState, Call, CallId, Effects, Fact, Order, QueueNo, Timestamp, call::CallState,
    effect::VisitOutcome,
};

/// Nobody is told a place farther back than this, nor looked for there.
pub const FARTHEST: u32 = 1_000;

impl Expected {
    /// Takes up what came of an entry, with the brain as it is after it; `agents` tells how many serve a queue. Returns
    /// what callers who have to wait now can be told.
    ///
    /// Costs a look at each queue in which somebody has hung up lately whenever an agent answers or finds
    /// nobody waiting.
    ///
    /// Who is offered to an agent at once does not wait, also if that offer comes to nothing; whoever overflows waits
    /// anew.
    pub fn follow(
        &mut self,
        acd: &Acd,
        effects: &Effects,
        agents: impl Fn(QueueNo) -> u32,
        now: Timestamp,
    ) -> Vec<(CallId, Ewt)> {
        for order in &effects.orders {
            if let Order::AgentMoved { agent, to: AgentState::Ready { .. }, .. } = order {
                self.stands_idle(acd, *agent, now);
            }
        }
        let mut told = Vec::new();
        for fact in &effects.facts {
            match fact {
                Fact::QueueEntered { call, queue, .. } => {
                    let waiter = waiter(acd, *call, *queue, &agents);
                    told.extend(waiter.map(|waiter| (*call, self.entered(*call, waiter, now))));
                }
                Fact::Answered { call, agent, .. } => {
                    self.answered(*call, now);
                    let took = acd.call(*call).and_then(|call| {
                        Some(Took { priority: call.priority(), entered: call.visit()?.entered })
                    });
                    if took.is_some() {
                        self.free(acd, *agent, took, now);
                    }
                }
                Fact::QueueLeft(visit) if visit.outcome == VisitOutcome::Abandoned => {
                    self.abandoned(visit.call, now);
                }
                Fact::QueueLeft(visit) => self.left(visit.call),
                Fact::OfferEnded { .. }
                | Fact::PutThrough { .. }
                | Fact::Held { .. }
                | Fact::HoldEnded { .. }
                | Fact::AnswerUndone { .. }
                | Fact::TransferEnded(_)
                | Fact::CallEnded(_)
                | Fact::WrappedUp { .. }
                | Fact::AgentSpan(_) => {}
            }
        }
        told
    }

    fn stands_idle(&mut self, acd: &Acd, agent: AgentNo, now: Timestamp) {
        let state = acd.agent(agent).map(crate::Agent::state);
        if matches!(state, Some(AgentState::Ready { .. })) {
            self.free(acd, agent, None, now);
        }
    }

    fn free(&mut self, acd: &Acd, agent: AgentNo, took: Option<Took>, now: Timestamp) {
        let open: Vec<QueueNo> = self.open().filter(|queue| acd.may_serve(agent, *queue)).collect();
        for queue in open {
            self.agent_free(queue, took, now);
        }
    }
}

/// Whether a call waits in this queue, and has not been sent on at once.
fn waits_in(call: &Call, queue: QueueNo) -> bool {
    matches!(call.state(), CallState::Queued) && call.visit().is_some_and(|visit| visit.queue == queue)
}

fn waiter(acd: &Acd, call: CallId, queue: QueueNo, agents: impl Fn(QueueNo) -> u32) -> Option<Waiter> {
    let priority = match acd.call(call) {
        Some(call) if waits_in(call, queue) => call.priority(),
        Some(_) | None => return None,
    };
    let place = acd.place_in_queue(call, FARTHEST)?;
    Some(Waiter { queue, priority, place, agents: agents(queue) })
}
