//! What an agent asks for, and what she is answered.

use crate::house::{ANN, BEN, Heard, House};
use acd::{
    CommandError, Event, Order, Taken, Wish,
    effect::{CallMove, PhoneTask},
};
use agent_gateway::{DeskOrder, Transfer};
use protocol::{
    AgentSetState, ClientMessage, CommandId, ContactCause, ContactId, ContactRef, ContactState, EndedBy,
    Note, PopRendered, ServerMessage, TransferKind, WishedState, WrapUp,
};
use std::time::Duration;

const CALLER: &str = "<sip:+6281234567890@pbx>";

fn set(state: WishedState, reason: Option<&str>) -> ClientMessage {
    ClientMessage::SetState(AgentSetState { state, reason_code: reason.map(str::to_owned) })
}

fn of(call: acd::CallId) -> ContactRef {
    ContactRef { contact_id: ContactId(call.to_string()) }
}

fn wrap_up(call: acd::CallId, code: Option<&str>, text: Option<&str>) -> ClientMessage {
    ClientMessage::WrapUp(WrapUp {
        contact_id: ContactId(call.to_string()),
        disposition_code: code.map(str::to_owned),
        text: text.map(str::to_owned),
        tags: Vec::new(),
        then: None,
    })
}

#[tokio::test]
async fn a_state_is_asked_for_and_pending_while_she_talks() {
    let mut house = House::open();
    let mut ann = house.ann().await;
    let id = ann.command(set(WishedState::NotReady, Some("break"))).await;
    let (event, to) = house.command().await;
    assert_eq!(event, Event::StateAsked { agent: ANN, wish: Wish::NotReady { reason: "break".into() } });
    house.reply(to, Ok(Taken::Pending));
    assert_eq!(ann.reply(&id).await.unwrap(), serde_json::json!({"pending": true}));
    let view = house.sign_in_welcome("ann-token").await;
    assert_eq!(view.snapshot.agent_state.next.unwrap().reason_code.as_deref(), Some("break"));
}

impl House {
    async fn sign_in_welcome(&self, token: &str) -> Box<protocol::Welcome> {
        let mut view = self.visit().await;
        view.identify(token, protocol::ClientKind::Crm).await;
        let ServerMessage::Welcome(welcome) = view.until("welcome").await.message else { unreachable!() };
        welcome
    }
}

#[tokio::test]
async fn what_she_does_with_a_call_reaches_the_brain_and_its_verdict_comes_back() {
    let mut house = House::open();
    let mut ann = house.ann().await;
    let call = house.offer(1, CALLER).call;
    ann.until("pop.show").await;
    assert!(matches!(house.event().await, Event::CardShown { .. }));
    let cases = [
        (
            ClientMessage::Accept(of(call)),
            Event::OfferAccepted { agent: ANN, call },
            CommandError::AnswerAtPhone,
        ),
        (
            ClientMessage::Decline(of(call)),
            Event::OfferDeclined { agent: ANN, call },
            CommandError::OfferGone { call },
        ),
        (
            ClientMessage::Hold(of(call)),
            Event::HoldAsked { agent: ANN, call },
            CommandError::AlreadyHeld { call },
        ),
        (
            ClientMessage::Retrieve(of(call)),
            Event::RetrieveAsked { agent: ANN, call },
            CommandError::NotHeld { call },
        ),
        (
            ClientMessage::HangUp(of(call)),
            Event::HangUpAsked { agent: ANN, call },
            CommandError::NotInCall { call },
        ),
    ];
    for (message, expected, error) in cases {
        let id = ann.command(message.clone()).await;
        let (event, to) = house.command().await;
        assert_eq!(event, expected);
        house.reply(to, Ok(Taken::Now));
        assert_eq!(ann.reply(&id).await.unwrap(), serde_json::json!({"pending": false}));
        let id = ann.command(message).await;
        let (_, to) = house.command().await;
        house.reply(to, Err(error.clone()));
        let fault = ann.reply(&id).await.unwrap_err();
        assert_eq!((fault.code.as_ref(), fault.message), (error.code(), error.to_string()));
    }
}

