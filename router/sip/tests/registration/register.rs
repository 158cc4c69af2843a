//! What a REGISTER does: the rules of RFC 3261 §10.3, one test for each.

use crate::phone::{Office, Phone};
use sip::{
    registrar::{BindingRecord, Handled, MAX_BINDINGS, MAX_PER_USER},
    wire::Name,
};

const HOME: &str = "Contact: <sip:ann@10.0.0.7:5062>\r\n";

#[test]
fn a_phone_registers_after_one_challenge() {
    let (mut office, mut ann) = (Office::new(), Phone::of("ann"));
    let request = ann.request(HOME);
    let challenged = office.hears(&request, ann.flow).unwrap();
    assert_eq!((challenged.status(), office.told()), (401, vec![]));
    assert!(challenged.0.to_tag().is_some());
    assert!(ann.takes(&challenged));
    let request = ann.request(HOME);
    let answer = office.hears(&request, ann.flow).unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.contacts(), ["<sip:ann@10.0.0.7:5062>;expires=3600"]);
    assert_eq!(answer.header(Name::Server).as_deref(), Some("Sambung/1"));
    assert_eq!(answer.0.cseq().0, 2);
    assert_eq!(office.told(), ["ann registered"]);
    assert_eq!(office.handled, [Handled::Challenged, Handled::Accepted]);
}

#[test]
fn a_refresh_needs_no_further_challenge() {
    let (mut office, mut ann) = (Office::new(), Phone::of("ann"));
    ann.registers(&mut office, HOME);
    office.pass(200);
    let refreshed = ann.registers(&mut office, HOME);
    assert_eq!(refreshed.contacts(), ["<sip:ann@10.0.0.7:5062>;expires=3600"]);
    assert_eq!(office.handled, [Handled::Challenged, Handled::Accepted, Handled::Accepted]);
    office.pass(3_000); // the nonce is stale by now: the phone answers the new one by itself
    assert_eq!(ann.registers(&mut office, HOME).status(), 200);
    assert_eq!(office.told(), ["ann registered", "ann changed", "ann changed"]);
}

#[test]
fn a_wrong_password_and_an_unknown_user_are_told_the_same() {
    let mut office = Office::new();
    let mut ann = Phone { password: "a guess".to_owned(), ..Phone::of("ann") };
    let mut eve = Phone::of("eve");
    let told = |answer: crate::phone::Answer| {
        let text = String::from_utf8(answer.0.bytes().to_vec()).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with("WWW-") && !line.starts_with("To:"));
        (answer.status(), lines.collect::<String>().replace("eve", "ann"))
    };
    assert_eq!(told(ann.registers(&mut office, HOME)), told(eve.registers(&mut office, HOME)));
    assert_eq!(office.handled.iter().filter(|handled| **handled == Handled::Failed).count(), 2);
    assert!(office.told().is_empty() && office.rings("ann").is_empty());
}

#[test]
fn nobody_registers_at_the_address_of_another() {
    let mut office = Office::new();
    for address in ["ben@office.example", "nobody@office.example", "office.example"] {
        let mut ann = Phone { address: address.to_owned(), ..Phone::of("ann") };
        assert_eq!(ann.registers(&mut office, HOME).status(), 403, "{address}");
    }
    assert_eq!(office.registrar.counts(), (0, 0));
}

#[test]
fn a_user_may_be_named_with_her_host() {
    let mut office = Office::new();
    let mut cid = Phone { address: "cid@office.example".to_owned(), ..Phone::of("cid@office.example") };
    assert_eq!(cid.registers(&mut office, "Contact: <sip:cid@10.0.0.9>\r\n").status(), 200);
    assert_eq!(office.rings("cid@office.example"), ["sip:cid@10.0.0.9"]);
    let mut escaped = Phone { address: "%61nn@OFFICE.example".to_owned(), ..Phone::of("ann") };
    assert_eq!(escaped.registers(&mut office, HOME).status(), 200);
}

