//! The outside judge: joins what callers, phones and desktops saw, and names what a router must never do.
//!
//! It reads the lines that `loadtest` and the SIPp scenarios write (see `loadtest::Journal`), never the router's own.

use crate::Standstills;
use std::collections::BTreeMap;

/// Calls so close to another call, or to its ring, may have come in either order.
const SAME_MOMENT_US: At = 20_000;

/// Microseconds since the epoch.
type At = u64;

/// What everybody saw.
#[derive(Clone, Debug, Default)]
pub struct Testimony {
    callers: BTreeMap<String, Vec<Seen>>,
    legs: BTreeMap<(String, String), Leg>,
    desks: BTreeMap<String, Vec<Seen>>,
    last: At,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    at: At,
    what: String,
    detail: String,
}

/// One call at a phone.
#[derive(Clone, Debug, Default)]
struct Leg {
    caller: String,
    seen: Vec<Seen>,
}

/// From when to when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Span {
    from: At,
    to: At,
}

impl Span {
    fn shared_with(self, others: &[(At, At)]) -> At {
        others.iter().map(|&(from, to)| self.to.min(to).saturating_sub(self.from.max(from))).sum()
    }
}

impl Leg {
    fn at(&self, what: &[&str]) -> Option<At> {
        first(&self.seen, what)
    }
    /// From the INVITE to whatever ended it.
    fn span(&self, last: At) -> Span {
        let to = self.at(&["HANGUP", "BYE", "CANCEL", "REFUSED"]).unwrap_or(last);
        Span { from: self.seen.first().map_or(to, |seen| seen.at), to }
    }
}

fn first(seen: &[Seen], what: &[&str]) -> Option<At> {
    seen.iter().find(|seen| what.contains(&seen.what.as_str())).map(|seen| seen.at)
}

impl Testimony {
    /// Reads logs; lines of another form are passed over.
    #[must_use]
    pub fn read(logs: &[&str]) -> Self {
        let mut testimony = Self::default();
        for line in logs.iter().flat_map(|log| log.lines()) {
            testimony.take(line);
        }
        let all = [&mut testimony.callers, &mut testimony.desks].into_iter().flat_map(BTreeMap::values_mut);
        all.chain(testimony.legs.values_mut().map(|leg| &mut leg.seen)).for_each(|seen| seen.sort());
        testimony
    }
    fn take(&mut self, line: &str) -> Option<()> {
        let words: Vec<&str> = line.split_whitespace().collect();
        match *words.first()? {
            "C" => {
                let seen = self.seen(&words, 2)?;
                self.callers.entry((*words.get(1)?).to_owned()).or_default().push(seen);
            }
            "A" => {
                let seen = self.seen(&words, 4)?;
                let key = ((*words.get(1)?).to_owned(), (*words.get(3)?).to_owned());
                let leg = self.legs.entry(key).or_default();
                (*words.get(2)?).clone_into(&mut leg.caller);
                leg.seen.push(seen);
            }
            "D" => {
                let seen = self.seen(&words, 3)?;
                self.desks.entry((*words.get(1)?).to_owned()).or_default().push(seen);
            }
            _other => {}
        }
        Some(())
    }
    fn seen(&mut self, words: &[&str], what: usize) -> Option<Seen> {
        // SIPp writes whole numbers as 12.000000.
        let (s, us): (f64, f64) = (words.get(what + 1)?.parse().ok()?, words.get(what + 2)?.parse().ok()?);
        let at = s as u64 * 1_000_000 + us as u64;
        self.last = self.last.max(at);
        let detail = words.get(what + 3..).unwrap_or_default().join(" ");
        Some(Seen { at, what: (*words.get(what)?).to_owned(), detail })
    }

    /// How many callers called.
    #[must_use]
    pub fn callers(&self) -> usize {
        self.callers.len()
    }
    /// What callers noted under `what`: caller and detail, in order of time.
    #[must_use]
    pub fn noted_by_callers(&self, what: &str) -> Vec<(String, String)> {
        let mut notes: Vec<(&Seen, &String)> = self
            .callers
            .iter()
            .flat_map(|(caller, seen)| seen.iter().map(move |seen| (seen, caller)))
            .filter(|(seen, _caller)| seen.what == what)
            .collect();
        notes.sort();
        notes.into_iter().map(|(seen, caller)| (caller.clone(), seen.detail.clone())).collect()
    }

    /// Callers that were not answered and connected to exactly one agent.
    #[must_use]
    pub fn not_connected_once(&self) -> Vec<String> {
        let mut agents: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for ((agent, _call_id), leg) in &self.legs {
            if leg.at(&["ANS"]).is_some() && leg.at(&["NOACK"]).is_none() {
                agents.entry(&leg.caller).or_default().push(agent);
            }
        }
        let strangers = agents.keys().filter(|caller| !self.callers.contains_key(**caller));
        let mut findings: Vec<String> = strangers.map(|caller| format!("{caller} never called")).collect();
        for (caller, seen) in &self.callers {
            let with = agents.get(caller.as_str()).map_or(&[][..], Vec::as_slice);
            if first(seen, &["OK"]).is_none() || with.len() != 1 {
                findings.push(format!("{caller} was connected to {with:?}"));
            }
        }
        findings
    }

