//! Messages with another body than they came with, and answers in the name of somebody who could not be asked.
//!
//! Pure.

use bytes::Bytes;
use sip::{
    Flow,
    wire::{Message, Name, Start, Writer},
};

/// Media type of session descriptions.
const SDP: &str = "application/sdp";
/// What a request is told that cannot be passed on without somebody who relays its media.
const NO_RELAY: (u16, &str) = (503, "Media Relay Unavailable");
/// Tag of such an answer.
const TAG: &str = "no-relay";

/// `message` with `sdp` as its body, or with none.
pub fn with_body(message: &Message, sdp: Option<Bytes>) -> Bytes {
    let mut writer = match message.start() {
        Start::Request { method: _, uri } => Writer::request(message.method(), uri),
        Start::Response { code, reason } => Writer::response(code, &String::from_utf8_lossy(reason)),
    };
    for header in message.headers() {
        // The writer counts itself, and names the type of what it is given.
        if !matches!(header.name, Name::ContentLength | Name::ContentType) {
            writer.header_text(header.text, header.value);
        }
    }
    if let Some(sdp) = sdp {
        writer.body(SDP, sdp);
    }
    writer.finish()
}

/// The answer of `from` to a request of ours that never reached it, or ours to one of `from`.
pub fn unavailable(request: &Message, from: Flow) -> Bytes {
    let (status, reason) = NO_RELAY;
    let tag = if request.to_tag().is_some() { "" } else { TAG };
    Writer::response_to(request, status, reason, tag, from.peer).finish()
}

/// Its session description, if it carries one.
pub fn description(message: &Message) -> Option<Bytes> {
    let body = message.body();
    (!body.is_empty() && message.content_is(SDP)).then_some(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVITE: &str = "INVITE sip:a@b;x=1 SIP/2.0\r\nv: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1;rport\r\nFrom: \"A, B\" <sip:f@h>;tag=f\r\n\
        To: <sip:a@b>\r\nCall-ID: c@d\r\nCSeq: 1 INVITE\r\nX-Odd: one,\r\n  two\r\nc: Application/SDP;charset=x\r\nl: 5\r\nSubject: s\r\n\r\nv=0\r\n";

    fn read(text: &str) -> Message {
        Message::parse(Bytes::copy_from_slice(text.as_bytes())).unwrap()
    }

    #[test]
    fn only_the_body_is_another() {
        let before = read(INVITE);
        assert_eq!(description(&before).as_deref(), Some(&b"v=0\r\n"[..]));
        let after =
            Message::parse(with_body(&before, Some(Bytes::from_static(b"v=0\r\ns=other\r\n")))).unwrap();
        assert_eq!(after.body(), "v=0\r\ns=other\r\n");
        let rest = |message: &Message| {
            let is_same = |name: Name| !matches!(name, Name::ContentLength | Name::ContentType);
            let kept = message.headers().filter(|header| is_same(header.name));
            kept.map(|header| (header.text.to_vec(), header.value.to_vec())).collect::<Vec<_>>()
        };
        assert_eq!(rest(&before), rest(&after));
        assert_eq!((after.request_uri(), after.content_is(SDP)), (before.request_uri(), true));
        let empty = Message::parse(with_body(&before, None)).unwrap();
        assert!(empty.body().is_empty() && empty.content_type().is_none());
    }

    #[test]
    fn a_response_keeps_its_reason() {
        let text = "SIP/2.0 200 Ach so\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:f@h>;tag=f\r\nTo: <sip:t@h>;tag=t\r\n\
                    Call-ID: c@d\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n";
        let response = with_body(&read(text), Some(Bytes::from_static(b"v=0\r\n")));
        assert!(response.starts_with(b"SIP/2.0 200 Ach so\r\n"));
        assert_eq!(description(&read(text)), None);
    }

    #[test]
    fn an_answer_in_the_name_of_a_phone_is_one_to_our_request() {
        let request = read(INVITE);
        let answer = Message::parse(unavailable(&request, Flow::udp(([192, 0, 2, 7], 5060).into()))).unwrap();
        assert_eq!((answer.status(), answer.to_tag()), (Some(503), Some(&b"no-relay"[..])));
        assert_eq!(answer.top_via().branch(), request.top_via().branch());
        assert_eq!((answer.call_id(), answer.cseq()), (request.call_id(), request.cseq()));
    }
}
