//! What every connection is made of: its number, its queue, how long it has been silent, and how it ends.

use super::{
    Full, Shared, StreamNews,
    bounds::{ALL_OCTETS, BRAIN_PAUSE, BRAIN_TRIES, LINE_MESSAGES, LINE_OCTETS},
    places::Place,
    reasons::{Ended, Lost},
    switchboard::LineNews,
};
use crate::metrics::OpenConnection;
use bytes::Bytes;
use sip::{Connection, Flow, Transport};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{Notify, mpsc},
    time::Instant,
};

/// A message on its way out.
#[derive(Debug)]
pub(super) struct Letter {
    /// As the brain addressed it.
    pub to: Flow,
    pub bytes: Bytes,
}

/// The switchboard's end of a connection.
#[derive(Debug)]
pub(super) struct Handle {
    pub transport: Transport,
    pub peer: SocketAddr,
    queue: mpsc::Sender<Waiting>,
    ties: Arc<Ties>,
}

/// What both ends see.
#[derive(Debug)]
struct Ties {
    /// Octets that wait for the peer to read.
    octets: AtomicUsize,
    /// Octets that wait for all peers together.
    all: Arc<AtomicUsize>,
    held: AtomicBool,
    cut: Notify,
}

/// A letter in a queue. It counts until it is dropped, whoever drops it.
#[derive(Debug)]
struct Waiting {
    letter: Letter,
    #[allow(dead_code, reason = "held, not read")]
    weight: Weight,
}

#[derive(Debug)]
struct Weight {
    octets: usize,
    ties: Arc<Ties>,
}

impl Weight {
    fn new(octets: usize, ties: &Arc<Ties>) -> Self {
        ties.octets.fetch_add(octets, Ordering::Relaxed);
        ties.all.fetch_add(octets, Ordering::Relaxed);
        Self { octets, ties: Arc::clone(ties) }
    }
}

impl Drop for Weight {
    fn drop(&mut self) {
        self.ties.octets.fetch_sub(self.octets, Ordering::Relaxed);
        self.ties.all.fetch_sub(self.octets, Ordering::Relaxed);
    }
}

/// Why a letter was not taken.
pub(super) enum Untaken {
    /// The connection has ended.
    Gone(Letter),
    /// The peer does not read: the connection is being closed, and the letter is lost.
    Unread,
}

/// Who connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opener {
    Them,
    We,
}

/// A connection, as its task has it.
pub(super) struct Line {
    pub flow: Flow,
    pub opener: Opener,
    pub shared: Arc<Shared>,
    ties: Arc<Ties>,
    born: Instant,
    /// Milliseconds after `born` of the last thing that keeps it from being idle.
    spoke: AtomicU64,
    /// Answer a keep-alive.
    pub pong: Notify,
    open: Option<OpenConnection>,
    _place: Place,
}

/// Letters that wait for the peer to read.
pub(super) struct Queue {
    letters: mpsc::Receiver<Waiting>,
    /// Taken, but not known to be sent.
    taken: Vec<Waiting>,
}

/// A connection with its two ends.
pub(super) fn line(
    (transport, peer): (Transport, SocketAddr),
    opener: Opener,
    place: Place,
    shared: &Arc<Shared>,
) -> (Line, Queue, Handle) {
    let (sender, letters) = mpsc::channel(LINE_MESSAGES);
    let ties = Arc::new(Ties {
        octets: AtomicUsize::new(0),
        all: Arc::clone(&shared.waiting),
        held: AtomicBool::new(false),
        cut: Notify::new(),
    });
    let line = Line {
        flow: Flow { transport, peer, connection: Some(shared.number()) },
        opener,
        shared: Arc::clone(shared),
        ties: Arc::clone(&ties),
        born: Instant::now(),
        spoke: AtomicU64::new(0),
        pong: Notify::new(),
        open: None,
        _place: place,
    };
    (line, Queue { letters, taken: Vec::new() }, Handle { transport, peer, queue: sender, ties })
}

impl Handle {
    /// Puts a letter into the queue. Never waits.
    pub(super) fn put(&self, letter: Letter) -> Result<(), Untaken> {
        let octets = letter.bytes.len();
        let (here, all) = (self.ties.octets.load(Ordering::Relaxed), self.ties.all.load(Ordering::Relaxed));
        let room = here + octets <= LINE_OCTETS && (here == 0 || all + octets <= ALL_OCTETS);
        if !room {
            return Err(self.cut());
        }
        let weight = Weight::new(octets, &self.ties);
        self.queue.try_send(Waiting { letter, weight }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => self.cut(),
            mpsc::error::TrySendError::Closed(Waiting { letter, .. }) => Untaken::Gone(letter),
        })
    }
    fn cut(&self) -> Untaken {
        self.ties.cut.notify_one();
        Untaken::Unread
    }
    /// Keeps it from being closed for silence, or no longer.
    pub(super) fn hold(&self, held: bool) {
        self.ties.held.store(held, Ordering::Relaxed);
    }
}

