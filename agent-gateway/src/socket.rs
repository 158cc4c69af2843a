//! One client on one WebSocket: `hello`, `identify`, then messages both ways until somebody ends it.
//!
//! Reads and writes at the same time, so that a client that does not read can still be heard, and be closed. What
//! messages mean is left to [`crate::desk`].

use crate::{
    brain::Brain,
    desk::{Ask, session_number},
    outbox::{Ending, Inbox, Outbox, Parcel, ended},
    reception::{Reception, TurnedAway},
};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use protocol::{
    ClientFrame, ClientKind, ClientMessage, CloseCode, DecodeError, ErrorCode, Fault, HEARTBEAT_INTERVAL_MS,
    Hello, IDENTIFY_WITHIN_MS, Identify, MAX_MESSAGE_BYTES, PROTOCOL, Ping, RESUME_WINDOW_S, Reply,
    SILENCE_MS, ServerError, ServerFrame, ServerMessage, Time,
};
use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
    time::{Instant as Until, timeout, timeout_at},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        self, Message,
        protocol::{CloseFrame, WebSocketConfig, frame::coding::CloseCode as WireCode},
    },
};

/// Messages written before a flush: enough to save system calls, few enough to count as sent soon.
const MAX_BATCH: usize = 16;
/// Time a client has to take what is left and the close frame.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);
const IDENTIFY_WITHIN: Duration = Duration::from_millis(IDENTIFY_WITHIN_MS);
const SILENCE: Duration = Duration::from_millis(SILENCE_MS);

/// What every socket needs.
pub(crate) struct Hub {
    pub(crate) reception: Reception,
    pub(crate) brain: Arc<dyn Brain>,
    pub(crate) asks: mpsc::Sender<Ask>,
    pub(crate) server_version: String,
    pub(crate) sessions: AtomicU32,
}

impl Hub {
    /// A new session's number.
    pub(crate) fn session(&self, agent: acd::AgentNo) -> u64 {
        session_number(agent, self.sessions.fetch_add(1, Ordering::Relaxed))
    }
}

/// The bounds of a WebSocket.
pub(crate) fn limits() -> WebSocketConfig {
    WebSocketConfig::default()
        .max_message_size(Some(MAX_MESSAGE_BYTES))
        .max_frame_size(Some(MAX_MESSAGE_BYTES))
        .read_buffer_size(8 * 1024)
        .write_buffer_size(16 * 1024)
        .max_write_buffer_size(2 * protocol::MAX_QUEUED_BYTES)
}

/// Serves one client, which is at `from`. `welcome` is false for a page from an origin that may not connect: it is told so and closed.
pub(crate) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    socket: WebSocketStream<S>,
    hub: &Hub,
    from: IpAddr,
    welcome: bool,
) {
    let (mut sink, stream) = socket.split();
    let (outbox, mut inbox) = Outbox::new();
    let mut session = None;
    if welcome {
        outbox.post(text(ServerMessage::Hello(hello(hub))), None);
    } else {
        outbox.end(Ending::Code(CloseCode::Origin));
    }
    let ending = tokio::select! {
        biased;
        ending = ended(&outbox) => ending,
        ending = listen(stream, (hub, from), &outbox, &mut session) => ending,
        ending = speak(&mut sink, hub, &mut inbox) => ending,
    };
    outbox.end(ending);
    if let Some(session) = session {
        // The desk task ends with the gateway: then there is nobody left to tell.
        drop(hub.asks.send(Ask::Gone { session }).await);
    }
    // A client that does not read its last words has until then.
    drop(timeout(CLOSE_WITHIN, close(&mut sink, &mut inbox, ending)).await);
}

