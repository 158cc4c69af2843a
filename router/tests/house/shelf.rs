//! The follower on the machine, and a model of its store: batches arrive whole or not at all, and say how far they go.

use crate::{
    machine::{Fate, Machine},
    sabotage::Sabotage,
};
use acd::{Acd, Entry};
use router::{
    follower::{LogFolder, Model, Opened, Origin as _},
    log::Keeping,
    records::{Batch, CallRow, Followed, OfferRow, SpanRow, TransferRow, VisitRow, WrapUpRow},
    states::{self, State},
};
use sip::Micros;
use std::{path::Path, sync::Arc, time::Duration};

/// How often the log is looked at, and how long rows wait for others.
const TICK: u64 = 500_000;

/// The store: it outlives every process. Rows are never replaced, so that one that comes twice is seen.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Shelf {
    calls: Vec<CallRow>,
    visits: Vec<VisitRow>,
    wrap_ups: Vec<WrapUpRow>,
    offers: Vec<OfferRow>,
    transfers: Vec<TransferRow>,
    spans: Vec<SpanRow>,
    followed: Followed,
}

impl Shelf {
    fn put_rows(&mut self, batch: &Batch) {
        self.calls.extend_from_slice(&batch.calls);
        self.visits.extend_from_slice(&batch.visits);
        self.wrap_ups.extend_from_slice(&batch.wrap_ups);
        self.offers.extend_from_slice(&batch.offers);
        self.transfers.extend_from_slice(&batch.transfers);
        self.spans.extend_from_slice(&batch.spans);
    }
    /// What it should hold when all of these entries are followed.
    fn of(entries: &[Entry]) -> Self {
        let (mut acd, mut model, mut shelf) = (Acd::new(), Model::new(0), Self::default());
        for entry in entries {
            let effects = acd.apply(entry);
            model.take_up(entry, &effects);
        }
        model.seal();
        if let Some(batch) = model.next_batch(0) {
            shelf.put_rows(&batch);
            shelf.followed = batch.followed();
        }
        shelf
    }
    /// Everything in the log is here, and once.
    pub fn check(&self, entries: &[Entry], calls: usize) {
        assert_eq!(self.calls.len(), calls, "not one row a call: {:?}", self.calls);
        let should = Self::of(entries);
        assert_eq!(self.followed, should.followed, "the store does not follow the log to its end");
        assert_eq!(*self, should, "the store tells something else than the log");
    }
}

/// What follows the log in one process.
pub struct Follower {
    opened: Opened,
    model: Model,
    next: Micros,
}

impl Follower {
    pub fn begin(folder: &Path, shelf: &Shelf, now: Micros) -> Self {
        let keeping = Keeping { age: Duration::MAX, bytes: u64::MAX };
        let opened = LogFolder::at(folder, keeping).open(shelf.followed).unwrap();
        let number = shelf.followed.number;
        let model = match &opened.floor {
            Some(floor) => Model::restore(floor, number).unwrap(),
            None => Model::new(number),
        };
        Self { opened, model, next: now }
    }
    /// Reads on, and writes a batch, if it is time.
    pub fn turn(&mut self, machine: &Machine, shelf: &mut Shelf) {
        let now = machine.state().now;
        if now >= self.next {
            self.next = Micros(now.0 + TICK);
            self.follow(machine, shelf);
        }
    }
    /// Reads what the log has, and writes all of it, as far as the disk takes it.
    pub fn follow(&mut self, machine: &Machine, shelf: &mut Shelf) {
        loop {
            let entries = self.opened.source.read(256).unwrap();
            if entries.is_empty() {
                break;
            }
            for entry in &entries {
                let effects = self.opened.replica.apply(entry);
                self.model.take_up(entry, &effects);
            }
            self.model.seal();
        }
        while let Some(batch) = self.model.next_batch(shelf.followed.number) {
            if !write(machine, shelf, &batch) {
                return;
            }
            self.model.written(shelf.followed.number);
        }
    }
    /// Keeps a snapshot of where it stands.
    pub fn snapshot(&self, folder: &Path) {
        let (number, at) = (self.model.applied(), self.model.at());
        let (Some(brain), Some(floor)) =
            (self.opened.replica.snapshot(), self.model.snapshot(&acd::expect::Expected::new()))
        else {
            panic!("no snapshot can be taken");
        };
        if number > 0 {
            states::write(folder, &State { number, at, brain, floor }).unwrap();
        }
    }
}

/// One transaction; whether it came to an end. Sabotage makes two of it.
fn write(machine: &Machine, shelf: &mut Shelf, batch: &Arc<Batch>) -> bool {
    let mut state = machine.state();
    if state.refuses && !state.dead {
        return false;
    }
    let done = |state: &mut crate::machine::State| match state.effect() {
        Fate::Done => true,
        Fate::Torn => state.chance.percent(50),
        Fate::Lost => false,
    };
    if state.has(Sabotage::RecordsWrittenTwice) {
        if done(&mut state) {
            shelf.put_rows(batch);
        }
        if done(&mut state) {
            shelf.followed = batch.followed();
        }
    } else if state.has(Sabotage::RecordsLost) {
        if done(&mut state) {
            shelf.followed = batch.followed();
        }
        if done(&mut state) {
            shelf.put_rows(batch);
        }
    } else if done(&mut state) {
        shelf.put_rows(batch);
        shelf.followed = batch.followed();
    }
    !state.dead
}
