//! PRACK to phones whose provisional responses have to arrive although we did not ask for that (RFC 3262 §4).

use crate::{
    Flow,
    compose::in_dialog,
    context::Ctx,
    dialog::Dialog,
    leg::reliable::RELIABLE,
    transaction::Then,
    wire::{Message, Method, Name},
};
use bytes::Bytes;

/// Most branches of a fork whose provisional responses are acknowledged.
const MAX_FORKS: usize = 8;

/// Most provisional responses of one INVITE that are acknowledged: one every few seconds, for as long as a phone rings.
const MAX_PRACKS: u8 = 64;

/// What was acknowledged of an INVITE that is out.
#[derive(Debug, Default)]
pub(crate) struct Pracked {
    branches: Vec<Branch>,
    count: u8,
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
    /// Acknowledges `response`, if it wants that and is not a repetition, in the early dialog it makes with our From
    /// `ours` behind the request number `seq`. True when it was; then the next number is taken.
    pub(crate) fn acknowledge(
        &mut self,
        response: &Message,
        (ours, from): (&Bytes, Flow),
        seq: u32,
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
        let prack = prack(response, (ours, from), (seq, rseq), ctx);
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

fn prack(
    response: &Message,
    (ours, from): (&Bytes, Flow),
    (seq, rseq): (u32, u32),
    ctx: &mut Ctx<'_>,
) -> u128 {
    let branch = ctx.mint.bits();
    let dialog = Dialog::as_client(0, ours.clone(), seq, response, from);
    let (mut writer, to) = in_dialog(&ctx.net.local, &dialog, Method::Prack, seq, branch);
    writer.header_fmt(Name::RAck, format_args!("{rseq} {} INVITE", response.cseq().0));
    let sent = (writer.finish(), to);
    ctx.net.clients.request(
        branch,
        Method::Prack,
        sent,
        Then::Nothing,
        ctx.now,
        (&mut ctx.net.timers, ctx.out),
    );
    branch
}
