//! Carries datagrams and time to user agents that share one UDP socket.
//!
//! The user agents ([`Party`]) decide; this only reads, sleeps and sends.

use crate::{
    Stop,
    weather::{Line, Passing, Way},
};
use bytes::Bytes;
use socket2::{Domain, Protocol, Socket, Type};
use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::net::UdpSocket;

/// What the kernel may keep for us while we are busy: some 3,000 messages. More than the system allows is cut to that.
const SOCKET_BUFFER: usize = 4 << 20;
/// The largest datagram read.
const DATAGRAM: usize = 65_535;
/// Datagrams read before time is looked at again, so that a flood starves no timer.
const BATCH: usize = 64;
/// How often at most an idle engine looks around.
const IDLE: Duration = Duration::from_secs(3_600);

/// What one look at the world brings out.
#[derive(Debug)]
pub(crate) struct Turn {
    /// When it happens.
    pub(crate) now: Instant,
    /// What is to be sent, in order.
    pub(crate) sends: Vec<(SocketAddr, Bytes)>,
}

impl Turn {
    pub(crate) fn send(&mut self, to: SocketAddr, bytes: impl Into<Bytes>) {
        self.sends.push((to, bytes.into()));
    }
}

/// User agents behind one socket.
pub(crate) trait Party {
    /// A datagram has come.
    fn receive(&mut self, from: SocketAddr, bytes: Bytes, turn: &mut Turn);
    /// When [`Party::expire`] is wanted.
    fn next_deadline(&self) -> Option<Instant>;
    /// Does what is due.
    fn expire(&mut self, turn: &mut Turn);
    /// The run ends: nothing new, and what lives is hung up.
    fn stop(&mut self, turn: &mut Turn);
    /// Whether there is nothing left to do.
    fn is_done(&self) -> bool;
}

/// What connects user agents with the rest of the world.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) socket: UdpSocket,
    /// What becomes of datagrams on their way.
    pub(crate) line: Line,
    /// Takes everything that is sent, wherever it is addressed to.
    pub(crate) proxy: Option<SocketAddr>,
}

/// Binds a UDP socket with room for bursts.
pub(crate) fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_recv_buffer_size(SOCKET_BUFFER)?;
    socket.set_send_buffer_size(SOCKET_BUFFER)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    UdpSocket::from_std(socket.into())
}

/// Runs `party` on `wire` until it is done, or until it is stopped and its calls are over.
///
/// `grace` bounds the time from the stop to the return.
pub(crate) async fn run(wire: Wire, party: &mut impl Party, mut stop: Stop, grace: Duration) {
    let Wire { socket, mut line, proxy } = wire;
    let mut buffer = vec![0; DATAGRAM];
    let mut turn = Turn { now: Instant::now(), sends: Vec::new() };
    let mut end = None;
    // What was said last is still on its way when everything has been said.
    while !(party.is_done() && line.next_arrival().is_none()) && end.is_none_or(|end| turn.now < end) {
        if end.is_none() && stop.is_set() {
            party.stop(&mut turn);
            end = Some(turn.now + grace);
        }
        let more = receive_batch(&socket, party, &mut line, &mut buffer, &mut turn);
        turn.now = Instant::now();
        party.expire(&mut turn);
        let outgoing = arrivals(party, &mut line, &mut turn);
        send_all(&socket, proxy, outgoing).await;
        let ends = [party.next_deadline(), line.next_arrival(), end];
        let wake = ends.into_iter().flatten().min().unwrap_or(turn.now + IDLE);
        if more || wake <= turn.now {
            tokio::task::yield_now().await;
        } else if !party.is_done() || line.next_arrival().is_some() {
            tokio::select! {
                _readable_or_error = socket.readable() => {}
                () = tokio::time::sleep_until(wake.into()) => {}
                () = stop.stopped(), if end.is_none() => {}
            }
        }
    }
}

/// Hands over what has arrived; true when there may be more.
fn receive_batch(
    socket: &UdpSocket,
    party: &mut impl Party,
    line: &mut Line,
    buffer: &mut [u8],
    turn: &mut Turn,
) -> bool {
    for _ in 0..BATCH {
        match socket.try_recv_from(buffer) {
            Ok((length, peer)) => {
                turn.now = Instant::now();
                let bytes = Bytes::copy_from_slice(&buffer[..length]);
                if let Some(Passing { peer, bytes, .. }) =
                    line.depart(Passing { way: Way::In, peer, bytes }, turn.now)
                {
                    party.receive(peer, bytes, turn);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
            // An ICMP answer to an earlier datagram: nobody listens there. The sender's timers see to it.
            Err(error) => tracing::debug!(%error, "a datagram was not delivered"),
        }
    }
    true
}

/// Sets out what is to be sent, hands over what has arrived, and gives what leaves the socket now.
fn arrivals(party: &mut impl Party, line: &mut Line, turn: &mut Turn) -> Vec<Passing> {
    let mut outgoing = Vec::new();
    loop {
        for (peer, bytes) in std::mem::take(&mut turn.sends) {
            outgoing.extend(line.depart(Passing { way: Way::Out, peer, bytes }, turn.now));
        }
        match line.arrive(turn.now) {
            None => return outgoing,
            Some(Passing { way: Way::In, peer, bytes }) => party.receive(peer, bytes, turn),
            Some(datagram @ Passing { way: Way::Out, .. }) => outgoing.push(datagram),
        }
    }
}

async fn send_all(socket: &UdpSocket, proxy: Option<SocketAddr>, datagrams: Vec<Passing>) {
    for Passing { peer, bytes, .. } in datagrams {
        // UDP may lose it anyway; what matters is sent again by its owner.
        if let Err(error) = socket.send_to(&bytes, proxy.unwrap_or(peer)).await {
            tracing::debug!(%error, "a datagram could not be sent");
        }
    }
}
