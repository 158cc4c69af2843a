//! Behaviour of suggestions and values.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says so by failing")]

mod shop;

mod cleaning;
mod keeping;
mod learning;
mod outcomes;
mod reading;
mod retail;
mod standing;
mod suggesting;
