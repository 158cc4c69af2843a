//! Reads a description line by line.

use super::{Direction, Format, Media, Sdp, SdpError, limits};
use bytes::Bytes;

pub(super) fn parse(body: Bytes) -> Result<Sdp, SdpError> {
    if body.len() > limits::BODY {
        return Err(SdpError::TooLarge);
    }
    // Nothing may stand before it, so that a line put behind it is in the description.
    let behind = body.strip_prefix(b"v=0").ok_or(SdpError::Version)?;
    if !matches!(behind.first(), None | Some(b'\r' | b'\n')) {
        return Err(SdpError::Version);
    }
    let mut reader = Reader {
        body: &body,
        address: Bytes::new(),
        direction: Direction::default(),
        times: Bytes::new(),
        media: Vec::new(),
        mappings: 0,
    };
    for (kind, value) in lines(behind) {
        reader.line(kind, value)?;
    }
    let Reader { times, media, .. } = reader;
    Ok(Sdp { body, media, times })
}

/// The `x=value` lines; others are passed over.
pub(super) fn lines(body: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    body.split(|&byte| byte == b'\n').filter_map(|line| match line.strip_suffix(b"\r").unwrap_or(line) {
        [kind, b'=', value @ ..] => Some((*kind, value)),
        _ => None,
    })
}

struct Reader<'a> {
    body: &'a Bytes,
    address: Bytes,
    direction: Direction,
    times: Bytes,
    media: Vec<Media>,
    /// `rtpmap` lines of the last media line so far.
    mappings: usize,
}

impl Reader<'_> {
    fn line(&mut self, kind: u8, value: &[u8]) -> Result<(), SdpError> {
        match kind {
            b'm' => return self.media_line(value),
            b'c' => self.connection(value),
            b't' if self.times.is_empty() => self.times = self.body.slice_ref(value),
            b'a' => self.attribute(value),
            _ => {}
        }
        Ok(())
    }

    fn media_line(&mut self, value: &[u8]) -> Result<(), SdpError> {
        let place = self.media.len() + 1;
        if place > limits::MEDIA {
            return Err(SdpError::TooLarge);
        }
        let mut words = words(value);
        let (kind, port, proto) = (words.next(), words.next().and_then(port), words.next());
        let formats: Vec<Format> =
            words.map(|word| format(self.body.slice_ref(word))).take(limits::FORMATS + 1).collect();
        if formats.len() > limits::FORMATS {
            return Err(SdpError::TooLarge);
        }
        let (Some(kind), Some(port), Some(proto), false) = (kind, port, proto, formats.is_empty()) else {
            return Err(SdpError::MediaLine(place));
        };
        self.mappings = 0;
        self.media.push(Media {
            kind: self.body.slice_ref(kind),
            port,
            proto: self.body.slice_ref(proto),
            formats,
            address: self.address.clone(),
            direction: self.direction,
            ptime_ms: None,
        });
        Ok(())
    }

    /// `IN IP4 192.0.2.1`, for a group with `/ttl` behind it.
    fn connection(&mut self, value: &[u8]) {
        let Some(host) = words(value).nth(2) else { return };
        let host = host.split(|&byte| byte == b'/').next().unwrap_or_default();
        let host = self.body.slice_ref(host);
        match self.media.last_mut() {
            Some(media) => media.address = host,
            None => self.address = host,
        }
    }

    fn attribute(&mut self, value: &[u8]) {
        let (name, rest) = value.split_at(memchr::memchr(b':', value).unwrap_or(value.len()));
        let rest = rest.strip_prefix(b":").unwrap_or_default();
        if let Some(direction) = direction(name) {
            match self.media.last_mut() {
                Some(media) => media.direction = direction,
                None => self.direction = direction,
            }
        } else if let Some(media) = self.media.last_mut() {
            match name {
                // More mappings than there can be formats are nobody's, and each costs a search.
                b"rtpmap" if self.mappings < limits::FORMATS => {
                    self.mappings += 1;
                    rtpmap(self.body, media, rest);
                }
                b"ptime" => media.ptime_ms = text(rest).trim().parse().ok(),
                _ => {}
            }
        }
    }
}

fn words(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty())
}

fn text(value: &[u8]) -> &str {
    std::str::from_utf8(value).unwrap_or_default()
}

/// `49170` or `49170/2`.
fn port(word: &[u8]) -> Option<u16> {
    text(word.split(|&byte| byte == b'/').next()?).parse().ok()
}

/// Whether a line, with or without its end, says who sends.
pub(super) fn is_direction(line: &[u8]) -> bool {
    line.strip_prefix(b"a=").is_some_and(|value| direction(value.trim_ascii_end()).is_some())
}

fn direction(name: &[u8]) -> Option<Direction> {
    let all = [Direction::SendRecv, Direction::SendOnly, Direction::RecvOnly, Direction::Inactive];
    all.into_iter().find(|direction| direction.as_str().as_bytes() == name)
}

