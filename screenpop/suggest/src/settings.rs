//! The numbers that suggestions and values go by.
//!
//! The defaults were chosen on purchases up to 2011-05-31 of the UCI retail set: trained up to January, February and March
//! 2011 and tried on what came until May. Two candidates were then tried on June to August, and the simpler kept. They move little around their best, so a shop of another kind
//! can begin with them; `sambung suggest evaluate` says how well they serve it.

use serde::{Deserialize, Serialize};

/// What suggestions and values go by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// After so many days a purchase counts half as a habit.
    pub habit_half_life_days: f64,
    /// What a habit counts for a product that does not sell now, of what it counts for the one that sells best.
    pub out_of_season: f64,
    /// After so many days a purchase counts half for what sells now.
    pub trend_half_life_days: f64,
    /// How much of `fits_with` is what sells now; the rest is what goes together.
    pub trend_weight: f64,
    /// Products kept for each as going with it.
    pub neighbours: usize,
    /// After so many days money counts half for a customer's value.
    pub worth_half_life_days: f64,
    /// After so many days a refusal counts half.
    pub refusal_half_life_days: f64,
    /// Most customers; of further ones nothing is kept.
    pub max_customers: usize,
    /// Most products; of further ones nothing is kept.
    pub max_products: usize,
    /// Most pairs of a customer and a product that they have, of all together: about 50 bytes each.
    pub max_pairs: usize,
    /// Most products of one customer; those bought longest ago are forgotten.
    pub max_bought: usize,
    /// Most refused products of one customer; the weakest are forgotten.
    pub max_refused: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            habit_half_life_days: 180.0,
            out_of_season: 0.1,
            trend_half_life_days: 14.0,
            trend_weight: 0.3,
            neighbours: 50,
            worth_half_life_days: 180.0,
            refusal_half_life_days: 90.0,
            max_customers: 500_000,
            max_products: 50_000,
            max_pairs: 10_000_000,
            max_bought: 500,
            max_refused: 50,
        }
    }
}
