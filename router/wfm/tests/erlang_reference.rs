//! The staffing formulas against values computed at 50 digits and by a second method.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{collections::BTreeMap, path::PathBuf};
use wfm::erlang::{self, Load, Outlook};

fn table(name: &str) -> Option<Vec<BTreeMap<String, String>>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let shared = std::env::var_os("SAMBUNG_SHARED").map_or_else(|| root.join("../shared"), PathBuf::from);
    let path = shared.join("data/wfm").join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("SKIPPED: {} is not there", path.display());
        return None;
    };
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let head = lines.next().unwrap();
    Some(lines.map(|line| head.iter().cloned().zip(line).collect()).collect())
}

fn number(row: &BTreeMap<String, String>, column: &str) -> f64 {
    row[column].parse().unwrap()
}

fn load(row: &BTreeMap<String, String>) -> Load {
    Load { calls_per_hour: number(row, "calls_per_hour"), aht_s: number(row, "aht_s") }
}

fn same(case: &str, column: &str, ours: f64, given: f64) {
    let difference = (ours - given).abs() / given.abs().max(1e-9);
    assert!(difference < 1e-9, "{case} {column}: {ours} for {given}, {difference:e} off");
}

#[test]
fn every_reference_value_is_met_within_a_billionth() {
    let Some(cases) = table("erlang-reference.csv") else { return };
    assert_eq!(cases.len(), 32);
    for row in &cases {
        let (case, load) = (&row["case"], load(row));
        let (agents, threshold) = (number(row, "agents") as u32, number(row, "threshold_s"));
        let outlook: Outlook = if row["patience_mean_s"].is_empty() {
            erlang::without_patience(&load, agents, threshold).unwrap()
        } else {
            erlang::with_patience(&load, agents, number(row, "patience_mean_s"), threshold).unwrap()
        };
        same(case, "erlangs", load.erlangs(), number(row, "offered_erlangs"));
        if !row["erlang_b_blocking"].is_empty() {
            let ours = erlang::blocking(load.erlangs(), agents);
            same(case, "blocking", ours, number(row, "erlang_b_blocking"));
        }
        for (column, ours) in [
            ("occupancy", outlook.occupancy),
            ("p_wait", outlook.p_wait),
            ("mean_wait_all_s", outlook.mean_wait_s),
            ("p_served_within", outlook.served_within),
            ("p_abandon", outlook.abandoned),
            ("p_abandon_within", outlook.abandoned_within),
        ] {
            // Where nobody leaves, nobody leaves within the threshold either, and the table says nothing.
            if row[column].is_empty() {
                assert_eq!(ours, 0.0);
                continue;
            }
            same(case, column, ours, number(row, column));
        }
    }
}

#[test]
fn the_least_number_of_agents_is_that_of_the_reference() {
    let Some(cases) = table("erlang-required-agents.csv") else { return };
    for row in &cases {
        let (threshold, target) = (number(row, "threshold_s"), number(row, "target_service_level"));
        let agents = erlang::required_agents(&load(row), threshold, target).unwrap();
        assert_eq!(agents, number(row, "agents_required") as u32, "{row:?}");
        let level = erlang::without_patience(&load(row), agents, threshold).unwrap().served_within;
        same("required", "service_level_achieved", level, number(row, "service_level_achieved"));
    }
}
