//! Agents whose desktop has gone and does not come back: they are signed out after a while, since whoever shuts a laptop and
//! goes home has not said so, and callers would wait for them.
//!
//! ```text
//! desktop lost ── sign_out_after, and no call or wrap-up ──▶ LoggedOut
//!      └──── a desktop signs in ──▶ as before
//! ```

use crate::{
    Acd, AgentNo, AgentState, Decision, Effects, Timestamp, deadlines::Owner, effect::AgentCause,
    staff::Agent,
};

impl Agent {
    /// When she is signed out for want of a desktop. Not while a call occupies her, nor while calls may be offered to her.
    pub(crate) fn sign_out_due(&self) -> Option<Timestamp> {
        self.gone.filter(|_| matches!(self.state, AgentState::NotReady { .. }))
    }
}

impl Acd {
    /// Her desktop has gone: from when on nobody is to wait for her.
    pub(crate) fn begin_absence(&mut self, no: AgentNo, now: Timestamp) {
        let after = self.rules.routing().sign_out_after.filter(|_| !bug!(NobodyGoesHome));
        self.set_absence(no, after.map(|after| now + after));
    }
    /// She has a desktop.
    pub(crate) fn end_absence(&mut self, no: AgentNo) {
        self.set_absence(no, None);
    }
    fn set_absence(&mut self, no: AgentNo, gone: Option<Timestamp>) {
        let Some(agent) = self.agents.get_mut(no.index()) else { return };
        let before = agent.sign_out_due();
        agent.gone = gone;
        self.deadlines.change(Owner::Desk(no), before, agent.sign_out_due());
    }

    pub(crate) fn decide_absent(&self, agent: AgentNo) -> Option<Decision> {
        self.agents.get(agent.index())?.sign_out_due().map(|_| Decision::SignOut { agent })
    }
    pub(crate) fn sign_out(&mut self, agent: AgentNo, now: Timestamp, effects: &mut Effects) {
        self.end_absence(agent);
        self.move_agent(agent, AgentState::LoggedOut, AgentCause::System, now, effects);
    }
}
