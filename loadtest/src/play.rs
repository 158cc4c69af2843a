//! Plays a whole scenario: phones first, then desktops, then callers.

use crate::{
    CpuClock, Journal, Machine, Report, Scenario, Stop, Tally,
    callers::{Callers, StartError},
    desktops::Desktops,
    phones::Phones,
    plan::Problems,
    stop,
};
use std::{
    io,
    time::{Duration, Instant},
};

/// How long desktops may take to sign in and be ready.
const SIGN_IN: Duration = Duration::from_secs(15);

/// Why a scenario could not be played.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// The scenario is wrong.
    #[error(transparent)]
    Problems(#[from] Problems),
    /// Callers, phones or desktops could not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Not everybody is ready.
    #[error("{ready} of {seats} desktops were ready after {} s; is the desk at the address given, and are the tokens right?", SIGN_IN.as_secs())]
    NotReady {
        /// Signed in.
        ready: u64,
        /// Expected.
        seats: usize,
    },
    /// The process to measure is not there.
    #[error("process {pid} cannot be measured: {error}")]
    NoSuchProcess {
        /// Which.
        pid: u32,
        /// What the system says.
        error: io::Error,
    },
}

/// Plays `scenario` to its end, or to the stop.
///
/// `router_pid` is the process whose processor time is told per call. What was seen goes to `journal`, line by line.
///
/// # Errors
///
/// [`PlayError`] when it could not begin. What goes wrong in the run is in the report.
pub async fn play(
    scenario: Scenario,
    router_pid: Option<u32>,
    journal: Journal,
    stop: Stop,
) -> Result<Report, PlayError> {
    scenario.check()?;
    let tally = Tally::new(journal);
    let (everybody_home, others_stop) = stop::stop();
    let seed = scenario.seed;
    let phones =
        scenario.phones.clone().map(|plan| Phones::start(plan, seed, &tally, &others_stop)).transpose()?;
    let desktops = match scenario.desktops.clone() {
        Some(plan) => Some(sign_in(plan, seed, &tally, &others_stop).await?),
        None => None,
    };
    let agents_media = phones.iter().map(Phones::media).collect();
    let meter = Meter::start(router_pid)?;
    Callers::start(scenario.callers.clone(), seed, tally.clone(), agents_media, stop)?.finished().await;
    let measured = meter.read()?;
    everybody_home.stop();
    if let Some(phones) = phones {
        phones.finished().await;
    }
    if let Some(desktops) = desktops {
        desktops.finished().await;
    }
    Ok(Report::new(scenario, tally.figures(), measured))
}

async fn sign_in(
    plan: crate::DesktopsPlan,
    seed: u64,
    tally: &Tally,
    stop: &Stop,
) -> Result<Desktops, PlayError> {
    let seats = plan.seats().len();
    let mut desktops = Desktops::start(plan, seed, tally, stop)?;
    if desktops.all_ready(SIGN_IN).await {
        Ok(desktops)
    } else {
        Err(PlayError::NotReady { ready: tally.figures().desktops.signed_in, seats })
    }
}

/// Measures processor time over a run.
struct Meter {
    router: Option<(u32, f64)>,
    own: f64,
    machine: Machine,
    start: Instant,
}

/// What a run cost.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Measured {
    /// From the first call to the end of the last, in seconds.
    pub seconds: f64,
    /// Processor time of the router, in seconds; none when its process was not named.
    pub router_cpu_s: Option<f64>,
    /// Processor time of the generator, in seconds.
    pub generator_cpu_s: f64,
    /// Share of the machine's time that its host gave to others; above 0.01 latencies are not worth comparing.
    pub stolen_share: f64,
}

impl Meter {
    fn start(router_pid: Option<u32>) -> Result<Self, PlayError> {
        let router = match router_pid {
            Some(pid) => Some((pid, process_seconds(pid)?)),
            None => None,
        };
        let own = CpuClock::own().seconds().unwrap_or(0.0);
        Ok(Self { router, own, machine: Machine::now(), start: Instant::now() })
    }
    fn read(self) -> Result<Measured, PlayError> {
        let router_cpu_s = match self.router {
            Some((pid, before)) => Some(process_seconds(pid)? - before),
            None => None,
        };
        Ok(Measured {
            seconds: self.start.elapsed().as_secs_f64(),
            router_cpu_s,
            generator_cpu_s: CpuClock::own().seconds().unwrap_or(self.own) - self.own,
            stolen_share: Machine::now().stolen_since(self.machine),
        })
    }
}

fn process_seconds(pid: u32) -> Result<f64, PlayError> {
    CpuClock::of(pid).seconds().map_err(|error| PlayError::NoSuchProcess { pid, error })
}
