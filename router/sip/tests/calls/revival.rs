//! The process has died and begun again: calls go on from what is stored of them.

use crate::{
    hold::{body, caller_agrees, held, order_music, version},
    idle_agent::{CONTACT, answers, offer, ringing, talking},
    music::{moved, queued},
    replaces::{new_sdp, takes_the_place},
    rig::{MUSIC_PORT, PBX, PHONE, Peer, Rig, answer, caller_sdp, header, lines, phone_sdp, text},
};
use sip::{
    Command, Left, NotRevived, Notice,
    wire::{Message, Method, Name},
};

/// The first number used after a restart.
const JUMPED: u32 = 65_537;

#[test]
fn a_queued_caller_keeps_waiting_and_hears_music_again() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = queued(&mut rig, &mut caller);
    rig.pass_s(40);
    let store = rig.dies();
    let offered = rig.revive(&store, call, None).unwrap();
    assert_eq!((offered.trunk.as_str(), offered.dialled.as_str()), ("pbx", "1500"));
    assert_eq!((offered.from_user.as_str(), offered.sip_call_id.as_str()), ("621", "call-621"));
    assert_eq!((rig.told(PBX), rig.notices()), (vec![], vec![]), "nothing is said before an order");

    rig.treat(call, sip::Treatment::Music { port: 21_000 });
    let asked = caller_agrees(&mut rig, &caller_sdp());
    assert_eq!(asked.cseq(), (JUMPED, Method::Invite));
    assert!(body(&asked).contains("m=audio 21000 ") && version(&asked) >= JUMPED, "{asked:?}");
    let [Notice::Media { play: Some(play), .. }] = rig.notices()[..] else { panic!("no music") };
    assert_eq!(play.from_port, 21_000);

    let (leg, invite) = ringing(&mut rig, call, 1);
    answers(&mut rig, leg, &invite);
    rig.connect(leg);
    assert_eq!(rig.told(PHONE), ["ACK"]);
    assert_eq!(caller_agrees(&mut rig, &caller_sdp()).cseq().0, JUMPED + 1);
    rig.receive(PBX, caller.bye());
    assert_eq!(
        (rig.told(PBX), rig.notices()),
        (vec!["200 BYE".into()], vec![Notice::CallerLeft { call, how: Left::HungUp }])
    );
    rig.drop_leg(leg, 200);
    assert_eq!(rig.told(PHONE), ["BYE"]);
    rig.ends_clean();
    let store = rig.dies();
    assert!(store.callers.is_empty() && store.legs.is_empty(), "{store:?}");
}

#[test]
fn a_conversation_goes_on_and_nobody_in_it_notices() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, leg, mut phone) = talking(&mut rig, &mut caller);
    rig.pass_s(60);
    let store = rig.dies();
    rig.revive(&store, call, Some(1)).unwrap();
    rig.connect(leg);
    assert_eq!((rig.told(PBX), rig.told(PHONE), rig.notices()), (vec![], vec![], vec![]));

    // A re-INVITE goes to the other side, and back.
    rig.receive(PBX, caller.next(Method::Invite, "", &caller_sdp().replace("20000", "20002")));
    let (trying, relayed) = (rig.told(PBX), rig.one_to(PHONE));
    assert_eq!((trying, relayed.cseq()), (vec!["100 INVITE".to_owned()], (JUMPED, Method::Invite)));
    rig.receive(PHONE, answer(&relayed, 200, "", CONTACT, &phone_sdp()));
    let ok = rig.one_to(PBX);
    rig.receive(PBX, caller.ack(&ok));
    assert_eq!((ok.status(), rig.told(PHONE)), (Some(200), vec!["ACK".to_owned()]));

    rig.receive(PHONE, phone.bye());
    assert_eq!((rig.told(PHONE), rig.notices()), (vec!["200 BYE".into()], vec![Notice::PhoneHungUp { leg }]));
    rig.end(call, 200);
    assert_eq!(rig.one_to(PBX).cseq(), (JUMPED, Method::Bye));
    rig.ends_clean();
}

