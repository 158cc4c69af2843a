//! How much of a database reaches the card, and as what.

use crate::desk::*;
use screenpop::{MAX_CELL_BYTES, MAX_ROWS, MAX_SECTION_BYTES, SectionStatus::*};
use serde_json::json;

async fn data(script: &str, query: &str) -> serde_json::Value {
    let office = Office::new();
    office.write("sales", &format!("CREATE TABLE people (id, name, phone); INSERT INTO people VALUES (1, 'Budi', '{BUDI}'); {script}")).await;
    let card = whole(open(vec![office.source("sales", 20_000, query)]).look_up(&caller(BUDI), "1500")).await;
    card.sections["sales"].data.clone()
}

#[tokio::test]
async fn one_row_is_an_object_and_several_are_rows() {
    let script = "CREATE TABLE t (x); INSERT INTO t VALUES (1), (2)";
    assert_eq!(data(script, "SELECT x FROM t WHERE x = :customer").await, json!({"x": 1}));
    assert_eq!(
        data(script, "SELECT x FROM t WHERE :customer ORDER BY x").await,
        json!({"rows": [{"x": 1}, {"x": 2}]})
    );
    assert_eq!(data(script, "SELECT x FROM t WHERE x = 9 AND :customer").await, json!(null));
}

#[tokio::test]
async fn values_keep_their_types() {
    let script = "CREATE TABLE t (i INTEGER, r REAL, s TEXT, n TEXT, b BLOB, f BOOLEAN, d DATETIME, bad TEXT);
        INSERT INTO t VALUES (9007199254740993, 1.5, 'é\"<b>', NULL, x'00ff', 1, '2026-01-01 00:00:00', CAST(x'ff41' AS TEXT))";
    let expected = json!({"i": 9_007_199_254_740_993_i64, "r": 1.5, "s": "é\"<b>", "n": null, "b": null, "f": 1,
        "d": "2026-01-01 00:00:00", "bad": "\u{FFFD}A"});
    assert_eq!(data(script, "SELECT * FROM t WHERE :customer").await, expected);
}

#[tokio::test]
async fn no_more_rows_than_fit_a_card_are_taken() {
    let script = "CREATE TABLE t (x); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO t SELECT i FROM n";
    let data = data(script, "SELECT x FROM t WHERE :customer").await;
    assert_eq!(data["rows"].as_array().unwrap().len(), MAX_ROWS);
    assert_eq!(data["truncated"], true);
}

#[tokio::test]
async fn no_more_bytes_than_fit_a_card_are_taken() {
    let long = MAX_CELL_BYTES * 10;
    let script = format!(
        "CREATE TABLE t (x); INSERT INTO t SELECT hex(zeroblob({long})) FROM (VALUES (1),(2),(3),(4),(5),(6),(7),(8),(9),(10))"
    );
    let data = data(&script, "SELECT x FROM t WHERE :customer").await;
    let rows = data["rows"].as_array().unwrap();
    assert!(rows.len() >= 2 && data["truncated"] == true);
    assert!(rows.iter().all(|row| row["x"].as_str().unwrap().len() <= MAX_CELL_BYTES + 4));
    assert!(data.to_string().len() <= MAX_SECTION_BYTES + 1_024);
}

#[tokio::test]
async fn an_id_goes_back_to_the_database_as_what_it_was() {
    let office = Office::new();
    for (name, id) in [("number", "17"), ("text", "'17'"), ("code", "'A-17'")] {
        office.knows_budi(name, id).await;
    }
    let pop = open(["number", "text", "code"].map(|name| office.facts(name)).into());
    let card = whole(pop.look_up(&caller(BUDI), "1500")).await;
    assert_eq!(["number", "text", "code"].map(|name| status(&card, name)), [Fresh, Fresh, Fresh]);
}
