//! Which agent gets which call: steps that let more agents in, the agent of the last time, what the trunk says of a call.

use harness::{Router, Sipp, SippRun, Site, eventually_is, free_port, need_all};
use std::{path::PathBuf, time::Duration};

const SOON: Duration = Duration::from_secs(30);

/// An agent who is always present, and her phone.
fn agent(id: &str, port: u16, skills: &str) -> String {
    format!(
        "[[agent]]\nid = \"{id}\"\npresence = \"always\"\nphone = \"sip:{id}@127.0.0.1:{port}\"\nskills = {{ {skills} }}\n"
    )
}

fn phone(router: &Router, port: u16, talk_ms: u32) -> SippRun {
    Sipp::phones(port, 20, talk_ms, "answers").start(router.ready().sip_udp, router.folder())
}

fn call(router: &Router, caller: &Sipp) -> SippRun {
    caller.clone().dial("1500").calls(1, 1).start(router.ready().sip_udp, router.folder())
}

/// Who answered, in the order of arrival.
fn answered_by(router: &Router, agents: &[&str]) {
    let wanted: Vec<String> = agents.iter().map(|agent| (*agent).to_owned()).collect();
    let rows =
        || router.records().rows("SELECT agent FROM calls WHERE outcome = 'answered' ORDER BY arrived_at");
    eventually_is("who answered", SOON, &wanted, rows);
}

#[test]
fn a_step_lets_a_second_agent_in_while_the_caller_waits() {
    need_all(&["sipp", "sqlite3"]);
    let (expert, novice) = (free_port(), free_port());
    let site = Site::new().queue("needs", "billing >= 8");
    let site = site.more(&(agent("a001", expert, "billing = 9") + &agent("a002", novice, "billing = 4")));
    let steps = "steps = [{ after = \"2s\", needs = \"billing >= 3\" }]\nneeds =";
    let router = Router::start_on(&site.to_toml().replacen("needs =", steps, 1));
    let _phones = (phone(&router, expert, 8_000), phone(&router, novice, 200));
    let first = call(&router, &Sipp::caller("caller"));
    eventually_is("the expert talks", SOON, &Some(1.0), || {
        router.metric("sambung_agents{state=\"talking\"}")
    });
    call(&router, &Sipp::caller("caller")).finished(SOON);
    first.finished(SOON);
    answered_by(&router, &["a001", "a002"]);
    let waited = router.records().number("SELECT wait_ms FROM calls WHERE agent = 'a002'");
    assert!(
        (2_000..7_000).contains(&waited),
        "{waited} ms: not before the step, and before the expert was free"
    );
    router
        .records()
        .expect(&["answered||a001|1|1", "answered||a002|1|1"], &["a001|accepted", "a002|accepted"]);
}

#[test]
fn a_caller_who_comes_again_gets_the_agent_of_the_last_time() {
    need_all(&["sipp", "sqlite3"]);
    let (first, second) = (free_port(), free_port());
    let site = Site::new().queue("prefer_last_agent", "10s");
    let site = site.more(&(agent("a001", first, "") + &agent("a002", second, "")));
    let router = Router::start(&site);
    let _phones = (phone(&router, first, 200), phone(&router, second, 200));
    let known = Sipp::caller("caller").named("+62215550");
    let other = Sipp::caller("caller").named("+62215551");
    // By idle time alone the two would take turns.
    for caller in [&known, &known, &other, &known] {
        call(&router, caller).finished(SOON);
        router.expect_all_ready(2);
    }
    answered_by(&router, &["a001", "a001", "a002", "a001"]);
}

#[test]
fn what_the_trunk_says_of_a_call_chooses_who_can_take_it() {
    need_all(&["sipp", "sqlite3"]);
    let (first, second) = (free_port(), free_port());
    let attribute = "[[attribute]]\nname = \"language\"\nheader = \"X-Language\"\nvalues = [\"indonesian\", \"english\"]\n";
    let site = Site::new().queue("needs", "billing and $language >= 5").more(attribute);
    let skills = |language: &str| format!("billing = 5, {language} = 9");
    let agents = agent("a001", first, &skills("indonesian")) + &agent("a002", second, &skills("english"));
    let router = Router::start(&site.more(&agents));
    let _phones = (phone(&router, first, 200), phone(&router, second, 200));
    for says in ["", "X-Language: English", "X-Language: klingon", "X-Language: english"] {
        call(&router, &Sipp::caller("caller_with").with("HEADERS", says)).finished(SOON);
        router.expect_all_ready(2);
    }
    answered_by(&router, &["a001", "a002", "a001", "a002"]);
    let kept = |file: &PathBuf| !file.file_name().unwrap().to_string_lossy().starts_with("live");
    let files: Vec<PathBuf> = router.stored_files().into_iter().filter(kept).collect();
    let log: Vec<u8> = files.iter().flat_map(|file| std::fs::read(file).unwrap()).collect();
    assert!(!String::from_utf8_lossy(&log).contains("klingon"), "what is not listed is kept nowhere");
}
