//! What the brain stands on here: one machine with a clock, a disk, a network card, desktops and a player, and a process on
//! it that may die before or in the middle of any effect. What it does afterwards nobody sees.

use crate::{network::Chance, sabotage::Sabotage};
use acd::{CallId, Entry, Timestamp};
use agent_gateway::{DeskOrder, Full};
use bytes::Bytes;
use router::{
    clock::Dials,
    ground::{Datagrams, DeskWay, Ground, Lines, Live, Log},
    live::LiveFile,
    log::{Committed, FileLog, LogError},
    media::{MediaStuck, Player, PortSource, Sound},
};
use sip::{CallKey, Connection, Flow, Keep, LegKey, Micros, Play, wire::Message};
use std::{
    collections::{BTreeMap, VecDeque},
    fs::OpenOptions,
    net::{SocketAddr, UdpSocket},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, OnceLock},
    time::{Duration, Instant},
};

/// When the machine was started.
pub const BOOT: u64 = 1_699_000_000_000_000;
/// Entries that fit into memory while the disk refuses.
const DEGRADED_ENTRIES: usize = 30;
/// A disk that has refused is asked again so much later.
const RETRY: u64 = 1_000_000;

/// What becomes of an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Done,
    /// The process dies in the middle of it.
    Torn,
    /// The process is dead.
    Lost,
}

/// The machine's state, and the process's fate.
pub struct State {
    pub now: Micros,
    /// Wall clock − what it should be, µs.
    pub wall_off: i64,
    pub chance: Chance,
    /// Datagrams the kernel holds for the process.
    pub incoming: VecDeque<(SocketAddr, Bytes)>,
    pub sent: Vec<(SocketAddr, Bytes)>,
    pub told: Vec<DeskOrder>,
    /// Who is played to, at which of our ports.
    pub playing: BTreeMap<CallId, Play>,
    /// Effects until the process dies.
    pub dies_after: Option<u32>,
    pub dead: bool,
    /// The disk takes nothing.
    pub refuses: bool,
    /// Entries wait in memory; the process must not die now if nothing is to be lost.
    pub degraded: bool,
    pub full: bool,
    pub sabotage: Option<Sabotage>,
    /// Since when this process runs.
    pub began: Micros,
    pub processes: u32,
    /// What sabotage holds back until the log is written.
    held_back: Vec<LiveChange>,
    /// Call-IDs of callers, by the call.
    pub callers: BTreeMap<CallKey, String>,
    /// How much was written.
    pub writes: u64,
}

impl State {
    /// One effect is about to be.
    pub fn effect(&mut self) -> Fate {
        match self.dies_after {
            _ if self.dead => Fate::Lost,
            None => Fate::Done,
            Some(0) => {
                self.dead = true;
                self.dies_after = None;
                if self.chance.percent(50) { Fate::Torn } else { Fate::Lost }
            }
            Some(left) => {
                self.dies_after = Some(left - 1);
                Fate::Done
            }
        }
    }
    /// Another process begins: nothing is left of the one before but what it wrote.
    pub fn begin(&mut self) {
        (self.dead, self.began) = (false, self.now);
        self.processes += 1;
        self.playing.clear();
        self.incoming.clear();
        self.held_back.clear();
        (self.degraded, self.full) = (false, false);
    }
    pub fn wall(&self) -> Timestamp {
        Timestamp(self.now.0.saturating_add_signed(self.wall_off))
    }
    pub fn has(&self, sabotage: Sabotage) -> bool {
        self.sabotage == Some(sabotage)
    }
}

/// The machine; clones are the same one.
#[derive(Clone)]
pub struct Machine(Arc<Mutex<State>>);

