//! What we write about ourselves, put together once.

use crate::{
    Config, Transport,
    leg::session_timer::{LEAST_S, LONGEST_S},
    names::Names,
    policy::host_of,
};
use std::net::IpAddr;

/// The fixed parts of everything this node writes.
#[derive(Clone, Debug)]
pub(crate) struct Local {
    /// Our branches, tags and Call-IDs.
    pub(crate) names: Names,
    /// Our address in session descriptions.
    pub(crate) media: IpAddr,
    /// By transport, in its order.
    own: [Own; Transport::ALL.len()],
    /// Our host, as it stands in a URI.
    pub(crate) host: String,
    /// The value of User-Agent and Server.
    pub(crate) product: String,
    /// Further headers that a phone gets to see.
    pub(crate) copied: Vec<String>,
    /// Longest INVITE that goes as a datagram although it need not; none where we take no connections ourselves.
    pub(crate) max_datagram: Option<usize>,
    /// Seconds that a session lasts without a refresh; none wants no session timers.
    pub(crate) session_s: Option<u32>,
}

/// Where we are reached over one transport.
#[derive(Clone, Debug)]
pub(crate) struct Own {
    /// Via up to the branch.
    pub(crate) via: Vec<u8>,
    /// The value of Contact.
    contact: Vec<u8>,
    /// The same where every hop has to be encrypted (RFC 3261 §26.2.2).
    secure: Vec<u8>,
}

impl Own {
    /// A transport we do not listen on goes by the main address: answers come back on the connection.
    fn new(transport: Transport, config: &Config) -> Self {
        let listens = config.streams.iter().find(|(over, _)| *over == transport);
        let address = listens.map_or(config.address, |(_, address)| *address);
        let parameter = match transport {
            Transport::Udp => "",
            Transport::Tcp => ";transport=tcp",
            Transport::Tls => ";transport=tls",
            // The parameter of RFC 7118 does not tell the encrypted one apart.
            Transport::Ws | Transport::Wss => ";transport=ws",
        };
        Self {
            via: format!("SIP/2.0/{} {address};branch=", transport.as_str()).into_bytes(),
            contact: format!("<sip:{address}{parameter}>").into_bytes(),
            // The scheme says TLS already; what is left to say is how (RFC 5630 §3.1.3).
            secure: format!("<sips:{address}{}>", if parameter == ";transport=ws" { parameter } else { "" })
                .into_bytes(),
        }
    }
}

impl Local {
    /// Where we are reached over `transport`.
    pub(crate) const fn own(&self, transport: Transport) -> &Own {
        &self.own[transport as usize]
    }
    /// The value of our Contact over `transport`, where every hop has to be encrypted if it is `secure`.
    pub(crate) fn contact(&self, transport: Transport, secure: bool) -> &[u8] {
        let own = self.own(transport);
        if secure { &own.secure } else { &own.contact }
    }
    /// The parts that follow from `config`.
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            names: Names::new(&config.node),
            media: config.media,
            own: Transport::ALL.map(|transport| Own::new(transport, config)),
            host: host_of(config.address),
            product: config.user_agent.clone(),
            max_datagram: config
                .streams
                .iter()
                .any(|(over, _)| *over == Transport::Tcp)
                .then_some(config.max_datagram),
            copied: config.copied_headers.clone(),
            session_s: config.session_expires_s.map(|interval_s| interval_s.clamp(LEAST_S, LONGEST_S)),
        }
    }
}
