//! Turns one TOML file into a checked [`Config`].
//!
//! Every problem is listed in one go, under the key that was typed, with the line, the value and the way out. Keys
//! nobody knows and keys of features that are not in this version are problems, never ignored. Reads the file, the
//! certificates and secrets it names and whether its databases are there; binds, opens and starts nothing.

mod address;
mod advice;
mod announce;
mod audio;
mod call_limit;
mod callback;
mod changes;
mod cross;
mod duration;
mod finding;
mod hours;
mod later;
mod limits;
mod lint;
mod login;
mod machine;
mod model;
mod name;
mod order;
mod outside;
mod pem;
mod ports;
mod reference;
mod ringing;
mod routing;
mod rtpengine;
mod secret;
mod share;
mod sources;
pub mod speech;
mod staff;
mod steps;
mod suggest;
mod syntax;
mod table;
mod tls;
mod trunk;
mod uri;
mod validity;

pub use changes::{BadChanges, Book, Changes, Kind, Object, Origin, Rules, load_rules};
pub use finding::{Finding, Problems, Warning};
pub use hours::Hours;
pub use model::{
    AgentAccess, Announce, AttributeHeader, CallLimit, CallbackWay, Config, Desk, Digest, Drain, Durability,
    First, Host, Identity, Limits, Login, Media, Network, Operator, OperatorRole, OperatorUser, Outside,
    Phone, Relay, Rtpengine, Secret, Section, Sip, SipUri, Site, Source, SourceKind, Store, Suggestions, Tls,
    Told, Transport, Trunk, Waiting,
};
pub use pem::{Credentials, CredentialsError};
pub use reference::reference;

use finding::Findings;
use std::path::{Path, PathBuf};
use table::{Check, Table, Typed, Wrong, quoted};

/// Looks up a variable of the environment.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Largest file read, in bytes: over 50,000 agents fit.
const MAX_FILE: u64 = 16 * 1024 * 1024;

/// What `sambung run` runs without a file: one queue for every number, and one phone on this machine.
const ONE_MACHINE: &str = r#"
[[queue]]
name = "main"

[[agent]]
id = "agent"
phone = "sip:agent@127.0.0.1:5910"
presence = "always"
"#;

impl Config {
    /// What runs without a file: every number leads to one queue, served by one phone at 127.0.0.1:5910.
    #[must_use]
    pub fn default_machine() -> Self {
        read(ONE_MACHINE, "", Path::new(""), &|_| None).0
    }
}

/// Reads and checks a file. Relative paths in it start at its folder; secrets may come from the environment.
///
/// # Errors
/// Every problem of the file.
pub fn load(path: &Path) -> Result<(Config, Vec<Warning>), Problems> {
    let file = path.display().to_string();
    let text = whole_text(path).map_err(|(what, way_out)| Problems::of_file(&file, what, way_out))?;
    let env = |name: &str| std::env::var(name).ok();
    checked(&text, &file, path.parent().unwrap_or(Path::new("")), &env)
}

/// Reads and checks a text; relative paths in it start at `folder`.
///
/// # Errors
/// Every problem of the text.
pub fn parse(text: &str, folder: &Path, env: Env<'_>) -> Result<(Config, Vec<Warning>), Problems> {
    checked(text, "configuration", folder, env)
}

fn whole_text(path: &Path) -> Result<String, (String, &'static str)> {
    let unreadable =
        |error: std::io::Error| (format!("cannot be read: {error}"), "name a file that sambung may read");
    if std::fs::metadata(path).map_err(unreadable)?.len() > MAX_FILE {
        return Err((format!("is larger than {MAX_FILE} bytes"), "name a configuration file"));
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()].split(|&byte| byte == b'\n').count();
        (format!("is not UTF-8 in line {line}"), "save it as UTF-8")
    })
}

fn checked(text: &str, file: &str, folder: &Path, env: Env<'_>) -> Result<(Config, Vec<Warning>), Problems> {
    let (config, findings) = read(text, file, folder, env);
    findings.close().map(|warnings| (config, warnings))
}

/// Reads a text whatever is wrong with it. Only when nothing was found is the configuration to be used.
fn read(text: &str, file: &str, folder: &Path, env: Env<'_>) -> (Config, Findings) {
    let (readable, mistakes) = syntax::mend(text);
    let (document, _) = toml::de::DeTable::parse_recoverable(&readable);
    let findings = Findings::new(file, text, !mistakes.is_empty());
    let mut check = Check { findings, folder, env };
    let read = Read::all(Table::root(document.get_ref()), &mut check);
    cross::check(&read, &mut check);
    check.findings.unreadable(mistakes);
    (read.into_config(), check.findings)
}

/// Every section as typed, each key checked by itself.
struct Read {
    site: Site,
    sip: Typed<Sip>,
    streams: Vec<machine::Listen>,
    tls: Tls,
    media: Typed<Media>,
    desk: ports::DeskRead,
    operator: ports::OperatorRead,
    store: Store,
    drain: Drain,
    limits: Limits,
    trunks: Vec<trunk::TrunkRead>,
    queues: Vec<routing::QueueRead>,
    entries: Vec<routing::EntryRead>,
    agents: Vec<staff::AgentRead>,
    outside: Vec<outside::OutsideRead>,
    sources: Vec<sources::SourceRead>,
    advice: Option<advice::AdviceRead>,
    routing: acd::routing::Routing,
    attributes: Vec<order::AttributeRead>,
    hours: Vec<hours::HoursRead>,
    /// The queues' rules, with what agents of other queues may take.
    plans: Vec<acd::plan::QueuePlan>,
}

