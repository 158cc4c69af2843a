//! Whether an INVITE outside a dialog may become a call, as far as it can be told from the INVITE itself.

use crate::{
    Rejected, Transport,
    compose::SDP,
    extensions::missing,
    leg::session_timer::is_too_short,
    local::Local,
    sdp::Sdp,
    wire::{Message, Name, Scheme, percent_decoded},
};

/// A refusal, and what it counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) counts: Rejected,
}

/// Reads what was dialled.
///
/// # Errors
///
/// The refusal that an INVITE deserves which we cannot act on, in the order of RFC 3261 §8.2.
pub(crate) fn dialled(invite: &Message, over: Transport, local: &Local) -> Result<String, Refusal> {
    let refuse = |status| Err(Refusal { status, counts: Rejected::Unsupported });
    let Some(uri) = invite.uri().filter(|uri| uri.scheme != Scheme::Other) else { return refuse(416) };
    // It says that no hop was open to others, and this one is (RFC 3261 §26.2.2, RFC 5630).
    if uri.scheme == Scheme::Sips && !over.is_encrypted() {
        return refuse(416);
    }
    if invite.max_forwards() == Some(0) {
        return refuse(483);
    }
    if missing(invite, local).next().is_some() {
        return refuse(420);
    }
    if is_too_short(invite, local) {
        return refuse(422);
    }
    if !accepts_sdp(invite) {
        return refuse(406);
    }
    if !body_is_readable(invite) {
        return refuse(415);
    }
    let body = invite.body();
    if !body.is_empty() && Sdp::parse(body).is_err() {
        return refuse(488);
    }
    let user = uri.user.map(percent_decoded).unwrap_or_default();
    Ok(crate::bridge::text(&user))
}

fn accepts_sdp(invite: &Message) -> bool {
    let mut ranges = invite.values(Name::Accept).peekable();
    let admits = |range: &[u8]| {
        let range = range.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
        [b"*/*".as_slice(), b"application/*", SDP.as_bytes()]
            .iter()
            .any(|ours| range.eq_ignore_ascii_case(ours))
    };
    ranges.peek().is_none() || ranges.any(admits)
}

fn body_is_readable(invite: &Message) -> bool {
    let plain = |coding: &[u8]| coding.eq_ignore_ascii_case(b"identity");
    let coded = !invite.values(Name::ContentEncoding).all(plain);
    invite.body().is_empty() || (invite.content_is(SDP) && !coded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn status(uri: &str, lines: &str) -> Result<String, u16> {
        status_over(Transport::Udp, uri, lines)
    }
    fn status_over(over: Transport, uri: &str, lines: &str) -> Result<String, u16> {
        let text = format!(
            "INVITE {uri} SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=f\r\nTo: <sip:1500@h>\r\n\
             Call-ID: c\r\nCSeq: 7 INVITE\r\n{lines}"
        );
        let local = Local::new(&crate::policy::tests::config());
        dialled(&Message::parse(Bytes::from(text)).unwrap(), over, &local).map_err(|refusal| refusal.status)
    }

    #[test]
    fn the_user_part_or_the_number_is_what_was_dialled() {
        assert_eq!(status("sip:15%300@h", "\r\n"), Ok("1500".to_owned()));
        assert_eq!(status("tel:+621500;x=y", "\r\n"), Ok("+621500".to_owned()));
        assert_eq!(status("sip:h", "\r\n"), Ok(String::new()));
    }

    #[test]
    fn what_is_to_be_encrypted_on_every_hop_has_to_come_encrypted() {
        for over in Transport::ALL {
            let encrypted = matches!(over, Transport::Tls | Transport::Wss);
            let wanted = if encrypted { Ok("1500".to_owned()) } else { Err(416) };
            assert_eq!(status_over(over, "sips:1500@h", "\r\n"), wanted, "{over:?}");
            assert_eq!(status_over(over, "sip:1500@h", "\r\n"), Ok("1500".to_owned()));
        }
    }

    #[test]
    fn what_we_cannot_act_on_is_refused_by_its_own_status() {
        for (lines, refused) in [
            ("Max-Forwards: 0\r\n\r\n", 483),
            ("Require: precondition\r\n\r\n", 420),
            ("Require: timer\r\nSession-Expires: 89\r\n\r\n", 422),
            ("Accept: text/plain, application/isup\r\n\r\n", 406),
            ("Content-Type: text/plain\r\n\r\nhello", 415),
            ("Content-Type: application/sdp\r\nContent-Encoding: gzip\r\n\r\nhello", 415),
            ("Content-Type: application/sdp\r\n\r\nhello", 488),
        ] {
            assert_eq!(status("sip:1500@h", lines), Err(refused), "{lines}");
        }
        assert_eq!(status("urn:service:sos", "\r\n"), Err(416));
        assert!(
            status(
                "sip:1500@h",
                "Accept: text/plain, application/sdp;level=1\r\nContent-Encoding: gzip\r\n\r\n"
            )
            .is_ok()
        );
    }
}
