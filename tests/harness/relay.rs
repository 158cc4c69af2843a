//! A bad line: a seeded relay of datagrams between user agents and a router.
//!
//! It reads nothing of what it carries. The user agents send everything to its [near](Relay::near) side and give its
//! [far](Relay::far) side as their own address; a router that keeps to RFC 3261 then sends them everything through it.

use bytes::Bytes;
use loadtest::{Line, Passing, Way, Weather, random::Dice};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{net::UdpSocket, task::JoinHandle};

/// The largest datagram.
const DATAGRAM: usize = 65_535;
/// How often at most an idle relay looks around.
const IDLE: Duration = Duration::from_secs(3_600);

/// A relay on loopback that carries nothing yet.
#[derive(Debug)]
pub struct Relay {
    near: UdpSocket,
    far: UdpSocket,
    line: Line,
}

/// A relay at work, until it is dropped.
#[derive(Debug)]
pub struct RelayRun {
    task: JoinHandle<()>,
    carried: Arc<Carried>,
}

/// What a relay has carried, both ways.
#[derive(Debug, Default)]
struct Carried {
    taken: AtomicU64,
    delivered: AtomicU64,
}

impl Relay {
    /// Opens both sides.
    ///
    /// # Panics
    ///
    /// When no socket can be opened.
    pub async fn open(weather: Weather, seed: u64) -> Self {
        let socket = async || UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
        Self { near: socket().await, far: socket().await, line: Line::new(weather, Dice::new(seed, 0)) }
    }
    /// Where the user agents send everything.
    #[must_use]
    pub fn near(&self) -> SocketAddr {
        self.near.local_addr().expect("it is bound")
    }
    /// The user agents' address, for everybody else.
    #[must_use]
    pub fn far(&self) -> SocketAddr {
        self.far.local_addr().expect("it is bound")
    }
    /// Carries datagrams between `agents`, who share a socket, and `router`.
    #[must_use]
    pub fn carry(self, agents: SocketAddr, router: SocketAddr) -> RelayRun {
        let carried = Arc::<Carried>::default();
        let task = tokio::spawn(self.run(agents, router, Arc::clone(&carried)));
        RelayRun { task, carried }
    }
    async fn run(mut self, agents: SocketAddr, router: SocketAddr, carried: Arc<Carried>) {
        let (mut from_agents, mut from_router) = (vec![0; DATAGRAM], vec![0; DATAGRAM]);
        loop {
            let wake = self.line.next_arrival().unwrap_or_else(|| Instant::now() + IDLE);
            // An error is an ICMP answer to an earlier datagram: nobody listens there, which is the sender's concern.
            let came = tokio::select! {
                () = tokio::time::sleep_until(wake.into()) => None,
                Ok((length, _)) = self.near.recv_from(&mut from_agents) => Some((Way::Out, &from_agents[..length])),
                Ok((length, _)) = self.far.recv_from(&mut from_router) => Some((Way::In, &from_router[..length])),
                else => None,
            };
            let now = Instant::now();
            let departs = came.and_then(|(way, bytes)| {
                carried.taken.fetch_add(1, Ordering::Relaxed);
                let peer = if way == Way::Out { router } else { agents };
                self.line.depart(Passing { way, peer, bytes: Bytes::copy_from_slice(bytes) }, now)
            });
            for datagram in departs.into_iter().chain(std::iter::from_fn(|| self.line.arrive(now))) {
                let side = if datagram.way == Way::Out { &self.far } else { &self.near };
                if side.send_to(&datagram.bytes, datagram.peer).await.is_ok() {
                    carried.delivered.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }
}

impl RelayRun {
    /// Datagrams that came in, and that went out, doubled ones twice.
    #[must_use]
    pub fn carried(&self) -> (u64, u64) {
        (self.carried.taken.load(Ordering::Relaxed), self.carried.delivered.load(Ordering::Relaxed))
    }
}

impl Drop for RelayRun {
    fn drop(&mut self) {
        self.task.abort();
    }
}
