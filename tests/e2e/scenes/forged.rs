//! Somebody at the PBX's own address who knows a call almost exactly: nothing that he says has an effect.

use super::stage::{Corner, PATIENCE};
use harness::eventually;
use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpStream, UdpSocket},
    time::Duration,
};

const SOON: Duration = Duration::from_secs(10);

/// What names a dialog and its first request.
#[derive(Clone, Debug)]
struct Names {
    call_id: String,
    from: String,
    to: String,
    branch: String,
}

/// The forger's way to the router.
struct Line {
    protocol: &'static str,
    way: Way,
}

enum Way {
    Udp(UdpSocket),
    Stream(TcpStream),
}

impl Line {
    fn open(corner: &Corner<'_>) -> Self {
        let protocol = corner.protocol();
        let way = match protocol {
            "UDP" => {
                let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
                socket.connect(corner.way()).unwrap();
                socket.set_read_timeout(Some(SOON)).unwrap();
                Way::Udp(socket)
            }
            _ => {
                let stream = TcpStream::connect(corner.way()).unwrap();
                stream.set_read_timeout(Some(SOON)).unwrap();
                Way::Stream(stream)
            }
        };
        Self { protocol, way }
    }
    fn say(&mut self, text: &str) {
        match &mut self.way {
            Way::Udp(socket) => assert_eq!(socket.send(text.as_bytes()).unwrap(), text.len()),
            Way::Stream(stream) => stream.write_all(text.as_bytes()).unwrap(),
        }
    }
    /// The next response: its status line.
    fn hears(&mut self) -> String {
        let mut said = [0; 4_096];
        let length = match &mut self.way {
            Way::Udp(socket) => socket.recv(&mut said).unwrap(),
            Way::Stream(stream) => stream.read(&mut said).unwrap(),
        };
        String::from_utf8_lossy(&said[..length]).lines().next().unwrap_or_default().to_owned()
    }
}

fn value<'a>(message: &'a str, header: &str) -> &'a str {
    let lines = message.lines().map(str::trim_end);
    lines.filter_map(|line| line.strip_prefix(header)?.strip_prefix(':')).next().unwrap_or_default().trim()
}

fn parameter(value: &str, name: &str) -> String {
    let found = value.split(';').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
    found.unwrap_or_default().to_owned()
}

/// Names as a party's trace shows them, when there is a message with this start line in it.
fn names(trace: &str, start: &str) -> Option<Names> {
    let message = &trace[trace.find(start)?..];
    let from = parameter(value(message, "From"), "tag");
    let to = parameter(value(message, "To"), "tag");
    let branch = parameter(value(message, "Via"), "branch");
    // The end may not have been written yet.
    message.contains("Content-Length").then(|| Names {
        call_id: value(message, "Call-ID").to_owned(),
        from,
        to,
        branch,
    })
}

/// The same, but for one sign.
fn almost(names: &Names) -> [Names; 3] {
    let changed = |change: fn(&mut Names)| {
        let mut names = names.clone();
        change(&mut names);
        names
    };
    [
        changed(|names| names.call_id.insert(0, 'x')),
        changed(|names| names.from.push('x')),
        changed(|names| names.to.push('x')),
    ]
}

fn request(method: &str, number: u32, protocol: &str, names: &Names, more: &str) -> String {
    let Names { call_id, from, to, branch } = names;
    let tag = if to.is_empty() { String::new() } else { format!(";tag={to}") };
    format!(
        "{method} sip:1500@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/{protocol} 127.0.0.1:9;rport;branch={branch}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:q1@127.0.0.1>;tag={from}\r\nTo: <sip:1500@127.0.0.1>{tag}\r\n\
         Call-ID: {call_id}\r\nCSeq: {number} {method}\r\nContact: <sip:forger@127.0.0.1:9>\r\n{more}Content-Length: 0\r\n\r\n"
    )
}

fn response(status: &str, protocol: &str, names: &Names) -> String {
    let Names { call_id, from, to, branch } = names;
    format!(
        "SIP/2.0 {status}\r\nVia: SIP/2.0/{protocol} 127.0.0.1:9;branch={branch}\r\nFrom: <sip:q1@127.0.0.1>;tag={from}\r\n\
         To: <sip:ann@127.0.0.1>;tag={to}\r\nCall-ID: {call_id}\r\nCSeq: 1 INVITE\r\nContact: <sip:forger@127.0.0.1:9>\r\n\
         Content-Length: 0\r\n\r\n"
    )
}

