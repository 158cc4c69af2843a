//! A model as bytes, and back.
//!
//! Twelve bytes that say what it is and in which version, then MessagePack. What follows from the rest (who has a
//! product, what sells, what is popular) is not stored but derived again, so it cannot disagree. Another version is
//! refused: the lines are there to train from.

use crate::customer::{Customer, ProductNo};
use crate::fits::Neighbour;
use crate::model::{CustomerNo, Model, Product};
use crate::outcome::Tally;
use crate::{Counts, Day, Fading, Rules, Settings};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What a model begins with, and its version.
const MAGIC: &[u8; 11] = b"sambungSUG\x00";
const VERSION: u8 = 1;

/// Why bytes are no model.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It begins with something else.
    #[error("it is no model of suggestions")]
    NotAModel,
    /// It was written by another version of this program.
    #[error("it is of another version of this program; train it again")]
    OtherVersion,
    /// It cannot be read.
    #[error("it is damaged ({0}); train it again")]
    Damaged(String),
    /// It cannot be written.
    #[error("it cannot be written: {0}")]
    Encode(#[from] rmp_serde::encode::Error),
}

#[derive(Serialize, Deserialize)]
struct Kept {
    settings: Settings,
    not_goods: BTreeSet<String>,
    cancelled: String,
    not_before: Day,
    not_after: Day,
    counts: Counts,
    last_day: Option<Day>,
    /// By customer; none for one who was forgotten.
    ids: Vec<Option<String>>,
    customers: Vec<Customer>,
    products: Vec<KeptProduct>,
    rows: Vec<Vec<Neighbour>>,
    stale: BTreeSet<ProductNo>,
}

#[derive(Serialize, Deserialize)]
struct KeptProduct {
    code: String,
    name: String,
    selling: Fading,
    tally: Tally,
}

impl Model {
    /// The model as bytes; the same model gives the same bytes.
    ///
    /// # Errors
    ///
    /// [`StoreError::Encode`], which nothing in a model can cause.
    pub fn to_bytes(&self) -> Result<Vec<u8>, StoreError> {
        let mut ids = vec![None; self.customers.len()];
        for (id, &no) in &self.customer_nos {
            ids[no as usize] = Some(id.clone());
        }
        let product = |product: &Product| KeptProduct {
            code: product.code.clone(),
            name: product.name.clone(),
            selling: product.selling,
            tally: product.tally,
        };
        let kept = Kept {
            settings: self.settings.clone(),
            not_goods: self.rules.not_goods.clone(),
            cancelled: self.rules.cancelled.clone(),
            not_before: self.rules.not_before,
            not_after: self.rules.not_after,
            counts: self.counts,
            last_day: self.last_day,
            ids,
            customers: self.customers.clone(),
            products: self.products.iter().map(product).collect(),
            rows: self.rows.clone(),
            stale: self.stale.clone(),
        };
        let mut bytes = MAGIC.to_vec();
        bytes.push(VERSION);
        rmp_serde::encode::write(&mut bytes, &kept)?;
        Ok(bytes)
    }

    /// The model from bytes.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotAModel`], [`StoreError::OtherVersion`], or [`StoreError::Damaged`] if what it says cannot be.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        let (version, kept) =
            bytes.strip_prefix(MAGIC).and_then(<[u8]>::split_first).ok_or(StoreError::NotAModel)?;
        if *version != VERSION {
            return Err(StoreError::OtherVersion);
        }
        let kept = rmp_serde::from_slice::<Kept>(kept);
        let kept = kept.map_err(|error| StoreError::Damaged(error.to_string()))?;
        kept.check().map_err(|what| StoreError::Damaged(what.to_owned()))?;
        Ok(kept.into_model())
    }
}

impl Kept {
    /// Every number that leads to a place leads to one that is there.
    fn check(&self) -> Result<(), &'static str> {
        let there = |product: ProductNo| (product as usize) < self.products.len();
        let in_order = |customer: &Customer| customer.bought.is_sorted_by(|a, b| a.product < b.product);
        let known = |customer: &Customer| {
            customer.bought.iter().all(|one| there(one.product))
                && customer.refused.iter().all(|one| there(one.product))
        };
        if self.ids.len() != self.customers.len() || self.rows.len() != self.products.len() {
            return Err("its tables differ in length");
        }
        if !self.customers.iter().all(|customer| known(customer) && in_order(customer)) {
            return Err("a customer has a product that is not there");
        }
        if !self.rows.iter().flatten().all(|one| there(one.product))
            || !self.stale.iter().all(|&one| there(one))
        {
            return Err("a product goes with one that is not there");
        }
        Ok(())
    }

    fn into_model(self) -> Model {
        let rules = Rules {
            not_goods: self.not_goods,
            cancelled: self.cancelled,
            not_before: self.not_before,
            not_after: self.not_after,
        };
        let mut model = Model::new(self.settings, rules);
        let numbered = |(no, id): (CustomerNo, Option<String>)| Some((id?, no));
        model.customer_nos = (0..).zip(self.ids).filter_map(numbered).collect::<BTreeMap<_, _>>();
        model.products = self.products.into_iter().map(KeptProduct::into_product).collect();
        model.product_nos = model.products.iter().map(|one| one.code.clone()).zip(0..).collect();
        for (customer, no) in self.customers.iter().zip(0..) {
            for one in &customer.bought {
                model.products[one.product as usize].buyers.push(no);
            }
            model.pairs += customer.bought.len();
        }
        model.customers = self.customers;
        model.counts = self.counts;
        model.last_day = self.last_day;
        model.rows = self.rows;
        model.stale = self.stale;
        model.rank();
        model
    }
}

impl KeptProduct {
    fn into_product(self) -> Product {
        let Self { code, name, selling, tally } = self;
        Product { code, name, buyers: Vec::new(), selling, tally }
    }
}
