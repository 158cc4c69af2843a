//! The words that have a fixed set of values: states, causes, kinds.

use serde::{Deserialize, Serialize};

/// Makes an enum whose values are words on the wire.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$doc])* #[serde(rename = $text)] $variant,)+ }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];
            /// The word on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// What an agent is doing.
    AgentState {
        /// Not at work.
        LoggedOut = "logged_out",
        /// At work, but not for calls.
        NotReady = "not_ready",
        /// Waiting for a call.
        Ready = "ready",
        /// A call is on offer to her.
        Reserved = "reserved",
        /// She talks to a caller.
        Talking = "talking",
        /// After-call work.
        WrapUp = "wrap_up",
    }
}

words! {
    /// The state an agent may ask for.
    WishedState {
        /// Calls, please.
        Ready = "ready",
        /// No calls.
        NotReady = "not_ready",
        /// Going home.
        LoggedOut = "logged_out",
    }
}

words! {
    /// How a caller is given away.
    TransferKind {
        /// At once, without a word to whoever gets the call.
        Blind = "blind",
        /// After a word with whoever is to get the call, while the caller is on hold.
        Consult = "consult",
    }
}

words! {
    /// What brought an agent into another state.
    StateCause {
        /// Her own wish.
        Agent = "agent",
        /// The course of a call, or a timer.
        System = "system",
        /// Somebody who may.
        Supervisor = "supervisor",
        /// She did not answer.
        Rona = "rona",
        /// Her last desktop went away, or came back in time.
        Disconnect = "disconnect",
    }
}

words! {
    /// Where a contact is.
    ContactState {
        /// Waiting.
        Queued = "queued",
        /// On offer to an agent.
        Offered = "offered",
        /// The agent's phone has answered, and the customer's, who is called back, rings.
        Dialling = "dialling",
        /// Agent and caller hear each other.
        Connected = "connected",
        /// The caller is on hold.
        Held = "held",
        /// The agent asks a colleague while the caller is on hold.
        Consulting = "consulting",
        /// Over.
        Ended = "ended",
    }
}

words! {
    /// What brought a contact into another state.
    ContactCause {
        /// The phone answered.
        Answered = "answered",
        /// The agent or her phone refused.
        Declined = "declined",
        /// Nobody answered in time.
        NoAnswer = "no_answer",
        /// The caller left.
        Abandoned = "abandoned",
        /// It went to somebody else.
        Transferred = "transferred",
        /// Something broke.
        Failed = "failed",
        /// The customer who was called back was not reached.
        NotReached = "not_reached",
    }
}

words! {
    /// Why an offer is gone.
    WithdrawCause {
        /// The caller left.
        CallerAbandoned = "caller_abandoned",
        /// She did not answer in time (RONA).
        NoAnswer = "no_answer",
        /// Somebody else has the call.
        AnsweredElsewhere = "answered_elsewhere",
        /// She or her phone refused.
        Declined = "declined",
        /// Her phone could not be reached, or the caller not be joined.
        Failed = "failed",
    }
}

words! {
    /// What sort of program a client is.
    ClientKind {
        /// Where an agent works; she has one at a time.
        Desktop = "desktop",
        /// A view inside somebody's CRM.
        Crm = "crm",
        /// A view of the floor.
        Wallboard = "wallboard",
        /// A view for planning.
        Planner = "planner",
    }
}

words! {
    /// Who began a contact.
    Direction {
        /// The caller.
        Inbound = "inbound",
        /// The agent.
        Outbound = "outbound",
    }
}

words! {
    /// By which medium.
    Channel {
        /// Speech.
        Voice = "voice",
    }
}

words! {
    /// Whether the caller lets her number be seen.
    Privacy {
        /// She does.
        None = "none",
        /// She does not; the number is not known to the desktop either.
        Withheld = "withheld",
    }
}

words! {
    /// Where an agent accepts.
    AnswerAt {
        /// At her phone.
        Phone = "phone",
        /// At her desktop; her phone then answers by itself.
        Desk = "desk",
    }
}

words! {
    /// Who ended a conversation.
    EndedBy {
        /// The caller.
        Caller = "caller",
        /// The agent.
        Agent = "agent",
        /// The router: a restart or a fault.
        System = "system",
    }
}
