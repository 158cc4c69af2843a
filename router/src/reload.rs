//! Changes the rules while calls run: the file is read again, or somebody sets a queue, an entry or an agent by API.
//!
//! All or nothing: what is wrong, or cannot change while the router runs, changes nothing. What was changed by API is kept in
//! the store before it is in force, so that whoever was told that it is done can rely on it. Which of file and change
//! counts is decided by [`config::Changes`]; when the log has it, by the brain.

mod difference;
mod report;

pub use difference::Difference;
pub use report::{NotReady, Refused, Report};

use crate::{
    changes_file::{self, ChangesError},
    http::Users,
    inbox::Incoming,
    metrics::Metrics,
    roles::Workshop,
};
use config::{Book, Changes, Config, Drain, Kind, Object, Origin, Problems, Rules};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex as PlainMutex, PoisonError},
    time::{Duration, SystemTime},
};
use tokio::{sync::Mutex, time::timeout};
use toml::Table;

/// How long the brain may take to have new rules in the log. It takes milliseconds; a disk that hangs takes longer.
const IN_FORCE_WITHIN: Duration = Duration::from_secs(30);
/// Bytes of a fingerprint that stand in an ETag.
const TAG_BYTES: usize = 12;

/// The rules that a house starts with, and where they come from.
#[derive(Debug)]
pub struct Given {
    rules: Rules,
    source: Source,
}

/// Where rules come from.
#[derive(Clone, Debug)]
enum Source {
    /// A file, with what was changed over it.
    File(PathBuf),
    /// What runs without a file, with what was changed over it.
    OneMachine,
    /// Somebody who does not let them be changed.
    Fixed,
}

