//! The manager of a machine: starts the nodes of a fleet, watches them, starts them again, and swaps their build. It plays
//! no match itself, and its end disturbs none: nodes outlive it, and the next manager finds them.
//!
//! ```text
//! supervisor.rs   what is done about the nodes: facts in, orders out
//! act.rs          the part of it that starts and stops nodes, as the plan on the disk says
//! deploy.rs       the part of it that replaces a build, or withdraws it
//! obey.rs         the part of it that follows an operator
//! node.rs         what is known about a node, and when it hangs
//! restarts.rs     pauses between restarts, and when there are no more
//! scale.rs        number of nodes by free seats
//! plan.rs         what is wanted, as it is kept in DATA-DIR/manager.json
//! process.rs      processes: start, find again, follow, end
//! launch.rs       their command lines and folders
//! builds.rs       the programs that they run
//! command.rs      what operators say, and the answers
//! status.rs       what operators are told
//! link.rs         the way to operators, through Redis
//! operator.rs     `framehouse-server fleet`: the operator's end of it
//! table.rs        `fleet status` for people
//! ```

mod act;
mod builds;
pub mod command;
mod deploy;
mod launch;
mod link;
mod node;
mod obey;
pub mod operator;
mod plan;
mod process;
mod restarts;
mod scale;
pub mod status;
mod supervisor;
mod table;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        atomic::{AtomicBool, Ordering::Relaxed},
        mpsc::{self, Receiver, SyncSender},
    },
    time::{Duration, Instant},
};

use crate::{
    config::{Flags, FleetSettings, ManagerSettings, SecretUrl, ServerSettings},
    control::NodeReport,
    ops::alerts::Alerts,
    threads,
};

use builds::{Builds, allowed_program};
use command::{Answer, Command, Task};
use launch::NodeSettings;
use link::Link;
use plan::{Build, Plan};
use process::{Launch, Process};
use status::ManagerStatus;
use supervisor::{Order, Supervisor};

/// Longest pause between two looks at what is due.
const STEP_INTERVAL: Duration = Duration::from_millis(50);
/// Pause after the plan could not be written.
const PLAN_PAUSE: Duration = Duration::from_secs(10);
/// Number of facts that wait; whoever has another one waits, too.
const EVENTS_MAX: usize = 1024;
/// Kind of the alert about nodes that are not started again.
const GIVEN_UP: &str = "node_given_up";

/// What a manager is started with.
pub(crate) struct ManagerOptions {
    /// Its name, the first part of the names of its nodes.
    pub name: String,
    /// `[manager]`.
    pub settings: ManagerSettings,
    /// `[server]`, of which each node gets its own addresses and folder. The data folder is the manager's, and locked.
    pub server: ServerSettings,
    /// The command line.
    pub flags: Flags,
    /// `[fleet]`. Commands come from its Redis; without one there are none.
    pub fleet: FleetSettings,
    /// Program of the first build.
    pub program: PathBuf,
    /// Where it tells that a node is given up.
    pub alerts: Alerts,
}

/// A fact that the manager learns.
enum Event {
    /// The report of the node of this number; `None` if it did not answer.
    Reported(u32, Option<NodeReport>),
    /// Its process has ended, and how.
    Ended(u32, String),
    /// An operator wants something.
    Told(Command),
    /// The program of this command was looked at.
    Taken(Command, Result<Build, String>),
}

struct Manager {
    supervisor: Supervisor,
    processes: BTreeMap<u32, Process>,
    launches: NodeSettings,
    builds: Builds,
    /// Folder of programs that may be deployed, or the only one.
    deployable: PathBuf,
    /// Programs that are being looked at.
    builds_taken: u32,
    data_dir: PathBuf,
    /// The plan as it is on the disk.
    kept: Plan,
    /// When it may be written again, after a failure.
    keep_at: Duration,
    link: Link,
    alerts: Alerts,
    events: SyncSender<Event>,
    start: Instant,
}

/// Looks after the nodes until `stop` is set. The nodes go on then.
///
/// # Errors
/// With a sentence, when the manager cannot start.
pub(crate) fn run(options: ManagerOptions, stop: &AtomicBool) -> Result<(), String> {
    let (events, facts) = mpsc::sync_channel(EVENTS_MAX);
    let mut manager = Manager::start(options, events)?;
    while !stop.load(Relaxed) {
        manager.learn(&facts);
        manager.step();
    }
    tracing::info!("the manager stops; its nodes go on");
    Ok(())
}

