//! Who is served first when there is too much, how many calls a trunk and an entry may have, and what strangers get.

use crate::{
    idle_agent::{offer, talking},
    rig::{PBX, Peer, Rig, STRANGER, address, config, header},
};
use sip::{
    Config, Limit, Network, Notice, Overload, Rejected, Trunk,
    wire::{Method, Name},
};

const PBX2: &str = "192.0.2.11:5060";

/// `pbx` may have two calls and two a second, `other` has no limit; `1500` may have three calls.
fn limited() -> Rig {
    let network = |text: &str| vec![Network::host(address(text).ip())];
    let limit = Limit { calls: Some(2), per_second: Some(2) };
    let mut config = config();
    config.trunks = vec![
        Trunk { name: "pbx".to_owned(), networks: network(PBX), limit },
        Trunk { name: "other".to_owned(), networks: network(PBX2), limit: Limit::default() },
    ];
    config.entries.limits.insert("1500".to_owned(), Limit { calls: Some(3), per_second: None });
    Rig::with(config)
}

fn refused(rig: &mut Rig, caller: &Peer) -> Vec<Rejected> {
    rig.receive(caller.at, caller.invite());
    let answer = rig.one_to(caller.at);
    assert_eq!(answer.status(), Some(503));
    let after: u32 = header(&answer, Name::RetryAfter).parse().unwrap();
    assert!((5..=10).contains(&after));
    rig.counted()
}

#[test]
fn a_trunk_has_as_many_calls_as_it_may_have_and_not_one_more() {
    let mut rig = limited();
    let first = offer(&mut rig, &Peer::caller("1"));
    offer(&mut rig, &Peer::caller("2"));
    rig.pass_s(1);
    assert_eq!(refused(&mut rig, &Peer::caller("3")), [Rejected::TrunkLimit]);
    offer(&mut rig, &Peer::caller_at("4", PBX2)); // another trunk's calls are its own affair
    rig.end(first, 480);
    rig.pass_s(1);
    rig.told(PBX);
    rig.notices();
    offer(&mut rig, &Peer::caller("5"));
}

#[test]
fn a_trunk_has_as_many_new_calls_a_second_as_it_may_have() {
    let mut rig = limited();
    for name in ["1", "2"] {
        let call = offer(&mut rig, &Peer::caller(name));
        rig.end(call, 480);
        rig.told(PBX);
        rig.notices();
    }
    assert_eq!(refused(&mut rig, &Peer::caller("3")), [Rejected::TrunkLimit]);
    for _ in 0..20 {
        refused(&mut rig, &Peer::caller("4")); // who is refused uses nothing up
    }
    rig.pass(std::time::Duration::from_millis(500));
    rig.told(PBX);
    rig.notices();
    offer(&mut rig, &Peer::caller("5"));
    assert_eq!(refused(&mut rig, &Peer::caller("6")), [Rejected::TrunkLimit]);
}

#[test]
fn an_entry_has_as_many_calls_as_it_may_have_from_all_trunks_together() {
    let mut rig = limited();
    offer(&mut rig, &Peer::caller("1"));
    for name in ["2", "3"] {
        offer(&mut rig, &Peer::caller_at(name, PBX2));
    }
    assert_eq!(refused(&mut rig, &Peer::caller_at("4", PBX2)), [Rejected::EntryLimit]);
}

#[test]
fn a_trunk_that_may_have_none_left_still_hangs_up() {
    let mut rig = limited();
    let mut talker = Peer::caller("1");
    talking(&mut rig, &mut talker);
    offer(&mut rig, &Peer::caller("2"));
    refused(&mut rig, &Peer::caller("3"));
    rig.receive(PBX, talker.bye());
    assert_eq!(rig.told(PBX), ["200 BYE"]);
}

#[test]
fn a_peak_above_what_is_configured_is_cut_to_it() {
    let mut rig = Rig::with(Config { max_calls_per_second: Some(100), max_calls: 10_000, ..config() });
    let mut taken = 0;
    for number in 0..10_000 {
        rig.receive(PBX, Peer::caller(&number.to_string()).invite());
        taken += rig.told(PBX).iter().filter(|line| *line == "100 INVITE").count();
        rig.pass(std::time::Duration::from_millis(1));
    }
    assert!((1_000..=1_100).contains(&taken), "{taken} of 100 calls a second in 10 s");
}

#[test]
fn draining_refuses_new_calls_and_serves_everything_else() {
    let mut rig = Rig::new();
    let mut talker = Peer::caller("1");
    talking(&mut rig, &mut talker);
    rig.stack.set_draining(true);
    assert_eq!(refused(&mut rig, &Peer::caller("2")), [Rejected::Draining]);
    rig.receive(PBX, Peer::caller("3").request(Method::Options, "", ""));
    rig.receive(PBX, talker.bye());
    assert_eq!(rig.told(PBX), ["200 OPTIONS", "200 BYE"]);
    rig.stack.set_draining(false);
    rig.notices();
    offer(&mut rig, &Peer::caller("4"));
}

#[test]
fn scanners_hear_nothing_and_the_log_hears_of_them_once_a_minute() {
    let mut rig = Rig::new();
    for (number, method) in
        [Method::Options, Method::Register, Method::Invite].iter().cycle().take(90).enumerate()
    {
        let scan = Peer::caller_at(&number.to_string(), STRANGER);
        rig.receive(STRANGER, scan.request(*method, "User-Agent: friendly-scanner\r\n", ""));
        rig.pass_s(1);
    }
    assert_eq!(rig.told(STRANGER), [""; 0]);
    assert_eq!(rig.counted(), [Rejected::Scanner; 90]);
    let source = address(STRANGER).ip();
    assert_eq!(rig.noise(), [(source, 1), (source, 60)]);
    assert_eq!(rig.stack.counts(), sip::Counts::default());
}

#[test]
fn a_trunk_may_call_itself_what_it_likes() {
    let mut rig = Rig::new();
    rig.receive(PBX, Peer::caller("1").request(Method::Options, "User-Agent: sipcli/v1.8\r\n", ""));
    assert_eq!((rig.told(PBX), rig.noise()), (vec!["200 OPTIONS".to_owned()], vec![]));
}

#[test]
fn whoever_is_where_a_name_leads_gets_answers_but_no_calls() {
    let mut rig = Rig::new();
    let probe = |rig: &mut Rig, name: &str| {
        rig.receive(STRANGER, Peer::caller_at(name, STRANGER).request(Method::Options, "", ""));
        rig.told(STRANGER)
    };
    assert_eq!(probe(&mut rig, "1"), ["403 OPTIONS"]);
    rig.stack.acquaint([address(STRANGER).ip()].into());
    assert_eq!(probe(&mut rig, "2"), ["200 OPTIONS"]);
    rig.receive(STRANGER, Peer::caller_at("3", STRANGER).invite());
    assert_eq!(rig.told(STRANGER), ["403 INVITE"]);
}

#[test]
fn under_load_a_strangers_registration_waits_as_well() {
    let mut rig = Rig::new();
    rig.stack.set_overload(Overload::Strangers);
    rig.receive(STRANGER, Peer::caller_at("1", STRANGER).request(Method::Register, "", ""));
    assert_eq!(rig.told(STRANGER), [""; 0]);
    assert_eq!(rig.counted(), [Rejected::UnknownSource]);
    assert!(rig.notices().iter().all(|notice| !matches!(notice, Notice::CallOffered { .. })));
}
