//! A command as a process: how it says that it is ready, what ends it, and why it ended badly.

use crate::{
    reload::GivenError,
    roles::{House, Ready, StartError},
    supervisor,
};
use std::{
    io::Write as _,
    time::{Duration, Instant},
};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How often it is looked whether calls are left.
const LOOK: Duration = Duration::from_millis(200);
/// How often the supervisor hears that we are still at it: well within the time that each word gives.
const SAY: Duration = Duration::from_secs(5);

/// Why a command ended badly.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The configuration.
    #[error(transparent)]
    Configuration(#[from] config::Problems),
    /// What was changed by API before.
    #[error(transparent)]
    Changes(#[from] crate::changes_file::ChangesError),
    /// The start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The brain.
    #[error(transparent)]
    Brain(#[from] crate::brain::BrainError),
    /// The sample customers.
    #[error(transparent)]
    Sample(#[from] screenpop::sample::SampleError),
    /// The simulated people.
    #[error(transparent)]
    People(#[from] loadtest::StartError),
    /// The system.
    #[error(transparent)]
    System(#[from] std::io::Error),
    /// The brain stopped while it should not.
    #[error("the brain has stopped; see the log above")]
    BrainGone,
}

/// One line of JSON with the addresses in use.
///
/// # Errors
/// When standard output is closed.
pub fn announce(ready: &Ready) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, &serde_json::json!({ "ready": ready }))?;
    writeln!(out)?;
    out.flush()
}

/// The signals that ask a process to end.
///
/// Listened to before anything is started: whoever reads the ready line may send SIGTERM at once, and a signal nobody
/// listens to would kill the process without a word.
#[derive(Debug)]
pub struct Ending {
    interrupt: Signal,
    terminate: Signal,
}

impl Ending {
    /// Listens from here on.
    ///
    /// # Errors
    /// When signals cannot be listened to.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Serves the calls that are alive, and no new ones, for so long at most, or until a second signal comes. What is left
    /// then is taken up by the next process.
    pub async fn drain(&mut self, house: &House, how: config::Drain) {
        let config::Drain { deadline, waiting } = how;
        house.refuse_new_calls(waiting);
        supervisor::stopping(deadline);
        if deadline.is_zero() || house.live_calls() == 0 {
            return;
        }
        tell_begin(house, deadline);
        tokio::select! {
            () = all_over(house) => tracing::info!("all calls are over"),
            () = tokio::time::sleep(deadline) => tell_left(house),
            () = self.asked() => tracing::warn!("hurried"),
        }
    }

    /// SIGINT or SIGTERM, also one that has come since [`Ending::listen`].
    async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Waits for SIGINT or SIGTERM, also one that has come since [`Ending::listen`], for `time` to pass, or for the
    /// brain's end.
    ///
    /// # Errors
    /// When the brain has gone.
    pub async fn wait(&mut self, house: &House, time: Option<Duration>) -> Result<(), Failure> {
        let over = async {
            match time {
                Some(time) => tokio::time::sleep(time).await,
                None => std::future::pending().await,
            }
        };
        let brain_gone = async {
            while house.is_alive() {
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::select! {
            () = self.asked() => Ok(()),
            () = over => Ok(()),
            () = brain_gone => Err(Failure::BrainGone),
        }
    }
}

impl From<GivenError> for Failure {
    fn from(error: GivenError) -> Self {
        match error {
            GivenError::Configuration(problems) => Self::Configuration(problems),
            GivenError::Changes(error) => Self::Changes(error),
        }
    }
}

/// Reads the configuration again at each SIGHUP.
///
/// # Errors
/// When signals cannot be listened to.
pub fn reload_at_hangup(house: &House) -> std::io::Result<()> {
    let (mut hangup, reloader) = (signal(SignalKind::hangup())?, house.reloader());
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            // What came of it stands in the log.
            let _told = reloader.reload("SIGHUP", false).await;
        }
    });
    Ok(())
}

/// Ends when no call is left, and says how many are when that has changed, and now and then.
async fn all_over(house: &House) {
    let mut told = None;
    while house.is_alive() && house.live_calls() > 0 {
        let left = house.live_calls();
        if told.is_none_or(|(before, at): (usize, Instant)| before != left || at.elapsed() >= SAY) {
            supervisor::still_stopping(&format!("draining: {left} calls left"));
            told = Some((left, Instant::now()));
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn tell_begin(house: &House, deadline: Duration) {
    let (left, seconds) = (house.live_calls(), deadline.as_secs());
    tracing::info!(
        left,
        seconds,
        "new calls are refused, those that are alive are served; a second signal hurries"
    );
}

fn tell_left(house: &House) {
    let left = house.live_calls();
    tracing::warn!(left, "the time to drain is over; the next process takes up what is left");
}
