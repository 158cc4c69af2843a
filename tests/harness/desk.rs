//! One desktop in a test's hand: it does what the test says, and nothing else.

use futures_util::{SinkExt, StreamExt};
use protocol::{
    AgentSetState, AgentState, ClientFrame, ClientInfo, ClientKind, ClientMessage, CommandId, ContactId,
    ContactState, Identify, SUBPROTOCOL, ServerFrame, ServerMessage, Token, WEBSOCKET_PATH, WishedState,
};
use std::{fmt::Debug, net::SocketAddr, path::Path, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{
        Message, client::IntoClientRequest, http::HeaderValue, http::header::SEC_WEBSOCKET_PROTOCOL,
    },
};

/// How long a message may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What it is connected by.
trait Line: AsyncRead + AsyncWrite + Debug + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Debug + Send + Unpin> Line for T {}

/// A desktop; dropping it cuts its connection, as a dying computer does.
#[derive(Debug)]
pub struct Desk {
    socket: WebSocketStream<Box<dyn Line>>,
    commands: u32,
    name: u64,
    /// What the agent was doing when she signed in.
    found: AgentState,
}

impl Desk {
    /// Signs an agent (token `t-ID`) in.
    ///
    /// # Panics
    ///
    /// When she is not let in.
    pub async fn sign_in(desk: SocketAddr, agent: &str) -> Self {
        let stream = TcpStream::connect(desk).await.unwrap();
        Self::sign_in_over(Box::new(stream), desk, agent).await
    }
    /// Signs an agent in over TLS; the desk's certificate is one of this authority.
    ///
    /// # Panics
    ///
    /// When she is not let in.
    pub async fn sign_in_over_tls(desk: SocketAddr, agent: &str, authority: &Path) -> Self {
        let stream = TcpStream::connect(desk).await.unwrap();
        let mut believed = RootCertStore::empty();
        believed.add(CertificateDer::from_pem_file(authority).unwrap()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(believed)
            .with_no_client_auth();
        let connector = TlsConnector::from(Arc::new(config));
        let stream = connector.connect(ServerName::from(desk.ip()), stream).await.unwrap();
        Self::sign_in_over(Box::new(stream), desk, agent).await
    }
    async fn sign_in_over(stream: Box<dyn Line>, desk: SocketAddr, agent: &str) -> Self {
        let mut request = format!("ws://{desk}{WEBSOCKET_PATH}").into_client_request().unwrap();
        request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
        let (socket, _response) = client_async(request, stream).await.unwrap();
        let mut desk = Self { socket, commands: 0, name: unique(), found: AgentState::LoggedOut };
        desk.say(ClientMessage::Identify(Identify {
            token: Token(format!("t-{agent}")),
            client: ClientInfo { name: "test".into(), version: "1".into(), kind: ClientKind::Desktop },
            locale: None,
            subscriptions: Vec::new(),
        }))
        .await;
        desk.found = desk
            .until("welcome", |frame| {
                let ServerMessage::Welcome(welcome) = frame.message else { return None };
                Some(welcome.snapshot.agent_state.state)
            })
            .await;
        desk
    }
    /// Sends a message.
    ///
    /// # Panics
    ///
    /// When the connection is gone.
    pub async fn say(&mut self, message: ClientMessage) {
        self.commands += 1;
        // A command's id is remembered for minutes: the next desktop of the same agent must not repeat it.
        let id = format!("{}-{}", self.name, self.commands);
        let frame = ClientFrame { id: Some(CommandId(id)), message };
        self.socket.send(Message::text(frame.encode().unwrap())).await.unwrap();
    }
    /// Makes the agent ready, unless she came back in time to be so still.
    pub async fn be_ready(&mut self) {
        if self.found == AgentState::Ready {
            return;
        }
        let set = AgentSetState { state: WishedState::Ready, reason_code: None };
        self.say(ClientMessage::SetState(set)).await;
        self.until_state(AgentState::Ready).await;
    }
    /// Waits for an offer; which contact it is.
    pub async fn offer(&mut self) -> ContactId {
        self.until("an offer", |frame| {
            matches!(frame.message, ServerMessage::ContactOffered(_)).then_some(frame.contact_id).flatten()
        })
        .await
    }
    /// Waits until the agent is in this state.
    pub async fn until_state(&mut self, state: AgentState) {
        self.until(state.as_str(), |frame| {
            let ServerMessage::AgentStateChanged(change) = frame.message else { return None };
            (change.to == state).then_some(())
        })
        .await;
    }
    /// Waits until a contact of hers is in this state.
    pub async fn until_contact(&mut self, state: ContactState) {
        self.until(state.as_str(), |frame| {
            let ServerMessage::ContactStateChanged(change) = frame.message else { return None };
            (change.to == state).then_some(())
        })
        .await;
    }
    /// Reads on until `find` finds what it wants.
    ///
    /// # Panics
    ///
    /// When it does not come in 10 s, or the connection ends before.
    pub async fn until<T>(&mut self, what: &str, mut find: impl FnMut(ServerFrame) -> Option<T>) -> T {
        let reading = async {
            loop {
                let message = self.socket.next().await.expect("the connection lives").expect("a message");
                if let Message::Text(text) = message
                    && let Some(found) = find(ServerFrame::decode(&text).unwrap())
                {
                    return found;
                }
            }
        };
        tokio::time::timeout(PATIENCE, reading).await.unwrap_or_else(|_| panic!("no {what} in 10 s"))
    }
}

fn unique() -> u64 {
    std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), 0)
}
