//! What callers of the month would have been told, and whether it came true.

use crate::{
    month::{Fate, Offered, offered},
    presence::{self, Belief},
};
use acd::{
    CallId, QueueNo, Timestamp,
    expect::{Ewt, Expected, Took, Waiter},
};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

/// What happens to callers who wait; at the same moment answers come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Happens {
    Answered,
    /// The server of an answered call is free again.
    Freed,
    Entered,
    Abandoned,
}

/// A call that had to wait, and what it was told.
struct Announced<'a> {
    call: &'a Offered,
    ewt: Ewt,
    /// The wait, or what it would have been for one who hung up; none where nobody knows.
    wait: Option<Duration>,
    /// One number each, for comparison: the last answered caller's wait, place × mean service / agents, mean of the
    /// last ten waits.
    baselines: [Duration; 3],
}

const BASELINES: [&str; 3] = ["last to enter service", "place × AHT / agents", "mean of the last ten"];

/// Servers at work by the presence that pauses suggest.
fn agents(calls: &[Offered]) -> impl Fn(Timestamp) -> u32 {
    let mut changes = Vec::new();
    for duty in presence::duties(calls, &presence::servers(calls), Belief::Pauses) {
        changes.push((duty.from, 1));
        changes.extend(duty.to.map(|to| (to, -1)));
    }
    changes.sort_unstable();
    let mut there = 0_i32;
    let counts: Vec<(Timestamp, i32)> = changes
        .into_iter()
        .map(|(at, change)| {
            there += change;
            (at, there)
        })
        .collect();
    move |now| {
        let passed = counts.partition_point(|(at, _)| *at <= now);
        passed.checked_sub(1).map_or(0, |last| u32::try_from(counts[last].1).unwrap_or(0)).max(1)
    }
}

fn queue_of(kind: &str) -> QueueNo {
    let kinds = ["IN", "NE", "NW", "PE", "PS", "TT"];
    QueueNo(u32::try_from(kinds.iter().position(|known| *known == kind).unwrap()).unwrap())
}

/// Internet support has servers of its own; all others share theirs.
fn pool(call: &Offered) -> bool {
    call.kind == "IN"
}

/// When servers became free. Whether they stayed for another call the source does not hold; mostly they did.
fn freed(calls: &[Offered]) -> impl Iterator<Item = (Timestamp, Happens, usize)> {
    calls.iter().enumerate().filter_map(|(n, call)| match call.fate {
        Fate::Answered { until, .. } => Some((until, Happens::Freed, n)),
        Fate::Abandoned { .. } => None,
    })
}

/// Hands the month to the estimator as it happened.
fn announce(calls: &[Offered]) -> (Vec<Announced<'_>>, Expected) {
    let (agents, mut expected) = (agents(calls), Expected::new());
    let mut happens: Vec<(Timestamp, Happens, usize)> = Vec::new();
    for (n, call) in calls.iter().enumerate() {
        if call.queued {
            happens.push((call.at, Happens::Entered, n));
        }
        happens.push(match call.fate {
            // Who was answered in the second of entering was not before entering.
            Fate::Answered { at, .. } if at == call.at => (at, Happens::Abandoned, n),
            Fate::Answered { at, .. } => (at, Happens::Answered, n),
            Fate::Abandoned { at } => (at, Happens::Abandoned, n),
        });
    }
    let servers = presence::servers(calls);
    happens.extend(freed(calls));
    happens.sort_unstable();
    let mut waiting = BTreeSet::new();
    let (mut told, mut last, mut service) = (BTreeMap::new(), VecDeque::from([Duration::ZERO]), 180.0);
    for (now, what, n) in happens {
        let (call, id) = (&calls[n], CallId::from_u128(n as u128));
        let serves = |server: Option<&str>| {
            let kinds = server.and_then(|name| servers.get(name)).map(|server| &server.kinds);
            kinds.into_iter().flatten().map(|kind| queue_of(kind)).collect::<Vec<_>>()
        };
        if what == Happens::Freed {
            if !waiting.iter().any(|(_, other): &(_, usize)| pool(&calls[*other]) == pool(call)) {
                for queue in serves(call.server()) {
                    note(&mut told, expected.agent_free(queue, None, now));
                }
            }
            continue;
        }
        if what == Happens::Entered {
            let ahead = waiting.iter().filter(|(turn, other): &&(_, usize)| {
                *turn < call.turn() && pool(&calls[*other]) == pool(call)
            });
            let place = u32::try_from(ahead.count() + 1).unwrap();
            waiting.insert((call.turn(), n));
            let (queue, agents) = (queue_of(&call.kind), agents(now));
            let waiter = Waiter { queue, priority: call.priority, place, agents };
            let ewt = expected.entered(id, waiter, now);
            let erlang = Duration::from_secs_f64(f64::from(place) * service / f64::from(agents));
            let mean = last.iter().sum::<Duration>() / u32::try_from(last.len()).unwrap();
            let wait = call.is_answered().then(|| call.wait());
            told.insert(n, Announced { call, ewt, wait, baselines: [last[last.len() - 1], erlang, mean] });
            continue;
        }
        waiting.remove(&(call.turn(), n));
        match call.fate {
            Fate::Answered { at, until, .. } => {
                expected.answered(id, now);
                let took = Took { priority: call.priority, entered: call.at };
                for queue in serves(call.server()) {
                    note(&mut told, expected.agent_free(queue, Some(took), now));
                }
                if !call.queued {
                    continue;
                }
                service += 0.01 * (until.since(at).as_secs_f64() - service);
                last.push_back(call.wait());
                if last.len() > 10 {
                    last.pop_front();
                }
            }
            Fate::Abandoned { .. } => expected.abandoned(id, now),
        }
    }
    (told.into_values().collect(), expected)
}

