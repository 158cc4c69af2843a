//! Agents who ask before they give a caller away, story by story.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use acd::{
    AgentNo, CallId, CommandError, Event, OfferId, OfferOutcome, Order, Plan, QueueNo, Refusal, Taken,
    Target, TransferOutcome, VisitOutcome,
    call::CallState,
    effect::{CallMove, Destination, DropReason, PhoneTask},
    event::CallerExit,
    plan::{EntryPlan, OutsidePlan, QueuePlan},
    sim::{Floor, a_queue, an_agent},
};
use std::time::Duration;

const fn seconds(s: u64) -> Duration {
    Duration::from_secs(s)
}

/// Ann serves billing, Ben and Cho serve sales; numbers that begin with 08 may be called.
fn three_agents() -> Floor {
    let queue = |name: &str| QueuePlan { needs: name.parse().unwrap(), ..a_queue(name) };
    let agent = |id: &str, skill: &str| an_agent(id, &[(skill, 5)]);
    let entry = |number: &str, queue: &str| EntryPlan {
        number: number.to_owned(),
        queue: queue.to_owned(),
        priority: 5,
        hours: None,
    };
    Floor::new(Plan {
        queues: vec![queue("billing"), queue("sales")],
        entries: vec![entry("1500", "billing"), entry("1600", "sales")],
        agents: vec![agent("ann", "billing"), agent("ben", "sales"), agent("cho", "sales")],
        outside: vec![OutsidePlan {
            name: "mobile".to_owned(),
            numbers: vec!["08*".parse().unwrap()],
            ring: seconds(30),
        }],
        ..Plan::default()
    })
}

/// A floor on which Ann has a caller and asks somebody.
struct Story {
    floor: Floor,
    ann: AgentNo,
    ben: AgentNo,
    call: CallId,
    /// Ann's leg.
    hers: OfferId,
    /// The leg of the one she asks.
    leg: OfferId,
}

impl Story {
    /// Ann talks to a caller.
    fn begun() -> Self {
        let mut floor = three_agents();
        let call = floor.call("1500");
        let ann = floor.ready("ann");
        floor.answer(call);
        let ben = floor.ready("ben");
        floor.pass(seconds(60));
        floor.orders.clear();
        let hers = floor.offer(call).unwrap();
        let leg = OfferId { call, attempt: hers.attempt + 1 };
        Self { floor, ann, ben, call, hers, leg }
    }
    /// Ann asks `to`, and her phone holds.
    fn asks(to: Target) -> Self {
        let mut story = Self::begun();
        let Self { ann, call, hers, .. } = story;
        let asked = story.floor.tell(Event::ConsultAsked { agent: ann, call, to });
        assert_eq!(asked, Ok(Taken::Pending));
        assert_eq!(story.floor.orders.first(), Some(&Order::HoldPhone { offer: hers }));
        story.floor.must(Event::CallHeld { offer: hers });
        story
    }
    /// Ann and the one she asks talk.
    fn talks(to: Target) -> Self {
        let mut story = Self::asks(to);
        story.floor.pass(seconds(5));
        story.floor.must(Event::PhoneAnswered { offer: story.leg });
        story.floor.pass(seconds(20));
        story
    }
    fn has(&self, order: &Order) -> bool {
        self.floor.orders.contains(order)
    }
    /// Ann's phone is told to take its caller back, and does.
    fn back(&mut self) {
        assert!(self.has(&Order::Retrieve { offer: self.hers }), "{:?}", self.floor.orders);
        self.floor.must(Event::CallRetrieved { offer: self.hers });
        let state = *self.floor.acd().call(self.call).unwrap().state();
        assert!(matches!(state, CallState::Connected { offer, .. } if offer == self.hers), "{state:?}");
        assert_eq!(self.floor.acd().call(self.call).unwrap().state_name(), "connected");
    }
    fn ends(&self) -> Vec<(TransferOutcome, Option<u16>, bool)> {
        let told = |t: &&acd::TransferRecord| (t.outcome, t.status, t.consulted);
        self.floor.transfers(self.call).iter().map(told).collect()
    }
    fn state(&self, agent: AgentNo) -> &'static str {
        self.floor.state(agent).unwrap().as_str()
    }
}

const fn ben() -> Target {
    Target::Agent { agent: AgentNo(1) }
}
const fn sales() -> Target {
    Target::Queue { queue: QueueNo(1) }
}
fn mobile() -> Target {
    Target::Outside { rule: "mobile".to_owned() }
}

