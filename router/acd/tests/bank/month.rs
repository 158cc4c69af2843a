//! Reads the month.

use acd::Timestamp;
use std::{collections::BTreeMap, path::PathBuf, process::Command, time::Duration};

/// 1999-02-01T00:00:00; the source names no zone.
pub const BEGIN: Timestamp = Timestamp(917_827_200_000_000);

/// A call that was offered.
#[derive(Clone, Debug)]
pub struct Offered {
    /// When it could have been answered: it entered the queue, or left the voice response.
    pub at: Timestamp,
    /// Whether it had to wait.
    pub queued: bool,
    /// PS, PE, IN, NE, NW or TT.
    pub kind: String,
    /// 0 and 1 regular, 2 first.
    pub priority: u8,
    pub fate: Fate,
}

#[derive(Clone, Debug)]
pub enum Fate {
    Answered {
        at: Timestamp,
        until: Timestamp,
        /// None where the source has lost the name.
        server: Option<String>,
    },
    Abandoned {
        at: Timestamp,
    },
}

impl Offered {
    pub fn wait(&self) -> Duration {
        match &self.fate {
            Fate::Answered { at, .. } | Fate::Abandoned { at } => at.since(self.at),
        }
    }
    /// Who served it.
    pub fn server(&self) -> Option<&str> {
        match &self.fate {
            Fate::Answered { server, .. } => server.as_deref(),
            Fate::Abandoned { .. } => None,
        }
    }
    pub const fn is_answered(&self) -> bool {
        matches!(self.fate, Fate::Answered { .. })
    }
    /// How it is served: who came first, and those of priority 2 as if they had come 90 s before.
    pub fn turn(&self) -> (Timestamp, Timestamp) {
        let ahead = if self.priority == 2 { 90 } else { 0 };
        (self.at - Duration::from_secs(ahead), self.at)
    }
}

/// Every call that was offered, in the order of time; none when the data is not there.
pub fn offered() -> Option<Vec<Offered>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let shared = std::env::var_os("SAMBUNG_SHARED").map_or_else(|| root.join("../shared"), PathBuf::from);
    let file = shared.join("data/wfm/anonymous-bank-1999-02-calls.csv.gz");
    if !file.is_file() {
        println!("SKIPPED: {} is not there", file.display());
        return None;
    }
    let text = Command::new("gzip").arg("-dc").arg(file).output().unwrap();
    assert!(text.status.success());
    let text = String::from_utf8(text.stdout).unwrap();
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let head = lines.next().unwrap();
    let rows = lines.map(|line| head.iter().copied().zip(line).collect());
    let mut calls: Vec<Offered> = rows.filter_map(|row| call(&row)).collect();
    calls.sort_by_key(|call| call.at);
    Some(calls)
}

/// The rules of the golden table: who hung up in the voice response, or has no service times, was not offered.
fn call(row: &BTreeMap<&str, &str>) -> Option<Offered> {
    let time = |column: &str| time(row[column]);
    let queued = time("q_start");
    let at = queued.or_else(|| time("vru_exit"))?;
    let fate = match row["outcome"] {
        "AGENT" => {
            let server = Some(row["server"]).filter(|name| name.starts_with('S')).map(str::to_owned);
            // A service that begins before the offer has waited for nothing.
            Fate::Answered { at: time("ser_start")?.max(at), until: time("ser_exit")?.max(at), server }
        }
        "HANG" => Fate::Abandoned { at: queued? + Duration::from_secs(row["q_time_s"].parse().unwrap()) },
        _ => return None,
    };
    let priority = row["priority"].parse().unwrap();
    Some(Offered { at, queued: queued.is_some(), kind: row["type"].to_owned(), priority, fate })
}

/// `1999-02-01T00:11:28`; all of one month.
fn time(text: &str) -> Option<Timestamp> {
    let part = |from: usize| text.get(from..from + 2)?.parse::<u64>().ok();
    let (day, hour, minute, second) = (part(8)?, part(11)?, part(14)?, part(17)?);
    assert!(text.starts_with("1999-02-"), "{text}");
    Some(BEGIN + Duration::from_secs((day - 1) * 86_400 + hour * 3_600 + minute * 60 + second))
}
