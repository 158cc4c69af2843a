//! Session timers: who refreshes, who is found gone, and what a refresh costs.

use crate::{
    idle_agent::{CONTACT, answers, offer, ringing, talking},
    rig::{
        MUSIC_PORT, PBX, PHONE, Peer, Rig, answer, caller_sdp, config, header, lines, phone_sdp, sdp, text,
    },
};
use sip::{
    CallKey, CallerRecord, Keep, Left, LegKey, LegRecord, Notice, Rejected, TimerRecord,
    wire::{Message, Method, Name},
};

const TIMER: &str = "Supported: timer\r\n";
const EXPIRED: &str = "SIP;cause=408;text=\"Session timer expired\"";

/// The 2xx a caller gets whose INVITE says `more`.
fn answered(rig: &mut Rig, caller: &Peer, more: &str) -> Message {
    answered_with_music(rig, caller, more).1
}

/// The same, and its call.
fn answered_with_music(rig: &mut Rig, caller: &Peer, more: &str) -> (CallKey, Message) {
    rig.receive(PBX, caller.request(Method::Invite, more, &caller_sdp()));
    let call = match rig.notices().as_slice() {
        [Notice::CallOffered { call, .. }] => *call,
        other => panic!("{other:?}"),
    };
    rig.music(call);
    rig.notices();
    (call, rig.sent_to(PBX).pop().unwrap())
}

/// Caller and phone talk, with headers of theirs.
fn talking_with(rig: &mut Rig, caller: &mut Peer, said: &str, answered: &str) -> (CallKey, LegKey, Peer) {
    rig.receive(PBX, caller.request(Method::Invite, said, &caller_sdp()));
    let call = match rig.notices().as_slice() {
        [Notice::CallOffered { call, .. }] => *call,
        other => panic!("{other:?}"),
    };
    let (leg, invite) = ringing(rig, call, 1);
    rig.receive(PHONE, answer(&invite, 200, "p", &format!("{CONTACT}{answered}"), &phone_sdp()));
    rig.connect(leg);
    let ok = rig.sent_to(PBX).pop().unwrap();
    let ack = caller.ack(&ok);
    rig.receive(PBX, ack);
    rig.sent();
    rig.notices();
    (call, leg, Peer::phone(&invite, "p"))
}

/// The phone refreshes its leg, so that only the caller's is looked at.
fn phone_refreshes() -> &'static str {
    "Require: timer\r\nSession-Expires: 86400;refresher=uas\r\n"
}
fn caller_refreshes() -> &'static str {
    "Supported: timer\r\nSession-Expires: 86400;refresher=uac\r\nMin-SE: 86400\r\n"
}

#[test]
fn a_caller_is_told_how_long_its_session_lasts_and_who_refreshes_it() {
    for (said, told, required) in [
        (TIMER, "1800;refresher=uac", true),
        ("Supported: timer\r\nSession-Expires: 600\r\n", "600;refresher=uac", true),
        ("Supported: timer\r\nx: 600;refresher=uas\r\n", "600;refresher=uas", true),
        ("Require: timer\r\nSession-Expires: 600;refresher=uac\r\n", "600;refresher=uac", true),
        ("Supported: timer\r\nSession-Expires: 7200\r\n", "1800;refresher=uac", true),
        ("Supported: timer\r\nSession-Expires: 7200\r\nMin-SE: 3600\r\n", "3600;refresher=uac", true),
        ("Supported: timer\r\nMin-SE: 4294967295\r\n", "86400;refresher=uac", true),
        ("Supported: timer\r\nSession-Expires: soon\r\nMin-SE: later\r\n", "1800;refresher=uac", true),
        ("", "1800;refresher=uas", false),
        ("Session-Expires: 600;refresher=uac\r\n", "600;refresher=uas", false),
        ("Session-Expires: 30\r\n", "90;refresher=uas", false),
    ] {
        let mut rig = Rig::new();
        let ok = answered(&mut rig, &Peer::caller("621"), said);
        assert_eq!((ok.status(), header(&ok, Name::SessionExpires)), (Some(200), told), "{said}");
        assert_eq!(header(&ok, Name::Require), if required { "timer" } else { "" }, "{said}");
        assert_eq!(header(&ok, Name::Supported), "timer, 100rel, replaces");
    }
}

