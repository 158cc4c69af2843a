//! Scenes in which an agent asks somebody about her caller, or gives the caller away.

use super::stage::{Corner, PATIENCE, in_order};
use harness::{Desk, Sipp, SippRun, eventually};
use protocol::{ClientMessage, ContactId, ContactRef, ContactState, ServerMessage, Transfer, TransferKind};
use std::{future::Future, time::Duration};

const SOON: Duration = Duration::from_secs(20);
/// Long enough that a phone's answer never overtakes what its ringing began elsewhere.
const RINGS_MS: u32 = 500;
/// Where the other phone, and the gateway, have their media.
const BENS: u16 = 42_030;
const GATEWAYS: u16 = 42_040;

/// What a phone notes that gives its caller away.
const TOLD: [&str; 3] = ["TOLD 100 active", "TOLD 200 terminated", "RELEASED"];

/// Ann at her desk, in a call.
struct Ann<'a> {
    corner: &'a Corner<'a>,
    desk: Desk,
    contact_id: ContactId,
    caller: SippRun,
}

impl<'a> Ann<'a> {
    async fn talks(corner: &'a Corner<'a>) -> Self {
        let mut desk = desk(corner, 0).await;
        let caller = corner.calls(&corner.caller("caller_listens"));
        let contact_id = desk.offer().await;
        desk.until_contact(ContactState::Connected).await;
        // She is connected when her phone has answered. Before the caller knows of that it can be asked for nothing.
        noted("the caller is answered", &caller, " OK ");
        Self { corner, desk, contact_id, caller }
    }
    async fn gives_away(&mut self, target: &str, kind: TransferKind) {
        let (contact_id, target) = (self.contact_id.clone(), target.to_owned());
        self.desk.say(ClientMessage::Transfer(Transfer { contact_id, target, kind })).await;
    }
    /// Asks somebody, who answers.
    async fn asks(&mut self, target: &str) {
        self.gives_away(target, TransferKind::Consult).await;
        let answered = self.desk.until("an answer", |frame| {
            let ServerMessage::ContactStateChanged(changed) = frame.message else { return None };
            changed.consult.filter(|consult| consult.answered).map(drop)
        });
        answered.await;
    }
    async fn is(&mut self, state: ContactState) {
        self.desk.until_contact(state).await;
    }
    fn of(&self) -> ContactRef {
        ContactRef { contact_id: self.contact_id.clone() }
    }
    /// She has her caller back, both phones have agreed to that, and she hangs up.
    async fn gets_back(mut self, phone: &SippRun) -> SippRun {
        self.is(ContactState::Connected).await;
        agreed("the caller is back", &self.caller, "ASKED INVITE 42000 8");
        agreed("so is her phone", phone, "ASKED INVITE 40000 8 sendrecv");
        self.desk.say(ClientMessage::HangUp(self.of())).await;
        self.is(ContactState::Ended).await;
        self.caller
    }
    fn colleague(&self) -> String {
        format!("agent:{}", self.corner.agent(1))
    }
}

async fn desk(corner: &Corner<'_>, which: usize) -> Desk {
    let mut desk = Desk::sign_in(corner.house.router.ready().desk, &corner.agent(which)).await;
    desk.be_ready().await;
    desk
}

fn noted(what: &str, who: &SippRun, line: &str) {
    eventually(what, SOON, || who.log().contains(line).then_some(()));
}

/// It has noted that it was asked for this, and then that this is done (ACK).
fn agreed(what: &str, who: &SippRun, line: &str) {
    let done = || who.log().split_once(line).filter(|(_, after)| after.contains(" AGREED")).map(drop);
    eventually(what, SOON, done);
}

/// Plays what happens at desks.
fn at_desks<T>(play: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(play)
}

/// Ann's phone does as it is asked.
fn anns_phone(corner: &Corner<'_>) -> SippRun {
    corner.at(0, &corner.phone("phone_listens"))
}

/// Somebody else's, who talks for so long.
fn answers(corner: &Corner<'_>, media: u16, talk_ms: u32) -> Sipp {
    corner.phone("phone").with("RING", RINGS_MS).with("RTP", media).with("TALK", talk_ms)
}

