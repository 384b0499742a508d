//! One node: what the manager knows about it. Time is a parameter.

use std::time::Duration;

use super::{
    plan::{Build, Goal},
    restarts::Restarts,
};
use crate::{config::ManagerSettings, control::NodeReport};

/// Reports in a row that have to fail until their lack counts: then it is not this manager that was slow.
const FAILED_REPORTS_MIN: u32 = 5;
/// Longest time without a tick while a node writes its last results and replays.
const STOP_SILENCE_MAX: Duration = Duration::from_secs(60);
/// Time from SIGABRT to SIGKILL.
const ABORT_TIME_MAX: Duration = Duration::from_secs(5);

/// A node.
#[derive(Debug)]
pub(super) struct Node {
    /// What it runs.
    pub build: Build,
    /// What becomes of it.
    pub goal: Goal,
    /// What it does.
    pub state: State,
    /// Its ends.
    pub restarts: Restarts,
    /// How it ended last, for people.
    pub last_end: String,
}

/// What a node does.
#[derive(Debug)]
pub(super) enum State {
    /// It is started at this time.
    Waiting(Duration),
    /// Its process runs.
    Running(Run),
    /// It has ended too often and is not started again.
    GivenUp,
    /// It has ended, and an operator wants that.
    Away,
}

/// A running process.
#[derive(Debug)]
pub(super) struct Run {
    /// When it was started, or found.
    pub since: Duration,
    /// Its newest report.
    pub report: Option<NodeReport>,
    /// When that came, or `since`.
    reported: Duration,
    /// Reports that failed since then.
    failed_reports: u32,
    /// Whether the manager has found it, instead of starting it.
    is_found: bool,
    /// Whether it has made a tick.
    has_ticked: bool,
    /// Whether it has taken players.
    is_proven: bool,
    /// When it was told to abort.
    aborted: Option<Duration>,
    is_killed: bool,
    /// Whether it was told to stop.
    pub is_stopped: bool,
}

/// A signal that ends a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blow {
    /// SIGTERM: it drains and stops.
    Stop,
    /// SIGABRT: it hangs; the system may keep its memory for inspection.
    Abort,
    /// SIGKILL: it does not end otherwise.
    Kill,
}

impl Run {
    /// A process that was started at `now`.
    pub const fn new(now: Duration) -> Self {
        Self {
            since: now,
            report: None,
            reported: now,
            failed_reports: 0,
            is_found: false,
            has_ticked: false,
            is_proven: false,
            aborted: None,
            is_killed: false,
            is_stopped: false,
        }
    }

    /// A process that was found at `now`.
    pub const fn found(now: Duration) -> Self {
        let mut run = Self::new(now);
        run.is_found = true;
        run
    }

    /// Notes a report, or that there was none.
    pub fn note(&mut self, report: Option<NodeReport>, now: Duration) {
        match report {
            Some(report) => {
                self.has_ticked |= report.silence_ms.is_some();
                // One that was found has taken players before: without Redis it cannot say so again.
                self.is_proven |= takes_players(&report) || self.is_found && self.has_ticked;
                self.is_stopped |= report.told_to_stop;
                (self.report, self.reported, self.failed_reports) = (Some(report), now, 0);
            }
            None => self.failed_reports += 1,
        }
    }

    /// Whether it has taken players, and was not found to hang.
    pub const fn is_proven(&self) -> bool {
        self.is_proven && self.aborted.is_none()
    }

    /// The signal that it has to get now, and the reason.
    pub fn blow(&mut self, settings: &ManagerSettings, now: Duration) -> Option<(Blow, String)> {
        match self.aborted {
            Some(aborted) if self.is_killed || now.saturating_sub(aborted) < ABORT_TIME_MAX => None,
            Some(_) => {
                self.is_killed = true;
                Some((Blow::Kill, "it does not end after SIGABRT".to_owned()))
            }
            None => {
                let reason = self.fault(settings, now)?;
                self.aborted = Some(now);
                Some((Blow::Abort, reason))
            }
        }
    }