#[test]
fn a_user_has_several_phones_and_is_told_of_all() {
    let mut office = Office::new();
    let (mut desk, mut softphone) = (Phone::of("ann"), Phone::at("ann", "203.0.113.8:5060"));
    softphone.call_id = "softphone".to_owned();
    desk.registers(&mut office, HOME);
    let answer = softphone.registers(&mut office, "Contact: <sip:ann@10.0.0.8>;expires=120;q=0.5\r\n");
    assert_eq!(
        answer.contacts(),
        ["<sip:ann@10.0.0.7:5062>;expires=3600", "<sip:ann@10.0.0.8>;expires=120;q=0.500"]
    );
    office.pass(100);
    assert_eq!(
        softphone.registers(&mut office, "").contacts(),
        ["<sip:ann@10.0.0.7:5062>;expires=3500", "<sip:ann@10.0.0.8>;expires=20;q=0.500"]
    );
    assert_eq!(office.told(), ["ann registered", "ann changed"], "to ask changes nothing");
}

#[test]
fn an_address_written_otherwise_is_the_same_phone() {
    let (mut office, mut ann) = (Office::new(), Phone::of("ann"));
    ann.registers(&mut office, "Contact: <sip:ann@Phone.Example:5062;transport=udp>\r\n");
    let answer =
        ann.registers(&mut office, "m: <sip:%61nn@phone.example:5062;transport=UDP;x=y>;expires=90\r\n");
    assert_eq!(answer.contacts(), ["<sip:%61nn@phone.example:5062;transport=UDP;x=y>;expires=90"]);
}

#[test]
fn a_contact_of_zero_seconds_is_taken_back_alone() {
    let (mut office, mut ann) = (Office::new(), Phone::of("ann"));
    ann.registers(&mut office, "Contact: <sip:ann@10.0.0.7>, <sip:ann@10.0.0.8>\r\n");
    let answer = ann.registers(&mut office, "Contact: <sip:ann@10.0.0.7>;expires=0\r\n");
    assert_eq!(answer.contacts(), ["<sip:ann@10.0.0.8>;expires=3600"]);
    assert_eq!(ann.registers(&mut office, "Contact: <sip:ann@nowhere>;expires=0\r\n").status(), 200);
    ann.registers(&mut office, "Contact: <sip:ann@10.0.0.8>\r\nExpires: 0\r\n");
    assert_eq!(office.told(), ["ann registered", "ann changed", "ann unregistered"]);
    assert_eq!(office.registrar.counts(), (0, 0));
}

#[test]
fn a_star_takes_everything_back() {
    let (mut office, mut ann) = (Office::new(), Phone::of("ann"));
    ann.registers(&mut office, "Contact: <sip:ann@10.0.0.7>, <sip:ann@10.0.0.8>\r\n");
    assert_eq!(ann.registers(&mut office, "Contact: *\r\n").status(), 400);
    assert_eq!(ann.registers(&mut office, "Contact: *\r\nExpires: 60\r\n").status(), 400);
    assert_eq!(office.rings("ann").len(), 2);
    let answer = ann.registers(&mut office, "Contact: *\r\nExpires: 0\r\n");
    assert_eq!((answer.status(), answer.contacts()), (200, vec![]));
    assert_eq!(office.told(), ["ann registered", "ann unregistered"]);
}

#[test]
fn too_brief_a_registration_is_told_the_least() {
    let (mut office, mut ann) = (Office::new(), Phone::of("ann"));
    let answer = ann.registers(&mut office, "Contact: <sip:ann@10.0.0.7>;expires=10\r\n");
    assert_eq!((answer.status(), answer.header(Name::MinExpires).as_deref()), (423, Some("60")));
    let answer = ann.registers(&mut office, "Contact: <sip:ann@10.0.0.7>;expires=60\r\n");
    assert_eq!(answer.contacts(), ["<sip:ann@10.0.0.7>;expires=60"]);
    let answer = ann.registers(&mut office, "Contact: <sip:ann@10.0.0.7>\r\nExpires: 604800\r\n");
    assert_eq!(answer.contacts(), ["<sip:ann@10.0.0.7>;expires=7200"]);
}

#[test]
fn all_of_a_request_is_done_or_nothing() {
    let (mut office, mut ann) = (Office::new(), Phone::of("ann"));
    ann.registers(&mut office, HOME);
    for (lines, status) in [
        ("Contact: <sip:ann@10.0.0.8>, <sip:ann@10.0.0.9>;expires=5\r\n", 423),
        ("Contact: <sip:ann@10.0.0.8>, <tel:1500>\r\n", 400),
        ("Contact: <sip:ann@10.0.0.7:5062>;expires=0, *\r\nExpires: 0\r\n", 400),
        ("Contact: <sip:ann@10.0.0.8>\r\nPath: nonsense\r\n", 400),
    ] {
        assert_eq!(ann.registers(&mut office, lines).status(), status, "{lines}");
        assert_eq!(office.rings("ann"), ["sip:ann@10.0.0.7:5062"]);
    }
}

