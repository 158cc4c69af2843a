//! Every behaviour of SIP that we promise, played with foreign user agents over UDP, TCP and TLS.
//!
//! [`table`] has the scenes, [`stage`] the house in which they are played. docs/sip.md tells of them; a test here holds
//! the two together.

mod acts;
mod away;
mod flows;
mod forged;
mod phones;
mod pieces;
mod plan;
mod stage;
mod table;
mod trunks;

use harness::{Transport, eventually_is, need_all};
use stage::{Corner, House, Scene};
use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};
use table::{SCENES, SLOW};

/// Scenes played at the same time: each is two programs that mostly wait.
const AT_ONCE: usize = 8;
const SOON: Duration = Duration::from_secs(10);

/// Plays all of these scenes that this transport can carry; fails with the names of those that went wrong.
fn all_over(transport: Transport, scenes: &[Scene]) {
    need_all(&["sipp", "sqlite3", "stunnel4"]);
    let only = std::env::var("SAMBUNG_SCENE").unwrap_or_default();
    let scenes: Vec<&Scene> = scenes
        .iter()
        .filter(|scene| scene.over.contains(&transport) && scene.shows.contains(&only))
        .collect();
    let house = House::open(&scenes, transport);
    let failed: Vec<&str> = play_all(&house, &scenes, |_| ()).into_iter().filter_map(Result::err).collect();
    assert_eq!(failed, [""; 0], "what went wrong over {transport:?}");
    let busy = || ["reserved", "talking", "wrap_up"].map(|state| house.agents(state));
    eventually_is("no agent is stuck", SOON, &[Some(0.0); 3], busy);
    println!("{} scenes over {transport:?}", scenes.len());
}

/// Plays all, several at the same time and after these those that have to be alone; what `see` saw in the corner of each, or
/// the name of one that went wrong.
fn play_all<T: Send>(
    house: &House,
    scenes: &[&Scene],
    see: impl Fn(&Corner<'_>) -> T + Sync,
) -> Vec<Result<T, &'static str>> {
    let (alone, together): (Vec<usize>, Vec<usize>) = (0..scenes.len()).partition(|nth| scenes[*nth].alone);
    let (next, seen) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let play = |nth: usize| {
        let result = play(&house.corner(nth), scenes[nth], &see);
        seen.lock().unwrap().push((nth, result));
    };
    let work = || {
        while let Some(nth) = together.get(next.fetch_add(1, Ordering::Relaxed)) {
            play(*nth);
        }
    };
    thread::scope(|scope| (0..AT_ONCE).for_each(|_| drop(scope.spawn(work))));
    alone.into_iter().for_each(play);
    let mut seen = seen.into_inner().unwrap();
    seen.sort_by_key(|(nth, _)| *nth);
    seen.into_iter().map(|(_, result)| result).collect()
}

/// Plays one; all its messages go to standard error when it went wrong.
fn play<T>(corner: &Corner<'_>, scene: &Scene, see: impl Fn(&Corner<'_>) -> T) -> Result<T, &'static str> {
    let played = catch_unwind(AssertUnwindSafe(|| {
        (scene.play)(corner);
        see(corner)
    }));
    played.map_err(|_| {
        eprintln!("--- {}\n{}", scene.shows, corner.messages());
        scene.shows
    })
}

#[test]
fn over_udp() {
    all_over(Transport::Udp, SCENES);
}

#[test]
fn over_tcp() {
    all_over(Transport::Tcp, SCENES);
}

#[test]
fn over_tls() {
    all_over(Transport::Tls, SCENES);
}

#[test]
fn what_takes_sip_half_a_minute_or_more_over_udp() {
    all_over(Transport::Udp, SLOW);
}

#[test]
fn what_takes_sip_half_a_minute_or_more_over_tcp() {
    all_over(Transport::Tcp, SLOW);
}

#[test]
fn what_takes_sip_half_a_minute_or_more_over_tls() {
    all_over(Transport::Tls, SLOW);
}

/// docs/sip.md names every scene, and names no test that there is not.
#[test]
fn what_is_promised_is_played() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let document = fs::read_to_string(format!("{folder}/docs/sip.md")).unwrap();
    let missing: Vec<&str> = SCENES
        .iter()
        .chain(SLOW)
        .map(|scene| scene.shows)
        .filter(|shows| !document.contains(&format!(" {shows} ")))
        .collect();
    assert_eq!(missing, [""; 0], "docs/sip.md says nothing of these scenes");
    for (file, test) in document.split('`').filter_map(|text| text.split_once("::")) {
        if file.is_empty() {
            continue;
        }
        let source = fs::read_to_string(format!("{folder}/tests/e2e/{file}.rs"));
        let found = source.is_ok_and(|source| source.contains(&format!("fn {test}()")));
        assert!(found, "docs/sip.md names {file}::{test}, which is not there");
    }
}
