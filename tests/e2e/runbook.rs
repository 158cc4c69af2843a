//! docs/runbook.md and the rules of Prometheus: what is named there exists, and nothing that wakes somebody is missing.

use harness::{Agent, Router, Site, eventually_is, free_port, need};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn pages() -> Vec<(String, String)> {
    let pages = fs::read_dir(root().join("docs")).unwrap().map(|page| page.unwrap().path());
    let named = |path: PathBuf| format!("docs/{}", path.file_name().unwrap().to_string_lossy());
    let all = pages.map(named).chain(["README.md".to_owned(), "router/packaging/alerts.yml".to_owned()]);
    all.map(|page| (page.clone(), text(&page))).collect()
}

/// Names of series in a text; one that ends in `*` stands for all that begin so.
fn series(text: &str) -> BTreeSet<String> {
    let name = |rest: &str| {
        let end = rest.find(|c: char| !(c.is_ascii_lowercase() || c == '_')).unwrap_or(rest.len());
        let star = if rest[end..].starts_with('*') { "*" } else { "" };
        format!("sambung_{}{star}", &rest[..end])
    };
    text.split("sambung_").skip(1).map(name).filter(|name| name != "sambung_").collect()
}

#[test]
fn every_series_that_a_page_or_a_rule_names_is_there() {
    let port = free_port();
    let site = Site::new().agent(Agent::phone("a001", 5910)).fixed_ports().more(
        "[[trunk]]\nname = \"carrier\"\nnetworks = [\"192.0.2.7\"]\naddress = \"sip:127.0.0.1:9\"\nprobe = \"5s\"\n\
         user = \"1\"\npassword = \"Wq8-example-Vd5\"\nregister = \"1h\"\n\
         [[hours]]\nname = \"office\"\nopen = { mon-sun = [\"00:00-24:00\"] }\n",
    );
    let with_relay = format!("[media]\nrtpengine = \"127.0.0.1:{port}\"\n");
    let router = Router::start_on(&site.to_toml().replacen("[media]\n", &with_relay, 1));
    let named: BTreeSet<(String, String)> = pages()
        .into_iter()
        .flat_map(|(page, text)| series(&text).into_iter().map(move |name| (page.clone(), name)))
        .collect();
    assert!(named.len() > 30, "{named:?}");
    let unknown = || {
        let shown = router.operator("/metrics").body;
        let known: BTreeSet<&str> =
            shown.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
        named.iter().filter(|(_, name)| !is_among(&known, name)).cloned().collect::<Vec<_>>()
    };
    eventually_is("series that are named and not there", Duration::from_secs(5), &Vec::new(), unknown);
}

fn is_among(known: &BTreeSet<&str>, name: &str) -> bool {
    let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    match name.strip_suffix('*') {
        Some(begins) => known.iter().any(|known| known.starts_with(begins)),
        None => known.contains(name) || known.contains(base),
    }
}

#[test]
fn the_store_shows_how_far_it_is_and_how_much_room_it_has() {
    let router = Router::start(&Site::new().agent(Agent::phone("a001", 5910)));
    let behind = || {
        let entry = |of: &str| router.metric(&format!("sambung_{of}_entry")).unwrap_or(f64::NAN);
        (entry("log") - entry("follower"), entry("log") - entry("records"))
    };
    eventually_is("records follow", Duration::from_secs(5), &(0.0, 0.0), behind);
    assert!(router.metric("sambung_log_entry") > Some(0.0));
    let (free, size) = (router.metric("sambung_store_free_bytes"), router.metric("sambung_store_size_bytes"));
    assert!(free > Some(0.0) && free <= size, "{free:?} of {size:?}");
    assert!(router.metric("sambung_start_time_seconds") > Some(1.7e9));
}

#[test]
fn every_rule_has_its_place_in_the_runbook_and_every_place_its_rule() {
    let rules = text("router/packaging/alerts.yml");
    let rules: Vec<&str> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    let runbook = text("docs/runbook.md");
    let places: Vec<&str> = runbook.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    assert!(!rules.is_empty());
    assert_eq!(rules, places);
}

