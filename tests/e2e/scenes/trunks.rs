//! Scenes of trunks: who they are, who we are there, whether they are there, how many calls they may have.

use super::{
    plan::{CARRIERS_PASSWORD, USER},
    stage::{Corner, PATIENCE, in_order},
};
use harness::{Sipp, eventually, eventually_is};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);
/// A trunk is asked every five seconds, and counts as gone when it has been silent twice.
const PROBES: Duration = Duration::from_secs(40);

/// The user and the password of [`PROVES`].
const PEER: (&str, &str) = ("branch", "Lk2-Rt5w-Zn8");
/// The keys of a trunk that has to show who it is.
pub(super) const PROVES: &str =
    "requires = \"digest\"\npeer_user = \"branch\"\npeer_password = \"Lk2-Rt5w-Zn8\"\n";
/// Of one that may have a single call.
pub(super) const ONE_CALL: &str = "calls = 1\n";

pub(super) fn a_trunk_proves_itself(corner: &Corner<'_>) {
    let caller = |scenario: &str, password: &str| {
        corner.caller(scenario).with("USER", PEER.0).with("PASSWORD", password)
    };
    corner.calls_as("stranger", &caller("caller_proves_in_vain", "not-the-password")).finished(PATIENCE);
    let noted = corner.talk(&caller("caller_proves", PEER.1), &corner.phone("phone"));
    noted.caller(&[" OK ", " BYE "]);
    corner.expect_calls(&["answered||ann|1|1"]);
}

pub(super) fn a_trunk_is_full(corner: &Corner<'_>) {
    let waits = corner.calls(&corner.caller("caller_gives_up").with("WAIT", 2_000));
    eventually("a caller waits", SOON, || waits.log().contains(" OK ").then_some(()));
    let refused = corner.calls_as("second caller", &corner.caller("caller_refused").with("STATUS", 503));
    refused.finished(PATIENCE);
    waits.finished(PATIENCE);
    corner.expect_calls(&["abandoned|||1|0"]);
}

pub(super) fn a_gateway_asks_who_we_are(corner: &Corner<'_>) {
    let mobile = corner.plan().mobile();
    let phone = corner.at(0, &corner.phone("phone_refers").with("TARGET", &mobile).calls(1, 1));
    let gateway = Sipp::new("gateway_asks").with("PASSWORD", CARRIERS_PASSWORD).with("SPEAKS", "RTP/AVP 8 0");
    let gateway = corner.at_as(1, "gateway", &gateway.calls(1, 1));
    let caller = corner.calls(&corner.caller("caller_leaves").with("TIMES", 2).with("STAY", 700));
    caller.finished(PATIENCE);
    phone.finished(PATIENCE);
    let told = [
        format!(" INVITE {mobile} 2 PROVEN true "),
        format!(" ACK {USER} "),
        " REINVITE PROVEN true ".to_owned(),
        " BYE PROVEN true ".to_owned(),
    ];
    in_order("the gateway", &gateway.finished(PATIENCE), &told.each_ref().map(String::as_str));
    corner.expect_transfers(&["outside|mobiles|completed||0"]);
}

pub(super) fn a_trunk_is_probed(corner: &Corner<'_>) {
    let carrier = corner.plan().name("carrier");
    let state = |state: &str| {
        let series = format!("sambung_trunk_state{{state=\"{state}\",trunk=\"{carrier}\"}}");
        corner.house.router.metric(&series)
    };
    let trunk = corner.at_as(0, "carrier", &Sipp::new("probed_again").with("STATUS", 404));
    eventually_is("up", PROBES, &Some(1.0), || state("up"));
    trunk.end();
    eventually_is("down", PROBES, &Some(1.0), || state("down"));
}

/// It is not there when we try first.
pub(super) fn we_register(corner: &Corner<'_>) {
    let registrar = Sipp::new("registrar_renews").with("PASSWORD", CARRIERS_PASSWORD).with("EXPIRES", 10);
    let log = corner.at_as(0, "carrier", &registrar.calls(1, 1)).finished(PATIENCE);
    in_order("the carrier", &log, &[" PROVEN true ", " ASKED 7200 ", " RENEWED true "]);
    let series = format!("sambung_trunk_registered{{trunk=\"{}\"}}", corner.plan().name("carrier"));
    eventually_is("registered", SOON, &Some(1.0), || corner.house.router.metric(&series));
}
