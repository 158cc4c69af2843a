//! Session descriptions (RFC 4566, RFC 3264): what a peer offers, whether two of them mean the same, and the few we
//! write ourselves (music, and another's under our `o=` line).
//!
//! A description is read for what call control needs: media lines with address, port, protocol, payloads, direction.
//! Everything else stays in the bytes, which travel on untouched.

mod compare;
mod hold;
mod music;
mod origin;
mod parse;

pub use compare::{differs, is_news};
pub use hold::{answer_silence, offer_open, offer_silence};
pub use music::{Codec, Music, MusicAnswer, answer_music, offer_music};
pub use origin::{Origin, same_origin, session_of, with_origin};

use crate::wire::ip_literal;
use bytes::Bytes;
use std::net::{IpAddr, SocketAddr};

/// How much of a description we are willing to read.
pub mod limits {
    /// Octets.
    pub const BODY: usize = crate::wire::limits::BODY;
    /// `m=` lines.
    pub const MEDIA: usize = 32;
    /// Formats of one `m=` line: there are no more payload types than these.
    pub const FORMATS: usize = 128;
}

/// Why a description cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    /// It does not start with `v=0`.
    #[error("the body is no session description of version 0")]
    Version,
    /// A media line without kind, port, protocol and format.
    #[error("media line {0} cannot be read; it needs kind, port, protocol and formats")]
    MediaLine(usize),
    /// More than [`limits`] allow.
    #[error("the session description is larger than we read")]
    TooLarge,
}

/// Who sends media, seen from the one who wrote it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Direction {
    #[default]
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

impl Direction {
    /// What the other side answers when it wants all it may have (RFC 3264 §6.1).
    #[must_use]
    pub const fn answered(self) -> Self {
        match self {
            Self::SendRecv => Self::SendRecv,
            Self::SendOnly => Self::RecvOnly,
            Self::RecvOnly => Self::SendOnly,
            Self::Inactive => Self::Inactive,
        }
    }
    /// Does the writer listen?
    #[must_use]
    pub const fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }
    /// The attribute's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }
}

/// One format of a media line, with what `rtpmap` or RFC 3551 says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    /// As it stands in the `m=` line: a payload type, or a word for media that is not RTP.
    pub text: Bytes,
    /// Encoding name as written (`PCMA`); empty when nobody told.
    pub encoding: Bytes,
    /// Clock rate in Hz; 0 when nobody told.
    pub clock_hz: u32,
    /// Channels; 1 unless told.
    pub channels: u32,
}

impl Format {
    /// The RTP payload type.
    #[must_use]
    pub fn payload(&self) -> Option<u8> {
        std::str::from_utf8(&self.text).ok()?.parse().ok().filter(|&payload: &u8| payload < 128)
    }
    /// Is it this encoding at this clock rate, one channel?
    #[must_use]
    pub fn is(&self, encoding: &str, clock_hz: u32) -> bool {
        self.encoding.eq_ignore_ascii_case(encoding.as_bytes())
            && self.clock_hz == clock_hz
            && self.channels == 1
    }
}

/// One media line with the attributes that belong to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// `audio`, `video`, …
    pub kind: Bytes,
    /// The port; 0 means refused or switched off.
    pub port: u16,
    /// `RTP/AVP`, `RTP/SAVPF`, …
    pub proto: Bytes,
    /// Payloads in order of preference.
    pub formats: Vec<Format>,
    /// Host of the `c=` line that counts here (its own, else the session's); empty without one.
    pub address: Bytes,
    /// Its own direction, else the session's.
    pub direction: Direction,
    /// Milliseconds of sound in one packet, if told.
    pub ptime_ms: Option<u8>,
}

impl Media {
    /// Is it switched on?
    #[must_use]
    pub const fn is_active(&self) -> bool {
        self.port != 0
    }
    /// Is it RTP that is not encrypted (`RTP/AVP`, `RTP/AVPF`)?
    #[must_use]
    pub fn is_plain_rtp(&self) -> bool {
        self.proto.eq_ignore_ascii_case(b"RTP/AVP") || self.proto.eq_ignore_ascii_case(b"RTP/AVPF")
    }
    /// Where it receives, when the host is an address.
    #[must_use]
    pub fn target(&self) -> Option<SocketAddr> {
        Some(SocketAddr::new(ip_literal(&self.address)?, self.port)).filter(|_| self.is_active())
    }
    /// Does its writer not want to hear us: told so, or the old way by the address 0.0.0.0 (RFC 3264 §8.4)?
    #[must_use]
    pub fn is_held(&self) -> bool {
        !self.direction.receives() || ip_literal(&self.address).is_some_and(|ip: IpAddr| ip.is_unspecified())
    }
}

/// A description that has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sdp {
    body: Bytes,
    media: Vec<Media>,
    times: Bytes,
}

impl Sdp {
    /// Reads a description. Lines may end in LF alone; what is not understood is passed over.
    ///
    /// # Errors
    ///
    /// [`SdpError`]; answer the offer with 488.
    pub fn parse(body: Bytes) -> Result<Self, SdpError> {
        parse::parse(body)
    }
    /// The bytes it was read from.
    #[must_use]
    pub const fn body(&self) -> &Bytes {
        &self.body
    }
    /// All media lines in order.
    #[must_use]
    pub fn media(&self) -> &[Media] {
        &self.media
    }
    /// The first audio line that is switched on.
    #[must_use]
    pub fn audio(&self) -> Option<&Media> {
        self.media.iter().find(|media| media.is_active() && media.kind.eq_ignore_ascii_case(b"audio"))
    }
}
