//! What other threads hand to the brain: a bounded queue that wakes the brain's thread. Nobody waits.

use crate::{
    brain::{AskCallbacks, Force, NewRules},
    resolve::Found,
    streams::{Full, StreamNews},
};
use acd::{CallId, Event, OfferId};
use agent_gateway::{Admitted, Brain, Busy, ReplyTo, Transfer};
use mio::Waker;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    time::Instant,
};

/// Events that may wait for the brain: some tenths of a second of its work.
pub const QUEUE: usize = 16_384;

/// News of connections among them: a flood leaves room for desks.
const STREAM_NEWS: usize = QUEUE / 2;

/// Something for the brain.
#[derive(Debug)]
pub enum Incoming {
    /// From a connection of SIP over TCP, TLS or WebSocket.
    Stream(StreamNews),
    /// An event, and who wants to know what became of it.
    Event(Event, Option<ReplyTo>),
    /// An agent gives her caller away, and who wants to know what became of it.
    Transfer(Transfer, Option<ReplyTo>),
    /// The phone in an agent's browser may register.
    Admitted(Admitted),
    /// Where a name leads.
    Found(Found),
    /// A caller who hears our music has pressed a key, which came with the sound.
    Key(CallId, char),
    /// The card of an offer was written to a desktop.
    CardWritten(OfferId, Instant),
    /// A supervisor sets an agent's state.
    Force(Box<Force>),
    /// Callbacks are asked for, taken back, or looked at.
    Callbacks(Box<AskCallbacks>),
    /// Other rules from now on.
    Rules(Box<NewRules>),
    /// Write everything down and stop.
    Stop,
}

/// The way in.
#[derive(Clone, Debug)]
pub struct Door {
    queue: SyncSender<Incoming>,
    stream_news: Arc<AtomicUsize>,
    called: Arc<AtomicBool>,
    waker: Arc<Waker>,
}

/// The brain's end.
#[derive(Debug)]
pub struct Inbox {
    queue: Receiver<Incoming>,
    stream_news: Arc<AtomicUsize>,
    called: Arc<AtomicBool>,
}

/// A door and the inbox behind it.
#[must_use]
pub fn inbox(waker: Waker) -> (Door, Inbox) {
    let (sender, receiver) = sync_channel(QUEUE);
    let called = Arc::new(AtomicBool::new(false));
    let stream_news = Arc::new(AtomicUsize::new(0));
    let door = Door {
        queue: sender,
        stream_news: Arc::clone(&stream_news),
        called: Arc::clone(&called),
        waker: Arc::new(waker),
    };
    (door, Inbox { queue: receiver, stream_news, called })
}

impl Door {
    /// Hands something in.
    ///
    /// # Errors
    /// [`Busy`] when the queue is full.
    pub fn put(&self, incoming: Incoming) -> Result<(), Busy> {
        self.queue.try_send(incoming).map_err(|_| Busy)?;
        // Only the first of a batch needs to wake anybody.
        if !self.called.swap(true, Ordering::AcqRel)
            && let Err(error) = self.waker.wake()
        {
            tracing::error!(%error, "the brain cannot be woken");
        }
        Ok(())
    }
}

impl Door {
    /// Hands news of a connection in.
    ///
    /// # Errors
    /// [`Full`] when too many wait.
    pub fn stream(&self, news: StreamNews) -> Result<(), Full> {
        if self.stream_news.fetch_add(1, Ordering::AcqRel) < STREAM_NEWS
            && self.put(Incoming::Stream(news)).is_ok()
        {
            return Ok(());
        }
        self.stream_news.fetch_sub(1, Ordering::AcqRel);
        Err(Full)
    }
}

impl Brain for Door {
    fn try_event(&self, event: Event, reply: Option<ReplyTo>) -> Result<(), Busy> {
        self.put(Incoming::Event(event, reply))
    }
    fn try_transfer(&self, asked: Transfer, reply: Option<ReplyTo>) -> Result<(), Busy> {
        self.put(Incoming::Transfer(asked, reply))
    }
    fn try_admit(&self, admitted: Admitted) -> Result<(), Busy> {
        self.put(Incoming::Admitted(admitted))
    }
    fn card_written(&self, offer: OfferId, at: Instant) {
        if self.put(Incoming::CardWritten(offer, at)).is_err() {
            tracing::debug!("a card's time was not counted: the brain is busy");
        }
    }
}

impl Inbox {
    /// From here on whoever puts something in wakes the brain again. To be called before a batch is taken.
    pub fn listen(&self) {
        self.called.store(false, Ordering::Release);
    }
    /// The next thing, if there is one.
    pub fn take(&self) -> Option<Incoming> {
        let incoming = self.queue.try_recv().ok();
        if let Some(Incoming::Stream(_)) = &incoming {
            self.stream_news.fetch_sub(1, Ordering::AcqRel);
        }
        incoming
    }
}
