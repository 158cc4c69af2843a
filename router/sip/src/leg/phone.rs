//! A phone's leg: from the order to ring it to its end.
//!
//! ```text
//! Waiting ── INVITEs ──► Calling ── first 2xx ──► Answered ── ACK ──► Up ── BYE either way ──► Over
//!    │                     │ all refused, timed out ──────────────────────────────────────────► Over
//!    └─ dropped ───────────┴─ dropped ────────────────────────────────────────────────────────► Over
//! ```
//! Up becomes Leaving when the phone has given its caller away: it is told how that went, then comes BYE. Waiting is for the
//! caller's session description. INVITEs that are not wanted any more are left over in any stage, until they have ended.

use super::{
    Line, Session, Turn,
    calling::{Calling, Leftover},
    outgoing::Outgoing,
    record,
    refer::{Leaving, Refer},
    session_timer::SessionTimer,
};
use crate::{
    Cause, DialogRecord, Display, Flow, Keep, LegKey, LegRecord, Micros, Phone, RingRecord,
    context::{Ctx, Partner},
    dialog::Dialog,
    transaction::{Owner, Side},
    wire::{Message, Uri},
};
use bytes::Bytes;

/// For the Reason of a BYE to a phone that said nothing any more.
const GONE: Cause = Cause { status: 408, text: "No answer" };
/// Longest URI of a phone, in bytes.
const MAX_URI: usize = 512;

/// The order to ring phones.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) phones: Vec<Phone>,
    pub(crate) queue: String,
    pub(crate) display: Display,
    pub(crate) auto_answer: bool,
}

impl Order {
    /// Leaves out phones to which no INVITE can be made that we could read ourselves; false when none is left.
    pub(crate) fn can_be_sent(&mut self) -> bool {
        let sound = |uri: &str| Uri::parse(uri.as_bytes()).is_ok_and(|uri| uri.headers.is_none());
        self.phones.retain(|phone| phone.uri.len() <= MAX_URI && sound(&phone.uri));
        !self.phones.is_empty()
    }
}

/// A phone's leg.
#[derive(Debug)]
pub(crate) struct PhoneLeg {
    pub(crate) key: LegKey,
    pub(crate) session: Session,
    /// The caller's media is somewhere else than this phone was told.
    pub(crate) stale: bool,
    /// Its wish to give the caller away.
    pub(crate) refer: Refer,
    /// Bits of our tag to the first phone.
    pub(super) tag: u128,
    pub(crate) stage: Stage,
    /// INVITEs that are not wanted any more.
    pub(super) leftovers: Vec<Leftover>,
    /// Phones that answered although they were not wanted, and are being hung up on.
    pub(super) ending: Vec<RingRecord>,
}

/// Where a phone's leg stands.
#[derive(Debug)]
pub(crate) enum Stage {
    /// For the caller's description.
    Waiting(Box<Order>),
    /// INVITEs are out.
    Calling(Box<Calling>),
    /// A 2xx came; it is not acknowledged.
    Answered { outgoing: Box<Outgoing>, dialog: Box<Dialog>, timer: Option<SessionTimer>, answer: Bytes },
    /// It is acknowledged.
    Up { line: Box<Line>, made_by: MadeBy },
    /// It has given its caller away, and is not hung up on yet.
    Leaving(Box<Leaving>),
    /// Nothing is left of it but what is left over.
    Over,
}

/// The messages that made a dialog, to be stored with it.
#[derive(Debug)]
pub(crate) struct MadeBy {
    pub(super) invite: Bytes,
    pub(super) to: Flow,
    pub(super) answer: Bytes,
}

