//! Why a connection or message came to nothing: the words of the metrics and of the log.

macro_rules! reasons {
    ($(#[$about:meta])* $name:ident { $($(#[$one:meta])* $variant:ident $text:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$one])* $variant,)* }

        impl $name {
            /// All of them, in the order of the enum.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];
            /// Its word in metrics.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

reasons! {
    /// Why somebody who connected was sent away.
    Refused {
        /// All places are taken.
        Full "full",
        /// All places that one address may have are taken.
        AddressFull "address_full",
        /// The handshake of TLS or WebSocket failed.
        Handshake "handshake",
        /// It took too long.
        HandshakeTime "handshake_time",
        /// A web page from elsewhere.
        Origin "origin",
        /// A WebSocket that does not speak SIP (RFC 7118 §4).
        Subprotocol "subprotocol",
    }
}

reasons! {
    /// Why we could not connect.
    Failed {
        /// All places for connections of ours are taken.
        Full "full",
        /// Nobody connects to others over WebSocket, and to nobody over UDP.
        Transport "transport",
        /// The network or the peer said no.
        Connect "connect",
        /// It took too long.
        Time "time",
        /// TLS failed: most often the certificate is of somebody else, or of nobody we believe.
        Tls "tls",
    }
}

reasons! {
    /// Why a connection ended.
    Ended {
        /// The peer closed it.
        Peer "peer",
        /// It broke.
        Broken "broken",
        /// Nothing was said for long.
        Idle "idle",
        /// The peer does not read what we send.
        Unread "unread",
        /// The peer began a message and did not end it.
        SlowMessage "slow_message",
        /// Nobody can tell where the peer's message ends.
        Framing "framing",
        /// The brain took nothing more.
        Overload "overload",
        /// The router stops.
        Stopped "stopped",
    }
}

reasons! {
    /// Why a message of ours did not leave.
    Lost {
        /// Too many wait to be handed to their connections.
        Busy "busy",
        /// The peer does not read.
        Unread "unread",
        /// There is no connection, and none could be had.
        Unreachable "unreachable",
    }
}
