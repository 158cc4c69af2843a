//! Suggestions and value on the card, from a trained model.

use crate::desk::*;
use screenpop::{AdviceSpec, Card, OpenError, Rung, ScreenPop, SectionStatus::*, SourceSpec, ValueRules};
use std::{path::Path, sync::Arc};
use suggest::{Day, Model, Purchase, Rules, Settings};

/// Budi buys coffee; everybody who does has a grinder, save him.
fn model(more: &str) -> Model {
    let line = |customer: &str, product: &str, day: i32| Purchase {
        customer: customer.to_owned(),
        order: format!("{customer}-{day}"),
        product: product.to_owned(),
        name: format!("the {product}"),
        quantity: 1.0,
        amount: 5_000_000,
        day: Day(day),
        minute: 0,
    };
    let mut lines = vec![line("7", "coffee", 20_000), line("7", "coffee", 20_030), line("7", more, 20_030)];
    for at in 0..30 {
        let who = format!("grinds-{at}");
        lines.extend(["coffee", "grinder"].map(|product| line(&who, product, 20_010)));
        lines.push(line(&format!("drinks tea-{at}"), "tea", 20_010));
    }
    Model::train(Settings::default(), Rules::default(), lines)
}

fn put(path: &Path, model: &Model) {
    let fresh = path.with_extension("new");
    std::fs::write(&fresh, model.to_bytes().unwrap()).unwrap();
    std::fs::rename(fresh, path).unwrap();
}

fn spec(office: &Office) -> AdviceSpec {
    AdviceSpec {
        model: office.path().join("suggestions.model"),
        customers: "sales".to_owned(),
        role: None,
        value_role: Some("sales manager".to_owned()),
        rules: ValueRules { ladder: vec![Rung { top_percent: 10, priority: 8 }], ..ValueRules::default() },
        zone: jiff::tz::TimeZone::UTC,
    }
}

fn open_with(sources: Vec<SourceSpec>, spec: AdviceSpec) -> Arc<ScreenPop> {
    ScreenPop::open_with(sources, indonesia(), Some(spec)).unwrap()
}

async fn budi(pop: &Arc<ScreenPop>) -> Card {
    whole(pop.look_up(&caller(BUDI), "1500")).await
}

async fn two_departments() -> Office {
    let office = Office::new();
    office.knows_budi("sales", "7").await;
    office.knows_budi("support", "'S-9'").await;
    office
}

#[tokio::test]
async fn a_known_customer_has_suggestions_with_reasons_and_a_value() {
    let office = two_departments().await;
    put(&office.path().join("suggestions.model"), &model("sugar"));
    let pop = open_with(vec![office.facts("sales"), office.facts("support")], spec(&office));
    let card = budi(&pop).await;
    let section = |name: &str| &card.sections[name];
    assert_eq!(status(&card, "likely_next"), Fresh);
    assert_eq!(section("likely_next").source, "suggestions");
    let first = &section("likely_next").data["rows"][0];
    assert_eq!((first["item_id"].as_str(), first["name"].as_str()), (Some("coffee"), Some("the coffee")));
    assert_eq!(first["reasons"][0], serde_json::json!({"kind": "bought", "times": 2, "last": "2024-11-03"}));
    let fits = &section("fits_with").data["rows"][0];
    assert_eq!(fits["item_id"], "grinder");
    assert_eq!(fits["reasons"][0]["kind"], "goes_with");
    assert_eq!(section("value").data["class"], "ordinary");
    assert_eq!(section("value").data["drivers"].as_array().unwrap().len(), 3);
    let priority = card.priority.unwrap();
    assert_eq!((priority.priority, priority.reasons[0].as_str()), (8, "value_top_10_percent"));
}

#[tokio::test]
async fn what_they_are_worth_is_for_one_role_and_the_priority_for_none() {
    let office = two_departments().await;
    put(&office.path().join("suggestions.model"), &model("sugar"));
    let pop = open_with(vec![office.facts("sales")], spec(&office));
    let card = budi(&pop).await;
    let agents = card.for_roles(&["agent".to_owned()]);
    assert_eq!((status(&agents, "value"), status(&agents, "likely_next")), (Denied, Fresh));
    assert!(agents.sections["value"].data.is_null() && agents.priority.is_none());
    assert_eq!(status(&card.for_roles(&["sales manager".to_owned()]), "value"), Fresh);
    let seen = serde_json::to_string(&agents).unwrap();
    assert!(!seen.contains("priority") && !seen.contains("points"), "{seen}");
}

