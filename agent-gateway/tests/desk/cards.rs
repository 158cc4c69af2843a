//! Cards from real databases.

use crate::house::{ANN, BEN, House, arrival, call, offered};
use acd::OfferId;
use protocol::{ClientKind, ClientMessage, MatchKind, PopSelect, SectionStatus, ServerMessage, merge};
use screenpop::{
    SectionSpec, SourceSpec,
    sample::{self, Sample},
};
use serde_json::Value;
use std::time::Duration;
use tempfile::TempDir;

/// Sample departments, and a folder that lives as long.
async fn departments() -> (Sample, Vec<SourceSpec>, TempDir) {
    let folder = TempDir::new().unwrap();
    let sample = sample::write(folder.path(), 1, 120).await.unwrap();
    let mut sources = sample::sources(folder.path());
    // These tests are not about time, and share the machine with others.
    sources.iter_mut().for_each(|source| source.deadline = Duration::from_secs(5));
    (sample, sources, folder)
}

fn from(number: &str) -> String {
    format!("<sip:{number}@pbx>")
}

async fn complete_card(visitor: &mut crate::visitor::Visitor) -> (protocol::Match, Value, String) {
    let ServerMessage::PopShow(pop) = visitor.until("pop.show").await.message else { unreachable!() };
    let mut sections = serde_json::to_value(&pop.sections).unwrap();
    let (mut matched, mut complete) = (pop.matched, pop.complete);
    while !complete {
        let ServerMessage::PopUpdate(update) = visitor.until("pop.update").await.message else {
            unreachable!()
        };
        assert_eq!(update.pop_id, pop.pop_id);
        merge::apply(&mut sections, &Value::Object(update.sections));
        matched = update.matched.unwrap_or(matched);
        complete = update.complete;
    }
    (matched, sections, pop.pop_id)
}

#[tokio::test]
async fn departments_fill_the_card_and_roles_keep_their_bytes_off_the_wire() {
    let (sample, sources, _folder) = departments().await;
    let mut house = House::with_sources(sources);
    let mut ann = house.sign_in("ann-token", ClientKind::Desktop).await;
    let mut ben = house.sign_in("ben-token", ClientKind::Desktop).await;
    let mut seen = 0;
    for (n, customer) in sample.customers.iter().filter(|customer| !customer.shared).enumerate().take(40) {
        let (to_ann, to_ben) = (call(2 * n as u128), call(2 * n as u128 + 1));
        house.say(vec![arrival(to_ann, &from(&customer.e164)), arrival(to_ben, &from(&customer.e164))]);
        house.say(offered(OfferId { call: to_ann, attempt: 1 }, ANN));
        house.say(offered(OfferId { call: to_ben, attempt: 1 }, BEN));
        let (matched, anns, _) = complete_card(&mut ann).await;
        let (_, bens, _) = complete_card(&mut ben).await;
        assert_eq!(matched.kind, MatchKind::One, "{}", customer.e164);
        assert_eq!(matched.candidates[0].display_name, customer.name);
        for section in ["orders", "balance", "cases", "profile"] {
            assert_eq!(anns[section]["status"], bens[section]["status"]);
        }
        assert_eq!(bens["credit_terms"], serde_json::json!({"name": "credit_terms", "status": "denied"}));
        if anns["credit_terms"]["status"] == "fresh" {
            seen += 1;
            let account = anns["credit_terms"]["data"]["account"].as_str().unwrap();
            assert!(!bens.to_string().contains(account), "{bens}");
        }
        drop(house.heard().await);
    }
    assert!(seen > 3, "some of them buy on account");
}

#[tokio::test]
async fn a_slow_department_comes_later_and_says_so() {
    let (sample, mut sources, folder) = departments().await;
    let endless =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS n FROM n";
    sources.push(SourceSpec {
        name: "warehouse".into(),
        path: folder.path().join("sales.db"),
        deadline: Duration::from_millis(400),
        find: "SELECT id, name FROM customers WHERE phone = :e164".into(),
        sections: vec![SectionSpec { name: "stock".into(), query: endless.into(), role: None }],
    });
    let house = House::with_sources(sources);
    let mut ann = house.sign_in("ann-token", ClientKind::Desktop).await;
    let customer = sample.customers.iter().find(|customer| !customer.shared).unwrap();
    house.offer(1, &from(&customer.e164));
    let ServerMessage::PopShow(pop) = ann.until("pop.show").await.message else { unreachable!() };
    assert!(!pop.complete);
    assert_eq!(pop.sections["stock"].status, SectionStatus::Pending);
    let mut sections = serde_json::to_value(&pop.sections).unwrap();
    let (mut rev, mut complete) = (pop.rev, false);
    while !complete {
        let frame = ann.until("pop.update").await;
        let ServerMessage::PopUpdate(update) = frame.message else { unreachable!() };
        assert_eq!((update.rev, frame.rev), (rev + 1, Some(rev + 1)));
        (rev, complete) = (update.rev, update.complete);
        merge::apply(&mut sections, &Value::Object(update.sections));
    }
    assert_eq!(sections["stock"]["status"], "timeout");
    assert_eq!(sections["orders"]["status"], "fresh");
}

#[tokio::test]
async fn of_several_customers_the_agent_chooses_one() {
    let (sample, sources, _folder) = departments().await;
    let house = House::with_sources(sources);
    let mut ann = house.sign_in("ann-token", ClientKind::Desktop).await;
    let customer = sample.customers.iter().find(|customer| customer.shared).unwrap();
    house.offer(1, &from(&customer.e164));
    let (matched, sections, pop_id) = complete_card(&mut ann).await;
    assert!(matches!(matched.kind, MatchKind::Many | MatchKind::Household));
    assert!(matched.candidates.len() > 1);
    assert_eq!(sections["orders"]["status"], "empty");
    let stranger = PopSelect { pop_id: pop_id.clone(), customer_id: "0".into(), source: None };
    let id = ann.command(ClientMessage::PopSelect(stranger)).await;
    assert_eq!(ann.reply(&id).await.unwrap_err().code, "no_such_customer");
    let chosen = matched.candidates.iter().find(|one| one.source == "sales").unwrap();
    let select = PopSelect { pop_id, customer_id: chosen.customer_id.clone(), source: Some("sales".into()) };
    let id = ann.command(ClientMessage::PopSelect(select)).await;
    let mut sections = sections;
    let (mut replied, mut who) = (false, matched.clone());
    while !(replied && who.kind == MatchKind::One && sections["orders"]["status"] == "fresh") {
        match ann.frame().await.message {
            ServerMessage::Reply(reply) => replied = reply.ok && reply.id == id,
            ServerMessage::PopUpdate(update) => {
                merge::apply(&mut sections, &Value::Object(update.sections));
                who = update.matched.unwrap_or(who);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(who.candidates[0].display_name, chosen.display_name);
}