#[test]
fn the_rules_fire_when_they_should_and_not_otherwise() {
    let promtool = |arguments: &[&str], folder: &Path| {
        let output = Command::new(need("promtool")).args(arguments).current_dir(folder).output().unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "{said}");
    };
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("alerts.yml"), text("router/packaging/alerts.yml")).unwrap();
    fs::write(folder.path().join("cases.yml"), CASES).unwrap();
    promtool(&["check", "rules", "alerts.yml"], folder.path());
    promtool(&["test", "rules", "cases.yml"], folder.path());
}

/// A quarter of an hour at four routers: what is shown, and who is woken.
const CASES: &str = r#"
rule_files: [alerts.yml]
tests:
  - interval: 15s
    input_series:
      # In the log and not in the records; one that keeps up; one that has nothing to do.
      - { series: 'sambung_log_entry{instance="lags"}', values: '0+10x60' }
      - { series: 'sambung_records_entry{instance="lags"}', values: '0x60' }
      - { series: 'sambung_log_entry{instance="keeps up"}', values: '10+10x60' }
      - { series: 'sambung_records_entry{instance="keeps up"}', values: '0+10x60' }
      # One whose rtpengine is gone, one that has none.
      - { series: 'sambung_rtpengine_up{instance="lags"}', values: '0x60' }
      - { series: 'sambung_rtpengine_questions_total{instance="lags",command="ping"}', values: '0+7x60' }
      - { series: 'sambung_rtpengine_up{instance="keeps up"}', values: '0x60' }
      - { series: 'sambung_rtpengine_questions_total{instance="keeps up",command="ping"}', values: '0x60' }
      # Callers at a floor of nobody, and at one where somebody talks.
      - { series: 'sambung_calls_waiting{instance="lags",queue="main"}', values: '3x60' }
      - { series: 'sambung_agents{instance="lags",state="not_ready"}', values: '9x60' }
      - { series: 'sambung_agents{instance="lags",state="ready"}', values: '0x60' }
      - { series: 'sambung_calls_waiting{instance="keeps up",queue="main"}', values: '3x60' }
      - { series: 'sambung_agents{instance="keeps up",state="talking"}', values: '1x60' }
      # Started four times, and once.
      - { series: 'sambung_start_time_seconds{instance="lags"}', values: '1x15 2x15 3x15 4x15' }
      - { series: 'sambung_start_time_seconds{instance="keeps up"}', values: '1x60' }
      # A certificate that ends within two weeks, one that does not, and none.
      - { series: 'sambung_certificate_expires_seconds{instance="lags"}', values: '1000000x60' }
      - { series: 'sambung_certificate_expires_seconds{instance="keeps up"}', values: '1300000x60' }
      - { series: 'sambung_certificate_expires_seconds{instance="without"}', values: '0x60' }
      # Ten gigabytes that are gone within an hour, and ten that stay.
      - { series: 'sambung_store_free_bytes{instance="lags"}', values: '10000000000-41000000x60' }
      - { series: 'sambung_store_free_bytes{instance="keeps up"}', values: '10000000000x60' }
      # A file that was changed and is wrong, and one that is right.
      - { series: 'sambung_config_last_reload_successful{instance="lags"}', values: '0x60' }
      - { series: 'sambung_config_last_reload_successful{instance="keeps up"}', values: '1x60' }
      # Waits that are longer than foreseen, and those that are not.
      - { series: 'sambung_ewt_coverage_ratio{instance="lags",queue="main",level="p80"}', values: '0.5x160' }
      - { series: 'sambung_ewt_coverage_ratio{instance="keeps up",queue="main",level="p80"}', values: '0.78x160' }
    alert_rule_test:
      - { eval_time: 14m, alertname: SambungReloadFailed, exp_alerts: [{ exp_labels: { instance: lags, severity: ticket }, exp_annotations: { summary: "lags: the configuration file was changed and is not gone by" } }] }
      - { eval_time: 14m, alertname: SambungRecordsLag, exp_alerts: [{ exp_labels: { instance: lags, severity: ticket }, exp_annotations: { summary: "lags: records and reports are 520 entries behind" } }] }
      - { eval_time: 14m, alertname: SambungRtpengineDown, exp_alerts: [{ exp_labels: { instance: lags, severity: page }, exp_annotations: { summary: "lags: rtpengine does not answer; phones in browsers are refused" } }] }
      - { eval_time: 14m, alertname: SambungNobodyServes, exp_alerts: [{ exp_labels: { instance: lags, severity: page }, exp_annotations: { summary: "lags: 3 callers wait, and no agent is at work" } }] }
      - { eval_time: 14m, alertname: SambungRestartsAgainAndAgain, exp_alerts: [{ exp_labels: { instance: lags, severity: page }, exp_annotations: { summary: "lags was started 3 times in a quarter of an hour" } }] }
      - { eval_time: 14m, alertname: SambungDiskFillsUp, exp_alerts: [{ exp_labels: { instance: lags, severity: page }, exp_annotations: { summary: "lags: the store's disk is full within hours" } }] }
      - { eval_time: 14m, alertname: SambungCertificateEnds, exp_alerts: [{ exp_labels: { instance: lags, severity: ticket }, exp_annotations: { summary: "lags: the certificate of [tls] ends within two weeks" } }] }
      - { eval_time: 35m, alertname: SambungExpectedWaitsWrong, exp_alerts: [{ exp_labels: { instance: lags, queue: main, level: "p80", severity: ticket }, exp_annotations: { summary: "lags: callers of main wait longer than foreseen" } }] }
      - { eval_time: 14m, alertname: SambungTrunkDown, exp_alerts: [] }
