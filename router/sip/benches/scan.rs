//! What it costs to read an INVITE of 1.25 kB, and to write the answers to it.
#![allow(missing_docs, clippy::expect_used)] // criterion writes the entry point; a benchmark may stop

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sip::sdp::Sdp;
use sip::wire::{Message, Name, Writer};
use std::hint::black_box;

#[path = "../tests/corpus/mod.rs"]
mod corpus;

fn scan(c: &mut Criterion) {
    let invite = Bytes::from_static(corpus::INVITE);
    let mut group = c.benchmark_group("wire");
    group.throughput(Throughput::Bytes(invite.len() as u64));
    group.bench_function("scan_invite", |b| b.iter(|| Message::parse(black_box(invite.clone()))));
    let message = Message::parse(invite).expect("the INVITE is sound");
    let source = "192.0.2.10:5060".parse().expect("an address");
    group.bench_function("write_response", |b| {
        b.iter(|| {
            Writer::response_to(black_box(&message), 180, "Ringing", "8f2c", source)
                .header(Name::Contact, "<sip:192.0.2.1:5060>")
                .finish()
        });
    });
    group.bench_function("read_sdp", |b| b.iter(|| Sdp::parse(black_box(message.body()))));
    group.finish();
}

criterion_group!(benches, scan);
criterion_main!(benches);
