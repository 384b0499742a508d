//! The builds that nodes run, in `DATA-DIR/builds`. A program is linked or copied there, so that nodes that are started
//! again run what they ran before, whatever has taken the place of the program meanwhile.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use super::{
    plan::{Build, Plan},
    process::version_of,
};

/// Name of the folder in the data folder.
const FOLDER_NAME: &str = "builds";

/// The folder of builds.
#[derive(Clone, Debug)]
pub(super) struct Builds {
    folder: PathBuf,
}

impl Builds {
    /// The builds of a manager with this data folder. Makes the folder if there is none.
    ///
    /// # Errors
    /// With a sentence, when it cannot be made.
    pub fn open(data_dir: &Path) -> Result<Self, String> {
        let folder = data_dir.join(FOLDER_NAME);
        match fs::create_dir_all(&folder) {
            Ok(()) => Ok(Self { folder }),
            Err(error) => Err(format!("cannot make the folder {}: {error}", folder.display())),
        }
    }

    /// Path of the program of a build.
    pub fn program(&self, build: &Build) -> PathBuf {
        self.folder.join(&build.id)
    }

    /// Takes a program in. The same file is the same build, also later.
    ///
    /// # Errors
    /// With a sentence, when it is no program that says its version.
    pub fn take(&self, program: &Path) -> Result<Build, String> {
        let failed = |error: io::Error| format!("cannot use the program {}: {error}", program.display());
        let metadata = fs::metadata(program).map_err(failed)?;
        if !metadata.is_file() || metadata.permissions().mode() & 0o111 == 0 {
            return Err(format!("{} is no program: name a file that can be run", program.display()));
        }
        let modified_ns = i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec());
        let id = format!("{:x}-{modified_ns:x}", metadata.len());
        let kept = self.folder.join(&id);
        if !kept.exists() {
            self.link_or_copy(program, &kept).map_err(failed)?;
        }
        let version = version_of(&kept).inspect_err(|_| drop(fs::remove_file(&kept)))?;
        Ok(Build { id, version })
    }

    /// A file that is linked cannot be overwritten while it runs; one that is replaced stays here.
    fn link_or_copy(&self, program: &Path, kept: &Path) -> io::Result<()> {
        let program = fs::canonicalize(program)?;
        if fs::hard_link(&program, kept).is_ok() {
            return Ok(());
        }
        let new = self.folder.join("new");
        fs::copy(program, &new)?;
        fs::rename(new, kept)
    }

    /// Removes builds that nobody needs any more.
    pub fn remove_unused(&self, plan: &Plan) {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        for entry in entries.filter(|entry| !entry.file_name().to_str().is_some_and(|id| plan.uses(id))) {
            if let Err(error) = fs::remove_file(entry.path()) {
                tracing::warn!("cannot remove the old build {}: {error}", entry.path().display());
            }
        }
    }
}

/// The file that a command means by `binary`, if it may be deployed: it is in `allowed`, however it is named. Whoever can
/// write into Redis gives commands, and must not thereby run any program of the machine.
///
/// # Errors
/// With a sentence, when there is no such file or it is somewhere else.
pub(super) fn allowed_program(allowed: &Path, binary: &Path) -> Result<PathBuf, String> {
    let named = allowed.join(binary);
    let cannot = |error: io::Error| format!("there is no program {} on this machine: {error}", named.display());
    let (program, folder) = (fs::canonicalize(&named).map_err(cannot)?, fs::canonicalize(allowed).map_err(cannot)?);
    if program.starts_with(&folder) {
        Ok(program)
    } else {
        Err(format!(
            "{} is not in {}, so it may not be deployed: put it there, or set `manager.builds_dir`",
            program.display(),
            folder.display()
        ))
    }
}
