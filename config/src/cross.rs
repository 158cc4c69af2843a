//! Checks what one key alone cannot show: names given twice, names that nobody has, rules that do not fit together.

use crate::{
    Read, advice, callback,
    duration::shown,
    finding::Place,
    hours, limits, lint,
    model::{Phone, SipUri},
    outside::Way,
    routing::QueueRead,
    rtpengine,
    secret::{self, Owner},
    staff::AgentRead,
    steps, suggest,
    table::{Check, quoted},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, SocketAddr},
};

/// Roles with a meaning of their own; others open card sections.
const ROLES: [&str; 4] = ["agent", "supervisor", "planner", "admin"];

/// Every check across sections.
pub(crate) fn check(read: &Read, check: &mut Check<'_>) {
    names(read, check);
    listeners(read, check);
    media_ports(read, check);
    networks(read, check);
    queues(read, check);
    steps::check(read, check);
    let rules: Vec<&str> = read.outside.iter().map(|rule| rule.plan.name.as_str()).collect();
    callback::check(read.queues.iter().filter_map(|queue| queue.callback.as_ref()), &rules, check);
    lint::timers(read, check);
    if check.findings.is_whole() {
        references(read, check);
        reachable(read, check);
        circles(&read.queues, check);
        limits::check(read, check);
        hours::check(read, check);
        able_agents(read, check);
        roles(read, check);
    }
    phones(read, check);
    rtpengine::browsers(read, check);
    advice::cross(read, check);
    trunks(read, check);
    tokens(read, check);
    passwords(read, check);
}

fn names(read: &Read, check: &mut Check<'_>) {
    once("trunk", read.trunks.iter().map(|trunk| (trunk.name.value.as_str(), &trunk.name.place)), check);
    once("queue", read.queues.iter().map(|queue| (queue.plan.name.as_str(), &queue.name)), check);
    once("entry", read.entries.iter().map(|entry| (entry.plan.number.as_str(), &entry.number)), check);
    once("agent", read.agents.iter().map(|agent| (agent.plan.id.as_str(), &agent.id)), check);
    once("outside", read.outside.iter().map(|rule| (rule.plan.name.as_str(), &rule.name)), check);
    let users = read.operator.users.iter();
    once("user", users.map(|user| (user.name.value.as_str(), &user.name.place)), check);
    once("hours", read.hours.iter().map(|read| (read.hours.name.as_str(), &read.name)), check);
    once("attribute", read.attributes.iter().map(|read| (read.plan.name.as_str(), &read.name)), check);
    once("source", read.sources.iter().map(|source| (source.source.name.as_str(), &source.name)), check);
}

/// Reports every name that stands there a second time.
fn once<'a>(what: &str, named: impl Iterator<Item = (&'a str, &'a Place)>, check: &mut Check<'_>) {
    let mut first: BTreeMap<&str, &Place> = BTreeMap::new();
    for (name, place) in named.filter(|(name, _)| !name.is_empty()) {
        if let Some(earlier) = first.get(name) {
            let line = check.findings.line(earlier.at);
            let what = format!("{} is the {what} of line {line} already", quoted(name));
            check.findings.problem(place, what, "choose another, or take one out");
        } else {
            first.insert(name, place);
        }
    }
}

fn listeners(read: &Read, check: &mut Check<'_>) {
    let mut listeners = vec![
        ("the desk".to_owned(), read.desk.desk.listen, &read.desk.listen),
        ("the operator".to_owned(), read.operator.operator.listen, &read.operator.listen),
    ];
    let streams = read.streams.iter();
    listeners.extend(streams.map(|listen| (format!("sip.{}", listen.key), listen.address, &listen.place)));
    // A default has no line of its own and counts as earlier, so that what was typed is reported.
    listeners.sort_by_key(|(_, _, place)| place.at);
    for (later, (_, address, place)) in listeners.iter().enumerate() {
        let earlier = listeners[..later].iter().find(|(_, taken, _)| meet(*taken, *address));
        if let Some((other, ..)) = earlier {
            let what = format!("\"{address}\" is where {other} listens");
            check.findings.problem(place, what, "choose another port");
        }
    }
}

