//! Reads `[desk]` and `[operator]`: where they listen, and who comes in.

use crate::{
    address,
    finding::Place,
    machine::listen,
    model::{Desk, Operator, OperatorRole, OperatorUser, Secret},
    name, rtpengine,
    secret::{self, SecretRead},
    table::{Check, Table, Typed, quoted},
};
use std::net::SocketAddr;

const DESK_PORT: u16 = 8080;
const OPERATOR_PORT: u16 = 8081;
const CODES: [&str; 3] = ["done", "callback", "escalated"];
const REASONS: [&str; 4] = ["break", "lunch", "meeting", "training"];
/// What `operator.user.role` may say.
const ROLES: [(&str, OperatorRole); 3] = [
    (OperatorRole::Reader.as_str(), OperatorRole::Reader),
    (OperatorRole::Supervisor.as_str(), OperatorRole::Supervisor),
    (OperatorRole::Operator.as_str(), OperatorRole::Operator),
];
/// Most users: every one of them is looked at for each request.
const MAX_USERS: usize = 100;

/// `[desk]` as typed.
pub(crate) struct DeskRead {
    pub desk: Desk,
    pub listen: Place,
    /// Where TLS was asked for.
    pub tls: Option<Place>,
    pub phone_url: Option<Place>,
}

/// `[operator]` as typed.
pub(crate) struct OperatorRead {
    pub operator: Operator,
    pub listen: Place,
    /// Where TLS was asked for.
    pub tls: Option<Place>,
    /// Where names and tokens of `operator.users` stand.
    pub users: Vec<UserRead>,
}

/// Where a user stands.
pub(crate) struct UserRead {
    pub name: Typed<String>,
    pub token: Place,
    /// None when there is none, or none that can be used.
    pub secret: Option<Secret>,
}

/// `[desk]`.
pub(crate) fn desk(root: &mut Table<'_>, check: &mut Check<'_>) -> DeskRead {
    let mut table = root.table("desk", check);
    let listen = listen(&mut table, "listen", DESK_PORT, check);
    let (tls, insecure) = protection(&mut table, check);
    let codes = codes(&mut table, "codes", &CODES, |text| name::code(text, name::MAX_NAME), check);
    let not_ready_reasons = codes_of_reasons(&mut table, check);
    let origins = table.texts("origins", check).unwrap_or_default();
    let origins =
        origins.iter().filter_map(|origin| Some(origin.read(address::origin, check)?.value)).collect();
    let url = table.read("phone_url", rtpengine::phone_url, check);
    table.close(check);
    let lacks = if tls.is_none() { &["tls = true"][..] } else { &[] };
    guard(&listen, lacks, insecure.as_ref(), check);
    let (phone_url, place) = url.map(|url| (url.value, url.place)).unzip();
    let desk = Desk {
        listen: listen.value,
        tls: tls.is_some(),
        insecure: insecure.is_some(),
        codes,
        not_ready_reasons,
        origins,
        phone_url,
    };
    DeskRead { desk, listen: listen.place, tls, phone_url: place }
}

/// `[operator]`.
pub(crate) fn operator(root: &mut Table<'_>, check: &mut Check<'_>) -> OperatorRead {
    let mut table = root.table("operator", check);
    let listen = listen(&mut table, "listen", OPERATOR_PORT, check);
    let (tls, insecure) = protection(&mut table, check);
    let hosts = table.texts("hosts", check).unwrap_or_default();
    let hosts = hosts.iter().filter_map(|host| Some(host.read(address::served_host, check)?.value)).collect();
    let typed = table.has("user");
    let read = users(&mut table, check);
    table.close(check);
    let lacking = [(tls.is_none(), "tls = true"), (!typed, "an [[operator.user]]")];
    let lacks: Vec<&str> = lacking.into_iter().filter(|(lacks, _)| *lacks).map(|(_, what)| what).collect();
    guard(&listen, &lacks, insecure.as_ref(), check);
    let (places, users): (Vec<_>, Vec<_>) = read.into_iter().unzip();
    let operator = Operator {
        listen: listen.value,
        tls: tls.is_some(),
        hosts,
        users: users.into_iter().flatten().collect(),
        insecure: insecure.is_some(),
    };
    OperatorRead { operator, listen: listen.place, tls, users: places }
}

