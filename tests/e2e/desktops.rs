//! Desktops that come and go.

use harness::{Agent, Desk, Router, Site};
use loadtest::{Desktops, DesktopsPlan, Journal, Seat, Tally};
use std::time::Duration;

#[tokio::test]
async fn a_newer_desktop_ends_the_older_one_which_stays_away() {
    let router = Router::start(&Site::new().agent(Agent::desk("ann", 5910)));
    let tally = Tally::new(Journal::none());
    let (_switch, stop) = loadtest::stop();
    let seat = Seat { agent: "ann".to_owned(), token: "t-ann".to_owned() };
    let plan = DesktopsPlan { desk: router.ready().desk, people: vec![seat], ..DesktopsPlan::default() };
    let mut older = Desktops::start(plan, 1, &tally, &stop).unwrap();
    assert!(older.all_ready(Duration::from_secs(10)).await, "{:?}", tally.figures().failures);

    let _newer = Desk::sign_in(router.ready().desk, "ann").await;
    older.finished().await; // it was told to stay away: its run is over without being stopped
    let figures = tally.figures();
    assert_eq!((figures.desktops.signed_in, figures.desktops.replaced), (1, 1));
    assert!(!figures.has_failures(), "{:?}", figures.failures);
    router.expect_all_ready(1);
}

#[tokio::test]
async fn a_wrong_token_is_not_let_in() {
    let router = Router::start(&Site::new().agent(Agent::desk("ann", 5910)));
    let tally = Tally::new(Journal::none());
    let (_switch, stop) = loadtest::stop();
    let seat = Seat { agent: "ann".to_owned(), token: "guess".to_owned() };
    let plan = DesktopsPlan { desk: router.ready().desk, people: vec![seat], ..DesktopsPlan::default() };
    Desktops::start(plan, 1, &tally, &stop).unwrap().finished().await;
    assert_eq!(tally.figures().failures[&loadtest::Failure::SignInFailed], 1);
    router.expect_all_ready(0);
}
