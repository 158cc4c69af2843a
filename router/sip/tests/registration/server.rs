//! Who a request is from: challenges, answers of phones, and what is wrong with the answers of others.

use crate::{
    client::refusal,
    phone::{Counter, START, later},
};
use bytes::Bytes;
use sip::{
    Micros,
    auth::{Algorithm, Attempt, Client, Denied, Password, Realm, Verifier},
    wire::{Message, Method, Writer},
};

pub const REALM: &str = "sambung";

/// A verifier of two users, and what it takes to talk to it.
pub struct Door {
    pub verifier: Verifier,
    pub mint: Counter,
    pub now: Micros,
}

impl Door {
    pub fn new() -> Self {
        Self::offering(&Algorithm::ALL)
    }
    pub fn offering(algorithms: &[Algorithm]) -> Self {
        let accounts = [("ann", "ann's long password"), ("ben", "ben's long password")];
        let accounts = accounts.map(|(user, word)| (user.to_owned(), Password::plain(word)));
        let realm =
            Realm { name: REALM.to_owned(), algorithms: algorithms.to_vec(), accounts: accounts.to_vec() };
        Self { verifier: Verifier::new(&[7; 32], realm, START), mint: Counter(0), now: START }
    }
    /// The challenges a phone gets, as it reads them.
    pub fn challenges(&mut self, why: Denied) -> Vec<Bytes> {
        let mut writer = Writer::response(401, "Unauthorized");
        self.verifier.challenge(&mut writer, why, None, self.now, &mut self.mint);
        let text = String::from_utf8(writer.finish().to_vec()).unwrap();
        let lines = text.lines().filter_map(|line| line.strip_prefix("WWW-Authenticate: "));
        lines.map(|line| Bytes::copy_from_slice(line.as_bytes())).collect()
    }
    pub fn challenge(&mut self) -> sipx_sip::auth::Challenge {
        let challenges = self.challenges(Denied::Unanswered);
        let read = challenges.iter().filter_map(|text| sipx_sip::auth::Challenge::parse(text, false));
        sipx_sip::auth::strongest(read.collect()).unwrap()
    }
    pub fn asks(&mut self, answer: &str) -> Result<String, Denied> {
        self.verifier.verify(&register(answer), self.now).map(|verified| verified.user.to_string())
    }
}

pub const URI: &str = "sip:pbx.example";

pub fn register(answers: &str) -> Message {
    request(URI, answers)
}

pub fn request(uri: &str, answers: &str) -> Message {
    let lines = answers.lines().filter(|line| !line.is_empty());
    let answers: String = lines.map(|line| format!("Authorization: {line}\r\n")).collect();
    let text = format!(
        "REGISTER {uri} SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:ann@h>;tag=f\r\nTo: <sip:ann@h>\r\n\
         Call-ID: c\r\nCSeq: 1 REGISTER\r\n{answers}\r\n"
    );
    Message::parse(Bytes::from(text)).unwrap()
}

pub fn answer(challenge: &sipx_sip::auth::Challenge, user: &str, password: &str, count: u32) -> String {
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
    challenge.qop_auth = true;
    assert_eq!(door.asks(&answer(&challenge, "ann", "ann's long password", 2)), Err(Denied::Stale));
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
    let login = sipx_sip::auth::Credentials::new("ann", "ann's long password");
    let mut tries = |signed: &str, to: &str, count| {
        let sound = sipx_sip::auth::respond(&challenge, &login, "REGISTER", signed, count, "0a4f113b");
        door.verifier.verify(&request(to, &sound), START).map(drop)
    };
    for (signed, to) in [
        ("sip:pbx.example", "sip:elsewhere.example"),
        ("sip:pbx.example", "sips:pbx.example"),
        ("sip:pbx.example:5060", "sip:pbx.example:5070"),
        ("sip:1500@pbx.example", "sip:1600@pbx.example"),
        ("nonsense", "sip:pbx.example"),
    ] {
        assert_eq!(tries(signed, to, 1), Err(Denied::OtherUri), "{signed} {to}");
    }
    // As phones, PBXs and SIPp write the same place.
    for (count, (signed, to)) in (1..).zip([
        ("sip:pbx.example", "sip:PBX.example:5060;transport=udp"),
        ("sip:pbx.example:15060", "sip:pbx.example"),
        ("sip:pbx.example", "sip:1500@pbx.example"),
    ]) {
        assert_eq!(tries(signed, to, count), Ok(()), "{signed} {to}");
    }
    assert_eq!(Denied::OtherUri.status(), 400);
}

#[test]
fn a_user_without_a_hash_for_the_algorithm_proves_nothing_with_it() {
    let md5 = "c1d2c7c4a1ad3be3c2c1d2c7c4a1ad3b";
    let mut door = Door::new();
    let password = Password::ha1(REALM, [(Algorithm::Md5, md5)]).unwrap();
    let accounts = vec![("ann".to_owned(), password)];
    let realm = Realm { name: REALM.to_owned(), algorithms: Algorithm::ALL.to_vec(), accounts };
    door.verifier.configure(realm);
    let challenge = door.challenge();
    assert_eq!(door.asks(&answer(&challenge, "ann", "ann's long password", 1)), Err(Denied::Wrong));
    // What stands in for a hash that is not there opens no door either.
    for user in ["ann", "eve"] {
        let nothing = "0".repeat(64);
        let guess = Password::ha1(REALM, [(Algorithm::Sha256, nothing.as_str())]).unwrap();
        let (mut eve, challenges) = (Client::new(user, guess), door.challenges(Denied::Unanswered));
        assert_eq!(door.asks(&door_answer(&mut eve, &challenges)), Err(Denied::Wrong));
    }
}

/// What our own client answers.
pub fn door_answer(client: &mut Client, challenges: &[Bytes]) -> String {
    let challenges: Vec<&str> = challenges.iter().map(|text| std::str::from_utf8(text).unwrap()).collect();
    client.challenged(&refusal(401, &challenges), &mut Attempt::default()).unwrap();
    let mut writer = Writer::request(Method::Register, URI);
    client.authorize(&mut writer, Method::Register, URI.as_bytes(), &mut Counter(1));
    let text = String::from_utf8(writer.finish().to_vec()).unwrap();
    text.lines().find_map(|line| line.strip_prefix("Authorization: ")).unwrap().to_owned()
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
