//! A real shop: trained up to May, tried on June to August.
//!
//! The settings were chosen on earlier cuts (see [`suggest::Settings`]).

use crate::shop::day;
use std::{fs::File, path::PathBuf};
use suggest::evaluate::{Comparison, Evaluation, Split, evaluate};
use suggest::{Purchase, Rules, Settings, lines::Lines};

/// The lines of the shop, or `None` (with a word about it) where they are not there.
fn lines() -> Option<Vec<Purchase>> {
    let shared = std::env::var_os("SAMBUNG_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let path = shared.join("data/customers/online-retail/transactions-2010-12_2011-08.csv.gz");
    let Ok(file) = File::open(&path) else {
        println!("skipped: {} is not there", path.display());
        return None;
    };
    let lines = Lines::open(flate2::read::GzDecoder::new(file)).unwrap();
    Some(lines.map(Result::unwrap).collect())
}

fn tell(name: &str, of: &Comparison) {
    println!(
        "{name}: HR@10 {:.3} ({:.3} to {:.3}), NDCG@10 {:.3}; popularity {:.3}, {:.3}; {:.2} times ({:.2} to {:.2}) on {} orders",
        of.list.hit.rate,
        of.list.hit.low,
        of.list.hit.high,
        of.list.ndcg,
        of.popularity.hit.rate,
        of.popularity.ndcg,
        of.ratio,
        of.ratio_low,
        of.ratio_high,
        of.list.hit.of,
    );
}

#[test]
fn suggestions_and_values_are_worth_having() {
    let Some(lines) = lines() else { return };
    let split = Split { trained_to: day("2011-05-31"), tested_to: day("2011-08-31") };
    let Evaluation { likely_next, fits_with, value } =
        evaluate(&Settings::default(), &Rules::default(), &lines, split);
    tell("likely_next", &likely_next);
    tell("fits_with", &fits_with);
    println!("{value:?}");
    assert!(likely_next.list.hit.of > 1_000 && fits_with.list.hit.of > 1_000);
    assert!(likely_next.ratio >= 1.5, "{likely_next:?}");
    assert!(fits_with.ratio >= 1.6, "{fits_with:?}");
    assert!(likely_next.list.ndcg > 2.0 * likely_next.popularity.ndcg);
    assert!(fits_with.list.ndcg > 1.6 * fits_with.popularity.ndcg);
    assert!(value.by_value >= 0.68, "{value:?}");
}
