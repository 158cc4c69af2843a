//! Rules that were changed while the router ran, beside its file: queues, entries and agents that were set or taken out,
//! and what becomes of both.
//!
//! What was changed stands over the file, thing by thing: an agent who was set is as she was set, whatever the file says of
//! her, until the change is discarded or the file says the same. All else is the file's. A secret that a change does not
//! give is the file's too; one that it gives is kept as its hash alone.
//!
//! Where changes are stored, and who may make them, is left to others.

use crate::{
    Config, Finding, ONE_MACHINE, Problems, Warning, checked, routing::ONLY_QUEUE, secret::hash_of,
    whole_text,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::Path,
};
use toml::{Table, Value};

/// What findings about changes name instead of a file.
const CHANGES: &str = "changed by API";
/// What was taken out, in the file of changes.
const RETIRED: &str = "retired";
/// The keys of a token, of which an agent has one.
const TOKEN: [&str; 4] = ["token", "token_file", "token_env", "token_hash"];
/// The keys of a phone's password.
const PASSWORD: [&str; 3] = ["phone_password", "phone_password_file", "phone_password_env"];

/// What can be changed while the router runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A `[[queue]]`.
    Queue,
    /// An `[[entry]]`.
    Entry,
    /// An `[[agent]]`.
    Agent,
}

impl Kind {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Queue, Self::Entry, Self::Agent];
    /// The word in the file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Entry => "entry",
            Self::Agent => "agent",
        }
    }
    /// The key that tells one from the other.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Queue => "name",
            Self::Entry => "number",
            Self::Agent => "id",
        }
    }
}

/// What was changed, by kind and name.
#[derive(Clone, Default, PartialEq)]
pub struct Changes(BTreeMap<(Kind, String), Change>);

#[derive(Clone, PartialEq)]
enum Change {
    Set(Table),
    Retired,
}

/// A file of changes that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadChanges(String);

impl fmt::Display for BadChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadChanges {}

impl Changes {
    /// Reads what [`Changes::to_toml`] wrote.
    ///
    /// # Errors
    /// When it is no such text.
    pub fn read(text: &str) -> Result<Self, BadChanges> {
        let bad = |what: &str| BadChanges(what.to_owned());
        let document: Table = text.parse().map_err(|error: toml::de::Error| bad(error.message()))?;
        let mut changes = BTreeMap::new();
        for kind in Kind::ALL {
            for rules in tables(&document, kind) {
                let name = named(rules, kind).ok_or_else(|| bad("something in it has no name"))?;
                changes.insert((kind, name.to_owned()), Change::Set(rules.clone()));
            }
            let retired = document.get(RETIRED).and_then(|all| all.get(kind.as_str()));
            for name in retired.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
                changes.insert((kind, name.to_owned()), Change::Retired);
            }
        }
        Ok(Self(changes))
    }
    /// As a text, to be read again. It holds hashes of tokens.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let (mut document, mut retired) = (Table::new(), Table::new());
        for ((kind, name), change) in &self.0 {
            let (to, value) = match change {
                Change::Set(rules) => (&mut document, Value::Table(rules.clone())),
                Change::Retired => (&mut retired, Value::String(name.clone())),
            };
            let list = to.entry(kind.as_str()).or_insert_with(|| Value::Array(Vec::new()));
            list.as_array_mut().into_iter().for_each(|list| list.push(value.clone()));
        }
        if !retired.is_empty() {
            document.insert(RETIRED.to_owned(), Value::Table(retired));
        }
        text_of(&document)
    }
    /// Sets something; its name stands where `rules` would have it.
    ///
    /// # Errors
    /// For a phone's password itself, of which no hash would do.
    pub fn set(&mut self, kind: Kind, name: &str, mut rules: Table) -> Result<(), Problems> {
        if kind == Kind::Agent && rules.contains_key(PASSWORD[0]) {
            let key = format!("agent[{name}].{}", PASSWORD[0]);
            let what =
                "a phone's password is not taken here, where it could not be kept as a hash".to_owned();
            let way_out =
                "put it into a file on the router's machine and name that as phone_password_file".to_owned();
            return Err(Problems::of(Finding { file: CHANGES.to_owned(), line: 0, key, what, way_out }));
        }
        rules.insert(kind.label().to_owned(), Value::String(name.to_owned()));
        // A secret that is not given stays as it is.
        if let (Kind::Agent, Some(Change::Set(before))) = (kind, self.0.get(&(kind, name.to_owned()))) {
            inherit(&mut rules, before);
        }
        self.0.insert((kind, name.to_owned()), Change::Set(rules));
        Ok(())
    }
    /// Takes something out.
    pub fn retire(&mut self, kind: Kind, name: &str) {
        self.0.insert((kind, name.to_owned()), Change::Retired);
    }
    /// Whether nothing was changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// What was changed: `agent ann`, `queue sales (retired)`.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|((kind, name), change)| match change {
            Change::Set(_) => format!("{} {name}", kind.as_str()),
            Change::Retired => format!("{} {name} (retired)", kind.as_str()),
        })
    }

    /// Puts the changes over a file's things of a kind.
    fn over(&self, kind: Kind, file: &[Table]) -> Vec<Table> {
        let change = |rules: &Table| self.0.get(&(kind, named(rules, kind)?.to_owned()));
        let changed = |rules: &Table| match change(rules) {
            None => Some(rules.clone()),
            Some(Change::Retired) => None,
            Some(Change::Set(set)) => Some(with_secrets(set, rules)),
        };
        let known: BTreeSet<&str> = file.iter().filter_map(|rules| named(rules, kind)).collect();
        let added = self.0.iter().filter(|((of, name), _)| *of == kind && !known.contains(name.as_str()));
        let added = added.filter_map(|(_, change)| match change {
            Change::Set(rules) => Some(rules.clone()),
            Change::Retired => None,
        });
        file.iter().filter_map(changed).chain(added).collect()
    }
    fn touches(&self, kind: Kind) -> bool {
        self.0.keys().any(|(of, _)| *of == kind)
    }
    /// Forgets what the file says too, and keeps no token.
    fn settled(self, file: &Table) -> Self {
        let differs = |(kind, name): &(Kind, String), change: &Change| {
            let things = things(file, *kind);
            let in_file = things.iter().find(|rules| named(rules, *kind) == Some(name));
            match (change, in_file) {
                (Change::Retired, there) => there.is_some(),
                (Change::Set(_), None) => true,
                (Change::Set(rules), Some(there)) => {
                    hidden(with_secrets(rules, there)) != hidden(there.clone())
                }
            }
        };
        let changes = self.0.into_iter().filter(|(of, change)| differs(of, change));
        Self(
            changes
                .map(|(of, change)| match change {
                    Change::Set(rules) => (of, Change::Set(hidden(rules))),
                    Change::Retired => (of, Change::Retired),
                })
                .collect(),
        )
    }
}

