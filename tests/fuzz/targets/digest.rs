//! Authorization and WWW-Authenticate: no text lets a stranger in, and whatever a trunk asks, our answer is one line.
#![no_main]

use bytes::Bytes;
use sip::{
    CallKey, Micros, Mint,
    auth::{Algorithm, Attempt, Client, Password, Realm, Verifier},
    wire::{Message, Method, Name, Writer},
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

const HEADERS: &[u8] =
    b"Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=f\r\nTo: <sip:a@h>\r\nCall-ID: c\r\n\
                         CSeq: 1 REGISTER\r\n";

fn message(start: &[u8], name: &[u8], value: &[u8]) -> Option<Message> {
    let whole = [start, HEADERS, name, b": ", value, b"\r\n\r\n"].concat();
    Message::parse(Bytes::from(whole)).ok()
}

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    let accounts = vec![("ann".to_owned(), Password::plain("secret"))];
    let realm = Realm { name: "sambung".to_owned(), algorithms: Algorithm::ALL.to_vec(), accounts };
    let mut verifier = Verifier::new(&[7; 32], realm, Micros(0));
    if let Some(request) = message(b"REGISTER sip:h SIP/2.0\r\n", b"Authorization", octets) {
        assert!(verifier.verify(&request, Micros(1)).is_err(), "nobody knows a nonce of ours");
    }
    let mut client = Client::new("ann", Password::plain("secret"));
    if let Some(refusal) = message(b"SIP/2.0 401 No\r\n", b"WWW-Authenticate", octets)
        && client.challenged(&refusal, &mut Attempt::default()).is_ok()
    {
        let mut writer = Writer::request(Method::Register, "sip:h");
        client.authorize(&mut writer, Method::Register, b"sip:h", &mut Counter(0));
        let text = writer.finish();
        let lines =
            text.split(|&octet| octet == b'\n').filter(|line| line.starts_with(b"Authorization: ")).count();
        assert_eq!(lines, usize::from(refusal.header(Name::WwwAuthenticate).is_some()));
        assert_eq!(
            text.iter().filter(|&&octet| octet == b'\n').count(),
            4,
            "request line, answer, length, end"
        );
    }
});
