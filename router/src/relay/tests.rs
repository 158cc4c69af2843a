use super::*;
use sip::{CallKey, RingRecord, Transport, wire::Method};

const LEG: LegKey = LegKey { call: CallKey(1), attempt: 1 };

fn to(transport: Transport) -> Flow {
    Flow::to(transport, ([192, 0, 2, 7], 5060).into())
}
fn invite(call_id: &str) -> Bytes {
    let text = format!(
        "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:f@h>;tag=f\r\nTo: <sip:a@b>\r\n\
         Call-ID: {call_id}\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
    );
    Bytes::from(text)
}
fn record(call_id: &str, transport: Transport, others: Vec<RingRecord>, answered: bool) -> Keep {
    let dialog = answered.then(|| sip::DialogRecord { local_seq: 1, ..sip::DialogRecord::default() });
    let record = LegRecord { invite: invite(call_id), to: to(transport), dialog, others, trunk: None };
    Keep::Leg(LEG, record)
}
fn ring(call_id: &str, transport: Transport) -> RingRecord {
    RingRecord { invite: invite(call_id), to: to(transport), trunk: None, answer: Bytes::new(), local_seq: 1 }
}
fn relay(all: bool) -> Relay {
    let metrics = Arc::new(Metrics::new([]).unwrap());
    Relay::open(([127, 0, 0, 1], 9).into(), all, metrics, Timestamp(1)).unwrap()
}
fn relayed(relay: &Relay) -> Vec<&str> {
    let mut known: Vec<&str> =
        relay.anchors.keys().map(|call_id| std::str::from_utf8(call_id).unwrap()).collect();
    known.sort_unstable();
    known
}

#[test]
fn of_phones_that_ring_at_once_the_one_that_answers_is_left() {
    let mut relay = relay(true);
    let other = ring("two", Transport::Wss);
    relay.note(&[record("one", Transport::Udp, vec![other], false)], Timestamp(1));
    assert_eq!(relayed(&relay), ["one", "two"]);
    relay.note(&[record("two", Transport::Wss, Vec::new(), false)], Timestamp(1));
    assert_eq!(relayed(&relay), ["one", "two"], "an INVITE that is being cancelled");
    relay.note(&[record("two", Transport::Wss, Vec::new(), true)], Timestamp(1));
    assert_eq!(relayed(&relay), ["two"]);
    relay.note(&[Keep::ForgetLeg(LEG)], Timestamp(1));
    assert!(relay.anchors.is_empty() && relay.legs.is_empty());
}

/// A message of a dialog with a page, which is called "c@d".
fn of_page(start: &str, cseq: &str) -> Bytes {
    Bytes::from(format!(
        "{start}\r\nVia: SIP/2.0/WSS h;branch=z9hG4bK1\r\nFrom: <sip:f@h>;tag=f\r\nTo: <sip:a@b>;tag=her\r\n\
         Call-ID: c@d\r\nCSeq: {cseq}\r\nContact: <sip:x7@y9.invalid>\r\nContent-Length: 0\r\n\r\n"
    ))
}
fn page_on(connection: u64) -> Flow {
    Flow { connection: Some(Connection(connection)), ..to(Transport::Wss) }
}
fn registered(flow: Flow) -> Keep {
    let record = sip::registrar::BindingRecord {
        user: "ann".into(),
        uri: "sip:x7@y9.invalid;transport=ws".to_owned(),
        q: 1_000,
        expires: sip::Micros(0),
        refreshed: sip::Micros(0),
        call_id: String::new(),
        cseq: 1,
        instance: None,
        reg_id: None,
        path: Vec::new(),
        digest: sip::auth::Algorithm::Md5,
        flow,
    };
    Keep::Phones("ann".into(), vec![record])
}
/// A page that has answered a call.
fn with_a_page() -> Relay {
    let mut relay = relay(false);
    relay.note(&[registered(page_on(1)), record("c@d", Transport::Wss, Vec::new(), true)], Timestamp(1));
    assert_eq!(relay.receive(page_on(1), of_page("SIP/2.0 200 OK", "1 INVITE"), Timestamp(1)), None);
    relay
}

#[test]
fn a_page_that_has_come_back_hears_that_its_call_is_over() {
    let mut relay = with_a_page();
    relay.note(&[registered(page_on(2))], Timestamp(1));
    relay.note(&[Keep::ForgetLeg(LEG)], Timestamp(1));
    let bytes = of_page("BYE sip:x7@y9.invalid SIP/2.0", "2 BYE");
    let bye = Send { to: page_on(1), bytes, what: sip::Sent::Request(Method::Bye) };
    let sent = relay.send(bye.clone(), Timestamp(1)).unwrap();
    assert_eq!((sent.to, sent.bytes), (page_on(2), bye.bytes.clone()));
    relay.all_sent();
    assert!(relay.pages.is_empty());
    assert_eq!(relay.send(bye, Timestamp(1)).unwrap().to, page_on(1), "nobody knows of that page any more");
}

