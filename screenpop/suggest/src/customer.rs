//! What is remembered of one customer: what they bought and when, and what they said to suggestions.

use crate::{Cents, Day, Fading, Settings};
use serde::{Deserialize, Serialize};

/// A product in the model, by its place there.
pub(crate) type ProductNo = u32;

/// A product that a customer has bought.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Bought {
    pub product: ProductNo,
    /// On how many days.
    pub times: u32,
    pub last: Day,
    /// Days on which it was bought, of which older ones count less.
    pub habit: Fading,
    /// How many they have kept.
    pub kept: f32,
}

/// A product that a customer did not want when it was suggested.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Refused {
    pub product: ProductNo,
    /// 1 for every time it was declined, more where it was beside the point; fades.
    pub weight: Fading,
}

/// One customer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Customer {
    /// By product.
    pub bought: Vec<Bought>,
    pub refused: Vec<Refused>,
    /// Days on which they ordered something.
    pub order_days: u32,
    pub first_order: Option<Day>,
    pub last_order: Option<Day>,
    /// Spent less what came back.
    pub spent: Cents,
    pub returned: Cents,
    /// Spent less what came back, of which older amounts count less.
    pub worth: Fading,
    /// Contact by phone, as told by [`crate::Model::contacted`].
    pub last_contact: Option<Day>,
    pub handled: Fading,
}

/// What a line changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// A product that the customer had not.
    New,
    /// One that the customer had.
    Again,
    /// The last of it came back.
    Gone,
    /// Nothing that suggestions go by.
    None,
}

impl Customer {
    pub fn find(&self, product: ProductNo) -> Result<usize, usize> {
        self.bought.binary_search_by_key(&product, |one| one.product)
    }

    pub fn has(&self, product: ProductNo) -> bool {
        self.find(product).is_ok()
    }

    /// Several lines of one day are one purchase: what was split over two orders is no habit.
    pub fn buy(
        &mut self,
        product: ProductNo,
        quantity: f32,
        amount: Cents,
        day: Day,
        by: &Settings,
    ) -> Change {
        self.order(amount, day, by);
        match self.find(product) {
            Err(at) => {
                let mut habit = Fading::default();
                habit.add(1.0, day, by.habit_half_life_days);
                self.bought.insert(at, Bought { product, times: 1, last: day, habit, kept: quantity });
                Change::New
            }
            Ok(at) => {
                let one = &mut self.bought[at];
                one.kept += quantity;
                if one.last == day {
                    return Change::None;
                }
                one.times = one.times.saturating_add(1);
                one.last = one.last.max(day);
                one.habit.add(1.0, day, by.habit_half_life_days);
                Change::Again
            }
        }
    }

    fn order(&mut self, amount: Cents, day: Day, by: &Settings) {
        if self.last_order != Some(day) {
            self.order_days = self.order_days.saturating_add(1);
        }
        self.first_order = Some(self.first_order.map_or(day, |first| first.min(day)));
        self.last_order = self.last_order.max(Some(day));
        self.spent = self.spent.saturating_add(amount);
        self.worth.add(amount as f64, day, by.worth_half_life_days);
    }

    /// A product of which nothing is kept counts as never bought; one that was bought before our records began is
    /// only money.
    pub fn give_back(
        &mut self,
        product: ProductNo,
        quantity: f32,
        amount: Cents,
        day: Day,
        by: &Settings,
    ) -> Change {
        self.spent = self.spent.saturating_sub(amount);
        self.returned = self.returned.saturating_add(amount);
        self.worth.add(-(amount as f64), day, by.worth_half_life_days);
        let Ok(at) = self.find(product) else { return Change::None };
        self.bought[at].kept -= quantity;
        if self.bought[at].kept > 0.0 {
            return Change::None;
        }
        self.bought.remove(at);
        Change::Gone
    }

    /// Forgets the product that was bought longest ago.
    pub fn forget_oldest(&mut self) -> Option<ProductNo> {
        let oldest = self.bought.iter().enumerate().min_by_key(|(_, one)| (one.last, one.product));
        let at = oldest.map(|(at, _)| at)?;
        Some(self.bought.remove(at).product)
    }

    /// How much a product is pushed back by what the customer said to it: 1 for not at all.
    pub fn patience(&self, product: ProductNo, today: Day, by: &Settings) -> f64 {
        let said = self.refused.iter().find(|one| one.product == product);
        said.map_or(1.0, |one| libm::exp2(-one.weight.on(today, by.refusal_half_life_days)))
    }

    /// Notes that a product was not wanted. Only so many are remembered, those of least weight least.
    pub fn refuse(&mut self, product: ProductNo, weight: f64, day: Day, by: &Settings) {
        let half_life = by.refusal_half_life_days;
        if let Some(one) = self.refused.iter_mut().find(|one| one.product == product) {
            return one.weight.add(weight, day, half_life);
        }
        if self.refused.len() >= by.max_refused {
            let left = |one: &Refused| one.weight.on(day, half_life);
            let weakest = (0..self.refused.len())
                .min_by(|&a, &b| left(&self.refused[a]).total_cmp(&left(&self.refused[b])));
            weakest.map(|at| self.refused.swap_remove(at));
        }
        let mut fresh = Fading::default();
        fresh.add(weight, day, half_life);
        self.refused.push(Refused { product, weight: fresh });
    }
}
