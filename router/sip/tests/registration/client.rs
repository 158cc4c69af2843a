//! We sign in to a trunk that challenges us.

use crate::{
    phone::Counter,
    server::{Door, door_answer},
};
use bytes::Bytes;
use sip::{
    auth::{Attempt, Client, Denied, MAX_SPACES, NoAnswer, Password},
    wire::{Message, Method, Name, Writer},
};

pub fn refusal(status: u16, challenges: &[&str]) -> Message {
    let name = if status == 407 { "Proxy-Authenticate" } else { "WWW-Authenticate" };
    let lines: String = challenges.iter().map(|text| format!("{name}: {text}\r\n")).collect();
    let text = format!(
        "SIP/2.0 {status} No\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=f\r\nTo: <sip:b@h>;tag=t\r\n\
         Call-ID: c\r\nCSeq: 1 INVITE\r\n{lines}\r\n"
    );
    Message::parse(Bytes::from(text)).unwrap()
}

pub fn client() -> Client {
    Client::new("sambung-1", Password::plain("trunk's long password"))
}

/// The answers in the next request.
pub fn answers(client: &mut Client, name: Name) -> Vec<String> {
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
    for _ in 0..3 {
        assert_eq!(door.asks(&door_answer(&mut client, &challenges)), Ok("ann".to_owned()));
    }
}
