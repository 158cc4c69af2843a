//! A call on its way over an agent's desk.

use crate::house::{ANN, BEN, BILLING, House, NOON, call, moved, offered, withdrawn};
use acd::{
    AgentState, OfferId, Order,
    effect::{CallMove, EndedBy, OfferOutcome, PhoneTask},
};
use agent_gateway::DeskOrder;
use protocol::{ClientKind, ContactCause, ContactState, MatchKind, Privacy, ServerMessage, WithdrawCause};
use std::time::Duration;

const CALLER: &str = "\"Budi\" <sip:+6281234567890@pbx>;tag=1";

#[tokio::test]
async fn an_offer_comes_with_its_queue_and_wait_and_then_its_card() {
    let mut house = House::open();
    let mut ann = house.ann().await;
    let offer = house.offer(1, CALLER);
    assert_eq!(ann.expect("agent.state_changed").await.seq, Some(2));
    let frame = ann.expect("contact.offered").await;
    assert_eq!((frame.seq, frame.rev), (Some(3), Some(1)));
    assert_eq!(frame.contact_id.unwrap().0, offer.call.to_string());
    let ServerMessage::ContactOffered(contact) = frame.message else { unreachable!() };
    assert_eq!((contact.queue.as_str(), contact.waited_ms, contact.priority.class), ("billing", 1_234, 5));
    assert_eq!(contact.calling.e164.as_deref(), Some("+6281234567890"));
    assert_eq!(contact.calling.display.as_deref(), Some("Budi"));
    assert_eq!(contact.offer_expires_at.0, (NOON + Duration::from_secs(15)).micros());
    let frame = ann.expect("pop.show").await;
    assert_eq!((frame.seq, frame.rev), (Some(4), Some(1)));
    let ServerMessage::PopShow(pop) = frame.message else { unreachable!() };
    assert_eq!((pop.matched.kind, pop.complete), (MatchKind::None, true));
}

#[tokio::test]
async fn the_brain_hears_when_the_card_has_been_written() {
    let mut house = House::open();
    let mut ann = house.ann().await;
    let before = std::time::Instant::now();
    let offer = house.offer(1, CALLER);
    ann.until("pop.show").await;
    let crate::house::Heard::Written(written, at) = house.heard().await else { panic!("not written") };
    assert!(written == offer && at >= before);
    assert_eq!(house.event().await, acd::Event::CardShown { offer });
}

#[tokio::test]
async fn a_card_on_a_view_alone_does_not_make_the_phone_ring() {
    let mut house = House::open();
    let mut crm = house.sign_in("ann-token", ClientKind::Crm).await;
    house.offer(1, CALLER);
    crm.until("pop.show").await;
    let ann = house.ann().await;
    ann.leave().await;
    assert_eq!(house.event().await, acd::Event::DeskLost { agent: ANN }, "and no CardShown before");
}

#[tokio::test]
async fn a_withheld_caller_is_shown_as_such_and_nothing_of_her_is_sent() {
    let mut house = House::open();
    let mut ann = house.ann().await;
    house.offer(1, "\"Budi\" <sip:anonymous@anonymous.invalid>");
    let ServerMessage::ContactOffered(contact) = ann.until("contact.offered").await.message else {
        unreachable!()
    };
    assert_eq!(contact.calling.privacy, Privacy::Withheld);
    assert_eq!((contact.calling.raw, contact.calling.e164, contact.calling.display), (None, None, None));
    let ServerMessage::PopShow(pop) = ann.until("pop.show").await.message else { unreachable!() };
    assert_eq!(pop.matched.kind, MatchKind::Withheld);
}

#[tokio::test]
async fn a_hostile_display_name_arrives_as_the_text_it_is() {
    let mut house = House::open();
    let mut ann = house.ann().await;
    let name = "<script>alert('x')</script>&lt;";
    house.offer(1, &format!("\"{name}\" <sip:+6281234567890@pbx>"));
    let ServerMessage::ContactOffered(contact) = ann.until("contact.offered").await.message else {
        unreachable!()
    };
    assert_eq!(contact.calling.display.as_deref(), Some(name));
}

#[tokio::test]
async fn every_way_to_lose_an_offer_has_its_cause() {
    let mut house = House::open();
    let mut ann = house.ann().await;
    let causes = [
        (OfferOutcome::Withdrawn, WithdrawCause::CallerAbandoned),
        (OfferOutcome::NoAnswer, WithdrawCause::NoAnswer),
        (OfferOutcome::Rejected, WithdrawCause::Declined),
        (OfferOutcome::Failed, WithdrawCause::Failed),
    ];
    for (n, (outcome, cause)) in causes.into_iter().enumerate() {
        let offer = house.offer(n as u128, CALLER);
        house.say(vec![withdrawn(offer, ANN, outcome)]);
        let frame = ann.until("contact.offer_withdrawn").await;
        assert_eq!(
            (frame.message, frame.rev),
            (ServerMessage::OfferWithdrawn(protocol::OfferWithdrawn { cause }), Some(2))
        );
    }
}

