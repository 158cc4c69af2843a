//! A product suggested to a customer, and why: in words for programs, so that a desk can say it in any language.

use crate::{Day, day::iso};
use serde::{Deserialize, Serialize};

/// Which list a suggestion is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum List {
    /// What they buy again and again.
    LikelyNext,
    /// What they have not bought, and goes with what they have.
    FitsWith,
}

/// A suggested product.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Suggestion {
    /// Its code.
    pub item_id: String,
    /// Its name; may be empty.
    pub name: String,
    /// What it is ranked by, within its list only.
    pub score: f64,
    /// Why, the strongest first; never empty.
    pub reasons: Vec<Reason>,
}

/// Why a product is suggested.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Reason {
    /// They bought it before.
    Bought {
        /// On how many days.
        times: u32,
        /// When last, `YYYY-MM-DD`.
        #[serde(serialize_with = "iso")]
        last: Day,
    },
    /// It goes with something that they bought.
    GoesWith {
        /// The code of what they bought.
        item_id: String,
        /// Its name.
        name: String,
        /// How many customers have both.
        customers: u32,
    },
    /// It sells well now.
    Selling {
        /// How it stands among all products: 1 sells best.
        place: u32,
    },
    /// Many customers have it.
    Popular {
        /// How many.
        customers: u32,
    },
}

impl Reason {
    /// Its name on the wire.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Bought { .. } => "bought",
            Self::GoesWith { .. } => "goes_with",
            Self::Selling { .. } => "selling",
            Self::Popular { .. } => "popular",
        }
    }
}

/// The best of some scored products, best first; of equals the one with the lower number.
pub(crate) fn best(mut scored: Vec<(f64, u32)>, at_most: usize) -> Vec<(f64, u32)> {
    let first = |a: &(f64, u32), b: &(f64, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
    if scored.len() > at_most {
        scored.select_nth_unstable_by(at_most, first);
        scored.truncate(at_most);
    }
    scored.sort_unstable_by(first);
    scored
}
