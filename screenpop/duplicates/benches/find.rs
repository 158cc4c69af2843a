//! What a run over invented cards costs.

use criterion::{Criterion, criterion_group, criterion_main};
use duplicates::sample::{Errors, Wanted, invent};
use duplicates::{Cards, Options, Rulings, find};
use std::hint::black_box;

fn runs(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("find");
    group.sample_size(10);
    for cards in [1_000, 10_000] {
        let wanted = Wanted { cards, people: cards * 4 / 7, seed: 1, errors: Errors::USUAL };
        let Ok(table) = Cards::read(invent(&wanted).table.as_bytes(), &[]) else { return };
        group.bench_function(format!("{cards} cards"), |bench| {
            bench.iter(|| {
                find(black_box(&table), &Rulings::default(), &Options::default(), &|_| {}).people.len()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, runs);
criterion_main!(benches);
