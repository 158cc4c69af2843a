//! Where the messages on a stream begin and end (RFC 3261 §18.3, RFC 5626 §3.5.1).
//!
//! Takes octets in any cutting and gives whole messages; what is in them is read elsewhere. Nothing but Content-Length
//! tells where a message on a stream ends, so one that does not say it clearly makes everything behind it unreadable:
//! that is a fault, and the end of the connection. Each octet is looked at once, however many come at a time.

use super::chars::TOKEN;
use super::limits;
use super::scan::{body_on_stream, scan};
use crate::error::{Fault, FaultKind};
use bytes::{Buf, Bytes, BytesMut};

/// Something whole on a stream.
#[derive(Clone, PartialEq, Eq)]
pub enum Frame {
    /// A message, exactly its octets: they are a copy, as a call keeps them longer than a reader its buffer.
    Message(Bytes),
    /// A double CRLF between messages: the peer asks whether we are there. Answer it with [`PONG`](Framer::PONG), if it
    /// was the peer who connected.
    KeepAlive,
}

/// Messages are personal data and must not slip into a log.
impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Message(bytes) => write!(f, "Message({} octets)", bytes.len()),
            Self::KeepAlive => f.write_str("KeepAlive"),
        }
    }
}

/// Cuts the octets of one connection into messages.
#[derive(Debug)]
pub struct Framer {
    place: Place,
}

/// Where in the stream the first octet of the input is.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// Between messages, behind so many octets of [`Framer::PING`].
    Between { seen: usize },
    /// At the start of a message whose head does not end within the first `searched` octets.
    Head { searched: usize },
    /// At the start of a message of `length` octets.
    Whole { length: usize },
    /// Nobody knows.
    Lost,
}

/// What ends a head.
const BLANK_LINE: &[u8; 4] = b"\r\n\r\n";

impl Framer {
    /// What asks whether the other end is there.
    pub const PING: &'static [u8; 4] = b"\r\n\r\n";
    /// What answers it.
    pub const PONG: &'static [u8; 2] = b"\r\n";

    /// At the start of a connection.
    #[must_use]
    pub const fn new() -> Self {
        Self { place: Place::Between { seen: 0 } }
    }

    /// Takes the next whole thing out of `input`; `None` when it needs more octets than are there.
    ///
    /// `input` holds at most one message that is not whole, within [`limits::MESSAGE`], as long as its owner asks
    /// until `None` before adding to it.
    ///
    /// # Errors
    ///
    /// A [`Fault`] when nobody can tell where this message ends: send its reply, if it has one, and close the
    /// connection. What else came on it is thrown away.
    pub fn next(&mut self, input: &mut BytesMut) -> Result<Option<Frame>, Fault> {
        match self.step(input) {
            Ok(frame) => Ok(frame),
            Err(kind) => {
                let fault = fault_of(input, kind);
                input.clear();
                self.place = Place::Lost;
                Err(fault)
            }
        }
    }

    /// Whether a message has begun that is not whole yet.
    #[must_use]
    pub const fn is_within_message(&self) -> bool {
        matches!(self.place, Place::Head { .. } | Place::Whole { .. })
    }

    fn step(&mut self, input: &mut BytesMut) -> Result<Option<Frame>, FaultKind> {
        if let Place::Between { seen } = self.place
            && self.pass_line_ends(seen, input)?
        {
            return Ok(Some(Frame::KeepAlive));
        }
        if let Place::Head { searched } = self.place {
            self.find_end(searched, input)?;
        }
        match self.place {
            Place::Whole { length } if input.len() >= length => {
                let message = Bytes::copy_from_slice(&input[..length]);
                input.advance(length);
                self.place = Place::Between { seen: 0 };
                Ok(Some(Frame::Message(message)))
            }
            Place::Between { .. } | Place::Head { .. } | Place::Whole { .. } => Ok(None),
            Place::Lost => {
                input.clear();
                Ok(None)
            }
        }
    }

