//! A URI, a name-addr, a Via, and where they lead.
#![no_main]

use sip::{
    Flow,
    wire::{NameAddr, Uri, Via},
};

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    if let Ok(uri) = Uri::parse(octets) {
        let _leads = (Flow::named(&uri), uri.user_decoded(), uri.literal());
    }
    if let Ok(name) = NameAddr::parse(octets) {
        let _named = name.parsed_uri();
    }
    if let Some(via) = Via::parse(octets) {
        let source = ([192, 0, 2, 1], 5060).into();
        assert_eq!(via.response_target(source).ip(), source.ip(), "an answer goes where the request came from");
    }
});
