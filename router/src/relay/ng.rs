//! The ng protocol of rtpengine, as far as we speak it: a cookie, a space and a JSON object, in one datagram each way.
//!
//! Pure. Source: rtpengine's `docs/ng_control_protocol.md` (10.5 takes JSON as well as bencode, and answers in kind).

use serde::{Deserialize, Serialize};

/// Longest answer that is read: a session description of ours is at most 64 KiB.
pub const MAX_ANSWER: usize = 65_535;

/// How a side's media is carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// RTP as it comes; no ICE.
    Plain,
    /// A browser: DTLS-SRTP over ICE, RTCP on the same port.
    Browser,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Whether somebody is there.
    Ping,
    /// A description that is an offer, to be rewritten for `to`.
    Offer(Description),
    /// A description that answers one.
    Answer(Description),
    /// A call is over.
    Delete {
        /// Which.
        call: String,
    },
}

/// A session description on its way from one side to the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// The call, as rtpengine knows it.
    pub call: String,
    /// Tag of whoever made the offer.
    pub offerer: String,
    /// Tag of the other, where it has one already.
    pub answerer: Option<String>,
    /// The description.
    pub sdp: String,
    /// Who gets it.
    pub to: Side,
    /// Whether the two sides are carried alike: then what they have agreed upon is left alone.
    pub alike: bool,
}

/// What comes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is there, or it is done.
    Done,
    /// The description as it goes on.
    Rewritten(String),
    /// It was refused, for this reason.
    Refused(String),
}

impl Question {
    /// Its command, for metrics.
    #[must_use]
    pub const fn command(&self) -> &'static str {
        match self {
            Self::Ping => "ping",
            Self::Offer(_) => "offer",
            Self::Answer(_) => "answer",
            Self::Delete { .. } => "delete",
        }
    }
    /// The datagram under `cookie`, which must have no space.
    #[must_use]
    pub fn datagram(&self, cookie: &str) -> Vec<u8> {
        let wire = match self {
            Self::Ping | Self::Delete { .. } => Wire { command: self.command(), ..Wire::default() },
            Self::Offer(description) | Self::Answer(description) => {
                Wire { command: self.command(), ..Wire::of(description) }
            }
        };
        let wire = match self {
            // At once: the call is over on both sides.
            Self::Delete { call } => Wire { call_id: Some(call), delete_delay: Some(0), ..wire },
            Self::Ping | Self::Offer(_) | Self::Answer(_) => wire,
        };
        // Texts and numbers always encode.
        let body = serde_json::to_vec(&wire).unwrap_or_default();
        [cookie.as_bytes(), b" ", &body].concat()
    }
}

/// As it stands on the wire.
#[derive(Default, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Wire<'a> {
    command: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    call_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_tag: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_tag: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sdp: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transport_protocol: Option<&'static str>,
    #[serde(rename = "ICE", skip_serializing_if = "Option::is_none")]
    ice: Option<&'static str>,
    #[serde(rename = "DTLS", skip_serializing_if = "Option::is_none")]
    dtls: Option<&'static str>,
    #[serde(rename = "SDES", skip_serializing_if = "<[_]>::is_empty")]
    sdes: &'static [&'static str],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    rtcp_mux: &'static [&'static str],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    replace: &'static [&'static str],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    flags: &'static [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    delete_delay: Option<u32>,
}

impl<'a> Wire<'a> {
    fn of(description: &'a Description) -> Self {
        let Description { call, offerer, answerer, sdp, to, alike } = description;
        let wire = Self {
            call_id: Some(call),
            from_tag: Some(offerer),
            to_tag: answerer.as_deref(),
            sdp: Some(sdp),
            // Nothing of the other side shows, and the version rises when something of this one has changed.
            replace: &["origin", "session-connection", "sdp-version"],
            ..Self::default()
        };
        match (to, alike) {
            (Side::Plain, true) => Self { ice: Some("remove"), ..wire },
            (Side::Plain, false) => Self {
                transport_protocol: Some("RTP/AVP"),
                ice: Some("remove"),
                rtcp_mux: &["demux"],
                ..wire
            },
            (Side::Browser, _) => Self {
                transport_protocol: Some("UDP/TLS/RTP/SAVPF"),
                ice: Some("force"),
                // It may be behind a NAT that only lets answers in: so it is the one to begin.
                dtls: Some("passive"),
                sdes: &["off"],
                rtcp_mux: &["offer", "require"],
                flags: &["generate-mid"],
                ..wire
            },
        }
    }
}

