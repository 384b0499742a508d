//! Further load processes: children of the first one that drive their share of the rooms.
//!
//! The first process writes an `Order` a line into a child's standard input, and reads an `Answer` a line from its
//! standard output. A child whose standard input ends lets its clients leave.

use std::{
    env,
    io::{BufRead, BufReader, stdin},
    process::{Child, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex, atomic::AtomicBool},
    thread::{self, JoinHandle},
    time::Duration,
};

use framehouse_client::say;
use serde::{Deserialize, Serialize};

use super::{
    allow_sockets_of,
    args::Args,
    crew,
    drive::Driven,
    shared::{Course, Order, Progress, Shared},
};

/// Interval in which a child tells its progress.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(200);

/// A line of a child.
#[derive(Serialize, Deserialize)]
enum Answer {
    Progress(Box<Progress>),
    Done(Box<Driven>),
    Failed(String),
}

/// Children of this process. They are killed when this goes out of scope.
pub(super) struct Children {
    children: Vec<Child>,
    readers: Vec<JoinHandle<Result<Driven, String>>>,
    progress: Vec<Arc<Mutex<Progress>>>,
}

impl Children {
    /// Starts all load processes but the first. They obey what `shared` is ordered.
    ///
    /// # Errors
    /// A sentence, if one does not start.
    pub fn start(url: &str, shared: &Shared) -> Result<Self, String> {
        let failed = |error| format!("cannot start another load process: {error}");
        let program = env::current_exe().map_err(failed)?;
        let mut children = Self { children: Vec::new(), readers: Vec::new(), progress: Vec::new() };
        for share in 1..shared.args.processes {
            let mut child = Command::new(&program)
                .args(env::args_os().skip(1))
                .args(["--server", url, "--share", &share.to_string()])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .map_err(failed)?;
            let (orders, answers) = (child.stdin.take(), child.stdout.take());
            children.children.push(child);
            let progress = Arc::new(Mutex::default());
            children.progress.push(Arc::clone(&progress));
            shared.lead(orders.expect("it was asked for"));
            let answers = answers.expect("it was asked for");
            children.readers.push(thread::spawn(move || read_answers(answers, &progress)));
        }
        Ok(children)
    }

    /// The progress of all children since the last call.
    pub fn take_progress(&self) -> Progress {
        let mut sum = Progress::default();
        for progress in &self.progress {
            let mut progress = progress.lock().expect("nothing panics while holding this lock");
            sum.add(&progress);
            progress.loop_tenth_ms = Progress::default().loop_tenth_ms;
        }
        sum
    }

    /// What they have measured, after they were ordered to leave.
    ///
    /// # Errors
    /// A sentence, if one has ended early.
    pub fn finish(mut self) -> Result<Vec<Driven>, String> {
        let panicked = |_| "a reading thread panicked: this is a bug".to_owned();
        self.readers.drain(..).map(|reader| reader.join().map_err(panicked)?).collect()
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        for child in &mut self.children {
            // An error means that it has ended already, or cannot be ended.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn read_answers(answers: ChildStdout, progress: &Mutex<Progress>) -> Result<Driven, String> {
    for line in BufReader::new(answers).lines().map_while(Result::ok) {
        match serde_json::from_str(&line) {
            Ok(Answer::Progress(newer)) => {
                let mut progress = progress.lock().expect("nothing panics while holding this lock");
                let before = std::mem::replace(&mut *progress, *newer);
                // A child forgets these times when it has told them.
                progress.loop_tenth_ms.add(&before.loop_tenth_ms);
            }
            Ok(Answer::Done(driven)) => return Ok(*driven),
            Ok(Answer::Failed(sentence)) => return Err(sentence),
            Err(error) => return Err(format!("a load process said what is no answer ({error})")),
        }
    }
    Err("a load process ended early".to_owned())
}

/// Drives a share of the rooms for another load process, which gives orders and reads the answers.
pub fn drive_share(args: &Args, url: &str) {
    let answer = match follow_orders(args, url) {
        Ok(driven) => Answer::Done(Box::new(driven)),
        Err(sentence) => Answer::Failed(sentence),
    };
    tell(&answer);
}

fn follow_orders(args: &Args, url: &str) -> Result<Driven, String> {
    allow_sockets_of(args)?;
    let shared = Arc::new(Shared::new(args, Arc::new(AtomicBool::new(false))));
    let follower = Arc::clone(&shared);
    thread::spawn(move || {
        for line in stdin().lines().map_while(Result::ok) {
            match serde_json::from_str(&line) {
                Ok(order) => follower.order(order),
                Err(_) => break,
            }
        }
        follower.order(Order::Go(Course::Leave));
    });
    let watched = crew::with_clients(&shared, url, || {
        while shared.course() < Course::Leave {
            thread::sleep(PROGRESS_INTERVAL);
            tell(&Answer::Progress(Box::new(shared.take_progress())));
        }
        Ok(())
    });
    watched.map(|((), driven)| driven)
}

fn tell(answer: &Answer) {
    say!("{}", serde_json::to_string(answer).expect("numbers and sentences serialise"));
}
