//! Queues as the floor shows them.

use super::{Model, Stage};
use crate::{
    follower::{
        floor::QueueView,
        outlook::{Outlook, QueueOutlook},
    },
    records::Name,
};
use acd::{AgentState, QueueNo, expect::Ewt};
use std::time::Duration;

impl Model {
    /// Queues of the plan, and others in which somebody still is.
    pub(super) fn queue_views(&self, outlook: &Outlook) -> Vec<QueueView> {
        let mut views = self.empty_views();
        for visit in self.visits.values() {
            let Some(view) = views.get_mut(visit.queue.index()) else { continue };
            match visit.stage {
                Stage::Connected { .. } | Stage::Held { .. } => {
                    view.connected += 1;
                    continue;
                }
                Stage::Offered { .. } => view.offered += 1,
                Stage::Queued => {}
            }
            view.waiting += 1;
            view.oldest = Some(view.oldest.map_or(visit.entered, |oldest| oldest.min(visit.entered)));
        }
        for (agent, queues) in &self.serves {
            let Some(now) = self.agents.get(agent.index()) else { continue };
            for queue in queues {
                let Some(view) = views.get_mut(queue.index()) else { continue };
                view.ready += usize::from(matches!(now.state, AgentState::Ready { .. }));
                view.staffed += usize::from(now.state != AgentState::LoggedOut);
            }
        }
        look_ahead(&mut views, outlook);
        let in_plan = |name: &str| self.plan.queues.iter().any(|queue| queue.name == name);
        views.retain(|view| view.waiting + view.connected > 0 || in_plan(&view.queue));
        views
    }

    fn empty_views(&self) -> Vec<QueueView> {
        self.queue_names.iter().map(empty).collect()
    }
}

/// Tells of each queue how long a caller who entered now would wait; `views` stand in the order of their numbers.
fn look_ahead(views: &mut [QueueView], outlook: &Outlook) {
    let queued = |view: &QueueView| u32::try_from(view.waiting - view.offered).unwrap_or(u32::MAX);
    let waiting = views.iter().zip(0..).map(|(view, no)| (QueueNo(no), queued(view)));
    let outlooks = outlook.of(waiting);
    for (view, outlook) in views.iter_mut().zip(outlooks) {
        view.outlook = outlook;
        if view.ready > 0 && view.waiting == view.offered {
            view.outlook.ewt = Ewt::Time { p50: Duration::ZERO, p80: Duration::ZERO };
        }
    }
}

fn empty(name: &Name) -> QueueView {
    let (queue, outlook) =
        (Name::clone(name), QueueOutlook { ewt: Ewt::Place(1), coverage: None, loss: None });
    QueueView { queue, waiting: 0, offered: 0, connected: 0, oldest: None, ready: 0, staffed: 0, outlook }
}
