//! Keys that a caller presses while nobody is there but us.

use crate::{
    idle_agent::talking,
    music::queued,
    rig::{PBX, PHONE, Peer, Rig, answer},
};
use sip::{Notice, wire::Method};

fn info(caller: &mut Peer, kind: &str, body: &str) -> String {
    let text = caller.next(Method::Info, &format!("X-Kind: 1\r\nContent-Type: {kind}\r\n"), body);
    text.replace("Content-Type: application/sdp\r\n", "")
}

#[test]
fn a_key_of_a_waiting_caller_is_told() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = queued(&mut rig, &mut caller);
    rig.notices();
    for (kind, body, key) in [
        ("application/dtmf-relay", "Signal=1\r\nDuration=160\r\n", Some('1')),
        ("application/dtmf-relay", "Signal= #\nDuration= 100\n", Some('#')),
        ("application/dtmf", "5", Some('5')),
        ("application/dtmf", "flash", None),
        ("application/dtmf-relay", "Duration=160\r\n", None),
        ("application/dtmf-relay", "Signal=\u{7f}\r\n", None),
    ] {
        rig.receive(PBX, info(&mut caller, kind, body));
        assert_eq!(rig.told(PBX), ["200 INFO"], "{body:?}");
        let told: Vec<Notice> = key.map(|key| Notice::KeyPressed { call, key }).into_iter().collect();
        assert_eq!(rig.notices(), told, "{body:?}");
    }
}

#[test]
fn a_key_in_a_conversation_is_the_others_alone() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    talking(&mut rig, &mut caller);
    rig.receive(PBX, info(&mut caller, "application/dtmf-relay", "Signal=1\r\nDuration=160\r\n"));
    let passed = rig.one_to(PHONE);
    assert_eq!((passed.method(), rig.notices()), (Method::Info, vec![]));
    rig.receive(PHONE, answer(&passed, 200, "", "", ""));
    assert_eq!(rig.told(PBX), ["200 INFO"]);
}
