//! Who gets in, who does not, and what the brain hears of it.

use crate::{
    house::{ANN, House, NOON, moved, not_ready},
    http::request,
    visitor::Visitor,
};
use acd::{AgentState, Event};
use agent_gateway::DeskOrder;
use protocol::{ClientKind, ClientMessage, Ping, Resume, ServerMessage, Token};
use std::sync::atomic::Ordering;

#[tokio::test]
async fn an_agent_signs_in_and_is_told_how_things_stand() {
    let mut house = House::open();
    house.say(vec![DeskOrder::AgentIs { agent: ANN, state: AgentState::LoggedOut, since: NOON }]);
    let mut ann = house.visit().await;
    let hello = ann.expect("hello").await;
    assert_eq!(hello.seq, None);
    ann.identify("ann-token", ClientKind::Desktop).await;
    let welcome = ann.expect("welcome").await;
    assert_eq!(welcome.seq, Some(1));
    let ServerMessage::Welcome(welcome) = welcome.message else { unreachable!() };
    assert_eq!(welcome.agent.id, "ann");
    assert_eq!(welcome.agent.skills[0].level, 7);
    assert_eq!(welcome.site.disposition_codes, ["solved", "callback"]);
    assert_eq!(welcome.snapshot.agent_state.state, protocol::AgentState::LoggedOut);
    assert_eq!(house.event().await, Event::DeskSignedIn { agent: ANN });
    house.say(vec![moved(ANN, AgentState::LoggedOut, not_ready())]);
    let changed = ann.expect("agent.state_changed").await;
    assert_eq!(changed.seq, Some(2));
    let ServerMessage::AgentStateChanged(changed) = changed.message else { unreachable!() };
    assert_eq!(
        (changed.to, changed.reason_code.as_deref()),
        (protocol::AgentState::NotReady, Some("signed_in"))
    );
}

#[tokio::test]
async fn an_unknown_token_is_closed_with_4001() {
    let house = House::open();
    for token in ["", "ann", "ann-token ", "nobody"] {
        let mut stranger = house.visit().await;
        stranger.identify(token, ClientKind::Desktop).await;
        assert_eq!(stranger.refused("auth_failed").await, 4001);
    }
}

#[tokio::test]
async fn a_page_from_elsewhere_is_closed_with_4003() {
    let house = House::open();
    let address = house.gateway.address();
    let mut page = Visitor::connect(address, Some("https://evil.example")).await;
    assert_eq!(page.closed().await, 4003);
    for origin in ["https://crm.example", &format!("http://{address}")] {
        Visitor::connect(address, Some(origin)).await.expect("hello").await;
    }
}

#[tokio::test]
async fn a_second_desktop_ends_the_first_with_4009_and_the_brain_hears_nothing() {
    let mut house = House::open();
    let mut first = house.ann().await;
    let mut second = house.sign_in("ann-token", ClientKind::Desktop).await;
    assert_eq!(first.closed().await, 4009);
    second.command(ClientMessage::Unknown("x".into())).await;
    second.leave().await;
    assert_eq!(
        house.event().await,
        Event::DeskLost { agent: ANN },
        "the first thing heard after the sign-in"
    );
}

#[tokio::test]
async fn views_do_not_count_as_a_desktop() {
    let mut house = House::open();
    let crm = house.sign_in("ann-token", ClientKind::Crm).await;
    let ann = house.ann().await;
    crm.leave().await;
    ann.leave().await;
    assert_eq!(house.event().await, Event::DeskLost { agent: ANN });
}

#[tokio::test]
async fn the_ninth_view_of_an_agent_ends_her_oldest_with_4009() {
    let house = House::open();
    let mut oldest = house.sign_in("ann-token", ClientKind::Crm).await;
    let mut others = Vec::new();
    for _ in 0..8 {
        others.push(house.sign_in("ann-token", ClientKind::Crm).await);
    }
    assert_eq!(oldest.closed().await, 4009);
}

#[tokio::test]
async fn a_busy_brain_is_told_later_and_commands_wait_until_then() {
    let mut house = House::open();
    house.brain.busy.store(true, Ordering::Relaxed);
    let mut ann = house.sign_in("ann-token", ClientKind::Desktop).await;
    let id = ann.command(ready()).await;
    let fault = ann.reply(&id).await.unwrap_err();
    assert_eq!((fault.code.as_ref(), fault.retryable), ("busy", true));
    house.brain.busy.store(false, Ordering::Relaxed);
    assert_eq!(house.event().await, Event::DeskSignedIn { agent: ANN });
    ann.tell(Some(id), ready()).await;
    assert!(matches!(house.event().await, Event::StateAsked { .. }), "the same id may try again");
}

fn ready() -> ClientMessage {
    ClientMessage::SetState(protocol::AgentSetState {
        state: protocol::WishedState::Ready,
        reason_code: None,
    })
}

#[tokio::test]
async fn resuming_is_refused_with_4004() {
    let house = House::open();
    let mut ann = house.visit().await;
    let resume = Resume { token: Token("ann-token".into()), session_id: "1".into(), last_seq: 4 };
    ann.tell(None, ClientMessage::Resume(resume)).await;
    assert_eq!(ann.refused("session_invalid").await, 4004);
}

