//! Keys that a caller presses, as telephone events in the sound that comes from him (RFC 4733).
//!
//! Whatever comes to the port is a stranger's until it has the payload type that was agreed and comes from the host that the
//! music goes to. Nothing is kept of it but the last event, so that its end, which is sent three times, counts once.

/// Octets in front of every packet.
const HEADER: usize = 12;
/// Octets of an event: which, end and volume, duration.
const EVENT: usize = 4;
/// Longest packet that is looked at; the rest of a longer one is no key.
pub(super) const LONGEST: usize = 512;
/// Keys by the number of their events.
const KEYS: &[u8; 12] = b"0123456789*#";

/// What is remembered of a caller's keys.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// Sender and beginning of the event whose end was heard last.
    last: Option<(u32, u32)>,
}

impl Keys {
    /// The key whose end this packet tells, if it is one and was not told before; `payload` is the type of events.
    pub(super) fn hear(&mut self, packet: &[u8], payload: u8) -> Option<char> {
        let (ssrc, began, event) = event_in(packet, payload)?;
        let [number, flags, ..] = *event;
        let key = *KEYS.get(usize::from(number))?;
        let is_end = flags & 0x80 != 0;
        if !is_end || self.last.replace((ssrc, began)) == Some((ssrc, began)) {
            return None;
        }
        Some(char::from(key))
    }
}

/// Sender, timestamp and event of an RTP packet of this payload type (RFC 3550 §5.1).
fn event_in(packet: &[u8], payload: u8) -> Option<(u32, u32, &[u8; EVENT])> {
    let (header, rest) = packet.split_first_chunk::<HEADER>()?;
    let [first, second, _, _, t0, t1, t2, t3, s0, s1, s2, s3] = *header;
    if first >> 6 != 2 || second & 0x7f != payload {
        return None;
    }
    let mut rest = rest.get(4 * usize::from(first & 0x0f)..)?;
    if first & 0x10 != 0 {
        let ([_, _, high, low], more) = rest.split_first_chunk::<4>()?;
        rest = more.get(4 * usize::from(u16::from_be_bytes([*high, *low]))..)?;
    }
    let event = rest.first_chunk::<EVENT>()?;
    Some((u32::from_be_bytes([s0, s1, s2, s3]), u32::from_be_bytes([t0, t1, t2, t3]), event))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENTS: u8 = 101;

    fn packet(timestamp: u32, event: u8, end: bool) -> Vec<u8> {
        let mut packet = vec![0x80, EVENTS, 0, 1];
        packet.extend(timestamp.to_be_bytes());
        packet.extend(7_u32.to_be_bytes());
        packet.extend([event, if end { 0x8a } else { 0x0a }, 3, 0x20]);
        packet
    }

    #[test]
    fn a_key_counts_once_at_its_end_however_often_that_is_sent() {
        let mut keys = Keys::default();
        let mut heard = Vec::new();
        for (timestamp, event) in [(160, 1), (800, 1), (1_600, 10), (2_400, 11), (3_200, 0)] {
            for end in [false, false, true, true, true] {
                heard.extend(keys.hear(&packet(timestamp, event, end), EVENTS));
            }
        }
        assert_eq!(heard, ['1', '1', '*', '#', '0']);
    }

    #[test]
    fn a_late_repetition_of_the_key_before_is_no_new_one_of_another_sender_it_is() {
        let mut keys = Keys::default();
        assert_eq!(keys.hear(&packet(160, 5, true), EVENTS), Some('5'));
        let mut other = packet(160, 5, true);
        other[8] = 9;
        assert_eq!(keys.hear(&other, EVENTS), Some('5'));
        assert_eq!(keys.hear(&other, EVENTS), None);
    }

    #[test]
    fn sources_and_extensions_stand_before_the_event() {
        let plain = packet(160, 3, true);
        let mut long = plain.clone();
        long[0] = 0x80 | 0x10 | 2;
        long.splice(12..12, [[0; 8].as_slice(), &[0xbe, 0xde, 0, 1], &[1, 2, 3, 4]].concat());
        assert_eq!(Keys::default().hear(&long, EVENTS), Some('3'));
        for length in 0..long.len() {
            assert_eq!(Keys::default().hear(&long[..length], EVENTS), None, "{length}");
        }
    }

    #[test]
    fn nothing_else_is_a_key() {
        let mut keys = Keys::default();
        assert_eq!(keys.hear(&packet(160, 16, true), EVENTS), None, "a hook flash");
        assert_eq!(keys.hear(&packet(160, 1, true), 96), None, "another payload type");
        let mut old = packet(160, 1, true);
        old[0] = 0x40;
        assert_eq!(keys.hear(&old, EVENTS), None, "RTP of version 1");
        assert_eq!(
            keys.hear(&[0x80 | 0x10, EVENTS, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255], EVENTS),
            None
        );
        assert_eq!(keys.hear(&[], EVENTS), None);
    }
}
