//! A made-up day whose identities hold, and what each of them says when a row is wrong.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use wfm::{
    Micros,
    identities::{self, Violation, What},
    interval::{Grid, Length},
    rows::{Fate, Offer, OfferEnd, Rows, Span, State, Visit, Work},
    tally::{self, Attribution, Rules, Thresholds},
};

const SECOND: Micros = 1_000_000;
const MINUTE: Micros = 60 * SECOND;

struct TwoQueues;
impl Rules for TwoQueues {
    fn thresholds(&self, _: usize, _: usize) -> Thresholds {
        Thresholds { within: 20 * SECOND, short: 5 * SECOND }
    }
    fn serves(&self, agent: usize, _: usize) -> &[usize] {
        [&[0, 1][..], &[1][..]].get(agent).copied().unwrap_or_default()
    }
}

fn grid() -> Grid {
    Grid::cut(0, 120 * MINUTE, Length::Half, &jiff::tz::TimeZone::UTC).unwrap()
}

/// One agent and a call across the first bound, with wrap-up; one abandoned, one overflowed and taken, one waiting.
fn day() -> Rows {
    let mut rows = Rows::default();
    let visit = |call, number, queue, entered, fate| Visit { call, number, queue, entered, fate };
    let work = |talk, wrap_up, done| Some(Work { talk, hold: 0, wrap_up, done });
    rows.visits = vec![
        visit(
            1,
            1,
            0,
            29 * MINUTE,
            Fate::Answered {
                at: 29 * MINUTE + 20 * SECOND,
                agent: 0,
                work: work(2 * MINUTE, 10 * SECOND, 31 * MINUTE + 30 * SECOND),
            },
        ),
        visit(2, 1, 0, 30 * MINUTE, Fate::Abandoned { at: 30 * MINUTE + 4 * SECOND }),
        visit(3, 1, 0, 59 * MINUTE, Fate::FlowOut { at: 61 * MINUTE }),
        visit(3, 2, 1, 61 * MINUTE, Fate::Answered { at: 62 * MINUTE, agent: 0, work: None }),
        visit(4, 1, 1, 90 * MINUTE, Fate::Waiting),
    ];
    let offer = |call, visit, queue, ended, outcome| Offer { call, visit, queue, agent: 0, ended, outcome };
    rows.offers = vec![
        offer(1, 1, 0, 29 * MINUTE + 20 * SECOND, OfferEnd::Accepted),
        offer(3, 1, 0, 60 * MINUTE, OfferEnd::NoAnswer),
        offer(3, 2, 1, 62 * MINUTE, OfferEnd::Accepted),
    ];
    let span = |state, queue, from, to| Span { agent: 0, state, queue, from, to };
    rows.spans = vec![
        span(State::NotReady, None, 0, 10 * MINUTE),
        span(State::Ready, None, 10 * MINUTE, 29 * MINUTE),
        span(State::Reserved, Some(0), 29 * MINUTE, 29 * MINUTE + 20 * SECOND),
        span(State::Talking, Some(0), 29 * MINUTE + 20 * SECOND, 31 * MINUTE + 20 * SECOND),
        span(State::WrapUp, Some(0), 31 * MINUTE + 20 * SECOND, 31 * MINUTE + 30 * SECOND),
        span(State::Ready, None, 31 * MINUTE + 30 * SECOND, 120 * MINUTE),
    ];
    rows
}

fn violations(rows: &Rows) -> Vec<Violation> {
    let grid = grid();
    let queues = tally::queues(&grid, 2, rows, &TwoQueues, Attribution::Event);
    let agents = tally::agents(&grid, 2, rows);
    identities::check(&grid, rows, &queues, &agents)
}

#[test]
fn a_sound_day_satisfies_all_six() {
    assert_eq!(violations(&day()), []);
}