#[test]
fn who_is_asked_sees_the_card_and_rings_for_her_who_asks() {
    let story = Story::asks(ben());
    let (leg, by, queue) = (story.leg, Some(story.hers), QueueNo(0));
    let rings = Order::RingPhone { offer: leg, agent: story.ben, queue, auto_answer: false, by };
    assert!(story.has(&rings), "{:?}", story.floor.orders);
    let card = |order: &&Order| matches!(order, Order::OfferCall { consult: true, given_by: Some(by), .. } if *by == story.ann);
    assert!(story.floor.orders.iter().any(|order| card(&order)));
    let to = CallMove::Consulting { answered: false, with: Some(story.ben) };
    assert!(story.has(&Order::CallMoved { call: story.call, agent: story.ann, to }));
    assert!(!story.has(&Order::CallMoved { call: story.call, agent: story.ann, to: CallMove::Held }));
    assert_eq!((story.state(story.ann), story.state(story.ben)), ("talking", "reserved"));
    assert_eq!(story.floor.acd().call(story.call).unwrap().state_name(), "consulting");
}

#[test]
fn she_goes_back_and_the_one_she_asked_is_free_as_long_as_before() {
    let mut story = Story::talks(ben());
    assert!(story.has(&Order::ConnectConsult { offer: story.leg, by: story.hers }));
    let since = story.floor.acd().call(story.call).unwrap().consult().unwrap().since;
    let ask = Event::RetrieveAsked { agent: story.ann, call: story.call };
    assert_eq!(story.floor.tell(ask), Ok(Taken::Pending));
    assert!(story.has(&Order::DropPhone { offer: story.leg, why: DropReason::ConsultOver }));
    assert_eq!(story.state(story.ben), "ready");
    story.back();
    assert_eq!(story.ends(), [(TransferOutcome::Returned, None, true)]);
    let record = story.floor.transfers(story.call)[0].clone();
    assert_eq!((record.at, record.answered, record.visit), (since, Some(since + seconds(5)), 1));
    story.floor.hang_up(story.call);
    assert_eq!(story.floor.visits(story.call)[0].hold, seconds(25));
    assert_eq!(story.floor.outcomes(story.call), [OfferOutcome::Accepted], "to be asked is no offer");
}

#[test]
fn put_through_the_caller_is_with_the_one_she_asked() {
    for by_hanging_up in [false, true] {
        let mut story = Story::talks(ben());
        let Story { ann, call, hers, leg, .. } = story;
        story.floor.must(match by_hanging_up {
            false => Event::CompleteAsked { agent: ann, call },
            true => Event::PhoneHungUp { offer: hers },
        });
        assert!(story.has(&Order::PutThrough { offer: leg }));
        assert!(story.has(&Order::DropPhone { offer: hers, why: DropReason::Transferred }));
        assert_eq!((story.state(ann), story.state(story.ben)), ("wrap_up", "talking"));
        assert_eq!(story.ends(), [(TransferOutcome::Completed, None, true)]);
        story.floor.pass(seconds(30));
        story.floor.must(Event::PhoneHungUp { offer: leg });
        let visits = story.floor.visits(call);
        let told: Vec<_> = visits.iter().map(|visit| (visit.outcome, visit.talk(), visit.hold)).collect();
        assert_eq!(
            told,
            [
                (VisitOutcome::Transferred(Destination::Agent), seconds(60), seconds(25)),
                (VisitOutcome::Answered, seconds(30), seconds(0)),
            ]
        );
        assert_eq!(visits[1].ring, seconds(5), "what she talked with Ann is no ringing");
        assert_eq!(story.floor.record(call).unwrap().agent, Some(story.ben));
        story.floor.prove_replay();
    }
}

#[test]
fn put_through_before_the_answer_the_caller_waits_for_it() {
    let mut story = Story::asks(sales());
    let Story { ann, call, leg, .. } = story;
    story.floor.must(Event::CompleteAsked { agent: ann, call });
    assert_eq!((story.state(ann), story.state(story.ben)), ("wrap_up", "reserved"));
    assert_eq!(story.floor.offer(call), Some(leg));
    story.floor.must(Event::PhoneAnswered { offer: leg });
    assert!(story.has(&Order::Connect { offer: leg }));
    assert_eq!(story.ends(), [(TransferOutcome::Completed, None, true)]);

    let mut story = Story::asks(sales());
    let Story { ann, call, leg, .. } = story;
    story.floor.must(Event::CompleteAsked { agent: ann, call });
    story.floor.must(Event::PhoneRefused { offer: leg, refusal: Refusal::Rejected, status: 486 });
    assert_eq!(story.ends(), [(TransferOutcome::Rejected, Some(486), true)]);
    assert_eq!(story.floor.acd().call(call).unwrap().state_name(), "queued");
    assert_eq!(story.floor.acd().call(call).unwrap().visit().unwrap().queue, QueueNo(1));
}