/// First to the music, then to this port.
fn moved_to(caller: SippRun, port: u16) {
    let log = caller.finished(PATIENCE);
    let asked: Vec<&str> =
        log.lines().filter_map(|line| line.split_once(" ASKED INVITE ")).map(|(_, to)| to).collect();
    let [music, phone] = asked[..] else { panic!("{log}") };
    let phones = [42_000, BENS, GATEWAYS].map(|port| format!("{port} "));
    assert!(phones.iter().all(|port| !music.starts_with(port)), "music: {log}");
    assert!(phone.starts_with(&format!("{port} ")), "{log}");
    in_order("the caller", &log, &[" BYE "]);
}

// At the desk.

pub(super) fn a_desk_holds(corner: &Corner<'_>) {
    let phone = anns_phone(corner);
    let caller = at_desks(async {
        let mut ann = Ann::talks(corner).await;
        ann.desk.say(ClientMessage::Hold(ann.of())).await;
        ann.is(ContactState::Held).await;
        agreed("the caller hears music", &ann.caller, "ASKED INVITE ");
        ann.desk.say(ClientMessage::Retrieve(ann.of())).await;
        ann.gets_back(&phone).await
    });
    moved_to(caller, 42_000);
    in_order("her phone", &phone.end(), &["ASKED INVITE ", "ASKED INVITE 40000 8", " BYE"]);
    corner.expect_calls(&["answered||ann|1|1"]);
}

pub(super) fn a_desk_gives_to_a_colleague(corner: &Corner<'_>) {
    let (first, second) = (anns_phone(corner), corner.at(1, &answers(corner, 42_000, 700)));
    let caller = at_desks(async {
        let mut ann = Ann::talks(corner).await;
        let mut ben = desk(corner, 1).await;
        ann.gives_away(&corner.agent(1), TransferKind::Blind).await;
        ben.until_contact(ContactState::Connected).await;
        ann.caller
    });
    moved_to(caller, 42_000);
    in_order("the first phone", &first.end(), &[" BYE"]);
    in_order("the second phone", &second.end(), &[" ANS ", " HANGUP "]);
    corner.expect_calls(&["answered||ben|2|2"]);
    corner.expect_transfers(&["agent|ben|completed||0"]);
}

pub(super) fn a_desk_gives_to_a_queue(corner: &Corner<'_>) {
    let (first, second) = (anns_phone(corner), corner.at_as(1, "ben", &answers(corner, BENS, 700)));
    let caller = at_desks(async {
        let mut ann = Ann::talks(corner).await;
        ann.gives_away(&format!("queue:{}", corner.plan().name("sales")), TransferKind::Blind).await;
        ann.is(ContactState::Ended).await;
        ann.caller
    });
    moved_to(caller, BENS);
    in_order("the first phone", &first.end(), &[" BYE"]);
    in_order("the second phone", &second.end(), &[" ANS ", " HANGUP "]);
    corner.expect_calls(&["answered||ben|2|2"]);
    corner.expect_transfers(&["queue|sales|completed||0"]);
}

pub(super) fn a_desk_gives_outside(corner: &Corner<'_>) {
    let (first, gateway) = (anns_phone(corner), corner.at_as(1, "gateway", &answers(corner, GATEWAYS, 700)));
    let caller = at_desks(async {
        let mut ann = Ann::talks(corner).await;
        ann.gives_away(&corner.plan().mobile(), TransferKind::Blind).await;
        ann.is(ContactState::Ended).await;
        ann.caller
    });
    moved_to(caller, GATEWAYS);
    in_order("her phone", &first.end(), &[" BYE"]);
    in_order("the gateway", &gateway.end(), &[&corner.plan().mobile(), " ANS ", " HANGUP "]);
    corner.expect_calls(&["transferred|outside|ann|1|1"]);
    corner.expect_transfers(&["outside|mobiles|completed||0"]);
}

pub(super) fn she_asks_and_goes_back(corner: &Corner<'_>) {
    let (first, second) = (anns_phone(corner), corner.at(1, &answers(corner, BENS, 60_000)));
    let caller = at_desks(async {
        let mut ann = Ann::talks(corner).await;
        let _ben = desk(corner, 1).await;
        ann.asks(&ann.colleague()).await;
        agreed("her phone is with ben's", &first, "ASKED INVITE 42030 8");
        ann.desk.say(ClientMessage::Retrieve(ann.of())).await;
        ann.gets_back(&first).await
    });
    moved_to(caller, 42_000);
    in_order("the first phone", &first.end(), &["ASKED INVITE 42030 8", "ASKED INVITE 40000 8", " BYE"]);
    in_order("the second phone", &second.end(), &[" ANS ", " BYE "]);
    corner.expect_calls(&["answered||ann|1|1"]);
    corner.expect_transfers(&["agent|ben|returned||1"]);
}

