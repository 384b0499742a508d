//! Processes of nodes: they are started, found again after a restart of the manager, followed and ended.
//!
//! A process is followed by its pidfd, which cannot come to mean another process. Its id alone could: so the file of a
//! process has also its start time and the boot of the machine.

use std::{
    fs::{self, File},
    io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::process::{CommandExt, ExitStatusExt},
    },
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, pidfd_open, pidfd_send_signal, waitid},
};
use serde::{Deserialize, Serialize};

use super::{Event, node::Blow};
use crate::{
    control::{self, ControlRequest, NodeReport},
    threads,
};

/// Name of the file in a node's folder that says which process it is.
const FILE_NAME: &str = "process.json";
/// Interval between two reports of a node.
const REPORT_INTERVAL: Timespec = Timespec { tv_sec: 0, tv_nsec: 250_000_000 };
const NO_TIME: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// A process, as its file names it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Identity {
    pid: i32,
    /// Its start, in clock ticks since the boot.
    started: u64,
    /// The boot of the machine.
    boot: String,
}

impl Identity {
    /// The process that has this id now.
    fn of(pid: i32) -> io::Result<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let started = start_time(&stat).ok_or(io::ErrorKind::InvalidData)?;
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned();
        Ok(Self { pid, started, boot })
    }

    /// The process, if it still runs.
    fn open(&self) -> Option<OwnedFd> {
        let process = open(self.pid)?;
        // Whatever has the id now, the descriptor means it. One that has ended keeps its id until its parent takes note.
        (Self::of(self.pid).ok()? == *self && !ends_within(&process, &NO_TIME)).then_some(process)
    }
}

/// Field 22 of `/proc/PID/stat`. The name before it may have spaces and brackets.
fn start_time(stat: &str) -> Option<u64> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

fn open(pid: i32) -> Option<OwnedFd> {
    pidfd_open(Pid::from_raw(pid)?, PidfdFlags::empty()).ok()
}

/// A node's process.
pub(super) struct Process {
    /// What is sent to it next with a request for its report.
    asks: SyncSender<ControlRequest>,
    pidfd: OwnedFd,
}

/// How the process of a node is started.
pub(super) struct Launch {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Its variables, beside those of this process.
    pub variables: Vec<(&'static str, String)>,
    /// Its data folder.
    pub folder: PathBuf,
}

impl Launch {
    /// Starts the process, in a process group of its own: what ends the manager does not end it.
    ///
    /// # Errors
    /// When the program cannot be started, or its file cannot be written.
    pub fn start(&self) -> io::Result<(Child, OwnedFd)> {
        // What it says before its log begins, and after it ends.
        let stderr = File::create(self.folder.join("stderr"))?;
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .env("FRAMEHOUSE_LOG_FILE", self.folder.join("server.log"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr)
            .process_group(0);
        let mut child = command.spawn()?;
        let followed = note(&self.folder, child.id() as i32);
        followed.inspect_err(|_| end(&mut child)).map(|pidfd| (child, pidfd))
    }
}

/// Writes the file of a process.
fn note(folder: &Path, pid: i32) -> io::Result<OwnedFd> {
    let identity = serde_json::to_vec(&Identity::of(pid)?)?;
    let new = folder.join(format!("{FILE_NAME}.new"));
    fs::write(&new, identity)?;
    fs::rename(new, folder.join(FILE_NAME))?;
    open(pid).ok_or_else(|| io::ErrorKind::NotFound.into())
}

fn end(child: &mut Child) {
    drop(child.kill());
    drop(child.wait());
}

/// Ends a child whose handle is gone.
fn end_by(pidfd: &OwnedFd) {
    let _ = pidfd_send_signal(pidfd, Signal::KILL);
    let _ = waitid(WaitId::PidFd(pidfd.as_fd()), WaitIdOptions::EXITED);
}

/// The process that runs with this data folder: as its file says, or as it says itself.
pub(super) fn find(folder: &Path) -> Option<OwnedFd> {
    let identity = || serde_json::from_slice::<Identity>(&fs::read(folder.join(FILE_NAME)).ok()?).ok();
    let by_socket = || open(i32::try_from(control::ask(folder, ControlRequest::Report).ok()?.pid).ok()?);
    identity().and_then(|identity| identity.open()).or_else(by_socket)
}

impl Process {
    /// Follows a process on a thread of its own. `child` is needed to learn how it ended; a process that was found has none.
    ///
    /// # Errors
    /// When the thread cannot be started. A child is ended then, because nobody would know of it.
    pub fn follow(
        number: u32,
        pidfd: OwnedFd,
        child: Option<Child>,
        folder: PathBuf,
        events: SyncSender<Event>,
    ) -> io::Result<Self> {
        let (asks, asked) = sync_channel(1);
        let is_child = child.is_some();
        let begin = |followed: OwnedFd| {
            threads::spawn("node", move || {
                let how = watch(number, &followed, &folder, &asked, &events);
                if let Some(how) = how {
                    drop(events.send(Event::Ended(number, child.map_or(how, |child| last_words(child, &folder)))));
                }
            })
        };
        match pidfd.try_clone().and_then(begin) {
            Ok(_) => Ok(Self { asks, pidfd }),
            Err(error) => {
                if is_child {
                    end_by(&pidfd);
                }
                Err(error)
            }
        }
    }

