//! The answers of `sambung suggest` for a program.

use super::words::Shown;
use serde_json::{Value, json};
use suggest::evaluate::{Evaluation, Split};

pub(super) fn shown(of: &Shown<'_>) -> Value {
    json!({
        "customer": of.customer,
        "value": of.standing,
        "priority": of.priority,
        "likely_next": of.likely_next,
        "fits_with": of.fits_with,
    })
}

pub(super) fn evaluated(split: Split, of: &Evaluation) -> Value {
    json!({
        "learnt_to": split.trained_to.to_string(),
        "tried_to": split.tested_to.to_string(),
        "likely_next": of.likely_next,
        "fits_with": of.fits_with,
        "value": of.value,
    })
}
