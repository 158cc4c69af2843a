//! What the stack tells the shell: facts about calls, in the order in which they came about.
//!
//! The shell makes events of them; nothing here asks for an answer.

use crate::{CallKey, Codec, Flow, LegKey, peering::TrunkNews};
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

/// A fact about a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A trusted trunk offers a call to a configured entry; `100 Trying` is among the sends.
    CallOffered {
        /// Its new id.
        call: CallKey,
        /// What its INVITE says.
        offered: Box<Offered>,
    },
    /// The caller is gone. Phones of the call stay until they are dropped.
    CallerLeft {
        /// Which call.
        call: CallKey,
        /// How.
        how: Left,
    },
    /// The caller has pressed a key, told by INFO, and nobody is there to hear it but us.
    KeyPressed {
        /// Which call.
        call: CallKey,
        /// 0 to 9, `*` or `#`.
        key: char,
    },
    /// The phone sends a provisional response above 100; each status once.
    PhoneProgress {
        /// Which leg.
        leg: LegKey,
        /// 101–199.
        status: u16,
    },
    /// The phone's first 2xx. It is acknowledged by `Connect` or `Drop`, so that it can be stored before.
    PhoneAnswered {
        /// Which leg.
        leg: LegKey,
    },
    /// The phone cannot be had; the leg is gone.
    PhoneRefused {
        /// Which leg.
        leg: LegKey,
        /// Its final response; 408 when none came, 503 when it could not be asked. Of several phones the one that says
        /// most: a decision for all of them (6xx), then 486, then the lowest hundred.
        status: u16,
    },
    /// Nobody was at this place of a phone that has others; the next one is tried.
    NobodyAt {
        /// Which leg.
        leg: LegKey,
        /// The place.
        place: Flow,
    },
    /// The phone hung up after `Connect`, or was found gone; the leg is gone, the caller is not.
    PhoneHungUp {
        /// Which leg.
        leg: LegKey,
    },
    /// The phone answered, but the caller's media could not be moved to it. The phone's leg is ended, the caller
    /// is still there and back at the music.
    BridgeFailed {
        /// Which leg.
        leg: LegKey,
    },
    /// The phone has put the caller on hold; await `Hold`. Its re-INVITE, if that is how it did so, waits for the order,
    /// so that the hold can be stored before.
    PhoneHolds {
        /// Which leg.
        leg: LegKey,
    },
    /// The hold is over, by the phone or by order: caller and phone hear each other.
    Retrieved {
        /// Which leg.
        leg: LegKey,
    },
    /// The phone did not do as `HoldPhone` asked: caller and phone hear each other as before.
    HoldFailed {
        /// Which leg.
        leg: LegKey,
        /// Its final response; 488 when that could not be used.
        status: u16,
    },
    /// The phone or the caller did not do as `Retrieve` asked: the hold stands.
    RetrieveFailed {
        /// Which leg.
        leg: LegKey,
        /// The final response; 488 when that could not be used, or the phone holds on its own account.
        status: u16,
    },
    /// A phone and the one that asks it could not be joined. The one that was asked is gone; the other still holds.
    ConsultFailed {
        /// The leg that was asked.
        leg: LegKey,
        /// The final response of either.
        status: u16,
    },
    /// The phone gives its caller away; await `AcceptRefer` or `RefuseRefer`, for which its REFER waits.
    PhoneRefers {
        /// Which leg.
        leg: LegKey,
        /// User part of the target, or its number, percent-decoded: the peer's word, bounded.
        target: String,
        /// The call of the target's with the phone itself, whose place the caller is to take: an attended transfer. As
        /// [`Phone::replaces`](crate::Phone) wants it.
        replaces: Option<Arc<str>>,
    },
    /// Music to the caller starts, changes or (`None`) stops.
    Media {
        /// Which call.
        call: CallKey,
        /// What to send, or nothing any more.
        play: Option<Play>,
    },
    /// Nothing of the call is left: the last notice of every offered call.
    CallOver {
        /// Which call.
        call: CallKey,
    },
    /// What became of a user's registration.
    Registration(crate::registrar::Event),
    /// What a REGISTER came to; for metrics only.
    Registering(crate::registrar::Handled),
    /// What has come about at a trunk at which we have something to do.
    Trunk {
        /// Its name in the configuration.
        trunk: String,
        /// What.
        news: TrunkNews,
    },
    /// An agent's phone that is followed is there now, or no longer.
    Phone {
        /// What it was called when it was to be followed.
        phone: u32,
        /// Whether it is there.
        reachable: bool,
    },
    /// Something was turned away; for metrics only.
    Counted(Rejected),
    /// A stranger's requests are turned away; for the log, which hears of each at most once a minute.
    Noise {
        /// Where they come from; of IPv6 the first address of the /64.
        source: IpAddr,
        /// How many were turned away since the last notice of this source.
        requests: u64,
    },
}

