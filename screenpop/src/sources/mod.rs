//! Department databases: what is configured, checked once, and asked for every call.
//!
//! This file decides whether a configured source can be used at all; [`params`] reads its queries, [`sqlite`] runs
//! them. Which source is asked for what, and when, is decided in [`crate::lookup`].

pub mod params;
mod rows;
pub(crate) mod sqlite;

pub(crate) use rows::Rows;

use crate::advice::{self, AdviceSpec};
use params::{Param, ParamError, Rewritten};
use std::{collections::BTreeMap, path::PathBuf, time::Duration};

/// Longest deadline of a source: an agent waits no longer for a section.
pub const MAX_DEADLINE: Duration = Duration::from_secs(30);

/// A database as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSpec {
    /// Names it on the card and in messages.
    pub name: String,
    /// The SQLite file. It need not exist yet.
    pub path: PathBuf,
    /// Time for its `find` and all its sections together.
    pub deadline: Duration,
    /// Finds customers by number; its columns are `id`, `name` and, if there are any, `address` and
    /// `last_contact_at`. Without such names the first column is the id, the second the name.
    pub find: String,
    /// What it contributes to the card.
    pub sections: Vec<SectionSpec>,
}

/// A part of the card as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectionSpec {
    /// Names it on the card; no two sources may use the same name.
    pub name: String,
    /// A SELECT. One that names `:customer` runs for exactly one customer, others run with the number alone.
    pub query: String,
    /// Who may see it; everybody if `None`.
    pub role: Option<String>,
}

/// Why the sources cannot be used. Names the key under which the mistake was typed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// A query that cannot work.
    #[error("source {source_name:?}, {key}: {problem}")]
    Query {
        /// The source.
        source_name: String,
        /// `find` or `sections.NAME.query`.
        key: String,
        /// What is wrong.
        problem: ParamError,
    },
    /// `find` asks for what only it can tell.
    #[error("source {0:?}, find: :customer is what find has to return; use :e164, :national or :called")]
    FindNeedsCustomer(String),
    /// `find` does not depend on who is calling.
    #[error(
        "source {0:?}, find: it names neither :e164 nor :national, so it would find the same for every caller"
    )]
    FindIgnoresNumber(String),
    /// Two sources with one name.
    #[error("source {0:?} is there twice; give each its own name")]
    DuplicateSource(String),
    /// One section name in two places.
    #[error("section {section:?} of source {second:?} is already filled by source {first:?}; rename one")]
    DuplicateSection {
        /// The section.
        section: String,
        /// Who has it.
        first: String,
        /// Who wants it, too.
        second: String,
    },
    /// Suggestions go by the ids of a source that is not there.
    #[error("suggestions, customers: there is no source {0:?}; name the one whose ids the model knows")]
    NoSuchSource(String),
    /// A deadline nobody can keep, or nobody would wait for.
    #[error("source {0:?}, deadline: it must be longer than zero and at most 30s")]
    Deadline(String),
    /// There is no tokio runtime to run look-ups in.
    #[error("screen pops need a tokio runtime; open them inside one")]
    NoRuntime,
}

/// Everything that is wrong with the sources, in the order in which it was written.
#[must_use]
pub fn problems(sources: &[SourceSpec]) -> Vec<OpenError> {
    let mut names = Vec::<&str>::new();
    let mut sections = BTreeMap::<&str, &str>::new();
    let mut problems = Vec::new();
    for source in sources {
        if names.contains(&source.name.as_str()) {
            problems.push(OpenError::DuplicateSource(source.name.clone()));
        }
        names.push(&source.name);
        if source.deadline.is_zero() || source.deadline > MAX_DEADLINE {
            problems.push(OpenError::Deadline(source.name.clone()));
        }
        problems.extend(find_query(source).err());
        for section in &source.sections {
            problems.extend(section_query(source, section).err());
            if let Some(first) = sections.insert(&section.name, &source.name) {
                problems.push(duplicate(section, first, source));
            }
        }
    }
    problems
}

/// What is wrong with suggestions beside these sources.
pub(crate) fn advice_problems(sources: &[SourceSpec], advice: &AdviceSpec) -> Vec<OpenError> {
    let unknown = !sources.iter().any(|source| source.name == advice.customers);
    let unknown = unknown.then(|| OpenError::NoSuchSource(advice.customers.clone()));
    let taken = |source: &SourceSpec| {
        let section = source.sections.iter().find(|one| advice::SECTIONS.contains(&one.name.as_str()))?;
        Some(duplicate(section, advice::SOURCE, source))
    };
    sources.iter().filter_map(taken).chain(unknown).collect()
}

fn duplicate(section: &SectionSpec, first: &str, second: &SourceSpec) -> OpenError {
    OpenError::DuplicateSection {
        section: section.name.clone(),
        first: first.to_owned(),
        second: second.name.clone(),
    }
}

/// The query that finds customers, ready to run.
pub(crate) fn find_query(source: &SourceSpec) -> Result<Rewritten, OpenError> {
    let query = rewrite(source, "find".to_owned(), &source.find)?;
    if query.params.contains(&Param::Customer) {
        return Err(OpenError::FindNeedsCustomer(source.name.clone()));
    }
    if !query.params.iter().any(|param| matches!(param, Param::E164 | Param::National)) {
        return Err(OpenError::FindIgnoresNumber(source.name.clone()));
    }
    Ok(query)
}

/// The query of a section, ready to run.
pub(crate) fn section_query(source: &SourceSpec, section: &SectionSpec) -> Result<Rewritten, OpenError> {
    rewrite(source, format!("sections.{}.query", section.name), &section.query)
}

fn rewrite(source: &SourceSpec, key: String, query: &str) -> Result<Rewritten, OpenError> {
    let source_name = source.name.clone();
    params::rewrite(query).map_err(|problem| OpenError::Query { source_name, key, problem })
}
