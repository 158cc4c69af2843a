//! A REGISTER of somebody who knows the password: whatever it asks for, its bindings stay within their bounds.
#![no_main]

use bytes::Bytes;
use sip::{
    CallKey, Flow, Micros, Mint,
    auth::{Algorithm, Attempt, Client, Password, Realm},
    registrar::{MAX_PER_USER, Registrar, Settings},
    wire::{Message, Method, Writer},
};

struct Counter(u128);

impl Mint for Counter {
    fn call(&mut self, _: Micros) -> CallKey {
        CallKey(0)
    }
    fn bits(&mut self) -> u128 {
        self.0 += 1;
        self.0
    }
    fn text(&self, _: CallKey) -> [u8; 26] {
        [b'0'; 26]
    }
}

const URI: &str = "sip:h";

/// The next REGISTER: the lines of the input behind ours.
fn request(client: &mut Client, count: u32, lines: &[u8]) -> Option<Message> {
    let mut writer = Writer::request(Method::Register, URI);
    client.authorize(&mut writer, Method::Register, URI.as_bytes(), &mut Counter(u128::from(count)));
    let mut whole = writer.finish().to_vec();
    whole.truncate(whole.len() - b"Content-Length: 0\r\n\r\n".len());
    let ours = format!(
        "Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:ann@h>;tag=f\r\nTo: <sip:ann@h>\r\nCall-ID: c\r\nCSeq: {count} REGISTER\r\n"
    );
    whole.extend_from_slice(ours.as_bytes());
    whole.extend_from_slice(lines);
    whole.extend_from_slice(b"\r\n\r\n");
    Message::parse(Bytes::from(whole)).ok()
}

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    let accounts = vec![("ann".to_owned(), Password::plain("secret"))];
    let realm = Realm { name: "sambung".to_owned(), algorithms: Algorithm::ALL.to_vec(), accounts };
    let settings = Settings { node: "n1".to_owned(), product: String::new(), realm, guests: Vec::new() };
    let mut registrar = Registrar::new(&[7; 32], settings, Micros(0));
    let (mut client, mut mint) = (Client::new("ann", Password::plain("secret")), Counter(0));
    let flow = Flow::udp(([192, 0, 2, 1], 5060).into());
    let mut count = 0;
    let inputs = [&b"Supported: path"[..]].into_iter().chain(octets.split(|&octet| octet == 0).take(20));
    for lines in inputs {
        count += 1;
        let now = Micros(u64::from(count) * 1_000_000);
        let Some(request) = request(&mut client, count, lines) else { continue };
        let outcome = registrar.receive(&request, &flow, now, &mut mint);
        let reply = outcome.reply.and_then(|reply| Message::parse(reply.bytes).ok());
        if let Some(refusal) = reply.filter(|reply| reply.status() == Some(401)) {
            let _answered = client.challenged(&refusal, &mut Attempt::default());
        }
        let records = registrar.records("ann");
        assert!(records.len() <= MAX_PER_USER && registrar.counts().0 == records.len());
        assert!(records.iter().all(|record| record.uri.len() <= 512 && record.path.len() <= 8));
        assert_eq!(registrar.targets("ann", now).len(), records.len());
        assert_eq!(registrar.next_deadline(), records.iter().map(|record| record.expires).min());
    }
    registrar.expire(Micros(u64::MAX));
    assert_eq!((registrar.counts(), registrar.next_deadline()), ((0, 0), None));
});
