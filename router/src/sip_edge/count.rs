//! What a message is, for counting: its method and, for a response, its status.

use crate::metrics::SipMessages;
use sip::{Method, Sent};

/// Method and status (0 for a request) of a datagram that has not been parsed. Looks at the first line, and for a
/// response at CSeq; anything odd counts as `other`.
pub fn sniff(bytes: &[u8]) -> (usize, u16) {
    let end = memchr::memchr2(b'\r', b'\n', bytes).unwrap_or(bytes.len());
    let line = &bytes[..end];
    let mut words = line.split(|&byte| byte == b' ');
    let first = words.next().unwrap_or_default();
    if !first.starts_with(b"SIP/") {
        return (SipMessages::method(std::str::from_utf8(first).unwrap_or_default()), 0);
    }
    let status =
        words.next().and_then(|word| std::str::from_utf8(word).ok()).and_then(|word| word.parse().ok());
    (SipMessages::method(cseq_method(bytes).unwrap_or_default()), status.unwrap_or(999))
}

fn cseq_method(bytes: &[u8]) -> Option<&str> {
    // A long run of octets that holds no line feed is passed over at once; a name is only compared where a line begins.
    let line =
        memchr::memchr_iter(b'\n', bytes).find_map(|at| bytes.get(at + 1..).filter(|rest| is_cseq(rest)))?;
    let line = line.split(|&byte| byte == b'\n').next()?;
    std::str::from_utf8(&line[5..]).ok()?.split_whitespace().nth(1)
}

fn is_cseq(line: &[u8]) -> bool {
    line.get(..5).is_some_and(|name| name.eq_ignore_ascii_case(b"cseq:"))
}

/// Method and status of something sent.
pub fn sent(what: Sent) -> (usize, u16) {
    match what {
        Sent::Request(method) => (number(method), 0),
        Sent::Response(method, status) => (number(method), status),
    }
}

fn number(method: Method) -> usize {
    SipMessages::method(match method {
        Method::Invite => "INVITE",
        Method::Ack => "ACK",
        Method::Bye => "BYE",
        Method::Cancel => "CANCEL",
        Method::Options => "OPTIONS",
        Method::Register => "REGISTER",
        Method::Update => "UPDATE",
        Method::Prack => "PRACK",
        Method::Info => "INFO",
        Method::Refer => "REFER",
        Method::Notify => "NOTIFY",
        Method::Subscribe => "SUBSCRIBE",
        Method::Message => "MESSAGE",
        Method::Publish => "PUBLISH",
        Method::Other => "other",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_known_by_its_first_line_and_cseq() {
        assert_eq!(sniff(b"INVITE sip:x SIP/2.0\r\n"), (SipMessages::method("INVITE"), 0));
        let response = b"SIP/2.0 200 OK\r\nVia: x\r\ncseq: 1 BYE\r\n\r\n";
        assert_eq!(sniff(response), (SipMessages::method("BYE"), 200));
        assert_eq!(sniff(b"\xff\xfe").0, SipMessages::method("anything"));
        assert_eq!(sniff(b"").0, SipMessages::method("other"));
    }
}
