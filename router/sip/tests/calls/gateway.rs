//! Calls over a gateway that asks who we are: the INVITE, and everything in the dialog it makes.

use crate::{
    idle_agent::{offer, ringing},
    recovery::last_leg,
    rig::{Counter, PBX, PHONE, Peer, Rig, address, answer, header, lines, phone_sdp, sdp, text},
};
use sip::{
    CallKey, Flow, LegKey, Notice, Output, Phone,
    auth::{Algorithm, Denied, NoAnswer, Password, Realm, Verifier},
    peering::{Peering, TrunkNews},
    wire::{Message, Method, Name, Writer},
};
use std::sync::Arc;

const GATE: &str = "192.0.2.30:5060";
const CONTACT: &str = "Contact: <sip:0811@192.0.2.30>\r\n";
const PASSWORD: &str = "a trunk's password";

/// The gateway, which lets nobody in without a proof.
struct Gate(Verifier);

impl Gate {
    fn new(rig: &Rig, password: &str) -> Self {
        let accounts = vec![("62215550100".to_owned(), Password::plain(password))];
        let realm = Realm { name: "carrier".to_owned(), algorithms: vec![Algorithm::Sha256], accounts };
        Self(Verifier::new(&[9; 32], realm, rig.now))
    }
    fn challenge(&self, rig: &Rig, request: &Message, why: Denied) -> String {
        let mut writer = Writer::response(401, "No");
        self.0.challenge(&mut writer, why, None, rig.now, &mut Counter(77));
        let challenge = text(&writer.finish()).to_owned();
        let lines = challenge.lines().filter(|line| line.starts_with("WWW-Authenticate"));
        let more: String = lines.map(|line| format!("{line}\r\n")).collect();
        answer(request, 401, "g", &more, "")
    }
    /// Whether a request proves who it is from.
    fn believes(&mut self, rig: &Rig, request: &Message) -> bool {
        self.0.verify(request, rig.now).is_ok()
    }
    /// Challenges the one request that is out, and gives the next one.
    fn challenges(&self, rig: &mut Rig) -> (Message, Message) {
        let request = rig.one_to(GATE);
        rig.receive(GATE, self.challenge(rig, &request, Denied::Unanswered));
        let mut sent = rig.sent_to(GATE);
        let again = sent.pop().unwrap();
        let ack = if request.method() == Method::Invite { vec!["ACK"] } else { vec![] };
        assert_eq!(lines(&sent), ack, "{:?}", request.method());
        is_sent_again(&request, &again);
        (request, again)
    }
}

/// The same dialog and request, another transaction.
fn is_sent_again(first: &Message, again: &Message) {
    assert_eq!(first.method(), again.method());
    assert_eq!((first.call_id(), first.from_tag()), (again.call_id(), again.from_tag()));
    assert_eq!((first.request_uri(), first.body()), (again.request_uri(), again.body()));
    assert_eq!(again.cseq().0, first.cseq().0 + 1);
    assert_ne!(first.top_via().branch(), again.top_via().branch());
}

fn knows_us(rig: &mut Rig) {
    let peering = Peering {
        trunk: "carrier".to_owned(),
        uri: "sip:192.0.2.30".to_owned(),
        login: Some(("62215550100".to_owned(), Password::plain(PASSWORD))),
        probe_every: None,
        register_for: None,
    };
    let mut out = Output::default();
    rig.stack.meet(vec![peering], rig.now, &mut rig.mint, &mut out);
}

fn number() -> Phone {
    let to = Flow::udp(address(GATE));
    Phone { trunk: Some(Arc::from("carrier")), ..Phone::at("sip:0811@192.0.2.30".to_owned(), to) }
}

/// A number is called that asks who we are.
fn calling(rig: &mut Rig, caller: &Peer) -> (CallKey, LegKey) {
    knows_us(rig);
    let call = offer(rig, caller);
    (call, rig.ring_all(call, 1, vec![number()]))
}

fn is_answered(rig: &mut Rig, leg: LegKey, invite: &Message) -> Message {
    rig.receive(GATE, answer(invite, 200, "g", CONTACT, &phone_sdp()));
    assert_eq!(rig.notices(), [Notice::PhoneAnswered { leg }]);
    rig.connect(leg);
    rig.one_to(GATE)
}

/// Caller and number talk; what the gateway has to say of the ACK.
fn talking(rig: &mut Rig, caller: &mut Peer) -> (Gate, LegKey, Message) {
    let (_, leg) = calling(rig, caller);
    let mut gate = Gate::new(rig, PASSWORD);
    let (_, invite) = gate.challenges(rig);
    assert!(gate.believes(rig, &invite));
    let ack = is_answered(rig, leg, &invite);
    assert_eq!(header(&ack, Name::Authorization), header(&invite, Name::Authorization), "RFC 3261 §22.1");
    assert_eq!(ack.cseq().0, invite.cseq().0);
    let sent = rig.sent_to(PBX);
    let ack = caller.ack(&sent[0]);
    rig.receive(PBX, ack);
    (gate, leg, invite)
}