#[test]
fn counts_go_to_their_events_and_time_is_cut_at_the_bound() {
    let (grid, rows) = (grid(), day());
    let table = tally::queues(&grid, 2, &rows, &TwoQueues, Attribution::Event);
    let first = table.get(0, 0).unwrap();
    assert_eq!(
        (first.offered, first.counts.answered, first.counts.answered_in_t, first.handled),
        (1, 1, 1, 0)
    );
    assert_eq!((first.talk, first.aht(), first.asa()), (40 * SECOND, None, Some(20 * SECOND)));
    let second = table.get(1, 0).unwrap();
    assert_eq!((second.offered, second.handled, second.aht()), (2, 1, Some(130 * SECOND)));
    assert_eq!((second.talk, second.wrap_up), (80 * SECOND, 10 * SECOND));
    assert_eq!((second.counts.abandoned, second.counts.short_abandoned), (1, 1));
    let third = table.get(2, 0).unwrap();
    assert_eq!((third.flow_out, third.rona), (1, 1));
    let occupancy = first.occupancy().unwrap();
    assert!((occupancy - 40.0 / (40.0 + 19.0 * 60.0)).abs() < 1e-12);
}

#[test]
fn an_agent_counts_for_every_queue_she_serves_and_once_for_herself() {
    let (grid, rows) = (grid(), day());
    let queues = tally::queues(&grid, 2, &rows, &TwoQueues, Attribution::Event);
    assert_eq!(queues.get(0, 0).unwrap().occupancy(), queues.get(0, 1).unwrap().occupancy());
    let agents = tally::agents(&grid, 2, &rows);
    let first = agents.get(0, 0).unwrap();
    assert_eq!(first.staffed(), 30 * MINUTE);
    assert_eq!((first.answered, first.handled, first.talk), (1, 0, 40 * SECOND));
    assert_eq!(agents.get(0, 1).unwrap().occupancy(), None);
}

#[test]
fn a_missing_offer_a_second_offer_and_an_offer_of_nobody_are_told() {
    let mut rows = day();
    let removed = rows.offers.remove(0);
    assert!(
        violations(&rows)
            .iter()
            .any(|v| v.what == What::Offers { call: 1, visit: 1, accepted: 0, answered: true })
    );
    rows.offers.extend([removed, removed]);
    assert!(
        violations(&rows)
            .iter()
            .any(|v| v.what == What::Offers { call: 1, visit: 1, accepted: 2, answered: true })
    );
    let mut rows = day();
    rows.offers[0].call = 9;
    assert!(
        violations(&rows)
            .iter()
            .any(|v| v.what == What::Offers { call: 9, visit: 1, accepted: 1, answered: false })
    );
}

#[test]
fn an_agent_in_two_states_or_in_none_is_told() {
    let mut rows = day();
    rows.spans[1].to += SECOND;
    let gap = |gap: Micros| Violation {
        identity: 2,
        what: What::Time { agent: 0, at: 29 * MINUTE + gap * SECOND, gap: -gap * SECOND },
    };
    assert!(violations(&rows).contains(&gap(1)));
    let mut rows = day();
    rows.spans[1].to -= SECOND;
    assert!(violations(&rows).contains(&gap(-1)));
}

#[test]
fn a_caller_who_left_before_she_came_breaks_the_waits() {
    let mut rows = day();
    rows.visits[1].fate = Fate::Abandoned { at: 29 * MINUTE };
    assert!(violations(&rows).iter().any(|v| v.identity == 5), "{:?}", violations(&rows));
}

#[test]
fn a_table_that_lost_a_row_breaks_flow_and_sums() {
    let (grid, rows) = (grid(), day());
    let mut fewer = rows.clone();
    fewer.visits.remove(2);
    fewer.visits.remove(0);
    let queues = tally::queues(&grid, 2, &fewer, &TwoQueues, Attribution::Event);
    let agents = tally::agents(&grid, 2, &rows);
    let found: Vec<u8> = identities::check(&grid, &rows, &queues, &agents)
        .iter()
        .map(|violation| violation.identity)
        .collect();
    assert!(found.contains(&1) && found.contains(&3) && found.contains(&4), "{found:?}");
}