#[test]
fn a_number_outside_is_asked_and_gets_the_caller() {
    let mut story = Story::talks(mobile());
    let (rule, by) = ("mobile".to_owned(), Some(story.hers));
    assert!(story.has(&Order::CallOut { offer: story.leg, rule, by }));
    story.floor.must(Event::CompleteAsked { agent: story.ann, call: story.call });
    assert!(story.has(&Order::PutThrough { offer: story.leg }));
    assert_eq!(story.floor.acd().call(story.call).unwrap().state_name(), "outside");
    story.floor.pass(seconds(9));
    story.floor.must(Event::PhoneHungUp { offer: story.leg });
    let record = story.floor.transfers(story.call)[0].clone();
    assert_eq!(record.ended.since(record.answered.unwrap()), seconds(29));
    assert_eq!((record.outcome, record.consulted), (TransferOutcome::Completed, true));
}

#[test]
fn who_does_not_take_it_is_set_aside_and_she_has_her_caller_back() {
    let refused = |status| (Refusal::Rejected, status);
    for (event, outcome, status, told, state) in [
        (None, TransferOutcome::NoAnswer, None, 408, "rona"),
        (Some(refused(486)), TransferOutcome::Rejected, Some(486), 486, "rejected"),
        (Some((Refusal::Failed, 503)), TransferOutcome::Failed, Some(503), 503, "phone_failed"),
    ] {
        let mut story = Story::asks(ben());
        let Story { ann, call, leg, .. } = story;
        match event {
            Some((refusal, status)) => story.floor.must(Event::PhoneRefused { offer: leg, refusal, status }),
            None => story.floor.pass(seconds(15)),
        }
        let what = PhoneTask::Consult;
        assert!(story.has(&Order::AskedInVain { call, agent: ann, what, status: told }));
        assert_eq!(story.floor.state(story.ben).unwrap().reason().unwrap().as_str(), state);
        assert_eq!(story.ends(), [(outcome, status, true)]);
        story.back();
    }
}

#[test]
fn a_caller_who_leaves_frees_everybody() {
    for talks in [false, true] {
        let mut story = if talks { Story::talks(ben()) } else { Story::asks(ben()) };
        let Story { call, hers, leg, .. } = story;
        story.floor.must(Event::CallerLeft { call, how: CallerExit::HungUp });
        for offer in [hers, leg] {
            assert!(story.has(&Order::DropPhone { offer, why: DropReason::CallerGone }));
        }
        assert_eq!((story.state(story.ann), story.state(story.ben)), ("wrap_up", "ready"));
        assert_eq!(story.ends(), [(TransferOutcome::Abandoned, None, true)]);
        assert_eq!(story.floor.record(call).unwrap().outcome, VisitOutcome::Answered);
    }
}

#[test]
fn a_refusal_before_her_phone_holds_gives_her_the_caller_as_soon_as_it_does() {
    let mut story = Story::begun();
    let Story { ann, call, hers, leg, .. } = story;
    story.floor.must(Event::ConsultAsked { agent: ann, call, to: ben() });
    story.floor.must(Event::PhoneRefused { offer: leg, refusal: Refusal::Rejected, status: 486 });
    assert!(!story.has(&Order::Retrieve { offer: hers }));
    story.floor.must(Event::CallHeld { offer: hers });
    story.back();

    let mut story = Story::begun();
    story.floor.must(Event::ConsultAsked { agent: ann, call, to: ben() });
    story.floor.must(Event::HoldFailed { offer: hers, status: 488 });
    let what = PhoneTask::Consult;
    assert!(story.has(&Order::AskedInVain { call, agent: ann, what, status: 488 }));
    assert!(story.has(&Order::DropPhone { offer: leg, why: DropReason::ConsultOver }));
    assert_eq!(story.state(story.ben), "ready");
}

