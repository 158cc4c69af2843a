//! How long a registration lasts: expiry, connections, restarts, other users.

use crate::phone::{Office, Phone, START};
use sip::{Micros, Transport, registrar::BindingRecord};

const HOME: &str = "Contact: <sip:ann@10.0.0.7:5062>;expires=600\r\n";

#[test]
fn a_phone_that_does_not_refresh_is_gone_at_its_time() {
    let (mut office, mut ann) = (Office::new(), Phone::of("ann"));
    assert_eq!(office.registrar.next_deadline(), None);
    ann.registers(&mut office, HOME);
    assert_eq!(office.registrar.next_deadline(), Some(Micros(START.0 + 600_000_000)));
    office.pass(599);
    assert_eq!(office.rings("ann").len(), 1);
    office.pass(1);
    assert_eq!(
        (office.rings("ann").len(), office.told()),
        (0, vec!["ann registered".into(), "ann expired".into()])
    );
    assert_eq!((office.registrar.next_deadline(), office.registrar.counts()), (None, (0, 0)));
}

#[test]
fn of_several_phones_each_ends_at_its_own_time() {
    let (mut office, mut ann) = (Office::new(), Phone::of("ann"));
    ann.registers(&mut office, "Contact: <sip:ann@10.0.0.7>;expires=300, <sip:ann@10.0.0.8>;expires=100\r\n");
    office.pass(100);
    assert_eq!(office.rings("ann"), ["sip:ann@10.0.0.7"]);
    office.pass(200);
    assert_eq!(office.told(), ["ann registered", "ann changed", "ann expired"]);
}

#[test]
fn what_has_ended_is_not_rung_and_not_told_although_nobody_looked() {
    let (mut office, mut ann) = (Office::new(), Phone::of("ann"));
    ann.registers(&mut office, HOME);
    office.now = office.now.after(std::time::Duration::from_secs(600));
    assert!(office.rings("ann").is_empty());
    assert!(ann.registers(&mut office, "").contacts().is_empty());
    assert_eq!(office.told(), ["ann registered", "ann expired"]);
}

#[test]
fn a_closed_connection_takes_its_phones_along() {
    let mut office = Office::new();
    let (mut ann, mut ben) = (Phone::on("ann", Transport::Tls, 4), Phone::on("ben", Transport::Tls, 4));
    let mut second = Phone::on("ann", Transport::Wss, 5);
    second.call_id = "browser".to_owned();
    ann.registers(&mut office, HOME);
    ben.registers(&mut office, "Contact: <sip:ben@10.0.0.7>\r\n");
    second.registers(&mut office, "Contact: <sip:ann@df7jal23ls0d.invalid;transport=ws>\r\n");
    office.told();
    office.close(4);
    assert_eq!(office.told(), ["ann changed", "ben lost"]);
    assert_eq!(office.rings("ann"), ["sip:ann@df7jal23ls0d.invalid;transport=ws"]);
    office.close(4);
    office.close(5);
    assert_eq!(office.told(), ["ann lost"]);
}

#[test]
fn a_phone_that_came_back_is_not_lost_with_its_old_connection() {
    let (mut office, mut ann) = (Office::new(), Phone::on("ann", Transport::Tcp, 4));
    ann.registers(&mut office, HOME);
    ann.flow = Phone::on("ann", Transport::Tcp, 5).flow;
    ann.registers(&mut office, HOME);
    office.close(4);
    assert_eq!(office.rings("ann"), ["sip:ann@10.0.0.7:5062"]);
}

/// What is stored of a user, written and read.
fn stored(office: &Office, user: &str) -> Vec<BindingRecord> {
    let bytes = rmp_serde::to_vec_named(office.registrar.records(user)).unwrap();
    rmp_serde::from_slice(&bytes).unwrap()
}

#[test]
fn registrations_survive_a_restart() {
    let (mut office, mut ann) = (Office::new(), Phone::of("ann"));
    ann.registers(
        &mut office,
        "Contact: <sip:ann@10.0.0.7>;q=0.7;expires=600;+sip.instance=\"<urn:x:1>\";reg-id=1\r\nPath: <sip:edge.example;lr>\r\n",
    );
    office.pass(100);
    let stored = stored(&office, "ann");
    assert_eq!(stored, office.registrar.records("ann"));
    let mut after = office.restarted(stored);
    assert_eq!(after.told(), ["ann registered"]);
    assert_eq!(
        (after.targets("ann"), after.registrar.records("ann")),
        (office.targets("ann"), office.registrar.records("ann"))
    );
    after.pass(500);
    assert_eq!(after.told(), ["ann expired"]);
}

#[test]
fn an_answer_of_before_the_restart_is_asked_for_again_and_not_replayed() {
    let (mut office, mut ann) = (Office::new(), Phone::of("ann"));
    ann.registers(&mut office, HOME);
    office.pass(10);
    let mut after = office.restarted(stored(&office, "ann"));
    let request = ann.request("Contact: *\r\nExpires: 0\r\n");
    let answer = after.hears(&request, ann.flow).unwrap();
    assert_eq!((answer.status(), after.rings("ann").len()), (401, 1));
    assert!(ann.takes(&answer), "stale: the phone goes on by itself");
}

#[test]
fn what_does_not_hold_any_more_is_not_restored() {
    let mut office = Office::new();
    Phone::of("ann").registers(&mut office, "Contact: <sip:ann@10.0.0.7>;expires=60\r\n");
    Phone::on("ben", Transport::Tcp, 9).registers(&mut office, "Contact: <sip:ben@10.0.0.7>\r\n");
    let mut eve = stored(&office, "ann").remove(0);
    eve.user = "eve".into();
    let all: Vec<BindingRecord> = [stored(&office, "ann"), stored(&office, "ben"), vec![eve]].concat();
    office.pass(60);
    let mut after = office.restarted(all);
    assert!(after.told().is_empty() && after.registrar.counts() == (0, 0));
}

#[test]
fn who_is_not_configured_any_more_is_removed() {
    let (mut office, mut ann, mut ben) = (Office::new(), Phone::of("ann"), Phone::of("ben"));
    ann.registers(&mut office, HOME);
    ben.registers(&mut office, "Contact: <sip:ben@10.0.0.7>\r\n");
    office.told();
    office.configure(&["ben"]);
    assert_eq!(office.told(), ["ann removed"]);
    assert_eq!(office.rings("ben").len(), 1);
    assert_eq!(ann.registers(&mut office, HOME).status(), 401);
}
