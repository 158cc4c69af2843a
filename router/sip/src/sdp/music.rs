//! Descriptions for a caller who hears our music: G.711 in 20 ms packets.

use super::origin::address_type;
use super::{Direction, Format, Media, Origin, Sdp};
use bytes::Bytes;
use std::fmt::Write as _;
use std::net::SocketAddr;

/// A G.711 coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Codec {
    Pcmu,
    Pcma,
}

impl Codec {
    /// The encoding name in `rtpmap`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
        }
    }
    fn of(format: &Format) -> Option<Self> {
        [Self::Pcmu, Self::Pcma].into_iter().find(|codec| format.is(codec.as_str(), CLOCK_HZ))
    }
}

const CLOCK_HZ: u32 = 8_000;
/// Sound in one packet of ours.
const PTIME_MS: u8 = 20;

/// What to send to a caller so that he hears music.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Music {
    /// His most preferred coding that we have.
    pub codec: Codec,
    /// RTP payload type he reads it under.
    pub payload: u8,
    /// Milliseconds in one packet.
    pub ptime_ms: u8,
    /// Payload type of his telephone events (RFC 4733); none when he sends no keys that way.
    pub events: Option<u8>,
    /// Where to send it; `None` while he does not want to hear (hold), or named no usable address.
    pub to: Option<SocketAddr>,
}

/// Our answer to an offer, and what follows from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MusicAnswer {
    /// The description to send.
    pub body: Bytes,
    /// The music to start.
    pub music: Music,
}

impl Sdp {
    /// The music its writer can hear: from its first audio line of plain RTP with a G.711 payload.
    #[must_use]
    pub fn music(&self) -> Option<Music> {
        let (media, format, codec) = musical(self).map(|(_, media, format, codec)| (media, format, codec))?;
        let to = media.target().filter(|to| !media.is_held() && is_single_host(*to));
        let events = events_of(media);
        Some(Music { codec, payload: format.payload()?, ptime_ms: PTIME_MS, events, to })
    }
}

/// Nobody can make us send a stream to a group or to everyone on a network.
fn is_single_host(to: SocketAddr) -> bool {
    let broadcast = matches!(to, SocketAddr::V4(v4) if v4.ip().is_broadcast());
    !to.ip().is_multicast() && !to.ip().is_unspecified() && !broadcast
}

/// The media line we play on: its place, itself, the format and its coding.
fn musical(sdp: &Sdp) -> Option<(usize, &Media, &Format, Codec)> {
    sdp.media().iter().enumerate().find_map(|(place, media)| {
        let usable = media.is_active() && media.is_plain_rtp() && media.kind.eq_ignore_ascii_case(b"audio");
        let known = |format| Codec::of(format).map(|codec| (place, media, format, codec));
        media.formats.iter().filter(|format| usable && format.payload().is_some()).find_map(known)
    })
}

/// Under which payload type keys come, at the rate of the sound they come with.
fn events_of(media: &Media) -> Option<u8> {
    media.formats.iter().find(|format| format.is("telephone-event", CLOCK_HZ)).and_then(Format::payload)
}

/// Answers `offer` with our music from `ours`, telephone events included if offered; every other media line is refused
/// in its place. `None` when there is no G.711 or nothing but encrypted media.
///
/// Source: RFC 3264 §6.
#[must_use]
pub fn answer_music(offer: &Sdp, ours: SocketAddr, origin: &Origin) -> Option<MusicAnswer> {
    let (place, media, format, codec) = musical(offer)?;
    let music = offer.music()?;
    let mut body = session(ours, origin, &String::from_utf8_lossy(&offer.times));
    for (other, line) in offer.media().iter().enumerate() {
        if other != place {
            refuse(&mut body, line);
            continue;
        }
        let events = events_of(media).map(|payload| (payload, "telephone-event"));
        let formats = [Some((format.payload()?, codec.as_str())), events];
        audio(
            &mut body,
            ours.port(),
            &String::from_utf8_lossy(&media.proto),
            &formats,
            media.direction.answered(),
        );
    }
    Some(MusicAnswer { body: Bytes::from(body), music })
}

/// Offers our music from `ours` to a caller who sent no offer.
#[must_use]
pub fn offer_music(ours: SocketAddr, origin: &Origin) -> Bytes {
    let mut body = session(ours, origin, "");
    let formats = [Some((8, "PCMA")), Some((0, "PCMU")), Some((101, "telephone-event"))];
    audio(&mut body, ours.port(), "RTP/AVP", &formats, Direction::SendRecv);
    Bytes::from(body)
}

// Writing to a `String` cannot fail.

fn session(ours: SocketAddr, origin: &Origin, times: &str) -> String {
    let (ip, times) = (ours.ip(), if times.is_empty() { "0 0" } else { times });
    format!("v=0\r\no={origin}\r\ns=-\r\nc=IN {} {ip}\r\nt={times}\r\n", address_type(ip))
}

