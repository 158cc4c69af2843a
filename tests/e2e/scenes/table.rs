//! The scenes, one a behaviour.

use super::{
    acts::*,
    forged::nothing_comes_of_it,
    stage::{Corner, DATAGRAMS, EVERYWHERE, IN_THE_CLEAR, Scene},
};

/// A scene with one agent, at a queue as it comes.
const fn scene(shows: &'static str, play: fn(&Corner<'_>)) -> Scene {
    Scene { shows, queue: &[], agents: 1, desks: false, alone: false, over: EVERYWHERE, play }
}

/// Everything that is played.
pub(crate) const SCENES: &[Scene] = &[
    // Calls.
    scene("An idle agent answers; she hangs up", an_agent_hangs_up),
    scene("The caller hangs up", a_caller_hangs_up),
    scene("A waiting caller hears music, then the agent", a_waiting_caller_is_moved),
    scene("A caller gives up while the phone rings (CANCEL)", a_caller_cancels),
    scene("A CANCEL crosses the caller's 200", a_cancel_comes_too_late),
    scene("A phone answers as it is cancelled", a_phone_answers_as_it_is_cancelled),
    Scene { queue: RING_1S, ..scene("RONA: the phone rings out, the caller waits on", a_phone_rings_out) },
    Scene { agents: 2, queue: RING_1S, ..scene("RONA, then the next agent", the_next_agent_answers) },
    scene("Phones refuse: 302, 305, 401, 404, 480, 486, 503, 600, 603", phones_refuse),
    scene("Two phones answer at once (forked 2xx)", a_phone_forks),
    Scene { agents: 0, queue: PATIENT_1S, ..scene("Refused after the wait: BYE with its reason", sent_away) },
    Scene {
        agents: 0,
        queue: RINGING_1S,
        ..scene("Refused after the wait: 480 before an answer", turned_away)
    },
    Scene { agents: 0, ..scene("An entry takes no more calls than it may have (503)", an_entry_is_full) },
    scene("A number that leads nowhere (404)", a_wrong_number),
    scene("A probe (OPTIONS)", a_probe),
    // Media.
    scene("An INVITE without a description", a_caller_without_an_offer),
    scene("No codec in common with our music: 182 and no refusal", no_common_codec),
    scene("Only SAVP offered: 182, and the phone's answer", only_srtp),
    scene("Digits as telephone events (RFC 4733)", telephone_events),
    scene("Digits by INFO, both ways", digits_by_info),
    // Phones that register, and the house that closes.
    Scene { agents: 0, ..scene("A phone registers with digest (401, 423)", a_phone_registers) },
    Scene { alone: true, ..scene("Draining: 503 for new calls, the others go on", drained) },
    // Changes of a call.
    scene("The PBX holds, moves address and codec by re-INVITE", the_pbx_reinvites),
    scene("The PBX holds, moves address and codec by UPDATE", the_pbx_updates),
    scene("The PBX re-INVITEs without a description", the_pbx_reinvites_late),
    scene("The phone refuses what the PBX asks for (488)", the_phone_refuses_to_move),
    scene("A phone moves, with a description and without", a_phone_moves),
    scene("A phone holds and retrieves by re-INVITE", |corner| a_phone_holds(corner, "INVITE", "acks")),
    scene("A phone holds and retrieves by UPDATE", |corner| a_phone_holds(corner, "UPDATE", "needs-no-ack")),
    scene("A caller's re-INVITE meets ours (491), which comes again", a_move_meets_the_callers),
    scene("Re-INVITEs of both sides meet (491)", both_sides_ask_at_once),
    scene("A session too short (422), and one that is refreshed", sessions),
    // Provisional responses.
    scene("A caller demands reliable responses (PRACK)", ringing_is_received),
    Scene { queue: EARLY, ..scene("Early media, received reliably (PRACK)", early_media_is_received) },
    scene("A phone demands PRACK", a_phone_demands_prack),
    // What becomes of a call.
    Scene { agents: 2, ..scene("Blind transfer by a phone (REFER)", a_phone_refers) },
    Scene { agents: 2, desks: true, ..scene("Blind transfer at the desk", an_agent_transfers_at_her_desk) },
    scene("A REFER that is refused", a_phone_refers_in_vain),
    scene("Another party takes the caller's place (Replaces)", a_party_replaces_the_caller),
    // Malice and loss.
    Scene {
        over: IN_THE_CLEAR,
        ..scene("Forged BYE, CANCEL, re-INVITE, UPDATE, INFO, REFER, responses", nothing_comes_of_it)
    },
    Scene {
        over: DATAGRAMS,
        ..scene("An INVITE comes three times", |corner| repeated(corner, "caller_duplicates"))
    },
    Scene { over: DATAGRAMS, ..scene("A 200 is lost", |corner| repeated(corner, "caller_misses_200")) },
    Scene { over: DATAGRAMS, ..scene("An ACK comes late", |corner| repeated(corner, "caller_late_ack")) },
    Scene {
        over: DATAGRAMS,
        ..scene("A phone's ringing comes twice, and after its answer", a_phone_repeats_itself)
    },
];

/// Scenes that wait for SIP's own timers, over UDP alone.
pub(crate) const SLOW: &[Scene] = &[
    scene("No ACK in 32 s: BYE", an_ack_never_comes),
    Scene { queue: &[("ring", "1m")], ..scene("No PRACK in 32 s: 504", a_prack_never_comes) },
    scene("We refresh a session of 90 s", we_refresh),
    Scene {
        agents: 0,
        queue: &[("treatment", "ringing")],
        ..scene("A ringing tone is said again every minute", rung_again)
    },
];

const RING_1S: &[(&str, &str)] = &[("ring", "1s")];
const PATIENT_1S: &[(&str, &str)] = &[("answer_within", "1s"), ("max_wait", "1s")];
const RINGING_1S: &[(&str, &str)] = &[("answer_within", "1s"), ("max_wait", "1s"), ("treatment", "ringing")];
const EARLY: &[(&str, &str)] = &[("treatment", "early-media")];
