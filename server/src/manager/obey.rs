//! How commands of an operator change what is wanted. Deploys are in `deploy.rs`.

use std::time::Duration;

use super::{
    command::Answer,
    node::State,
    plan::{Build, Goal, Share},
    supervisor::{NODES_MAX, Supervisor},
};

impl Supervisor {
    /// Wants this number of nodes. Those that were given up are tried again.
    pub fn scale_to(&mut self, nodes: u32, now: Duration) -> Answer {
        if nodes > NODES_MAX {
            return Err(format!("a machine has at most {NODES_MAX} nodes"));
        }
        if let Some(deploy) = &self.plan.deploy {
            return Err(format!("a deploy of {} is running: wait for its end", deploy.build.version));
        }
        self.plan.main.nodes = nodes;
        for node in self.nodes.values_mut().filter(|node| matches!(node.state, State::GivenUp)) {
            (node.state, node.restarts) = (State::Waiting(now), Default::default());
        }
        let sentence = format!("{nodes} nodes of {}", self.plan.main.build.version);
        self.tell(sentence.clone());
        Ok(sentence)
    }

    /// Wants this number of nodes of another build beside the others.
    pub fn put_beside(&mut self, build: Build, nodes: u32) -> Answer {
        if nodes > NODES_MAX {
            return Err(format!("a machine has at most {NODES_MAX} nodes"));
        }
        if build == self.plan.main.build {
            return Err(format!("{} is what all nodes run", build.version));
        }
        if self.is_deployed(&build) {
            return Err(format!("a deploy of {} is running: wait for its end", build.version));
        }
        let sentence = format!("{nodes} nodes of {} beside those of {}", build.version, self.plan.main.build.version);
        self.plan.beside = (nodes > 0).then_some(Share { build, nodes });
        self.tell(sentence.clone());
        Ok(sentence)
    }

    /// Lets a node take nobody new, and end when it is empty; or lets it take players again.
    pub fn drain_or_not(&mut self, name: &str, undo: bool, now: Duration) -> Answer {
        let found = self.nodes.keys().find(|number| self.node_name(**number) == name).copied();
        let node = found.and_then(|number| self.nodes.get_mut(&number));
        let Some(node) = node else { return Err(format!("this manager has no node {name}")) };
        let sentence = match (node.goal, undo) {
            (Goal::Leave, _) => return Err(format!("{name} stops already")),
            (Goal::Out, false) => return Err(format!("{name} is drained already")),
            (Goal::Serve | Goal::Empty, false) => {
                node.goal = Goal::Out;
                if node.run().is_none() {
                    node.state = State::Away;
                }
                format!("{name} drains, ends when it is empty, and stays away until `fleet drain {name} --undo`")
            }
            (Goal::Out, true) => {
                node.goal = Goal::Serve;
                match node.run() {
                    Some(run) if run.is_stopped => return self.undo_too_late(name, found),
                    Some(_) => {}
                    None => node.state = State::Waiting(now),
                }
                format!("{name} takes players again")
            }
            (Goal::Serve | Goal::Empty, true) => return Err(format!("{name} was not drained by an operator")),
        };
        self.tell(sentence.clone());
        Ok(sentence)
    }

    /// A node that was told to stop ends; the plan then has room for a new one.
    fn undo_too_late(&mut self, name: &str, number: Option<u32>) -> Answer {
        if let Some(node) = number.and_then(|number| self.nodes.get_mut(&number)) {
            node.goal = Goal::Leave;
        }
        Ok(format!("{name} is about to end, so another node takes its place"))
    }
}
