//! The two lists of one customer.
//!
//! *Likely next*: what they bought, by how often and how lately, in step with what sells now; filled up with what is
//! popular. *Fits with*: what goes with what they bought and they have not, with a share for what sells now. Two
//! lists, because repetition and discovery ask for different methods: what predicts one is useless for the other.

use crate::customer::{Customer, ProductNo};
use crate::suggestion::{Reason, Suggestion, best};
use crate::{Day, Model};

/// Reasons of the kind *goes with* that are told of one suggestion.
const MAX_GOES_WITH: usize = 2;

impl Model {
    /// What a customer is likely to buy next; what is popular for one who is not known.
    #[must_use]
    pub fn likely_next(&self, customer: &str, today: Day, at_most: usize) -> Vec<Suggestion> {
        let unknown = Customer::default();
        let customer = self.customer(customer).unwrap_or(&unknown);
        let mut found = self.repeats(customer, today, at_most);
        self.fill(customer, today, at_most, &mut found);
        found
    }

    fn repeats(&self, customer: &Customer, today: Day, at_most: usize) -> Vec<Suggestion> {
        let scored = customer.bought.iter().map(|one| {
            let habit = one.habit.on(today, self.settings.habit_half_life_days);
            let dull = self.settings.out_of_season;
            let season = dull + (1.0 - dull) * f64::from(self.trend[one.product as usize]);
            (habit * season * customer.patience(one.product, today, &self.settings), one.product)
        });
        let suggestion = |(score, product): (f64, ProductNo)| {
            let one = customer.find(product).ok().map(|at| &customer.bought[at])?;
            let reason = Reason::Bought { times: one.times, last: one.last };
            Some(self.suggestion(product, score, vec![reason]))
        };
        best(scored.collect(), at_most).into_iter().filter_map(suggestion).collect()
    }

    fn fill(&self, customer: &Customer, today: Day, at_most: usize, found: &mut Vec<Suggestion>) {
        let missing = at_most.saturating_sub(found.len());
        let welcome = |&&product: &&ProductNo| {
            !customer.has(product) && customer.patience(product, today, &self.settings) > REFUSED
        };
        for &product in self.popular.iter().filter(welcome).take(missing) {
            let customers = self.products[product as usize].buyers.len() as u32;
            if customers > 0 {
                found.push(self.suggestion(product, 0.0, vec![Reason::Popular { customers }]));
            }
        }
    }

    /// What a customer has not bought and goes with what they have; nothing for one of whom nothing is known.
    #[must_use]
    pub fn fits_with(&self, customer: &str, today: Day, at_most: usize) -> Vec<Suggestion> {
        let Some(customer) = self.customer(customer).filter(|one| !one.bought.is_empty()) else {
            return Vec::new();
        };
        let scores = self.scores(customer, today);
        let scored = scores.iter().zip(0..).filter(|(score, _)| **score > 0.0);
        let found = best(scored.map(|(&score, product)| (score, product)).collect(), at_most);
        let suggestion =
            |(score, product): (f64, ProductNo)| self.suggestion(product, score, self.why(customer, product));
        found.into_iter().map(suggestion).collect()
    }

    /// By product; 0 for those that are not to be suggested.
    fn scores(&self, customer: &Customer, today: Day) -> Vec<f64> {
        let mut scores = vec![0.0_f64; self.products.len()];
        for one in &customer.bought {
            for neighbour in &self.rows[one.product as usize] {
                scores[neighbour.product as usize] += f64::from(neighbour.weight);
            }
        }
        let most = scores.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        let weight = self.settings.trend_weight;
        for (score, trend) in scores.iter_mut().zip(&self.trend) {
            *score = (1.0 - weight) * (*score / most) + weight * f64::from(*trend);
        }
        for one in &customer.bought {
            scores[one.product as usize] = 0.0;
        }
        for refused in &customer.refused {
            scores[refused.product as usize] *= customer.patience(refused.product, today, &self.settings);
        }
        scores
    }

    fn why(&self, customer: &Customer, product: ProductNo) -> Vec<Reason> {
        let goes_with = |bought: ProductNo| {
            let row = self.rows[bought as usize].iter();
            row.filter(|one| one.product == product).map(move |one| (one.weight, bought, one.together)).next()
        };
        let mut found = customer.bought.iter().filter_map(|one| goes_with(one.product)).collect::<Vec<_>>();
        found.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let reason = |&(_, bought, customers): &(f32, ProductNo, u32)| {
            let bought = &self.products[bought as usize];
            Reason::GoesWith { item_id: bought.code.clone(), name: bought.name.clone(), customers }
        };
        let mut reasons = found.iter().take(MAX_GOES_WITH).map(reason).collect::<Vec<_>>();
        let trend = self.trend[product as usize];
        if reasons.is_empty() || trend > SELLS_WELL {
            let place = 1 + self.trend.iter().filter(|other| **other > trend).count() as u32;
            reasons.push(Reason::Selling { place });
        }
        reasons
    }

    fn suggestion(&self, product: ProductNo, score: f64, reasons: Vec<Reason>) -> Suggestion {
        let product = &self.products[product as usize];
        Suggestion { item_id: product.code.clone(), name: product.name.clone(), score, reasons }
    }
}

/// What was pushed back further than this by refusals does not fill a list up.
const REFUSED: f64 = 0.6;
/// What sells so well, of what sells best, is worth saying.
const SELLS_WELL: f32 = 0.5;
