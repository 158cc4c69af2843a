//! SIP over WebSocket: who may connect, and one message a frame.

use crate::{
    support::{Client, Echo, Plan, any, request, soon},
    tls::Authority,
};
use futures_util::{SinkExt as _, StreamExt as _};
use router::streams::StreamNews;
use sip::{Transport, wire::Message as Sip};
use std::time::Duration;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{
        Error, Message,
        client::IntoClientRequest as _,
        http::{HeaderValue, StatusCode, header},
    },
};

/// How a browser, or somebody who is none, asks for a WebSocket.
struct Asks {
    subprotocol: Option<&'static str>,
    origin: Option<&'static str>,
}

const BROWSER: Asks = Asks { subprotocol: Some("sip"), origin: Some("https://crm.example") };

async fn upgrade<S: AsyncRead + AsyncWrite + Unpin>(
    io: S,
    asks: &Asks,
) -> Result<(WebSocketStream<S>, Option<HeaderValue>), Error> {
    let mut request = "ws://desk.example/".into_client_request().unwrap();
    let headers = request.headers_mut();
    if let Some(name) = asks.subprotocol {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(name));
    }
    if let Some(origin) = asks.origin {
        headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
    }
    let (socket, response) = soon(client_async(request, io)).await?;
    Ok((socket, response.headers().get(header::SEC_WEBSOCKET_PROTOCOL).cloned()))
}

fn house() -> Echo {
    let mut plan = Plan::new();
    plan.sip.ws = Some(any());
    plan.open().echo()
}

async fn browser(house: &Echo) -> WebSocketStream<TcpStream> {
    let io = soon(TcpStream::connect(house.at(Transport::Ws))).await.unwrap();
    upgrade(io, &BROWSER).await.unwrap().0
}

fn text(bytes: &[u8]) -> Message {
    Message::text(String::from_utf8(bytes.to_vec()).unwrap())
}

async fn next<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut WebSocketStream<S>) -> Option<Message> {
    match soon(socket.next()).await {
        Some(Ok(message)) if !message.is_close() => Some(message),
        Some(_) | None => None,
    }
}

