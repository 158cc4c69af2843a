//! REFER (RFC 3515): a phone gives its caller away. Whether it may, and to whom, is for others to say.

use super::{Call, text};
use crate::{
    Flow, Notice,
    context::Ctx,
    extensions::missing,
    leg::refer::Referred,
    local::Local,
    transaction::Side,
    wire::{Message, Name, NameAddr, Replaces, Scheme, percent_decoded},
};
use std::sync::Arc;

/// Longest name of a call to be replaced, in bytes.
const MAX_REPLACES: usize = 512;

impl Call {
    /// Takes a REFER of `side`, which came from `from` and is found by `key` when it comes again.
    pub(crate) fn referred(
        &mut self,
        side: Side,
        request: &Message,
        from: Flow,
        key: Vec<u8>,
        ctx: &mut Ctx<'_>,
    ) {
        let server = ctx.begin(request, key, from, self.owner(side));
        let referred = Referred { server, request: request.clone(), from, silent: wants_no_reports(request) };
        if let Err(status) = self.take_up_refer(side, referred, ctx) {
            ctx.refuse(request, server, status, from);
        }
    }
    /// # Errors
    /// The status it deserves.
    fn take_up_refer(&mut self, side: Side, referred: Referred, ctx: &mut Ctx<'_>) -> Result<(), u16> {
        let (target, replaces) = target(&referred.request, &ctx.net.local)?;
        let Side::Phone(attempt) = side else { return Err(403) };
        let leg = self.phone_mut(attempt).filter(|leg| leg.line().is_some()).ok_or(481_u16)?;
        leg.referred(referred)?;
        ctx.out.notices.push(Notice::PhoneRefers { leg: self.leg_key(attempt), target, replaces });
        Ok(())
    }
    /// The phone's caller is taken over: its REFER is accepted and reported on.
    pub(crate) fn accept_refer(&mut self, attempt: u32, ctx: &mut Ctx<'_>) {
        if let Some(leg) = self.phone_mut(attempt) {
            leg.accept_refer(ctx);
        }
    }
    /// The phone keeps its caller.
    pub(crate) fn refuse_refer(&mut self, attempt: u32, status: u16, ctx: &mut Ctx<'_>) {
        if let Some(leg) = self.phone_mut(attempt) {
            leg.refuse_refer(status, ctx);
        }
    }
    /// A report to a phone was answered, or will never be; false when `branch` is none.
    pub(super) fn report_heard(&mut self, side: Side, branch: u128, ctx: &mut Ctx<'_>) -> bool {
        let Side::Phone(attempt) = side else { return false };
        self.phone_mut(attempt).is_some_and(|leg| leg.report_heard(branch, ctx))
    }
    /// Hangs up on phones that have been told for long enough.
    pub(super) fn mind_leaving(&mut self, ctx: &mut Ctx<'_>) {
        let now = ctx.now;
        for leg in self.phones.iter_mut().filter(|leg| leg.line().is_none()) {
            if leg.due().is_some_and(|due| due <= now) {
                leg.hang_up(ctx);
            }
        }
    }
}

/// Whether the sender wants no reports: `Refer-Sub: false` (RFC 4488).
fn wants_no_reports(request: &Message) -> bool {
    let value = request.header(Name::ReferSub).unwrap_or_default();
    let word = value.split(|&byte| byte == b';').next().unwrap_or_default();
    word.trim_ascii().eq_ignore_ascii_case(b"false")
}

/// The call of its own that the target is to replace, written anew in the one way that we understand.
type Replaced = Option<Arc<str>>;

/// Whom a REFER names: the user part of its target, or the number; and which of its calls it is to replace.
///
/// # Errors
/// The status it deserves: 400 without exactly one target that can be read (RFC 3515 §2.4.2), 416 for one that is no
/// phone's, 403 for anything but a call to it, 501 for one that is to replace a call of ours.
fn target(request: &Message, local: &Local) -> Result<(String, Replaced), u16> {
    if missing(request, local).next().is_some() {
        return Err(420);
    }
    let mut values = request.headers_named(Name::ReferTo);
    let (Some(value), None) = (values.next(), values.next()) else { return Err(400) };
    let uri = NameAddr::parse(value).map_err(|_| 400_u16)?.parsed_uri().map_err(|_| 400_u16)?;
    match uri.scheme {
        Scheme::Sip | Scheme::Sips | Scheme::Tel => {}
        Scheme::Other => return Err(416),
    }
    if uri.params.value("method").is_some_and(|method| method != b"INVITE") {
        return Err(403);
    }
    let replaces = replaced(uri.headers.unwrap_or_default(), local)?;
    let user = uri.user.unwrap_or_default();
    // What follows a semicolon in a user part tells of the number, and is not it (RFC 3261 §19.1.6).
    let user = user.split(|&byte| byte == b';').next().unwrap_or_default();
    Ok((text(&percent_decoded(user)), replaces))
}

