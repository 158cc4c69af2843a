//! Everything behind the path of a call: the follower, and the operator's HTTP.

use crate::{
    clock::Hand,
    drain::Drain,
    follower,
    http::{self, HttpState},
    inbox::Door,
    metrics::Metrics,
    records::Reader,
    reload::Reloader,
    roles::StartError,
    timetable::HoursBoard,
    trunks::TrunkBoard,
};
use config::Config;
use porter::Entrance;
use std::{
    net::{SocketAddr, TcpListener},
    sync::{Arc, atomic::AtomicBool},
};
use tokio::{runtime::Handle, task::JoinHandle};

/// The running office.
pub struct Office {
    follower: follower::Handle,
    state: Arc<HttpState>,
    server: JoinHandle<()>,
    address: SocketAddr,
}

impl Office {
    /// Starts it. `last` is the log's last entry before this process: later ones count in the metrics.
    ///
    /// # Errors
    /// When a thread or the listener cannot be had.
    pub fn open(
        config: &Config,
        (metrics, floor): (Arc<Metrics>, Arc<follower::Floor>),
        (drain, trunks, hours, clock, rules): (Drain, Arc<TrunkBoard>, Arc<HoursBoard>, Hand, Arc<Reloader>),
        brain: Door,
        last: u64,
        (listener, entrance): (TcpListener, Entrance),
        runtime: &Handle,
    ) -> Result<Self, StartError> {
        let address = listener.local_addr()?;
        let records = config.store.path.join("records.db");
        let follower = follower::start(follower::Options {
            origin: Box::new(follower::LogFolder::new(&config.store)),
            records: records.clone(),
            live_from: last,
            metrics: Arc::clone(&metrics),
            floor: Arc::clone(&floor),
            snapshot_every: follower::SnapshotEvery::default(),
        })?;
        let state = Arc::new(HttpState {
            records: Reader::new(&records),
            floor,
            trunks,
            hours,
            metrics,
            clock,
            ready: AtomicBool::new(false),
            drain,
            zone: config.site.zone.clone(),
            listen: address.ip(),
            hosts: config.operator.hosts.clone(),
            entrance,
            users: Arc::clone(rules.users()),
            brain: Some(brain),
            rules: Some(rules),
            historian: http::Historian::new(&config.store.path),
        });
        let serving = http::serve(listener, Arc::clone(&state));
        let server = runtime.spawn(async move {
            if let Err(error) = serving.await {
                tracing::error!(%error, "the operator's port is not served; calls go on");
            }
        });
        Ok(Self { follower, state, server, address })
    }
    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
    /// Calls that are alive, as the floor shows them.
    #[must_use]
    pub fn live_calls(&self) -> usize {
        self.state.floor.view().calls.len()
    }
    /// Calls are taken from now on.
    pub fn set_ready(&self) {
        self.state.set_ready(true);
    }
    /// Brings the records up to the log.
    pub async fn close(self) {
        self.state.set_ready(false);
        self.server.abort();
        let follower = self.follower;
        if tokio::task::spawn_blocking(move || follower.stop()).await.is_err() {
            tracing::error!(
                "the follower did not end in order; its rows come from the log at the next start"
            );
        }
    }
}
