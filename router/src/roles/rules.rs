//! New rules for a house that runs: everything that may fail or take long is done here, away from the path of calls.

use super::{
    accounts::{realms, settings},
    desk::staff,
    outside, phones,
    places::{peering, trunk_names},
    plan_of, queue_names, queue_sides, sip_rules,
};
use crate::{
    announcer::QueueSpeech,
    brain::NewRules,
    inbox::Door,
    media::{SoundError, Sounds},
    reload::NotReady,
    resolve::{Finder, Names},
    sip_edge::EdgeRules,
    streams::Streams,
};
use acd::Directory;
use agent_gateway::GatewayHandle;
use config::Config;
use std::{collections::BTreeMap, net::SocketAddr};
use tokio::{runtime::Handle, sync::oneshot};

/// What new rules are made with, and what is remembered from one change to the next.
pub struct Workshop {
    pub(super) door: Door,
    pub(super) gateway: GatewayHandle,
    pub(super) streams: Streams,
    pub(super) sip_streams: BTreeMap<&'static str, SocketAddr>,
    /// Numbers of agents and queues, as the brain has them: nobody else changes the rules.
    pub(super) directory: Directory,
    pub(super) names: Names,
    pub(super) finder: Option<Finder>,
    pub(super) sounds: Sounds,
    pub(super) runtime: Handle,
}

/// New rules, and what becomes of the workshop when they are in force.
pub struct Prepared {
    /// For the brain.
    pub rules: Box<NewRules>,
    /// Told when they are in the log.
    pub done: oneshot::Receiver<()>,
    directory: Directory,
    names: Names,
    finder: Option<Finder>,
    /// Names from here on are new.
    new_names: usize,
    sounds: Sounds,
}

impl Workshop {
    /// Makes new rules ready. With `anew`, sounds are read from their files again.
    ///
    /// # Errors
    /// When a sound cannot be played, or two agents have one token.
    pub async fn prepare(&self, config: &Config, by: &str, anew: bool) -> Result<Prepared, NotReady> {
        let plan = plan_of(config);
        let mut directory = self.directory.clone();
        directory.learn(&plan);
        let sounds = if anew { Sounds::default() } else { self.sounds.clone() };
        let (mut names, new_names) = (self.names.clone(), self.names.count());
        let (queues, speech, sounds) = sounded(config, &directory, sounds).await?;
        let phones = phones(config, &directory, &mut names);
        let (outside, seek) = (outside(config, &mut names), trunk_names(config, &mut names));
        let finder = self.finder_of(config, &names, new_names)?;
        let found = match &finder {
            Some(finder) if names.count() > new_names => finder.first(new_names).await,
            Some(_) | None => Vec::new(),
        };
        let edge = EdgeRules {
            // Where we listen is not changed.
            stack: sip_rules(config, config.sip.udp, Vec::new()),
            users: settings(config),
            proofs: realms(config),
            phones,
            queues,
            outside,
            attributes: config.attributes.clone(),
            trunks: config
                .trunks
                .iter()
                .map(|trunk| (trunk.name.clone(), trunk.register.is_some()))
                .collect(),
            peerings: config.trunks.iter().filter_map(peering).collect(),
            seek,
            found,
        };
        let staff = self.gateway.prepare(staff(config, &directory, &self.sip_streams))?;
        let (told, done) = oneshot::channel();
        let (by, hours, staff) = (by.to_owned(), config.hours.clone(), Some(staff));
        let rules = NewRules { plan, by, edge, speech, hours, staff, done: told };
        Ok(Prepared { rules: Box::new(rules), done, directory, names, finder, new_names, sounds })
    }

    fn finder_of(&self, config: &Config, names: &Names, known: usize) -> Result<Option<Finder>, NotReady> {
        match &self.finder {
            Some(finder) if names.count() > known => Ok(Some(finder.with(names.clone()))),
            Some(finder) => Ok(Some(finder.clone())),
            None => Ok(Finder::new(&config.sip.dns, names.clone(), self.streams.clone())?),
        }
    }

    /// The way to the brain.
    #[must_use]
    pub const fn door(&self) -> &Door {
        &self.door
    }

    /// The rules that were prepared are in force.
    pub fn keep(&mut self, remains: Remains) {
        let Remains { directory, names, finder, new_names, sounds } = remains;
        if let Some(finder) = &finder {
            finder.keep_asking(new_names, &self.door, &self.runtime);
        }
        (self.directory, self.names, self.finder, self.sounds) = (directory, names, finder, sounds);
    }
}

/// What is left of what was prepared once the brain has its part.
pub struct Remains {
    directory: Directory,
    names: Names,
    finder: Option<Finder>,
    new_names: usize,
    sounds: Sounds,
}

impl Prepared {
    /// The brain's part, when it has taken it up, and the rest.
    #[must_use]
    pub fn parts(self) -> (Box<NewRules>, oneshot::Receiver<()>, Remains) {
        let Self { rules, done, directory, names, finder, new_names, sounds } = self;
        (rules, done, Remains { directory, names, finder, new_names, sounds })
    }
}

/// Queues with what is played in them; reading and converting sounds takes its time.
async fn sounded(
    config: &Config,
    directory: &Directory,
    mut sounds: Sounds,
) -> Result<(Vec<crate::sip_edge::QueueSide>, Vec<Option<QueueSpeech>>, Sounds), NotReady> {
    let (config, directory) = (config.clone(), directory.clone());
    let reading = tokio::task::spawn_blocking(move || {
        let queues = queue_sides(&config, &directory, &mut sounds)?;
        let mut speech = Vec::new();
        for name in queue_names(&directory) {
            let told = config.media.announce.get(&name).and_then(|announce| announce.told.clone());
            speech.push(told.map(|told| QueueSpeech::load(told, &mut sounds)).transpose()?);
        }
        Ok::<_, SoundError>((queues, speech, sounds))
    });
    reading.await.map_err(|_| NotReady::Broken)?.map_err(NotReady::from)
}
