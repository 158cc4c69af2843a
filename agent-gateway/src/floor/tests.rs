//! The read model by itself.

use super::*;
use crate::config::AgentAccess;
use acd::{
    QueueNo,
    plan::{Answer, Presence},
};
use std::{collections::BTreeMap as Map, time::Duration};

const ANN: AgentNo = AgentNo(0);
const NOON: Timestamp = Timestamp(1_772_352_000_000_000);

fn floor() -> Floor {
    let ann = AgentAccess {
        no: ANN,
        id: "ann".into(),
        name: "Ann".into(),
        token: "secret".into(),
        roles: Vec::new(),
        skills: Map::new(),
        answer: Answer::Phone,
        presence: Presence::Desk,
    };
    let roster = Roster::new(vec![ann], vec!["billing".into()], protocol::Site::default()).unwrap();
    Floor::new(Arc::new(roster), NOON)
}

fn offer(attempt: u32) -> OfferId {
    OfferId { call: CallId::new(NOON, 1), attempt }
}

fn offered(attempt: u32) -> Order {
    Order::OfferCall {
        offer: offer(attempt),
        agent: ANN,
        queue: QueueNo(0),
        waited: Duration::from_secs(1),
        expires: NOON,
        priority: 5,
        answer: Answer::Desk,
    }
}

fn fold(floor: &mut Floor, order: &Order) -> Vec<Say> {
    let mut out = Vec::new();
    floor.order(order, NOON, &mut out);
    out
}

#[test]
fn an_offer_told_again_leaves_what_she_wrote() {
    let mut floor = floor();
    fold(&mut floor, &offered(1));
    floor.contact_mut(ANN, offer(1).call).unwrap().note("call back").unwrap();
    assert!(fold(&mut floor, &offered(1)).is_empty());
    assert_eq!(floor.snapshot(ANN, NOON).contacts[0].notes, ["call back"]);
}

#[test]
fn a_withdrawal_of_an_older_offer_does_not_take_the_newer_one() {
    let mut floor = floor();
    fold(&mut floor, &offered(1));
    fold(&mut floor, &offered(2));
    let stale = Order::WithdrawOffer { offer: offer(1), agent: ANN, cause: OfferOutcome::NoAnswer };
    assert!(fold(&mut floor, &stale).is_empty());
    assert_eq!(floor.snapshot(ANN, NOON).contacts.len(), 1);
    let current = Order::WithdrawOffer { offer: offer(2), agent: ANN, cause: OfferOutcome::NoAnswer };
    assert_eq!(fold(&mut floor, &current).len(), 1);
    assert!(floor.snapshot(ANN, NOON).contacts.is_empty());
}

#[test]
fn a_phone_that_rings_is_told_once() {
    let mut floor = floor();
    fold(&mut floor, &offered(1));
    let mut out = Vec::new();
    floor.agent_leg(offer(1), "leg", NOON, &mut out);
    floor.agent_leg(offer(1), "leg", NOON, &mut out);
    floor.agent_leg(offer(9), "stray", NOON, &mut out);
    assert_eq!(out.len(), 1);
}

#[test]
fn an_ended_call_without_wrap_up_leaves_the_desk_whichever_order_comes_first() {
    let ready = AgentState::Ready { since: NOON };
    let to_ready =
        Order::AgentMoved { agent: ANN, from: ready.clone(), to: ready, cause: AgentCause::System };
    let ended =
        Order::CallMoved { call: offer(1).call, agent: ANN, to: CallMove::Ended { by: EndedBy::Agent } };
    for orders in [[&to_ready, &ended], [&ended, &to_ready]] {
        let mut floor = floor();
        fold(&mut floor, &offered(1));
        let told: usize = orders.into_iter().map(|order| fold(&mut floor, order).len()).sum();
        assert_eq!(told, 2);
        assert!(floor.snapshot(ANN, NOON).contacts.is_empty());
    }
}

#[test]
fn what_the_phones_are_told_is_not_for_desks() {
    let mut floor = floor();
    let ring = Order::RingPhone { offer: offer(1), agent: ANN, queue: QueueNo(0), auto_answer: false };
    assert!(fold(&mut floor, &ring).is_empty());
    assert!(fold(&mut floor, &Order::Connect { offer: offer(1) }).is_empty());
}

#[test]
fn notes_are_bounded() {
    let mut floor = floor();
    fold(&mut floor, &offered(1));
    let contact = floor.contact_mut(ANN, offer(1).call).unwrap();
    assert!((0..contact::MAX_NOTES).all(|_| contact.note("x").is_ok()));
    assert!(contact.note("x").is_err());
}
