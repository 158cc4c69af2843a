//! What is suggested to whom, and why.

use crate::shop::*;
use suggest::{Purchase, Reason};

#[test]
fn what_is_bought_most_often_comes_first_and_says_so() {
    let mut lines = town();
    for month in 1..=7 {
        lines.push(line("eve", "coffee", &format!("2026-{month:02}-12")));
    }
    lines.push(line("eve", "cups", "2026-07-12"));
    let list = train(lines).likely_next("eve", day("2026-08-20"), 2);
    assert_eq!(ids(&list), ["coffee", "cups"]);
    assert_eq!(list[0].reasons, [Reason::Bought { times: 7, last: day("2026-07-12") }]);
    assert_eq!(list[0].name, "the coffee");
}

#[test]
fn an_order_split_in_two_is_no_habit() {
    let again = Purchase { order: "second".into(), ..line("eve", "tea", "2026-02-01") };
    let list = train(vec![line("eve", "tea", "2026-02-01"), again]).likely_next("eve", day("2026-02-02"), 1);
    assert_eq!(list[0].reasons, [Reason::Bought { times: 1, last: day("2026-02-01") }]);
}

#[test]
fn an_old_habit_gives_way_to_a_new_one() {
    let mut lines = Vec::new();
    for at in 1..=3 {
        lines.push(line("eve", "milk powder", &format!("2023-0{at}-01")));
        lines.push(line("other", "milk powder", &format!("2026-0{at}-01")));
    }
    lines.extend(["2026-02-01", "2026-03-01"].map(|on| line("eve", "school books", on)));
    lines.extend(["2026-02-01", "2026-03-01"].map(|on| line("other", "school books", on)));
    let list = train(lines).likely_next("eve", day("2026-03-10"), 2);
    assert_eq!(ids(&list), ["school books", "milk powder"]);
}

#[test]
fn what_fits_is_new_to_them_and_names_what_it_goes_with() {
    let mut lines = town();
    lines.push(line("eve", "printer", "2026-02-01"));
    let list = train(lines).fits_with("eve", day("2026-02-02"), 10);
    assert_eq!(list[0].item_id, "toner");
    assert!(!ids(&list).contains(&"printer"), "she has one");
    let goes_with = Reason::GoesWith { item_id: "printer".into(), name: "the printer".into(), customers: 50 };
    assert_eq!(list[0].reasons[0], goes_with);
}

#[test]
fn two_who_met_by_accident_do_not_outdo_a_hundred() {
    let mut lines = town();
    // Two people bought a clock and a printer: by lift, that would be the strongest pair of all.
    for who in ["p1", "p2"] {
        lines.extend(["clock", "printer"].map(|product| line(who, product, "2026-01-20")));
    }
    lines.push(line("eve", "printer", "2026-02-01"));
    let list = train(lines).fits_with("eve", day("2026-02-02"), 10);
    let place = |item: &str| ids(&list).iter().position(|id| *id == item);
    assert_eq!(place("toner"), Some(0));
    assert!(place("clock") > place("toner"));
}

#[test]
fn somebody_unknown_hears_what_is_popular_and_nothing_that_fits() {
    let model = train(town());
    let today = day("2026-02-02");
    let list = model.likely_next("nobody", today, 2);
    assert_eq!(ids(&list), ["coffee", "printer"], "of equals the one that was sold first");
    assert_eq!(list[0].reasons, [Reason::Popular { customers: 60 }]);
    assert!(model.fits_with("nobody", today, 5).is_empty());
    assert!(train(Vec::new()).likely_next("nobody", today, 5).is_empty());
}

#[test]
fn a_short_history_is_filled_up_without_repeating_itself() {
    let mut lines = town();
    lines.push(line("eve", "coffee", "2026-02-01"));
    let list = train(lines).likely_next("eve", day("2026-02-02"), 10);
    assert_eq!(list[0].item_id, "coffee");
    let mut seen = ids(&list);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), list.len());
    assert!(list[1..].iter().all(|one| one.reasons[0].kind() == "popular"));
}

#[test]
fn a_reason_is_words_for_programs() {
    let mut lines = town();
    lines.push(line("eve", "printer", "2026-02-01"));
    let model = train(lines);
    let json = |list| serde_json::to_value::<Vec<suggest::Suggestion>>(list).unwrap();
    let likely = json(model.likely_next("eve", day("2026-02-02"), 1));
    assert_eq!(
        likely[0]["reasons"][0],
        serde_json::json!({"kind": "bought", "times": 1, "last": "2026-02-01"})
    );
    let fits = json(model.fits_with("eve", day("2026-02-02"), 1));
    assert_eq!(
        fits[0]["reasons"][0],
        serde_json::json!({"kind": "goes_with", "item_id": "printer", "name": "the printer", "customers": 50})
    );
}

#[test]
fn every_suggestion_has_a_reason() {
    let model = train(town());
    for at in 0..50 {
        for who in [format!("office-{at}"), format!("kitchen-{at}")] {
            let lists = [
                model.likely_next(&who, day("2026-02-02"), 10),
                model.fits_with(&who, day("2026-02-02"), 10),
            ];
            assert!(lists.iter().flatten().all(|one| !one.reasons.is_empty()));
        }
    }
}
