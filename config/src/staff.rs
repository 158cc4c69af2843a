//! Reads agents: how they sign in, where they are rung, what they can.

use crate::{
    address, duration,
    finding::Place,
    machine::PROBE_PHONES,
    model::{AgentAccess, Host, Phone, Secret, SipUri},
    name,
    order::REST,
    secret::{self, SecretRead},
    share,
    table::{Check, Table, Typed},
};
use acd::plan::{AgentPlan, Answer, Presence};
use std::{collections::BTreeMap, time::Duration};

const PRESENCES: [(&str, Presence); 2] = [("desk", Presence::Desk), ("always", Presence::Always)];
const ANSWERS: [(&str, Answer); 2] = [("phone", Answer::Phone), ("desk", Answer::Desk)];
/// Least, most and default of an agent's weight.
const WEIGHT: (u32, u32, u32) = (1, 100, 1);
/// What an agent without roles may do.
const ROLE: &str = "agent";
/// A `phone` that says itself where it is.
const REGISTERED: &str = "registered";
/// A `phone` that is a page in her browser.
const BROWSER: &str = "browser";

/// An agent as typed.
pub(crate) struct AgentRead {
    pub plan: AgentPlan,
    pub access: AgentAccess,
    pub id: Place,
    pub phone: Place,
    pub phone_password: Place,
    pub token: Place,
    pub roles: Vec<Typed<String>>,
}

/// Every `[[agent]]`.
pub(crate) fn agents(root: &mut Table<'_>, probe: Option<Duration>, check: &mut Check<'_>) -> Vec<AgentRead> {
    let tables = root.tables("agent", "id", check);
    tables.into_iter().map(|table| agent(table, probe, check)).collect()
}

/// Her phone is asked as often as `probe` says, unless she has a word of her own.
fn agent(mut table: Table<'_>, probe: Option<Duration>, check: &mut Check<'_>) -> AgentRead {
    let id = crate::needed_name(&mut table, "id", name::id, "give her an id", check);
    let shown = table.read("name", name::shown_name, check);
    let presence = table.choice("presence", &PRESENCES, Presence::Desk, check);
    let answer = answer(&mut table, presence, check);
    let token = token(&mut table, presence, check);
    let (phone, phone_password) = phone(&mut table, check);
    let own = table.has("probe").then(|| duration::or_off(&mut table, "probe", PROBE_PHONES, check));
    let roles = roles(&mut table, check);
    let skills = skills(&mut table, check);
    let weight = table.whole("weight", WEIGHT.2, (WEIGHT.0, WEIGHT.1), check);
    let rest = duration::if_any(&mut table, "rest", REST, check);
    let max_occupancy = share::share(&mut table, "max_occupancy", check);
    table.close(check);
    let plan = AgentPlan { id: id.value.clone(), presence, answer, skills, weight, rest, max_occupancy };
    let access = AgentAccess {
        name: shown.map_or_else(|| id.value.clone(), |name| name.value),
        id: id.value,
        token: token.value.0,
        token_hash: token.value.1,
        phone: phone.value,
        probe: own.unwrap_or(probe),
        roles: roles.iter().map(|role| role.value.clone()).collect(),
    };
    AgentRead { plan, access, id: id.place, phone: phone.place, phone_password, token: token.place, roles }
}

fn answer(table: &mut Table<'_>, presence: Presence, check: &mut Check<'_>) -> Answer {
    let answer = table.choice("answer", &ANSWERS, Answer::Phone, check);
    match (answer, presence) {
        (Answer::Desk, Presence::Always) => {
            let what = "\"desk\" needs a desktop, and presence \"always\" is a phone without one";
            check.findings.problem(
                &table.place_of("answer"),
                what,
                "choose answer \"phone\" or presence \"desk\"",
            );
        }
        (Answer::Desk, Presence::Desk) | (Answer::Phone, Presence::Desk | Presence::Always) => {}
    }
    answer
}

/// `phone`, and the password of one that registers.
fn phone(table: &mut Table<'_>, check: &mut Check<'_>) -> (Typed<Phone>, Place) {
    let place = table.place_of("phone");
    let typed = table.needed_text("phone", "name her phone, such as \"sip:ann@192.0.2.20:5060\"", check);
    let registers = typed.as_ref().is_some_and(|text| text.value == REGISTERED);
    let browser = typed.as_ref().is_some_and(|text| text.value == BROWSER);
    let at = typed.filter(|_| !registers && !browser).and_then(|text| text.read(address::phone, check));
    let SecretRead { secret: password, given } = secret::secret(table, &secret::PHONE_PASSWORD, check);
    if registers && !given {
        let way_out =
            "give her phone a password to register with, or phone_password_file or phone_password_env";
        check.findings.missing(&password.place, way_out);
    } else if given && at.is_some() {
        let what = "is for a phone that registers, and hers is at a fixed address";
        check.findings.problem(&password.place, what, "take it out, or write phone = \"registered\"");
    } else if given && browser {
        let what = "is for a phone that registers by itself, and her page is given one whenever it needs it";
        check.findings.problem(&password.place, what, "take it out, or write phone = \"registered\"");
    }
    let nowhere =
        || SipUri { text: String::new(), host: Host::Name(String::new()), port: None, transport: None };
    let value = match password.value {
        Some(password) if registers => Phone::Registered { password },
        Some(_) | None if browser => Phone::Browser,
        Some(_) | None => Phone::At(at.map_or_else(nowhere, |phone| phone.value)),
    };
    (Typed { value, place }, password.place)
}

fn roles(table: &mut Table<'_>, check: &mut Check<'_>) -> Vec<Typed<String>> {
    let place = table.place_of("roles");
    let Some(typed) = table.texts("roles", check) else {
        return vec![Typed { value: ROLE.to_owned(), place }];
    };
    typed.iter().filter_map(|role| role.read(name::name, check)).collect()
}

fn skills(table: &mut Table<'_>, check: &mut Check<'_>) -> BTreeMap<String, u8> {
    let skills = table.table("skills", check);
    let mut levels = BTreeMap::new();
    for (skill, level) in skills.all() {
        let typed = Typed { value: skill, place: level.place.clone() };
        let Some(skill) = typed.read(name::skill, check) else { continue };
        let Some(level) = level.whole((1, u32::from(acd::skill::MAX_LEVEL)), check) else { continue };
        levels.insert(skill.value, u8::try_from(level).unwrap_or(u8::MAX));
    }
    levels
}

/// Her token, or its hash.
fn token(
    table: &mut Table<'_>,
    presence: Presence,
    check: &mut Check<'_>,
) -> Typed<(Option<Secret>, Option<[u8; 32]>)> {
    let SecretRead { secret, given } = secret::secret(table, &secret::TOKEN, check);
    let hashed = table.has("token_hash");
    let hash = table.read("token_hash", secret::hash, check);
    if given && hashed {
        let what = "stands beside the token itself";
        check.findings.problem(&table.place_of("token_hash"), what, "keep one of them");
    }
    match presence {
        Presence::Desk if !given && !hashed => {
            let way_out = "give her a token to sign in with, or token_file or token_env";
            check.findings.missing(&secret.place, way_out);
        }
        Presence::Desk | Presence::Always => {}
    }
    let place = hash.as_ref().map_or(secret.place, |hash| hash.place.clone());
    Typed { value: (secret.value, hash.map(|hash| hash.value)), place }
}
