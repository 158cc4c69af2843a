//! What is played in each scene, and what has to come of it.

use super::{
    plan::PASSWORD,
    stage::{Corner, PATIENCE, in_order},
};
use harness::{Sipp, ask, eventually, eventually_is};
use std::time::Duration;

const ANSWERED: &str = "answered||ann|1|1";
/// A call that a second offer, to the same agent, brought to its answer.
const SECOND_TRY: &str = "answered||ann|1|2";

/// The ordinary phone: `first` says what becomes of its first call.
fn phone(corner: &Corner<'_>, first: &str) -> Sipp {
    corner.phone("phone").with("FIRST", first)
}

pub(super) fn an_agent_hangs_up(corner: &Corner<'_>) {
    let noted = corner.talk(&corner.caller("caller"), &phone(corner, "answers"));
    noted.caller(&[" INV ", " OK ", " BYE "]);
    noted.phone(&[" INV ", " ANS ", " HANGUP "]);
    corner.expect_calls(&[ANSWERED]);
}

pub(super) fn a_caller_hangs_up(corner: &Corner<'_>) {
    let caller = corner.caller("caller_gives_up").with("WAIT", 300);
    corner.talk(&caller, &phone(corner, "answers").with("TALK", 20_000)).phone(&[" ANS ", " BYE "]);
    corner.expect_calls(&[ANSWERED]);
}

pub(super) fn a_waiting_caller_is_moved(corner: &Corner<'_>) {
    let noted = corner.talk(&corner.caller("caller_listens"), &phone(corner, "busy"));
    noted.caller(&["ASKED INVITE 42000 8", " BYE "]);
    corner.expect_calls(&[SECOND_TRY]);
    corner.expect_offers(&["ann|rejected", "ann|accepted"]);
}

pub(super) fn a_caller_cancels(corner: &Corner<'_>) {
    let caller = corner.caller("caller_cancels").with("WAIT", 200);
    corner.talk(&caller, &phone(corner, "silent")).phone(&[" INV ", " CANCEL "]);
    corner.expect_calls(&["abandoned|||1|1"]);
    corner.expect_offers(&["ann|withdrawn"]);
}

pub(super) fn a_cancel_comes_too_late(corner: &Corner<'_>) {
    let noted =
        corner.talk(&corner.caller("caller_cancels_late"), &phone(corner, "answers").with("TALK", 20_000));
    noted.phone(&[" ANS ", " BYE "]);
    corner.expect_calls(&[ANSWERED]);
}

pub(super) fn a_phone_answers_as_it_is_cancelled(corner: &Corner<'_>) {
    let phone = corner.at(0, &phone(corner, "late"));
    corner.calls(&corner.caller("caller_cancels").with("WAIT", 200)).finished(PATIENCE);
    let ended = || phone.log().contains(" BYE ").then_some(());
    eventually("the phone is hung up on", Duration::from_secs(10), ended);
    corner.expect_calls(&["abandoned|||1|1"]);
}

pub(super) fn a_phone_rings_out(corner: &Corner<'_>) {
    let noted = corner.talk(&corner.caller("caller"), &phone(corner, "silent"));
    noted.phone(&[" INV ", " CANCEL ", " INV ", " ANS "]);
    corner.expect_calls(&[SECOND_TRY]);
    corner.expect_offers(&["ann|no_answer", "ann|accepted"]);
}

pub(super) fn the_next_agent_answers(corner: &Corner<'_>) {
    let first = corner.at(0, &corner.phone("phone").with("RING", 20_000));
    let second = corner.at(1, &phone(corner, "answers"));
    corner.calls(&corner.caller("caller")).finished(PATIENCE);
    in_order("the first phone", &first.end(), &[" INV ", " CANCEL "]);
    in_order("the second phone", &second.end(), &[" INV ", " ANS "]);
    corner.expect_calls(&["answered||ben|1|2"]);
    corner.expect_offers(&["ann|no_answer", "ben|accepted"]);
}