#[test]
fn a_session_too_short_to_be_had_is_422_with_the_shortest() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let short = "Supported: timer\r\nSession-Expires: 89\r\n";
    rig.receive(PBX, caller.request(Method::Invite, short, &caller_sdp()));
    let refusal = rig.one_to(PBX);
    assert_eq!((refusal.status(), header(&refusal, Name::MinSe)), (Some(422), "90"));
    assert_eq!((rig.notices(), rig.counted()), (vec![], vec![Rejected::Unsupported]));
    caller.branches += 1;
    caller.seq += 1;
    talking(&mut rig, &mut caller);
    rig.receive(PBX, caller.next(Method::Invite, short, &caller_sdp()));
    let refusal = rig.one_to(PBX);
    assert_eq!((refusal.status(), header(&refusal, Name::MinSe)), (Some(422), "90"), "in a dialog as well");
}

#[test]
fn a_phone_is_asked_for_a_session_that_ends() {
    let mut rig = Rig::new();
    let call = offer(&mut rig, &Peer::caller("621"));
    let (_, invite) = ringing(&mut rig, call, 1);
    assert_eq!(header(&invite, Name::SessionExpires), "1800");
    assert_eq!((header(&invite, Name::MinSe), header(&invite, Name::Supported)), ("90", "timer"));
}

#[test]
fn a_phone_that_wants_a_longer_session_is_asked_once_more_for_that() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = offer(&mut rig, &caller);
    let (leg, first) = ringing(&mut rig, call, 1);
    rig.receive(PHONE, answer(&first, 422, "p", "Min-SE: 3600\r\n", ""));
    let sent = rig.sent_to(PHONE);
    assert_eq!(lines(&sent), ["ACK", "INVITE"]);
    let again = &sent[1];
    assert_eq!((again.call_id(), again.from_tag()), (first.call_id(), first.from_tag()));
    assert_eq!((first.cseq().0, again.cseq().0, again.body()), (1, 2, first.body()));
    assert_ne!(first.top_via().branch(), again.top_via().branch());
    assert_eq!((header(again, Name::SessionExpires), header(again, Name::MinSe)), ("3600", "3600"));
    assert_eq!(again.headers_named(Name::ContentType).count(), 1);
    assert_eq!(again.header_by_text("X-Sambung-Queue"), first.header_by_text("X-Sambung-Queue"));
    assert_eq!(rig.notices(), [], "it has not refused");
    let mut phone = answers(&mut rig, leg, again);
    rig.connect(leg);
    assert_eq!(rig.one_to(PHONE).cseq(), (2, Method::Ack));
    let ok = rig.sent_to(PBX).pop().unwrap();
    rig.receive(PBX, caller.ack(&ok));
    rig.receive(PHONE, phone.bye());
    assert_eq!(rig.notices(), [Notice::PhoneHungUp { leg }]);
}

#[test]
fn a_phone_that_is_never_content_with_the_session_refuses() {
    for (min_se, asked_again) in [("", false), ("Min-SE: 1800\r\n", false), ("Min-SE: 1801\r\n", true)] {
        let mut rig = Rig::new();
        let call = offer(&mut rig, &Peer::caller("621"));
        let (leg, first) = ringing(&mut rig, call, 1);
        rig.receive(PHONE, answer(&first, 422, "p", min_se, ""));
        if asked_again {
            let again = rig.sent_to(PHONE).pop().unwrap();
            rig.receive(PHONE, answer(&again, 422, "p", "Min-SE: 9000\r\n", ""));
        }
        assert_eq!(rig.notices(), [Notice::PhoneRefused { leg, status: 422 }], "{min_se}");
    }
}

#[test]
fn a_phone_that_is_not_wanted_any_more_is_not_asked_again() {
    let mut rig = Rig::new();
    let call = offer(&mut rig, &Peer::caller("621"));
    let (leg, first) = ringing(&mut rig, call, 1);
    rig.drop_leg(leg, 487);
    rig.receive(PHONE, answer(&first, 422, "p", "Min-SE: 3600\r\n", ""));
    assert_eq!(rig.told(PHONE), ["CANCEL", "ACK"]);
    assert_eq!((rig.notices(), rig.stack.counts().legs), (vec![], 0));
}