/// What the headers of a target's URI say of a call to be replaced.
///
/// # Errors
/// 400 for two of them and for one that cannot be read, 501 for one that names a dialog of ours: our phones call nobody
/// through us.
fn replaced(headers: &[u8], local: &Local) -> Result<Replaced, u16> {
    let named = |header: &&[u8]| header.get(..9).is_some_and(|name| name.eq_ignore_ascii_case(b"replaces="));
    let mut values = headers.split(|&byte| byte == b'&').filter(named);
    let value = match (values.next(), values.next()) {
        (None, _) => return Ok(None),
        (Some(_), Some(_)) => return Err(400),
        (Some(value), None) => percent_decoded(&value[9..]),
    };
    let plain = |part: &[u8]| part.iter().all(|byte| byte.is_ascii_graphic() && !b"\",;<>".contains(byte));
    let Replaces { call_id, to_tag, from_tag, early_only } = Replaces::parse(&value).ok_or(400_u16)?;
    if value.len() > MAX_REPLACES || ![call_id, to_tag, from_tag].into_iter().all(plain) {
        return Err(400);
    }
    if [to_tag, from_tag].into_iter().any(|tag| local.names.read_tag(tag).is_some()) {
        return Err(501);
    }
    let [call_id, to_tag, from_tag] = [call_id, to_tag, from_tag].map(String::from_utf8_lossy);
    let early = if early_only { ";early-only" } else { "" };
    Ok(Some(format!("{call_id};to-tag={to_tag};from-tag={from_tag}{early}").into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn refer(lines: &str) -> Message {
        let text = format!(
            "REFER sip:us@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=f\r\nTo: <sip:b@h>;tag=t\r\n\
             Call-ID: c\r\nCSeq: 7 REFER\r\n{lines}\r\n"
        );
        Message::parse(Bytes::from(text)).unwrap()
    }
    fn read_all(lines: &str) -> Result<(String, Replaced), u16> {
        target(&refer(lines), &Local::new(&crate::policy::tests::config()))
    }
    fn read(lines: &str) -> Result<String, u16> {
        read_all(lines).map(|(user, _)| user)
    }

    #[test]
    fn the_user_part_is_whom_it_names() {
        for (value, named) in [
            ("<sip:1600@h>", "1600"),
            ("sip:1600@h;transport=udp", "1600"),
            ("\"Sales\" <sips:sal%65s@h;method=INVITE>;x=y", "sales"),
            ("<tel:+62811;phone-context=x>", "+62811"),
            ("<sip:0811;npdi@h?Subject=x>", "0811"),
            ("<sip:h>", ""),
        ] {
            assert_eq!(read(&format!("Refer-To: {value}\r\n")), Ok(named.to_owned()), "{value}");
        }
        assert_eq!(read("r: <sip:1600@h>\r\nRequire: norefersub\r\n"), Ok("1600".to_owned()));
    }

    #[test]
    fn the_call_to_be_replaced_is_written_anew() {
        let value = "y%40h%3Bfrom-tag%3D2%3Bx%3Dy%3Bto-tag%3D1%3Bearly-only";
        let (user, replaces) = read_all(&format!("Refer-To: <sip:2002@pbx?Replaces={value}>\r\n")).unwrap();
        assert_eq!(
            (user.as_str(), replaces.as_deref()),
            ("2002", Some("y@h;to-tag=1;from-tag=2;early-only"))
        );
        let ours = Local::new(&crate::policy::tests::config()).names.tag(7).as_str().to_owned();
        let value = format!("y%3Bto-tag%3D{ours}%3Bfrom-tag%3D2");
        assert_eq!(read(&format!("Refer-To: <sip:2002@pbx?Replaces={value}>\r\n")), Err(501));
        let long = "y".repeat(600);
        let value = format!("{long}%3Bto-tag%3D1%3Bfrom-tag%3D2");
        assert_eq!(read(&format!("Refer-To: <sip:2002@pbx?Replaces={value}>\r\n")), Err(400));
    }

    #[test]
    fn what_cannot_be_acted_on_has_its_own_status() {
        for (lines, status) in [
            ("", 400),
            ("Refer-To: <sip:1@h>\r\nr: <sip:2@h>\r\n", 400),
            ("Refer-To: <sip:1@h\r\n", 400),
            ("Refer-To: 1600\r\n", 400),
            ("Refer-To: <http://h/1600>\r\n", 416),
            ("Refer-To: <sip:1600@h;method=BYE>\r\n", 403),
            ("Refer-To: <sip:1600@h?Subject=x&rEplaces=y%3Bto-tag%3D1>\r\n", 400),
            (
                "Refer-To: <sip:1@h?Replaces=y%3Bto-tag%3D1%3Bfrom-tag%3D2&Replaces=z%3Bto-tag%3D1%3Bfrom-tag%3D2>\r\n",
                400,
            ),
            ("Refer-To: <sip:1@h?Replaces=y%0D%0AX:1%3Bto-tag%3D1%3Bfrom-tag%3D2>\r\n", 400),
            ("Refer-To: <sip:1@h?Replaces=y%3Bto-tag%3D1%0D%0AX%3Bfrom-tag%3D2>\r\n", 400),
            ("Refer-To: <sip:1@h?Replaces=y%00%3Bto-tag%3D1%3Bfrom-tag%3D2>\r\n", 400),
            ("Refer-To: <sip:1600@h>\r\nRequire: precondition\r\n", 420),
        ] {
            assert_eq!(read(lines), Err(status), "{lines}");
        }
    }

    #[test]
    fn reports_are_wanted_unless_it_says_so() {
        for (lines, silent) in [
            ("", false),
            ("Refer-Sub: true\r\n", false),
            ("Refer-Sub: FALSE ; x\r\n", true),
            ("Refer-Sub: \r\n", false),
        ] {
            assert_eq!(wants_no_reports(&refer(lines)), silent, "{lines}");
        }
    }
}
