//! Reads secrets: from the file itself, from a file of their own, or from the environment. What is secret never appears
//! in a message.

use crate::{
    finding::Place,
    model::Secret,
    table::{Check, Table, Typed, Wrong, quoted},
};
use sha2::{Digest as _, Sha256};
use std::{
    io::Read,
    path::{Path, PathBuf},
};

/// Longest secret, in bytes: a token has to fit a message of the desktop protocol many times over.
const MAX_SECRET: usize = 4_096;
/// A password shorter than this can be guessed by whoever reaches the SIP port, in characters.
const SAFE_PASSWORD: usize = 12;
/// A token shorter than this can be guessed by whoever reaches the port, in bytes.
const SAFE_TOKEN: usize = 16;
/// What a guesser tries first; and what was copied from an example, as everybody can.
const WELL_KNOWN: [&str; 6] = ["change-me", "changeme", "password", "123456", "qwerty", "example"];

/// The keys one secret may stand under.
pub(crate) struct Keys {
    plain: &'static str,
    file: &'static str,
    variable: &'static str,
    /// What the secret is called.
    what: &'static str,
}

/// What a desktop, or a user of the operator's HTTP, signs in with.
pub(crate) const TOKEN: Keys =
    Keys { plain: "token", file: "token_file", variable: "token_env", what: "token" };
/// What an agent's phone registers with.
pub(crate) const PHONE_PASSWORD: Keys = Keys {
    plain: "phone_password",
    file: "phone_password_file",
    variable: "phone_password_env",
    what: "password",
};
/// What a trunk signs in to us with.
pub(crate) const PEER_PASSWORD: Keys = Keys {
    plain: "peer_password",
    file: "peer_password_file",
    variable: "peer_password_env",
    what: "password",
};

/// What we sign in to a trunk with.
pub(crate) const TRUNK_PASSWORD: Keys =
    Keys { plain: "password", file: "password_file", variable: "password_env", what: "password" };

/// A secret as typed.
pub(crate) struct SecretRead {
    /// None when there is none, or none that can be used.
    pub secret: Typed<Option<Secret>>,
    /// Whether one was typed at all.
    pub given: bool,
}

/// The secret under one of `keys`.
pub(crate) fn secret(table: &mut Table<'_>, keys: &Keys, check: &mut Check<'_>) -> SecretRead {
    let all = [keys.plain, keys.file, keys.variable];
    let given: Vec<&str> = all.into_iter().filter(|key| table.has(key)).collect();
    let place = table.place_of(given.first().unwrap_or(&keys.plain));
    let read = [plain(table, keys, check), of_file(table, keys, check), of_variable(table, keys, check)];
    if let [first, second, ..] = given.as_slice() {
        let what = format!("stands beside {first}");
        check.findings.problem(&table.place_of(second), what, "keep one of them");
    }
    let value = read.into_iter().flatten().next().map(Secret::new);
    SecretRead { secret: Typed { value, place }, given: !given.is_empty() }
}

/// The SHA-256 of a token, in hexadecimal digits.
pub(crate) fn hash(text: &str) -> Result<[u8; 32], Wrong> {
    let digit = |at: usize| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let mut bytes = [0; 32];
    let is_hex = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    for (place, byte) in bytes.iter_mut().enumerate().filter(|_| is_hex) {
        *byte = digit(place * 2).unwrap_or_default();
    }
    if is_hex {
        return Ok(bytes);
    }
    let way_out =
        "write the 64 hexadecimal digits of its SHA-256, as `printf %s TOKEN | sha256sum` prints them";
    Err(Wrong::new("is no SHA-256 of a token", way_out))
}

/// What stands for a token where the token itself is not to be known.
pub(crate) fn hash_of(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// Warns of a password that `user` might have been given by somebody in a hurry.
pub(crate) fn warn_if_weak(place: &Place, password: &Secret, user: &str, check: &mut Check<'_>) {
    let text = password.expose().to_ascii_lowercase();
    let what = if text == user.to_ascii_lowercase() {
        "is the user's own name".to_owned()
    } else if WELL_KNOWN.iter().any(|word| text.contains(word)) {
        "holds a word that is guessed first".to_owned()
    } else if text.chars().count() < SAFE_PASSWORD {
        format!("is shorter than {SAFE_PASSWORD} characters")
    } else {
        return;
    };
    check.findings.warn(place, what, "use 20 random letters and digits");
}

/// Refuses a token that can be guessed where everybody may guess, at `exposed`; warns of it elsewhere, since a proxy may
/// stand before it, but not of each agent's short one. `owner` is its agent's id or its user's name.
pub(crate) fn refuse_weak_token(
    place: &Place,
    token: &Secret,
    owner: (&str, Owner),
    exposed: Option<&str>,
    check: &mut Check<'_>,
) {
    const WAY_OUT: &str = "use 32 random letters and digits";
    let text = token.expose().to_ascii_lowercase();
    let is_short = text.len() < SAFE_TOKEN;
    let what = if text == owner.0.to_ascii_lowercase() {
        "is the user's own name".to_owned()
    } else if WELL_KNOWN.iter().any(|word| text.contains(word)) {
        "holds a word that is guessed first".to_owned()
    } else if is_short && (owner.1 == Owner::User || exposed.is_some()) {
        format!("is shorter than {SAFE_TOKEN} characters")
    } else {
        return;
    };
    match exposed {
        Some(port) => {
            check.findings.problem(place, format!("{what}, and {port} listens off loopback"), WAY_OUT);
        }
        None => check.findings.warn(place, what, WAY_OUT),
    }
}

/// Whose a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// One of possibly thousands.
    Agent,
    /// One of a few who see and may do more.
    User,
}

fn plain(table: &mut Table<'_>, keys: &Keys, check: &mut Check<'_>) -> Option<String> {
    let typed = table.value(keys.plain)?;
    let Some(text) = typed.value.as_str() else {
        check.findings.problem(&typed.place, "is not a text", "put it in quotes");
        return None;
    };
    usable(&typed.place, text, keys, check)
}

fn of_file(table: &mut Table<'_>, keys: &Keys, check: &mut Check<'_>) -> Option<String> {
    let path = table.read(keys.file, crate::path, check)?;
    match read_short(&check.folder.join(&path.value)) {
        Ok(text) => {
            warn_if_open(&path, check);
            usable(&path.place, text.trim_end_matches(['\r', '\n']), keys, check)
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

fn of_variable(table: &mut Table<'_>, keys: &Keys, check: &mut Check<'_>) -> Option<String> {
    let name = table.read(keys.variable, variable, check)?;
    let Some(text) = (check.env)(&name.value) else {
        let what = format!("{} is not in the environment", quoted(&name.value));
        check.findings.problem(&name.place, what, "set it where sambung is started");
        return None;
    };
    usable(&name.place, &text, keys, check)
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

fn usable(place: &Place, text: &str, keys: &Keys, check: &mut Check<'_>) -> Option<String> {
    let what = keys.what;
    let wrong = if text.is_empty() {
        format!("gives an empty {what}")
    } else if text.len() > MAX_SECRET {
        format!("gives a {what} longer than {MAX_SECRET} bytes")
    } else if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        format!("gives a {what} with spaces, line ends or control characters")
    } else {
        return Some(text.to_owned());
    };
    check.findings.problem(place, wrong, "use one long word, such as 32 random letters and digits");
    None
}

fn read_short(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let most = u64::try_from(MAX_SECRET).unwrap_or(u64::MAX) + 3; // a line end, and one byte to see that it is too long
    std::fs::File::open(path)?.take(most).read_to_string(&mut text)?;
    Ok(text)
}
