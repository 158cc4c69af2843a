//! Phones in browsers: a password that ends by itself, and a challenge that a browser's library can answer.

use crate::phone::{Office, Phone, later, settings};
use sip::{
    Connection, Flow, Transport,
    auth::{Algorithm, Password},
    registrar::Handled,
    wire::Name,
};

const HOME: &str = "Contact: <sip:x7@y9.invalid;transport=ws>\r\n";

/// Eve's page, over a WebSocket.
fn page(password: &str) -> Phone {
    let flow = Flow {
        connection: Some(Connection(1)),
        ..Flow::to(Transport::Wss, "203.0.113.7:50700".parse().unwrap())
    };
    // Each page that is opened is a phone of its own.
    Phone { flow, password: password.to_owned(), call_id: format!("page-{password}"), ..Phone::of("eve") }
}

fn admit(office: &mut Office, user: &str, password: &str, seconds: u64) {
    office.registrar.admit(user, &Password::plain(password), later(seconds), office.now);
}

#[test]
fn a_password_is_good_until_it_ends_or_two_more_are_given() {
    let mut office = Office::new();
    assert_eq!(page("one").registers(&mut office, HOME).status(), 401, "she is not admitted yet");
    admit(&mut office, "eve", "one", 600);
    assert_eq!(page("another").registers(&mut office, HOME).status(), 401);
    assert_eq!(page("one").registers(&mut office, HOME).status(), 200);
    assert_eq!(office.rings("eve").len(), 1);
    office.pass(300);
    admit(&mut office, "eve", "two", 900);
    assert_eq!(page("two").registers(&mut office, HOME).status(), 200);
    let other = Phone { call_id: "another-page".to_owned(), ..page("one") };
    assert_eq!({ other }.registers(&mut office, HOME).status(), 200, "two pages, or an answer that was lost");
    admit(&mut office, "eve", "three", 900);
    let late = Phone { call_id: "late".to_owned(), ..page("one") };
    assert_eq!({ late }.registers(&mut office, HOME).status(), 401, "good no longer");
    office.pass(600);
    assert_eq!(page("three").registers(&mut office, HOME).status(), 401);
    assert!(office.handled.contains(&Handled::Failed));
}

#[test]
fn pages_with_passwords_of_before_a_restart_do_not_silence_their_office() {
    let mut office = Office::new();
    for attempt in 0..100 {
        let mut old = Phone { call_id: format!("old-{attempt}"), ..page("before the restart") };
        assert_eq!(old.registers(&mut office, HOME).status(), 401);
        office.pass(1);
    }
    admit(&mut office, "eve", "after", 600);
    assert_eq!(page("after").registers(&mut office, HOME).status(), 200);
    let mut beside = Phone { flow: page("").flow, ..Phone::of("ben") };
    assert_eq!(beside.registers(&mut office, HOME).status(), 200);
}

#[test]
fn who_guesses_as_a_guest_guesses_nobodys_password() {
    let mut office = Office::new();
    // The address is a guest's, the password is not.
    let thief = |attempt| Phone {
        address: "eve@office.example".to_owned(),
        password: format!("{attempt}"),
        ..Phone::of("ann")
    };
    for attempt in 0..50 {
        let mut thief = thief(attempt);
        let request = thief.request(HOME);
        let Some(challenge) = office.hears(&request, thief.flow) else { break };
        thief.takes(&challenge);
        let request = thief.request(HOME);
        office.hears(&request, thief.flow);
    }
    assert!(office.handled.contains(&Handled::Silenced));
}

#[test]
fn nobody_gets_a_password_beside_her_own() {
    let mut office = Office::new();
    admit(&mut office, "ann", "one", 600);
    let mut thief = Phone { password: "one".to_owned(), ..Phone::of("ann") };
    assert_eq!(thief.registers(&mut office, HOME).status(), 401);
    assert_eq!(Phone::of("ann").registers(&mut office, HOME).status(), 200);
}

#[test]
fn a_browser_is_asked_for_md5_alone_whoever_it_is() {
    let mut office = Office::new();
    admit(&mut office, "eve", "one", 600);
    for mut phone in [page("one"), Phone { flow: page("").flow, ..Phone::of("nobody") }] {
        let request = phone.request(HOME);
        let challenged = office.hears(&request, phone.flow).unwrap();
        let challenges: Vec<_> = challenged.0.headers_named(Name::WwwAuthenticate).collect();
        assert_eq!(challenges.len(), 1);
        let text = String::from_utf8_lossy(challenges[0]).into_owned();
        assert!(text.contains(Algorithm::Md5.as_str()), "{text}");
    }
    let mut first = settings(&["ann"]);
    first.realm.algorithms = vec![Algorithm::Md5, Algorithm::Sha256];
    office.registrar.configure(first);
    let mut phone = page("one");
    let request = phone.request(HOME);
    let challenged = office.hears(&request, phone.flow).unwrap();
    let challenges = challenged.0.headers_named(Name::WwwAuthenticate);
    let all: Vec<_> = challenges.map(|text| String::from_utf8_lossy(text).into_owned()).collect();
    assert!(matches!(&all[..], [one] if one.contains("MD5")), "whatever the order: {all:?}");
    let mut desk_phone = Phone::of("ann");
    let request = desk_phone.request(HOME);
    let challenged = office.hears(&request, desk_phone.flow).unwrap();
    assert_eq!(challenged.0.headers_named(Name::WwwAuthenticate).count(), 2);
}
