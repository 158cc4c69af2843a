//! The agent's page over HTTPS, whose certificate is one of an authority of the site.

use crate::devtools::Browser;
use harness::{Agent, Authority, Router, Site, free_port, need_all};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_signs_in_over_https_and_her_token_stays_in_her_tab() {
    need_all(&["chromium"]);
    let folder = tempfile::tempdir().unwrap();
    let files = Authority::new().make("router", folder.path());
    let router = Router::start(&Site::new().agent(Agent::desk("a001", 5910)).https(&files));
    // Chromium asks the system whom to believe, and the site's authority is not there.
    let mut browser = Browser::start_with(&["--ignore-certificate-errors".to_owned()]).await;
    browser.sign_in_at(&format!("https://{}/", router.ready().desk), "t-a001").await;
    browser.be_ready().await;
    let secure = browser.eval("isSecureContext && location.protocol === 'https:'").await;
    assert_eq!(secure, json!(true), "a microphone would be lent to this page");
    let kept = browser
        .eval(
            "JSON.stringify({ session: Object.values(sessionStorage).includes('t-a001'), \
             local: JSON.stringify(localStorage).includes('t-a001'), cookie: document.cookie, \
             url: location.href.includes('t-a001') })",
        )
        .await;
    let kept: serde_json::Value = serde_json::from_str(kept.as_str().unwrap()).unwrap();
    assert_eq!(kept, json!({ "session": true, "local": false, "cookie": "", "url": false }));
    assert_eq!(browser.complaints(), [""; 0]);
    assert!(!router.log().contains("t-a001"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_phone_in_a_page_from_https_registers_over_an_encrypted_websocket() {
    need_all(&["chromium"]);
    let folder = tempfile::tempdir().unwrap();
    let files = Authority::new().make("router", folder.path());
    let agent = "[[agent]]\nid = \"ann\"\ntoken = \"t-ann\"\nphone = \"browser\"\n";
    let site = Site::new().sip("wss", "127.0.0.1:0").https(&files).more(agent).to_toml();
    // Nobody relays anything here: to register a phone needs no media.
    let relay = format!("[media]\nrtpengine = \"127.0.0.1:{}\"\n", free_port());
    let router = Router::start_on(&site.replacen("[media]\n", &relay, 1));
    let arguments = [
        "--ignore-certificate-errors",
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
    ];
    let mut browser = Browser::start_with(&arguments.map(str::to_owned)).await;
    browser.sign_in_at(&format!("https://{}/", router.ready().desk), "t-ann").await;
    browser.until("her phone is ready", "document.querySelector('.phone')?.dataset.phone === 'ready'").await;
    assert_eq!(browser.complaints(), [""; 0]);
}
