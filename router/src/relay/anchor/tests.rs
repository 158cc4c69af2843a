use super::*;
use std::net::SocketAddr;

const CALLERS: &str = "v=0\r\ns=caller\r\n";
const PHONES: &str = "v=0\r\ns=phone\r\n";

fn flow(transport: Transport) -> Flow {
    Flow { transport, peer: SocketAddr::from(([192, 0, 2, 7], 5060)), connection: None }
}

/// A dialog in the hands of a test: what went on, what was asked.
struct Dialog {
    anchor: Anchor,
    transport: Transport,
    asked: Vec<(Way, Question)>,
    passed: Vec<(Way, Message)>,
    direct: usize,
    refused: usize,
}

impl Dialog {
    fn over(transport: Transport) -> Self {
        let anchor = Anchor::new(&Self::message(Way::Out, "INVITE sip:a@b SIP/2.0", "1 INVITE", ""));
        Self { anchor, transport, asked: Vec::new(), passed: Vec::new(), direct: 0, refused: 0 }
    }
    /// A message of ours (from tag `us` to tag `her`) or hers.
    fn message(way: Way, start: &str, cseq: &str, sdp: &str) -> Message {
        let request = !start.starts_with("SIP/2.0");
        // Responses keep From and To of their request.
        let ours = (way == Way::Out) == request;
        let (from, to) = if ours { ("us", "her") } else { ("her", "us") };
        let to = if cseq == "1 INVITE" && request { String::new() } else { format!(";tag={to}") };
        let kind = if sdp.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        let branch = cseq.replace(' ', "-");
        let text = format!(
            "{start}\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK{branch}\r\nFrom: <sip:f@h>;tag={from}\r\nTo: <sip:t@h>{to}\r\n\
             Call-ID: c@d\r\nCSeq: {cseq}\r\n{kind}Content-Length: {}\r\n\r\n{sdp}",
            sdp.len()
        );
        Message::parse(Bytes::from(text)).unwrap()
    }
    fn say(&mut self, way: Way, start: &str, cseq: &str, sdp: &str) {
        let message = Self::message(way, start, cseq, sdp);
        let what = Some(Sent::Request(message.method()));
        let mut steps = Vec::new();
        self.anchor.take(way, Parcel { flow: flow(self.transport), message, what }, &mut steps);
        self.note(steps);
    }
    fn ours(&mut self, start: &str, cseq: &str, sdp: &str) {
        self.say(Way::Out, start, cseq, sdp);
    }
    fn hers(&mut self, start: &str, cseq: &str, sdp: &str) {
        self.say(Way::In, start, cseq, sdp);
    }
    fn answer(&mut self, way: Way, verdict: Option<Verdict>) {
        let mut steps = Vec::new();
        self.anchor.heard(way, verdict, &mut steps);
        self.note(steps);
    }
    fn rewrite(&mut self, way: Way, sdp: &str) {
        self.answer(way, Some(Verdict::Rewritten(sdp.to_owned())));
    }
    fn note(&mut self, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::Pass { way, bytes, .. } => self.passed.push((way, Message::parse(bytes).unwrap())),
                Step::Ask(way, question) => {
                    self.anchor.has_asked();
                    self.asked.push((way, question));
                }
                Step::Direct => self.direct += 1,
                Step::Refused => self.refused += 1,
            }
        }
    }
    fn last_asked(&self) -> (Way, &str, &Description) {
        match self.asked.last().unwrap() {
            (way, Question::Offer(description)) => (*way, "offer", description),
            (way, Question::Answer(description)) => (*way, "answer", description),
            (_, Question::Ping | Question::Delete { .. }) => panic!("something else was asked"),
        }
    }
    /// What went on since the last look: way, status (0 for a request), body.
    fn went(&mut self) -> Vec<(Way, u16, String)> {
        let passed = std::mem::take(&mut self.passed).into_iter();
        let body = |message: &Message| String::from_utf8(message.body().to_vec()).unwrap();
        passed.map(|(way, message)| (way, message.status().unwrap_or(0), body(&message))).collect()
    }
    /// Rung and answered.
    fn up(transport: Transport) -> Self {
        let mut dialog = Self::over(transport);
        dialog.ours("INVITE sip:a@b SIP/2.0", "1 INVITE", CALLERS);
        dialog.rewrite(Way::Out, "to phone");
        dialog.hers("SIP/2.0 200 OK", "1 INVITE", PHONES);
        dialog.rewrite(Way::In, "to caller");
        dialog.ours("ACK sip:a@b SIP/2.0", "1 ACK", "");
        dialog.went();
        dialog
    }
}