    /// Agents whose phone rang or talked for one call while it had another.
    #[must_use]
    pub fn agents_with_two_calls(&self) -> Vec<String> {
        let mut findings = Vec::new();
        for (agent, spans) in self.phone_spans() {
            for pair in spans.windows(2).filter(|pair| pair[1].from < pair[0].to) {
                let overlap_ms = (pair[0].to.min(pair[1].to) - pair[1].from) / 1_000;
                findings.push(format!("{agent} had two calls for {overlap_ms} ms"));
            }
        }
        findings
    }
    fn phone_spans(&self) -> BTreeMap<&str, Vec<Span>> {
        let mut spans: BTreeMap<&str, Vec<Span>> = BTreeMap::new();
        for ((agent, _call_id), leg) in &self.legs {
            spans.entry(agent).or_default().push(leg.span(self.last));
        }
        spans.values_mut().for_each(|spans| spans.sort());
        spans
    }

    /// Times longer than `limit_us` in which a call waited beside an idle agent.
    ///
    /// Every agent of `agents` is able to take every call. One with a desktop is idle from `ready` there to the next
    /// state or ring; one without from the end of a call at her phone to the next ring. Time in which the machine stood
    /// still (see [`crate::Pulse`]) does not count.
    #[must_use]
    pub fn waited_beside_idle(
        &self,
        agents: &[String],
        limit_us: u64,
        standstills: &Standstills,
    ) -> Vec<String> {
        let mut changes: Vec<(At, i64, i64)> = Vec::new();
        for Span { from, to } in self.waits() {
            changes.extend([(from, 1, 0), (to, -1, 0)]);
        }
        let busy = self.phone_spans();
        for agent in agents {
            let calls = busy.get(agent.as_str()).map_or(&[][..], Vec::as_slice);
            let idle = match self.desks.get(agent) {
                Some(seen) => without(&ready_spans(seen, self.last), calls),
                None => without(&[Span { from: 0, to: self.last }], calls),
            };
            changes.extend(idle.iter().flat_map(|span| [(span.from, 0, 1), (span.to, 0, -1)]));
        }
        changes.sort_unstable();
        together(&changes)
            .into_iter()
            .map(|span| span.to - span.from - span.shared_with(&standstills.0))
            .filter(|waited_us| *waited_us > limit_us)
            .map(|waited_us| format!("a call waited {} ms beside an idle agent", waited_us / 1_000))
            .collect()
    }
    /// From each caller's INVITE to its first ring at a phone, or to whatever it did instead.
    fn waits(&self) -> Vec<Span> {
        let rung = self.first_rings();
        let wait = |(caller, seen): (&String, &Vec<Seen>)| {
            let from = first(seen, &["INV"])?;
            let left = first(seen, &["CANCEL", "HANGUP", "BYE", "REFUSED", "FAILED"]);
            let to = rung.get(caller.as_str()).copied().into_iter().chain(left).min().unwrap_or(self.last);
            Some(Span { from, to: to.max(from) })
        };
        self.callers.iter().filter_map(wait).collect()
    }
    fn first_rings(&self) -> BTreeMap<&str, At> {
        let mut rung: BTreeMap<&str, At> = BTreeMap::new();
        for leg in self.legs.values() {
            if let Some(at) = leg.at(&["INV"]) {
                rung.entry(&leg.caller).and_modify(|first| *first = at.min(*first)).or_insert(at);
            }
        }
        rung
    }

    /// Callers who were offered to an agent before one who ranked higher: by priority, then by time of the call.
    #[must_use]
    pub fn served_out_of_order(&self, priority: impl Fn(&str) -> u8) -> Vec<String> {
        let rung = self.first_rings();
        let mut waits: Vec<(&str, At, At)> = self
            .callers
            .iter()
            .filter_map(|(caller, seen)| {
                Some((caller.as_str(), first(seen, &["INV"])?, *rung.get(caller.as_str())?))
            })
            .collect();
        waits.sort_by_key(|&(_caller, _called, rung)| rung);
        let mut findings = Vec::new();
        for (index, &(served, called, at)) in waits.iter().enumerate() {
            for &(other, other_called, _other_rung) in &waits[index + 1..] {
                let ranks_higher = priority(other) > priority(served)
                    || (priority(other) == priority(served) && other_called + SAME_MOMENT_US < called);
                if other_called + SAME_MOMENT_US < at && ranks_higher {
                    findings.push(format!("{served} was served before {other}"));
                }
            }
        }
        findings
    }
}

/// When a desktop showed `ready`.
fn ready_spans(seen: &[Seen], last: At) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut since = None;
    for Seen { at, what, detail } in seen {
        let ready = what == "STATE" && detail.split(' ').nth(1) == Some("ready");
        match (since, what == "STATE" || what == "CLOSED", ready) {
            (None, true, true) => since = Some(*at),
            (Some(from), true, false) => {
                spans.push(Span { from, to: *at });
                since = None;
            }
            (None | Some(_), _, _) => {}
        }
    }
    spans.extend(since.map(|from| Span { from, to: last }));
    spans
}