#[test]
fn a_phone_is_acknowledged_again_when_it_repeats_its_answer() {
    let mut rig = Rig::new();
    let caller = Peer::caller("621");
    let call = offer(&mut rig, &caller);
    let (leg, invite) = ringing(&mut rig, call, 1);
    answers(&mut rig, leg, &invite);
    rig.connect(leg);
    assert_eq!(rig.told(PHONE), ["ACK"]);
    rig.sent_to(PBX);
    let store = rig.dies();
    rig.revive(&store, call, Some(1)).unwrap();
    assert_eq!(rig.told(PHONE), [""; 0], "it most likely has it");
    rig.receive(PHONE, answer(&invite, 200, "p", CONTACT, &phone_sdp()));
    assert_eq!(rig.one_to(PHONE).cseq(), (1, Method::Ack));
}

#[test]
fn a_second_restart_uses_higher_numbers_still() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, leg, _) = talking(&mut rig, &mut caller);
    rig.pass_s(60);
    for restarts in 1..=3 {
        let store = rig.dies();
        rig.revive(&store, call, Some(1)).unwrap();
        rig.command(Command::Probe { call });
        assert_eq!(rig.one_to(PHONE).cseq(), (restarts * 65_536 + 1, Method::Options));
        assert_eq!(rig.one_to(PBX).cseq(), (restarts * 65_536 + 1, Method::Options));
    }
    rig.connect(leg);
    rig.end(call, 200);
    assert_eq!((rig.told(PBX), rig.told(PHONE)), (vec!["BYE".to_owned()], vec!["BYE".to_owned()]));
    rig.ends_clean();
}

#[test]
fn ringing_phones_are_cancelled_and_the_caller_can_be_offered_again() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = queued(&mut rig, &mut caller);
    let (_, invite) = ringing(&mut rig, call, 1);
    rig.pass_s(1);
    let store = rig.dies();
    rig.revive(&store, call, None).unwrap();
    let sent = rig.sent_to(PHONE);
    let cancel = sent.first().unwrap();
    assert_eq!((lines(&sent), cancel.top_via()), (vec!["CANCEL".to_owned()], invite.top_via()));
    rig.receive(PHONE, answer(cancel, 200, "p", "", ""));
    rig.receive(PHONE, answer(&invite, 487, "p", "", ""));
    assert_eq!((rig.told(PHONE), rig.notices()), (vec!["ACK".to_owned()], vec![]));
    assert_eq!(rig.kept.last(), Some(&sip::Keep::ForgetLeg(sip::LegKey { call, attempt: 1 })));
    ringing(&mut rig, call, 2);
}

#[test]
fn a_phone_that_answers_while_it_is_cancelled_is_hung_up_on() {
    let mut rig = Rig::new();
    let call = queued(&mut rig, &mut Peer::caller("621"));
    let (_, invite) = ringing(&mut rig, call, 1);
    let store = rig.dies();
    rig.revive(&store, call, None).unwrap();
    rig.sent();
    let ok = answer(&invite, 200, "p", CONTACT, &phone_sdp());
    rig.receive(PHONE, ok.clone());
    let sent = rig.sent_to(PHONE);
    assert_eq!(lines(&sent), ["ACK", "BYE"]);
    assert!(sent[1].cseq().0 >= JUMPED);
    rig.receive(PHONE, ok);
    assert_eq!((rig.told(PHONE), rig.notices()), (vec!["ACK".to_owned()], vec![]));
}

#[test]
fn an_invite_that_was_overtaken_by_its_cancel_is_cancelled_again() {
    let mut rig = Rig::new();
    let call = queued(&mut rig, &mut Peer::caller("621"));
    rig.ring(call, 1);
    let invite = rig.one_to(PHONE);
    let store = rig.dies();
    rig.revive(&store, call, None).unwrap();
    let cancel = rig.sent_to(PHONE).pop().unwrap();
    rig.receive(PHONE, answer(&cancel, 481, "p", "", ""));
    rig.receive(PHONE, answer(&invite, 180, "p", "", ""));
    assert_eq!((rig.told(PHONE), rig.notices()), (vec!["CANCEL".to_owned()], vec![]));
    rig.receive(PHONE, answer(&invite, 487, "p", "", ""));
    assert_eq!(rig.told(PHONE), ["ACK"]);
}

#[test]
fn a_phone_that_has_answered_but_was_never_joined_is_hung_up_on() {
    let mut rig = Rig::new();
    let call = queued(&mut rig, &mut Peer::caller("621"));
    let (leg, invite) = ringing(&mut rig, call, 1);
    answers(&mut rig, leg, &invite);
    let store = rig.dies();
    rig.revive(&store, call, None).unwrap();
    let sent = rig.sent_to(PHONE);
    assert_eq!((lines(&sent), sent[0].cseq().0), (vec!["ACK".to_owned(), "BYE".to_owned()], 1));
    rig.receive(PHONE, answer(&sent[1], 200, "", "", ""));
    assert_eq!(rig.kept.last(), Some(&sip::Keep::ForgetLeg(leg)));
    assert_eq!(rig.stack.counts().legs, 0);
}