#[test]
fn a_gateway_that_asks_is_told_who_we_are_and_calls_the_number() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (gate, leg, invite) = talking(&mut rig, &mut caller);
    assert!(gate.0.answered_by(&invite).is_some());
    assert!(!text(invite.bytes()).contains(PASSWORD));
    rig.receive(PBX, caller.bye());
    rig.drop_leg(leg, 200);
    let bye = rig.one_to(GATE);
    rig.receive(GATE, answer(&bye, 200, "g", "", ""));
    rig.notices();
    rig.ends_clean();
}

#[test]
fn the_next_call_is_signed_at_once_and_counts_on() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (mut gate, ..) = talking(&mut rig, &mut caller);
    let call = offer(&mut rig, &Peer::caller("622"));
    let leg = rig.ring_all(call, 1, vec![number()]);
    let invite = rig.one_to(GATE);
    assert!(gate.believes(&rig, &invite), "the verifier takes no count twice");
    assert!(header(&invite, Name::Authorization).contains("nc=00000002"));
    is_answered(&mut rig, leg, &invite);
}

#[test]
fn a_nonce_that_grew_old_is_replaced_once_and_no_more() {
    let mut rig = Rig::new();
    let (_, leg) = calling(&mut rig, &Peer::caller("621"));
    let gate = Gate::new(&rig, PASSWORD);
    let (_, invite) = gate.challenges(&mut rig);
    let stale = |rig: &Rig, request: &Message| gate.challenge(rig, request, Denied::Stale);
    rig.receive(GATE, stale(&rig, &invite));
    let again = rig.sent_to(GATE).pop().unwrap();
    is_sent_again(&invite, &again);
    rig.receive(GATE, stale(&rig, &again));
    assert_eq!(rig.told(GATE), ["ACK"]);
    let news = TrunkNews::NotSignedIn(NoAnswer::TooOften);
    let told = Notice::Trunk { trunk: "carrier".to_owned(), news };
    assert_eq!(rig.notices(), [told, Notice::PhoneRefused { leg, status: 401 }]);
}

#[test]
fn a_password_that_is_refused_is_not_tried_again_and_the_log_hears_why() {
    let mut rig = Rig::new();
    let (call, leg) = calling(&mut rig, &Peer::caller("621"));
    let gate = Gate::new(&rig, "another one");
    let (_, invite) = gate.challenges(&mut rig);
    rig.receive(GATE, gate.challenge(&rig, &invite, Denied::Unanswered));
    assert_eq!(rig.told(GATE), ["ACK"]);
    let news = TrunkNews::NotSignedIn(NoAnswer::Refused);
    let told = Notice::Trunk { trunk: "carrier".to_owned(), news };
    assert_eq!(rig.notices(), [told, Notice::PhoneRefused { leg, status: 401 }]);
    rig.end(call, 480);
    rig.notices();
    rig.ends_clean();
}

#[test]
fn a_phone_that_asks_who_we_are_is_not_told() {
    for status in [401, 407] {
        let mut rig = Rig::new();
        knows_us(&mut rig);
        let call = offer(&mut rig, &Peer::caller("621"));
        let (leg, invite) = ringing(&mut rig, call, 1);
        let gate = Gate::new(&rig, PASSWORD);
        let asks = gate.challenge(&rig, &invite, Denied::Unanswered);
        let asks = asks.replace("SIP/2.0 401", &format!("SIP/2.0 {status}"));
        rig.receive(PHONE, asks.replace("WWW-Authenticate", "Proxy-Authenticate"));
        assert_eq!(rig.told(PHONE), ["ACK"]);
        assert_eq!(rig.notices(), [Notice::PhoneRefused { leg, status }]);
    }
}

#[test]
fn a_phone_that_asks_within_the_conversation_is_not_told_either() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (_, leg, _) = crate::idle_agent::talking(&mut rig, &mut caller);
    knows_us(&mut rig);
    let gate = Gate::new(&rig, PASSWORD);
    rig.receive(PBX, caller.next(Method::Invite, "", &sdp("192.0.2.10", 26_000, "8")));
    let asked = rig.one_to(PHONE);
    rig.receive(PHONE, gate.challenge(&rig, &asked, Denied::Unanswered));
    assert_eq!(rig.told(PHONE), ["ACK"]);
    rig.drop_leg(leg, 200);
    let bye = rig.one_to(PHONE);
    assert!(bye.header(Name::Authorization).is_none());
    rig.receive(PHONE, gate.challenge(&rig, &bye, Denied::Unanswered));
    assert_eq!(rig.told(PHONE), [""; 0]);
}