/// `spans` without the time of `holes`; both in order.
fn without(spans: &[Span], holes: &[Span]) -> Vec<Span> {
    let mut left = Vec::new();
    for span in spans {
        let mut from = span.from;
        for hole in holes.iter().filter(|hole| hole.to > span.from && hole.from < span.to) {
            if hole.from > from {
                left.push(Span { from, to: hole.from });
            }
            from = from.max(hole.to);
        }
        if from < span.to {
            left.push(Span { from, to: span.to });
        }
    }
    left
}

/// When at least one waited and at least one was idle.
fn together(changes: &[(At, i64, i64)]) -> Vec<Span> {
    let (mut waiting, mut idle, mut since, mut spans) = (0, 0, None, Vec::new());
    for &(at, more_waiting, more_idle) in changes {
        waiting += more_waiting;
        idle += more_idle;
        match (since, waiting > 0 && idle > 0) {
            (None, true) => since = Some(at),
            (Some(from), false) => {
                spans.push(Span { from, to: at });
                since = None;
            }
            (None, false) | (Some(_), true) => {}
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ann takes c1, then c2, who waited meanwhile.
    const GOOD: &str = "C c1 INV 100 0\nA ann c1 x1 INV 100 2000\nA ann c1 x1 ANS 100 20000\nC c1 OK 100 22000\n\
        C c2 INV 100.000000 500000.000000\nC c2 OK 100 501000\nA ann c1 x1 HANGUP 101 0\nC c1 BYE 101 1000\n\
        A ann c2 x2 INV 101 3000\nA ann c2 x2 ANS 101 20000\nA ann c2 x2 HANGUP 102 0\nC c2 BYE 102 1000\n";

    fn agents(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_good_floor_gives_no_findings() {
        let seen = Testimony::read(&[GOOD]);
        assert_eq!(seen.callers(), 2);
        assert!(seen.not_connected_once().is_empty());
        assert!(seen.agents_with_two_calls().is_empty());
        assert!(seen.waited_beside_idle(&agents(&["ann"]), 200_000, &Standstills::default()).is_empty());
        assert!(seen.served_out_of_order(|_| 5).is_empty());
    }

    #[test]
    fn two_calls_at_one_agent_are_found() {
        let bad = GOOD.replace("A ann c2 x2 INV 101 3000", "A ann c2 x2 INV 100 900000");
        assert_eq!(Testimony::read(&[&bad]).agents_with_two_calls(), ["ann had two calls for 100 ms"]);
    }

    #[test]
    fn a_caller_with_two_agents_or_none_is_found() {
        let twice = format!("{GOOD}A ben c2 x3 INV 101 4000\nA ben c2 x3 ANS 101 5000\n");
        assert_eq!(
            Testimony::read(&[&twice]).not_connected_once(),
            [r#"c2 was connected to ["ann", "ben"]"#]
        );
        let lost = format!("{GOOD}C c3 INV 103 0\n");
        assert_eq!(Testimony::read(&[&lost]).not_connected_once(), ["c3 was connected to []"]);
    }

    #[test]
    fn waiting_beside_an_idle_agent_is_found() {
        let seen = Testimony::read(&[GOOD]);
        let findings = seen.waited_beside_idle(&agents(&["ann", "ben"]), 200_000, &Standstills::default());
        assert_eq!(findings, ["a call waited 503 ms beside an idle agent"]);
        let standstill = Standstills(vec![(100_400_000, 100_850_000)]);
        assert!(seen.waited_beside_idle(&agents(&["ann", "ben"]), 200_000, &standstill).is_empty());
        let ready = "D ben - STATE 100 900000 not_ready ready agent\n";
        let seen = Testimony::read(&[GOOD, ready]);
        assert!(
            seen.waited_beside_idle(&agents(&["ann", "ben"]), 200_000, &Standstills::default()).is_empty()
        );
        let ready = "D ben - STATE 100 600000 not_ready ready agent\nD ben - STATE 100 850000 ready not_ready agent\n";
        let seen = Testimony::read(&[GOOD, ready]);
        let findings = seen.waited_beside_idle(&agents(&["ann", "ben"]), 200_000, &Standstills::default());
        assert_eq!(findings, ["a call waited 250 ms beside an idle agent"]);
    }

    #[test]
    fn overtaking_is_found_unless_priority_allows_it() {
        let log = "C c1 INV 1 0\nC c2 INV 2 0\nA ann c2 x INV 3 0\nA ann c1 y INV 4 0\n";
        let seen = Testimony::read(&[log]);
        assert_eq!(seen.served_out_of_order(|_| 5), ["c2 was served before c1"]);
        assert!(seen.served_out_of_order(|caller| if caller == "c2" { 9 } else { 5 }).is_empty());
    }
}
