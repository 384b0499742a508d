//! What the manager does about its nodes: facts in, orders out. Time is a parameter, so that tests need none.
//!
//! Nothing is remembered about what was ordered: every step compares what is there with the [`Plan`], so that a manager that
//! was restarted in the middle of a deploy goes on with it. A node is started or stopped only as the plan on the disk says.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use super::{
    act::keep,
    node::{Blow, Node, Run, State},
    plan::{Build, Goal, KeptNode, Plan, Share},
    scale::Spare,
};
use crate::{
    config::ManagerSettings,
    control::{ControlRequest, NodeReport},
};

/// Largest number of a node: as many nodes as a machine has at most, those that follow them in a deploy, and others beside.
pub(super) const NUMBERS_MAX: u32 = 3 * NODES_MAX;
/// Largest number of nodes of a build.
pub(super) const NODES_MAX: u32 = 256;
/// Number of sentences that are kept for the status.
const TOLD_MAX: usize = 20;

/// What is to be done.
#[derive(Debug, PartialEq)]
pub(super) enum Order {
    /// Start the node of this number with this build.
    Start(u32, Build),
    /// Send its process a signal.
    Blow(u32, Blow),
    /// Ask it for something.
    Ask(u32, ControlRequest),
    /// Tell the operator that a node is given up.
    Alert(String),
    /// No node is given up any more.
    Resolve,
    /// The answer to a command is this sentence, and whether it was carried out.
    Answer(String, Result<String, String>),
}

/// The nodes of a machine, and what becomes of them.
pub(super) struct Supervisor {
    pub(super) settings: ManagerSettings,
    /// Name of the manager; its nodes are called like it, with their numbers.
    pub(super) name: String,
    pub(super) plan: Plan,
    pub(super) nodes: BTreeMap<u32, Node>,
    /// Since when a deployed build works everywhere.
    pub(super) trial_since: Option<Duration>,
    spare: Spare,
    pub(super) orders: Vec<Order>,
    told: VecDeque<String>,
    is_alert: bool,
}

impl Supervisor {
    /// The nodes of a plan. `is_there` says whether the process of a node was found.
    pub fn new(
        name: String,
        settings: ManagerSettings,
        plan: Plan,
        is_there: impl Fn(u32) -> bool,
        now: Duration,
    ) -> Self {
        let adopt = |(&number, kept): (&u32, &KeptNode)| {
            let state = match (is_there(number), kept.goal) {
                (true, _) => State::Running(Run::found(now)),
                (false, Goal::Serve) => State::Waiting(now),
                (false, Goal::Out) => State::Away,
                (false, Goal::Empty | Goal::Leave) => return None,
            };
            Some((number, Node { goal: kept.goal, state, ..Node::new(kept.build.clone(), now) }))
        };
        let nodes = plan.nodes.iter().filter_map(adopt).collect();
        Self {
            settings,
            name,
            plan,
            nodes,
            trial_since: None,
            spare: Spare::default(),
            orders: Vec::new(),
            told: VecDeque::new(),
            is_alert: false,
        }
    }

    /// The plan with its nodes as they are now, to be kept.
    pub fn plan(&mut self) -> &Plan {
        self.plan.nodes = self.nodes.iter().map(|(&number, node)| (number, keep(node))).collect();
        &self.plan
    }

    /// The nodes by their numbers.
    pub const fn nodes(&self) -> &BTreeMap<u32, Node> {
        &self.nodes
    }

    /// What happened last, newest last.
    pub fn told(&self) -> impl Iterator<Item = &String> {
        self.told.iter()
    }

    /// Name of the node of this number.
    pub fn node_name(&self, number: u32) -> String {
        format!("{}-{number}", self.name)
    }

