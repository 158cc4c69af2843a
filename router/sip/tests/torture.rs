//! The torture messages of RFC 4475 and RFC 5118 over UDP: each is read, answered or dropped as its section asks.
//!
//! Where the RFC leaves a choice, the choice we made stands behind the row.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may

mod corpus;

use bytes::Bytes;
use corpus::Outcome::{self, Answered, Dropped, Sound};
use sip::wire::{Message, Method, Name, NameAddr, Protocol, Scheme};
use std::collections::BTreeMap;

/// File and outcome, one row for each row of the table beside the messages.
const ROWS: &[(&str, Outcome)] = &[
    ("valid/wsinv.dat", Sound),
    ("valid/intmeth.dat", Sound),
    ("valid/esc01.dat", Sound),
    ("valid/escnull.dat", Sound),
    ("valid/esc02.dat", Sound),
    ("valid/lwsdisp.dat", Sound),
    ("valid/longreq.dat", Sound),
    ("valid/dblreq.dat", Sound),
    ("valid/semiuri.dat", Sound),
    ("valid/transports.dat", Sound),
    ("valid/mpart01.dat", Sound),
    ("valid/unreason.dat", Sound),
    ("valid/noreason.dat", Sound),
    ("invalid/badinv01.dat", Answered(400)),
    ("invalid/clerr.dat", Answered(400)),
    ("invalid/ncl.dat", Answered(400)),
    ("invalid/scalar02.dat", Answered(400)),
    ("invalid/scalarlg.dat", Dropped),
    ("invalid/quotbal.dat", Answered(400)),
    ("invalid/ltgtruri.dat", Answered(400)),
    ("invalid/lwsruri.dat", Answered(400)),
    ("invalid/lwsstart.dat", Answered(400)),
    ("invalid/trws.dat", Answered(400)),
    ("invalid/escruri.dat", Answered(400)), // a Request-URI's headers could steer us
    ("invalid/baddate.dat", Sound),         // nobody asks us for the Date
    ("invalid/regbadct.dat", Sound),        // the Contact is refused by who reads it
    ("invalid/badaspec.dat", Sound),        // the meaning of the spaces is plain
    ("invalid/baddn.dat", Answered(400)),   // a datagram that ends in its headers may have been cut
    ("invalid/baddn-terminated.dat", Sound),
    ("invalid/badvers.dat", Answered(505)),
    ("invalid/mismatch01.dat", Answered(400)),
    ("invalid/mismatch02.dat", Answered(400)),
    ("invalid/bigcode.dat", Dropped),
    ("valid/badbranch.dat", Sound),
    ("invalid/insuf.dat", Answered(400)),
    ("valid/unkscm.dat", Sound),
    ("valid/novelsc.dat", Sound),
    ("valid/unksm2.dat", Sound),
    ("valid/bext01.dat", Sound),
    ("valid/invut.dat", Sound),
    ("valid/regaut01.dat", Sound),
    ("invalid/multi01.dat", Answered(400)),
    ("invalid/mcl01.dat", Answered(400)),
    ("valid/bcast.dat", Sound),
    ("valid/zeromf.dat", Sound),
    ("valid/cparam01.dat", Sound),
    ("valid/cparam02.dat", Sound),
    ("valid/regescrt.dat", Sound),
    ("valid/sdp01.dat", Sound),
    ("valid/inv2543.dat", Sound),
    ("invalid/test.dat", Dropped),
    ("valid/ipv6-good.dat", Sound),
    ("invalid/ipv6-bad.dat", Answered(400)),
    ("valid/port-ambiguous.dat", Sound),
    ("valid/port-unambiguous.dat", Sound),
    ("valid/via-received-param-with-delim.dat", Sound),
    ("valid/via-received-param-no-delim.dat", Sound),
    ("valid/ipv6-in-sdp.dat", Sound),
    ("valid/mult-ip-in-header.dat", Sound),
    ("valid/mult-ip-in-sdp.dat", Sound),
    ("valid/ipv4-mapped-ipv6.dat", Sound),
    ("valid/ipv6-bug-abnf-3-colons.dat", Sound),
    ("valid/ipv6-correct-abnf-2-colons.dat", Sound),
];

#[test]
fn each_torture_message_has_the_outcome_of_its_row() {
    let messages: BTreeMap<_, _> = corpus::torture().into_iter().collect();
    if messages.is_empty() {
        return;
    }
    assert_eq!(messages.len(), ROWS.len(), "a row for each message");
    for (file, expected) in ROWS {
        let bytes = &messages[*file];
        let fault = Message::parse(Bytes::from(bytes.clone())).err().map(|fault| fault.kind());
        assert_eq!(outcome(bytes), *expected, "{file}: {fault:?}");
    }
}

fn outcome(bytes: &[u8]) -> Outcome {
    corpus::outcome(bytes)
}

/// One sound torture message; `None` where the shared data is absent.
fn read(file: &str) -> Option<Message> {
    let bytes = std::fs::read(corpus::shared("sip-torture")?.join("valid").join(file)).unwrap();
    Some(Message::parse(Bytes::from(bytes)).unwrap())
}

macro_rules! read {
    ($file:literal) => {
        match read($file) {
            Some(message) => message,
            None => return,
        }
    };
}