fn audio(body: &mut String, port: u16, proto: &str, formats: &[Option<(u8, &str)>], direction: Direction) {
    let formats = || formats.iter().flatten();
    let _ = write!(body, "m=audio {port} {proto}");
    for (payload, _) in formats() {
        let _ = write!(body, " {payload}");
    }
    body.push_str("\r\n");
    for (payload, encoding) in formats() {
        let _ = write!(body, "a=rtpmap:{payload} {encoding}/{CLOCK_HZ}\r\n");
        if *encoding == "telephone-event" {
            let _ = write!(body, "a=fmtp:{payload} 0-15\r\n");
        }
    }
    let _ = write!(body, "a=ptime:{PTIME_MS}\r\na={}\r\n", direction.as_str());
}

/// Refuses a media line in its place.
pub(super) fn refuse(body: &mut String, media: &Media) {
    let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
    let _ = write!(body, "m={} 0 {}", text(&media.kind), text(&media.proto));
    for format in &media.formats {
        let _ = write!(body, " {}", text(&format.text));
    }
    body.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::{Codec, Origin, Sdp, answer_music, offer_music};
    use bytes::Bytes;
    use std::net::SocketAddr;

    fn sdp(media: &str) -> Sdp {
        let text =
            format!("v=0\r\no=a 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=5 6\r\n{media}");
        Sdp::parse(Bytes::from(text)).unwrap()
    }
    fn ours() -> (SocketAddr, Origin) {
        ("192.0.2.9:20000".parse().unwrap(), Origin::new("sambung", 7, "192.0.2.9".parse().unwrap()))
    }
    fn answered(media: &str) -> Option<(String, super::Music)> {
        let (at, origin) = ours();
        answer_music(&sdp(media), at, &origin)
            .map(|answer| (String::from_utf8(answer.body.to_vec()).unwrap(), answer.music))
    }

    #[test]
    fn the_callers_first_known_coding_is_played_and_other_lines_are_refused_in_place() {
        let (body, music) = answered(
            "m=video 5000 RTP/AVP 31 34\r\nm=audio 4000 RTP/AVP 96 18 97 0 101\r\na=rtpmap:96 opus/48000/2\r\n\
             a=rtpmap:97 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n",
        )
        .unwrap();
        assert_eq!((music.codec, music.payload, music.ptime_ms), (Codec::Pcma, 97, 20));
        assert_eq!((music.to, music.events), ("192.0.2.1:4000".parse().ok(), Some(101)));
        assert_eq!(
            body,
            "v=0\r\no=sambung 7 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=5 6\r\nm=video 0 RTP/AVP 31 34\r\n\
             m=audio 20000 RTP/AVP 97 101\r\na=rtpmap:97 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n\
             a=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
        );
    }

    #[test]
    fn encrypted_media_and_strange_codings_get_no_music() {
        assert!(answered("m=audio 4000 RTP/SAVP 0\r\n").is_none());
        assert!(answered("m=audio 4000 RTP/AVP 18\r\n").is_none());
        assert!(answered("m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 PCMU/16000\r\n").is_none());
        assert!(answered("m=audio 0 RTP/AVP 0\r\n").is_none());
        assert!(answered("").is_none());
        let (_, music) = answered("m=audio 4000 RTP/SAVP 0\r\nm=audio 4002 RTP/AVP 0\r\n").unwrap();
        assert_eq!(music.to, "192.0.2.1:4002".parse().ok());
    }

    #[test]
    fn a_caller_who_does_not_listen_is_answered_but_sent_nothing() {
        for (media, direction) in [
            ("m=audio 4000 RTP/AVP 0\r\na=sendonly\r\n", "a=recvonly"),
            ("m=audio 4000 RTP/AVP 0\r\na=inactive\r\n", "a=inactive"),
            ("m=audio 4000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n", "a=sendrecv"),
            ("m=audio 4000 RTP/AVP 0\r\nc=IN IP4 255.255.255.255\r\n", "a=sendrecv"),
            ("m=audio 4000 RTP/AVP 0\r\nc=IN IP4 224.2.1.1/127\r\n", "a=sendrecv"),
            ("m=audio 4000 RTP/AVP 0\r\nc=IN IP4 phone.example.com\r\n", "a=sendrecv"),
        ] {
            let (body, music) = answered(media).unwrap();
            assert!(body.contains(direction), "{body}");
            assert_eq!(music.to, None, "{media}");
        }
        let (body, music) = answered("m=audio 4000 RTP/AVP 0\r\na=recvonly\r\n").unwrap();
        assert!(body.contains("a=sendonly") && music.to.is_some());
        assert_eq!(music.events, None, "no keys were spoken of");
    }

    #[test]
    fn our_own_offer_can_be_read_and_answered() {
        let (at, origin) = ours();
        let offer = Sdp::parse(offer_music(at, &origin)).unwrap();
        let music = offer.music().unwrap();
        assert_eq!((music.codec, music.payload, music.to), (Codec::Pcma, 8, Some(at)));
        assert!(answer_music(&offer, at, &origin).is_some());
    }
}
