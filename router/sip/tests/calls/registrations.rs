//! REGISTER beside calls: answered once, remembered where it matters, and never at the cost of a call.

use crate::rig::{PBX, PHONE, Peer, Rig};
use sip::{
    Output, Registry,
    auth::{Algorithm, Attempt, Client, Password, Realm},
    registrar::{Registrar, Settings},
    wire::{Message, Method, Writer},
};

/// A stack at which ann's phone may register.
pub fn registering() -> Rig {
    let mut rig = Rig::new();
    let accounts = vec![("ann".to_owned(), Password::plain("a long password"))];
    let realm = Realm { name: "sambung".to_owned(), algorithms: Algorithm::ALL.to_vec(), accounts };
    let settings = Settings { node: "n1".to_owned(), product: String::new(), realm, guests: Vec::new() };
    let registrar = Registrar::new(&[7; 32], settings, rig.now);
    let registry = Registry::new(registrar, &[7; 32], vec![None], rig.now);
    rig.stack.sign_in(registry, Vec::new(), rig.now, &mut Output::default());
    rig
}

/// A REGISTER, and what the phone adds to prove itself.
pub fn register(rig: &mut Rig, client: &mut Client, count: u32) -> String {
    let mut writer = Writer::request(Method::Register, "sip:h");
    client.authorize(&mut writer, Method::Register, b"sip:h", &mut rig.mint);
    let start = String::from_utf8(writer.finish().to_vec()).unwrap().replace("Content-Length: 0\r\n\r\n", "");
    format!(
        "{start}Via: SIP/2.0/UDP {PHONE};branch=z9hG4bK{count}\r\nFrom: <sip:ann@h>;tag=f\r\nTo: <sip:ann@h>\r\n\
         Call-ID: r\r\nCSeq: {count} REGISTER\r\nContact: <sip:ann@{PHONE}>\r\nContent-Length: 0\r\n\r\n"
    )
}

#[test]
fn a_registration_that_is_sent_again_gets_its_answer_again() {
    let mut rig = registering();
    let mut ann = Client::new("ann", Password::plain("a long password"));
    let asks = register(&mut rig, &mut ann, 1);
    rig.receive(PHONE, asks);
    let challenged: Message = rig.one_to(PHONE);
    assert_eq!(
        (challenged.status(), rig.stack.counts().transactions),
        (Some(401), 0),
        "and is not remembered"
    );
    ann.challenged(&challenged, &mut Attempt::default()).unwrap();
    let proves = register(&mut rig, &mut ann, 2);
    rig.receive(PHONE, proves.clone());
    let granted = rig.one_to(PHONE);
    rig.pass_s(1);
    rig.receive(PHONE, proves);
    assert_eq!(
        rig.one_to(PHONE).bytes(),
        granted.bytes(),
        "the 200 was lost: its count is not asked for twice"
    );
    assert_eq!(rig.stack.registered(), (1, 1));
}

#[test]
fn a_flood_of_registrations_takes_no_room_from_calls() {
    let mut rig = registering();
    let asks = register(&mut rig, &mut Client::new("ann", Password::plain("")), 1);
    for n in 0..20_000_u32 {
        let source = format!("10.{}.{}.7:5060", n / 250 % 250, n % 250);
        rig.receive(&source, asks.replace("z9hG4bK1", &format!("z9hG4bK{n}")));
    }
    assert_eq!(rig.stack.counts().transactions, 0);
    rig.receive(PBX, Peer::caller("621").invite());
    assert_eq!(rig.told(PBX), ["100 INVITE"]);
}
