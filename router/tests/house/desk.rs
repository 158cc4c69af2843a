//! An agent at her desktop: she signs in, is ready, accepts, holds, gives away, finishes, vanishes and comes back. She knows
//! nothing but what the brain tells the desks.

use crate::{
    network::Chance,
    plan::{CALM, later},
};
use acd::{AgentNo, AgentState, CallId, Event, OfferId, Order, Wish, effect::CallMove, plan::Answer};
use agent_gateway::{DeskOrder, Transfer};
use sip::Micros;

/// What she does next.
#[derive(Clone, Debug)]
enum Act {
    SignIn,
    Vanish,
    /// She looks how she stands, and is ready if she is not.
    Look,
    Lunch,
    Card(OfferId),
    Accept(CallId),
    Decline(CallId),
    HangUp(CallId),
    Hold(CallId),
    Retrieve(CallId),
    GiveAway(CallId, String),
    WrapUp(CallId),
}

/// What reaches the brain of it.
pub enum Said {
    Event(Event),
    Transfer(Transfer),
}

pub struct Desk {
    pub agent: AgentNo,
    pub here: bool,
    state: Option<AgentState>,
    todo: Vec<(Micros, Act)>,
    /// Callers whom she has hung up on.
    pub hung_up: Vec<CallId>,
    /// Callers she has given away.
    pub given: Vec<CallId>,
}

impl Desk {
    pub fn new(agent: AgentNo, now: Micros, chance: &mut Chance) -> Self {
        let mut desk = Self {
            agent,
            here: false,
            state: None,
            todo: Vec::new(),
            hung_up: Vec::new(),
            given: Vec::new(),
        };
        desk.plan(now, chance, (100, 8_000), Act::SignIn);
        desk
    }
    pub fn due(&self) -> Option<Micros> {
        self.todo.iter().map(|(at, _)| *at).min()
    }
    fn plan(&mut self, now: Micros, chance: &mut Chance, (from, to): (u64, u64), act: Act) {
        self.todo.push((later(now, chance, from, to), act));
    }
    /// How she stands, as far as she was told.
    pub const fn stands(&self) -> Option<&AgentState> {
        self.state.as_ref()
    }
    /// The process is gone, and her connection with it.
    pub fn cut_off(&mut self, now: Micros, chance: &mut Chance) {
        self.here = false;
        self.state = None;
        self.todo.clear();
        self.plan(now, chance, (200, 15_000), Act::SignIn);
    }
    pub fn on_time(&mut self, now: Micros, chance: &mut Chance) -> Vec<Said> {
        let mut said = Vec::new();
        while let Some(place) = self.todo.iter().position(|(at, _)| *at <= now) {
            let (_, act) = self.todo.remove(place);
            self.act(act, now, chance, &mut said);
        }
        said
    }
    fn act(&mut self, act: Act, now: Micros, chance: &mut Chance, said: &mut Vec<Said>) {
        let agent = self.agent;
        let calm = now >= CALM;
        let event = match act {
            Act::SignIn => {
                self.here = true;
                self.plan(now, chance, (300, 2_000), Act::Look);
                if !calm && chance.percent(40) {
                    self.plan(now, chance, (1_000, 60_000), Act::Vanish);
                }
                if !calm && chance.percent(20) {
                    self.plan(now, chance, (5_000, 60_000), Act::Lunch);
                }
                Event::DeskSignedIn { agent }
            }
            _ if !self.here => return,
            Act::Vanish if calm => return,
            Act::Vanish => {
                self.here = false;
                self.todo.clear();
                self.plan(now, chance, (500, 20_000), Act::SignIn);
                Event::DeskLost { agent }
            }
            Act::Look => {
                self.plan(now, chance, (2_000, 8_000), Act::Look);
                let idle = matches!(self.state, Some(AgentState::NotReady { .. } | AgentState::LoggedOut));
                if !idle {
                    return;
                }
                Event::StateAsked { agent, wish: Wish::Ready }
            }
            Act::Lunch if calm => return,
            Act::Lunch => Event::StateAsked { agent, wish: Wish::NotReady { reason: "lunch".to_owned() } },
            Act::Card(offer) => Event::CardShown { offer },
            Act::Accept(call) => Event::OfferAccepted { agent, call },
            Act::Decline(call) => Event::OfferDeclined { agent, call },
            Act::HangUp(call) => {
                self.hung_up.push(call);
                Event::HangUpAsked { agent, call }
            }
            Act::Hold(call) => {
                self.plan(now, chance, (2_000, 15_000), Act::Retrieve(call));
                Event::HoldAsked { agent, call }
            }
            Act::Retrieve(call) => Event::RetrieveAsked { agent, call },
            Act::GiveAway(call, target) => {
                self.given.push(call);
                said.push(Said::Transfer(Transfer { agent, call, target, consult: false }));
                return;
            }
            Act::WrapUp(call) => Event::WrapUpFinished { agent, call, disposition: None, then: None },
        };
        said.push(Said::Event(event));
    }
    /// What the brain tells the desks.
    pub fn hear(&mut self, order: &DeskOrder, now: Micros, chance: &mut Chance) {
        match order {
            DeskOrder::AgentIs { agent, state, .. } if *agent == self.agent => {
                self.state = Some(state.clone())
            }
            DeskOrder::Order(Order::AgentMoved { agent, to, .. }) if *agent == self.agent => {
                self.state = Some(to.clone());
                if let AgentState::WrapUp { call, .. } = to
                    && chance.percent(40)
                {
                    self.plan(now, chance, (500, 15_000), Act::WrapUp(*call));
                }
            }
            DeskOrder::Order(Order::OfferCall { offer, agent, answer, .. }) if *agent == self.agent => {
                self.offered(*offer, *answer, now, chance);
            }
            DeskOrder::Order(Order::CallMoved { call, agent, to: CallMove::Connected })
                if *agent == self.agent =>
            {
                self.connected(*call, now, chance);
            }
            _ => {}
        }
    }
    fn offered(&mut self, offer: OfferId, answer: Answer, now: Micros, chance: &mut Chance) {
        if !self.here {
            return;
        }
        if chance.percent(60) {
            self.plan(now, chance, (1, 60), Act::Card(offer));
        }
        let fate = if now >= CALM { 0 } else { chance.below(100) };
        match (answer, fate) {
            (Answer::Desk, 0..=79) => self.plan(now, chance, (300, 6_000), Act::Accept(offer.call)),
            (_, 85..=92) => self.plan(now, chance, (300, 6_000), Act::Decline(offer.call)),
            _ => {}
        }
    }
    fn connected(&mut self, call: CallId, now: Micros, chance: &mut Chance) {
        if !self.here || now >= CALM {
            return;
        }
        match chance.below(100) {
            0..=14 => self.plan(now, chance, (500, 30_000), Act::HangUp(call)),
            15..=34 => self.plan(now, chance, (500, 20_000), Act::Hold(call)),
            35..=49 => {
                let target =
                    chance.pick(&[(1, "queue:q0"), (1, "queue:q1"), (1, "agent:a0"), (1, "agent:a1")]);
                self.plan(now, chance, (500, 20_000), Act::GiveAway(call, target.to_owned()));
            }
            _ => {}
        }
    }
}