    /// What is wrong with it, if that needs a new process.
    fn fault(&self, settings: &ManagerSettings, now: Duration) -> Option<String> {
        // Whether it is registered is no reason: while Redis is away, no node is.
        if !self.has_ticked && !self.is_stopped && self.is_over_start_limit(settings, now) {
            return Some(format!("it has made no tick after {} s", settings.start_limit_s));
        }
        let is_stopping = self.is_stopped || self.report.as_ref().is_some_and(|report| report.stopping);
        let limit = if is_stopping { STOP_SILENCE_MAX } else { settings.hang_limit() };
        let unanswered = now.saturating_sub(self.reported);
        if self.failed_reports >= FAILED_REPORTS_MIN && unanswered >= limit {
            return Some(format!("it has not answered for {} s", unanswered.as_secs()));
        }
        let silence = Duration::from_millis(self.report.as_ref()?.silence_ms?);
        (silence >= limit).then(|| format!("it has made no tick for {} s", silence.as_secs()))
    }

    /// Whether it should have taken players by now, and has not. Only a deploy asks: it is no reason to end a node.
    pub fn is_late(&self, settings: &ManagerSettings, now: Duration) -> bool {
        !self.is_proven && !self.is_stopped && self.is_over_start_limit(settings, now)
    }

    fn is_over_start_limit(&self, settings: &ManagerSettings, now: Duration) -> bool {
        now.saturating_sub(self.since) >= settings.start_limit()
    }

    /// Whether it is known if it was told to stop: it has reported, or this manager has started it.
    pub const fn is_heard(&self) -> bool {
        !self.is_found || self.report.is_some()
    }

    /// Whether it takes nobody new, and nobody would be hurt by its end.
    pub fn is_empty(&self) -> bool {
        self.report.as_ref().is_some_and(|report| report.draining && report.matches == 0)
    }
}

/// Whether a server is there for players. One that drains was, so it was there.
fn takes_players(report: &NodeReport) -> bool {
    report.silence_ms.is_some() && report.registered != Some(false) && (report.accepting || report.draining)
}

impl Node {
    /// A node that is started at once.
    pub fn new(build: Build, now: Duration) -> Self {
        Self {
            build,
            goal: Goal::Serve,
            state: State::Waiting(now),
            restarts: Restarts::default(),
            last_end: String::new(),
        }
    }

    /// Its running process.
    pub const fn run(&self) -> Option<&Run> {
        match &self.state {
            State::Running(run) => Some(run),
            _ => None,
        }
    }

    /// Its running process.
    pub const fn run_mut(&mut self) -> Option<&mut Run> {
        match &mut self.state {
            State::Running(run) => Some(run),
            _ => None,
        }
    }

    /// Its newest report.
    pub fn report(&self) -> Option<&NodeReport> {
        self.run()?.report.as_ref()
    }

    /// Whether it serves with this build.
    pub fn serves(&self, build: &Build) -> bool {
        self.goal == Goal::Serve && self.build == *build
    }

    /// Whether it takes players.
    pub fn is_proven(&self) -> bool {
        self.run().is_some_and(Run::is_proven)
    }

    /// Its sessions; 0 if it is not there.
    pub fn sessions(&self) -> usize {
        self.report().map_or(0, |report| report.sessions)
    }

    /// What it does, in a word.
    pub fn state_name(&self) -> &'static str {
        match (&self.state, self.goal) {
            (State::Waiting(_), _) => "restarting",
            (State::GivenUp, _) => "given up",
            (State::Away, _) => "out",
            (State::Running(run), Goal::Serve) if run.is_proven() => "ready",
            (State::Running(_), Goal::Serve) => "starting",
            (State::Running(_), Goal::Empty | Goal::Out) => "draining",
            (State::Running(_), Goal::Leave) => "stopping",
        }
    }
}