#[test]
fn wsinv_is_a_plain_invite_under_its_white_space() {
    let invite = read!("wsinv.dat");
    assert_eq!(invite.cseq(), (9, Method::Invite));
    assert_eq!((invite.max_forwards(), invite.to_tag()), (Some(68), Some(&b"1918181833n"[..])));
    assert_eq!(invite.from().display_text(), "J Rosenberg \\\"");
    assert_eq!(invite.via_values().count(), 3);
    let via = invite.top_via();
    assert_eq!((via.transport, via.host), (Protocol::Udp, &b"192.0.2.2"[..]));
    assert!(!via.has_transaction_id());
    assert_eq!(invite.contact().unwrap().display_text(), "Quoted string \"\"");
    assert_eq!(invite.header(Name::Subject), Some(&b""[..]));
    assert_eq!(invite.body().len(), 150);
}

#[test]
fn escapes_do_not_make_another_method_or_header() {
    let escaped = read!("esc02.dat");
    assert_eq!((escaped.method(), escaped.method_text()), (Method::Other, &b"RE%47IST%45R"[..]));
    assert_eq!(escaped.headers_named(Name::Contact).count(), 2);
    let odd = read!("intmeth.dat");
    assert_eq!(odd.method_text(), b"!interesting-Method0123456789_*+`.%indeed'~");
    assert_eq!(odd.uri().unwrap().host, b"example.com");
    assert_eq!(odd.to().display_text(), "BEL: NUL: DEL:");
    assert_eq!(odd.from_tag(), Some(&b"_token~1'+`*%!-."[..]));
    let esc01 = read!("esc01.dat");
    assert_eq!(esc01.uri().unwrap().user_decoded().unwrap().as_ref(), b"sips:user@example.com");
    let nulls = read!("escnull.dat");
    let users: Vec<_> = nulls.values(Name::Contact).map(|v| NameAddr::parse(v).unwrap().uri).collect();
    assert_ne!(users[0], users[1]);
}

#[test]
fn octets_behind_a_datagram_s_message_are_ignored() {
    let register = read!("dblreq.dat");
    assert_eq!((register.method(), register.body().len()), (Method::Register, 0));
    assert!(!register.bytes().windows(6).any(|part| part == b"INVITE"));
}

#[test]
fn long_values_and_34_vias_are_read() {
    let long = read!("longreq.dat");
    assert_eq!(long.via_values().count(), 34);
    assert_eq!(long.uri().unwrap().host, b"example.com");
}

#[test]
fn binary_bodies_are_kept_to_the_octet() {
    let multipart = read!("mpart01.dat");
    assert_eq!(multipart.body().len(), 553);
    assert!(multipart.content_is("multipart/mixed"));
}

#[test]
fn unknown_transports_and_schemes_are_told_apart_from_faults() {
    let transports: Vec<_> = read!("transports.dat")
        .via_values()
        .map(|value| sip::wire::Via::parse(value).unwrap().transport)
        .collect();
    assert_eq!(transports, [Protocol::Udp, Protocol::Sctp, Protocol::Tls, Protocol::Other, Protocol::Tcp]);
    assert_eq!(read!("unkscm.dat").uri().unwrap().scheme, Scheme::Other);
    assert_eq!(read!("novelsc.dat").uri().unwrap().scheme, Scheme::Other);
    assert_eq!(read!("unksm2.dat").to().uri, b"isbn:2983792873");
}

#[test]
fn ipv6_references_are_read_as_rfc_5118_says() {
    let ambiguous = read!("port-ambiguous.dat");
    assert_eq!(
        (ambiguous.uri().unwrap().host, ambiguous.uri().unwrap().port),
        (&b"[2001:db8::10:5070]"[..], None)
    );
    assert_eq!(read!("port-unambiguous.dat").uri().unwrap().port, Some(5070));
    let received = "2001:db8::9:255".parse().ok();
    assert_eq!(read!("via-received-param-with-delim.dat").top_via().received(), received);
    assert_eq!(read!("via-received-param-no-delim.dat").top_via().received(), received);
    let wanted = "[2001:db8::192.0.2.1]:5060".parse().ok();
    assert_eq!(read!("ipv6-bug-abnf-3-colons.dat").uri().unwrap().literal(), wanted);
    assert_eq!(read!("ipv6-correct-abnf-2-colons.dat").uri().unwrap().literal(), wanted);
    assert_eq!(read!("ipv4-mapped-ipv6.dat").top_via().port, Some(19_823));
    assert_eq!(read!("mult-ip-in-header.dat").via_values().count(), 3);
}

#[test]
fn descriptions_in_torture_messages_are_read() {
    let sdp = |message: Message| sip::sdp::Sdp::parse(message.body()).unwrap();
    let mixed = sdp(read!("mult-ip-in-sdp.dat"));
    assert_eq!(mixed.audio().unwrap().target(), "192.0.2.1:22334".parse().ok());
    assert_eq!(mixed.media()[1].target(), "[2001:db8::1]:6024".parse().ok());
    assert_eq!(sdp(read!("ipv6-in-sdp.dat")).audio().unwrap().target(), "[2001:db8::20]:6000".parse().ok());
}

#[test]
fn old_phones_and_odd_branches_are_recognised() {
    let old = read!("inv2543.dat");
    assert_eq!((old.from_tag(), old.max_forwards(), old.top_via().branch()), (None, None, None));
    assert!(!read!("badbranch.dat").top_via().has_transaction_id());
    assert_eq!(read!("zeromf.dat").max_forwards(), Some(0));
    assert_eq!(read!("noreason.dat").status(), Some(100));
}
