//! OPTIONS to many at once, and who has answered what.

use super::no_answer;
use crate::streams::{StreamNews, Streams};
use bytes::Bytes;
use sip::{Flow, Transport, wire::Message};
use std::{
    io,
    net::SocketAddr,
    time::{Duration, SystemTime},
};
use tokio::{
    net::UdpSocket,
    sync::mpsc,
    time::{Instant, sleep_until},
};

/// A datagram is sent again after so long, and after the double of it.
const AGAIN: Duration = Duration::from_millis(500);
/// Largest datagram that is read.
const LARGEST: usize = 65_535;

/// Somebody to be asked.
pub(super) struct Asked {
    /// By this URI.
    pub(super) uri: String,
    /// At these addresses, all at once; none: nobody knows where that is.
    pub(super) flows: Vec<Flow>,
}

/// What came of it so far.
struct State {
    asked: Asked,
    /// Addresses at which there was no connection to be had.
    failed: usize,
    answer: Option<Result<String, String>>,
}

/// Asks everybody and waits for answers, not longer than that.
///
/// # Errors
/// When the socket cannot be read.
pub(super) async fn ask(
    asked: Vec<Asked>,
    socket: &UdpSocket,
    streams: &Streams,
    mut news: mpsc::Receiver<StreamNews>,
    within: Duration,
) -> io::Result<Vec<Result<String, String>>> {
    let round = Round { local: socket.local_addr()?, key: key() };
    let mut states: Vec<State> = asked.into_iter().map(State::new).collect();
    let started = Instant::now();
    let mut sends = [Duration::ZERO, AGAIN, AGAIN * 3].into_iter().map(|after| started + after).peekable();
    let mut buffer = vec![0; LARGEST];
    while states.iter().any(|state| state.answer.is_none()) {
        let next = sends.peek().copied().unwrap_or(started + within);
        tokio::select! {
            () = sleep_until(next) => {
                if sends.next().is_none() {
                    break;
                }
                round.send(&states, next == started, socket, streams).await;
            }
            heard = socket.recv_from(&mut buffer) => {
                // ICMP's word about another datagram is none about the rest.
                if let Ok((length, _)) = heard {
                    round.hear(Bytes::copy_from_slice(&buffer[..length]), &mut states);
                }
            }
            Some(heard) = news.recv() => match heard {
                StreamNews::Message { bytes, .. } => round.hear(bytes, &mut states),
                StreamNews::Unreachable { flow } => states.iter_mut().for_each(|state| state.fails(flow)),
                StreamNews::Closed { .. } => {}
            },
        }
    }
    Ok(states.into_iter().map(|state| state.answer.unwrap_or_else(|| Err(no_answer()))).collect())
}

impl State {
    fn new(asked: Asked) -> Self {
        let nowhere = || Err("its name leads nowhere".to_owned());
        Self { answer: asked.flows.is_empty().then(nowhere), asked, failed: 0 }
    }
    fn fails(&mut self, flow: Flow) {
        self.failed += usize::from(self.asked.flows.contains(&flow));
        if self.failed > 0 && self.failed >= self.asked.flows.len() && self.answer.is_none() {
            self.answer = Some(Err("no connection".to_owned()));
        }
    }
}

/// What the requests of this process have in common.
struct Round {
    local: SocketAddr,
    key: u128,
}

impl Round {
    async fn send(&self, states: &[State], first: bool, socket: &UdpSocket, streams: &Streams) {
        for (number, state) in states.iter().enumerate().filter(|(_, state)| state.answer.is_none()) {
            for flow in &state.asked.flows {
                let text = self.request(number, &state.asked.uri, *flow);
                match flow.transport {
                    // What cannot be sent gets no answer.
                    Transport::Udp => _ = socket.send_to(text.as_bytes(), flow.peer).await,
                    Transport::Tcp | Transport::Tls | Transport::Ws | Transport::Wss if first => {
                        streams.send(*flow, Bytes::from(text));
                    }
                    Transport::Tcp | Transport::Tls | Transport::Ws | Transport::Wss => {}
                }
            }
        }
    }
    fn request(&self, number: usize, uri: &str, flow: Flow) -> String {
        let Self { local, key } = self;
        let over = flow.transport.as_str().to_uppercase();
        format!(
            "OPTIONS {uri} SIP/2.0\r\nVia: SIP/2.0/{over} {local};rport;branch=z9hG4bK{key:032x}{number}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:check@{local}>;tag={key:x}\r\nTo: <{uri}>\r\nCall-ID: {number}.{key:032x}\r\n\
             CSeq: 1 OPTIONS\r\nContact: <sip:check@{local}>\r\nAccept: application/sdp\r\nUser-Agent: {}\r\n\
             Content-Length: 0\r\n\r\n",
            crate::roles::PRODUCT,
        )
    }
    fn hear(&self, bytes: Bytes, states: &mut [State]) {
        let Ok(message) = Message::parse(bytes) else { return };
        let whose = std::str::from_utf8(message.call_id()).ok().and_then(|id| id.split_once('.'));
        let number = whose.filter(|(_, key)| *key == format!("{:032x}", self.key));
        let number = number.and_then(|(number, _)| number.parse::<usize>().ok());
        if let (Some(status @ 200..), Some(state)) =
            (message.status(), number.and_then(|number| states.get_mut(number)))
        {
            state.answer = Some(verdict(status));
        }
    }
}

/// Any answer shows that somebody is there, but those that a proxy gives for want of one.
fn verdict(status: u16) -> Result<String, String> {
    match status {
        408 | 503 => Err(format!("refused: {status}")),
        200..=299 => Ok("ok".to_owned()),
        _ => Ok(format!("ok (answers {status})")),
    }
}

/// Differs from that of another run, whose late answers are none of ours.
fn key() -> u128 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    since.as_nanos() ^ u128::from(std::process::id()) << 96
}
