//! Seeded bugs: ways to get the order of things wrong, each of which the simulation has to find.

use crate::machine::{Simulated, State};
use acd::Acd;
use bytes::Bytes;
use router::{brain::Brain, live::Left, log::Reader};
use sip::{
    LegKey,
    wire::{Message, Method},
};
use std::{path::Path, time::Duration};

/// A bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sabotage {
    /// What is sent leaves before its entry is in the log.
    SentBeforeCommit,
    /// Legs are written after the log, and not before.
    LiveAfterLog,
    /// CSeq does not jump in dialogs of a process before.
    CseqNotJumped,
    /// The orders of the log are carried out again when it is read.
    EffectsNotMuted,
    /// Who waited for the longest time comes last after a restart.
    PlaceLost,
    /// A late 2xx is neither acknowledged nor ended.
    LateAnswerNotEnded,
    /// Phones that rang are not cancelled after a restart.
    RingingNotCancelled,
    /// After a restart the clock goes by the wall.
    ClockNotAnchored,
    /// Timers go by the wall clock.
    TimersByTheWall,
    /// What could not be written is not written later.
    RefusedEntriesDropped,
    /// Legs that are over stay in the live file.
    LegsNotForgotten,
    /// Callers who wait get no music again after a restart.
    NoMusicAfterRestart,
    /// A deadline that was set before a restart never comes.
    DeadlineLost,
    /// Records are written, and only then how far they go.
    RecordsWrittenTwice,
    /// How far records go is written before they are.
    RecordsLost,
}

impl Sabotage {
    /// Whether it writes the log anew, so that deciding it again proves nothing.
    pub const fn rewrites(self) -> bool {
        matches!(self, Self::PlaceLost | Self::DeadlineLost)
    }
}

/// All of them.
pub const ALL: [Sabotage; 15] = [
    Sabotage::SentBeforeCommit,
    Sabotage::LiveAfterLog,
    Sabotage::CseqNotJumped,
    Sabotage::EffectsNotMuted,
    Sabotage::PlaceLost,
    Sabotage::LateAnswerNotEnded,
    Sabotage::RingingNotCancelled,
    Sabotage::ClockNotAnchored,
    Sabotage::TimersByTheWall,
    Sabotage::RefusedEntriesDropped,
    Sabotage::LegsNotForgotten,
    Sabotage::NoMusicAfterRestart,
    Sabotage::DeadlineLost,
    Sabotage::RecordsWrittenTwice,
    Sabotage::RecordsLost,
];

/// What a process before has left, as a wrong one reads it; legs that it forgets.
pub fn on_what_is_left(sabotage: Option<Sabotage>, left: &mut Left) -> Vec<LegKey> {
    match sabotage {
        Some(Sabotage::RingingNotCancelled) => {
            return left
                .legs
                .extract_if(.., |_, record| record.dialog.is_none())
                .map(|(key, _)| key)
                .collect();
        }
        Some(Sabotage::ClockNotAnchored) => left.clock = None,
        _ => {}
    }
    Vec::new()
}

/// A datagram as a wrong process sends it, if it does.
pub fn on_the_wire(state: &State, bytes: Bytes) -> Option<Bytes> {
    match state.sabotage {
        Some(Sabotage::CseqNotJumped) if !bytes.starts_with(b"SIP/2.0") => Some(jump_back(&bytes)),
        Some(Sabotage::LateAnswerNotEnded) => (!ends_late_answer(&bytes)).then_some(bytes),
        _ => Some(bytes),
    }
}

/// The request, numbered as if every process began anew.
fn jump_back(bytes: &Bytes) -> Bytes {
    let Ok(message) = Message::parse(bytes.clone()) else { return bytes.clone() };
    let (seq, method) = message.cseq();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let (said, low) = (format!("CSeq: {seq} {method}"), format!("CSeq: {} {method}", seq % 65_536));
    Bytes::from(text.replacen(&said, &low, 1))
}

/// A BYE that says why nobody wants an answer any more.
fn ends_late_answer(bytes: &Bytes) -> bool {
    let Ok(message) = Message::parse(bytes.clone()) else { return false };
    let reason = message.header(sip::wire::Name::Reason).unwrap_or_default();
    message.status().is_none()
        && message.method() == Method::Bye
        && reason.windows(9).any(|part| part == b"cause=487" || part == b"cause=408")
}

/// The orders of the whole log once more.
pub fn carry_out_again(folder: &Path, brain: &mut Brain<Simulated>) {
    let mut again = Acd::new();
    for entry in entries(folder) {
        for order in again.apply(&entry).orders {
            brain.sip().carry_out(&order, entry.at);
        }
    }
}

/// Writes the log anew as if wrap-ups had been promised another day, if somebody is in one.
pub fn lose_deadlines(folder: &Path) {
    let mut all = entries(folder);
    let mut acd = Acd::new();
    all.iter().for_each(|entry| drop(acd.apply(entry)));
    let wraps_up = |agent: &acd::Agent| matches!(agent.state(), acd::AgentState::WrapUp { .. });
    if !acd.agents().any(|(_, agent)| wraps_up(agent)) {
        return;
    }
    for entry in &mut all {
        if let acd::Event::PlanChanged { plan } = &mut entry.event {
            plan.queues.iter_mut().for_each(|queue| queue.wrap_up += Duration::from_secs(86_400));
        }
    }
    write_anew(folder, &all);
}

/// Writes the log anew in which the call that waits for the longest time has come just now.
pub fn lose_the_first_place(folder: &Path) {
    let mut all = entries(folder);
    let mut acd = Acd::new();
    all.iter().for_each(|entry| drop(acd.apply(entry)));
    let waits = |call: &&acd::Call| matches!(call.state(), acd::call::CallState::Queued);
    let first = acd.calls().filter(waits).min_by_key(|call| call.arrived()).map(acd::Call::id);
    let (Some(first), Some(last)) = (first, all.last().map(|entry| entry.at)) else { return };
    for entry in &mut all {
        if matches!(&entry.event, acd::Event::CallArrived { call, .. } if *call == first) {
            entry.at = last;
        }
    }
    write_anew(folder, &all);
}

fn write_anew(folder: &Path, all: &[acd::Entry]) {
    for (_, path) in router::log::segments(folder).unwrap() {
        std::fs::remove_file(path).unwrap();
    }
    for (_, path) in router::states::list(folder).unwrap() {
        std::fs::remove_file(path).unwrap();
    }
    let mut log = router::recovery::recover(folder).unwrap().log;
    all.iter().for_each(|entry| log.append(entry).unwrap());
    log.commit();
}

/// Everything in the log.
pub fn entries(folder: &Path) -> Vec<acd::Entry> {
    let mut reader = Reader::after(folder, 0).unwrap();
    let mut all = Vec::new();
    loop {
        let some = reader.read(1_000).unwrap();
        if some.is_empty() {
            return all;
        }
        all.extend(some);
    }
}