/// What the INVITE of a new call says. Everything in it is the peer's word: bounded, but otherwise hostile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offered {
    /// Name of the trunk it came from.
    pub trunk: String,
    /// User part of the Request-URI, percent-decoded.
    pub dialled: String,
    /// User part (or number of a `tel:` URI) of From, percent-decoded; empty when there is none.
    pub from_user: String,
    /// Display name of From, unquoted; empty when there is none.
    pub display: String,
    /// Value of From, raw.
    pub from_header: String,
    /// Values of P-Asserted-Identity, raw, in order, joined by `, `.
    pub pai_header: Option<String>,
    /// Value of Remote-Party-ID, raw.
    pub rpid: Option<String>,
    /// Value of Privacy, raw.
    pub privacy: Option<String>,
    /// Call-ID of the caller's leg.
    pub sip_call_id: String,
    /// Value of User-to-User, raw.
    pub uui: Option<String>,
    /// Values of Diversion, raw, in order, joined by `, `.
    pub diversion: Option<String>,
    /// Values of History-Info, raw, in order, joined by `, `.
    pub history_info: Option<String>,
    /// Headers whose name starts with `X-`, as they came, at most [`MAX_X_HEADERS`].
    pub x_headers: Vec<(String, String)>,
    /// The INVITE has no SDP: the caller has to be answered with our own offer before a phone can ring. Send
    /// `Treat` with music first; a `Ring` without it offers silence.
    pub offerless: bool,
}

/// Most `X-` headers handed on with a call.
pub const MAX_X_HEADERS: usize = 16;
/// Longest text of one field of [`Offered`], in bytes; longer ones are cut at a character.
pub const MAX_TEXT: usize = 512;

/// How a caller left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// CANCEL before the answer.
    Cancelled,
    /// BYE.
    HungUp,
    /// No ACK or PRACK in 32 s, a 481 or no answer at all to a re-INVITE or UPDATE, or no refresh of the session in time.
    Lost,
}

/// An RTP stream to send to a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Play {
    /// Where to.
    pub to: SocketAddr,
    /// In which coding.
    pub codec: Codec,
    /// RTP payload type.
    pub payload: u8,
    /// Payload type of the telephone events (RFC 4733) by which the caller's keys come; none when they do not come here.
    pub events: Option<u8>,
    /// From which of our ports.
    pub from_port: u16,
}

/// Why something was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rejected {
    /// Cannot be read (400), or a response that cannot be read (dropped).
    Malformed,
    /// No trunk has that address: 403, or silence above the limit.
    UnknownSource,
    /// What scanners send (dropped).
    Scanner,
    /// A call of a trunk that has to sign in did not (yet): 401, 400.
    NotSignedIn,
    /// No entry has that number: 404.
    UnknownEntry,
    /// Too much to do, or too many calls: 503 with Retry-After.
    Overload,
    /// The trunk has as many calls as it may have: 503 with Retry-After.
    TrunkLimit,
    /// The entry has as many calls as it may have: 503 with Retry-After.
    EntryLimit,
    /// No new calls are taken for now: 503 with Retry-After.
    Draining,
    /// The same request came by two ways: 482.
    Merged,
    /// In-dialog request of a dialog that is not ours: 481.
    UnknownDialog,
    /// Something we do not do: 405, 406, 415, 416, 420, 422, 483, 488, 501, 505.
    Unsupported,
    /// A response without a transaction (dropped).
    StrayResponse,
    /// A digit by INFO while nobody is connected to hear it: 200, and nothing else.
    Unheard,
}

impl Rejected {
    /// All of them, in the order of the enum.
    pub const ALL: [Self; 14] = [
        Self::Malformed,
        Self::UnknownSource,
        Self::Scanner,
        Self::NotSignedIn,
        Self::UnknownEntry,
        Self::Overload,
        Self::TrunkLimit,
        Self::EntryLimit,
        Self::Draining,
        Self::Merged,
        Self::UnknownDialog,
        Self::Unsupported,
        Self::StrayResponse,
        Self::Unheard,
    ];

    /// What a metric calls it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::UnknownSource => "unknown_source",
            Self::Scanner => "scanner",
            Self::NotSignedIn => "not_signed_in",
            Self::UnknownEntry => "unknown_entry",
            Self::Overload => "overload",
            Self::TrunkLimit => "trunk_limit",
            Self::EntryLimit => "entry_limit",
            Self::Draining => "draining",
            Self::Merged => "merged",
            Self::UnknownDialog => "unknown_dialog",
            Self::Unsupported => "unsupported",
            Self::StrayResponse => "stray_response",
            Self::Unheard => "unheard",
        }
    }
}
