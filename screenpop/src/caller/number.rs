//! Makes an E.164 number of dialled digits: which country, which trunk prefix, valid or merely possible.
//!
//! libphonenumber's rules (through `rlibphonenumber`) decide what is valid; the order in which readings are tried is
//! ours. The library gets digits and one leading `+`, nothing else, behind `catch_unwind`: its parser panics on some
//! texts that a SIP header can carry.

use super::split::Dialled;
use rlibphonenumber::{NumberLengthType, PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberType, Region as Country};
use serde::{Deserialize, Serialize};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Numbers of at most so many digits are internal: an extension of the PBX or a short code. In countries so small that
/// their own numbers are as short, a valid one goes first.
pub const MAX_INTERNAL_DIGITS: usize = 5;
/// Prefixes for a call abroad that PBXs leave in front of a number, whatever their country's own is.
const INTERNATIONAL_PREFIXES: [&str; 4] = ["00", "001", "011", "0011"];

/// How sure a number is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Validity {
    /// No number at all.
    #[default]
    None,
    /// Short: an extension behind the PBX or a service code. Has no E.164 form.
    Internal,
    /// Has a length that occurs, in a range that does not (or lacks its area code: then there is no E.164 form).
    Possible,
    /// A number that can exist.
    Valid,
}

/// A telephone number, as far as it could be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Number {
    /// `+` and at most 15 digits.
    pub e164: Option<String>,
    /// National significant number without trunk prefix; the bare digits when the country is unknown.
    pub national: Option<String>,
    /// How sure it is.
    pub validity: Validity,
    /// Digits of the extension.
    pub extension: Option<String>,
}

/// Stands for no region: only numbers with a country code are read.
pub const NO_REGION: &str = "ZZ";

/// The country in which numbers without a country code are read. Build it once; the first one loads the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// None for [`NO_REGION`].
    country: Option<Country>,
    name: String,
    /// Whether subscribers have numbers as short as internal ones.
    is_small: bool,
}

/// A text that names no region.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no region with telephone numbers; give the two letters of ISO 3166-1, such as \"ID\"")]
pub struct RegionError(pub String);

impl Region {
    /// The region with this ISO 3166-1 code, in upper or lower case; [`NO_REGION`] for none.
    ///
    /// # Errors
    ///
    /// [`RegionError`] with the text that names no region.
    pub fn new(code: &str) -> Result<Self, RegionError> {
        let name = code.trim().to_ascii_uppercase();
        if name == NO_REGION {
            return Ok(Self { country: None, name, is_small: false });
        }
        let refused = || RegionError(code.to_owned());
        let country = Country::from_code(&name).map_err(|_| refused())?;
        PHONE_NUMBER_UTIL.get_country_code_for_region(country).ok_or_else(refused)?;
        let region = Self { country: Some(country), name, is_small: has_short_numbers(country) };
        region.warm_up();
        Ok(region)
    }

    /// The two letters.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.name
    }

    /// Rules are compiled at first use; that should not be the first call.
    fn warm_up(&self) {
        for digits in ["081234567890", "0215794000", "628123456789"] {
            let dialled = Dialled { digits: digits.to_owned(), ..Dialled::default() };
            let _unused = read(&dialled, self);
        }
    }
}

fn has_short_numbers(country: Country) -> bool {
    [PhoneNumberType::FixedLine, PhoneNumberType::Mobile].into_iter().any(|kind| {
        let example = PHONE_NUMBER_UTIL.get_example_number_for_type_and_region(country, kind);
        example.is_ok_and(|number| number.get_national_significant_number().len() <= MAX_INTERNAL_DIGITS)
    })
}

/// Reads dialled digits. Several readings are tried; the first valid one wins, else the first possible one.
pub(super) fn read(dialled: &Dialled, region: &Region) -> Number {
    let digits = dialled.digits.as_str();
    if !dialled.international && digits.len() <= MAX_INTERNAL_DIGITS {
        let subscriber = region.is_small.then(|| parse(Reading::National(digits), region)).flatten();
        let subscriber = subscriber.filter(|number| number.validity == Validity::Valid);
        return with_extension(subscriber.unwrap_or_else(|| bare(digits, Validity::Internal)), dialled);
    }
    let mut best = None;
    for (reading, trust) in readings(dialled) {
        let Some(found) = parse(reading, region).filter(|found| found.validity >= trust) else { continue };
        if found.validity == Validity::Valid {
            return with_extension(found, dialled);
        }
        best = best.or(Some(found));
    }
    // A text that fits no country still finds a customer who was stored with the same digits.
    with_extension(best.unwrap_or_else(|| bare(digits, Validity::None)), dialled)
}

