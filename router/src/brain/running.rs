//! The loop on a machine: waits for sockets, other threads and deadlines, turns, and takes leave in the end.

use super::{Brain, BrainError, round_up};
use config::Waiting;
use mio::{Events, Interest, Poll, Token};
use std::{io, time::Duration};

/// The SIP socket in the poll.
const SIP: Token = Token(0);
/// The socket of whoever relays media in the poll.
const RELAY: Token = Token(2);
/// How long trunks may take to hear that we go, and callers who are sent away that they are.
const FAREWELL: Duration = Duration::from_secs(2);

impl Brain {
    /// Lets the poll look after the sockets. The door's waker stands in it as [`super::DOOR`].
    ///
    /// # Errors
    /// When it cannot.
    pub fn register(&mut self, poll: &Poll) -> Result<(), BrainError> {
        poll.registry().register(self.socket.source(), SIP, Interest::READABLE)?;
        Ok(self.sip.register(poll.registry(), RELAY)?)
    }

    /// Runs until told to stop.
    ///
    /// # Errors
    /// Only for what no call can be routed without.
    pub fn run(mut self, mut poll: Poll) -> Result<(), BrainError> {
        let mut events = Events::with_capacity(16);
        let mut more = false;
        while !self.stop {
            let wait = if more { Duration::ZERO } else { self.wait() };
            if let Err(error) = poll.poll(&mut events, Some(wait))
                && error.kind() != io::ErrorKind::Interrupted
            {
                return Err(error.into());
            }
            more = self.turn()?;
        }
        self.take_leave(&mut poll)
    }

    /// Takes our registrations at trunks back, and waits for their answers, but not for long. Calls that come meanwhile
    /// are refused, so that they go elsewhere. Who is sent away shall have heard it: nobody would say it again.
    fn take_leave(&mut self, poll: &mut Poll) -> Result<(), BrainError> {
        let until = self.clock.now() + FAREWELL;
        self.sip.set_draining(true);
        self.sip.begin(self.acd.entries() + 1);
        self.sip.leave(self.clock.now());
        let mut events = Events::with_capacity(16);
        loop {
            let more = self.turn()?;
            let now = self.clock.now();
            let sends_away = self.drain.waiting() == Some(Waiting::End);
            let all_heard = !sends_away || (self.sip.has_bidden_farewell() && !more);
            if (self.sip.has_left() && all_heard) || now >= until {
                if !self.log.insist() {
                    tracing::error!("the disk refuses the log to the end; what waited in memory is lost");
                }
                return Ok(());
            }
            let wait = if more { Duration::ZERO } else { self.wait().min(until.since(now)) };
            if let Err(error) = poll.poll(&mut events, Some(round_up(wait)))
                && error.kind() != io::ErrorKind::Interrupted
            {
                return Err(error.into());
            }
        }
    }
}
