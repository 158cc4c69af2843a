//! Slow, broken, absent and returning sources.

use crate::desk::*;
use screenpop::{CONNECTIONS, MAX_LOOK_UPS, MatchKind, OpenError, ParamError, ScreenPop, SectionStatus::*};
use serde_json::json;
use std::time::Instant;

#[tokio::test]
async fn a_slow_source_is_given_up_at_its_deadline_and_delays_nobody() {
    let office = Office::new();
    for name in ["sales", "slow", "support"] {
        office.knows_budi(name, "1").await;
    }
    let pop = open(vec![office.source("slow", 1_500, SLOW), office.facts("sales"), office.facts("support")]);
    let started = Instant::now();
    let mut receiver = pop.look_up(&caller(BUDI), "1500");
    let partial =
        card_when(&mut receiver, |card| status(card, "sales") == Fresh && status(card, "support") == Fresh)
            .await;
    assert_eq!((status(&partial, "slow"), partial.complete), (Pending, false), "the others came first");
    let card = whole(receiver).await;
    assert_eq!(status(&card, "slow"), Timeout);
    assert!(started.elapsed().as_millis() >= 1_500, "not before its deadline");
    assert!(started.elapsed() < PATIENCE / 3, "and not long after it");
    assert_eq!((status(&card, "sales"), status(&card, "support")), (Fresh, Fresh));
    assert_eq!(card.matched.kind, MatchKind::One);
}

#[tokio::test]
async fn a_slow_section_does_not_hold_up_the_other_sections_of_its_source() {
    let office = Office::new();
    office.knows_budi("sales", "1").await;
    let mut source = office.source("sales", 2_000, "SELECT fact FROM facts WHERE person = :customer");
    source.sections.push(section("slow", SLOW, None));
    let mut receiver = open(vec![source]).look_up(&caller(BUDI), "1500");
    let partial = card_when(&mut receiver, |card| status(card, "sales") == Fresh).await;
    assert_eq!(status(&partial, "slow"), Pending);
    assert_eq!(status(&whole(receiver).await, "slow"), Timeout);
}

#[tokio::test]
async fn a_source_whose_find_is_slow_times_out_as_a_whole() {
    let office = Office::new();
    office.knows_budi("sales", "1").await;
    let mut source = office.source("sales", 100, "SELECT fact FROM facts WHERE person = :customer");
    source.find = SLOW.replace(":customer", ":e164");
    let card = whole(open(vec![source]).look_up(&caller(BUDI), "1500")).await;
    assert_eq!((status(&card, "sales"), card.matched.kind), (Timeout, MatchKind::None));
}

#[tokio::test]
async fn the_database_stops_by_itself_so_that_slow_queries_never_use_up_the_connections() {
    let office = Office::new();
    office.knows_budi("sales", "1").await;
    let mut source = office.source("sales", 200, "SELECT fact FROM facts WHERE person = :customer");
    // Slow only for calls to "slow".
    source.find = format!(
        "{} AND :called = 'slow' UNION ALL {FIND}",
        SLOW.replace(":customer", ":e164").replace("count(*) AS n", "'x', 'y'")
    );
    let pop = open(vec![source]);
    for _ in 0..3 {
        let slow = (0..CONNECTIONS * 2).map(|_| pop.look_up(&caller(BUDI), "slow")).collect::<Vec<_>>();
        for receiver in slow {
            whole(receiver).await;
        }
    }
    // Those that stopped last may still be giving their connections back, so the first one may come too late.
    let mut fast = whole(pop.look_up(&caller(BUDI), "1500")).await;
    if status(&fast, "sales") == Timeout {
        fast = whole(pop.look_up(&caller(BUDI), "1500")).await;
    }
    assert_eq!(fast.matched.candidates.len(), 1);
}

#[tokio::test]
async fn whoever_stops_looking_frees_the_database() {
    let office = Office::new();
    office.knows_budi("sales", "1").await;
    let mut source = office.facts("sales");
    source.deadline = PATIENCE;
    source.sections.push(section("slow", SLOW, None));
    let pop = open(vec![source]);
    for _ in 0..3 {
        let mut receivers = (0..CONNECTIONS).map(|_| pop.look_up(&caller(BUDI), "1500")).collect::<Vec<_>>();
        // All connections are busy for half a minute, unless hanging up counts.
        for receiver in &mut receivers {
            card_when(receiver, |card| card.matched.kind == MatchKind::One).await;
        }
    }
    let mut last = pop.look_up(&caller(BUDI), "1500");
    let started = Instant::now();
    card_when(&mut last, |card| status(card, "sales") == Fresh).await;
    assert!(started.elapsed() < PATIENCE / 3);
}

#[tokio::test]
async fn a_broken_source_says_so_and_the_others_are_shown() {
    let office = Office::new();
    office.knows_budi("sales", "1").await;
    office.knows_budi("support", "1").await;
    office.write("broken", "CREATE TABLE unrelated (x)").await;
    std::fs::write(office.path().join("garbage.db"), "this is no database, however long one looks at it")
        .unwrap();
    let sources = vec![
        office.facts("broken"),
        office.facts("garbage"),
        office.facts("sales"),
        office.source("support", 5_000, "SELECT nothing FROM nowhere WHERE :customer"),
    ];
    let card = whole(open(sources).look_up(&caller(BUDI), "1500")).await;
    let statuses = ["broken", "garbage", "sales", "support"].map(|name| status(&card, name));
    assert_eq!(statuses, [Error, Error, Fresh, Error]);
}