/// Shows no secret.
impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

/// The rules that a file and changes make together.
#[derive(Debug)]
pub struct Rules {
    /// What was meant.
    pub config: Config,
    /// What works but hardly as meant.
    pub warnings: Vec<Warning>,
    /// Queues, entries and agents as they are written.
    pub book: Book,
    /// The changes that still differ from the file; no token stands in them.
    pub changes: Changes,
}

/// Queues, entries and agents as they are written in a file.
#[derive(Clone, Default)]
pub struct Book {
    objects: Vec<Object>,
    retired: Vec<(Kind, String)>,
}

/// A queue, an entry or an agent as it is written in a file.
#[derive(Clone)]
pub struct Object {
    /// What it is.
    pub kind: Kind,
    /// Its name, number or id.
    pub name: String,
    /// Who wrote it.
    pub origin: Origin,
    rules: Table,
}

/// Where something comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The file.
    File,
    /// It stands in the file, and was changed.
    Changed,
    /// It does not stand in the file.
    Added,
}

impl Origin {
    /// Its word in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Changed => "changed",
            Self::Added => "added",
        }
    }
}

impl Book {
    fn new(file: &Table, changes: &Changes) -> Self {
        let mut book = Self::default();
        for kind in Kind::ALL {
            let there = things(file, kind);
            let known: BTreeSet<&str> = there.iter().filter_map(|rules| named(rules, kind)).collect();
            for rules in changes.over(kind, &there) {
                let Some(name) = named(&rules, kind).map(str::to_owned) else { continue };
                let is_set = changes.0.contains_key(&(kind, name.clone()));
                let origin = match (is_set, known.contains(name.as_str())) {
                    (false, _) => Origin::File,
                    (true, true) => Origin::Changed,
                    (true, false) => Origin::Added,
                };
                book.objects.push(Object { kind, name, origin, rules: hidden(rules) });
            }
            let is_retired =
                |name: &&str| changes.0.get(&(kind, (*name).to_owned())) == Some(&Change::Retired);
            book.retired
                .extend(known.iter().filter(|name| is_retired(name)).map(|name| (kind, (*name).to_owned())));
        }
        book
    }
    /// All of them, by kind, in the order of the file.
    pub fn objects(&self) -> impl Iterator<Item = &Object> {
        self.objects.iter()
    }
    /// The one of this name.
    #[must_use]
    pub fn object(&self, kind: Kind, name: &str) -> Option<&Object> {
        self.objects.iter().find(|object| object.kind == kind && object.name == name)
    }
    /// What stands in the file and was taken out.
    pub fn retired(&self) -> impl Iterator<Item = (Kind, &str)> {
        self.retired.iter().map(|(kind, name)| (*kind, name.as_str()))
    }
    /// As a file would have them. Tokens are there as hashes; passwords of phones are left out.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut document = Table::new();
        for object in &self.objects {
            let list = document.entry(object.kind.as_str()).or_insert_with(|| Value::Array(Vec::new()));
            let rules = Value::Table(without(&object.rules, &PASSWORD[..1]));
            list.as_array_mut().into_iter().for_each(|list| list.push(rules.clone()));
        }
        text_of(&document)
    }
}