#[test]
fn all_phones_that_ring_for_one_leg_are_cancelled() {
    let mut rig = Rig::new();
    let call = queued(&mut rig, &mut Peer::caller("621"));
    rig.pass_s(40);
    let at = |port: u16| format!("203.0.113.7:{port}");
    let phone =
        |port| sip::Phone::at(format!("sip:ann@{}", at(port)), sip::Flow::udp(at(port).parse().unwrap()));
    rig.ring_all(call, 1, vec![phone(5_070), phone(5_080), phone(5_090)]);
    let invites: Vec<Message> = [5_070, 5_080, 5_090].map(|port| rig.one_to(&at(port))).into();
    rig.receive(&at(5_080), answer(&invites[1], 180, "b", "", ""));
    // One of them answers, and is not joined; another was told so already.
    rig.receive(&at(5_090), answer(&invites[2], 200, "c", CONTACT, &phone_sdp()));
    rig.notices();
    let store = rig.dies();
    rig.revive(&store, call, None).unwrap();
    assert_eq!(
        rig.told(&at(5_070)),
        ["ACK", "BYE", "CANCEL"],
        "that is the Contact of the one that answered"
    );
    assert_eq!((rig.told(&at(5_080)), rig.sent().len()), (vec!["CANCEL".to_owned()], 0));
}

#[test]
fn a_caller_who_was_not_told_yet_is_joined_after_the_restart() {
    let mut rig = Rig::new();
    let call = queued(&mut rig, &mut Peer::caller("621"));
    rig.pass_s(40);
    let (leg, invite) = ringing(&mut rig, call, 1);
    answers(&mut rig, leg, &invite);
    let before = rig.kept.len();
    rig.connect(leg);
    rig.kept.truncate(before); // the re-INVITE left, and its answer never came
    let store = rig.dies();
    rig.revive(&store, call, Some(1)).unwrap();
    rig.connect(leg);
    let asked = caller_agrees(&mut rig, &caller_sdp());
    assert!(body(&asked).contains("m=audio 30000 "));
    rig.receive(PHONE, answer(&invite, 200, "p", CONTACT, &phone_sdp()));
    assert_eq!(rig.told(PHONE), ["ACK"], "the one before the restart did not leave");
    rig.connect(leg);
    assert_eq!((rig.told(PBX), rig.told(PHONE)), (vec![], vec![]));
}

#[test]
fn a_held_caller_hears_music_again_and_can_be_taken_back() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, leg, _) = held(&mut rig, &mut caller);
    rig.pass_s(60);
    let store = rig.dies();
    rig.revive(&store, call, Some(1)).unwrap();
    rig.told(PHONE);
    order_music(&mut rig, leg, Some(MUSIC_PORT));
    let asked = caller_agrees(&mut rig, &caller_sdp());
    assert!(body(&asked).contains(&format!("m=audio {MUSIC_PORT} ")));
    assert!(matches!(rig.notices()[..], [Notice::Media { play: Some(_), .. }]));
    assert_eq!(rig.told(PHONE), Vec::<String>::new());

    rig.command(Command::Retrieve { leg });
    let asked = rig.one_to(PHONE);
    assert!(
        body(&asked).contains("m=audio 20000 ") && !body(&asked).contains("inactive"),
        "{}",
        body(&asked)
    );
    rig.receive(PHONE, answer(&asked, 200, "", CONTACT, &phone_sdp()));
    assert_eq!(rig.told(PHONE), ["ACK"]);
    let asked = caller_agrees(&mut rig, &caller_sdp());
    assert!(body(&asked).contains("m=audio 30000 "));
    let notices = rig.notices();
    assert!(notices.contains(&Notice::Retrieved { leg }), "{notices:?}");
}