/// What a phone refuses with, what it says besides, and how that is recorded.
const REFUSALS: [(&str, &str, &str); 9] = [
    ("302 Moved Temporarily", "Contact: <sip:elsewhere@127.0.0.1:9>", "failed"),
    ("305 Use Proxy", "Contact: <sip:proxy@127.0.0.1:9>", "failed"),
    ("401 Unauthorized", "WWW-Authenticate: Digest realm=\"phone\", nonce=\"n\"", "failed"),
    ("404 Not Found", "", "failed"),
    ("480 Temporarily Unavailable", "", "failed"),
    ("486 Busy Here", "", "rejected"),
    ("503 Service Unavailable", "Retry-After: 60", "failed"),
    ("600 Busy Everywhere", "", "rejected"),
    ("603 Decline", "", "rejected"),
];

pub(super) fn phones_refuse(corner: &Corner<'_>) {
    let mut offers = Vec::new();
    for (status, headers, outcome) in REFUSALS {
        let refuses =
            phone(corner, "refuses").with("STATUS", status).with("HEADERS", headers).with("TALK", 50);
        corner.talk(&corner.caller("caller"), &refuses).phone(&[" REFUSED ", " ANS "]);
        offers.extend([format!("ann|{outcome}"), "ann|accepted".to_owned()]);
    }
    corner.expect_calls(&[SECOND_TRY; REFUSALS.len()]);
    corner.expect_offers(&offers.iter().map(String::as_str).collect::<Vec<_>>());
}

pub(super) fn a_phone_forks(corner: &Corner<'_>) {
    let noted = corner.talk(&corner.caller("caller"), &corner.phone("phone_forks"));
    noted.phone(&["ENDED tag=second"]);
    corner.expect_calls(&[ANSWERED]);
}

pub(super) fn sent_away(corner: &Corner<'_>) {
    let log = corner.calls(&corner.caller("caller_sent_away")).finished(PATIENCE);
    in_order("the caller", &log, &["BYE SIP;cause=480"]);
    corner.expect_calls(&["flow_out|max_wait||1|0"]);
}

pub(super) fn turned_away(corner: &Corner<'_>) {
    let caller = corner.caller("caller_turned_away").with("FIRST", 182).with("STATUS", 480);
    corner.calls(&caller).finished(PATIENCE);
    corner.expect_calls(&["flow_out|max_wait||1|0"]);
}

pub(super) fn an_entry_is_full(corner: &Corner<'_>) {
    let waiting = ["caller", "second caller"]
        .map(|name| corner.calls_as(name, &corner.caller("caller_gives_up").with("WAIT", 2_000)));
    for caller in &waiting {
        let answered = || caller.log().contains(" OK ").then_some(());
        eventually("two callers wait", Duration::from_secs(10), answered);
    }
    let refused = corner.calls_as("third caller", &corner.caller("caller_refused").with("STATUS", 503));
    refused.finished(PATIENCE);
    for caller in waiting {
        caller.finished(PATIENCE);
    }
    corner.expect_calls(&["abandoned|||1|0", "abandoned|||1|0"]);
}

pub(super) fn a_wrong_number(corner: &Corner<'_>) {
    let wrong = Sipp::caller("caller_refused").dial("4711").with("STATUS", 404).calls(1, 1);
    corner.calls(&wrong).finished(PATIENCE);
    corner.expect_calls(&[]);
}

pub(super) fn a_probe(corner: &Corner<'_>) {
    let log = corner.calls(&Sipp::new("probes").calls(1, 1)).finished(PATIENCE);
    for ability in [
        "INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "UPDATE", "PRACK", "INFO", "REFER", "100rel", "timer",
        "replaces",
    ] {
        assert!(log.contains(ability), "{ability} is not said to be there: {log}");
    }
}

pub(super) fn a_caller_without_an_offer(corner: &Corner<'_>) {
    let noted = corner.talk(&corner.caller("caller_without_offer"), &phone(corner, "answers"));
    noted.caller(&[" GOT ", "ASKED INVITE 42000 8", " BYE "]);
    corner.expect_calls(&[ANSWERED]);
}

/// A caller who first hears `status`, offering this.
fn offers(corner: &Corner<'_>, status: u16, codecs: &str, lines: &str) -> Sipp {
    corner.caller("caller_offers").with("STATUS", status).with("CODECS", codecs).with("LINES", lines)
}