    /// Notes a node's report; `None` if it did not answer.
    pub fn reported(&mut self, number: u32, report: Option<NodeReport>, now: Duration) {
        let Some(node) = self.nodes.get_mut(&number) else { return };
        let goal = node.goal;
        let Some(run) = node.run_mut() else { return };
        run.note(report, now);
        let is_draining = run.report.as_ref().map(|report| report.draining);
        match (goal, is_draining) {
            (Goal::Serve, Some(true)) => self.orders.push(Order::Ask(number, ControlRequest::TakePlayers)),
            (Goal::Empty | Goal::Out, Some(false)) => self.orders.push(Order::Ask(number, ControlRequest::MoveOut)),
            _ => {}
        }
    }

    /// Notes that the process of a node has ended, or could not be started.
    pub fn ended(&mut self, number: u32, how: &str, now: Duration) {
        let name = self.node_name(number);
        let Some(node) = self.nodes.get_mut(&number) else { return };
        let life = node.run().map_or(Duration::ZERO, |run| now.saturating_sub(run.since));
        how.clone_into(&mut node.last_end);
        match node.goal {
            Goal::Serve => match node.restarts.end(life, now) {
                Some(pause) => {
                    node.state = State::Waiting(now + pause);
                    self.tell(format!("{name} ended ({how}); it is started again in {:.1} s", pause.as_secs_f64()));
                }
                None => {
                    node.state = State::GivenUp;
                    self.give_up(&name, how);
                }
            },
            Goal::Out => {
                node.state = State::Away;
                self.tell(format!("{name} is empty and has ended ({how})"));
            }
            Goal::Empty | Goal::Leave => {
                self.nodes.remove(&number);
                self.tell(format!("{name} has ended ({how})"));
            }
        }
    }

    fn give_up(&mut self, name: &str, how: &str) {
        let sentence = format!(
            "{name} ended five times within a minute, the last time with {how}: it is not started again; look at its log, \
             then deploy a build that works, or start it with `fleet scale`"
        );
        self.is_alert = true;
        self.orders.push(Order::Alert(sentence.clone()));
        self.tell(sentence);
    }

    /// Decides what is wanted at `now`. The plan may be another one then, and has to be kept before [`act`](Self::act).
    pub fn decide(&mut self, now: Duration) {
        self.step_deploy(now);
        self.end_hanging(now);
        self.scale(now);
        if self.plan.deploy.is_none() {
            let main = self.plan.main.clone();
            self.reconcile(&main, now);
        }
        if let Some(beside) = self.plan.beside.clone().filter(|beside| !self.is_deployed(&beside.build)) {
            self.reconcile(&beside, now);
        }
        self.drain_strangers();
        if self.is_alert && !self.nodes.values().any(|node| matches!(node.state, State::GivenUp)) {
            self.is_alert = false;
            self.orders.push(Order::Resolve);
        }
    }

    pub(super) fn is_deployed(&self, build: &Build) -> bool {
        self.plan.deploy.as_ref().is_some_and(|deploy| deploy.build == *build)
    }

    fn end_hanging(&mut self, now: Duration) {
        let settings = &self.settings;
        let blows =
            self.nodes.iter_mut().filter_map(|(&number, node)| Some((number, node.run_mut()?.blow(settings, now)?)));
        let blows: Vec<_> = blows.collect();
        for (number, (blow, reason)) in blows {
            let name = self.node_name(number);
            self.tell(format!(
                "{name} is ended with {}: {reason}",
                if blow == Blow::Kill { "SIGKILL" } else { "SIGABRT" }
            ));
            self.orders.push(Order::Blow(number, blow));
        }
    }

    fn scale(&mut self, now: Duration) {
        let serving: Vec<&Node> = self.nodes.values().filter(|node| node.serves(&self.plan.main.build)).collect();
        // A build that crashes would only crash more often.
        if self.plan.deploy.is_some() || serving.iter().any(|node| matches!(node.state, State::GivenUp)) {
            return;
        }
        let players = serving.iter().map(|node| node.sessions()).sum();
        let before = self.plan.main.nodes;
        let wanted = self.spare.nodes_wanted(&self.settings, before, players, now);
        if wanted != before {
            self.plan.main.nodes = wanted;
            self.tell(format!("{wanted} nodes instead of {before}, for {players} players"));
        }
    }