pub(super) fn she_asks_and_takes_it_back(corner: &Corner<'_>) {
    let (first, second) = (anns_phone(corner), corner.at(1, &corner.phone("phone").with("FIRST", "silent")));
    let caller = at_desks(async {
        let mut ann = Ann::talks(corner).await;
        let _ben = desk(corner, 1).await;
        ann.gives_away(&ann.colleague(), TransferKind::Consult).await;
        noted("the other phone rings", &second, " INV ");
        agreed("the caller hears music", &ann.caller, "ASKED INVITE ");
        ann.desk.say(ClientMessage::Retrieve(ann.of())).await;
        ann.gets_back(&first).await
    });
    moved_to(caller, 42_000);
    in_order("the second phone", &second.end(), &[" INV ", " CANCEL "]);
    in_order("the first phone", &first.end(), &["ASKED INVITE 40000 8", " BYE"]);
    corner.expect_calls(&["answered||ann|1|1"]);
    corner.expect_transfers(&["agent|ben|returned||1"]);
}

pub(super) fn who_is_asked_hangs_up(corner: &Corner<'_>) {
    let (first, second) = (anns_phone(corner), corner.at(1, &answers(corner, BENS, 700)));
    let caller = at_desks(async {
        let mut ann = Ann::talks(corner).await;
        let _ben = desk(corner, 1).await;
        ann.asks(&ann.colleague()).await;
        ann.gets_back(&first).await
    });
    moved_to(caller, 42_000);
    in_order("the first phone", &first.end(), &["ASKED INVITE 42030 8", "ASKED INVITE 40000 8", " BYE"]);
    in_order("the second phone", &second.end(), &[" ANS ", " HANGUP "]);
    corner.expect_calls(&["answered||ann|1|1"]);
    corner.expect_transfers(&["agent|ben|returned||1"]);
}

pub(super) fn who_is_asked_refuses(corner: &Corner<'_>) {
    let (first, second) = (anns_phone(corner), corner.at(1, &corner.phone("phone").with("FIRST", "busy")));
    let caller = at_desks(async {
        let mut ann = Ann::talks(corner).await;
        let _ben = desk(corner, 1).await;
        ann.gives_away(&ann.colleague(), TransferKind::Consult).await;
        ann.gets_back(&first).await
    });
    moved_to(caller, 42_000);
    in_order("the first phone", &first.end(), &["ASKED INVITE 40000 8", " BYE"]);
    in_order("the second phone", &second.end(), &[" REFUSED "]);
    corner.expect_calls(&["answered||ann|1|1"]);
    corner.expect_transfers(&["agent|ben|rejected|486|1"]);
}

pub(super) fn she_asks_and_puts_through(corner: &Corner<'_>) {
    let (first, second) = (anns_phone(corner), corner.at(1, &answers(corner, BENS, 4_000)));
    let caller = at_desks(async {
        let mut ann = Ann::talks(corner).await;
        let _ben = desk(corner, 1).await;
        ann.asks(&ann.colleague()).await;
        agreed("her phone is with ben's", &first, "ASKED INVITE 42030 8");
        ann.desk.say(ClientMessage::Complete(ann.of())).await;
        ann.is(ContactState::Ended).await;
        ann.caller
    });
    moved_to(caller, BENS);
    in_order("the first phone", &first.end(), &["ASKED INVITE 42030 8", " BYE"]);
    in_order("the second phone", &second.end(), &[" ANS ", " REINV ", " HANGUP "]);
    corner.expect_calls(&["answered||ben|2|2"]);
    corner.expect_transfers(&["agent|ben|completed||1"]);
}

