//! The card an agent sees: who it is, and sections of facts, each with its source, age and status.
//!
//! A value with serde shapes as the `pop.*` messages carry them. How it is filled is decided in [`crate::matching`].

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use suggest::value::CallPriority;

/// Everything known about a caller at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Rises with every change; the first is 1.
    pub rev: u32,
    /// Whether every section has its final status.
    pub complete: bool,
    /// Who it is.
    #[serde(rename = "match")]
    pub matched: Match,
    /// By section name.
    pub sections: BTreeMap<String, Section>,
    /// What the call is to get for the customer's sake. Not part of what an agent sees.
    #[serde(skip)]
    pub priority: Option<CallPriority>,
}

/// Who the number belongs to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Match {
    /// How many, in which way.
    pub kind: MatchKind,
    /// From 0 to 1: how sure it is that this is the caller.
    pub confidence: f32,
    /// Whom the number may belong to, last contact first.
    pub candidates: Vec<Candidate>,
}

/// What the number says about the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchKind {
    /// Nobody (yet): a new caller.
    None,
    /// The caller withheld the number: nothing was looked up.
    Withheld,
    /// Exactly one customer.
    One,
    /// Several people at one address: ask who it is.
    Household,
    /// Several customers: the agent chooses.
    Many,
}

/// A customer the number may belong to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The customer's id in `source`. Other sources may have other ids for the same person.
    pub customer_id: String,
    /// A name from the database: text, never markup.
    pub display_name: String,
    /// Reasons for a reader, such as `number`, `national digits`, `known to support`.
    pub why: Vec<String>,
    /// As the source wrote it.
    pub last_contact_at: Option<String>,
    /// The source whose id this is.
    pub source: String,
}

/// One part of the card.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// How it stands.
    pub status: SectionStatus,
    /// Which source it comes from.
    pub source: String,
    /// When it was read, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// From the start of the look-up, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elapsed_ms: Option<u32>,
    /// Who may see it; everybody if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// An object for one row, `{"rows": […]}` for several, null without any.
    #[serde(default)]
    pub data: Value,
}

/// How a section stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SectionStatus {
    /// Its source has not answered yet.
    Pending,
    /// Just read.
    Fresh,
    /// From a cache, older than it should be.
    Stale,
    /// The source did not answer within its deadline.
    Timeout,
    /// The source could not be asked; it is tried again with the next call.
    Error,
    /// The reader lacks the role.
    Denied,
    /// Nothing to show: no rows, no customer, or the agent has to choose one first.
    Empty,
}

impl Section {
    /// A section whose source has not answered yet.
    #[must_use]
    pub fn pending(source: &str, role: Option<&str>) -> Self {
        Self {
            status: SectionStatus::Pending,
            source: source.to_owned(),
            as_of: None,
            elapsed_ms: None,
            role: role.map(str::to_owned),
            data: Value::Null,
        }
    }

    fn denied(&self) -> Self {
        Self { status: SectionStatus::Denied, ..Self::pending(&self.source, self.role.as_deref()) }
    }

    fn is_open_to(&self, roles: &[String]) -> bool {
        self.role.as_ref().is_none_or(|role| roles.contains(role))
    }
}

impl Card {
    /// The card as a reader with these roles may have it: other sections say `denied` and hold no data.
    #[must_use]
    pub fn for_roles(&self, roles: &[String]) -> Self {
        let seen =
            |section: &Section| if section.is_open_to(roles) { section.clone() } else { section.denied() };
        Self {
            rev: self.rev,
            complete: self.complete,
            matched: self.matched.clone(),
            sections: self.sections.iter().map(|(name, section)| (name.clone(), seen(section))).collect(),
            priority: None,
        }
    }

    /// The sections that differ from an older card of the same look-up: what an update has to carry.
    #[must_use]
    pub fn changed_since(&self, older: &Self) -> BTreeMap<String, Section> {
        let changed = |(name, section): &(&String, &Section)| older.sections.get(*name) != Some(*section);
        self.sections.iter().filter(changed).map(|(name, section)| (name.clone(), section.clone())).collect()
    }

    /// Whether any section holds data: the first fact is there.
    #[must_use]
    pub fn has_facts(&self) -> bool {
        self.sections.values().any(|section| !section.data.is_null())
    }
}
