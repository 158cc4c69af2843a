//! The plan, compiled for deciding: rules by number, entries by number dialled, requirement classes.
//!
//! A *class* is a requirement and a strategy, and the queue where the strategy looks at the queue. Queues that ask for
//! the same share one, so that an agent is kept in as many indexes as there are different things she may be asked for,
//! not in as many as there are queues. A queue has a class for each of its steps, and for each combination of values of
//! the attributes that its requirements speak of.

use crate::{
    AgentNo, Call, QueueNo,
    plan::{AgentPlan, Answer, Directory, EntryPlan, Plan, Presence, QueuePlan, Strategy},
    rank::{Rank, rank},
    routing::{AttributePlan, Attributes, MAX_COMBINATIONS, Routing, value_of},
    skill::Requirement,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// A class's place in the index.
pub type ClassNo = usize;

/// What the brain looks up while deciding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    queues: Vec<QueueRule>,
    entries: BTreeMap<String, EntryPlan>,
    classes: Vec<Class>,
    /// The classes of each agent, by number.
    agents: Vec<AgentRule>,
    routing: Routing,
    attributes: Vec<AttributePlan>,
}

/// A requirement and a strategy, and the queue where the strategy looks at it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Class {
    needs: Requirement,
    strategy: Strategy,
    queue: Option<QueueNo>,
}

/// A queue's rules with its classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueRule {
    /// As in the plan; the last one known if the queue was retired.
    pub plan: QueuePlan,
    /// The attributes its requirements speak of, by their place in the plan.
    variables: Vec<usize>,
    /// Its classes, by step (`needs` first), then by combination of values.
    classes: Vec<Vec<ClassNo>>,
}

/// An agent's rules with her classes; none if she was retired.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentRule {
    /// `None` if she is not in the plan any more.
    pub terms: Option<Terms>,
    /// Her place in the order of the file.
    pub place: u32,
    /// The classes she may serve, ascending.
    pub seats: Box<[Seat]>,
}

/// What is looked up of an agent's plan; her skills have become her seats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// When she counts as present.
    pub presence: Presence,
    /// Where she accepts.
    pub answer: Answer,
    /// Her share of the calls.
    pub weight: u32,
    /// Her own least time between two calls.
    pub rest: Option<Duration>,
    /// Her own ceiling, in thousandths.
    pub max_occupancy: Option<u16>,
}

/// An agent's part in a class she may serve. Small, since an agent may have many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    class: u32,
    /// The strategy of the class.
    pub strategy: Strategy,
    /// [`Requirement::fit`] of her skills.
    pub fit: u8,
}

impl Seat {
    /// Which class.
    #[must_use]
    pub const fn class(&self) -> ClassNo {
        self.class as ClassNo
    }
}

impl QueueRule {
    /// Its classes before any step, one for each combination of values.
    #[must_use]
    pub fn first_classes(&self) -> &[ClassNo] {
        self.classes.first().map_or(&[], Vec::as_slice)
    }
}

impl AgentRule {
    /// Her share of the calls.
    #[must_use]
    pub fn weight(&self) -> u32 {
        self.terms.map_or(1, |terms| terms.weight)
    }
    /// Whether she is among those of a class.
    #[must_use]
    pub fn may_serve(&self, class: ClassNo) -> bool {
        self.seats.binary_search_by_key(&class, Seat::class).is_ok()
    }
}

impl Rules {
    /// Compiles the plan. Queues that left it keep their last rules for the calls still in them.
    #[must_use]
    pub fn compile(plan: &Plan, directory: &Directory, before: &Self) -> Self {
        let mut rules = Self {
            queues: before.queues.clone(),
            routing: plan.routing.clone(),
            attributes: plan.attributes.clone(),
            ..Self::default()
        };
        for queue in &plan.queues {
            rules.set_queue(queue, directory);
        }
        rules.number_classes();
        rules.entries = plan.entries.iter().map(|entry| (entry.number.clone(), entry.clone())).collect();
        rules.agents = vec![AgentRule::default(); directory.agent_count()];
        for (agent, place) in plan.agents.iter().zip(0..) {
            rules.set_agent(agent, place, directory);
        }
        rules
    }