impl Object {
    /// How it is written, without any secret or its hash.
    #[must_use]
    pub fn rules(&self) -> Table {
        without(&self.rules, &["token", "token_hash", PASSWORD[0]])
    }
    /// All that is written of it, hashes of secrets included: to tell whether it has changed.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        text_of(&self.rules)
    }
    /// Whether it has a token, or a password of a phone, that is not shown.
    #[must_use]
    pub fn has_secret(&self) -> bool {
        TOKEN.iter().chain(&PASSWORD).any(|key| self.rules.contains_key(*key))
    }
}

impl fmt::Debug for Book {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Book({})", self.objects.len())
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.as_str(), self.name)
    }
}

/// Reads and checks a file with changes over it; without a file, what runs without one. The file has to be sound by itself.
///
/// # Errors
/// Every problem of the file; when it has none, every problem of both together.
pub fn load_rules(file: Option<&Path>, changes: Changes) -> Result<Rules, Problems> {
    let label = file.map(|file| file.display().to_string()).unwrap_or_default();
    let text = match file {
        None => ONE_MACHINE.to_owned(),
        Some(file) => whole_text(file).map_err(|(what, way_out)| Problems::of_file(&label, what, way_out))?,
    };
    let folder = file.and_then(Path::parent).unwrap_or(Path::new(""));
    let env = |name: &str| std::env::var(name).ok();
    let (config, warnings) = checked(&text, &label, folder, &env)?;
    // It was read once already, and whole.
    let unreadable =
        |error: toml::de::Error| Problems::of_file(&label, error.message().to_owned(), "write it as TOML");
    let document: Table = text.parse().map_err(unreadable)?;
    if changes.is_empty() {
        let book = Book::new(&document, &changes);
        return Ok(Rules { config, warnings, book, changes });
    }
    let mut both = document.clone();
    for kind in Kind::ALL.into_iter().filter(|kind| changes.touches(*kind)) {
        let list = changes.over(kind, &things(&document, kind));
        if list.is_empty() && kind == Kind::Agent {
            both.remove(kind.as_str()); // a site without agents is one, if not for long
            continue;
        }
        both.insert(kind.as_str().to_owned(), Value::Array(list.into_iter().map(Value::Table).collect()));
    }
    let (config, of_both) =
        checked(&text_of(&both), CHANGES, folder, &env).map_err(Problems::without_lines)?;
    let known: BTreeSet<(String, String)> =
        warnings.iter().map(|one| (one.key.clone(), one.what.clone())).collect();
    let new = of_both.into_iter().filter(|one| !known.contains(&(one.key.clone(), one.what.clone())));
    let warnings = warnings.iter().cloned().chain(new.map(|one| Finding { line: 0, ..one })).collect();
    let changes = changes.settled(&document);
    Ok(Rules { config, warnings, book: Book::new(&document, &changes), changes })
}

/// The file's things of a kind; where it has none, those that go without saying.
fn things(document: &Table, kind: Kind) -> Vec<Table> {
    if document.contains_key(kind.as_str()) {
        return tables(document, kind).into_iter().cloned().collect();
    }
    let text = |text: &str| Value::String(text.to_owned());
    match kind {
        Kind::Queue => vec![Table::from_iter([("name".to_owned(), text(ONLY_QUEUE))])],
        Kind::Entry => {
            let queues = things(document, Kind::Queue);
            let first = queues.first().and_then(|queue| named(queue, Kind::Queue)).unwrap_or(ONLY_QUEUE);
            let (number, queue) = (("number".to_owned(), text("*")), ("queue".to_owned(), text(first)));
            vec![Table::from_iter([number, queue])]
        }
        Kind::Agent => Vec::new(),
    }
}

fn tables(document: &Table, kind: Kind) -> Vec<&Table> {
    let list = document.get(kind.as_str()).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_table).collect()
}

fn named(rules: &Table, kind: Kind) -> Option<&str> {
    rules.get(kind.label())?.as_str()
}

/// What was set, with the secrets of the file where it gives none.
fn with_secrets(set: &Table, file: &Table) -> Table {
    let mut rules = set.clone();
    inherit(&mut rules, file);
    rules
}

fn inherit(rules: &mut Table, from: &Table) {
    let registers = rules.get("phone").and_then(Value::as_str) == Some("registered");
    let passwords = if registers { &PASSWORD[..] } else { &[] };
    for keys in [&TOKEN[..], passwords] {
        if keys.iter().any(|key| rules.contains_key(*key)) {
            continue;
        }
        for key in keys {
            rules.extend(from.get(*key).map(|value| ((*key).to_owned(), value.clone())));
        }
    }
}

/// With the hash of its token instead of the token.
fn hidden(mut rules: Table) -> Table {
    if let Some(Value::String(token)) = rules.remove(TOKEN[0]) {
        let hash: String = hash_of(&token).iter().map(|byte| format!("{byte:02x}")).collect();
        rules.insert("token_hash".to_owned(), Value::String(hash));
    }
    rules
}

fn without(rules: &Table, keys: &[&str]) -> Table {
    rules
        .iter()
        .filter(|(key, _)| !keys.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

fn text_of(document: &Table) -> String {
    document.to_string()
}

#[cfg(test)]
mod tests;