    /// Passes over line ends (RFC 3261 §7.5), up to the first octet of a message or behind a ping, which is true.
    fn pass_line_ends(&mut self, mut seen: usize, input: &mut BytesMut) -> Result<bool, FaultKind> {
        let mut passed = 0;
        while let Some(&byte) = input.get(passed)
            && matches!(byte, b'\r' | b'\n')
            && seen < Self::PING.len()
        {
            seen = match byte {
                byte if byte == Self::PING[seen] => seen + 1,
                b'\r' => 1,
                _ => 0,
            };
            passed += 1;
        }
        input.advance(passed);
        if seen == Self::PING.len() {
            self.place = Place::Between { seen: 0 };
            return Ok(true);
        }
        self.place = match input.first() {
            None => Place::Between { seen },
            // Neither a method nor a version: another protocol, or a stream that has come out of step.
            Some(&first) if !TOKEN.has(first) => return Err(FaultKind::NotSip),
            Some(_) => Place::Head { searched: 0 },
        };
        Ok(false)
    }

    /// Looks for the end of the head where the last search stopped, and reads how long the message is.
    fn find_end(&mut self, searched: usize, input: &[u8]) -> Result<(), FaultKind> {
        let from = searched.saturating_sub(BLANK_LINE.len() - 1);
        let end = memchr::memmem::find(&input[from..], BLANK_LINE).map(|at| from + at + BLANK_LINE.len());
        if end.unwrap_or(input.len() + 1) > limits::HEAD {
            return Err(FaultKind::MessageTooLarge);
        }
        self.place = match end {
            None => Place::Head { searched: input.len() },
            Some(end) => Place::Whole { length: end + body_on_stream(&input[..end])? },
        };
        Ok(())
    }
}

impl Default for Framer {
    fn default() -> Self {
        Self::new()
    }
}