/// Whether two listeners would take the same address and port.
fn meet(a: SocketAddr, b: SocketAddr) -> bool {
    let (ip_a, ip_b) = (a.ip().to_canonical(), b.ip().to_canonical());
    let same = ip_a == ip_b || ip_a.is_unspecified() || ip_b.is_unspecified();
    a.port() != 0 && a.port() == b.port() && same
}

fn media_ports(read: &Read, check: &mut Check<'_>) {
    let (udp, media) = (read.sip.value.udp, &read.media.value);
    if media.ports.contains(&udp.port()) && meet(udp, SocketAddr::new(media.address, udp.port())) {
        let what = format!(
            "port {} of SIP lies in {}-{} of media",
            udp.port(),
            media.ports.start(),
            media.ports.end()
        );
        let place =
            if read.media.place.at >= read.sip.place.at { &read.media.place } else { &read.sip.place };
        check.findings.problem(place, what, "choose ports that do not meet");
    }
}

fn networks(read: &Read, check: &mut Check<'_>) {
    let mut taken = BTreeMap::new();
    for trunk in &read.trunks {
        for network in &trunk.networks {
            if let Some(other) = taken.insert(network.value, &trunk.name.value) {
                let what = format!("\"{}\" belongs to trunk {} already", network.value, quoted(other));
                check.findings.problem(&network.place, what, "take it out of one of them");
            }
            if network.value.prefix == 0 {
                let what = format!("\"{}\" lets everybody in and believes their headers", network.value);
                check.findings.warn(&network.place, what, "name the PBX's addresses");
            }
        }
    }
}

fn queues(read: &Read, check: &mut Check<'_>) {
    for queue in &read.queues {
        let plan = &queue.plan;
        if plan.max_wait >= plan.answer_within {
            continue;
        }
        let (wait, within) = (shown(plan.max_wait), shown(plan.answer_within));
        match &queue.max_wait {
            Some(place) => {
                let what = format!("\"{wait}\" is shorter than answer_within, {within}");
                check.findings.problem(place, what, format!("choose {within} or more"));
            }
            None => {
                let what = format!("\"{within}\" is longer than max_wait, {wait} when absent");
                check.findings.problem(&queue.answer_within, what, "choose a max_wait as well");
            }
        }
    }
}

fn references(read: &Read, check: &mut Check<'_>) {
    let known: Vec<&str> = names_of(&read.queues).collect();
    if known.is_empty() {
        return; // every [[queue]] was reported already
    }
    for (name, place) in limits::leads(read) {
        if !name.is_empty() && !known.contains(&name) {
            let way_out = suggest::way_out(name, known.iter().copied());
            check.findings.problem(place, format!("there is no queue {}", quoted(name)), way_out);
        }
    }
}

fn names_of(queues: &[QueueRead]) -> impl Iterator<Item = &str> {
    queues.iter().map(|queue| queue.plan.name.as_str()).filter(|name| !name.is_empty())
}

fn overflow(queue: &QueueRead) -> Option<&str> {
    limits::queue_of(&queue.plan.then)
}

fn reachable(read: &Read, check: &mut Check<'_>) {
    let reached = limits::reached(read);
    for queue in read.queues.iter().filter(|queue| !reached.contains(queue.plan.name.as_str())) {
        let what = format!("no entry and no overflow leads to {}", quoted(&queue.plan.name));
        check.findings.warn(&queue.name, what, "add an [[entry]], or take the queue out");
    }
}

/// Warns of overflow that comes back: such a caller waits for ever.
fn circles(queues: &[QueueRead], check: &mut Check<'_>) {
    let next: BTreeMap<&str, &str> =
        queues.iter().filter_map(|queue| Some((queue.plan.name.as_str(), overflow(queue)?))).collect();
    let mut told: BTreeSet<&str> = BTreeSet::new();
    for queue in queues {
        let circle = circle_from(&queue.plan.name, &next);
        if circle.is_empty() || circle.iter().any(|name| told.contains(name)) {
            continue;
        }
        let path = circle.iter().chain(circle.first()).copied().collect::<Vec<_>>().join(" → ");
        told.extend(circle);
        let what = format!("overflow goes round: {path}");
        check.findings.warn(&queue.then, what, "end it with \"refuse\", or callers may wait for ever");
    }
}

