//! Counts the RTP that a waiting caller hears.

use serde::Serialize;
use std::{
    io,
    net::{IpAddr, SocketAddr, UdpSocket},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::task::JoinHandle;

/// RTP's fixed header (RFC 3550 §5.1), bytes.
const RTP_HEADER: usize = 12;
/// The largest packet looked at.
const PACKET: usize = 2_048;

/// What a caller heard so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Heard {
    /// RTP packets.
    pub(crate) packets: u64,
    /// Datagrams that are no RTP.
    pub(crate) other: u64,
    /// Packets whose number does not follow the one before.
    pub(crate) out_of_order: u64,
    /// The longest silence between two packets.
    pub(crate) longest_gap: Duration,
    last: Option<Instant>,
    sequence: u16,
}

impl Heard {
    fn packet(&mut self, packet: &[u8], now: Instant) {
        if packet.len() < RTP_HEADER || packet[0] >> 6 != 2 {
            self.other += 1;
            return;
        }
        let sequence = u16::from_be_bytes([packet[2], packet[3]]);
        if let Some(last) = self.last {
            self.longest_gap = self.longest_gap.max(now - last);
            self.out_of_order += u64::from(sequence != self.sequence.wrapping_add(1));
        }
        self.sequence = sequence;
        self.last = Some(now);
        self.packets += 1;
    }
    /// Packets per second over the time the caller waited.
    pub(crate) fn packets_per_s(&self, waited: Duration) -> f64 {
        if waited.is_zero() { 0.0 } else { self.packets as f64 / waited.as_secs_f64() }
    }
}

/// A caller's ear: a UDP port that counts what arrives.
#[derive(Debug)]
pub(crate) struct Ear {
    pub(crate) address: SocketAddr,
    heard: Arc<Mutex<Heard>>,
    task: JoinHandle<()>,
    closed: bool,
}

/// Where audio goes that nobody listens to: a port that is open, so that no ICMP error comes back, and never read.
#[derive(Debug)]
pub(crate) struct Sink {
    pub(crate) address: SocketAddr,
    _socket: UdpSocket,
}

impl Sink {
    pub(crate) fn open(ip: IpAddr) -> io::Result<Self> {
        let socket = UdpSocket::bind(SocketAddr::new(ip, 0))?;
        Ok(Self { address: socket.local_addr()?, _socket: socket })
    }
}

impl Ear {
    /// Opens an ear on a free port.
    pub(crate) fn open(ip: IpAddr) -> io::Result<Self> {
        let socket = UdpSocket::bind(SocketAddr::new(ip, 0))?;
        socket.set_nonblocking(true)?;
        let socket = tokio::net::UdpSocket::from_std(socket)?;
        let address = socket.local_addr()?;
        let heard = Arc::new(Mutex::new(Heard::default()));
        let note = Arc::clone(&heard);
        let task = tokio::spawn(async move {
            let mut buffer = [0; PACKET];
            loop {
                // An error is an ICMP answer to nothing of ours; the next packet may still come.
                if let Ok(length) = socket.recv(&mut buffer).await {
                    note.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .packet(&buffer[..length], Instant::now());
                }
            }
        });
        Ok(Self { address, heard, task, closed: false })
    }
    /// Stops listening; what it heard, the first time it is asked. The port stays open.
    pub(crate) fn close(&mut self) -> Option<Heard> {
        self.task.abort();
        let heard = *self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        (!std::mem::replace(&mut self.closed, true)).then_some(heard)
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What waiting callers heard, between their answer and the agent's.
#[derive(Clone, Debug, Default, Serialize)]
pub struct MediaFigures {
    /// Callers who waited long enough to tell a rate (2 s).
    pub callers: u64,
    /// Callers who were answered, waited a second or more, and heard nothing.
    pub deaf: u64,
    /// The lowest rate any of them heard, packets per second.
    pub min_packets_per_s: Option<f64>,
    /// The highest.
    pub max_packets_per_s: Option<f64>,
    /// The mean over callers.
    pub mean_packets_per_s: Option<f64>,
    /// Packets in all.
    pub packets: u64,
    /// Datagrams that were no RTP.
    pub other: u64,
    /// Packets whose number did not follow the one before.
    pub out_of_order: u64,
    /// The longest silence, in milliseconds.
    pub longest_gap_ms: u64,
}

impl MediaFigures {
    /// Rates of callers who waited less say nothing.
    const ENOUGH: Duration = Duration::from_secs(2);
    /// Who waits this long hears something.
    const MUST_HEAR: Duration = Duration::from_secs(1);

    pub(crate) fn add(&mut self, heard: &Heard, waited: Duration) {
        if heard.packets == 0 && waited >= Self::MUST_HEAR {
            self.deaf += 1;
        }
        self.packets += heard.packets;
        self.other += heard.other;
        self.out_of_order += heard.out_of_order;
        self.longest_gap_ms =
            self.longest_gap_ms.max(u64::try_from(heard.longest_gap.as_millis()).unwrap_or(u64::MAX));
        if waited >= Self::ENOUGH {
            let rate = heard.packets_per_s(waited);
            self.callers += 1;
            let mean = self.mean_packets_per_s.unwrap_or(0.0);
            self.mean_packets_per_s = Some(mean + (rate - mean) / self.callers as f64);
            self.min_packets_per_s = Some(self.min_packets_per_s.map_or(rate, |least| least.min(rate)));
            self.max_packets_per_s = Some(self.max_packets_per_s.map_or(rate, |most| most.max(rate)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifty_packets_a_second_are_counted_as_such() {
        let start = Instant::now();
        let mut heard = Heard::default();
        for n in 0..101_u16 {
            let mut packet = [0x80, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xD5];
            packet[2..4].copy_from_slice(&n.to_be_bytes());
            heard.packet(&packet, start + Duration::from_millis(20) * u32::from(n));
        }
        heard.packet(b"hello", start);
        assert_eq!((heard.packets, heard.other, heard.out_of_order), (101, 1, 0));
        let waited = Duration::from_millis(2_020);
        assert!((heard.packets_per_s(waited) - 50.0).abs() < 0.01);
        let mut figures = MediaFigures::default();
        figures.add(&heard, waited);
        figures.add(&Heard::default(), Duration::from_secs(1));
        figures.add(&Heard::default(), Duration::ZERO);
        assert_eq!((figures.callers, figures.deaf, figures.longest_gap_ms), (1, 1, 20));
    }
}
