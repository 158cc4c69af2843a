//! A phone that gives its caller away (RFC 3515), as its leg sees it.
//!
//! ```text
//! REFER ─▶ Asked ─ accepted ─▶ Reporting ─ dropped ─▶ leaving: NOTIFY 100, its answer, NOTIFY 200, its answer, BYE
//!            └─ refused ─▶ (none)
//! ```
//! An accepted REFER makes the caller ours at once, so its final report is a 200: what becomes of the caller from then
//! on is no concern of a phone that is about to be hung up on. A report that is not answered holds the hang-up no
//! longer than [`PATIENCE`].

use super::{Line, phone::PhoneLeg, phone::Stage};
use crate::{
    Cause, Flow, Micros,
    compose::reason_line,
    context::Ctx,
    dialog::{Dialog, is_sips},
    timers::ServerId,
    transaction::Owner,
    wire::{Message, Name},
};
use bytes::Bytes;
use std::time::Duration;

/// How long the reports to a phone may hold its hang-up.
const PATIENCE: Duration = Duration::from_secs(4);

/// Where a phone's wish to give its caller away stands.
#[derive(Debug, Default)]
pub(crate) enum Refer {
    /// It has none.
    #[default]
    None,
    /// Its REFER waits for a verdict.
    Asked(Box<Referred>),
    /// It was accepted, and the phone is told how it goes.
    Reporting(Report),
}

/// A REFER that waits for a verdict.
#[derive(Debug)]
pub(crate) struct Referred {
    pub(crate) server: ServerId,
    pub(crate) request: Message,
    pub(crate) from: Flow,
    /// The phone wants no reports (RFC 4488).
    pub(crate) silent: bool,
}

/// The reports that an accepted REFER is owed.
#[derive(Debug)]
pub(crate) struct Report {
    /// Branch of the NOTIFY that is out.
    branch: u128,
    /// Value of `Event`.
    event: Bytes,
    /// Whether it is the last one.
    last: bool,
    until: Micros,
}

/// A leg whose caller is gone, and which is told so before it is hung up on.
#[derive(Debug)]
pub(crate) struct Leaving {
    dialog: Dialog,
    report: Report,
    cause: Cause,
}

impl Leaving {
    pub(crate) const fn dialog_mut(&mut self) -> &mut Dialog {
        &mut self.dialog
    }
    pub(crate) const fn until(&self) -> Micros {
        self.report.until
    }
}

impl PhoneLeg {
    /// Lets a REFER wait; gives its status when it cannot.
    pub(crate) fn referred(&mut self, referred: Referred) -> Result<(), u16> {
        match self.refer {
            Refer::None => {
                self.refer = Refer::Asked(Box::new(referred));
                Ok(())
            }
            Refer::Asked(_) | Refer::Reporting(_) => Err(500),
        }
    }
    fn take_referred(&mut self) -> Option<Box<Referred>> {
        match std::mem::take(&mut self.refer) {
            Refer::Asked(referred) => Some(referred),
            refer @ (Refer::None | Refer::Reporting(_)) => {
                self.refer = refer;
                None
            }
        }
    }
    /// Refuses the REFER that waits, if one does.
    pub(crate) fn refuse_refer(&mut self, status: u16, ctx: &mut Ctx<'_>) {
        if let Some(referred) = self.take_referred() {
            ctx.refuse(&referred.request, referred.server, status, referred.from);
        }
    }
    /// Accepts the REFER that waits, and begins to report.
    pub(crate) fn accept_refer(&mut self, ctx: &mut Ctx<'_>) {
        let Some(referred) = self.take_referred() else { return };
        let owner = self.owner();
        let Some((line, _)) = self.talk() else {
            return ctx.refuse(&referred.request, referred.server, 481, referred.from);
        };
        accept(&referred, line.dialog.tag, ctx);
        if referred.silent {
            return;
        }
        let again = std::mem::replace(&mut line.dialog.referred, true);
        let event = event(&referred.request, again);
        let branch = notify(&mut line.dialog, &event, false, owner, ctx);
        let until = ctx.now.after(PATIENCE);
        self.refer = Refer::Reporting(Report { branch, event, last: false, until });
    }
    /// The end of a leg that is up: now, or when it has had its reports.
    pub(crate) fn leave(&mut self, line: Line, cause: Cause, ctx: &mut Ctx<'_>) {
        let dialog = line.end(ctx);
        match std::mem::take(&mut self.refer) {
            Refer::Reporting(report) => {
                self.stage = Stage::Leaving(Box::new(Leaving { dialog, report, cause }));
            }
            Refer::Asked(referred) => {
                ctx.refuse(&referred.request, referred.server, 480, referred.from);
                ctx.bye(dialog, Some(self.owner()), Some(cause));
            }
            Refer::None => ctx.bye(dialog, Some(self.owner()), Some(cause)),
        }
    }
    /// Takes the final response to a request of ours, none when nobody answered; false when it is to no report.
    pub(crate) fn report_heard(&mut self, branch: u128, ctx: &mut Ctx<'_>) -> bool {
        let owner = self.owner();
        let Stage::Leaving(leaving) = &mut self.stage else { return false };
        let Leaving { dialog, report, .. } = &mut **leaving;
        if report.branch != branch {
            return false;
        }
        if report.last {
            self.hang_up(ctx);
        } else {
            (report.branch, report.last) = (notify(dialog, &report.event, true, owner, ctx), true);
        }
        true
    }
    /// Hangs up on a leg that has waited for its reports to be answered.
    pub(crate) fn hang_up(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(Leaving { dialog, cause, .. }) = self.stop_reporting(ctx) {
            ctx.bye(dialog, Some(self.owner()), Some(cause));
        }
    }
    /// The phone hung up before we did.
    pub(crate) fn left(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(Leaving { dialog, .. }) = self.stop_reporting(ctx) {
            ctx.net.dialogs.remove(&dialog.tag);
        }
    }
    fn stop_reporting(&mut self, ctx: &mut Ctx<'_>) -> Option<Leaving> {
        if !matches!(self.stage, Stage::Leaving(_)) {
            return None;
        }
        let Stage::Leaving(leaving) = std::mem::replace(&mut self.stage, Stage::Over) else { return None };
        ctx.net.clients.abandoned(leaving.report.branch, ctx.now, &mut ctx.net.timers);
        Some(*leaving)
    }
}

fn accept(referred: &Referred, tag: u128, ctx: &mut Ctx<'_>) {
    let mut writer = ctx.respond(&referred.request, 202, tag, referred.from);
    let secure = is_sips(referred.request.request_uri());
    writer.header(Name::Contact, ctx.net.local.contact(referred.from.transport, secure));
    if referred.silent {
        writer.header(Name::ReferSub, "false");
    }
    ctx.finish(referred.server, 202, writer.finish());
}

/// `refer`; with the number of the REFER where the dialog has had another one (RFC 3515 §2.4.6).
fn event(refer: &Message, again: bool) -> Bytes {
    if !again {
        return Bytes::from_static(b"refer");
    }
    Bytes::from(format!("refer;id={}", refer.cseq().0))
}

fn notify(dialog: &mut Dialog, event: &Bytes, last: bool, owner: Owner, ctx: &mut Ctx<'_>) -> u128 {
    let (state, status) =
        if last { ("terminated;reason=noresource", 200) } else { ("active;expires=60", 100) };
    ctx.notify(dialog, (event, state), reason_line(status), owner)
}