/// Where `tls` and `insecure` are true.
fn protection(table: &mut Table<'_>, check: &mut Check<'_>) -> (Option<Place>, Option<Place>) {
    let mut flag = |key| {
        let place = table.place_of(key);
        table.flag(key, false, check).then_some(place)
    };
    (flag("tls"), flag("insecure"))
}

fn users(operator: &mut Table<'_>, check: &mut Check<'_>) -> Vec<(UserRead, Option<OperatorUser>)> {
    let place = operator.place_of("user");
    let tables = operator.tables("user", "name", check);
    if tables.len() > MAX_USERS {
        let what = format!("has {} users, more than {MAX_USERS}", tables.len());
        check.findings.problem(&place, what, "let people who do the same share one");
    }
    tables.into_iter().map(|table| user(table, check)).collect()
}

fn user(mut table: Table<'_>, check: &mut Check<'_>) -> (UserRead, Option<OperatorUser>) {
    let name = crate::needed_name(&mut table, "name", name::id, "give the user a name", check);
    let role = table.choice("role", &ROLES, OperatorRole::Reader, check);
    let SecretRead { secret, given } = secret::secret(&mut table, &secret::TOKEN, check);
    table.close(check);
    if !given {
        check.findings.missing(&secret.place, "give a token to sign in with, or token_file or token_env");
    }
    let of = |token| OperatorUser { name: name.value.clone(), role, token };
    let user = secret.value.clone().map(of);
    (UserRead { name, token: secret.place, secret: secret.value }, user)
}

fn is_here(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

/// Off loopback nothing is served without protection, unless the operator says that this is meant.
fn guard(listen: &Typed<SocketAddr>, lacks: &[&str], insecure: Option<&Place>, check: &mut Check<'_>) {
    if is_here(listen.value) || lacks.is_empty() {
        return;
    }
    let lacks = lacks.join(" and ");
    if let Some(insecure) = insecure {
        let what = format!("lets \"{}\" be off loopback without {lacks}", listen.value);
        check.findings.warn(insecure, what, "add that instead");
        return;
    }
    let what = format!("\"{}\" is off loopback without {lacks}", listen.value);
    let port = listen.value.port();
    let way_out =
        format!("add that, listen on 127.0.0.1:{port} behind a proxy that has it, or add insecure = true");
    check.findings.problem(&listen.place, what, way_out);
}

fn codes_of_reasons(table: &mut Table<'_>, check: &mut Check<'_>) -> Vec<String> {
    codes(table, "not_ready_reasons", &REASONS, name::reason, check)
}

fn codes(
    table: &mut Table<'_>,
    key: &'static str,
    default: &[&str],
    meaning: impl Fn(&str) -> Result<String, crate::table::Wrong>,
    check: &mut Check<'_>,
) -> Vec<String> {
    let place = table.place_of(key);
    let Some(typed) = table.texts(key, check) else {
        return default.iter().map(|&code| code.to_owned()).collect();
    };
    if typed.len() > name::MAX_CODES {
        let what = format!("has {} codes, more than {}", typed.len(), name::MAX_CODES);
        check.findings.problem(&place, what, "keep those that are used");
    }
    let mut codes: Vec<String> = Vec::new();
    for text in typed {
        let Some(code) = text.read(&meaning, check) else { continue };
        if codes.contains(&code.value) {
            check.findings.problem(
                &code.place,
                format!("{} stands there twice", quoted(&code.value)),
                "take one out",
            );
        } else {
            codes.push(code.value);
        }
    }
    codes
}
