//! Who changed what: states that supervisors set, and rules.

use super::{
    ReadError, Reader,
    reader::{micros, time},
    rows::Name,
};
use acd::Timestamp;
use sqlx::{Row as _, sqlite::SqliteRow};

/// One row of `audit`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// When.
    pub at: Timestamp,
    /// Who: a user or an agent as configured, or by which way.
    pub by: String,
    /// `agent_state` or `rules`.
    pub what: Name,
    /// Whose state.
    pub agent: Option<Name>,
    /// The state that was set.
    pub state: Option<Name>,
    /// And why.
    pub reason: Option<String>,
}

/// Which rows to list.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// At or after.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
    /// About this agent.
    pub agent: Option<String>,
    /// At most so many.
    pub limit: u32,
}

const AUDIT: &str = "SELECT at, changed_by, what, agent, state, reason FROM audit
  WHERE at >= ?1 AND at < ?2 AND (?3 IS NULL OR agent = ?3) ORDER BY at DESC LIMIT ?4";

impl Reader {
    /// Lists who changed what, latest first.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn audit(&self, filter: &AuditFilter) -> Result<Vec<AuditRow>, ReadError> {
        let to = filter.to.unwrap_or(Timestamp(i64::MAX.unsigned_abs()));
        let query = sqlx::query(AUDIT).bind(micros(filter.from.unwrap_or_default())).bind(micros(to));
        let query = query.bind(filter.agent.as_deref()).bind(i64::from(filter.limit.max(1)));
        query.fetch_all(self.pool()).await?.iter().map(row).collect()
    }
}

fn row(row: &SqliteRow) -> Result<AuditRow, ReadError> {
    Ok(AuditRow {
        at: time(row.try_get(0)?),
        by: row.try_get(1)?,
        what: Name::from(row.try_get::<&str, _>(2)?),
        agent: row.try_get::<Option<&str>, _>(3)?.map(Name::from),
        state: row.try_get::<Option<&str>, _>(4)?.map(Name::from),
        reason: row.try_get(5)?,
    })
}
