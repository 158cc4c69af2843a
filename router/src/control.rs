//! The way in for `sambung reload`: a socket in the store, which only the router's own user may open.
//!
//! One line asks (`reload`, or `reload discard`); the answer is a line that says how it went (`done`, `refused` or `failed`),
//! and then what there is to say. What is done with it is left to [`crate::reload`].

use crate::reload::{Reloader, control_path};
use std::{
    fs::{self, Permissions},
    io::{self, Read as _, Write as _},
    os::unix::{fs::PermissionsExt as _, net::UnixStream as Blocking},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{UnixListener, UnixStream},
    runtime::Handle,
    task::JoinHandle,
    time::timeout,
};

/// Longest question, in bytes.
const MAX_LINE: u64 = 64;
/// How long a question may take to arrive.
const LINE_WITHIN: Duration = Duration::from_secs(5);
/// How long an answer may take, names that DNS is asked for included.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// Longest answer read, in bytes.
const MAX_ANSWER: u64 = 4 * 1024 * 1024;
/// After an accept that failed.
const PAUSE: Duration = Duration::from_millis(100);
const RELOAD: &str = "reload";
const DISCARD: &str = "reload discard";

/// The open socket; closed when dropped.
#[derive(Debug)]
pub struct Control {
    path: PathBuf,
    task: JoinHandle<()>,
}

/// How something went that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is done.
    Done,
    /// It cannot be, as it was asked for.
    Refused,
    /// It could not be done this time.
    Failed,
}

impl Outcome {
    const ALL: [Self; 3] = [Self::Done, Self::Refused, Self::Failed];
    const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

impl Control {
    /// Opens it. None where the system does not allow it; then only signals and HTTP are left.
    #[must_use]
    pub fn open(store: &Path, reloader: &Arc<Reloader>, runtime: &Handle) -> Option<Self> {
        let path = control_path(store);
        let _in_runtime = runtime.enter();
        match listen(&path) {
            Ok(listener) => {
                let task = runtime.spawn(serve(listener, Arc::clone(reloader)));
                Some(Self { path, task })
            }
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "`sambung reload` cannot reach this router; SIGHUP and POST /v1/reload do");
                None
            }
        }
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.task.abort();
        // It is made anew by the next process, which removes what it finds.
        let _left = fs::remove_file(&self.path);
    }
}

fn listen(path: &Path) -> io::Result<UnixListener> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// One after the other: changes are made one after the other anyhow.
async fn serve(listener: UnixListener, reloader: Arc<Reloader>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                if let Err(error) = answer(stream, &reloader).await {
                    tracing::debug!(%error, "whoever asked at the control socket has gone");
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the control socket does not accept a connection");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn answer(stream: UnixStream, reloader: &Arc<Reloader>) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    timeout(LINE_WITHIN, (&mut stream).take(MAX_LINE).read_line(&mut line)).await??;
    let (outcome, text) = match line.trim_end() {
        RELOAD => reload(reloader, false).await,
        DISCARD => reload(reloader, true).await,
        _ => (
            Outcome::Refused,
            "this router does not know what is asked for; is it of another version?\n".to_owned(),
        ),
    };
    let said = format!("{}\n{text}", outcome.as_str());
    timeout(LINE_WITHIN, stream.get_mut().write_all(said.as_bytes())).await?
}

async fn reload(reloader: &Arc<Reloader>, discard: bool) -> (Outcome, String) {
    match reloader.reload("sambung reload", discard).await {
        Ok(report) => (Outcome::Done, report.lines()),
        Err(refused) if refused.is_mistake() => (Outcome::Refused, format!("{refused}\n")),
        Err(refused) => (Outcome::Failed, format!("{refused}\n")),
    }
}

/// Asks the router that runs on a store to read its file again: how it went, and what there is to say.
///
/// # Errors
/// When there is none, or it does not answer.
pub fn ask_to_reload(store: &Path, discard: bool) -> io::Result<(Outcome, String)> {
    let mut stream = Blocking::connect(control_path(store))?;
    stream.set_read_timeout(Some(ANSWER_WITHIN))?;
    writeln!(stream, "{}", if discard { DISCARD } else { RELOAD })?;
    let mut said = String::new();
    stream.take(MAX_ANSWER).read_to_string(&mut said)?;
    let (word, text) = said.split_once('\n').unwrap_or((&said, ""));
    let outcome = Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == word);
    let outcome = outcome.ok_or_else(|| io::Error::other("the router went away before it answered"))?;
    Ok((outcome, text.to_owned()))
}
