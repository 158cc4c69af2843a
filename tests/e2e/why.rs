//! Why a call waits beside a ready agent: asked of a router that runs, by HTTP and on the machine.

use harness::{Router, Sipp, Site, eventually, free_port, get_as, need_all};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(30);

/// The id of the one call that waits.
fn waiting(router: &Router) -> Option<String> {
    let floor = router.operator("/v1/floor").json();
    let call = floor["calls"].as_array()?.iter().find(|call| call["state"] == "queued")?;
    call["call"].as_str().map(str::to_owned)
}

#[test]
fn a_call_that_waits_beside_a_ready_agent_is_told_what_keeps_it_from_her() {
    need_all(&["sipp"]);
    let ben = format!(
        "[[agent]]\nid = \"ben\"\npresence = \"always\"\nphone = \"sip:ben@127.0.0.1:{}\"\nskills = {{ sales = 4 }}\n",
        free_port()
    );
    let router = Router::start_on(&Site::new().queue("needs", "billing >= 3").more(&ben).to_toml());
    let (target, folder) = (router.ready().sip_udp, router.folder());
    let caller = Sipp::caller("caller_leaves").with("TIMES", 1).with("STAY", 700).with("MEDIA", 40_000);
    let caller = caller.dial("1500").calls(1, 1).start(target, folder);
    let call = eventually("it waits", SOON, || waiting(&router));
    let path = format!("/v1/calls/{call}/why");
    let told = router.operator(&path).json();
    let moments = told["moments"].as_array().unwrap_or_else(|| panic!("{told}"));
    let waited = moments.iter().find(|moment| moment["what"] == "waited").unwrap();
    assert_eq!(
        (&waited["unskilled"][0], &waited["needs"]),
        (&"ben".into(), &"billing >= 3".into()),
        "{told}"
    );
    assert_eq!(told["over"], false);

    let page = get_as(router.ready().operator, &path, "text/html");
    let line = "ready, but without the skill (billing &gt;= 3): ben";
    assert!(page.body.starts_with("<!doctype html>") && page.body.contains(line), "{}", page.body);

    // On the machine, while the router writes; times are the site's.
    let (code, text) = router.command(&["why", &call, "--config", "sambung.toml"]);
    assert!(text.contains("ready, but without the skill (billing >= 3): ben"), "{text}");
    assert!(text.contains("times of Asia/Jakarta") && code == Some(0), "{text}");
    let (_, hers) = router.command(&["why", "ben", "--since", "10m", "--store", "store"]);
    assert!(
        hers.contains("was ready while up to 1 calls waited") && hers.contains("lacks the skill"),
        "{hers}"
    );
    let (code, _) = router.command(&["why", "nobody", "--store", "store"]);
    assert_eq!(code, Some(1));
    let (code, _) = router.command(&["why", "ben", "--since", "soon", "--store", "store"]);
    assert_eq!(code, Some(64));
    caller.end();
}
