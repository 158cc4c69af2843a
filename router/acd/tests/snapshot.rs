//! Everything the brain remembers, in bytes and back.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use acd::{
    Acd, AgentState, Event, SnapshotError, VisitOutcome,
    effect::FlowOut,
    plan::{QueuePlan, Then},
    sim::{Floor, a_queue, an_agent, shift},
    snapshot::VERSION,
};
use std::time::Duration;

/// A floor in the midst of a shift.
fn a_busy_floor() -> Floor {
    let mut floor = Floor::with(
        vec![a_queue("billing"), a_queue("sales")],
        vec![an_agent("ann", &[("billing", 5)]), an_agent("ben", &[])],
    );
    floor.ready("ann");
    floor.ready("ben");
    let talks = floor.call("billing");
    floor.answer(talks);
    floor.call("sales");
    floor.call("billing");
    floor
}

#[test]
fn a_brain_that_has_seen_nothing_and_one_in_the_midst_of_a_shift_come_back_as_they_were() {
    for acd in [&Acd::new(), a_busy_floor().acd()] {
        let restored = Acd::restore(&acd.snapshot().unwrap()).unwrap();
        assert_eq!(&restored, acd);
        assert_eq!(restored.state_hash().unwrap(), acd.state_hash().unwrap());
        assert_eq!(restored.snapshot().unwrap(), acd.snapshot().unwrap());
    }
}

#[test]
fn the_rest_of_a_log_read_from_a_snapshot_gives_the_same_brain_as_the_whole_log() {
    for seed in 0..60 {
        let shift = shift::play(seed, 120);
        let (mut whole, mut snapshot) = (Acd::new(), Vec::new());
        for (entry, place) in shift.log.iter().zip(0..) {
            whole.apply(entry);
            if place == shift.log.len() / 2 {
                snapshot = whole.snapshot().unwrap();
            }
        }
        let mut rest = Acd::restore(&snapshot).unwrap();
        let from = usize::try_from(rest.entries()).unwrap();
        for entry in &shift.log[from..] {
            assert_eq!(rest.replay(entry).err(), None, "seed {seed}");
        }
        assert_eq!(rest, whole, "seed {seed}");
    }
}

#[test]
fn a_queue_that_has_left_the_plan_keeps_its_promises_to_those_who_wait_in_it() {
    let leaving = QueuePlan {
        max_wait: Duration::from_secs(60),
        then: Then::Queue("sales".to_owned()),
        needs: "billing".parse().unwrap(),
        ..a_queue("billing")
    };
    let agents = vec![an_agent("ann", &[("billing", 5)]), an_agent("ben", &[])];
    let mut floor = Floor::with(vec![leaving, a_queue("sales")], agents);
    let (served, waits) = (floor.call("billing"), floor.call("billing"));
    let mut plan = floor.acd().plan().clone();
    plan.queues.remove(0);
    plan.entries.remove(0);
    floor.must(Event::PlanChanged { plan: Box::new(plan) });
    let mut restored = Acd::restore(&floor.acd().snapshot().unwrap()).unwrap();
    let wanted = restored.directory().queue_no("billing").unwrap();
    assert_eq!(restored.queue_plan(wanted), floor.acd().queue_plan(wanted));
    let due = restored.next_deadline().unwrap();
    let effects = restored.handle(Event::DeadlinePassed, due).unwrap().effects;
    let left = effects.facts.iter().filter(|fact| {
        matches!(fact, acd::Fact::QueueLeft(visit) if visit.outcome == VisitOutcome::FlowOut(FlowOut::Overflow))
    });
    assert_eq!(left.count(), 2, "{served} and {waits} move on as was promised");
}

#[test]
fn agents_who_have_left_the_plan_keep_their_numbers() {
    let mut floor = a_busy_floor();
    let mut plan = floor.acd().plan().clone();
    plan.agents.remove(0);
    floor.must(Event::PlanChanged { plan: Box::new(plan) });
    let restored = Acd::restore(&floor.acd().snapshot().unwrap()).unwrap();
    assert_eq!(restored.directory().agent_no("ben"), floor.acd().directory().agent_no("ben"));
    let ann = restored.agent(floor.agent("ann")).unwrap();
    assert!(matches!(ann.state(), AgentState::Talking { .. }), "she still has her caller");
}

#[test]
fn a_snapshot_of_another_version_is_refused_by_its_number() {
    let mut bytes = a_busy_floor().acd().snapshot().unwrap();
    assert_eq!(u32::from(bytes[0]), VERSION, "the version comes first, in one byte");
    bytes[0] = 99;
    let refused = Acd::restore(&bytes).unwrap_err();
    assert!(matches!(refused, SnapshotError::Version { found: 99 }));
    let said = refused.to_string();
    assert!(said.contains("version 99") && said.contains(&format!("to {VERSION}")), "{said}");
}

#[test]
fn a_snapshot_that_was_cut_off_or_has_something_behind_it_is_refused() {
    let bytes = a_busy_floor().acd().snapshot().unwrap();
    for length in 0..bytes.len() {
        let cut = Acd::restore(&bytes[..length]);
        assert!(matches!(cut, Err(SnapshotError::Unreadable(_))), "cut at {length}: {cut:?}");
    }
    let longer = [&bytes[..], &[0xc0]].concat();
    assert!(matches!(Acd::restore(&longer), Err(SnapshotError::Damaged { .. })));
}

#[test]
fn no_damaged_byte_brings_anything_down() {
    let bytes = a_busy_floor().acd().snapshot().unwrap();
    for place in 0..bytes.len() {
        for damage in [0x00, 0x01, 0x7f, 0x80, 0x90, 0xc0, 0xdd, 0xdf, 0xff] {
            let mut damaged = bytes.clone();
            damaged[place] ^= damage;
            if let Ok(acd) = Acd::restore(&damaged) {
                assert_eq!(acd.agents().count(), acd.directory().agent_count());
            }
        }
    }
}

#[test]
fn a_field_of_a_later_version_is_passed_over() {
    // The memory is a map with its fields by name: one more of them, and its length one higher.
    let mut bytes = Acd::new().snapshot().unwrap();
    assert_eq!(bytes[1] & 0xf0, 0x80, "a short map");
    bytes[1] += 1;
    bytes.extend(rmp_serde::to_vec("mood").unwrap());
    bytes.extend(rmp_serde::to_vec(&7).unwrap());
    assert_eq!(Acd::restore(&bytes).unwrap(), Acd::new());
}
