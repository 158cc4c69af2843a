//! Notices when the machine itself stands still, so that nobody else is blamed for it.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

const BEAT: Duration = Duration::from_millis(5);
/// A beat that comes this much later is a standstill.
const LATE: Duration = Duration::from_millis(20);

/// Beats every 5 ms until it is stopped.
#[derive(Debug)]
pub struct Pulse {
    over: Arc<AtomicBool>,
    standstills: Arc<Mutex<Vec<(u64, u64)>>>,
    beating: JoinHandle<()>,
}

/// From and to, each in microseconds since the epoch.
#[derive(Clone, Debug, Default)]
pub struct Standstills(pub Vec<(u64, u64)>);

impl Pulse {
    /// Begins.
    #[must_use]
    pub fn start() -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let standstills = Arc::new(Mutex::new(Vec::new()));
        let (is_over, noted) = (Arc::clone(&over), Arc::clone(&standstills));
        let beating = thread::spawn(move || {
            let mut last = now_us();
            while !is_over.load(Ordering::Relaxed) {
                thread::sleep(BEAT);
                let now = now_us();
                if now.saturating_sub(last) > (BEAT + LATE).as_micros() as u64 {
                    noted.lock().unwrap_or_else(PoisonError::into_inner).push((last, now));
                }
                last = now;
            }
        });
        Self { over, standstills, beating }
    }
    /// When the machine stood still.
    ///
    /// # Panics
    ///
    /// When the beating thread has died.
    #[must_use]
    pub fn stop(self) -> Standstills {
        self.over.store(true, Ordering::Relaxed);
        self.beating.join().unwrap();
        let standstills =
            Standstills(self.standstills.lock().unwrap_or_else(PoisonError::into_inner).clone());
        println!(
            "the machine stood still {} times, {} ms in all",
            standstills.0.len(),
            standstills.total_ms()
        );
        standstills
    }
}

impl Standstills {
    /// How long in all, in milliseconds.
    #[must_use]
    pub fn total_ms(&self) -> u64 {
        self.0.iter().map(|(from, to)| (to - from) / 1_000).sum()
    }
}

fn now_us() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros() as u64
}
