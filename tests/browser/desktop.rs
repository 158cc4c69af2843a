//! An agent's minute at her desktop: ready, an offer with its card, the call, the work after it, ready again.

use crate::devtools::Browser;
use harness::{Agent, Router, Sipp, Site, free_port, need_all};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// Departments whose facts the card must show.
const DEPARTMENTS: u64 = 3;
/// Callers whose number is known come soon; strangers are sent on their way.
const CALLERS_TO_TRY: usize = 8;

const FRESH_DEPARTMENTS: &str = "new Set([...document.querySelectorAll('.card article.section')]\
    .filter(section => section.dataset.status === 'fresh')\
    .map(section => section.querySelector('.meta span')?.innerText)).size";

/// With callers waiting she is ready for a moment only: every state that the page shows is remembered in `states`.
const REMEMBER_STATES: &str = "window.states = []; new MutationObserver(() => \
    states.push(document.querySelector('.state').dataset.state)).observe(document.querySelector('.state'), \
    { attributes: true, attributeFilter: ['data-state'] }); 0";

impl Browser {
    pub async fn sign_in(&mut self, desk: std::net::SocketAddr, token: &str) {
        self.sign_in_at(&format!("http://{desk}/"), token).await;
    }
    pub async fn sign_in_at(&mut self, page: &str, token: &str) {
        self.go(page).await;
        self.until("the sign-in is shown", "document.querySelector('#token')?.offsetParent").await;
        self.eval(&format!(
            "document.querySelector('#token').value = '{token}'; \
             document.querySelector('form.sign-in').requestSubmit(); 0"
        ))
        .await;
        self.until("she is signed in", "document.querySelector('.state')?.dataset.state").await;
        self.eval(REMEMBER_STATES).await;
    }
    pub async fn be_ready(&mut self) {
        self.until(
            "she is ready",
            "(() => { const state = document.querySelector('.state').dataset.state; \
             const button = document.querySelector('button[data-key=ready]'); \
             if (state === 'not_ready' && !button.disabled) button.click(); return state === 'ready'; })()",
        )
        .await;
    }
    pub async fn until_call(&mut self, states: &str, at_most: Duration) {
        let shown = format!("'{states}'.split(' ').includes(document.querySelector('.call').dataset.call)");
        self.until_within(&format!("the call is {states}"), &shown, at_most).await;
    }
    /// Waits for an offer. Whoever sat here before may have left her in a call.
    async fn until_offer(&mut self) {
        loop {
            self.until_call("queued offered connected", Duration::from_secs(60)).await;
            if self.eval("document.querySelector('.call').dataset.call").await != "connected" {
                return;
            }
            self.press("hang-up").await;
            self.wrap_up().await;
        }
    }
    pub async fn press(&mut self, key: &str) {
        let button = format!("document.querySelector('button[data-key={key}]')");
        self.until(
            &format!("{key} can be pressed"),
            &format!("{button}?.offsetParent && !{button}.disabled"),
        )
        .await;
        self.eval(&format!("{button}.click(); 0")).await;
    }
    /// From the end of the call to the next one.
    pub async fn wrap_up(&mut self) {
        self.until("codes are shown", "document.querySelector('.codes input')?.offsetParent").await;
        self.eval("document.querySelector('.codes input').click(); 0").await;
        self.press("finish").await;
        self.until(
            "after the wrap-up she is ready again",
            "states[states.lastIndexOf('wrap_up') + 1] === 'ready'",
        )
        .await;
    }
}

/// Where screenshots are kept to be looked at.
fn screenshot(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target").join(name)
}

