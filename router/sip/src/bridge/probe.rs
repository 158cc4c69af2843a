//! Whether the peers of a call are still there: asked by OPTIONS in their dialogs, after a restart.

use super::Call;
use crate::{context::Ctx, leg::Turn, transaction::Side, wire::Message};

impl Call {
    /// Asks every peer from which no answer is awaited.
    pub(crate) fn probe(&mut self, ctx: &mut Ctx<'_>) {
        for side in self.sides() {
            let owner = self.owner(side);
            let Some(line) = self.line_mut(side) else { continue };
            let updates = line.timer.as_ref().is_some_and(|timer| timer.update().is_some());
            let is_quiet = matches!(line.turn, Turn::Free | Turn::Backoff { .. }) && !updates;
            if is_quiet && line.probe.is_none() {
                line.probe = Some(ctx.options(&mut line.dialog, owner));
            }
        }
    }
    /// Takes the final response to such a question, none when nobody answered; false when `branch` is none.
    pub(super) fn probe_heard(
        &mut self,
        side: Side,
        branch: u128,
        response: Option<&Message>,
        ctx: &mut Ctx<'_>,
    ) -> bool {
        let Some(line) = self.line_mut(side).filter(|line| line.probe == Some(branch)) else { return false };
        line.probe = None;
        let status = response.and_then(Message::status).unwrap_or(408);
        if matches!(status, 481 | 408) {
            self.lost(side, status == 408, ctx);
        }
        true
    }
}