#[test]
fn a_2xx_whose_ack_may_be_lost_is_said_again_in_the_same_words() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = offer(&mut rig, &caller);
    rig.music(call);
    let ok = rig.one_to(PBX);
    rig.pass(std::time::Duration::from_millis(300));
    let store = rig.dies();
    rig.revive(&store, call, None).unwrap();
    assert_eq!(rig.one_to(PBX).bytes(), ok.bytes());
    rig.music(call);
    assert_eq!(rig.told(PBX), Vec::<String>::new(), "the caller is asked nothing before its ACK");
    rig.receive(PBX, caller.invite());
    assert_eq!(rig.notices(), [], "its INVITE makes no new call");
    rig.receive(PBX, caller.ack(&ok));
    assert_eq!(rig.one_to(PBX).cseq(), (JUMPED, Method::Invite));
}

#[test]
fn a_caller_who_does_not_acknowledge_again_is_asked_nevertheless() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = queued(&mut rig, &mut caller);
    let store = rig.dies();
    rig.revive(&store, call, None).unwrap();
    rig.music(call);
    rig.pass_s(33);
    let last = rig.sent_to(PBX).pop().unwrap();
    assert_eq!((last.method(), last.status(), rig.notices()), (Method::Invite, None, vec![]));
}

#[test]
fn our_last_word_is_said_again() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, leg, _) = moved(&mut rig, &mut caller);
    rig.end(call, 480);
    let store = rig.dies();
    let record = &store.callers[&call];
    assert_eq!((record.ended, store.legs.len()), (Some(480), 1));
    rig.bury_caller(call, record);
    rig.bury(leg, &store.legs[&leg]);
    let bye = rig.one_to(PBX);
    assert_eq!((bye.method(), text(bye.call_id())), (Method::Bye, "call-621"));
    assert!(header(&bye, Name::Reason).starts_with("SIP;cause=480"), "{bye:?}");
    let sent = rig.sent_to(PHONE);
    assert_eq!((lines(&sent), rig.notices()), (vec!["ACK".to_owned(), "BYE".to_owned()], vec![]));
    rig.receive(PBX, answer(&bye, 200, "", "", ""));
    rig.receive(PHONE, answer(&sent[1], 200, "", "", ""));
    rig.ends_clean();
    let store = rig.dies();
    assert!(store.callers.is_empty() && store.legs.is_empty(), "{store:?}");
}

#[test]
fn a_caller_who_never_heard_of_us_is_forgotten() {
    let mut rig = Rig::new();
    let caller = Peer::caller("621");
    let call = offer(&mut rig, &caller);
    let store = rig.dies();
    rig.bury_caller(call, &store.callers[&call]);
    assert_eq!((rig.sent().len(), rig.kept.pop()), (0, Some(sip::Keep::ForgetCall(call))));
    offer(&mut rig, &caller);
}

#[test]
fn what_cannot_be_read_is_given_up_and_its_phones_are_hung_up_on() {
    let mut rig = Rig::new();
    let (call, ..) = talking(&mut rig, &mut Peer::caller("621"));
    let mut store = rig.dies();
    store.callers.get_mut(&call).unwrap().invite = bytes::Bytes::from_static(b"\xff\x00");
    assert_eq!(rig.revive(&store, call, Some(1)), Err(NotRevived::Unreadable));
    assert_eq!((rig.told(PHONE), rig.told(PBX)), (vec!["ACK".into(), "BYE".into()], vec![]));
    store.callers.get_mut(&call).unwrap().ended = Some(480);
    assert_eq!(rig.revive(&store, call, Some(1)), Err(NotRevived::Ended));
    assert_eq!(rig.notices(), []);
    rig.ends_clean();
}

#[test]
fn a_peer_that_is_gone_is_found_out() {
    for (status, how) in [(Some(481), "told"), (None, "silent")] {
        let mut rig = Rig::new();
        let (call, leg, _) = talking(&mut rig, &mut Peer::caller("621"));
        rig.pass_s(60);
        let store = rig.dies();
        rig.revive(&store, call, Some(1)).unwrap();
        rig.told(PHONE);
        rig.connect(leg);
        rig.command(Command::Probe { call });
        rig.command(Command::Probe { call });
        let (asked, caller) = (rig.one_to(PHONE), rig.one_to(PBX));
        rig.receive(PBX, answer(&caller, 405, "", "", ""));
        assert_eq!(rig.notices(), [], "any other answer says that it is there");
        match status {
            Some(status) => rig.receive(PHONE, answer(&asked, status, "", "", "")),
            None => rig.pass_s(33),
        }
        assert_eq!(rig.notices(), [Notice::PhoneHungUp { leg }], "{how}");
        rig.command(Command::Probe { call });
        let asked = rig.one_to(PBX);
        rig.receive(PBX, answer(&asked, 481, "", "", ""));
        assert!(rig.notices().contains(&Notice::CallerLeft { call, how: Left::Lost }));
    }
}

