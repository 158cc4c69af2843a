//! Several customers on one number, and the agent's choice.

use crate::desk::*;
use screenpop::{MatchKind, ScreenPop, SectionStatus::*, SelectError, SourceSpec, sample};
use serde_json::json;
use std::sync::Arc;

const ADDRESSED: &str = "SELECT id, name, address, last_contact_at FROM people WHERE phone = :e164";

/// Sales knows Budi and Siti, support only Siti, credit only somebody else; ids mean nothing across departments.
async fn family(office: &Office, address_of_siti: &str) -> Arc<ScreenPop> {
    office
        .write(
            "sales",
            &format!(
                "CREATE TABLE people (id INTEGER, name, phone, address, last_contact_at); CREATE TABLE facts (person, fact);
                 INSERT INTO people VALUES (17, 'Budi Santoso', '{BUDI}', 'Jl. Melati No. 3', '2026-01-01'),
                                           (18, 'Siti Santoso', '{BUDI}', '{address_of_siti}', '2026-05-01');
                 INSERT INTO facts VALUES (17, 'Budi bought'), (18, 'Siti bought')"
            ),
        )
        .await;
    for (name, id, person) in [("support", 17, "SANTOSO, Siti"), ("credit", 18, "Agus Wijaya")] {
        let rows = format!(
            "INSERT INTO people VALUES ({id}, '{person}', '{BUDI}'); INSERT INTO facts VALUES ({id}, 'of {person}')"
        );
        office
            .write(
                name,
                &format!("CREATE TABLE people (id, name, phone); CREATE TABLE facts (person, fact); {rows}"),
            )
            .await;
    }
    open(vec![
        SourceSpec { find: ADDRESSED.to_owned(), ..office.facts("sales") },
        office.facts("support"),
        office.facts("credit"),
    ])
}

#[tokio::test]
async fn two_customers_on_one_number_are_offered_for_choice_and_nothing_is_shown() {
    let office = Office::new();
    let card = whole(family(&office, "Jl. Kenanga No. 9").await.look_up(&caller(BUDI), "1500")).await;
    assert_eq!(card.matched.kind, MatchKind::Many);
    let names = card.matched.candidates.iter().map(|one| one.display_name.as_str()).collect::<Vec<_>>();
    assert_eq!(names, ["Siti Santoso", "Budi Santoso", "Agus Wijaya"], "last contact first");
    assert!(card.matched.confidence < 0.5);
    assert!(card.sections.values().all(|section| section.status == Empty && section.data.is_null()));
    assert_eq!(card.matched.candidates[0].why, ["number known to sales", "number known to support"]);
}

#[tokio::test]
async fn people_at_one_address_are_a_household() {
    let office = Office::new();
    let card = whole(family(&office, "jl melati no 3").await.look_up(&caller(BUDI), "1500")).await;
    assert_eq!(card.matched.kind, MatchKind::Household);
    assert!(!card.has_facts());
}

#[tokio::test]
async fn a_choice_loads_what_each_department_knows_of_that_person() {
    let office = Office::new();
    let pop = family(&office, "Jl. Kenanga No. 9").await;
    let many = whole(pop.look_up(&caller(BUDI), "1500")).await;
    let siti = whole(pop.select(&caller(BUDI), "1500", &many, Some("sales"), "18").unwrap()).await;
    assert_eq!((siti.matched.kind, siti.matched.confidence), (MatchKind::One, 1.0));
    assert_eq!(siti.matched.candidates[0].display_name, "Siti Santoso");
    assert_eq!(siti.sections["sales"].data, json!({"fact": "Siti bought"}));
    assert_eq!(
        siti.sections["support"].data,
        json!({"fact": "of SANTOSO, Siti"}),
        "the same name in another order"
    );
    assert_eq!(siti.sections["credit"].status, Empty, "credit's 18 is somebody else");
    assert!(siti.rev > many.rev);
    let budi = whole(pop.select(&caller(BUDI), "1500", &siti, Some("sales"), "17").unwrap()).await;
    assert_eq!(budi.sections["sales"].data, json!({"fact": "Budi bought"}));
    assert_eq!(budi.sections["support"].status, Empty);
}

