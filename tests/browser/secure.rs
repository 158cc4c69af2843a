//! The agent's page over HTTPS, whose certificate is one of an authority of the site.

use crate::devtools::Browser;
use harness::{Agent, Authority, Router, Site, need_all};
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
