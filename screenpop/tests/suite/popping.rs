//! The card that an agent gets: complete, partial, for roles.

use crate::desk::*;
use screenpop::{MatchKind, ScreenPop, SectionStatus::*, sample};
use serde_json::json;

#[tokio::test]
async fn a_known_caller_brings_every_department_to_the_card() {
    let office = Office::new();
    for (name, id) in [("sales", "17"), ("accounting", "'A-1'"), ("credit", "'KR9'"), ("support", "3")] {
        office.knows_budi(name, id).await;
    }
    let names = ["sales", "accounting", "credit", "support"];
    let pop = open(names.map(|name| office.facts(name)).into());
    let first = pop.look_up(&caller("081234567890"), "1500");
    assert!(first.borrow().rev >= 1);
    let card = whole(first).await;
    assert_eq!((card.matched.kind, card.matched.candidates.len()), (MatchKind::One, 1));
    assert_eq!(
        (card.matched.candidates[0].customer_id.as_str(), card.matched.candidates[0].source.as_str()),
        ("17", "sales")
    );
    assert_eq!(card.matched.candidates[0].display_name, "Budi");
    assert!(card.matched.confidence > 0.9);
    for name in names {
        let section = &card.sections[name];
        assert_eq!((section.status, section.source.as_str()), (Fresh, name));
        assert_eq!(section.data, json!({ "fact": name }), "one row is an object");
        assert!(section.as_of.as_ref().is_some_and(|at| at.parse::<jiff::Timestamp>().is_ok()));
        assert!(section.elapsed_ms.is_some());
    }
}

#[tokio::test]
async fn every_change_of_the_card_has_a_higher_revision_and_the_last_is_complete() {
    let office = Office::new();
    office.knows_budi("sales", "1").await;
    office.knows_budi("support", "2").await;
    let pop = open(vec![office.facts("sales"), office.facts("support")]);
    let mut card = pop.look_up(&caller(BUDI), "1500");
    let mut seen = vec![card.borrow_and_update().clone()];
    while card.changed().await.is_ok() {
        seen.push(card.borrow_and_update().clone());
    }
    assert_eq!(seen[0].rev, 1);
    assert!(seen.windows(2).all(|two| two[0].rev < two[1].rev));
    assert!(seen.pop().unwrap().complete);
    assert!(seen.iter().all(|earlier| !earlier.complete));
}

#[tokio::test]
async fn a_later_card_tells_what_changed() {
    let office = Office::new();
    office.knows_budi("sales", "1").await;
    let pop = open(vec![office.facts("sales"), office.facts("absent")]);
    let receiver = pop.look_up(&caller(BUDI), "1500");
    let first = receiver.borrow().clone();
    let last = whole(receiver).await;
    assert_eq!(last.changed_since(&first).into_keys().collect::<Vec<_>>(), ["absent", "sales"]);
    assert!(last.changed_since(&last).is_empty());
    assert!(last.has_facts() && !first.has_facts());
}

#[tokio::test]
async fn an_unknown_caller_is_a_new_caller() {
    let office = Office::new();
    office.knows_budi("sales", "1").await;
    let card = whole(open(vec![office.facts("sales")]).look_up(&caller("+6281100000000"), "1500")).await;
    assert_eq!((card.matched.kind, card.matched.candidates.len()), (MatchKind::None, 0));
    assert_eq!((status(&card, "sales"), &card.sections["sales"].data), (Empty, &json!(null)));
}

#[tokio::test]
async fn a_withheld_caller_is_never_looked_up() {
    let office = Office::new();
    // Would match everybody, and is not even opened.
    let mut source = office.facts("nowhere");
    source.find = "SELECT 1 AS id, 'Budi' AS name WHERE :e164 IS NULL OR 1".to_owned();
    let card = open(vec![source]).look_up(&withheld(), "1500").borrow().clone();
    assert_eq!((card.matched.kind, card.complete), (MatchKind::Withheld, true));
    assert_eq!(status(&card, "nowhere"), Empty);
}

#[tokio::test]
async fn without_sources_the_card_is_complete_at_once() {
    let pop = open(Vec::new());
    assert!(!pop.has_sources());
    assert!(pop.look_up(&caller(BUDI), "1500").borrow().complete);
}