"#;

/// The texts that our programs say at a level, with the file of each.
fn said_at(level: &str) -> Vec<(String, String)> {
    let sources = ["router/src", "agent-gateway/src", "screenpop/src"];
    let mut found = Vec::new();
    for file in sources.iter().flat_map(|folder| rust_files(&root().join(folder))) {
        let code = fs::read_to_string(&file).unwrap();
        let code = code.split("#[cfg(test)]").next().unwrap_or_default();
        for call in code.split(&format!("tracing::{level}!(")).skip(1) {
            let text = last_text(call).unwrap_or_else(|| panic!("{}: {call:.80}", file.display()));
            found.push((file.display().to_string(), text.to_owned()));
        }
    }
    found
}

/// The last text among the arguments of a call, whose closing parenthesis is still to come.
fn last_text(call: &str) -> Option<&str> {
    let (mut depth, mut begins, mut last, mut before) = (1, None, None, ' ');
    for (at, c) in call.char_indices() {
        match (begins, c) {
            (None, '"') => begins = Some(at + 1),
            (Some(start), '"') if before != '\\' => {
                last = call.get(start..at);
                begins = None;
            }
            (None, '(') => depth += 1,
            (None, ')') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return last;
        }
        before = c;
    }
    None
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let below = folders.iter().flat_map(|folder| rust_files(folder));
    files.into_iter().filter(|file| file.extension().is_some_and(|end| end == "rs")).chain(below).collect()
}

#[test]
fn every_error_that_the_router_tells_stands_in_the_runbook() {
    let runbook = text("docs/runbook.md");
    let errors = said_at("error");
    assert!(errors.len() >= 20, "{errors:?}");
    for (file, line) in errors.iter().filter(|(file, _)| file.contains("router/src")) {
        assert!(
            runbook.contains(&format!("| `{line}` |")),
            "{file} says {line:?}, and the runbook does not know it"
        );
    }
}

#[test]
fn every_line_of_the_runbook_is_one_that_is_told() {
    let runbook = text("docs/runbook.md");
    let lines =
        runbook.split("## Lines in the log").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap();
    let told: BTreeSet<String> =
        ["error", "warn"].iter().flat_map(|level| said_at(level)).map(|(_, line)| line).collect();
    let named: Vec<&str> =
        lines.lines().filter_map(|line| line.strip_prefix("| `")?.split("` |").next()).collect();
    assert!(named.len() > 40);
    for line in named {
        assert!(told.contains(line), "nobody says {line:?} any more");
    }
}

#[test]
fn links_of_the_runbook_lead_somewhere() {
    let anchor = |heading: &str| {
        let kept = heading.trim_start_matches('#').trim().to_lowercase();
        kept.chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
            .collect::<String>()
            .replace(' ', "-")
    };
    let anchors = |page: &str| -> BTreeSet<String> {
        text(page).lines().filter(|line| line.starts_with('#')).map(anchor).collect()
    };
    for link in text("docs/runbook.md").split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        let (page, place) = link.split_once('#').unwrap_or((link, ""));
        let page = if page.is_empty() { "docs/runbook.md".to_owned() } else { format!("docs/{page}") };
        assert!(root().join(&page).is_file(), "{link}");
        assert!(place.is_empty() || anchors(&page).contains(place), "{link}");
    }
}