#[tokio::test]
async fn an_agent_of_the_demo_takes_a_call_with_its_card_and_is_ready_again() {
    let demo = Router::demo(&["--calls", "30"]);
    let mut browser = Browser::start().await;
    browser.sign_in(demo.ready().desk, "demo-ann").await;
    for caller in 1..=CALLERS_TO_TRY {
        browser.until_offer().await;
        browser.until("a card", "document.querySelector('.card')?.dataset.match !== 'looking'").await;
        let departments = browser.eval(FRESH_DEPARTMENTS).await.as_u64().unwrap();
        let enough = departments >= DEPARTMENTS;
        if enough {
            browser.screenshot(&screenshot("desktop-offer.png")).await;
        }
        browser.press("accept").await;
        browser.until_call("connected", Duration::from_secs(15)).await;
        browser.press("hang-up").await;
        browser.until_call("ended", Duration::from_secs(5)).await;
        if enough {
            browser.screenshot(&screenshot("desktop-wrap-up.png")).await;
        }
        browser.wrap_up().await;
        if enough {
            assert_eq!(browser.complaints(), [""; 0], "the page complained");
            return;
        }
        println!("caller {caller} is known to {departments} departments; the next one, please");
    }
    panic!("none of {CALLERS_TO_TRY} callers was known to {DEPARTMENTS} departments");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_hostile_display_name_is_text_in_the_page() {
    need_all(&["sipp", "chromium"]);
    let port = free_port();
    let router =
        Router::start(&Site::new().queue("wrap_up", "30s").agent(Agent::answers_at_desk("a001", port)));
    let (target, folder) = (router.ready().sip_udp, router.folder());
    let _phone = Sipp::phones(port, 50, 20_000, "answers").start(target, folder);
    let mut browser = Browser::start().await;
    browser.sign_in(router.ready().desk, "t-a001").await;
    browser.be_ready().await;

    let name = r#""<img src=x onerror=pwned=1><script>pwned=1</script>" "#;
    let caller = Sipp::new("caller").with("DISPLAY", name).dial("1500").calls(1, 1).start(target, folder);
    browser.until_call("queued offered", Duration::from_secs(15)).await;
    browser
        .until("the name is shown", "document.querySelector('.claim')?.innerText.includes('<script>')")
        .await;
    let harmless =
        "typeof pwned === 'undefined' && !document.querySelector('#desk img[onerror], #desk script')";
    browser.until("nothing of it is markup", harmless).await;
    browser.press("accept").await;
    browser.until_call("connected", Duration::from_secs(15)).await;
    browser.press("hang-up").await;
    browser.wrap_up().await;
    caller.finished(Duration::from_secs(10));
    assert_eq!(browser.complaints(), [""; 0], "the page complained");
    router.records().expect(&["answered||a001|1|1"], &["a001|accepted"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_agent_gives_her_caller_to_another_queue() {
    need_all(&["sipp", "chromium"]);
    let (port, elsewhere) = (free_port(), free_port());
    let more = format!(
        "[[queue]]\nname = \"sales\"\nneeds = \"sales\"\nwrap_up = \"0s\"\npop_budget = \"0ms\"\n\
         [[agent]]\nid = \"a002\"\nname = \"Ben\"\nphone = \"sip:a002@127.0.0.1:{elsewhere}\"\npresence = \"always\"\nskills = {{ sales = 5 }}\n"
    );
    let site = Site::new().queue("needs", "not sales").queue("wrap_up", "30s").more(&more);
    let router = Router::start(&site.agent(Agent::desk("a001", port)));
    let (target, folder) = (router.ready().sip_udp, router.folder());
    let _phone = Sipp::phones(port, 50, 20_000, "answers").start(target, folder);
    let _other = Sipp::phones(elsewhere, 50, 300, "answers").start(target, folder);
    let mut browser = Browser::start().await;
    browser.sign_in(router.ready().desk, "t-a001").await;
    browser.be_ready().await;
    let caller = Sipp::caller("caller_held").with("MEDIA", 40_000).dial("1500").calls(1, 1);
    let caller = caller.start(target, folder);
    browser.until_call("connected", Duration::from_secs(15)).await;

    browser.press("transfer").await;
    let chosen = |value: &str| {
        format!(
            "(() => {{ const whom = document.querySelector('#transfer-whom'); whom.value = '{value}'; \
                 whom.dispatchEvent(new Event('change')); return whom.value; }})()"
        )
    };
    assert_eq!(browser.eval(&chosen("agent:a001")).await, "", "she is not among her colleagues");
    assert_eq!(browser.eval(&chosen("agent:a002")).await, "agent:a002");
    assert_eq!(browser.eval(&chosen("typed")).await, "typed");
    browser.eval("document.querySelector('#transfer-number').value = '0900 123'; 0").await;
    browser.press("give").await;
    browser.until("she is told", "document.querySelector('.notice.is-bad')?.innerText").await;
    assert_eq!(browser.eval(&chosen("queue:sales")).await, "queue:sales");
    browser.screenshot(&screenshot("desktop-transfer.png")).await;
    browser.press("give").await;
    browser.until_call("ended", Duration::from_secs(5)).await;
    browser.until("codes are shown", "document.querySelector('.wrap')?.offsetParent").await;
    caller.finished(Duration::from_secs(20));
    browser.press("finish").await;
    browser
        .until("her day says so", "document.querySelector('.pill[data-value=transferred]')?.offsetParent")
        .await;
    assert_eq!(browser.complaints(), [""; 0], "the page complained");
    let transfers = "SELECT agent, kind, transferred_to, outcome FROM transfers";
    let wanted = vec!["a001|queue|sales|completed".to_owned()];
    harness::eventually_is("transfers", Duration::from_secs(5), &wanted, || router.records().rows(transfers));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_agent_asks_a_colleague_goes_back_and_puts_her_caller_through() {
    need_all(&["sipp", "chromium"]);
    let (port, elsewhere) = (free_port(), free_port());
    let more = format!(
        "[[queue]]\nname = \"sales\"\nneeds = \"sales\"\nwrap_up = \"0s\"\npop_budget = \"0ms\"\n\
         [[agent]]\nid = \"a002\"\nname = \"Ben\"\nphone = \"sip:a002@127.0.0.1:{elsewhere}\"\npresence = \"always\"\nskills = {{ sales = 5 }}\n"
    );
    let site = Site::new().queue("needs", "not sales").queue("wrap_up", "30s").more(&more);
    let router = Router::start(&site.agent(Agent::desk("a001", port)));
    let (target, folder) = (router.ready().sip_udp, router.folder());
    let _phone = Sipp::phones(port, 50, 60_000, "answers").start(target, folder);
    let _other = Sipp::phones(elsewhere, 50, 8_000, "answers").start(target, folder);
    let mut browser = Browser::start().await;
    browser.sign_in(router.ready().desk, "t-a001").await;
    browser.be_ready().await;
    let caller = Sipp::caller("caller_held").with("MEDIA", 40_000).dial("1500").calls(1, 1);
    let caller = caller.start(target, folder);
    browser.until_call("connected", Duration::from_secs(15)).await;

    let asks = "(() => { const whom = document.querySelector('#transfer-whom'); whom.value = 'agent:a002'; \
                whom.dispatchEvent(new Event('change')); return whom.value; })()";
    let talks = "document.querySelector('.consult strong')?.innerText.includes('talking to Ben')";
    browser.press("transfer").await;
    assert_eq!(browser.eval(asks).await, "agent:a002");
    browser.press("consult").await;
    browser.until_call("consulting", Duration::from_secs(5)).await;
    browser.until("she sees with whom", talks).await;
    browser.screenshot(&screenshot("desktop-consult.png")).await;
    browser.press("back").await;
    browser.until_call("connected", Duration::from_secs(5)).await;

    browser.press("transfer").await;
    assert_eq!(browser.eval(asks).await, "agent:a002");
    browser.press("consult").await;
    browser.until("she sees with whom", talks).await;
    browser.press("complete").await;
    browser.until_call("ended", Duration::from_secs(5)).await;
    browser.press("finish").await;
    caller.finished(Duration::from_secs(20));
    assert_eq!(browser.complaints(), [""; 0], "the page complained");
    let transfers = "SELECT transferred_to, outcome, consulted FROM transfers ORDER BY transferred_at";
    let wanted = vec!["a002|returned|1".to_owned(), "a002|completed|1".to_owned()];
    harness::eventually_is("transfers", Duration::from_secs(5), &wanted, || router.records().rows(transfers));
}
