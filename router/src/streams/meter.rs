//! How much has come of messages that are not whole, and since when: what slow peers make us keep.

use super::bounds::{KEPT_OCTETS, PARTIAL_OCTETS};
use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Instant,
};

/// What one connection makes us keep.
#[derive(Debug)]
pub(super) struct Meter {
    born: Instant,
    /// Milliseconds after `born` at which the message began, and one; 0 while none is under way.
    begun: AtomicU64,
    octets: AtomicUsize,
    /// Of all connections together, beyond what each has for nothing.
    all: Arc<AtomicUsize>,
    over: AtomicBool,
}

impl Meter {
    pub(super) fn new(all: Arc<AtomicUsize>) -> Self {
        let (begun, octets) = (AtomicU64::new(0), AtomicUsize::new(0));
        Self { born: Instant::now(), begun, octets, all, over: AtomicBool::new(false) }
    }
    /// Since when a message is not whole.
    pub(super) fn begun(&self) -> Option<Instant> {
        let since = self.begun.load(Ordering::Relaxed).checked_sub(1)?;
        Some(self.born + Duration::from_millis(since))
    }
    /// Nothing is under way.
    pub(super) fn clear(&self) {
        self.hold(0);
    }
    /// So many octets are kept of a message that is not whole; false when that is more than there is room for.
    pub(super) fn hold(&self, octets: usize) -> bool {
        let counted = |octets: usize| octets.saturating_sub(KEPT_OCTETS);
        let before = counted(self.octets.swap(octets, Ordering::Relaxed));
        let all = self.all.fetch_add(counted(octets), Ordering::Relaxed) + counted(octets);
        self.all.fetch_sub(before, Ordering::Relaxed);
        if octets == 0 {
            self.begun.store(0, Ordering::Relaxed);
        } else if self.begun.load(Ordering::Relaxed) == 0 {
            let since = u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX - 1);
            self.begun.store(since + 1, Ordering::Relaxed);
        }
        let room = counted(octets) == 0 || all - before <= PARTIAL_OCTETS;
        if !room {
            self.over.store(true, Ordering::Relaxed);
        }
        room
    }
    /// Whether there was no room.
    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.clear();
    }
}

/// A connection whose octets are metered as they come, for a reader that keeps parts of messages out of our sight.
pub(super) struct Metered<S> {
    io: S,
    meter: Arc<Meter>,
}

impl<S> Metered<S> {
    pub(super) const fn new(io: S, meter: Arc<Meter>) -> Self {
        Self { io, meter }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.io).poll_read(cx, buf);
        let came = buf.filled().len() - before;
        if came > 0 && !self.meter.hold(self.meter.octets.load(Ordering::Relaxed) + came) {
            return Poll::Ready(Err(io::Error::other("too much of unfinished messages")));
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_parts_count_together_and_small_ones_do_not() {
        let all = Arc::new(AtomicUsize::new(0));
        let meters: Vec<Meter> = (0..3).map(|_| Meter::new(Arc::clone(&all))).collect();
        assert!(meters[0].hold(KEPT_OCTETS) && meters[0].begun().is_some());
        assert_eq!(all.load(Ordering::Relaxed), 0);
        assert!(meters[1].hold(KEPT_OCTETS + PARTIAL_OCTETS));
        assert!(!meters[2].hold(KEPT_OCTETS + 1) && meters[2].is_over());
        assert!(meters[2].hold(KEPT_OCTETS), "a small one is always taken");
        meters[1].clear();
        assert!(meters[1].begun().is_none() && meters[2].hold(KEPT_OCTETS + 1));
        drop(meters);
        assert_eq!(all.load(Ordering::Relaxed), 0);
    }
}
