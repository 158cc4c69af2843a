//! The brain against queueing theory: simulated calls routed by [`acd::Acd`] itself, beside values computed exactly.
//!
//! Every case is played in independent replications, each with a seed of its own. Their means are independent and
//! nearly normal, so Student's t gives the confidence interval of each measure, whatever calls within a replication
//! have to do with each other. A whole table is judged at 99 %: each of its m intervals is taken at 1 − 1 %/m
//! (Bonferroni), and at most a few of m may lie outside their own 99 % interval, which chance alone would bring about.
//!
//! `SAMBUNG_THEORY=50` plays fifty times as many calls in each replication (a long run, best with `--release`).

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod multiskill;
mod single;
mod statistics;
mod table;
