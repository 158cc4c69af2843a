//! Remembers an agent's commands, so that one that is sent twice is done once.

use crate::words;
use acd::Wish;
use protocol::{COMMANDS_PER_SECOND, CommandId, IDEMPOTENCY_S, Reply};
use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};
use tokio::time::Instant;

/// Commands remembered for one agent: more than a person gives in ten minutes.
pub(super) const MAX_REMEMBERED: usize = 1_024;
const KEPT: Duration = Duration::from_secs(IDEMPOTENCY_S);

/// One agent's commands of the last ten minutes, and how many more she may send now.
pub(super) struct Memory {
    commands: BTreeMap<CommandId, Command>,
    order: VecDeque<(Instant, CommandId)>,
    allowance: f64,
    counted: Instant,
}

struct Command {
    at: Instant,
    /// Where the reply goes.
    session: u64,
    /// What is asked for, if it is another state.
    wish: Option<Wish>,
    reply: Option<Kept>,
}

/// A reply, in as few octets as it can be made from again: thousands are kept for ten minutes.
enum Kept {
    Done { pending: bool },
    Other(Box<Reply>),
}

impl Kept {
    fn of(reply: Reply) -> Self {
        let is_done = |pending: &bool| reply == words::done(reply.id.clone(), *pending);
        match [false, true].into_iter().find(is_done) {
            Some(pending) => Self::Done { pending },
            None => Self::Other(Box::new(reply)),
        }
    }
    fn reply(&self, id: &CommandId) -> Reply {
        match self {
            Self::Done { pending } => words::done(id.clone(), *pending),
            Self::Other(reply) => Reply::clone(reply),
        }
    }
}

/// How a command was met.
pub(super) enum Met {
    /// For the first time: do it.
    New,
    /// Again, and the brain has not answered yet: the answer will go to where it was sent from last.
    Waiting,
    /// Again: the reply it had.
    Done(Reply),
}

impl Memory {
    pub(super) fn new(now: Instant) -> Self {
        let allowance = f64::from(COMMANDS_PER_SECOND);
        Self { commands: BTreeMap::new(), order: VecDeque::new(), allowance, counted: now }
    }

    /// Counts a command; false when there were too many.
    pub(super) fn allows(&mut self, now: Instant) -> bool {
        let most = f64::from(COMMANDS_PER_SECOND);
        let earned = now.duration_since(self.counted).as_secs_f64() * most;
        self.allowance = (self.allowance + earned).min(most);
        self.counted = now;
        let allowed = self.allowance >= 1.0;
        if allowed {
            self.allowance -= 1.0;
        }
        allowed
    }

    /// A command came in.
    pub(super) fn meet(&mut self, id: &CommandId, session: u64, now: Instant) -> Met {
        self.forget_old(now);
        if let Some(command) = self.commands.get_mut(id) {
            command.session = session;
            return command.reply.as_ref().map_or(Met::Waiting, |kept| Met::Done(kept.reply(id)));
        }
        self.commands.insert(id.clone(), Command { at: now, session, wish: None, reply: None });
        self.order.push_back((now, id.clone()));
        Met::New
    }

    /// Notes what a command asks for.
    pub(super) fn asks_for(&mut self, id: &CommandId, wish: Wish) {
        if let Some(command) = self.commands.get_mut(id) {
            command.wish = Some(wish);
        }
    }

    /// A command has its reply: says where it goes, and what it had asked for.
    pub(super) fn finish(&mut self, id: &CommandId, reply: Reply) -> Option<(u64, Option<Wish>)> {
        let command = self.commands.get_mut(id).filter(|command| command.reply.is_none())?;
        command.reply = Some(Kept::of(reply));
        Some((command.session, command.wish.take()))
    }

    /// A command was not taken for now: the same id may try again.
    pub(super) fn forget(&mut self, id: &CommandId) {
        self.commands.remove(id);
    }

    fn forget_old(&mut self, now: Instant) {
        while let Some((at, id)) = self.order.front() {
            if self.order.len() <= MAX_REMEMBERED && now.duration_since(*at) < KEPT {
                return;
            }
            // A command that was forgotten and came again stands in the order twice.
            if self.commands.get(id).is_some_and(|command| command.at == *at) {
                self.commands.remove(id);
            }
            self.order.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> CommandId {
        CommandId(text.into())
    }

    #[tokio::test(start_paused = true)]
    async fn a_command_sent_twice_is_done_once_and_answered_alike() {
        let mut memory = Memory::new(Instant::now());
        assert!(matches!(memory.meet(&id("a"), 1, Instant::now()), Met::New));
        assert!(matches!(memory.meet(&id("a"), 2, Instant::now()), Met::Waiting));
        let (session, _) = memory.finish(&id("a"), words::done(id("a"), false)).unwrap();
        assert_eq!(session, 2, "the reply goes to where it was asked for last");
        assert!(matches!(memory.meet(&id("a"), 3, Instant::now()), Met::Done(reply) if reply.ok));
        assert!(memory.finish(&id("a"), words::done(id("a"), false)).is_none(), "only once");
    }

    #[tokio::test(start_paused = true)]
    async fn every_reply_is_the_same_again() {
        let fault = protocol::Fault { code: "no".into(), message: "No.".into(), retryable: true };
        let other = Reply { id: id("d"), ok: true, data: Some(7.into()), error: None };
        let replies =
            [words::done(id("a"), false), words::done(id("b"), true), words::refused(id("c"), fault), other];
        let mut memory = Memory::new(Instant::now());
        for reply in replies {
            memory.meet(&reply.id, 1, Instant::now());
            memory.finish(&reply.id, reply.clone()).unwrap();
            let Met::Done(again) = memory.meet(&reply.id, 1, Instant::now()) else { panic!("{reply:?}") };
            assert_eq!(again, reply);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn ten_minutes_later_it_is_a_new_command() {
        let mut memory = Memory::new(Instant::now());
        assert!(matches!(memory.meet(&id("a"), 1, Instant::now()), Met::New));
        tokio::time::advance(KEPT - Duration::from_secs(1)).await;
        assert!(matches!(memory.meet(&id("a"), 1, Instant::now()), Met::Waiting));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(matches!(memory.meet(&id("a"), 1, Instant::now()), Met::New));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_remembered_is_bounded() {
        let mut memory = Memory::new(Instant::now());
        for n in 0..5 * MAX_REMEMBERED {
            memory.meet(&id(&n.to_string()), 1, Instant::now());
        }
        assert!(memory.commands.len() <= MAX_REMEMBERED + 1 && memory.order.len() <= MAX_REMEMBERED + 1);
    }

    #[tokio::test(start_paused = true)]
    async fn fifty_commands_a_second_are_allowed() {
        let mut memory = Memory::new(Instant::now());
        assert!((0..50).all(|_| memory.allows(Instant::now())));
        assert!(!memory.allows(Instant::now()));
        tokio::time::advance(Duration::from_millis(20)).await;
        assert!(memory.allows(Instant::now()) && !memory.allows(Instant::now()));
    }
}
