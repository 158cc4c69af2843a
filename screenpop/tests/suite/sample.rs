//! The sample databases.

use crate::desk::*;
use screenpop::caller::{Validity, normalise};
use screenpop::sample::{self, SampleError};
use screenpop::{MatchKind, ScreenPop, SectionStatus::*};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Column, ConnectOptions, Row};
use std::path::Path;

/// Every row of every table of the four files, as text.
async fn contents(folder: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    for source in sample::sources(folder) {
        let mut file = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(&source.path)
            .read_only(true)
            .connect()
            .await
            .unwrap();
        let tables = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name";
        for table in sqlx::query_scalar::<_, String>(tables).fetch_all(&mut file).await.unwrap() {
            let rows = sqlx::query(AssertSqlSafe(format!("SELECT * FROM {table} ORDER BY rowid")))
                .fetch_all(&mut file)
                .await
                .unwrap();
            lines.extend(rows.iter().map(|row| format!("{} {table} {}", source.name, line(row))));
        }
    }
    lines
}

fn line(row: &SqliteRow) -> String {
    let cell = |at| row.try_get_unchecked::<String, _>(at).unwrap_or_default();
    row.columns().iter().map(|column| cell(column.ordinal())).collect::<Vec<_>>().join("|")
}

#[tokio::test]
async fn the_same_seed_gives_the_same_rows() {
    let (one, same, other) = (Office::new(), Office::new(), Office::new());
    let first = sample::write(one.path(), 42, 300).await.unwrap();
    assert_eq!(sample::write(same.path(), 42, 300).await.unwrap(), first);
    assert_ne!(sample::write(other.path(), 43, 300).await.unwrap(), first);
    let rows = contents(one.path()).await;
    assert!(rows.len() > 2_000, "{} rows", rows.len());
    assert_eq!(rows, contents(same.path()).await);
    assert_ne!(rows, contents(other.path()).await);
    // Written again over itself.
    assert_eq!(sample::write(one.path(), 42, 300).await.unwrap(), first);
    assert_eq!(rows, contents(one.path()).await);
}

#[tokio::test]
async fn every_number_is_valid_and_reads_the_same_as_a_pbx_would_spell_it() {
    let office = Office::new();
    let sample = sample::write(office.path(), 1, 1_000).await.unwrap();
    assert_eq!(sample.customers.len(), 1_000);
    let region = indonesia();
    let mut countries = std::collections::BTreeSet::new();
    for customer in &sample.customers {
        assert_eq!(normalise(&customer.e164, &region).validity, Validity::Valid, "{}", customer.e164);
        assert_eq!(caller(&customer.dialled).e164.as_ref(), Some(&customer.e164), "{}", customer.dialled);
        countries.insert(customer.e164[..3].to_owned());
    }
    assert!(countries.len() >= 5, "{countries:?}");
    let shared = sample.customers.iter().filter(|customer| customer.shared).count();
    assert!((40..=100).contains(&shared), "{shared} share a number");
}

#[tokio::test]
async fn hostile_names_reach_the_card_as_they_are() {
    let office = Office::new();
    let sample = sample::write(office.path(), 5, 400).await.unwrap();
    let pop = open(patient_sample(office.path()));
    let hostile = sample
        .customers
        .iter()
        .filter(|one| one.name.contains(['<', '\'', '"', '=', '\r', '\u{202E}', '{', '&']));
    let mut seen = 0;
    for customer in hostile.filter(|one| !one.shared) {
        let card = whole(pop.look_up(&caller(&customer.dialled), "1500")).await;
        assert_eq!(card.matched.candidates[0].display_name, customer.name);
        assert_eq!(card.matched.kind, MatchKind::One);
        let json = serde_json::to_string(&card).unwrap();
        assert!(!json.contains(char::is_control), "control characters are escaped in JSON");
        seen += 1;
    }
    assert!(seen >= 8, "{seen}");
    let script = sample.customers.iter().any(|customer| customer.name.contains("<script>"));
    assert!(script && contents(office.path()).await.iter().any(|row| row.contains("DROP TABLE")));
}

#[tokio::test]
async fn somebody_elses_database_is_left_alone() {
    let office = Office::new();
    office.write("credit", "CREATE TABLE ours (x); INSERT INTO ours VALUES ('kept')").await;
    let before = std::fs::read(office.path().join("credit.db")).unwrap();
    let error = sample::write(office.path(), 1, 10).await.unwrap_err();
    assert!(matches!(&error, SampleError::NotASample(path) if path.ends_with("credit.db")), "{error}");
    assert_eq!(std::fs::read(office.path().join("credit.db")).unwrap(), before);
    assert!(!office.path().join("sales.db").exists(), "nothing is written before all is checked");
}

#[tokio::test]
async fn an_empty_sample_is_one_too() {
    let office = Office::new();
    assert!(sample::write(office.path(), 1, 0).await.unwrap().customers.is_empty());
    let card = whole(open(patient_sample(office.path())).look_up(&caller(BUDI), "1500")).await;
    assert!(card.sections.values().all(|section| section.status == Empty));
}

#[test]
fn the_toml_says_what_the_sources_say() {
    let folder = Path::new("/tmp/a \"quoted\" \\ folder");
    let parsed = sample::toml(folder).parse::<toml::Table>().unwrap();
    let blocks = parsed["source"].as_array().unwrap();
    let sources = sample::sources(folder);
    assert_eq!(blocks.len(), sources.len());
    for (block, source) in blocks.iter().zip(&sources) {
        assert_eq!(block["name"].as_str(), Some(source.name.as_str()));
        assert_eq!(block["kind"].as_str(), Some("sqlite"));
        assert_eq!(block["url"].as_str(), source.path.to_str());
        assert_eq!(block["deadline"].as_str(), Some("150ms"));
        assert_eq!(block["find"].as_str(), Some(source.find.as_str()));
        let sections = block["sections"].as_table().unwrap();
        assert_eq!(sections.len(), source.sections.len());
        for section in &source.sections {
            assert_eq!(sections[&section.name]["query"].as_str(), Some(section.query.as_str()));
            assert_eq!(sections[&section.name]["role"].as_str(), section.role.as_deref());
        }
    }
    assert_eq!(ScreenPop::problems(&sources), []);
}
