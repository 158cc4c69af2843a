//! The messages we write: what every request and response of ours has in common.

use crate::{
    Flow, Transport,
    bridge::DIGITS,
    dialog::Dialog,
    extensions::{missing, supported, supported_for_callers},
    leg::session_timer,
    local::Local,
    wire::{Message, Method, Name, Writer, reason_phrase},
};
use bytes::Bytes;

/// What we take, in `Allow`.
pub(crate) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, INFO, REFER";
/// The only kind of body we read.
pub(crate) const SDP: &str = "application/sdp";

/// What reports about a request are written in (RFC 3420).
pub(crate) const SIPFRAG: &str = "message/sipfrag;version=2.0";

/// Starts the response to `request`.
pub(crate) fn respond(local: &Local, request: &Message, status: u16, tag: &str, from: Flow) -> Writer {
    let mut writer = Writer::response_to(request, status, reason_phrase(status), tag, from.peer);
    if status > 100 && !local.product.is_empty() {
        writer.header(Name::Server, &local.product);
    }
    writer
}

/// Adds what a refusal with `status` has to say about us, or about what we did not understand in `request`.
pub(crate) fn explain(writer: &mut Writer, request: &Message, status: u16, local: &Local) {
    match status {
        405 | 501 => writer.header(Name::Allow, ALLOW),
        415 if request.method() == Method::Info => writer.header(Name::Accept, DIGITS),
        406 | 415 | 488 => writer.header(Name::Accept, SDP),
        420 => {
            let missing: Vec<&[u8]> = missing(request, local).collect();
            writer.header(Name::Unsupported, missing.join(&b", "[..]))
        }
        469 => writer.header_text("Recv-Info", "nil"), // RFC 6086 §5.2.2
        422 => writer.header(Name::MinSe, decimal(session_timer::LEAST_S, &mut [0; 10])),
        _ => writer,
    };
}

/// Adds what we can do towards any peer.
pub(crate) fn able(writer: &mut Writer, local: &Local) {
    writer.header(Name::Allow, ALLOW);
    if let Some(supported) = supported(local) {
        writer.header(Name::Supported, supported);
    }
}

/// Adds what we can do for a caller.
pub(crate) fn able_for_callers(writer: &mut Writer, local: &Local) {
    writer.header(Name::Allow, ALLOW).header(Name::Supported, supported_for_callers(local));
}

/// Starts a request in a dialog, with the CSeq `seq`, and says where it goes.
pub(crate) fn in_dialog(
    local: &Local,
    dialog: &Dialog,
    method: Method,
    seq: u32,
    branch: u128,
) -> (Writer, Flow) {
    let path = dialog.path();
    let mut writer = Writer::request(method, path.uri);
    own_via(&mut writer, local, path.to.transport, branch);
    for route in path.routes {
        writer.header(Name::Route, route);
    }
    if let Some(last) = path.last {
        writer.header_parts(Name::Route, &[b"<", last, b">"]);
    }
    writer.header(Name::MaxForwards, "70");
    writer
        .header(Name::From, &dialog.local)
        .header(Name::To, &dialog.remote)
        .header(Name::CallId, &dialog.call_id);
    cseq(&mut writer, seq, method);
    (writer, path.to)
}

/// The body of a report about a request we act on: a response's first line (RFC 3420).
pub(crate) fn reason_line(status: u16) -> Bytes {
    Bytes::from(format!("SIP/2.0 {status} {}\r\n", reason_phrase(status)))
}

/// Our Via, which asks for the response to come back where the request came from (RFC 3581).
pub(crate) fn own_via(writer: &mut Writer, local: &Local, over: Transport, branch: u128) {
    writer.header_parts(Name::Via, &[&local.own(over).via, &local.names.branch(branch), b";rport"]);
}

/// `CSeq: 1 INVITE`
pub(crate) fn cseq(writer: &mut Writer, seq: u32, method: Method) {
    let mut digits = [0; 10];
    writer.header_parts(Name::CSeq, &[decimal(seq, &mut digits), b" ", method.as_str().as_bytes()]);
}

/// `Reason: SIP;cause=480;text="…"` (RFC 3326).
pub(crate) fn reason(writer: &mut Writer, cause: crate::Cause) {
    let mut digits = [0; 10];
    let status = decimal(u32::from(cause.status), &mut digits);
    writer.header_parts(Name::Reason, &[b"SIP;cause=", status, b";text=\"", cause.text.as_bytes(), b"\""]);
}

/// The ACK of a refusal of `invite` (RFC 3261 §17.1.1.3): same Via, Request-URI and Route, To of the response.
pub(crate) fn ack_of_refusal(invite: &Message, refusal: &Message) -> Bytes {
    let mut writer = of_invite(invite, Method::Ack, refusal.header(Name::To).unwrap_or_default());
    writer.finish()
}

/// The CANCEL of `invite` (RFC 3261 §9.1): same Via, Request-URI, Route and To.
pub(crate) fn cancel_of(invite: &Message, cause: Option<crate::Cause>) -> Bytes {
    let mut writer = of_invite(invite, Method::Cancel, invite.header(Name::To).unwrap_or_default());
    if let Some(cause) = cause {
        reason(&mut writer, cause);
    }
    writer.finish()
}

fn of_invite(invite: &Message, method: Method, to: &[u8]) -> Writer {
    let mut writer = Writer::request(method, invite.request_uri());
    if let Some(via) = invite.header(Name::Via) {
        writer.header(Name::Via, via);
    }
    writer.copy_all(invite, Name::Route).header(Name::MaxForwards, "70");
    writer.header(Name::From, invite.header(Name::From).unwrap_or_default()).header(Name::To, to);
    writer.header(Name::CallId, invite.call_id());
    cseq(&mut writer, invite.cseq().0, method);
    writer
}

/// A number in decimal, without the formatting machinery.
pub(crate) fn decimal(mut number: u32, digits: &mut [u8; 10]) -> &[u8] {
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &digits[at..];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_full() {
        for number in [0, 7, 10, 480, u32::MAX] {
            assert_eq!(decimal(number, &mut [0; 10]), number.to_string().as_bytes());
        }
    }
}