/// The plan in the data folder, or that of a first manager.
fn first_plan(data_dir: &Path, builds: &Builds, program: &Path, nodes: u32) -> Result<Plan, String> {
    let Some(plan) = Plan::read(data_dir)? else { return Ok(Plan::new(builds.take(program)?, nodes)) };
    if plan.main.nodes != nodes {
        let kept = plan.main.nodes;
        tracing::info!(
            "{kept} nodes, as the last manager had, and not {nodes} as `manager.nodes` says: use `fleet scale`"
        );
    }
    Ok(plan)
}

impl Manager {
    fn start(options: ManagerOptions, events: SyncSender<Event>) -> Result<Self, String> {
        let ManagerOptions { name, settings, server, flags, fleet, program, alerts } = options;
        let data_dir = server.data_dir.clone();
        let builds = Builds::open(&data_dir)?;
        let plan = first_plan(&data_dir, &builds, &program, settings.nodes)?;
        let deployable = settings.builds_dir.clone().unwrap_or(program);
        let launches = NodeSettings::new(name.clone(), server, &fleet, &flags)?;
        let redis = fleet.redis.as_ref().map(SecretUrl::reveal).map(str::to_owned);
        let link = Link::start(name.clone(), redis, events.clone())?;
        let found = plan.nodes.keys().filter_map(|&number| Some((number, process::find(&launches.folder(number))?)));
        let found: BTreeMap<_, _> = found.collect();
        let is_there = |number| found.contains_key(&number);
        let supervisor = Supervisor::new(name, settings, plan.clone(), is_there, Duration::ZERO);
        tracing::info!(nodes = supervisor.nodes().len(), running = found.len(), "the manager begins");
        let mut manager = Self {
            supervisor,
            processes: BTreeMap::new(),
            launches,
            builds,
            deployable,
            builds_taken: 0,
            data_dir,
            kept: plan,
            keep_at: Duration::ZERO,
            link,
            alerts,
            events,
            start: Instant::now(),
        };
        for (number, pidfd) in found {
            let folder = manager.launches.folder(number);
            let process = Process::follow(number, pidfd, None, folder, manager.events.clone());
            manager.processes.insert(number, process.map_err(|error| format!("cannot start a thread: {error}"))?);
        }
        Ok(manager)
    }

    /// Notes the facts that have arrived, after waiting a little for the first one.
    fn learn(&mut self, facts: &Receiver<Event>) {
        let first = facts.recv_timeout(STEP_INTERVAL).ok();
        let now = self.start.elapsed();
        for fact in first.into_iter().chain(facts.try_iter().take(EVENTS_MAX)) {
            match fact {
                Event::Reported(number, report) => self.supervisor.reported(number, report, now),
                Event::Ended(number, how) => {
                    self.processes.remove(&number);
                    self.supervisor.ended(number, &how, now);
                }
                Event::Told(command) => self.obey(command, now),
                Event::Taken(command, build) => {
                    self.builds_taken -= 1;
                    self.use_build(command, build);
                }
            }
        }
    }

    /// Does what is due.
    fn step(&mut self) {
        let now = self.start.elapsed();
        self.supervisor.decide(now);
        // What is wanted is kept before it is done: the next manager must not want something else.
        self.keep_plan(now);
        for order in self.supervisor.act(now, &self.kept) {
            match order {
                Order::Start(number, build) => self.start_node(number, &build),
                Order::Blow(number, blow) => self.processes.get(&number).into_iter().for_each(|it| it.strike(blow)),
                Order::Ask(number, request) => self.processes.get(&number).into_iter().for_each(|it| it.ask(request)),
                Order::Alert(sentence) => self.alert(move |alerts| alerts.raise_fatal(GIVEN_UP, sentence)),
                Order::Resolve => self.alert(|alerts| alerts.resolve(GIVEN_UP)),
                Order::Answer(id, answer) => self.link.answer(id, answer),
            }
        }
        self.link.tell(ManagerStatus::of(&self.supervisor));
    }

