//! The fleet's part of the status page.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How a node or gateway of a fleet does, since its start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FleetStatus {
    /// Whether the registry (Redis) answers.
    pub connected: bool,
    /// Keys of dead nodes that this process has removed from the registry.
    pub keys_swept: u64,
    /// On a node: its registration.
    pub node: Option<FleetNodeStatus>,
    /// On a gateway: its nodes and what it asked them.
    pub gateway: Option<FleetGatewayStatus>,
}

/// Registration of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FleetNodeStatus {
    /// Name in the fleet.
    pub name: String,
    /// State that gateways see: `starting`, `ready` or `draining`.
    pub state: String,
    /// Number of times that everything was registered: more than once if Redis was away or lost its memory.
    pub registrations: u64,
    /// Room codes claimed for rooms to come.
    pub codes_waiting: u64,
    /// Codes of rooms that another node has taken, because this one was away for too long.
    pub codes_lost: u64,
    /// Players sent away because they play on another node now.
    pub players_evicted: u64,
}

/// Nodes of a gateway, and what it asked them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FleetGatewayStatus {
    /// Nodes that start.
    pub nodes_starting: u64,
    /// Nodes that take everybody.
    pub nodes_ready: u64,
    /// Nodes that take only players who come back.
    pub nodes_draining: u64,
    /// Seats granted.
    pub seats_granted: u64,
    /// Join requests refused.
    pub seats_refused: u64,
    /// Nodes that refused a seat, so that the next one was asked.
    pub nodes_refused: u64,
    /// Nodes that did not answer in time, so that the next one was asked.
    pub nodes_silent: u64,
    /// Rooms and seats that all nodes were asked for, because Redis was away or did not know them.
    pub finds_without_redis: u64,
}

/// Answer to `GET /v1/live/nodes`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FleetNodes {
    /// Nodes by name; none where no gateway answers.
    pub nodes: Vec<FleetNode>,
}

/// A node, as a gateway knows it: its numbers are at most a second old.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FleetNode {
    /// Name in the fleet.
    pub node: String,
    /// `starting`, `ready` or `draining`; `lapsed` while it is not known whether it still lives.
    pub state: String,
    /// Channel of its players.
    pub channel: String,
    /// Zone of its machine; empty for none.
    pub zone: String,
    /// Name of its build.
    pub build: String,
    /// Number of rooms.
    pub rooms: u32,
    /// Number of players.
    pub players: u32,
    /// Duration in milliseconds that 99 % of the last 100 ticks did not exceed.
    pub tick_p99_ms: f64,
    /// How busy it is: the largest used share of its ticks' time, sessions and rooms. 1 is full.
    pub load: f64,
}
