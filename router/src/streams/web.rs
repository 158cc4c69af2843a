//! SIP over WebSocket (RFC 7118): which web pages and programs may connect, and one message a frame.

use super::{
    bounds::WRITE_MESSAGES,
    line::{Line, Queue},
    reasons::{Ended, Refused},
};
use bytes::Bytes;
use futures_util::{Sink, SinkExt as _, Stream, StreamExt as _};
use sip::wire::{Framer, limits};
use std::{
    net::{IpAddr, SocketAddr},
    pin::pin,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, sleep_until, timeout},
};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async_with_config,
    tungstenite::{
        Error, Message, Utf8Bytes,
        handshake::server::{ErrorResponse, Request, Response},
        http::{HeaderMap, HeaderValue, StatusCode, header},
        protocol::WebSocketConfig,
    },
};

/// The subprotocol of RFC 7118 §4.
const SUBPROTOCOL: &str = "sip";

/// Where web pages may come from.
#[derive(Debug)]
pub(super) struct Origins {
    listed: Vec<String>,
    desk: SocketAddr,
}

impl Origins {
    pub(super) fn new(listed: Vec<String>, desk: SocketAddr) -> Self {
        Self { listed, desk }
    }
    /// Whether the request's `Origin` is absent (a program), on the list, or the desk's.
    fn admit(&self, headers: &HeaderMap) -> bool {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (None, _) => true,
            (Some(origin), None) => {
                let origin = origin.to_str().unwrap_or_default();
                self.listed.iter().any(|listed| listed.eq_ignore_ascii_case(origin)) || self.is_desk(origin)
            }
            (Some(_), Some(_)) => false,
        }
    }
    /// Whether a page comes from the desk by its address. By a name it must be listed: who can make a browser believe
    /// that his name is our address would else get in.
    fn is_desk(&self, origin: &str) -> bool {
        let (scheme, authority) = origin.split_once("://").unwrap_or_default();
        let default = match scheme {
            "http" => 80,
            "https" => 443,
            _ => return false,
        };
        let split = authority.rsplit_once(':').filter(|(_, port)| !port.ends_with(']'));
        let (host, port) = split.map_or((authority, Some(default)), |(host, port)| (host, port.parse().ok()));
        if port != Some(self.desk.port()) {
            return false;
        }
        let ours = self.desk.ip().to_canonical();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        match host.parse::<IpAddr>() {
            Ok(address) => ours.is_unspecified() || address.to_canonical() == ours,
            Err(_) => host == "localhost" && (ours.is_loopback() || ours.is_unspecified()),
        }
    }
}

/// Upgrades a connection.
pub(super) async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
    io: S,
    origins: &Origins,
) -> Result<WebSocketStream<S>, Refused> {
    let config = WebSocketConfig::default()
        .read_buffer_size(4 * 1024)
        .write_buffer_size(0)
        .max_write_buffer_size(2 * limits::MESSAGE)
        .max_message_size(Some(limits::MESSAGE))
        .max_frame_size(Some(limits::MESSAGE));
    let upgrade = |request: &Request, response| answer(request.headers(), response, origins);
    accept_hdr_async_with_config(io, upgrade, Some(config)).await.map_err(|error| match error {
        Error::Http(response) if response.status() == StatusCode::FORBIDDEN => Refused::Origin,
        Error::Http(_) => Refused::Subprotocol,
        _other => Refused::Handshake,
    })
}

#[allow(clippy::result_large_err, reason = "the library's own type")]
fn answer(headers: &HeaderMap, mut response: Response, origins: &Origins) -> Result<Response, ErrorResponse> {
    if !origins.admit(headers) {
        return Err(refusal(StatusCode::FORBIDDEN, "pages of this origin may not connect; see desk.origins"));
    }
    let offered = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    let mut offered = offered.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    if !offered.any(|name| name.trim().eq_ignore_ascii_case(SUBPROTOCOL)) {
        return Err(refusal(StatusCode::BAD_REQUEST, "only the subprotocol \"sip\" is spoken here"));
    }
    let name = HeaderValue::from_static(SUBPROTOCOL);
    response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, name);
    Ok(response)
}

fn refusal(status: StatusCode, why: &str) -> ErrorResponse {
    let mut response = ErrorResponse::new(Some(format!("{why}\n")));
    *response.status_mut() = status;
    response
}

/// Carries a connection until it ends.
pub(super) async fn carry<S: AsyncRead + AsyncWrite + Unpin>(
    socket: WebSocketStream<S>,
    mut line: Line,
    mut queue: Queue,
) {
    line.opened();
    let (mut sink, stream) = socket.split();
    let why = tokio::select! {
        why = read(stream, &line) => why,
        why = write(&mut sink, &mut queue, &line) => why,
        why = line.cut() => why,
    };
    if !matches!(why, Ended::Unread | Ended::Broken) {
        // Whether the peer waits for it is its own affair.
        let _in_time = timeout(line.shared.times.linger, sink.close()).await;
    }
    line.end(queue, why).await;
}

