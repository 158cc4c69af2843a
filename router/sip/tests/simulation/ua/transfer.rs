//! A phone whose user gives the caller away, and what it is told about that.

use super::{State, Ua};
use crate::rig::{header, text};
use sip::{
    Micros,
    wire::{Message, Method, Name},
};

/// A caller given away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gift {
    silent: bool,
    accepted: bool,
    /// Statuses in the reports, by their order in the dialog.
    reports: Vec<(u32, u16)>,
    /// The phone hung up before it had heard everything.
    cut_off: bool,
}

impl Gift {
    pub fn cut_off(self) -> Self {
        Self { cut_off: true, ..self }
    }
    /// Whether the phone was told what it had to be told.
    pub fn is_right(&self, fair: bool) -> bool {
        let mut reports = self.reports.clone();
        reports.sort_unstable();
        let told: Vec<u16> = reports.iter().map(|(_, status)| *status).collect();
        let whole = !self.accepted || self.silent || self.cut_off || !fair || told == [100, 200];
        let nothing_false = [&[][..], &[100], &[200], &[100, 200]].contains(&&told[..]);
        whole && nothing_false && (told.is_empty() || !self.silent)
    }
    pub const fn is_accepted(&self) -> bool {
        self.accepted
    }
}

impl Ua {
    pub(super) fn refer(&mut self, silent: bool, now: Micros) {
        if self.state != State::Up || self.gift.is_some() {
            return;
        }
        let more = if silent { "Refer-Sub: false\r\n" } else { "" };
        let refer = self.peer.next(Method::Refer, &format!("Refer-To: <sip:1600@elsewhere>\r\n{more}"), "");
        self.gift = Some(Gift { silent, ..Gift::default() });
        self.ask(refer, Method::Refer, now);
    }
    pub(super) fn refer_finished(&mut self, response: &Message, status: u16) {
        let Some(gift) = &mut self.gift else { return };
        gift.accepted = status == 202;
        assert!(gift.accepted || status >= 300, "{status}");
        if gift.accepted && gift.silent {
            assert_eq!(header(response, Name::ReferSub), "false");
        }
    }
    pub(super) fn on_notify(&mut self, notify: &Message, now: Micros) {
        if self.state == State::Over {
            return self.give(notify, 481, "", now);
        }
        let gift = self.gift.as_mut().expect("a report that nobody asked for");
        assert_eq!(header(notify, Name::Event), "refer");
        let report = notify.body();
        let line = text(&report).strip_prefix("SIP/2.0 ").unwrap();
        let status = line.split(' ').next().unwrap().parse().unwrap();
        let last = header(notify, Name::SubscriptionState).starts_with("terminated");
        assert_eq!(last, status >= 200, "{status}");
        gift.reports.push((notify.cseq().0, status));
        self.give(notify, 200, "", now);
    }
}
