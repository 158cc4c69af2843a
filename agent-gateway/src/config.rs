//! What the gateway is told at its start: who may sign in, what the site has agreed on, which pages may connect.

use crate::{GatewayError, OnRefusal};
use acd::{
    AgentNo, QueueNo,
    plan::{Answer, Presence},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::TcpListener,
    sync::Arc,
};

/// Everything the gateway needs to start.
pub struct GatewayConfig {
    /// Bound already; the gateway makes it non-blocking.
    pub listener: TcpListener,
    /// How connections come in there.
    pub entrance: porter::Entrance,
    /// Hears who got nothing there.
    pub on_refusal: OnRefusal,
    /// Who may sign in.
    pub agents: Vec<AgentAccess>,
    /// Names of the queues, by [`QueueNo`].
    pub queues: Vec<String>,
    /// What may come of a contact: the disposition codes.
    pub codes: Vec<String>,
    /// Why an agent may be not ready.
    pub not_ready_reasons: Vec<String>,
    /// Whether calls may be transferred to numbers outside.
    pub outside: bool,
    /// Origins whose pages may connect, such as `https://crm.example`, besides the gateway's own.
    pub origins: Vec<String>,
    /// Agents whose phone is in their browser; none where there are no such phones.
    pub browser_phones: Option<BrowserPhones>,
    /// Knows who is calling.
    pub screenpop: Arc<screenpop::ScreenPop>,
    /// Told in `hello`.
    pub server_version: String,
}

/// Phones in browsers.
#[derive(Clone, Debug, Default)]
pub struct BrowserPhones {
    /// Whose phone is one.
    pub agents: BTreeSet<AgentNo>,
    /// Where they reach SIP over WebSocket; none: at the page's host and one of the ports below.
    pub url: Option<String>,
    /// The port of SIP over WebSocket.
    pub ws: Option<u16>,
    /// The same in TLS, for pages that came over HTTPS.
    pub wss: Option<u16>,
}

/// An agent as the desk side knows her.
#[derive(Clone)]
pub struct AgentAccess {
    /// Her number in the brain.
    pub no: AgentNo,
    /// Her id.
    pub id: String,
    /// What to call her.
    pub name: String,
    /// Proves who she is; empty for an agent who cannot sign in.
    pub token: String,
    /// What she may do and see.
    pub roles: Vec<String>,
    /// Skill → proficiency.
    pub skills: BTreeMap<String, u8>,
    /// Where she accepts calls.
    pub answer: Answer,
    /// When she counts as present.
    pub presence: Presence,
}

impl fmt::Debug for AgentAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgentAccess").field("no", &self.no).field("id", &self.id).finish_non_exhaustive()
    }
}

/// What all parts of the gateway look up: agents by number and token, names of queues, what the site has agreed on.
pub(crate) struct Roster {
    /// Their tokens are in the keyring alone.
    agents: BTreeMap<AgentNo, AgentAccess>,
    keyring: porter::Keyring<AgentNo>,
    queues: Vec<String>,
    pub(crate) site: protocol::Site,
}

impl Roster {
    /// Checks the agents and files them.
    pub(crate) fn new(
        agents: Vec<AgentAccess>,
        queues: Vec<String>,
        site: protocol::Site,
    ) -> Result<Self, GatewayError> {
        let mut tokens = BTreeMap::new();
        for agent in agents.iter().filter(|agent| !agent.token.is_empty()) {
            if let Some(other) = tokens.insert(&agent.token, &agent.id) {
                return Err(GatewayError::SharedToken { agent: agent.id.clone(), other: other.clone() });
            }
        }
        let keyring = porter::Keyring::new(agents.iter().map(|agent| (agent.token.as_str(), agent.no)));
        let without_token = |agent: AgentAccess| (agent.no, AgentAccess { token: String::new(), ..agent });
        Ok(Self { agents: agents.into_iter().map(without_token).collect(), keyring, queues, site })
    }

    pub(crate) fn agent(&self, no: AgentNo) -> Option<&AgentAccess> {
        self.agents.get(&no)
    }

    pub(crate) fn agents(&self) -> impl Iterator<Item = &AgentAccess> {
        self.agents.values()
    }

    /// The agent with this token. The time taken tells nothing.
    pub(crate) fn by_token(&self, token: &str) -> Option<&AgentAccess> {
        self.agents.get(self.keyring.find(token)?)
    }

    pub(crate) fn queue(&self, no: QueueNo) -> &str {
        self.queues.get(no.index()).map_or("?", String::as_str)
    }

    pub(crate) fn queues(&self) -> &[String] {
        &self.queues
    }
}

impl AgentAccess {
    /// What people call her.
    pub(crate) fn shown_name(&self) -> String {
        if self.name.is_empty() { self.id.clone() } else { self.name.clone() }
    }

    /// Whether she may see the floor.
    pub(crate) fn sees_floor(&self) -> bool {
        self.roles.iter().any(|role| ["supervisor", "planner", "admin"].contains(&role.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(no: u32, token: &str) -> AgentAccess {
        AgentAccess {
            no: AgentNo(no),
            id: format!("agent-{no}"),
            name: String::new(),
            token: token.into(),
            roles: Vec::new(),
            skills: BTreeMap::new(),
            answer: Answer::Phone,
            presence: Presence::Desk,
        }
    }

    #[test]
    fn a_token_leads_to_its_agent_and_an_empty_one_to_nobody() {
        let agents = vec![agent(0, ""), agent(1, "one"), agent(2, "two")];
        let roster = Roster::new(agents, Vec::new(), protocol::Site::default()).unwrap();
        assert_eq!(roster.by_token("two").map(|agent| agent.no), Some(AgentNo(2)));
        assert!(
            roster.by_token("").is_none()
                && roster.by_token("three").is_none()
                && roster.by_token("tw").is_none()
        );
    }

    #[test]
    fn two_agents_cannot_have_one_token() {
        let error =
            Roster::new(vec![agent(1, "same"), agent(2, "same")], Vec::new(), protocol::Site::default());
        let Err(error) = error else { panic!("accepted") };
        assert!(error.to_string().contains("agent-1") && error.to_string().contains("agent-2"), "{error}");
        assert!(!error.to_string().contains("same`"), "the token itself is not told");
    }
}
