//! What an operator reads for each kind of mistake, word for word.
//!
//! `mistakes.txt` and `warnings.txt` hold a file as typed and, below `--`, what is said about it. With
//! `WRITE_MISTAKES=1` the tests write down what is said now, to be read before it is committed.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

struct Case {
    name: String,
    typed: String,
    said: String,
}

fn book(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

fn cases(book_name: &str) -> Vec<Case> {
    let text = std::fs::read_to_string(book(book_name)).unwrap();
    let cases = text.split("== ").skip(1).map(|case| {
        let (name, rest) = case.split_once('\n').unwrap();
        let (typed, said) = rest.split_once("--\n").unwrap();
        Case { name: name.to_owned(), typed: typed.to_owned(), said: said.to_owned() }
    });
    cases.collect()
}

fn read(typed: &str) -> Result<Vec<config::Warning>, config::Problems> {
    let env = |name: &str| (name == "TEST_TOKEN").then(|| "from-the-environment".to_owned());
    config::parse(typed, Path::new("/nowhere"), &env).map(|(_, warnings)| warnings)
}

fn problems(typed: &str) -> String {
    read(typed).map_or_else(|problems| plain(&problems), |_| "nothing\n".to_owned())
}

fn warnings(typed: &str) -> String {
    read(typed).unwrap().iter().map(plain).collect()
}

fn plain(said: &impl ToString) -> String {
    format!("{}\n", said.to_string()).replace("configuration:", "")
}

fn compare(book_name: &str, said: fn(&str) -> String) {
    let cases = cases(book_name);
    if std::env::var_os("WRITE_MISTAKES").is_some() {
        let text =
            cases.iter().map(|case| format!("== {}\n{}--\n{}", case.name, case.typed, said(&case.typed)));
        std::fs::write(book(book_name), text.collect::<String>()).unwrap();
        return;
    }
    let wrong = cases.iter().filter(|case| said(&case.typed) != case.said);
    let wrong: Vec<String> = wrong
        .map(|case| format!("{}\nwritten:\n{}said:\n{}", case.name, case.said, said(&case.typed)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_mistake_is_named_with_its_line_key_value_and_way_out() {
    assert!(cases("mistakes.txt").len() >= 40);
    compare("mistakes.txt", problems);
}

#[test]
fn what_works_but_is_hardly_meant_is_a_warning() {
    compare("warnings.txt", warnings);
}

#[test]
fn no_secret_is_ever_said() {
    for case in cases("mistakes.txt") {
        for secret in
            ["top secret", "top-secret", "123456", "one-and-the-same", "from-the-environment", "k8Wq2xLm"]
        {
            assert!(!problems(&case.typed).contains(secret), "{}", case.name);
        }
    }
}

/// Ten mistakes of ten kinds, marked by the comment behind each.
const TEN: &str = r#"
[site]
zone = "Asia/Jakrta"             # 1 no such zone
[media]
ports = "29999-20000"            # 2 the wrong way round
[desk]
listen = "0.0.0.0:8080"          # 3 off loopback
[store]
durability = "fsync"             # 4 not in this version

[[trunk]]
name = "pbx"
networks = ["10.0.0.5/8"]        # 5 bits beyond the prefix

[[entry]]
number = "1500"
queue = "biling"                 # 6 no such queue

[[queue]]
name = "billing"
needs = "billing => 3"           # 7 no such comparison
answer_within = "20s"
max_wait = "5s"                  # 8 shorter than answer_within
anser_within = "20s"             # 9 no such key

[[agent]]
id = "ann"
token = "k8Wq2xLm9Rt4Zp7v"
phone = "sip:ann@224.0.0.1"  # 10 a host name
"#;

#[test]
fn ten_mistakes_are_all_listed_under_the_keys_typed() {
    let problems = read(TEN).unwrap_err();
    let found: Vec<(usize, &str)> =
        problems.iter().map(|problem| (problem.line, problem.key.as_str())).collect();
    let keys = [
        "site.zone",
        "media.ports",
        "desk.listen",
        "store.durability",
        "trunk[pbx].networks",
        "entry[1500].queue",
        "queue[billing].needs",
        "queue[billing].max_wait",
        "queue[billing].anser_within",
        "agent[ann].phone",
    ];
    let marked = TEN.lines().enumerate().filter(|(_, line)| line.contains('#')).map(|(i, _)| i + 1);
    assert_eq!(found, marked.zip(keys).collect::<Vec<_>>(), "{problems}");
    assert_eq!(problems.count(), 10);
}

#[test]
fn nonsense_is_refused_and_never_panics() {
    let sample = std::fs::read_to_string(book("../examples/helpdesk.toml")).unwrap();
    for cut in 0..sample.len() {
        let _either = read(&sample[..cut]);
    }
    for text in [
        "\u{feff}",
        "[",
        "]",
        "=",
        "\0",
        "[[",
        "a.b.c = 1",
        "[queue]\n[[queue]]",
        "queue = 1",
        "agent = [1, [2]]",
    ] {
        let _either = read(text);
    }
}
