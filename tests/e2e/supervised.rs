//! What supervisors set, and what agents hear of it at their desks; more time to wrap up; new skills.

use harness::{Agent, Desk, Router, Sipp, SippRun, Site, eventually_is, free_port, need_all, send};
use protocol::{AgentState, ClientMessage, ContactRef, ServerMessage, StateCause, StateChanged};
use serde_json::{Value, json};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(30);
const JSON: (&str, &str) = ("Content-Type", "application/json");

fn site(port: u16) -> Site {
    Site::new().agent(Agent::desk("a001", port)).user("sue", "supervisor").user("ops", "operator")
}

fn api(router: &Router, who: &str, (method, path): (&str, &str), body: &Value) -> (u16, Value) {
    let token = format!("Bearer token-of-{who}");
    let headers = [JSON, ("Authorization", token.as_str())];
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let answer = send(router.ready().operator, method, path, &headers, &body);
    (answer.status, answer.json())
}

fn caller(router: &Router) -> SippRun {
    let caller = Sipp::caller("caller").dial("1500").calls(1, 1);
    caller.start(router.ready().sip_udp, router.folder())
}

async fn change(desk: &mut Desk, what: &str, fits: impl Fn(&StateChanged) -> bool) -> StateChanged {
    desk.until(what, |frame| {
        let ServerMessage::AgentStateChanged(change) = frame.message else { return None };
        fits(&change).then_some(change)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_supervisor_sets_a_talking_agent_not_ready_and_it_comes_about_after_her_call() {
    need_all(&["sipp", "sqlite3"]);
    let port = free_port();
    let router = Router::start(&site(port));
    let _phone = Sipp::phones(port, 20, 1_500, "answers").start(router.ready().sip_udp, router.folder());
    let state = ("POST", "/v1/agents/a001/state");
    let lunch = json!({ "state": "not_ready", "reason": "lunch" });
    let (status, refused) = api(&router, "sue", state, &json!({ "state": "ready" }));
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("not_at_her_desk")));

    let mut desk = Desk::sign_in(router.ready().desk, "a001").await;
    desk.be_ready().await;
    let caller = caller(&router);
    desk.until_state(AgentState::Talking).await;
    let (status, done) = api(&router, "sue", state, &lunch);
    assert_eq!((status, &done["pending"]), (200, &json!(true)));
    let told = change(&mut desk, "who has set it", |change| change.set_by.is_some()).await;
    assert_eq!((told.to, told.cause), (AgentState::Talking, StateCause::Supervisor));
    assert_eq!(told.set_by.as_deref(), Some("api: sue"));
    let after = change(&mut desk, "lunch", |change| change.to == AgentState::NotReady).await;
    assert_eq!(after.reason_code.as_deref(), Some("lunch"));
    caller.finished(SOON);
    router.records().expect(&["answered||a001|1|1"], &["a001|accepted"]); // nothing cut it

    let (status, done) = api(&router, "sue", state, &json!({ "state": "ready" }));
    assert_eq!((status, &done["pending"]), (200, &json!(false)));
    let ready = change(&mut desk, "ready", |change| change.to == AgentState::Ready).await;
    assert_eq!((ready.cause, ready.set_by.as_deref()), (StateCause::Supervisor, Some("api: sue")));
    assert_eq!(api(&router, "sue", ("POST", "/v1/reload"), &Value::Null).0, 403);
    let audit = || {
        let rows = api(&router, "sue", ("GET", "/v1/audit"), &Value::Null).1["audit"].clone();
        let text = |row: &Value| format!("{} {} {}", row["by"], row["agent"], row["state"]).replace('"', "");
        rows.as_array().unwrap().iter().map(text).collect::<Vec<_>>()
    };
    let wanted = ["api: sue a001 ready", "api: sue a001 not_ready"].map(str::to_owned).to_vec();
    eventually_is("the audit", SOON, &wanted, audit);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_agent_gets_more_time_to_wrap_up_and_hears_of_new_skills_at_once() {
    need_all(&["sipp", "sqlite3"]);
    let port = free_port();
    let site = site(port).queue("wrap_up", "2s").queue("wrap_up_extend", "1s").queue("wrap_up_max", "3s");
    let router = Router::start(&site);
    let _phone = Sipp::phones(port, 20, 200, "answers").start(router.ready().sip_udp, router.folder());
    let mut desk = Desk::sign_in(router.ready().desk, "a001").await;
    desk.be_ready().await;
    let caller = caller(&router);
    let contact_id = desk.offer().await;
    let begun = change(&mut desk, "wrap-up", |change| change.to == AgentState::WrapUp).await;
    assert!(begun.extendable);
    desk.say(ClientMessage::ExtendWrapUp(ContactRef { contact_id: contact_id.clone() })).await;
    let longer = change(&mut desk, "more time", |change| change.until != begun.until).await;
    let lasts = longer.until.unwrap().0 - longer.since.0;
    assert_eq!((longer.to, longer.extendable, lasts), (AgentState::WrapUp, false, 3_000_000));
    desk.say(ClientMessage::ExtendWrapUp(ContactRef { contact_id })).await;
    let refused = desk.until("a refusal", |frame| {
        let ServerMessage::Reply(reply) = frame.message else { return None };
        reply.error.map(|fault| fault.code.into_owned())
    });
    assert_eq!(refused.await, "wrap_up_exhausted");
    desk.until_state(AgentState::Ready).await;
    caller.finished(SOON);
    let wrap_up = || router.records().number("SELECT ifnull(wrap_up_ms, 0) FROM queue_entries");
    eventually_is("the wrap-up on record", SOON, &true, || (2_900..6_000).contains(&wrap_up()));

    let (status, _) = api(&router, "ops", ("PATCH", "/v1/agents/a001"), &json!({ "skills": { "sales": 4 } }));
    assert_eq!(status, 200);
    let skills = desk.until("new skills", |frame| {
        let ServerMessage::AgentChanged(agent) = frame.message else { return None };
        Some(agent.skills)
    });
    assert_eq!(
        skills.await.iter().map(|skill| (skill.name.as_str(), skill.level)).collect::<Vec<_>>(),
        [("sales", 4)]
    );
}
