//! What we write about ourselves, put together once.

use crate::{Config, names::Names, policy::host_of};
use std::net::IpAddr;

/// The fixed parts of everything this node writes.
#[derive(Clone, Debug)]
pub(crate) struct Local {
    /// Our branches, tags and Call-IDs.
    pub(crate) names: Names,
    /// Our address in session descriptions.
    pub(crate) media: IpAddr,
    /// Via up to the branch.
    pub(crate) via: Vec<u8>,
    /// The value of Contact.
    pub(crate) contact: Vec<u8>,
    /// Our host, as it stands in a URI.
    pub(crate) host: String,
    /// The value of User-Agent and Server.
    pub(crate) product: String,
    /// Further headers that a phone gets to see.
    pub(crate) copied: Vec<String>,
}

impl Local {
    /// The parts that follow from `config`.
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            names: Names::new(&config.node),
            media: config.media,
            via: format!("SIP/2.0/UDP {};branch=", config.address).into_bytes(),
            contact: format!("<sip:{}>", config.address).into_bytes(),
            host: host_of(config.address),
            product: config.user_agent.clone(),
            copied: config.copied_headers.clone(),
        }
    }
}