impl Line {
    /// Its number.
    pub(super) fn connection(&self) -> Connection {
        // A line is made with one.
        self.flow.connection.unwrap_or(Connection(0))
    }
    /// Carries messages from now on.
    pub(super) fn opened(&mut self) {
        self.open = Some(self.shared.metrics.connections.opened(self.flow.transport));
    }
    /// Something came or went that keeps it from being idle.
    pub(super) fn speak(&self) {
        let since = u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.spoke.store(since, Ordering::Relaxed);
    }
    /// When it will have been silent for too long; none while it is held.
    pub(super) fn idle_at(&self) -> Option<Instant> {
        let spoke = self.born + Duration::from_millis(self.spoke.load(Ordering::Relaxed));
        (!self.ties.held.load(Ordering::Relaxed)).then(|| spoke + self.shared.times.idle)
    }
    /// Returns when the switchboard has given it up.
    pub(super) async fn cut(&self) -> Ended {
        self.ties.cut.notified().await;
        Ended::Unread
    }

    /// Hands a message to the brain. While the brain is full the peer waits, as nobody reads it.
    pub(super) async fn deliver(&self, bytes: Bytes) -> Result<(), Ended> {
        self.speak();
        self.tell(StreamNews::Message { flow: self.flow, bytes }).await.map_err(|Full| Ended::Overload)
    }
    async fn tell(&self, news: StreamNews) -> Result<(), Full> {
        let mut pause = BRAIN_PAUSE;
        for _ in 0..BRAIN_TRIES {
            if (self.shared.inbound)(news.clone()).is_ok() {
                return Ok(());
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        (self.shared.inbound)(news)
    }

    /// Ends it: tells the switchboard, then the brain what did not leave and that it is gone.
    pub(super) async fn end(mut self, mut queue: Queue, ended: Ended) {
        tracing::debug!(connection = self.connection().0, reason = ended.as_str(), "a connection has ended");
        self.shared.metrics.connections.closed(ended);
        let connection = self.connection();
        let why = if ended == Ended::Unread { Lost::Unread } else { Lost::Unreachable };
        self.forget(&mut queue, why).await;
        self.open = None;
        if self.tell(StreamNews::Closed { connection }).await.is_err() {
            tracing::warn!(
                connection = connection.0,
                "the brain was too busy to hear that a connection closed"
            );
        }
    }
    /// Ends it before it carried anything.
    pub(super) async fn fail(self, mut queue: Queue) {
        self.forget(&mut queue, Lost::Unreachable).await;
    }
    async fn forget(&self, queue: &mut Queue, why: Lost) {
        queue.letters.close();
        // Only at shutdown nobody listens.
        drop(self.shared.lines.send(LineNews::Closed(self.connection())).await);
        let unsent = queue.unsent();
        self.shared.metrics.connections.lost(why, unsent.len());
        let mut told: Vec<Flow> = Vec::new();
        for to in unsent {
            if told.contains(&to) {
                continue;
            }
            told.push(to);
            if self.tell(StreamNews::Unreachable { flow: to }).await.is_err() {
                return; // transactions end by their timers
            }
        }
    }
}

impl Queue {
    /// Waits for letters and takes some, at most `most`; false when there will be none.
    pub(super) async fn take(&mut self, most: usize) -> bool {
        self.letters.recv_many(&mut self.taken, most).await > 0
    }
    /// Takes what is there without waiting.
    pub(super) fn take_rest(&mut self) {
        while let Ok(letter) = self.letters.try_recv() {
            self.taken.push(letter);
        }
    }
    /// Nothing more is put in.
    pub(super) fn close(&mut self) {
        self.letters.close();
    }
    /// The letters taken and not yet known to be sent.
    pub(super) fn taken(&self) -> impl ExactSizeIterator<Item = &Bytes> {
        self.taken.iter().map(|waiting| &waiting.letter.bytes)
    }
    /// They are with the peer.
    pub(super) fn sent(&mut self) {
        self.taken.clear();
    }
    /// Where to the letters were that nobody sends any more.
    fn unsent(&mut self) -> Vec<Flow> {
        self.take_rest();
        self.taken.drain(..).map(|waiting| waiting.letter.to).collect()
    }
}
