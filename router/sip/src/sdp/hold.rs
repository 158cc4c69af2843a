//! Descriptions for a hold: nobody sends, everything else stays as it was told last (RFC 3264 §8.4).

use super::{
    Format, Media, Sdp,
    music::refuse,
    parse::{is_direction, lines},
};
use bytes::Bytes;

const INACTIVE: &[u8] = b"a=inactive\r\n";

impl Sdp {
    /// Does its writer not want to hear the other side: is there audio that is on, and is it held?
    #[must_use]
    pub fn holds(&self) -> bool {
        self.audio().is_some_and(Media::is_held)
    }
}

/// What was told last, `body`, as an offer in which nobody sends.
#[must_use]
pub fn offer_silence(body: &Bytes) -> Bytes {
    let mut offer = Vec::with_capacity(body.len() + 2 * INACTIVE.len());
    let mut in_media = false;
    for line in body.split_inclusive(|&byte| byte == b'\n').filter(|line| !is_direction(line)) {
        if line.starts_with(b"m=") && std::mem::replace(&mut in_media, true) {
            offer.extend_from_slice(INACTIVE);
        }
        offer.extend_from_slice(line);
        if !line.ends_with(b"\n") {
            offer.extend_from_slice(b"\r\n");
        }
    }
    if in_media {
        offer.extend_from_slice(INACTIVE);
    }
    Bytes::from(offer)
}

/// What was told last, `body`, as an offer in which both sides send.
#[must_use]
pub fn offer_open(body: &Bytes) -> Bytes {
    if !body.split_inclusive(|&byte| byte == b'\n').any(is_direction) {
        return body.clone();
    }
    let lines = body.split_inclusive(|&byte| byte == b'\n').filter(|line| !is_direction(line));
    Bytes::from(lines.collect::<Vec<_>>().concat())
}

/// Answers `offer` so that nobody sends: with the media lines told `last`, in the formats that are offered now as well.
/// A line that was not told before is refused in its place.
///
/// Source: RFC 3264 §6.
#[must_use]
pub fn answer_silence(offer: &Sdp, last: &Sdp) -> Bytes {
    let mut answer = Vec::with_capacity(last.body().len() + 2 * INACTIVE.len());
    session(&mut answer, last.body(), &offer.times);
    for (place, line) in offer.media().iter().enumerate() {
        match last.media().get(place).filter(|told| is_same_line(line, told)) {
            Some(told) => silent(&mut answer, line, told, attributes(last.body(), place)),
            None => {
                let mut refused = String::new();
                refuse(&mut refused, line);
                answer.extend_from_slice(refused.as_bytes());
            }
        }
    }
    Bytes::from(answer)
}

/// The lines above the first media line, with the times of the offer.
fn session(answer: &mut Vec<u8>, body: &Bytes, times: &[u8]) {
    let times = if times.is_empty() { b"0 0" } else { times };
    let mut timed = false;
    put(answer, b'v', &[b"0"]);
    for (kind, value) in lines(body).skip(1).take_while(|(kind, _)| *kind != b'm') {
        match kind {
            b't' if !std::mem::replace(&mut timed, true) => put(answer, b't', &[times]),
            b't' | b'r' | b'z' => {}
            b'a' if is_direction(&[b"a=", value].concat()) => {}
            _ => put(answer, kind, &[value]),
        }
    }
    if !timed {
        put(answer, b't', &[times]);
    }
}

/// The lines that belong to the media line at `place`.
fn attributes(body: &Bytes, place: usize) -> impl Iterator<Item = (u8, &[u8])> {
    let mut seen = 0;
    lines(body)
        .skip_while(move |(kind, _)| {
            seen += usize::from(*kind == b'm');
            seen <= place
        })
        .skip(1)
        .take_while(|(kind, _)| *kind != b'm')
}

fn is_same_line(offered: &Media, told: &Media) -> bool {
    offered.is_active()
        && told.is_active()
        && offered.kind.eq_ignore_ascii_case(&told.kind)
        && offered.proto.eq_ignore_ascii_case(&told.proto)
}

fn silent<'a>(
    answer: &mut Vec<u8>,
    offered: &Media,
    told: &Media,
    attributes: impl Iterator<Item = (u8, &'a [u8])>,
) {
    let formats = common(offered, told);
    let mut line = [&told.kind[..], b" ", told.port.to_string().as_bytes(), b" ", &told.proto].concat();
    for format in &formats {
        line.extend_from_slice(&[b" ", &format.text[..]].concat());
    }
    put(answer, b'm', &[&line]);
    let is_kept = |payload: &[u8]| formats.iter().any(|format| *format.text == *payload);
    for (kind, value) in attributes {
        let of = |name: &[u8]| kind == b'a' && value.starts_with(name);
        let payload = value.split(|byte| matches!(byte, b':' | b' ')).nth(1).unwrap_or_default();
        let of_another = (of(b"fmtp:") || of(b"rtcp-fb:")) && payload != b"*" && !is_kept(payload);
        let says_who_sends = kind == b'a' && is_direction(&[b"a=", value].concat());
        if !(of(b"rtpmap:") || of_another || says_who_sends) {
            put(answer, kind, &[value]);
        }
    }
    for format in formats.into_iter().filter(|format| format.clock_hz != 0) {
        let (clock, channels) = (format.clock_hz.to_string(), format.channels.to_string());
        let channels: [&[u8]; 2] =
            if format.channels == 1 { [b"", b""] } else { [b"/", channels.as_bytes()] };
        let [slash, channels] = channels;
        let parts: [&[u8]; 8] =
            [b"rtpmap:", &format.text, b" ", &format.encoding, b"/", clock.as_bytes(), slash, channels];
        put(answer, b'a', &parts);
    }
    answer.extend_from_slice(INACTIVE);
}

