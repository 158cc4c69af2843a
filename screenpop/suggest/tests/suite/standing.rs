//! Classes, values and priorities.

use crate::shop::*;
use suggest::value::{Class, Driver, Rung, ValueRules};
use suggest::{Model, Purchase};

fn buys(who: &str, dates: &[&str], cents: i64) -> Vec<Purchase> {
    dates.iter().map(|on| Purchase { amount: cents, ..line(who, "rice", on) }).collect()
}

fn house() -> Model {
    let mut lines =
        buys("regular", &["2026-01-05", "2026-02-05", "2026-03-05", "2026-04-05", "2026-05-05"], 50_000);
    lines.extend(buys("now and then", &["2026-01-05", "2026-03-20"], 30_000));
    lines.extend(buys("once", &["2025-06-01"], 2_000));
    train(lines)
}

#[test]
fn classes_are_three_and_say_what_made_them_so() {
    let (model, rules, today) = (house(), ValueRules::default(), day("2026-06-01"));
    let standing = |who: &str| model.standing(who, today, &rules).unwrap();
    let regular = standing("regular");
    assert_eq!((regular.class, regular.points), (Class::Potential, 9));
    let drivers = [
        Driver::Recency { days: Some(27), by_phone: false, points: 3 },
        Driver::Frequency { orders: 5, points: 3 },
        Driver::Money { cents: 250_000, points: 3 },
    ];
    assert_eq!(regular.drivers, drivers);
    assert_eq!((standing("now and then").class, standing("now and then").points), (Class::Ordinary, 6));
    assert_eq!((standing("once").class, standing("once").points), (Class::NotPotential, 3));
    assert!(model.standing("nobody", today, &rules).is_none());
}

#[test]
fn a_call_is_a_contact_too() {
    let (mut model, rules, today) = (house(), ValueRules::default(), day("2026-06-01"));
    model.contacted("once", day("2026-05-31"), 3.0);
    let standing = model.standing("once", today, &rules).unwrap();
    assert_eq!(standing.drivers[0], Driver::Recency { days: Some(1), by_phone: true, points: 3 });
    assert_eq!((standing.class, standing.points), (Class::Ordinary, 5));
}

#[test]
fn thresholds_are_within_on_both_sides() {
    let rules = ValueRules {
        recency_days: [27, 60],
        frequency: [5, 2],
        money: [250_000, 250_000],
        ..ValueRules::default()
    };
    let points =
        |on: &str| house().standing("regular", day(on), &rules).unwrap().drivers.map(|one| one.points());
    assert_eq!(points("2026-06-01"), [3, 3, 3]);
    assert_eq!(points("2026-06-02"), [2, 3, 3]);
    assert_eq!(points("2026-07-04"), [2, 3, 3]);
    assert_eq!(points("2026-07-05"), [1, 3, 3]);
}

#[test]
fn what_serving_costs_comes_off_and_may_be_more_than_what_comes_in() {
    let (mut model, today) = (house(), day("2026-05-05"));
    let rules = ValueRules { cost_per_minute: 500, ..ValueRules::default() };
    let before = model.standing("once", today, &rules).unwrap();
    model.contacted("once", today, 40.0);
    let after = model.standing("once", today, &rules).unwrap();
    assert_eq!(after.cost_to_serve_cents, 20_000);
    assert_eq!(after.value_cents, before.value_cents - 20_000);
    assert!(after.value_cents < 0);
    // A year later the minutes weigh a quarter, as the money does.
    let later = model.standing("once", day("2027-04-30"), &rules).unwrap();
    assert_eq!(later.cost_to_serve_cents, 5_000);
}

#[test]
fn what_comes_back_is_taken_off() {
    let mut lines = buys("eve", &["2026-05-01"], 30_000);
    lines.push(Purchase { amount: -10_000, quantity: -1.0, ..line("eve", "rice", "2026-05-01") });
    let standing = train(lines).standing("eve", day("2026-05-01"), &ValueRules::default()).unwrap();
    assert_eq!((standing.worth_cents, standing.returned_cents), (20_000, 10_000));
    assert_eq!(standing.drivers[2], Driver::Money { cents: 20_000, points: 1 });
}

#[test]
fn the_ladder_gives_calls_their_priority_and_says_why() {
    let lines = (0..100).flat_map(|at| buys(&format!("c{at:02}"), &["2026-05-01"], 1_000 + at)).collect();
    let (model, today) = (train(lines), day("2026-05-02"));
    let rules = ValueRules {
        ladder: vec![Rung { top_percent: 5, priority: 8 }, Rung { top_percent: 20, priority: 7 }],
        ..ValueRules::default()
    };
    let ladder = model.ladder(today, &rules);
    let priority = |who: &str| ladder.priority(&model.standing(who, today, &rules).unwrap());
    assert_eq!(priority("c95").unwrap().priority, 8);
    assert_eq!(priority("c94").unwrap().priority, 7);
    assert_eq!(priority("c80").unwrap().reasons, ["value_top_20_percent", "class_ordinary"]);
    assert_eq!(priority("c79"), None, "others keep the priority of their entry");
}

#[test]
fn who_costs_more_than_they_bring_in_is_on_no_rung() {
    let (mut model, today) = (train(buys("eve", &["2026-05-01"], 100)), day("2026-05-01"));
    let rules = ValueRules { cost_per_minute: 500, ..ValueRules::default() };
    model.contacted("eve", today, 10.0);
    let standing = model.standing("eve", today, &rules).unwrap();
    assert_eq!(model.ladder(today, &rules).priority(&standing), None);
}

#[test]
fn the_same_facts_give_the_same_order() {
    let model = house();
    let order = model.by_value(day("2026-06-01"), &ValueRules::default());
    let ids = order.iter().map(|(id, _)| *id).collect::<Vec<_>>();
    assert_eq!(ids, ["regular", "now and then", "once"]);
}