/// The queues a call passes from `start` until it is back there; none when it never is.
fn circle_from<'a>(start: &'a str, next: &BTreeMap<&'a str, &'a str>) -> Vec<&'a str> {
    let mut path = vec![start];
    while let Some(&name) = path.last().and_then(|last| next.get(last)) {
        if name == start {
            return path;
        }
        if path.contains(&name) {
            break;
        }
        path.push(name);
    }
    Vec::new()
}

fn able_agents(read: &Read, check: &mut Check<'_>) {
    if read.agents.is_empty() {
        let place = Place { key: "agent".to_owned(), at: 0 };
        check.findings.warn(&place, "nobody is there to take calls", "add an [[agent]]");
        return;
    }
    // Agents with the same skills are alike here; thousands of them are a few kinds.
    let kinds: BTreeSet<&BTreeMap<String, u8>> = read.agents.iter().map(|agent| &agent.plan.skills).collect();
    steps::able(read, &kinds, check);
    lint::stranded(read, &kinds, check);
    lint::starving(read, &kinds, check);
}

/// Roles are free, but one that differs by a slip from a known one is hardly meant.
fn roles(read: &Read, check: &mut Check<'_>) {
    let advised = read.advice.iter().flat_map(|read| &read.roles);
    let sections = read.sources.iter().flat_map(|source| &source.roles).chain(advised);
    let asked: BTreeSet<&str> = sections.clone().map(|role| role.value.as_str()).chain(ROLES).collect();
    for role in
        read.agents.iter().flat_map(|agent| &agent.roles).filter(|role| !asked.contains(role.value.as_str()))
    {
        if let Some(near) = suggest::nearest(&role.value, asked.iter().copied()) {
            let what = format!("{} opens nothing", quoted(&role.value));
            check.findings.warn(&role.place, what, format!("did you mean {near:?}?"));
        }
    }
    let held: BTreeSet<&str> =
        read.agents.iter().flat_map(|agent| &agent.access.roles).map(String::as_str).collect();
    for role in sections.filter(|role| !read.agents.is_empty() && !held.contains(role.value.as_str())) {
        let what = format!("no agent has the role {}", quoted(&role.value));
        check.findings.warn(&role.place, what, suggest::way_out(&role.value, held.iter().copied()));
    }
}

fn phones(read: &Read, check: &mut Check<'_>) {
    let fixed = |agent: &AgentRead| match &agent.access.phone {
        Phone::At(uri) => Some((uri.clone(), agent.phone.clone())),
        Phone::Registered { .. } | Phone::Browser => None,
    };
    let fixed: Vec<(SipUri, Place)> =
        read.agents.iter().filter_map(fixed).filter(|(uri, _)| !uri.text.is_empty()).collect();
    once("phone", fixed.iter().map(|(uri, place)| (uri.text.as_str(), place)), check);
    for (uri, place) in &fixed {
        if let Some(address) = uri.address().filter(|_| uri.is_udp()) {
            reached(&uri.text, address, place, read, check);
        }
    }
    for rule in &read.outside {
        match &rule.way {
            Some(Way::Gateway(uri)) => {
                if let Some(address) = uri.address().filter(|_| uri.is_udp()) {
                    reached(&uri.text, address, &rule.via, read, check);
                }
            }
            Some(Way::Trunk(trunk)) => outside_over(trunk, &rule.via, read, check),
            None => {}
        }
    }
}

