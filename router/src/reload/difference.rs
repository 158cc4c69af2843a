//! What is different between two configurations: what can change while the router runs, by its names, and what cannot, by
//! its keys.

use acd::plan::{AgentPlan, EntryPlan, OutsidePlan, QueuePlan};
use config::{AgentAccess, Announce, CallLimit, Config, Desk, Limits, Media, Operator, Outside, Sip, Trunk};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// What is different.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// What is new: `agent ann`.
    pub added: Vec<String>,
    /// What is otherwise than before: `queue sales`, `[limits] calls`.
    pub changed: Vec<String>,
    /// What is there no more.
    pub retired: Vec<String>,
    /// Keys that cannot change while the router runs.
    fixed: Vec<&'static str>,
}

impl Difference {
    /// What is in `new` otherwise than in `old`.
    #[must_use]
    pub fn between(old: &Config, new: &Config) -> Self {
        let mut difference = Self::default();
        difference.names("queue", &queues(old), &queues(new));
        difference.names("entry", &entries(old), &entries(new));
        difference.names("agent", &agents(old), &agents(new));
        difference.names("trunk", &trunks(old), &trunks(new));
        difference.names("outside", &outside(old), &outside(new));
        difference.names("hours", &hours(old), &hours(new));
        difference.names("user", &users(old), &users(new));
        difference.keys(old, new);
        if difference.is_empty() && old.plan != new.plan {
            difference.changed.push("the order in the file".to_owned());
        }
        difference
    }
    /// Whether nothing is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { added, changed, retired, fixed } = self;
        added.is_empty() && changed.is_empty() && retired.is_empty() && fixed.is_empty()
    }
    /// The keys that keep the new configuration from being gone by at once, if there are any.
    #[must_use]
    pub fn needs_restart(&self) -> Option<Vec<&'static str>> {
        (!self.fixed.is_empty()).then(|| self.fixed.clone())
    }
    /// Sounds may have changed in their files.
    pub fn sounds(&mut self, old: &[(PathBuf, Option<SystemTime>)], new: &[(PathBuf, Option<SystemTime>)]) {
        let known: BTreeMap<&Path, &Option<SystemTime>> =
            old.iter().map(|(path, at)| (path.as_path(), at)).collect();
        let others =
            new.iter().filter(|(path, at)| known.get(path.as_path()).is_some_and(|known| *known != at));
        self.changed.extend(others.map(|(path, _)| format!("sound {}", path.display())));
    }

    fn names<T: PartialEq>(&mut self, kind: &str, old: &BTreeMap<&str, T>, new: &BTreeMap<&str, T>) {
        let text = |name: &&str| format!("{kind} {name}");
        self.added.extend(new.keys().filter(|name| !old.contains_key(**name)).map(text));
        self.retired.extend(old.keys().filter(|name| !new.contains_key(**name)).map(text));
        let is_other = |(name, value): &(&&str, &T)| old.get(**name).is_some_and(|before| before != *value);
        self.changed.extend(new.iter().filter(is_other).map(|(name, _)| text(name)));
    }
    fn live(&mut self, key: &str, same: bool) {
        if !same {
            self.changed.push(key.to_owned());
        }
    }
    fn fixed(&mut self, key: &'static str, same: bool) {
        if !same {
            self.fixed.push(key);
        }
    }

    /// Every key that stands once. The fields are all named, so that a new one has to be put on one side.
    fn keys(&mut self, old: &Config, new: &Config) {
        let Config {
            site,
            sip,
            tls,
            media,
            desk,
            operator,
            store,
            drain,
            limits,
            trunks: _,
            entry_limits: _,
            hours: _,
            plan,
            attributes,
            agents: _,
            outside: _,
            sources,
            suggestions,
            callbacks: _,
        } = old;
        self.live("[routing]", plan.routing == new.plan.routing);
        let same = (&plan.attributes, attributes) == (&new.plan.attributes, &new.attributes);
        self.live("[[attribute]]", same);
        self.fixed("[site] zone", site.zone_name == new.site.zone_name);
        self.fixed("[site] region", site.region == new.site.region);
        self.sip(sip, &new.sip);
        self.fixed("[tls]", *tls == new.tls);
        self.media(media, &new.media);
        self.desk(desk, &new.desk);
        self.operator(operator, &new.operator);
        self.fixed("[store]", *store == new.store);
        self.live("[drain]", *drain == new.drain);
        let Limits { calls, calls_per_second, desktops, connections } = limits;
        self.live("[limits] calls", *calls == new.limits.calls);
        self.live("[limits] calls_per_second", *calls_per_second == new.limits.calls_per_second);
        self.fixed("[limits] desktops", *desktops == new.limits.desktops);
        self.fixed("[limits] connections", *connections == new.limits.connections);
        self.fixed("[[source]]", *sources == new.sources);
        self.fixed("[suggestions]", *suggestions == new.suggestions);
    }
    fn sip(&mut self, old: &Sip, new: &Sip) {
        let Sip { udp, tcp, tls, ws, wss, session_expires, realm, dns, max_datagram, probe_phones, digest } =
            old;
        self.fixed("[sip] udp", *udp == new.udp);
        self.fixed("[sip] tcp", *tcp == new.tcp);
        self.fixed("[sip] tls", *tls == new.tls);
        self.fixed("[sip] ws", *ws == new.ws);
        self.fixed("[sip] wss", *wss == new.wss);
        self.fixed("[sip] dns", *dns == new.dns);
        self.live("[sip] session_expires", *session_expires == new.session_expires);
        self.live("[sip] realm", *realm == new.realm);
        self.live("[sip] digest", *digest == new.digest);
        self.live("[sip] max_datagram", *max_datagram == new.max_datagram);
        self.live("[sip] probe_phones", *probe_phones == new.probe_phones);
    }
    fn media(&mut self, old: &Media, new: &Media) {
        let Media { address, ports, music, queue_music: _, clips, announce: _, rtpengine } = old;
        self.fixed("[media] address", *address == new.address);
        self.fixed("[media] ports", *ports == new.ports);
        self.fixed("[media] rtpengine", *rtpengine == new.rtpengine);
        self.live("[media] music", *music == new.music);
        self.live("[media] clips", *clips == new.clips);
    }
    fn desk(&mut self, old: &Desk, new: &Desk) {
        let Desk { listen, tls, insecure, codes, not_ready_reasons, origins, phone_url } = old;
        self.fixed("[desk] listen", *listen == new.listen);
        self.fixed("[desk] tls", *tls == new.tls);
        self.fixed("[desk] insecure", *insecure == new.insecure);
        self.fixed("[desk] origins", *origins == new.origins);
        self.live("[desk] codes", *codes == new.codes);
        self.live("[desk] not_ready_reasons", *not_ready_reasons == new.not_ready_reasons);
        self.live("[desk] phone_url", *phone_url == new.phone_url);
    }
    fn operator(&mut self, old: &Operator, new: &Operator) {
        let Operator { listen, tls, hosts, users: _, insecure } = old;
        self.fixed("[operator] listen", *listen == new.listen);
        self.fixed("[operator] tls", *tls == new.tls);
        self.fixed("[operator] hosts", *hosts == new.hosts);
        self.fixed("[operator] insecure", *insecure == new.insecure);
    }
}

