//! What it costs to learn a shop's books and to serve one customer.
//!
//! A shop is made up: 5,000 customers, 3,000 products, 200,000 lines, with tastes, so that rows are as full as real ones.

#![allow(missing_docs, clippy::expect_used, reason = "criterion's macro writes the main function")]

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use suggest::{Day, Model, Purchase, Rules, Settings, value::ValueRules};

const CUSTOMERS: u64 = 5_000;
const PRODUCTS: u64 = 3_000;
const TASTES: u64 = 30;
const TODAY: Day = Day(20_500);

/// A line of the shop's books: everybody has two tastes, and one line in five is of none of them.
fn line(at: u64) -> Purchase {
    let mut seed = at.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (at >> 7);
    let mut next = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    let customer = next(CUSTOMERS).min(next(CUSTOMERS));
    let taste = (customer * 7 + next(2) * 11) % TASTES;
    let within = next(PRODUCTS / TASTES).min(next(PRODUCTS / TASTES));
    let product = if next(5) == 0 { next(PRODUCTS) } else { taste + within * TASTES };
    let day = Day(20_000 + (at * 500 / 200_000) as i32);
    Purchase {
        customer: format!("c{customer}"),
        order: format!("{at}"),
        product: format!("p{product}"),
        name: format!("product {product}"),
        quantity: 1.0,
        amount: 1_000,
        day,
        minute: 0,
    }
}

fn serve(criterion: &mut Criterion) {
    let lines = (0..200_000).map(line).collect::<Vec<_>>();
    let train = |lines: Vec<Purchase>| Model::train(Settings::default(), Rules::default(), lines);
    let mut group = criterion.benchmark_group("suggest");
    group.sample_size(10).bench_function("train on 200,000 lines", |bencher| {
        bencher.iter_batched(|| lines.clone(), train, BatchSize::LargeInput);
    });
    let mut model = train(lines);
    println!("model: {} bytes", model.to_bytes().map_or(0, |bytes| bytes.len()));
    let customers = (0..CUSTOMERS).map(|at| format!("c{at}")).collect::<Vec<_>>();
    let mut who = customers.iter().cycle();
    let mut next = || who.next().map_or("", String::as_str);
    group.sample_size(100);
    group.bench_function("likely_next", |bencher| {
        bencher.iter(|| black_box(model.likely_next(next(), TODAY, 10)));
    });
    group.bench_function("fits_with", |bencher| {
        bencher.iter(|| black_box(model.fits_with(next(), TODAY, 10)));
    });
    let rules = ValueRules::default();
    group.bench_function("standing", |bencher| {
        bencher.iter(|| black_box(model.standing(next(), TODAY, &rules)));
    });
    let mut at = 200_000;
    group.bench_function("learn a line", |bencher| {
        bencher.iter(|| {
            at += 1;
            black_box(model.learn(&Purchase { day: TODAY, ..line(at) }))
        });
    });
    group.sample_size(10).bench_function("refresh 100 products", |bencher| {
        bencher.iter_batched(|| model.clone(), |mut model| model.refresh(100), BatchSize::LargeInput);
    });
    group.finish();
}

criterion_group!(benches, serve);
criterion_main!(benches);