#[test]
fn a_trunk_without_a_login_is_refused_by_its_own_challenge() {
    let mut rig = Rig::new();
    let call = offer(&mut rig, &Peer::caller("621"));
    let leg = rig.ring_all(call, 1, vec![number()]);
    let invite = rig.one_to(GATE);
    let gate = Gate::new(&rig, PASSWORD);
    rig.receive(GATE, gate.challenge(&rig, &invite, Denied::Unanswered));
    assert_eq!(rig.told(GATE), ["ACK"]);
    assert_eq!(rig.notices(), [Notice::PhoneRefused { leg, status: 401 }]);
}

#[test]
fn a_reinvite_is_signed_when_it_is_asked_and_its_ack_shows_the_same() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (mut gate, leg, invite) = talking(&mut rig, &mut caller);
    rig.receive(PBX, caller.next(Method::Invite, "", &sdp("192.0.2.10", 26_000, "8 0")));
    let asked = rig.one_to(GATE);
    assert!(header(&asked, Name::Authorization).contains("nc=00000002"), "signed before it is asked");
    assert!(gate.believes(&rig, &asked));
    rig.receive(GATE, gate.challenge(&rig, &asked, Denied::Stale));
    let sent = rig.sent_to(GATE);
    assert_eq!(lines(&sent), ["ACK", "INVITE"]);
    is_sent_again(&asked, &sent[1]);
    assert!(gate.believes(&rig, &sent[1]));
    // The refusal comes again, and then what it was about.
    rig.receive(GATE, gate.challenge(&rig, &asked, Denied::Stale));
    assert_eq!(rig.told(GATE), ["ACK"], "nothing is signed twice");
    rig.receive(GATE, answer(&sent[1], 200, "g", CONTACT, &phone_sdp()));
    let ack = rig.one_to(GATE);
    assert_eq!((ack.method(), ack.cseq().0), (Method::Ack, sent[1].cseq().0));
    assert_eq!(header(&ack, Name::Authorization), header(&sent[1], Name::Authorization));
    rig.receive(GATE, answer(&sent[1], 200, "g", CONTACT, &phone_sdp()));
    assert_eq!(rig.told(GATE), ["ACK"], "whenever it is repeated");
    assert!(rig.told(PBX).contains(&"200 INVITE".to_owned()));
    assert!(asked.cseq().0 > invite.cseq().0);
    rig.drop_leg(leg, 200);
    let bye = rig.one_to(GATE);
    assert_eq!(bye.cseq().0, sent[1].cseq().0 + 1, "numbers go on behind it");
    assert!(gate.believes(&rig, &bye));
}

#[test]
fn a_bye_is_signed_when_it_is_asked_although_its_leg_has_gone() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (mut gate, leg, _) = talking(&mut rig, &mut caller);
    rig.drop_leg(leg, 200);
    let bye = rig.one_to(GATE);
    rig.receive(GATE, gate.challenge(&rig, &bye, Denied::Stale));
    let again = rig.one_to(GATE);
    is_sent_again(&bye, &again);
    assert!(gate.believes(&rig, &again));
    rig.receive(GATE, answer(&again, 200, "g", "", ""));
    rig.receive(PBX, caller.bye());
    rig.told(PBX);
    rig.notices();
    rig.ends_clean();
}

#[test]
fn whoever_the_gateway_leads_us_to_is_not_told_who_we_are() {
    const ELSEWHERE: &str = "203.0.113.66:5060";
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (_, leg) = calling(&mut rig, &caller);
    let gate = Gate::new(&rig, PASSWORD);
    let (_, invite) = gate.challenges(&mut rig);
    rig.receive(GATE, answer(&invite, 200, "g", "Contact: <sip:x@203.0.113.66>\r\n", &phone_sdp()));
    rig.notices();
    rig.connect(leg);
    let ack = rig.one_to(ELSEWHERE);
    assert!(ack.header(Name::Authorization).is_none(), "{ack:?}");
    let sent = rig.sent_to(PBX);
    let ack = caller.ack(&sent[0]);
    rig.receive(PBX, ack);
    rig.drop_leg(leg, 200);
    let bye = rig.one_to(ELSEWHERE);
    assert!(bye.header(Name::Authorization).is_none(), "{bye:?}");
    rig.receive(ELSEWHERE, gate.challenge(&rig, &bye, Denied::Unanswered));
    assert_eq!(rig.told(ELSEWHERE), [""; 0], "its challenge is not answered");
}

