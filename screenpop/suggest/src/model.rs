//! Everything that is known of customers and products, learnt line by line.
//!
//! A line changes counts at once. Which products go together is computed anew for the products it touched, as many at a
//! time as the caller allows ([`Model::refresh`]); until then the old answer stands, which one line hardly moves.

use crate::customer::{Bought, Change, Customer, ProductNo, Refused};
use crate::fits::{Neighbour, Rows};
use crate::{Counts, Day, Fading, Kind, Purchase, Rules, Settings, outcome::Tally};
use std::collections::{BTreeMap, BTreeSet};

/// A product.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Product {
    pub code: String,
    pub name: String,
    /// Customers who have it.
    pub buyers: Vec<CustomerNo>,
    /// Customers and days on which it was bought, of which older ones count less.
    pub selling: Fading,
    pub tally: Tally,
}

/// A customer in the model, by the place there.
pub(crate) type CustomerNo = u32;

/// What is known of customers and products.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    pub(crate) settings: Settings,
    pub(crate) rules: Rules,
    pub(crate) customers: Vec<Customer>,
    pub(crate) products: Vec<Product>,
    pub(crate) customer_nos: BTreeMap<String, CustomerNo>,
    pub(crate) product_nos: BTreeMap<String, ProductNo>,
    pub(crate) counts: Counts,
    /// How many pairs of a customer and a product there are.
    pub(crate) pairs: usize,
    /// The last day of which anything is known.
    pub(crate) last_day: Option<Day>,
    /// What goes with each product.
    pub(crate) rows: Vec<Vec<Neighbour>>,
    /// Products whose row does not know the latest lines.
    pub(crate) stale: BTreeSet<ProductNo>,
    /// What sells now, by product: 1 for what sells best.
    pub(crate) trend: Vec<f32>,
    /// Products by how many customers have them, best first.
    pub(crate) popular: Vec<ProductNo>,
}

impl Model {
    /// A model that knows nothing.
    #[must_use]
    pub fn new(settings: Settings, rules: Rules) -> Self {
        Self {
            settings,
            rules,
            customers: Vec::new(),
            products: Vec::new(),
            customer_nos: BTreeMap::new(),
            product_nos: BTreeMap::new(),
            counts: Counts::default(),
            pairs: 0,
            last_day: None,
            rows: Vec::new(),
            stale: BTreeSet::new(),
            trend: Vec::new(),
            popular: Vec::new(),
        }
    }

    /// Learns lines in the sequence of their orders, whatever sequence they come in, and computes everything.
    #[must_use]
    pub fn train(settings: Settings, rules: Rules, mut lines: Vec<Purchase>) -> Self {
        let mut model = Self::new(settings, rules);
        lines.sort_by(|a, b| (a.day, a.minute, &a.order).cmp(&(b.day, b.minute, &b.order)));
        for line in &lines {
            model.learn(line);
        }
        model.refresh(usize::MAX);
        model
    }

    /// Learns one line; says what it was taken for.
    pub fn learn(&mut self, line: &Purchase) -> Kind {
        let kind = self.rules.kind(line);
        self.counts.count(kind);
        if !matches!(kind, Kind::Bought | Kind::Returned) {
            return kind;
        }
        let place = self.places(line).filter(|&(customer, product)| self.has_room(customer, product));
        let Some((customer, product)) = place else {
            self.counts.no_room += 1;
            return kind;
        };
        let change = self.change(kind, customer, product, line);
        self.last_day = self.last_day.max(Some(line.day));
        self.note(change, customer, product, line.day);
        kind
    }

    fn has_room(&self, customer: CustomerNo, product: ProductNo) -> bool {
        self.pairs < self.settings.max_pairs || self.customers[customer as usize].has(product)
    }

    fn change(&mut self, kind: Kind, customer: CustomerNo, product: ProductNo, line: &Purchase) -> Change {
        let (quantity, amount) = (line.quantity.abs(), line.amount.saturating_abs());
        let buyer = &mut self.customers[customer as usize];
        if kind == Kind::Returned {
            buyer.give_back(product, quantity, amount, line.day, &self.settings)
        } else {
            buyer.buy(product, quantity, amount, line.day, &self.settings)
        }
    }

    fn note(&mut self, change: Change, customer: CustomerNo, product: ProductNo, day: Day) {
        match change {
            Change::None => return,
            Change::New => self.has_come_to(customer, product),
            Change::Gone => self.has_lost(customer, product),
            Change::Again => {}
        }
        if change != Change::Gone {
            self.products[product as usize].selling.add(1.0, day, self.settings.trend_half_life_days);
        }
    }

    fn has_come_to(&mut self, customer: CustomerNo, product: ProductNo) {
        self.products[product as usize].buyers.push(customer);
        self.pairs += 1;
        self.spoil(customer, product);
        let buyer = &mut self.customers[customer as usize];
        if buyer.bought.len() > self.settings.max_bought
            && let Some(oldest) = buyer.forget_oldest()
        {
            self.has_lost(customer, oldest);
        }
    }

    fn has_lost(&mut self, customer: CustomerNo, product: ProductNo) {
        self.products[product as usize].buyers.retain(|&one| one != customer);
        self.pairs = self.pairs.saturating_sub(1);
        self.spoil(customer, product);
    }

    /// The product goes a little better, or worse, with everything else that the customer has.
    fn spoil(&mut self, customer: CustomerNo, product: ProductNo) {
        self.stale.insert(product);
        self.stale.extend(self.customers[customer as usize].bought.iter().map(|one| one.product));
    }