#[tokio::test]
async fn an_internal_caller_is_found_by_the_short_number_where_the_source_asks_for_it() {
    let office = Office::new();
    office.write("staff", "CREATE TABLE people (id, name, phone); INSERT INTO people VALUES (1, 'Ann', '1001'), (2, 'Nobody', NULL)").await;
    let mut source = office.source("staff", 5_000, "SELECT name FROM people WHERE id = :customer");
    source.find =
        "SELECT id, name FROM people WHERE phone = :national OR phone IS :e164 AND :e164 IS NOT NULL"
            .to_owned();
    let card = whole(open(vec![source]).look_up(&caller("1001"), "1500")).await;
    assert_eq!(card.sections["staff"].data, json!({"name": "Ann"}));
    assert!(card.matched.confidence <= 0.5, "a short number proves little");
}

#[tokio::test]
async fn a_section_by_number_alone_is_filled_for_an_unknown_caller() {
    let office = Office::new();
    office.write("log", &format!("CREATE TABLE people (id, name, phone); CREATE TABLE calls (phone, said); INSERT INTO calls VALUES ('{BUDI}', 'hello')")).await;
    let pop = open(vec![office.source(
        "log",
        5_000,
        "SELECT said, :called AS called FROM calls WHERE phone = :e164",
    )]);
    let card = whole(pop.look_up(&caller(BUDI), "1500")).await;
    assert_eq!(card.matched.kind, MatchKind::None);
    assert_eq!(card.sections["log"].data, json!({"said": "hello", "called": "1500"}));
}

#[tokio::test]
async fn a_section_is_shown_to_its_role_only() {
    let office = Office::new();
    office.knows_budi("credit", "1").await;
    let mut source = office.facts("credit");
    source.sections[0].role = Some("credit".to_owned());
    let receiver = open(vec![source]).look_up(&caller(BUDI), "1500");
    let pending = receiver.borrow().for_roles(&["agent".to_owned()]);
    assert_eq!(status(&pending, "credit"), Denied);
    let card = whole(receiver).await;
    let agent = card.for_roles(&["agent".to_owned()]);
    assert_eq!(status(&agent, "credit"), Denied);
    assert_eq!(agent.sections["credit"].data, json!(null));
    assert!(!serde_json::to_string(&agent.sections).unwrap().contains("fact"));
    assert_eq!(card.for_roles(&["agent".to_owned(), "credit".to_owned()]), card);
}

#[tokio::test]
async fn the_card_has_the_shape_of_the_pop_messages() {
    let office = Office::new();
    office.knows_budi("sales", "1").await;
    let card = whole(open(vec![office.facts("sales")]).look_up(&caller(BUDI), "1500")).await;
    let json = serde_json::to_value(&card).unwrap();
    assert_eq!(json["match"]["kind"], "one");
    assert_eq!(json["match"]["candidates"][0]["customer_id"], "1");
    assert_eq!(json["sections"]["sales"]["status"], "fresh");
    assert_eq!(serde_json::from_value::<screenpop::Card>(json).unwrap(), card);
}

#[tokio::test]
async fn the_sample_fills_a_card_with_at_least_three_departments() {
    let office = Office::new();
    let sample = sample::write(office.path(), 7, 200).await.unwrap();
    let pop = open(patient_sample(office.path()));
    let mut three = 0;
    for customer in sample.customers.iter().filter(|customer| !customer.shared).take(60) {
        let card = whole(pop.look_up(&caller(&customer.dialled), "1500")).await;
        assert_eq!(card.matched.kind, MatchKind::One, "{}", customer.dialled);
        assert_eq!(card.matched.candidates[0].display_name, customer.name);
        let fresh = card.sections.values().filter(|section| section.status == Fresh);
        let departments =
            fresh.map(|section| section.source.as_str()).collect::<std::collections::BTreeSet<_>>();
        three += usize::from(departments.len() >= 3);
        assert!(card.sections.values().all(|section| matches!(section.status, Fresh | Empty)));
    }
    assert!(three >= 30, "{three} of 60 cards have three departments");
}

#[test]
fn a_look_up_may_start_on_a_thread_without_a_runtime() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let office = Office::new();
    let pop = runtime.block_on(async {
        office.knows_budi("sales", "1").await;
        ScreenPop::open(vec![office.facts("sales")], indonesia()).unwrap()
    });
    let receiver = pop.look_up(&caller(BUDI), "1500");
    let card = runtime.block_on(whole(receiver));
    assert_eq!(status(&card, "sales"), Fresh);
}