    fn keep_plan(&mut self, now: Duration) {
        let plan = self.supervisor.plan();
        if self.kept == *plan || now < self.keep_at {
            return;
        }
        if let Err(error) = plan.write(&self.data_dir) {
            self.keep_at = now + PLAN_PAUSE;
            let folder = self.data_dir.display();
            return tracing::error!("cannot keep the plan in {folder}, so it is not carried out yet: {error}");
        }
        // One that is being taken in is in no plan yet.
        if self.builds_taken == 0 {
            self.builds.remove_unused(plan);
        }
        self.kept = plan.clone();
    }

    fn start_node(&mut self, number: u32, build: &Build) {
        let started = self.launches.make_folder(number).and_then(|folder| {
            // A manager that died right after it had started a process has left one that was not known yet.
            if let Some(pidfd) = process::find(&folder) {
                tracing::info!("{} runs already", self.supervisor.node_name(number));
                return Process::follow(number, pidfd, None, folder, self.events.clone());
            }
            let (program, arguments) = (self.builds.program(build), self.launches.arguments(number));
            let variables = self.launches.variables(number);
            let (child, pidfd) = Launch { program, arguments, variables, folder: folder.clone() }.start()?;
            tracing::info!("{} starts with {}", self.supervisor.node_name(number), build.version);
            Process::follow(number, pidfd, Some(child), folder, self.events.clone())
        });
        match started {
            Ok(process) => drop(self.processes.insert(number, process)),
            Err(error) => {
                self.supervisor.ended(number, &format!("it cannot be started: {error}"), self.start.elapsed())
            }
        }
    }

    /// Sends an alert, which may take some seconds.
    fn alert(&self, send: impl FnOnce(&Alerts) + Send + 'static) {
        let alerts = self.alerts.clone();
        if let Err(error) = threads::spawn("alert", move || send(&alerts)) {
            tracing::error!("cannot start the thread that sends an alert: {error}");
        }
    }

    fn obey(&mut self, command: Command, now: Duration) {
        let answer: Answer = match &command.order {
            Task::Scale { nodes } => self.supervisor.scale_to(*nodes, now),
            Task::Drain { node, undo } => self.supervisor.drain_or_not(node, *undo, now),
            Task::Deploy { binary, .. } | Task::Beside { binary, .. } => {
                let (binary, id) = (binary.clone(), command.id.clone());
                match self.take_build(binary, command) {
                    Ok(()) => return,
                    Err(error) => return self.link.answer(id, Err(format!("cannot start a thread: {error}"))),
                }
            }
        };
        self.link.answer(command.id, answer);
    }

    /// Looks at a program on a thread of its own: it is copied and started.
    fn take_build(&mut self, binary: PathBuf, command: Command) -> std::io::Result<()> {
        let (builds, deployable, events) = (self.builds.clone(), self.deployable.clone(), self.events.clone());
        let work = move || {
            let build = allowed_program(&deployable, &binary).and_then(|program| builds.take(&program));
            drop(events.send(Event::Taken(command, build)));
        };
        threads::spawn("build", work)?;
        self.builds_taken += 1;
        Ok(())
    }

    fn use_build(&mut self, command: Command, build: Result<Build, String>) {
        let answer = match (build, command.order) {
            (Ok(build), Task::Deploy { other_class, .. }) => match self.refuse_by_release(&build, false) {
                Some(sentence) => Err(sentence),
                None => return self.supervisor.deploy(build, other_class, command.id),
            },
            (Ok(build), Task::Beside { nodes, .. }) => match self.refuse_by_release(&build, nodes > 0) {
                Some(sentence) => Err(sentence),
                None => self.supervisor.put_beside(build, nodes),
            },
            (Err(sentence), _) => Err(sentence),
            (Ok(_), Task::Scale { .. } | Task::Drain { .. }) => return,
        };
        self.link.answer(command.id, answer);
    }
    /// Why a build that is for some players only, or for all, may not be used so.
    fn refuse_by_release(&self, build: &Build, is_for_some: bool) -> Option<String> {
        let version = &build.version;
        match (self.link.release().names(version), is_for_some) {
            (false, true) => Some(format!(
                "every player would get {version}: say first who gets it, with `fleet release {version}=nobody` or =5%"
            )),
            (true, false) => Some(format!(
                "only some players get {version}, and the others would find no node: `fleet release {version}=all` first"
            )),
            _ => None,
        }
    }
}
