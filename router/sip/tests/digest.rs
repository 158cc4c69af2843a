//! Digest authentication from both sides. The foreign side is `sipx-sip`: its client answers our challenges, and its
//! formulas check our answers; `rsip` checks them a second time.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use bytes::Bytes;
use proptest::prelude::*;
use sip::{
    Micros,
    auth::{Algorithm, Attempt, Client, Denied, MAX_SPACES, NoAnswer, Password, Realm, Verifier},
    wire::{Message, Method, Name, Writer},
};
use std::time::Duration;
use support::Counter;

const REALM: &str = "sambung";
const START: Micros = Micros(1_000_000_000);

fn later(seconds: u64) -> Micros {
    START.after(Duration::from_secs(seconds))
}

/// A verifier of two users, and what it takes to talk to it.
struct Door {
    verifier: Verifier,
    mint: Counter,
    now: Micros,
}

impl Door {
    fn new() -> Self {
        Self::offering(&Algorithm::ALL)
    }
    fn offering(algorithms: &[Algorithm]) -> Self {
        let accounts = [("ann", "ann's long password"), ("ben", "ben's long password")];
        let accounts = accounts.map(|(user, word)| (user.to_owned(), Password::plain(word)));
        let realm =
            Realm { name: REALM.to_owned(), algorithms: algorithms.to_vec(), accounts: accounts.to_vec() };
        Self { verifier: Verifier::new(&[7; 32], realm, START), mint: Counter(0), now: START }
    }
    /// The challenges a phone gets, as it reads them.
    fn challenges(&mut self, why: Denied) -> Vec<Bytes> {
        let mut writer = Writer::response(401, "Unauthorized");
        self.verifier.challenge(&mut writer, why, self.now, &mut self.mint);
        let text = String::from_utf8(writer.finish().to_vec()).unwrap();
        let lines = text.lines().filter_map(|line| line.strip_prefix("WWW-Authenticate: "));
        lines.map(|line| Bytes::copy_from_slice(line.as_bytes())).collect()
    }
    fn challenge(&mut self) -> sipx_sip::auth::Challenge {
        let challenges = self.challenges(Denied::Unanswered);
        let read = challenges.iter().filter_map(|text| sipx_sip::auth::Challenge::parse(text, false));
        sipx_sip::auth::strongest(read.collect()).unwrap()
    }
    fn asks(&mut self, answer: &str) -> Result<String, Denied> {
        self.verifier.verify(&register(answer), self.now).map(|user| user.to_string())
    }
}

const URI: &str = "sip:pbx.example";

fn register(answers: &str) -> Message {
    request(URI, answers)
}

fn request(uri: &str, answers: &str) -> Message {
    let lines = answers.lines().filter(|line| !line.is_empty());
    let answers: String = lines.map(|line| format!("Authorization: {line}\r\n")).collect();
    let text = format!(
        "REGISTER {uri} SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:ann@h>;tag=f\r\nTo: <sip:ann@h>\r\n\
         Call-ID: c\r\nCSeq: 1 REGISTER\r\n{answers}\r\n"
    );
    Message::parse(Bytes::from(text)).unwrap()
}

fn answer(challenge: &sipx_sip::auth::Challenge, user: &str, password: &str, count: u32) -> String {
    let login = sipx_sip::auth::Credentials::new(user, password);
    sipx_sip::auth::respond(challenge, &login, "REGISTER", URI, count, "0a4f113b")
}

#[test]
fn a_phone_that_answers_is_known() {
    for algorithm in Algorithm::ALL {
        let mut door = Door::offering(&[algorithm]);
        let challenge = door.challenge();
        assert_eq!(challenge.algorithm.as_str(), algorithm.as_str());
        assert!(challenge.qop_auth && challenge.realm == REALM);
        assert_eq!(door.asks(&answer(&challenge, "ann", "ann's long password", 1)), Ok("ann".to_owned()));
    }
}

#[test]
fn the_stronger_algorithm_is_offered_first_and_each_by_itself() {
    let challenges = Door::new().challenges(Denied::Unanswered);
    let texts: Vec<&str> = challenges.iter().map(|text| std::str::from_utf8(text).unwrap()).collect();
    assert!(texts[0].contains("algorithm=SHA-256") && texts[1].contains("algorithm=MD5"), "{texts:?}");
    assert!(texts.iter().all(|text| text.contains("qop=\"auth\"") && !text.contains("stale")), "{texts:?}");
    assert!(Door::new().challenges(Denied::Stale).iter().all(|text| text.ends_with(b"stale=true")));
}

