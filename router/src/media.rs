//! Music for waiting callers over RTP: one thread, paced by absolute time.
//!
//! The brain's thread binds a caller's port ([`Ports`]) and says what to play; this thread sends, and hears which keys
//! the caller presses meanwhile. Media between caller and agent never comes here.

mod g711;
mod keys;
mod ports;
mod sound;
mod stream;
mod tune;

pub use ports::{PortSource, Ports};
pub use sound::{Sound, SoundError, Sounds};

use acd::CallId;
use sip::Play;
use std::{
    collections::BTreeMap,
    net::UdpSocket,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel},
    },
    time::{Duration, Instant},
};
use stream::Stream;

/// Time in one packet.
pub const PACKET: Duration = Duration::from_millis(20);
/// Packets are sent in this many rounds per packet time, so that not all leave at once.
const ROUNDS: u32 = 4;
/// Orders that may wait: more than callers start and stop in a round.
const QUEUE: usize = 8_192;

enum Order {
    Play { call: CallId, socket: Arc<UdpSocket>, play: Play, sound: Arc<Sound> },
    Speak { call: CallId, clips: Vec<Arc<Sound>> },
    BreakIn { call: CallId, clip: Arc<Sound> },
    Stop { call: CallId },
}

/// Plays to callers. Never waits.
pub trait Player: Send {
    /// Music to a caller starts, or goes elsewhere.
    ///
    /// # Errors
    /// [`MediaStuck`].
    fn play(
        &self,
        call: CallId,
        socket: Arc<UdpSocket>,
        play: Play,
        sound: Arc<Sound>,
    ) -> Result<(), MediaStuck>;
    /// Something is spoken to a caller over the music; nothing to one who hears none.
    ///
    /// # Errors
    /// [`MediaStuck`].
    fn speak(&self, call: CallId, clips: Vec<Arc<Sound>>) -> Result<(), MediaStuck>;
    /// Something is spoken to a caller at once, and nothing of what was still to be; nothing to one who hears no music.
    ///
    /// # Errors
    /// [`MediaStuck`].
    fn break_in(&self, call: CallId, clip: Arc<Sound>) -> Result<(), MediaStuck>;
    /// Music to a caller stops.
    ///
    /// # Errors
    /// [`MediaStuck`].
    fn stop(&self, call: CallId) -> Result<(), MediaStuck>;
}

/// Tells the player's thread what to do.
#[derive(Clone, Debug)]
pub struct Media {
    orders: SyncSender<Order>,
}

/// The player is stuck or gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the music player does not take orders; restart the router when calls are few")]
pub struct MediaStuck;

impl Media {
    /// Starts the player; `pressed` hears of keys.
    ///
    /// # Errors
    /// When no thread can be made.
    pub fn start(pressed: impl Fn(CallId, char) + Send + 'static) -> std::io::Result<Self> {
        let (orders, inbox) = sync_channel(QUEUE);
        std::thread::Builder::new().name("media".to_owned()).spawn(move || run(&inbox, pressed))?;
        Ok(Self { orders })
    }
}

impl Player for Media {
    fn play(
        &self,
        call: CallId,
        socket: Arc<UdpSocket>,
        play: Play,
        sound: Arc<Sound>,
    ) -> Result<(), MediaStuck> {
        self.orders.try_send(Order::Play { call, socket, play, sound }).map_err(|_| MediaStuck)
    }
    fn speak(&self, call: CallId, clips: Vec<Arc<Sound>>) -> Result<(), MediaStuck> {
        self.orders.try_send(Order::Speak { call, clips }).map_err(|_| MediaStuck)
    }
    fn break_in(&self, call: CallId, clip: Arc<Sound>) -> Result<(), MediaStuck> {
        self.orders.try_send(Order::BreakIn { call, clip }).map_err(|_| MediaStuck)
    }
    fn stop(&self, call: CallId) -> Result<(), MediaStuck> {
        self.orders.try_send(Order::Stop { call }).map_err(|_| MediaStuck)
    }
}

fn run(inbox: &Receiver<Order>, pressed: impl Fn(CallId, char)) {
    let mut rounds: [BTreeMap<CallId, Stream>; ROUNDS as usize] = Default::default();
    let mut next = Instant::now();
    let mut round = 0;
    loop {
        if !take_orders(inbox, &mut rounds, next) {
            return;
        }
        if rounds.iter().all(BTreeMap::is_empty) {
            next = Instant::now();
            continue;
        }
        let now = Instant::now();
        if let Some(early) = next.checked_duration_since(now) {
            std::thread::sleep(early);
        }
        for (call, stream) in &mut rounds[round] {
            stream.send_due(Instant::now());
            stream.hear(|key| pressed(*call, key));
        }
        round = (round + 1) % ROUNDS as usize;
        next += PACKET / ROUNDS;
    }
}

/// Takes what has been ordered; with nobody to play to, waits for the first order. False when the router is gone.
fn take_orders(inbox: &Receiver<Order>, rounds: &mut [BTreeMap<CallId, Stream>], next: Instant) -> bool {
    if rounds.iter().all(BTreeMap::is_empty) {
        match inbox.recv_timeout(Duration::from_secs(3_600)) {
            Ok(order) => carry_out(order, rounds, Instant::now()),
            Err(RecvTimeoutError::Timeout) => return true,
            Err(RecvTimeoutError::Disconnected) => return false,
        }
    }
    loop {
        match inbox.try_recv() {
            Ok(order) => carry_out(order, rounds, next),
            Err(TryRecvError::Empty) => return true,
            Err(TryRecvError::Disconnected) => return false,
        }
    }
}

fn stream_of(call: CallId, rounds: &mut [BTreeMap<CallId, Stream>]) -> Option<&mut Stream> {
    rounds.iter_mut().find_map(|round| round.get_mut(&call))
}

fn carry_out(order: Order, rounds: &mut [BTreeMap<CallId, Stream>], next: Instant) {
    match order {
        Order::Stop { call } => rounds.iter_mut().for_each(|round| drop(round.remove(&call))),
        Order::Speak { call, clips } => {
            if let Some(stream) = stream_of(call, rounds) {
                stream.speak(clips);
            }
        }
        Order::BreakIn { call, clip } => {
            if let Some(stream) = stream_of(call, rounds) {
                stream.break_in(clip);
            }
        }
        Order::Play { call, socket, play, sound } => {
            if let Some(stream) = stream_of(call, rounds) {
                stream.redirect(play, sound);
                return;
            }
            let emptiest = rounds.iter_mut().min_by_key(|round| round.len());
            if let Some(round) = emptiest {
                round.insert(call, Stream::new(socket, play, sound, call, next));
            }
        }
    }
}
