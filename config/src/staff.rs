//! Reads agents: how they sign in, where they are rung, what they can.

use crate::{
    address,
    finding::Place,
    model::{AgentAccess, Phone, Secret},
    name,
    table::{Check, Table, Typed, Wrong, quoted},
};
use acd::plan::{AgentPlan, Answer, Presence};
use std::{
    collections::BTreeMap,
    io::Read,
    net::SocketAddr,
    path::{Path, PathBuf},
};

const PRESENCES: [(&str, Presence); 2] = [("desk", Presence::Desk), ("always", Presence::Always)];
const ANSWERS: [(&str, Answer); 2] = [("phone", Answer::Phone), ("desk", Answer::Desk)];
/// What an agent without roles may do.
const ROLE: &str = "agent";
/// Longest token, in bytes: it has to fit a message of the desktop protocol many times over.
const MAX_TOKEN: usize = 4_096;

/// An agent as typed.
pub(crate) struct AgentRead {
    pub plan: AgentPlan,
    pub access: AgentAccess,
    pub id: Place,
    pub phone: Place,
    pub token: Place,
    pub roles: Vec<Typed<String>>,
}

/// Every `[[agent]]`.
pub(crate) fn agents(root: &mut Table<'_>, check: &mut Check<'_>) -> Vec<AgentRead> {
    let tables = root.tables("agent", "id", check);
    tables.into_iter().map(|table| agent(table, check)).collect()
}

fn agent(mut table: Table<'_>, check: &mut Check<'_>) -> AgentRead {
    let id = crate::needed_name(&mut table, "id", name::id, "give her an id", check);
    let shown = table.read("name", name::shown_name, check);
    let presence = table.choice("presence", &PRESENCES, Presence::Desk, check);
    let answer = answer(&mut table, presence, check);
    let token = token(&mut table, presence, check);
    let phone = phone(&mut table, check);
    let roles = roles(&mut table, check);
    let skills = skills(&mut table, check);
    table.close(check);
    let plan = AgentPlan { id: id.value.clone(), presence, answer, skills };
    let access = AgentAccess {
        name: shown.map_or_else(|| id.value.clone(), |name| name.value),
        id: id.value,
        token: token.value,
        phone: phone.value,
        roles: roles.iter().map(|role| role.value.clone()).collect(),
    };
    AgentRead { plan, access, id: id.place, phone: phone.place, token: token.place, roles }
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

fn phone(table: &mut Table<'_>, check: &mut Check<'_>) -> Typed<Phone> {
    let nowhere = || Phone { uri: String::new(), address: SocketAddr::from(([0, 0, 0, 0], 0)) };
    let place = table.place_of("phone");
    let typed = table.needed_text("phone", "name her phone, such as \"sip:ann@192.0.2.20:5060\"", check);
    let read = typed.and_then(|text| text.read(address::phone, check));
    read.unwrap_or_else(|| Typed { value: nowhere(), place })
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

/// `token`, `token_file` or `token_env`. What is secret never appears in a message.
fn token(table: &mut Table<'_>, presence: Presence, check: &mut Check<'_>) -> Typed<Option<Secret>> {
    const KEYS: [&str; 3] = ["token", "token_file", "token_env"];
    let given: Vec<&str> = KEYS.into_iter().filter(|key| table.has(key)).collect();
    let place = table.place_of(given.first().unwrap_or(&"token"));
    let sources = [plain(table, check), of_file(table, check), of_variable(table, check)];
    match (given.as_slice(), presence) {
        ([], Presence::Desk) => {
            check.findings.missing(&place, "give her a token to sign in with, or token_file or token_env");
        }
        ([_, second, ..], _) => {
            let what = format!("stands beside {}", given[0]);
            check.findings.problem(&table.place_of(second), what, "keep one of them");
        }
        ([] | [_], Presence::Always) | ([_], Presence::Desk) => {}
    }
    let [plain, of_file, of_variable] = sources;
    Typed { value: plain.or(of_file).or(of_variable).map(Secret::new), place }
}

fn plain(table: &mut Table<'_>, check: &mut Check<'_>) -> Option<String> {
    let typed = table.value("token")?;
    let Some(text) = typed.value.as_str() else {
        check.findings.problem(&typed.place, "is not a text", "put it in quotes");
        return None;
    };
    usable(&typed.place, text, check)
}

fn of_file(table: &mut Table<'_>, check: &mut Check<'_>) -> Option<String> {
    let path = table.read("token_file", crate::path, check)?;
    match read_short(&check.folder.join(&path.value)) {
        Ok(text) => {
            warn_if_open(&path, check);
            usable(&path.place, text.trim_end_matches(['\r', '\n']), check)
        }
        Err(error) => {
            let what = format!("{} cannot be read: {error}", quoted(&path.value.display().to_string()));
            check.findings.problem(&path.place, what, "name a file that sambung may read");
            None
        }
    }
}

/// Warns of a secret that everybody on the machine may read.
#[cfg(unix)]
pub(crate) fn warn_if_open(path: &Typed<PathBuf>, check: &mut Check<'_>) {
    use std::os::unix::fs::PermissionsExt;
    let file = check.folder.join(&path.value);
    if std::fs::metadata(&file).is_ok_and(|about| about.permissions().mode() & 0o004 != 0) {
        let shown = quoted(&path.value.display().to_string());
        let way_out = format!("chmod 600 {}", path.value.display());
        check.findings.warn(
            &path.place,
            format!("{shown} can be read by everybody on this machine"),
            way_out,
        );
    }
}

#[cfg(not(unix))]
pub(crate) fn warn_if_open(_: &Typed<PathBuf>, _: &mut Check<'_>) {}

fn of_variable(table: &mut Table<'_>, check: &mut Check<'_>) -> Option<String> {
    let name = table.read("token_env", variable, check)?;
    let Some(text) = (check.env)(&name.value) else {
        let what = format!("{} is not in the environment", quoted(&name.value));
        check.findings.problem(&name.place, what, "set it where sambung is started");
        return None;
    };
    usable(&name.place, &text, check)
}

fn variable(text: &str) -> Result<String, Wrong> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if text.is_empty() || !text.chars().all(plain) {
        return Err(Wrong::new(
            format!("{} is no name of a variable", quoted(text)),
            "use letters, digits and _",
        ));
    }
    Ok(text.to_owned())
}

fn usable(place: &Place, text: &str, check: &mut Check<'_>) -> Option<String> {
    let wrong = if text.is_empty() {
        "gives an empty token"
    } else if text.len() > MAX_TOKEN {
        "gives a token longer than 4096 bytes"
    } else if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        "gives a token with spaces, line ends or control characters"
    } else {
        return Some(text.to_owned());
    };
    check.findings.problem(place, wrong, "use one long word, such as 32 random letters and digits");
    None
}

fn read_short(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let most = u64::try_from(MAX_TOKEN).unwrap_or(u64::MAX) + 3; // a line end, and one byte to see that it is too long
    std::fs::File::open(path)?.take(most).read_to_string(&mut text)?;
    Ok(text)
}
