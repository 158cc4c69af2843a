//! Processor time of processes, and what the host took away, as Linux tells it.

use std::{fs, io};

/// Ticks a second in /proc (`USER_HZ`): 100 on every Linux this runs on.
const TICKS_PER_S: f64 = 100.0;

/// Reads the processor time of one process with all its threads.
#[derive(Clone, Copy, Debug)]
pub struct CpuClock {
    pid: u32,
}

impl CpuClock {
    /// The clock of process `pid`.
    #[must_use]
    pub fn of(pid: u32) -> Self {
        Self { pid }
    }
    /// The clock of this process.
    #[must_use]
    pub fn own() -> Self {
        Self::of(std::process::id())
    }
    /// User and system time since the process began, in seconds.
    ///
    /// # Errors
    ///
    /// When there is no such process.
    pub fn seconds(self) -> io::Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid))?;
        // The name of the program stands in parentheses and may hold anything; fields are counted behind it.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok());
        match (ticks(11), ticks(12)) {
            (Some(user), Some(system)) => Ok((user + system) / TICKS_PER_S),
            (None, _) | (_, None) => Err(io::Error::new(io::ErrorKind::InvalidData, "/proc/PID/stat is odd")),
        }
    }
}

/// Processor time of the whole machine, to see what a run is worth.
#[derive(Clone, Copy, Debug, Default)]
pub struct Machine {
    stolen: u64,
    all: u64,
}

impl Machine {
    /// The counters now; zero where they cannot be read.
    #[must_use]
    pub fn now() -> Self {
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        let first = stat.lines().next().unwrap_or_default();
        let ticks: Vec<u64> =
            first.split_whitespace().skip(1).take(8).map_while(|t| t.parse().ok()).collect();
        Self { stolen: ticks.get(7).copied().unwrap_or(0), all: ticks.iter().sum() }
    }
    /// Share of the machine's time since `earlier` that the host gave to others.
    #[must_use]
    pub fn stolen_since(self, earlier: Self) -> f64 {
        let all = self.all.saturating_sub(earlier.all).max(1);
        self.stolen.saturating_sub(earlier.stolen) as f64 / all as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_time_is_told_and_a_dead_process_is_not() {
        assert!(CpuClock::own().seconds().unwrap() >= 0.0);
        assert!(CpuClock::of(u32::MAX).seconds().is_err());
        assert!((0.0..=1.0).contains(&Machine::now().stolen_since(Machine::default())));
    }
}
