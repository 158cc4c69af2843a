//! Parses the message in a file N times: `scan_file FILE [N]`. For callgrind, which counts what one parse costs.

use bytes::Bytes;
use sip::sdp::Sdp;
use sip::wire::Message;
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

/// Everything a peer can make us do with one datagram: the scan, the answer to a fault, the description.
fn read_over_and_over(bytes: &Bytes, times: u64) {
    let source = ([192, 0, 2, 1], 5060).into();
    for _ in 0..times {
        match Message::parse(black_box(bytes.clone())) {
            Ok(message) => drop(black_box(Sdp::parse(message.body()))),
            Err(fault) => drop(black_box(fault.reply(source, "tag"))),
        }
    }
}