    /// Sends this request with the next one for a report. A request that still waits comes first; the next report shows that
    /// this one is needed, too.
    pub fn ask(&self, request: ControlRequest) {
        let _ = self.asks.try_send(request);
    }

    /// Sends it a signal. One that has ended needs none.
    pub fn strike(&self, blow: Blow) {
        let signal = match blow {
            Blow::Stop => Signal::TERM,
            Blow::Abort => Signal::ABORT,
            Blow::Kill => Signal::KILL,
        };
        let _ = pidfd_send_signal(&self.pidfd, signal);
    }
}

/// Passes a node's reports on until it ends. `None` if nobody wants them any more.
fn watch(
    number: u32,
    pidfd: &OwnedFd,
    folder: &Path,
    asked: &Receiver<ControlRequest>,
    events: &SyncSender<Event>,
) -> Option<String> {
    while !has_ended(pidfd) {
        let request = asked.try_recv().unwrap_or(ControlRequest::Report);
        let report: Option<NodeReport> = control::ask(folder, request).ok();
        if has_ended(pidfd) {
            break;
        }
        events.send(Event::Reported(number, report)).ok()?;
    }
    Some("ended".to_owned())
}

/// Whether a process has ended, after waiting some time for it.
fn has_ended(pidfd: &OwnedFd) -> bool {
    ends_within(pidfd, &REPORT_INTERVAL)
}

fn ends_within(pidfd: &OwnedFd, time: &Timespec) -> bool {
    let mut fds = [PollFd::from_borrowed_fd(pidfd.as_fd(), PollFlags::IN)];
    poll(&mut fds, Some(time)).is_ok_and(|ready| ready > 0)
}

/// How a child ended, with the last line that it printed.
fn last_words(mut child: Child, folder: &Path) -> String {
    let how = child.wait().map_or_else(|error| error.to_string(), describe);
    let printed = fs::read(folder.join("stderr")).unwrap_or_default();
    let printed = String::from_utf8_lossy(&printed);
    match printed.lines().rev().find(|line| !line.trim().is_empty()) {
        Some(line) => format!("{how}: {}", line.chars().take(300).collect::<String>()),
        None => how,
    }
}

fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "an unknown end".to_owned(),
    }
}

/// Longest wait for a program that only says its version.
const VERSION_TIME_MAX: Duration = Duration::from_secs(10);

/// The version that a program says with `--version`: the last word of its first line.
///
/// # Errors
/// With the reason, when it says none in time.
pub(super) fn version_of(program: &Path) -> Result<String, String> {
    let failed = |error: &dyn std::fmt::Display| error.to_string();
    let mut command = Command::new(program);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| failed(&error))?;
    let pidfd = open(child.id() as i32);
    let waits = VERSION_TIME_MAX.as_millis() / 250;
    let is_done = pidfd.is_some_and(|pidfd| (0..waits).any(|_| has_ended(&pidfd)));
    if !is_done {
        end(&mut child);
        return Err(failed(&"it was still running after ten seconds"));
    }
    let output = child.wait_with_output().map_err(|error| failed(&error))?;
    if !output.status.success() {
        return Err(failed(&describe(output.status)));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text.lines().next().and_then(|line| line.split_whitespace().last()).unwrap_or_default();
    let is_version = !version.is_empty() && version.len() <= 64 && version.chars().all(|c| c.is_ascii_graphic());
    if is_version { Ok(version.to_owned()) } else { Err(failed(&"it prints something else")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_time_is_found_behind_any_name() {
        let stat = "7 (a) b ( c) S 1 7 7 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 123456 99 88";
        assert_eq!(start_time(stat), Some(123_456));
        assert_eq!(start_time("7 (a) S 1"), None);
    }

    #[test]
    fn a_process_is_found_again_and_another_one_with_its_id_is_not() {
        let mut child = Command::new("sleep").arg("60").spawn().expect("a program");
        let identity = Identity::of(child.id() as i32).expect("it runs");
        let found = identity.open().expect("it runs");
        let other = Identity { started: identity.started + 1, ..Identity::of(identity.pid).expect("it runs") };
        assert!(other.open().is_none(), "it began at another time");
        assert!(!has_ended(&found));
        drop(child.kill());
        assert!(has_ended(&found) && identity.open().is_none(), "nobody has taken note of its end yet");
        end(&mut child);
        assert!(has_ended(&found) && identity.open().is_none());
    }

    #[test]
    fn a_program_that_says_no_version_is_refused_with_a_sentence() {
        let refused = |program: &str| version_of(Path::new(program)).expect_err("no version");
        assert!(refused("/bin/false").contains("exit code 1"));
        assert!(refused("/nowhere").contains("No such file"));
    }
}
