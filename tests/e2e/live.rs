//! Rules that change while calls run: the file read again, and queues, entries and agents set by API.

use harness::{
    Agent, Answer, Desk, Router, Sipp, Site, eventually, eventually_is, free_port, need_all, send,
};
use protocol::{AgentState, ServerMessage};
use serde_json::{Value, json};
use std::{fs, process::Command, time::Duration};

const SOON: Duration = Duration::from_secs(30);
const JSON: (&str, &str) = ("Content-Type", "application/json");

fn api(router: &Router, method: &str, path: &str, body: &Value) -> Answer {
    send(router.ready().operator, method, path, &[JSON], &body.to_string())
}

fn reload(router: &Router) -> Answer {
    send(router.ready().operator, "POST", "/v1/reload", &[], "")
}

fn rewrite(router: &Router, text: &str) {
    fs::write(router.folder().join("sambung.toml"), text).unwrap();
}

fn names(answer: &Answer, key: &str) -> Vec<String> {
    let list = answer.json()[key].as_array().cloned().unwrap_or_else(|| panic!("{}", answer.body));
    list.iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// Entries of the log, a line each.
fn log(router: &Router) -> Vec<String> {
    let (code, text) = router.command(&["log", "store"]);
    assert_eq!(code, Some(0));
    text.lines().map(str::to_owned).collect()
}

fn plans(router: &Router) -> usize {
    log(router).iter().filter(|line| line.contains("PlanChanged")).count()
}

#[test]
fn a_reload_at_twenty_calls_a_second_fails_no_call() {
    need_all(&["sipp", "sqlite3"]);
    let (port, other) = (free_port(), free_port());
    let site = Site::new().agents(30, |id| Agent::phone(id, port)).fixed_ports();
    let router = Router::start(&site);
    let (target, folder) = (router.ready().sip_udp, router.folder());
    let phones = Sipp::phones(port, 20, 500, "answers").start(target, folder);
    let others = Sipp::phones(other, 20, 500, "answers").start(target, folder);
    let callers = Sipp::caller("caller").dial("1500").calls(300, 20).start(target, folder);
    let text = site.to_toml();
    // Skills, times, a phone elsewhere, agents who come and go, a queue and an entry: one after the other, all the time.
    for round in 0..12 {
        let wait = format!("name = \"main\"\nmax_wait = \"{}m\"", 5 + round % 3);
        let mut now = text.replacen("name = \"main\"", &wait, 1);
        if round % 2 == 0 {
            now = now.replace(&format!("sip:a005@127.0.0.1:{port}"), &format!("sip:a005@127.0.0.1:{other}"));
            now += &format!(
                "[[agent]]\nid = \"zoe\"\npresence = \"always\"\nphone = \"sip:zoe@127.0.0.1:{other}\"\n"
            );
            now += "[[queue]]\nname = \"sales\"\n[[entry]]\nnumber = \"1600\"\nqueue = \"sales\"\n";
        }
        rewrite(&router, &now);
        let answer = reload(&router);
        assert_eq!(
            (answer.status, answer.json()["outcome"].as_str()),
            (200, Some("changed")),
            "{}",
            answer.body
        );
        let answered = || router.metric("sambung_calls_answered_total{queue=\"main\"}");
        let enough = f64::from(round + 1) * 20.0;
        eventually("calls go on", SOON, || answered().filter(|answered| *answered >= enough));
    }
    callers.finished(SOON);
    phones.end();
    others.end();
    router.records().expect_count(300);
    assert_eq!(router.records().number("select count(*) from queue_entries where outcome <> 'answered'"), 0);
    assert_eq!(router.metric("sambung_config_reloads_total{outcome=\"changed\"}"), Some(12.0));
    let (code, said) = router.command(&["replay", "store"]);
    assert_eq!(code, Some(0), "{said}");
}

#[tokio::test]
async fn an_agent_who_is_added_takes_a_call_and_one_who_is_retired_finishes_hers() {
    need_all(&["sipp", "sqlite3"]);
    let port = free_port();
    let site = Site::new().agent(Agent::desk("ann", port)).agent(Agent::desk("dora", port)).fixed_ports();
    let router = Router::start(&site);
    let (target, folder) = (router.ready().sip_udp, router.folder());
    let _phones = Sipp::phones(port, 20, 3_000, "answers").start(target, folder);
    let mut ann = Desk::sign_in(router.ready().desk, "ann").await;
    ann.be_ready().await;
    let first = Sipp::caller("caller").dial("1500").calls(1, 1).start(target, folder);
    ann.until_state(AgentState::Talking).await;
    let retired = api(&router, "DELETE", "/v1/agents/ann", &json!({}));
    assert_eq!((retired.status, names(&retired, "retired")), (200, vec!["agent ann".to_owned()]));
    let cleo = json!({ "token": "t-cleo", "phone": format!("sip:cleo@127.0.0.1:{port}") });
    let added = api(&router, "PUT", "/v1/agents/cleo", &cleo);
    assert_eq!((added.status, names(&added, "added")), (200, vec!["agent cleo".to_owned()]));
    let mut cleo = Desk::sign_in(router.ready().desk, "cleo").await;
    cleo.be_ready().await;
    let second = Sipp::caller("caller").dial("1500").calls(1, 1).start(target, folder);
    cleo.until_state(AgentState::Talking).await;
    ann.until("last words", |frame| {
        let ServerMessage::Error(error) = frame.message else { return None };
        (error.code == "retired" && error.fatal).then_some(())
    })
    .await;
    assert!(first.finished(SOON).contains(" BYE "), "she finished her call");
    second.finished(SOON);
    let served = || router.records().rows("select agent from queue_entries order by entered_at");
    eventually_is("both calls are on record", SOON, &vec!["ann".to_owned(), "cleo".to_owned()], served);
}

#[test]
fn a_file_that_is_wrong_changes_nothing_and_every_mistake_is_told() {
    let site = Site::new().agent(Agent::phone("ann", 5910)).fixed_ports();
    let router = Router::start(&site);
    let before = plans(&router);
    let mut wrong = site.to_toml().replace("queue = \"main\"", "queue = \"mian\"");
    wrong += "[[agent]]\nid = \"zoe\"\nphone = \"nowhere\"\n";
    rewrite(&router, &wrong);
    let answer = reload(&router);
    assert_eq!(answer.status, 422, "{}", answer.body);
    let findings = answer.json()["error"]["findings"].clone();
    let keys: Vec<&str> =
        findings.as_array().unwrap().iter().map(|one| one["key"].as_str().unwrap()).collect();
    assert!(
        ["entry[1500].queue", "agent[zoe].phone", "agent[zoe].token"].iter().all(|key| keys.contains(key)),
        "{keys:?}"
    );
    assert!(findings[0]["line"].as_u64() > Some(0) && findings[0]["way_out"].is_string());
    let (code, said) = router.command(&["reload", "--config", "sambung.toml"]);
    assert!(code == Some(64) && said.contains("mian"), "{code:?} {said}");
    assert_eq!(plans(&router), before, "nothing new is in the log");
    assert_eq!(router.metric("sambung_config_last_reload_successful"), Some(0.0));
    assert!(router.log().contains("the rules of before stay in force"), "{}", router.log());
    assert_eq!(router.operator("/v1/agents/zoe").status, 404);
    rewrite(&router, &site.to_toml());
    let (code, said) = router.command(&["reload", "--config", "sambung.toml"]);
    assert_eq!((code, said.as_str()), (Some(0), "nothing has changed\n"));
    assert_eq!(plans(&router), before, "nor when nothing has changed");
    assert_eq!(router.metric("sambung_config_last_reload_successful"), Some(1.0));
}

#[test]
fn what_needs_a_restart_is_refused_by_name_with_all_the_rest() {
    let site = Site::new().agent(Agent::phone("ann", 5910)).fixed_ports();
    let router = Router::start(&site);
    let more = site.clone().agent(Agent::phone("zoe", 5911)).to_toml();
    rewrite(
        &router,
        &more
            .replace("zone = \"Asia/Jakarta\"", "zone = \"UTC\"")
            .replace("ports = \"0\"", "ports = \"31000-31999\""),
    );
    let answer = reload(&router);
    assert_eq!((answer.status, answer.json()["error"]["code"].as_str()), (409, Some("restart")));
    let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("restart to change [site] zone, [media] ports"), "{message}");
    assert_eq!(router.operator("/v1/agents/zoe").status, 404);
    rewrite(&router, &more);
    assert_eq!(names(&reload(&router), "added"), ["agent zoe"]);
    assert_eq!(router.operator("/v1/agents/zoe").status, 200);
}