#[tokio::test]
async fn a_find_without_an_id_is_an_error_and_matches_nobody() {
    let office = Office::new();
    office
        .write(
            "sales",
            &format!(
                "CREATE TABLE people (id, name, phone); INSERT INTO people VALUES (NULL, 'Budi', '{BUDI}')"
            ),
        )
        .await;
    let card =
        whole(open(vec![office.source("sales", 5_000, "SELECT :customer")]).look_up(&caller(BUDI), "1500"))
            .await;
    assert_eq!((status(&card, "sales"), card.matched.kind), (Error, MatchKind::None));
}

#[tokio::test]
async fn an_absent_database_is_no_reason_not_to_start_and_is_found_when_it_comes() {
    let office = Office::new();
    let pop = open(vec![office.facts("sales")]);
    assert_eq!(status(&whole(pop.look_up(&caller(BUDI), "1500")).await, "sales"), Error);
    assert!(!office.path().join("sales.db").exists(), "looking must not create it");
    office.knows_budi("sales", "1").await;
    assert_eq!(status(&whole(pop.look_up(&caller(BUDI), "1500")).await, "sales"), Fresh);
    std::fs::remove_file(office.path().join("sales.db")).unwrap();
}

#[tokio::test]
async fn a_database_that_was_replaced_is_read_anew() {
    let office = Office::new();
    office.knows_budi("sales", "1").await;
    let pop = open(vec![office.facts("sales")]);
    assert_eq!(
        whole(pop.look_up(&caller(BUDI), "1500")).await.sections["sales"].data,
        json!({"fact": "sales"})
    );
    office.knows_budi("export", "2").await;
    std::fs::rename(office.path().join("export.db"), office.path().join("sales.db")).unwrap();
    let started = Instant::now();
    loop {
        let card = whole(pop.look_up(&caller(BUDI), "1500")).await;
        if card.sections["sales"].data == json!({"fact": "export"}) {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "still the old file");
    }
}

#[tokio::test]
async fn a_database_that_somebody_is_writing_to_is_read_when_it_is_free() {
    use sqlx::{ConnectOptions, Executor};
    let office = Office::new();
    office.knows_budi("sales", "1").await;
    let pop = open(vec![office.facts("sales")]);
    let path = office.path().join("sales.db");
    let mut writer = sqlx::sqlite::SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    writer.execute("BEGIN EXCLUSIVE").await.unwrap();
    let mut receiver = pop.look_up(&caller(BUDI), "1500");
    assert_eq!(status(&receiver.borrow_and_update(), "sales"), Pending);
    writer.execute("COMMIT").await.unwrap();
    assert_eq!(status(&whole(receiver).await, "sales"), Fresh);
}

#[tokio::test]
async fn more_look_ups_than_there_is_room_for_are_answered_at_once() {
    let office = Office::new();
    office.knows_budi("sales", "1").await;
    let mut source = office.source("sales", 5_000, SLOW);
    source.find = SLOW.replace(":customer", ":e164");
    let pop = open(vec![source]);
    let waiting = (0..MAX_LOOK_UPS).map(|_| pop.look_up(&caller(BUDI), "1500")).collect::<Vec<_>>();
    let refused = pop.look_up(&caller(BUDI), "1500").borrow().clone();
    assert_eq!((status(&refused, "sales"), refused.complete), (Error, true));
    drop(waiting);
}

#[tokio::test]
async fn a_query_cannot_change_the_database() {
    let office = Office::new();
    office.knows_budi("sales", "1").await;
    let pop = open(vec![
        office.source("sales", 5_000, "DELETE FROM facts WHERE person = :customer RETURNING fact"),
        office.source("extra", 5_000, "SELECT 1"),
    ]);
    assert_eq!(status(&whole(pop.look_up(&caller(BUDI), "1500")).await, "sales"), Error);
    let facts = open(vec![office.facts("sales")]);
    assert_eq!(status(&whole(facts.look_up(&caller(BUDI), "1500")).await, "sales"), Fresh);
}

#[tokio::test]
async fn every_mistake_in_the_sources_is_listed_under_its_key() {
    let office = Office::new();
    let mut first = office.source("sales", 0, "SELECT * FROM facts WHERE person = :costumer");
    first.find = "SELECT id, name FROM people WHERE phone = :customer".to_owned();
    let mut second = office.source("sales", 100, "SELECT 'open FROM facts");
    second.find = "SELECT id, name FROM people".to_owned();
    let problems = ScreenPop::problems(&[first.clone(), second]);
    let query = |problem| OpenError::Query {
        source_name: "sales".into(),
        key: "sections.sales.query".into(),
        problem,
    };
    assert_eq!(
        problems,
        [
            OpenError::Deadline("sales".into()),
            OpenError::FindNeedsCustomer("sales".into()),
            query(ParamError::Unknown("costumer".into())),
            OpenError::DuplicateSource("sales".into()),
            OpenError::FindIgnoresNumber("sales".into()),
            query(ParamError::Unclosed("a string ('…')")),
            OpenError::DuplicateSection {
                section: "sales".into(),
                first: "sales".into(),
                second: "sales".into()
            },
        ]
    );
    assert_eq!(ScreenPop::open(vec![first], indonesia()).unwrap_err(), problems[0]);
    assert!(
        problems[2].to_string().contains("sections.sales.query")
            && problems[2].to_string().contains(":costumer")
    );
}
