//! The scenes, one a behaviour.

use super::{
    acts::*,
    away::*,
    forged::nothing_comes_of_it,
    phones::*,
    pieces::messages_in_pieces,
    plan::Plan,
    stage::{Corner, DATAGRAMS, EVERYWHERE, STREAMS, Scene},
    trunks::*,
};

/// A scene with one agent, at a queue as it comes.
const fn scene(shows: &'static str, play: fn(&Corner<'_>)) -> Scene {
    let (more, over) = (nothing_more as fn(&Plan) -> String, EVERYWHERE);
    let (others, trunk, desks, alone) = (0, None, false, false);
    Scene { shows, queue: &[], agents: 1, others, more, trunk, desks, alone, over, play }
}

fn nothing_more(_: &Plan) -> String {
    String::new()
}

/// A scene with two agents at desks.
const fn desks(shows: &'static str, play: fn(&Corner<'_>)) -> Scene {
    Scene { agents: 2, desks: true, ..scene(shows, play) }
}

/// Ann at a queue, and a gateway to numbers outside.
const fn gateway(shows: &'static str, play: fn(&Corner<'_>)) -> Scene {
    Scene { others: 1, more: Plan::gateway, ..scene(shows, play) }
}

/// Ann at a queue, and ben at another one.
const fn sales(shows: &'static str, play: fn(&Corner<'_>)) -> Scene {
    Scene { others: 1, more: Plan::sales, ..scene(shows, play) }
}

/// Ann, whose phones register.
const fn registered(shows: &'static str, play: fn(&Corner<'_>)) -> Scene {
    Scene { agents: 0, more: Plan::registered, ..scene(shows, play) }
}

/// A trunk at its place, and nobody else.
const fn carrier(shows: &'static str, more: fn(&Plan) -> String, play: fn(&Corner<'_>)) -> Scene {
    Scene { agents: 0, others: 1, more, ..scene(shows, play) }
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
    Scene { alone: true, ..registered("A phone registers with digest (401, 423)", a_phone_registers) },
    registered("All phones of an agent ring, the first that answers has the call", several_ring),
    registered("A phone behind NAT is rung where its registration came from", behind_nat),
    Scene { over: DATAGRAMS, ..scene("A long INVITE goes over TCP (RFC 3261 §18.1.1)", a_long_invite) },
    Scene {
        over: DATAGRAMS,
        ..scene("A long INVITE is a datagram where nobody takes the connection", a_long_invite_by_datagram)
    },
    Scene {
        agents: 0,
        over: STREAMS,
        ..scene("Messages in pieces, several in one, keep-alives (CRLF)", messages_in_pieces)
    },
    // Trunks.
    Scene { trunk: Some(PROVES), ..scene("A trunk proves who it is (401)", a_trunk_proves_itself) },
    Scene {
        agents: 0,
        trunk: Some(ONE_CALL),
        ..scene("A trunk has no more calls than it may (503)", a_trunk_is_full)
    },
    Scene {
        others: 1,
        more: Plan::carrier,
        ..scene("A gateway asks who we are (401), for INVITE, re-INVITE and BYE", a_gateway_asks_who_we_are)
    },
    Scene { alone: true, ..scene("Draining: 503 for new calls, the others go on", drained) },
    // Changes of a call.
    scene("The PBX holds, moves address and codec by re-INVITE", the_pbx_reinvites),
    scene("The PBX holds, moves address and codec by UPDATE", the_pbx_updates),
    scene("The PBX re-INVITEs without a description", the_pbx_reinvites_late),
    scene("The phone refuses what the PBX asks for (488)", the_phone_refuses_to_move),
    scene("A phone moves, with a description and without", a_phone_moves),
    scene("A phone holds and retrieves by re-INVITE", |corner| a_phone_holds(corner, "INVITE", "acks")),
    scene("A phone holds and retrieves by UPDATE", |corner| a_phone_holds(corner, "UPDATE", "needs-no-ack")),
    Scene { desks: true, ..scene("The desk holds and retrieves", a_desk_holds) },
    scene("A caller's re-INVITE meets ours (491), which comes again", a_move_meets_the_callers),
    scene("Re-INVITEs of both sides meet (491)", both_sides_ask_at_once),
    scene("A session too short (422), and one that is refreshed", sessions),
    // Provisional responses.
    scene("A caller demands reliable responses (PRACK)", ringing_is_received),
    Scene { queue: EARLY, ..scene("Early media, received reliably (PRACK)", early_media_is_received) },
    scene("A phone demands PRACK", a_phone_demands_prack),
    // What becomes of a call.
    Scene { agents: 2, ..scene("Blind transfer by a phone (REFER)", a_phone_refers_to_a_colleague) },
    sales("Blind transfer by a phone to a queue", a_phone_refers_to_a_queue),
    gateway("Blind transfer by a phone to a number outside", a_phone_refers_outside),
    Scene { agents: 2, ..gateway("A number outside that is busy: the caller waits again", outside_is_busy) },
    Scene {
        agents: 2,
        ..scene("Attended transfer by a phone (REFER with Replaces)", a_phone_refers_attended)
    },
    desks("Blind transfer at the desk", a_desk_gives_to_a_colleague),
    Scene { desks: true, ..sales("Blind transfer at the desk to a queue", a_desk_gives_to_a_queue) },
    Scene { desks: true, ..gateway("Blind transfer at the desk to a number outside", a_desk_gives_outside) },
    desks("The desk consults, and goes back to the caller", she_asks_and_goes_back),
    desks("The desk consults, and takes it back while the phone rings", she_asks_and_takes_it_back),
    desks("The desk consults somebody who hangs up", who_is_asked_hangs_up),
    desks("The desk consults somebody who refuses", who_is_asked_refuses),
    desks("The desk consults, and puts the caller through", she_asks_and_puts_through),
    Scene {
        desks: true,
        ..gateway(
            "The desk consults a number outside, and her phone hangs up",
            she_asks_outside_and_puts_through,
        )
    },
    scene("A REFER that is refused", a_phone_refers_in_vain),
    scene("Another party takes the caller's place (Replaces)", a_party_replaces_the_caller),
    // Malice and loss.
    scene("Forged BYE, CANCEL, re-INVITE, UPDATE, INFO, REFER, responses", nothing_comes_of_it),
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

/// Scenes that wait for timers, of SIP or of ours.
pub(crate) const SLOW: &[Scene] = &[
    scene("No ACK in 32 s: BYE", an_ack_never_comes),
    Scene { queue: &[("ring", "1m")], ..scene("No PRACK in 32 s: 504", a_prack_never_comes) },
    scene("We refresh a session of 90 s", we_refresh),
    carrier("A trunk is probed (OPTIONS): up, and down", Plan::probes, a_trunk_is_probed),
    carrier("A carrier registers us (401, 423), and again", Plan::registers, we_register),
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