#[test]
fn peers_that_know_no_session_timers_are_asked_for_a_sign_of_life_that_changes_nothing() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    talking(&mut rig, &mut caller);
    for round in 0..3 {
        rig.pass_s(899);
        assert!(rig.sent().is_empty(), "round {round}");
        rig.pass_s(1);
        let (to_caller, to_phone) = (rig.one_to(PBX), rig.one_to(PHONE));
        for (refresh, before) in [(&to_caller, " 1 IN IP4"), (&to_phone, " 1 IN IP4")] {
            assert_eq!(refresh.method(), Method::Invite);
            assert_eq!(header(refresh, Name::SessionExpires), "1800;refresher=uac");
            assert!(text(&refresh.body()).contains(before), "{refresh:?}");
        }
        rig.receive(PBX, answer(&to_caller, 200, "", "", &caller_sdp()));
        rig.receive(PHONE, answer(&to_phone, 200, "", CONTACT, &phone_sdp()));
        assert_eq!((rig.told(PBX), rig.told(PHONE)), (vec!["ACK".to_owned()], vec!["ACK".to_owned()]));
    }
    assert_eq!(rig.notices(), []);
}

#[test]
fn a_peer_that_takes_update_is_refreshed_by_it() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let allow = "Allow: INVITE, ACK, BYE, UPDATE\r\n";
    let said = format!("{allow}Supported: timer\r\nSession-Expires: 600;refresher=uas\r\n");
    let agreed = format!("{allow}Session-Expires: 600;refresher=uac\r\n");
    talking_with(&mut rig, &mut caller, &said, &agreed);
    for _ in 0..3 {
        rig.pass_s(300);
        for at in [PBX, PHONE] {
            let update = rig.one_to(at);
            assert_eq!((update.method(), update.body().len()), (Method::Update, 0));
            assert_eq!(header(&update, Name::SessionExpires), "600;refresher=uac");
            assert!(!header(&update, Name::Contact).is_empty());
            rig.receive(at, answer(&update, 200, "", "Session-Expires: 600;refresher=uac\r\n", ""));
        }
        assert!(rig.sent().is_empty());
    }
    assert_eq!(rig.notices(), []);
}

#[test]
fn a_peer_that_does_not_refresh_as_agreed_is_gone_a_little_before_the_end() {
    for caller_is_it in [true, false] {
        let mut rig = Rig::new();
        let mut caller = Peer::caller("621");
        let refresh = |it, by| {
            if it {
                format!("Supported: timer\r\nSession-Expires: 300;refresher={by}\r\n")
            } else {
                String::new()
            }
        };
        let said = if caller_is_it { refresh(true, "uac") } else { caller_refreshes().to_owned() };
        let agreed = if caller_is_it { phone_refreshes().to_owned() } else { refresh(true, "uas") };
        let (call, leg, _) = talking_with(&mut rig, &mut caller, &said, &agreed);
        rig.pass_s(267);
        assert!(rig.sent().is_empty());
        rig.pass_s(1);
        let at = if caller_is_it { PBX } else { PHONE };
        let bye = rig.one_to(at);
        assert_eq!((bye.method(), header(&bye, Name::Reason)), (Method::Bye, EXPIRED));
        let gone = if caller_is_it {
            Notice::CallerLeft { call, how: Left::Lost }
        } else {
            Notice::PhoneHungUp { leg }
        };
        assert_eq!(rig.notices(), [gone]);
        rig.end(call, 480);
        rig.ends_clean();
    }
}

#[test]
fn a_talk_whose_both_ends_have_vanished_ends_by_itself() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, leg, _) = talking(&mut rig, &mut caller);
    rig.pass_s(900 + 33);
    let left = Notice::CallerLeft { call, how: Left::Lost };
    assert_eq!(rig.notices(), [left, Notice::PhoneHungUp { leg }, Notice::CallOver { call }]);
    rig.ends_clean();
}

#[test]
fn a_refresh_of_a_peer_is_answered_with_what_was_said_last_and_costs_the_other_leg_nothing() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let refresh = "Supported: timer\r\nSession-Expires: 300;refresher=uac\r\n";
    let agreed = "Require: timer\r\nSession-Expires: 300;refresher=uas\r\n";
    let (.., mut phone) = talking_with(&mut rig, &mut caller, refresh, agreed);
    for _ in 0..5 {
        rig.pass_s(150);
        rig.receive(PBX, caller.next(Method::Invite, refresh, &caller_sdp()));
        let ok = rig.one_to(PBX);
        assert_eq!(header(&ok, Name::SessionExpires), "300;refresher=uac");
        assert!(text(&ok.body()).contains(" 1 IN IP4") && text(&ok.body()).contains("m=audio 30000 "));
        rig.receive(PBX, caller.ack(&ok));
        let lightly = phone_sdp().replace("a=sendrecv\r\n", "a=x-note:1\r\na=sendrecv\r\n");
        rig.receive(PHONE, phone.next(Method::Invite, refresh, &lightly));
        let ok = rig.one_to(PHONE);
        assert_eq!(header(&ok, Name::SessionExpires), "300;refresher=uac");
        rig.receive(PHONE, phone.ack(&ok));
        assert!(rig.sent().is_empty(), "nobody else hears of it");
    }
    assert_eq!(rig.notices(), []);
}

