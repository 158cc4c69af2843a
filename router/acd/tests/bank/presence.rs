//! Who was there: the source holds what servers did, not when they were at work.
//!
//! A server is taken to be ready for calls from the begin of the first to the begin of the last of a row of services
//! with no more than [`BREAK`] between two of them; what is begun by then is finished. But not while somebody waited whom this server could have taken and did not: from the end of a service
//! to the end of that wait, if it lasted longer than [`GRACE`] into the pause. What this cannot know: idle time before
//! the first and after the last service, work that is no call, a server who was there and slow to take the next one,
//! and pauses in which nobody happened to wait. Services without a name are as many nameless servers, each there for
//! that service alone.

use crate::month::{Fate, Offered};
use acd::{Timestamp, sim::day::Duty};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// A longer pause ends a presence.
const BREAK: Duration = Duration::from_secs(600);
/// Time to take the next call.
const GRACE: Duration = Duration::from_secs(5);
/// Time in which a server takes the last call; then no more are taken, and the last one is finished.
const TAKES: Duration = Duration::from_secs(1);
/// A server who has had as many calls of a kind in the month may serve it.
const PRACTICE: usize = 5;

/// How far presence is believed. The truth lies between the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belief {
    /// Every pause up to [`BREAK`] was spent waiting for a call.
    Pauses,
    /// Only pauses in which nobody waited were.
    NobodyWaited,
}

/// A server with what was done.
#[derive(Clone, Debug, Default)]
pub struct Server {
    /// From, to, in order.
    pub services: Vec<(Timestamp, Timestamp)>,
    pub kinds: BTreeSet<String>,
}

/// Servers by name; nameless services as servers `x0`, `x1`, … who serve everything.
pub fn servers(calls: &[Offered]) -> BTreeMap<String, Server> {
    let (mut servers, mut counts) = (BTreeMap::<String, Server>::new(), BTreeMap::new());
    let mut nameless: Vec<Timestamp> = Vec::new();
    let mut services: Vec<_> = calls.iter().filter_map(service).collect();
    services.sort();
    for (at, until, server, kind) in services {
        let name = server.unwrap_or_else(|| {
            let free = nameless.iter().position(|free| *free <= at).unwrap_or(nameless.len());
            nameless.resize(nameless.len().max(free + 1), until);
            nameless[free] = until;
            format!("x{free}")
        });
        let count = counts.entry((name.clone(), kind.clone())).or_insert(0);
        *count += 1;
        let practised = *count >= PRACTICE || name.starts_with('x');
        let server = servers.entry(name).or_default();
        server.services.push((at, until));
        if practised {
            server.kinds.insert(kind);
        }
    }
    servers
}

fn service(call: &Offered) -> Option<(Timestamp, Timestamp, Option<String>, String)> {
    match &call.fate {
        Fate::Answered { at, until, server } => Some((*at, *until, server.clone(), call.kind.clone())),
        Fate::Abandoned { .. } => None,
    }
}

/// When somebody of a kind waited: the times from the first to the last of calls whose waits touch.
fn waits(calls: &[Offered], of: &Server) -> Vec<(Timestamp, Timestamp)> {
    let mut joined: Vec<(Timestamp, Timestamp)> = Vec::new();
    for call in calls.iter().filter(|call| call.queued && of.kinds.contains(&call.kind)) {
        let end = call.at + call.wait();
        match joined.last_mut().filter(|(_, last)| *last >= call.at) {
            Some((_, last)) => *last = end.max(*last),
            None => joined.push((call.at, end)),
        }
    }
    joined
}

/// The duties of every server.
pub fn duties(calls: &[Offered], servers: &BTreeMap<String, Server>, belief: Belief) -> Vec<Duty> {
    let mut duties = Vec::new();
    for (name, server) in servers {
        let waits = waits(calls, server);
        // The last moment, before a service begins, at which somebody waited.
        let waited_until = |before: Timestamp| {
            let next = waits.partition_point(|(from, _)| *from < before);
            next.checked_sub(1).map(|last| waits[last].1.min(before))
        };
        let (mut last, mut until) = server.services[0];
        let mut from = last;
        let mut duty = |from, last: Timestamp| {
            duties.push(Duty { agent: name.clone(), from, to: Some(last + TAKES) });
        };
        for &(begins, ends) in &server.services[1..] {
            let nameless = name.starts_with('x');
            let pause = begins.since(until);
            let waited = waited_until(begins).filter(|waited| *waited > until + GRACE);
            let waited = waited.filter(|_| belief == Belief::NobodyWaited);
            if nameless || pause > BREAK || waited.is_some() {
                duty(from, last);
                from = waited.filter(|_| !nameless && pause <= BREAK).unwrap_or(begins);
            }
            (last, until) = (begins, until.max(ends));
        }
        duty(from, last);
    }
    duties
}
