//! The card that shows who is calling.

use crate::{ContactId, Time};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Data of `pop.show`, and a card in a snapshot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pop {
    /// Names the card.
    pub pop_id: String,
    /// For which contact.
    pub contact_id: ContactId,
    /// Its state: applying an older one is a no-op.
    pub rev: u64,
    /// Whether every section has its last word.
    pub complete: bool,
    /// Who the caller may be.
    #[serde(rename = "match")]
    pub matched: Match,
    /// How long the slowest source may still take, in milliseconds, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<u64>,
    /// What the departments know, by name.
    pub sections: BTreeMap<String, Section>,
}

/// Who the caller may be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Match {
    /// How sure that is.
    pub kind: MatchKind,
    /// From 0 to 1.
    pub confidence: f64,
    /// The customers it may be, the likeliest first.
    #[serde(default)]
    pub candidates: Vec<Candidate>,
}

/// How sure it is who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchKind {
    /// One customer has this number.
    One,
    /// Several have it.
    Many,
    /// Several have it, at one address.
    Household,
    /// Nobody has it: a new caller.
    None,
    /// The caller withholds her number; nothing was looked up.
    Withheld,
}

/// A customer the caller may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The source's own id.
    pub customer_id: String,
    /// What to call her. An outsider's text: show it as text.
    pub display_name: String,
    /// What speaks for her: sources, fields.
    #[serde(default)]
    pub why: Vec<String>,
    /// When she was last heard of, as the source wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_contact_at: Option<String>,
    /// The source whose id this is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
}

/// What one department knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Its name.
    pub name: String,
    /// How the look-up stands.
    pub status: SectionStatus,
    /// Whose word it is; not told when denied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// From when the data is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Time>,
    /// How long the look-up took, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elapsed_ms: Option<u64>,
    /// One row as an object, more as `{"rows": […]}`. Outsiders' texts: show them as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

/// How a section's look-up stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SectionStatus {
    /// Still asking.
    Pending,
    /// As the source says now.
    Fresh,
    /// As the source said some time ago.
    Stale,
    /// The source did not answer in time.
    Timeout,
    /// The source failed.
    Error,
    /// The agent's roles do not open it.
    Denied,
    /// The source has nothing.
    Empty,
}

/// Data of `pop.update`: what changed since the last state of the card.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PopUpdate {
    /// Which card.
    pub pop_id: String,
    /// Its new state.
    pub rev: u64,
    /// A merge patch (RFC 7396) for `sections`.
    pub sections: Map<String, Value>,
    /// A new match, when it changed.
    #[serde(rename = "match", default, skip_serializing_if = "Option::is_none")]
    pub matched: Option<Match>,
    /// Whether every section has its last word now.
    pub complete: bool,
}