#[tokio::test]
async fn a_call_is_connected_ended_and_gone_after_wrap_up() {
    let mut house = House::open();
    let mut ann = house.ann().await;
    let offer = house.offer(1, CALLER);
    house.say(vec![DeskOrder::AgentLeg { offer, sip_call_id: "leg@us".into() }]);
    house.say(talk(offer));
    house.say(hang_up(offer));
    let mut states = Vec::new();
    for _ in 0..3 {
        let frame = ann.until("contact.state_changed").await;
        let ServerMessage::ContactStateChanged(change) = frame.message else { unreachable!() };
        assert_eq!(change.agent_sip_call_id.as_deref(), Some("leg@us"));
        states.push((change.from, change.to, change.cause, frame.rev.unwrap()));
    }
    use ContactState::{Connected, Ended, Offered, Queued};
    assert_eq!(
        states,
        [
            (Queued, Offered, None, 2),
            (Offered, Connected, Some(ContactCause::Answered), 3),
            (Connected, Ended, None, 4)
        ]
    );
    let ServerMessage::AgentStateChanged(change) = ann.until("agent.state_changed").await.message else {
        unreachable!()
    };
    assert_eq!(change.to, protocol::AgentState::WrapUp);
    assert_eq!(change.until.map(|at| at.0), Some((NOON + Duration::from_secs(10)).micros()));
    assert_eq!(contacts(&house).await, [Ended], "while she wraps up");
    house.say(vec![moved(ANN, wrap_up(offer), AgentState::Ready { since: NOON })]);
    ann.until("agent.state_changed").await;
    assert_eq!(contacts(&house).await, []);
}

#[tokio::test]
async fn a_call_that_could_not_be_joined_leaves_her_desk() {
    let mut house = House::open();
    let mut ann = house.ann().await;
    let offer = house.offer(1, CALLER);
    house.say(talk(offer));
    house.say(vec![DeskOrder::Order(Order::CallMoved {
        call: offer.call,
        agent: ANN,
        to: CallMove::BackToQueue,
    })]);
    ann.until("contact.state_changed").await;
    let ServerMessage::ContactStateChanged(change) = ann.until("contact.state_changed").await.message else {
        unreachable!()
    };
    assert_eq!((change.to, change.cause), (ContactState::Queued, Some(ContactCause::Failed)));
    assert_eq!(contacts(&house).await, []);
}

#[tokio::test]
async fn her_new_desktop_finds_the_call_and_its_card() {
    let mut house = House::open();
    let mut ann = house.ann().await;
    let offer = house.offer(1, CALLER);
    house.say(talk(offer));
    ann.until("contact.state_changed").await;
    drop(ann);
    assert!(matches!(house.event().await, acd::Event::CardShown { .. }));
    assert_eq!(house.event().await, acd::Event::DeskLost { agent: ANN });
    let mut again = house.visit().await;
    again.identify("ann-token", ClientKind::Desktop).await;
    let ServerMessage::Welcome(welcome) = again.until("welcome").await.message else { unreachable!() };
    assert_eq!(welcome.snapshot.contacts[0].state, ContactState::Connected);
    assert_eq!(welcome.snapshot.contacts[0].offered.calling.display.as_deref(), Some("Budi"));
    assert_eq!(welcome.snapshot.pops[0].contact_id.0, offer.call.to_string());
    assert_eq!(welcome.snapshot.agent_state.state, protocol::AgentState::Talking);
}

