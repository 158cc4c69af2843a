//! Other agents while the gateway runs.

use crate::house::{ANN, BEN, BILLING, House, NOON, agent, agents, moved};
use acd::{AgentNo, AgentState, Event};
use agent_gateway::{AgentAccess, DeskOrder, Staff};
use protocol::ClientKind;

/// The site with these agents from now on.
fn change(house: &House, agents: Vec<AgentAccess>) {
    let queues = vec!["billing".into(), "sales".into()];
    let staff = Staff { agents, queues, ..Staff::default() };
    house.gateway.prepare(staff).unwrap().install();
    house.say(vec![DeskOrder::StaffChanged]);
}

fn without_ann() -> Vec<AgentAccess> {
    agents().into_iter().filter(|agent| agent.no != ANN).collect()
}

#[tokio::test]
async fn an_agent_who_is_retired_finishes_her_call_and_is_told_then() {
    let mut house = House::open();
    let mut ann = house.ann().await;
    let offer = house.offer(1, "<sip:1@pbx>");
    ann.until("contact.offered").await;
    change(&house, without_ann());
    let mut stranger = house.visit().await;
    stranger.identify("ann-token", ClientKind::Desktop).await;
    assert_eq!(stranger.refused("auth_failed").await, 4001, "she cannot sign in anew");
    let talks =
        AgentState::Talking { offer, queue: BILLING, ready_since: NOON, then: acd::agent::Next::Ready };
    house.say(vec![moved(ANN, talks, AgentState::LoggedOut)]);
    assert_eq!(ann.refused("retired").await, 4011);
    assert_eq!(house.event().await, Event::CardShown { offer });
    assert_eq!(house.event().await, Event::DeskLost { agent: ANN });
}

#[tokio::test]
async fn an_agent_who_is_retired_while_she_is_signed_out_is_told_at_once() {
    let mut house = House::open();
    let mut crm = house.sign_in("ann-token", ClientKind::Crm).await;
    change(&house, without_ann());
    assert_eq!(crm.refused("retired").await, 4011);
    assert!(house.heard_already().is_none(), "views are nothing to the brain");
}

#[tokio::test]
async fn a_new_agent_signs_in_at_once_and_the_others_notice_nothing() {
    let mut house = House::open();
    let mut ann = house.ann().await;
    let cleo = AgentNo(3);
    change(&house, agents().into_iter().chain([agent(cleo, "cleo", &["agent"])]).collect());
    let _desktop = house.sign_in("cleo-token", ClientKind::Desktop).await;
    assert_eq!(house.event().await, Event::DeskSignedIn { agent: cleo });
    house.offer(1, "<sip:1@pbx>");
    ann.until("contact.offered").await;
}

#[tokio::test]
async fn a_new_token_counts_for_the_next_sign_in_and_a_hash_stands_for_its_token() {
    let mut house = House::open();
    let mut ben = house.sign_in("ben-token", ClientKind::Desktop).await;
    assert_eq!(house.event().await, Event::DeskSignedIn { agent: BEN });
    let with_hash = |mut agent: AgentAccess| {
        if agent.no == BEN {
            agent.token = String::new();
            agent.token_hash = Some(porter::hash("another token"));
        }
        agent
    };
    change(&house, agents().into_iter().map(with_hash).collect());
    let mut stranger = house.visit().await;
    stranger.identify("ben-token", ClientKind::Desktop).await;
    assert_eq!(stranger.refused("auth_failed").await, 4001);
    let _newer = house.sign_in("another token", ClientKind::Desktop).await;
    assert_eq!(ben.closed().await, 4009);
}

#[tokio::test]
async fn an_agent_hears_at_once_of_her_new_skills_and_of_nothing_else() {
    let mut house = House::open();
    let mut ann = house.ann().await;
    let with_skill = |level: u8| {
        let mut all = agents();
        all[0].skills.insert("sales".to_owned(), level);
        all
    };
    change(&house, agents());
    change(&house, with_skill(4));
    let protocol::ServerMessage::AgentChanged(told) = ann.until("agent.changed").await.message else {
        unreachable!()
    };
    let skills: Vec<_> = told.skills.iter().map(|skill| (skill.name.as_str(), skill.level)).collect();
    assert_eq!(skills, [("billing", 7), ("sales", 4)]);
    change(&house, with_skill(4));
    change(&house, with_skill(5));
    let protocol::ServerMessage::AgentChanged(told) = ann.until("agent.changed").await.message else {
        unreachable!()
    };
    assert_eq!(told.skills[1].level, 5, "what stays as it was is not told again");
}
