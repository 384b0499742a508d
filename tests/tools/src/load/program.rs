//! Programs of this workspace that tools start.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The server's program, and the package that it is built from.
pub(super) const SERVER: Program = Program { name: "framehouse-server", package: "framehouse-arena-server" };
/// The same server, for a storm of results.
pub(super) const STORM_SERVER: Program = Program { name: "storm_server", package: "framehouse-tools" };
/// The same server with an allocator that counts.
pub(super) const COUNTING_SERVER: Program = Program { name: "counting_server", package: "framehouse-tools" };

/// The server's program beside this one.
///
/// # Errors
/// A sentence, if there is none.
pub fn server_program() -> Result<PathBuf, String> {
    SERVER.find()
}

/// The program of the server that a storm of results comes over.
///
/// # Errors
/// A sentence, if there is none.
pub fn storm_server_program() -> Result<PathBuf, String> {
    STORM_SERVER.find()
}

/// A program of this workspace.
pub(super) struct Program {
    name: &'static str,
    package: &'static str,
}

impl Program {
    /// The program next to this one; built when there is none.
    pub fn find(&self) -> Result<PathBuf, String> {
        let own = env::current_exe().map_err(|error| format!("cannot find the folder of this program: {error}"))?;
        let folder = own.parent().unwrap_or(Path::new("."));
        let beside = folder.join(self.name);
        if beside.exists() {
            return Ok(beside);
        }
        let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let built = Command::new(cargo).args(self.build()).stdout(Stdio::null()).status();
        let release = folder.with_file_name("release").join(self.name);
        if built.is_ok_and(|status| status.success()) && release.exists() {
            return Ok(release);
        }
        Err(format!("there is no {}: {}", beside.display(), self.command()))
    }

    /// Arguments of cargo.
    const fn build(&self) -> [&'static str; 6] {
        ["build", "--release", "-p", self.package, "--bin", self.name]
    }

    /// What builds it, for people.
    pub fn command(&self) -> String {
        format!("cargo {}", self.build().join(" "))
    }
}
