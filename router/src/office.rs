//! Everything behind the path of a call: the follower, and the operator's HTTP.

use crate::{
    follower,
    metrics::Metrics,
    roles::StartError,
};
use config::Config;
use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
};
use tokio::runtime::Handle;

/// The running office.
pub struct Office {
    follower: follower::Handle,
    address: SocketAddr,
}

impl Office {
    /// Starts it.
    ///
    /// # Errors
    /// When a thread or the listener cannot be had.
    pub async fn open(
        config: &Config,
        metrics: Arc<Metrics>,
        last: u64,
        listener: TcpListener,
        _runtime: &Handle,
    ) -> Result<Self, StartError> {
        let address = listener.local_addr()?;
        let floor = Arc::new(follower::Floor::default());
        let options = follower::Options {
            origin: Box::new(follower::LogFolder(config.store.path.clone())),
            records: config.store.path.join("records.db"),
            live_from: last,
            metrics,
            floor,
        };
        Ok(Self { follower: follower::start(options)?, address })
    }
    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
    /// Calls are taken from now on.
    pub fn set_ready(&self) {}
    /// Brings the records up to the log.
    pub async fn close(self) {
        let follower = self.follower;
        if tokio::task::spawn_blocking(move || follower.stop()).await.is_err() {
            tracing::error!("the follower did not end in order; its rows come from the log at the next start");
        }
    }
}
