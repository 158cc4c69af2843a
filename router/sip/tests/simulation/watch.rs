//! Looks at every datagram of the stack, as a protocol analyser would.

use crate::rig::{Store, text};
use sip::wire::{Message, Method};
use std::collections::{HashMap, HashSet};

/// Call-ID, the stack's tag and the peer's: an INVITE that comes late, after a restart, makes another dialog of the same call.
type Dialog = [String; 3];

/// The dialog of a message in which the stack's tag is in From, or in To.
fn dialog(message: &Message, ours_in_from: bool) -> Dialog {
    let (from, to) = (message.from_tag(), message.to_tag());
    let (ours, theirs) = if ours_in_from { (from, to) } else { (to, from) };
    [message.call_id(), ours.unwrap_or_default(), theirs.unwrap_or_default()]
        .map(|part| text(part).to_owned())
}

#[derive(Default)]
pub struct Watch {
    /// The highest CSeq the stack has used in a dialog.
    last: HashMap<Dialog, u32>,
    /// CSeq of its requests, by branch.
    requests: HashMap<String, u32>,
    /// Dialogs the stack has ended, or seen ended.
    ended: HashSet<Dialog>,
    /// The same before a restart.
    ended_before: HashSet<Dialog>,
    /// Branches of INVITEs a provisional response has reached.
    ringing: HashSet<String>,
    /// Final responses to INVITEs, by branch.
    finals: HashMap<String, u16>,
}

impl Watch {
    /// The stack begins again with what is `stored`: a dialog may be ended once more, an INVITE answered otherwise, and what
    /// rang is not known.
    pub fn restarted(&mut self, stored: &Store) {
        self.ended_before.extend(self.ended.drain());
        self.finals.clear();
        for record in stored.legs.values() {
            let others = record.others.iter().map(|other| &other.invite);
            for invite in std::iter::once(&record.invite).chain(others) {
                let invite = Message::parse(invite.clone()).unwrap();
                self.ringing.insert(text(invite.top_via().branch().unwrap()).to_owned());
            }
        }
    }
    /// The stack gets this.
    pub fn got(&mut self, message: &Message) {
        let branch = text(message.top_via().branch().unwrap_or_default()).to_owned();
        if message.method() == Method::Invite && message.status().is_some_and(|status| status < 200) {
            self.ringing.insert(branch);
        }
        if message.method() == Method::Bye && message.status() == Some(401) {
            // It did not end its dialog: it may be said again, signed.
            self.ended.remove(&dialog(message, true));
        }
    }
    /// The stack sends this.
    pub fn sent(&mut self, message: &Message, seed: u64) {
        let branch = text(message.top_via().branch().unwrap_or_default()).to_owned();
        match message.status() {
            Some(status) => self.response(message, status, branch, seed),
            None => self.request(message, branch, seed),
        }
    }
    fn request(&mut self, message: &Message, branch: String, seed: u64) {
        let dialog = dialog(message, true);
        let (seq, method) = message.cseq();
        if method == Method::Cancel {
            assert!(self.ringing.contains(&branch), "seed {seed}: CANCEL before any provisional response");
            return;
        }
        if method == Method::Ack {
            return;
        }
        if let Some(before) = self.requests.insert(branch, seq) {
            assert_eq!(before, seq, "seed {seed}: {method} repeated under another number in {dialog:?}");
            return;
        }
        let before = self.last.get(&dialog).copied().unwrap_or_default();
        // Who has heard a BYE hears no other, so that may be said again.
        let said_again = method == Method::Bye && self.ended_before.contains(&dialog) && seq == before;
        assert!(seq > before || said_again, "seed {seed}: {method} {seq} after {before} in {dialog:?}");
        assert!(!self.ended.contains(&dialog), "seed {seed}: {method} in a dialog that has ended");
        let again = method == Method::Bye || !self.ended_before.contains(&dialog);
        assert!(again, "seed {seed}: {method} in a dialog that had ended");
        if method == Method::Bye {
            self.ended.insert(dialog.clone());
        }
        self.last.insert(dialog, seq);
    }
    fn response(&mut self, message: &Message, status: u16, branch: String, seed: u64) {
        if message.method() == Method::Bye && status == 200 {
            self.ended.insert(dialog(message, false));
        }
        if message.method() == Method::Invite && status >= 200 {
            let first = *self.finals.entry(branch).or_insert(status);
            // One that came out of order is kept nowhere: again, it may meet a dialog that has ended meanwhile.
            // So is one that would take the place of a dialog which has just ended.
            let kept_nowhere = [(500, 481), (603, 481)].contains(&(first, status));
            assert!(
                first == status || kept_nowhere,
                "seed {seed}: two final responses to one INVITE: {first}, {status}"
            );
        }
    }
}
