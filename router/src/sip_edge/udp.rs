//! SIP over UDP: one socket, read and written by the brain's own thread.

use bytes::Bytes;
use mio::net::UdpSocket;
use std::{collections::VecDeque, io, net::SocketAddr};

/// Largest datagram read.
const DATAGRAM: usize = 65_536;
/// What the kernel may hold for us: a burst while the brain decides.
const KERNEL_BUFFER: usize = 4 * 1024 * 1024;
/// Datagrams that wait for the kernel to take them; beyond it they are lost, and SIP sends again.
const QUEUE: usize = 16_384;

/// The socket.
pub struct UdpEdge {
    socket: UdpSocket,
    buffer: Box<[u8]>,
    waiting: VecDeque<(SocketAddr, Bytes)>,
}

impl UdpEdge {
    /// Binds an address.
    ///
    /// # Errors
    /// When it is taken or not ours.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        use socket2::{Domain, Protocol, Socket, Type};
        let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_nonblocking(true)?;
        // The kernel gives what it is allowed to give; less is no reason not to start.
        for limited in
            [socket.set_recv_buffer_size(KERNEL_BUFFER), socket.set_send_buffer_size(KERNEL_BUFFER)]
        {
            if let Err(error) = limited {
                tracing::warn!(%error, "the kernel gives no larger socket buffer (sysctl net.core.rmem_max)");
            }
        }
        socket.bind(&address.into())?;
        let socket = UdpSocket::from_std(socket.into());
        Ok(Self { socket, buffer: vec![0; DATAGRAM].into_boxed_slice(), waiting: VecDeque::new() })
    }
    /// Where it is bound.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }
    /// For the poll.
    pub const fn source(&mut self) -> &mut UdpSocket {
        &mut self.socket
    }
    /// The next datagram, if one has come.
    pub fn receive(&mut self) -> Option<(SocketAddr, Bytes)> {
        loop {
            match self.socket.recv_from(&mut self.buffer) {
                Ok((length, from)) => return Some((from, Bytes::copy_from_slice(&self.buffer[..length]))),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return None,
                // An ICMP message about an earlier datagram: the transaction's timers deal with it.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
                Err(error) => {
                    tracing::warn!(%error, "the SIP socket cannot be read");
                    return None;
                }
            }
        }
    }
    /// Sends, or keeps for later when the kernel's buffer is full.
    pub fn send(&mut self, to: SocketAddr, bytes: Bytes) {
        self.flush();
        if self.waiting.is_empty() && self.try_send(to, &bytes) {
            return;
        }
        if self.waiting.len() < QUEUE {
            self.waiting.push_back((to, bytes));
        }
    }
    /// Sends what waited; whether something still waits.
    pub fn flush(&mut self) -> bool {
        while let Some((to, bytes)) = self.waiting.pop_front() {
            if !self.try_send(to, &bytes) {
                self.waiting.push_front((to, bytes));
                return true;
            }
        }
        false
    }
    /// False when the kernel's buffer is full.
    fn try_send(&self, to: SocketAddr, bytes: &[u8]) -> bool {
        match self.socket.send_to(bytes, to) {
            Ok(_) => true,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => false,
            Err(error) => {
                tracing::debug!(%error, "a datagram cannot be sent; timers deal with it");
                true
            }
        }
    }
}
