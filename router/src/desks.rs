//! What the desks are told, gathered per turn of the brain's loop.
//!
//! With no desktop connected nothing is urgent: orders are handed over in larger batches, which saves a wake-up a call.

use crate::ground::DeskWay;
use acd::{Order, Timestamp};
use agent_gateway::{DeskOrder, GatewayHandle};
use std::time::Duration;

/// How long orders may wait while nobody looks.
const LAZY: Duration = Duration::from_millis(250);
/// Orders handed over at the latest.
const BATCH: usize = 1_024;

/// The way to the gateway.
pub struct Desks<W = GatewayHandle> {
    gateway: Option<W>,
    orders: Vec<DeskOrder>,
    oldest: Option<Timestamp>,
    connected: usize,
    urgent: bool,
}

impl<W: DeskWay> Desks<W> {
    /// To a gateway, or to nobody.
    #[must_use]
    pub const fn new(gateway: Option<W>) -> Self {
        Self { gateway, orders: Vec::new(), oldest: None, connected: 0, urgent: false }
    }
    /// Whether any agent has a desktop.
    #[must_use]
    pub const fn somebody_looks(&self) -> bool {
        self.connected > 0
    }
    /// An agent's first desktop came.
    pub const fn opened(&mut self) {
        self.connected += 1;
    }
    /// An agent's last desktop went.
    pub const fn closed(&mut self) {
        self.connected = self.connected.saturating_sub(1);
    }
    /// Adds an order for the desks; what only concerns the phones is left out.
    pub fn order(&mut self, order: Order, now: Timestamp) {
        match order {
            Order::OfferCall { .. }
            | Order::WithdrawOffer { .. }
            | Order::CallMoved { .. }
            | Order::AskedInVain { .. }
            | Order::AgentMoved { .. }
            | Order::StateForced { .. }
            | Order::WrapUpExtended { .. }
            | Order::CallOver { .. } => self.push(DeskOrder::Order(order), now),
            Order::Treat { .. }
            | Order::RingPhone { .. }
            | Order::DropPhone { .. }
            | Order::Connect { .. }
            | Order::HoldPhone { .. }
            | Order::Hold { .. }
            | Order::Retrieve { .. }
            | Order::AcceptRefer { .. }
            | Order::ConnectConsult { .. }
            | Order::PutThrough { .. }
            | Order::CallOut { .. }
            | Order::CallBack { .. }
            | Order::JoinCustomer { .. }
            | Order::EndCaller { .. } => {}
        }
    }
    /// Adds something else.
    pub fn push(&mut self, order: DeskOrder, now: Timestamp) {
        if self.gateway.is_none() {
            return;
        }
        self.urgent |= matches!(order, DeskOrder::Reply { .. });
        self.oldest.get_or_insert(now);
        self.orders.push(order);
    }
    /// Lets what waits go with the next flush, whoever looks.
    pub const fn hurry(&mut self) {
        self.urgent = true;
    }
    /// When a lazy batch has to go.
    #[must_use]
    pub fn deadline(&self) -> Option<Timestamp> {
        self.oldest.map(|oldest| oldest + LAZY)
    }
    /// Hands over what is urgent, or has waited long enough. Only after the commit.
    pub fn flush(&mut self, now: Timestamp) {
        let due = self.deadline().is_some_and(|at| at <= now) || self.orders.len() >= BATCH;
        if self.orders.is_empty() || !(due || self.urgent || self.somebody_looks()) {
            return;
        }
        self.oldest = None;
        self.urgent = false;
        let orders = std::mem::take(&mut self.orders);
        if let Some(gateway) = &self.gateway
            && let Err(error) = gateway.send(now, orders)
        {
            tracing::error!(%error, "the desk gateway is lost; desktops sign in again after a restart");
            self.gateway = None;
        }
    }
}
