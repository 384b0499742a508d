//! A small disk that can be filled: a file system in memory, in this process's namespace of mounts.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write},
    path::PathBuf,
    process::Command,
};

use crate::namespace::run;

/// Size of the disk.
const SIZE: &str = "size=512m";
/// Name of the file that fills it.
const FILLER: &str = "filler";
const BLOCK: [u8; 4096] = [0; 4096];

/// A disk at a path. It is removed when this is dropped.
pub(super) struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Puts one into the place of a folder, which is made.
    ///
    /// # Errors
    /// A sentence, if that is not possible.
    pub fn mount(folder: PathBuf) -> Result<Self, String> {
        let failed = |error| format!("cannot make the folder {}: {error}", folder.display());
        fs::create_dir_all(&folder).map_err(failed)?;
        run(Command::new("mount").args(["-t", "tmpfs", "-o", SIZE, "framehouse"]).arg(&folder))?;
        Ok(Self(folder))
    }

    /// Fills it to the last block.
    ///
    /// # Errors
    /// A sentence, if it does not get full.
    pub fn fill(&self) -> Result<(), String> {
        let mut filler = File::create(self.0.join(FILLER)).map_err(|error| format!("cannot fill the disk: {error}"))?;
        loop {
            match filler.write_all(&BLOCK) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => return Ok(()),
                Err(error) => return Err(format!("cannot fill the disk: {error}")),
            }
        }
    }

    /// Makes space again.
    ///
    /// # Errors
    /// A sentence, if the system refuses.
    pub fn free(&self) -> Result<(), String> {
        fs::remove_file(self.0.join(FILLER)).map_err(|error| format!("cannot make space on the disk: {error}"))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Otherwise it ends with the namespace, which is that of this process alone.
        let _ = run(Command::new("umount").arg("--lazy").arg(&self.0));
    }
}
