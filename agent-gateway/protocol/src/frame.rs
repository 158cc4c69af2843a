//! Envelopes: how a message becomes text and text a message.

use crate::{
    ClientMessage, ContactId, MAX_MESSAGE_BYTES, ServerMessage, Time,
    client::{Bounded, MAX_WORD},
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Makes an enum of messages, each with its type on the wire and its data.
macro_rules! messages {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident($data:ty) = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize)]
        #[serde(untagged)]
        pub enum $name {
            $($(#[$doc])* $variant($data),)+
            /// A type that this version does not know; its data is not read.
            Unknown(#[serde(skip)] String),
        }

        impl $name {
            /// Every type on the wire.
            pub const NAMES: &'static [&'static str] = &[$($text,)+];
            /// Its type on the wire.
            #[must_use]
            pub fn name(&self) -> &str {
                match self {
                    $(Self::$variant(_) => $text,)+
                    Self::Unknown(name) => name,
                }
            }
            pub(crate) fn read(name: &str, data: &str) -> Result<Self, serde_json::Error> {
                match name {
                    $($text => serde_json::from_str(data).map(Self::$variant),)+
                    other => Ok(Self::Unknown(other.to_owned())),
                }
            }
        }
    };
}
pub(crate) use messages;

/// A message from the server in its envelope.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerFrame {
    /// Number within the session, +1 each; only on messages that bear state.
    pub seq: Option<u64>,
    /// When the server made it.
    pub ts: Time,
    /// The contact it is about.
    pub contact_id: Option<ContactId>,
    /// The state of the object it is about: applying an older one is a no-op.
    pub rev: Option<u64>,
    /// What it says.
    pub message: ServerMessage,
}

/// A message from a client in its envelope.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientFrame {
    /// Names a command: sent again with the same id it is not done again, and gets the same reply.
    pub id: Option<CommandId>,
    /// What it says.
    pub message: ClientMessage,
}

/// A client's name for a command, at most 64 bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CommandId(pub String);

/// A text that is no message of this protocol.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Longer than [`MAX_MESSAGE_BYTES`].
    #[error("a message of {bytes} bytes; at most {MAX_MESSAGE_BYTES} are read")]
    TooLarge {
        /// Its length.
        bytes: usize,
    },
    /// Not JSON, or not the envelope.
    #[error("not a message: {0}")]
    Envelope(serde_json::Error),
    /// The id is empty or too long.
    #[error("an id has 1 to {MAX_WORD} bytes")]
    Id,
    /// The data does not fit the type.
    #[error("{kind} cannot be read: {why}")]
    Data {
        /// The command's id, to reply to.
        id: Option<CommandId>,
        /// The message's type.
        kind: String,
        /// What does not fit.
        why: String,
    },
}

/// Longest explanation handed back, in characters: it may quote what was sent.
const MAX_WHY: usize = 200;

#[derive(Serialize)]
struct ServerOut<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    ts: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact_id: Option<&'a ContactId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rev: Option<u64>,
    #[serde(flatten)]
    body: Body<'a>,
}

/// A reply has its fields beside the type; everything else has `data`.
#[derive(Serialize)]
#[serde(untagged)]
enum Body<'a> {
    Data { data: &'a ServerMessage },
    Beside(&'a ServerMessage),
}

#[derive(Deserialize)]
struct ServerIn<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(default)]
    seq: Option<u64>,
    #[serde(default)]
    ts: Time,
    #[serde(default)]
    contact_id: Option<ContactId>,
    #[serde(default)]
    rev: Option<u64>,
    #[serde(default, borrow)]
    data: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct ClientOut<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a CommandId>,
    data: &'a ClientMessage,
}

#[derive(Deserialize)]
struct ClientIn<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(default)]
    id: Option<CommandId>,
    #[serde(default, borrow)]
    data: Option<&'a RawValue>,
}

impl ServerFrame {
    /// The text to send.
    ///
    /// # Errors
    /// Only if a section's data cannot be written as JSON, which none that was read from JSON can.
    pub fn encode(&self) -> Result<String, serde_json::Error> {
        let beside = matches!(self.message, ServerMessage::Reply(_));
        let body = if beside { Body::Beside(&self.message) } else { Body::Data { data: &self.message } };
        serde_json::to_string(&ServerOut {
            kind: self.message.name(),
            seq: self.seq,
            ts: self.ts,
            contact_id: self.contact_id.as_ref(),
            rev: self.rev,
            body,
        })
    }

    /// Reads what a server sent.
    ///
    /// # Errors
    /// [`DecodeError`]; a type that is not known is [`ServerMessage::Unknown`] and no error.
    pub fn decode(text: &str) -> Result<Self, DecodeError> {
        let envelope: ServerIn<'_> = serde_json::from_str(text).map_err(DecodeError::Envelope)?;
        let data = match (envelope.kind.as_ref(), envelope.data) {
            ("reply", _) => text,
            (_, Some(data)) => data.get(),
            (_, None) => "{}",
        };
        let message = ServerMessage::read(&envelope.kind, data)
            .map_err(|error| bad_data(None, &envelope.kind, &error))?;
        Ok(Self {
            seq: envelope.seq,
            ts: envelope.ts,
            contact_id: envelope.contact_id,
            rev: envelope.rev,
            message,
        })
    }
}

