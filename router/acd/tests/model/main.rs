//! Every way in which two agents and three callers can meet, explored to the end over the brain itself.
//!
//! A state of the model is a [`Floor`]: the brain, its clock and the books beside it, so that each step is judged by
//! everything that random shifts are judged by. stateright goes through all states that differ in anything the brain
//! could decide by. What it cannot decide by is left out of the comparison, or there would be no end of them: how many
//! offers a call has had, how late it is, and how long ago something was; of times that lie behind only their order
//! counts, of times ahead how far ahead they are. Agents are taken by *longest idle*: how occupied somebody was lately
//! has no end of values.
//!
//! Time passes only to the next deadline, and never while an earlier one is due. What happens between two deadlines
//! happens at the first one: everything in any order, but always at the same moment.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod called_back;
mod same;

use acd::{
    AgentNo, AgentState, CallId, Event, Fact, OfferId, Refusal, Wish,
    call::{CallState, Ring},
    effect::OfferOutcome,
    event::CallerExit,
    plan::{AgentPlan, Presence, QueuePlan, Strategy, Then},
    sim::{Floor, a_queue, an_agent},
};
use stateright::{Checker, Model, Property};
use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
    time::Duration,
};

/// A state of the model.
#[derive(Clone, Debug)]
struct House {
    floor: Floor,
    /// Who has called so far.
    called: Vec<CallId>,
    /// Who has kept the place so far.
    kept: Vec<CallId>,
    /// What did not hold in the step to here.
    complaint: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    SomebodyCalls,
    CallerLeaves(CallId),
    KeepsThePlace(CallId),
    TakenBack(CallId),
    PhoneAnswers(OfferId),
    PhoneRefuses(OfferId, Refusal),
    PhoneHangsUp(OfferId),
    NotJoined(OfferId),
    Ready(AgentNo),
    NotReady(AgentNo),
    TimePasses,
}

/// What may happen, and what was seen to happen on the way.
#[derive(Clone)]
struct Rules {
    callers: usize,
    /// One phone after the other, or both at once.
    strategy: Strategy,
    /// Also claims what is not so, to see that it is refuted.
    overclaims: bool,
    /// How many callers may keep the place.
    keepers: usize,
    /// How many people they are; then the first one calls again.
    people: usize,
    outcomes: Arc<Mutex<BTreeSet<OfferOutcome>>>,
}

/// The first agent says when she is ready; the second is always there. In the long run (`SAMBUNG_MODEL`) a call waits
/// for longer and may go to an agent again only later, so that deadlines meet in more ways.
fn floor(strategy: Strategy, calls_back: bool) -> Floor {
    let seconds = Duration::from_secs;
    let (rona_pause, max_wait) =
        if std::env::var_os("SAMBUNG_MODEL").is_some() { (20, 30) } else { (10, 20) };
    // So that somebody may still ring when the wait is over.
    let max_wait = if strategy == Strategy::LongestIdle { max_wait } else { max_wait + 5 };
    let queue = QueuePlan {
        ring: seconds(10),
        rona_pause: seconds(rona_pause),
        wrap_up: seconds(10),
        max_wait: seconds(max_wait),
        then: Then::Refuse,
        callback: calls_back.then(called_back::plan),
        strategy,
        ring_next: seconds(4),
        ..a_queue("billing")
    };
    let always = AgentPlan { presence: Presence::Always, ..an_agent("ben", &[]) };
    let mut floor = Floor::with(vec![queue], vec![an_agent("ann", &[]), always]);
    let agent = floor.agent("ann");
    floor.must(Event::DeskSignedIn { agent });
    floor
}

impl House {
    fn act(&mut self, step: Step, people: usize) {
        let event = match step {
            Step::SomebodyCalls => {
                let caller = u8::try_from(self.called.len() % people).unwrap_or(0);
                let call = self.floor.call_of("billing", Some(caller), &[]);
                self.called.push(call);
                return;
            }
            Step::TimePasses => {
                let next = self.floor.acd().next_deadline();
                let time = next.map(|next| next.since(self.floor.now())).unwrap_or_default();
                return self.floor.pass(time);
            }
            Step::KeepsThePlace(call) => {
                let kept = self.floor.keep_place(call);
                return self.kept.extend(kept);
            }
            Step::TakenBack(call) => Event::CallbackWithdrawn { call },
            Step::CallerLeaves(call) => Event::CallerLeft { call, how: CallerExit::HungUp },
            Step::PhoneAnswers(offer) => Event::PhoneAnswered { offer },
            Step::PhoneRefuses(offer, refusal) => Event::PhoneRefused { offer, refusal, status: 486 },
            Step::PhoneHangsUp(offer) => Event::PhoneHungUp { offer },
            Step::NotJoined(offer) => Event::BridgeFailed { offer },
            Step::Ready(agent) => Event::StateAsked { agent, wish: Wish::Ready },
            Step::NotReady(agent) => {
                Event::StateAsked { agent, wish: Wish::NotReady { reason: "lunch".to_owned() } }
            }
        };
        self.floor.must(event);
    }

