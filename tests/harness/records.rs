//! The records, read with SQLite's own program.

use crate::{Router, eventually_is, tools::need};
use std::{path::PathBuf, process::Command, time::Duration};

/// How far records may be behind.
const BEHIND: Duration = Duration::from_secs(5);

/// The records of a router.
#[derive(Clone, Debug)]
pub struct Records {
    database: PathBuf,
}

impl Router {
    /// Its records.
    #[must_use]
    pub fn records(&self) -> Records {
        Records { database: self.store().join("records.db") }
    }
}

impl Records {
    /// Rows of a query, columns joined by `|`. None while a router that has just started has made no tables.
    ///
    /// # Panics
    ///
    /// When the query cannot be run.
    #[must_use]
    pub fn rows(&self, query: &str) -> Vec<String> {
        let output = Command::new(need("sqlite3"))
            .args(["-readonly", "-batch", "-cmd", ".timeout 5000"])
            .arg(&self.database)
            .arg(query)
            .output()
            .unwrap();
        let problem = String::from_utf8_lossy(&output.stderr);
        if problem.contains("no such table: ") {
            return Vec::new();
        }
        assert!(output.status.success(), "{query}: {problem}");
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
    }
    /// The one number a query gives.
    ///
    /// # Panics
    ///
    /// When it gives none.
    #[must_use]
    pub fn number(&self, query: &str) -> u64 {
        self.rows(query)
            .first()
            .and_then(|row| row.parse().ok())
            .unwrap_or_else(|| panic!("{query}: no number"))
    }
    /// Calls in order of arrival: `outcome|reason|agent|visits|offers`.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        self.rows("SELECT outcome, reason, agent, visits, offers FROM calls ORDER BY arrived_at, call")
    }
    /// Visits in order of entry: `outcome|reason|agent`.
    #[must_use]
    pub fn visits(&self) -> Vec<String> {
        self.rows("SELECT outcome, reason, agent FROM queue_entries ORDER BY entered_at, call, visit")
    }
    /// Offers in their order: `agent|outcome`.
    #[must_use]
    pub fn offers(&self) -> Vec<String> {
        self.rows("SELECT agent, outcome FROM offers ORDER BY call, attempt")
    }
    /// Waits until the calls, the last visit of each and all offers are exactly these.
    ///
    /// # Panics
    ///
    /// When they are not within 5 s.
    pub fn expect(&self, calls: &[&str], offers: &[&str]) {
        let texts = |rows: &[&str]| rows.iter().map(|row| (*row).to_owned()).collect::<Vec<_>>();
        let wanted = (texts(calls), texts(offers));
        eventually_is("records", BEHIND, &wanted, || (self.calls(), self.offers()));
        // A visit says the same as its call as long as nobody overflows.
        let of_calls = self.rows("SELECT outcome, reason, agent FROM calls ORDER BY arrived_at, call");
        assert_eq!(self.visits(), of_calls, "every call has one visit that ended as the call did");
    }
    /// Waits until there are `count` calls.
    ///
    /// # Panics
    ///
    /// When there are not within 5 s.
    pub fn expect_count(&self, count: u64) {
        eventually_is("calls recorded", BEHIND, &count, || self.number("SELECT count(*) FROM calls"));
    }
}
