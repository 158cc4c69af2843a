//! What a customer is worth: on the card for who may see it, and to the brain as a priority.

use crate::house::{ANN, Heard, House, arrival, call, offered};
use acd::{Event, OfferId};
use protocol::{ClientKind, SectionStatus, ServerMessage};
use screenpop::{AdviceSpec, Rung, ScreenPop, ValueRules, caller::Region, sample, sample::SampleCustomer};
use std::{path::Path, sync::Arc, time::Duration};
use suggest::{Day, Model, Purchase, Rules, Settings};
use tempfile::TempDir;

/// The sample's first customer in sales has this id; the second the next.
const FIRST_ID: u32 = 1_001;

/// Everybody bought once; the first customer much more.
fn train(path: &Path, customers: u32) {
    let line = |id: u32, product: &str, amount: i64| Purchase {
        customer: id.to_string(),
        order: id.to_string(),
        product: product.to_owned(),
        name: String::new(),
        quantity: 1.0,
        amount,
        day: Day(20_000),
        minute: 0,
    };
    let mut lines: Vec<_> = (0..customers).map(|at| line(FIRST_ID + at, "rice", 1_000)).collect();
    lines.push(line(FIRST_ID, "genset", 1_000_000));
    let model = Model::train(Settings::default(), Rules::default(), lines);
    std::fs::write(path, model.to_bytes().unwrap()).unwrap();
}

async fn shop(ladder: Vec<Rung>) -> (House, Vec<SampleCustomer>, TempDir) {
    let folder = TempDir::new().unwrap();
    let sample = sample::write(folder.path(), 1, 40).await.unwrap();
    let path = folder.path().join("suggestions.model");
    train(&path, sample.customers.len() as u32);
    let mut sources = sample::sources(folder.path());
    sources.iter_mut().for_each(|source| source.deadline = Duration::from_secs(5));
    let advice = AdviceSpec {
        model: path,
        customers: "sales".into(),
        role: None,
        value_role: Some("supervisor of sales".into()),
        rules: ValueRules { ladder, ..ValueRules::default() },
        zone: jiff::tz::TimeZone::UTC,
    };
    let region = Region::new("ID").unwrap();
    let screenpop = ScreenPop::open_with(sources, region, Some(advice)).unwrap();
    (House::with_screenpop(Arc::clone(&screenpop)), sample.customers, folder)
}

fn from(customer: &SampleCustomer) -> String {
    format!("<sip:{}@pbx>", customer.e164)
}

#[tokio::test]
async fn the_brain_hears_once_that_a_caller_goes_before_others_and_why() {
    let (mut house, customers, _folder) = shop(vec![Rung { top_percent: 1, priority: 8 }]).await;
    assert!(!customers[0].shared && !customers[1].shared);
    house.say(vec![arrival(call(1), &from(&customers[1]))]);
    house.say(vec![arrival(call(2), &from(&customers[0]))]);
    let reasons = vec!["value_top_1_percent".to_owned(), "class_ordinary".to_owned()];
    assert_eq!(house.event().await, Event::PriorityChanged { call: call(2), priority: 8, reasons });
    let mut ann = house.sign_in("ann-token", ClientKind::Desktop).await;
    house.say(offered(OfferId { call: call(2), attempt: 1 }, ANN));
    ann.until("pop.show").await;
    house.say(vec![arrival(call(3), &from(&customers[0]))]);
    let mut priorities = Vec::new();
    while !priorities.contains(&call(3)) {
        if let Heard::Event(Event::PriorityChanged { call, .. }, _) = house.heard().await {
            priorities.push(call);
        }
    }
    assert_eq!(priorities, [call(3)], "nobody else, and no call twice");
}

#[tokio::test]
async fn the_card_has_suggestions_and_who_may_not_see_the_value_does_not_get_it() {
    let (mut house, customers, _folder) = shop(Vec::new()).await;
    let mut ann = house.ann().await;
    house.offer(1, &from(&customers[1]));
    let ServerMessage::PopShow(pop) = ann.until("pop.show").await.message else { unreachable!() };
    let mut sections = serde_json::to_value(&pop.sections).unwrap();
    let mut complete = pop.complete;
    while !complete {
        let ServerMessage::PopUpdate(update) = ann.until("pop.update").await.message else { unreachable!() };
        protocol::merge::apply(&mut sections, &serde_json::Value::Object(update.sections));
        complete = update.complete;
    }
    assert_eq!(pop.sections["value"].status, SectionStatus::Denied);
    assert_eq!(sections["value"], serde_json::json!({"name": "value", "status": "denied"}));
    assert_eq!(sections["likely_next"]["source"], "suggestions");
    let first = &sections["likely_next"]["data"]["rows"][0];
    assert_eq!(
        (first["item_id"].as_str(), first["reasons"][0]["kind"].as_str()),
        (Some("rice"), Some("bought"))
    );
    while let Some(heard) = house.heard_already() {
        assert!(!matches!(heard, Heard::Event(Event::PriorityChanged { .. }, _)), "{heard:?}");
    }
}