impl ClientFrame {
    /// The text to send.
    ///
    /// # Errors
    /// None that our own types can cause.
    pub fn encode(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&ClientOut {
            kind: self.message.name(),
            id: self.id.as_ref(),
            data: &self.message,
        })
    }

    /// Reads what a client sent, and keeps it within its bounds.
    ///
    /// # Errors
    /// [`DecodeError`]; a type that is not known is [`ClientMessage::Unknown`] and no error.
    pub fn decode(text: &str) -> Result<Self, DecodeError> {
        if text.len() > MAX_MESSAGE_BYTES {
            return Err(DecodeError::TooLarge { bytes: text.len() });
        }
        let envelope: ClientIn<'_> = serde_json::from_str(text).map_err(DecodeError::Envelope)?;
        if envelope.kind.len() > MAX_WORD
            || envelope.id.as_ref().is_some_and(|id| id.0.is_empty() || id.0.len() > MAX_WORD)
        {
            return Err(DecodeError::Id);
        }
        let data = envelope.data.map_or("{}", RawValue::get);
        let message = ClientMessage::read(&envelope.kind, data)
            .map_err(|error| bad_data(envelope.id.clone(), &envelope.kind, &error))?;
        match message.too_long() {
            Some(field) => Err(DecodeError::Data {
                id: envelope.id,
                kind: envelope.kind.into_owned(),
                why: format!("{field} is too long"),
            }),
            None => Ok(Self { id: envelope.id, message }),
        }
    }
}

fn bad_data(id: Option<CommandId>, kind: &str, error: &serde_json::Error) -> DecodeError {
    DecodeError::Data { id, kind: kind.to_owned(), why: error.to_string().chars().take(MAX_WHY).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorCode, Fault, Ping, Pong, Reply};

    fn client(text: &str) -> Result<ClientFrame, DecodeError> {
        ClientFrame::decode(text)
    }

    #[test]
    fn what_a_client_sends_reads_back() {
        let frame =
            ClientFrame { id: Some(CommandId("7".into())), message: ClientMessage::Ping(Ping { t: 5 }) };
        let text = frame.encode().unwrap();
        assert_eq!(text, r#"{"type":"ping","id":"7","data":{"t":5}}"#);
        assert_eq!(client(&text).unwrap(), frame);
    }

    #[test]
    fn a_reply_carries_its_fields_beside_the_type() {
        let fault = Fault::new(ErrorCode::Busy, "try again");
        let reply = Reply { id: CommandId("a".into()), ok: false, data: None, error: Some(fault) };
        let frame = ServerFrame {
            seq: None,
            ts: Time(0),
            contact_id: None,
            rev: None,
            message: ServerMessage::Reply(reply),
        };
        let text = frame.encode().unwrap();
        assert_eq!(
            text,
            r#"{"type":"reply","ts":"1970-01-01T00:00:00.000000Z","id":"a","ok":false,"error":{"code":"busy","message":"try again","retryable":true}}"#
        );
        assert_eq!(ServerFrame::decode(&text).unwrap(), frame);
    }

    #[test]
    fn unknown_fields_and_types_are_ignored() {
        let frame = client(r#"{"type":"ping","colour":"blue","data":{"t":1,"u":2}}"#).unwrap();
        assert_eq!(frame.message, ClientMessage::Ping(Ping { t: 1 }));
        let frame = client(r#"{"type":"contact.sing","id":"1","data":[1]}"#).unwrap();
        assert_eq!(frame.message, ClientMessage::Unknown("contact.sing".into()));
        let frame = ServerFrame::decode(r#"{"type":"tea.ready","seq":4}"#).unwrap();
        assert_eq!((frame.seq, frame.message), (Some(4), ServerMessage::Unknown("tea.ready".into())));
        let frame = ServerFrame::decode(r#"{"type":"pong","data":{"t":3,"x":0}}"#).unwrap();
        assert_eq!(frame.message, ServerMessage::Pong(Pong { t: 3 }));
    }

    #[test]
    fn what_does_not_fit_is_refused_with_the_id_to_reply_to() {
        let wrong = client(r#"{"type":"contact.accept","id":"9","data":{"contact_id":7}}"#).unwrap_err();
        assert!(matches!(wrong, DecodeError::Data { id: Some(CommandId(id)), .. } if id == "9"));
        assert!(matches!(client("nonsense").unwrap_err(), DecodeError::Envelope(_)));
        assert!(matches!(client(r#"{"data":{}}"#).unwrap_err(), DecodeError::Envelope(_)));
        assert!(matches!(client(r#"{"type":"ping","id":""}"#).unwrap_err(), DecodeError::Id));
        let long = format!(r#"{{"type":"ping","data":"{}"}}"#, "x".repeat(MAX_MESSAGE_BYTES));
        assert!(matches!(client(&long).unwrap_err(), DecodeError::TooLarge { .. }));
    }

    #[test]
    fn fields_keep_their_bounds() {
        let note = |len: usize| {
            client(&format!(
                r#"{{"type":"contact.note","id":"1","data":{{"contact_id":"c","text":"{}"}}}}"#,
                "x".repeat(len)
            ))
        };
        assert!(note(4_000).is_ok());
        assert!(
            matches!(note(4_001).unwrap_err(), DecodeError::Data { why, .. } if why == "text is too long")
        );
        let tags = |n: usize| {
            let tags = vec![r#""a""#; n].join(",");
            client(&format!(r#"{{"type":"contact.wrapup","data":{{"contact_id":"c","tags":[{tags}]}}}}"#))
        };
        assert!(tags(16).is_ok() && tags(17).is_err());
    }

    #[test]
    fn a_token_is_not_shown_in_debug_output() {
        let frame =
            client(r#"{"type":"identify","data":{"token":"secret","client":{"kind":"desktop"}}}"#).unwrap();
        assert!(!format!("{frame:?}").contains("secret"));
    }

    #[test]
    fn text_that_is_nested_without_end_is_refused() {
        assert!(client(&"[".repeat(60_000)).is_err());
        assert!(client(&format!(r#"{{"type":"ping","data":{}"#, r#"{"t":"#.repeat(10_000))).is_err());
    }
}
