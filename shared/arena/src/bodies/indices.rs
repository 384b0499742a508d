//! Validation of the indices in decoded bodies: rapier must be able to follow them to an end, and without extending a
//! table too far.
//!
//! rapier's fields are private, so they are read by name from their serialised form.

use bevy_rapier2d::rapier::prelude::BvhOptimizationStrategy;
use framehouse_shared::protocol::codec::CodecError;
use serde::Deserialize;
use serde_json::Value;

use super::{Bodies, tree::Tree};

/// Upper limit of an index, exclusive: rapier extends a table to any index that it reads.
const INDEX_MAX: u64 = 1 << 16;

/// Fields that may exceed the limit: times, counters and bits that are not used as indices, and packed indices.
const NO_INDICES: [&str; 20] = [
    "active_set_epoch",
    // A mask of 128 bits for each body: which colours its contacts have.
    "body_solver_color_masks",
    "changes_since_optimize",
    "constraint_remove_count",
    "contact_id",
    "dash_ready",
    "fid1",
    "fid2",
    "fire_ready",
    "frame_index",
    "generation",
    "glide_until",
    "graph_pos",
    "pairs",
    "shield_until",
    "sleep_scan_stamp",
    "solver_graph_epoch",
    "solver_graph_mb_epoch",
    "split_denied_until",
    // Validated separately.
    "tree",
];

/// Value for "no index".
const NONE: u32 = u32::MAX;

#[derive(Deserialize)]
struct Indices {
    broad_phase: BroadPhase,
    narrow_phase: NarrowPhase,
}

#[derive(Deserialize)]
struct BroadPhase {
    tree: Tree,
    optimization_strategy: BvhOptimizationStrategy,
}

#[derive(Deserialize)]
struct NarrowPhase {
    contact_graph: InteractionGraph,
    intersection_graph: InteractionGraph,
}

#[derive(Deserialize)]
struct InteractionGraph {
    graph: Graph,
}

/// Graph of contacts: each node has a list of outgoing edges and a list of incoming edges.
#[derive(Deserialize)]
struct Graph {
    nodes: Vec<Node>,
    edges: Vec<Edge>,
}

#[derive(Deserialize)]
struct Node {
    next: [u32; 2],
}

#[derive(Deserialize)]
struct Edge {
    next: [u32; 2],
    prev: [u32; 2],
    node: [u32; 2],
}

/// Refuses bodies whose step could run forever or end the process.
pub(super) fn check(bodies: &Bodies) -> Result<(), CodecError> {
    let text = serde_json::to_string(bodies).map_err(|_| CodecError::Invalid)?;
    let all: Value = serde_json::from_str(&text).map_err(|_| CodecError::Invalid)?;
    let indices: Indices = serde_json::from_str(&text).map_err(|_| CodecError::Invalid)?;
    let Indices { broad_phase, narrow_phase } = indices;
    let is_sound = is_modest("", &all)
        // The optimiser has loops of its own, and the arena does not use it.
        && broad_phase.optimization_strategy == BvhOptimizationStrategy::None
        && broad_phase.tree.is_sound()
        && narrow_phase.contact_graph.graph.is_sound()
        && narrow_phase.intersection_graph.graph.is_sound();
    if is_sound { Ok(()) } else { Err(CodecError::Invalid) }
}

/// Whether all indices in the field `name` are below the limit.
fn is_modest(name: &str, value: &Value) -> bool {
    match value {
        _ if NO_INDICES.contains(&name) => true,
        // Each iteration is a whole run of the solver, and the arena uses none.
        Value::Number(count) if name == "additional_solver_iterations" => count.as_u64() == Some(0),
        // Only shapes that the arena does not have use it.
        workspace if name == "workspace" => workspace.is_null(),
        Value::Number(number) => number.as_u64().is_none_or(|index| index < INDEX_MAX || index == u64::from(NONE)),
        Value::Array(values) => values.iter().all(|value| is_modest(name, value)),
        Value::Object(fields) => fields.iter().all(|(name, value)| is_modest(name, value)),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}

impl Graph {
    /// Whether every edge is once in the list of each of its ends, and no list has a cycle.
    fn is_sound(&self) -> bool {
        (0..2).all(|direction| self.listed(direction) == Some(self.edges.len()))
    }

    /// Number of edges in all lists of a direction; `None` if a link is wrong.
    fn listed(&self, direction: usize) -> Option<usize> {
        let mut count = 0;
        for (number, node) in (0..).zip(&self.nodes) {
            let (mut previous, mut next) = (NONE, node.next[direction]);
            while next != NONE {
                let edge = self.edges.get(next as usize)?;
                count += 1;
                // A list with more entries than there are edges has a cycle.
                if edge.node[direction] != number || edge.prev[direction] != previous || count > self.edges.len() {
                    return None;
                }
                (previous, next) = (next, edge.next[direction]);
            }
        }
        Some(count)
    }
}