#[test]
fn a_wrong_password_and_an_unknown_user_are_told_the_same() {
    let mut door = Door::new();
    let challenge = door.challenge();
    for (user, password) in [
        ("ann", "ben's long password"),
        ("ann", ""),
        ("eve", "ann's long password"),
        ("", ""),
        ("ANN", "ann's long password"),
        ("an\"n", "x"),
    ] {
        assert_eq!(door.asks(&answer(&challenge, user, password, 1)), Err(Denied::Wrong), "{user}");
    }
    let nobody = format!("Digest username=eve,realm={REALM},nonce={},uri=\"{URI}\",", challenge.nonce);
    assert_eq!(door.asks(&format!("{nobody}response=\"\",algorithm=MD5")), Err(Denied::Wrong));
    assert_eq!(Denied::Wrong.status(), 401);
}

#[test]
fn an_answer_is_good_once_and_the_next_one_counts_on() {
    let mut door = Door::new();
    let challenge = door.challenge();
    let mut tries = |count| door.asks(&answer(&challenge, "ann", "ann's long password", count)).map(drop);
    assert_eq!(
        [1, 2, 2, 1, 255, 256].map(&mut tries),
        [Ok(()), Ok(()), Err(Denied::Stale), Err(Denied::Stale), Ok(()), Ok(())]
    );
    assert_eq!(tries(0), Err(Denied::Stale));
}

#[test]
fn after_five_minutes_only_the_nonce_is_too_old() {
    let mut door = Door::new();
    let challenge = door.challenge();
    door.now = later(299);
    assert!(door.asks(&answer(&challenge, "ann", "ann's long password", 1)).is_ok());
    door.now = later(301);
    assert_eq!(door.asks(&answer(&challenge, "ann", "ann's long password", 2)), Err(Denied::Stale));
    assert_eq!(
        door.asks(&answer(&challenge, "ann", "a guess", 3)),
        Err(Denied::Wrong),
        "stale tells nothing"
    );
}

#[test]
fn a_nonce_of_somebody_else_is_none() {
    let mut door = Door::new();
    let mut challenge = door.challenge();
    challenge.nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093".to_owned();
    assert_eq!(door.asks(&answer(&challenge, "ann", "ann's long password", 1)), Err(Denied::Unusable));
    let mut elsewhere = Verifier::new(
        &[8; 32],
        Realm { name: REALM.to_owned(), algorithms: vec![], accounts: vec![] },
        START,
    );
    let challenge = door.challenge();
    let asked = register(&answer(&challenge, "ann", "ann's long password", 1));
    assert!(elsewhere.verify(&asked, START).is_err());
}

#[test]
fn an_old_phone_without_qop_may_use_a_nonce_once() {
    let mut door = Door::new();
    let mut challenge = door.challenge();
    challenge.qop_auth = false;
    let old = answer(&challenge, "ann", "ann's long password", 1);
    assert!(!old.contains("qop"));
    assert_eq!(door.asks(&old), Ok("ann".to_owned()));
    assert_eq!(door.asks(&old), Err(Denied::Stale));
}

#[test]
fn what_was_not_offered_is_challenged_anew() {
    let mut door = Door::offering(&[Algorithm::Sha256]);
    let mut challenge = door.challenge();
    let sound = answer(&challenge, "ann", "ann's long password", 1);
    for (part, other) in [
        ("qop=auth", "qop=auth-int"),
        ("algorithm=SHA-256", "algorithm=SHA-256-sess"),
        ("algorithm=SHA-256", "algorithm=SHA-512-256"),
        ("algorithm=SHA-256", "algorithm=MD5"),
        ("nc=00000001", "nc=1"),
        ("cnonce=", "x="),
        ("Digest", "Basic"),
        ("username=", "username*="),
    ] {
        assert!(sound.contains(part), "{part}");
        assert_eq!(door.asks(&sound.replace(part, other)), Err(Denied::Unusable), "{other}");
    }
    challenge.algorithm = sipx_sip::auth::Algorithm::Md5;
    assert_eq!(door.asks(&answer(&challenge, "ann", "ann's long password", 1)), Err(Denied::Unusable));
    assert_eq!(door.asks(""), Err(Denied::Unanswered));
    assert_eq!(door.asks(&sound.replace(REALM, "another proxy")), Err(Denied::Unanswered));
    assert_eq!(door.asks(&sound), Ok("ann".to_owned()), "none of these has used up the count");
}

