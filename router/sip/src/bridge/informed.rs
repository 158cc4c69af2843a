//! Digits by INFO: they go from one side to the other, as they are.

use super::Call;
use crate::{
    Flow, Micros, Notice, Rejected,
    context::Ctx,
    extensions::missing,
    timers::ServerId,
    transaction::Side,
    wire::{Message, Name},
};
use std::time::Duration;

/// What we carry, in `Accept`.
pub(crate) const DIGITS: &str = "application/dtmf-relay, application/dtmf";
/// Longest description of a digit, and of its kind, in bytes.
const MAX_BODY: usize = 256;
const MAX_KIND: usize = 64;
/// Most digits of one call under way at a time.
const MAX_UNDER_WAY: usize = 8;
/// The sender of an INFO gives up after 32 s and may take the dialog for dead: it gets its answer before.
const PATIENCE: Duration = Duration::from_secs(25);

/// An INFO that was sent on.
#[derive(Debug)]
pub(super) struct Digit {
    from: Side,
    server: ServerId,
    request: Message,
    flow: Flow,
    to: Side,
    branch: u128,
    until: Micros,
}

/// The key in a description of a digit: `Signal=1` in a line of its own, or the digit alone.
fn pressed(body: &[u8]) -> Option<char> {
    let lines = || body.split(|&octet| octet == b'\n').map(<[u8]>::trim_ascii);
    let signal = |line: &'_ [u8]| {
        let at = line.iter().position(|&octet| octet == b'=')?;
        let (name, value) = (line[..at].trim_ascii(), line[at + 1..].trim_ascii());
        name.eq_ignore_ascii_case(b"signal").then(|| value.to_vec())
    };
    let value = lines().find_map(signal).or_else(|| lines().next().map(<[u8]>::to_vec))?;
    let [key] = value[..] else { return None };
    let key = char::from(key);
    (key.is_ascii_digit() || key == '*' || key == '#').then_some(key)
}

/// What is in an INFO.
enum Content<'a> {
    Nothing,
    Digit { kind: &'a [u8] },
}

impl Call {
    /// Takes an INFO of `side`, which came from `flow` and is found by `key` when it comes again.
    pub(crate) fn informed(
        &mut self,
        side: Side,
        request: &Message,
        flow: Flow,
        key: Vec<u8>,
        ctx: &mut Ctx<'_>,
    ) {
        let kind = match content(request, ctx) {
            Err(status) => return ctx.answer(request, key, status, flow),
            Ok(Content::Nothing) => return ctx.answer(request, key, 200, flow),
            Ok(Content::Digit { kind }) => kind,
        };
        let Some(other) = self.partner(side).filter(|&other| self.line_mut(other).is_some()) else {
            ctx.out.count(Rejected::Unheard);
            if let (Side::Caller, Some(key)) = (side, pressed(&request.body())) {
                ctx.out.notices.push(Notice::KeyPressed { call: self.key, key });
            }
            return ctx.answer(request, key, 200, flow);
        };
        if self.digits.len() == MAX_UNDER_WAY {
            return ctx.answer(request, key, 500, flow);
        }
        let owner = self.owner(other);
        let Some(line) = self.line_mut(other) else { return };
        let branch = ctx.info(&mut line.dialog, kind, request.body(), owner);
        let server = ctx.begin(request, key, flow, owner);
        let until = ctx.now.after(PATIENCE);
        self.digits.push(Digit {
            from: side,
            server,
            request: request.clone(),
            flow,
            to: other,
            branch,
            until,
        });
    }
    /// Takes the final response to an INFO of ours; none when nobody answered.
    pub(super) fn info_heard(
        &mut self,
        side: Side,
        branch: u128,
        response: Option<&Message>,
        ctx: &mut Ctx<'_>,
    ) {
        let heard = |digit: &Digit| digit.to == side && digit.branch == branch;
        let Some(place) = self.digits.iter().position(heard) else { return };
        let digit = self.digits.swap_remove(place);
        let status = response.and_then(Message::status).unwrap_or(408);
        digit.answer(comes_back(status), ctx);
        // A phone that leaves an INFO unanswered may be an old one; its session timer tells whether it is there.
        if status == 481 {
            self.lost(side, false, ctx);
        }
    }
    /// Answers what has waited long enough, or waits for a side that has gone.
    pub(super) fn mind_digits(&mut self, ctx: &mut Ctx<'_>) {
        for digit in std::mem::take(&mut self.digits) {
            let here = [digit.from, digit.to].iter().all(|&side| self.line_mut(side).is_some());
            if here && ctx.now < digit.until {
                self.digits.push(digit);
                continue;
            }
            digit.answer(480, ctx);
            ctx.net.clients.abandoned(digit.branch, ctx.now, &mut ctx.net.timers);
        }
    }
    /// One of the sides is another party from now on: what was under way is over.
    pub(super) fn drop_digits(&mut self, ctx: &mut Ctx<'_>) {
        for digit in std::mem::take(&mut self.digits) {
            digit.answer(480, ctx);
            ctx.net.clients.abandoned(digit.branch, ctx.now, &mut ctx.net.timers);
        }
    }
    /// When one has waited long enough.
    pub(super) fn digits_due(&self) -> Option<Micros> {
        self.digits.iter().map(|digit| digit.until).min()
    }
}

impl Digit {
    fn answer(&self, status: u16, ctx: &mut Ctx<'_>) {
        ctx.conclude(&self.request, self.server, status, self.flow);
    }
}

/// # Errors
/// The status it deserves.
fn content<'a>(request: &'a Message, ctx: &Ctx<'_>) -> Result<Content<'a>, u16> {
    if missing(request, &ctx.net.local).next().is_some() {
        return Err(420);
    }
    if request.header_by_text("Info-Package").is_some() {
        return Err(469); // RFC 6086 §4.2.1: we take none
    }
    if request.body().is_empty() {
        return Ok(Content::Nothing);
    }
    let is_digit = DIGITS.split(", ").any(|kind| request.content_is(kind));
    let kind = request.content_type().filter(|kind| is_digit && kind.len() <= MAX_KIND).ok_or(415_u16)?;
    let coded = request.values(Name::ContentEncoding).any(|coding| !coding.eq_ignore_ascii_case(b"identity"));
    match (coded, request.body().len() > MAX_BODY) {
        (true, _) => Err(415),
        (false, true) => Err(413),
        (false, false) => Ok(Content::Digit { kind }),
    }
}

/// What the sender hears of the other side's `status`: what concerns our dialog with that side alone is none of its
/// business.
const fn comes_back(status: u16) -> u16 {
    match status {
        200..300 => 200,
        300..=399 | 401 | 407 | 408 | 481 | 482 | 483 => 480,
        _ => status,
    }
}

#[cfg(test)]
mod tests {
    use super::comes_back;

    #[test]
    fn what_concerns_one_dialog_alone_does_not_come_back() {
        for (status, back) in
            [(200, 200), (202, 200), (302, 480), (401, 480), (408, 480), (481, 480), (415, 415), (500, 500)]
        {
            assert_eq!(comes_back(status), back);
        }
    }
}