/// Reads what the client sends; `session` is set once it has identified.
async fn listen(
    mut stream: impl Stream<Item = Result<Message, tungstenite::Error>> + Unpin,
    (hub, from): (&Hub, IpAddr),
    outbox: &Outbox,
    session: &mut Option<u64>,
) -> Ending {
    let deadline = Until::now() + IDENTIFY_WITHIN;
    loop {
        let next = match session {
            Some(_) => timeout(SILENCE, stream.next()).await,
            None => timeout_at(deadline, stream.next()).await,
        };
        let text = match next {
            Ok(Some(Ok(Message::Text(text)))) => text,
            Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => continue,
            Ok(Some(Ok(Message::Binary(_) | Message::Frame(_)))) => {
                return misunderstood(outbox, "messages are JSON in text frames");
            }
            Ok(Some(Err(tungstenite::Error::Capacity(error)))) => {
                return misunderstood(outbox, &error.to_string());
            }
            Ok(None | Some(Ok(Message::Close(_)) | Err(_))) => return Ending::Lost,
            Err(_) if session.is_some() => return Ending::Lost,
            Err(_) => {
                return refuse(
                    outbox,
                    ErrorCode::IdentifyFirst,
                    "nobody identified within 5 s",
                    CloseCode::AuthFailed,
                );
            }
        };
        let heard = match *session {
            Some(session) => hear(&text, hub, outbox, session).await,
            None => identify(&text, (hub, from), outbox, session).await,
        };
        if let Err(ending) = heard {
            return ending;
        }
    }
}

/// The first message: who is there.
async fn identify(
    text: &str,
    (hub, from): (&Hub, IpAddr),
    outbox: &Outbox,
    session: &mut Option<u64>,
) -> Result<(), Ending> {
    let frame = match ClientFrame::decode(text) {
        Ok(frame) => frame,
        Err(error) => return Err(misunderstood(outbox, &error.to_string())),
    };
    match frame.message {
        ClientMessage::Identify(identify) => sign_in(&identify, (hub, from), outbox, session).await,
        ClientMessage::Resume(_) => {
            let message = "there is no such session here; identify afresh";
            Err(refuse(outbox, ErrorCode::SessionInvalid, message, CloseCode::SessionInvalid))
        }
        ClientMessage::Ping(ping) => {
            outbox.post(self::text(ServerMessage::Pong(ping)), None);
            Ok(())
        }
        ClientMessage::Unknown(_) => Ok(()),
        ClientMessage::SetState(_)
        | ClientMessage::ExtendWrapUp(_)
        | ClientMessage::SupervisorSetState(_)
        | ClientMessage::Accept(_)
        | ClientMessage::Decline(_)
        | ClientMessage::Hold(_)
        | ClientMessage::Retrieve(_)
        | ClientMessage::Transfer(_)
        | ClientMessage::Complete(_)
        | ClientMessage::HangUp(_)
        | ClientMessage::Note(_)
        | ClientMessage::WrapUp(_)
        | ClientMessage::PopRendered(_)
        | ClientMessage::PopSelect(_) => Err(refuse(
            outbox,
            ErrorCode::IdentifyFirst,
            "the first message is identify",
            CloseCode::Protocol,
        )),
    }
}

async fn sign_in(
    identify: &Identify,
    (hub, from): (&Hub, IpAddr),
    outbox: &Outbox,
    session: &mut Option<u64>,
) -> Result<(), Ending> {
    let agent = hub.reception.who(&identify.token.0, from).map_err(|turned| {
        let (code, close) = match turned {
            TurnedAway::Unknown => (ErrorCode::AuthFailed, CloseCode::AuthFailed),
            TurnedAway::Wait { .. } => (ErrorCode::TooMany, CloseCode::TooManyTries),
        };
        refuse(outbox, code, &turned.to_string(), close)
    })?;
    if identify.client.kind == ClientKind::Wallboard && !agent.sees_floor() {
        let message = "a wallboard needs the role supervisor, planner or admin";
        return Err(refuse(outbox, ErrorCode::Forbidden, message, CloseCode::AuthFailed));
    }
    let number = hub.session(agent.no);
    *session = Some(number);
    tracing::debug!(agent = agent.id, session = number, kind = identify.client.kind.as_str(), "signed in");
    let ask = Ask::SignIn { session: number, kind: identify.client.kind, outbox: outbox.clone() };
    hub.asks.send(ask).await.map_err(|_| Ending::GoingAway)
}

