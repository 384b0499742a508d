//! Namespaces of Linux: what a tool changes there, it changes for itself alone. No right is needed, where users may have
//! namespaces.

use std::{
    env, io,
    os::unix::process::CommandExt,
    process::{Command, Output},
};

/// The program that makes a namespace, and its flag for users.
const UNSHARE: [&str; 2] = ["unshare", "--map-root-user"];

/// Runs this program again in a new namespace of this kind, as `net` or `mount`, in place of this process, with the flag
/// `--inside` more. Returns only if that fails, with a sentence.
pub fn enter(kind: &str) -> String {
    let unshare = || {
        let mut command = Command::new(UNSHARE[0]);
        command.args([UNSHARE[1], &format!("--{kind}")]);
        command
    };
    if let Err(sentence) = run(unshare().arg("true")) {
        return format!(
            "a namespace ({kind}) is needed, and it cannot be made here ({sentence}): run it as root on Linux"
        );
    }
    let own = match env::current_exe() {
        Ok(own) => own,
        Err(error) => return format!("cannot find this program ({error}): start it with its whole path"),
    };
    let error = unshare().arg(own).arg("--inside").args(env::args_os().skip(1)).exec();
    format!("cannot start this program in a namespace ({kind}): {error}")
}

/// Runs a program.
///
/// # Errors
/// A sentence, if it is not there or fails.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    match command.output() {
        Ok(Output { status, .. }) if status.success() => Ok(()),
        Ok(Output { stderr, .. }) => Err(String::from_utf8_lossy(&stderr).trim().to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(format!("there is no program `{program}`: install util-linux and iproute2"))
        }
        Err(error) => Err(format!("cannot run `{program}`: {error}")),
    }
}
