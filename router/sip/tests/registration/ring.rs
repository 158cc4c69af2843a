//! Where a user is rung: which phone first, and over which flow.

use crate::phone::{Office, PHONE, Phone};
use sip::{Flow, Transport};

#[test]
fn the_preferred_phone_is_rung_first_and_of_equals_the_latest() {
    let mut office = Office::new();
    for (n, q) in ["0.5", "1.0", "0.5", "0"].into_iter().enumerate() {
        let mut phone = Phone { call_id: format!("phone-{n}"), ..Phone::of("ann") };
        phone.registers(&mut office, &format!("Contact: <sip:ann@10.0.0.{n}>;q={q}\r\n"));
        office.pass(1);
    }
    let expected = [1, 2, 0, 3].map(|n| format!("sip:ann@10.0.0.{n}"));
    assert_eq!(office.rings("ann"), expected);
    assert!(office.rings("ben").is_empty() && office.rings("nobody").is_empty());
}

#[test]
fn a_phone_behind_nat_is_rung_where_it_registered_from() {
    let (mut office, mut ann) = (Office::new(), Phone::of("ann"));
    ann.registers(&mut office, "Contact: <sip:ann@10.0.0.7:5062>\r\n");
    let target = office.targets("ann").remove(0);
    assert_eq!(
        (target.uri.as_str(), target.flow),
        ("sip:ann@10.0.0.7:5062", Flow::udp(PHONE.parse().unwrap()))
    );
    assert!(target.routes.is_empty());
}

#[test]
fn an_old_phone_that_listens_elsewhere_is_rung_at_the_port_of_its_via() {
    let (mut office, mut ann) = (Office::new(), Phone::of("ann"));
    ann.via = "SIP/2.0/UDP 203.0.113.7:5099;branch=z9hG4bK1".to_owned();
    ann.registers(&mut office, "Contact: <sip:ann@203.0.113.7:5099>\r\n");
    assert_eq!(office.targets("ann")[0].flow, Flow::udp("203.0.113.7:5099".parse().unwrap()));
}

#[test]
fn a_phone_on_a_connection_is_rung_on_it() {
    let (mut office, mut ann) = (Office::new(), Phone::on("ann", Transport::Wss, 12));
    ann.via = "SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bK1".to_owned();
    ann.registers(&mut office, "Contact: <sip:ann@df7jal23ls0d.invalid;transport=ws>\r\n");
    assert_eq!(office.targets("ann")[0].flow, ann.flow);
}

#[test]
fn a_phone_behind_a_proxy_is_rung_through_it() {
    let (mut office, mut ann) = (Office::new(), Phone::of("ann"));
    ann.via = "SIP/2.0/UDP 203.0.113.7:5070;branch=z9hG4bK2, SIP/2.0/UDP 10.0.0.7;branch=z9hG4bK1".to_owned();
    ann.registers(
        &mut office,
        "Contact: <sip:ann@10.0.0.7>\r\nPath: <sip:edge.example;lr>, <sip:inner.example;lr>\r\n",
    );
    let target = office.targets("ann").remove(0);
    assert_eq!(target.routes, ["<sip:edge.example;lr>", "<sip:inner.example;lr>"]);
    assert_eq!(target.flow, Flow::udp(PHONE.parse().unwrap()), "not where the Path says it is");
}

#[test]
fn a_phone_that_moved_is_rung_at_its_new_flow() {
    let (mut office, mut ann) = (Office::new(), Phone::of("ann"));
    ann.registers(&mut office, "Contact: <sip:ann@10.0.0.7>\r\n");
    ann.flow = Flow::udp("203.0.113.9:40000".parse().unwrap());
    ann.registers(&mut office, "Contact: <sip:ann@10.0.0.7>\r\n");
    let flows: Vec<Flow> = office.targets("ann").into_iter().map(|target| target.flow).collect();
    assert_eq!(flows, [ann.flow]);
}
