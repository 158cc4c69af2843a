//! One caller's RTP stream (RFC 3550), 20 ms a packet.

use super::{
    PACKET,
    keys::{self, Keys},
    sound::{SAMPLES, Sound},
};
use acd::CallId;
use sip::Play;
use std::{collections::VecDeque, net::UdpSocket, sync::Arc, time::Instant};

const HEADER: usize = 12;
/// A caller who got nothing for this many packets is not flooded with them afterwards.
const MOST_LATE: u32 = 10;

/// Packets of a caller's that are looked at for each of ours: what comes faster is passed over.
const MOST_HEARD: u32 = 8;

/// Clips that may wait to be spoken to a caller.
const MOST_SPOKEN: usize = 32;

/// Where a caller's music is, and what comes next.
#[derive(Debug)]
pub struct Stream {
    socket: Arc<UdpSocket>,
    play: Play,
    sound: Arc<Sound>,
    /// What is spoken over the music, one after the other, and how far the first of them is.
    spoken: VecDeque<Arc<Sound>>,
    spoken_packets: u32,
    started: Instant,
    /// Packets due so far, sent or skipped.
    packets: u32,
    keys: Keys,
    sequence: u16,
    ssrc: u32,
    marker: bool,
}

impl Stream {
    /// Begins at `start`.
    pub fn new(socket: Arc<UdpSocket>, play: Play, sound: Arc<Sound>, call: CallId, start: Instant) -> Self {
        // The id's low bits are unguessable, which is what RFC 3550 §5.1 asks of these three.
        let bits = call.as_u128();
        let (ssrc, sequence) = (bits as u32, (bits >> 32) as u16);
        Self {
            socket,
            play,
            sound,
            spoken: VecDeque::new(),
            spoken_packets: 0,
            started: start,
            packets: 0,
            keys: Keys::default(),
            sequence,
            ssrc,
            marker: true,
        }
    }
    /// Goes elsewhere, in another coding, or with another sound, without a break.
    pub fn redirect(&mut self, play: Play, sound: Arc<Sound>) {
        self.play = play;
        self.sound = sound;
        self.marker = true;
    }
    /// Speaks these clips instead of the music, one after the other, behind what is being spoken.
    pub fn speak(&mut self, clips: Vec<Arc<Sound>>) {
        if self.spoken.len() + clips.len() <= MOST_SPOKEN {
            self.spoken.extend(clips);
        }
    }
    /// Speaks this clip at once, and nothing of what was still to be spoken.
    pub fn break_in(&mut self, clip: Arc<Sound>) {
        self.spoken = VecDeque::from([clip]);
        self.spoken_packets = 0;
    }
    /// Sends every packet that is due: as many as 20 ms fit into the time since the start, so that a late round does
    /// not slow the music down.
    pub fn send_due(&mut self, now: Instant) {
        let elapsed = now.saturating_duration_since(self.started).as_micros() / PACKET.as_micros();
        let due = u32::try_from(elapsed).unwrap_or(u32::MAX).saturating_add(1);
        if due.saturating_sub(self.packets) > MOST_LATE {
            self.packets = due - 1;
            self.marker = true;
        }
        while self.packets < due {
            self.send();
        }
    }
    /// Takes what has come to the port since, and gives the keys that the caller has pressed.
    pub fn hear(&mut self, mut pressed: impl FnMut(char)) {
        let Some(events) = self.play.events else { return };
        let mut packet = [0; keys::LONGEST];
        for _ in 0..MOST_HEARD {
            // Nothing more; or nobody listens where the music goes, which the next packet of ours will not mend.
            let Ok((length, from)) = self.socket.recv_from(&mut packet) else { return };
            if from.ip() == self.play.to.ip()
                && let Some(key) = self.keys.hear(&packet[..length], events)
            {
                pressed(key);
            }
        }
    }

    /// 20 ms of what is spoken, else of the music, which goes on unheard meanwhile.
    fn next_sound(&mut self) -> &[u8] {
        while self.spoken.front().is_some_and(|clip| self.spoken_packets >= clip.packets()) {
            self.spoken.pop_front();
            self.spoken_packets = 0;
        }
        let Some(clip) = self.spoken.front() else { return self.sound.packet(self.play.codec, self.packets) };
        let packet = clip.packet(self.play.codec, self.spoken_packets);
        self.spoken_packets += 1;
        packet
    }
    fn send(&mut self) {
        let mut packet = [0; HEADER + SAMPLES];
        let timestamp = self.packets.wrapping_mul(SAMPLES as u32).wrapping_add(self.ssrc.rotate_left(7));
        packet[0] = 0x80;
        packet[1] = self.play.payload | if self.marker { 0x80 } else { 0 };
        packet[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        packet[4..8].copy_from_slice(&timestamp.to_be_bytes());
        packet[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        packet[HEADER..].copy_from_slice(self.next_sound());
        // Nobody listens at that port (ICMP), or the buffer is full: the music is late by a packet, no more.
        if let Err(error) = self.socket.send_to(&packet, self.play.to) {
            tracing::trace!(%error, "a packet of music was not sent");
        }
        self.marker = false;
        self.sequence = self.sequence.wrapping_add(1);
        self.packets += 1;
    }
}
