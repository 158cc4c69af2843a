//! The least of an HTTP client.

use crate::tools::need;
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::Command,
    time::Duration,
};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a server answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Status line and headers.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// When it is not.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.body))
    }
}

/// GETs a path.
///
/// # Panics
///
/// When the server does not answer.
#[must_use]
pub fn get(server: SocketAddr, path: &str) -> Answer {
    get_as(server, path, "*/*")
}

/// GETs a path as a media type.
///
/// # Panics
///
/// When the server does not answer.
#[must_use]
pub fn get_as(server: SocketAddr, path: &str, accept: &str) -> Answer {
    ask(server, "GET", path, accept)
}

/// Asks by another method, such as PUT.
///
/// # Panics
///
/// When the server does not answer.
#[must_use]
pub fn ask(server: SocketAddr, method: &str, path: &str, accept: &str) -> Answer {
    send(server, method, path, &[("Accept", accept)], "")
}

/// Sends something, with these headers.
///
/// # Panics
///
/// When the server does not answer.
#[must_use]
pub fn send(server: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    let mut stream = TcpStream::connect(server).expect("the server is there");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {server}\r\n{headers}{length}Connection: close\r\n\r\n{body}"
    )
    .unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("an answer within 10 s");
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").expect("an HTTP answer");
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    Answer { status, head: head.to_owned(), body: if chunked { joined(body) } else { body.to_owned() } }
}

fn joined(mut chunks: &str) -> String {
    let mut body = String::new();
    while let Some((size, rest)) = chunks.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).expect("a chunk's size");
        if size == 0 {
            break;
        }
        body.push_str(&rest[..size]);
        chunks = &rest[size + 2..];
    }
    body
}

/// Asks by curl, which believes this authority alone: the status (0 when there was no answer), headers and body, and what
/// curl says of it.
///
/// # Panics
///
/// When curl cannot be started.
#[must_use]
pub fn curl(authority: &Path, arguments: &[&str]) -> (Answer, String) {
    let output = Command::new(need("curl"))
        .args(["--silent", "--show-error", "--include", "--max-time", "10", "--cacert"])
        .arg(authority)
        .args(arguments)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    let answer = Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() };
    (answer, String::from_utf8_lossy(&output.stderr).into_owned())
}