#[test]
fn a_browser_is_rung_in_its_language_and_answers_in_ours() {
    let mut dialog = Dialog::over(Transport::Wss);
    dialog.ours("INVITE sip:a@b SIP/2.0", "1 INVITE", CALLERS);
    assert!(dialog.went().is_empty(), "it waits");
    let (way, command, asked) = dialog.last_asked();
    assert_eq!((way, command, asked.to, asked.alike), (Way::Out, "offer", Side::Browser, false));
    assert_eq!((asked.call.as_str(), asked.offerer.as_str(), &asked.answerer), ("c@d", "us", &None));
    assert_eq!(asked.sdp, CALLERS);
    dialog.rewrite(Way::Out, "to phone");
    assert_eq!(dialog.went(), [(Way::Out, 0, "to phone".to_owned())]);

    dialog.hers("SIP/2.0 180 Ringing", "1 INVITE", "");
    dialog.hers("SIP/2.0 200 OK", "1 INVITE", PHONES);
    assert_eq!(dialog.went(), [(Way::In, 180, String::new())]);
    let (way, command, asked) = dialog.last_asked();
    assert_eq!((way, command, asked.to), (Way::In, "answer", Side::Plain));
    assert_eq!((asked.offerer.as_str(), asked.answerer.as_deref()), ("us", Some("her")));
    dialog.rewrite(Way::In, "to caller");
    assert_eq!(dialog.went(), [(Way::In, 200, "to caller".to_owned())]);
    assert_eq!(dialog.anchor.end(), Some(Question::Delete { call: "c@d".to_owned() }));
}

#[test]
fn repeats_are_dropped_while_they_wait_and_alike_afterwards() {
    let mut dialog = Dialog::over(Transport::Udp);
    for _ in 0..3 {
        dialog.ours("INVITE sip:a@b SIP/2.0", "1 INVITE", CALLERS);
    }
    dialog.rewrite(Way::Out, "to phone");
    dialog.ours("INVITE sip:a@b SIP/2.0", "1 INVITE", CALLERS);
    let once = (Way::Out, 0, "to phone".to_owned());
    assert_eq!(dialog.went(), [once.clone(), once]);
    assert_eq!(dialog.asked.len(), 1);
    dialog.hers("SIP/2.0 183 Session Progress", "1 INVITE", PHONES);
    dialog.rewrite(Way::In, "to caller");
    dialog.hers("SIP/2.0 200 OK", "1 INVITE", PHONES);
    let both = dialog.went();
    assert_eq!(both[1], (Way::In, 200, "to caller".to_owned()), "the answer was known from the 183");
    assert_eq!(dialog.asked.len(), 2);
}

#[test]
fn no_message_overtakes_another() {
    let mut dialog = Dialog::up(Transport::Udp);
    dialog.hers("INVITE sip:us@b SIP/2.0", "2 INVITE", PHONES);
    dialog.hers("BYE sip:us@b SIP/2.0", "3 BYE", "");
    dialog.hers("BYE sip:us@b SIP/2.0", "3 BYE", "");
    assert!(dialog.went().is_empty() && !dialog.anchor.is_idle());
    dialog.rewrite(Way::In, "moved");
    let statuses: Vec<(u16, String)> =
        dialog.went().into_iter().map(|(_, status, body)| (status, body)).collect();
    assert_eq!(statuses, [(0, "moved".to_owned()), (0, String::new())]);
    assert!(dialog.anchor.is_idle());
}

#[test]
fn whoever_asks_in_a_dialog_is_the_one_who_offers() {
    let mut dialog = Dialog::up(Transport::Ws);
    dialog.hers("INVITE sip:us@b SIP/2.0", "2 INVITE", "v=0\r\ns=hold\r\n");
    let (way, command, asked) = dialog.last_asked();
    assert_eq!((way, command, asked.to), (Way::In, "offer", Side::Plain));
    assert_eq!((asked.offerer.as_str(), asked.answerer.as_deref()), ("her", Some("us")));
    dialog.rewrite(Way::In, "she holds");
    dialog.ours("SIP/2.0 200 OK", "2 INVITE", "v=0\r\ns=held\r\n");
    let (way, command, asked) = dialog.last_asked();
    assert_eq!((way, command, asked.to), (Way::Out, "answer", Side::Browser));
    assert_eq!((asked.offerer.as_str(), asked.answerer.as_deref()), ("her", Some("us")));
}