    fn forget_the_past(&mut self) -> Vec<Fact> {
        self.floor.log.clear();
        self.floor.orders.clear();
        std::mem::take(&mut self.floor.facts)
    }

    fn count(&self, is: impl Fn(&CallState) -> bool) -> usize {
        self.floor.acd().calls().filter(|call| is(call.state())).count()
    }
    fn waiting(&self) -> usize {
        self.count(|state| matches!(state, CallState::Queued))
    }
    fn talking(&self) -> usize {
        self.count(|state| matches!(state, CallState::Connected { .. }))
    }
    fn takes_no_calls(&self, agent: AgentNo) -> bool {
        let state = self.floor.acd().agent(agent).map(acd::Agent::state);
        matches!(state, Some(AgentState::NotReady { .. }))
    }
    fn both_ring(&self) -> bool {
        self.floor.acd().calls().any(|call| call.rings().count() == 2)
    }
    fn agents(&self, is: impl Fn(&AgentState) -> bool) -> usize {
        self.floor.acd().agents().filter(|(_, agent)| is(agent.state())).count()
    }
}

impl Model for Rules {
    type State = House;
    type Action = Step;

    fn init_states(&self) -> Vec<House> {
        let (called, kept) = (Vec::new(), Vec::new());
        vec![House { floor: floor(self.strategy, self.keepers > 0), called, kept, complaint: None }]
    }

    fn actions(&self, house: &House, steps: &mut Vec<Step>) {
        if house.called.len() < self.callers {
            steps.push(Step::SomebodyCalls);
        }
        for call in house.floor.acd().calls() {
            let leaves = if call.is_request() { Step::TakenBack } else { Step::CallerLeaves };
            steps.push(leaves(call.id()));
            if house.kept.len() < self.keepers && call.visit().is_some() && !call.is_request() {
                steps.push(Step::KeepsThePlace(call.id()));
            }
            let late = call.next_attempt().attempt - 1;
            match *call.state() {
                CallState::Offered { .. } => steps.extend(call.rings().flat_map(|Ring { offer, .. }| {
                    [
                        Step::PhoneAnswers(offer),
                        Step::PhoneRefuses(offer, Refusal::Rejected),
                        Step::PhoneRefuses(offer, Refusal::Failed),
                    ]
                })),
                CallState::Connected { offer, .. } => {
                    steps.extend([Step::PhoneHangsUp(offer), Step::NotJoined(offer)]);
                    // So does the phone of one who was too slow.
                    if late != offer.attempt {
                        steps.push(Step::PhoneAnswers(OfferId { call: call.id(), attempt: late }));
                    }
                }
                // The phone of an offer that came to nothing answers after all.
                CallState::Queued if late > 0 => {
                    steps.push(Step::PhoneAnswers(OfferId { call: call.id(), attempt: late }));
                }
                CallState::Dialling { offer, leg, .. } => {
                    let customer = OfferId { attempt: leg, ..offer };
                    steps.extend([
                        Step::PhoneAnswers(customer),
                        Step::PhoneRefuses(customer, Refusal::Rejected),
                        Step::PhoneHangsUp(offer),
                    ]);
                }
                CallState::Arrived
                | CallState::Queued
                | CallState::Later { .. }
                | CallState::Outside { .. } => {}
            }
        }
        let ann = house.floor.agent("ann");
        steps.extend([Step::Ready(ann), Step::NotReady(ann)]);
        if house.floor.acd().next_deadline().is_some() {
            steps.push(Step::TimePasses);
        }
    }