#[test]
fn a_signal_reads_the_file_again_and_the_log_knows_who_it_was() {
    let site = Site::new().agent(Agent::phone("ann", 5910)).fixed_ports().user("night", "operator");
    let router = Router::start(&site);
    rewrite(&router, &site.clone().agent(Agent::phone("zoe", 5911)).to_toml());
    assert!(Command::new("kill").args(["-HUP", &router.pid().to_string()]).status().unwrap().success());
    let signed = |by: &str| log(&router).iter().any(|line| line.contains(&format!("PlanSigned by {by}")));
    eventually("the signal is heard", SOON, || signed("SIGHUP").then_some(()));
    let token = ("Authorization", "Bearer token-of-night");
    let skills = json!({ "skills": { "sales": 4 } }).to_string();
    let answer = send(router.ready().operator, "PATCH", "/v1/agents/zoe", &[token], &skills);
    assert_eq!((answer.status, names(&answer, "changed")), (200, vec!["agent zoe".to_owned()]));
    assert!(signed("api: night"));
    let nobody = send(router.ready().operator, "PATCH", "/v1/agents/zoe", &[], &skills);
    assert_eq!(nobody.status, 401);
}

#[test]
fn what_was_changed_by_api_outlives_a_kill_and_stands_over_the_file_until_it_is_discarded() {
    let site = Site::new().agent(Agent::phone("ann", 5910)).fixed_ports();
    let mut router = Router::start(&site);
    let cleo =
        json!({ "token": "cleo-has-a-long-token", "phone": "sip:cleo@127.0.0.1:5911", "presence": "always" });
    assert_eq!(api(&router, "PUT", "/v1/agents/cleo", &cleo).status, 200);
    router.kill();
    router.start_again();
    let shown = router.operator("/v1/agents/cleo").json();
    assert_eq!(
        (shown["origin"].as_str(), shown["rules"]["phone"].as_str()),
        (Some("added"), cleo["phone"].as_str())
    );
    router.expect_all_ready(2);
    assert!(router.log().contains("changed by API, and not as the file says"), "{}", router.log());
    // A reload for another reason keeps it, and says so.
    rewrite(&router, &site.clone().agent(Agent::phone("ben", 5912)).to_toml());
    let answer = reload(&router);
    assert_eq!(
        (names(&answer, "added"), names(&answer, "over_file")),
        (vec!["agent ben".to_owned()], vec!["agent cleo".to_owned()])
    );
    assert_eq!(router.metric("sambung_config_changes"), Some(1.0));
    let (code, said) = router.command(&["check", "sambung.toml"]);
    assert!(code == Some(0) && said.contains("changed by API: agent cleo"), "{said}");
    let (code, said) = router.command(&["reload", "--config", "sambung.toml", "--discard"]);
    assert_eq!((code, said.as_str()), (Some(0), "retired: agent cleo\n"));
    assert!(!router.store().join("changes.toml").exists());
}

