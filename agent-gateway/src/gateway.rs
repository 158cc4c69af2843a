//! Starts and stops the gateway, and hands it the brain's orders.

use crate::{
    brain::{Brain, DeskOrder, Full},
    config::{GatewayConfig, NewStaff, Roster, Shelf, Staff},
    desk::{Batch, Desk},
    http::{self, Shared},
    reception::Reception,
    socket::Hub,
};
use acd::Timestamp;
use std::{
    io,
    net::SocketAddr,
    sync::{Arc, atomic::AtomicU32},
};
use tokio::{
    net::TcpListener,
    runtime::Handle,
    sync::{mpsc, watch},
};

/// Batches of orders that wait for the gateway: some seconds of a busy floor. More means that it is stuck.
pub const MAX_ORDER_BATCHES: usize = 16_384;
/// What sockets want that waits for the desk; a socket waits for room.
const MAX_ASKS: usize = 4_096;

/// The desk side of the router.
pub struct Gateway;

/// A running gateway. Stops when the last clone is dropped.
#[derive(Clone)]
pub struct GatewayHandle {
    orders: mpsc::Sender<Batch>,
    address: SocketAddr,
    roster: Arc<Shelf>,
    stop: Arc<watch::Sender<bool>>,
}

/// Why the gateway cannot start.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The listener cannot be used.
    #[error("the desk's listener cannot be used: {0}")]
    Listener(#[from] io::Error),
    /// Two agents could not be told apart.
    #[error("agents {agent} and {other} have the same token; give each her own")]
    SharedToken {
        /// The one.
        agent: String,
        /// The other.
        other: String,
    },
}

impl Gateway {
    /// Starts the gateway on `runtime`; it serves at once.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub fn start(
        config: GatewayConfig,
        brain: Arc<dyn Brain>,
        runtime: &Handle,
    ) -> Result<GatewayHandle, GatewayError> {
        let _in_runtime = runtime.enter();
        let staff = Staff {
            agents: config.agents,
            queues: config.queues,
            codes: config.codes,
            not_ready_reasons: config.not_ready_reasons,
            outside: config.outside,
            browser_phones: config.browser_phones,
        };
        let roster = Shelf::new(Roster::of(staff)?);
        config.listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(config.listener)?;
        let address = listener.local_addr()?;
        let (orders, orders_in) = mpsc::channel(MAX_ORDER_BATCHES);
        let (asks, asks_in) = mpsc::channel(MAX_ASKS);
        let (stop, stopped) = watch::channel(false);
        let desk = Desk::new(Arc::clone(&roster), Arc::clone(&brain), config.screenpop);
        let sessions = AtomicU32::new(1);
        let reception = Reception::new(Arc::clone(&roster), Arc::clone(&config.on_refusal));
        let hub = Hub { reception, brain, asks, server_version: config.server_version, sessions };
        let shared = Shared {
            hub: Arc::new(hub),
            origins: config.origins.into(),
            encrypted: config.entrance.is_encrypted(),
            stop: stopped.clone(),
        };
        runtime.spawn(desk.run(orders_in, asks_in, stopped.clone()));
        runtime.spawn(http::accept(
            listener,
            (config.entrance, config.on_refusal),
            http::routes(shared),
            stopped,
        ));
        Ok(GatewayHandle { orders, address, roster, stop: Arc::new(stop) })
    }
}

impl GatewayHandle {
    /// Hands over what was decided at `at`, in order. Never waits: callable from the brain's own thread.
    ///
    /// # Errors
    /// [`Full`] when the gateway does not keep up or has stopped; its view is not to be trusted from then on.
    pub fn send(&self, at: Timestamp, orders: Vec<DeskOrder>) -> Result<(), Full> {
        if orders.is_empty() {
            return Ok(());
        }
        self.orders.try_send(Batch { at, orders }).map_err(|_| Full)
    }

    /// Checks and files other agents and rules of the site. They are in force when [`NewStaff::install`] says so.
    ///
    /// # Errors
    /// [`GatewayError::SharedToken`].
    pub fn prepare(&self, staff: Staff) -> Result<NewStaff, GatewayError> {
        NewStaff::new(staff, &self.roster)
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends all connections (1001) and stops serving. Calls go on.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }
}