/// One way to understand the digits.
#[derive(Clone, Copy)]
enum Reading<'a> {
    /// As dialled inside the region, its own international prefix included.
    National(&'a str),
    /// A country code comes first.
    International(&'a str),
}

/// The readings to try, each with the least validity with which it is believed.
fn readings(dialled: &Dialled) -> impl Iterator<Item = (Reading<'_>, Validity)> {
    let digits = dialled.digits.as_str();
    let local = !dialled.international;
    let abroad = local && digits.starts_with("00");
    let plus = (!local).then_some((Reading::International(digits), Validity::Possible));
    // "00…" is nobody's trunk prefix, so a merely possible reading as a foreign number goes before a domestic one.
    let prefixes = INTERNATIONAL_PREFIXES.iter().filter(move |_| local);
    let prefixed = prefixes.filter_map(move |prefix| digits.strip_prefix(prefix));
    let trust = if abroad { Validity::Possible } else { Validity::Valid };
    let prefixed = prefixed.map(move |rest| (Reading::International(rest), trust));
    let national = local.then_some((Reading::National(digits), Validity::Possible));
    let (first, second) = if abroad { (None, national) } else { (national, None) };
    // Any digits may begin like a country code: only a valid number proves that they do.
    let bare_code = local.then_some((Reading::International(digits), Validity::Valid));
    plus.into_iter().chain(first).chain(prefixed).chain(second).chain(bare_code)
}

fn parse(reading: Reading<'_>, region: &Region) -> Option<Number> {
    let parsed = match reading {
        Reading::National(digits) => guarded(digits, Some(region.country?)),
        Reading::International(digits) => guarded(&plus(digits)?, None),
    }?;
    let validity = parsed.1;
    let national = parsed.0.get_national_significant_number();
    let e164 = (parsed.2).then(|| format!("+{}{national}", parsed.0.country_code));
    Some(Number {
        e164: e164.filter(|e164| e164.len() <= 16),
        national: Some(national),
        validity,
        extension: None,
    })
}

/// No country code starts with 0: such a reading need not be tried.
fn plus(digits: &str) -> Option<String> {
    (!digits.is_empty() && !digits.starts_with('0')).then(|| format!("+{digits}"))
}

/// The library's answer: number, validity, and whether it is complete (has its area code). A panic is no answer.
fn guarded(text: &str, country: Option<Country>) -> Option<(PhoneNumber, Validity, bool)> {
    catch_unwind(AssertUnwindSafe(|| {
        let number = PHONE_NUMBER_UTIL.parse(text, country).ok()?;
        if PHONE_NUMBER_UTIL.is_valid_number(&number) {
            return Some((number, Validity::Valid, true));
        }
        match PHONE_NUMBER_UTIL.is_possible_number_with_reason(&number).ok()? {
            NumberLengthType::IsPossible => Some((number, Validity::Possible, true)),
            NumberLengthType::IsPossibleLocalOnly => Some((number, Validity::Possible, false)),
        }
    }))
    .ok()
    .flatten()
}

fn bare(digits: &str, validity: Validity) -> Number {
    let digits = digits.trim_start_matches('0');
    let national = (!digits.is_empty()).then(|| digits.to_owned());
    Number { e164: None, national, validity, extension: None }
}

fn with_extension(mut number: Number, dialled: &Dialled) -> Number {
    number.extension.clone_from(&dialled.extension);
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_the_library_is_no_answer() {
        // Reaches the library only here: `Dialled` holds nothing but digits.
        let trap = "0812345678;phone-context=+62;tel:1";
        assert!(guarded(trap, Region::new("ID").ok().and_then(|region| region.country)).is_none());
    }
}
