//! Who wants to know what became of an event.

use acd::OfferId;
use agent_gateway::ReplyTo;
use tokio::sync::oneshot;

/// Who wants to know what became of an event.
#[derive(Debug)]
pub(super) enum Asker {
    /// Nobody.
    Nobody,
    /// A desk.
    Desk(ReplyTo),
    /// The phone of this offer, whose REFER waits.
    Phone(OfferId),
    /// Somebody behind the operator's port, who hears of it when it is in the log.
    Office(oneshot::Sender<acd::Verdict>),
}

impl From<Option<ReplyTo>> for Asker {
    fn from(reply: Option<ReplyTo>) -> Self {
        reply.map_or(Self::Nobody, Self::Desk)
    }
}
