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
        let mute = |error: String| format!("{} does not say its version: {error}", program.display());
        if kept.exists() {
            return version_of(&kept).map_err(mute).map(|version| Build { id, version });
        }
        // Under a name of its own until it has said its version: another command may take the same program in.
        let random = getrandom::u64().expect("the operating system gives random bytes");
        let new = self.folder.join(format!("new-{random:016x}"));
        let linked = link_or_copy(program, &new).map_err(failed).and_then(|()| version_of(&new).map_err(mute));
        let taken = linked.and_then(|version| fs::rename(&new, &kept).map_err(failed).map(|()| version));
        // It is still there after a failure, or if the other command was faster with the same file.
        let _ = fs::remove_file(&new);
        taken.map(|version| Build { id, version })
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

/// A file that is linked cannot be overwritten while it runs; one that is replaced stays here.
fn link_or_copy(program: &Path, new: &Path) -> io::Result<()> {
    let program = fs::canonicalize(program)?;
    if fs::hard_link(&program, new).is_ok() { Ok(()) } else { fs::copy(program, new).map(drop) }
}

/// The file that a command means by `binary`, if it may be deployed: it is in the folder `allowed`, or is that program, however
/// it is named. Whoever can write into Redis gives commands, and must not thereby run any program of the machine.
///
/// # Errors
/// With a sentence, when there is no such file or it is somewhere else.
pub(super) fn allowed_program(allowed: &Path, binary: &Path) -> Result<PathBuf, String> {
    let folder = if allowed.is_dir() { allowed } else { allowed.parent().unwrap_or(allowed) };
    let named = folder.join(binary);
    let cannot = |error: io::Error| format!("there is no program {} on this machine: {error}", named.display());
    let (program, allowed) = (fs::canonicalize(&named).map_err(cannot)?, fs::canonicalize(allowed).map_err(cannot)?);
    if program.starts_with(&allowed) {
        return Ok(program);
    }
    let (program, allowed, is_folder) = (program.display(), allowed.display(), allowed.is_dir());
    Err(if is_folder {
        format!("{program} is not in {allowed}, so it may not be deployed: put it there, or set `manager.builds_dir`")
    } else {
        format!("{program} is not {allowed}, so it may not be deployed: set `manager.builds_dir` to its folder")
    })
}

#[cfg(test)]
mod tests {
    use std::{fs::Permissions, process};

    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("framehouse-{name}-{}", process::id()));
            fs::create_dir_all(&path).expect("a folder of ours");
            Self(path)
        }

        fn program(&self, name: &str, script: &str) -> PathBuf {
            let file = self.0.join(name);
            fs::write(&file, format!("#!/bin/sh\n{script}\n")).expect("a folder of ours");
            fs::set_permissions(&file, Permissions::from_mode(0o755)).expect("a file of ours");
            file
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(fs::remove_dir_all(&self.0));
        }
    }

    /// Takes a good program in, again while a test beside this one keeps the file from being run.
    fn take(builds: &Builds, program: &Path) -> Build {
        (0..100).find_map(|_| builds.take(program).ok()).expect("it says its version")
    }

    #[test]
    fn a_program_that_says_no_version_costs_no_build_that_is_there() {
        let folder = Folder::new("builds");
        let builds = Builds::open(&folder.0).expect("a folder of ours");
        let broken = folder.0.join("broken");
        let program = folder.program("good", &format!("[ -e {} ] && exit 1\necho server 1.2", broken.display()));
        let build = take(&builds, &program);
        assert_eq!(build.version, "1.2");
        fs::write(&broken, "").expect("a folder of ours");
        assert!(builds.take(&program).is_err_and(|error| error.contains("good does not say its version: exit code 1")));
        assert!(builds.program(&build).exists(), "nodes run it");
        fs::remove_file(&broken).expect("it is there");
        assert_eq!(take(&builds, &program), build);
        assert!(builds.take(&folder.program("bad", "exit 2")).is_err());
        assert_eq!(fs::read_dir(&builds.folder).expect("it is there").count(), 1, "nothing else is left");
    }

    #[test]
    fn only_programs_of_a_folder_or_one_program_may_be_deployed() {
        let folder = Folder::new("fence");
        let (own, other) = (folder.program("own", ""), folder.program("other", ""));
        let allowed = |allowed: &Path, binary: &str| allowed_program(allowed, Path::new(binary));
        assert!(allowed(&folder.0, "other").is_ok() && allowed(&folder.0, "/bin/sh").is_err());
        assert!(allowed(&own, "own").is_ok() && allowed(&own, &own.to_string_lossy()).is_ok());
        let refused = allowed(&own, &other.to_string_lossy()).expect_err("it is beside the only one");
        assert!(refused.contains("set `manager.builds_dir` to its folder"), "{refused}");
    }
}
