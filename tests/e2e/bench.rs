//! The shared bench for call queues, unchanged, against us.
//!
//! A short run by default; `SAMBUNG_FULL=1` runs what the bars are stated for. Figures are printed.

use harness::{Agent, Router, Site, eventually, free_ports, need_all, shared};
use serde_json::Value;
use std::{
    env,
    path::Path,
    process::{Command, Output, Stdio},
    time::Duration,
};

/// What one run of the bench is asked to do.
struct Run {
    rate: u32,
    calls: u32,
    agents: usize,
}

fn full() -> bool {
    env::var_os("SAMBUNG_FULL").is_some_and(|value| value == "1")
}

/// Runs it; the bench's own result. None when the bench is not there.
fn bench(run: &Run) -> Option<Value> {
    let script = shared("bench/bench.py")?;
    need_all(&["sipp", "python3"]);
    let [callers, phones, hold] = free_ports();
    let router = Router::start(&Site::new().agents(run.agents, |id| Agent::phone(id, phones)));
    let result = play(&script, run, &router, [callers, phones, hold]);
    println!("{} calls at {}/s, {} agents: {result}", run.calls, run.rate, run.agents);
    router.records().expect_count(u64::from(run.calls));
    router.expect_all_ready(run.agents);
    Some(result)
}

fn play(script: &Path, run: &Run, router: &Router, ports: [u16; 3]) -> Value {
    result(&command(script, run, router, ports).output().unwrap())
}

fn command(script: &Path, run: &Run, router: &Router, [callers, phones, hold]: [u16; 3]) -> Command {
    let option = |name: &str, value: String| [format!("--{name}"), value];
    let options = [
        option("target", router.ready().sip_udp.to_string()),
        option("service", "1500".to_owned()),
        option("rate", run.rate.to_string()),
        option("calls", run.calls.to_string()),
        option("agents", run.agents.to_string()),
        option("caller-port", callers.to_string()),
        option("agent-port", phones.to_string()),
        option("hold-port", hold.to_string()),
        option("pid", router.pid().to_string()),
        option("out", router.folder().join("bench").display().to_string()),
    ];
    let mut command = Command::new("python3");
    command.arg(script).args(options.concat());
    command
}

fn result(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    serde_json::from_str(text.trim())
        .unwrap_or_else(|error| panic!("{error}: {text}{}", String::from_utf8_lossy(&output.stderr)))
}

fn number(result: &Value, path: &str) -> f64 {
    result.pointer(path).and_then(Value::as_f64).unwrap_or_else(|| panic!("{path} is missing in {result}"))
}

fn expect_sound(result: &Value) {
    assert!(number(result, "/calls_seen/ratio") >= 0.999, "{result}");
    assert_eq!(number(result, "/calls_seen/double_booked_answered"), 0.0, "{result}");
}

#[test]
fn bench_fifty_calls_a_second_are_connected() {
    let secs = if full() { 25 } else { 10 };
    let Some(result) = bench(&Run { rate: 50, calls: 50 * secs, agents: 100 }) else { return };
    expect_sound(&result);
    if full() && number(&result, "/steal_share") <= 0.01 {
        assert!(number(&result, "/cpu_s_per_1000") <= 1.0, "{result}");
    }
}

#[test]
fn bench_hundred_calls_a_second_are_connected() {
    if !full() {
        return println!("SKIPPED: SAMBUNG_FULL=1 runs it");
    }
    let Some(result) = bench(&Run { rate: 100, calls: 2_500, agents: 200 }) else { return };
    expect_sound(&result);
}

#[test]
fn bench_two_hundred_calls_a_second_are_cheap() {
    if !full() {
        return println!("SKIPPED: SAMBUNG_FULL=1 runs it");
    }
    let Some(result) = bench(&Run { rate: 200, calls: 5_000, agents: 300 }) else { return };
    expect_sound(&result);
    if number(&result, "/steal_share") <= 0.01 {
        assert!(number(&result, "/cpu_s_per_1000") <= 0.6, "{result}");
        for latency in ["caller_invite_to_agent_invite", "agent_200_to_caller_200"] {
            assert!(number(&result, &format!("/calls_seen/{latency}/p50_ms")) <= 2.0, "{result}");
            assert!(number(&result, &format!("/calls_seen/{latency}/p99_ms")) <= 6.0, "{result}");
        }
    }
}

#[test]
fn bench_six_hundred_callers_for_thirty_agents_end_within_23_s() {
    if !full() {
        return println!("SKIPPED: SAMBUNG_FULL=1 runs it");
    }
    let Some(result) = bench(&Run { rate: 30, calls: 600, agents: 30 }) else { return };
    expect_sound(&result);
    assert!(number(&result, "/calls_seen/wall_s") <= 23.0, "{result}");
}

/// A hundred talk and fifty wait when it is killed; after that the hundred hang up, and the fifty are talked to.
#[test]
fn bench_a_killed_router_loses_no_talk_and_nobody_who_waits() {
    let Some(script) = shared("bench/bench.py") else { return };
    need_all(&["sipp", "python3", "sqlite3"]);
    let run = Run { rate: 30, calls: 150, agents: 100 };
    let ports = free_ports();
    let site = Site::new().fixed_ports().queue("max_wait", "10m");
    let mut router = Router::start(&site.agents(run.agents, |id| Agent::phone(id, ports[1])));
    let kill = router.folder().join("kill");
    let mut bench = command(&script, &run, &router, ports);
    bench.args(["--talk", "15000", "--kill-at", "8", "--kill-cmd"]).arg(format!("touch {}", kill.display()));
    let bench = bench.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    eventually("the bench's word to kill", Duration::from_secs(30), || kill.exists().then_some(()));
    let at_the_kill = ["sambung_agents{state=\"talking\"}", "sambung_calls_waiting{queue=\"main\"}"];
    assert_eq!(at_the_kill.map(|series| router.metric(series)), [Some(100.0), Some(50.0)]);
    router.kill();
    router.start_again();
    let figures = result(&bench.wait_with_output().unwrap());
    println!("killed with 100 talks and 50 who wait: {figures}");

    let phones = std::fs::read_to_string(router.folder().join("bench/agent.log")).unwrap();
    let count = |what: &str| phones.lines().filter(|line| line.contains(what)).count();
    assert_eq!([" HANGUP ", " HUNGUP ", " LOST ", " BYE "].map(count), [150, 150, 0, 0], "{figures}");
    assert_eq!(number(&figures, "/calls_seen/ended"), 150.0, "{figures}");
    expect_sound(&figures);
    let records = router.records();
    records.expect_count(150);
    assert_eq!(records.number("SELECT count(*) FROM calls WHERE outcome = 'answered'"), 150);
    router.expect_all_ready(run.agents);
}
