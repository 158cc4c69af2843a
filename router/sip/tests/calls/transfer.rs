//! A phone gives its caller away (REFER), or its agent does at her desk.

use crate::{
    hold::{PLAY, body, held},
    idle_agent::{answers, ringing, talking},
    rig::{MUSIC_PORT, PBX, PHONE, Peer, Rig, address, answer, caller_sdp, header, lines, phone_sdp, text},
};
use sip::{
    CallKey, Cause, Command, Display, Flow, LegKey, Notice, Phone,
    wire::{Message, Method, Name},
};

fn refer(rig: &mut Rig, phone: &mut Peer, more: &str) {
    rig.receive(
        PHONE,
        phone.next(Method::Refer, &format!("Refer-To: <sip:1600@198.51.100.1>\r\n{more}"), ""),
    );
}

/// As the shell orders it when its brain has agreed.
fn give(rig: &mut Rig, leg: LegKey) {
    rig.command(Command::AcceptRefer { leg });
    rig.command(Command::Drop { leg, reason: Cause { status: 200, text: "Transferred" } });
    rig.music(leg.call);
}

fn is_report(notify: &Message, state: &str, line: &str) {
    assert_eq!(notify.method(), Method::Notify);
    assert_eq!((header(notify, Name::Event), header(notify, Name::SubscriptionState)), ("refer", state));
    assert_eq!(header(notify, Name::ContentType), "message/sipfrag;version=2.0");
    assert_eq!(text(&notify.body()), line);
    assert!(notify.contact_uri().is_some());
}

/// The caller agrees to music, and hears it.
fn hears_music(rig: &mut Rig, call: CallKey) {
    let asked = rig.one_to(PBX);
    assert!(body(&asked).contains(&format!("m=audio {MUSIC_PORT} ")), "{asked:?}");
    rig.receive(PBX, answer(&asked, 200, "", "", &caller_sdp()));
    assert_eq!(rig.told(PBX), ["ACK"]);
    assert_eq!(rig.notices(), [Notice::Media { call, play: Some(PLAY) }]);
}

#[test]
fn a_phone_that_gives_its_caller_away_is_told_so_and_hung_up_on() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, leg, mut phone) = talking(&mut rig, &mut caller);
    refer(&mut rig, &mut phone, "");
    assert_eq!(rig.notices(), [Notice::PhoneRefers { leg, target: "1600".to_owned(), replaces: None }]);
    assert_eq!(rig.told(PHONE), [""; 0], "it waits for the verdict");
    give(&mut rig, leg);
    let sent = rig.sent_to(PHONE);
    assert_eq!(lines(&sent), ["202 REFER", "NOTIFY"]);
    is_report(&sent[1], "active;expires=60", "SIP/2.0 100 Trying\r\n");
    hears_music(&mut rig, call);
    rig.receive(PHONE, answer(&sent[1], 200, "", "", ""));
    let last = rig.one_to(PHONE);
    is_report(&last, "terminated;reason=noresource", "SIP/2.0 200 OK\r\n");
    assert_eq!(last.cseq().0, sent[1].cseq().0 + 1);
    rig.receive(PHONE, answer(&last, 200, "", "", ""));
    let bye = rig.one_to(PHONE);
    assert_eq!(
        (bye.method(), header(&bye, Name::Reason)),
        (Method::Bye, "SIP;cause=200;text=\"Transferred\"")
    );
    rig.receive(PHONE, answer(&bye, 200, "", "", ""));
    assert_eq!(rig.notices(), []);

    // Somebody else gets the call.
    let (leg, invite) = ringing(&mut rig, call, 2);
    assert!(body(&invite).contains("m=audio 20000 "), "{invite:?}");
    answers(&mut rig, leg, &invite);
    rig.connect(leg);
    let asked = rig.one_to(PBX);
    assert!(body(&asked).contains("m=audio 30000 "), "{asked:?}");
    rig.receive(PBX, answer(&asked, 200, "", "", &caller_sdp()));
    rig.receive(PBX, caller.bye());
    rig.drop_leg(leg, 487);
    rig.told(PHONE);
    rig.notices();
    rig.ends_clean();
}

