//! How visits, waits and offers may end, as labels.

use acd::OfferOutcome;

pub(super) const FLOW_OUT: [&str; 10] = [
    "overflow",
    "max_wait",
    "drained",
    "full",
    "unstaffed",
    "callback",
    "not_reached",
    "expired",
    "called_again",
    "withdrawn",
];
pub(super) const WAITS: [&str; 4] = ["answered", "abandoned", "flow_out", "lost_restart"];
pub(super) const OFFERS: [OfferOutcome; 7] = [
    OfferOutcome::Accepted,
    OfferOutcome::NoAnswer,
    OfferOutcome::Rejected,
    OfferOutcome::Failed,
    OfferOutcome::Withdrawn,
    OfferOutcome::Restart,
    OfferOutcome::NotReached,
];
