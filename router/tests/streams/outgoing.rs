//! Connections that we open.

use crate::support::{Client, House, Plan, answer, any, request, soon};
use router::streams::StreamNews;
use sip::{Flow, Transport};
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::AsyncReadExt as _,
    net::{TcpListener, TcpStream},
};

/// A PBX that listens.
struct Pbx(TcpListener);

impl Pbx {
    async fn listen() -> Self {
        Self(TcpListener::bind(any()).await.unwrap())
    }
    fn flow(&self) -> Flow {
        Flow::to(Transport::Tcp, self.0.local_addr().unwrap())
    }
    async fn accept(&self) -> Client<TcpStream> {
        Client::new(soon(self.0.accept()).await.unwrap().0)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_opens_a_connection_and_later_ones_take_it() {
    let (mut house, pbx) = (Plan::new().open(), Pbx::listen().await);
    for number in 1..=3 {
        house.streams.send(pbx.flow(), request(number, 10));
    }
    let mut trunk = pbx.accept().await;
    for number in 1..=3 {
        let got = trunk.receive().await.unwrap();
        assert_eq!(got.cseq().0, number);
        trunk.send(&answer(got.bytes(), pbx.flow())).await;
    }
    let (flow, message) = house.message().await;
    assert_eq!((flow.peer, message.status()), (pbx.flow().peer, Some(200)));
    // The answer's flow, and the peer alone, both lead to the same connection.
    for flow in [flow, pbx.flow()] {
        house.streams.send(flow, request(4, 0));
        assert_eq!(trunk.receive().await.unwrap().cseq().0, 4);
    }
    house.expect_count("sip_connections", "tcp", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_a_peer_opened_is_taken_to_reach_it() {
    let mut house = Plan::new().open();
    let mut phone = Client::tcp(house.at(Transport::Tcp)).await;
    phone.send(&request(1, 0)).await;
    let (flow, _) = house.message().await;
    house.streams.send(Flow::to(Transport::Tcp, flow.peer), request(2, 0));
    assert_eq!(phone.receive().await.unwrap().cseq().0, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_connection_is_opened_anew_for_the_next_message() {
    let (mut house, pbx) = (Plan::new().open(), Pbx::listen().await);
    house.streams.send(pbx.flow(), request(1, 0));
    let mut trunk = pbx.accept().await;
    let got = trunk.receive().await.unwrap();
    trunk.send(&answer(got.bytes(), pbx.flow())).await;
    let (flow, _) = house.message().await;
    drop(trunk);
    assert_eq!(house.news().await, StreamNews::Closed { connection: flow.connection.unwrap() });
    house.streams.send(flow, request(2, 0));
    assert_eq!(pbx.accept().await.receive().await.unwrap().cseq().0, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_cannot_be_reached_is_reported_once_for_each_flow() {
    let pbx = Pbx::listen().await;
    let nobody = pbx.flow();
    drop(pbx);
    let mut house = Plan::new().open();
    house.streams.send(nobody, request(1, 0));
    assert_eq!(house.news().await, StreamNews::Unreachable { flow: nobody });
    house.expect_count("sip_connects_failed_total", "connect", 1).await;
    // A phone behind a connection that has ended cannot be connected to.
    let mut phone = Client::tcp(house.at(Transport::Tcp)).await;
    phone.send(&request(1, 0)).await;
    let (gone, _) = house.message().await;
    drop(phone);
    assert_eq!(house.news().await, StreamNews::Closed { connection: gone.connection.unwrap() });
    house.streams.send(gone, request(2, 0));
    assert_eq!(house.news().await, StreamNews::Unreachable { flow: gone });
    // Nobody connects to a browser.
    let browser = Flow::to(Transport::Wss, any());
    house.streams.send(browser, request(3, 0));
    assert_eq!(house.news().await, StreamNews::Unreachable { flow: browser });
    house.expect_count("sip_messages_lost_total", "unreachable", 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connecting_has_an_end_and_holds_up_nobody() {
    let mut house = Plan::new().times(|times| times.connect = Duration::from_millis(500)).open();
    // It takes the connection and never says a word of TLS.
    let silent = TcpListener::bind(any()).await.unwrap();
    let to_silent = Flow::to(Transport::Tls, silent.local_addr().unwrap());
    for number in 0..10 {
        house.streams.send(to_silent, request(number, 0));
    }
    let _held = soon(silent.accept()).await.unwrap();
    let pbx = Pbx::listen().await;
    house.streams.send(pbx.flow(), request(1, 0));
    let mut trunk = pbx.accept().await;
    assert_eq!(trunk.receive().await.unwrap().cseq().0, 1);
    assert!(house.news.is_empty(), "the silent one still has time");
    assert_eq!(house.news().await, StreamNews::Unreachable { flow: to_silent });
    house.expect_count("sip_connects_failed_total", "time", 1).await;
    house.expect_count("sip_messages_lost_total", "unreachable", 10).await;
    assert!(house.news.is_empty(), "ten messages of one flow are one piece of news");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_of_ours_is_kept_alive_until_it_is_idle() {
    let times = |times: &mut router::streams::Times| {
        times.ping = Duration::from_millis(100);
        times.idle = Duration::from_millis(1_000);
    };
    let (mut house, pbx) = (Plan::new().times(times).open(), Pbx::listen().await);
    house.streams.send(pbx.flow(), request(1, 0));
    let mut trunk = pbx.accept().await;
    assert_eq!(trunk.receive().await.unwrap().cseq().0, 1);
    for _ in 0..3 {
        let mut ping = [0; 4];
        soon(trunk.io.read_exact(&mut ping)).await.unwrap();
        assert_eq!(&ping, b"\r\n\r\n");
        // Two answers in a row look like a question; it is not for us to answer.
        trunk.send(b"\r\n").await;
    }
    trunk.expect_end().await;
    assert!(matches!(house.news().await, StreamNews::Closed { .. }));
    house.expect_count("sip_connections_closed_total", "idle", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_know_us_by_the_address_we_are_told() {
    let source: SocketAddr = "127.0.0.7:0".parse().unwrap();
    let mut plan = Plan::new();
    plan.config.source = Some(source.ip());
    let (house, pbx): (House, _) = (plan.open(), Pbx::listen().await);
    house.streams.send(pbx.flow(), request(1, 0));
    assert_eq!(soon(pbx.0.accept()).await.unwrap().1.ip(), source.ip());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_of_others_leaves_us_a_quarter_of_the_places() {
    let mut plan = Plan::new();
    plan.config.connections = 4;
    let house = plan.open();
    let mut crowd = Vec::new();
    for host in ["127.0.0.1:0", "127.0.0.2:0", "127.0.0.3:0", "127.0.0.4:0"] {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(host.parse().unwrap()).unwrap();
        crowd.push(Client::new(soon(socket.connect(house.at(Transport::Tcp))).await.unwrap()));
    }
    let mut last = crowd.pop().unwrap();
    last.expect_end().await;
    house.expect_count("sip_connections_refused_total", "full", 1).await;
    let pbx = Pbx::listen().await;
    house.streams.send(pbx.flow(), request(1, 0));
    assert_eq!(pbx.accept().await.receive().await.unwrap().cseq().0, 1);
}