/// The trunk that calls numbers outside has to be there.
fn outside_over(trunk: &str, via: &Place, read: &Read, check: &mut Check<'_>) {
    match read.trunks.iter().find(|read| read.name.value == trunk) {
        None => {
            let names = read.trunks.iter().map(|trunk| trunk.name.value.as_str());
            let what = format!("there is no trunk {}", quoted(trunk));
            check.findings.problem(via, what, suggest::way_out(trunk, names));
        }
        Some(read) if read.outgoing.address.is_none() => {
            let what = format!("the trunk {} has no address to call", quoted(trunk));
            check.findings.problem(via, what, "give it one, such as address = \"sip:192.0.2.10\"");
        }
        Some(_) => {}
    }
}

/// Reports a phone at an address where it cannot be reached.
fn reached(uri: &str, address: SocketAddr, place: &Place, read: &Read, check: &mut Check<'_>) {
    let (udp, text) = (read.sip.value.udp, quoted(uri));
    if address == udp {
        let what = format!("{text} is where this router listens");
        check.findings.problem(place, what, "name the phone's own address");
    } else if address.is_ipv4() != udp.is_ipv4() {
        let what = format!("{text} cannot be reached from {udp}");
        check.findings.problem(place, what, "use IPv4 in both, or IPv6 in both");
    } else if udp.ip().is_loopback() && !is_here(address.ip()) {
        let what = format!("{text} cannot be reached from {udp}");
        check.findings.warn(place, what, "let sip.udp listen on an address of the phones' network");
    }
}

/// What we ask of a trunk has to reach it, and its calls have to be let in.
fn trunks(read: &Read, check: &mut Check<'_>) {
    let udp = read.sip.value.udp;
    for trunk in &read.trunks {
        let Some(address) = &trunk.outgoing.address else { continue };
        let Some(ip) = address.value.address().map(|address| address.ip()) else { continue };
        let text = quoted(&address.value.text);
        if ip.is_ipv4() != udp.is_ipv4() && address.value.is_udp() {
            let what = format!("{text} cannot be reached from {udp}");
            check.findings.problem(&address.place, what, "use IPv4 in both, or IPv6 in both");
        }
        if !trunk.networks.iter().any(|network| network.value.contains(ip)) {
            let what = format!("{text} is in none of its networks, so that calls from there are refused");
            check.findings.warn(
                &address.place,
                what,
                format!("add \"{ip}\" to networks if calls come from there"),
            );
        }
    }
}

fn is_here(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

/// Everybody has a token of their own, and none that can be guessed where it is shown.
fn tokens(read: &Read, check: &mut Check<'_>) {
    let exposed = |listen: SocketAddr, port| (!is_here(listen.ip())).then_some(port);
    let desk = exposed(read.desk.desk.listen, "the desk");
    let operator = exposed(read.operator.operator.listen, "the operator");
    let mut first: BTreeMap<[u8; 32], &str> = BTreeMap::new();
    for agent in &read.agents {
        let Some(proof) = agent.access.proof() else { continue };
        if let Some(other) = first.insert(proof, &agent.plan.id) {
            let what = format!("is the token of {} as well", quoted(other));
            check.findings.problem(&agent.token, what, "give each agent her own");
        }
        let Some(token) = &agent.access.token else { continue };
        secret::refuse_weak_token(&agent.token, token, (&agent.plan.id, Owner::Agent), desk, check);
    }
    for user in &read.operator.users {
        let Some(token) = &user.secret else { continue };
        if let Some(other) = first.insert(secret::hash_of(token.expose()), &user.name.value) {
            let what = format!("is the token of {} as well", quoted(other));
            check.findings.problem(&user.token, what, "give everybody a token of their own");
        }
        secret::refuse_weak_token(&user.token, token, (&user.name.value, Owner::User), operator, check);
    }
}

fn passwords(read: &Read, check: &mut Check<'_>) {
    for agent in &read.agents {
        match &agent.access.phone {
            Phone::Registered { password } => {
                secret::warn_if_weak(&agent.phone_password, password, &agent.plan.id, check);
            }
            Phone::At(_) | Phone::Browser => {}
        }
    }
    for (login, place) in read.trunks.iter().filter_map(|trunk| trunk.requires.as_ref()) {
        secret::warn_if_weak(place, &login.password, &login.user, check);
    }
}
