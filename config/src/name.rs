//! Names: of queues, agents, trunks, skills, zones, regions.

use crate::{
    suggest,
    table::{Wrong, quoted},
};

/// Longest name, in bytes. Names stand in SIP headers, metrics, paths and on small screens.
pub(crate) const MAX_NAME: usize = 64;
/// Most codes or reasons in a list an agent chooses from.
pub(crate) const MAX_CODES: usize = 100;

/// A name that people read: letters, digits, `-_./&+@`, and spaces inside.
pub(crate) fn name(text: &str) -> Result<String, Wrong> {
    within(text, MAX_NAME)?;
    let plain = |c: char| c.is_alphanumeric() || "-_./&+@ ".contains(c);
    if !text.chars().all(plain) || text.trim() != text {
        let what = format!("{} has characters that a name cannot have", quoted(text));
        return Err(Wrong::new(what, "use letters, digits, -_./&+@ and spaces inside"));
    }
    Ok(text.to_owned())
}

/// An agent's id, which also stands in paths: ASCII letters and digits, `-_.@+`.
pub(crate) fn id(text: &str) -> Result<String, Wrong> {
    within(text, MAX_NAME)?;
    if !text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.@+".contains(c)) {
        let what = format!("{} has characters that an id cannot have", quoted(text));
        return Err(Wrong::new(what, "use the letters a to z, digits and -_.@+"));
    }
    Ok(text.to_owned())
}

/// What digest authentication puts between quotes as it is: a realm or a user.
fn between_quotes(text: &str) -> Result<String, Wrong> {
    within(text, MAX_NAME)?;
    if text.chars().any(|c| c.is_control() || matches!(c, '"' | '\\')) {
        let what = format!("{} cannot stand between quotes", quoted(text));
        return Err(Wrong::new(what, "write it without quotes, backslashes and line ends"));
    }
    Ok(text.to_owned())
}

/// What is signed in to.
pub(crate) fn realm(text: &str) -> Result<String, Wrong> {
    between_quotes(text)
}

/// A user that signs in by digest.
pub(crate) fn user(text: &str) -> Result<String, Wrong> {
    between_quotes(text)
}

/// A person's name: anything that can be shown on one line.
pub(crate) fn shown_name(text: &str) -> Result<String, Wrong> {
    within(text, MAX_NAME)?;
    if text.chars().any(char::is_control) {
        return Err(Wrong::new(format!("{} has control characters", quoted(text)), "write it on one line"));
    }
    Ok(text.to_owned())
}

/// A skill, as it can be named in `needs`.
pub(crate) fn skill(text: &str) -> Result<String, Wrong> {
    within(text, MAX_NAME)?;
    if !text.chars().all(acd::skill::is_name_char) || ["and", "or", "not"].contains(&text) {
        let what = format!("{} cannot be named in needs", quoted(text));
        return Err(Wrong::new(what, "use letters, digits and -_. alone, and none of and, or, not"));
    }
    Ok(text.to_owned())
}

fn within(text: &str, most: usize) -> Result<(), Wrong> {
    if text.is_empty() {
        return Err(Wrong::new("\"\" is empty", "write a name"));
    }
    if text.len() > most {
        let what = format!("{} is longer than {most} bytes", quoted(text));
        return Err(Wrong::new(what, "choose a shorter one"));
    }
    Ok(())
}

/// A code an agent chooses, at most `most` bytes long.
pub(crate) fn code(text: &str, most: usize) -> Result<String, Wrong> {
    within(text, most)?;
    name(text)
}

/// Not-ready reasons that the router itself gives (they would be mixed up with an agent's own in reports).
const OWN_REASONS: [&str; 7] =
    ["signed_in", "rona", "rejected", "phone_failed", "phone_unreachable", "disconnected", "restart"];

/// A reason an agent may give for not being ready.
pub(crate) fn reason(text: &str) -> Result<String, Wrong> {
    if OWN_REASONS.contains(&text) {
        let what = format!("{} is a reason the router gives itself", quoted(text));
        return Err(Wrong::new(what, "choose another word"));
    }
    code(text, acd::agent::MAX_REASON)
}

/// A time zone of the IANA database.
pub(crate) fn zone(text: &str) -> Result<jiff::tz::TimeZone, Wrong> {
    let database = jiff::tz::db();
    database.get(text).map_err(|_| {
        let known: Vec<String> = database.available().map(|zone| zone.as_str().to_owned()).collect();
        let way_out = match suggest::nearest(text, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean {near:?}?"),
            None => "write an IANA name, such as \"Asia/Jakarta\" or \"UTC\"".to_owned(),
        };
        Wrong::new(format!("{} is no time zone", quoted(text)), way_out)
    })
}

/// A region, as two letters of ISO 3166-1; `ZZ` stands for none.
pub(crate) fn region(text: &str) -> Result<String, Wrong> {
    let upper = text.to_ascii_uppercase();
    if REGIONS.split_ascii_whitespace().any(|region| region == upper) {
        return Ok(upper);
    }
    let way_out = match upper.as_str() {
        "UK" => "did you mean \"GB\"?",
        "INDONESIA" | "IDN" | "INA" => "did you mean \"ID\"?",
        _ => "write the two letters of ISO 3166, such as \"ID\" or \"DE\"",
    };
    Err(Wrong::new(format!("{} is no region", quoted(text)), way_out))
}

/// ISO 3166-1 alpha-2, and XK (Kosovo) and AC, TA, which have country codes of their own.
const REGIONS: &str = "ZZ AC AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO \
    BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER \
    ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN \
    IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH \
    MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN \
    PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TA TC TD TF TG TH \
    TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";