    /// Compiles the plan anew, over the last rules of every queue ever numbered, in the order of their numbers.
    #[must_use]
    pub fn again(queues: impl Iterator<Item = QueuePlan>, plan: &Plan, directory: &Directory) -> Self {
        let queues = queues.map(QueueRule::new).collect();
        Self::compile(plan, directory, &Self { queues, ..Self::default() })
    }

    fn set_queue(&mut self, plan: &QueuePlan, directory: &Directory) {
        let Some(no) = directory.queue_no(&plan.name) else { return };
        let rule = QueueRule::new(plan.clone());
        if no.index() < self.queues.len() {
            self.queues[no.index()] = rule;
        } else {
            // The directory numbers queues in this very order, so the next free place is its own.
            self.queues.push(rule);
        }
    }

    /// Gives every queue its classes; those that ask for the same get the same.
    fn number_classes(&mut self) {
        let mut numbers = BTreeMap::new();
        for (queue, no) in self.queues.iter_mut().zip((0..).map(QueueNo)) {
            queue.variables = variables(&queue.plan, &self.attributes);
            let (strategy, of) = (queue.plan.strategy, &queue.variables);
            let class_of = |needs: &Requirement, combination: usize| {
                let resolved = resolve(needs, of, combination, &self.attributes);
                let queue = (strategy == Strategy::Fastest).then_some(no);
                let next = numbers.len();
                *numbers.entry(Class { needs: resolved, strategy, queue }).or_insert(next)
            };
            queue.classes = classes(&queue.plan, combinations(of, &self.attributes), class_of);
        }
        let mut by_number: Vec<(Class, ClassNo)> = numbers.into_iter().collect();
        by_number.sort_unstable_by_key(|&(_, number)| number);
        self.classes = by_number.into_iter().map(|(class, _)| class).collect();
    }

    fn set_agent(&mut self, plan: &AgentPlan, place: u32, directory: &Directory) {
        let Some(no) = directory.agent_no(&plan.id) else { return };
        let able = (0_u32..).zip(&self.classes).filter(|(_, class)| class.needs.is_met_by(&plan.skills));
        let seat = |(class, of): (u32, &Class)| Seat {
            class,
            strategy: of.strategy,
            fit: of.needs.fit(&plan.skills),
        };
        let seats = able.map(seat).collect();
        let AgentPlan { presence, answer, weight, rest, max_occupancy, .. } = *plan;
        let terms = Some(Terms { presence, answer, weight, rest, max_occupancy });
        self.agents[no.index()] = AgentRule { terms, place, seats };
    }

    /// The rules of a queue.
    #[must_use]
    pub fn queue(&self, no: QueueNo) -> Option<&QueueRule> {
        self.queues.get(no.index())
    }
    /// The last rules of every queue ever numbered, by number.
    pub fn queue_plans(&self) -> impl Iterator<Item = &QueuePlan> {
        self.queues.iter().map(|queue| &queue.plan)
    }
    /// The rules of an agent.
    #[must_use]
    pub fn agent(&self, no: AgentNo) -> Option<&AgentRule> {
        self.agents.get(no.index())
    }
    /// The terms of an agent in the plan.
    #[must_use]
    pub fn terms(&self, no: AgentNo) -> Option<Terms> {
        self.agent(no)?.terms
    }
    /// The queue of a class whose strategy looks at it.
    #[must_use]
    pub fn queue_of(&self, seat: &Seat) -> Option<QueueNo> {
        self.classes.get(seat.class()).and_then(|class| class.queue)
    }
    /// What a class asks for.
    #[must_use]
    pub fn needs(&self, class: ClassNo) -> Option<&Requirement> {
        self.classes.get(class).map(|class| &class.needs)
    }
    /// What holds for all.
    #[must_use]
    pub const fn routing(&self) -> &Routing {
        &self.routing
    }
    /// Where a dialled number leads: its own entry, else the `*` entry.
    #[must_use]
    pub fn entry(&self, dialled: &str) -> Option<&EntryPlan> {
        self.entries.get(dialled).or_else(|| self.entries.get("*"))
    }
    /// How many classes there are.
    #[must_use]
    pub const fn class_count(&self) -> usize {
        self.classes.len()
    }
    /// The class of a call that has come to this step in a queue; `needs` is step 0.
    #[must_use]
    pub fn class(&self, queue: QueueNo, step: u8, known: &Attributes) -> Option<ClassNo> {
        let rule = self.queue(queue)?;
        let steps = rule.classes.get(usize::from(step)).or_else(|| rule.classes.last())?;
        if rule.variables.is_empty() {
            return steps.first().copied();
        }
        if bug!(ValuesIgnored) {
            return steps.first().copied();
        }
        steps.get(combination(&rule.variables, known, &self.attributes)).copied()
    }
    /// The class of a call in its visit.
    #[must_use]
    pub fn class_of(&self, call: &Call) -> Option<ClassNo> {
        let visit = call.visit.as_ref()?;
        self.class(visit.queue, visit.step, &call.attributes)
    }
    /// Every class of a queue.
    #[must_use]
    pub fn classes_of(&self, queue: QueueNo) -> BTreeSet<ClassNo> {
        self.queue(queue).into_iter().flat_map(|rule| rule.classes.iter().flatten().copied()).collect()
    }
    /// The place of a call among all that wait.
    #[must_use]
    pub fn rank(&self, call: &Call) -> Rank {
        let queue = call.visit.and_then(|visit| self.queue(visit.queue));
        rank(call, queue.map_or(Duration::ZERO, |queue| queue.plan.answer_within), &self.routing)
    }
}

