//! Takes up the message in a file N times: `scan_file FILE [N]`. For callgrind, which counts what one costs.
//! From the second time on it is a repetition, as on the wire.

#[path = "../tests/corpus/receive.rs"]
mod receive;

use bytes::Bytes;
use receive::Receiver;
use std::hint::black_box;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (file, times) = (arguments.next(), arguments.next().map_or(Ok(1), |times| times.parse::<u64>()));
    let (Some(file), Ok(times)) = (file, times) else {
        eprintln!("usage: scan_file FILE [TIMES]");
        return ExitCode::from(64);
    };
    match std::fs::read(&file) {
        Ok(bytes) => {
            read_over_and_over(&Bytes::from(bytes), times);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("scan_file: {file}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn read_over_and_over(bytes: &Bytes, times: u64) {
    let mut receiver = Receiver::new();
    for _ in 0..times {
        black_box(receiver.receive(black_box(bytes)));
    }
}
