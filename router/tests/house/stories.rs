//! What seeds have found, told alone: one caller, and a process that dies at every point there is. What needs a whole
//! floor is played as it was found.

use crate::{play, world::World};
use acd::plan::Presence;

/// Effects of a call until it is answered, with some to spare.
const EFFECTS: u32 = 24;

/// Found by seed 112: the answer with music stood in the records, the call did not stand in the log, and the caller was
/// told that the call was lost.
#[test]
fn a_caller_whose_answer_was_stored_and_never_sent_is_taken_anew() {
    for seed in 0..4 {
        for dies_after in 0..EFFECTS {
            let end = World::story(seed, 1, Presence::Desk, dies_after).run();
            assert_eq!((end.calls, end.served), (1, 1), "seed {seed}, effect {dies_after}");
        }
    }
}

/// Found by seed 250: the INVITE of the second attempt stood in the records, its offer did not stand in the log; the next
/// second attempt took that one's name, and no phone rang for it.
#[test]
fn an_attempt_that_was_stored_and_never_made_takes_nobody_elses_name() {
    for seed in 0..4 {
        for dies_after in 0..EFFECTS {
            let end = World::story(seed, 2, Presence::Always, dies_after).run();
            // Every phone that is rung says something at once.
            let wanted = (1, 1, 0);
            assert_eq!((end.calls, end.served, end.rung_out), wanted, "seed {seed}, effect {dies_after}");
        }
    }
}

/// A caller who had been given away waited, with music, in a queue whose callers hear their own ringing tone; after a restart
/// it was treated like one of those, and heard nothing.
#[test]
fn who_was_answered_once_hears_music_again_in_a_queue_that_rings() {
    for seed in [2454, 2547, 3348] {
        let _ = play(seed, None);
    }
}

/// A caller who waited with music was on offer again in the very event with which the process came back, and heard nothing
/// until somebody answered.
#[test]
fn who_is_offered_as_soon_as_the_process_is_back_hears_music_until_somebody_answers() {
    let _ = play(57_426, None);
}

/// The 200 to a re-INVITE of the process before came to the next one: the caller had begun its session anew with it, and was
/// hung up on at the end of the old one.
#[test]
fn a_session_that_was_refreshed_across_a_restart_lasts() {
    let _ = play(11_286, None);
}

/// A process that slept over a refresh of its own, in a stall or because the machine did, ended the talk when it woke,
/// instead of sending it late.
#[test]
fn a_session_whose_refresh_was_slept_over_lasts() {
    for seed in [83_376, 85_350] {
        let _ = play(seed, None);
    }
}
