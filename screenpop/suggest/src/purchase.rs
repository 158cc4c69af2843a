//! What a purchase line is, and which lines count: the rules by which a shop's own records are cleaned.
//!
//! A line counts as *bought* if it names a customer and a product, with a quantity and an amount above zero. It is
//! *returned* if its quantity is below zero or its order is a cancellation (a number such as `C536379`, see
//! [`Rules::cancelled`]). Everything else is left out, counted by its reason:
//!
//! | left out | because |
//! | --- | --- |
//! | no customer | nobody's habit can be learnt from it |
//! | not goods | postage, manual entries, fees, vouchers: [`Rules::not_goods`] |
//! | free | an amount of zero: a gift, a sample or a correction, nothing that was chosen |
//! | correction | an amount below zero: bad debt, or a discount |
//! | too old | before [`Rules::not_before`] |
//! | in the future | after [`Rules::not_after`]: a typing error |

use crate::Day;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Money in hundredths of the shop's currency.
pub type Cents = i64;

/// A line of an order.
#[derive(Clone, Debug, PartialEq)]
pub struct Purchase {
    /// The customer's id; empty if it is not known.
    pub customer: String,
    /// The order's number.
    pub order: String,
    /// The product's code.
    pub product: String,
    /// Its name for a reader; may be empty.
    pub name: String,
    /// How many; below zero for what came back.
    pub quantity: f32,
    /// What was paid for all of them.
    pub amount: Cents,
    /// The day of the order.
    pub day: Day,
    /// The minute of that day, for the sequence of orders.
    pub minute: u16,
}

/// Which lines count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Codes, in capitals, of what is on an order and no product.
    pub not_goods: BTreeSet<String>,
    /// What stands before the digits of a cancelled order's number, in capitals; empty where no number says so.
    pub cancelled: String,
    /// The first day that counts.
    pub not_before: Day,
    /// The last day that counts.
    pub not_after: Day,
}

/// Codes that are no products in the shops we know: postage, manual entries, discounts, samples, fees, donations.
pub const NOT_GOODS: [&str; 12] =
    ["POST", "DOT", "M", "C2", "D", "S", "B", "PADS", "BANK CHARGES", "CRUK", "AMAZONFEE", "ADJUST"];

impl Default for Rules {
    fn default() -> Self {
        let not_goods = NOT_GOODS.iter().map(|&code| code.to_owned()).collect();
        Self { not_goods, cancelled: "C".to_owned(), not_before: Day(i32::MIN), not_after: Day(i32::MAX) }
    }
}

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A product that a customer bought.
    Bought,
    /// One that came back.
    Returned,
    /// A line without a customer.
    NoCustomer,
    /// Postage and the like.
    NotGoods,
    /// Nothing was paid.
    Free,
    /// Less than nothing was paid.
    Correction,
    /// Older than what counts.
    TooOld,
    /// Later than today.
    Future,
}

impl Rules {
    /// What a line is.
    #[must_use]
    pub fn kind(&self, line: &Purchase) -> Kind {
        match line {
            _ if line.customer.is_empty() => Kind::NoCustomer,
            _ if line.product.is_empty() || self.not_goods.contains(&line.product.to_uppercase()) => {
                Kind::NotGoods
            }
            _ if line.day < self.not_before => Kind::TooOld,
            _ if line.day > self.not_after => Kind::Future,
            _ if line.quantity < 0.0 || self.is_cancelled(&line.order) => Kind::Returned,
            _ if line.amount < 0 => Kind::Correction,
            // A quantity that is no number is no purchase either.
            _ if line.amount == 0 || line.quantity.is_nan() || line.quantity == 0.0 => Kind::Free,
            _ => Kind::Bought,
        }
    }

    fn is_cancelled(&self, order: &str) -> bool {
        let order = order.to_uppercase();
        let number = order.strip_prefix(&self.cancelled).filter(|_| !self.cancelled.is_empty());
        number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    }
}

/// How many lines there were of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Bought.
    pub bought: u64,
    /// Returned.
    pub returned: u64,
    /// Without a customer.
    pub no_customer: u64,
    /// Postage and the like.
    pub not_goods: u64,
    /// Nothing was paid.
    pub free: u64,
    /// Less than nothing was paid.
    pub correction: u64,
    /// Older than what counts.
    pub too_old: u64,
    /// Later than today.
    pub future: u64,
    /// Beyond the model's bounds.
    pub no_room: u64,
}

impl Counts {
    /// Counts one.
    pub const fn count(&mut self, kind: Kind) {
        let counter = match kind {
            Kind::Bought => &mut self.bought,
            Kind::Returned => &mut self.returned,
            Kind::NoCustomer => &mut self.no_customer,
            Kind::NotGoods => &mut self.not_goods,
            Kind::Free => &mut self.free,
            Kind::Correction => &mut self.correction,
            Kind::TooOld => &mut self.too_old,
            Kind::Future => &mut self.future,
        };
        *counter += 1;
    }
}
