//! What the tests of look-ups share: databases, sources, a caller, and an agent who watches the card.

use screenpop::caller::{Caller, CallerHeaders, Region, identify};
use screenpop::{Card, ScreenPop, SectionSpec, SectionStatus, SourceSpec};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::watch::Receiver;

/// Far beyond every deadline in these tests: whoever waits so long has found a fault.
pub const PATIENCE: Duration = Duration::from_secs(30);
pub const BUDI: &str = "+6281234567890";
pub const FIND: &str = "SELECT id, name FROM people WHERE phone = :e164";
/// Runs for minutes if nobody stops it.
pub const SLOW: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000000000) \
     SELECT count(*) AS n FROM n WHERE :customer IS NOT NULL";

pub fn indonesia() -> Region {
    Region::new("ID").unwrap()
}

pub fn caller(number: &str) -> Caller {
    caller_in("ID", number)
}

pub fn caller_in(region: &str, number: &str) -> Caller {
    let from = format!("<sip:{number}@pbx.example>;tag=1");
    identify(&CallerHeaders { from: &from, ..CallerHeaders::default() }, true, &Region::new(region).unwrap())
}

pub fn withheld() -> Caller {
    caller("anonymous")
}

/// A folder of department databases.
pub struct Office {
    folder: TempDir,
}

impl Office {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes `name.db` by these statements.
    pub async fn write(&self, name: &str, script: &str) {
        let path = self.path().join(format!("{name}.db"));
        let mut file =
            SqliteConnectOptions::new().filename(path).create_if_missing(true).connect().await.unwrap();
        file.execute(AssertSqlSafe(script)).await.unwrap();
        file.close().await.unwrap();
    }

    /// A department that knows Budi under this id.
    pub async fn knows_budi(&self, name: &str, id: &str) {
        let people = "CREATE TABLE people (id, name TEXT, phone TEXT)";
        let facts = "CREATE TABLE facts (person, fact TEXT)";
        let rows = format!(
            "INSERT INTO people VALUES ({id}, 'Budi', '{BUDI}'); INSERT INTO facts VALUES ({id}, '{name}')"
        );
        self.write(name, &format!("{people}; {facts}; {rows}")).await;
    }

    /// A source on `name.db` with one section of the same name.
    pub fn source(&self, name: &str, deadline_ms: u64, query: &str) -> SourceSpec {
        SourceSpec {
            name: name.to_owned(),
            path: self.path().join(format!("{name}.db")),
            deadline: Duration::from_millis(deadline_ms),
            find: FIND.to_owned(),
            sections: vec![section(name, query, None)],
        }
    }

    pub fn facts(&self, name: &str) -> SourceSpec {
        self.source(name, 5_000, "SELECT fact FROM facts WHERE person = :customer")
    }
}

pub fn section(name: &str, query: &str, role: Option<&str>) -> SectionSpec {
    SectionSpec { name: name.to_owned(), query: query.to_owned(), role: role.map(str::to_owned) }
}

pub fn open(sources: Vec<SourceSpec>) -> Arc<ScreenPop> {
    ScreenPop::open(sources, indonesia()).unwrap()
}

/// Waits for the card to become as wanted.
pub async fn card_when(card: &mut Receiver<Card>, wanted: impl FnMut(&Card) -> bool) -> Card {
    let seen = tokio::time::timeout(PATIENCE, card.wait_for(wanted)).await;
    seen.expect("the card never became as wanted").expect("the look-up ended before").clone()
}

pub async fn whole(mut card: Receiver<Card>) -> Card {
    card_when(&mut card, |card| card.complete).await
}

pub fn status(card: &Card, section: &str) -> SectionStatus {
    card.sections[section].status
}

/// The sample's sources, with deadlines that a busy machine keeps, too.
pub fn patient_sample(folder: &Path) -> Vec<SourceSpec> {
    let patient = |source| SourceSpec { deadline: PATIENCE, ..source };
    screenpop::sample::sources(folder).into_iter().map(patient).collect()
}
