//! SIPp's message traces.

use std::collections::HashSet;

/// Before each message.
pub(super) const RULE: &str = "-----------------------------------------------";

/// A message as SIPp saw it.
pub(super) struct Message {
    /// Date and time of day; they sort as text.
    pub(super) at: String,
    /// By SIPp itself.
    pub(super) sent: bool,
    pub(super) text: String,
}

/// The messages of a trace, without those that were sent again.
pub(super) fn read(trace: &str) -> Vec<Message> {
    let mut seen = HashSet::new();
    let messages = trace.split(RULE).filter_map(message);
    messages.filter(|message| seen.insert((message.sent, message.text.clone()))).collect()
}

/// Of a message that SIPp does not expect it writes once more, without a time.
fn message(part: &str) -> Option<Message> {
    let (at, rest) = part.split_once('\n')?;
    let (what, text) = rest.split_once('\n')?;
    let sent = what.contains(" message sent ");
    let known = !at.trim().is_empty() && (sent || what.contains(" message received "));
    let text = text.trim_start().replace('\r', "");
    known.then(|| Message { at: at.trim().to_owned(), sent, text })
}