/// A format with what RFC 3551 fixes for its payload type, until an `rtpmap` says more.
fn format(word: Bytes) -> Format {
    let (encoding, clock_hz): (&'static str, u32) = match &word[..] {
        b"0" => ("PCMU", 8_000),
        b"3" => ("GSM", 8_000),
        b"4" => ("G723", 8_000),
        b"8" => ("PCMA", 8_000),
        b"9" => ("G722", 8_000),
        b"13" => ("CN", 8_000),
        b"15" => ("G728", 8_000),
        b"18" => ("G729", 8_000),
        b"26" => ("JPEG", 90_000),
        b"31" => ("H261", 90_000),
        b"34" => ("H263", 90_000),
        _ => ("", 0),
    };
    Format { text: word, encoding: Bytes::from_static(encoding.as_bytes()), clock_hz, channels: 1 }
}

/// `96 opus/48000/2`
fn rtpmap(body: &Bytes, media: &mut Media, value: &[u8]) {
    let mut words = words(value);
    let (Some(payload), Some(mapping)) = (words.next(), words.next()) else { return };
    let mut parts = mapping.split(|&byte| byte == b'/');
    let Some(encoding) = parts.next() else { return };
    let mut count = || parts.next().and_then(|part| text(part).parse().ok());
    let (clock_hz, channels) = (count().unwrap_or(0), count().unwrap_or(1));
    if let Some(format) = media.formats.iter_mut().find(|format| format.text == payload) {
        (format.encoding, format.clock_hz, format.channels) = (body.slice_ref(encoding), clock_hz, channels);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Direction, Sdp, SdpError, limits};
    use bytes::Bytes;

    fn read(text: &str) -> Result<Sdp, SdpError> {
        Sdp::parse(Bytes::copy_from_slice(text.as_bytes()))
    }

    const OFFER: &str = "v=0\r\no=ann 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\na=sendonly\r\n\
        m=audio 4000 RTP/AVP 8 0 96 101\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\n\
        m=video 0 RTP/SAVPF 31\r\nc=IN IP6 2001:db8::1\r\na=inactive\r\n";

    #[test]
    fn media_lines_carry_what_the_session_says_unless_they_say_it_themselves() {
        let sdp = read(OFFER).unwrap();
        let [audio, video] = sdp.media() else { panic!("two media lines") };
        assert_eq!(audio.target(), "192.0.2.1:4000".parse().ok());
        assert_eq!((audio.direction, audio.ptime_ms), (Direction::SendOnly, Some(20)));
        assert!(audio.is_plain_rtp() && audio.is_held());
        assert!(audio.formats[0].is("pcma", 8_000) && audio.formats[3].is("telephone-event", 8_000));
        assert_eq!((audio.formats[2].clock_hz, audio.formats[2].channels), (48_000, 2));
        assert_eq!((video.direction, &video.address[..]), (Direction::Inactive, &b"2001:db8::1"[..]));
        assert!(!video.is_active() && !video.is_plain_rtp() && video.target().is_none());
        assert_eq!(sdp.audio(), Some(audio));
    }

    #[test]
    fn lines_may_end_in_a_line_feed_and_unknown_ones_are_passed_over() {
        let sdp =
            read("v=0\nnonsense\nz=1\n=\n\nm=audio 9 RTP/AVP 0\na=rtpmap:\na=rtpmap:0\na=ptime:x").unwrap();
        assert!(sdp.audio().is_some_and(|audio| audio.formats[0].is("PCMU", 8_000)));
    }

    #[test]
    fn what_is_no_description_is_refused() {
        assert_eq!(read(""), Err(SdpError::Version));
        for text in ["v=1\r\n", "v=01\r\n", "\r\nv=0\r\n", "--part\r\nv=0\r\n", "s=-\r\nv=0\r\n"] {
            assert_eq!(read(text), Err(SdpError::Version), "{text}");
        }
        for line in [
            "m=",
            "m=audio",
            "m=audio x RTP/AVP 0",
            "m=audio 70000 RTP/AVP 0",
            "m=audio 1 RTP/AVP",
            "m=audio -1 RTP/AVP 0",
        ] {
            assert_eq!(read(&format!("v=0\r\n{line}\r\n")), Err(SdpError::MediaLine(1)), "{line}");
        }
    }

    #[test]
    fn a_description_beyond_the_limits_is_refused() {
        let media = |count: usize| format!("v=0\r\n{}", "m=audio 9 RTP/AVP 0\r\n".repeat(count));
        assert!(read(&media(limits::MEDIA)).is_ok());
        assert_eq!(read(&media(limits::MEDIA + 1)), Err(SdpError::TooLarge));
        let formats = |count: usize| format!("v=0\r\nm=audio 9 RTP/AVP{}\r\n", " 0".repeat(count));
        assert!(read(&formats(limits::FORMATS)).is_ok());
        assert_eq!(read(&formats(limits::FORMATS + 1)), Err(SdpError::TooLarge));
        assert_eq!(read(&format!("v=0\r\ns={}", "x".repeat(limits::BODY))), Err(SdpError::TooLarge));
    }
}