#[test]
fn a_prack_and_an_update_are_signed_when_they_are_asked() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (_, leg) = calling(&mut rig, &caller);
    let mut gate = Gate::new(&rig, PASSWORD);
    let (_, invite) = gate.challenges(&mut rig);
    rig.receive(GATE, answer(&invite, 183, "g", &format!("Require: 100rel\r\nRSeq: 1\r\n{CONTACT}"), ""));
    let prack = rig.one_to(GATE);
    assert_eq!((prack.method(), prack.cseq().0), (Method::Prack, 3));
    rig.receive(GATE, gate.challenge(&rig, &prack, Denied::Stale));
    let again = rig.one_to(GATE);
    is_sent_again(&prack, &again);
    assert!(gate.believes(&rig, &again));
    assert_eq!(header(&again, Name::RAck), "1 2 INVITE");
    rig.receive(GATE, answer(&again, 200, "g", "", ""));
    rig.notices();

    let able = format!("{CONTACT}Allow: UPDATE, INVITE\r\n");
    rig.receive(GATE, answer(&invite, 200, "g", &able, &phone_sdp()));
    rig.connect(leg);
    assert_eq!(rig.told(GATE), ["ACK"]);
    let ok = rig.sent_to(PBX).pop().unwrap();
    rig.receive(PBX, caller.ack(&ok));
    rig.pass_s(900);
    let update = rig.one_to(GATE);
    assert_eq!((update.method(), update.cseq().0), (Method::Update, again.cseq().0 + 1));
    rig.receive(GATE, gate.challenge(&rig, &update, Denied::Stale));
    let again = rig.one_to(GATE);
    is_sent_again(&update, &again);
    assert!(gate.believes(&rig, &again));
    rig.receive(GATE, answer(&again, 200, "g", CONTACT, ""));
    rig.pass_s(899);
    assert_eq!(rig.told(GATE), [""; 0], "that was its sign of life");
    assert!(!rig.notices().contains(&Notice::PhoneHungUp { leg }));
}

#[test]
fn a_challenge_to_what_was_given_up_meanwhile_is_not_answered() {
    let mut rig = Rig::new();
    let (_, leg) = calling(&mut rig, &Peer::caller("621"));
    let invite = rig.one_to(GATE);
    rig.drop_leg(leg, 487);
    let gate = Gate::new(&rig, PASSWORD);
    rig.receive(GATE, gate.challenge(&rig, &invite, Denied::Unanswered));
    assert_eq!(rig.told(GATE), ["ACK"]);

    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (gate, leg, _) = talking(&mut rig, &mut caller);
    rig.receive(PBX, caller.next(Method::Invite, "", &sdp("192.0.2.10", 26_000, "8")));
    let asked = rig.one_to(GATE);
    rig.drop_leg(leg, 200);
    assert_eq!(rig.told(GATE), ["BYE"]);
    rig.receive(GATE, gate.challenge(&rig, &asked, Denied::Stale));
    assert_eq!(rig.told(GATE), ["ACK"]);
}

#[test]
fn a_second_fork_of_a_gateway_is_acknowledged_with_the_signature_and_ended() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (mut gate, _, invite) = talking(&mut rig, &mut caller);
    rig.receive(GATE, answer(&invite, 200, "other", CONTACT, &phone_sdp()));
    let sent = rig.sent_to(GATE);
    assert_eq!(lines(&sent), ["ACK", "BYE"]);
    assert_eq!(header(&sent[0], Name::Authorization), header(&invite, Name::Authorization));
    assert!(gate.believes(&rig, &sent[1]));
}

#[test]
fn the_record_names_the_trunk_and_no_record_holds_the_password() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (.., invite) = talking(&mut rig, &mut caller);
    let record = last_leg(&rig.kept);
    assert_eq!((record.trunk.as_deref(), &record.invite), (Some("carrier"), invite.bytes()));
    assert!(!format!("{:?}", rig.kept).contains(PASSWORD));
    let mut rig = Rig::new();
    let (_, leg) = calling(&mut rig, &Peer::caller("621"));
    let gate = Gate::new(&rig, PASSWORD);
    let (_, again) = gate.challenges(&mut rig);
    assert_eq!(&last_leg(&rig.kept).invite, again.bytes(), "what is out is what would be cancelled");
    rig.drop_leg(leg, 487);
}

#[test]
fn a_gateway_may_ask_for_a_longer_session_and_for_a_name() {
    let mut rig = Rig::new();
    let (_, leg) = calling(&mut rig, &Peer::caller("621"));
    let mut gate = Gate::new(&rig, PASSWORD);
    let (_, invite) = gate.challenges(&mut rig);
    rig.receive(GATE, answer(&invite, 422, "g", "Min-SE: 2000\r\n", ""));
    let longer = rig.sent_to(GATE).pop().unwrap();
    assert_eq!((header(&longer, Name::SessionExpires), longer.cseq().0), ("2000", 3));
    assert!(gate.believes(&rig, &longer), "signed anew, with a count of its own");
    is_answered(&mut rig, leg, &longer);
}
