//! A caller who keeps the place, in the same house: two agents, another caller or the same one again, and every way in
//! which the customer can be called back.

use crate::{House, Rules, every_invariant, rules};
use acd::{
    AgentState,
    call::{Call, CallState},
    callback::CallbackPlan,
    plan::Strategy,
    sim::Floor,
};
use stateright::{Checker, Model, Property};
use std::time::Duration;

/// Called twice, with a pause that is as long as a phone rings.
pub fn plan() -> CallbackPlan {
    let seconds = Duration::from_secs;
    CallbackPlan { attempts: 2, pause: seconds(10), ring: seconds(10), stands: seconds(30) }
}

fn request(floor: &Floor, is: impl Fn(&Call) -> bool) -> bool {
    floor.acd().requests().any(is)
}

pub fn properties(people: usize) -> Vec<Property<Rules>> {
    let mut properties = vec![
        every_invariant(),
        Property::sometimes("a customer who was called back talks", |_, house: &House| {
            let reached = |call: &Call| call.callback().is_some() && !call.is_request();
            house.floor.acd().calls().any(reached)
        }),
        Property::sometimes("a customer is called for the second time", |_, house: &House| {
            let second = |call: &Call| call.request().is_some_and(|request| request.attempts > 1);
            request(&house.floor, second)
        }),
        Property::sometimes("a request waits, and its agent wraps up", |_, house: &House| {
            let later = |call: &Call| matches!(call.state(), CallState::Later { .. });
            let wraps_up = |state: &AgentState| matches!(state, AgentState::WrapUp { unreached: true, .. });
            request(&house.floor, later) && house.agents(wraps_up) > 0
        }),
        Property::sometimes("all have gone", |_, house: &House| {
            house.kept.len() == 1 && house.called.len() == 2 && house.floor.acd().live_calls() == 0
        }),
    ];
    properties.push(if people > 1 {
        Property::sometimes("a customer is called while another caller waits", |_, house: &House| {
            let dialled = |call: &Call| matches!(call.state(), CallState::Dialling { .. });
            request(&house.floor, dialled) && house.waiting() > 0
        })
    } else {
        Property::sometimes("who calls again has the place of before", |_, house: &House| {
            let has = |call: &Call| call.callback().is_none() && call.ranked_from() < call.arrived();
            house.floor.acd().calls().any(has)
        })
    });
    properties
}

/// Goes through everything that so many callers can bring about, of whom so many keep their places.
fn explore(callers: usize, people: usize, keepers: usize) -> usize {
    let rules = Rules { keepers, people, ..rules(callers, Strategy::LongestIdle) };
    let checker = rules.checker().threads(1).spawn_bfs().join();
    let (states, steps) = (checker.unique_state_count(), checker.state_count());
    println!("{states} states, {steps} steps, at most {} deep", checker.max_depth());
    checker.assert_properties();
    assert!(checker.is_done());
    states
}

#[test]
fn a_caller_who_keeps_the_place_is_called_back_in_every_way_there_is() {
    assert!(explore(2, 2, 1) > 1_000);
}

#[test]
fn a_caller_who_keeps_the_place_and_calls_again_has_it_in_every_way_there_is() {
    assert!(explore(2, 1, 1) > 1_000);
}
