//! What strangers send: nothing panics, nothing grows beyond its bound, nobody gets in.

use crate::{
    client::{answers, client, refusal},
    phone::{Office, Phone},
    server::{Door, answer, register},
};
use proptest::prelude::*;
use sip::{
    auth::{Attempt, Denied},
    registrar::{FREE_FAILURES, Handled, MAX_PER_USER, QUESTIONS_PER_SECOND},
    wire::Name,
};

/// Pieces of answers and challenges, whole and broken.
fn piece() -> impl Strategy<Value = String> {
    let names = "(username|realm|nonce|uri|response|algorithm|qop|cnonce|nc|opaque|stale|[a-z*]{0,3})";
    let values =
        "(\"[^\r\n]{0,12}\"|[^\r\n]{0,12}|sambung|auth|MD5|SHA-256|\"sip:pbx[.]example\"|0000000[0-9a-g])";
    let pair = (names, values).prop_map(|(name, value)| format!("{name}={value}"));
    prop_oneof![pair, "[^\r\n]{0,20}", Just("\"".to_owned())]
}

fn header() -> impl Strategy<Value = String> {
    let list = prop::collection::vec(piece(), 0..12);
    ("(Digest |digest\t|Digest|Basic |)", list).prop_map(|(scheme, pieces)| scheme + &pieces.join(","))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_authorization_panics_or_opens_the_door(texts in prop::collection::vec(header(), 1..4)) {
        let mut door = Door::new();
        prop_assert!(door.asks(&texts.join("\n")).is_err());
    }

    #[test]
    fn no_challenge_panics_or_makes_us_say_what_cannot_be_read(texts in prop::collection::vec(header(), 1..4)) {
        let mut client = client();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        if client.challenged(&refusal(401, &texts), &mut Attempt::default()).is_ok() {
            for answer in answers(&mut client, Name::Authorization) {
                let read = register(&answer);
                prop_assert_eq!(read.headers_named(Name::Authorization).count(), 1);
                prop_assert!(sipx_sip::auth::Challenge::parse(answer.as_bytes(), false).is_some(), "{}", answer);
            }
        }
    }

    #[test]
    fn an_answer_changed_in_one_octet_opens_no_door(place in 0_usize..400, octet in 0x20_u8..0x7f) {
        let mut door = Door::new();
        let challenge = door.challenge();
        let sound = answer(&challenge, "ann", "ann's long password", 1);
        let mut changed = sound.clone().into_bytes();
        let place = place % changed.len();
        changed[place] = octet;
        let changed = String::from_utf8(changed).unwrap();
        if let Ok(user) = door.asks(&changed) {
            prop_assert_eq!(user, "ann");
            // Only spaces, the case of names and digits, and parameters nobody hashes may change.
            let same = |text: &str| text.to_ascii_lowercase().replace(' ', "");
            prop_assert!(same(&changed) == same(&sound) || door.asks(&sound) == Err(Denied::Stale));
        }
    }
}

