//! What callers, phones and desktops saw, line by line, for an outside judge.
//!
//! The lines of callers (`C`) and phones (`A`) are those of common SIPp scenarios, so that one checker reads both:
//!
//! ```text
//! C <caller> INV|ID|RING|OK|REINV|CONNECTED|RTP|BYE|CANCEL|HANGUP|HUNGUP|REFUSED|FAILED <sec> <usec> [detail…]
//! A <agent> <caller> <Call-ID> INV|ANS|REINV|CANCEL|BYE|HANGUP|HUNGUP|LOST|NOACK|REFUSED <sec> <usec>
//! D <agent> <contact or -> SIGNED_IN|OFFER|WITHDRAWN|POP|STATE|CONTACT|ERROR|CLOSED <sec> <usec> [detail…]
//! ```

use std::{
    fmt,
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

/// Takes lines; one that keeps nothing is free.
#[derive(Clone, Debug, Default)]
pub struct Journal(Option<Arc<Mutex<BufWriter<File>>>>);

impl Journal {
    /// A journal that keeps nothing.
    #[must_use]
    pub fn none() -> Self {
        Self(None)
    }
    /// A journal in a new file.
    ///
    /// # Errors
    ///
    /// When the file cannot be made.
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = BufWriter::with_capacity(1 << 16, File::create(path)?);
        Ok(Self(Some(Arc::new(Mutex::new(file)))))
    }
    /// Notes a line with the time of now: `head` and `what` before it, `detail` after it.
    pub(crate) fn note(&self, head: fmt::Arguments<'_>, what: &str, detail: fmt::Arguments<'_>) {
        let Some(file) = &self.0 else { return };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        let (s, us) = (now.as_secs(), now.subsec_micros());
        if let Err(error) = writeln!(file, "{head} {what} {s} {us} {detail}") {
            tracing::warn!(%error, "the journal cannot be written");
        }
    }
    /// Writes out what is still in memory.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn flush(&self) -> io::Result<()> {
        match &self.0 {
            Some(file) => file.lock().unwrap_or_else(PoisonError::into_inner).flush(),
            None => Ok(()),
        }
    }
}