#[test]
fn a_refresh_that_fell_due_meanwhile_is_made_up_for() {
    let mut rig = Rig::new();
    let (call, leg, _) = talking(&mut rig, &mut Peer::caller("621"));
    let store = rig.dies();
    rig.pass_s(1_790); // it would have ended by now
    rig.revive(&store, call, Some(1)).unwrap();
    rig.told(PHONE);
    rig.connect(leg);
    rig.pass_s(31);
    assert_eq!(rig.notices(), [], "nobody is hung up on at once");
}

#[test]
fn a_peer_that_moved_is_found_where_it_is() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = queued(&mut rig, &mut caller);
    let moved = caller.next(Method::Invite, "", &caller_sdp().replace("20000", "20002"));
    rig.receive(PBX, moved.replace("<sip:peer@192.0.2.10:5060>", "<sip:peer@192.0.2.10:5099>"));
    let ok = rig.sent_to(PBX).pop().unwrap();
    rig.receive(PBX, caller.ack(&ok));
    rig.notices();
    let store = rig.dies();
    rig.revive(&store, call, None).unwrap();
    rig.music(call);
    assert_eq!(text(rig.one_to("192.0.2.10:5099").request_uri()), "sip:peer@192.0.2.10:5099");
}

#[test]
fn who_cannot_be_connected_to_may_come_by_itself() {
    let mut rig = Rig::new();
    let caller = Peer::caller("621");
    let at = sip::Flow::to(sip::Transport::Tcp, "192.0.2.10:5060".parse().unwrap());
    let over_tcp = caller.invite().replace("/UDP", "/TCP").replace("5060>", "5060;transport=tcp>");
    rig.receive_on(sip::Flow { connection: Some(sip::Connection(7)), ..at }, over_tcp);
    let [Notice::CallOffered { call, .. }] = rig.notices()[..] else { panic!("no call") };
    rig.music(call);
    rig.pass_s(1);
    let mut store = rig.dies();
    store.callers.get_mut(&call).unwrap().dialog.as_mut().unwrap().unacknowledged = None;
    rig.revive(&store, call, None).unwrap();
    rig.command(Command::Probe { call });
    let sent = rig.sent();
    assert_eq!((sent[0].0, sent[0].1.method()), (at, Method::Options));
    rig.unreachable(at);
    rig.pass_s(60);
    assert_eq!(rig.notices(), []);
}

#[test]
fn a_phone_of_which_nothing_can_be_read_has_hung_up() {
    let mut rig = Rig::new();
    let (call, leg, _) = talking(&mut rig, &mut Peer::caller("621"));
    let mut store = rig.dies();
    store.legs.get_mut(&leg).unwrap().invite = bytes::Bytes::from_static(b"\xff");
    rig.revive(&store, call, Some(1)).unwrap();
    assert_eq!(rig.notices(), [Notice::PhoneHungUp { leg }]);
    assert_eq!(rig.kept.last(), Some(&sip::Keep::ForgetLeg(leg)));
}

#[test]
fn a_caller_whose_place_another_took_is_told_so_again() {
    let mut rig = Rig::new();
    let mut old = Peer::caller("621");
    let (call, _, _) = talking(&mut rig, &mut old);
    let mut new = Peer::caller("622");
    takes_the_place(&mut rig, &new, &old, &new_sdp());
    let store = rig.dies();
    rig.revive(&store, call, Some(1)).unwrap();
    let sent = rig.sent_to(PBX);
    let called: Vec<_> = sent.iter().map(|message| (message.method(), text(message.call_id()))).collect();
    assert_eq!(called, [(Method::Invite, "call-622"), (Method::Bye, "call-621")]);
    rig.receive(PBX, answer(&sent[1], 200, "", "", ""));
    rig.receive(PBX, new.ack(&sent[0]));
    rig.connect(sip::LegKey { call, attempt: 1 });
    let asked = rig.one_to(PBX);
    assert!(body(&asked).contains("m=audio 30000 "));
    rig.receive(PBX, answer(&asked, 200, "", "", &new_sdp()));
    assert_eq!(rig.dies().callers[&call].before, None, "it has heard so");
}
