//! The socket to rtpengine: read and written by the brain's own thread, never waited for.

use super::ng::MAX_ANSWER;
use mio::net::UdpSocket;
use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

/// The socket.
pub struct Socket {
    socket: UdpSocket,
    buffer: Box<[u8]>,
}

impl Socket {
    /// A socket that hears `peer` alone.
    ///
    /// # Errors
    /// When the system gives none.
    pub fn connect(peer: SocketAddr) -> io::Result<Self> {
        let any: IpAddr =
            if peer.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let socket = UdpSocket::bind(SocketAddr::new(any, 0))?;
        socket.connect(peer)?;
        Ok(Self { socket, buffer: vec![0; MAX_ANSWER].into_boxed_slice() })
    }
    /// For the poll.
    pub const fn source(&mut self) -> &mut UdpSocket {
        &mut self.socket
    }
    /// The next datagram, if one has come.
    ///
    /// # Errors
    /// When nobody listens there.
    pub fn receive(&mut self) -> io::Result<Option<&[u8]>> {
        match self.socket.recv(&mut self.buffer) {
            Ok(length) => Ok(Some(&self.buffer[..length])),
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Err(error),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => {
                tracing::warn!(%error, "the socket to rtpengine cannot be read");
                Ok(None)
            }
        }
    }
    /// Sends; what the kernel does not take is asked again.
    pub fn send(&self, datagram: &[u8]) {
        if let Err(error) = self.socket.send(datagram) {
            tracing::debug!(%error, "a question to rtpengine cannot be sent; it is asked again");
        }
    }
}