#[tokio::test]
async fn a_caller_on_hold_is_shown_so_until_she_is_back() {
    let mut house = House::open();
    let mut ann = house.ann().await;
    let offer = house.offer(1, CALLER);
    house.say(talk(offer));
    house.say_later(60, vec![call_moved(offer, CallMove::Held)]);
    ann.until("contact.state_changed").await;
    let held = ann.until("contact.state_changed").await;
    assert_eq!(held.contact_id.unwrap().0, offer.call.to_string());
    let ServerMessage::ContactStateChanged(change) = held.message else { unreachable!() };
    assert_eq!((change.from, change.to), (ContactState::Connected, ContactState::Held));
    // A desktop that comes in the middle is told again from the beginning.
    let again = [CallMove::Connected, CallMove::Held].map(|to| call_moved(offer, to));
    house.say_later(90, again.into());
    let mut view = house.visit().await;
    view.identify("ann-token", ClientKind::Crm).await;
    let ServerMessage::Welcome(welcome) = view.until("welcome").await.message else { unreachable!() };
    let contact = &welcome.snapshot.contacts[0];
    let after = |s| Some(protocol::Time((NOON + Duration::from_secs(s)).micros()));
    assert_eq!((contact.state, contact.connected_at), (ContactState::Held, after(0)));
    assert_eq!(Some(contact.since), after(60));
    house.say_later(120, vec![call_moved(offer, CallMove::Retrieved)]);
    let ServerMessage::ContactStateChanged(change) = ann.until("contact.state_changed").await.message else {
        unreachable!()
    };
    assert_eq!((change.from, change.to, change.cause), (ContactState::Held, ContactState::Connected, None));
}

#[tokio::test]
async fn a_phone_that_does_not_hold_is_said_to_her_and_nothing_else_changes() {
    let mut house = House::open();
    let mut ann = house.ann().await;
    let offer = house.offer(1, CALLER);
    house.say(talk(offer));
    ann.until("contact.state_changed").await;
    for (what, code) in [(PhoneTask::Hold, "hold_failed"), (PhoneTask::Retrieve, "retrieve_failed")] {
        let failed = Order::AskedInVain { call: offer.call, agent: ANN, what, status: 488 };
        house.say(vec![DeskOrder::Order(failed)]);
        let frame = ann.until("error").await;
        assert_eq!((frame.seq, frame.contact_id.unwrap().0), (None, offer.call.to_string()));
        let ServerMessage::Error(error) = frame.message else { unreachable!() };
        assert!(error.code == code && error.message.contains("488") && !error.fatal, "{error:?}");
    }
    assert_eq!(contacts(&house).await, [ContactState::Connected]);
}

#[tokio::test]
async fn nobody_hears_of_a_colleagues_calls() {
    let mut house = House::open();
    let mut ben = house.sign_in("ben-token", ClientKind::Desktop).await;
    let mut ann = house.ann_after(BEN).await;
    house.offer(1, CALLER);
    house.say(offered(OfferId { call: call(2), attempt: 1 }, BEN));
    ann.until("pop.show").await;
    ben.expect("agent.state_changed").await;
    let frame = ben.expect("contact.offered").await;
    assert_eq!(frame.contact_id.unwrap().0, call(2).to_string());
    assert_eq!(frame.seq, Some(3), "numbered for herself");
}

impl House {
    async fn ann_after(&mut self, other: acd::AgentNo) -> crate::visitor::Visitor {
        assert_eq!(self.event().await, acd::Event::DeskSignedIn { agent: other });
        self.ann().await
    }
}

async fn contacts(house: &House) -> Vec<ContactState> {
    let mut view = house.visit().await;
    view.identify("ann-token", ClientKind::Crm).await;
    let ServerMessage::Welcome(welcome) = view.until("welcome").await.message else { unreachable!() };
    welcome.snapshot.contacts.iter().map(|contact| contact.state).collect()
}

fn call_moved(offer: OfferId, to: CallMove) -> DeskOrder {
    DeskOrder::Order(Order::CallMoved { call: offer.call, agent: ANN, to })
}

fn talk(offer: OfferId) -> Vec<DeskOrder> {
    let then = acd::agent::Next::Ready;
    let reserved = AgentState::Reserved { offer, queue: BILLING, ready_since: NOON, then: then.clone() };
    let talking = AgentState::Talking { offer, queue: BILLING, ready_since: NOON, then };
    vec![
        moved(ANN, reserved, talking),
        DeskOrder::Order(Order::CallMoved { call: offer.call, agent: ANN, to: CallMove::Connected }),
    ]
}

fn hang_up(offer: OfferId) -> Vec<DeskOrder> {
    let then = acd::agent::Next::Ready;
    let talking = AgentState::Talking { offer, queue: BILLING, ready_since: NOON, then };
    let ended = CallMove::Ended { by: EndedBy::Caller };
    vec![
        DeskOrder::Order(Order::CallMoved { call: offer.call, agent: ANN, to: ended }),
        DeskOrder::Order(Order::CallOver { call: offer.call }),
        moved(ANN, talking, wrap_up(offer)),
    ]
}

fn wrap_up(offer: OfferId) -> AgentState {
    let (ends, then) = (NOON + Duration::from_secs(10), acd::agent::Next::Ready);
    AgentState::WrapUp {
        call: offer.call,
        visit: 1,
        queue: BILLING,
        ends,
        latest: None,
        then,
        unreached: false,
    }
}