#[test]
fn of_several_answers_the_one_to_us_counts() {
    let mut door = Door::offering(&[Algorithm::Md5]);
    let challenge = door.challenge();
    let ours = answer(&challenge, "ann", "ann's long password", 1);
    let mut strong = challenge.clone();
    strong.algorithm = sipx_sip::auth::Algorithm::Sha256;
    let others = format!(
        "{}\n{}\n{ours}",
        ours.replace(REALM, "proxy"),
        answer(&strong, "ann", "ann's long password", 1)
    );
    assert_eq!(door.asks(&others), Ok("ann".to_owned()));
}

#[test]
fn an_answer_is_for_its_request_uri_alone() {
    let mut door = Door::new();
    let challenge = door.challenge();
    let sound = answer(&challenge, "ann", "ann's long password", 1);
    let mut tries = |uri: &str| door.verifier.verify(&request(uri, &sound), START).map(drop);
    for uri in ["sip:elsewhere.example", "sip:ann@pbx.example", "sips:pbx.example", "sip:pbx.example:5070"] {
        assert_eq!(tries(uri), Err(Denied::OtherUri), "{uri}");
    }
    // As phones and proxies write the same place.
    assert_eq!(tries("sip:PBX.example:5060;transport=udp"), Ok(()));
    assert_eq!(Denied::OtherUri.status(), 400);
}

#[test]
fn a_user_without_a_hash_for_the_algorithm_is_wrong_like_any_other() {
    let md5 = "c1d2c7c4a1ad3be3c2c1d2c7c4a1ad3b";
    let password = Password::ha1(REALM, [(Algorithm::Md5, md5)]).unwrap();
    let mut door = Door::new();
    door.verifier.configure(Realm {
        name: REALM.to_owned(),
        algorithms: Algorithm::ALL.to_vec(),
        accounts: vec![("ann".to_owned(), password)],
    });
    let challenge = door.challenge();
    assert_eq!(door.asks(&answer(&challenge, "ann", "ann's long password", 1)), Err(Denied::Wrong));
}

#[test]
fn users_change_without_a_new_challenge() {
    let mut door = Door::new();
    let challenge = door.challenge();
    let accounts = vec![("cid".to_owned(), Password::plain("cid's long password"))];
    let realm = Realm { name: REALM.to_owned(), algorithms: Algorithm::ALL.to_vec(), accounts };
    door.verifier.configure(realm);
    assert_eq!(door.asks(&answer(&challenge, "ann", "ann's long password", 1)), Err(Denied::Wrong));
    assert_eq!(door.asks(&answer(&challenge, "cid", "cid's long password", 1)), Ok("cid".to_owned()));
    assert_eq!(door.verifier.users().map(AsRef::as_ref).collect::<Vec<&str>>(), ["cid"]);
}

#[test]
fn a_quote_in_the_realm_ends_nothing() {
    let mut door = Door::new();
    let name = "a\"b\\c\r\nd".to_owned();
    door.verifier.configure(Realm { name, algorithms: vec![Algorithm::Md5], accounts: vec![] });
    assert_eq!(door.challenge().realm, "abcd");
}

// The other side: a trunk challenges us.

fn refusal(status: u16, challenges: &[&str]) -> Message {
    let name = if status == 407 { "Proxy-Authenticate" } else { "WWW-Authenticate" };
    let lines: String = challenges.iter().map(|text| format!("{name}: {text}\r\n")).collect();
    let text = format!(
        "SIP/2.0 {status} No\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=f\r\nTo: <sip:b@h>;tag=t\r\n\
         Call-ID: c\r\nCSeq: 1 INVITE\r\n{lines}\r\n"
    );
    Message::parse(Bytes::from(text)).unwrap()
}

fn client() -> Client {
    Client::new("sambung-1", Password::plain("trunk's long password"))
}

/// The answers in the next request.
fn answers(client: &mut Client, name: Name) -> Vec<String> {
    let mut writer = Writer::request(Method::Invite, "sip:1500@carrier.example");
    client.authorize(&mut writer, Method::Invite, b"sip:1500@carrier.example", &mut Counter(9));
    let text = String::from_utf8(writer.finish().to_vec()).unwrap();
    let prefix = format!("{}: ", name.as_str());
    text.lines().filter_map(|line| line.strip_prefix(&prefix)).map(str::to_owned).collect()
}

