//! How an agent's state is told: that it moved, that a supervisor set it, that her wrap-up lasts longer.

use super::{AgentView, Floor, Say};
use crate::words;
use acd::{AgentNo, AgentState, Order, Timestamp, effect::AgentCause};
use protocol::{ServerMessage, StateCause, StateChanged};

impl Floor {
    pub(super) fn agent_moved(
        &mut self,
        agent: AgentNo,
        to: &AgentState,
        cause: AgentCause,
        at: Timestamp,
        out: &mut Vec<Say>,
    ) {
        let view = self.view(agent, at);
        let from = view.now.state;
        let set_by = view.set_by.take();
        view.take(to, at);
        view.now.set_by = set_by.filter(|_| cause == AgentCause::Supervisor);
        view.forget_ended();
        out.push(view.changed(agent, from, words::cause(cause)));
    }

    /// A supervisor has set her state. It changes with the next order, or, where a call occupies her, after that.
    pub(super) fn forced(&mut self, order: &Order, at: Timestamp, out: &mut Vec<Say>) {
        let Order::StateForced { agent, wish, by, pending } = order else { return };
        let view = self.view(*agent, at);
        if !pending {
            view.set_by = Some(by.clone());
            return;
        }
        view.now.rev += 1;
        view.now.next = Some(words::next(wish));
        view.now.set_by = Some(by.clone());
        let from = view.now.state;
        out.push(view.changed(*agent, from, StateCause::Supervisor));
    }

    /// Her wrap-up lasts longer.
    pub(super) fn extended(
        &mut self,
        agent: AgentNo,
        (ends, latest): (Timestamp, Timestamp),
        at: Timestamp,
        out: &mut Vec<Say>,
    ) {
        let view = self.view(agent, at);
        view.now.rev += 1;
        view.now.until = Some(words::time(ends));
        view.now.extendable = ends < latest;
        let from = view.now.state;
        out.push(view.changed(agent, from, StateCause::Agent));
    }
}

impl AgentView {
    /// How it is with her now, who was in `from` before.
    fn changed(&self, agent: AgentNo, from: protocol::AgentState, cause: StateCause) -> Say {
        let now = self.now.clone();
        let message = StateChanged {
            from,
            to: now.state,
            reason_code: now.reason_code,
            since: now.since,
            until: now.until,
            cause,
            next: now.next,
            extendable: now.extendable,
            set_by: now.set_by,
        };
        let (contact, rev) = (self.call, Some(now.rev));
        Say { agent, contact, rev, message: ServerMessage::AgentStateChanged(message), shows: None }
    }
}
