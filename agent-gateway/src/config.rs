//! What the gateway is told at its start: who may sign in, what the site has agreed on, which pages may connect.

use crate::{GatewayError, OnRefusal};
use acd::{
    AgentNo, QueueNo,
    plan::{Answer, Presence},
};
use protocol::{Colleague, MAX_COLLEAGUES};
use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    fmt,
    net::TcpListener,
    sync::{Arc, PoisonError, RwLock},
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

/// What may change while the gateway runs: who may sign in, and what the site has agreed on.
#[derive(Clone, Debug, Default)]
pub struct Staff {
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
    /// Agents whose phone is in their browser; none where there are no such phones.
    pub browser_phones: Option<BrowserPhones>,
}

/// The roster in force, for everybody who looks something up.
pub(crate) struct Shelf(RwLock<Arc<Roster>>);

impl Shelf {
    pub(crate) fn new(roster: Roster) -> Arc<Self> {
        Arc::new(Self(RwLock::new(Arc::new(roster))))
    }
    pub(crate) fn get(&self) -> Arc<Roster> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
    fn put(&self, roster: Arc<Roster>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = roster;
    }
}

/// A roster that is checked and filed, and not in force yet.
#[derive(Clone)]
pub struct NewStaff {
    roster: Arc<Roster>,
    shelf: Arc<Shelf>,
}

impl NewStaff {
    pub(crate) fn new(staff: Staff, shelf: &Arc<Shelf>) -> Result<Self, GatewayError> {
        let roster = Arc::new(Roster::of(staff)?.after(&shelf.get()));
        Ok(Self { roster, shelf: Arc::clone(shelf) })
    }
    /// Puts it in force: whoever signs in from now on is looked up here. Those who are signed in hear of it by
    /// [`crate::DeskOrder::StaffChanged`].
    pub fn install(&self) {
        self.shelf.put(Arc::clone(&self.roster));
    }
}

impl fmt::Debug for NewStaff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewStaff({})", self.roster.agents.len())
    }
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
    /// Proves who she is; empty for an agent who cannot sign in, or of whose token the hash alone is known.
    pub token: String,
    /// The SHA-256 of her token, where that alone is known.
    pub token_hash: Option<[u8; 32]>,
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
    pub(crate) phones: Option<BrowserPhones>,
    /// Agents of before, as they were: they finish what they are doing, and cannot sign in.
    retired: BTreeSet<AgentNo>,
}

impl Roster {
    /// Checks the agents and files them.
    pub(crate) fn new(
        agents: Vec<AgentAccess>,
        queues: Vec<String>,
        site: protocol::Site,
    ) -> Result<Self, GatewayError> {
        let mut tokens = BTreeMap::new();
        let proofs = agents.iter().filter_map(|agent| Some((agent.proof()?, agent)));
        let proofs: Vec<([u8; 32], &AgentAccess)> = proofs.collect();
        for (proof, agent) in &proofs {
            if let Some(other) = tokens.insert(*proof, &agent.id) {
                return Err(GatewayError::SharedToken { agent: agent.id.clone(), other: other.clone() });
            }
        }
        let keyring = porter::Keyring::of_hashes(proofs.iter().map(|(proof, agent)| (*proof, agent.no)));
        let without_token =
            |agent: AgentAccess| (agent.no, AgentAccess { token: String::new(), token_hash: None, ..agent });
        let agents = agents.into_iter().map(without_token).collect();
        Ok(Self { agents, keyring, queues, site, phones: None, retired: BTreeSet::new() })
    }

    /// What may change while the gateway runs, filed.
    pub(crate) fn of(staff: Staff) -> Result<Self, GatewayError> {
        let takes_calls = |agent: &&AgentAccess| agent.roles.iter().any(|role| role == "agent");
        let colleague = |agent: &AgentAccess| Colleague { id: agent.id.clone(), name: agent.shown_name() };
        let colleagues = staff.agents.iter().filter(takes_calls).take(MAX_COLLEAGUES).map(colleague);
        let site = protocol::Site {
            colleagues: colleagues.collect(),
            disposition_codes: staff.codes,
            not_ready_reasons: staff.not_ready_reasons,
            outside: staff.outside,
        };
        Ok(Self { phones: staff.browser_phones, ..Self::new(staff.agents, staff.queues, site)? })
    }

    /// With the agents of before who are not among these.
    pub(crate) fn after(mut self, before: &Self) -> Self {
        for (no, agent) in &before.agents {
            if let Entry::Vacant(place) = self.agents.entry(*no) {
                place.insert(agent.clone());
                self.retired.insert(*no);
            }
        }
        self
    }

    /// Whether an agent is none of the site's any more.
    pub(crate) fn is_retired(&self, no: AgentNo) -> bool {
        self.retired.contains(&no)
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
    /// What proves who she is.
    fn proof(&self) -> Option<[u8; 32]> {
        if self.token.is_empty() { self.token_hash } else { Some(porter::hash(&self.token)) }
    }

    /// What people call her.
    pub(crate) fn shown_name(&self) -> String {
        if self.name.is_empty() { self.id.clone() } else { self.name.clone() }
    }

    /// Whether she may set other agents' states.
    pub(crate) fn supervises(&self) -> bool {
        self.roles.iter().any(|role| ["supervisor", "admin"].contains(&role.as_str()))
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
            token_hash: None,
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