/// The fault with as much of the head as is there, so that it can be answered.
fn fault_of(input: &[u8], kind: FaultKind) -> Fault {
    let within = &input[..input.len().min(limits::HEAD)];
    let end = memchr::memmem::find(within, BLANK_LINE).map_or(within.len(), |at| at + BLANK_LINE.len());
    let (head, _) = scan(Bytes::copy_from_slice(&within[..end]));
    Fault::new(kind, head)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: &[u8] = b"OPTIONS sip:h SIP/2.0\r\nv: SIP/2.0/TCP h\r\nf: sip:a@h;tag=1\r\nt: sip:b@h\r\ni: x\r\nCSeq: 1 OPTIONS\r\n";

    fn with(more: &str) -> Vec<u8> {
        [OPTIONS, more.as_bytes()].concat()
    }
    /// All that comes of `bytes`, `cut` octets at a time.
    fn frames(bytes: &[u8], cut: usize) -> (Vec<Frame>, Option<Fault>) {
        let (mut framer, mut input, mut frames) = (Framer::new(), BytesMut::new(), Vec::new());
        for piece in bytes.chunks(cut) {
            input.extend_from_slice(piece);
            loop {
                match framer.next(&mut input) {
                    Ok(Some(frame)) => frames.push(frame),
                    Ok(None) => break,
                    Err(fault) => return (frames, Some(fault)),
                }
            }
        }
        (frames, None)
    }
    fn fault(bytes: &[u8]) -> (FaultKind, Option<u16>) {
        let faults = [1, 7, usize::MAX].map(|cut| {
            let (frames, fault) = frames(bytes, cut);
            assert_eq!(frames, []);
            let fault = fault.unwrap();
            let reply = fault.reply("192.0.2.1:5060".parse().unwrap(), "t");
            (fault.kind(), reply.map(|_| fault.status()))
        });
        assert!(faults.iter().all(|fault| *fault == faults[0]), "{faults:?}");
        faults[0]
    }
    fn message(bytes: &[u8]) -> Frame {
        Frame::Message(Bytes::copy_from_slice(bytes))
    }

    #[test]
    fn glued_messages_come_apart_and_a_ping_between_them_is_heard() {
        let first = with("Content-Length: 6\r\n\r\nl: 9\r\n");
        let second = with("l:\r\n 0\r\n\r\n");
        let stream =
            [&b"\r\n"[..], &first, b"\r\n\r\n\r\n", &second, b"\r\n\n\r\r\n\r\n", &first[..40]].concat();
        let expected = [message(&first), Frame::KeepAlive, message(&second), Frame::KeepAlive];
        for cut in 1..stream.len() {
            assert_eq!(frames(&stream, cut).0, expected, "{cut} octets at a time");
        }
    }

    #[test]
    fn two_pings_are_two_and_a_pong_is_nothing() {
        assert_eq!(frames(b"\r\n\r\n\r\n\r\n\r\n", 3).0, [Frame::KeepAlive, Frame::KeepAlive]);
        assert_eq!(frames(Framer::PONG, 1).0, []);
    }

    #[test]
    fn a_length_that_is_not_clear_ends_the_connection_after_an_answer() {
        let length = FaultKind::Malformed(super::super::Name::ContentLength);
        let twice = FaultKind::Repeated(super::super::Name::ContentLength);
        let missing = FaultKind::Missing(super::super::Name::ContentLength);
        let last = format!("{}l: 1\r\n\r\n", "a:b\r\n".repeat(200));
        let long = format!("l: 0\r\nl: {}1\r\n\r\n", " ".repeat(9_000));
        for (more, kind) in [
            ("\r\n", missing),
            ("X: a\rl: 0\r\n\r\n", missing),
            ("l: -1\r\n\r\n", length),
            ("l:\r\n\r\n", length),
            ("l: 0x2\r\n\r\n", length),
            ("Content-Length: 99999999999999999999999\r\n\r\n", length),
            ("l: 0, 0\r\n\r\n", length),
            ("l: 0\r\nContent-Length: 5\r\n\r\n", twice),
            (&format!("l: 0\r\n{last}"), twice),
            (&long, twice),
        ] {
            assert_eq!(fault(&with(more)), (kind, Some(400)), "{more:?}");
        }
        assert_eq!(fault(&with("l: 65537\r\n\r\n")), (FaultKind::BodyTooLarge, Some(413)));
        assert_eq!(fault(&with("l: 18446744073709551615\r\n\r\n")), (FaultKind::BodyTooLarge, Some(413)));
    }

    #[test]
    fn the_same_length_twice_is_one_length() {
        let bytes = with("l: 2\r\nContent-Length : 2\r\n\r\nhi");
        assert_eq!(frames(&bytes, 5).0, [message(&bytes)]);
    }

    #[test]
    fn other_protocols_are_known_by_their_first_octet() {
        assert_eq!(fault(b"\x16\x03\x01\x02\x00"), (FaultKind::NotSip, None));
        assert_eq!(fault(b" OPTIONS sip:h SIP/2.0\r\n"), (FaultKind::NotSip, None));
        let web = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";
        assert_eq!(fault(web).1, None);
    }

    #[test]
    fn a_head_of_64_kib_is_taken_and_one_octet_more_is_not() {
        let of = |octets: usize| {
            let room = octets - OPTIONS.len() - "l: 0\r\n\r\n".len();
            let filler = format!("X: {}\r\n", "x".repeat(1_000 - 5)).repeat(room / 1_000);
            let rest = room - filler.len();
            let bytes = with(&format!("{filler}Y: {}\r\nl: 0\r\n\r\n", "y".repeat(rest - 5)));
            assert_eq!(bytes.len(), octets);
            bytes
        };
        let largest = of(limits::HEAD);
        assert_eq!(frames(&largest, 1_001).0, [message(&largest)]);
        assert_eq!(fault(&of(limits::HEAD + 1)), (FaultKind::MessageTooLarge, Some(513)));
        let endless = with(&"X: y\r\n".repeat(11_000));
        assert_eq!(fault(&endless), (FaultKind::MessageTooLarge, Some(513)));
    }

    #[test]
    fn a_search_goes_on_where_it_stopped() {
        let (mut framer, mut input) = (Framer::new(), BytesMut::new());
        for (count, &byte) in OPTIONS.iter().enumerate() {
            input.extend_from_slice(&[byte]);
            assert_eq!(framer.next(&mut input).unwrap(), None);
            assert!(framer.is_within_message());
            assert!(matches!(framer.place, Place::Head { searched } if searched == count + 1));
        }
    }

    #[test]
    fn nothing_is_read_behind_a_fault() {
        let (mut framer, mut input) = (Framer::new(), BytesMut::from(&with("\r\n")[..]));
        assert!(framer.next(&mut input).is_err());
        input.extend_from_slice(&with("l: 0\r\n\r\n"));
        assert_eq!(framer.next(&mut input).unwrap(), None);
        assert!(input.is_empty());
    }
}