impl PhoneLeg {
    /// A leg that waits for its INVITE.
    pub(crate) fn new(key: LegKey, order: Order, ctx: &mut Ctx<'_>) -> Self {
        let tag = ctx.mint.bits();
        let session = Session::new(tag, ctx.net.local.media);
        let stage = Stage::Waiting(Box::new(order));
        Self::at(key, session, tag, stage)
    }
    pub(super) fn at(key: LegKey, session: Session, tag: u128, stage: Stage) -> Self {
        let (leftovers, ending) = (Vec::new(), Vec::new());
        Self { key, session, stale: false, refer: Refer::None, tag, stage, leftovers, ending }
    }
    /// Whether nothing at all is left of it.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over) && self.leftovers.is_empty()
    }
    /// Whose transactions this leg's are.
    pub(crate) const fn owner(&self) -> Owner {
        Owner { call: self.key.call, side: Side::Phone(self.key.attempt) }
    }
    /// The confirmed dialog with its turn.
    pub(crate) fn line(&self) -> Option<&Line> {
        match &self.stage {
            Stage::Up { line, .. } => Some(line),
            Stage::Waiting(_)
            | Stage::Calling(_)
            | Stage::Answered { .. }
            | Stage::Leaving(_)
            | Stage::Over => None,
        }
    }
    /// When something is to be done.
    pub(crate) fn due(&self) -> Option<Micros> {
        match &self.stage {
            Stage::Up { line, .. } => line.due(),
            Stage::Leaving(leaving) => Some(leaving.until()),
            Stage::Calling(_) => self.silent_until(),
            Stage::Waiting(_) | Stage::Answered { .. } | Stage::Over => None,
        }
    }
    /// The confirmed dialog with what was said in it.
    pub(crate) fn talk(&mut self) -> Option<(&mut Line, &mut Session)> {
        match &mut self.stage {
            Stage::Up { line, .. } => Some((line, &mut self.session)),
            Stage::Waiting(_)
            | Stage::Calling(_)
            | Stage::Answered { .. }
            | Stage::Leaving(_)
            | Stage::Over => None,
        }
    }
    /// The dialog, once there is one.
    pub(crate) fn dialog_mut(&mut self) -> Option<&mut Dialog> {
        match &mut self.stage {
            Stage::Up { line, .. } => Some(&mut line.dialog),
            Stage::Answered { dialog, .. } => Some(dialog),
            Stage::Leaving(leaving) => Some(leaving.dialog_mut()),
            Stage::Waiting(_) | Stage::Calling(_) | Stage::Over => None,
        }
    }
    /// Takes the first 2xx, with a description that can be read.
    pub(super) fn answered(
        &mut self,
        outgoing: Outgoing,
        (response, from): (&Message, Flow),
        ctx: &mut Ctx<'_>,
    ) {
        outgoing.settle(ctx);
        let dialog = self.dialog_of(&outgoing, response, from, ctx);
        let timer = outgoing.terms.map(|terms| SessionTimer::agreed(terms, response, ctx.now));
        let (outgoing, answer) = (Box::new(outgoing), response.bytes().clone());
        self.stage = Stage::Answered { outgoing, dialog: Box::new(dialog), timer, answer };
        self.keep(ctx);
    }
    pub(super) fn dialog_of(
        &self,
        outgoing: &Outgoing,
        response: &Message,
        from: Flow,
        ctx: &mut Ctx<'_>,
    ) -> Dialog {
        let (ours, seq) = (outgoing.from.clone(), outgoing.last_seq);
        let dialog = Dialog::as_client(outgoing.tag, ours, seq, response, from);
        ctx.net.dialogs.insert(outgoing.tag, Partner::Leg(self.owner()));
        dialog.found_at(outgoing.to).signed_by(outgoing.trunk.clone()).over_tls(outgoing.secure)
    }
    /// Acknowledges the 2xx; false when there is none to acknowledge.
    pub(crate) fn acknowledge(&mut self, ctx: &mut Ctx<'_>) -> bool {
        let stage = std::mem::replace(&mut self.stage, Stage::Over);
        let Stage::Answered { outgoing, dialog, timer, answer } = stage else {
            self.stage = stage;
            return false;
        };
        ctx.ack(&dialog, outgoing.branch, outgoing.seq);
        let line = Box::new(Line { dialog: *dialog, turn: Turn::Free, timer, probe: None, strays: 0 });
        let made_by = MadeBy { invite: outgoing.invite, to: outgoing.to, answer };
        self.stage = Stage::Up { line, made_by };
        true
    }
    /// Gives its dialog away, if it has one that is acknowledged; nothing is left of it but what is left over.
    pub(crate) fn give_up(&mut self) -> Option<(Box<Line>, MadeBy)> {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Up { line, made_by } => Some((line, made_by)),
            stage @ (Stage::Waiting(_)
            | Stage::Calling(_)
            | Stage::Answered { .. }
            | Stage::Leaving(_)
            | Stage::Over) => {
                self.stage = stage;
                None
            }
        }
    }
    /// Acknowledges a 2xx that is of no use and says BYE.
    pub(super) fn end_answer(
        &mut self,
        outgoing: &Outgoing,
        (response, from): (&Message, Flow),
        cause: Cause,
        ctx: &mut Ctx<'_>,
    ) {
        outgoing.settle(ctx);
        self.ending.push(RingRecord { answer: response.bytes().clone(), ..outgoing.record() });
        self.keep(ctx);
        let dialog = self.dialog_of(outgoing, response, from, ctx);
        ctx.ack(&dialog, outgoing.branch, outgoing.seq);
        ctx.bye(dialog, Some(self.owner()), Some(cause));
    }
    /// Ends the leg. Over at once, but for the ends of INVITEs that have to be waited for.
    pub(crate) fn end(&mut self, cause: Cause, ctx: &mut Ctx<'_>) {
        self.acknowledge(ctx);
        self.stop_calling(cause, ctx);
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Up { line, .. } => self.leave(*line, cause, ctx),
            stage @ Stage::Leaving(_) => self.stage = stage,
            Stage::Waiting(_) | Stage::Calling(_) | Stage::Answered { .. } | Stage::Over => {}
        }
    }
    /// The phone was found gone; `bye` is said nevertheless when it may merely have been out of reach.
    pub(crate) fn lost(&mut self, bye: Option<Cause>, ctx: &mut Ctx<'_>) {
        match (bye, std::mem::replace(&mut self.stage, Stage::Over)) {
            (None, Stage::Up { line, .. }) => self.forget(*line, ctx),
            (_, stage) => {
                self.stage = stage;
                self.end(bye.unwrap_or(GONE), ctx);
            }
        }
    }
    /// The phone has said BYE; true when there was a dialog to end.
    pub(crate) fn hung_up(&mut self, ctx: &mut Ctx<'_>) -> bool {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Up { line, .. } => self.forget(*line, ctx),
            Stage::Answered { dialog, .. } => {
                ctx.net.dialogs.remove(&dialog.tag);
            }
            stage @ Stage::Leaving(_) => {
                self.stage = stage;
                self.left(ctx);
                return false;
            }
            stage @ (Stage::Waiting(_) | Stage::Calling(_) | Stage::Over) => {
                self.stage = stage;
                return false;
            }
        }
        true
    }
    fn forget(&mut self, line: Line, ctx: &mut Ctx<'_>) {
        self.refuse_refer(481, ctx);
        let dialog = line.end(ctx);
        ctx.net.dialogs.remove(&dialog.tag);
    }
    /// Stores the leg as it is.
    pub(crate) fn keep(&self, ctx: &mut Ctx<'_>) {
        let mut others: Vec<RingRecord> = self.leftovers.iter().map(Leftover::record).collect();
        others.extend(self.ending.iter().cloned());
        let record = match &self.stage {
            Stage::Waiting(_) | Stage::Leaving(_) => return,
            Stage::Over => ringing(others),
            Stage::Calling(calling) => {
                ringing(calling.out().iter().map(Outgoing::record).chain(others).collect())
            }
            Stage::Answered { outgoing, dialog, timer, answer } => {
                let dialog_record = record(dialog, timer.as_ref(), &self.session, answer.clone());
                Some(answered((&outgoing.invite, outgoing.to), dialog, dialog_record, others))
            }
            Stage::Up { line, made_by } => {
                let dialog_record = line.record(&self.session, made_by.answer.clone());
                Some(answered((&made_by.invite, made_by.to), &line.dialog, dialog_record, others))
            }
        };
        if let Some(record) = record {
            ctx.out.keep.push(Keep::Leg(self.key, record));
        }
    }
}

/// A leg that has its dialog.
fn answered(
    (invite, to): (&Bytes, Flow),
    dialog: &Dialog,
    record: DialogRecord,
    others: Vec<RingRecord>,
) -> LegRecord {
    let trunk = dialog.trunk.as_deref().map(str::to_owned);
    LegRecord { invite: invite.clone(), to, dialog: Some(record), others, trunk }
}

/// A leg that has no dialog, or none that is wanted: INVITEs that are out, or are being ended.
fn ringing(mut rings: Vec<RingRecord>) -> Option<LegRecord> {
    // One that has been answered stands among the others, as those are not talked to.
    let first = rings.iter().position(|ring| ring.answer.is_empty()).unwrap_or_default();
    if rings.is_empty() {
        return None;
    }
    let RingRecord { invite, to, trunk, answer, local_seq } = rings.remove(first);
    let dialog = (!answer.is_empty()).then(|| DialogRecord { answer, local_seq, ..DialogRecord::default() });
    Some(LegRecord { invite, to, dialog, others: rings, trunk })
}
