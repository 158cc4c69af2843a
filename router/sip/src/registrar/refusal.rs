//! Why a REGISTER is not granted, and what that is called on the wire.

use super::{bindings::OutOfOrder, contact::Unfit, outcome::Handled};
use crate::auth::Denied;

/// Why a REGISTER is not granted.
pub(crate) enum Refusal {
    /// 401, or 400: not proven who it is.
    Denied(Denied),
    /// 400, 403, 423: contacts that cannot be granted.
    Unfit(Unfit),
    /// 416: no address of SIP's; 420: something is required that we do not do.
    Unable(u16),
    /// 403: somebody else's address.
    NotHers,
    /// 500: it comes after a later one.
    OutOfOrder,
    /// 503: no room for one more binding.
    Full,
}

impl From<Unfit> for Refusal {
    fn from(unfit: Unfit) -> Self {
        Self::Unfit(unfit)
    }
}

impl From<OutOfOrder> for Refusal {
    fn from(OutOfOrder: OutOfOrder) -> Self {
        Self::OutOfOrder
    }
}

impl Refusal {
    pub(crate) const fn status(&self) -> u16 {
        match self {
            Self::Denied(why) => why.status(),
            Self::Unfit(unfit) => unfit.status(),
            Self::Unable(status) => *status,
            Self::NotHers => 403,
            Self::OutOfOrder => 500,
            Self::Full => 503,
        }
    }
    pub(crate) const fn is_failure(&self) -> bool {
        match self {
            Self::Denied(why) => why.is_failure(),
            Self::Unfit(_) | Self::Unable(_) | Self::NotHers | Self::OutOfOrder | Self::Full => false,
        }
    }
    /// Has nobody proven who he is?
    pub(crate) const fn is_of_a_stranger(&self) -> bool {
        match self {
            Self::Denied(_) | Self::Unable(_) => true,
            Self::Unfit(_) | Self::NotHers | Self::OutOfOrder | Self::Full => false,
        }
    }
    pub(crate) const fn handled(&self) -> Handled {
        match self {
            Self::Denied(why) if why.is_failure() => Handled::Failed,
            Self::Denied(_) => Handled::Challenged,
            Self::Unfit(_) | Self::Unable(_) | Self::NotHers | Self::OutOfOrder | Self::Full => {
                Handled::Refused
            }
        }
    }
}
