//! The log for people: an entry a line, what happened and what was decided. It holds no personal data, and so shows none.

use crate::log::{LogError, Reader, segments};
use acd::{CallId, Entry, Event, Timestamp};
use std::{
    io::{self, Write},
    path::Path,
};

/// Entries taken up in one go.
const CHUNK: usize = 1_000;

/// Which entries.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// From this number on.
    pub from: u64,
    /// At most so many; 0 for all.
    pub count: u64,
    /// Those that name this call alone.
    pub call: Option<CallId>,
    /// Each as an object of JSON, whole.
    pub json: bool,
}

/// Why they are not shown.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// Where they were to be shown.
    #[error(transparent)]
    Out(#[from] io::Error),
    /// An entry that JSON cannot hold.
    #[error("an entry cannot be shown as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// Writes the wanted entries of a folder's log.
///
/// # Errors
/// The log cannot be read, or nobody reads what is written.
pub fn show(folder: &Path, wanted: Wanted, out: &mut impl Write) -> Result<(), InspectError> {
    let Some(&(first, _)) = segments(folder)?.first() else {
        return Err(LogError::Empty { path: folder.to_owned() }.into());
    };
    let mut reader = Reader::after(folder, wanted.from.max(first) - 1)?;
    let mut shown = 0;
    loop {
        let entries = reader.read(CHUNK)?;
        if entries.is_empty() {
            return Ok(());
        }
        for entry in entries {
            if wanted.count > 0 && shown == wanted.count {
                return Ok(());
            }
            if wanted.call.is_none_or(|call| names(&entry, call)) {
                shown += 1;
                write(&entry, wanted.json, out)?;
            }
        }
    }
}

/// Whether an entry says something of a call.
fn names(entry: &Entry, call: CallId) -> bool {
    let text = format!("{:?}{:?}", entry.event, entry.decisions);
    text.contains(&call.to_string())
}

fn write(entry: &Entry, json: bool, out: &mut impl Write) -> Result<(), InspectError> {
    if json {
        serde_json::to_writer(&mut *out, entry)?;
        return Ok(writeln!(out)?);
    }
    write!(out, "{:>9}  {}  {}", entry.number, time(entry.at), brief(&entry.event))?;
    for decision in &entry.decisions {
        write!(out, "\n{:>9}  {:24}  └ {decision:?}", "", "")?;
    }
    Ok(writeln!(out)?)
}

fn time(at: Timestamp) -> String {
    let micros = i64::try_from(at.micros()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_microsecond(micros)
        .map_or_else(|_| at.micros().to_string(), |at| format!("{at:.3}"))
}

/// An event in a line: new rules would fill a page.
fn brief(event: &Event) -> String {
    if let Event::PlanChanged { plan } = event {
        return format!("PlanChanged to {} queues and {} agents", plan.queues.len(), plan.agents.len());
    }
    if let Event::PlanSigned { by } = event {
        return format!("PlanSigned by {by}");
    }
    format!("{event:?}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::{FileLog, StoreLock};

    fn call(number: u128) -> CallId {
        CallId::from_u128(number)
    }
    fn a_log() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let lock = StoreLock::take(folder.path()).unwrap();
        let mut log = FileLog::open(lock, Reader::after(folder.path(), 0).unwrap(), |_| {}).unwrap();
        for number in 1..=9_u64 {
            let event = Event::CallArrived {
                call: call((number % 3).into()),
                dialled: "1500".to_owned(),
                caller: None,
                attributes: Vec::new(),
            };
            log.append(&Entry {
                number,
                at: Timestamp(1_800_000_000_000_000 + number),
                event,
                decisions: Vec::new(),
            })
            .unwrap();
        }
        log.commit();
        folder
    }
    fn lines(folder: &tempfile::TempDir, wanted: Wanted) -> Vec<String> {
        let mut out = Vec::new();
        show(folder.path(), wanted, &mut out).unwrap();
        String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn entries_are_shown_a_line_each_from_a_number_on_and_by_call() {
        let folder = a_log();
        let all = lines(&folder, Wanted::default());
        assert_eq!(all.len(), 9);
        assert!(all[0].starts_with("        1  2027-01-15T08:00:00.000Z  CallArrived"), "{}", all[0]);
        assert_eq!(lines(&folder, Wanted { from: 8, ..Wanted::default() }), all[7..]);
        assert_eq!(lines(&folder, Wanted { count: 2, ..Wanted::default() }), all[..2]);
        let of_call = Wanted { call: Some(call(2)), ..Wanted::default() };
        assert_eq!(lines(&folder, of_call), [all[1].clone(), all[4].clone(), all[7].clone()]);
    }

    #[test]
    fn as_json_an_entry_is_whole() {
        let folder = a_log();
        let line = lines(&folder, Wanted { json: true, count: 1, ..Wanted::default() }).remove(0);
        let entry: Entry = serde_json::from_str(&line).unwrap();
        assert_eq!(entry.number, 1);
    }

    #[test]
    fn a_folder_without_a_log_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = show(folder.path(), Wanted::default(), &mut Vec::new()).unwrap_err().to_string();
        assert!(error.contains("holds no log segments"), "{error}");
    }
}
