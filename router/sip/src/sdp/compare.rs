//! Do two descriptions mean the same for the media?

use super::{Format, Media, Sdp};

/// Did anything change that the other side of a bridge must be told: an address, port, protocol, payload map or
/// direction? The `o=` line, names, order of preference and unknown attributes do not count: telling them would loop.
#[must_use]
pub fn differs(a: &Sdp, b: &Sdp) -> bool {
    a.media().len() != b.media().len() || a.media().iter().zip(b.media()).any(|(a, b)| media_differs(a, b))
}

/// Does `new` tell one who was `told` something else, and has `answered` that, anything that it does not act upon already?
/// To hear that the other side has settled on the very payloads it answered with is no news: every caller who waited
/// would cost its agent a re-INVITE for it.
#[must_use]
pub fn is_news(new: &Sdp, told: &Sdp, answered: &Sdp) -> bool {
    let same = |(place, (new, told)): (usize, (&Media, &Media))| {
        let agreed = answered.media().get(place).map(payload_map).unwrap_or_default();
        !media_differs(new, told)
            || place_same(new, told)
                && payload_map(new) == agreed
                && agreed.iter().all(|payload| payload_map(told).contains(payload))
    };
    let lines = new.media().iter().zip(told.media());
    new.media().len() != told.media().len() || !lines.enumerate().all(same)
}

fn media_differs(a: &Media, b: &Media) -> bool {
    if !a.is_active() && !b.is_active() {
        return false; // refused is refused, whatever else the line says
    }
    !place_same(a, b) || payload_map(a) != payload_map(b)
}

/// Whether two lines say the same but for their payloads.
fn place_same(a: &Media, b: &Media) -> bool {
    a.port == b.port
        && a.direction == b.direction
        && a.kind.eq_ignore_ascii_case(&b.kind)
        && a.proto.eq_ignore_ascii_case(&b.proto)
        && same_address(a, b)
}

fn same_address(a: &Media, b: &Media) -> bool {
    let ip = |media: &Media| crate::wire::ip_literal(&media.address);
    a.address.eq_ignore_ascii_case(&b.address) || (ip(a).is_some() && ip(a) == ip(b))
}

/// Payload types with what they stand for, in an order of its own.
fn payload_map(media: &Media) -> Vec<(&[u8], Vec<u8>, u32, u32)> {
    let entry = |f: &'_ Format| (f.encoding.to_ascii_uppercase(), f.clock_hz, f.channels);
    let mut map: Vec<_> = media
        .formats
        .iter()
        .map(|format| {
            let (encoding, clock_hz, channels) = entry(format);
            (&format.text[..], encoding, clock_hz, channels)
        })
        .collect();
    map.sort_unstable();
    map.dedup();
    map
}

#[cfg(test)]
mod tests {
    use super::{Sdp, differs, is_news};
    use bytes::Bytes;

    fn sdp(text: &str) -> Sdp {
        Sdp::parse(Bytes::copy_from_slice(text.as_bytes())).unwrap()
    }

    const BASE: &str = "v=0\r\no=a 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 0\r\n";

    #[test]
    fn origin_order_of_preference_and_spelled_out_defaults_do_not_count() {
        let other = BASE.replace("o=a 1 1", "o=b 9 3").replace("s=-", "s=talk").replace(
            "AVP 8 0\r\n",
            "AVP 0 8\r\na=rtpmap:8 pcma/8000/1\r\na=sendrecv\r\na=ptime:30\r\na=x:1\r\n",
        );
        assert!(!differs(&sdp(BASE), &sdp(&other)));
    }

    #[test]
    fn address_port_protocol_payloads_and_direction_count() {
        for (from, to) in [
            ("c=IN IP4 192.0.2.1", "c=IN IP4 192.0.2.2"),
            ("4000", "4002"),
            ("4000", "0"),
            ("RTP/AVP", "RTP/SAVP"),
            ("8 0", "8"),
            ("8 0\r\n", "8 0 96\r\na=rtpmap:96 opus/48000/2\r\n"),
            ("8 0\r\n", "8 0\r\na=sendonly\r\n"),
            ("8 0\r\n", "8 0\r\nm=video 1 RTP/AVP 31\r\n"),
        ] {
            let other = BASE.replacen(from, to, 1);
            assert_ne!(other, BASE);
            assert!(differs(&sdp(BASE), &sdp(&other)), "{to}");
            assert!(differs(&sdp(&other), &sdp(BASE)), "{to}");
        }
    }

    #[test]
    fn the_payloads_it_answered_with_are_no_news_to_it() {
        let with = |payloads: &str| sdp(&BASE.replacen("8 0", payloads, 1));
        let told = sdp(BASE);
        assert!(!is_news(&with("8"), &told, &with("8")), "the other side took what it took");
        assert!(is_news(&with("0"), &told, &with("8")), "it may send nothing but 0 from here on");
        assert!(is_news(&with("8"), &told, &with("8 0")), "it sends what it likes of the two");
        assert!(is_news(&with("8 0 18"), &told, &with("8 0 18")), "it was not told of 18");
        let elsewhere = sdp(&BASE.replacen("8 0", "8", 1).replacen("4000", "4002", 1));
        assert!(is_news(&elsewhere, &told, &with("8")));
        assert!(!is_news(&told, &told, &with("8")));
    }

    #[test]
    fn a_refused_line_is_the_same_whatever_it_says() {
        let refused = |rest: &str| sdp(&format!("{BASE}m=video 0 RTP/AVP 31\r\n{rest}"));
        assert!(!differs(&refused(""), &refused("a=inactive\r\nc=IN IP4 0.0.0.0\r\n")));
    }
}