#[test]
fn an_offer_in_a_2xx_is_answered_by_the_ack() {
    let mut dialog = Dialog::up(Transport::Udp);
    dialog.hers("INVITE sip:us@b SIP/2.0", "2 INVITE", "");
    dialog.ours("SIP/2.0 200 OK", "2 INVITE", CALLERS);
    let (way, command, asked) = dialog.last_asked();
    assert_eq!(
        (way, command, asked.offerer.as_str(), asked.answerer.as_deref()),
        (Way::Out, "offer", "us", Some("her"))
    );
    dialog.rewrite(Way::Out, "offered");
    dialog.hers("ACK sip:us@b SIP/2.0", "2 ACK", PHONES);
    let (way, command, asked) = dialog.last_asked();
    assert_eq!(
        (way, command, asked.offerer.as_str(), asked.answerer.as_deref()),
        (Way::In, "answer", "us", Some("her"))
    );
    assert!(asked.alike, "no browser: what they agree upon is theirs");
}

#[test]
fn when_nobody_relays_a_phone_is_reached_directly_in_both_directions() {
    let mut dialog = Dialog::over(Transport::Udp);
    dialog.ours("INVITE sip:a@b SIP/2.0", "1 INVITE", CALLERS);
    dialog.answer(Way::Out, None);
    dialog.hers("SIP/2.0 200 OK", "1 INVITE", PHONES);
    assert_eq!(dialog.went(), [(Way::Out, 0, CALLERS.to_owned()), (Way::In, 200, PHONES.to_owned())]);
    assert_eq!((dialog.asked.len(), dialog.direct, dialog.refused), (1, 2, 0));
}

#[test]
fn when_nobody_relays_a_browser_is_refused_what_it_cannot_do() {
    let mut dialog = Dialog::over(Transport::Ws);
    dialog.ours("INVITE sip:a@b SIP/2.0", "1 INVITE", CALLERS);
    dialog.answer(Way::Out, Some(Verdict::Refused("no ports".to_owned())));
    assert_eq!(dialog.went(), [(Way::In, 503, String::new())], "the stack hears it of the phone");
    assert_eq!((dialog.refused, dialog.direct), (1, 0));

    let mut dialog = Dialog::up(Transport::Ws);
    dialog.hers("INVITE sip:us@b SIP/2.0", "2 INVITE", PHONES);
    dialog.answer(Way::In, None);
    assert_eq!(dialog.went(), [(Way::Out, 503, String::new())], "the phone hears it of us");
    dialog.ours("INVITE sip:a@b SIP/2.0", "2 INVITE", CALLERS);
    dialog.rewrite(Way::Out, "to phone");
    dialog.hers("SIP/2.0 200 OK", "2 INVITE", PHONES);
    dialog.answer(Way::In, None);
    let went = dialog.went();
    assert_eq!(went[1], (Way::In, 200, String::new()), "a 2xx that says nothing ends the leg");
}

#[test]
fn a_lane_is_bounded() {
    let mut dialog = Dialog::up(Transport::Udp);
    dialog.hers("INVITE sip:us@b SIP/2.0", "2 INVITE", PHONES);
    for number in 3..100 {
        dialog.hers("INFO sip:us@b SIP/2.0", &format!("{number} INFO"), "");
    }
    dialog.rewrite(Way::In, "moved");
    assert_eq!(dialog.went().len(), MAX_HELD);
}

#[test]
fn a_message_is_said_in_a_dialog_when_our_tag_is_on_our_side() {
    let dialog = Dialog::over(Transport::Udp);
    let says = |way: Way, start: &str, cseq: &str| Dialog::message(way, start, cseq, "");
    for (way, start, cseq) in [
        (Way::Out, "INVITE sip:a@b SIP/2.0", "1 INVITE"),
        (Way::In, "SIP/2.0 200 OK", "1 INVITE"),
        (Way::In, "BYE sip:us SIP/2.0", "7 BYE"),
        (Way::Out, "SIP/2.0 200 OK", "7 BYE"),
    ] {
        let message = says(way, start, cseq);
        assert!(dialog.anchor.has(way, &message), "{start}");
        let way = other(way);
        assert!(!dialog.anchor.has(way, &message), "{start}, which has come back to us");
    }
}
