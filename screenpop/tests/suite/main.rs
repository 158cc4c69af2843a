//! Behaviour of the screen pop: who is calling, and the card that follows.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says so by failing")]

mod desk;

mod advice;
mod bounds;
mod choosing;
mod failing;
mod headers;
mod hostile;
mod northwind;
mod numbers;
mod popping;
mod sample;
