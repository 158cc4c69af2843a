//! How well suggestions would have served: trained up to a day, tried on what customers ordered next.
//!
//! Tried on every customer who is known from before the cut and orders goods within the window behind it; what counts
//! is the first of these orders. A list *hits* if one of its first ten products is on that order (HR@10); NDCG@10
//! also counts how many, and how far up. For `fits_with` only products new to the customer are looked for, in orders
//! that have some. Beside each list stands what everybody would be told without any of this: the most popular products
//! (those that most customers have), for `fits_with` without what the customer has.
//!
//! The value of customers is tried on what they spend within the window: how much of what all known customers spend comes
//! from the fifth that was worth most at the cut, beside the fifth that spent most until then, and the fifth that one
//! would choose knowing the future.

use crate::outcome::Z;
use crate::value::ValueRules;
use crate::{Cents, Day, Kind, Model, Purchase, Rate, Rules, Settings};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Products of a list that are looked at.
pub const LENGTH: usize = 10;

/// Where the lines are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// The last day that is learnt.
    pub trained_to: Day,
    /// The last day that is tried.
    pub tested_to: Day,
}

impl Split {
    fn tests(self, line: &Purchase) -> bool {
        line.day > self.trained_to && line.day <= self.tested_to
    }
}

/// What a list would have done.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Score {
    /// Orders of which a product was among the first ten.
    pub hit: Rate,
    /// Normalised discounted cumulative gain of the first ten, on average.
    pub ndcg: f64,
}

/// A list beside popularity, on the same orders.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The list.
    pub list: Score,
    /// Popularity.
    pub popularity: Score,
    /// Hit rate of the list / that of popularity.
    pub ratio: f64,
    /// Lower bound of the ratio, with a confidence of 95 %.
    pub ratio_low: f64,
    /// Upper bound.
    pub ratio_high: f64,
}

/// What the most valuable fifth of the customers brings in, as shares of what all of them do.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Capture {
    /// Customers known at the cut.
    pub customers: usize,
    /// What they spent within the window.
    pub revenue_cents: Cents,
    /// Share of those who were worth most.
    pub by_value: f64,
    /// Share of those who had spent most, whenever that was.
    pub by_spending: f64,
    /// Share of those who were going to spend most: nothing can be better.
    pub perfect: f64,
}

/// What an evaluation found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// On all products of the next order.
    pub likely_next: Comparison,
    /// On products of the next order that were new to the customer.
    pub fits_with: Comparison,
    /// What the most valuable customers brought in.
    pub value: Capture,
}

/// The products of a customer's first order behind the cut.
pub(crate) type Baskets<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// Trains up to the cut and tries both lists on what came next.
#[must_use]
pub fn evaluate(settings: &Settings, rules: &Rules, lines: &[Purchase], split: Split) -> Evaluation {
    let before = lines.iter().filter(|line| line.day <= split.trained_to).cloned().collect();
    let model = Model::train(settings.clone(), rules.clone(), before);
    compare(&model, rules, lines, split)
}

/// Tries a model that was trained up to the cut.
#[must_use]
pub fn compare(model: &Model, rules: &Rules, lines: &[Purchase], split: Split) -> Evaluation {
    let baskets = next_orders(model, rules, lines, split);
    let today = split.trained_to;
    let (mut likely_next, mut fits_with) = (Trial::default(), Trial::default());
    for (id, basket) in &baskets {
        let list = codes(model.likely_next(id, today, LENGTH));
        likely_next.try_out(&list, &model.most_popular(None, LENGTH), basket);
        let new = basket.iter().copied().filter(|code| !model.has_bought(id, code)).collect::<BTreeSet<_>>();
        if !new.is_empty() {
            let list = codes(model.fits_with(id, today, LENGTH));
            fits_with.try_out(&list, &model.most_popular(Some(id), LENGTH), &new);
        }
    }
    let value = capture(model, rules, lines, split);
    Evaluation { likely_next: likely_next.conclude(), fits_with: fits_with.conclude(), value }
}

