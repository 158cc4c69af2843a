//! PRACK to phones whose provisional responses have to arrive although we did not ask for that (RFC 3262 §4).

use crate::{
    Flow,
    context::Ctx,
    dialog::Dialog,
    leg::reliable::RELIABLE,
    transaction::Owner,
    wire::{Message, Name},
};
use bytes::Bytes;
use std::sync::Arc;

/// Most branches of a fork whose provisional responses are acknowledged.
const MAX_FORKS: usize = 8;

/// Most provisional responses of one INVITE that are acknowledged: one every few seconds, for as long as a phone rings.
pub(crate) const MAX_PRACKS: u8 = 64;

/// What was acknowledged of an INVITE that is out.
#[derive(Debug, Default)]
pub(crate) struct Pracked {
    branches: Vec<Branch>,
    count: u8,
}

/// Whose INVITE it is.
#[derive(Clone, Copy)]
pub(crate) struct Sender<'a> {
    pub(crate) owner: Owner,
    /// From, with our tag.
    pub(crate) from: &'a Bytes,
    /// Where it went.
    pub(crate) to: Flow,
    /// The trunk whose login signs what goes with it.
    pub(crate) trunk: Option<&'a Arc<str>>,
}

/// One branch of a fork.
#[derive(Debug)]
struct Branch {
    tag: Bytes,
    /// RSeq of the last provisional response.
    rseq: u32,
    /// The PRACK that is out.
    prack: u128,
    /// The description it has sent.
    described: Bytes,
}

impl Pracked {
    /// Acknowledges `response`, which came from `from`, if it wants that and is not a repetition, under the number `seq`.
    /// True when it was; then the number is taken.
    pub(crate) fn acknowledge(
        &mut self,
        response: &Message,
        from: Flow,
        (sender, seq): (Sender<'_>, u32),
        ctx: &mut Ctx<'_>,
    ) -> bool {
        let wanted = response.lists(Name::Require, RELIABLE);
        let (Some(rseq), Some(tag), true) = (response.rseq(), response.to_tag(), wanted) else {
            return false;
        };
        let known = self.branches.iter().position(|branch| branch.tag == tag);
        let in_order = known.is_none_or(|at| self.branches[at].rseq.checked_add(1) == Some(rseq));
        let too_many = self.count == MAX_PRACKS || (known.is_none() && self.branches.len() == MAX_FORKS);
        if !in_order || too_many {
            return false;
        }
        self.count += 1;
        if let Some(at) = known {
            // It has arrived, or there would not be another response.
            let before = self.branches.remove(at);
            ctx.net.clients.abandoned(before.prack, ctx.now, &mut ctx.net.timers);
        }
        let dialog = Dialog::as_client(0, sender.from.clone(), seq, response, from);
        let dialog = dialog.found_at(sender.to).signed_by(sender.trunk.cloned());
        let prack = ctx.prack(&dialog, seq, (rseq, response.cseq().0), sender.owner);
        let described = response.body();
        self.branches.push(Branch { tag: response.share(tag), rseq, prack, described });
        true
    }
    /// The description that the branch with this tag has sent in a provisional response; empty when none.
    pub(crate) fn described(&self, tag: Option<&[u8]>) -> Bytes {
        let branch = self.branches.iter().find(|branch| Some(&branch.tag[..]) == tag);
        branch.map(|branch| branch.described.clone()).unwrap_or_default()
    }
    /// The INVITE has its final response: no PRACK is repeated any more.
    pub(crate) fn settle(&self, ctx: &mut Ctx<'_>) {
        for branch in &self.branches {
            ctx.net.clients.abandoned(branch.prack, ctx.now, &mut ctx.net.timers);
        }
    }
}
