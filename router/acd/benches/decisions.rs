//! Events decided a second on a busy floor with everything mixed: every strategy, steps, variables, ageing, rest, known
//! callers; and the brain's memory written and read.
//!
//! One round is an agent's phone that hangs up, the phones that ring then and answer, a new caller, and the deadlines
//! that are due meanwhile.

mod busy;

use acd::Acd;
use busy::{Busy, Size};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

const fn size(agents: u64, queues: u64, waiting: u64) -> Size {
    Size { agents, queues, waiting }
}

const SIZES: [Size; 4] =
    [size(100, 20, 200), size(1_000, 100, 2_000), size(10_000, 500, 20_000), size(50_000, 500, 20_000)];

fn decisions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decisions");
    for size in SIZES {
        let mut busy = Busy::new(size);
        let (before, rounds) = (busy.events, 20_000);
        (0..rounds).for_each(|_| busy.round());
        // About how many events a round has here.
        group.throughput(Throughput::Elements((busy.events - before).div_ceil(rounds)));
        let name = format!("{} agents, {} queues, {} waiting", size.agents, size.queues, size.waiting);
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| bencher.iter(|| busy.round()));
    }
    group.finish();
}

/// The brain's memory written and read: every agent talks, and so many callers wait.
fn snapshots(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("snapshots");
    for size in SIZES {
        let busy = Busy::new(size);
        let bytes = busy.acd.snapshot().unwrap_or_default();
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        let name = format!("{} agents, {} calls, {} bytes", size.agents, busy.acd.live_calls(), bytes.len());
        group.bench_function(BenchmarkId::new("write", &name), |bencher| {
            bencher.iter(|| black_box(busy.acd.snapshot()).is_ok());
        });
        group.bench_function(BenchmarkId::new("read", &name), |bencher| {
            bencher.iter(|| black_box(Acd::restore(&bytes)).is_ok());
        });
    }
    group.finish();
}

criterion_group!(benches, decisions, snapshots);
criterion_main!(benches);