async fn read(mut stream: impl Stream<Item = Result<Message, Error>> + Unpin, line: &Line) -> Ended {
    let mut clock = pin!(sleep_until(Instant::now() + line.shared.times.idle));
    loop {
        tokio::select! {
            message = stream.next() => {
                let bytes = match message {
                    None | Some(Ok(Message::Close(_)) | Err(Error::ConnectionClosed)) => return Ended::Peer,
                    Some(Err(Error::Capacity(_) | Error::Protocol(_) | Error::Utf8(_))) => return Ended::Framing,
                    Some(Err(_)) => return Ended::Broken,
                    Some(Ok(Message::Text(text))) => Bytes::from(text),
                    Some(Ok(Message::Binary(bytes))) => bytes,
                    Some(Ok(Message::Ping(_))) => {
                        line.speak();
                        continue;
                    }
                    Some(Ok(Message::Pong(_) | Message::Frame(_))) => continue,
                };
                if let Err(why) = take(&bytes, line).await {
                    return why;
                }
            }
            () = &mut clock => {
                let idle_at = line.idle_at();
                if idle_at.is_some_and(|at| at <= Instant::now()) {
                    return Ended::Idle;
                }
                clock.as_mut().reset(idle_at.unwrap_or_else(|| Instant::now() + line.shared.times.idle));
            }
        }
    }
}

/// Hands over a message, or answers a keep-alive that came as one.
async fn take(bytes: &[u8], line: &Line) -> Result<(), Ended> {
    if bytes == Framer::PING {
        line.speak();
        line.pong.notify_one();
    } else if !bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n')) {
        // A copy: a call keeps its message longer than a reader its buffer.
        line.deliver(Bytes::copy_from_slice(bytes)).await?;
    }
    Ok(())
}

async fn write(
    sink: &mut (impl Sink<Message, Error = Error> + Unpin),
    queue: &mut Queue,
    line: &Line,
) -> Ended {
    let times = line.shared.times;
    let mut ping = pin!(sleep_until(Instant::now() + times.ping));
    loop {
        let sent = tokio::select! {
            some = queue.take(WRITE_MESSAGES) => {
                if !some {
                    return Ended::Stopped;
                }
                line.speak();
                send_all(sink, queue, times.write).await
            }
            () = line.pong.notified() => send(sink, Message::Text(Utf8Bytes::from_static("\r\n")), times.write).await,
            // Proxies between a browser and us close what is silent for a minute.
            () = &mut ping => send(sink, Message::Ping(Bytes::new()), times.write).await,
        };
        if let Err(ended) = sent {
            return ended;
        }
        ping.as_mut().reset(Instant::now() + times.ping);
    }
}

async fn send_all(
    sink: &mut (impl Sink<Message, Error = Error> + Unpin),
    queue: &mut Queue,
    within: Duration,
) -> Result<(), Ended> {
    for bytes in queue.taken() {
        // RFC 7118 §5: what is no UTF-8 goes in a binary frame.
        let text = Utf8Bytes::try_from(bytes.clone());
        send(sink, text.map_or_else(|_| Message::Binary(bytes.clone()), Message::Text), within).await?;
    }
    queue.sent();
    Ok(())
}

async fn send(
    sink: &mut (impl Sink<Message, Error = Error> + Unpin),
    message: Message,
    within: Duration,
) -> Result<(), Ended> {
    match timeout(within, sink.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(Ended::Broken),
        Err(_) => Err(Ended::Unread),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(desk: &str, origins: &[&'static str]) -> bool {
        let mut headers = HeaderMap::new();
        for origin in origins {
            headers.append(header::ORIGIN, HeaderValue::from_static(origin));
        }
        Origins::new(vec!["https://crm.example".to_owned()], desk.parse().unwrap()).admit(&headers)
    }

    #[test]
    fn programs_listed_pages_and_the_desk_s_own_may_connect() {
        const DESK: &str = "127.0.0.1:8080";
        assert!(admitted(DESK, &[]));
        assert!(admitted(DESK, &["https://CRM.example"]));
        assert!(admitted(DESK, &["http://127.0.0.1:8080"]));
        assert!(admitted(DESK, &["https://localhost:8080"]));
        assert!(admitted("0.0.0.0:443", &["https://192.0.2.1"]));
        assert!(admitted("[::]:8080", &["http://[2001:db8::1]:8080"]));
        assert!(admitted("[2001:db8::1]:80", &["http://[2001:db8::1]"]));
    }

    #[test]
    fn all_other_pages_may_not() {
        const DESK: &str = "127.0.0.1:8080";
        for origin in [
            "http://crm.example",
            "https://crm.example.evil.example",
            "http://evil.example:8080",
            "http://127.0.0.1",
            "http://127.0.0.1:8081",
            "http://192.0.2.1:8080",
            "ftp://127.0.0.1:8080",
            "null",
            "",
        ] {
            assert!(!admitted(DESK, &[origin]), "{origin}");
        }
        assert!(!admitted(DESK, &["https://crm.example", "https://crm.example"]), "two origins are a trick");
        assert!(!admitted("192.0.2.1:8080", &["http://localhost:8080"]));
    }
}
