//! What it costs to know who is calling: one `identify` per kind of header, and one whole card from four databases.

#![allow(missing_docs, clippy::expect_used, reason = "criterion's macro writes the main function")]

use criterion::{Criterion, criterion_group, criterion_main};
use screenpop::caller::{CallerHeaders, Region, identify};
use screenpop::{ScreenPop, sample};
use std::hint::black_box;

fn headers(criterion: &mut Criterion) {
    let region = Region::new("ID").expect("a region");
    let mut group = criterion.benchmark_group("identify");
    for (name, from) in [
        ("e164", "\"Budi Santoso\" <sip:+6281234567890@pbx.example;user=phone>;tag=8f2a"),
        ("national", "<sip:081234567890@pbx.example>;tag=8f2a"),
        ("foreign, no plus", "<sip:14155552671@pbx.example>;tag=8f2a"),
        ("00 prefix", "<sip:006281234567890@pbx.example>;tag=8f2a"),
        ("escaped", "<sip:%2B6281234567890@pbx.example>;tag=8f2a"),
        ("internal", "<sip:1001@pbx.example>;tag=8f2a"),
        ("withheld", "\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=8f2a"),
    ] {
        let headers = CallerHeaders { from, ..CallerHeaders::default() };
        group.bench_function(name, |bencher| bencher.iter(|| identify(black_box(&headers), true, &region)));
    }
    group.finish();
}

fn card(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let (pop, customers) = runtime.block_on(async {
        let sample = sample::write(folder.path(), 1, 2_000).await.expect("a sample");
        let region = Region::new("ID").expect("a region");
        (ScreenPop::open(sample::sources(folder.path()), region).expect("sources"), sample.customers)
    });
    let mut customers = customers.iter().cycle();
    criterion.bench_function("card from four databases", |bencher| {
        bencher.iter(|| {
            let from = customers.next().map(|one| format!("<sip:{}@x>", one.dialled)).unwrap_or_default();
            let caller =
                identify(&CallerHeaders { from: &from, ..CallerHeaders::default() }, true, pop.region());
            let mut card = pop.look_up(&caller, "1500");
            runtime.block_on(card.wait_for(|card| card.complete)).map(|card| card.rev).ok()
        });
    });
}

criterion_group!(benches, headers, card);
criterion_main!(benches);
