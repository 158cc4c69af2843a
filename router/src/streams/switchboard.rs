//! Knows every connection, and finds the one a message takes.
//!
//! One task that never waits for anybody: it puts letters into queues, and starts connecting where there is none.

use super::{
    Shared, StreamNews,
    bounds::NAMES,
    connect,
    line::{self, Ends, Handle, Letter, Opener, Untaken},
    reasons::{Failed, Lost},
};
use sip::{Connection, Transport};
use std::{
    collections::{HashMap, hash_map::Entry},
    net::SocketAddr,
    sync::Arc,
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::{Instant, timeout_at},
};
use tokio_rustls::rustls::pki_types::ServerName;

/// What the brain wants.
#[derive(Debug)]
pub(super) enum Order {
    Send(Letter),
    Hold(Connection, bool),
    Name(SocketAddr, ServerName<'static>),
    Stop(oneshot::Sender<()>),
}

/// What the connections' tasks report.
#[derive(Debug)]
pub(super) enum LineNews {
    Opened(Connection, Handle),
    Closed(Connection),
}

/// Orders taken at a time.
const BATCH: usize = 64;

pub(super) struct Switchboard {
    shared: Arc<Shared>,
    orders: mpsc::Receiver<Order>,
    news: mpsc::Receiver<LineNews>,
    handles: HashMap<Connection, Handle>,
    /// The latest connection with each peer, whoever opened it.
    by_peer: HashMap<(Transport, SocketAddr), Connection>,
    names: HashMap<SocketAddr, ServerName<'static>>,
    /// Ends with the switchboard.
    accepting: JoinSet<()>,
}

impl Switchboard {
    pub(super) fn new(
        shared: Arc<Shared>,
        orders: mpsc::Receiver<Order>,
        news: mpsc::Receiver<LineNews>,
        accepting: JoinSet<()>,
    ) -> Self {
        let (handles, by_peer, names) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { shared, orders, news, handles, by_peer, names, accepting }
    }

    /// Runs until told to stop, or until nobody can tell it any more. Connections end when their handles are dropped.
    pub(super) async fn run(mut self) {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            tokio::select! {
                news = self.news.recv() => match news {
                    Some(news) => self.note(news),
                    None => return,
                },
                taken = self.orders.recv_many(&mut batch, BATCH) => {
                    // A connection was reported before the message on it that this may be the answer to.
                    while let Ok(news) = self.news.try_recv() {
                        self.note(news);
                    }
                    for order in batch.drain(..) {
                        match order {
                            Order::Send(letter) => self.send(letter),
                            Order::Hold(connection, held) => self.hold(connection, held),
                            Order::Name(peer, name) => self.name(peer, name),
                            Order::Stop(done) => {
                                self.stop().await;
                                // Who does not wait for it needs no answer.
                                let _nobody_waits = done.send(());
                                return;
                            }
                        }
                    }
                    if taken == 0 {
                        return;
                    }
                }
            }
        }
    }

    /// Takes no more connections, and lets those there are take leave.
    async fn stop(&mut self) {
        self.accepting.shutdown().await;
        let mut open = self.handles.len();
        self.handles.clear();
        let until = Instant::now() + 2 * self.shared.times.linger;
        while open > 0
            && let Ok(Some(news)) = timeout_at(until, self.news.recv()).await
        {
            match news {
                // Its handle ends it at once.
                LineNews::Opened(..) => open += 1,
                LineNews::Closed(_) => open -= 1,
            }
        }
    }

    fn note(&mut self, news: LineNews) {
        match news {
            LineNews::Opened(connection, handle) => self.add(connection, handle),
            LineNews::Closed(connection) => self.remove(connection),
        }
    }
    fn add(&mut self, connection: Connection, handle: Handle) {
        self.by_peer.insert((handle.transport, handle.peer), connection);
        self.handles.insert(connection, handle);
    }
    fn remove(&mut self, connection: Connection) {
        let Some(handle) = self.handles.remove(&connection) else { return };
        if let Entry::Occupied(latest) = self.by_peer.entry((handle.transport, handle.peer))
            && *latest.get() == connection
        {
            latest.remove();
        }
    }
    fn hold(&self, connection: Connection, held: bool) {
        if let Some(handle) = self.handles.get(&connection) {
            handle.hold(held);
        }
    }
    fn name(&mut self, peer: SocketAddr, name: ServerName<'static>) {
        let known = self.names.get(&peer);
        if let Some(known) = known.filter(|known| **known != name) {
            tracing::warn!(%peer, before = ?known, now = ?name, "another name leads to this address now; its certificate must be for it");
        }
        if known.is_some() || self.names.len() < NAMES {
            self.names.insert(peer, name);
        } else {
            tracing::warn!(
                "more than {NAMES} names of peers; certificates of others must carry their address"
            );
        }
    }

    fn send(&mut self, mut letter: Letter) {
        // At most two are tried: the one it was addressed to, and the latest with this peer.
        while let Some(connection) = self.connection_for(&letter) {
            let Some(handle) = self.handles.get(&connection) else { break };
            match handle.put(letter) {
                Ok(()) => return,
                Err(Untaken::Unread) => {
                    self.remove(connection);
                    return self.shared.metrics.connections.lost(Lost::Unread, 1);
                }
                Err(Untaken::Gone(back)) => {
                    letter = back;
                    self.remove(connection);
                }
            }
        }
        self.connect(letter);
    }
    fn connection_for(&self, letter: &Letter) -> Option<Connection> {
        let named = letter.to.connection.filter(|connection| self.handles.contains_key(connection));
        named.or_else(|| self.by_peer.get(&(letter.to.transport, letter.to.peer)).copied())
    }
    /// Opens a connection and puts the letter into its queue.
    fn connect(&mut self, letter: Letter) {
        let (transport, peer) = (letter.to.transport, letter.to.peer);
        let place = match transport {
            Transport::Tcp | Transport::Tls => self.shared.places.take_ours().ok_or(Failed::Full),
            // Browsers connect to us, never we to them.
            Transport::Udp | Transport::Ws | Transport::Wss => Err(Failed::Transport),
        };
        let place = match place {
            Ok(place) => place,
            Err(failed) => return self.unreachable(letter, failed),
        };
        let Ends { line, queue, handle } = line::line((transport, peer), Opener::We, place, &self.shared);
        if handle.put(letter).is_err() {
            // It is larger than any queue.
            return self.shared.metrics.connections.lost(Lost::Unread, 1);
        }
        self.add(line.connection(), handle);
        tokio::spawn(connect::run(line, queue, self.names.get(&peer).cloned()));
    }
    fn unreachable(&self, letter: Letter, failed: Failed) {
        self.shared.metrics.connections.failed(failed);
        self.shared.metrics.connections.lost(Lost::Unreachable, 1);
        if (self.shared.inbound)(StreamNews::Unreachable { flow: letter.to }).is_err() {
            tracing::debug!("the brain was too busy to hear that a peer cannot be reached; timers tell it");
        }
    }
}
