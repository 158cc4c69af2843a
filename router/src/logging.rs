//! How the process tells what happens: lines for people, or an object of JSON a line for programs that collect them
//! (`SAMBUNG_LOG=json`). Which of them are told, `RUST_LOG` says.
//!
//! Calls and agents are named by fields, `call` and `agent`, whose values are those of records and log.

use std::{fmt, io::IsTerminal as _};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::{
    EnvFilter,
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

/// The variable that chooses the form.
pub const FORM: &str = "SAMBUNG_LOG";

/// The form of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For people.
    Text,
    /// An object of JSON: `timestamp`, `level`, `target`, `message`, and the line's fields beside them.
    Json,
}

/// [`FORM`] says something else.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{FORM}={0}: choose text or json")]
pub struct UnknownForm(String);

impl Form {
    /// As the environment says; text when it says nothing.
    ///
    /// # Errors
    /// It says something that we do not know.
    pub fn wanted(said: Option<&str>) -> Result<Self, UnknownForm> {
        match said {
            None | Some("" | "text") => Ok(Self::Text),
            Some("json") => Ok(Self::Json),
            Some(other) => Err(UnknownForm(other.to_owned())),
        }
    }
}

/// From here on what happens is told, on standard error.
///
/// # Errors
/// [`UnknownForm`]; nothing is told then.
pub fn start() -> Result<(), UnknownForm> {
    let form = Form::wanted(std::env::var(FORM).ok().as_deref())?;
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let ranked = heard_by_the_journal();
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let lines = lines.with_ansi(std::io::stderr().is_terminal());
    match form {
        Form::Text => lines.map_event_format(|line| Ranked { line, ranked }).init(),
        Form::Json => {
            lines.json().flatten_event(true).map_event_format(|line| Ranked { line, ranked }).init();
            tell_panics();
        }
    }
    Ok(())
}

/// A panic in the form of every other line.
fn tell_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let why = panic.payload_as_str().unwrap_or("of an unknown kind");
        let at = panic.location().map(ToString::to_string);
        tracing::error!(why, at, "a thread panicked");
    }));
}

/// Whether standard error is the journal's own. Source: systemd.exec(5), `$JOURNAL_STREAM`.
fn heard_by_the_journal() -> bool {
    let Ok(stream) = std::env::var("JOURNAL_STREAM") else { return false };
    let is_it = |stat: rustix::fs::Stat| stream == format!("{}:{}", stat.st_dev, stat.st_ino);
    rustix::fs::fstat(std::io::stderr()).is_ok_and(is_it)
}

/// Puts its rank before a line, so that `journalctl -p warning` finds it. Source: sd-daemon(3).
struct Ranked<F> {
    line: F,
    ranked: bool,
}

impl<S, N, F> FormatEvent<S, N> for Ranked<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(&self, of: &FmtContext<'_, S, N>, mut to: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        if self.ranked {
            to.write_str(rank(*event.metadata().level()))?;
        }
        self.line.format_event(of, to, event)
    }
}

fn rank(level: Level) -> &'static str {
    match level {
        Level::ERROR => "<3>",
        Level::WARN => "<4>",
        Level::INFO => "<6>",
        Level::DEBUG | Level::TRACE => "<7>",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_for_the_journal_begins_with_its_rank_and_json_has_its_fields() {
        let paper = Paper::default();
        let to = paper.clone();
        let lines = tracing_subscriber::fmt().with_writer(move || to.clone());
        let lines = lines.json().flatten_event(true).map_event_format(|line| Ranked { line, ranked: true });
        tracing::subscriber::with_default(lines.finish(), || {
            tracing::warn!(call = "01", "no RTP port is free");
            tracing::error!(agent = "ann", "lost");
        });
        let text = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let line = |at: usize, rank: &str| -> serde_json::Value {
            serde_json::from_str(lines[at].strip_prefix(rank).unwrap_or_else(|| panic!("{text}"))).unwrap()
        };
        let first = line(0, "<4>");
        assert_eq!((&first["call"], &first["message"]), (&"01".into(), &"no RTP port is free".into()));
        assert_eq!(line(1, "<3>")["agent"], "ann");
    }

    #[test]
    fn a_form_that_nobody_knows_is_refused() {
        assert_eq!(Form::wanted(None), Ok(Form::Text));
        assert_eq!(Form::wanted(Some("json")), Ok(Form::Json));
        let unknown = Form::wanted(Some("xml")).unwrap_err().to_string();
        assert_eq!(unknown, "SAMBUNG_LOG=xml: choose text or json");
    }
}