#[test]
fn what_two_operators_change_at_once_is_changed_by_one_of_them() {
    let router = Router::start(&Site::new().agent(Agent::phone("ann", 5910)).fixed_ports());
    let tag = |answer: &Answer| {
        let line = answer.head.lines().find(|line| line.to_ascii_lowercase().starts_with("etag:")).unwrap();
        line.split_once(':').unwrap().1.trim().to_owned()
    };
    let read = router.operator("/v1/queues/main");
    let known = tag(&read);
    let change = |known: &str, wait: &str| {
        let body = json!({ "max_wait": wait }).to_string();
        send(router.ready().operator, "PATCH", "/v1/queues/main", &[("If-Match", known)], &body)
    };
    let first = change(&known, "7m");
    assert_eq!((first.status, names(&first, "changed")), (200, vec!["queue main".to_owned()]));
    let second = change(&known, "8m");
    assert_eq!((second.status, second.json()["error"]["code"].as_str()), (412, Some("changed")));
    assert_eq!(tag(&second), tag(&first));
    assert_eq!(change(&tag(&second), "8m").status, 200);
    let there = send(router.ready().operator, "PUT", "/v1/queues/main", &[("If-None-Match", "*")], "{}");
    assert_eq!(there.status, 412);
    assert_eq!(router.operator("/v1/queues/main").json()["rules"]["max_wait"], "8m");
}