#[test]
fn a_new_version_or_other_media_is_no_refresh() {
    let moved = sdp("192.0.2.10", 26_000, "8 0");
    for body in [caller_sdp().replace("o=- 1 1 ", "o=- 1 2 "), moved] {
        let mut rig = Rig::new();
        let mut caller = Peer::caller("621");
        talking(&mut rig, &mut caller);
        rig.receive(PBX, caller.next(Method::Invite, "", &body));
        assert_eq!(
            (rig.told(PBX), rig.told(PHONE)),
            (vec!["100 INVITE".to_owned()], vec!["INVITE".to_owned()])
        );
    }
}

#[test]
fn the_one_who_refreshes_stays_the_same_unless_somebody_says_otherwise() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let said = "Supported: timer\r\nSession-Expires: 300;refresher=uas\r\n";
    talking_with(&mut rig, &mut caller, said, phone_refreshes());
    for (said, told) in [
        (TIMER, "1800;refresher=uas"),
        ("Supported: timer\r\nSession-Expires: 300;refresher=uac\r\n", "300;refresher=uac"),
        ("Supported: timer\r\nSession-Expires: 300\r\n", "300;refresher=uac"),
        ("", "1800;refresher=uas"),
    ] {
        rig.receive(PBX, caller.next(Method::Invite, said, &caller_sdp()));
        let ok = rig.one_to(PBX);
        assert_eq!(header(&ok, Name::SessionExpires), told);
        rig.receive(PBX, caller.ack(&ok));
    }
}

#[test]
fn a_peer_that_does_not_know_the_session_or_does_not_answer_its_refresh_is_gone() {
    for (allow, status) in [("", 481), ("Allow: UPDATE\r\n", 481), ("", 408), ("Allow: UPDATE\r\n", 408)] {
        let mut rig = Rig::new();
        let mut caller = Peer::caller("621");
        let (call, leg, _) = talking_with(&mut rig, &mut caller, allow, phone_refreshes());
        rig.pass_s(900);
        let refresh = rig.one_to(PBX);
        if status == 481 {
            rig.receive(PBX, answer(&refresh, 481, "", "", ""));
        } else {
            rig.pass_s(33);
        }
        let byes = rig.told(PBX).iter().filter(|line| *line == "BYE").count();
        assert_eq!(byes > 0, status == 408, "it may only have been out of reach");
        assert_eq!(rig.notices(), [Notice::CallerLeft { call, how: Left::Lost }], "{allow}{status}");
        rig.drop_leg(leg, 200);
        rig.ends_clean();
    }
}

#[test]
fn a_refused_refresh_leaves_the_session_and_its_end_decides() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let said = "Supported: timer\r\nSession-Expires: 300;refresher=uas\r\n";
    let (call, leg, _) = talking_with(&mut rig, &mut caller, said, phone_refreshes());
    let mut refused = 0;
    for _ in 0..267 {
        rig.pass_s(1);
        for request in rig.sent_to(PBX) {
            if request.method() == Method::Invite {
                refused += 1;
                rig.receive(PBX, answer(&request, 488, "", "", ""));
            }
        }
    }
    assert!((3..=8).contains(&refused), "{refused}");
    assert_eq!(rig.notices(), []);
    rig.sent();
    rig.pass_s(1);
    assert_eq!(header(&rig.one_to(PBX), Name::Reason), EXPIRED);
    assert_eq!(rig.notices(), [Notice::CallerLeft { call, how: Left::Lost }]);
    rig.drop_leg(leg, 200);
    rig.ends_clean();
}

#[test]
fn a_peer_without_session_timers_that_refuses_the_refresh_is_there_all_the_same() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    talking_with(&mut rig, &mut caller, "", phone_refreshes());
    for _ in 0..5 {
        rig.pass_s(900);
        let refresh = rig.one_to(PBX);
        rig.receive(PBX, answer(&refresh, 488, "", "", ""));
        assert_eq!(rig.told(PBX), ["ACK"]);
    }
    assert_eq!(rig.notices(), []);
}

