//! A client that does not read.

use crate::{
    house::{ANN, Heard, House, arrival_with, call, offered},
    visitor::Came,
};
use acd::{Event, OfferId};
use protocol::ServerFrame;

/// More than the sockets' buffers and our queue hold together, by far.
const MOST: u128 = 20_000;

#[tokio::test]
async fn a_client_that_does_not_read_is_closed_with_4008_and_its_agent_counts_as_gone() {
    let mut house = House::open();
    let mut ann = house.ann().await;
    let letter = "x".repeat(32 * 1024);
    let mut lost = false;
    for n in 0..MOST {
        let call = call(n);
        house.say(vec![arrival_with(call, "<sip:+6281234567890@pbx>", Some(letter.clone()))]);
        house.say(offered(OfferId { call, attempt: 1 }, ANN));
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        while let Some(heard) = house.heard_already() {
            lost |= matches!(heard, Heard::Event(Event::DeskLost { agent: ANN }, None));
        }
        if lost {
            break;
        }
    }
    assert!(lost);
    let mut last = 1;
    let code = loop {
        match ann.next().await {
            Came::Text(text) => {
                let seq = ServerFrame::decode(&text).unwrap().seq.unwrap();
                assert_eq!(seq, last + 1, "what did arrive has no gap");
                last = seq;
            }
            Came::Closed(code) => break code,
        }
    };
    assert_eq!(code, 4008);
}
