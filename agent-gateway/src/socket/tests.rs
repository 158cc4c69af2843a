//! Silence, and nobody identifying, in paused time and without a network.

use super::*;
use crate::{
    brain::{Busy, ReplyTo},
    config::{AgentAccess, Roster},
};
use acd::{
    AgentNo,
    plan::{Answer, Presence},
};
use protocol::{ClientInfo, CommandId, Token};
use std::collections::BTreeMap;
use tokio::{io::DuplexStream, task::JoinHandle};

struct Deaf;

impl Brain for Deaf {
    fn try_event(&self, _: acd::Event, _: Option<ReplyTo>) -> Result<(), Busy> {
        Ok(())
    }
    fn try_transfer(&self, _: crate::Transfer, _: Option<ReplyTo>) -> Result<(), Busy> {
        Ok(())
    }
}

fn hub() -> (Hub, mpsc::Receiver<Ask>) {
    let ann = AgentAccess {
        no: AgentNo(0),
        id: "ann".into(),
        name: "Ann".into(),
        token: "secret".into(),
        token_hash: None,
        roles: Vec::new(),
        skills: BTreeMap::new(),
        answer: Answer::Phone,
        presence: Presence::Desk,
    };
    let roster = Roster::new(vec![ann], Vec::new(), protocol::Site::default()).unwrap();
    let (asks, asked) = mpsc::channel(16);
    let hub = Hub {
        reception: Reception::new(crate::config::Shelf::new(roster), Arc::new(|_| {})),
        brain: Arc::new(Deaf),
        asks,
        server_version: "test".into(),
        sessions: AtomicU32::new(1),
    };
    (hub, asked)
}

/// A client on a pipe, what the desk is asked, and the server's end of it all.
async fn connect() -> (WebSocketStream<DuplexStream>, mpsc::Receiver<Ask>, JoinHandle<()>) {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let (hub, asked) = hub();
    let server =
        WebSocketStream::from_raw_socket(far, tungstenite::protocol::Role::Server, Some(limits())).await;
    let served =
        tokio::spawn(async move { serve(server, &hub, std::net::Ipv4Addr::LOCALHOST.into(), true).await });
    let mut client = WebSocketStream::from_raw_socket(near, tungstenite::protocol::Role::Client, None).await;
    assert!(client.next().await.unwrap().unwrap().into_text().unwrap().contains("hello"));
    (client, asked, served)
}

async fn say(client: &mut WebSocketStream<DuplexStream>, message: ClientMessage) {
    let frame = ClientFrame { id: Some(CommandId("1".into())), message };
    client.send(Message::text(frame.encode().unwrap())).await.unwrap();
}

fn identify() -> ClientMessage {
    let client = ClientInfo { name: "test".into(), version: "1".into(), kind: ClientKind::Desktop };
    let token = Token("secret".into());
    ClientMessage::Identify(Identify { token, client, locale: None, subscriptions: Vec::new() })
}

#[tokio::test(start_paused = true)]
async fn whoever_does_not_identify_within_five_seconds_is_closed() {
    let (mut client, _asked, _served) = connect().await;
    let start = Until::now();
    let error = client.next().await.unwrap().unwrap().into_text().unwrap();
    assert!(error.contains("identify_first"), "{error}");
    let Some(Ok(Message::Close(Some(close)))) = client.next().await else { panic!("not closed") };
    assert_eq!(u16::from(close.code), 4001);
    assert_eq!(start.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn pings_before_identify_do_not_buy_time() {
    let (mut client, _asked, _served) = connect().await;
    let start = Until::now();
    for _ in 0..4 {
        say(&mut client, ClientMessage::Ping(Ping { t: 1 })).await;
        assert!(client.next().await.unwrap().unwrap().into_text().unwrap().contains("pong"));
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    assert!(client.next().await.unwrap().unwrap().into_text().unwrap().contains("identify_first"));
    assert_eq!(start.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn twenty_five_seconds_of_silence_are_a_loss() {
    let (mut client, mut asked, served) = connect().await;
    say(&mut client, identify()).await;
    let Some(Ask::SignIn { session, .. }) = asked.recv().await else { panic!("not signed in") };
    for _ in 0..3 {
        tokio::time::advance(Duration::from_secs(20)).await;
        say(&mut client, ClientMessage::Ping(Ping { t: 1 })).await;
        assert!(client.next().await.unwrap().unwrap().into_text().unwrap().contains("pong"));
    }
    let start = Until::now();
    let Some(Ask::Gone { session: gone }) = asked.recv().await else { panic!("not lost") };
    assert_eq!((gone, start.elapsed().as_secs()), (session, 25));
    drop(client);
    served.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_client_that_vanishes_is_a_loss_at_once() {
    let (mut client, mut asked, _served) = connect().await;
    say(&mut client, identify()).await;
    assert!(matches!(asked.recv().await, Some(Ask::SignIn { .. })));
    let start = Until::now();
    drop(client);
    assert!(matches!(asked.recv().await, Some(Ask::Gone { .. })));
    assert_eq!(start.elapsed().as_secs(), 0);
}
