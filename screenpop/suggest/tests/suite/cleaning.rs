//! Which lines count.

use crate::shop::*;
use suggest::{Counts, Kind, Purchase, Rules};

#[test]
fn a_line_is_taken_for_what_it_is() {
    let sound = line("ann", "85123A", "2026-01-05");
    assert_eq!(kind(&sound), Kind::Bought);
    assert_eq!(kind(&Purchase { customer: String::new(), ..sound.clone() }), Kind::NoCustomer);
    for code in ["POST", "dot", "M", "bank charges", ""] {
        assert_eq!(kind(&Purchase { product: code.into(), ..sound.clone() }), Kind::NotGoods, "{code}");
    }
    assert_eq!(kind(&Purchase { quantity: -2.0, amount: -2_000, ..sound.clone() }), Kind::Returned);
    assert_eq!(kind(&Purchase { amount: 0, ..sound.clone() }), Kind::Free);
    assert_eq!(kind(&Purchase { quantity: f32::NAN, ..sound.clone() }), Kind::Free);
    assert_eq!(kind(&Purchase { amount: -500, ..sound }), Kind::Correction);
}

#[test]
fn a_cancelled_order_is_known_by_its_number() {
    let order = |order: &str| Purchase { order: order.into(), ..line("ann", "85123A", "2026-01-05") };
    assert_eq!(kind(&order("C536379")), Kind::Returned);
    assert_eq!(kind(&order("c536379")), Kind::Returned);
    for sound in ["536379", "CASH-12", "C", "2026/C12"] {
        assert_eq!(kind(&order(sound)), Kind::Bought, "{sound}");
    }
    let no_such_numbers = Rules { cancelled: String::new(), ..Rules::default() };
    assert_eq!(no_such_numbers.kind(&order("C536379")), Kind::Bought);
}

#[test]
fn only_days_within_the_bounds_count() {
    let rules = Rules { not_before: day("2026-01-01"), not_after: day("2026-01-31"), ..Rules::default() };
    let on = |on: &str| rules.kind(&line("ann", "tea", on));
    assert_eq!(on("2025-12-31"), Kind::TooOld);
    assert_eq!(on("2026-01-01"), Kind::Bought);
    assert_eq!(on("2026-01-31"), Kind::Bought);
    assert_eq!(on("2026-02-01"), Kind::Future);
}

#[test]
fn every_line_is_counted_once() {
    let mut lines = town();
    lines.push(back("office-1", "toner", "2026-02-01"));
    lines.push(line("office-1", "POST", "2026-02-01"));
    let count = lines.len() as u64;
    let counts = train(lines).counts();
    assert_eq!(counts, Counts { bought: count - 2, returned: 1, not_goods: 1, ..Counts::default() });
}

#[test]
fn what_came_back_whole_counts_as_never_bought() {
    let mut lines = town();
    lines.push(line("eve", "printer", "2026-02-01"));
    lines.push(line("eve", "coffee", "2026-02-01"));
    lines.push(back("eve", "coffee", "2026-02-03"));
    // Bought before the records began: only money.
    lines.push(back("eve", "genset", "2026-02-03"));
    let model = train(lines);
    let today = day("2026-02-04");
    assert_eq!(first_reason(&model.likely_next("eve", today, 5), "printer").kind(), "bought");
    assert_ne!(first_reason(&model.likely_next("eve", today, 5), "coffee").kind(), "bought");
}

#[test]
fn what_came_back_in_part_is_kept() {
    let mut lines = vec![Purchase { quantity: 6.0, ..line("eve", "cups", "2026-02-01") }];
    lines.push(Purchase { quantity: -2.0, ..back("eve", "cups", "2026-02-02") });
    let model = train(lines);
    let list = model.likely_next("eve", day("2026-02-03"), 5);
    assert_eq!(first_reason(&list, "cups").kind(), "bought");
}
