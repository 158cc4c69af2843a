//! The bundled pages: what is served, and what browsers are told about it.

use crate::{house::House, http::request};
use serde_json::Value;
use std::{collections::BTreeSet, fs, path::Path};

#[tokio::test]
async fn every_page_is_served_with_its_guards_and_once() {
    let house = House::open();
    let address = house.gateway.address();
    for (line, kind) in [
        ("GET /", "text/html; charset=utf-8"),
        ("GET /wallboard", "text/html; charset=utf-8"),
        ("GET /web/desk.css", "text/css; charset=utf-8"),
        ("GET /web/desk.js", "text/javascript; charset=utf-8"),
    ] {
        let page = request(address, line, &[], "").await;
        assert_eq!((page.status, page.header("Content-Type")), (200, Some(kind)), "{line}");
        let policy = page.header("Content-Security-Policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(page.header("X-Content-Type-Options"), Some("nosniff"));
        let tag = page.header("ETag").unwrap();
        let again = request(address, line, &[("If-None-Match", tag)], "").await;
        assert_eq!((again.status, again.body.as_str()), (304, ""));
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let house = House::open();
    let address = house.gateway.address();
    for path in
        ["/nothing", "/web/", "/web/nothing.js", "/web/../Cargo.toml", "/web/%2e%2e/Cargo.toml", "/planner"]
    {
        assert_eq!(request(address, &format!("GET {path}"), &[], "").await.status, 404, "{path}");
    }
}

fn web() -> Vec<(String, String)> {
    fn gather(folder: &Path, found: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                gather(&path, found);
            } else if let Ok(text) = fs::read_to_string(&path) {
                found.push((path.display().to_string(), text));
            }
        }
    }
    let mut found = Vec::new();
    gather(&Path::new(env!("CARGO_MANIFEST_DIR")).join("web"), &mut found);
    found
}

#[test]
fn no_page_makes_markup_of_text_or_fetches_from_elsewhere() {
    let forbidden = [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "javascript:",
        "style=\"",
        "onclick=",
        "<script>",
    ];
    // Licences say where what they license comes from.
    for (path, text) in web().into_iter().filter(|(path, _)| !path.ends_with("LICENSES.txt")) {
        for word in forbidden {
            assert!(!text.contains(word), "{path} has {word}");
        }
        let elsewhere = text.split("http").skip(1).filter(|rest| {
            (rest.starts_with("://") || rest.starts_with("s://")) && !rest.contains("www.w3.org/2000/svg")
        });
        assert_eq!(elsewhere.count(), 0, "{path} names another server");
    }
}

#[test]
fn both_languages_say_the_same_things() {
    let catalogue = |language: &str| -> Value {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("web/i18n/{language}.json"));
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    };
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let (english, indonesian) = (catalogue("en"), catalogue("id"));
    assert_eq!(keys(&english), keys(&indonesian));
    for (key, text) in english.as_object().unwrap() {
        let (english, indonesian) = (text.as_str().unwrap(), indonesian[key].as_str().unwrap());
        assert!(!english.is_empty() && !indonesian.is_empty(), "{key}");
        assert_eq!(blanks(english), blanks(indonesian), "{key}: both have the same blanks to fill");
    }
}

fn blanks(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(blank, _)| blank).collect()
}

#[test]
fn the_pages_say_only_what_the_catalogues_hold() {
    let web = web();
    let english = web.iter().find(|(path, _)| path.ends_with("i18n/en.json")).unwrap();
    let english: Value = serde_json::from_str(&english.1).unwrap();
    let mut used = 0;
    for (path, text) in web.iter().filter(|(path, _)| path.ends_with(".js")) {
        for (at, _) in text.match_indices("t(\"") {
            if text[..at].ends_with(|c: char| c.is_alphanumeric()) {
                continue; // another function
            }
            let key = text[at + 3..].split('"').next().unwrap();
            assert!(!english[key].is_null(), "{path} says {key:?}, which is in no catalogue");
            used += 1;
        }
    }
    assert!(used > 20);
}