fn value(of: &str, name: &str) -> String {
    let (_, rest) = of.split_once(&format!("{name}=")).unwrap_or_else(|| panic!("no {name} in {of}"));
    match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next().unwrap().to_owned(),
        None => rest.split(',').next().unwrap().to_owned(),
    }
}

const SHA: &str =
    "Digest realm=\"carrier\",nonce=\"n1\",qop=\"auth,auth-int\",algorithm=SHA-256,opaque=\"o\"";
const MD5: &str = "Digest realm=\"carrier\",nonce=\"n1\",qop=\"auth\"";

/// What two strangers compute from the same words.
fn expected(of: &str, challenge: &str) -> String {
    let challenge = sipx_sip::auth::Challenge::parse(challenge.as_bytes(), false).unwrap();
    let login = sipx_sip::auth::Credentials::new("sambung-1", "trunk's long password");
    let (count, cnonce) = match challenge.qop_auth {
        true => (u32::from_str_radix(&value(of, "nc"), 16).unwrap(), value(of, " cnonce")),
        false => (1, String::new()),
    };
    let theirs =
        sipx_sip::auth::respond(&challenge, &login, "INVITE", "sip:1500@carrier.example", count, &cnonce);
    let theirs = value(&theirs, "response");
    // `rsip` writes nc in decimal, so it can only follow the first nine.
    if challenge.algorithm == sipx_sip::auth::Algorithm::Md5 && count < 10 {
        let qop = rsip::headers::auth::AuthQop::Auth { cnonce, nc: u8::try_from(count).unwrap() };
        let uri: rsip::Uri = "sip:1500@carrier.example".try_into().unwrap();
        let second = rsip::services::DigestGenerator {
            username: "sambung-1",
            password: "trunk's long password",
            nonce: &challenge.nonce,
            uri: &uri,
            realm: &challenge.realm,
            method: &rsip::Method::Invite,
            qop: challenge.qop_auth.then_some(&qop),
            algorithm: rsip::headers::auth::Algorithm::Md5,
        };
        assert_eq!(second.compute(), theirs);
    }
    theirs
}

#[test]
fn nothing_is_said_before_a_challenge_and_the_strongest_is_answered() {
    let (mut client, mut attempt) = (client(), Attempt::default());
    assert!(answers(&mut client, Name::Authorization).is_empty());
    let sess = "Digest realm=\"carrier\",nonce=\"n1\",qop=\"auth\",algorithm=MD5-sess";
    assert_eq!(client.challenged(&refusal(401, &[sess, MD5, SHA]), &mut attempt), Ok(()));
    let answers = answers(&mut client, Name::Authorization);
    assert_eq!(answers.len(), 1);
    assert_eq!(value(&answers[0], "algorithm"), "SHA-256");
    assert_eq!((value(&answers[0], "opaque").as_str(), value(&answers[0], "nc").as_str()), ("o", "00000001"));
    assert_eq!(value(&answers[0], "response"), expected(&answers[0], SHA));
}

#[test]
fn every_further_request_counts_on_without_a_challenge() {
    let (mut client, mut attempt) = (client(), Attempt::default());
    client.challenged(&refusal(401, &[MD5]), &mut attempt).unwrap();
    for count in 1..=12 {
        let answer = answers(&mut client, Name::Authorization).remove(0);
        assert_eq!(value(&answer, "nc"), format!("{count:08x}"));
        assert_eq!(value(&answer, "response"), expected(&answer, MD5));
    }
}

#[test]
fn a_trunk_without_qop_is_answered_without() {
    let (mut client, mut attempt) = (client(), Attempt::default());
    let old = "Digest realm=\"carrier\", nonce=\"n1\"";
    client.challenged(&refusal(401, &[old]), &mut attempt).unwrap();
    let answer = answers(&mut client, Name::Authorization).remove(0);
    assert!(!answer.contains("qop") && !answer.contains("cnonce") && !answer.contains("nc="));
    assert_eq!(value(&answer, "response"), expected(&answer, old));
}

