//! Every behaviour of SIP that we promise, played with foreign user agents over UDP, TCP and TLS.
//!
//! [`table`] has the scenes, [`stage`] the house in which they are played. docs/sip.md tells of them; a test here holds
//! the two together.

mod acts;
mod stage;
mod table;

use harness::{Transport, need_all};
use stage::{House, Scene};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};
use table::{SCENES, SLOW};

/// Scenes played at the same time: each is two programs that mostly wait.
const AT_ONCE: usize = 8;

/// Plays all of these scenes that this transport can carry; fails with the names of those that went wrong.
fn all_over(transport: Transport, scenes: &[Scene]) {
    need_all(&["sipp", "sqlite3", "stunnel4"]);
    let only = std::env::var("SAMBUNG_SCENE").unwrap_or_default();
    let scenes: Vec<&Scene> = scenes
        .iter()
        .filter(|scene| scene.over.contains(&transport) && scene.shows.contains(&only))
        .collect();
    let house = House::open(&scenes, transport);
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((nth, scene)) = take(&scenes, &next) {
                    let corner = house.corner(nth);
                    let played = catch_unwind(AssertUnwindSafe(|| (scene.play)(&corner)));
                    if played.is_err() {
                        eprintln!("--- {}\n{}", scene.shows, corner.messages());
                        failed.lock().unwrap().push(scene.shows);
                    }
                }
            });
        }
    });
    assert_eq!(failed.into_inner().unwrap(), [""; 0], "what went wrong over {transport:?}");
    let agents = scenes.iter().map(|scene| scene.agents).sum();
    house.router.expect_all_ready(agents);
    println!("{} scenes over {transport:?}", scenes.len());
}

fn take<'a>(scenes: &[&'a Scene], next: &AtomicUsize) -> Option<(usize, &'a Scene)> {
    let nth = next.fetch_add(1, Ordering::Relaxed);
    scenes.get(nth).map(|scene| (nth, *scene))
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
fn what_takes_sip_half_a_minute_or_more() {
    all_over(Transport::Udp, SLOW);
}