#[test]
fn a_phone_that_hangs_up_itself_or_does_not_answer_its_reports_is_gone_all_the_same() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, leg, mut phone) = talking(&mut rig, &mut caller);
    refer(&mut rig, &mut phone, "");
    rig.notices();
    give(&mut rig, leg);
    rig.told(PHONE);
    hears_music(&mut rig, call);
    rig.receive(PHONE, phone.bye());
    assert_eq!(rig.told(PHONE), ["200 BYE"]);
    assert_eq!(rig.notices(), [], "it had gone before, for all we care");
    rig.pass_s(10);
    assert_eq!(rig.told(PHONE), [""; 0], "nothing is repeated to it");

    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (_, leg, mut phone) = talking(&mut rig, &mut caller);
    refer(&mut rig, &mut phone, "");
    give(&mut rig, leg);
    rig.told(PHONE);
    rig.pass_s(5);
    let told = rig.told(PHONE);
    assert_eq!(told.iter().filter(|line| *line == "BYE").count(), 2, "{told:?}");
    assert!(told.iter().any(|line| line == "NOTIFY"), "the first report is repeated meanwhile: {told:?}");
    refer(&mut rig, &mut phone, "");
    assert_eq!(rig.told(PHONE).last().map(String::as_str), Some("481 REFER"));
}

#[test]
fn a_phone_that_wants_no_reports_gets_none() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (_, leg, mut phone) = talking(&mut rig, &mut caller);
    refer(&mut rig, &mut phone, "Refer-Sub: false\r\n");
    give(&mut rig, leg);
    let sent = rig.sent_to(PHONE);
    assert_eq!(lines(&sent), ["202 REFER", "BYE"]);
    assert_eq!(header(&sent[0], Name::ReferSub), "false");
}

#[test]
fn a_refusal_leaves_the_conversation_as_it_is() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (_, leg, mut phone) = talking(&mut rig, &mut caller);
    for status in [403, 404, 480] {
        refer(&mut rig, &mut phone, "");
        rig.command(Command::RefuseRefer { leg, status });
        assert_eq!(rig.told(PHONE), [format!("{status} REFER")]);
    }
    assert_eq!(rig.told(PBX), [""; 0]);
    refer(&mut rig, &mut phone, "");
    give(&mut rig, leg);
    let sent = rig.sent_to(PHONE);
    assert_eq!(lines(&sent), ["202 REFER", "NOTIFY"]);
}

#[test]
fn a_refer_comes_again_and_is_answered_again_and_a_second_one_has_to_wait() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (_, leg, mut phone) = talking(&mut rig, &mut caller);
    refer(&mut rig, &mut phone, "");
    rig.notices();
    let again = phone.request(Method::Refer, "Refer-To: <sip:1600@198.51.100.1>\r\n", "");
    rig.receive(PHONE, again.clone());
    assert_eq!((rig.told(PHONE), rig.notices()), (vec![], vec![]));
    refer(&mut rig, &mut phone, "");
    let other = rig.one_to(PHONE);
    assert_eq!((other.status(), rig.notices()), (Some(500), vec![]));
    assert!(other.header(Name::RetryAfter).is_some());
    rig.command(Command::AcceptRefer { leg });
    assert_eq!(rig.told(PHONE), ["202 REFER", "NOTIFY"]);
    rig.receive(PHONE, again);
    assert_eq!((rig.told(PHONE), rig.notices()), (vec!["202 REFER".to_owned()], vec![]));
}

#[test]
fn a_phone_that_hangs_up_with_its_refer_open_gets_an_answer() {
    for by_us in [true, false] {
        let mut rig = Rig::new();
        let mut caller = Peer::caller("621");
        let (_, leg, mut phone) = talking(&mut rig, &mut caller);
        refer(&mut rig, &mut phone, "");
        if by_us {
            rig.drop_leg(leg, 200);
            assert_eq!(rig.told(PHONE), ["480 REFER", "BYE"]);
        } else {
            rig.receive(PHONE, phone.bye());
            assert_eq!(rig.told(PHONE), ["200 BYE", "481 REFER"]);
        }
        rig.command(Command::AcceptRefer { leg });
        assert_eq!(rig.told(PHONE), [""; 0]);
    }
}

#[test]
fn an_attended_transfer_names_the_call_that_the_target_is_to_replace() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, leg, mut phone) = talking(&mut rig, &mut caller);
    let target = "Refer-To: <sip:2002@192.0.2.10?Replaces=77%40pbx%3Bfrom-tag%3Db%3Bto-tag%3Da>\r\n";
    rig.receive(PHONE, phone.next(Method::Refer, target, ""));
    let replaces: Option<std::sync::Arc<str>> = Some("77@pbx;to-tag=a;from-tag=b".into());
    let named = Notice::PhoneRefers { leg, target: "2002".to_owned(), replaces: replaces.clone() };
    assert_eq!(rig.notices(), [named]);
    give(&mut rig, leg);
    rig.told(PHONE);
    hears_music(&mut rig, call);
    let phone = Phone { replaces, ..Phone::at(format!("sip:2002@{PBX}"), Flow::udp(address(PBX))) };
    let leg = LegKey { call, attempt: 2 };
    let (queue, display) = (String::new(), Display::AsCaller);
    rig.command(Command::Ring { leg, phones: vec![phone], queue, display, auto_answer: false });
    let invite = rig.one_to(PBX);
    assert_eq!(header(&invite, Name::Replaces), "77@pbx;to-tag=a;from-tag=b");
    assert!(!header(&invite, Name::Require).contains("replaces"), "who cannot do it rings");
}