#[tokio::test]
async fn commands_before_identify_and_what_is_no_message_are_closed_with_4010() {
    let house = House::open();
    let mut early = house.visit().await;
    early.command(ready()).await;
    assert_eq!(early.refused("identify_first").await, 4010);
    for nonsense in ["", "{", "[]", "\"identify\"", r#"{"kind":"identify"}"#, &"[".repeat(60_000)] {
        let mut visitor = house.visit().await;
        visitor.text(nonsense).await;
        assert_eq!(visitor.refused("bad_message").await, 4010);
    }
    let mut binary = house.visit().await;
    binary.binary(b"\x00\xff").await;
    assert_eq!(binary.refused("bad_message").await, 4010);
}

#[tokio::test]
async fn a_message_over_64_kib_is_refused() {
    let house = House::open();
    let mut visitor = house.visit().await;
    let padding = "x".repeat(protocol::MAX_MESSAGE_BYTES);
    visitor.text(&format!(r#"{{"type":"ping","data":{{"t":1,"x":"{padding}"}}}}"#)).await;
    assert_eq!(visitor.refused("bad_message").await, 4010);
}

#[tokio::test]
async fn a_ping_is_echoed_and_types_nobody_knows_are_ignored() {
    let mut house = House::open();
    let mut ann = house.ann().await;
    ann.text(r#"{"type":"sing","data":{"song":1}}"#).await;
    ann.tell(None, ClientMessage::Ping(Ping { t: 17 })).await;
    let pong = ann.expect("pong").await;
    assert_eq!((pong.seq, pong.message), (None, ServerMessage::Pong(Ping { t: 17 })));
    let id = ann.command(ClientMessage::Unknown("contact.sing".into())).await;
    assert_eq!(ann.reply(&id).await.unwrap_err().code, "unknown_type");
}

#[tokio::test]
async fn stopping_the_gateway_closes_everybody_with_1001() {
    let mut house = House::open();
    let mut ann = house.ann().await;
    house.gateway.stop();
    assert_eq!(ann.closed().await, 1001);
}

#[tokio::test]
async fn a_wallboard_needs_a_role_and_gets_figures_not_calls() {
    let house = House::open();
    let mut nosy = house.visit().await;
    nosy.identify("ann-token", ClientKind::Wallboard).await;
    assert_eq!(nosy.refused("forbidden").await, 4001);
    let mut wall = house.sign_in("sue-token", ClientKind::Wallboard).await;
    let ServerMessage::AgentPresence(presence) = wall.expect("agent.presence").await.message else {
        unreachable!()
    };
    assert_eq!(presence.agents[&protocol::AgentState::LoggedOut], 3);
    let id = wall.command(ready()).await;
    assert_eq!(wall.reply(&id).await.unwrap_err().code, "view_only");
    house.offer(1, "<sip:+6281234567890@pbx>");
    let presence = wall.expect("agent.presence").await;
    assert_eq!(presence.seq, None);
    let ServerMessage::AgentPresence(presence) = presence.message else { unreachable!() };
    assert_eq!(presence.agents[&protocol::AgentState::Reserved], 1);
    assert_eq!(presence.contacts[&protocol::ContactState::Queued], 1);
}

#[tokio::test]
async fn who_guesses_tokens_is_told_to_wait_and_a_proxy_s_agents_come_in_nevertheless() {
    let house = House::open();
    let mut guesses = 0;
    let told = loop {
        let mut guesser = house.visit().await;
        guesser.identify(&format!("guess-{guesses}"), ClientKind::Desktop).await;
        guesser.expect("hello").await;
        let ServerMessage::Error(error) = guesser.expect("error").await.message else { unreachable!() };
        let code = guesser.closed().await;
        if code != 4001 {
            assert_eq!((code, error.code.as_str()), (4029, "too_many"));
            break error.message;
        }
        guesses += 1;
        assert!(guesses < 100);
    };
    assert!(told.contains("try again in"), "{told}");
    let ask = async |token: &str| {
        let shown = format!("Bearer {token}");
        request(house.gateway.address(), "GET /v1/desk/snapshot", &[("Authorization", &shown)], "").await
    };
    let wait = ask("guess-100").await;
    let seconds: u64 = wait.header("Retry-After").unwrap().parse().unwrap();
    assert_eq!((wait.status, (1..=60).contains(&seconds)), (429, true), "{seconds}");
    // Here everybody comes from one address, as behind a proxy: who has a token is not locked out.
    assert_eq!(ask("ann-token").await.status, 200);
    house.sign_in("ann-token", ClientKind::Desktop).await;
}

#[tokio::test]
async fn who_shows_no_token_has_not_guessed() {
    let house = House::open();
    for _ in 0..40 {
        let answer = request(house.gateway.address(), "GET /v1/desk/snapshot", &[], "").await;
        assert_eq!(answer.status, 401);
    }
}
