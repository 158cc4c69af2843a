//! Connections that carry SIP: open ones by transport, and what became of those that are not.

use super::{MetricsError, counter, opts, register};
use crate::streams::{Ended, Failed, Lost, Refused};
use prometheus::{IntCounter, IntGauge, IntGaugeVec, Registry};
use sip::Transport;

/// Handles of these series.
pub struct ConnectionMetrics {
    open: Vec<IntGauge>,
    refused: Vec<IntCounter>,
    failed: Vec<IntCounter>,
    closed: Vec<IntCounter>,
    lost: Vec<IntCounter>,
}

impl ConnectionMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, MetricsError> {
        let open = IntGaugeVec::new(opts("sip_connections", "Open connections of SIP."), &["transport"])?;
        let open = register(registry, open)?;
        let streams = Transport::ALL.iter().filter(|transport| transport.is_reliable());
        let reasons = |name, help, reasons: &mut dyn Iterator<Item = &'static str>| {
            let vec = counter(registry, name, help, &["reason"])?;
            Ok::<_, MetricsError>(reasons.map(|reason| vec.with_label_values(&[reason])).collect())
        };
        Ok(Self {
            open: streams.map(|transport| open.with_label_values(&[label(*transport)])).collect(),
            refused: reasons(
                "sip_connections_refused_total",
                "Connections of others that were closed before they carried anything.",
                &mut Refused::ALL.iter().map(|reason| reason.as_str()),
            )?,
            failed: reasons(
                "sip_connects_failed_total",
                "Connections to others that did not come about.",
                &mut Failed::ALL.iter().map(|reason| reason.as_str()),
            )?,
            closed: reasons(
                "sip_connections_closed_total",
                "Ends of connections of SIP, by why.",
                &mut Ended::ALL.iter().map(|reason| reason.as_str()),
            )?,
            lost: reasons(
                "sip_messages_lost_total",
                "Messages of ours that no connection took.",
                &mut Lost::ALL.iter().map(|reason| reason.as_str()),
            )?,
        })
    }
    /// A connection is open as long as this is kept.
    #[must_use]
    pub fn opened(&self, transport: Transport) -> OpenConnection {
        // UDP, the first of the enum, has no connections and no gauge.
        let gauge = (transport as usize).checked_sub(1).and_then(|at| self.open.get(at));
        gauge.inspect(|gauge| gauge.inc());
        OpenConnection(gauge.cloned())
    }
    /// Somebody connected and was sent away.
    pub fn refused(&self, reason: Refused) {
        self.refused[reason as usize].inc();
    }
    /// We could not connect.
    pub fn failed(&self, reason: Failed) {
        self.failed[reason as usize].inc();
    }
    /// A connection ended.
    pub fn closed(&self, reason: Ended) {
        self.closed[reason as usize].inc();
    }
    /// So many messages did not leave.
    pub fn lost(&self, reason: Lost, count: usize) {
        self.lost[reason as usize].inc_by(count as u64);
    }
}

const fn label(transport: Transport) -> &'static str {
    match transport {
        Transport::Udp => "udp",
        Transport::Tcp => "tcp",
        Transport::Tls => "tls",
        Transport::Ws => "ws",
        Transport::Wss => "wss",
    }
}

/// Counts as open until dropped.
#[derive(Debug)]
pub struct OpenConnection(Option<IntGauge>);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        if let Some(gauge) = &self.0 {
            gauge.dec();
        }
    }
}
