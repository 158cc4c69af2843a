//! The HTTP twin, for programs without WebSockets.

use crate::house::{ANN, House, PATIENCE};
use acd::{Event, Taken, Wish};
use serde_json::Value;
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// Status, head and body of a response.
pub struct Response {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// One request on a connection of its own.
pub async fn request(to: SocketAddr, line: &str, headers: &[(&str, &str)], body: &str) -> Response {
    let headers = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect::<String>();
    let length = body.len();
    let text = format!(
        "{line} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    );
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Response { status, head: head.to_owned(), body: body.to_owned() }
}

const ANNS: (&str, &str) = ("Authorization", "Bearer ann-token");

#[tokio::test]
async fn a_snapshot_is_for_whoever_has_the_token() {
    let house = House::open();
    let address = house.gateway.address();
    let line = "GET /v1/desk/snapshot";
    for headers in [&[][..], &[("Authorization", "Bearer wrong")], &[("Authorization", "Basic ann-token")]] {
        let refused = request(address, line, headers, "").await;
        assert_eq!(refused.status, 401);
        assert_eq!(refused.header("WWW-Authenticate"), Some("Bearer"));
    }
    let snapshot = request(address, line, &[ANNS], "").await;
    assert_eq!((snapshot.status, snapshot.header("Cache-Control")), (200, Some("no-store")));
    let body: Value = serde_json::from_str(&snapshot.body).unwrap();
    assert_eq!(body["agent"]["id"], "ann");
    assert_eq!(body["snapshot"]["agent_state"]["state"], "logged_out");
}

#[tokio::test]
async fn a_command_is_answered_with_the_brains_verdict() {
    let mut house = House::open();
    let address = house.gateway.address();
    let body = r#"{"type":"agent.set_state","id":"1","data":{"state":"ready"}}"#;
    let asked = tokio::spawn(async move { request(address, "POST /v1/desk/commands", &[ANNS], body).await });
    let (event, to) = house.command().await;
    assert_eq!(event, Event::StateAsked { agent: ANN, wish: Wish::Ready });
    house.reply(to, Ok(Taken::Now));
    let answer = asked.await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    let again = request(address, "POST /v1/desk/commands", &[ANNS], body).await;
    assert_eq!((again.status, again.body), (200, answer.body), "the same id, the same answer");
}

#[tokio::test]
async fn commands_that_cannot_be_are_refused() {
    let house = House::open();
    let address = house.gateway.address();
    let post = async |body: &str| request(address, "POST /v1/desk/commands", &[ANNS], body).await;
    assert_eq!(post("nonsense").await.status, 400);
    assert_eq!(post(r#"{"type":"agent.set_state","data":{"state":"ready"}}"#).await.status, 400);
    assert_eq!(post(r#"{"type":"contact.sing","id":"1"}"#).await.status, 409);
    assert_eq!(post(&"x".repeat(70_000)).await.status, 413);
    assert_eq!(request(address, "POST /v1/desk/commands", &[], "{}").await.status, 401);
    assert_eq!(request(address, "GET /v1/desk/commands", &[], "").await.status, 405);
    assert_eq!(request(address, "GET /v1/agentdesk", &[], "").await.status, 426);
}
