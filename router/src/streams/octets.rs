//! Carries messages over a stream of octets: TCP, or TLS in it.

use super::{
    bounds::{KEPT_OCTETS, LEFTOVER, READ_OCTETS, WRITE_MESSAGES},
    line::{Line, Opener, Queue},
    reasons::Ended,
};
use bytes::{Bytes, BytesMut};
use sip::wire::{Frame, Framer};
use std::{pin::pin, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, split},
    time::{Instant, sleep_until, timeout},
};

/// Carries a connection until it ends. Reading waits for the brain, writing for the peer, neither for the other.
pub(super) async fn carry<S: AsyncRead + AsyncWrite + Unpin>(io: S, mut line: Line, queue: Queue) {
    line.opened();
    let (reader, writer) = split(io);
    let mut reader = Reader { io: reader, framer: Framer::new(), input: BytesMut::new(), begun: None };
    let mut writer = Writer { io: writer, queue, out: BytesMut::new() };
    let End { why, answer } = tokio::select! {
        end = reader.run(&line) => end,
        why = writer.run(&line) => why.into(),
        why = line.cut() => why.into(),
    };
    if !matches!(why, Ended::Unread | Ended::Broken) {
        let leave = async {
            writer.finish(answer, line.shared.times.linger).await;
            if why == Ended::Framing {
                reader.throw_away().await;
            }
        };
        // Whether the peer waits for it is its own affair.
        let _in_time = timeout(line.shared.times.linger, leave).await;
    }
    line.end(writer.queue, why).await;
}

/// How it ended, and what is to be said to the peer about it.
struct End {
    why: Ended,
    answer: Option<Bytes>,
}

impl From<Ended> for End {
    fn from(why: Ended) -> Self {
        Self { why, answer: None }
    }
}

struct Reader<R> {
    io: R,
    framer: Framer,
    input: BytesMut,
    /// Since when a message is not whole.
    begun: Option<Instant>,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    async fn run(&mut self, line: &Line) -> End {
        let mut clock = pin!(sleep_until(Instant::now() + line.shared.times.idle));
        loop {
            self.input.reserve(READ_OCTETS);
            tokio::select! {
                read = self.io.read_buf(&mut self.input) => match read {
                    Ok(0) => return Ended::Peer.into(),
                    Err(_) => return Ended::Broken.into(),
                    Ok(_) => {
                        if let Err(end) = self.frame(line).await {
                            return end;
                        }
                        // The clock is set for silence, which comes later than the end of a message is due.
                        if let Some(due) = self.due(line).filter(|&due| due < clock.deadline()) {
                            clock.as_mut().reset(due);
                        }
                    }
                },
                () = &mut clock => {
                    let now = Instant::now();
                    if self.due(line).is_some_and(|due| due <= now) {
                        return Ended::SlowMessage.into();
                    }
                    let idle_at = line.idle_at();
                    if idle_at.is_some_and(|at| at <= now) {
                        return Ended::Idle.into();
                    }
                    let look_again = idle_at.unwrap_or(now + line.shared.times.idle);
                    clock.as_mut().reset(self.due(line).map_or(look_again, |due| due.min(look_again)));
                }
            }
        }
    }
    /// When the message that has begun must have come.
    fn due(&self, line: &Line) -> Option<Instant> {
        self.begun.map(|begun| begun + line.shared.times.message)
    }
    /// Hands over every message that is whole.
    async fn frame(&mut self, line: &Line) -> Result<(), End> {
        let mut came = false;
        loop {
            match self.framer.next(&mut self.input) {
                Ok(Some(Frame::Message(bytes))) => {
                    line.deliver(bytes).await?;
                    came = true;
                }
                // Only who connected asks (RFC 5626 §3.5.1); a peer that answers twice has asked for nothing.
                Ok(Some(Frame::KeepAlive)) if line.opener == Opener::Them => line.pong.notify_one(),
                Ok(Some(Frame::KeepAlive)) => {}
                Ok(None) => break,
                Err(fault) => {
                    let answer = fault.reply(line.flow.peer, &line.shared.tag);
                    return Err(End { why: Ended::Framing, answer });
                }
            }
        }
        if line.opener == Opener::Them {
            line.speak();
        }
        let before = self.begun.filter(|_| !came);
        self.begun = self.framer.is_within_message().then(|| before.unwrap_or_else(Instant::now));
        if self.input.is_empty() && self.input.capacity() > KEPT_OCTETS {
            self.input = BytesMut::new();
        }
        Ok(())
    }
    /// Reads what the peer had sent already: unread octets would make the kernel take our answer back.
    async fn throw_away(&mut self) {
        let mut thrown = 0;
        while thrown < LEFTOVER {
            self.input.clear();
            self.input.reserve(READ_OCTETS);
            match self.io.read_buf(&mut self.input).await {
                Ok(0) | Err(_) => return,
                Ok(read) => thrown += read,
            }
        }
    }
}

struct Writer<W> {
    io: W,
    queue: Queue,
    /// Of what was taken from the queue, what the peer has not taken.
    out: BytesMut,
}

impl<W: AsyncWrite + Unpin> Writer<W> {
    async fn run(&mut self, line: &Line) -> Ended {
        let times = line.shared.times;
        let mut ping = pin!(sleep_until(Instant::now() + times.ping));
        loop {
            tokio::select! {
                some = self.queue.take(WRITE_MESSAGES) => {
                    if !some {
                        return Ended::Stopped;
                    }
                    line.speak();
                    self.fill();
                }
                () = line.pong.notified() => self.out.extend_from_slice(Framer::PONG),
                () = &mut ping, if line.opener == Opener::We => self.out.extend_from_slice(Framer::PING),
            }
            if let Err(ended) = self.flush(times.write).await {
                return ended;
            }
            self.queue.sent();
            if line.opener == Opener::We {
                ping.as_mut().reset(Instant::now() + times.ping);
            }
        }
    }
    fn fill(&mut self) {
        for letter in self.queue.taken() {
            self.out.extend_from_slice(letter);
        }
    }
    /// Writes everything; the peer may take its time, as long as it takes something.
    async fn flush(&mut self, within: Duration) -> Result<(), Ended> {
        while !self.out.is_empty() {
            match timeout(within, self.io.write_buf(&mut self.out)).await {
                Ok(Ok(written)) if written > 0 => {}
                Ok(Ok(_) | Err(_)) => return Err(Ended::Broken),
                Err(_) => return Err(Ended::Unread),
            }
        }
        if self.out.capacity() > KEPT_OCTETS {
            self.out = BytesMut::new();
        }
        match timeout(within, self.io.flush()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Ended::Broken),
            Err(_) => Err(Ended::Unread),
        }
    }
    /// Writes what is left, then `answer`, and says that this was all.
    async fn finish(&mut self, answer: Option<Bytes>, within: Duration) {
        self.queue.close();
        while self.flush(within).await.is_ok() {
            self.queue.sent();
            self.queue.take_rest();
            if self.queue.taken().len() == 0 {
                break;
            }
            self.fill();
        }
        self.out.extend_from_slice(&answer.unwrap_or_default());
        if self.flush(within).await.is_ok()
            && let Err(error) = self.io.shutdown().await
        {
            tracing::debug!(%error, "the peer did not wait for the end");
        }
    }
}