/// It is her phone that puts through: by hanging up.
pub(super) fn she_asks_outside_and_puts_through(corner: &Corner<'_>) {
    let first = corner.at(0, &corner.phone("phone").with("TALK", 2_500));
    let gateway = corner.at_as(1, "gateway", &answers(corner, GATEWAYS, 5_000));
    let caller = at_desks(async {
        let mut ann = Ann::talks(corner).await;
        ann.asks(&corner.plan().mobile()).await;
        ann.is(ContactState::Ended).await;
        ann.caller
    });
    moved_to(caller, GATEWAYS);
    in_order("her phone", &first.end(), &[" REINV ", " HANGUP "]);
    in_order("the gateway", &gateway.end(), &[&corner.plan().mobile(), " REINV ", " HANGUP "]);
    corner.expect_calls(&["transferred|outside|ann|1|1"]);
    corner.expect_transfers(&["outside|mobiles|completed||1"]);
}

// By the phone.

/// Ann's phone refers its caller to `target`, where somebody answers with media at this port; what that one noted.
fn refers(corner: &Corner<'_>, target: &str, (who, media): (&str, u16)) -> String {
    let phone = corner.at(0, &corner.phone("phone_refers").with("TARGET", target).calls(1, 1));
    let other = corner.at_as(1, who, &answers(corner, media, 700));
    moved_to(corner.calls(&corner.caller("caller_listens")), media);
    in_order("the phone that refers", &phone.finished(PATIENCE), &TOLD);
    other.end()
}

pub(super) fn a_phone_refers_to_a_colleague(corner: &Corner<'_>) {
    let second = refers(corner, &corner.agent(1), ("ben", 42_000));
    in_order("the second phone", &second, &[" ANS ", " HANGUP "]);
    corner.expect_calls(&["answered||ben|2|2"]);
    corner.expect_transfers(&["agent|ben|completed||0"]);
}

pub(super) fn a_phone_refers_to_a_queue(corner: &Corner<'_>) {
    let second = refers(corner, &corner.plan().number_of_sales(), ("ben", BENS));
    in_order("the second phone", &second, &[" ANS ", " HANGUP "]);
    corner.expect_calls(&["answered||ben|2|2"]);
    corner.expect_transfers(&["queue|sales|completed||0"]);
}

pub(super) fn a_phone_refers_outside(corner: &Corner<'_>) {
    let mobile = corner.plan().mobile();
    let gateway = refers(corner, &mobile, ("gateway", GATEWAYS));
    in_order("the gateway", &gateway, &[&mobile, " ANS ", " HANGUP "]);
    corner.expect_calls(&["transferred|outside|ann|1|1"]);
    corner.expect_transfers(&["outside|mobiles|completed||0"]);
}

pub(super) fn outside_is_busy(corner: &Corner<'_>) {
    let mobile = corner.plan().mobile();
    let phone = corner.at(0, &corner.phone("phone_refers").with("TARGET", &mobile).calls(1, 1));
    let second = corner.at(1, &answers(corner, BENS, 700));
    let gateway = corner.at_as(2, "gateway", &corner.phone("phone").with("FIRST", "busy"));
    moved_to(corner.calls(&corner.caller("caller_listens")), BENS);
    in_order("the phone that refers", &phone.finished(PATIENCE), &TOLD);
    in_order("the gateway", &gateway.end(), &[&mobile, " REFUSED "]);
    in_order("the second phone", &second.end(), &[" ANS ", " HANGUP "]);
    corner.expect_calls(&["answered||ben|2|2"]);
    corner.expect_transfers(&["outside|mobiles|rejected|486|0"]);
}

/// Whose phone has held the caller and talked to the other over the PBX; it names that call.
pub(super) fn a_phone_refers_attended(corner: &Corner<'_>) {
    let phone = corner.phone("phone_refers_attended").with("TARGET", corner.agent(1)).calls(1, 1);
    let phone = corner.at(0, &phone.with("HEADERS", "?Replaces=77%40pbx%3Bfrom-tag%3Db%3Bto-tag%3Da"));
    let second = corner.at(1, &answers(corner, BENS, 700));
    let log = corner.calls(&corner.caller("caller_listens")).finished(PATIENCE);
    in_order("the caller", &log, &["ASKED INVITE ", "ASKED INVITE 42030 8", " BYE "]);
    let heard = [&["GOT 40000 8 inactive"], &TOLD[..]].concat();
    in_order("the phone that refers", &phone.finished(PATIENCE), &heard);
    let rung = second.end();
    in_order("the second phone", &rung, &["REPLACES 77@pbx;to-tag=a;from-tag=b", " ANS ", " HANGUP "]);
    corner.expect_calls(&["answered||ben|2|2"]);
    corner.expect_transfers(&["agent|ben|completed||1"]);
}