#[test]
fn what_a_phone_cannot_ask_for_is_refused_and_nobody_hears_of_it() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (_, _, mut phone) = talking(&mut rig, &mut caller);
    for (lines, status) in [
        ("", 400),
        ("Refer-To: <sip:1@h>\r\nRefer-To: <sip:2@h>\r\n", 400),
        ("Refer-To: nonsense\r\n", 400),
        ("Refer-To: <mailto:ann@h>\r\n", 416),
        ("Refer-To: <sip:1@h;method=SUBSCRIBE>\r\n", 403),
        ("Refer-To: <sip:1@h?Replaces=x%3Bto-tag%3Dy>\r\n", 400),
        ("Refer-To: <sip:1@h?Replaces=x%3Bto-tag%3Dn1.00000000000000000000000007%3Bfrom-tag%3Dz>\r\n", 501),
        ("Refer-To: <sip:1@h>\r\nRequire: precondition\r\n", 420),
    ] {
        rig.receive(PHONE, phone.next(Method::Refer, lines, ""));
        assert_eq!(rig.told(PHONE), [format!("{status} REFER")], "{lines}");
    }
    assert_eq!(rig.notices(), []);
}

#[test]
fn only_phones_in_a_call_may_give_callers_away() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (_, _, phone) = talking(&mut rig, &mut caller);
    let lines = "Refer-To: <sip:1600@h>\r\n";
    rig.receive(PBX, caller.next(Method::Refer, lines, ""));
    assert_eq!(rig.told(PBX), ["403 REFER"], "the other side of it is nobody's to give away");
    let stranger = Peer { remote: "<sip:us@198.51.100.1>".to_owned(), ..Peer::caller_at("x", PHONE) };
    rig.receive(PHONE, stranger.request(Method::Refer, lines, ""));
    assert_eq!(rig.told(PHONE), ["403 REFER"], "outside a dialog");
    for forged in [
        Peer { call_id: "other".to_owned(), ..phone.clone() },
        Peer { local: phone.local.replace("tag=p", "tag=q"), ..phone.clone() },
        Peer { remote: phone.remote.replace("tag=", "tag=0"), ..phone },
    ] {
        let mut forged = forged;
        rig.receive(PHONE, forged.next(Method::Refer, lines, ""));
        assert_eq!(rig.told(PHONE), ["481 REFER"]);
    }
    assert_eq!(rig.notices(), []);
}

#[test]
fn a_held_caller_may_be_given_away_and_hears_the_music_of_the_new_queue() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, leg, mut phone) = held(&mut rig, &mut caller);
    refer(&mut rig, &mut phone, "");
    rig.notices();
    give(&mut rig, leg);
    assert_eq!(rig.told(PBX), [""; 0], "it is at our music already");
    assert_eq!(rig.notices(), [Notice::Media { call, play: Some(PLAY) }], "which begins afresh");
}

#[test]
fn a_caller_given_away_while_it_is_being_moved_ends_at_the_music() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, leg, mut phone) = talking(&mut rig, &mut caller);
    rig.receive(PHONE, phone.next(Method::Invite, "", &phone_sdp().replace("30000", "31000")));
    let asked = rig.one_to(PBX);
    rig.told(PHONE);
    refer(&mut rig, &mut phone, "Refer-Sub: false\r\n");
    rig.notices();
    give(&mut rig, leg);
    let told = rig.told(PHONE);
    assert!(told.contains(&"202 REFER".to_owned()) && told.contains(&"BYE".to_owned()), "{told:?}");
    assert_eq!(rig.told(PBX), [""; 0], "one offer at a time");
    rig.receive(PBX, answer(&asked, 200, "", "", &caller_sdp()));
    let sent = rig.sent_to(PBX);
    assert_eq!(lines(&sent), ["ACK", "INVITE"]);
    rig.receive(PBX, answer(&sent[1], 200, "", "", &caller_sdp()));
    assert_eq!(rig.notices(), [Notice::Media { call, play: Some(PLAY) }]);
}
