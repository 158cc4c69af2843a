//! SIPp's message traces.

use std::collections::HashSet;

/// Before each message.
pub(super) const RULE: &str = "-----------------------------------------------";

/// A message as SIPp saw it.
pub(super) struct Message {
    /// Microseconds of the day.
    pub(super) at_us: u64,
    /// By SIPp itself.
    pub(super) sent: bool,
    pub(super) text: String,
}

/// SIPp notes the time of what it sends when it has been sent: what came of it elsewhere may have an earlier one.
const NOTED_LATE_US: u64 = 1_000;

/// The messages of a trace in their order, without those that were sent again.
pub(super) fn read(trace: &str) -> Vec<Message> {
    let (mut seen, mut last_us) = (HashSet::new(), 0);
    let mut messages: Vec<Message> = trace.split(RULE).filter_map(message).collect();
    messages.retain(|message| seen.insert((message.sent, message.text.clone())));
    for message in &mut messages {
        let late_us = if message.sent { NOTED_LATE_US } else { 0 };
        last_us = message.at_us.saturating_sub(late_us).max(last_us);
        message.at_us = last_us;
    }
    messages
}

/// Of a message that SIPp does not expect it writes once more, without a time.
fn message(part: &str) -> Option<Message> {
    let (at, rest) = part.split_once('\n')?;
    let (what, text) = rest.split_once('\n')?;
    let sent = what.contains(" message sent ");
    let at_us = time_of_day(at)?;
    let text = text.trim_start().replace('\r', "");
    (sent || what.contains(" message received ")).then_some(Message { at_us, sent, text })
}

/// `2026-11-22 11:34:06.967782`, in microseconds of the day.
fn time_of_day(at: &str) -> Option<u64> {
    let (clock, us) = at.split_whitespace().nth(1)?.split_once('.')?;
    let s = clock.split(':').try_fold(0, |sum, part| Some(60 * sum + part.parse::<u64>().ok()?))?;
    Some(s * 1_000_000 + us.parse::<u64>().ok()?)
}