impl Read {
    fn all(mut root: Table<'_>, check: &mut Check<'_>) -> Self {
        let site = machine::site(&mut root, check);
        let (sip, streams) = machine::sip(&mut root, check);
        let media = machine::media(&mut root, &sip, check);
        let trunks = trunk::trunks(&mut root, check);
        let queues = routing::queues(&mut root, media.value.clips.as_deref(), check);
        let hours = hours::hours(&mut root, (&site.zone_name, &site.zone), check);
        let desk = ports::desk(&mut root, check);
        let operator = ports::operator(&mut root, check);
        let ours = streams.iter().filter(|listen| listen.is_encrypted()).map(|listen| &listen.place);
        let encrypted: Vec<_> = ours.chain(desk.tls.iter()).chain(operator.tls.iter()).collect();
        let probe = sip.value.probe_phones;
        let read = Self {
            site,
            tls: tls::tls(&mut root, &streams, &encrypted, check),
            sip,
            streams,
            media,
            desk,
            operator,
            store: machine::store(&mut root, check),
            drain: machine::drain(&mut root, check),
            limits: machine::limits(&mut root, check),
            trunks,
            entries: routing::entries(&mut root, &queues, check),
            plans: limits::spilled(&queues, check),
            queues,
            hours,
            agents: staff::agents(&mut root, probe, check),
            outside: outside::outside(&mut root, check),
            sources: sources::sources(&mut root, check),
            advice: advice::suggestions(&mut root, check),
            routing: order::routing(&mut root, check),
            attributes: order::attributes(&mut root, check),
        };
        root.close(check);
        read
    }
    fn into_config(self) -> Config {
        let way = |queue: &routing::QueueRead| {
            Some((queue.plan.name.clone(), queue.callback.as_ref()?.way.clone()))
        };
        let callbacks = self.queues.iter().filter_map(way).collect();
        let music = |queue: &routing::QueueRead| Some((queue.plan.name.clone(), queue.music.clone()?));
        let limits = self.entries.iter().map(|entry| (entry.plan.number.clone(), entry.limit));
        let entry_limits = limits.filter(|(_, limit)| *limit != CallLimit::default()).collect();
        let tells = |queue: &&routing::QueueRead| queue.announce != model::Announce::default();
        let announce = self.queues.iter().filter(tells);
        let announce = announce.map(|queue| (queue.plan.name.clone(), queue.announce.clone())).collect();
        let queue_music = self.queues.iter().filter_map(music).collect();
        let (agents, access) = self.agents.into_iter().map(|agent| (agent.plan, agent.access)).unzip();
        let rules = self.outside.into_iter().map(|rule| rule.into_outside(&self.trunks));
        let (outside, ways): (Vec<_>, Vec<_>) = rules.unzip();
        let attributes = self.attributes.into_iter().map(|read| (read.plan, read.header));
        let (attributes, attribute_headers) = attributes.unzip();
        Config {
            site: self.site,
            sip: self.sip.value,
            tls: self.tls,
            media: Media { queue_music, announce, ..self.media.value },
            desk: self.desk.desk,
            operator: self.operator.operator,
            store: self.store,
            drain: self.drain,
            limits: self.limits,
            trunks: self.trunks.into_iter().map(trunk::TrunkRead::into_trunk).collect(),
            entry_limits,
            plan: acd::Plan {
                queues: self.plans,
                entries: self.entries.into_iter().map(|entry| entry.plan).collect(),
                agents,
                outside,
                routing: self.routing,
                attributes,
            },
            hours: self.hours.into_iter().map(|read| read.hours).collect(),
            attributes: attribute_headers,
            callbacks,
            agents: access,
            outside: ways.into_iter().flatten().collect(),
            sources: self.sources.into_iter().map(|source| source.source).collect(),
            suggestions: self.advice.map(|read| read.suggestions),
        }
    }
}

/// A name that must be there. One with wrong characters is reported and kept, so that references to it are found.
fn needed_name(
    table: &mut Table<'_>,
    key: &'static str,
    meaning: impl FnOnce(&str) -> Result<String, Wrong>,
    way_out: &str,
    check: &mut Check<'_>,
) -> Typed<String> {
    let place = table.place_of(key);
    let Some(typed) = table.needed_text(key, way_out, check) else {
        return Typed { value: String::new(), place };
    };
    let read = typed.read(meaning, check);
    read.unwrap_or_else(|| Typed { value: typed.value.to_owned(), place })
}

/// A path of a file or folder.
fn path(text: &str) -> Result<PathBuf, Wrong> {
    if text.is_empty() || text.contains('\0') {
        return Err(Wrong::new(
            format!("{} is no path", quoted(text)),
            "name it from this file's folder, or from /",
        ));
    }
    Ok(PathBuf::from(text))
}
