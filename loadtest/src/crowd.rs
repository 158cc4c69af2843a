//! A crowd of callers from one socket, rendered beforehand: so many calls a second that callers with a state machine
//! each would starve the router they are to try.
//!
//! The INVITE is one text in which eight digits are put in place; answers are looked at, not parsed. A caller
//! acknowledges what it gets, agrees to what it is asked, and either waits for the agent to hang up or does so itself.
//! Nothing is sent twice: what the router loses is lost to it.

mod figures;
mod script;

pub use figures::{CrowdFigures, StageFigures};

use crate::loopback::{NotLoopback, loopback};
use bytes::Bytes;
use script::Script;
use sip::wire::{Message, Method};
use std::{
    collections::VecDeque,
    io,
    net::{SocketAddr, UdpSocket},
    time::{Duration, Instant},
};

/// How long an answer is awaited before what is due is sent.
const TICK: Duration = Duration::from_millis(1);
/// So many messages are taken between two looks at whether all calls have ended.
const LOOK: usize = 100;
/// Calls of a whole run: what eight digits can name.
const MAX_CALLS: u64 = 100_000_000;
/// What the kernel may hold for us.
const KERNEL_BUFFER: usize = 8 * 1024 * 1024;

/// What a crowd does.
#[derive(Clone, Debug)]
pub struct CrowdPlan {
    /// The router.
    pub target: SocketAddr,
    /// The address calls come from; its port may be 0.
    pub from: SocketAddr,
    /// The number dialled.
    pub dial: String,
    /// Calls a second and for how long, one stage after the other.
    pub stages: Vec<Stage>,
    /// Every second caller hangs up after this time; the others wait until the agent does.
    pub talk: Duration,
    /// How long the last calls may take to end.
    pub grace: Duration,
}

/// A time of one rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stage {
    /// Calls a second.
    pub rate: f64,
    /// How long.
    pub during: Duration,
}

/// Why a crowd cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum CrowdError {
    /// Only this machine is called.
    #[error(transparent)]
    Foreign(#[from] NotLoopback),
    /// Too many calls.
    #[error("{calls} calls are more than a crowd can tell apart ({MAX_CALLS}): shorten the stages")]
    TooMany {
        /// How many it would be.
        calls: u64,
    },
    /// The socket.
    #[error("callers' socket {address}: {error}")]
    Socket {
        /// Where.
        address: SocketAddr,
        /// Why.
        error: io::Error,
    },
}

/// Plays it to its end on this thread.
///
/// # Errors
///
/// [`CrowdError`] when it cannot begin, or when the socket breaks.
pub fn play_crowd(plan: &CrowdPlan) -> Result<CrowdFigures, CrowdError> {
    loopback("target", plan.target)?;
    loopback("from", plan.from)?;
    let calls = plan.stages.iter().map(|stage| stage.calls()).sum();
    if calls >= MAX_CALLS {
        return Err(CrowdError::TooMany { calls });
    }
    let failed = |error| CrowdError::Socket { address: plan.from, error };
    let socket = open(plan.from).map_err(failed)?;
    let local = socket.local_addr().map_err(failed)?;
    let mut crowd = Crowd {
        script: Script::new(plan, local),
        socket,
        plan,
        calls: vec![Call::default(); usize::try_from(calls).unwrap_or(0)],
        figures: CrowdFigures::new(plan),
        hang_ups: VecDeque::new(),
        buffer: vec![0; 65_536],
    };
    crowd.play().map_err(failed)?;
    Ok(crowd.figures.finish(&crowd.calls))
}

fn open(address: SocketAddr) -> io::Result<UdpSocket> {
    use socket2::{Domain, Protocol, Socket, Type};
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_recv_buffer_size(KERNEL_BUFFER)?;
    socket.set_send_buffer_size(KERNEL_BUFFER)?;
    socket.bind(&address.into())?;
    let socket: UdpSocket = socket.into();
    socket.set_read_timeout(Some(TICK))?;
    Ok(socket)
}

impl Stage {
    fn calls(self) -> u64 {
        (self.rate * self.during.as_secs_f64()) as u64
    }
}

/// What became of a call so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Fate {
    /// Nothing final.
    #[default]
    Open,
    /// A 2xx.
    Answered,
    /// It ended in the ordinary way.
    Ended,
    /// Refused with this status.
    Refused(u16),
}

/// One call: where it is, and when what happened, in milliseconds from the start.
#[derive(Clone, Copy, Debug, Default)]
struct Call {
    fate: Fate,
    placed_ms: u32,
    decided_ms: u32,
}

impl Call {
    fn lives(&self) -> bool {
        matches!(self.fate, Fate::Open | Fate::Answered)
    }
}