    /// The places of a line's customer and product; none where there is no room for a new one.
    fn places(&mut self, line: &Purchase) -> Option<(CustomerNo, ProductNo)> {
        Some((self.customer_place(&line.customer)?, self.product_place(&line.product, &line.name)?))
    }

    pub(crate) fn customer_place(&mut self, id: &str) -> Option<CustomerNo> {
        if let Some(&known) = self.customer_nos.get(id) {
            return Some(known);
        }
        let room = self.customers.len() < self.settings.max_customers;
        let no = CustomerNo::try_from(self.customers.len()).ok().filter(|_| room)?;
        self.customer_nos.insert(id.to_owned(), no);
        self.customers.push(Customer::default());
        Some(no)
    }

    /// The latest name of a product is its name.
    fn product_place(&mut self, code: &str, name: &str) -> Option<ProductNo> {
        if let Some(&known) = self.product_nos.get(code) {
            let product = &mut self.products[known as usize];
            if !name.is_empty() && product.name != name {
                name.clone_into(&mut product.name);
            }
            return Some(known);
        }
        let room = self.products.len() < self.settings.max_products;
        let no = ProductNo::try_from(self.products.len()).ok().filter(|_| room)?;
        self.product_nos.insert(code.to_owned(), no);
        self.products.push(Product {
            code: code.to_owned(),
            name: name.to_owned(),
            buyers: Vec::new(),
            selling: Fading::default(),
            tally: Tally::default(),
        });
        self.rows.push(Vec::new());
        self.trend.push(0.0);
        Some(no)
    }

    /// Computes anew what goes with at most so many of the products that have changed; says how many are left.
    ///
    /// What is popular and what sells now is brought up to date, too.
    pub fn refresh(&mut self, at_most: usize) -> usize {
        let todo = self.stale.iter().copied().take(at_most).collect::<Vec<_>>();
        if !todo.is_empty() {
            let mut rows = Rows::new(self);
            for product in todo {
                self.rows[product as usize] = rows.row(self, product);
                self.stale.remove(&product);
            }
        }
        self.rank();
        self.stale.len()
    }

    /// Derived from the counts: what is popular, and what sells now.
    pub(crate) fn rank(&mut self) {
        let today = self.last_day.unwrap_or_default();
        let half_life = self.settings.trend_half_life_days;
        let selling = |product: &Product| {
            if product.buyers.is_empty() { 0.0 } else { product.selling.on(today, half_life) }
        };
        let most = self.products.iter().map(selling).fold(f64::MIN_POSITIVE, f64::max);
        self.trend = self.products.iter().map(|product| (selling(product) / most) as f32).collect();
        self.popular = (0..self.products.len() as ProductNo).collect();
        let order = |&no: &ProductNo| {
            let product = &self.products[no as usize];
            (std::cmp::Reverse(product.buyers.len()), no)
        };
        self.popular.sort_by_key(order);
    }

    /// Forgets a customer: what they bought, said and are worth. Says whether there was anything.
    pub fn forget(&mut self, id: &str) -> bool {
        let Some(no) = self.customer_nos.remove(id) else { return false };
        let gone = std::mem::take(&mut self.customers[no as usize]);
        for Bought { product, .. } in &gone.bought {
            self.products[*product as usize].buyers.retain(|&one| one != no);
            self.stale.insert(*product);
        }
        self.pairs = self.pairs.saturating_sub(gone.bought.len());
        true
    }

    /// Takes over what became of another model's suggestions. For a model that was trained anew, in the place of the one
    /// before.
    pub fn take_over_outcomes(&mut self, before: &Self) {
        for product in &before.products {
            if let Some(&no) = self.product_nos.get(&product.code) {
                self.products[no as usize].tally = product.tally;
            }
        }
        for (id, &no) in &before.customer_nos {
            self.take_over_refused(id, &before.customers[no as usize], before);
        }
    }

    /// Takes over another model's contacts, if there are none of the customer's here.
    pub fn take_over_contacts(&mut self, before: &Self) {
        for (id, &no) in &before.customer_nos {
            let known = &before.customers[no as usize];
            if known.last_contact.is_none() {
                continue;
            }
            let Some(no) = self.customer_place(id) else { continue };
            let customer = &mut self.customers[no as usize];
            if customer.last_contact.is_none() {
                customer.last_contact = known.last_contact;
                customer.handled = known.handled;
            }
        }
    }

    fn take_over_refused(&mut self, id: &str, known: &Customer, before: &Self) {
        if known.refused.is_empty() {
            return;
        }
        let Some(no) = self.customer_place(id) else { return };
        let here = |refused: &Refused| {
            let code = &before.products[refused.product as usize].code;
            let product = *self.product_nos.get(code)?;
            Some(Refused { product, weight: refused.weight })
        };
        let refused = known.refused.iter().filter_map(here).collect();
        self.customers[no as usize].refused = refused;
    }

    /// How many lines there were of each kind.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// What it goes by.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The last day of which anything is known.
    #[must_use]
    pub const fn last_day(&self) -> Option<Day> {
        self.last_day
    }

    /// How many customers and products it knows.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        (self.customer_nos.len(), self.products.len())
    }

    pub(crate) fn customer(&self, id: &str) -> Option<&Customer> {
        self.customer_nos.get(id).and_then(|&no| self.customers.get(no as usize))
    }
}