/// rtpengine answers the ping that is the next question.
fn comes_back(relay: &mut Relay, next: u64) {
    relay.expire(Timestamp(1));
    relay.client.hear(format!(r#"1_{next} {{"result":"pong"}}"#).as_bytes(), Timestamp(1));
    relay.settle(Timestamp(1));
    assert!(relay.client.is_up());
}

#[test]
fn an_rtpengine_that_comes_back_hears_of_some_ends_at_a_time() {
    let mut relay = relay(true);
    let key = |number: u8| LegKey { attempt: number.into(), ..LEG };
    let left = |number: u8| {
        let invite = invite(&format!("call-{number}"));
        let record =
            LegRecord { invite, to: to(Transport::Udp), dialog: None, others: Vec::new(), trunk: None };
        (key(number), record)
    };
    relay.adopt(&(0..100).map(left).collect::<Vec<_>>());
    relay.note(&(0..100).map(|number| Keep::ForgetLeg(key(number))).collect::<Vec<_>>(), Timestamp(0));
    comes_back(&mut relay, 0);
    assert_eq!((relay.untold.len(), relay.ending.len()), (100 - MAX_ENDING, MAX_ENDING));
    for ticket in 1..=100 {
        let answer = format!(r#"1_{ticket} {{"result":"ok"}}"#);
        relay.client.hear(answer.as_bytes(), Timestamp(2));
        relay.settle(Timestamp(2));
    }
    assert_eq!((relay.untold.len(), relay.ending.len()), (0, 0));
}

#[test]
fn an_rtpengine_that_was_away_is_not_told_of_ends_of_what_it_never_heard_of() {
    let rings = |relay: &mut Relay| {
        relay.note(&[record("c@d", Transport::Udp, Vec::new(), false)], Timestamp(1));
        let head = "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:f@h>;tag=f\r\n\
                    To: <sip:a@b>\r\nCall-ID: c@d\r\nCSeq: 1 INVITE\r\nContent-Type: application/sdp\r\n";
        let bytes = Bytes::from(format!("{head}Content-Length: 5\r\n\r\nv=0\r\n"));
        let what = sip::Sent::Request(Method::Invite);
        assert_eq!(relay.send(Send { to: to(Transport::Udp), bytes, what }, Timestamp(1)), None);
    };
    let mut relay = relay(true);
    rings(&mut relay);
    assert!(relay.take_outgoing().is_some(), "it rings directly");
    relay.note(&[Keep::ForgetLeg(LEG)], Timestamp(1));
    assert!(relay.anchors.is_empty() && relay.untold.is_empty());

    comes_back(&mut relay, 1);
    rings(&mut relay);
    relay.client.hear(br#"1_2 {"result":"ok","sdp":"v=0"}"#, Timestamp(2));
    relay.settle(Timestamp(2));
    relay.note(&[Keep::ForgetLeg(LEG)], Timestamp(2));
    assert_eq!(relay.ending.len(), 1, "what it has heard of it is told of");
}

#[test]
fn where_browsers_alone_are_relayed_others_are_left_alone() {
    let mut relay = relay(false);
    let browser = ring("two", Transport::Ws);
    relay.note(&[record("one", Transport::Udp, vec![browser], false)], Timestamp(1));
    assert_eq!(relayed(&relay), ["two"]);
    let bytes = invite("one");
    assert_eq!(relay.receive(to(Transport::Udp), bytes.clone(), Timestamp(1)), Some(bytes));
    relay.note(&[record("one", Transport::Udp, Vec::new(), true)], Timestamp(1));
    assert!(relayed(&relay).is_empty());
}

#[test]
fn an_invite_that_a_proxy_has_sent_back_to_us_is_a_call_of_its_own() {
    let mut relay = relay(true);
    relay.note(&[record("one", Transport::Udp, Vec::new(), false)], Timestamp(1));
    let bytes = invite("one");
    assert_eq!(relay.receive(to(Transport::Udp), bytes.clone(), Timestamp(1)), Some(bytes.clone()));
    let ringing =
        String::from_utf8(bytes.to_vec()).unwrap().replace("INVITE sip:a@b SIP/2.0", "SIP/2.0 180 Ringing");
    let ringing = Bytes::from(ringing.replace("To: <sip:a@b>", "To: <sip:a@b>;tag=other"));
    let send =
        Send { to: to(Transport::Udp), bytes: ringing, what: sip::Sent::Response(Method::Invite, 180) };
    assert_eq!(relay.send(send.clone(), Timestamp(1)), Some(send));
}