#[tokio::test]
async fn what_the_gateway_can_check_does_not_reach_the_brain() {
    let mut house = House::open();
    let mut ann = house.ann().await;
    let call = house.offer(1, CALLER).call;
    ann.until("pop.show").await;
    assert!(matches!(house.event().await, Event::CardShown { .. }));
    let nobody = ContactRef { contact_id: ContactId("nobody".into()) };
    let wrong = [
        (set(WishedState::NotReady, Some("fishing")), "unknown_reason"),
        (ClientMessage::Accept(nobody), "no_such_contact"),
        (wrap_up(call, Some("exploded"), None), "unknown_code"),
        (ClientMessage::Unknown("contact.listen".into()), "unknown_type"),
    ];
    for (message, code) in wrong {
        let id = ann.command(message).await;
        assert_eq!(ann.reply(&id).await.unwrap_err().code, code);
    }
    ann.text(r#"{"type":"contact.accept","id":"x","data":{"contact_id":[]}}"#).await;
    assert_eq!(ann.reply(&CommandId("x".into())).await.unwrap_err().code, "bad_data");
    ann.tell(None, ClientMessage::Accept(of(call))).await;
    let ServerMessage::Error(error) = ann.until("error").await.message else { unreachable!() };
    assert_eq!((error.code.as_str(), error.fatal), ("id_missing", false));
    let id = ann.command(set(WishedState::Ready, None)).await;
    let (event, to) = house.command().await;
    assert_eq!(event, Event::StateAsked { agent: ANN, wish: Wish::Ready }, "the first one to reach it");
    house.reply(to, Ok(Taken::Now));
    assert!(ann.reply(&id).await.is_ok());
}

#[tokio::test]
async fn a_wrap_up_carries_its_code_and_its_note_is_kept() {
    let mut house = House::open();
    let mut ann = house.ann().await;
    let call = house.offer(1, CALLER).call;
    ann.until("pop.show").await;
    assert!(matches!(house.event().await, Event::CardShown { .. }));
    let note = Note { contact_id: ContactId(call.to_string()), text: "asked for an invoice".into() };
    let id = ann.command(ClientMessage::Note(note)).await;
    assert!(ann.reply(&id).await.is_ok());
    let id = ann.command(wrap_up(call, Some("solved"), Some("sent it"))).await;
    let (event, to) = house.command().await;
    assert_eq!(
        event,
        Event::WrapUpFinished { agent: ANN, call, disposition: Some("solved".into()), then: None }
    );
    house.reply(to, Ok(Taken::Now));
    assert!(ann.reply(&id).await.is_ok());
    let welcome = house.sign_in_welcome("ann-token").await;
    assert_eq!(welcome.snapshot.contacts[0].notes, ["asked for an invoice", "sent it"]);
}

#[tokio::test]
async fn a_wrap_up_may_say_which_state_follows() {
    let mut house = House::open();
    let mut ann = house.ann().await;
    let call = house.offer(1, CALLER).call;
    ann.until("pop.show").await;
    assert!(matches!(house.event().await, Event::CardShown { .. }));
    let then = |reason: &str| {
        let ClientMessage::WrapUp(mut finish) = wrap_up(call, Some("solved"), None) else { unreachable!() };
        let state = protocol::WishedState::NotReady;
        finish.then = Some(protocol::AgentSetState { state, reason_code: Some(reason.into()) });
        ClientMessage::WrapUp(finish)
    };
    let id = ann.command(then("siesta")).await;
    assert_eq!(ann.reply(&id).await.unwrap_err().code, "unknown_reason");
    ann.command(then("break")).await;
    let (event, _) = house.command().await;
    let wish = Some(Wish::NotReady { reason: "break".into() });
    assert_eq!(
        event,
        Event::WrapUpFinished { agent: ANN, call, disposition: Some("solved".into()), then: wish }
    );
}

#[tokio::test]
async fn a_command_sent_again_is_done_once_and_answered_on_the_new_connection() {
    let mut house = House::open();
    let mut ann = house.ann().await;
    let id = ann.command(set(WishedState::Ready, None)).await;
    let (_, to) = house.command().await;
    let mut again = house.sign_in("ann-token", protocol::ClientKind::Desktop).await;
    assert_eq!(ann.closed().await, 4009);
    again.tell(Some(id.clone()), set(WishedState::Ready, None)).await;
    let barrier = CommandId("barrier".into());
    again.tell(Some(barrier.clone()), ClientMessage::Unknown("barrier".into())).await;
    assert!(again.reply(&barrier).await.is_err(), "until then nothing was answered");
    house.reply(to, Ok(Taken::Now));
    assert!(again.reply(&id).await.is_ok());
    again.tell(Some(id.clone()), set(WishedState::Ready, None)).await;
    assert!(again.reply(&id).await.is_ok(), "the same reply once more");
    again.leave().await;
    assert_eq!(house.event().await, Event::DeskLost { agent: ANN }, "and nothing was asked twice");
}

#[tokio::test]
async fn more_than_fifty_commands_a_second_are_refused() {
    let mut house = House::open();
    let mut ann = house.ann().await;
    let mut refused = 0;
    for n in 0..80 {
        let message = ClientMessage::Unknown(format!("x{n}"));
        let id = ann.command(message).await;
        let fault = ann.reply(&id).await.unwrap_err();
        refused += usize::from(fault.code == "too_many" && fault.retryable);
    }
    assert!(refused > 0);
}

#[tokio::test]
async fn what_her_screen_measured_is_handed_on() {
    let mut house = House::open();
    let mut ann = house.ann().await;
    let offer = house.offer(1, CALLER);
    let ServerMessage::PopShow(pop) = ann.until("pop.show").await.message else { unreachable!() };
    let rendered = |pop_id: &str| PopRendered { pop_id: pop_id.to_owned(), rev: 1, paint_ms: 37 };
    ann.tell(None, ClientMessage::PopRendered(rendered("somebody-else's"))).await;
    ann.tell(None, ClientMessage::PopRendered(rendered(&pop.pop_id))).await;
    loop {
        if let Heard::Painted(painted, after) = house.heard().await {
            assert_eq!((painted, after), (offer, Duration::from_millis(37)));
            return;
        }
    }
}

#[tokio::test]
async fn a_caller_given_away_is_over_for_her_and_the_brain_learns_whom_she_named() {
    let mut house = House::open();
    let mut ann = house.ann().await;
    let offer = house.offer(1, CALLER);
    ann.until("pop.show").await;
    let moved = |to| DeskOrder::Order(Order::CallMoved { call: offer.call, agent: ANN, to });
    house.say(vec![moved(CallMove::Connected)]);
    ann.until("contact.state_changed").await;
    let ask = |target: &str| {
        let (contact_id, target) = (of(offer.call).contact_id, target.to_owned());
        ClientMessage::Transfer(protocol::Transfer { contact_id, target, kind: TransferKind::Blind })
    };
    for (target, verdict) in [
        ("nobody", Err(CommandError::NoSuchTarget)),
        ("0900", Err(CommandError::NumberRefused)),
        ("agent:ben", Err(CommandError::AgentNotReady { agent: "ben".to_owned(), state: "talking" })),
        ("queue:sales", Ok(Taken::Now)),
    ] {
        let id = ann.command(ask(target)).await;
        let (asked, to) = house.transfer().await;
        assert_eq!(
            asked,
            Transfer { agent: ANN, call: offer.call, target: target.to_owned(), consult: false }
        );
        house.reply(to, verdict.clone());
        let code = ann.reply(&id).await.err().map(|fault| fault.code.into_owned());
        assert_eq!(code, verdict.err().map(|error| error.code().to_owned()));
    }
    house.say(vec![moved(CallMove::Transferred)]);
    let ServerMessage::ContactStateChanged(changed) = ann.until("contact.state_changed").await.message else {
        unreachable!()
    };
    assert_eq!((changed.to, changed.cause), (ContactState::Ended, Some(ContactCause::Transferred)));
    assert_eq!(changed.ended_by, Some(EndedBy::Agent));
}

#[tokio::test]
async fn she_consults_sees_with_whom_and_puts_the_caller_through() {
    let mut house = House::open();
    let mut ann = house.ann().await;
    let offer = house.offer(1, CALLER);
    ann.until("pop.show").await;
    let moved = |to| DeskOrder::Order(Order::CallMoved { call: offer.call, agent: ANN, to });
    house.say(vec![moved(CallMove::Connected)]);
    ann.until("contact.state_changed").await;
    let (contact_id, target) = (of(offer.call).contact_id, "agent:ben".to_owned());
    let ask = protocol::Transfer { contact_id, target: target.clone(), kind: TransferKind::Consult };
    let id = ann.command(ClientMessage::Transfer(ask)).await;
    let (asked, to) = house.transfer().await;
    assert_eq!(asked, Transfer { agent: ANN, call: offer.call, target, consult: true });
    house.reply(to, Ok(Taken::Pending));
    assert!(ann.reply(&id).await.is_ok());
    for answered in [false, true] {
        let to = CallMove::Consulting { answered, with: Some(BEN) };
        house.say(vec![moved(to), moved(to)]); // said twice, told once
        let ServerMessage::ContactStateChanged(changed) = ann.until("contact.state_changed").await.message
        else {
            unreachable!()
        };
        let with = Some("ben".to_owned());
        assert_eq!(
            (changed.to, changed.consult),
            (ContactState::Consulting, Some(protocol::Consult { with, answered }))
        );
    }
    let id = ann.command(ClientMessage::Complete(of(offer.call))).await;
    let (event, to) = house.command().await;
    assert_eq!(event, Event::CompleteAsked { agent: ANN, call: offer.call });
    house.reply(to, Err(CommandError::NotConsulting { call: offer.call }));
    assert_eq!(ann.reply(&id).await.unwrap_err().code, "not_consulting");
    house.say(vec![moved(CallMove::Held), moved(CallMove::Retrieved)]);
    for state in [ContactState::Held, ContactState::Connected] {
        let ServerMessage::ContactStateChanged(changed) = ann.until("contact.state_changed").await.message
        else {
            unreachable!()
        };
        assert_eq!((changed.to, changed.consult), (state, None));
    }
    let (what, status) = (PhoneTask::Consult, 486);
    house.say(vec![DeskOrder::Order(Order::AskedInVain { call: offer.call, agent: ANN, what, status })]);
    let ServerMessage::Error(error) = ann.until("error").await.message else { unreachable!() };
    assert_eq!((error.code.as_str(), error.message.contains("declined")), ("consult_failed", true));
}

#[tokio::test]
async fn a_transfer_names_a_contact_of_hers_a_target_of_bounded_length_and_a_kind() {
    let mut house = House::open();
    let mut ann = house.ann().await;
    let call = house.offer(1, CALLER).call;
    ann.until("pop.show").await;
    let long = "1".repeat(129);
    for (data, code) in [
        (r#"{"contact_id":"nobody","target":"x","kind":"blind"}"#.to_owned(), "no_such_contact"),
        (format!(r#"{{"contact_id":"{call}","target":"{long}","kind":"blind"}}"#), "bad_data"),
        (format!(r#"{{"contact_id":"{call}","target":"x","kind":"deaf"}}"#), "bad_data"),
        (format!(r#"{{"contact_id":"{call}","kind":"blind"}}"#), "bad_data"),
    ] {
        ann.text(&format!(r#"{{"type":"contact.transfer","id":"{code}{}","data":{data}}}"#, data.len()))
            .await;
        let id = CommandId(format!("{code}{}", data.len()));
        assert_eq!(ann.reply(&id).await.unwrap_err().code, code, "{data}");
    }
}

#[test]
fn a_target_stays_out_of_what_is_written_for_developers() {
    let call = acd::CallId::from_u128(7);
    let asked = Transfer { agent: ANN, call, target: "08123".to_owned(), consult: false };
    assert!(!format!("{asked:?}").contains("08123"));
}

#[tokio::test]
async fn a_supervisor_sets_a_state_and_nobody_else_does() {
    let mut house = House::open();
    let mut ann = house.ann().await;
    let set = |agent: &str, reason: &str| {
        ClientMessage::SupervisorSetState(protocol::SupervisorSetState {
            agent: agent.into(),
            state: WishedState::NotReady,
            reason_code: Some(reason.into()),
        })
    };
    let id = ann.command(set("ben", "break")).await;
    assert_eq!(ann.reply(&id).await.unwrap_err().code, "forbidden");

    // Also from the wallboard, which gives no other command.
    let mut sue = house.sign_in("sue-token", protocol::ClientKind::Wallboard).await;
    for (agent, reason, code) in [("nobody", "break", "no_such_agent"), ("ann", "nap", "unknown_reason")] {
        let id = sue.command(set(agent, reason)).await;
        assert_eq!(sue.reply(&id).await.unwrap_err().code, code);
    }
    let id = sue.command(set("ann", "break")).await;
    let (event, to) = house.command().await;
    let wish = Wish::NotReady { reason: "break".into() };
    assert_eq!(event, Event::StateForced { agent: ANN, wish: wish.clone(), by: "sue".into() });
    house.reply(to, Ok(Taken::Pending));
    assert_eq!(sue.reply(&id).await.unwrap(), serde_json::json!({"pending": true}));

    let forced =
        |pending| acd::Order::StateForced { agent: ANN, wish: wish.clone(), by: "sue".into(), pending };
    house.say(vec![agent_gateway::DeskOrder::Order(forced(true))]);
    let ServerMessage::AgentStateChanged(told) = ann.until("agent.state_changed").await.message else {
        unreachable!()
    };
    assert_eq!(
        (told.from, told.cause, told.set_by.as_deref()),
        (told.to, protocol::StateCause::Supervisor, Some("sue"))
    );
    assert_eq!(told.next.unwrap().reason_code.as_deref(), Some("break"));
}

#[tokio::test]
async fn more_time_to_wrap_up_reaches_the_brain() {
    let mut house = House::open();
    let mut ann = house.ann().await;
    let call = house.offer(1, CALLER).call;
    ann.until("pop.show").await;
    assert!(matches!(house.event().await, Event::CardShown { .. }));
    let id = ann.command(ClientMessage::ExtendWrapUp(of(call))).await;
    let (event, to) = house.command().await;
    assert_eq!(event, Event::MoreTimeAsked { agent: ANN, call });
    house.reply(to, Err(CommandError::WrapUpExhausted { call }));
    assert_eq!(ann.reply(&id).await.unwrap_err().code, "wrap_up_exhausted");
}