/// Writes down what the waits of those who hung up would have been.
fn note(told: &mut BTreeMap<usize, Announced>, known: Vec<(CallId, Duration)>) {
    for (call, wait) in known {
        if let Some(of) = told.get_mut(&usize::try_from(call.as_u128()).unwrap()) {
            of.wait = Some(wait);
        }
    }
}

/// Announcements of times that came true.
#[derive(Clone, Copy, Debug, Default)]
struct Coverage {
    calls: u32,
    p50: u32,
    p80: u32,
}

impl Coverage {
    fn add(&mut self, of: &Announced) {
        if let (Ewt::Time { p50, p80 }, Some(wait)) = (of.ewt, of.wait) {
            self.calls += 1;
            self.p50 += u32::from(wait <= p50);
            self.p80 += u32::from(wait <= p80);
        }
    }
    fn percent(self) -> (f64, f64) {
        let of = |count| 100.0 * f64::from(count) / f64::from(self.calls.max(1));
        (of(self.p50), of(self.p80))
    }
}

/// Seconds by which a quantile was off, weighted so that the true quantile is best.
fn pinball(wait: Duration, said: Duration, level: f64) -> f64 {
    let off = wait.as_secs_f64() - said.as_secs_f64();
    if off > 0.0 { level * off } else { (level - 1.0) * off }
}

/// Coverage of all whose wait is known, and of those who were answered, by group.
fn coverage(told: &[Announced], by: impl Fn(&Announced) -> String) -> BTreeMap<String, [Coverage; 2]> {
    let mut covered = BTreeMap::<String, [Coverage; 2]>::new();
    for of in told {
        let [all, answered] = covered.entry(by(of)).or_default();
        all.add(of);
        if of.call.is_answered() {
            answered.add(of);
        }
    }
    println!("          known    p50 %    p80 %   answered    p50 %    p80 %");
    for (group, [all, answered]) in &covered {
        let ((p50, p80), (answered50, answered80)) = (all.percent(), answered.percent());
        println!(
            "{group:8} {:6} {p50:8.1} {p80:8.1}     {:6} {answered50:8.1} {answered80:8.1}",
            all.calls, answered.calls
        );
    }
    covered
}

/// Mean losses of p50 and p80, of ours and of the baselines, over those who were told a time.
fn losses(told: &[Announced], answered_only: bool) -> [(f64, f64); 4] {
    let (mut sums, mut n) = ([(0.0, 0.0); 4], 0.0);
    for of in told.iter().filter(|of| of.call.is_answered() || !answered_only) {
        let (Ewt::Time { p50, p80 }, Some(wait)) = (of.ewt, of.wait) else { continue };
        let [les, erlang, mean] = of.baselines;
        n += 1.0;
        let said = [(p50, p80), (les, les), (erlang, erlang), (mean, mean)];
        for (sum, (half, most)) in sums.iter_mut().zip(said) {
            sum.0 += pinball(wait, half, 0.5);
            sum.1 += pinball(wait, most, 0.8);
        }
    }
    sums.map(|(half, most)| (half / n, most / n))
}

fn within(percent: f64, from: f64, to: f64) -> bool {
    (from..=to).contains(&percent)
}

#[test]
fn announced_waits_come_true_as_often_as_they_say() {
    let Some(calls) = offered() else { return };
    let (told, expected) = announce(&calls);
    let overall = coverage(&told, |_| "all".to_owned())["all"];
    for (p50, p80) in overall.map(Coverage::percent) {
        assert!(within(p50, 45.0, 55.0) && within(p80, 75.0, 85.0), "{overall:?}");
    }
    for (kind, [covered, _]) in coverage(&told, |of| of.call.kind.clone()) {
        let (p50, p80) = covered.percent();
        // Of a hundred callers chance alone takes four off.
        let few = covered.calls < 300;
        assert!(few || within(p50, 45.0, 55.0) && within(p80, 75.0, 85.0), "{kind}: {covered:?}");
    }
    let hour = |at: Timestamp| at.since(crate::month::BEGIN).as_secs() / 3_600 % 24;
    for (hour, [covered, _]) in coverage(&told, |of| format!("{:02} h", hour(of.call.at))) {
        let (p50, p80) = covered.percent();
        let few = covered.calls < 300;
        assert!(few || within(p50, 42.0, 58.0) && within(p80, 72.0, 88.0), "{hour}: {covered:?}");
    }
    let places = told.iter().filter(|of| matches!(of.ewt, Ewt::Place(_))).count();
    let unknown = told.iter().filter(|of| of.wait.is_none()).count();
    println!("{} waited, {places} were told their place only, {unknown} waits are unknown", told.len());
    assert!(places * 20 < told.len() && unknown * 20 < told.len(), "{places}, {unknown}");
    let scored: u64 =
        (0..6).filter_map(|queue| expected.score(QueueNo(queue))).map(|score| score.waits).sum();
    assert_eq!(scored, u64::from(overall[0].calls), "the estimator's own books say the same");
}

#[test]
fn announced_waits_are_nearer_than_those_of_the_usual_formulas() {
    let Some(calls) = offered() else { return };
    let (told, _) = announce(&calls);
    let (known, answered) = (losses(&told, false), losses(&told, true));
    println!("pinball loss, s        known: p50      p80  answered: p50      p80");
    let names = ["pace and place"].into_iter().chain(BASELINES);
    for (name, (known, answered)) in names.clone().zip(known.iter().zip(&answered)) {
        println!("{name:22} {:10.2} {:8.2} {:14.2} {:8.2}", known.0, known.1, answered.0, answered.1);
    }
    for (name, other) in names.zip(known).skip(1) {
        assert!(known[0].0 < other.0 && known[0].1 < other.1, "{name} is nearer: {other:?}");
    }
}