/// The offered formats that were told as well; all of them, if none was: no sound will come in any of them.
fn common<'a>(offered: &'a Media, told: &Media) -> Vec<&'a Format> {
    let is_told = |format: &&Format| {
        let same =
            |told: &Format| told.text == format.text && told.encoding.eq_ignore_ascii_case(&format.encoding);
        told.formats.iter().any(same)
    };
    let common: Vec<&Format> = offered.formats.iter().filter(is_told).collect();
    if common.is_empty() { offered.formats.iter().collect() } else { common }
}

fn put(answer: &mut Vec<u8>, kind: u8, value: &[&[u8]]) {
    answer.extend_from_slice(&[kind, b'=']);
    value.iter().for_each(|part| answer.extend_from_slice(part));
    answer.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLD: &str = "v=0\r\no=- 7 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\na=sendrecv\r\n\
        m=audio 20000 RTP/AVP 96 8 101\r\na=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1\r\n\
        a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=sendrecv\r\na=ptime:20\r\n\
        m=video 20002 RTP/AVP 31\r\na=sendonly\r\n";

    fn sdp(text: &str) -> Sdp {
        Sdp::parse(Bytes::copy_from_slice(text.as_bytes())).unwrap()
    }
    fn text(bytes: &Bytes) -> &str {
        std::str::from_utf8(bytes).unwrap()
    }

    #[test]
    fn who_does_not_want_to_hear_holds() {
        for (change, holds) in [
            ("a=sendonly", true),
            ("a=inactive", true),
            ("c=IN IP4 0.0.0.0", true),
            ("a=recvonly", false),
            ("a=sendrecv", false),
        ] {
            let body = format!("v=0\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\n{change}\r\n");
            assert_eq!(sdp(&body).holds(), holds, "{change}");
        }
        assert!(!sdp("v=0\r\nm=audio 0 RTP/AVP 0\r\na=inactive\r\n").holds(), "it is off");
        assert!(!sdp("v=0\r\ns=-\r\n").holds());
    }

    #[test]
    fn an_offer_of_silence_changes_nothing_but_directions() {
        let offer = offer_silence(&Bytes::from_static(TOLD.as_bytes()));
        let lines = TOLD.replace("a=sendrecv\r\n", "").replace("a=sendonly\r\n", "a=inactive\r\n");
        assert_eq!(text(&offer), lines.replace("m=video", "a=inactive\r\nm=video"));
        assert_eq!(offer_silence(&offer), offer);
        let cut_off = Bytes::from_static(b"v=0\nm=audio 1 RTP/AVP 0");
        assert_eq!(text(&offer_silence(&cut_off)), "v=0\nm=audio 1 RTP/AVP 0\r\na=inactive\r\n");
    }

    #[test]
    fn an_answer_of_silence_has_the_lines_of_the_offer_and_formats_of_both() {
        let offer = sdp(
            "v=0\r\ns=-\r\nt=5 6\r\nm=audio 4000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=sendonly\r\n\
             m=video 0 RTP/AVP 31\r\nm=text 4004 RTP/AVP 98\r\n",
        );
        let answer = answer_silence(&offer, &sdp(TOLD));
        assert_eq!(
            text(&answer),
            "v=0\r\no=- 7 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=5 6\r\nm=audio 20000 RTP/AVP 8 101\r\n\
             a=fmtp:101 0-15\r\na=ptime:20\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=inactive\r\n\
             m=video 0 RTP/AVP 31\r\nm=text 0 RTP/AVP 98\r\n"
        );
    }

    #[test]
    fn an_offer_in_other_formats_is_answered_in_its_own() {
        let offer =
            sdp("v=0\r\ns=-\r\nm=audio 4000 RTP/AVP 97\r\na=rtpmap:97 opus/48000/2\r\na=inactive\r\n\
             m=video 4002 RTP/AVP 31\r\n");
        let answer = answer_silence(&offer, &sdp(TOLD));
        assert!(text(&answer).contains("m=audio 20000 RTP/AVP 97\r\n"), "{answer:?}");
        assert!(
            text(&answer).contains("a=rtpmap:97 opus/48000/2\r\na=inactive\r\nm=video 20002 RTP/AVP 31\r\n")
        );
        assert!(text(&answer).ends_with("a=rtpmap:31 H261/90000\r\na=inactive\r\n"), "{answer:?}");
        assert!(sdp(text(&answer)).holds());
    }
}
