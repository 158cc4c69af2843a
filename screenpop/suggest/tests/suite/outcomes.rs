//! What becomes of suggestions.

use crate::shop::*;
use suggest::{List, Model, Outcome, OutcomeError, Rate};

fn with_eve() -> Model {
    let mut lines = town();
    lines.extend(["coffee", "cups"].map(|product| line("eve", product, "2026-02-01")));
    lines.push(line("ben", "coffee", "2026-02-01"));
    lines.push(line("ben", "cups", "2026-02-01"));
    train(lines)
}

fn tell(model: &mut Model, who: &str, item: &str, outcome: Outcome) {
    model.note_outcome(who, item, List::FitsWith, outcome, day("2026-02-02")).unwrap();
}

#[test]
fn what_was_declined_goes_down_for_this_customer_alone_and_comes_back() {
    let mut model = with_eve();
    let score = |model: &Model, who: &str, on: &str| {
        let list = model.fits_with(who, day(on), 10);
        list.iter().find(|one| one.item_id == "printer").unwrap().score
    };
    let (before, bens) = (score(&model, "eve", "2026-02-02"), score(&model, "ben", "2026-02-02"));
    tell(&mut model, "eve", "printer", Outcome::Declined);
    let after = score(&model, "eve", "2026-02-02");
    assert!((after / before - 0.5).abs() < 1e-9, "{before} {after}");
    assert_eq!(score(&model, "ben", "2026-02-02"), bens);
    let later = score(&model, "eve", "2027-02-02");
    assert!(later > 0.9 * before, "nobody is held to it for ever: {later}");
}

#[test]
fn what_is_beside_the_point_does_not_fill_a_list_up() {
    let mut model = with_eve();
    assert!(ids(&model.likely_next("eve", day("2026-02-02"), 10)).contains(&"toner"));
    tell(&mut model, "eve", "toner", Outcome::Irrelevant);
    assert!(!ids(&model.likely_next("eve", day("2026-02-02"), 10)).contains(&"toner"));
}

#[test]
fn offering_and_accepting_push_nothing_back() {
    let mut model = with_eve();
    let before = model.fits_with("eve", day("2026-02-02"), 10);
    tell(&mut model, "eve", "printer", Outcome::Offered);
    tell(&mut model, "eve", "printer", Outcome::Accepted);
    assert_eq!(model.fits_with("eve", day("2026-02-02"), 10), before);
}

#[test]
fn outcomes_are_counted_by_product_and_list() {
    let mut model = with_eve();
    for (outcome, times) in [(Outcome::Offered, 10), (Outcome::Accepted, 3), (Outcome::Declined, 6)] {
        for _ in 0..times {
            tell(&mut model, "eve", "toner", outcome);
        }
    }
    tell(&mut model, "ben", "toner", Outcome::Irrelevant);
    model.note_outcome("eve", "toner", List::LikelyNext, Outcome::Accepted, day("2026-02-02")).unwrap();
    let found = model.acceptance();
    assert_eq!(found.len(), 2);
    let fits = found.iter().find(|one| one.list == List::FitsWith).unwrap();
    assert_eq!((fits.outcomes.offered, fits.accepted.hits, fits.accepted.of), (10, 3, 10));
    let unknown = model.note_outcome("eve", "gold", List::FitsWith, Outcome::Offered, day("2026-02-02"));
    assert_eq!(unknown, Err(OutcomeError::NoSuchProduct("gold".into())));
}

#[test]
fn a_rate_says_how_far_it_is_to_be_believed() {
    // Wilson's interval, as R's prop.test(…, correct = FALSE) gives it.
    let rate = Rate::of(3, 10);
    assert!((rate.low - 0.107_789).abs() < 1e-5 && (rate.high - 0.603_222).abs() < 1e-5, "{rate:?}");
    assert_eq!((Rate::of(0, 0).low, Rate::of(0, 0).high), (0.0, 1.0));
    assert!(Rate::of(5, 5).high <= 1.0 && Rate::of(5, 5).low < 1.0);
    assert!(Rate::of(0, 5).low >= 0.0);
}

#[test]
fn no_customer_is_asked_to_remember_more_than_so_many_refusals() {
    let settings = suggest::Settings { max_refused: 1, ..suggest::Settings::default() };
    let mut model = Model::train(settings, suggest::Rules::default(), town());
    let score = |model: &Model, item: &str| {
        let list = model.fits_with("kitchen-1", day("2026-02-02"), 10);
        list.iter().find(|one| one.item_id == item).map(|one| one.score)
    };
    let before = score(&model, "printer");
    tell(&mut model, "kitchen-1", "printer", Outcome::Declined);
    assert!(score(&model, "printer") < before);
    tell(&mut model, "kitchen-1", "toner", Outcome::Irrelevant);
    assert_eq!(score(&model, "printer"), before, "the older one has made room");
}
