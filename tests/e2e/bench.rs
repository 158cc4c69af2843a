//! The shared bench for call queues, unchanged, against us.
//!
//! A short run by default; `SAMBUNG_FULL=1` runs what the bars are stated for. Figures are printed.

use harness::{Agent, Router, Site, free_ports, need_all, shared};
use serde_json::Value;
use std::{env, path::Path, process::Command};

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

fn play(script: &Path, run: &Run, router: &Router, [callers, phones, hold]: [u16; 3]) -> Value {
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
    let output = Command::new("python3").arg(script).args(options.concat()).output().unwrap();
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
