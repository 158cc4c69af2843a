//! Phones in browsers: who gets a password, and what a page may do.

use crate::{
    house::{ANN, Heard, House},
    http::request,
};
use agent_gateway::BrowserPhones;
use serde_json::Value;
use std::{sync::atomic::Ordering, time::Duration};

const ASKS: &str = "POST /v1/desk/phone";
const ANNS: (&str, &str) = ("Authorization", "Bearer ann-token");
const BENS: (&str, &str) = ("Authorization", "Bearer ben-token");

fn over_ws() -> BrowserPhones {
    BrowserPhones { ws: Some(7080), ..BrowserPhones::default() }
}

#[tokio::test]
async fn her_page_gets_a_password_that_the_brain_has_heard_of_and_never_the_same_twice() {
    let mut house = House::with_browser_phones(over_ws());
    let address = house.gateway.address();
    let mut passwords = Vec::new();
    for _ in 0..2 {
        let answer = request(address, ASKS, &[ANNS], "").await;
        assert_eq!((answer.status, answer.header("Cache-Control")), (200, Some("no-store")));
        let told: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!((told["user"].as_str(), told["ws_port"].as_u64()), (Some("ann"), Some(7080)));
        let Heard::Admitted(admitted) = house.heard().await else { panic!("the brain heard something else") };
        assert_eq!((admitted.agent, Some(admitted.password.as_str())), (ANN, told["password"].as_str()));
        assert_eq!(admitted.good_for, Duration::from_secs(told["good_for_s"].as_u64().unwrap()));
        assert!(!format!("{admitted:?}").contains(&admitted.password));
        passwords.push(admitted.password);
    }
    assert!(passwords[0] != passwords[1] && passwords[0].len() >= 32);
}

#[tokio::test]
async fn nobody_else_gets_one() {
    let mut house = House::with_browser_phones(over_ws());
    let address = house.gateway.address();
    assert_eq!(request(address, ASKS, &[], "").await.status, 401);
    assert_eq!(request(address, ASKS, &[("Authorization", "Bearer wrong")], "").await.status, 401);
    assert_eq!(request(address, ASKS, &[BENS], "").await.status, 204, "his phone is elsewhere");
    assert_eq!(request(address, "GET /v1/desk/phone", &[ANNS], "").await.status, 405);
    assert!(house.heard_already().is_none());
    house.brain.busy.store(true, Ordering::Relaxed);
    assert_eq!(request(address, ASKS, &[ANNS], "").await.status, 503);
    let without = House::open();
    assert_eq!(request(without.gateway.address(), ASKS, &[ANNS], "").await.status, 204);
}

#[tokio::test]
async fn a_page_may_use_the_microphone_and_our_sip_only_where_there_are_such_phones() {
    let house = House::open();
    let page = request(house.gateway.address(), "GET /", &[], "").await;
    assert!(page.header("Permissions-Policy").unwrap().contains("microphone=()"));
    assert!(page.header("Content-Security-Policy").unwrap().contains("connect-src 'self';"));

    let house = House::with_browser_phones(over_ws());
    let page = request(house.gateway.address(), "GET /", &[], "").await;
    assert!(page.header("Permissions-Policy").unwrap().contains("microphone=(self)"));
    let policy = page.header("Content-Security-Policy").unwrap();
    assert!(policy.contains("connect-src 'self' ws://127.0.0.1:7080;"), "{policy}");
}
