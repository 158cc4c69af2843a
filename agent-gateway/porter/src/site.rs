//! Says which addresses are one source.

use std::net::{IpAddr, Ipv6Addr};

/// Bits of an IPv6 address that make one source: what one customer is given.
const IPV6_SITE: u32 = 64;

/// What counts as one source: an IPv4 address, or the network one customer has of IPv6.
pub(crate) fn site(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(Ipv6Addr::LOCALHOST) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from(u128::from(address) & (u128::MAX << (128 - IPV6_SITE))))
        }
    }
}