pub(super) fn no_common_codec(corner: &Corner<'_>) {
    let caller = offers(corner, 182, "RTP/AVP 18", "");
    let noted = corner.talk(&caller, &phone(corner, "busy").with("SPEAKS", "RTP/AVP 18"));
    noted.caller(&["GOT 42000 18", " BYE "]);
    corner.expect_calls(&[SECOND_TRY]);
}

pub(super) fn only_srtp(corner: &Corner<'_>) {
    let key = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";
    let caller = offers(corner, 182, "RTP/SAVP 8", key);
    let noted = corner.talk(&caller, &phone(corner, "busy").with("SPEAKS", "RTP/SAVP 8").with("LINE", key));
    noted.caller(&["GOT 42000 8", " BYE "]);
    noted.phone(&["OFFERED a=crypto:1"]);
    corner.expect_calls(&[SECOND_TRY]);
}

pub(super) fn telephone_events(corner: &Corner<'_>) {
    let events = "a=rtpmap:101 telephone-event/8000";
    let caller = offers(corner, 180, "RTP/AVP 8 101", events);
    let noted =
        corner.talk(&caller, &phone(corner, "answers").with("SPEAKS", "RTP/AVP 8 101").with("LINE", events));
    noted.phone(&["OFFERED a=rtpmap:101"]);
    noted.caller(&["GOT 42000 8 101", "EVENTS telephone-event"]);
    corner.expect_calls(&[ANSWERED]);
}

pub(super) fn digits_by_info(corner: &Corner<'_>) {
    let phone = corner.phone("phone_digits");
    let noted = corner.talk(&corner.caller("caller_digits"), &phone);
    noted.phone(&["DIGIT 5"]);
    noted.caller(&["DIGIT 9", " BYE "]);
    corner.expect_calls(&[ANSWERED]);
}

/// The PBX holds its caller, then moves it; the phone is asked for both, and what it answers comes back.
fn the_pbx_asks(corner: &Corner<'_>, method: &str, confirms: &str) {
    let caller = corner.caller("caller_asks").with("METHOD", method).with("CONFIRMS", confirms);
    let phone =
        corner.phone("phone_listens").with("ALLOW", format!("Allow: INVITE, ACK, BYE, CANCEL, {method}"));
    let noted = corner.talk(&caller, &phone);
    let asked = |what: &str| format!("ASKED {method} {what}");
    noted.phone(&[&asked("40000 8 sendonly"), &asked("40020 0 sendrecv"), " BYE"]);
    noted.caller(&["GOT 42000 8", "GOT 42000 0"]);
    corner.expect_calls(&[ANSWERED]);
}

pub(super) fn the_pbx_reinvites(corner: &Corner<'_>) {
    the_pbx_asks(corner, "INVITE", "acks");
}

pub(super) fn the_pbx_updates(corner: &Corner<'_>) {
    the_pbx_asks(corner, "UPDATE", "needs-no-ack");
}

pub(super) fn the_pbx_reinvites_late(corner: &Corner<'_>) {
    let noted = corner.talk(&corner.caller("caller_asks_late"), &corner.phone("phone_listens"));
    noted.caller(&["GOT 42000 8"]);
    noted.phone(&["ASKED INVITE 40020 8", " BYE"]);
    corner.expect_calls(&[ANSWERED]);
}

pub(super) fn the_phone_refuses_to_move(corner: &Corner<'_>) {
    let caller = corner.caller("caller_asks_in_vain").with("STATUS", 488);
    corner.talk(&caller, &corner.phone("phone_refuses_to_move")).phone(&[" BYE"]);
    corner.expect_calls(&[ANSWERED]);
}

pub(super) fn a_phone_moves(corner: &Corner<'_>) {
    let noted = corner.talk(&corner.caller("caller_listens"), &corner.phone("phone_moves"));
    noted.phone(&["GOT 40000 8", "GOT 40000 8"]);
    noted.caller(&["ASKED INVITE 42010 8", "ASKED INVITE 42020 8", " BYE "]);
    corner.expect_calls(&[ANSWERED]);
}

