//! Asks an rtpengine and hears its answers: cookies, resends, a deadline, and whether anybody is there.
//!
//! Pure: datagrams and the time come in, datagrams and outcomes go out. Nobody waits: a question has a ticket, under which
//! its outcome comes back. The same cookie goes with every resend, so that rtpengine does a thing once (it repeats its
//! answer).

use super::ng::{self, Question, Verdict};
use acd::Timestamp;
use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

/// When a question is asked again, after it was asked first.
const RESENDS: [Duration; 2] = [Duration::from_millis(150), Duration::from_millis(450)];
/// A question without an answer for so long has none. A caller waits for it.
const DEADLINE: Duration = Duration::from_millis(1_000);
/// Questions without an answer at the same time; beyond it the outcome is that nobody is there.
pub const MAX_OUTSTANDING: usize = 4_096;
/// Octets of a question: what one datagram over IPv4 takes. Beyond it the outcome is that nobody is there for it.
const MAX_QUESTION: usize = 65_507;
/// How often it is asked whether it is there.
const PROBE: Duration = Duration::from_secs(2);

/// Names a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// What became of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Which.
    pub ticket: Ticket,
    /// What was asked: the command.
    pub command: &'static str,
    /// What was said; none when nobody answered.
    pub verdict: Option<Verdict>,
}

/// The questions that are out.
#[derive(Debug)]
pub struct Client {
    /// Makes the cookies of this process its own.
    epoch: u64,
    next: u64,
    asked: BTreeMap<Ticket, Asked>,
    due: BTreeMap<(Timestamp, Ticket), ()>,
    sends: VecDeque<Vec<u8>>,
    outcomes: VecDeque<Outcome>,
    up: bool,
    heard: Timestamp,
    probe: Timestamp,
    /// The last ping: whether it is answered tells whether anybody is there.
    ping: Option<Ticket>,
}

#[derive(Debug)]
struct Asked {
    command: &'static str,
    datagram: Vec<u8>,
    since: Timestamp,
    resent: usize,
    due: Timestamp,
}

impl Client {
    /// Nobody is known to be there. `epoch` differs from process to process.
    #[must_use]
    pub const fn new(epoch: u64) -> Self {
        Self {
            epoch,
            next: 0,
            asked: BTreeMap::new(),
            due: BTreeMap::new(),
            sends: VecDeque::new(),
            outcomes: VecDeque::new(),
            up: false,
            heard: Timestamp(0),
            probe: Timestamp(0),
            ping: None,
        }
    }
    /// Whether it has answered lately.
    #[must_use]
    pub const fn is_up(&self) -> bool {
        self.up
    }
    /// Asks. While nobody is there the outcome is known at once, but for a ping.
    pub fn ask(&mut self, question: &Question, now: Timestamp) -> Ticket {
        let ticket = Ticket(self.next);
        self.next += 1;
        let command = question.command();
        let in_vain = !self.up && *question != Question::Ping;
        if in_vain || self.asked.len() == MAX_OUTSTANDING {
            self.outcomes.push_back(Outcome { ticket, command, verdict: None });
            return ticket;
        }
        let datagram = question.datagram(&format!("{:x}_{}", self.epoch, ticket.0));
        if datagram.len() > MAX_QUESTION {
            self.outcomes.push_back(Outcome { ticket, command, verdict: None });
            return ticket;
        }
        self.sends.push_back(datagram.clone());
        let due = now + RESENDS[0];
        self.due.insert((due, ticket), ());
        self.asked.insert(ticket, Asked { command, datagram, since: now, resent: 0, due });
        ticket
    }
    /// Whether a question has been sent, and has no outcome yet.
    #[must_use]
    pub fn is_out(&self, ticket: Ticket) -> bool {
        self.asked.contains_key(&ticket)
    }
    /// Takes a datagram of its.
    pub fn hear(&mut self, datagram: &[u8], now: Timestamp) {
        let Some((cookie, verdict)) = ng::read(datagram) else { return };
        let number = cookie.split_once('_').filter(|(epoch, _)| *epoch == format!("{:x}", self.epoch));
        let ticket = number.and_then(|(_, number)| number.parse().ok()).map(Ticket);
        // An answer to an answered question is the repeat of it.
        let Some((ticket, asked)) = ticket.and_then(|ticket| Some((ticket, self.take(ticket)?))) else {
            return;
        };
        (self.up, self.heard) = (true, now);
        self.outcomes.push_back(Outcome { ticket, command: asked.command, verdict: Some(verdict) });
    }
    /// The system says that nobody listens there.
    pub fn refused(&mut self) {
        self.lost();
    }
    /// Asks again, gives up, and asks whether anybody is there.
    pub fn expire(&mut self, now: Timestamp) {
        while let Some((&(due, ticket), ())) = self.due.first_key_value().filter(|((due, _), ())| *due <= now)
        {
            let Some(asked) = self.asked.get_mut(&ticket) else {
                self.due.remove(&(due, ticket));
                continue;
            };
            if now >= asked.since + DEADLINE {
                self.in_vain(ticket, now);
                continue;
            }
            self.due.remove(&(due, ticket));
            self.sends.push_back(asked.datagram.clone());
            asked.resent += 1;
            asked.due = asked.since + RESENDS.get(asked.resent).copied().unwrap_or(DEADLINE);
            self.due.insert((asked.due, ticket), ());
        }
        if now >= self.probe {
            self.probe = now + PROBE;
            self.ping = Some(self.ask(&Question::Ping, now));
        }
    }
    /// When [`Client::expire`] has something to do.
    #[must_use]
    pub fn next_deadline(&self) -> Timestamp {
        self.due.first_key_value().map_or(self.probe, |((due, _), ())| self.probe.min(*due))
    }
    /// The next datagram to send.
    pub fn take_send(&mut self) -> Option<Vec<u8>> {
        self.sends.pop_front()
    }
    /// The next outcome.
    pub fn take_outcome(&mut self) -> Option<Outcome> {
        self.outcomes.pop_front()
    }

