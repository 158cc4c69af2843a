//! What is stored of the legs, and what it is good for after a restart.

use crate::{
    idle_agent::{offer, ringing, talking},
    rig::{PBX, PHONE, Peer, Rig, address, answer},
};
use sip::{
    CallerRecord, Keep, LegRecord, cancels_from_record,
    wire::{Message, Method},
};

pub fn last_leg(kept: &[Keep]) -> LegRecord {
    kept.iter()
        .rev()
        .find_map(|keep| if let Keep::Leg(_, record) = keep { Some(record.clone()) } else { None })
        .unwrap()
}

fn last_caller(kept: &[Keep]) -> CallerRecord {
    let record =
        |keep: &Keep| if let Keep::CallerLeg(_, record) = keep { Some(record.clone()) } else { None };
    kept.iter().rev().find_map(record).unwrap()
}

#[test]
fn a_ringing_phone_can_be_cancelled_from_its_record() {
    let mut rig = Rig::new();
    let call = offer(&mut rig, &Peer::caller("621"));
    let (_, invite) = ringing(&mut rig, call, 1);
    let (to, cancel) = cancels_from_record(&last_leg(&rig.kept)).next().unwrap();
    let cancel = Message::parse(cancel).unwrap();
    assert_eq!((to, cancel.method()), (sip::Flow::udp(address(PHONE)), Method::Cancel));
    assert_eq!(cancel.top_via(), invite.top_via());
    assert_eq!(
        (cancel.call_id(), cancel.from_tag(), cancel.cseq().0),
        (invite.call_id(), invite.from_tag(), 1)
    );
    assert_eq!((cancel.request_uri(), cancel.to_tag()), (invite.request_uri(), None));
}

#[test]
fn an_answered_phone_cannot() {
    let mut rig = Rig::new();
    talking(&mut rig, &mut Peer::caller("621"));
    let record = last_leg(&rig.kept);
    let dialog = record.dialog.as_ref().unwrap();
    assert_eq!((dialog.local_seq, Message::parse(dialog.answer.clone()).unwrap().status()), (1, Some(200)));
    assert_eq!(cancels_from_record(&record).next(), None);
}

#[test]
fn a_caller_is_stored_before_100_leaves_and_when_it_is_answered() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    offer(&mut rig, &caller);
    let early = last_caller(&rig.kept);
    assert_eq!((early.from, early.dialog), (sip::Flow::udp(address(PBX)), None));
    assert_eq!(early.invite, caller.invite());
    let mut rig = Rig::new();
    talking(&mut rig, &mut caller);
    let up = last_caller(&rig.kept);
    let dialog = up.dialog.unwrap();
    assert_eq!(up.tag, early.tag);
    assert!(dialog.theirs.starts_with(b"v=0") && dialog.ours.starts_with(b"v=0"));
}

#[test]
fn what_is_over_is_forgotten() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = offer(&mut rig, &caller);
    let (leg, invite) = ringing(&mut rig, call, 1);
    rig.receive(PHONE, answer(&invite, 486, "p", "", ""));
    assert_eq!(rig.kept.last(), Some(&Keep::ForgetLeg(leg)));
    rig.end(call, 480);
    assert_eq!(last_caller(&rig.kept).ended, Some(480), "until the caller has heard so");
    let refusal = rig.sent_to(PBX).pop().unwrap();
    rig.receive(PBX, caller.ack(&refusal));
    assert_eq!(rig.kept.last(), Some(&Keep::ForgetCall(call)));
}

#[test]
fn a_conversation_is_remembered_until_both_have_heard_that_it_is_over() {
    let mut rig = Rig::new();
    let (call, leg, ..) = talking(&mut rig, &mut Peer::caller("621"));
    rig.sent();
    rig.end(call, 200);
    let gone = |kept: &[Keep]| kept.contains(&Keep::ForgetCall(call)) || kept.contains(&Keep::ForgetLeg(leg));
    assert!(!gone(&rig.kept));
    let byes = (rig.one_to(PBX), rig.one_to(PHONE));
    rig.receive(PBX, answer(&byes.0, 200, "", "", ""));
    assert!(rig.kept.contains(&Keep::ForgetCall(call)) && !rig.kept.contains(&Keep::ForgetLeg(leg)));
    rig.receive(PHONE, answer(&byes.1, 200, "", "", ""));
    assert!(rig.kept.contains(&Keep::ForgetLeg(leg)));
}

#[test]
fn records_survive_their_encoding() {
    let mut rig = Rig::new();
    talking(&mut rig, &mut Peer::caller("621"));
    let leg = last_leg(&rig.kept);
    let bytes = rmp_serde::to_vec_named(&leg).unwrap();
    assert_eq!(rmp_serde::from_slice::<LegRecord>(&bytes).unwrap(), leg);
    let caller = last_caller(&rig.kept);
    let bytes = rmp_serde::to_vec_named(&caller).unwrap();
    assert_eq!(rmp_serde::from_slice::<CallerRecord>(&bytes).unwrap(), caller);
}
