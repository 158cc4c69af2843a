//! What must hold when everybody has gone home: nothing is left, nobody is stuck, and the log tells one story.

use crate::{
    plan::Weather,
    process::Process,
    sabotage::{Sabotage, entries},
    ua::State,
    world::{End, World},
};
use acd::{Acd, Event, Fact, OfferOutcome, sim::Ledger};
use router::live::LiveFile;
use std::{
    collections::BTreeSet,
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

impl World {
    /// Checks the end; gives what came of the seed.
    pub fn close(&mut self) -> End {
        let mut process = self.process.take().expect("it runs in the end");
        self.check_people();
        check_process(&mut process);
        for desk in &self.desks {
            let is = process.brain.acd().agent(desk.agent).map(acd::Agent::state);
            assert_eq!(desk.stands(), is, "the desktop of {:?} shows something else", desk.agent);
        }
        let hash = process.brain.acd().state_hash().unwrap();
        process.follower.follow(&self.machine, &mut self.shelf);
        drop(process);
        let (_, left) = LiveFile::open(self.folder.path()).unwrap();
        assert!(left.callers.is_empty() && left.legs.is_empty(), "still stored: {left:?}");
        let (calls, rung_out) = self.check_log(&hash);
        let served = self.books.legs.values().filter(|leg| leg.joined).map(|leg| &leg.call);
        let served = served.collect::<BTreeSet<_>>().len();
        let mut seen = DefaultHasher::new();
        (self.seen.finish(), hash).hash(&mut seen);
        entries(self.folder.path()).iter().for_each(|entry| format!("{entry:?}").hash(&mut seen));
        End {
            digest: seen.finish(),
            calls,
            served,
            rung_out,
            restarts: self.restarts,
            turns: self.books.turns,
            heard: self.heard,
            lossy: self.lossy,
        }
    }
    fn check_people(&self) {
        for (name, ua) in &self.uas {
            assert!(ua.is_quiet(), "{name} is left: {}", ua.describe());
            let fair = self.weather == Weather::Fair && !self.lossy;
            assert!(!(fair && ua.unheard), "{name} was never acknowledged");
            assert!(!(fair && ua.expired), "nobody refreshed the session of {name}");
            assert!(ua.finals.len() <= 1, "{name} heard {:?}", ua.finals);
            let one = ua.is_phone() || ua.vanished || ua.finals.len() == 1 || self.weather != Weather::Fair;
            assert!(one || self.restarts > 0, "{name} heard nothing");
            assert!(ua.state != State::Up || ua.vanished, "{name} talks on");
        }
        for (name, caller) in &self.books.callers {
            // An INVITE may come again so late that its call has ended before a restart.
            let late = self.lossy || (self.weather == Weather::Storm && self.restarts > 0);
            assert!(caller.calls.len() <= 1 || late, "{name} was taken for several: {caller:?}");
        }
    }
    /// One story, told by the log alone: everybody was recorded once, and deciding again comes to the same.
    /// Gives the calls, and the offers that nobody answered.
    fn check_log(&self, hash: &str) -> (usize, usize) {
        let all = entries(self.folder.path());
        let rewritten = self.machine.state().sabotage.is_some_and(Sabotage::rewrites);
        let (mut applied, mut again, mut ledger) = (Acd::new(), Acd::new(), Ledger::default());
        let (mut calls, mut rung_out) = (BTreeSet::new(), 0);
        for entry in &all {
            if let Event::CallArrived { call, .. } = &entry.event {
                assert!(calls.insert(call.to_string()), "{call} arrived twice");
            }
            let effects = applied.apply(entry);
            let in_vain =
                |fact: &&Fact| matches!(fact, Fact::OfferEnded { outcome: OfferOutcome::NoAnswer, .. });
            rung_out += effects.facts.iter().filter(in_vain).count();
            let written = ledger.write(entry, &effects, &applied);
            written.unwrap_or_else(|error| panic!("entry {}: {error}", entry.number));
            let difference = again.replay(entry).err();
            assert!(rewritten || difference.is_none(), "{difference:?}");
        }
        ledger.balance(&applied).unwrap();
        assert_eq!(applied.state_hash().unwrap(), hash, "the log tells of another brain");
        assert!(rewritten || again.state_hash().unwrap() == hash, "decided again, it is another brain");
        let recovered = router::recovery::recover(self.folder.path()).unwrap().acd;
        assert_eq!(recovered.state_hash().unwrap(), hash, "what is recovered is another brain");
        assert_eq!(ledger.calls, calls.len() as u64, "not one record a call");
        if !rewritten {
            self.shelf.check(&all, calls.len());
        }
        for (name, caller) in &self.books.callers {
            let known = caller.calls.iter().all(|call| calls.contains(call));
            assert!(known || self.lossy, "{name} has no record: {caller:?}");
        }
        (calls.len(), rung_out)
    }
}

fn check_process(process: &mut Process) {
    let waits = process.brain.acd().live_calls();
    let calls: Vec<_> = process.brain.acd().calls().collect();
    assert_eq!(waits, 0, "somebody is still in the house: {calls:?}");
    for (no, agent) in process.brain.acd().agents() {
        assert!(!agent.state().is_handling(), "{no:?} is stuck in {:?}", agent.state());
    }
    assert_eq!(process.brain.next_deadline(), None, "something is still due");
    assert_eq!(process.brain.wait(), Duration::from_secs(1));
    let counts = process.brain.sip().counts();
    assert_eq!(counts, sip::Counts::default(), "something is left in the stack");
    assert_eq!(process.ports(), 0, "ports are not given back");
}
