//! What came of a change of the rules, in the words of whoever asked for it.

use super::Difference;
use crate::{changes_file::ChangesError, media::SoundError};
use config::{Finding, Kind, Problems, Rules};
use serde::Serialize;

/// What has changed.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What is different.
    pub difference: Difference,
    /// What works but hardly as meant.
    pub warnings: Vec<String>,
    /// What was changed by API, and is not as the file says.
    pub over_file: Vec<String>,
}

/// A report as it is answered.
#[derive(Serialize)]
struct Body<'a> {
    outcome: &'a str,
    added: &'a [String],
    changed: &'a [String],
    retired: &'a [String],
    over_file: &'a [String],
    warnings: &'a [String],
}

impl Report {
    pub(super) fn new(difference: Difference, rules: &Rules) -> Self {
        let warnings = rules.warnings.iter().map(ToString::to_string).collect();
        Self { difference, warnings, over_file: rules.changes.names().collect() }
    }
    /// `changed` or `unchanged`.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        if self.difference.is_empty() { "unchanged" } else { "changed" }
    }
    /// As JSON.
    #[must_use]
    pub fn body(&self) -> impl Serialize + '_ {
        let Difference { added, changed, retired, .. } = &self.difference;
        let Self { warnings, over_file, .. } = self;
        Body { outcome: self.outcome(), added, changed, retired, over_file, warnings }
    }
    /// As lines.
    #[must_use]
    pub fn lines(&self) -> String {
        let Difference { added, changed, retired, .. } = &self.difference;
        let mut lines: Vec<String> =
            self.warnings.iter().map(|warning| format!("warning: {warning}")).collect();
        for (word, names) in [("added", added), ("changed", changed), ("retired", retired)] {
            lines.extend(names.iter().map(|name| format!("{word}: {name}")));
        }
        let over = self.over_file.iter();
        lines.extend(over.map(|name| format!("not as the file says, changed by API: {name}")));
        if self.difference.is_empty() {
            lines.push("nothing has changed".to_owned());
        }
        lines.iter().map(|line| format!("{line}\n")).collect()
    }
    pub(super) fn tell(&self, by: &str) {
        for warning in &self.warnings {
            tracing::warn!("{warning}");
        }
        if !self.over_file.is_empty() {
            tracing::warn!(changes = brief(&self.over_file), "changed by API, and not as the file says");
        }
        self.difference.tell(by);
    }
}

impl Difference {
    fn tell(&self, by: &str) {
        if self.is_empty() {
            return tracing::info!(by, "the rules are as they were");
        }
        let [added, changed, retired] = [&self.added, &self.changed, &self.retired].map(|names| brief(names));
        tracing::info!(by, added, changed, retired, "other rules are in force");
    }
}

/// Names in a line, the first of them.
fn brief(names: &[String]) -> String {
    const SHOWN: usize = 20;
    let shown = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    let more = names.len().saturating_sub(SHOWN);
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

/// Why new rules could not be made ready.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    /// A sound cannot be played.
    #[error(transparent)]
    Sound(#[from] SoundError),
    /// Names, and no DNS server to ask.
    #[error("the system names no DNS server to ask ({0}); write one under [sip] dns and restart")]
    Names(#[from] hickory_resolver::net::NetError),
    /// Two agents have one token.
    #[error(transparent)]
    Gateway(#[from] agent_gateway::GatewayError),
    /// A thread of ours broke down.
    #[error("reading the sounds broke down; see the log")]
    Broken,
}

/// Why nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The rules are wrong.
    #[error("{0}")]
    Problems(#[from] Problems),
    /// What is different cannot change while the router runs.
    #[error("restart to change {}; nothing else was changed either", .0.join(", "))]
    Restart(Vec<&'static str>),
    /// What they name cannot be used.
    #[error(transparent)]
    NotReady(#[from] NotReady),
    /// What was sent cannot be read.
    #[error("{what}")]
    Unreadable {
        /// What is wrong with it.
        what: String,
    },
    /// There is none.
    #[error("there is no {} {name:?}", kind.as_str())]
    NotThere {
        /// What it would be.
        kind: Kind,
        /// Its name.
        name: String,
    },
    /// It is not as whoever asked believed.
    #[error("it was changed meanwhile; read it again")]
    Changed {
        /// Its tag now, if it is there.
        tag: Option<String>,
    },
    /// This house was not started from a file.
    #[error("the rules of this router cannot be changed: it was not started by `sambung run`")]
    Fixed,
    /// The store does not take it.
    #[error(transparent)]
    Store(#[from] ChangesError),
    /// The brain has no room for it.
    #[error("the router has too much to do; try again")]
    Busy,
    /// The brain has gone, or stands still.
    #[error("the router did not take it up in time; look whether it is in force")]
    Gone,
}

impl Refused {
    /// Whether it is a mistake of whoever wrote the rules, and no trouble of ours.
    #[must_use]
    pub const fn is_mistake(&self) -> bool {
        match self {
            Self::Problems(_)
            | Self::Restart(_)
            | Self::NotReady(_)
            | Self::Unreadable { .. }
            | Self::NotThere { .. }
            | Self::Changed { .. }
            | Self::Fixed => true,
            Self::Store(_) | Self::Busy | Self::Gone => false,
        }
    }
    /// Every problem of the rules, if they are wrong.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        let problems = if let Self::Problems(problems) = self { Some(problems) } else { None };
        problems.into_iter().flat_map(Problems::iter)
    }
    /// In a line.
    #[must_use]
    pub fn brief(&self) -> String {
        if let Self::Problems(problems) = self {
            return format!("{} problems were found", problems.count());
        }
        self.to_string()
    }
}
