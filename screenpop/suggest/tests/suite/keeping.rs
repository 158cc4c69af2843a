//! A model as bytes, and what stays of somebody who is to be forgotten.

use crate::shop::*;
use suggest::{List, Model, Outcome, StoreError, value::ValueRules};

fn model() -> Model {
    let mut model = train(town());
    model.contacted("office-3", day("2026-02-01"), 12.5);
    let outcome =
        model.note_outcome("office-3", "coffee", List::FitsWith, Outcome::Declined, day("2026-02-01"));
    outcome.unwrap();
    model
}

#[test]
fn a_model_reads_back_as_it_was() {
    let mut model = model();
    model.learn(&line("eve", "printer", "2026-02-02")); // with rows that wait to be computed
    let bytes = model.to_bytes().unwrap();
    let mut read = Model::from_bytes(&bytes).unwrap();
    assert_eq!(read.to_bytes().unwrap(), bytes);
    assert_eq!(read.refresh(usize::MAX), model.refresh(usize::MAX));
    for who in ["eve", "office-3", "kitchen-4"] {
        let today = day("2026-02-03");
        assert_eq!(read.fits_with(who, today, 10), model.fits_with(who, today, 10));
        assert_eq!(read.likely_next(who, today, 10), model.likely_next(who, today, 10));
    }
}

#[test]
fn what_is_no_model_is_refused() {
    assert!(matches!(Model::from_bytes(b""), Err(StoreError::NotAModel)));
    assert!(matches!(Model::from_bytes(b"order,product\n"), Err(StoreError::NotAModel)));
    let mut bytes = model().to_bytes().unwrap();
    bytes[11] += 1;
    assert!(matches!(Model::from_bytes(&bytes), Err(StoreError::OtherVersion)));
    bytes[11] -= 1;
    for length in (12..bytes.len()).step_by(37) {
        assert!(matches!(Model::from_bytes(&bytes[..length]), Err(StoreError::Damaged(_))), "{length}");
    }
}

#[test]
fn a_damaged_model_is_refused_or_serves_and_never_panics() {
    let bytes = model().to_bytes().unwrap();
    for at in 12..bytes.len() {
        for flip in [0x01_u8, 0x80] {
            let mut damaged = bytes.clone();
            damaged[at] ^= flip;
            if let Ok(mut model) = Model::from_bytes(&damaged) {
                let today = day("2026-02-03");
                let _lists = (model.fits_with("office-3", today, 3), model.likely_next("office-3", today, 3));
                let _value = model.by_value(today, &ValueRules::default());
                model.refresh(1);
            }
        }
    }
}

#[test]
fn nothing_stays_of_somebody_who_is_forgotten() {
    let mut model = model();
    model.learn(&line("budi-santoso", "printer", "2026-02-01"));
    model.contacted("budi-santoso", day("2026-02-01"), 3.0);
    let holds = |model: &Model| model.to_bytes().unwrap().windows(12).any(|window| window == b"budi-santoso");
    assert!(holds(&model));
    assert!(model.forget("budi-santoso"));
    assert!(!model.forget("budi-santoso") && !holds(&model));
    assert!(model.fits_with("budi-santoso", day("2026-02-02"), 5).is_empty());
    assert!(model.standing("budi-santoso", day("2026-02-02"), &ValueRules::default()).is_none());
    model.refresh(usize::MAX);
    let list = model.fits_with("office-4", day("2026-02-02"), 5);
    assert!(!list.is_empty());
    let popular = model.likely_next("nobody", day("2026-02-02"), 1);
    assert_eq!(
        popular[0].reasons,
        [suggest::Reason::Popular { customers: 60 }],
        "the others are still there"
    );
}

#[test]
fn a_model_trained_anew_knows_what_the_one_before_was_told() {
    let before = model();
    let mut after = train(town());
    after.take_over_outcomes(&before);
    after.take_over_contacts(&before);
    assert_eq!(after.acceptance(), before.acceptance());
    let today = day("2026-02-03");
    assert_eq!(after.fits_with("office-3", today, 5), before.fits_with("office-3", today, 5));
    let rules = ValueRules::default();
    assert_eq!(after.standing("office-3", today, &rules), before.standing("office-3", today, &rules));
}
