//! How many calls a trunk has and an entry has, how fast new ones come, and whether one more may.

use crate::{CallKey, Config, Limit, Micros, Rejected, limiter::Bucket};
use std::{collections::HashMap, sync::Arc};

/// What calls of all trunks and to all entries have used up. Knows only names of the configuration: its size does not
/// depend on what anybody sends.
#[derive(Default)]
pub(crate) struct Quotas {
    all: Bucket,
    trunks: HashMap<Arc<str>, Used>,
    entries: HashMap<Arc<str>, Used>,
    /// By call: its trunk and its entry.
    held: HashMap<CallKey, (Arc<str>, Arc<str>)>,
}

/// What is used of one limit.
#[derive(Clone, Copy, Default)]
struct Used {
    calls: u32,
    bucket: Bucket,
}

impl Used {
    fn has_room(self, limit: Limit, now: Micros) -> bool {
        limit.calls.is_none_or(|most| self.calls < most)
            && limit.per_second.is_none_or(|rate| self.bucket.has(rate, now))
    }
    fn take(&mut self, limit: Limit, now: Micros) {
        self.calls += 1;
        if let Some(rate) = limit.per_second {
            self.bucket.take(rate, now);
        }
    }
}

impl Quotas {
    /// Whether one more call may come as far as the whole node is concerned.
    pub(crate) fn has_room(&self, config: &Config, now: Micros) -> bool {
        config.max_calls_per_second.is_none_or(|rate| self.all.has(rate, now))
    }
    /// Whether one more call of the trunk may come to the entry.
    ///
    /// # Errors
    ///
    /// Whose limit is reached. Nothing is used up then.
    pub(crate) fn admits(
        &self,
        config: &Config,
        (trunk, entry): (&str, &str),
        now: Micros,
    ) -> Result<(), Rejected> {
        let used = |of: &HashMap<Arc<str>, Used>, name| of.get(name).copied().unwrap_or_default();
        if !used(&self.trunks, trunk).has_room(config.limit_of_trunk(trunk), now) {
            return Err(Rejected::TrunkLimit);
        }
        if !used(&self.entries, entry).has_room(config.entries.limit(entry), now) {
            return Err(Rejected::EntryLimit);
        }
        Ok(())
    }
    /// A call of the trunk to the entry has begun.
    pub(crate) fn begun(
        &mut self,
        call: CallKey,
        config: &Config,
        (trunk, entry): (&str, &str),
        now: Micros,
    ) {
        if let Some(rate) = config.max_calls_per_second {
            self.all.take(rate, now);
        }
        let trunk = take(&mut self.trunks, trunk, config.limit_of_trunk(trunk), now);
        let entry = take(&mut self.entries, entry, config.entries.limit(entry), now);
        self.held.insert(call, (trunk, entry));
    }
    /// A call from before a restart goes on: it counts, but is not a new one.
    pub(crate) fn go_on(&mut self, call: CallKey, config: &Config, (trunk, dialled): (&str, &str)) {
        let (false, Some(entry)) = (trunk.is_empty(), config.entries.of(dialled)) else { return };
        let (trunk, entry) = (count(&mut self.trunks, trunk), count(&mut self.entries, entry));
        self.held.insert(call, (trunk, entry));
    }
    /// A call is over.
    pub(crate) fn ended(&mut self, call: CallKey) {
        let Some((trunk, entry)) = self.held.remove(&call) else { return };
        for used in [self.trunks.get_mut(&trunk), self.entries.get_mut(&entry)].into_iter().flatten() {
            used.calls -= 1;
        }
    }
}

fn count(all: &mut HashMap<Arc<str>, Used>, name: &str) -> Arc<str> {
    let name = all.get_key_value(name).map_or_else(|| Arc::from(name), |(known, _)| Arc::clone(known));
    all.entry(Arc::clone(&name)).or_default().calls += 1;
    name
}

fn take(all: &mut HashMap<Arc<str>, Used>, name: &str, limit: Limit, now: Micros) -> Arc<str> {
    let name = all.get_key_value(name).map_or_else(|| Arc::from(name), |(known, _)| Arc::clone(known));
    all.entry(Arc::clone(&name)).or_default().take(limit, now);
    name
}
