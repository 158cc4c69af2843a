//! Agents' desktops: their sockets.

use crate::{
    Stop,
    callers::StartError,
    desktop::Desktop,
    figures::Failure,
    loopback::loopback,
    plan::{DesktopsPlan, Seat},
    random::Dice,
    tally::Tally,
};
use futures_util::{SinkExt, StreamExt};
use protocol::{
    AgentState, ClientFrame, CloseCode, MAX_MESSAGE_BYTES, SUBPROTOCOL, ServerFrame, WEBSOCKET_PATH,
};
use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{net::TcpStream, sync::watch, task::JoinHandle};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        Error as WsError, Message as WsMessage,
        client::IntoClientRequest,
        http::{HeaderValue, header::SEC_WEBSOCKET_PROTOCOL},
        protocol::{CloseFrame, WebSocketConfig, frame::coding::CloseCode as WsCloseCode},
    },
};

/// First of the streams of chance that desktops use.
const STREAMS: u64 = 1_000_000;
/// Pause before a lost desktop connects again.
const RECONNECT_AFTER: Duration = Duration::from_secs(1);
/// Attempts in a row before a desktop gives up.
const ATTEMPTS: u32 = 30;
/// Buffers of a connection: thousands of them must fit.
const BUFFER: usize = 4 * 1024;

/// Desktops at work, until the [`Stop`] they were given or a newer session of their agent.
#[derive(Debug)]
pub struct Desktops {
    ready: Vec<watch::Receiver<bool>>,
    tasks: Vec<JoinHandle<()>>,
}

/// How a connection ended.
enum Left {
    /// The run is over.
    Stopped,
    /// Never to come back: replaced by a newer session, or not let in.
    ForGood,
    /// It broke.
    Lost,
}

impl Desktops {
    /// Signs everybody in and makes them ready.
    ///
    /// # Errors
    ///
    /// [`StartError`] when the desk is not on this machine. A desk that cannot be reached is tried again and counted.
    pub fn start(plan: DesktopsPlan, seed: u64, tally: &Tally, stop: &Stop) -> Result<Self, StartError> {
        loopback("desktops.desk", plan.desk)?;
        let plan = Arc::new(plan);
        let (mut ready, mut tasks) = (Vec::new(), Vec::new());
        for (index, seat) in plan.seats().into_iter().enumerate() {
            let (tell, told) = watch::channel(false);
            let dice = Dice::new(seed, STREAMS + index as u64);
            ready.push(told);
            tasks.push(tokio::spawn(sit(seat, Arc::clone(&plan), tally.clone(), dice, tell, stop.clone())));
        }
        Ok(Self { ready, tasks })
    }
    /// Waits until everybody has been ready once; false when that takes longer than `at_most`.
    pub async fn all_ready(&mut self, at_most: Duration) -> bool {
        let everybody = async {
            for ready in &mut self.ready {
                if ready.wait_for(|ready| *ready).await.is_err() {
                    return false;
                }
            }
            true
        };
        tokio::time::timeout(at_most, everybody).await.unwrap_or(false)
    }
    /// Waits until all have left.
    pub async fn finished(self) {
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a desktop's task broke");
            }
        }
    }
}

/// A shift at one desktop, reconnecting when the connection breaks.
async fn sit(
    seat: Seat,
    plan: Arc<DesktopsPlan>,
    tally: Tally,
    dice: Dice,
    ready: watch::Sender<bool>,
    mut stop: Stop,
) {
    let (desk, reconnect) = (plan.desk, plan.reconnect);
    let mut desktop = Desktop::new(seat, plan, tally.clone(), dice);
    let mut attempts = 0;
    while attempts < ATTEMPTS && !stop.is_set() {
        let left = match connect(desk).await {
            Ok(socket) => {
                attempts = 0;
                work(socket, &mut desktop, &tally, &ready, &mut stop).await
            }
            Err(error) => {
                tracing::debug!(%error, "a desktop cannot connect");
                Left::Lost
            }
        };
        match left {
            Left::Stopped | Left::ForGood => return,
            Left::Lost if !reconnect => break,
            Left::Lost => attempts += 1,
        }
        tokio::select! {
            () = tokio::time::sleep(RECONNECT_AFTER) => {}
            () = stop.stopped() => return,
        }
    }
    tally.failed(Failure::DesktopLost);
}

