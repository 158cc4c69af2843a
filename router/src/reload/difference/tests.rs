use super::*;
use std::path::Path;

const FILE: &str = r#"
[sip]
udp = "127.0.0.1:5060"
[[trunk]]
name = "pbx"
networks = ["127.0.0.0/8"]
[[queue]]
name = "main"
[[entry]]
number = "1500"
[[outside]]
name = "mobiles"
numbers = ["08*"]
via = "sip:127.0.0.1:5080"
[[operator.user]]
name = "night"
role = "reader"
token = "a-token-for-the-night-shift"
[[agent]]
id = "ann"
token = "ann-has-a-long-token"
phone = "sip:ann@127.0.0.1:5910"
"#;

fn config(text: &str) -> Config {
    config::parse(text, Path::new("/nowhere"), &|_| None).unwrap_or_else(|problems| panic!("{problems}")).0
}

/// What is different once `from` is `to`.
fn after(from: &str, to: &str) -> Difference {
    assert!(FILE.contains(from), "{from}");
    Difference::between(&config(FILE), &config(&FILE.replacen(from, to, 1)))
}

fn changed(from: &str, to: &str) -> Vec<String> {
    let difference = after(from, to);
    assert_eq!((difference.needs_restart(), difference.added.len(), difference.retired.len()), (None, 0, 0));
    difference.changed
}

#[test]
fn the_same_file_is_no_difference() {
    assert!(Difference::between(&config(FILE), &config(FILE)).is_empty());
}

#[test]
fn whatever_may_change_while_calls_run_is_named() {
    assert_eq!(changed("5910", "5911"), ["agent ann"]);
    assert_eq!(changed("ann-has", "ann-had"), ["agent ann"]);
    assert_eq!(changed("id = \"ann\"", "id = \"ann\"\nskills = { sales = 2 }"), ["agent ann"]);
    assert_eq!(changed("name = \"main\"", "name = \"main\"\nmax_wait = \"9m\""), ["queue main"]);
    assert_eq!(changed("\"1500\"", "\"1500\"\npriority = 9"), ["entry 1500"]);
    assert_eq!(changed("\"1500\"", "\"1500\"\ncalls = 9"), ["entry 1500"]);
    assert_eq!(changed("127.0.0.0/8", "127.0.0.1/32"), ["trunk pbx"]);
    assert_eq!(changed("5080", "5081"), ["outside mobiles"]);
    assert_eq!(changed("08*", "07*"), ["outside mobiles"]);
    assert_eq!(changed("\"reader\"", "\"operator\""), ["user night"]);
    assert_eq!(changed("[sip]", "[desk]\ncodes = [\"sold\"]\n[sip]"), ["[desk] codes"]);
    assert_eq!(changed("[sip]", "[limits]\ncalls = 7\n[sip]"), ["[limits] calls"]);
    assert_eq!(changed("[sip]", "[drain]\ndeadline = \"5s\"\n[sip]"), ["[drain]"]);
}

#[test]
fn what_is_new_and_what_has_gone_is_named() {
    let ben = "[[agent]]\nid = \"ben\"\ntoken = \"ben-has-a-long-token\"\nphone = \"sip:ben@127.0.0.1:5912\"\n[[agent]]";
    assert_eq!(after("[[agent]]", ben).added, ["agent ben"]);
    let renamed = after("\"mobiles\"", "\"cells\"");
    assert_eq!(
        (renamed.added, renamed.retired),
        (vec!["outside cells".to_owned()], vec!["outside mobiles".to_owned()])
    );
}

#[test]
fn what_cannot_change_while_the_router_runs_is_refused_by_its_key() {
    let key = |from: &str, to: &str| after(from, to).needs_restart().unwrap();
    assert_eq!(key("5060", "5062"), ["[sip] udp"]);
    assert_eq!(key("[sip]", "[site]\nzone = \"Asia/Jakarta\"\n[sip]"), ["[site] zone"]);
    assert_eq!(key("[sip]", "[store]\npath = \"other\"\n[sip]"), ["[store]"]);
    assert_eq!(key("[sip]", "[media]\nports = \"30000-30999\"\n[sip]"), ["[media] ports"]);
    assert_eq!(key("[sip]", "[operator]\nlisten = \"127.0.0.1:9091\"\n[sip]"), ["[operator] listen"]);
    assert_eq!(key("[sip]", "[desk]\nlisten = \"127.0.0.1:9090\"\n[sip]"), ["[desk] listen"]);
    assert_eq!(key("[sip]", "[limits]\nconnections = 77\n[sip]"), ["[limits] connections"]);
}

#[test]
fn a_token_and_its_hash_are_no_difference() {
    let hash: String =
        porter::hash("ann-has-a-long-token").iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(after("token = \"ann-has-a-long-token\"", &format!("token_hash = \"{hash}\"")).is_empty());
}

#[test]
fn a_sound_that_was_recorded_anew_is_a_change() {
    let at = |seconds| Some(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds));
    let (old, new) = (PathBuf::from("a.wav"), PathBuf::from("b.wav"));
    let mut difference = Difference::default();
    difference.sounds(&[(old.clone(), at(1))], &[(old.clone(), at(1)), (new, at(5))]);
    assert!(difference.is_empty(), "one that is played for the first time is the queue's change");
    difference.sounds(&[(old.clone(), at(1))], &[(old, at(2))]);
    assert_eq!(difference.changed, ["sound a.wav"]);
}
