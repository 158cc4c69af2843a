//! What desks, their look-ups and their phones in browsers need of the configuration.

use super::queue_names;
use agent_gateway::{BrowserPhones, GatewayConfig, OnRefusal, Staff};
use config::Config;
use porter::Entrance;
use screenpop::{AdviceSpec, ScreenPop, SectionSpec, SourceSpec};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

/// Where cards come from.
pub(super) fn sources(config: &Config) -> Vec<SourceSpec> {
    let section = |section: &config::Section| SectionSpec {
        name: section.name.clone(),
        query: section.query.clone(),
        role: section.role.clone(),
    };
    let source = |source: &config::Source| SourceSpec {
        name: source.name.clone(),
        path: source.url.clone(),
        deadline: source.deadline,
        find: source.find.clone(),
        sections: source.sections.iter().map(section).collect(),
    };
    config.sources.iter().map(source).collect()
}

/// What to offer callers goes by.
pub(super) fn advice(config: &Config) -> Option<AdviceSpec> {
    let asked = config.suggestions.as_ref()?;
    Some(AdviceSpec {
        model: asked.model.clone(),
        customers: asked.customers.clone(),
        role: asked.role.clone(),
        value_role: asked.value_role.clone(),
        rules: crate::advice::rules(asked),
        zone: config.site.zone.clone(),
    })
}

/// What the desks are told about this house.
pub(super) fn desk_config(
    config: &Config,
    directory: &acd::Directory,
    (listener, entrance, on_refusal): (TcpListener, Entrance, OnRefusal),
    sip: &BTreeMap<&'static str, SocketAddr>,
    screenpop: Arc<ScreenPop>,
) -> GatewayConfig {
    let Staff { agents, queues, codes, not_ready_reasons, outside, browser_phones } =
        staff(config, directory, sip);
    GatewayConfig {
        listener,
        entrance,
        on_refusal,
        agents,
        queues,
        codes,
        not_ready_reasons,
        outside,
        origins: config.desk.origins.clone(),
        browser_phones,
        screenpop,
        server_version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// Who may sign in, and what the site has agreed on.
pub(super) fn staff(
    config: &Config,
    directory: &acd::Directory,
    sip: &BTreeMap<&'static str, SocketAddr>,
) -> Staff {
    let access = |agent: &config::AgentAccess| {
        let plan = config.plan.agents.iter().find(|plan| plan.id == agent.id)?;
        Some(agent_gateway::AgentAccess {
            no: directory.agent_no(&agent.id)?,
            id: agent.id.clone(),
            name: agent.name.clone(),
            token_hash: agent.token_hash,
            token: agent.token.as_ref().map(|token| token.expose().to_owned()).unwrap_or_default(),
            roles: agent.roles.clone(),
            skills: plan.skills.clone(),
            answer: plan.answer,
            presence: plan.presence,
        })
    };
    Staff {
        agents: config.agents.iter().filter_map(access).collect(),
        queues: queue_names(directory),
        codes: config.desk.codes.clone(),
        not_ready_reasons: config.desk.not_ready_reasons.clone(),
        outside: !config.outside.is_empty(),
        browser_phones: browser_phones(config, directory, sip),
    }
}

/// Whose phone is in the browser, and how it reaches us.
fn browser_phones(
    config: &Config,
    directory: &acd::Directory,
    sip: &BTreeMap<&'static str, SocketAddr>,
) -> Option<BrowserPhones> {
    let is_one = |agent: &&config::AgentAccess| matches!(agent.phone, config::Phone::Browser);
    let agents = config.agents.iter().filter(is_one).filter_map(|agent| directory.agent_no(&agent.id));
    let agents: BTreeSet<acd::AgentNo> = agents.collect();
    let port = |key| sip.get(key).map(SocketAddr::port);
    let (url, ws, wss) = (config.desk.phone_url.clone(), port("sip_ws"), port("sip_wss"));
    (!agents.is_empty()).then_some(BrowserPhones { agents, url, ws, wss })
}
