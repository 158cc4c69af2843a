//! What a customer is worth, in which of three classes they stand, and what that means for their calls.
//!
//! *Value* is what the customer brings in, of which older money counts less, less what serving them costs: handled
//! minutes at a cost per minute. What came back is taken off the day it comes back. *Classes* go by recency of contact
//! (an order or a call), frequency (days with an order) and money (spent less returned); each gives 1 to 3 points by two
//! thresholds, and the sum says *potential*, *ordinary* or *not potential*. Both are told with the numbers that made
//! them so; the same facts give the same answer.

use crate::customer::Customer;
use crate::{Cents, Day, Model};
use serde::{Deserialize, Serialize};

/// What classes and priorities go by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ValueRules {
    /// Days since the last order or call: at most the first for 3 points, at most the second for 2.
    pub recency_days: [u32; 2],
    /// Days with an order: at least the first for 3 points, at least the second for 2.
    pub frequency: [u32; 2],
    /// Spent less returned: at least the first for 3 points, at least the second for 2.
    pub money: [Cents; 2],
    /// At least so many points are *potential*.
    pub potential_from: u8,
    /// At most so many points are *not potential*.
    pub not_potential_to: u8,
    /// What a minute of an agent costs.
    pub cost_per_minute: Cents,
    /// Which shares of the customers go before others, the smallest share first.
    pub ladder: Vec<Rung>,
}

impl Default for ValueRules {
    fn default() -> Self {
        Self {
            recency_days: [60, 150],
            frequency: [5, 2],
            money: [150_000, 50_000],
            potential_from: 7,
            not_potential_to: 4,
            cost_per_minute: 0,
            ladder: vec![Rung { top_percent: 5, priority: 8 }, Rung { top_percent: 20, priority: 7 }],
        }
    }
}

/// Who goes before others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rung {
    /// Customers of the highest value, 1 to 100 of a hundred.
    pub top_percent: u8,
    /// What their calls get, 1 (low) to 10 (high).
    pub priority: u8,
}

/// Which of three classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Worth an effort.
    Potential,
    /// Like most.
    Ordinary,
    /// Hardly buys.
    NotPotential,
}

/// What put a customer into a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Driver {
    /// Days since the last order or call.
    Recency {
        /// How many; none if there was neither.
        days: Option<u32>,
        /// Whether the last contact was a call.
        by_phone: bool,
        /// 1 to 3.
        points: u8,
    },
    /// Days with an order.
    Frequency {
        /// How many.
        orders: u32,
        /// 1 to 3.
        points: u8,
    },
    /// Spent less returned.
    Money {
        /// In hundredths.
        cents: Cents,
        /// 1 to 3.
        points: u8,
    },
}

impl Driver {
    /// 1 to 3.
    #[must_use]
    pub const fn points(&self) -> u8 {
        match self {
            Self::Recency { points, .. } | Self::Frequency { points, .. } | Self::Money { points, .. } => {
                *points
            }
        }
    }
}

/// How a customer stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Standing {
    /// The class.
    pub class: Class,
    /// What put them there: the points of recency, frequency and money add up to it.
    pub drivers: [Driver; 3],
    /// 3 to 9.
    pub points: u8,
    /// What they bring in, older money counting less.
    pub worth_cents: Cents,
    /// What serving them costs, older minutes counting less.
    pub cost_to_serve_cents: Cents,
    /// What came back, ever.
    pub returned_cents: Cents,
    /// What they bring in less what serving them costs.
    pub value_cents: Cents,
}

impl Model {
    /// An agent has handled a contact of this customer for so many minutes.
    pub fn contacted(&mut self, customer: &str, day: Day, handled_minutes: f64) {
        let half_life = self.settings.worth_half_life_days;
        let Some(no) = self.customer_place(customer) else { return };
        let customer = &mut self.customers[no as usize];
        customer.last_contact = customer.last_contact.max(Some(day));
        customer.handled.add(handled_minutes.max(0.0), day, half_life);
    }

