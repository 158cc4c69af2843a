//! What callers of a crowd say: texts in which only the number of the call changes.

use crate::{crowd::CrowdPlan, message};
use sip::wire::{Message, Name};
use std::{fmt::Write as _, net::SocketAddr};

/// Where the number of the call stands: eight digits.
const PLACE: &[u8; 8] = b"########";
/// What our Call-IDs begin with.
const CALL_ID: &[u8] = b"crowd-";

/// The texts of one crowd.
pub(super) struct Script {
    invite: Vec<u8>,
    /// Where the number stands in it.
    places: Vec<usize>,
    target: SocketAddr,
    local: SocketAddr,
    dial: String,
}

impl Script {
    pub(super) fn new(plan: &CrowdPlan, local: SocketAddr) -> Self {
        let (target, dial) = (plan.target, plan.dial.clone());
        let sdp = message::sdp(SocketAddr::new(local.ip(), 40_000), 1);
        let invite = format!(
            "INVITE sip:{dial}@{target} SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch=z9hG4bK########i;rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:caller@{local}>;tag=########\r\nTo: <sip:{dial}@{target}>\r\n\
             Call-ID: crowd-########\r\nCSeq: 1 INVITE\r\nContact: <sip:caller@{local}>\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
            sdp.len()
        )
        .into_bytes();
        let places = invite.windows(PLACE.len()).enumerate();
        let places = places.filter(|(_, window)| window == PLACE).map(|(at, _)| at).collect();
        Self { invite, places, target, local, dial }
    }
    /// The INVITE of a call.
    pub(super) fn invite(&mut self, number: u64) -> &[u8] {
        let digits = digits(number);
        for place in &self.places {
            self.invite[*place..*place + digits.len()].copy_from_slice(&digits);
        }
        &self.invite
    }
    /// The ACK of a refusal: of the INVITE's own transaction (RFC 3261 §17.1.1.3).
    pub(super) fn ack_refusal(&self, number: u64, refusal: &Message) -> Vec<u8> {
        let uri = format!("sip:{}@{}", self.dial, self.target);
        self.request("ACK", &uri, number, 'i', 1, refusal)
    }
    /// A request in the dialog that `accepted`, a 2xx, has made.
    pub(super) fn in_dialog(&self, method: &str, number: u64, cseq: u32, accepted: &Message) -> Vec<u8> {
        let uri = accepted.contact_uri().map(String::from_utf8_lossy).unwrap_or_default();
        let branch = if method == "ACK" { 'a' } else { 'b' };
        self.request(method, &uri, number, branch, cseq, accepted)
    }
    fn request(
        &self,
        method: &str,
        uri: &str,
        number: u64,
        branch: char,
        cseq: u32,
        to: &Message,
    ) -> Vec<u8> {
        let (local, to) = (self.local, message::text(to, Name::To));
        let mut text = String::with_capacity(512);
        // Writing to a String cannot fail.
        let _infallible = write!(
            text,
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch=z9hG4bK{number:08}{branch};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:caller@{local}>;tag={number:08}\r\nTo: {to}\r\n\
             Call-ID: crowd-{number:08}\r\nCSeq: {cseq} {method}\r\nContent-Length: 0\r\n\r\n"
        );
        text.into_bytes()
    }
    /// What a request of the router's is answered.
    pub(super) fn agree(&self, request: &Message, with_sdp: bool) -> Vec<u8> {
        let text = message::Text::response(request, 200, "OK", "c").contact("caller", self.local);
        let sdp = message::sdp(SocketAddr::new(self.local.ip(), 40_000), request.cseq().0 + 1);
        let body = if with_sdp { message::Body::Sdp(&sdp) } else { message::Body::Empty };
        text.finish(body).to_vec()
    }
}

/// Which of our calls a message belongs to.
pub(super) fn number_of(message: &Message) -> Option<u64> {
    let digits = message.call_id().strip_prefix(CALL_ID)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn digits(number: u64) -> [u8; 8] {
    let mut rest = number;
    let mut digits = [b'0'; 8];
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crowd::Stage;
    use std::time::Duration;

    #[test]
    fn every_call_has_a_sound_invite_of_its_own() {
        let plan = CrowdPlan {
            target: "127.0.0.1:5060".parse().unwrap(),
            from: "127.0.0.1:0".parse().unwrap(),
            dial: "1500".to_owned(),
            stages: vec![Stage { rate: 1.0, during: Duration::from_secs(1) }],
            talk: Duration::ZERO,
            grace: Duration::ZERO,
        };
        let mut script = Script::new(&plan, "127.0.0.1:5999".parse().unwrap());
        let mut read = |number| Message::parse(script.invite(number).to_vec().into()).unwrap();
        let (first, later) = (read(7), read(12_345_678));
        assert_eq!((number_of(&first), number_of(&later)), (Some(7), Some(12_345_678)));
        assert_ne!(first.top_via().branch(), later.top_via().branch());
        assert_ne!(first.from_tag(), later.from_tag());
        assert!(!first.body().is_empty());
    }
}
