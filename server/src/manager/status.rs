//! What a manager tells operators about itself and its nodes.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::{node::Node, supervisor::Supervisor};

/// A manager, for `fleet status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManagerStatus {
    /// Its name; those of its nodes are this and their numbers.
    pub name: String,
    /// Version of the build that players are sent to.
    pub build: String,
    /// Number of nodes that it wants with that build.
    pub nodes_wanted: u32,
    /// Version and number of nodes of another build beside it.
    pub beside: Option<(String, u32)>,
    /// Version that is being deployed.
    pub deploy: Option<String>,
    /// Its nodes, by number.
    pub nodes: Vec<ManagedNode>,
    /// What happened last, newest last.
    pub told: Vec<String>,
}

/// A node of a manager.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManagedNode {
    /// Its name.
    pub name: String,
    /// `ready`, `starting`, `draining`, `stopping`, `restarting`, `given up` or `out`.
    pub state: String,
    /// Version of its build.
    pub build: String,
    /// Id of its process.
    pub pid: Option<u32>,
    /// Address of its HTTP gateway.
    pub http: Option<SocketAddr>,
    /// Its sessions.
    pub sessions: usize,
    /// Its rooms with a match.
    pub matches: usize,
    /// How it ended last. Empty if it never did.
    pub last_end: String,
}

impl ManagerStatus {
    pub(super) fn of(supervisor: &Supervisor) -> Self {
        let node = |(&number, node): (&u32, &Node)| ManagedNode {
            name: supervisor.node_name(number),
            state: node.state_name().to_owned(),
            build: node.build.version.clone(),
            pid: node.report().map(|report| report.pid),
            http: node.report().map(|report| report.http),
            sessions: node.sessions(),
            matches: node.report().map_or(0, |report| report.matches),
            last_end: node.last_end.clone(),
        };
        let plan = &supervisor.plan;
        Self {
            name: supervisor.name.clone(),
            build: plan.main.build.version.clone(),
            nodes_wanted: plan.main.nodes,
            beside: plan.beside.as_ref().map(|share| (share.build.version.clone(), share.nodes)),
            deploy: plan.deploy.as_ref().map(|deploy| deploy.build.version.clone()),
            nodes: supervisor.nodes().iter().map(node).collect(),
            told: supervisor.told().cloned().collect(),
        }
    }
}