    /// Starts or drains a node of a share, if there are too few or too many.
    fn reconcile(&mut self, share: &Share, now: Duration) {
        let is_out = |node: &&Node| node.goal == Goal::Out && node.build == share.build;
        let out = self.nodes.values().filter(is_out).count();
        let wanted = (share.nodes as usize).saturating_sub(out);
        let serving = self.nodes.values().filter(|node| node.serves(&share.build)).count();
        for _ in serving..wanted {
            self.call_back_or_add(&share.build, now);
        }
        for _ in wanted..serving {
            self.drain_emptiest(&share.build);
        }
    }

    /// Adds a node with this build: one that drains, if there is one, else a new one.
    pub(super) fn call_back_or_add(&mut self, build: &Build, now: Duration) {
        if self.call_back(build) {
            return;
        }
        // Without a free number it is added when a node that stops is gone.
        if let Some(number) = (1..=NUMBERS_MAX).find(|number| !self.nodes.contains_key(number)) {
            self.nodes.insert(number, Node::new(build.clone(), now));
        }
    }

    /// Lets a node of this build that drains take players again. Returns whether there is one.
    pub(super) fn call_back(&mut self, build: &Build) -> bool {
        let can_come_back = |node: &&mut Node| {
            node.goal == Goal::Empty && node.build == *build && node.run().is_some_and(|run| !run.is_stopped)
        };
        let found = self.nodes.values_mut().find(can_come_back);
        found.map(|node| node.goal = Goal::Serve).is_some()
    }

    /// Takes away the node of a build that the fewest players would miss.
    pub(super) fn drain_emptiest(&mut self, build: &Build) {
        let serving = self.nodes.iter().filter(|(_, node)| node.serves(build));
        let emptiest =
            serving.min_by_key(|(number, node)| (node.is_proven(), node.sessions(), std::cmp::Reverse(**number)));
        let Some(number) = emptiest.map(|(number, _)| *number) else { return };
        self.drain(number);
    }

    /// Lets a node take nobody new. One that does not run is gone at once.
    fn drain(&mut self, number: u32) {
        let Some(node) = self.nodes.get_mut(&number) else { return };
        if node.run().is_some() {
            node.goal = Goal::Empty;
            let name = self.node_name(number);
            self.tell(format!("{name} drains"));
        } else {
            self.nodes.remove(&number);
        }
    }

    /// Drains nodes with builds that nobody wants any more.
    fn drain_strangers(&mut self) {
        let plan = &self.plan;
        let is_wanted = |build: &Build| {
            plan.main.build == *build
                || plan.beside.as_ref().is_some_and(|share| share.build == *build)
                || plan.deploy.as_ref().is_some_and(|deploy| deploy.build == *build)
        };
        let strangers = self.nodes.iter().filter(|(_, node)| node.goal == Goal::Serve && !is_wanted(&node.build));
        let strangers: Vec<u32> = strangers.map(|(number, _)| *number).collect();
        strangers.into_iter().for_each(|number| self.drain(number));
    }

    /// Tells a node to stop, whoever plays there: its running matches may end as they do at every stop.
    pub(super) fn leave(&mut self, number: u32) {
        let Some(node) = self.nodes.get_mut(&number) else { return };
        if node.run().is_none() {
            return drop(self.nodes.remove(&number));
        }
        node.goal = Goal::Leave;
    }

    /// Logs a sentence and keeps it for the status.
    pub(super) fn tell(&mut self, sentence: String) {
        tracing::info!("{sentence}");
        if self.told.len() == TOLD_MAX {
            self.told.pop_front();
        }
        self.told.push_back(sentence);
    }
}

#[cfg(test)]
mod tests;