async fn connect(desk: SocketAddr) -> Result<WebSocketStream<TcpStream>, WsError> {
    let stream = TcpStream::connect(desk).await?;
    stream.set_nodelay(true)?;
    let mut request = format!("ws://{desk}{WEBSOCKET_PATH}").into_client_request()?;
    request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER)
        .write_buffer_size(0)
        .max_message_size(Some(MAX_MESSAGE_BYTES))
        .max_frame_size(Some(MAX_MESSAGE_BYTES));
    let (socket, _response) = client_async_with_config(request, stream, Some(config)).await?;
    Ok(socket)
}

/// One connection from sign-in to its end.
async fn work(
    mut socket: WebSocketStream<TcpStream>,
    desktop: &mut Desktop,
    tally: &Tally,
    ready: &watch::Sender<bool>,
    stop: &mut Stop,
) -> Left {
    let identify = desktop.identify();
    if !say(&mut socket, [identify]).await {
        return Left::Lost;
    }
    loop {
        let deadline = desktop.deadline().unwrap_or_else(|| Instant::now() + Duration::from_secs(3_600));
        let message = tokio::select! {
            message = socket.next() => message,
            () = tokio::time::sleep_until(deadline.into()) => {
                let frames = desktop.due(Instant::now());
                if !say(&mut socket, frames).await {
                    return Left::Lost;
                }
                continue;
            }
            () = stop.stopped() => {
                leave(socket, desktop).await;
                return Left::Stopped;
            }
        };
        match message {
            Some(Ok(WsMessage::Text(text))) => hear(&text, desktop, tally, ready),
            Some(Ok(WsMessage::Close(frame))) => return closed(frame.as_ref(), desktop, tally),
            Some(Ok(_ping_pong_or_binary)) => {}
            Some(Err(_)) | None => return Left::Lost,
        }
    }
}

fn hear(text: &str, desktop: &mut Desktop, tally: &Tally, ready: &watch::Sender<bool>) {
    match ServerFrame::decode(text) {
        Ok(frame) => desktop.receive(frame, Instant::now()),
        Err(error) => {
            tracing::debug!(%error, "a desktop was sent something it cannot read");
            tally.failed(Failure::Malformed);
        }
    }
    if desktop.state() == AgentState::Ready {
        ready.send_if_modified(|ready| !std::mem::replace(ready, true));
    }
}

fn closed(frame: Option<&CloseFrame>, desktop: &Desktop, tally: &Tally) -> Left {
    let number = frame.map_or(0, |frame| u16::from(frame.code));
    desktop.note(None, "CLOSED", format_args!("{number}"));
    match CloseCode::from_number(number) {
        Some(CloseCode::Replaced) => {
            tally.desktop(|figures| figures.replaced += 1);
            Left::ForGood
        }
        Some(CloseCode::AuthFailed | CloseCode::Origin | CloseCode::Protocol) => {
            tally.failed(Failure::SignInFailed);
            Left::ForGood
        }
        // Taken off the site's agents: no failure, and nothing to come back to.
        Some(CloseCode::Retired) => Left::ForGood,
        Some(CloseCode::SessionInvalid | CloseCode::SlowConsumer | CloseCode::TooManyTries) | None => {
            Left::Lost
        }
    }
}

/// Logs out; the router may be gone already, then there is nobody to tell.
async fn leave(mut socket: WebSocketStream<TcpStream>, desktop: &mut Desktop) {
    let log_out = desktop.log_out();
    if say(&mut socket, [log_out]).await {
        let goodbye = CloseFrame { code: WsCloseCode::Normal, reason: "".into() };
        if let Err(error) = socket.close(Some(goodbye)).await {
            tracing::debug!(%error, "a desktop could not say goodbye");
        }
    }
}

/// Sends; false when the connection is gone.
async fn say(socket: &mut WebSocketStream<TcpStream>, frames: impl IntoIterator<Item = ClientFrame>) -> bool {
    for frame in frames {
        let Ok(text) = frame.encode() else { return false };
        if socket.send(WsMessage::text(text)).await.is_err() {
            return false;
        }
    }
    true
}
