//! Whose phones may register, and what calls of trunks have to prove, as the configuration says.

use super::{NODE, PRODUCT};
use acd::Timestamp;
use config::Config;

/// Who may sign in: agents' phones that register, and trunks that have to.
pub(super) fn registry(config: &Config, secret: &[u8; 32], now: Timestamp) -> sip::Registry {
    let now = sip::Micros(now.micros());
    let registrar = sip::registrar::Registrar::new(secret, settings(config), now);
    sip::Registry::new(registrar, secret, realms(config), now)
}

/// Agents' phones that register.
pub(super) fn settings(config: &Config) -> sip::registrar::Settings {
    let account = |agent: &config::AgentAccess| match &agent.phone {
        config::Phone::Registered { password: secret } => Some((agent.id.clone(), password(secret))),
        // A browser is given a password whenever its agent has signed in.
        config::Phone::At(_) | config::Phone::Browser => None,
    };
    let in_browser = |agent: &&config::AgentAccess| matches!(agent.phone, config::Phone::Browser);
    sip::registrar::Settings {
        node: NODE.to_owned(),
        product: PRODUCT.to_owned(),
        realm: realm(config, config.agents.iter().filter_map(account).collect()),
        guests: config.agents.iter().filter(in_browser).map(|agent| agent.id.clone()).collect(),
    }
}

/// Of each trunk the account that its calls have to prove, if they have to.
pub(super) fn realms(config: &Config) -> Vec<Option<sip::auth::Realm>> {
    let trunk = |trunk: &config::Trunk| {
        let login = trunk.requires.as_ref()?;
        Some(realm(config, vec![(login.user.clone(), password(&login.password))]))
    };
    config.trunks.iter().map(trunk).collect()
}

fn realm(config: &Config, accounts: Vec<(String, sip::auth::Password)>) -> sip::auth::Realm {
    sip::auth::Realm {
        name: config.sip.realm.clone(),
        algorithms: config.sip.digest.iter().map(|digest| algorithm(*digest)).collect(),
        accounts,
    }
}

fn password(secret: &config::Secret) -> sip::auth::Password {
    sip::auth::Password::plain(secret.expose())
}

const fn algorithm(digest: config::Digest) -> sip::auth::Algorithm {
    match digest {
        config::Digest::Sha256 => sip::auth::Algorithm::Sha256,
        config::Digest::Md5 => sip::auth::Algorithm::Md5,
    }
}