fn capture(model: &Model, rules: &Rules, lines: &[Purchase], split: Split) -> Capture {
    let mut later = BTreeMap::<&str, Cents>::new();
    for line in lines.iter().filter(|line| split.tests(line) && rules.kind(line) == Kind::Bought) {
        *later.entry(&line.customer).or_default() += line.amount;
    }
    let spends = |id: &str| later.get(id).copied().unwrap_or_default();
    let ids = model.by_value(split.trained_to, &ValueRules::default()).into_iter().map(|(id, _)| id);
    let ids = ids.collect::<Vec<_>>();
    let all = ids.iter().map(|id| spends(id)).sum::<Cents>();
    let fifth = ids.len() / 5;
    let share_of = |mut ids: Vec<&str>, by: &dyn Fn(&str) -> Cents| {
        ids.sort_by_key(|id| std::cmp::Reverse(by(id)));
        ids.iter().take(fifth).map(|id| spends(id)).sum::<Cents>() as f64 / all.max(1) as f64
    };
    let spent = |id: &str| model.customer(id).map_or(0, |customer| customer.spent);
    Capture {
        customers: ids.len(),
        revenue_cents: all,
        by_value: share_of(ids.clone(), &|_| 0),
        by_spending: share_of(ids.clone(), &spent),
        perfect: share_of(ids.clone(), &spends),
    }
}

/// The first order of every known customer within the window.
pub(crate) fn next_orders<'a>(
    model: &Model,
    rules: &Rules,
    lines: &'a [Purchase],
    split: Split,
) -> Baskets<'a> {
    let mut first = BTreeMap::<&str, (Day, u16, &str)>::new();
    let later = |line: &&Purchase| {
        split.tests(line)
            && rules.kind(line) == Kind::Bought
            && model.customer(&line.customer).is_some_and(|customer| !customer.bought.is_empty())
    };
    for line in lines.iter().filter(later) {
        let order = (line.day, line.minute, line.order.as_str());
        first.entry(&line.customer).and_modify(|known| *known = order.min(*known)).or_insert(order);
    }
    let mut baskets = Baskets::new();
    for line in lines.iter().filter(later) {
        if first.get(line.customer.as_str()).is_some_and(|(_, _, order)| *order == line.order) {
            baskets.entry(&line.customer).or_default().insert(&line.product);
        }
    }
    baskets
}

fn codes(list: Vec<crate::Suggestion>) -> Vec<String> {
    list.into_iter().map(|one| one.item_id).collect()
}

impl Model {
    /// The products that most customers have, without those of one customer.
    pub(crate) fn most_popular(&self, without: Option<&str>, at_most: usize) -> Vec<String> {
        let customer = without.and_then(|id| self.customer(id));
        let open = |&&no: &&u32| customer.is_none_or(|customer| !customer.has(no));
        let code = |&no: &u32| self.products[no as usize].code.clone();
        self.popular.iter().filter(open).take(at_most).map(code).collect()
    }

    pub(crate) fn has_bought(&self, customer: &str, product: &str) -> bool {
        let no = self.product_nos.get(product);
        no.is_some_and(|&no| self.customer(customer).is_some_and(|customer| customer.has(no)))
    }
}

/// Both lists on the orders so far.
#[derive(Default)]
struct Trial {
    orders: u32,
    hits: [u32; 2],
    both: u32,
    ndcg: [f64; 2],
}

impl Trial {
    fn try_out(&mut self, list: &[String], popular: &[String], basket: &BTreeSet<&str>) {
        self.orders += 1;
        let gains = [gain(list, basket), gain(popular, basket)];
        for (at, gain) in gains.into_iter().enumerate() {
            self.ndcg[at] += gain;
            self.hits[at] += u32::from(gain > 0.0);
        }
        self.both += u32::from(gains.iter().all(|gain| *gain > 0.0));
    }

    fn conclude(&self) -> Comparison {
        let score = |at: usize| Score {
            hit: Rate::of(self.hits[at], self.orders),
            ndcg: self.ndcg[at] / f64::from(self.orders.max(1)),
        };
        let (list, popularity) = (score(0), score(1));
        let ratio = list.hit.rate / popularity.hit.rate;
        let spread = libm::exp(Z * self.deviation_of_log_ratio());
        Comparison { list, popularity, ratio, ratio_low: ratio / spread, ratio_high: ratio * spread }
    }

    /// Of two hit rates on the same orders.
    ///
    /// Source: M. M. Desu, D. Raghavarao, *Sample Size Methodology*, 1990, for matched pairs.
    fn deviation_of_log_ratio(&self) -> f64 {
        let [ours, theirs] = self.hits.map(f64::from);
        let apart = ours + theirs - 2.0 * f64::from(self.both);
        (apart / (ours * theirs)).sqrt()
    }
}

/// Normalised discounted cumulative gain.
fn gain(list: &[String], basket: &BTreeSet<&str>) -> f64 {
    let worth = |place: usize| 1.0 / libm::log2(place as f64 + 2.0);
    let found = list.iter().take(LENGTH).enumerate().filter(|(_, code)| basket.contains(code.as_str()));
    let best = (0..basket.len().min(LENGTH)).map(worth).sum::<f64>();
    found.map(|(place, _)| worth(place)).sum::<f64>() / best
}
