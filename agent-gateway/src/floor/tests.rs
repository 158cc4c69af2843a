//! The read model by itself.

use super::*;
use crate::config::{AgentAccess, Roster};
use acd::{
    QueueNo,
    plan::{Answer, Presence},
};
use std::{collections::BTreeMap as Map, time::Duration};

const ANN: AgentNo = AgentNo(0);
const BEN: AgentNo = AgentNo(1);
const NOON: Timestamp = Timestamp(1_772_352_000_000_000);

fn floor() -> Floor {
    let ann = AgentAccess {
        no: ANN,
        id: "ann".into(),
        name: "Ann".into(),
        token: "secret".into(),
        token_hash: None,
        roles: Vec::new(),
        skills: Map::new(),
        answer: Answer::Phone,
        presence: Presence::Desk,
    };
    let ben =
        AgentAccess { no: BEN, id: "ben".into(), name: String::new(), token: "other".into(), ..ann.clone() };
    let roster = Roster::new(vec![ann, ben], vec!["billing".into()], protocol::Site::default()).unwrap();
    Floor::new(Shelf::new(roster), NOON)
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
        given_by: None,
        consult: false,
        callback: false,
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
fn a_desktop_that_came_before_the_brain_spoke_is_told_how_she_stands() {
    let mut floor = floor();
    let mut out = Vec::new();
    floor.agent_is(ANN, &AgentState::Ready { since: NOON }, NOON, &mut out);
    let [Say { agent: ANN, message: ServerMessage::AgentStateChanged(told), .. }] = &out[..] else {
        panic!("{out:?}")
    };
    assert_eq!(told.to, floor.snapshot(ANN, NOON).agent_state.state);
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
    let ring =
        Order::RingPhone { offer: offer(1), agent: ANN, queue: QueueNo(0), auto_answer: false, by: None };
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

/// Ann gives the call away, and it is offered to Ben.
fn given_to_ben(floor: &mut Floor) -> protocol::ContactOffered {
    fold(floor, &Order::CallMoved { call: offer(1).call, agent: ANN, to: CallMove::Transferred });
    let Order::OfferCall { queue, waited, expires, priority, answer, .. } = offered(2) else {
        unreachable!()
    };
    let to_ben = Order::OfferCall {
        offer: offer(2),
        agent: BEN,
        queue,
        waited,
        expires,
        priority,
        answer,
        given_by: Some(ANN),
        consult: false,
        callback: false,
    };
    let says = fold(floor, &to_ben);
    let ServerMessage::ContactOffered(told) = &says[0].message else { panic!("{says:?}") };
    told.as_ref().clone()
}

#[test]
fn whoever_gets_a_call_that_was_given_away_learns_by_whom_and_reads_her_notes() {
    let mut floor = floor();
    fold(&mut floor, &offered(1));
    floor.contact_mut(ANN, offer(1).call).unwrap().note("wants the invoice").unwrap();
    let told = given_to_ben(&mut floor);
    assert_eq!(told.transferred_by.as_deref(), Some("Ann"));
    assert_eq!(told.notes, ["wants the invoice"]);
    assert_eq!(floor.snapshot(BEN, NOON).contacts[0].notes, ["wants the invoice"]);
    assert!(floor.snapshot(ANN, NOON).contacts.is_empty(), "it is off her desk, and the notes were kept");
    fold(&mut floor, &Order::CallOver { call: offer(1).call });
    assert!(floor.handed_on.is_empty());
}

#[test]
fn an_offer_carries_the_last_notes_as_far_as_they_fit() {
    let mut floor = floor();
    fold(&mut floor, &offered(1));
    let contact = floor.contact_mut(ANN, offer(1).call).unwrap();
    let long = |letter: &str| letter.repeat(4_000);
    for letter in ["a", "b", "c"] {
        contact.note(&long(letter)).unwrap();
    }
    assert_eq!(given_to_ben(&mut floor).notes, [long("b"), long("c")]);
}

#[test]
fn who_was_asked_about_a_caller_and_got_it_has_a_call_like_any_other() {
    let mut floor = floor();
    let Order::OfferCall { offer, queue, waited, expires, priority, answer, .. } = offered(1) else {
        unreachable!()
    };
    let (agent, given_by, consult, callback) = (ANN, Some(BEN), true, false);
    let asked = Order::OfferCall {
        offer,
        agent,
        queue,
        waited,
        expires,
        priority,
        answer,
        given_by,
        consult,
        callback,
    };
    fold(&mut floor, &asked);
    let moved = |to| Order::CallMoved { call: offer.call, agent: ANN, to };
    fold(&mut floor, &moved(CallMove::Consulting { answered: true, with: Some(BEN) }));
    assert!(floor.snapshot(ANN, NOON).contacts[0].offered.consult);
    fold(&mut floor, &moved(CallMove::Connected));
    let contact = floor.snapshot(ANN, NOON).contacts[0].clone();
    assert_eq!((contact.state, contact.offered.consult), (ContactState::Connected, false));
    fold(&mut floor, &moved(CallMove::Consulting { answered: false, with: None }));
    assert!(
        fold(&mut floor, &moved(CallMove::Connected)).is_empty(),
        "a desktop that came back is told again"
    );
}

#[test]
fn what_two_agents_wrote_while_one_asked_the_other_is_handed_on() {
    let mut floor = floor();
    fold(&mut floor, &offered(1));
    let call = offer(1).call;
    floor.contact_mut(ANN, call).unwrap().note("first").unwrap();
    fold(&mut floor, &Order::CallMoved { call, agent: ANN, to: CallMove::ConsultOver });
    fold(&mut floor, &offered(2));
    floor.contact_mut(ANN, call).unwrap().note("second").unwrap();
    let told = given_to_ben(&mut floor);
    assert_eq!(told.notes, ["first", "second"]);
}
