//! The queue of messages to one client, bounded in messages and bytes, and how its connection is to end.
//!
//! Whoever posts never waits: a queue that is full ends the connection with [`CloseCode::SlowConsumer`], because a
//! message about a call is never dropped.

use acd::OfferId;
use protocol::{CloseCode, MAX_QUEUED_BYTES, MAX_QUEUED_MESSAGES};
use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicUsize, Ordering},
};
use tokio::sync::{Notify, mpsc};
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// One message on its way to a client.
pub(crate) struct Parcel {
    pub(crate) text: Utf8Bytes,
    /// The offer whose card is shown by it: tell the brain when it has been written.
    pub(crate) shows: Option<OfferId>,
}

/// How a connection ends from our side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With a code of the protocol.
    Code(CloseCode),
    /// The gateway stops (1001).
    GoingAway,
    /// The client has gone, was silent for too long, or its transport failed.
    Lost,
}

/// Where messages to one client are posted. Clones post to the same client.
#[derive(Clone)]
pub(crate) struct Outbox {
    parcels: mpsc::Sender<Parcel>,
    shared: Arc<Shared>,
}

/// The socket's end of an [`Outbox`].
pub(crate) struct Inbox {
    pub(crate) parcels: mpsc::Receiver<Parcel>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    bytes: AtomicUsize,
    ending: OnceLock<Ending>,
    ended: Notify,
}

impl Shared {
    fn end(&self, ending: Ending) {
        if self.ending.set(ending).is_ok() {
            self.ended.notify_one();
        }
    }
}

impl Outbox {
    pub(crate) fn new() -> (Self, Inbox) {
        let (sender, receiver) = mpsc::channel(MAX_QUEUED_MESSAGES);
        let shared = Arc::new(Shared::default());
        (Self { parcels: sender, shared: Arc::clone(&shared) }, Inbox { parcels: receiver, shared })
    }

    /// Posts a message. Does nothing once the connection is to end.
    pub(crate) fn post(&self, text: String, shows: Option<OfferId>) {
        if self.shared.ending.get().is_some() {
            return;
        }
        let bytes = text.len();
        let queued = self.shared.bytes.fetch_add(bytes, Ordering::Relaxed);
        let fits = queued + bytes <= MAX_QUEUED_BYTES;
        if !fits || self.parcels.try_send(Parcel { text: text.into(), shows }).is_err() {
            self.end(Ending::Code(CloseCode::SlowConsumer));
        }
    }

    /// Ends the connection; the first word counts.
    pub(crate) fn end(&self, ending: Ending) {
        self.shared.end(ending);
    }

    /// Whether more than half of the queue is taken: what may be conflated is not posted then.
    pub(crate) fn is_crowded(&self) -> bool {
        self.parcels.capacity() < MAX_QUEUED_MESSAGES / 2
            || self.shared.bytes.load(Ordering::Relaxed) > MAX_QUEUED_BYTES / 2
    }
}

impl Inbox {
    /// So many bytes have left for the socket.
    pub(crate) fn sent(&self, bytes: usize) {
        self.shared.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Waits until somebody ends the connection.
pub(crate) async fn ended(outbox: &Outbox) -> Ending {
    loop {
        if let Some(ending) = outbox.shared.ending.get() {
            return *ending;
        }
        outbox.shared.ended.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ending(outbox: &Outbox) -> Option<Ending> {
        outbox.shared.ending.get().copied()
    }

    #[test]
    fn the_257th_waiting_message_ends_a_slow_client() {
        let (outbox, _inbox) = Outbox::new();
        for _ in 0..MAX_QUEUED_MESSAGES {
            outbox.post("{}".into(), None);
        }
        assert_eq!(ending(&outbox), None);
        outbox.post("{}".into(), None);
        assert_eq!(ending(&outbox), Some(Ending::Code(CloseCode::SlowConsumer)));
    }

    #[test]
    fn a_mebibyte_that_waits_ends_a_slow_client_and_what_was_sent_does_not_count() {
        let (outbox, mut inbox) = Outbox::new();
        let half = MAX_QUEUED_BYTES / 2;
        outbox.post("x".repeat(half), None);
        outbox.post("x".repeat(half), None);
        assert_eq!(ending(&outbox), None);
        let sent = inbox.parcels.try_recv().unwrap();
        inbox.sent(sent.text.len());
        outbox.post("x".repeat(half), None);
        assert_eq!(ending(&outbox), None);
        outbox.post("x".into(), None);
        assert_eq!(ending(&outbox), Some(Ending::Code(CloseCode::SlowConsumer)));
    }

    #[test]
    fn the_first_word_on_the_end_counts() {
        let (outbox, _inbox) = Outbox::new();
        outbox.end(Ending::Code(CloseCode::Replaced));
        outbox.end(Ending::Code(CloseCode::SlowConsumer));
        assert_eq!(ending(&outbox), Some(Ending::Code(CloseCode::Replaced)));
    }
}