impl Machine {
    pub fn new(now: Micros, chance: Chance, sabotage: Option<Sabotage>) -> Self {
        Self(Arc::new(Mutex::new(State {
            now,
            wall_off: 0,
            chance,
            incoming: VecDeque::new(),
            sent: Vec::new(),
            told: Vec::new(),
            playing: BTreeMap::new(),
            dies_after: None,
            dead: false,
            refuses: false,
            degraded: false,
            full: false,
            sabotage,
            began: now,
            processes: 0,
            held_back: Vec::new(),
            callers: BTreeMap::new(),
            writes: 0,
        })))
    }
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

/// The ground under the brain.
pub struct Simulated;

impl Ground for Simulated {
    type Log = DiskLog;
    type Live = DiskLive;
    type Dials = Machine;
    type Datagrams = Machine;
    type Lines = Machine;
    type DeskWay = Machine;
}

fn origin() -> Instant {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    *ORIGIN.get_or_init(Instant::now)
}

impl Dials for Machine {
    fn instant(&self) -> Instant {
        let state = self.state();
        let mut since = state.now.0 - BOOT;
        if state.has(Sabotage::TimersByTheWall) {
            since = since.saturating_add_signed(state.wall_off);
        }
        origin() + Duration::from_micros(since)
    }
    fn wall(&self) -> Timestamp {
        self.state().wall()
    }
    fn boot(&self) -> String {
        "boot".to_owned()
    }
    fn since_boot(&self) -> u64 {
        self.state().now.0 - BOOT
    }
}

impl Datagrams for Machine {
    fn receive(&mut self) -> Option<(SocketAddr, Bytes)> {
        self.state().incoming.pop_front()
    }
    fn send(&mut self, to: SocketAddr, bytes: Bytes) {
        let mut state = self.state();
        let Some(bytes) = crate::sabotage::on_the_wire(&state, bytes) else { return };
        if state.effect() == Fate::Done {
            state.sent.push((to, bytes));
        }
    }
    fn flush(&mut self) -> bool {
        false
    }
}

impl Lines for Machine {
    fn send(&self, _: Flow, _: Bytes) {
        panic!("nobody has a connection here");
    }
    fn hold(&self, _: Connection, _: bool) {
        panic!("nobody has a connection here");
    }
}

impl DeskWay for Machine {
    fn send(&self, _: Timestamp, orders: Vec<DeskOrder>) -> Result<(), Full> {
        let mut state = self.state();
        if state.effect() == Fate::Done {
            state.told.extend(orders);
        }
        Ok(())
    }
}

impl Player for Machine {
    fn play(&self, call: CallId, _: Arc<UdpSocket>, play: Play, _: Arc<Sound>) -> Result<(), MediaStuck> {
        let mut state = self.state();
        let mute = state.has(Sabotage::NoMusicAfterRestart)
            && state.processes > 1
            && state.now.0 - state.began.0 < 2_000_000;
        if !mute {
            state.playing.insert(call, play);
        }
        Ok(())
    }
    fn speak(&self, _: CallId, _: Vec<Arc<Sound>>) -> Result<(), MediaStuck> {
        Ok(())
    }
    fn break_in(&self, _: CallId, _: Arc<Sound>) -> Result<(), MediaStuck> {
        Ok(())
    }
    fn stop(&self, call: CallId) -> Result<(), MediaStuck> {
        self.state().playing.remove(&call);
        Ok(())
    }
}

/// Ports that all lead to one socket, on which nothing is ever sent.
pub struct PlayedPorts {
    pub socket: Arc<UdpSocket>,
    next: u16,
}

impl PlayedPorts {
    pub fn new() -> Self {
        static SOCKET: OnceLock<UdpSocket> = OnceLock::new();
        let socket = SOCKET.get_or_init(|| UdpSocket::bind("127.0.0.1:0").unwrap());
        Self { socket: Arc::new(socket.try_clone().unwrap()), next: 0 }
    }
}

/// The first port of music.
pub const FIRST_PORT: u16 = 40_000;

impl PortSource for PlayedPorts {
    fn bind(&mut self) -> Option<(u16, Arc<UdpSocket>)> {
        self.next += 2;
        Some((FIRST_PORT + self.next % 20_000, Arc::clone(&self.socket)))
    }
}

/// The log's file, on a disk that may refuse, in a process that may die.
pub struct DiskLog {
    machine: Machine,
    folder: PathBuf,
    file: FileLog,
    pending: Vec<Entry>,
    /// What sabotage writes with the next batch.
    late: Vec<Entry>,
    last: u64,
    retry_at: Option<Micros>,
    /// Shared with the live file, for sabotage.
    live: Arc<Mutex<LiveFile>>,
}

impl DiskLog {
    pub fn new(machine: Machine, folder: &Path, file: FileLog, live: Arc<Mutex<LiveFile>>) -> Self {
        let last = file.last();
        let folder = folder.to_owned();
        let (pending, late) = (Vec::new(), Vec::new());
        Self { machine, folder, file, pending, late, last, retry_at: None, live }
    }
    fn behind(&self, state: &mut State) -> Committed {
        state.degraded = true;
        state.full = self.pending.len() > DEGRADED_ENTRIES;
        if state.full { Committed::Full } else { Committed::Degraded }
    }
    fn segment(&self) -> Option<(PathBuf, u64)> {
        let (_, path) = router::log::segments(&self.folder).unwrap().pop()?;
        let length = std::fs::metadata(&path).unwrap().len();
        Some((path, length))
    }
    /// Writes what waits, or the beginning of it.
    fn write(&mut self, torn: bool, state: &mut State) {
        let before = if torn { self.segment() } else { None };
        for entry in self.pending.drain(..) {
            self.file.append(&entry).unwrap();
        }
        assert_eq!(self.file.commit(), Committed::Written);
        state.writes += 1;
        if torn && let Some((path, after)) = self.segment() {
            let before = before.filter(|(same, _)| *same == path).map_or(0, |(_, length)| length);
            cut(&path, before, after, &mut state.chance);
        }
    }
}

/// Cuts a file somewhere behind what stood there before.
fn cut(path: &Path, before: u64, after: u64, chance: &mut Chance) {
    let length = before + chance.below(after.saturating_sub(before) + 1);
    OpenOptions::new().write(true).open(path).unwrap().set_len(length.min(after)).unwrap();
}

impl Log for DiskLog {
    fn append(&mut self, entry: &Entry) -> Result<(), LogError> {
        self.pending.push(entry.clone());
        self.last = entry.number;
        Ok(())
    }
    fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }
    fn commit(&mut self) -> Committed {
        let committed = self.commit_entries();
        self.commit_held_back();
        committed
    }
    fn insist(&mut self) -> bool {
        self.retry_at = None;
        self.commit() == Committed::Written
    }
    fn last(&self) -> u64 {
        self.last
    }
}

