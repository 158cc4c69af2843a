//! What the INVITE of a new call says, for those who decide about it.

use crate::{
    MAX_TEXT, MAX_X_HEADERS, Offered,
    wire::{Message, Name, percent_decoded},
};

/// Reads the INVITE of a call from the trunk called `trunk`.
pub(crate) fn offered(invite: &Message, trunk: &str, dialled: String) -> Offered {
    let from = invite.from();
    let user = from.parsed_uri().ok().and_then(|uri| uri.user);
    Offered {
        trunk: trunk.to_owned(),
        dialled,
        from_user: user.map(|user| text(&percent_decoded(user))).unwrap_or_default(),
        display: bounded(&from.display_text()),
        from_header: text(invite.header(Name::From).unwrap_or_default()),
        pai_header: joined(invite, Name::PAssertedIdentity),
        rpid: joined(invite, Name::RemotePartyId),
        privacy: joined(invite, Name::Privacy),
        sip_call_id: text(invite.call_id()),
        uui: joined(invite, Name::UserToUser),
        diversion: joined(invite, Name::Diversion),
        history_info: joined(invite, Name::HistoryInfo),
        x_headers: x_headers(invite),
        offerless: invite.body().is_empty(),
    }
}

fn joined(invite: &Message, name: Name) -> Option<String> {
    let mut values = invite.headers_named(name);
    let mut all = values.next()?.to_vec();
    for value in values {
        all.extend_from_slice(b", ");
        all.extend_from_slice(value);
    }
    Some(text(&all))
}

fn x_headers(invite: &Message) -> Vec<(String, String)> {
    let ours = |name: &[u8]| name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case(b"x-"));
    let headers = invite.headers().filter(|header| header.name == Name::Other && ours(header.text));
    headers.take(MAX_X_HEADERS).map(|header| (text(header.text), text(header.value))).collect()
}

/// As text, octets that are no UTF-8 replaced, cut to [`MAX_TEXT`].
pub(crate) fn text(bytes: &[u8]) -> String {
    bounded(&String::from_utf8_lossy(bytes))
}

fn bounded(text: &str) -> String {
    text[..text.floor_char_boundary(MAX_TEXT)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn invite(lines: &str) -> Message {
        let text = format!(
            "INVITE sip:1500@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nTo: <sip:1500@h>\r\nCall-ID: c@d\r\n\
             CSeq: 7 INVITE\r\n{lines}\r\n"
        );
        Message::parse(Bytes::from(text)).unwrap()
    }

    #[test]
    fn everything_that_tells_who_calls_is_handed_on() {
        let offered = offered(
            &invite(
                "From: \"Ann \\\"A\\\"\" <sip:+62%31@h>;tag=f\r\nP-Asserted-Identity: <sip:a@h>\r\nP-Asserted-Identity: <tel:+62>\r\n\
                 Privacy: id\r\nX-Tenant: blue\r\nx-other: 1\r\nSubject: none\r\n",
            ),
            "pbx",
            "1500".to_owned(),
        );
        assert_eq!((offered.trunk.as_str(), offered.dialled.as_str()), ("pbx", "1500"));
        assert_eq!((offered.from_user.as_str(), offered.display.as_str()), ("+621", "Ann \"A\""));
        assert_eq!(offered.pai_header.as_deref(), Some("<sip:a@h>, <tel:+62>"));
        assert_eq!((offered.privacy.as_deref(), offered.sip_call_id.as_str()), (Some("id"), "c@d"));
        let x = offered.x_headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        assert_eq!(x.collect::<Vec<_>>(), [("X-Tenant", "blue"), ("x-other", "1")]);
        assert!(offered.offerless);
    }

    #[test]
    fn long_texts_are_cut_at_a_character() {
        let long = format!("From: \"{}\" <sip:a@h>;tag=f\r\n", "é".repeat(MAX_TEXT));
        let offered = offered(&invite(&long), "pbx", String::new());
        assert_eq!(offered.display.len(), MAX_TEXT);
        assert!(text(&[0xff; 2000]).len() <= MAX_TEXT);
    }
}