#[test]
fn a_request_that_comes_late_changes_nothing() {
    let (mut office, mut ann) = (Office::new(), Phone::of("ann"));
    ann.registers(&mut office, HOME);
    ann.cseq = 10;
    ann.registers(&mut office, "Contact: <sip:ann@10.0.0.7:5062>;expires=600\r\n");
    ann.cseq = 5; // it was sent before, and was on its way longer
    assert_eq!(ann.registers(&mut office, "Contact: <sip:ann@10.0.0.7:5062>;expires=0\r\n").status(), 500);
    ann.cseq = 5;
    assert_eq!(ann.registers(&mut office, "Contact: *\r\nExpires: 0\r\n").status(), 500);
    ann.cseq = 10; // the number of the last one
    assert_eq!(ann.registers(&mut office, "Contact: *\r\nExpires: 0\r\n").status(), 500);
    ann.cseq = 5;
    assert_eq!(
        ann.registers(&mut office, "Contact: <sip:ann@10.0.0.8>\r\n").status(),
        200,
        "of another phone"
    );
    assert_eq!(office.rings("ann").len(), 2);
    let mut again = ann.restarted();
    assert_eq!(again.registers(&mut office, HOME).status(), 200, "another Call-ID begins anew");
}

#[test]
fn a_phone_that_was_moved_is_not_there_twice() {
    const WHO: &str = ";+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-aabbccddeeff>\"";
    let (mut office, mut ann) = (Office::new(), Phone::of("ann"));
    ann.registers(&mut office, &format!("Contact: <sip:ann@10.0.0.7:1111>{WHO}\r\n"));
    let mut again = ann.restarted();
    let answer = again.registers(&mut office, &format!("Contact: <sip:ann@10.0.0.7:2222>{WHO}\r\n"));
    assert_eq!(answer.contacts(), [format!("<sip:ann@10.0.0.7:2222>;expires=3600{WHO}")]);
    // Two addresses that one request names stay two.
    let two = format!("Contact: <sip:ann@10.0.0.7:1>{WHO}, <sip:ann@10.0.0.7:2>{WHO}\r\n");
    again.registers(&mut office, &two);
    assert_eq!(office.rings("ann").len(), 3);
}

#[test]
fn each_flow_of_a_phone_replaces_itself_alone() {
    let flow = |port: u16, id: u8| {
        format!("Contact: <sip:ann@10.0.0.7:{port}>;+sip.instance=\"<urn:x:1>\";reg-id={id}\r\n")
    };
    let (mut office, mut ann) = (Office::new(), Phone::of("ann"));
    ann.registers(&mut office, &flow(1111, 1));
    ann.registers(&mut office, &flow(2222, 2));
    ann.registers(&mut office, &flow(3333, 1));
    let uris = office.registrar.records("ann").iter().map(|binding| binding.uri.as_str());
    assert_eq!(uris.collect::<Vec<_>>(), ["sip:ann@10.0.0.7:2222", "sip:ann@10.0.0.7:3333"]);
    let targets = office.targets("ann");
    assert_eq!((targets.len(), targets[0].others.len()), (1, 1), "it is one phone");
}

#[test]
fn the_phone_refreshed_longest_ago_makes_room_for_one_more() {
    let mut office = Office::new();
    for n in 0..MAX_PER_USER + 2 {
        let mut phone = Phone { call_id: format!("phone-{n}"), ..Phone::of("ann") };
        assert_eq!(phone.registers(&mut office, &format!("Contact: <sip:ann@10.0.0.{n}>\r\n")).status(), 200);
        office.pass(1);
    }
    let rings = office.rings("ann");
    assert_eq!(rings.len(), MAX_PER_USER);
    assert!(
        rings.contains(&"sip:ann@10.0.0.9".to_owned()) && !rings.contains(&"sip:ann@10.0.0.1".to_owned())
    );
    let nine: Vec<String> = (0..9).map(|n| format!("<sip:ann@10.0.1.{n}>")).collect();
    let mut greedy = Phone::of("ann");
    assert_eq!(greedy.registers(&mut office, &format!("Contact: {}\r\n", nine.join(","))).status(), 403);
}