impl DiskLog {
    fn commit_entries(&mut self) -> Committed {
        let machine = self.machine.clone();
        let mut state = machine.state();
        if self.pending.is_empty() && self.late.is_empty() {
            return Committed::Written;
        }
        if self.retry_at.is_some_and(|at| state.now < at) {
            return self.behind(&mut state);
        }
        let fate = state.effect();
        if state.refuses && fate != Fate::Lost {
            self.retry_at = Some(Micros(state.now.0 + RETRY));
            return self.behind(&mut state);
        }
        if fate == Fate::Lost {
            return Committed::Written;
        }
        if self.retry_at.take().is_some() && state.has(Sabotage::RefusedEntriesDropped) {
            self.pending.drain(..1);
        }
        if fate == Fate::Done {
            (state.degraded, state.full) = (false, false);
        }
        if state.has(Sabotage::SentBeforeCommit) {
            // What came in this turn is written with the next one.
            let now = std::mem::replace(&mut self.pending, std::mem::take(&mut self.late));
            self.write(fate == Fate::Torn, &mut state);
            self.late = now;
        } else {
            self.write(fate == Fate::Torn, &mut state);
        }
        if fate == Fate::Done {
            self.live.lock().unwrap().commit();
        }
        Committed::Written
    }
    /// What sabotage has held back until now.
    fn commit_held_back(&self) {
        let mut state = self.machine.state();
        if state.held_back.is_empty() || state.effect() != Fate::Done {
            return;
        }
        let mut live = self.live.lock().unwrap();
        for change in std::mem::take(&mut state.held_back) {
            change.carry_out(&mut live);
        }
        live.commit();
    }
}

/// A change of the live file.
#[derive(Clone)]
enum LiveChange {
    Keep(Vec<Keep>),
    Forget(Vec<CallKey>, Vec<LegKey>),
}

impl LiveChange {
    fn carry_out(self, live: &mut LiveFile) {
        match self {
            Self::Keep(changes) => live.keep(changes),
            Self::Forget(calls, legs) => live.forget(calls, legs),
        }
    }
}

/// The live file, on the same disk.
pub struct DiskLive {
    machine: Machine,
    path: PathBuf,
    file: Arc<Mutex<LiveFile>>,
    pending: Vec<LiveChange>,
    retry_at: Option<Micros>,
}

impl DiskLive {
    pub fn new(machine: Machine, folder: &Path, file: Arc<Mutex<LiveFile>>) -> Self {
        Self { machine, path: folder.join("live"), file, pending: Vec::new(), retry_at: None }
    }
    fn length(&self) -> u64 {
        std::fs::metadata(&self.path).map_or(0, |meta| meta.len())
    }
}

impl Live for DiskLive {
    fn keep(&mut self, mut changes: Vec<Keep>) {
        let mut state = self.machine.state();
        for change in &changes {
            if let Keep::CallerLeg(call, record) = change {
                let invite = Message::parse(record.invite.clone()).unwrap();
                state.callers.insert(*call, crate::rig::text(invite.call_id()).to_owned());
            }
        }
        if state.has(Sabotage::LegsNotForgotten) {
            changes.retain(|change| !matches!(change, Keep::ForgetLeg(_) | Keep::ForgetCall(_)));
        }
        if !changes.is_empty() {
            self.pending.push(LiveChange::Keep(changes));
        }
    }
    fn forget(&mut self, calls: Vec<CallKey>, legs: Vec<LegKey>) {
        self.pending.push(LiveChange::Forget(calls, legs));
    }
    fn commit(&mut self) {
        let machine = self.machine.clone();
        let mut state = machine.state();
        if self.pending.is_empty() || self.retry_at.is_some_and(|at| state.now < at) {
            return;
        }
        let fate = state.effect();
        if state.refuses || fate == Fate::Lost {
            self.retry_at = Some(Micros(state.now.0 + RETRY));
            return;
        }
        self.retry_at = None;
        if state.has(Sabotage::LiveAfterLog) {
            state.held_back.append(&mut self.pending);
            return;
        }
        let before = self.length();
        let mut file = self.file.lock().unwrap();
        for change in self.pending.drain(..) {
            change.carry_out(&mut file);
        }
        file.commit();
        drop(file);
        if fate == Fate::Torn {
            cut(&self.path, before, self.length(), &mut state.chance);
        }
    }
}
