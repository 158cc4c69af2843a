//! The real brain in a mutex: events are decided at once, orders go straight to the gateway.
//!
//! For tests and the demo desk; the router's own loop commits to its log before orders leave.

use acd::{Acd, Event, OfferId, Order, Timestamp};
use agent_gateway::{Brain, Busy, CallerKnown, DeskOrder, GatewayHandle, ReplyTo, Transfer};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::sync::mpsc;

/// Decides, and tells the gateway and the phones.
pub struct SmallBrain {
    acd: Mutex<Acd>,
    clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
    gateway: OnceLock<GatewayHandle>,
    phones: mpsc::UnboundedSender<Order>,
}

impl SmallBrain {
    /// A brain that knows nothing yet; what concerns phones comes out of the receiver.
    pub fn new(
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> (Arc<Self>, mpsc::UnboundedReceiver<Order>) {
        let (phones, orders) = mpsc::unbounded_channel();
        let (acd, gateway) = (Mutex::new(Acd::new()), OnceLock::new());
        (Arc::new(Self { acd, clock: Box::new(clock), gateway, phones }), orders)
    }

    /// Orders go there from now on, beginning with how everybody stands.
    pub fn join(&self, gateway: GatewayHandle) {
        self.gateway.get_or_init(|| gateway);
        let acd = self.acd.lock().unwrap_or_else(PoisonError::into_inner);
        let agents = acd.agents().map(|(no, agent)| DeskOrder::AgentIs {
            agent: no,
            state: agent.state().clone(),
            since: agent.since(),
        });
        self.tell(agents.collect());
    }

    /// Something happened outside.
    pub fn happen(&self, event: Event) {
        self.take(event, None);
    }

    /// A call arrives.
    pub fn arrive(&self, caller: CallerKnown) {
        let (call, dialled) = (caller.call, caller.called.clone());
        self.tell(vec![DeskOrder::CallerKnown(Box::new(caller))]);
        self.happen(Event::CallArrived { call, dialled, caller: None, attributes: Vec::new() });
    }

    /// Her phone is being called.
    pub fn ring(&self, offer: OfferId) {
        let sip_call_id = format!("agent-{}-{}@us", offer.call, offer.attempt);
        self.tell(vec![DeskOrder::AgentLeg { offer, sip_call_id }]);
    }

    /// When the brain wants to be woken.
    #[allow(dead_code, reason = "the transcript keeps its own time")]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.acd.lock().unwrap_or_else(PoisonError::into_inner).next_deadline()
    }

    /// Now, as the brain sees it.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    fn take(&self, event: Event, reply: Option<ReplyTo>) -> Option<()> {
        let mut acd = self.acd.lock().unwrap_or_else(PoisonError::into_inner);
        let handled = acd.handle(event, self.now());
        let verdict = handled.as_ref().map(|handled| handled.taken).map_err(Clone::clone);
        let effects = handled.map(|handled| handled.effects).unwrap_or_default();
        let mut orders: Vec<_> = effects.orders.iter().cloned().map(DeskOrder::Order).collect();
        orders.extend(reply.map(|to| DeskOrder::Reply { to, verdict }));
        self.tell(orders);
        effects.orders.into_iter().all(|order| self.phones.send(order).is_ok()).then_some(())
    }

    fn tell(&self, orders: Vec<DeskOrder>) {
        if let Some(Err(full)) = self.gateway.get().map(|gateway| gateway.send(self.now(), orders)) {
            tracing::error!(%full, "orders are lost");
        }
    }
}

impl Brain for SmallBrain {
    fn try_event(&self, event: Event, reply: Option<ReplyTo>) -> Result<(), Busy> {
        self.take(event, reply).ok_or(Busy)
    }
    fn try_transfer(&self, asked: Transfer, reply: Option<ReplyTo>) -> Result<(), Busy> {
        let Transfer { agent, call, target, consult } = asked;
        let found = self.acd.lock().unwrap_or_else(PoisonError::into_inner).target(&target, |_| None);
        match found {
            Ok((to, _)) if consult => self.take(Event::ConsultAsked { agent, call, to }, reply).ok_or(Busy),
            Ok((to, _)) => self.take(Event::TransferAsked { agent, call, to }, reply).ok_or(Busy),
            Err(error) => {
                self.tell(reply.map(|to| DeskOrder::Reply { to, verdict: Err(error) }).into_iter().collect());
                Ok(())
            }
        }
    }
}
