use super::*;
use std::path::PathBuf;

const FILE: &str = r#"
[[queue]]
name = "main"
[[entry]]
number = "1500"
queue = "main"
[[agent]]
id = "ann"
token = "ann-has-a-long-token"
phone = "sip:ann@127.0.0.1:5910"
skills = { billing = 3 }
[[agent]]
id = "ben"
token = "ben-has-a-long-token"
phone = "registered"
phone_password = "Kx7-example-Rt3"
"#;

struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    fn new(text: &str) -> Self {
        let site = Self { folder: tempfile::tempdir().unwrap() };
        site.write(text);
        site
    }
    fn file(&self) -> PathBuf {
        self.folder.path().join("sambung.toml")
    }
    fn write(&self, text: &str) {
        std::fs::write(self.file(), text).unwrap();
    }
    fn with(&self, changes: &Changes) -> Result<Rules, Problems> {
        load_rules(Some(&self.file()), changes.clone())
    }
}

fn rules(text: &str) -> Table {
    text.parse().unwrap()
}

fn set(changes: &mut Changes, kind: Kind, name: &str, text: &str) {
    changes.set(kind, name, rules(text)).unwrap();
}

const CLEO: &str =
    "token = \"cleo-has-a-long-token\"\nphone = \"sip:cleo@127.0.0.1:5911\"\nskills = { billing = 5 }";

#[test]
fn what_is_added_changed_and_retired_stands_over_the_file() {
    let (site, mut changes) = (Site::new(FILE), Changes::default());
    set(&mut changes, Kind::Agent, "cleo", CLEO);
    set(&mut changes, Kind::Agent, "ann", "phone = \"sip:ann@127.0.0.1:5999\"");
    set(&mut changes, Kind::Queue, "sales", "needs = \"sales\"");
    changes.retire(Kind::Agent, "ben");
    let both = site.with(&changes).unwrap();
    let agents: Vec<(&str, u16)> = both
        .config
        .agents
        .iter()
        .map(|agent| (agent.id.as_str(), agent.phone.address().unwrap().port()))
        .collect();
    assert_eq!(agents, [("ann", 5999), ("cleo", 5911)]);
    let queues: Vec<&str> = both.config.plan.queues.iter().map(|queue| queue.name.as_str()).collect();
    assert_eq!(queues, ["main", "sales"]);
    let origin = |name| both.book.object(Kind::Agent, name).map(|object| object.origin);
    assert_eq!(
        (origin("ann"), origin("cleo"), origin("ben")),
        (Some(Origin::Changed), Some(Origin::Added), None)
    );
    assert_eq!(both.book.retired().collect::<Vec<_>>(), [(Kind::Agent, "ben")]);
    let names: Vec<String> = both.changes.names().collect();
    assert_eq!(names, ["queue sales", "agent ann", "agent ben (retired)", "agent cleo"]);
}

#[test]
fn a_secret_that_is_not_given_stays_and_one_that_is_given_is_kept_as_its_hash() {
    let (site, mut changes) = (Site::new(FILE), Changes::default());
    set(&mut changes, Kind::Agent, "ann", "phone = \"sip:ann@127.0.0.1:5999\"");
    set(&mut changes, Kind::Agent, "ben", "phone = \"registered\"\nskills = { sales = 1 }");
    set(&mut changes, Kind::Agent, "cleo", CLEO);
    let both = site.with(&changes).unwrap();
    let proof = |name: &str| both.config.agents.iter().find(|agent| agent.id == name).unwrap().proof();
    assert_eq!(proof("ann"), Some(hash_of("ann-has-a-long-token")));
    assert_eq!(proof("cleo"), Some(hash_of("cleo-has-a-long-token")));
    assert!(
        matches!(both.config.agents[1].phone, crate::Phone::Registered { .. }),
        "with the file's password"
    );
    let kept = both.changes.to_toml();
    assert!(kept.contains("token_hash") && !kept.contains("long-token") && !kept.contains("Kx7"), "{kept}");
    // Read again, and changed once more, it is the same token.
    let mut again = Changes::read(&kept).unwrap();
    assert_eq!(again, both.changes);
    set(&mut again, Kind::Agent, "cleo", "phone = \"sip:cleo@127.0.0.1:5912\"");
    let both = site.with(&again).unwrap();
    let cleo = both.config.agents.iter().find(|agent| agent.id == "cleo").unwrap();
    assert_eq!(cleo.proof(), Some(hash_of("cleo-has-a-long-token")));
}

#[test]
fn nothing_that_is_shown_holds_a_secret() {
    let (site, mut changes) = (Site::new(FILE), Changes::default());
    set(&mut changes, Kind::Agent, "cleo", CLEO);
    let both = site.with(&changes).unwrap();
    for object in both.book.objects() {
        let shown = object.rules().to_string();
        assert!(!shown.contains("token") && !shown.contains("Kx7"), "{shown}");
    }
    let file = both.book.to_toml();
    assert!(!file.contains("long-token") && !file.contains("Kx7") && file.contains("token_hash"), "{file}");
    assert!(!format!("{both:?}").contains("long-token"));
}

