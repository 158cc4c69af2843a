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
    /// At these addresses, all at once; none: DNS has not said where that is.
    pub(super) flows: Option<Vec<Flow>>,
}

/// What came of it so far.
struct State {
    uri: String,
    flows: Vec<Flow>,
    /// Why each of the addresses is of no use, as far as that is known. One that answers is enough.
    failed: Vec<Option<String>>,
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
                StreamNews::Unreachable { flow } => states.iter_mut().for_each(|state| state.unreachable(flow)),
                StreamNews::Closed { .. } => {}
            },
        }
    }
    Ok(states.into_iter().map(State::told).collect())
}

impl State {
    fn new(asked: Asked) -> Self {
        let Asked { uri, flows } = asked;
        let unknown = match &flows {
            None => Some("DNS does not answer for its name"),
            Some(flows) if flows.is_empty() => Some("its name leads nowhere"),
            Some(_) => None,
        };
        let flows = flows.unwrap_or_default();
        let answer = unknown.map(|why| Err(why.to_owned()));
        Self { uri, failed: vec![None; flows.len()], flows, answer }
    }
    /// There was no connection to be had.
    fn unreachable(&mut self, flow: Flow) {
        if let Some(place) = self.flows.iter().position(|known| *known == flow) {
            self.hears(place, Err("no connection".to_owned()));
        }
    }
    /// What was heard from one of its addresses: that somebody is there is enough.
    fn hears(&mut self, place: usize, what: Result<String, String>) {
        let Some(failed) = self.failed.get_mut(place) else { return };
        match what {
            Ok(answer) => self.answer = Some(Ok(answer)),
            Err(why) => *failed = Some(why),
        }
        if self.answer.is_none() && self.failed.iter().all(Option::is_some) {
            self.answer = self.failed.first().cloned().flatten().map(Err);
        }
    }
    fn told(self) -> Result<String, String> {
        self.answer.unwrap_or_else(|| Err(no_answer()))
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
            for (place, flow) in state.flows.iter().enumerate() {
                let text = self.request((number, place), &state.uri, *flow);
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
    fn request(&self, (number, place): (usize, usize), uri: &str, flow: Flow) -> String {
        let Self { local, key } = self;
        let over = flow.transport.as_str().to_uppercase();
        format!(
            "OPTIONS {uri} SIP/2.0\r\nVia: SIP/2.0/{over} {local};rport;branch=z9hG4bK{key:032x}{number}.{place}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:check@{local}>;tag={key:x}\r\nTo: <{uri}>\r\nCall-ID: {number}.{place}.{key:032x}\r\n\
             CSeq: 1 OPTIONS\r\nContact: <sip:check@{local}>\r\nAccept: application/sdp\r\nUser-Agent: {}\r\n\
             Content-Length: 0\r\n\r\n",
            crate::roles::PRODUCT,
        )
    }
    fn hear(&self, bytes: Bytes, states: &mut [State]) {
        let Ok(message) = Message::parse(bytes) else { return };
        let Some((number, place)) = self.whose(&message) else { return };
        if let (Some(status @ 200..), Some(state)) = (message.status(), states.get_mut(number)) {
            state.hears(place, verdict(status));
        }
    }
    /// Who answers, and from which of its addresses; none when it is no answer to us.
    fn whose(&self, message: &Message) -> Option<(usize, usize)> {
        let mut parts = std::str::from_utf8(message.call_id()).ok()?.splitn(3, '.');
        let (number, place) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        (parts.next()? == format!("{:032x}", self.key)).then_some((number, place))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ports: &[u16]) -> State {
        let flow = |port: &u16| Flow::udp(([192, 0, 2, 1], *port).into());
        State::new(Asked { uri: "sip:pbx".to_owned(), flows: Some(ports.iter().map(flow).collect()) })
    }

    #[test]
    fn one_address_that_answers_is_enough_and_all_have_to_fail() {
        let mut state = at(&[1, 2]);
        state.hears(0, verdict(503));
        assert_eq!(state.answer, None, "the other one may answer");
        state.hears(0, verdict(503));
        assert_eq!(state.answer, None, "one address does not fail for two");
        state.hears(1, verdict(405));
        state.unreachable(Flow::udp(([192, 0, 2, 1], 2).into()));
        assert_eq!(state.told(), Ok("ok (answers 405)".to_owned()));
        let mut state = at(&[1, 2]);
        state.hears(1, verdict(503));
        state.unreachable(Flow::udp(([192, 0, 2, 1], 1).into()));
        state.hears(9, verdict(200));
        assert_eq!(state.told(), Err("no connection".to_owned()));
    }

    #[test]
    fn a_name_that_leads_nowhere_is_told_from_a_dns_that_is_silent() {
        let told = |flows| State::new(Asked { uri: String::new(), flows }).told();
        assert_eq!(told(Some(Vec::new())), Err("its name leads nowhere".to_owned()));
        assert_eq!(told(None), Err("DNS does not answer for its name".to_owned()));
    }
}