pub(super) fn a_phone_holds(corner: &Corner<'_>, method: &str, confirms: &str) {
    let phone = corner.phone("phone_asks").with("METHOD", method).with("CONFIRMS", confirms);
    let noted = corner.talk(&corner.caller("caller_listens"), &phone);
    noted.phone(&["GOT 40000 8 inactive", "GOT 40000 8"]);
    noted.caller(&["ASKED INVITE ", "ASKED INVITE 42000 8", "DIGIT 9", " BYE "]);
    corner.expect_calls(&[ANSWERED]);
    let spans =
        format!("SELECT count(*) FROM agent_states WHERE state = 'held' AND agent = '{}'", corner.agent(0));
    assert_eq!(corner.house.router.records().number(&spans), 1);
}

pub(super) fn a_move_meets_the_callers(corner: &Corner<'_>) {
    let noted = corner.talk(&corner.caller("caller_glares"), &phone(corner, "busy").with("TALK", 4_000));
    noted.caller(&["ASKED INVITE 42000 8", " BYE "]);
    corner.expect_calls(&[SECOND_TRY]);
}

pub(super) fn both_sides_ask_at_once(corner: &Corner<'_>) {
    let noted = corner.talk(&corner.caller("caller_asks_twice"), &corner.phone("phone_glares"));
    noted.caller(&["GOT 42000 8"]);
    noted.phone(&["ASKED INVITE 40020 8", " BYE"]);
    corner.expect_calls(&[ANSWERED]);
}

pub(super) fn sessions(corner: &Corner<'_>) {
    let caller = corner.caller("caller_sessions").with("REFRESHER", "uac");
    let noted = corner.talk(&caller, &phone(corner, "answers"));
    noted.caller(&["LEAST 90", "SESSION 90;refresher=uac", "REFRESHED 90;refresher=uac", " BYE "]);
    assert!(!noted.phone.contains(" REINV "), "the other side is not asked: {}", noted.phone);
    corner.expect_calls(&[ANSWERED]);
}

pub(super) fn ringing_is_received(corner: &Corner<'_>) {
    let caller =
        corner.caller("caller_receives_reliably").with("HEADERS", "Require: 100rel").with("STATUS", 180);
    corner.talk(&caller, &phone(corner, "answers").with("RING", 500)).caller(&[" EARLY ", " BYE "]);
    corner.expect_calls(&[ANSWERED]);
}

pub(super) fn early_media_is_received(corner: &Corner<'_>) {
    let caller =
        corner.caller("caller_receives_reliably").with("HEADERS", "Supported: 100rel").with("STATUS", 183);
    let noted = corner.talk(&caller, &phone(corner, "busy"));
    noted.caller(&[" EARLY ", "ASKED INVITE 42000 8", " BYE "]);
    let early = noted.caller.lines().find(|line| line.contains(" EARLY ")).unwrap().trim_end();
    assert!(early.ends_with(|last: char| last.is_ascii_digit()), "no music: {early}");
    corner.expect_calls(&[SECOND_TRY]);
}

pub(super) fn a_phone_demands_prack(corner: &Corner<'_>) {
    let noted = corner.talk(&corner.caller("caller"), &corner.phone("phone_demands_100rel"));
    noted.phone(&["PRACK 7 "]);
    corner.expect_calls(&[ANSWERED]);
}

pub(super) fn a_phone_registers(corner: &Corner<'_>) {
    let registered = || corner.house.router.metric("sambung_phones_registered");
    let others = registered();
    let register = |expires_s: u32, answer: u16| {
        let (ann, phone) = (corner.agent(0), Sipp::new("phone_registers"));
        let phone = phone.dial(&ann).calls(1, 1).with("USER", &ann).with("PASSWORD", PASSWORD);
        let phone = phone.with("PHONE", 5070).with("EXPIRES", expires_s).with("FINAL", answer);
        corner.calls_as("ann", &phone).finished(PATIENCE);
    };
    register(5, 423);
    register(600, 200);
    register(0, 200);
    eventually_is("she is not registered any more", Duration::from_secs(10), &others, registered);
}