#[test]
fn what_we_cannot_do_is_said_before_anybody_is_asked_who_he_is() {
    let (mut office, mut ann) = (Office::new(), Phone::of("ann"));
    let answer = ann.registers(&mut office, &format!("{HOME}Require: path, gruu, outbound\r\n"));
    assert_eq!((answer.status(), answer.header(Name::Unsupported).as_deref()), (420, Some("gruu, outbound")));
    assert_eq!(ann.registers(&mut office, &format!("{HOME}Require: path\r\n")).status(), 200);
}

#[test]
fn a_path_is_told_back() {
    let (mut office, mut ann) = (Office::new(), Phone::of("ann"));
    let answer =
        ann.registers(&mut office, &format!("{HOME}Supported: path\r\nPath: <sip:edge.example;lr>\r\n"));
    assert_eq!(answer.header(Name::Path).as_deref(), Some("<sip:edge.example;lr>"));
}

#[test]
fn a_phone_that_finds_no_room_is_told_to_come_back() {
    let users: Vec<String> = (0..MAX_BINDINGS / MAX_PER_USER).map(|n| format!("u{n}")).collect();
    let mut names: Vec<&str> = users.iter().map(String::as_str).collect();
    names.push("ann");
    let (mut office, mut ann) = (Office::of(&names), Phone::of("ann"));
    ann.registers(&mut office, HOME);
    let of_ann = office.registrar.records("ann")[0].clone();
    let contacts = (0..MAX_PER_USER).map(|n| format!("sip:u@10.0.0.{n}"));
    let contacts: Vec<String> = contacts.collect();
    let all = users.iter().flat_map(|user| {
        let binding =
            |uri: &String| BindingRecord { user: user.as_str().into(), uri: uri.clone(), ..of_ann.clone() };
        contacts.iter().map(binding).collect::<Vec<_>>()
    });
    office.registrar.restore(all.skip(1), office.now);
    assert_eq!(office.registrar.counts().0, MAX_BINDINGS);
    assert_eq!(ann.registers(&mut office, HOME).status(), 200, "who is there may stay");
    let answer = ann.registers(&mut office, "Contact: <sip:ann@10.0.0.8>\r\n");
    assert_eq!(answer.status(), 503);
    let seconds: u32 = answer.header(Name::RetryAfter).unwrap().parse().unwrap();
    assert!((30..60).contains(&seconds), "{seconds}");
}

/// The algorithms a phone is offered that asks without an answer.
fn offered(office: &mut Office, phone: &mut Phone) -> Vec<String> {
    phone.challenge = None;
    let request = phone.request(HOME);
    let answer = office.hears(&request, phone.flow).unwrap();
    assert_eq!(answer.status(), 401);
    let texts = answer.0.headers_named(Name::WwwAuthenticate);
    let of =
        |text: &[u8]| sipx_sip::auth::Challenge::parse(text, false).unwrap().algorithm.as_str().to_owned();
    texts.map(of).collect()
}

#[test]
fn a_phone_that_gives_up_over_two_challenges_gets_one_at_its_next_try() {
    let (mut office, mut ann) = (Office::new(), Phone::of("ann"));
    assert_eq!(offered(&mut office, &mut ann), ["SHA-256", "MD5"]);
    office.pass(60);
    assert_eq!(offered(&mut office, &mut ann), ["MD5"]);
    assert_eq!(offered(&mut office, &mut Phone::of("ben")), ["SHA-256", "MD5"], "others are not concerned");
    office.pass(60);
    assert_eq!(ann.registers(&mut office, HOME).status(), 200);
    // From now on it is not given a choice, whether it answers from memory or asks anew, by day or by night.
    office.pass(1_800);
    let request = ann.request(HOME);
    let stale = office.hears(&request, ann.flow).unwrap();
    assert_eq!((stale.status(), stale.0.headers_named(Name::WwwAuthenticate).count()), (401, 1));
    office.pass(80_000);
    assert_eq!(offered(&mut office, &mut ann), ["MD5"]);
}

#[test]
fn a_phone_that_chooses_well_keeps_its_choice() {
    let (mut office, mut ann) = (Office::new(), Phone::of("ann"));
    ann.registers(&mut office, HOME);
    ann.registers(&mut office, "Contact: *\r\nExpires: 0\r\n");
    office.pass(60);
    assert_eq!(offered(&mut office, &mut ann), ["SHA-256", "MD5"]);
    ann.registers(&mut office, HOME);
    office.pass(60);
    assert_eq!(
        offered(&mut office, &mut ann),
        ["SHA-256", "MD5"],
        "another phone may be behind the same proxy"
    );
}
