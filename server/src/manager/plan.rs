//! What a manager wants to be there, kept in `DATA-DIR/manager.json`, so that the next manager wants the same.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

use serde::{Deserialize, Serialize};

use crate::disk::sync_folder;

/// Name of the file in the data folder.
const FILE_NAME: &str = "manager.json";

/// A program that nodes run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Build {
    /// Name of its file in the folder of builds.
    pub id: String,
    /// Its version, as it says itself.
    pub version: String,
}

/// A number of nodes with one build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Share {
    /// The build.
    pub build: Build,
    /// Number of nodes.
    pub nodes: u32,
}

/// A build that takes the place of another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Deploy {
    /// The new build.
    pub build: Build,
    /// Whether clients of today may be unable to play on it.
    pub other_class: bool,
    /// Id of the command, for its answer.
    pub command: String,
}

/// What becomes of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Goal {
    /// It takes players.
    Serve,
    /// It takes nobody new. It may be called back, and ends when it is empty.
    Empty,
    /// The same, because an operator wants that; it stays away until the operator calls it back.
    Out,
    /// It was told to stop.
    Leave,
}

/// A node as it is kept in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptNode {
    /// What it runs.
    pub build: Build,
    /// What becomes of it.
    pub goal: Goal,
}

/// What a manager wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Plan {
    /// The nodes that players are sent to.
    pub main: Share,
    /// Nodes of another build beside them, for the players that a release names.
    pub beside: Option<Share>,
    /// A build that takes the place of `main`.
    pub deploy: Option<Deploy>,
    /// The nodes by their numbers.
    pub nodes: BTreeMap<u32, KeptNode>,
}

impl Plan {
    /// A number of nodes with one build, none of which is there yet.
    pub const fn new(build: Build, nodes: u32) -> Self {
        Self { main: Share { build, nodes }, beside: None, deploy: None, nodes: BTreeMap::new() }
    }

    /// Reads the plan in this data folder, if there is one.
    ///
    /// # Errors
    /// With a sentence, when the file cannot be read.
    pub fn read(data_dir: &Path) -> Result<Option<Self>, String> {
        let file = data_dir.join(FILE_NAME);
        let failed = |error: &dyn std::fmt::Display| {
            format!(
                "cannot read {}: {error}; move it away to begin with the nodes that the settings say",
                file.display()
            )
        };
        match fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| failed(&error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(&error)),
        }
    }

    /// Writes the plan into this data folder. After a crash the old or the new one is there.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, data_dir: &Path) -> io::Result<()> {
        let new = data_dir.join(format!("{FILE_NAME}.new"));
        let mut file = File::create(&new)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        file.sync_all()?;
        fs::rename(&new, data_dir.join(FILE_NAME))?;
        sync_folder(data_dir)
    }

    /// Whether somebody still needs this build.
    pub fn uses(&self, id: &str) -> bool {
        let shares = [Some(&self.main), self.beside.as_ref()];
        let of_shares = shares.into_iter().flatten().map(|share| &share.build);
        let of_deploy = self.deploy.iter().map(|deploy| &deploy.build);
        let mut builds = of_shares.chain(of_deploy).chain(self.nodes.values().map(|node| &node.build));
        builds.any(|build| build.id == id)
    }
}