    fn next_state(&self, house: &House, step: Step) -> Option<House> {
        let mut next = house.clone();
        // A floor panics where an invariant breaks; here that is a state that must not be reached.
        let done = catch_unwind(AssertUnwindSafe(|| next.act(step, self.people)));
        if let Err(panic) = done {
            let told = panic.downcast_ref::<String>().cloned();
            next.complaint = Some(told.unwrap_or_else(|| "something panicked".to_owned()));
            return Some(next);
        }
        let mut outcomes = self.outcomes.lock().unwrap();
        for fact in next.forget_the_past() {
            if let Fact::OfferEnded { outcome, .. } = fact {
                outcomes.insert(outcome);
            }
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        if self.keepers > 0 {
            return called_back::properties(self.people);
        }
        let mut properties = vec![
            every_invariant(),
            Property::always("nobody who has gone is in the house", |_, house: &House| {
                house.floor.acd().live_calls() <= house.called.len() + house.kept.len()
            }),
        ];
        properties.extend(if self.strategy == Strategy::LongestIdle {
            reached_by_one_phone()
        } else {
            reached_by_several_phones()
        });
        if self.overclaims {
            properties.push(Property::always(OVERCLAIM, |_, house: &House| {
                house.waiting() == 0 || house.agents(|state| matches!(state, AgentState::WrapUp { .. })) == 0
            }));
        }
        properties
    }
}

fn every_invariant() -> Property<Rules> {
    Property::always("every invariant of the floor holds", |_, house: &House| house.complaint.is_none())
}

/// What two agents and three callers come to when a call rings one phone after the other.
fn reached_by_one_phone() -> Vec<Property<Rules>> {
    vec![
        Property::sometimes("both agents talk and the third caller waits", |_, house: &House| {
            house.talking() == 2 && house.waiting() == 1
        }),
        Property::sometimes("all three wait and nobody is there", |_, house: &House| house.waiting() == 3),
        Property::sometimes(
            "whom an agent did not take waits, and she takes no calls",
            |_, house: &House| {
                house.floor.acd().calls().any(|call| {
                    let out = |&(agent, _): &(AgentNo, _)| house.takes_no_calls(agent);
                    matches!(call.state(), CallState::Queued) && call.excluded().iter().any(out)
                })
            },
        ),
        Property::sometimes("a caller whom neither agent took is offered once more", |_, house: &House| {
            let third =
                |state: &CallState| matches!(state, CallState::Offered { offer, .. } if offer.attempt > 2);
            house.count(third) > 0
        }),
        Property::sometimes("whom one agent did not take the other has", |_, house: &House| {
            let second =
                |state: &CallState| matches!(state, CallState::Connected { offer, .. } if offer.attempt > 1);
            house.count(second) > 0
        }),
        Property::sometimes("both wrap up while somebody waits", |_, house: &House| {
            let wraps_up = |state: &AgentState| matches!(state, AgentState::WrapUp { .. });
            house.agents(wraps_up) == 2 && house.waiting() > 0
        }),
        Property::sometimes(
            "all have called and gone, and both agents are ready again",
            |_, house: &House| {
                let ready = |state: &AgentState| matches!(state, AgentState::Ready { .. });
                house.called.len() == 3 && house.floor.acd().live_calls() == 0 && house.agents(ready) == 2
            },
        ),
    ]
}

/// What two agents and two callers come to when a call rings both phones.
fn reached_by_several_phones() -> Vec<Property<Rules>> {
    vec![
        Property::sometimes("both phones ring for one caller", |_, house: &House| house.both_ring()),
        Property::sometimes("both ring for one, and the other waits", |_, house: &House| {
            house.both_ring() && house.waiting() == 1
        }),
        Property::sometimes(
            "one has the caller, and whom she was faster than is rung for the next",
            |_, house: &House| {
                let (mut has, mut rung) = (false, false);
                for call in house.floor.acd().calls() {
                    has |= matches!(call.state(), CallState::Connected { .. }) && call.offers() > 1;
                    rung |= matches!(call.state(), CallState::Offered { .. });
                }
                has && rung
            },
        ),
        Property::sometimes("one did not take it, and the other's phone rings on", |_, house: &House| {
            let rings_on = |call: &acd::Call| call.rings().count() == 1 && !call.excluded().is_empty();
            house.floor.acd().calls().any(rings_on)
        }),
        Property::sometimes("both agents talk", |_, house: &House| house.talking() == 2),
        Property::sometimes("no more phones ring than do", |_, house: &House| {
            let over = |call: &acd::Call| call.visit().is_some_and(|visit| visit.phones == Some(0));
            house.floor.acd().calls().any(over)
        }),
    ]
}

const OVERCLAIM: &str = "nobody wraps up while somebody waits";

#[test]
fn what_is_claimed_and_not_so_is_refuted() {
    let rules = Rules { overclaims: true, ..rules(3, Strategy::LongestIdle) };
    let checker = rules.checker().threads(1).target_max_depth(8).spawn_bfs().join();
    let steps = checker.discovery(OVERCLAIM).map(stateright::Path::into_actions);
    assert!(steps.is_some_and(|steps| steps.contains(&Step::SomebodyCalls)));
}

#[test]
fn two_agents_and_three_callers_meet_in_every_way_there_is() {
    explore(rules(3, Strategy::LongestIdle));
}

/// Two callers are enough for all that several phones can do to each other, and three would take very long.
#[test]
fn both_phones_ring_for_a_caller_in_every_way_there_is() {
    explore(rules(2, Strategy::RingAll));
}

/// Where time says how many phones may ring there are many more states.
#[test]
#[ignore = "takes minutes"]
fn one_phone_more_rings_in_every_way_there_is() {
    explore(rules(2, Strategy::Progressive));
}

fn rules(callers: usize, strategy: Strategy) -> Rules {
    Rules { callers, strategy, overclaims: false, keepers: 0, people: callers, outcomes: Arc::default() }
}

fn explore(rules: Rules) {
    let checker = rules.clone().checker().threads(1).spawn_bfs().join();
    println!(
        "{} states, {} steps, at most {} deep",
        checker.unique_state_count(),
        checker.state_count(),
        checker.max_depth()
    );
    checker.assert_properties();
    assert!(checker.is_done());
    let reached: Vec<OfferOutcome> = rules.outcomes.lock().unwrap().iter().copied().collect();
    let all = [
        OfferOutcome::Accepted,
        OfferOutcome::NoAnswer,
        OfferOutcome::Rejected,
        OfferOutcome::Failed,
        OfferOutcome::Withdrawn,
    ];
    assert_eq!(reached, all);
}