#[test]
fn a_wrong_password_is_tried_once_and_not_again() {
    let (mut client, mut attempt) = (client(), Attempt::default());
    client.challenged(&refusal(401, &[MD5]), &mut attempt).unwrap();
    let again = client.challenged(&refusal(401, &[&MD5.replace("n1", "n2")]), &mut attempt);
    assert_eq!(again, Err(NoAnswer::Refused));
    assert!(answers(&mut client, Name::Authorization).is_empty(), "and is not said in the next request");
}

#[test]
fn a_stale_nonce_is_answered_once_more_and_no_third_time() {
    let (mut client, mut attempt) = (client(), Attempt::default());
    client.challenged(&refusal(401, &[MD5]), &mut attempt).unwrap();
    let stale = format!("{}, stale=true", MD5.replace("n1", "n2"));
    assert_eq!(client.challenged(&refusal(401, &[&stale]), &mut attempt), Ok(()));
    let answer = answers(&mut client, Name::Authorization).remove(0);
    assert_eq!((value(&answer, " nonce").as_str(), value(&answer, "nc").as_str()), ("n2", "00000001"));
    assert_eq!(client.challenged(&refusal(401, &[&stale]), &mut attempt), Err(NoAnswer::TooOften));
    assert_eq!(
        client.challenged(&refusal(401, &[&stale]), &mut Attempt::default()),
        Ok(()),
        "a new request may"
    );
}

#[test]
fn a_proxy_and_the_trunk_behind_it_are_both_answered() {
    let (mut client, mut attempt) = (client(), Attempt::default());
    let proxy = MD5.replace("carrier", "edge");
    client.challenged(&refusal(407, &[&proxy]), &mut attempt).unwrap();
    client.challenged(&refusal(401, &[SHA]), &mut attempt).unwrap();
    let to_proxy = answers(&mut client, Name::ProxyAuthorization);
    assert_eq!((to_proxy.len(), value(&to_proxy[0], "realm").as_str()), (1, "edge"));
    assert_eq!(answers(&mut client, Name::Authorization).len(), 1);
}

#[test]
fn what_we_do_not_speak_is_not_answered() {
    let refused = |status, challenges: &[&str]| {
        client().challenged(&refusal(status, challenges), &mut Attempt::default()).unwrap_err()
    };
    assert_eq!(refused(403, &[]), NoAnswer::NoChallenge);
    assert_eq!(refused(401, &[]), NoAnswer::NoChallenge);
    assert_eq!(refused(401, &["Basic realm=\"carrier\""]), NoAnswer::NoChallenge);
    assert_eq!(refused(401, &["Digest realm=\"carrier\""]), NoAnswer::NoChallenge);
    assert_eq!(refused(401, &[&MD5.replace("\"auth\"", "\"auth-int\"")]), NoAnswer::Unsupported);
    assert_eq!(refused(401, &[&format!("{MD5},algorithm=AKAv1-MD5")]), NoAnswer::Unsupported);
    let endless = MD5.replace("n1", &"n".repeat(2_000));
    assert_eq!(refused(401, &[&endless]), NoAnswer::NoChallenge);
}

#[test]
fn a_trunk_that_asks_for_many_realms_gets_a_few_answers() {
    let (mut client, mut attempt) = (client(), Attempt::default());
    let challenges: Vec<String> = (0..50).map(|n| MD5.replace("carrier", &format!("realm-{n}"))).collect();
    let challenges: Vec<&str> = challenges.iter().map(String::as_str).collect();
    client.challenged(&refusal(401, &challenges), &mut attempt).unwrap();
    assert_eq!(answers(&mut client, Name::Authorization).len(), MAX_SPACES);
}

#[test]
fn what_we_answer_is_accepted_by_our_own_door() {
    let mut door = Door::new();
    let mut client = Client::new("ann", Password::plain("ann's long password"));
    let challenges = door.challenges(Denied::Unanswered);
    let challenges: Vec<&str> = challenges.iter().map(|text| std::str::from_utf8(text).unwrap()).collect();
    client.challenged(&refusal(401, &challenges), &mut Attempt::default()).unwrap();
    for _ in 0..3 {
        let mut writer = Writer::request(Method::Register, URI);
        client.authorize(&mut writer, Method::Register, URI.as_bytes(), &mut Counter(1));
        let text = String::from_utf8(writer.finish().to_vec()).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("Authorization: ")).unwrap();
        assert_eq!(door.asks(line), Ok("ann".to_owned()));
    }
}

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