#[test]
fn an_update_that_is_not_taken_after_all_becomes_a_reinvite() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    talking_with(&mut rig, &mut caller, "Allow: UPDATE\r\n", phone_refreshes());
    rig.pass_s(900);
    let update = rig.one_to(PBX);
    rig.receive(PBX, answer(&update, 405, "", "", ""));
    rig.pass_s(0);
    let refresh = rig.one_to(PBX);
    assert_eq!((update.method(), refresh.method()), (Method::Update, Method::Invite));
    rig.receive(PBX, answer(&refresh, 200, "", "", &caller_sdp()));
    assert_eq!(rig.told(PBX), ["ACK"]);
    rig.pass_s(900);
    assert_eq!(rig.told(PBX), ["INVITE"]);
}

#[test]
fn a_refresh_asks_for_a_longer_session_where_the_peer_wants_it() {
    for allow in ["", "Allow: UPDATE\r\n"] {
        let mut rig = Rig::new();
        let mut caller = Peer::caller("621");
        let said = format!("{allow}Supported: timer\r\nSession-Expires: 300;refresher=uas\r\n");
        talking_with(&mut rig, &mut caller, &said, phone_refreshes());
        rig.pass_s(150);
        let mut refresh = rig.one_to(PBX);
        for least in [400, 500, 600] {
            rig.receive(PBX, answer(&refresh, 422, "", &format!("Min-SE: {least}\r\n"), ""));
            rig.pass_s(0);
            refresh = rig.sent_to(PBX).pop().unwrap();
            assert_eq!(header(&refresh, Name::SessionExpires), format!("{least};refresher=uac"));
        }
        rig.receive(PBX, answer(&refresh, 422, "", "Min-SE: 700\r\n", ""));
        assert!(!rig.told(PBX).contains(&"INVITE".to_owned()), "not for ever");
    }
}

#[test]
fn a_refresh_that_meets_the_peers_own_reinvite_is_tried_again() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    talking_with(&mut rig, &mut caller, "", phone_refreshes());
    rig.pass_s(900);
    let refresh = rig.one_to(PBX);
    rig.receive(PBX, answer(&refresh, 491, "", "", ""));
    rig.pass_s(2);
    assert_eq!(rig.told(PBX), ["ACK", "INVITE"]);
}

#[test]
fn a_refresh_waits_until_what_is_under_way_is_settled() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    talking_with(&mut rig, &mut caller, "", phone_refreshes());
    rig.pass_s(899);
    rig.receive(PBX, caller.next(Method::Invite, "", &sdp("192.0.2.10", 26_000, "8")));
    let asked = rig.one_to(PHONE);
    rig.pass_s(5);
    assert_eq!(rig.told(PBX), ["100 INVITE"]);
    rig.receive(PHONE, answer(&asked, 200, "", CONTACT, &phone_sdp()));
    let ok = rig.one_to(PBX);
    rig.receive(PBX, caller.ack(&ok));
    rig.pass_s(890);
    assert_eq!(rig.told(PBX), [""; 0], "the caller's own was a refresh as well");
    rig.pass_s(10);
    assert_eq!(rig.told(PBX), ["INVITE"]);
}

#[test]
fn an_answer_to_a_refresh_that_names_other_media_goes_to_the_other_side() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    talking_with(&mut rig, &mut caller, "", phone_refreshes());
    rig.pass_s(900);
    let refresh = rig.one_to(PBX);
    rig.receive(PBX, answer(&refresh, 200, "", "", &sdp("192.0.2.10", 26_000, "8")));
    let told = rig.one_to(PHONE);
    assert!(text(&told.body()).contains("m=audio 26000 "));
}

#[test]
fn a_waiting_caller_is_refreshed_and_hears_its_music_on() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let ok = answered(&mut rig, &caller, "");
    rig.receive(PBX, caller.ack(&ok));
    rig.pass_s(900);
    let refresh = rig.one_to(PBX);
    assert_eq!(refresh.body(), ok.body());
    rig.receive(PBX, answer(&refresh, 200, "", "", &caller_sdp()));
    assert_eq!(rig.notices(), []);
    rig.pass_s(900);
    let refresh = rig.sent_to(PBX).pop().unwrap();
    rig.receive(PBX, answer(&refresh, 200, "", "", &sdp("192.0.2.10", 26_000, "8")));
    let notices = rig.notices();
    assert!(
        matches!(&notices[..], [Notice::Media { play: None, .. }, Notice::Media { play: Some(play), .. }]
            if play.to.port() == 26_000 && play.from_port == MUSIC_PORT),
        "{notices:?}"
    );
}

