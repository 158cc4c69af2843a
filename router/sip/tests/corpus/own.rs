//! Messages of our own: what a PBX sends, and every slip and limit we know.

use super::Outcome::{self, Answered, Dropped, Sound};

/// An INVITE as a PBX sends it, 1.25 kB.
pub const INVITE: &[u8] = b"INVITE sip:1500@192.0.2.1:5060;transport=udp SIP/2.0\r\n\
Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK7f3c1a90b5d24e68;rport\r\n\
Via: SIP/2.0/TCP 10.20.30.40:5062;branch=z9hG4bK-524287-1---77aa12;received=198.51.100.7\r\n\
Max-Forwards: 69\r\n\
Record-Route: <sip:192.0.2.10;lr;ftag=9a1b2c3d>\r\n\
From: \"Dewi Lestari\" <sip:+6281234567890@pbx.example.id;user=phone>;tag=9a1b2c3d4e\r\n\
To: <sip:1500@192.0.2.1:5060>\r\n\
Contact: <sip:+6281234567890@192.0.2.10:5060;transport=udp>\r\n\
Call-ID: 4f6b0d2a-9c1e-4a57-8f0a-3d5b7c9e1f20@192.0.2.10\r\n\
CSeq: 102 INVITE\r\n\
User-Agent: Example PBX 20.4.1\r\n\
Date: Mon, 03 Feb 2025 08:15:00 GMT\r\n\
Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, SUBSCRIBE, NOTIFY, INFO, PUBLISH, MESSAGE, UPDATE, PRACK\r\n\
Supported: replaces, timer, 100rel\r\n\
Session-Expires: 1800;refresher=uac\r\n\
P-Asserted-Identity: \"Dewi Lestari\" <sip:+6281234567890@pbx.example.id>\r\n\
User-to-User: 3132333435;encoding=hex\r\n\
X-Ticket: 77120\r\n\
Accept: application/sdp\r\n\
Content-Type: application/sdp\r\n\
Content-Length: 256\r\n\
\r\n\
v=0\r\n\
o=pbx 20518 20518 IN IP4 192.0.2.10\r\n\
s=session\r\n\
c=IN IP4 192.0.2.10\r\n\
t=0 0\r\n\
m=audio 17322 RTP/AVP 8 0 9 101\r\n\
a=rtpmap:8 PCMA/8000\r\n\
a=rtpmap:0 PCMU/8000\r\n\
a=rtpmap:9 G722/8000\r\n\
a=rtpmap:101 telephone-event/8000\r\n\
a=fmtp:101 0-16\r\n\
a=ptime:20\r\n\
a=sendrecv\r\n";

/// Everything but the first line of a plain request, so that a case shows only what is odd about it.
macro_rules! rest {
    ($method:literal) => {
        concat!(
            "Via: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKa1\r\nFrom: <sip:a@192.0.2.10>;tag=f1\r\nTo: <sip:1500@192.0.2.1>\r\n",
            "Call-ID: c1@192.0.2.10\r\nCSeq: 7 ", $method, "\r\n"
        )
    };
}
macro_rules! options {
    ($($more:expr),*) => {
        concat!("OPTIONS sip:192.0.2.1 SIP/2.0\r\n", rest!("OPTIONS"), $($more,)* "\r\n").as_bytes()
    };
}
macro_rules! answer {
    ($start:literal) => {
        concat!($start, "\r\n", rest!("INVITE"), "Content-Length: 0\r\n\r\n").as_bytes()
    };
}
macro_rules! bare {
    ($start:literal, $($more:expr),*) => {
        concat!($start, "\r\n", $($more,)* "\r\n").as_bytes()
    };
}

