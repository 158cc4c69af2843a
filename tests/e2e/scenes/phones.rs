//! Scenes of phones that register and are rung where they did, of several at once, and of INVITEs too long for a datagram.

use super::{
    plan::PASSWORD,
    stage::{Corner, PATIENCE, in_order},
};
use harness::{Sipp, SippRun, eventually};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);
/// An attribute that makes descriptions longer, and how many of them fill a datagram.
const FILLER: &str = "a=x-filler:0123456789012345678901234567890123456789\n";
const MANY: usize = 25;

/// A phone of ann's that registers and stays; `called` says what it does when it is rung.
fn registers(corner: &Corner<'_>, name: &str, called: &Sipp) -> SippRun {
    let phone = called.clone().dial(&corner.agent(0)).calls(1, 1).with("USER", corner.agent(0));
    let phone = corner.calls_as(name, &phone.with("PASSWORD", PASSWORD));
    eventually("it is registered", SOON, || phone.log().contains(" REGISTERED").then_some(()));
    phone
}

fn stays(corner: &Corner<'_>, when_called: &str) -> Sipp {
    corner.phone("phone_stays_registered").when_called(when_called)
}

pub(super) fn several_ring(corner: &Corner<'_>) {
    let slow = registers(corner, "ann", &stays(corner, "phone").with("RING", 20_000));
    let busy = registers(corner, "ann's second", &stays(corner, "phone_busy"));
    let quick = registers(corner, "ann's third", &stays(corner, "phone").with("RING", 500));
    corner.calls(&corner.caller("caller")).finished(PATIENCE);
    in_order("the quick phone", &quick.end(), &[" INV ", " ANS ", " HANGUP "]);
    in_order("the busy phone", &busy.end(), &[" REFUSED "]);
    let log = slow.end();
    in_order("the slow phone", &log, &[" INV ", " CANCEL "]);
    assert!(!log.contains(" ANS "), "{log}");
    let slow = corner.trace_of("ann");
    assert!(slow.contains("cause=200"), "it is told that another one has answered (RFC 3326): {slow}");
    corner.expect_calls(&["answered||ann|1|1"]);
    corner.expect_offers(&["ann|accepted"]);
}

/// It believes that it is at an address that nobody outside knows.
pub(super) fn behind_nat(corner: &Corner<'_>) {
    let phone = registers(corner, "ann", &stays(corner, "phone").with("AT", "192.0.2.77:5070"));
    corner.calls(&corner.caller("caller")).finished(PATIENCE);
    in_order("the phone", &phone.end(), &[" INV ", " ANS ", " HANGUP "]);
    corner.expect_calls(&["answered||ann|1|1"]);
}

fn says_much(corner: &Corner<'_>) -> Sipp {
    corner
        .caller("caller_offers")
        .with("STATUS", 180)
        .with("CODECS", "RTP/AVP 8")
        .with("LINES", FILLER.repeat(MANY).trim_end())
}

pub(super) fn a_long_invite(corner: &Corner<'_>) {
    let phone = corner.at_on_connections(0, &corner.phone("phone"));
    corner.calls(&says_much(corner)).finished(PATIENCE);
    in_order("the phone", &phone.end(), &[" INV ", " ANS ", " HANGUP "]);
    let trace = corner.trace_of("ann");
    let invite = trace.split("-----\n").find(|message| message.contains("\nINVITE ")).unwrap_or(&trace);
    assert!(trace.contains("TCP message received") && !trace.contains("UDP message"), "{trace}");
    assert!(invite.contains("Via: SIP/2.0/TCP") && invite.len() > 1_300, "{invite}");
    let callers = corner.trace_of("caller");
    assert!(callers.contains("UDP message sent") && !callers.contains("TCP message"), "{callers}");
    corner.expect_calls(&["answered||ann|1|1"]);
    corner.expect_offers(&["ann|accepted"]);
}

pub(super) fn a_long_invite_by_datagram(corner: &Corner<'_>) {
    let phone = corner.at(0, &corner.phone("phone"));
    corner.calls(&says_much(corner)).finished(PATIENCE);
    in_order("the phone", &phone.end(), &[" INV ", " ANS ", " HANGUP "]);
    let trace = corner.trace_of("ann");
    assert!(trace.contains("Via: SIP/2.0/UDP"), "{trace}");
    corner.expect_calls(&["answered||ann|1|1"]);
    corner.expect_offers(&["ann|accepted"]);
}
