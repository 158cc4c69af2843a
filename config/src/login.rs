//! Reads how peers prove themselves by digest: what is offered, and what a trunk and we know of each other.

use crate::{
    finding::Place,
    model::{Digest, Login},
    name,
    secret::{self, SecretRead},
    suggest,
    table::{Check, Table, Wrong, quoted},
    uri,
};

/// All of them, the strongest first.
const DIGESTS: [(&str, Digest); 2] = [("sha-256", Digest::Sha256), ("md5", Digest::Md5)];
/// What a trunk's calls must show beside their address: whether that is a digest.
const REQUIRES: [(&str, bool); 2] = [("network", false), ("digest", true)];

/// `digest`: what is offered, in its order; everything when absent.
pub(crate) fn digest(table: &mut Table<'_>, check: &mut Check<'_>) -> Vec<Digest> {
    let place = table.place_of("digest");
    let all: Vec<Digest> = DIGESTS.iter().map(|&(_, digest)| digest).collect();
    let Some(typed) = table.texts("digest", check) else { return all };
    if typed.is_empty() {
        check.findings.problem(&place, "is empty", "write one of them at least, or take it out");
    }
    let mut chosen = Vec::new();
    for text in typed {
        let Some(digest) = text.read(algorithm, check) else { continue };
        if chosen.contains(&digest.value) {
            let what = format!("{} stands there twice", quoted(text.value));
            check.findings.problem(&digest.place, what, "take one out");
        }
        chosen.push(digest.value);
    }
    chosen
}

fn algorithm(text: &str) -> Result<Digest, Wrong> {
    let known = DIGESTS.iter().find(|(name, _)| *name == text);
    let names = DIGESTS.iter().map(|&(name, _)| name);
    let unknown = || Wrong::new(format!("{} is unknown", quoted(text)), suggest::way_out(text, names));
    known.map(|&(_, digest)| digest).ok_or_else(unknown)
}

/// `requires`, `peer_user` and `peer_password`: how the trunk's calls sign in to us.
pub(crate) fn requires(table: &mut Table<'_>, trunk: &str, check: &mut Check<'_>) -> Option<(Login, Place)> {
    let digest = table.choice("requires", &REQUIRES, false, check);
    let user_place = table.place_of("peer_user");
    let user = table.read("peer_user", name::user, check);
    let SecretRead { secret: password, given } = secret::secret(table, &secret::PEER_PASSWORD, check);
    if digest && !given {
        let way_out = "give the password its calls have to prove, or peer_password_file or peer_password_env";
        check.findings.missing(&password.place, way_out);
    }
    for place in [given.then_some(&password.place), user.is_some().then_some(&user_place)] {
        if let Some(place) = place.filter(|_| !digest) {
            let what = "is asked of nobody without requires = \"digest\"";
            check.findings.problem(place, what, "add it, or take this out");
        }
    }
    let user = user.map_or_else(|| trunk.to_owned(), |user| user.value);
    let login = Login { user, password: password.value.filter(|_| digest)? };
    Some((login, password.place))
}

/// `user` and `password`: how we sign in to a trunk.
pub(crate) fn ours(table: &mut Table<'_>, check: &mut Check<'_>) -> Option<Login> {
    let user_place = table.place_of("user");
    let user = table.read("user", our_user, check);
    let SecretRead { secret: password, given } = secret::secret(table, &secret::TRUNK_PASSWORD, check);
    match (table.has("user"), given) {
        (true, false) => {
            let way_out = "give the password that proves the user, or password_file or password_env";
            check.findings.missing(&password.place, way_out);
        }
        (false, true) => check.findings.missing(&user_place, "say who the password is for"),
        (true, true) | (false, false) => {}
    }
    Some(Login { user: user?.value, password: password.value? })
}

/// It becomes the user part of a URI.
fn our_user(text: &str) -> Result<String, Wrong> {
    if text.len() <= name::MAX_NAME && uri::is_user(text) {
        return Ok(text.to_owned());
    }
    let way_out = "use letters, digits and -_.+, without spaces or the part behind @";
    Err(Wrong::new(format!("{} cannot be the user of a SIP URI", quoted(text)), way_out))
}