impl QueueRule {
    fn new(plan: QueuePlan) -> Self {
        Self { plan, variables: Vec::new(), classes: Vec::new() }
    }
    /// When the step after this one begins, as waiting time; none behind the last.
    #[must_use]
    pub fn next_step(&self, step: u8) -> Option<Duration> {
        self.plan.steps.get(usize::from(step)).map(|step| step.after)
    }
    /// The step that holds after so much waiting.
    #[must_use]
    pub fn step_at(&self, waited: Duration) -> u8 {
        let passed = self.plan.steps.iter().take_while(|step| step.after <= waited).count();
        u8::try_from(passed).unwrap_or(u8::MAX)
    }
}

/// The classes of a queue, by step, then by combination.
fn classes(
    plan: &QueuePlan,
    combinations: usize,
    mut class_of: impl FnMut(&Requirement, usize) -> ClassNo,
) -> Vec<Vec<ClassNo>> {
    let needs = [&plan.needs].into_iter().chain(plan.steps.iter().map(|step| &step.needs));
    needs.map(|needs| (0..combinations).map(|each| class_of(needs, each)).collect()).collect()
}

/// The attributes that a queue's requirements speak of.
fn variables(plan: &QueuePlan, attributes: &[AttributePlan]) -> Vec<usize> {
    let needs = [&plan.needs].into_iter().chain(plan.steps.iter().map(|step| &step.needs));
    let spoken: BTreeSet<&str> = needs.flat_map(Requirement::variables).collect();
    let is_spoken = |(_, attribute): &(usize, &AttributePlan)| spoken.contains(attribute.name.as_str());
    attributes.iter().enumerate().filter(is_spoken).map(|(place, _)| place).collect()
}

/// How many combinations of values these attributes have.
fn combinations(variables: &[usize], attributes: &[AttributePlan]) -> usize {
    let each = variables.iter().map(|&of| attributes[of].values.len().max(1));
    each.fold(1, usize::saturating_mul).min(MAX_COMBINATIONS)
}

/// The number of the combination that a call has.
fn combination(variables: &[usize], known: &Attributes, attributes: &[AttributePlan]) -> usize {
    let number = variables.iter().fold(0_usize, |number, &of| {
        let attribute = &attributes[of];
        let value = value_of(attribute, known);
        let place = attribute.values.iter().position(|other| other == value).unwrap_or(0);
        number.saturating_mul(attribute.values.len()).saturating_add(place)
    });
    number.min(MAX_COMBINATIONS - 1)
}

/// The requirement with the values of a combination in the place of its variables.
fn resolve(
    needs: &Requirement,
    variables: &[usize],
    combination: usize,
    attributes: &[AttributePlan],
) -> Requirement {
    let mut rest = combination;
    let mut values = BTreeMap::new();
    for attribute in variables.iter().rev().map(|&of| &attributes[of]) {
        let count = attribute.values.len().max(1);
        values.extend(
            attribute.values.get(rest % count).map(|value| (attribute.name.as_str(), value.as_str())),
        );
        rest /= count;
    }
    needs.resolve(|name| values.get(name).copied())
}