pub(super) fn drained(corner: &Corner<'_>) {
    let phone = corner.at(0, &phone(corner, "answers").with("TALK", 1_500));
    let talking = corner.calls(&corner.caller("caller"));
    let answered = || phone.log().contains(" ANS ").then_some(());
    eventually("they talk", Duration::from_secs(10), answered);
    let drain = |method| ask(corner.house.router.ready().operator, method, "/v1/drain", "*/*").status;
    assert_eq!(drain("PUT"), 200);
    let draining = || corner.house.router.metric("sambung_draining");
    eventually_is("draining", Duration::from_secs(10), &Some(1.0), draining);
    let refused = corner.calls_as("next caller", &corner.caller("caller_refused").with("STATUS", 503));
    refused.finished(PATIENCE);
    in_order("who talked already", &talking.finished(PATIENCE), &[" OK ", " BYE "]);
    assert_eq!(drain("DELETE"), 200);
    corner.expect_calls(&[ANSWERED]);
}

pub(super) fn a_phone_refers_in_vain(corner: &Corner<'_>) {
    let phone = corner.phone("phone_refers_in_vain").with("TARGET", "nobody").with("STATUS", 404);
    corner.talk(&corner.caller("caller"), &phone);
    corner.expect_calls(&[ANSWERED]);
}

pub(super) fn a_party_replaces_the_caller(corner: &Corner<'_>) {
    let phone = corner.at(0, &corner.phone("phone_listens"));
    let old = corner.calls(&corner.caller("caller_replaced"));
    let named = || old.log().lines().find_map(|line| Some(line.split_once("C NAMED ")?.1.trim().to_owned()));
    let dialog = eventually("it is answered", PATIENCE, named);
    let in_vain =
        |forged: &str| corner.caller("caller_replaces_in_vain").with("REPLACES", forged).with("STATUS", 481);
    corner.calls_as("forger", &in_vain(&format!("x{dialog}"))).finished(PATIENCE);
    let new = corner.caller("caller_replaces").with("REPLACES", &dialog).with("MEDIA", 40_010);
    let new = corner.calls_as("third", &new);
    old.finished(PATIENCE);
    in_order("the new party", &new.finished(PATIENCE), &["POINTED 42000"]);
    in_order("the phone", &phone.end(), &["ASKED INVITE 40010", " BYE"]);
    corner.expect_calls(&[ANSWERED]);
}

pub(super) fn repeated(corner: &Corner<'_>, caller: &str) {
    corner.talk(&corner.caller(caller), &phone(corner, "answers").with("TALK", 2_500));
    corner.expect_calls(&[ANSWERED]);
}

pub(super) fn a_phone_repeats_itself(corner: &Corner<'_>) {
    let phone = corner.at(0, &corner.phone("phone_repeats").calls(1, 1));
    corner.calls(&corner.caller("caller")).finished(PATIENCE);
    phone.finished(PATIENCE);
    corner.expect_calls(&[ANSWERED]);
}

pub(super) fn an_ack_never_comes(corner: &Corner<'_>) {
    corner.talk(&corner.caller("caller_never_acks"), &phone(corner, "answers").with("TALK", 60_000));
    corner.expect_calls(&[ANSWERED]);
}

pub(super) fn a_prack_never_comes(corner: &Corner<'_>) {
    corner.talk(&corner.caller("caller_never_pracks"), &phone(corner, "answers").with("RING", 60_000));
    corner.expect_calls(&["abandoned|||1|1"]);
}

pub(super) fn we_refresh(corner: &Corner<'_>) {
    let caller = corner.caller("caller_sessions").with("REFRESHER", "uas");
    let noted = corner.talk(&caller, &phone(corner, "answers").with("TALK", 50_000));
    noted.caller(&["SESSION 90;refresher=uas", "ASKED ", " BYE "]);
    corner.expect_calls(&[ANSWERED]);
}

pub(super) fn rung_again(corner: &Corner<'_>) {
    corner.calls(&corner.caller("caller_rung_again")).finished(PATIENCE);
    let messages = corner.messages();
    assert_eq!(messages.matches("SIP/2.0 182 ").count(), 2, "{messages}");
    corner.expect_calls(&["abandoned|||1|0"]);
}