#[tokio::test]
async fn a_choice_must_be_on_the_card_and_say_whose_id_it_is() {
    let office = Office::new();
    let pop = family(&office, "Jl. Kenanga No. 9").await;
    let many = whole(pop.look_up(&caller(BUDI), "1500")).await;
    let select = |source, id: &str| pop.select(&caller(BUDI), "1500", &many, source, id).map(|_| ());
    assert_eq!(select(None, "99"), Err(SelectError::NotACandidate("99".into())));
    assert_eq!(select(Some("support"), "18"), Err(SelectError::NotACandidate("18".into())));
    assert_eq!(
        select(None, "18"),
        Err(SelectError::Ambiguous("18".into())),
        "sales and credit both have an 18"
    );
    assert_eq!(select(None, "17"), Ok(()));
}

#[tokio::test]
async fn one_customer_per_department_is_one_person_and_reloading_keeps_it_so() {
    let office = Office::new();
    office.knows_budi("sales", "1").await;
    office.write("support", &format!("CREATE TABLE people (id, name, phone); CREATE TABLE facts (person, fact); INSERT INTO people VALUES (7, 'B. Santosa', '{BUDI}'); INSERT INTO facts VALUES (7, 'case')")).await;
    let pop = open(vec![office.facts("sales"), office.facts("support")]);
    let card = whole(pop.look_up(&caller(BUDI), "1500")).await;
    assert_eq!((card.matched.kind, card.matched.candidates.len()), (MatchKind::One, 1));
    assert_eq!(
        card.matched.candidates[0].why,
        ["number known to sales", "number known to support as B. Santosa"]
    );
    assert!(card.matched.confidence < 0.9, "the names differ");
    let again = whole(pop.select(&caller(BUDI), "1500", &card, None, "1").unwrap()).await;
    assert_eq!((status(&again, "sales"), status(&again, "support")), (Fresh, Fresh));
    assert!(again.rev > card.rev);
}

#[tokio::test]
async fn a_second_owner_who_turns_up_late_takes_the_facts_off_the_card() {
    let office = Office::new();
    office.knows_budi("early", "1").await;
    office.write("late", &format!("CREATE TABLE people (id, name, phone); INSERT INTO people VALUES (1, 'Budi', '{BUDI}'), (2, 'Siti', '{BUDI}')")).await;
    let mut late = office.source("late", 20_000, "SELECT :customer");
    // Some hundred milliseconds of work before the answer.
    late.find = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) {FIND} AND (SELECT count(*) FROM n) > 0"
    );
    let mut receiver = open(vec![office.facts("early"), late]).look_up(&caller(BUDI), "1500");
    let early = card_when(&mut receiver, |card| status(card, "early") == Fresh).await;
    assert_eq!(early.matched.kind, MatchKind::One);
    let card = whole(receiver).await;
    assert_eq!((card.matched.kind, card.matched.candidates.len()), (MatchKind::Many, 2));
    assert!(!card.has_facts());
    assert_eq!(status(&card, "early"), Empty);
}

#[tokio::test]
async fn the_sample_has_families_and_companies_on_one_number() {
    let office = Office::new();
    let sample = sample::write(office.path(), 3, 200).await.unwrap();
    let pop = open(patient_sample(office.path()));
    let mut kinds = Vec::new();
    for customer in sample.customers.iter().filter(|customer| customer.shared) {
        let card = whole(pop.look_up(&caller(&customer.dialled), "1500")).await;
        assert!(card.matched.candidates.iter().any(|one| one.display_name == customer.name));
        assert!(!card.has_facts());
        kinds.push(card.matched.kind);
    }
    assert!(kinds.contains(&MatchKind::Household) && kinds.contains(&MatchKind::Many), "{kinds:?}");
    assert!(kinds.iter().all(|kind| matches!(kind, MatchKind::Household | MatchKind::Many)), "{kinds:?}");
}