/// While the phone rings: responses in its name, and a CANCEL in the caller's.
fn while_it_rings(line: &mut Line, caller: &Names, phone: &Names) {
    let protocol = line.protocol;
    let guessed = Names { branch: format!("{}x", phone.branch), to: "forged".to_owned(), ..phone.clone() };
    for status in ["180 Ringing", "200 OK", "486 Busy Here", "302 Moved", "603 Decline"] {
        line.say(&response(status, protocol, &guessed));
    }
    let other = Names { branch: format!("{}x", caller.branch), to: String::new(), ..caller.clone() };
    line.say(&request("CANCEL", 1, protocol, &other, ""));
    assert_eq!(line.hears(), "SIP/2.0 481 Call/Transaction Does Not Exist", "CANCEL");
}

/// While they talk: requests of either side's dialog, with one sign wrong.
fn while_they_talk(line: &mut Line, dialogs: &[Names]) {
    let refer = "Refer-To: <sip:1600@127.0.0.1>\r\n";
    let tries = [
        ("BYE", ""),
        ("INVITE", ""),
        ("UPDATE", ""),
        ("INFO", ""),
        ("REFER", refer),
        ("NOTIFY", "Event: refer\r\n"),
    ];
    for (nth, forged) in dialogs.iter().flat_map(almost).enumerate() {
        for (method, more) in tries {
            let names = Names { branch: format!("z9hG4bKforged{method}{nth}"), ..forged.clone() };
            line.say(&request(method, 900, line.protocol, &names, more));
            let said = line.hears();
            assert!(
                said.starts_with("SIP/2.0 481") || (method == "NOTIFY" && said.starts_with("SIP/2.0 4")),
                "{method}: {said}"
            );
            if method == "INVITE" {
                line.say(&request("ACK", 900, line.protocol, &names, ""));
            }
        }
    }
}

/// Without the wrong sign the router knows the dialog: out of order, or not to be relayed, but no stranger's.
fn exactly_named(line: &mut Line, dialogs: &[Names]) {
    for (nth, names) in dialogs.iter().enumerate() {
        let names = Names { branch: format!("z9hG4bKexact{nth}"), ..names.clone() };
        line.say(&request("INFO", 0, line.protocol, &names, "Content-Type: text/plain\r\n"));
        let said = line.hears();
        assert!(!said.starts_with("SIP/2.0 481"), "{said}");
    }
}

pub(super) fn nothing_comes_of_it(corner: &Corner<'_>) {
    let phone = corner.at(0, &corner.phone("phone_listens").with("RING", 1_500));
    let caller = corner.calls(&corner.caller("caller_gives_up").with("WAIT", 2_500));
    let mut line = Line::open(corner);
    let trace = |who: &str| corner.trace_of(who);
    let rings = || Some((names(&trace("caller"), "INVITE sip:")?, names(&trace("ann"), "SIP/2.0 180")?));
    let (invite, ringing) = eventually("the phone rings", SOON, rings);
    while_it_rings(&mut line, &invite, &ringing);
    assert!(!caller.log().contains(" OK "), "somebody answered in the phone's name");
    let talk = || Some((names(&trace("caller"), "SIP/2.0 200")?, names(&trace("ann"), "SIP/2.0 200")?));
    let (callers, phones) = eventually("they talk", SOON, talk);
    // Of the phone's dialog the phone is the one who is called: its own requests name it first.
    let phones = Names { from: phones.to, to: phones.from, ..phones };
    while_they_talk(&mut line, &[callers.clone(), phones.clone()]);
    exactly_named(&mut line, &[callers, phones]);
    assert!(caller.finished(PATIENCE).contains(" HANGUP "), "the caller hangs up by itself");
    let log = phone.end();
    assert!(log.contains(" BYE") && !log.contains(" ASKED "), "{log}");
    corner.expect_calls(&["answered||ann|1|1"]);
    corner.expect_offers(&["ann|accepted"]);
}
