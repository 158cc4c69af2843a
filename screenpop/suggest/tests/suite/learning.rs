//! Learning line by line, within bounds.

use crate::shop::*;
use suggest::{Model, Rules, Settings};

#[test]
fn the_sequence_of_a_file_does_not_matter() {
    let lines = town();
    let mut backwards = lines.clone();
    backwards.reverse();
    let lists = |model: &Model| {
        let today = day("2026-02-02");
        let of = |at: usize| {
            let who = format!("office-{at}");
            (model.likely_next(&who, today, 10), model.fits_with(&who, today, 10))
        };
        (0..50).map(of).collect::<Vec<_>>()
    };
    let sorted = |mut lines: Vec<_>| {
        lines.sort_by(|a: &suggest::Purchase, b| a.product.cmp(&b.product));
        lines
    };
    assert_eq!(lists(&train(sorted(lines))), lists(&train(sorted(backwards))));
}

#[test]
fn learning_line_by_line_comes_to_the_same() {
    let mut lines = town();
    lines.sort_by(|a, b| (a.day, a.minute, &a.order).cmp(&(b.day, b.minute, &b.order)));
    let mut model = Model::new(Settings::default(), Rules::default());
    for line in &lines {
        model.learn(line);
    }
    assert_eq!(model.refresh(usize::MAX), 0);
    assert_eq!(model.to_bytes().unwrap(), train(lines).to_bytes().unwrap());
}

#[test]
fn a_new_line_counts_at_once_and_its_company_a_little_later() {
    let mut model = train(town());
    let today = day("2026-02-05");
    for at in 0..20 {
        for product in ["printer", "paper"] {
            model.learn(&line(&format!("new-{at}"), product, "2026-02-04"));
        }
    }
    assert_eq!(first_reason(&model.likely_next("new-1", today, 5), "paper").kind(), "bought");
    let mut left = usize::MAX;
    while left > 0 {
        let now = model.refresh(1);
        assert!(now < left, "every step makes one less");
        left = now;
    }
    model.learn(&line("eve", "paper", "2026-02-05"));
    model.refresh(usize::MAX);
    assert_eq!(first_reason(&model.fits_with("eve", today, 5), "printer").kind(), "goes_with");
}

#[test]
fn a_model_keeps_within_its_bounds() {
    let settings =
        Settings { max_customers: 3, max_products: 4, max_bought: 2, max_pairs: 5, ..Settings::default() };
    let mut model = Model::new(settings, Rules::default());
    for at in 0..20 {
        model.learn(&line(
            &format!("c{}", at % 5),
            &format!("p{}", at % 7),
            &format!("2026-01-{:02}", at + 1),
        ));
    }
    model.refresh(usize::MAX);
    let (customers, products) = model.size();
    assert!(customers <= 3 && products <= 4);
    assert!(model.counts().no_room > 0);
    let list = model.likely_next("c0", day("2026-02-01"), 10);
    assert!(list.iter().filter(|one| one.reasons[0].kind() == "bought").count() <= 2);
}

#[test]
fn of_too_many_products_those_bought_longest_ago_are_forgotten() {
    let settings = Settings { max_bought: 2, ..Settings::default() };
    let lines = vec![
        line("eve", "tea", "2026-01-01"),
        line("eve", "rice", "2026-01-02"),
        line("eve", "soap", "2026-01-03"),
    ];
    let model = Model::train(settings, Rules::default(), lines);
    let list = model.likely_next("eve", day("2026-01-04"), 10);
    let bought = list.iter().filter(|one| one.reasons[0].kind() == "bought").map(|one| one.item_id.as_str());
    let mut bought = bought.collect::<Vec<_>>();
    bought.sort_unstable();
    assert_eq!(bought, ["rice", "soap"]);
}