#[test]
fn what_is_exported_may_be_put_into_the_file_and_then_no_change_is_left() {
    let (site, mut changes) = (Site::new(FILE), Changes::default());
    set(&mut changes, Kind::Agent, "cleo", CLEO);
    set(&mut changes, Kind::Entry, "1600", "queue = \"main\"");
    changes.retire(Kind::Agent, "ben"); // whose password could not be exported
    let both = site.with(&changes).unwrap();
    site.write(&both.book.to_toml());
    let alone = site.with(&both.changes).unwrap();
    assert!(alone.changes.is_empty(), "{:?}", alone.changes);
    assert_eq!(alone.config.plan, both.config.plan);
    assert_eq!(alone.config.agents, both.config.agents);
}

#[test]
fn a_file_that_says_the_same_with_the_token_itself_settles_a_change() {
    let (site, mut changes) = (Site::new(FILE), Changes::default());
    set(&mut changes, Kind::Agent, "cleo", CLEO);
    let changes = site.with(&changes).unwrap().changes;
    site.write(&format!("{FILE}[[agent]]\nid = \"cleo\"\n{CLEO}\n"));
    assert!(site.with(&changes).unwrap().changes.is_empty());
}

#[test]
fn what_goes_without_saying_is_not_lost_when_something_is_added_to_it() {
    let (site, mut changes) = (
        Site::new("[[agent]]\nid = \"ann\"\nphone = \"sip:ann@127.0.0.1:5910\"\npresence = \"always\"\n"),
        Changes::default(),
    );
    set(&mut changes, Kind::Queue, "sales", "needs = \"sales\"");
    let both = site.with(&changes).unwrap();
    let plan = &both.config.plan;
    let queues: Vec<&str> = plan.queues.iter().map(|queue| queue.name.as_str()).collect();
    assert_eq!(
        (queues.as_slice(), plan.entries[0].number.as_str(), plan.entries[0].queue.as_str()),
        (["main", "sales"].as_slice(), "*", "main")
    );
    set(&mut changes, Kind::Entry, "1600", "queue = \"sales\"");
    let both = site.with(&changes).unwrap();
    let numbers: Vec<&str> = both.config.plan.entries.iter().map(|entry| entry.number.as_str()).collect();
    assert_eq!(numbers, ["*", "1600"]);
}

#[test]
fn the_checks_are_those_of_the_file_and_name_no_line_that_nobody_typed() {
    let (site, mut changes) = (Site::new(FILE), Changes::default());
    set(&mut changes, Kind::Entry, "1600", "queue = \"mian\"");
    set(
        &mut changes,
        Kind::Agent,
        "cleo",
        "token = \"ann-has-a-long-token\"\nphone = \"nowhere\"\nwieght = 3",
    );
    let problems = site.with(&changes).unwrap_err();
    let said = problems.to_string();
    for part in ["there is no queue \"mian\"", "token of \"ann\" as well", "agent[cleo].phone", "wieght"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert!(problems.iter().all(|problem| problem.line == 0 && problem.file == CHANGES), "{said}");
    assert!(!said.contains("long-token"), "{said}");
}

#[test]
fn the_last_queue_and_one_that_is_led_to_cannot_be_taken_out() {
    let (site, mut changes) = (Site::new(FILE), Changes::default());
    changes.retire(Kind::Queue, "main");
    assert!(site.with(&changes).is_err());
}

#[test]
fn the_last_agent_may_be_retired() {
    let (site, mut changes) = (Site::new(FILE), Changes::default());
    changes.retire(Kind::Agent, "ann");
    changes.retire(Kind::Agent, "ben");
    assert!(site.with(&changes).unwrap().config.agents.is_empty());
}

#[test]
fn the_password_of_a_phone_is_not_taken() {
    let problems = Changes::default()
        .set(Kind::Agent, "ann", rules("phone_password = \"Vq8-example-Wd2\""))
        .unwrap_err();
    assert!(problems.to_string().contains("phone_password_file") && !problems.to_string().contains("Vq8"));
}

#[test]
fn a_weak_token_is_refused_off_loopback_also_when_it_comes_by_api() {
    let exposed = format!("[desk]\nlisten = \"0.0.0.0:8080\"\ninsecure = true\n{FILE}");
    let (site, mut changes) = (Site::new(&exposed), Changes::default());
    set(&mut changes, Kind::Agent, "cleo", "token = \"short\"\nphone = \"sip:cleo@127.0.0.1:5911\"");
    assert!(site.with(&changes).unwrap_err().to_string().contains("agent[cleo].token"));
}
