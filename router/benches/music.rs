//! Many callers hear music at once: is every stream at its 50 packets a second, and what does it cost?
//!
//! `cargo bench -p router --bench music [-- STREAMS [SECONDS]]`; 2,000 streams for 10 s unless told otherwise.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)] // a measurement needs the clock

use acd::{CallId, Timestamp};
use router::media::{Media, Player as _, PortSource as _, Ports, Sound};
use sip::{Codec, Play};
use std::{
    collections::BTreeMap,
    net::UdpSocket,
    sync::Arc,
    time::{Duration, Instant},
};

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|word| word.parse::<u64>().ok());
    let (streams, seconds) = (numbers.next().unwrap_or(2_000), numbers.next().unwrap_or(10));
    let listener = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None).unwrap();
    listener.set_recv_buffer_size(64 << 20).unwrap();
    listener.bind(&"127.0.0.1:0".parse::<std::net::SocketAddr>().unwrap().into()).unwrap();
    let listener = UdpSocket::from(listener);
    listener.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let (to, sound) = (listener.local_addr().unwrap(), Arc::new(Sound::tune()));
    let media = Media::start(|_, _| {}).unwrap();
    let mut ports = Ports::new([127, 0, 0, 1].into(), &(0..=0));
    for number in 0..streams {
        let (from_port, socket) = ports.bind().expect("file descriptors: raise ulimit -n");
        let play = Play { to, codec: Codec::Pcma, payload: 8, events: None, from_port };
        media
            .play(CallId::new(Timestamp(0), u128::from(number) << 16), socket, play, Arc::clone(&sound))
            .unwrap();
    }
    report(&listener, streams, Duration::from_secs(seconds));
}

fn report(listener: &UdpSocket, streams: u64, time: Duration) {
    let (machine, media_before) = (loadtest::Machine::now(), media_seconds());
    let (started, mut heard, mut packet) = (Instant::now(), BTreeMap::new(), [0; 512]);
    while started.elapsed() < time {
        if let Ok(octets) = listener.recv(&mut packet)
            && octets == 172
        {
            *heard.entry([packet[8], packet[9], packet[10], packet[11]]).or_insert(0_u64) += 1;
        }
    }
    let elapsed = started.elapsed().as_secs_f64();
    let rate = |packets: Option<&u64>| packets.map_or(0.0, |packets| *packets as f64 / elapsed);
    let cost = (media_seconds() - media_before) / elapsed / (streams as f64 / 1_000.0);
    println!(
        "{} of {streams} streams heard; packets a second and stream: least {:.2}, most {:.2}; {cost:.3} cores per 1,000 streams; {:.1} % stolen",
        heard.len(),
        rate(heard.values().min()),
        rate(heard.values().max()),
        100.0 * loadtest::Machine::now().stolen_since(machine)
    );
}

/// Processor time of the player's thread so far.
fn media_seconds() -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path());
    let named = |path: &std::path::PathBuf| {
        std::fs::read_to_string(path.join("comm")).is_ok_and(|name| name.trim() == "media")
    };
    let stat = std::fs::read_to_string(tasks.into_iter().find(named).unwrap().join("stat")).unwrap();
    let ticks: Vec<f64> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|n| n.parse().unwrap())
        .collect();
    ticks.iter().sum::<f64>() / 100.0
}