/// A message of a client that has identified.
async fn hear(text: &str, hub: &Hub, outbox: &Outbox, session: u64) -> Result<(), Ending> {
    match ClientFrame::decode(text) {
        Ok(ClientFrame { message: ClientMessage::Ping(Ping { t }), .. }) => {
            outbox.post(self::text(ServerMessage::Pong(Ping { t })), None);
            Ok(())
        }
        Ok(frame) => hub.asks.send(Ask::Frame { session, frame }).await.map_err(|_| Ending::GoingAway),
        Err(DecodeError::Data { id: Some(id), kind, why }) => {
            let fault = Fault::new(ErrorCode::BadData, format!("{kind}: {why}"));
            outbox.post(
                self::text(ServerMessage::Reply(Reply { id, ok: false, data: None, error: Some(fault) })),
                None,
            );
            Ok(())
        }
        Err(error @ DecodeError::Data { id: None, .. }) => {
            outbox.post(self::text(wrong(ErrorCode::BadData, &error.to_string(), false)), None);
            Ok(())
        }
        Err(error @ (DecodeError::TooLarge { .. } | DecodeError::Envelope(_) | DecodeError::Id)) => {
            Err(misunderstood(outbox, &error.to_string()))
        }
    }
}

fn misunderstood(outbox: &Outbox, message: &str) -> Ending {
    refuse(outbox, ErrorCode::BadMessage, message, CloseCode::Protocol)
}

fn refuse(outbox: &Outbox, code: ErrorCode, message: &str, close: CloseCode) -> Ending {
    outbox.post(text(wrong(code, message, true)), None);
    Ending::Code(close)
}

fn wrong(code: ErrorCode, message: &str, fatal: bool) -> ServerMessage {
    ServerMessage::Error(ServerError { code: code.as_str().to_owned(), message: message.to_owned(), fatal })
}

fn hello(hub: &Hub) -> Hello {
    Hello {
        protocol: PROTOCOL.to_owned(),
        server_version: hub.server_version.clone(),
        heartbeat_interval_ms: HEARTBEAT_INTERVAL_MS,
        resume_window_s: RESUME_WINDOW_S,
        max_message_bytes: MAX_MESSAGE_BYTES as u64,
    }
}

/// A message that bears no state, in its envelope.
fn text(message: ServerMessage) -> String {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let ts = Time(acd::time::micros(wall));
    // Texts and numbers of our own can always be written.
    ServerFrame { seq: None, ts, contact_id: None, rev: None, message }.encode().unwrap_or_default()
}

/// Writes what is posted, and tells the brain when a card is out.
async fn speak(sink: &mut (impl Sink<Message> + Unpin), hub: &Hub, inbox: &mut Inbox) -> Ending {
    let mut batch = Vec::with_capacity(MAX_BATCH);
    while inbox.parcels.recv_many(&mut batch, MAX_BATCH).await > 0 {
        let Some(shown) = write(sink, inbox, &mut batch).await else { return Ending::Lost };
        let at = Instant::now();
        for offer in shown {
            hub.brain.card_written(offer, at);
            if hub.brain.try_event(acd::Event::CardShown { offer }, None).is_err() {
                // The ring then starts when its budget is over.
                tracing::debug!(%offer, "the brain is too busy to hear that a card is shown");
            }
        }
    }
    Ending::GoingAway
}

/// Writes and flushes a batch; says which cards are out, or nothing when the transport failed.
async fn write(
    sink: &mut (impl Sink<Message> + Unpin),
    inbox: &Inbox,
    batch: &mut Vec<Parcel>,
) -> Option<Vec<acd::OfferId>> {
    let (mut bytes, mut shown) = (0, Vec::new());
    for Parcel { text, shows } in batch.drain(..) {
        bytes += text.len();
        shown.extend(shows);
        sink.feed(Message::Text(text)).await.ok()?;
    }
    sink.flush().await.ok()?;
    inbox.sent(bytes);
    Some(shown)
}

/// The last words: what is still queued, unless the client is too slow for it, and why we close.
async fn close(sink: &mut (impl Sink<Message> + Unpin), inbox: &mut Inbox, ending: Ending) -> Option<()> {
    let frame = match ending {
        Ending::Lost => return sink.close().await.ok(),
        Ending::Code(code) => {
            CloseFrame { code: WireCode::from(code.number()), reason: code.reason().into() }
        }
        Ending::GoingAway => CloseFrame { code: WireCode::Away, reason: "".into() },
    };
    if ending != Ending::Code(CloseCode::SlowConsumer) {
        while let Ok(parcel) = inbox.parcels.try_recv() {
            sink.feed(Message::Text(parcel.text)).await.ok()?;
        }
    }
    sink.send(Message::Close(Some(frame))).await.ok()?;
    sink.close().await.ok()
}

#[cfg(test)]
mod tests;
