//! What the manager does to its nodes: only what the plan on the disk says, so that the next manager wants the same.

use std::time::Duration;

use super::{
    node::{Blow, Node, Run, State},
    plan::{Goal, KeptNode, Plan},
    supervisor::{Order, Supervisor},
};

impl Supervisor {
    /// Starts and stops nodes as `kept` says, the plan that the next manager would find. Returns the orders since the last
    /// time.
    pub fn act(&mut self, now: Duration, kept: &Plan) -> Vec<Order> {
        self.stop_empty(kept);
        self.start_due(now, kept);
        std::mem::take(&mut self.orders)
    }

    /// Stops nodes that are drained and empty, and those that have to leave. During a deploy empty ones of the old build wait:
    /// they may be called back. A second signal would end a node at once, so none is sent before a report says whether there
    /// was a first one.
    fn stop_empty(&mut self, kept: &Plan) {
        let is_deploying = self.plan.deploy.is_some();
        for (&number, node) in &mut self.nodes {
            let may_wait = is_deploying && node.build == self.plan.main.build;
            let (goal, is_kept) = (node.goal, kept.nodes.get(&number) == Some(&keep(node)));
            let Some(run) = node.run_mut().filter(|run| !run.is_stopped) else { continue };
            let has_to_end = match goal {
                Goal::Out => run.is_empty(),
                Goal::Empty => run.is_empty() && !may_wait,
                Goal::Leave => run.is_heard(),
                Goal::Serve => false,
            };
            if has_to_end && is_kept {
                run.is_stopped = true;
                self.orders.push(Order::Blow(number, Blow::Stop));
            }
        }
    }

    fn start_due(&mut self, now: Duration, kept: &Plan) {
        for (&number, node) in &mut self.nodes {
            let is_due = matches!(node.state, State::Waiting(until) if until <= now);
            if is_due && kept.nodes.get(&number) == Some(&keep(node)) {
                node.state = State::Running(Run::new(now));
                self.orders.push(Order::Start(number, node.build.clone()));
            }
        }
    }
}

/// A node as the plan has it.
pub(super) fn keep(node: &Node) -> KeptNode {
    KeptNode { build: node.build.clone(), goal: node.goal }
}