/// Everything that makes a queue what it is.
type Queue<'a> = (&'a QueuePlan, Option<&'a PathBuf>, Option<&'a Announce>, Option<&'a config::CallbackWay>);

fn queues(config: &Config) -> BTreeMap<&str, Queue<'_>> {
    let media = &config.media;
    let queue = |plan: &QueuePlan| (media.queue_music.get(&plan.name), media.announce.get(&plan.name));
    let named = |plan| {
        let (music, announce) = queue(plan);
        (plan.name.as_str(), (plan, music, announce, config.callbacks.get(&plan.name)))
    };
    config.plan.queues.iter().map(named).collect()
}

fn entries(config: &Config) -> BTreeMap<&str, (&EntryPlan, Option<&CallLimit>)> {
    let named = |plan: &'_ EntryPlan| config.entry_limits.get(&plan.number);
    config.plan.entries.iter().map(|plan| (plan.number.as_str(), (plan, named(plan)))).collect()
}

fn agents(config: &Config) -> BTreeMap<&str, (Option<&AgentPlan>, &AgentAccess)> {
    let plans: BTreeMap<&str, &AgentPlan> =
        config.plan.agents.iter().map(|plan| (plan.id.as_str(), plan)).collect();
    let of = |access: &'_ AgentAccess| plans.get(access.id.as_str()).copied();
    config.agents.iter().map(|access| (access.id.as_str(), (of(access), access))).collect()
}

fn trunks(config: &Config) -> BTreeMap<&str, &Trunk> {
    config.trunks.iter().map(|trunk| (trunk.name.as_str(), trunk)).collect()
}

fn outside(config: &Config) -> BTreeMap<&str, (Option<&OutsidePlan>, &Outside)> {
    let plan = |name: &str| config.plan.outside.iter().find(|plan| plan.name == name);
    config.outside.iter().map(|way| (way.name.as_str(), (plan(&way.name), way))).collect()
}

fn hours(config: &Config) -> BTreeMap<&str, &config::Hours> {
    config.hours.iter().map(|hours| (hours.name.as_str(), hours)).collect()
}

fn users(config: &Config) -> BTreeMap<&str, &config::OperatorUser> {
    config.operator.users.iter().map(|user| (user.name.as_str(), user)).collect()
}

/// Every file that is played, and when it was written last.
pub fn sounds(config: &Config) -> Vec<(PathBuf, Option<SystemTime>)> {
    let media = &config.media;
    let welcomes = media.announce.values().filter_map(|announce| announce.welcome.as_ref());
    let files = media.music.iter().chain(media.queue_music.values()).chain(welcomes).cloned();
    let clips = media.announce.values().filter_map(|announce| announce.told.as_ref());
    let clips = clips.flat_map(|told| {
        let names = config::speech::clips(told.language, told.tells());
        names.into_iter().map(|(name, _)| told.folder.join(format!("{name}.wav")))
    });
    let mut all: Vec<PathBuf> = files.chain(clips).collect();
    all.sort();
    all.dedup();
    let written = |path: &Path| fs::metadata(path).and_then(|about| about.modified()).ok();
    all.into_iter().map(|path| (path.clone(), written(&path))).collect()
}

#[cfg(test)]
mod tests;