#[test]
fn without_session_timers_nothing_is_said_of_them() {
    let mut rig = Rig::with(sip::Config { session_expires_s: None, ..config() });
    let mut caller = Peer::caller("621");
    let refresh = "Supported: timer\r\nSession-Expires: 30;refresher=uac\r\n";
    let (.., mut phone) = talking_with(&mut rig, &mut caller, refresh, "");
    rig.pass_s(100_000);
    assert!(rig.sent().is_empty() && rig.notices().is_empty());
    rig.receive(PBX, caller.next(Method::Invite, refresh, &caller_sdp()));
    let ok = rig.one_to(PBX);
    assert_eq!(
        (ok.status(), ok.header(Name::SessionExpires), ok.header(Name::Supported)),
        (Some(200), None, None)
    );
    rig.receive(PHONE, phone.next(Method::Invite, "Require: timer\r\n", &phone_sdp()));
    let refusal = rig.one_to(PHONE);
    assert_eq!((refusal.status(), header(&refusal, Name::Unsupported)), (Some(420), "timer"));
    let call = offer(&mut rig, &Peer::caller("622"));
    let (_, invite) = ringing(&mut rig, call, 1);
    assert_eq!((invite.header(Name::SessionExpires), invite.header(Name::MinSe)), (None, None));
}

#[test]
fn what_is_stored_of_a_leg_has_its_session_timer() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let agreed = "Require: timer\r\nSession-Expires: 300;refresher=uas\r\n";
    let start = rig.now;
    let (.., mut phone) = talking_with(&mut rig, &mut caller, "", agreed);
    let ends = |after_s| start.after(std::time::Duration::from_secs(after_s));
    let timer = |interval_s, ours, agreed, ends| Some(TimerRecord { interval_s, ours, agreed, ends });
    assert_eq!(last_timer(&rig.kept, false), timer(1_800, true, false, ends(1_768)));
    assert_eq!(last_timer(&rig.kept, true), timer(300, false, true, ends(268)));
    rig.pass_s(100);
    rig.receive(
        PHONE,
        phone.next(Method::Invite, "Supported: timer\r\nx: 300;refresher=uac\r\n", &phone_sdp()),
    );
    assert_eq!(last_timer(&rig.kept, true), timer(300, false, true, ends(368)));
}

fn last_timer(kept: &[Keep], phone: bool) -> Option<TimerRecord> {
    let timer = |keep: &Keep| match keep {
        Keep::Leg(_, LegRecord { dialog: Some(dialog), .. }) if phone => dialog.timer,
        Keep::CallerLeg(_, CallerRecord { dialog: Some(dialog), .. }) if !phone => dialog.timer,
        _ => None,
    };
    kept.iter().rev().find_map(timer)
}

#[test]
fn records_of_before_there_were_session_timers_can_be_read() {
    #[derive(serde::Serialize)]
    struct Before {
        answer: bytes::Bytes,
        local_seq: u32,
        remote_seq: u32,
        theirs: bytes::Bytes,
        ours: bytes::Bytes,
    }
    let empty = bytes::Bytes::new;
    let before = Before { answer: empty(), local_seq: 1, remote_seq: 2, theirs: empty(), ours: empty() };
    let bytes = rmp_serde::to_vec_named(&before).unwrap();
    assert_eq!(rmp_serde::from_slice::<sip::DialogRecord>(&bytes).unwrap().timer, None);
}

#[test]
fn an_answer_that_comes_after_a_restart_has_refreshed_the_session() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let said = "Supported: timer\r\nSession-Expires: 600;refresher=uac\r\n";
    let (call, ok) = answered_with_music(&mut rig, &caller, said);
    rig.receive(PBX, caller.ack(&ok));
    rig.pass_s(500);
    let (leg, invite) = ringing(&mut rig, call, 1);
    answers(&mut rig, leg, &invite);
    rig.connect(leg);
    let asked = rig.one_to(PBX);
    let store = rig.dies();
    rig.revive(&store, call, Some(1)).unwrap();
    let agreed = "Require: timer\r\nSession-Expires: 600;refresher=uas\r\n";
    rig.receive(PBX, answer(&asked, 200, "", agreed, &caller_sdp()));
    rig.notices();
    rig.pass_s(200);
    let left = |notice: &Notice| matches!(notice, Notice::CallerLeft { .. });
    assert!(!rig.notices().iter().any(left), "the caller will refresh it at 800 s");
    rig.pass_s(500);
    assert!(rig.notices().iter().any(left), "which it has not done");
}