#[derive(Deserialize)]
struct Back {
    result: String,
    #[serde(default)]
    sdp: Option<String>,
    #[serde(default, rename = "error-reason")]
    error_reason: Option<String>,
}

/// Reads an answer: its cookie, and what it says; an answer that cannot be read is a refusal. None for what has no cookie.
#[must_use]
pub fn read(datagram: &[u8]) -> Option<(&str, Verdict)> {
    let space = datagram.iter().position(|&byte| byte == b' ')?;
    let cookie = std::str::from_utf8(&datagram[..space]).ok()?;
    let Ok(Back { result, sdp, error_reason }) = serde_json::from_slice(&datagram[space + 1..]) else {
        return Some((cookie, Verdict::Refused("its answer cannot be read".to_owned())));
    };
    let verdict = match (result.as_str(), sdp) {
        ("ok", Some(sdp)) => Verdict::Rewritten(sdp),
        ("ok" | "pong", None) => Verdict::Done,
        (_, _) => Verdict::Refused(error_reason.unwrap_or(result)),
    };
    Some((cookie, verdict))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn description(to: Side, alike: bool) -> Description {
        let (call, offerer, sdp) = ("c@d".to_owned(), "us".to_owned(), "v=0\r\n".to_owned());
        Description { call, offerer, answerer: None, sdp, to, alike }
    }
    fn said(question: &Question) -> Value {
        let datagram = question.datagram("7_1");
        let body = datagram.strip_prefix(b"7_1 ").unwrap();
        serde_json::from_slice(body).unwrap()
    }

    #[test]
    fn a_browser_is_offered_what_it_speaks_and_a_phone_what_it_speaks() {
        let browser = said(&Question::Offer(description(Side::Browser, false)));
        assert_eq!((&browser["command"], &browser["call-id"]), (&json!("offer"), &json!("c@d")));
        assert_eq!((&browser["from-tag"], &browser["sdp"]), (&json!("us"), &json!("v=0\r\n")));
        assert_eq!(browser["transport-protocol"], json!("UDP/TLS/RTP/SAVPF"));
        assert_eq!((&browser["ICE"], &browser["DTLS"]), (&json!("force"), &json!("passive")));
        assert!(browser.get("to-tag").is_none());
        let answer = Description { answerer: Some("her".to_owned()), ..description(Side::Plain, false) };
        let plain = said(&Question::Answer(answer));
        assert_eq!((&plain["command"], &plain["to-tag"]), (&json!("answer"), &json!("her")));
        assert_eq!((&plain["transport-protocol"], &plain["ICE"]), (&json!("RTP/AVP"), &json!("remove")));
        assert_eq!(plain["rtcp-mux"], json!(["demux"]));
        let alike = said(&Question::Offer(description(Side::Plain, true)));
        assert!(alike.get("transport-protocol").is_none(), "an SRTP phone keeps its SRTP");
    }

    #[test]
    fn a_call_is_asked_for_by_its_id_alone_when_it_ends() {
        assert_eq!(said(&Question::Ping), json!({ "command": "ping" }));
        let delete = said(&Question::Delete { call: "c@d".to_owned() });
        assert_eq!(delete, json!({ "command": "delete", "call-id": "c@d", "delete-delay": 0 }));
    }

    #[test]
    fn answers_are_read_and_anything_else_is_a_refusal_or_no_answer() {
        assert_eq!(read(br#"7_1 {"result":"pong"}"#), Some(("7_1", Verdict::Done)));
        let rewritten = Verdict::Rewritten("v=0".to_owned());
        assert_eq!(read(br#"7_1 {"sdp":"v=0","result":"ok","tags":{"a":1}}"#), Some(("7_1", rewritten)));
        let refused = Verdict::Refused("Unknown call-id".to_owned());
        assert_eq!(
            read(br#"7_1 {"result":"error","error-reason":"Unknown call-id"}"#),
            Some(("7_1", refused))
        );
        for unreadable in [&b"7_1 "[..], b"7_1 d6:result4:ponge", b"7_1 {}", b"7_1 \xff"] {
            let told = read(unreadable);
            assert!(matches!(told, Some(("7_1", Verdict::Refused(_)))), "{told:?}");
        }
        for wrong in [&b""[..], b"7_1", b"\xff {}"] {
            assert_eq!(read(wrong), None, "{}", String::from_utf8_lossy(wrong));
        }
    }
}