#[test]
fn what_is_wrong_by_api_is_refused_with_every_finding() {
    let router = Router::start(&Site::new().agent(Agent::phone("ann", 5910)).fixed_ports());
    let bad = json!({ "phone": "nowhere", "skills": { "sales": 99 }, "wieght": 3 });
    let answer = api(&router, "PUT", "/v1/agents/cleo", &bad);
    assert_eq!(answer.status, 422, "{}", answer.body);
    assert!(answer.json()["error"]["findings"].as_array().unwrap().len() >= 4, "{}", answer.body);
    assert_eq!(api(&router, "DELETE", "/v1/queues/main", &json!({})).status, 422, "an entry leads there");
    assert_eq!(api(&router, "DELETE", "/v1/agents/nobody", &json!({})).status, 404);
    assert_eq!(api(&router, "PATCH", "/v1/entries/77", &json!({})).status, 404);
    assert_eq!(send(router.ready().operator, "PUT", "/v1/agents/x", &[], "[1]").status, 400);
    assert!(router.operator("/v1/plan").json()["retired"].as_array().unwrap().is_empty());
    assert_eq!(api(&router, "PUT", "/v1/entries/1600", &json!({ "queue": "main" })).status, 200);
    assert_eq!(router.operator("/v1/entries/1600").json()["origin"], "added");
}

#[test]
fn no_secret_is_told_stored_or_logged() {
    const TOKEN: &str = "cleo-has-a-very-long-token";
    const ANNS: &str = "ann-has-a-very-long-token";
    let agent = format!("[[agent]]\nid = \"ann\"\ntoken = \"{ANNS}\"\nphone = \"sip:ann@127.0.0.1:5910\"\n");
    let site = Site::new().fixed_ports().more(&agent).to_toml();
    let router = Router::start_with(&site, &[("RUST_LOG", "trace")]);
    let cleo = json!({ "token": TOKEN, "phone": "sip:cleo@127.0.0.1:5911" });
    let mut said = vec![api(&router, "PUT", "/v1/agents/cleo", &cleo).body];
    said.push(api(&router, "PATCH", "/v1/agents/cleo", &json!({ "skills": { "sales": 2 } })).body);
    said.push(api(&router, "PUT", "/v1/agents/dora", &json!({ "token": TOKEN, "phone": "nowhere" })).body);
    rewrite(&router, &site.replace("5910", "5912"));
    said.push(reload(&router).body);
    said.push(router.command(&["reload", "--config", "sambung.toml"]).1);
    said.push(router.operator("/v1/plan").body);
    said.push(router.operator("/v1/plan?format=toml").body);
    said.push(router.operator("/v1/agents/cleo").body);
    said.push(log(&router).join("\n"));
    said.push(router.log());
    for file in router.stored_files() {
        said.push(String::from_utf8_lossy(&fs::read(file).unwrap()).into_owned());
    }
    for (no, said) in said.iter().enumerate() {
        assert!(!said.contains(TOKEN) && !said.contains(ANNS), "{no}: {said}");
    }
    let kept = fs::read_to_string(router.store().join("changes.toml")).unwrap();
    assert!(kept.contains("token_hash"), "{kept}");
    let exported = router.operator("/v1/plan?format=toml").body;
    fs::write(router.folder().join("exported.toml"), exported).unwrap();
    let (code, said) = router.command(&["check", "exported.toml"]);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn only_an_operator_changes_rules_or_sees_hashes() {
    let router = Router::start(&Site::new().agent(Agent::phone("ann", 5910)).user("eye", "reader"));
    let token = ("Authorization", "Bearer token-of-eye");
    let ask = |method: &str, path: &str| send(router.ready().operator, method, path, &[token], "{}").status;
    assert_eq!((ask("GET", "/v1/plan"), ask("GET", "/v1/agents/ann")), (200, 200));
    assert_eq!((ask("GET", "/v1/plan?format=toml"), ask("POST", "/v1/reload")), (403, 403));
    assert_eq!((ask("PATCH", "/v1/agents/ann"), ask("DELETE", "/v1/agents/ann")), (403, 403));
}

/// The keys that a schema of the description has.
fn described(description: &Value, schema: &str) -> Vec<String> {
    let properties = &description["components"]["schemas"][schema]["properties"];
    properties.as_object().unwrap_or_else(|| panic!("{schema}")).keys().cloned().collect()
}

#[test]
fn the_description_names_every_key_of_rules_and_reports() {
    let router = Router::start(&Site::new().agent(Agent::phone("ann", 5910)));
    let description = router.operator("/v1/openapi.json").json();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    for path in ["/v1/agents/ann", "/v1/queues/main", "/v1/entries/1500"] {
        assert_eq!(keys(&router.operator(path).json()), described(&description, "Piece"), "{path}");
    }
    assert_eq!(keys(&reload(&router).json()), described(&description, "RulesReport"));
    let plan = router.operator("/v1/plan").json();
    let schema =
        &description["paths"]["/v1/plan"]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
    assert_eq!(keys(&plan), keys(&schema["properties"]));
    assert_eq!(keys(&plan["agents"][0]), described(&description, "Piece"));
}
