//! What an operator tells a manager, and what it answers: JSON in Redis.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Random, for the answer.
    pub id: String,
    /// What to do.
    pub order: Task,
}

/// What a manager can be told to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Replace the build of all nodes.
    Deploy {
        /// The program, a path on the manager's machine.
        binary: PathBuf,
        /// Whether clients of today may be unable to play on it.
        other_class: bool,
    },
    /// Have this number of nodes with another build beside the others, for the players that a release names.
    Beside {
        /// The program, a path on the manager's machine.
        binary: PathBuf,
        /// Number of nodes.
        nodes: u32,
    },
    /// Have this number of nodes.
    Scale {
        /// Number of nodes.
        nodes: u32,
    },
    /// Let a node take nobody new and end when it is empty, or take players again.
    Drain {
        /// Name of the node.
        node: String,
        /// Whether it takes players again.
        undo: bool,
    },
}

impl Command {
    /// A task with an id that nothing else has.
    pub fn new(order: Task) -> Self {
        let id = getrandom::u64().expect("the operating system gives random bytes");
        Self { id: format!("{id:016x}"), order }
    }
}

/// The answer to a command: a sentence, and whether the command was carried out.
pub type Answer = Result<String, String>;
