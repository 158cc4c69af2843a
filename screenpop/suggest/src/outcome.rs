//! What became of suggestions: counted by product and list, and held against what a customer did not want.

use crate::{Day, List, Model};
use serde::{Deserialize, Serialize};

/// What a customer said to a suggestion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The agent has spoken of it.
    Offered,
    /// They took it.
    Accepted,
    /// Not now.
    Declined,
    /// It is beside the point for them.
    Irrelevant,
}

/// Outcomes of one list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcomes {
    /// Spoken of.
    pub offered: u32,
    /// Taken.
    pub accepted: u32,
    /// Not taken.
    pub declined: u32,
    /// Beside the point.
    pub irrelevant: u32,
}

/// Outcomes of one product.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tally {
    pub likely_next: Outcomes,
    pub fits_with: Outcomes,
}

/// A share with the bounds between which it is to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rate {
    /// How many of `of`.
    pub hits: u32,
    /// Out of how many.
    pub of: u32,
    /// `hits / of`; 0 for none.
    pub rate: f64,
    /// Lower bound, with a confidence of 95 %.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

/// The quantile of 95 % confidence.
pub(crate) const Z: f64 = 1.959_963_984_540_054;

impl Rate {
    /// A share by Wilson's score interval, which is sound for few observations, too.
    ///
    /// Source: E. B. Wilson, *Probable Inference, the Law of Succession, and Statistical Inference*, 1927.
    #[must_use]
    pub fn of(hits: u32, of: u32) -> Self {
        if of == 0 {
            return Self { hits, of, rate: 0.0, low: 0.0, high: 1.0 };
        }
        let hits = hits.min(of);
        let (n, rate) = (f64::from(of), f64::from(hits) / f64::from(of));
        let centre = rate + Z * Z / (2.0 * n);
        let spread = Z * (rate * (1.0 - rate) / n + Z * Z / (4.0 * n * n)).sqrt();
        let scale = 1.0 + Z * Z / n;
        let (low, high) = (((centre - spread) / scale).max(0.0), ((centre + spread) / scale).min(1.0));
        Self { hits, of, rate, low, high }
    }
}

/// What became of a product on a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Acceptance {
    /// The product's code.
    pub item_id: String,
    /// Its name.
    pub name: String,
    /// On which list.
    pub list: List,
    /// The counts.
    pub outcomes: Outcomes,
    /// Of those with an answer, how many took it.
    pub accepted: Rate,
}

/// Why an outcome cannot be noted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutcomeError {
    /// A product that was never bought by anybody cannot have been suggested.
    #[error("no product has the code {0:?}")]
    NoSuchProduct(String),
}

/// What an outcome adds to a refusal: every 1 halves the product's score for this customer.
const fn refusal(outcome: Outcome) -> f64 {
    match outcome {
        Outcome::Offered | Outcome::Accepted => 0.0,
        Outcome::Declined => 1.0,
        Outcome::Irrelevant => 4.0,
    }
}

impl Outcomes {
    const fn count(&mut self, outcome: Outcome) {
        let counter = match outcome {
            Outcome::Offered => &mut self.offered,
            Outcome::Accepted => &mut self.accepted,
            Outcome::Declined => &mut self.declined,
            Outcome::Irrelevant => &mut self.irrelevant,
        };
        *counter = counter.saturating_add(1);
    }

    /// Of those with an answer, how many took it.
    #[must_use]
    pub fn accepted(&self) -> Rate {
        let answered = self.accepted.saturating_add(self.declined).saturating_add(self.irrelevant);
        Rate::of(self.accepted, answered)
    }
}

impl Model {
    /// Notes what became of a suggestion. A refusal counts against the product for this customer, half as much after
    /// every [`crate::Settings::refusal_half_life_days`]; other customers' suggestions stay as they are.
    ///
    /// # Errors
    ///
    /// [`OutcomeError::NoSuchProduct`].
    pub fn note_outcome(
        &mut self,
        customer: &str,
        item_id: &str,
        list: List,
        outcome: Outcome,
        today: Day,
    ) -> Result<(), OutcomeError> {
        let no = self.product_nos.get(item_id).copied();
        let no = no.ok_or_else(|| OutcomeError::NoSuchProduct(item_id.to_owned()))?;
        let tally = &mut self.products[no as usize].tally;
        match list {
            List::LikelyNext => tally.likely_next.count(outcome),
            List::FitsWith => tally.fits_with.count(outcome),
        }
        let weight = refusal(outcome);
        if weight > 0.0
            && let Some(customer) = self.customer_place(customer)
        {
            self.customers[customer as usize].refuse(no, weight, today, &self.settings);
        }
        Ok(())
    }

    /// Every product that was ever spoken of, with how it was taken, best lower bound first.
    #[must_use]
    pub fn acceptance(&self) -> Vec<Acceptance> {
        let mut found = Vec::new();
        for product in &self.products {
            let Tally { likely_next, fits_with } = product.tally;
            for (list, outcomes) in [(List::LikelyNext, likely_next), (List::FitsWith, fits_with)] {
                if outcomes != Outcomes::default() {
                    let (item_id, name) = (product.code.clone(), product.name.clone());
                    let accepted = outcomes.accepted();
                    found.push(Acceptance { item_id, name, list, outcomes, accepted });
                }
            }
        }
        found.sort_by(|a, b| b.accepted.low.total_cmp(&a.accepted.low));
        found
    }
}