    fn take(&mut self, ticket: Ticket) -> Option<Asked> {
        let asked = self.asked.remove(&ticket)?;
        self.due.remove(&(asked.due, ticket));
        Some(asked)
    }
    /// It did not answer this. That may be the question's fault, so it is asked at once whether it is there: when it has
    /// answered neither that nor anything else meanwhile, it is not.
    fn in_vain(&mut self, ticket: Ticket, now: Timestamp) {
        let Some(asked) = self.take(ticket) else { return };
        self.outcomes.push_back(Outcome { ticket, command: asked.command, verdict: None });
        if self.ping == Some(ticket) {
            if self.heard <= asked.since {
                self.lost();
            }
        } else if self.ping.is_none_or(|ping| !self.asked.contains_key(&ping)) {
            self.probe = now;
        }
    }
    /// Nobody is there: no caller waits for what will not come.
    fn lost(&mut self) {
        self.up = false;
        self.due.clear();
        let asked = std::mem::take(&mut self.asked);
        let outcome =
            |(ticket, asked): (Ticket, Asked)| Outcome { ticket, command: asked.command, verdict: None };
        self.outcomes.extend(asked.into_iter().map(outcome));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(ms: u64) -> Timestamp {
        Timestamp(ms * 1_000)
    }
    fn delete() -> Question {
        Question::Delete { call: "c".to_owned() }
    }
    fn sent(client: &mut Client) -> usize {
        std::iter::from_fn(|| client.take_send()).count()
    }
    /// A client whose rtpengine has answered a ping at 0 ms.
    fn up() -> Client {
        let mut client = Client::new(0xa);
        client.expire(at(0));
        assert!(!client.is_up() && sent(&mut client) == 1);
        client.hear(br#"a_0 {"result":"pong"}"#, at(0));
        assert!(client.is_up());
        assert_eq!(client.take_outcome().unwrap().verdict, Some(Verdict::Done));
        client
    }

    #[test]
    fn a_question_is_asked_again_under_its_cookie_until_it_is_answered() {
        let mut client = up();
        let ticket = client.ask(&delete(), at(10));
        let first = client.take_send().unwrap();
        client.expire(at(159));
        assert_eq!(client.take_send(), None);
        client.expire(at(160));
        assert_eq!(client.take_send(), Some(first), "rtpengine knows a duplicate by its cookie");
        client.hear(br#"a_1 {"result":"ok"}"#, at(170));
        client.hear(br#"a_1 {"result":"ok"}"#, at(170));
        let outcome = Outcome { ticket, command: "delete", verdict: Some(Verdict::Done) };
        assert_eq!((client.take_outcome(), client.take_outcome()), (Some(outcome), None));
        client.expire(at(1_900));
        assert_eq!((sent(&mut client), client.next_deadline()), (0, at(2_000)));
    }

    #[test]
    fn when_nobody_answers_everybody_is_told_and_nobody_waits_any_more() {
        let mut client = up();
        let tickets = [client.ask(&delete(), at(10)), client.ask(&delete(), at(500))];
        for ms in [160, 460, 1_009] {
            client.expire(at(ms));
        }
        assert_eq!(client.take_outcome(), None);
        client.expire(at(1_010)); // asks whether it is there
        let late = client.ask(&delete(), at(1_900));
        for ms in [1_160, 1_500, 2_009] {
            client.expire(at(ms));
        }
        assert!(client.is_up());
        client.expire(at(2_010));
        assert!(!client.is_up());
        for ticket in [tickets[0], tickets[1], Ticket(3), late] {
            let outcome = client.take_outcome().unwrap();
            assert_eq!((outcome.ticket, outcome.verdict), (ticket, None));
        }
        sent(&mut client);
        let ticket = client.ask(&delete(), at(2_100));
        assert_eq!(client.take_outcome().map(|outcome| outcome.ticket), Some(ticket), "known at once");
        assert_eq!(sent(&mut client), 0);
        client.expire(at(3_010));
        assert_eq!(sent(&mut client), 1, "a ping");
        client.hear(br#"a_6 {"result":"pong"}"#, at(3_011));
        assert!(client.is_up());
    }

    #[test]
    fn one_question_that_is_not_answered_is_not_everybodys() {
        let mut client = up();
        let mute = client.ask(&delete(), at(10));
        client.ask(&delete(), at(900));
        client.hear(br#"a_2 {"result":"ok"}"#, at(910));
        client.ask(&delete(), at(920));
        client.take_outcome().unwrap();
        for ms in [160, 460, 1_010] {
            client.expire(at(ms));
        }
        assert_eq!(
            client.take_outcome().map(|outcome| (outcome.ticket, outcome.verdict)),
            Some((mute, None))
        );
        assert!(client.take_outcome().is_none() && client.is_up());
    }

    #[test]
    fn a_closed_port_and_strange_answers() {
        let mut client = up();
        client.ask(&delete(), at(10));
        for strange in
            [&b"b_1 {\"result\":\"ok\"}"[..], b"a_9 {\"result\":\"ok\"}", b"a_x {\"result\":\"ok\"}"]
        {
            client.hear(strange, at(11));
        }
        assert_eq!(client.take_outcome(), None);
        client.refused();
        assert_eq!(client.take_outcome().map(|outcome| outcome.verdict), Some(None));
        assert!(!client.is_up());
    }

    #[test]
    fn what_fits_no_datagram_or_has_no_answer_is_not_everybodys() {
        let mut client = up();
        let call = "c".repeat(MAX_QUESTION);
        let large = client.ask(&Question::Delete { call }, at(10));
        let outcome = Outcome { ticket: large, command: "delete", verdict: None };
        assert_eq!((client.take_outcome(), sent(&mut client)), (Some(outcome), 0));
        let mute = client.ask(&delete(), at(10));
        let fine = client.ask(&delete(), at(100));
        (160..=1_010).step_by(50).for_each(|ms| client.expire(at(ms)));
        assert_eq!(client.take_outcome().map(|outcome| outcome.ticket), Some(mute));
        assert!(client.take_outcome().is_none() && client.is_up(), "nothing else is given up for it");
        client.hear(br#"a_4 {"result":"pong"}"#, at(1_020));
        client.hear(br#"a_3 {"result":"ok"}"#, at(1_030));
        let told = std::iter::from_fn(|| client.take_outcome()).map(|outcome| outcome.ticket);
        assert!(told.collect::<Vec<_>>().contains(&fine) && client.is_up());
    }

    #[test]
    fn an_answer_that_cannot_be_read_is_a_refusal() {
        let mut client = up();
        let ticket = client.ask(&delete(), at(10));
        client.hear(b"a_1 d6:result2:oke", at(20));
        let Some(Outcome { ticket: of, verdict: Some(Verdict::Refused(_)), .. }) = client.take_outcome()
        else {
            panic!("no refusal");
        };
        assert!(of == ticket && client.is_up());
    }

    #[test]
    fn a_full_house_is_told_so() {
        let mut client = up();
        for _ in 0..MAX_OUTSTANDING {
            client.ask(&delete(), at(10));
        }
        assert_eq!(client.take_outcome(), None);
        client.ask(&delete(), at(10));
        assert_eq!(client.take_outcome().map(|outcome| outcome.verdict), Some(None));
    }
}
