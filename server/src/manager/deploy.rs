//! Deploys: one new node for each old one, which goes on if the new build fails.

use std::time::Duration;

use super::{
    node::Node,
    plan::{Build, Deploy, Goal},
    supervisor::{Order, Supervisor},
};

/// Number of ends of the new build within a minute that withdraw it.
const ENDS_MAX: usize = 2;

impl Supervisor {
    /// Begins to replace the build of all nodes. `command` is the id of the command, for its answer.
    pub fn deploy(&mut self, build: Build, other_class: bool, command: String) {
        let refusal = match &self.plan.deploy {
            Some(deploy) => Some(format!("a deploy of {} is running: wait for its end", deploy.build.version)),
            None if self.plan.main.build == build => Some(format!("{} runs already", build.version)),
            None if self.plan.main.nodes == 0 => Some("there is no node to replace: `fleet scale` first".to_owned()),
            None => None,
        };
        if let Some(refusal) = refusal {
            return self.orders.push(Order::Answer(command, Err(refusal)));
        }
        self.tell(format!("{} takes the place of {}", build.version, self.plan.main.build.version));
        self.trial_since = None;
        self.plan.deploy = Some(Deploy { build, other_class, command });
    }

    /// Does the next step of a running deploy.
    pub(super) fn step_deploy(&mut self, now: Duration) {
        let Some(deploy) = self.plan.deploy.clone() else { return };
        if let Some(reason) = self.fault_of(&deploy, now) {
            return self.withdraw(&deploy, &reason);
        }
        let (old, wanted) = (self.plan.main.build.clone(), self.plan.main.nodes as usize);
        let count = |build: &Build, counts: fn(&Node) -> bool| {
            self.nodes.values().filter(|node| node.serves(build) && counts(node)).count()
        };
        let (new, proven, old_serving) =
            (count(&deploy.build, |_| true), count(&deploy.build, Node::is_proven), count(&old, |_| true));
        if old_serving > 0 && old_serving + proven > wanted {
            self.drain_emptiest(&old);
        } else if old_serving + proven < wanted {
            // A new node has ended: until it is back, an old one does its work.
            self.call_back(&old);
        }
        if new < wanted && proven == new {
            self.call_back_or_add(&deploy.build, now);
        }
        if proven < wanted || old_serving > 0 {
            self.trial_since = None;
        } else if now.saturating_sub(*self.trial_since.get_or_insert(now)) >= self.settings.trial() {
            self.finish(deploy);
        }
    }

    /// Why the new build has to go.
    fn fault_of(&self, deploy: &Deploy, now: Duration) -> Option<String> {
        let new = || self.nodes.iter().filter(|(_, node)| node.serves(&deploy.build));
        let ends: usize = new().map(|(_, node)| node.restarts.recent(now)).sum();
        if ends >= ENDS_MAX {
            let last = new().map(|(_, node)| &node.last_end).find(|how| !how.is_empty());
            return Some(format!("it ended {ends} times within a minute ({})", last.map_or("", String::as_str)));
        }
        if new().any(|(_, node)| node.run().is_some_and(|run| run.is_late(&self.settings, now))) {
            return Some(format!("it takes no players after {} s", self.settings.start_limit_s));
        }
        let of_old = self.nodes.values().filter(|node| node.build == self.plan.main.build).find_map(Node::report);
        let of_new = new().find_map(|(_, node)| node.report());
        let is_other = of_old.zip(of_new).is_some_and(|(old, new)| old.class != new.class);
        (is_other && !deploy.other_class).then(|| {
            "the clients of today could not play on it: its protocol, rules or components are others; deploy it with \
             --other-class when there are clients for it"
                .to_owned()
        })
    }

    /// Ends the nodes of the new build, and lets the old ones go on.
    fn withdraw(&mut self, deploy: &Deploy, reason: &str) {
        self.plan.deploy = None;
        let old = self.plan.main.build.clone();
        for node in self.nodes.values_mut().filter(|node| node.goal == Goal::Empty && node.build == old) {
            node.goal = Goal::Serve;
        }
        if self.plan.beside.as_ref().is_none_or(|beside| beside.build != deploy.build) {
            self.leave_all(&deploy.build);
        }
        let sentence = format!("{} is withdrawn: {reason}. {} goes on", deploy.build.version, old.version);
        self.tell(sentence.clone());
        self.orders.push(Order::Answer(deploy.command.clone(), Err(sentence)));
    }

    /// The new build has proven itself: the old nodes end, as soon as their matches are over.
    fn finish(&mut self, deploy: Deploy) {
        let old = std::mem::replace(&mut self.plan.main.build, deploy.build.clone());
        self.plan.deploy = None;
        self.plan.beside.take_if(|beside| beside.build == deploy.build);
        if self.plan.beside.as_ref().is_none_or(|beside| beside.build != old) {
            self.leave_all(&old);
        }
        let sentence = format!("{} serves on {} nodes", deploy.build.version, self.plan.main.nodes);
        self.tell(sentence.clone());
        self.orders.push(Order::Answer(deploy.command, Ok(sentence)));
    }

    fn leave_all(&mut self, build: &Build) {
        let of_build = self.nodes.iter().filter(|(_, node)| node.build == *build && node.goal != Goal::Leave);
        let of_build: Vec<u32> = of_build.map(|(number, _)| *number).collect();
        of_build.into_iter().for_each(|number| self.leave(number));
    }
}