/// Why there are no rules to start with.
#[derive(Debug, thiserror::Error)]
pub enum GivenError {
    /// The file, or the file with what was changed over it, is wrong.
    #[error(transparent)]
    Configuration(#[from] Problems),
    /// What was changed cannot be read.
    #[error(transparent)]
    Changes(#[from] ChangesError),
}

impl Given {
    /// These, and no others while the house runs.
    #[must_use]
    pub fn fixed(config: Config) -> Self {
        let rules =
            Rules { config, warnings: Vec::new(), book: Book::default(), changes: Changes::default() };
        Self { rules, source: Source::Fixed }
    }
    /// Those of a file, or what runs without one, with what was changed by API before.
    ///
    /// # Errors
    /// Every problem of the file and of the changes over it.
    pub fn read(file: Option<PathBuf>) -> Result<Self, GivenError> {
        let store = match &file {
            Some(file) => config::load(file)?.0.store.path,
            None => Config::default_machine().store.path,
        };
        let rules = config::load_rules(file.as_deref(), changes_file::load(&store)?)?;
        Ok(Self { rules, source: file.map_or(Source::OneMachine, Source::File) })
    }
    /// What was meant.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.rules.config
    }
    /// Says what is hardly meant, and what stands over the file.
    pub fn warn(&self) {
        warn(&self.rules);
    }
}

/// Changes the rules of a house that runs, one change after the other.
pub struct Reloader {
    state: Mutex<State>,
    source: Source,
    store: PathBuf,
    secret: [u8; 32],
    users: Arc<Users>,
    drain: PlainMutex<Drain>,
    metrics: Arc<Metrics>,
}

/// What is in force.
struct State {
    config: Config,
    book: Book,
    changes: Changes,
    sounds: Vec<(PathBuf, Option<SystemTime>)>,
    workshop: Workshop,
}

/// What is to become of a queue, an entry or an agent.
#[derive(Clone, Debug)]
pub enum Edit {
    /// It is as it is written here, whatever it was.
    Put(Map<String, Value>),
    /// These keys become so; `null` takes one out (RFC 7396).
    Patch(Map<String, Value>),
    /// It is taken out.
    Retire,
}

/// Under which condition something is changed.
#[derive(Clone, Debug, Default)]
pub struct Condition {
    /// Only while its tag is one of these; `*` is any.
    pub if_match: Option<String>,
    /// Only while there is none.
    pub if_none: bool,
}

/// A queue, an entry or an agent as it is shown.
#[derive(Debug)]
pub struct Shown {
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Where it comes from.
    pub origin: Origin,
    /// Tells whether it has changed.
    pub tag: String,
    /// Whether it has a secret, which is not shown.
    pub has_secret: bool,
    /// How it is written.
    pub rules: Table,
}

impl Reloader {
    /// Of a house that starts with these rules.
    #[must_use]
    pub fn new(given: Given, workshop: Workshop, secret: [u8; 32], metrics: Arc<Metrics>) -> Self {
        let Given { rules: Rules { config, book, changes, .. }, source } = given;
        let users = Arc::new(Users::new(&config.operator.users));
        metrics.rules.in_force(changes.names().count());
        let (store, sounds) = (config.store.path.clone(), difference::sounds(&config));
        let drain = PlainMutex::new(config.drain);
        let state = Mutex::new(State { config, book, changes, sounds, workshop });
        Self { state, source, store, secret, users, drain, metrics }
    }
    /// Who may ask the operator's port.
    #[must_use]
    pub const fn users(&self) -> &Arc<Users> {
        &self.users
    }
    /// How the process is to end.
    #[must_use]
    pub fn drain(&self) -> Drain {
        *self.drain.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Whether nobody may change the rules of this house.
    #[must_use]
    pub const fn is_fixed(&self) -> bool {
        matches!(self.source, Source::Fixed)
    }

    /// Reads the file again and goes by it, for `by`. With `discard`, what was changed by API is thrown away.
    ///
    /// # Errors
    /// [`Refused`]; then nothing has changed.
    pub async fn reload(self: &Arc<Self>, by: &str, discard: bool) -> Result<Report, Refused> {
        let (this, by) = (Arc::clone(self), by.to_owned());
        // In a task of its own: who asked may go away in the middle of it.
        let done = tokio::spawn(async move {
            let result = this.reread(&by, discard).await;
            this.metrics.rules.reloaded(
                result.as_ref().map(|report| report.difference.is_empty()).map_err(Refused::is_mistake),
            );
            tell_reload(&by, &result);
            result
        });
        done.await.unwrap_or(Err(Refused::Gone))
    }

    /// Sets or retires one thing, for `by`.
    ///
    /// # Errors
    /// [`Refused`]; then nothing has changed.
    pub async fn edit(
        self: &Arc<Self>,
        by: &str,
        (kind, name): (Kind, &str),
        edit: Edit,
        condition: Condition,
    ) -> Result<Report, Refused> {
        let (this, by, name) = (Arc::clone(self), by.to_owned(), name.to_owned());
        let done = tokio::spawn(async move {
            let result = this.edited(&by, (kind, &name), edit, &condition).await;
            if let Ok(report) = &result {
                report.tell(&by);
            }
            result
        });
        done.await.unwrap_or(Err(Refused::Gone))
    }

    /// Everything that can be changed, as it is; and what stands in the file and was taken out.
    pub async fn shown(&self) -> (Vec<Shown>, Vec<(Kind, String)>) {
        let state = self.state.lock().await;
        let retired = state.book.retired().map(|(kind, name)| (kind, name.to_owned())).collect();
        (state.book.objects().map(|object| self.show(object)).collect(), retired)
    }
    /// One thing as it is.
    pub async fn one(&self, kind: Kind, name: &str) -> Option<Shown> {
        self.state.lock().await.book.object(kind, name).map(|object| self.show(object))
    }
    /// Everything that can be changed as a file would have it, with hashes of tokens.
    pub async fn as_file(&self) -> String {
        self.state.lock().await.book.to_toml()
    }

    async fn reread(&self, by: &str, discard: bool) -> Result<Report, Refused> {
        let mut state = self.state.lock().await;
        let changes = if discard { Changes::default() } else { state.changes.clone() };
        let rules = self.read(changes).await?;
        let report = self.go_by(&mut state, rules, by, true).await?;
        Ok(report)
    }

    async fn edited(
        &self,
        by: &str,
        (kind, name): (Kind, &str),
        edit: Edit,
        condition: &Condition,
    ) -> Result<Report, Refused> {
        let mut state = self.state.lock().await;
        let object = state.book.object(kind, name);
        self.check_condition(object, condition)?;
        let mut changes = state.changes.clone();
        let nobody = || Refused::NotThere { kind, name: name.to_owned() };
        match edit {
            Edit::Put(rules) => changes.set(kind, name, table(kind, name, rules)?)?,
            Edit::Patch(patch) => {
                let rules = object.ok_or_else(nobody)?.rules();
                changes.set(kind, name, table(kind, name, patched(rules, patch))?)?;
            }
            Edit::Retire => {
                object.ok_or_else(nobody)?;
                changes.retire(kind, name);
            }
        }
        let rules = self.read(changes).await?;
        self.go_by(&mut state, rules, by, false).await
    }

    fn check_condition(&self, object: Option<&Object>, condition: &Condition) -> Result<(), Refused> {
        let tag = object.map(|object| self.tag(object));
        if condition.if_none && tag.is_some() {
            return Err(Refused::Changed { tag });
        }
        let Some(wanted) = &condition.if_match else { return Ok(()) };
        let mut wanted = wanted.split(',').map(str::trim);
        let met = tag.as_ref().is_some_and(|tag| wanted.any(|wanted| wanted == "*" || wanted == tag));
        if met { Ok(()) } else { Err(Refused::Changed { tag }) }
    }

    /// Reads the file with these changes over it.
    async fn read(&self, changes: Changes) -> Result<Rules, Refused> {
        let file = match &self.source {
            Source::File(file) => Some(file.clone()),
            Source::OneMachine => None,
            Source::Fixed => return Err(Refused::Fixed),
        };
        let reading = tokio::task::spawn_blocking(move || config::load_rules(file.as_deref(), changes));
        Ok(reading.await.map_err(|_| Refused::Gone)??)
    }

    /// Goes by other rules, if they are others. `anew` when the file was asked to be read again, with the sounds it names.
    async fn go_by(&self, state: &mut State, rules: Rules, by: &str, anew: bool) -> Result<Report, Refused> {
        let sounds = difference::sounds(&rules.config);
        let mut difference = Difference::between(&state.config, &rules.config);
        if anew {
            difference.sounds(&state.sounds, &sounds);
        }
        if let Some(keys) = difference.needs_restart() {
            return Err(Refused::Restart(keys));
        }
        let mut is_logged = true;
        if !difference.is_empty() {
            let prepared = state.workshop.prepare(&rules.config, by, anew).await?;
            let (new, done, remains) = prepared.parts();
            self.keep(&state.changes, &rules.changes).await?;
            if state.workshop.door().put(Incoming::Rules(new)).is_err() {
                self.keep(&rules.changes, &state.changes).await?;
                return Err(Refused::Busy);
            }
            is_logged = matches!(timeout(IN_FORCE_WITHIN, done).await, Ok(Ok(())));
            state.workshop.keep(remains);
            self.users.replace(&rules.config.operator.users);
            *self.drain.lock().unwrap_or_else(PoisonError::into_inner) = rules.config.drain;
            state.sounds = sounds;
        } else {
            self.keep(&state.changes, &rules.changes).await?;
        }
        self.metrics.rules.in_force(rules.changes.names().count());
        let report = Report::new(difference, &rules);
        (state.config, state.book, state.changes) = (rules.config, rules.book, rules.changes);
        // The brain takes up what it was handed, however late: from here on it counts as in force.
        if is_logged { Ok(report) } else { Err(Refused::Gone) }
    }

    /// What was changed is in the store before it is in force.
    async fn keep(&self, before: &Changes, now: &Changes) -> Result<(), Refused> {
        if before == now {
            return Ok(());
        }
        let (store, changes) = (self.store.clone(), now.clone());
        let writing = tokio::task::spawn_blocking(move || changes_file::save(&store, &changes));
        Ok(writing.await.map_err(|_| Refused::Gone)??)
    }

    fn show(&self, object: &Object) -> Shown {
        Shown {
            kind: object.kind,
            name: object.name.clone(),
            origin: object.origin,
            tag: self.tag(object),
            has_secret: object.has_secret(),
            rules: object.rules(),
        }
    }
    /// Under the node's secret, so that nobody finds a token by trying tags.
    fn tag(&self, object: &Object) -> String {
        let keyed = Sha256::new().chain_update(self.secret).chain_update(b"etag:");
        let sum = keyed.chain_update(object.fingerprint()).finalize();
        let hex: String = sum.iter().take(TAG_BYTES).map(|byte| format!("{byte:02x}")).collect();
        format!("\"{hex}\"")
    }
}

fn tell_reload(by: &str, result: &Result<Report, Refused>) {
    match result {
        Ok(report) => report.tell(by),
        Err(refused) => {
            refused.findings().for_each(|finding| tracing::warn!("{finding}"));
            tracing::error!(by, why = %refused.brief(), "the configuration is not gone by; the rules of before stay in force");
        }
    }
}

fn warn(rules: &Rules) {
    for warning in &rules.warnings {
        tracing::warn!("{warning}");
    }
    let over: Vec<String> = rules.changes.names().collect();
    if !over.is_empty() {
        tracing::warn!(
            changes = over.join(", "),
            "changed by API, and not as the file says; `sambung reload --discard` takes the file's"
        );
    }
}

/// What was sent as the file would have it.
fn table(kind: Kind, name: &str, rules: Map<String, Value>) -> Result<Table, Refused> {
    if let Some(other) = rules.get(kind.label()).filter(|label| label.as_str() != Some(name)) {
        let what = format!("{} is {other} in the body and {name:?} in the path", kind.label());
        return Err(Refused::Unreadable { what });
    }
    serde_json::from_value(Value::Object(rules))
        .map_err(|error| Refused::Unreadable { what: error.to_string() })
}

/// With a JSON Merge Patch over it.
///
/// Source: RFC 7396 §2.
fn patched(rules: Table, patch: Map<String, Value>) -> Map<String, Value> {
    let mut rules = match serde_json::to_value(rules) {
        Ok(Value::Object(rules)) => rules,
        Ok(_) | Err(_) => Map::new(), // a table is an object
    };
    merge(&mut rules, patch);
    rules
}

fn merge(into: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (key, value) in patch {
        match (value, into.get_mut(&key)) {
            (Value::Null, _) => drop(into.remove(&key)),
            (Value::Object(inner), Some(Value::Object(known))) => merge(known, inner),
            (Value::Object(inner), _) => {
                let mut fresh = Map::new();
                merge(&mut fresh, inner);
                into.insert(key, Value::Object(fresh));
            }
            (value, _) => drop(into.insert(key, value)),
        }
    }
}

/// Where a store's control socket is: whoever may open it may have the file read again.
#[must_use]
pub fn control_path(store: &Path) -> PathBuf {
    store.join("control")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: Value) -> Map<String, Value> {
        let Value::Object(object) = value else { panic!("no object") };
        object
    }

    #[test]
    fn a_patch_sets_takes_out_and_goes_into_tables() {
        let ann: Table =
            toml::from_str("presence = \"desk\"\nname = \"Ann\"\nskills = { billing = 7, english = 2 }")
                .unwrap();
        let patch = json!({ "name": null, "skills": { "english": null, "sales": 3 }, "probe": "off" });
        let patched = patched(ann, object(patch));
        let wanted = json!({ "presence": "desk", "skills": { "billing": 7, "sales": 3 }, "probe": "off" });
        assert_eq!(Value::Object(patched), wanted);
    }

    #[test]
    fn a_body_that_names_somebody_else_than_its_path_is_refused() {
        let error = table(Kind::Agent, "ann", object(json!({ "id": "ben" }))).unwrap_err();
        assert!(error.to_string().contains("\"ben\""), "{error}");
        assert!(
            table(Kind::Agent, "ann", object(json!({ "id": "ann", "phone": null }))).is_err(),
            "TOML knows no null"
        );
    }
}
