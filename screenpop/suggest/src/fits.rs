//! Which products go together: log-likelihood ratio of customers who have both.
//!
//! The ratio asks how sure it is that two products meet in the same customers' hands more often than chance would have
//! it; so a pair that met twice by accident does not come before one that hundreds share, as it would by lift. Of each
//! product the strongest 50 are kept, their weights making 1 together, so that a bestseller in somebody's history does
//! not outvote the rest of it.
//!
//! Source: T. Dunning, *Accurate Methods for the Statistics of Surprise and Coincidence*, 1993.

use crate::customer::ProductNo;
use crate::model::Model;
use serde::{Deserialize, Serialize};

/// A product that goes with another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Neighbour {
    pub product: ProductNo,
    /// Its share of all that goes with the other.
    pub weight: f32,
    /// Customers who have both.
    pub together: u32,
}

/// Least customers who have two products, for them to go together: one alone is an anecdote.
const LEAST_TOGETHER: u32 = 2;

/// Computes rows; keeps what rows share between them.
pub(crate) struct Rows {
    /// x log x.
    xlogx: Vec<f64>,
    together: Vec<u32>,
    touched: Vec<ProductNo>,
}

impl Rows {
    pub fn new(model: &Model) -> Self {
        let xlogx = |x: usize| if x == 0 { 0.0 } else { x as f64 * libm::log(x as f64) };
        Self {
            xlogx: (0..=model.customers.len()).map(xlogx).collect(),
            together: vec![0; model.products.len()],
            touched: Vec::new(),
        }
    }

    /// What goes with a product, strongest first.
    pub fn row(&mut self, model: &Model, of: ProductNo) -> Vec<Neighbour> {
        for &buyer in &model.products[of as usize].buyers {
            for one in &model.customers[buyer as usize].bought {
                let count = &mut self.together[one.product as usize];
                if *count == 0 {
                    self.touched.push(one.product);
                }
                *count += 1;
            }
        }
        let buyers = |product: ProductNo| model.products[product as usize].buyers.len();
        let mut found = Vec::new();
        for product in std::mem::take(&mut self.touched) {
            let together = std::mem::take(&mut self.together[product as usize]);
            if product != of && together >= LEAST_TOGETHER {
                let ratio = self.ratio(together as usize, buyers(of), buyers(product));
                found.push((ratio, product, together));
            }
        }
        strongest(found, model.settings.neighbours)
    }

    /// 0 for products that meet less often than by chance.
    fn ratio(&self, both: usize, one: usize, other: usize) -> f64 {
        let all = self.xlogx.len() - 1;
        if both * all <= one * other {
            return 0.0;
        }
        let x = |count: usize| self.xlogx.get(count).copied().unwrap_or_default();
        let neither = (all + both).saturating_sub(one + other);
        let cells = x(both) + x(one - both) + x(other - both) + x(neither);
        let margins = x(one) + x(all - one) + x(other) + x(all - other);
        2.0 * (cells - margins + x(all))
    }
}

fn strongest(mut found: Vec<(f64, ProductNo, u32)>, at_most: usize) -> Vec<Neighbour> {
    found.retain(|(ratio, _, _)| *ratio > 0.0);
    let first =
        |a: &(f64, ProductNo, u32), b: &(f64, ProductNo, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
    if found.len() > at_most {
        found.select_nth_unstable_by(at_most, first);
        found.truncate(at_most);
    }
    found.sort_unstable_by(first);
    let sum = found.iter().map(|(ratio, _, _)| ratio).sum::<f64>();
    let neighbour = |&(ratio, product, together): &(f64, ProductNo, u32)| Neighbour {
        product,
        weight: (ratio / sum) as f32,
        together,
    };
    found.iter().map(neighbour).collect()
}