struct Crowd<'a> {
    plan: &'a CrowdPlan,
    script: Script,
    socket: UdpSocket,
    calls: Vec<Call>,
    figures: CrowdFigures,
    /// Callers who hang up, by when, with the BYE they will say.
    hang_ups: VecDeque<(Instant, Vec<u8>)>,
    buffer: Vec<u8>,
}

impl Crowd<'_> {
    fn play(&mut self) -> io::Result<()> {
        let start = Instant::now();
        let (mut placed, mut stage_start) = (0, start);
        for stage in &self.plan.stages {
            let first = placed;
            let end = stage_start + stage.during;
            while Instant::now() < end {
                let due = stage_start.elapsed().as_secs_f64() * stage.rate;
                let due = (first + due as u64).min(first + stage.calls());
                self.place(&mut placed, due, start)?;
                self.listen(start)?;
            }
            self.place(&mut placed, first + stage.calls(), start)?;
            stage_start = end;
        }
        let end = stage_start + self.plan.grace;
        while Instant::now() < end && self.calls.iter().any(Call::lives) {
            for _ in 0..LOOK {
                self.listen(start)?;
            }
        }
        Ok(())
    }
    fn place(&mut self, placed: &mut u64, due: u64, start: Instant) -> io::Result<()> {
        while *placed < due {
            self.calls[*placed as usize].placed_ms = since(start);
            let invite = self.script.invite(*placed);
            self.socket.send_to(invite, self.plan.target)?;
            *placed += 1;
        }
        Ok(())
    }
    /// Takes everything that has come, or waits a tick; then hangs up where it is time.
    fn listen(&mut self, start: Instant) -> io::Result<()> {
        match self.socket.recv(&mut self.buffer) {
            Ok(length) => self.take(length, start)?,
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
            // An ICMP message: nobody listens there, which the figures will tell.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
            Err(error) => return Err(error),
        }
        while self.hang_ups.front().is_some_and(|(at, _)| *at <= Instant::now()) {
            if let Some((_, bye)) = self.hang_ups.pop_front() {
                self.send(&bye)?;
            }
        }
        Ok(())
    }
    fn take(&mut self, length: usize, start: Instant) -> io::Result<()> {
        let message = Message::parse(Bytes::copy_from_slice(&self.buffer[..length])).ok();
        let number = message.as_ref().and_then(script::number_of);
        let number = number.filter(|number| *number < self.calls.len() as u64);
        match (message, number) {
            (Some(message), Some(number)) if message.status().is_some() => {
                self.answered(number, &message, start)
            }
            (Some(message), Some(number)) => self.asked(number, &message),
            (None, _) | (_, None) => {
                self.figures.odd += 1;
                Ok(())
            }
        }
    }
    /// Takes a response.
    fn answered(&mut self, number: u64, response: &Message, start: Instant) -> io::Result<()> {
        let call = &mut self.calls[number as usize];
        let status = response.status().unwrap_or_default();
        let first = call.fate == Fate::Open;
        match (response.cseq().1, status) {
            (Method::Invite, ..200) => Ok(()),
            (Method::Invite, 200..300) => {
                if first {
                    (call.fate, call.decided_ms) = (Fate::Answered, since(start));
                }
                if first && number % 2 == 1 {
                    let bye = self.script.in_dialog("BYE", number, 2, response);
                    self.hang_ups.push_back((Instant::now() + self.plan.talk, bye));
                }
                self.send(&self.script.in_dialog("ACK", number, 1, response))
            }
            (Method::Invite, _) => {
                if first {
                    (call.fate, call.decided_ms) = (Fate::Refused(status), since(start));
                }
                self.send(&self.script.ack_refusal(number, response))
            }
            _ => {
                // The agent may have hung up in the same moment: 481 is an end as well.
                call.fate = Fate::Ended;
                self.figures.bye_errors += u64::from(status >= 300 && status != 481);
                Ok(())
            }
        }
    }
    /// Takes a request of the router's.
    fn asked(&mut self, number: u64, request: &Message) -> io::Result<()> {
        if request.method() == Method::Ack {
            return Ok(());
        }
        if request.method() == Method::Bye {
            self.calls[number as usize].fate = Fate::Ended;
        }
        self.send(&self.script.agree(request, request.method() == Method::Invite))
    }
    fn send(&self, bytes: &[u8]) -> io::Result<()> {
        self.socket.send_to(bytes, self.plan.target).map(|_| ())
    }
}

fn since(start: Instant) -> u32 {
    u32::try_from(start.elapsed().as_millis()).unwrap_or(u32::MAX)
}