#[tokio::test]
async fn a_new_model_reaches_the_cards_by_itself() {
    let office = two_departments().await;
    let spec = spec(&office);
    let path = spec.model.clone();
    let pop = open_with(vec![office.facts("sales")], spec);
    let card = budi(&pop).await;
    assert_eq!(["likely_next", "fits_with", "value"].map(|name| status(&card, name)), [Error; 3]);
    assert_eq!(status(&card, "sales"), Fresh, "the rest of the card is as ever");
    let until = |wanted: &'static str| {
        let pop = Arc::clone(&pop);
        let shows = async move {
            while !budi(&pop).await.sections["likely_next"].data.to_string().contains(wanted) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, shows)
    };
    put(&path, &model("sugar"));
    until("sugar").await.unwrap();
    put(&path, &model("biscuits"));
    until("biscuits").await.unwrap();
}

#[tokio::test]
async fn a_damaged_model_costs_its_sections_alone() {
    let office = two_departments().await;
    let mut bytes = model("sugar").to_bytes().unwrap();
    bytes.truncate(200);
    std::fs::write(office.path().join("suggestions.model"), bytes).unwrap();
    let card = budi(&open_with(vec![office.facts("sales")], spec(&office))).await;
    assert_eq!((status(&card, "value"), status(&card, "sales")), (Error, Fresh));
    assert!(card.complete && card.priority.is_none());
}

#[tokio::test]
async fn somebody_the_model_does_not_know_has_empty_sections() {
    let office = Office::new();
    office.knows_budi("sales", "8").await;
    put(&office.path().join("suggestions.model"), &model("sugar"));
    let card = budi(&open_with(vec![office.facts("sales")], spec(&office))).await;
    assert_eq!(["likely_next", "fits_with", "value"].map(|name| status(&card, name)), [Empty; 3]);
    assert_eq!(card.priority, None);
}

#[tokio::test]
async fn nobody_is_advised_about_while_it_is_open_who_calls() {
    let office = two_departments().await;
    let twins = format!(
        "CREATE TABLE people (id, name TEXT, phone TEXT); \
         INSERT INTO people VALUES (7, 'Budi', '{BUDI}'), (8, 'Budi', '{BUDI}')"
    );
    office.write("twins", &twins).await;
    put(&office.path().join("suggestions.model"), &model("sugar"));
    let twins = office.source("twins", 5_000, "SELECT 1 AS one WHERE :customer IS NOT NULL");
    let card = budi(&open_with(vec![office.facts("sales"), twins], spec(&office))).await;
    assert_eq!(["likely_next", "fits_with", "value"].map(|name| status(&card, name)), [Empty; 3]);
    assert!(card.sections["value"].data.is_null() && card.priority.is_none());
}

#[tokio::test]
async fn a_withheld_or_unknown_caller_has_none() {
    let office = two_departments().await;
    put(&office.path().join("suggestions.model"), &model("sugar"));
    let pop = open_with(vec![office.facts("sales")], spec(&office));
    for stranger in [withheld(), caller("+6281200000000")] {
        let card = whole(pop.look_up(&stranger, "1500")).await;
        assert_eq!(["likely_next", "fits_with", "value"].map(|name| status(&card, name)), [Empty; 3]);
    }
}

#[tokio::test]
async fn a_source_that_fails_fails_for_the_suggestions_too() {
    let office = Office::new(); // without any database
    put(&office.path().join("suggestions.model"), &model("sugar"));
    let card = budi(&open_with(vec![office.facts("sales")], spec(&office))).await;
    assert_eq!((status(&card, "sales"), status(&card, "fits_with")), (Error, Error));
}

#[tokio::test]
async fn what_is_configured_has_to_fit() {
    let office = two_departments().await;
    let open = |sources, spec| ScreenPop::open_with(sources, indonesia(), Some(spec)).unwrap_err();
    let nobody = AdviceSpec { customers: "warehouse".to_owned(), ..spec(&office) };
    assert_eq!(open(vec![office.facts("sales")], nobody), OpenError::NoSuchSource("warehouse".into()));
    let mut taken = office.facts("sales");
    taken.sections[0].name = "value".to_owned();
    let error = open(vec![taken], spec(&office)).to_string();
    assert!(error.contains(r#"section "value" of source "sales""#), "{error}");
}