    /// How a customer stands today; none if nothing is known of them.
    #[must_use]
    pub fn standing(&self, customer: &str, today: Day, rules: &ValueRules) -> Option<Standing> {
        let customer = self.customer(customer)?;
        let drivers = rules.drivers(customer, today);
        let points = drivers.iter().map(Driver::points).sum();
        let half_life = self.settings.worth_half_life_days;
        let worth_cents = customer.worth.on(today, half_life).round() as Cents;
        let minutes = customer.handled.on(today, half_life);
        let cost_to_serve_cents = (minutes * rules.cost_per_minute as f64).round() as Cents;
        Some(Standing {
            class: rules.class(points),
            drivers,
            points,
            worth_cents,
            cost_to_serve_cents,
            returned_cents: customer.returned,
            value_cents: worth_cents.saturating_sub(cost_to_serve_cents),
        })
    }

    /// The values from which each rung of the ladder begins today; computed once for many calls.
    #[must_use]
    pub fn ladder(&self, today: Day, rules: &ValueRules) -> Ladder {
        if rules.ladder.is_empty() {
            return Ladder::default();
        }
        let values = self.by_value(today, rules);
        let begins = |rung: &Rung| {
            let count = (values.len() * usize::from(rung.top_percent.min(100))).div_ceil(100);
            let last = values.get(count.checked_sub(1)?)?;
            Some((last.1.max(1), *rung))
        };
        Ladder(rules.ladder.iter().filter_map(begins).collect())
    }

    /// Every customer by value, best first; of equals by id.
    #[must_use]
    pub fn by_value(&self, today: Day, rules: &ValueRules) -> Vec<(&str, Cents)> {
        let value = |id: &str| self.standing(id, today, rules).map_or(0, |standing| standing.value_cents);
        let mut all = self.customer_nos.keys().map(|id| (id.as_str(), value(id))).collect::<Vec<_>>();
        all.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        all
    }
}

/// From which value on calls go before others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ladder(Vec<(Cents, Rung)>);

/// What a call's priority is to be, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CallPriority {
    /// 1 (low) to 10 (high).
    pub priority: u8,
    /// Codes: what put the customer there.
    pub reasons: Vec<String>,
}

impl Ladder {
    /// What a customer's calls get; none for those on no rung, whose calls keep the priority of their entry.
    #[must_use]
    pub fn priority(&self, standing: &Standing) -> Option<CallPriority> {
        let (_, rung) = self.0.iter().find(|(from, _)| standing.value_cents >= *from)?;
        let class = match standing.class {
            Class::Potential => "class_potential",
            Class::Ordinary => "class_ordinary",
            Class::NotPotential => "class_not_potential",
        };
        let reasons = vec![format!("value_top_{}_percent", rung.top_percent), class.to_owned()];
        Some(CallPriority { priority: rung.priority, reasons })
    }
}

impl ValueRules {
    fn drivers(&self, customer: &Customer, today: Day) -> [Driver; 3] {
        let last = customer.last_order.max(customer.last_contact);
        let days = last.map(|last| today.since(last));
        let recency = 4 - days.map_or(3, |days| place(self.recency_days, |most| days <= most));
        let frequency = 4 - place(self.frequency, |least| customer.order_days >= least);
        let money = 4 - place(self.money, |least| customer.spent >= least);
        [
            Driver::Recency { days, by_phone: customer.last_contact > customer.last_order, points: recency },
            Driver::Frequency { orders: customer.order_days, points: frequency },
            Driver::Money { cents: customer.spent, points: money },
        ]
    }

    const fn class(&self, points: u8) -> Class {
        if points >= self.potential_from {
            Class::Potential
        } else if points <= self.not_potential_to {
            Class::NotPotential
        } else {
            Class::Ordinary
        }
    }
}

/// Which of two thresholds is passed first: 1, 2, or 3 for neither.
fn place<T: Copy>(thresholds: [T; 2], passed: impl Fn(T) -> bool) -> u8 {
    thresholds.iter().zip(1..).find(|(one, _)| passed(**one)).map_or(3, |(_, place)| place)
}
