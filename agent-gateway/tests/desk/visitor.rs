//! A real WebSocket client.

use crate::house::PATIENCE;
use futures_util::{SinkExt, StreamExt};
use protocol::{
    ClientFrame, ClientInfo, ClientKind, ClientMessage, CommandId, Fault, Identify, SUBPROTOCOL, ServerFrame,
    ServerMessage, Token, WEBSOCKET_PATH,
};
use std::net::SocketAddr;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue},
};

pub struct Visitor {
    socket: WebSocketStream<TcpStream>,
    commands: u32,
}

/// What came from the server.
#[derive(Debug)]
pub enum Came {
    Text(String),
    Closed(u16),
}

impl Visitor {
    pub async fn connect(to: SocketAddr, origin: Option<&str>) -> Self {
        let mut request = format!("ws://{to}{WEBSOCKET_PATH}").into_client_request().unwrap();
        request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static(SUBPROTOCOL));
        if let Some(origin) = origin {
            request.headers_mut().insert("Origin", origin.parse().unwrap());
        }
        let stream = TcpStream::connect(to).await.unwrap();
        let (socket, response) = client_async(request, stream).await.unwrap();
        assert_eq!(response.headers()["Sec-WebSocket-Protocol"], SUBPROTOCOL);
        Self { socket, commands: 0 }
    }

    pub async fn identify(&mut self, token: &str, kind: ClientKind) {
        let client = ClientInfo { name: "test".into(), version: "1".into(), kind };
        let (locale, subscriptions) = (None, Vec::new());
        self.tell(
            None,
            ClientMessage::Identify(Identify { token: Token(token.into()), client, locale, subscriptions }),
        )
        .await;
    }

    /// Sends a command; returns its id.
    pub async fn command(&mut self, message: ClientMessage) -> CommandId {
        self.commands += 1;
        let id = CommandId(format!("c{}", self.commands));
        self.tell(Some(id.clone()), message).await;
        id
    }

    pub async fn tell(&mut self, id: Option<CommandId>, message: ClientMessage) {
        self.text(&ClientFrame { id, message }.encode().unwrap()).await;
    }

    pub async fn text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    pub async fn binary(&mut self, bytes: &'static [u8]) {
        self.socket.send(Message::binary(bytes)).await.unwrap();
    }

    /// Whatever comes next.
    pub async fn next(&mut self) -> Came {
        loop {
            let next = timeout(PATIENCE, self.socket.next()).await.expect("nothing came");
            match next {
                Some(Ok(Message::Text(text))) => return Came::Text(text.to_string()),
                Some(Ok(Message::Close(Some(close)))) => return Came::Closed(close.code.into()),
                Some(Ok(Message::Close(None)) | Err(_)) | None => return Came::Closed(0),
                Some(Ok(_)) => {}
            }
        }
    }

    pub async fn next_text(&mut self) -> String {
        match self.next().await {
            Came::Text(text) => text,
            Came::Closed(code) => panic!("closed with {code}"),
        }
    }

    /// The next text, however long it takes; pings meanwhile, as a desktop does.
    pub async fn next_patiently(&mut self) -> String {
        loop {
            match timeout(PATIENCE, self.socket.next()).await {
                Err(_) => self.tell(None, ClientMessage::Ping(protocol::Ping { t: 0 })).await,
                Ok(Some(Ok(Message::Text(text)))) => return text.to_string(),
                Ok(other) => panic!("closed: {other:?}"),
            }
        }
    }

    /// The next message.
    pub async fn frame(&mut self) -> ServerFrame {
        ServerFrame::decode(&self.next_text().await).unwrap()
    }

    /// The next message, which has this type.
    pub async fn expect(&mut self, kind: &str) -> ServerFrame {
        let frame = self.frame().await;
        assert_eq!(frame.message.name(), kind, "{frame:?}");
        frame
    }

    /// Reads on until a message of this type comes.
    pub async fn until(&mut self, kind: &str) -> ServerFrame {
        loop {
            let frame = self.frame().await;
            if frame.message.name() == kind {
                return frame;
            }
        }
    }

    /// The reply to a command, which comes before any other reply.
    pub async fn reply(&mut self, id: &CommandId) -> Result<serde_json::Value, Fault> {
        let ServerMessage::Reply(reply) = self.until("reply").await.message else { unreachable!() };
        assert_eq!(&reply.id, id);
        assert_eq!(reply.ok, reply.error.is_none());
        reply.error.map_or(Ok(reply.data.unwrap_or_default()), Err)
    }

    /// Reads on until the server closes; the code.
    pub async fn closed(&mut self) -> u16 {
        loop {
            if let Came::Closed(code) = self.next().await {
                return code;
            }
        }
    }

    /// The server closes with a fatal error that has this code.
    pub async fn refused(&mut self, code: &str) -> u16 {
        let ServerMessage::Error(error) = self.until("error").await.message else { unreachable!() };
        assert_eq!(error.code, code);
        assert!(error.fatal);
        self.closed().await
    }

    pub async fn leave(mut self) {
        self.socket.close(None).await.unwrap();
    }
}