#[test]
fn while_she_asks_she_does_one_thing_at_a_time() {
    let mut story = Story::talks(ben());
    let Story { ann, ben: benny, call, hers, leg, .. } = story;
    for event in [
        Event::ConsultAsked { agent: ann, call, to: mobile() },
        Event::TransferAsked { agent: ann, call, to: sales() },
        Event::ReferAsked { offer: hers, to: sales(), attended: false },
        Event::HoldAsked { agent: ann, call },
    ] {
        assert_eq!(story.floor.tell(event), Err(CommandError::Consulting { call }));
    }
    for event in [
        Event::HoldAsked { agent: benny, call },
        Event::RetrieveAsked { agent: benny, call },
        Event::CompleteAsked { agent: benny, call },
        Event::ConsultAsked { agent: benny, call, to: mobile() },
        Event::TransferAsked { agent: benny, call, to: sales() },
    ] {
        assert_eq!(story.floor.tell(event), Err(CommandError::NotInCall { call }));
    }
    assert_eq!(story.floor.tell(Event::HangUpAsked { agent: benny, call }), Ok(Taken::Now));
    assert!(story.has(&Order::DropPhone { offer: leg, why: DropReason::AgentHungUp }));
    story.back();
    assert_eq!(
        story.floor.tell(Event::CompleteAsked { agent: ann, call }),
        Err(CommandError::NotConsulting { call })
    );
}

#[test]
fn nobody_is_asked_who_is_not_free() {
    let mut story = Story::begun();
    let Story { ann, ben: benny, call, .. } = story;
    let to = Target::Agent { agent: AgentNo(2) };
    let refused = story.floor.tell(Event::ConsultAsked { agent: ann, call, to });
    assert!(matches!(refused, Err(CommandError::AgentNotReady { .. })), "{refused:?}");
    story.floor.must(Event::DeskLost { agent: benny });
    let refused = story.floor.tell(Event::ConsultAsked { agent: ann, call, to: sales() });
    assert_eq!(refused, Err(CommandError::NobodyFree { queue: "sales".to_owned() }));
    let refused =
        story.floor.tell(Event::ConsultAsked { agent: ann, call, to: Target::Agent { agent: ann } });
    assert_eq!(refused, Err(CommandError::ToYourself));
}

#[test]
fn she_who_is_asked_declines_at_her_desk() {
    let mut story = Story::asks(ben());
    let Story { ben: benny, call, leg, .. } = story;
    let accepts = story.floor.tell(Event::OfferAccepted { agent: benny, call });
    assert_eq!(accepts, Err(CommandError::AnswerAtPhone));
    assert_eq!(story.floor.tell(Event::OfferDeclined { agent: benny, call }), Ok(Taken::Now));
    assert!(story.has(&Order::DropPhone { offer: leg, why: DropReason::Declined }));
    assert_eq!(story.ends(), [(TransferOutcome::Rejected, None, true)]);
    story.back();
}

#[test]
fn a_desktop_that_comes_late_learns_who_talks_to_whom() {
    let mut story = Story::talks(ben());
    for agent in [story.ann, story.ben] {
        story.floor.must(Event::DeskLost { agent });
        story.floor.orders.clear();
        story.floor.must(Event::DeskSignedIn { agent });
        let with = Some(if agent == story.ann { story.ben } else { story.ann });
        let to = CallMove::Consulting { answered: true, with };
        assert!(story.has(&Order::CallMoved { call: story.call, agent, to }), "{:?}", story.floor.orders);
        assert!(!story.has(&Order::CallMoved { call: story.call, agent, to: CallMove::Held }));
        let connected = Order::CallMoved { call: story.call, agent, to: CallMove::Connected };
        assert_eq!(story.has(&connected), agent == story.ann, "only one of them has the caller");
    }
}

#[test]
fn a_restart_frees_her_who_was_asked() {
    let mut story = Story::talks(ben());
    story.floor.must(Event::Restarted);
    assert_eq!((story.state(story.ann), story.state(story.ben)), ("not_ready", "not_ready"));
    assert_eq!(story.ends(), [(TransferOutcome::LostRestart, None, true)]);
    story.floor.prove_replay();
}

#[test]
fn a_phone_that_takes_its_caller_back_by_itself_ends_the_question_and_she_is_told() {
    let mut story = Story::asks(ben());
    let Story { ann, call, hers, leg, .. } = story;
    story.floor.must(Event::CallRetrieved { offer: hers });
    assert!(story.has(&Order::DropPhone { offer: leg, why: DropReason::ConsultOver }));
    let (what, status) = (PhoneTask::Consult, 487);
    assert!(story.has(&Order::AskedInVain { call, agent: ann, what, status }));
    assert_eq!(story.floor.acd().call(call).unwrap().state_name(), "connected");
    assert_eq!(story.state(story.ben), "ready");
}