async fn expect_answer<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut WebSocketStream<S>, number: u32) {
    let answer = Sip::parse(next(socket).await.unwrap().into_data()).unwrap();
    assert_eq!((answer.status(), answer.cseq().0), (Some(200), number));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_in_a_frame_is_answered_in_a_frame() {
    let mut house = house();
    let io = soon(TcpStream::connect(house.at(Transport::Ws))).await.unwrap();
    let (mut socket, subprotocol) = upgrade(io, &BROWSER).await.unwrap();
    assert_eq!(subprotocol.unwrap(), "sip");
    // As text and as octets, with and without Content-Length.
    soon(socket.send(text(&request(1, 30_000)))).await.unwrap();
    expect_answer(&mut socket, 1).await;
    let plain = String::from_utf8(request(2, 0).to_vec()).unwrap().replace("Content-Length: 0\r\n", "");
    soon(socket.send(Message::binary(plain.into_bytes()))).await.unwrap();
    expect_answer(&mut socket, 2).await;
    house.expect_count("sip_connections", "ws", 1).await;
    soon(socket.close(None)).await.unwrap();
    assert!(matches!(house.other().await, StreamNews::Closed { .. }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_utf_8_goes_as_octets() {
    let house = house();
    let mut socket = browser(&house).await;
    let odd = request(1, 0).to_vec();
    let at = odd.windows(4).position(|part| part == b";tag").unwrap();
    // The tag comes back in the answer.
    let odd = [&odd[..at + 5], b"\xff", &odd[at + 5..]].concat();
    soon(socket.send(Message::binary(odd))).await.unwrap();
    let answer = next(&mut socket).await.unwrap();
    assert!(answer.is_binary());
    soon(socket.send(text(&request(2, 0)))).await.unwrap();
    assert!(next(&mut socket).await.unwrap().is_text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keep_alives_are_answered_in_either_way() {
    let house = house();
    let mut socket = browser(&house).await;
    soon(socket.send(Message::text("\r\n\r\n"))).await.unwrap();
    assert_eq!(next(&mut socket).await.unwrap(), Message::text("\r\n"));
    soon(socket.send(Message::Ping("are you there".into()))).await.unwrap();
    assert_eq!(next(&mut socket).await.unwrap(), Message::Pong("are you there".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_who_speaks_sip_and_comes_from_a_page_of_ours_is_let_in() {
    let house = house();
    let asked = async |subprotocol, origin| {
        let io = soon(TcpStream::connect(house.at(Transport::Ws))).await.unwrap();
        match upgrade(io, &Asks { subprotocol, origin }).await {
            Ok(_) => StatusCode::SWITCHING_PROTOCOLS,
            Err(Error::Http(response)) => response.status(),
            Err(error) => panic!("{error}"),
        }
    };
    let (welcome, no) = (StatusCode::SWITCHING_PROTOCOLS, StatusCode::FORBIDDEN);
    assert_eq!(asked(Some("sip"), None).await, welcome);
    assert_eq!(asked(Some("outbound, sip"), Some("http://127.0.0.1:8080")).await, welcome);
    assert_eq!(asked(Some("sip"), Some("https://evil.example")).await, no);
    assert_eq!(asked(Some("sip"), Some("http://desk.example:8080")).await, no);
    assert_eq!(asked(None, None).await, StatusCode::BAD_REQUEST);
    assert_eq!(asked(Some("agentdesk.v1.json"), None).await, StatusCode::BAD_REQUEST);
    house.expect_count("sip_connections_refused_total", "origin", 2).await;
    house.expect_count("sip_connections_refused_total", "subprotocol", 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_slow_to_ask_is_closed_and_who_asks_nonsense_is_too() {
    let mut plan = Plan::new().times(|times| times.handshake = Duration::from_millis(300));
    plan.sip.ws = Some(any());
    let house = plan.open().echo();
    let mut slow = Client::tcp(house.at(Transport::Ws)).await;
    slow.send(b"GET / HTTP/1.1\r\nHost: h\r\n").await;
    slow.expect_end().await;
    house.expect_count("sip_connections_refused_total", "handshake_time", 1).await;
    let mut other = Client::tcp(house.at(Transport::Ws)).await;
    other.send(&request(1, 0)).await;
    other.expect_end().await;
    house.expect_count("sip_connections_refused_total", "handshake", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_that_is_too_large_ends_the_connection() {
    let house = house();
    let mut socket = browser(&house).await;
    soon(socket.send(Message::binary(vec![b'x'; 200_000]))).await.unwrap();
    while next(&mut socket).await.is_some() {}
    house.expect_count("sip_connections_closed_total", "framing", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_that_never_ends_is_closed_by_time() {
    let mut plan = Plan::new().times(|times| times.message = Duration::from_millis(300));
    plan.sip.ws = Some(any());
    let house = plan.open().echo();
    let mut socket = browser(&house).await;
    soon(socket.send(text(&request(1, 0)))).await.unwrap();
    expect_answer(&mut socket, 1).await;
    // The head of a text of 100 octets, its mask, and the first of them.
    soon(socket.get_mut().write_all(b"\x81\xe4\0\0\0\0MESSAGE")).await.unwrap();
    while next(&mut socket).await.is_some() {}
    house.expect_count("sip_connections_closed_total", "slow_message", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_is_pinged_until_it_is_idle() {
    let mut plan = Plan::new().times(|times| {
        times.ping = Duration::from_millis(100);
        times.idle = Duration::from_millis(1_000);
    });
    plan.sip.ws = Some(any());
    let house = plan.open().echo();
    let mut socket = browser(&house).await;
    assert!(next(&mut socket).await.unwrap().is_ping());
    while next(&mut socket).await.is_some() {}
    house.expect_count("sip_connections_closed_total", "idle", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn browsers_connect_over_tls_too_and_are_asked_for_no_certificate() {
    let authority = Authority::new();
    let mut plan = authority.plan(&["sip.example"]);
    plan.sip.wss = Some(any());
    plan.config.tls.client_ca = plan.config.tls.ca.clone();
    let house = plan.open().echo();
    let io = soon(TcpStream::connect(house.at(Transport::Wss))).await.unwrap();
    let name = ServerName::try_from("sip.example").unwrap();
    let io = soon(authority.connector(None).connect(name, io)).await.unwrap();
    let (mut socket, _) = Box::pin(upgrade(io, &BROWSER)).await.unwrap();
    soon(socket.send(text(&request(1, 100)))).await.unwrap();
    expect_answer(&mut socket, 1).await;
    house.expect_count("sip_connections", "wss", 1).await;
}
