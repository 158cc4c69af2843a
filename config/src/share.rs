//! A share of all time, such as 0.9.

use crate::table::{Check, Table};
use toml::de::DeValue;

/// Least and most, in thousandths.
const BOUNDS: (u16, u16) = (50, 1_000);

/// The share in thousandths; none when absent or wrong.
pub(crate) fn share(table: &mut Table<'_>, key: &'static str, check: &mut Check<'_>) -> Option<u16> {
    let typed = table.value(key)?;
    let number = match typed.value {
        DeValue::Float(number) => number.as_str().parse().ok(),
        DeValue::Integer(number) => i32::from_str_radix(number.as_str(), number.radix()).ok().map(f64::from),
        DeValue::String(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_)
        | DeValue::Array(_)
        | DeValue::Table(_) => None,
    };
    let way_out = "write a share of all time from 0.05 to 1, such as 0.9";
    let Some(number) = number else {
        check.findings.problem(&typed.place, format!("{} is no number", typed.shown()), way_out);
        return None;
    };
    let thousandths = (number * 1_000.0).round();
    if !(f64::from(BOUNDS.0)..=f64::from(BOUNDS.1)).contains(&thousandths) {
        check.findings.problem(&typed.place, format!("{} is out of range", typed.shown()), way_out);
        return None;
    }
    Some(thousandths as u16)
}