/// Name, message, what is right for it.
pub const OWN: &[(&str, &[u8], Outcome)] = &[
    ("a PBX's INVITE", INVITE, Sound),
    ("a probe", options!("Max-Forwards: 70\r\nContent-Length: 0\r\n"), Sound),
    ("no Max-Forwards, no Content-Length", options!(), Sound),
    (
        "compact names, several Vias on a line, folds",
        b"INVITE sip:1500@[2001:db8::1]:5070 SIP/2.0\r\nv:SIP/2.0/UDP [2001:db8::7]:5062;branch=z9hG4bK1 ,\r\n\t\
          SIP / 2.0 / TCP host.example\r\n ;branch=z9hG4bK2\r\nf:\"A \\\"B\\\" \"\r\n <sip:a@h>\r\n ;tag=1\r\n\
          t:tel:1500\r\ni : x\r\nCSEQ:\t0001\r\n INVITE\r\nm:<sip:a@h>\r\nl: 0\r\n\r\n",
        Sound,
    ),
    ("lines that end in a line feed", b"BYE sip:h SIP/2.0\nv: SIP/2.0/UDP h\nf: sip:a@h;tag=1\nt: sip:b@h;tag=2\ni: x\nCSeq: 2 BYE\n\n", Dropped),
    ("line ends before the message", b"\r\n\r\nBYE sip:h SIP/2.0\r\nv: SIP/2.0/UDP h\r\nf: sip:a@h\r\nt: sip:b@h\r\ni: x\r\nCSeq: 2 BYE\r\n\r\n", Sound),
    ("octets behind the body", options!("Content-Length: 2\r\n", "\r\nhiINVITE sip:x SIP/2.0\r\n"), Sound),
    ("the same Content-Length twice", options!("Content-Length: 0\r\nl: 0\r\n"), Sound),
    ("a tel: Request-URI", bare!("INVITE tel:+62215550100;phone-context=x SIP/2.0", rest!("INVITE")), Sound),
    ("an unknown method", bare!("JUGGLE sip:192.0.2.1 SIP/2.0", rest!("JUGGLE")), Sound),
    ("octets that are no UTF-8", b"OPTIONS sip:h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK\xff\xfe\r\nFrom: \"\xc3\x28\" <sip:a@h>;tag=\xff\r\nTo: sip:b@h\r\nCall-ID: \x80\r\nCSeq: 1 OPTIONS\r\nSubject: \xff\0\x7f\r\n\r\n", Sound),
    ("an empty header value", options!("Subject:\r\nSupported: \r\nX:\r\n \r\n"), Sound),
    ("a 200", answer!("SIP/2.0 200 OK"), Sound),
    ("a 183 without reason", answer!("SIP/2.0 183 "), Sound),
    ("a 183 without reason and space", answer!("SIP/2.0 183"), Sound),
    ("a reason in another script", answer!("SIP/2.0 486 \u{441}\u{438}\u{431}\u{443}\u{43a}"), Sound),
    ("a 200 without To tag, Max-Forwards nonsense ignored", bare!("sip/2.0 200 OK", rest!("INVITE"), "Max-Forwards: x\r\n"), Sound),
    // Malformed requests that can be answered.
    ("a version from the future", bare!("INVITE sip:192.0.2.1 SIP/3.0", rest!("INVITE")), Answered(505)),
    ("two spaces in the request line", bare!("INVITE  sip:192.0.2.1 SIP/2.0", rest!("INVITE")), Answered(400)),
    ("a space behind the request line", bare!("INVITE sip:192.0.2.1 SIP/2.0 ", rest!("INVITE")), Answered(400)),
    ("a tab in the request line", bare!("INVITE sip:192.0.2.1\tx SIP/2.0", rest!("INVITE")), Answered(400)),
    ("no Request-URI", bare!("INVITE SIP/2.0", rest!("INVITE")), Answered(400)),
    ("a Request-URI in brackets", bare!("INVITE <sip:192.0.2.1> SIP/2.0", rest!("INVITE")), Answered(400)),
    ("a Request-URI with headers", bare!("INVITE sip:a@192.0.2.1?Route=x SIP/2.0", rest!("INVITE")), Answered(400)),
    ("a Request-URI without brackets around IPv6", bare!("INVITE sip:2001:db8::1 SIP/2.0", rest!("INVITE")), Answered(400)),
    ("a negative Content-Length", options!("Content-Length: -1\r\n"), Answered(400)),
    ("a Content-Length beyond all numbers", options!("Content-Length: 99999999999999999999999999\r\n"), Answered(400)),
    ("a Content-Length of words", options!("Content-Length: ten\r\n"), Answered(400)),
    ("an empty Content-Length", options!("Content-Length:\r\n"), Answered(400)),
    ("two Content-Lengths", options!("Content-Length: 0\r\nl: 1\r\n"), Answered(400)),
    ("a body cut short", options!("Content-Length: 10\r\n", "\r\nshort"), Answered(400)),
    ("a body beyond the limit", options!("Content-Length: 65537\r\n"), Answered(413)),
    ("a header without a colon", options!("Subject hello\r\n"), Answered(400)),
    ("a header without a name", options!(": hello\r\n"), Answered(400)),
    ("a header name with a space in it", options!("Sub ject: hello\r\n"), Answered(400)),
    ("a carriage return inside a value", options!("Subject: a\rVia: x\r\n"), Answered(400)),
    ("a line feed inside a value", options!("Subject: a\nP-Asserted-Identity: <sip:boss@h>\r\n"), Answered(400)),
    ("no blank line", concat!("OPTIONS sip:192.0.2.1 SIP/2.0\r\n", rest!("OPTIONS")).as_bytes(), Answered(400)),
    ("an end in the middle of a line", concat!("OPTIONS sip:192.0.2.1 SIP/2.0\r\n", rest!("OPTIONS"), "Subj").as_bytes(), Answered(400)),
    ("an end behind a fold", concat!("OPTIONS sip:192.0.2.1 SIP/2.0\r\n", rest!("OPTIONS"), " x").as_bytes(), Answered(400)),
    ("no Call-ID", b"OPTIONS sip:h SIP/2.0\r\nv: SIP/2.0/UDP h\r\nf: sip:a@h\r\nt: sip:b@h\r\nCSeq: 1 OPTIONS\r\n\r\n", Answered(400)),
    ("no From", b"OPTIONS sip:h SIP/2.0\r\nv: SIP/2.0/UDP h\r\nt: sip:b@h\r\ni: x\r\nCSeq: 1 OPTIONS\r\n\r\n", Answered(400)),
    ("no To", b"OPTIONS sip:h SIP/2.0\r\nv: SIP/2.0/UDP h\r\nf: sip:a@h\r\ni: x\r\nCSeq: 1 OPTIONS\r\n\r\n", Answered(400)),
    ("no CSeq", b"OPTIONS sip:h SIP/2.0\r\nv: SIP/2.0/UDP h\r\nf: sip:a@h\r\nt: sip:b@h\r\ni: x\r\n\r\n", Answered(400)),
    ("only a Via", b"OPTIONS sip:h SIP/2.0\r\nv: SIP/2.0/UDP h\r\n\r\n", Answered(400)),
    ("an empty Call-ID", b"OPTIONS sip:h SIP/2.0\r\nv: SIP/2.0/UDP h\r\nf: sip:a@h\r\nt: sip:b@h\r\ni:\r\nCSeq: 1 OPTIONS\r\n\r\n", Answered(400)),
    ("a Call-ID with a space in it", bare!("OPTIONS sip:h SIP/2.0", "v: SIP/2.0/UDP h\r\nf: sip:a@h\r\nt: sip:b@h\r\ni: x\r\n y\r\nCSeq: 1 OPTIONS\r\n"), Answered(400)),
    ("a tag with a space in it", bare!("OPTIONS sip:h SIP/2.0", "v: SIP/2.0/UDP h\r\nf: sip:a@h;tag=1 2\r\nt: sip:b@h\r\ni: x\r\nCSeq: 1 OPTIONS\r\n"), Answered(400)),
    ("a fold before the colon", options!("Subject\r\n : hello\r\n"), Answered(400)),
    ("two Froms", options!("From: sip:b@h;tag=2\r\n"), Answered(400)),
    ("two Call-IDs, one compact", options!("i: c1@192.0.2.10\r\n"), Answered(400)),
    ("two CSeqs", options!("CSeq: 7 OPTIONS\r\n"), Answered(400)),
    ("two Max-Forwards", options!("Max-Forwards: 7\r\nMax-Forwards: 7\r\n"), Answered(400)),
    ("Max-Forwards beyond an octet", options!("Max-Forwards: 256\r\n"), Answered(400)),
    ("Max-Forwards of words", options!("Max-Forwards: many\r\n"), Answered(400)),
    ("a CSeq of another method", bare!("OPTIONS sip:h SIP/2.0", rest!("INVITE")), Answered(400)),
    ("a CSeq of 2^31", bare!("OPTIONS sip:h SIP/2.0", "v: SIP/2.0/UDP h\r\nf: sip:a@h\r\nt: sip:b@h\r\ni: x\r\nCSeq: 2147483648 OPTIONS\r\n"), Answered(400)),
    ("a CSeq without method", bare!("OPTIONS sip:h SIP/2.0", "v: SIP/2.0/UDP h\r\nf: sip:a@h\r\nt: sip:b@h\r\ni: x\r\nCSeq: 1\r\n"), Answered(400)),
    ("a Via with empty parameters", bare!("OPTIONS sip:h SIP/2.0", "v: SIP/2.0/UDP h;;\r\nf: sip:a@h\r\nt: sip:b@h\r\ni: x\r\nCSeq: 1 OPTIONS\r\n"), Answered(400)),
    ("an empty Via", bare!("OPTIONS sip:h SIP/2.0", "v:\r\nf: sip:a@h\r\nt: sip:b@h\r\ni: x\r\nCSeq: 1 OPTIONS\r\n"), Answered(400)),
    ("a quote never closed in To", bare!("OPTIONS sip:h SIP/2.0", "v: SIP/2.0/UDP h\r\nf: sip:a@h\r\nt: \"b <sip:b@h>\r\ni: x\r\nCSeq: 1 OPTIONS\r\n"), Answered(400)),
    ("a quote never closed in a parameter of Via", bare!("OPTIONS sip:h SIP/2.0", "v: SIP/2.0/UDP h;x=\"\r\nf: sip:a@h\r\nt: sip:b@h\r\ni: x\r\nCSeq: 1 OPTIONS\r\n"), Answered(400)),
    ("a quote never closed in a parameter of To", bare!("OPTIONS sip:h SIP/2.0", "v: SIP/2.0/UDP h\r\nf: sip:a@h\r\nt: sip:b@h;x=\"\r\ni: x\r\nCSeq: 1 OPTIONS\r\n"), Answered(400)),
    ("a bracket never closed in From", bare!("OPTIONS sip:h SIP/2.0", "v: SIP/2.0/UDP h\r\nf: <sip:a@h;tag=1\r\nt: sip:b@h\r\ni: x\r\nCSeq: 1 OPTIONS\r\n"), Answered(400)),
    ("a From without scheme", bare!("OPTIONS sip:h SIP/2.0", "v: SIP/2.0/UDP h\r\nf: a@h\r\nt: sip:b@h\r\ni: x\r\nCSeq: 1 OPTIONS\r\n"), Answered(400)),
    // What nobody answers.
    ("a malformed ACK", bare!("ACK sip:h SIP/2.0", rest!("INVITE")), Dropped),
    ("a request without Via", bare!("OPTIONS sip:h SIP/2.0", "f: sip:a@h\r\nt: sip:b@h\r\ni: x\r\nCSeq: 1 OPTIONS\r\n"), Dropped),
    ("a response without Via", bare!("SIP/2.0 200 OK", "f: sip:a@h\r\nt: sip:b@h\r\ni: x\r\nCSeq: 1 OPTIONS\r\n"), Dropped),
    ("a response code of four digits", answer!("SIP/2.0 2000 OK"), Dropped),
    ("a response code of 99", answer!("SIP/2.0 099 OK"), Dropped),
    ("a response code of 700", answer!("SIP/2.0 700 OK"), Dropped),
    ("a response code of words", answer!("SIP/2.0 two OK"), Dropped),
    ("a response from the future", answer!("SIP/3.0 200 OK"), Dropped),
    ("nothing", b"", Dropped),
    ("a keep-alive", b"\r\n\r\n", Dropped),
    ("one zero octet", b"\0", Dropped),
    ("another protocol", b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", Dropped),
    ("a request line without version", bare!("INVITE sip:192.0.2.1", rest!("INVITE")), Dropped),
    ("a method that is no token", bare!("INV(TE sip:192.0.2.1 SIP/2.0", rest!("INVITE")), Dropped),
];

/// Messages too long to write down: one on each side of every limit, and the dearest to read that we could think of.
pub fn hostile() -> Vec<(&'static str, Vec<u8>, Outcome)> {
    let request = |start: &str, more: &str| format!("{start}\r\n{}{more}\r\n", rest!("INVITE")).into_bytes();
    let invite = |more: &str| request("INVITE sip:h SIP/2.0", more);
    let uri = |length: usize| request(&format!("INVITE sip:{} SIP/2.0", "h".repeat(length - 4)), "");
    let long_line = |length: usize| invite(&format!("Subject: {}\r\n", "x".repeat(length - 9)));
    let to_the_end = |unit: &str| invite(&format!("X: {}\r\n", unit.repeat(8_000 / unit.len())).repeat(8));
    let via = |value: &str| {
        format!("INVITE sip:h SIP/2.0\r\nVia: {value}\r\nf: sip:a@h\r\nt: sip:b@h\r\ni: x\r\nCSeq: 1 INVITE\r\n\r\n").into_bytes()
    };
    let sdp = |body: &str| {
        let more = format!("Content-Type: application/sdp\r\nContent-Length: {}\r\n", body.len());
        let mut message = invite(&more);
        message.extend_from_slice(body.as_bytes());
        message
    };
    let padded = |length: usize| {
        let mut m = invite("");
        m.resize(length, b'x');
        m
    };
    let with_body = |length: usize| padded(invite("").len() + length);
    let with_head = |length: usize| {
        let room = length - invite("").len();
        invite(&format!(
            "{}Y: {}\r\n",
            format!("X: {}\r\n", "x".repeat(995)).repeat(room / 1_000 - 1),
            "y".repeat(995 + room % 1_000)
        ))
    };
    let rtpmaps =
        format!("v=0\r\nm=audio 9 RTP/AVP{}\r\n{}", " 1".repeat(128), "a=rtpmap:1 A/1\r\n".repeat(3_900));
    vec![
        ("128 headers", invite(&"a:b\r\n".repeat(123)), Sound),
        ("129 headers", invite(&"a:b\r\n".repeat(124)), Answered(513)),
        ("a line of 8 KiB", long_line(8_192), Sound),
        ("a line over 8 KiB", long_line(8_193), Answered(513)),
        (
            "a line over 8 KiB by its folds",
            invite(&format!("Subject: x\r\n{}", " y\r\n".repeat(2_048))),
            Answered(513),
        ),
        ("a Request-URI of 2 KiB", uri(2_048), Sound),
        ("a Request-URI over 2 KiB", uri(2_049), Answered(414)),
        ("70 Vias", invite(&"v: SIP/2.0/UDP h\r\n".repeat(69)), Sound),
        ("71 Vias", invite(&"v: SIP/2.0/UDP h\r\n".repeat(70)), Answered(400)),
        ("71 Vias on a line", invite(&format!("v: h{}\r\n", ",h".repeat(69))), Answered(400)),
        ("a message of 65,535 octets", padded(65_535), Sound),
        ("a body of 64 KiB", with_body(65_536), Sound),
        ("a body over 64 KiB", with_body(65_537), Answered(413)),
        ("a head of 64 KiB", with_head(65_536), Sound),
        ("a head over 64 KiB", with_head(65_537), Answered(513)),
        ("a message of 128 KiB", [with_head(65_536), vec![b'x'; 65_536]].concat(), Sound),
        ("a message over 128 KiB", [with_head(65_537), vec![b'x'; 65_536]].concat(), Dropped),
        ("64 KiB of folds", invite(&format!("X: a\r\n{}", " \r\n".repeat(2_700)).repeat(7)), Sound),
        ("64 KiB of line ends", vec![b'\n'; 65_535], Dropped),
        ("64 KiB of carriage returns", vec![b'\r'; 65_535], Dropped),
        (
            "64 KiB of stray carriage returns",
            {
                let mut m = invite("");
                m.truncate(m.len() - 2);
                m.resize(65_535, b'\r');
                m
            },
            Answered(400),
        ),
        ("64 KiB of spaces", vec![b' '; 65_535], Dropped),
        ("64 KiB of quotes", to_the_end("\""), Sound),
        ("64 KiB of brackets", to_the_end("<"), Sound),
        ("64 KiB of commas", to_the_end(","), Sound),
        (
            "64 KiB of colons without names",
            {
                let mut m = invite("");
                m.truncate(m.len() - 2);
                m.extend(b":\r\n".repeat(21_000));
                m
            },
            Answered(400),
        ),
        ("a Via of semicolons", via(&format!("SIP/2.0/UDP h{}", ";".repeat(8_000))), Answered(400)),
        ("a Via of flags", via(&format!("SIP/2.0/UDP h{}", ";a".repeat(4_000))), Sound),
        ("a Via of quotes", via(&format!("SIP/2.0/UDP h;a={}", "\"\\".repeat(4_000))), Answered(400)),
        ("a Via of closed quotes", via(&format!("SIP/2.0/UDP h;a={}", "\"\"".repeat(4_000))), Sound),
        ("a Via of commas", via(&format!("SIP/2.0/UDP h{}", ",".repeat(8_000))), Answered(400)),
        ("a Via of spaces", via(&format!("SIP/2.0/UDP{}h", " ".repeat(8_000))), Sound),
        ("a From of parameters", invite("").replace_first(b"tag=f1", &b"a;".repeat(4_000)), Sound),
        ("a description of attributes", sdp(&rtpmaps), Sound),
        ("a description of media lines", sdp(&format!("v=0\r\n{}", "m=a 1 b 0\r\n".repeat(5_000))), Sound),
        ("a description of line ends", sdp(&format!("v=0\r\n{}", "\n".repeat(60_000))), Sound),
    ]
}

trait ReplaceFirst {
    fn replace_first(self, from: &[u8], to: &[u8]) -> Self;
}

impl ReplaceFirst for Vec<u8> {
    fn replace_first(self, from: &[u8], to: &[u8]) -> Self {
        let at =
            self.windows(from.len()).position(|part| part == from).expect("the part to replace is there");
        [&self[..at], to, &self[at + from.len()..]].concat()
    }
}