/// What an authenticated phone may write into its REGISTER, whole and broken.
fn line() -> impl Strategy<Value = String> {
    let uri = "(sip:[a-z%0-9]{1,8}@[a-z0-9.]{1,10}|sips:a@\\[::1\\]:[0-9]{1,6}|tel:[0-9]{1,5}|[ -~]{0,30}|sip:a@b[;=a-z]{0,20})";
    let param = "(;(q|expires|reg-id|\\+sip[.]instance|[a-z]{1,3})=?(\"<urn:x:[0-9]>\"|[0-9.]{0,12}|\"[ -~]{0,9}\"|[ -~]{0,9})){0,4}";
    let contact = (uri, param).prop_map(|(uri, params)| format!("<{uri}>{params}"));
    let contact = prop_oneof![8 => contact, 1 => Just("*".to_owned()), 1 => "[ -~]{0,40}"];
    let contacts = prop::collection::vec(contact, 0..12).prop_map(|values| values.join(","));
    prop_oneof![
        4 => contacts.prop_map(|values| format!("Contact: {values}")),
        1 => "(Path|Expires|Require|Supported): [ -~]{0,40}",
        1 => "Expires: [0-9]{1,12}",
        1 => "Path: <sip:[a-z]{1,600};lr>",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_register_panics_or_grows_beyond_its_bounds(
        requests in prop::collection::vec((prop::collection::vec(line(), 1..5), 0_u64..5_000), 1..30)
    ) {
        let (mut office, mut ann) = (Office::new(), Phone::of("ann"));
        for (lines, pause) in requests {
            let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
            if let Some(answer) = try_register(&mut office, &mut ann, &lines) {
                prop_assert!(matches!(answer, 200 | 400 | 401 | 403 | 420 | 423), "{}", answer);
            }
            let records = office.registrar.records("ann");
            prop_assert!(records.len() <= MAX_PER_USER);
            prop_assert_eq!(office.registrar.counts().0, records.len());
            for record in records {
                let size = record.uri.len() + record.call_id.len() + record.path.concat().len();
                prop_assert!(size <= 512 + 256 + 8 * 512 && record.path.len() <= 8);
                prop_assert!(record.instance.as_ref().is_none_or(|instance| instance.len() <= 128));
                prop_assert!(record.expires.0 - record.refreshed.0 <= 7_200_000_000);
            }
            let ends = records.iter().map(|record| record.expires).min();
            prop_assert_eq!(office.registrar.next_deadline(), ends);
            office.pass(pause);
        }
        let stored = office.registrar.records("ann").to_vec();
        let after = office.restarted(stored);
        prop_assert_eq!(after.rings("ann"), office.rings("ann"));
    }
}

/// As [`Phone::registers`], for requests that may be no messages at all.
fn try_register(office: &mut Office, phone: &mut Phone, lines: &str) -> Option<u16> {
    let sound = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| phone.request(lines))).is_ok();
    sound.then(|| phone.registers(office, lines).status())
}

#[test]
fn who_guesses_passwords_is_heard_ever_more_rarely() {
    let mut office = Office::new();
    let (mut eve, mut ann) = (Phone::at("ann", "192.0.2.66:5060"), Phone::of("ann"));
    eve.password = "a guess".to_owned();
    ann.registers(&mut office, "Contact: <sip:ann@10.0.0.7>\r\n");
    let request = eve.request("");
    eve.takes(&office.hears(&request, eve.flow).unwrap());
    let mut answered = 0;
    for _ in 0..600 {
        let request = eve.request("Contact: <sip:eve@192.0.2.66>\r\n");
        answered += u32::from(office.hears(&request, eve.flow).is_some());
        eve.call_id.push('x');
        office.pass(1);
    }
    assert!((FREE_FAILURES..FREE_FAILURES + 75).contains(&answered), "{answered} guesses in ten minutes");
    assert!(office.handled.iter().filter(|handled| **handled == Handled::Silenced).count() > 500);
    assert_eq!(ann.registers(&mut office, "").status(), 200, "others are not concerned");
}

#[test]
fn a_guesser_in_the_same_house_does_not_silence_a_registered_phone() {
    let mut office = Office::new();
    let (mut ann, mut eve) = (Phone::at("ann", "192.0.2.7:5060"), Phone::at("ann", "192.0.2.7:6666"));
    ann.registers(&mut office, "Contact: <sip:ann@10.0.0.7>\r\n");
    eve.password = "a guess".to_owned();
    let request = eve.request("");
    eve.takes(&office.hears(&request, eve.flow).unwrap());
    (0..50).for_each(|_| {
        let request = eve.request("");
        office.hears(&request, eve.flow);
    });
    let request = eve.request("");
    assert!(office.hears(&request, eve.flow).is_none());
    assert_eq!(ann.registers(&mut office, "Contact: <sip:ann@10.0.0.7>\r\n").status(), 200);
}

#[test]
fn a_flood_of_first_requests_gets_no_flood_of_challenges() {
    let mut office = Office::new();
    let mut eve = Phone::at("ann", "192.0.2.66:5060");
    let request = eve.request("");
    let answered = (0..5_000).filter(|_| office.hears(&request, eve.flow).is_some()).count();
    assert_eq!(answered, usize::from(QUESTIONS_PER_SECOND));
    office.pass(1);
    assert!(office.hears(&request, eve.flow).is_some());
}
