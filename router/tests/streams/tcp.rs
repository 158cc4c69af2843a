//! SIP over TCP, from the side of who connects.

use crate::support::{Client, Plan, SOON, count, request, soon};
use router::streams::{BRAIN_MESSAGES, LINE_OCTETS, StreamNews};
use sip::Transport;
use std::{sync::atomic::Ordering, time::Duration};
use tokio::io::AsyncReadExt as _;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partial_and_glued_messages_are_answered_on_their_connection() {
    let house = Plan::new().open().echo();
    let mut client = house.client().await;
    let mut other = house.client().await;
    for octet in request(1, 5).iter() {
        client.send(std::slice::from_ref(octet)).await;
    }
    client.expect_answer(1).await;
    let glued: Vec<u8> = (2..40).flat_map(|number| request(number, number as usize)).collect();
    let (first, rest) = glued.split_at(1_003);
    client.send(first).await;
    other.ask(100).await;
    client.send(rest).await;
    for number in 2..40 {
        client.expect_answer(number).await;
    }
    house.expect_count("sip_connections", "tcp", 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_is_reported_when_it_is_closed() {
    let mut house = Plan::new().open();
    let mut client = Client::tcp(house.at(Transport::Tcp)).await;
    client.send(&request(1, 0)).await;
    let (flow, message) = house.message().await;
    assert_eq!((flow.transport, message.cseq().0), (Transport::Tcp, 1));
    assert_eq!(flow.peer, client.io.local_addr().unwrap());
    drop(client);
    assert_eq!(house.news().await, StreamNews::Closed { connection: flow.connection.unwrap() });
    house.expect_count("sip_connections", "tcp", 0).await;
    house.expect_count("sip_connections_closed_total", "peer", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_keep_alive_is_answered_and_line_ends_are_passed_over() {
    let house = Plan::new().open().echo();
    let mut client = house.client().await;
    client.send(b"\r\n\r\n").await;
    let mut pong = [0; 2];
    soon(client.io.read_exact(&mut pong)).await.unwrap();
    assert_eq!(&pong, b"\r\n");
    client.send(b"\r\n").await;
    client.ask(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_of_unknown_length_is_answered_and_ends_the_connection() {
    let mut house = Plan::new().open().echo();
    let plain = String::from_utf8(request(1, 0).to_vec()).unwrap();
    for (length, status) in [("", 400), ("Content-Length: -1\r\n", 400), ("Content-Length: 65537\r\n", 413)] {
        let mut client = house.client().await;
        client.send(plain.replace("Content-Length: 0\r\n", length).as_bytes()).await;
        // What came behind it must not cost the peer its answer.
        client.send(&request(2, 60_000)).await;
        let answer = client.receive().await.unwrap();
        assert_eq!((answer.status(), answer.cseq().0), (Some(status), 1));
        assert!(answer.to_tag().is_some());
        client.expect_end().await;
        drop(client);
        assert!(matches!(house.other().await, StreamNews::Closed { .. }));
    }
    house.expect_count("sip_connections_closed_total", "framing", 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_protocol_is_closed_without_an_answer() {
    let house = Plan::new().open().echo();
    let mut client = house.client().await;
    client.send(b"\x16\x03\x01\x00\xf4\x01\x00\x00\xf0\x03\x03").await;
    client.expect_end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_never_ends_is_closed_by_time_and_pings_do_not_help() {
    let house = Plan::new().times(|times| times.message = Duration::from_millis(300)).open().echo();
    let mut client = house.client().await;
    client.ask(1).await;
    client.send(&request(2, 50)[..request(2, 50).len() - 1]).await;
    client.expect_end().await;
    house.expect_count("sip_connections_closed_total", "slow_message", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_ends_a_connection_unless_it_is_held() {
    let mut house = Plan::new().times(|times| times.idle = Duration::from_millis(500)).open();
    let mut held = Client::tcp(house.at(Transport::Tcp)).await;
    held.send(&request(1, 0)).await;
    let (flow, _) = house.message().await;
    house.streams.hold(flow.connection.unwrap(), true);
    // This one is younger, so that the one held would have been closed before it.
    let mut silent = Client::tcp(house.at(Transport::Tcp)).await;
    silent.expect_end().await;
    house.expect_count("sip_connections_closed_total", "idle", 1).await;
    held.send(&request(2, 0)).await;
    loop {
        if let StreamNews::Message { flow: of, .. } = house.news().await {
            assert_eq!(of, flow);
            break;
        }
    }
    house.streams.hold(flow.connection.unwrap(), false);
    held.expect_end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_read_is_closed_and_nobody_waits_for_him() {
    let mut house = Plan::new().open();
    let mut deaf = Client::tcp(house.at(Transport::Tcp)).await;
    deaf.send(&request(1, 0)).await;
    let (to_deaf, _) = house.message().await;
    let mut well = Client::tcp(house.at(Transport::Tcp)).await;
    let large = request(2, 60_000);
    let mut sent = 0;
    let closed = loop {
        house.streams.send(to_deaf, large.clone());
        sent += large.len();
        // A whole conversation with somebody else between any two.
        well.send(&request(3, 0)).await;
        match house.news().await {
            StreamNews::Message { flow, .. } => house.streams.send(flow, request(4, 0)),
            other => break other,
        }
        assert_eq!(well.receive().await.unwrap().cseq().0, 4);
        assert!(sent < 100 * LINE_OCTETS, "{sent} octets wait for a peer who does not read");
    };
    // What waited for him did not leave; then he is gone.
    assert_eq!(closed, StreamNews::Unreachable { flow: to_deaf });
    let gone = StreamNews::Closed { connection: to_deaf.connection.unwrap() };
    while house.news().await != gone {}
    house.expect_count("sip_connections_closed_total", "unread", 1).await;
    assert!(count(&house.metrics, "sip_messages_lost_total", "unread") > 1);
    println!("closed after {sent} octets that he did not read");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_reads_nothing_of_a_little_is_closed_by_time() {
    let mut house = Plan::new().times(|times| times.write = Duration::from_millis(300)).open();
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut deaf = Client::new(soon(socket.connect(house.at(Transport::Tcp))).await.unwrap());
    deaf.send(&request(1, 0)).await;
    let (to_deaf, _) = house.message().await;
    // More than the kernel holds for somebody with so little room, and less than the queue does.
    for _ in 0..20 {
        house.streams.send(to_deaf, request(2, 60_000));
    }
    assert_eq!(house.news().await, StreamNews::Unreachable { flow: to_deaf });
    house.expect_count("sip_connections_closed_total", "unread", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_wait_while_the_brain_is_full_and_are_not_lost() {
    let mut house = Plan::new().open();
    let mut client = Client::tcp(house.at(Transport::Tcp)).await;
    house.full.store(true, Ordering::Relaxed);
    let many: Vec<u8> = (1..=50).flat_map(|number| request(number, 0)).collect();
    client.send(&many).await;
    while house.refusals.load(Ordering::Relaxed) < 3 {
        tokio::task::yield_now().await;
    }
    house.full.store(false, Ordering::Relaxed);
    for number in 1..=50 {
        assert_eq!(house.message().await.1.cseq().0, number);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_floods_the_brain_leaves_the_others_their_turn() {
    let mut house = Plan::new().open();
    let mut flood = Client::tcp(house.at(Transport::Tcp)).await;
    let many: Vec<u8> = (0..200).flat_map(|number| request(number, 0)).collect();
    flood.send(&many).await;
    while house.news.len() < BRAIN_MESSAGES {
        tokio::task::yield_now().await;
    }
    let mut other = Client::tcp(house.at(Transport::Tcp)).await;
    other.send(&request(1_000, 0)).await;
    while house.news.len() <= BRAIN_MESSAGES {
        tokio::task::yield_now().await;
    }
    let mut flooded = 0;
    while house.message().await.1.cseq().0 != 1_000 {
        flooded += 1;
    }
    assert!((BRAIN_MESSAGES..2 * BRAIN_MESSAGES).contains(&flooded), "{flooded} came before");
    while flooded < 200 {
        assert_eq!(house.message().await.1.cseq().0, flooded as u32);
        flooded += 1;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_sends_what_waits_and_closes() {
    let mut house = Plan::new().open();
    let mut client = Client::tcp(house.at(Transport::Tcp)).await;
    client.send(&request(1, 0)).await;
    let (flow, _) = house.message().await;
    for number in 1..=20 {
        house.streams.send(flow, request(number, 1_000));
    }
    let at = house.at(Transport::Tcp);
    tokio::time::timeout(SOON, house.streams.stop()).await.unwrap();
    for number in 1..=20 {
        assert_eq!(client.receive().await.unwrap().cseq().0, number);
    }
    client.expect_end().await;
    assert!(soon(tokio::net::TcpStream::connect(at)).await.is_err(), "nobody listens any more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_connections_than_there_are_places_are_closed_at_once() {
    let mut plan = Plan::new();
    plan.config.connections = 8;
    let house = plan.open().echo();
    let mut inside = Vec::new();
    for number in 0..4 {
        let mut client = house.client().await;
        client.ask(number).await;
        inside.push(client);
    }
    house.client().await.expect_end().await;
    house.expect_count("sip_connections_refused_total", "address_full", 1).await;
    inside.pop();
    // Its place is free when its end has been seen.
    loop {
        let mut client = house.client().await;
        client.send(&request(9, 0)).await;
        if client.receive().await.is_some() {
            break;
        }
    }
}
