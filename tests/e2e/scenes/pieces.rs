//! What a stream may do to messages: cut them, and glue them together.

use super::stage::Corner;
use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

const GLUED: u32 = 10;

fn probe(protocol: &str, from: SocketAddr, number: u32) -> String {
    format!(
        "OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/{protocol} {from};branch=z9hG4bK{number}\r\nFrom: <sip:pbx@{from}>;tag=1\r\n\
         To: <sip:127.0.0.1>\r\nCall-ID: {number}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
}

/// Whole answers, and line ends between them. Pongs do not wait for the answers before them.
fn answers_and_pongs(said: &str) -> (usize, usize) {
    let (mut rest, mut answers, mut pongs) = (said, 0, 0);
    loop {
        if let Some(behind) = rest.strip_prefix("\r\n") {
            (rest, pongs) = (behind, pongs + 1);
        } else if let Some((_answer, behind)) = rest.split_once("\r\n\r\n") {
            (rest, answers) = (behind, answers + 1);
        } else {
            return (answers, pongs);
        }
    }
}

pub(super) fn messages_in_pieces(corner: &Corner<'_>) {
    let mut stream = TcpStream::connect(corner.way()).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let (protocol, from) = (corner.protocol(), stream.local_addr().unwrap());
    for octet in probe(protocol, from, 0).as_bytes() {
        stream.write_all(&[*octet]).unwrap();
    }
    let glued: String =
        (1..=GLUED).map(|number| format!("\r\n\r\n{}", probe(protocol, from, number))).collect();
    stream.write_all(glued.as_bytes()).unwrap();
    let (mut said, mut chunk) = (String::new(), [0; 4_096]);
    // Keep-alives that come faster than they are answered share an answer.
    while !matches!(answers_and_pongs(&said), (answers, 1..) if answers == 1 + GLUED as usize) {
        let length = stream.read(&mut chunk).unwrap_or_else(|error| panic!("{error} after:\n{said}"));
        assert!(length > 0, "the router has closed the connection after:\n{said}");
        said.push_str(&String::from_utf8_lossy(&chunk[..length]));
    }
    let ids: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("Call-ID: ")).collect();
    assert_eq!(ids, (0..=GLUED).map(|number| number.to_string()).collect::<Vec<_>>(), "in their order");
}
