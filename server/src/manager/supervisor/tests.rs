//! A manager in virtual time, whose nodes are a few lines each.

mod next_manager;

use std::collections::BTreeMap;

use super::*;

/// How nodes of a build behave.
#[derive(Clone, Copy)]
struct Habits {
    class: &'static str,
    ready_after_s: f64,
    dies_after_s: f64,
    hangs_after_s: f64,
}

const GOOD: Habits = Habits { class: "a", ready_after_s: 1.0, dies_after_s: f64::MAX, hangs_after_s: f64::MAX };

struct FakeNode {
    build: Build,
    began: Duration,
    is_draining: bool,
    matches: usize,
    sessions: usize,
    is_told_to_stop: bool,
}

/// A manager and its nodes.
struct World {
    supervisor: Supervisor,
    habits: BTreeMap<String, Habits>,
    nodes: BTreeMap<u32, FakeNode>,
    now: Duration,
    /// Starts and blows, as they were ordered.
    done: Vec<String>,
    answers: Vec<Answer>,
    is_alert: bool,
    /// The plan on the disk, which may be full.
    kept: Plan,
    is_disk_full: bool,
    /// Whether nodes reach Redis; `None` without a fleet.
    registered: Option<bool>,
    /// The fewest nodes that took players at once, since the last look.
    fewest_open: usize,
}

type Answer = Result<String, String>;

fn build(version: &str) -> Build {
    Build { id: version.to_owned(), version: version.to_owned() }
}

fn settings() -> ManagerSettings {
    ManagerSettings { nodes: 2, trial_s: 60.0, start_limit_s: 30.0, ..Default::default() }
}

impl World {
    fn new(settings: ManagerSettings) -> Self {
        let plan = Plan::new(build("1"), settings.nodes);
        let supervisor = Supervisor::new("game".to_owned(), settings, plan.clone(), |_| false, Duration::ZERO);
        Self {
            supervisor,
            habits: BTreeMap::new(),
            nodes: BTreeMap::new(),
            now: Duration::ZERO,
            done: Vec::new(),
            answers: Vec::new(),
            is_alert: false,
            kept: plan,
            is_disk_full: false,
            registered: None,
            fewest_open: usize::MAX,
        }
    }

    fn with(mut self, version: &str, habits: Habits) -> Self {
        self.habits.insert(version.to_owned(), habits);
        self
    }

    fn habits(&self, build: &Build) -> Habits {
        self.habits.get(&build.version).copied().unwrap_or(GOOD)
    }

    fn run(&mut self, seconds: u64) -> &mut Self {
        for _ in 0..seconds * 4 {
            self.step();
        }
        self
    }

    fn step(&mut self) {
        self.now += Duration::from_millis(250);
        let age = |node: &FakeNode| (self.now - node.began).as_secs_f64();
        let dead: Vec<u32> = self
            .nodes
            .iter()
            .filter(|(_, it)| age(it) >= self.habits(&it.build).dies_after_s)
            .map(|(n, _)| *n)
            .collect();
        dead.into_iter().for_each(|number| self.end(number, "signal 11"));
        let reports: Vec<_> = self.nodes.iter().map(|(number, node)| (*number, self.report(node))).collect();
        for (number, report) in reports {
            self.supervisor.reported(number, Some(report), self.now);
        }
        self.supervisor.decide(self.now);
        if !self.is_disk_full {
            self.kept = self.supervisor.plan().clone();
        }
        let orders = self.supervisor.act(self.now, &self.kept);
        orders.into_iter().for_each(|order| self.carry_out(order));
        let open = self.nodes.values().filter(|node| self.report(node).accepting).count();
        self.fewest_open = self.fewest_open.min(open);
    }

    fn end(&mut self, number: u32, how: &str) {
        self.nodes.remove(&number);
        self.supervisor.ended(number, how, self.now);
    }

    fn report(&self, node: &FakeNode) -> NodeReport {
        let (age, habits) = ((self.now - node.began).as_secs_f64(), self.habits(&node.build));
        let is_ready = age >= habits.ready_after_s;
        NodeReport {
            pid: 1,
            build: node.build.version.clone(),
            class: habits.class.to_owned(),
            http: ([127, 0, 0, 1], 1).into(),
            silence_ms: is_ready.then(|| ((age - habits.hangs_after_s).max(0.0) * 1000.0) as u64),
            accepting: is_ready && !node.is_draining,
            draining: node.is_draining,
            told_to_stop: node.is_told_to_stop,
            stopping: false,
            registered: self.registered,
            rooms: node.matches,
            matches: node.matches,
            sessions: node.sessions,
        }
    }

    fn carry_out(&mut self, order: Order) {
        match order {
            Order::Start(number, build) => {
                self.done.push(format!("start {number} {}", build.version));
                let began = self.now;
                let node =
                    FakeNode { build, began, is_draining: false, matches: 0, sessions: 0, is_told_to_stop: false };
                assert!(self.nodes.insert(number, node).is_none(), "{number} runs already");
            }
            Order::Blow(number, blow) => {
                self.done.push(format!("{blow:?} {number}"));
                self.end(number, "exit code 0");
            }
            Order::Ask(number, request) => {
                let node = self.nodes.get_mut(&number).expect("it runs");
                node.is_draining = request == ControlRequest::MoveOut;
            }
            Order::Alert(_) => self.is_alert = true,
            Order::Resolve => self.is_alert = false,
            Order::Answer(_, answer) => self.answers.push(answer),
        }
    }

    fn deploy(&mut self, version: &str, other_class: bool) -> &mut Self {
        self.fewest_open = usize::MAX;
        self.supervisor.deploy(build(version), other_class, "7".to_owned());
        self
    }

    /// The versions that take players.
    fn open(&self) -> Vec<&str> {
        let open = self.nodes.values().filter(|node| self.report(node).accepting);
        let mut versions: Vec<_> = open.map(|node| node.build.version.as_str()).collect();
        versions.sort_unstable();
        versions
    }

    fn take_done(&mut self) -> String {
        self.done.drain(..).collect::<Vec<_>>().join(", ")
    }

    fn refusal(&self) -> &str {
        self.answers.last().expect("an answer").as_ref().expect_err("it failed")
    }
}

#[test]
fn a_node_that_ends_is_started_again_and_one_that_crashes_all_the_time_is_given_up() {
    let mut world = World::new(settings());
    world.run(5);
    assert_eq!(world.take_done(), "start 1 1, start 2 1");
    world.end(2, "signal 9");
    world.run(5);
    assert_eq!((world.take_done().as_str(), world.open()), ("start 2 1", vec!["1", "1"]));
    let mut world = World::new(settings()).with("1", Habits { dies_after_s: 0.0, ..GOOD });
    world.run(60);
    assert_eq!((world.done.len(), world.is_alert), (10, true), "five starts each, and an alert");
    assert_eq!(world.supervisor.nodes()[&1].state_name(), "given up");
    world.habits.clear();
    world.supervisor.scale_to(2, world.now).expect("it is tried again");
    world.run(5);
    assert_eq!((world.open(), world.is_alert), (vec!["1", "1"], false));
}

#[test]
fn a_node_that_hangs_is_aborted_and_started_again() {
    let mut world =
        World::new(ManagerSettings { nodes: 1, ..settings() }).with("1", Habits { hangs_after_s: 20.0, ..GOOD });
    world.run(29);
    assert_eq!(world.take_done(), "start 1 1");
    world.run(3);
    assert_eq!(world.take_done(), "Abort 1, start 1 1");
}

#[test]
fn a_node_that_does_not_answer_gets_sigabrt_and_then_sigkill() {
    let mut run = Run::new(Duration::ZERO);
    let s = Duration::from_secs;
    let settings = ManagerSettings { start_limit_s: 3600.0, ..settings() };
    for second in 0..10 {
        run.note(None, s(second));
        assert_eq!(run.blow(&settings, s(second)), None);
    }
    run.note(None, s(10));
    let blow = |run: &mut Run, second| run.blow(&settings, s(second)).map(|(blow, _)| blow);
    assert_eq!(blow(&mut run, 10), Some(Blow::Abort));
    assert_eq!([blow(&mut run, 14), blow(&mut run, 15), blow(&mut run, 30)], [None, Some(Blow::Kill), None]);
    // Nobody asked for a while: the manager itself was held up.
    let mut run = Run::new(Duration::ZERO);
    run.note(None, s(30));
    assert_eq!(blow(&mut run, 30), None);
}

#[test]
fn a_deploy_replaces_one_after_the_other_and_old_nodes_end_after_the_trial() {
    let mut world = World::new(settings());
    world.run(5).take_done();
    world.deploy("2", false).run(30);
    assert_eq!((world.take_done().as_str(), world.open()), ("start 3 2, start 4 2", vec!["2", "2"]));
    assert_eq!((world.nodes.len(), world.fewest_open), (4, 2), "the old ones wait, and nobody found a closed door");
    world.run(40);
    assert_eq!(world.take_done(), "Stop 1, Stop 2");
    assert_eq!((world.open(), world.answers.len()), (vec!["2", "2"], 1));
    assert!(world.answers[0].is_ok());
    world.deploy("2", false).run(1);
    assert!(world.refusal().contains("runs already"));
}

#[test]
fn a_build_that_crashes_at_the_start_is_withdrawn_before_anybody_is_drained() {
    let mut world = World::new(settings()).with("2", Habits { dies_after_s: 0.25, ..GOOD });
    world.run(5).take_done();
    world.deploy("2", false).run(30);
    assert!(world.refusal().contains("2 is withdrawn: it ended 2 times within a minute (signal 11). 1 goes on"));
    assert_eq!((world.open(), world.nodes.len(), world.fewest_open), (vec!["1", "1"], 2, 2));
}

#[test]
fn a_build_that_crashes_after_a_while_is_withdrawn_and_the_old_nodes_are_called_back() {
    let mut world = World::new(settings()).with("2", Habits { dies_after_s: 20.0, ..GOOD });
    world.run(5).take_done();
    world.deploy("2", false).run(10);
    assert_eq!(world.open(), ["2", "2"]);
    world.run(30);
    assert!(world.refusal().contains("within a minute"));
    assert_eq!((world.open(), world.nodes.len()), (vec!["1", "1"], 2));
    assert!(!world.take_done().contains("start 1"), "the same processes");
}

#[test]
fn a_build_that_never_takes_players_is_withdrawn() {
    let mut world = World::new(settings()).with("2", Habits { ready_after_s: 1e9, ..GOOD });
    world.run(5).deploy("2", false).run(40);
    assert!(world.refusal().contains("it takes no players after 30 s"));
    assert_eq!((world.open(), world.nodes.len()), (vec!["1", "1"], 2));
}

#[test]
fn a_build_of_another_class_needs_the_word_of_the_operator() {
    let mut world = World::new(settings()).with("2", Habits { class: "b", ..GOOD });
    world.run(5).deploy("2", false).run(10);
    assert!(world.refusal().contains("could not play on it"), "{}", world.refusal());
    assert_eq!((world.open(), world.fewest_open), (vec!["1", "1"], 2));
    world.deploy("2", true).run(80);
    assert_eq!(world.open(), ["2", "2"]);
}

#[test]
fn fewer_nodes_end_when_they_are_empty_and_the_emptiest_goes_first() {
    let mut world = World::new(ManagerSettings { nodes: 3, ..settings() });
    world.run(5).take_done();
    for (number, sessions) in [(1, 4), (2, 2), (3, 8)] {
        let node = world.nodes.get_mut(&number).expect("it runs");
        (node.sessions, node.matches) = (sessions, 1);
    }
    world.run(1).supervisor.scale_to(2, Duration::ZERO).expect("it is carried out");
    world.run(100);
    assert_eq!((world.take_done().as_str(), world.open().len()), ("", 2), "its match is waited for");
    world.nodes.get_mut(&2).expect("it runs").matches = 0;
    world.run(2);
    assert_eq!(world.take_done(), "Stop 2");
    world.supervisor.scale_to(4, world.now).expect("it is carried out");
    world.run(5);
    assert_eq!((world.take_done().as_str(), world.open().len()), ("start 2 1, start 4 1", 4));
}

#[test]
fn a_node_that_drains_is_called_back_when_it_is_needed_again() {
    let mut world = World::new(settings());
    world.run(5).nodes.get_mut(&2).expect("it runs").matches = 1;
    world.supervisor.scale_to(1, world.now).expect("it is carried out");
    world.run(5).take_done();
    assert_eq!(world.open().len(), 1);
    world.supervisor.scale_to(2, world.now).expect("it is carried out");
    world.run(5);
    assert_eq!((world.take_done().as_str(), world.open().len()), ("", 2));
}

#[test]
fn a_node_that_an_operator_drains_stays_away_until_it_is_called_back() {
    let mut world = World::new(settings());
    world.run(5).take_done();
    world.supervisor.drain_or_not("game-1", false, world.now).expect("it drains");
    world.run(60);
    assert_eq!((world.take_done().as_str(), world.open().len()), ("Stop 1", 1), "no other one takes its place");
    assert!(world.supervisor.drain_or_not("game-9", false, world.now).is_err());
    world.supervisor.drain_or_not("game-1", true, world.now).expect("it comes back");
    world.run(5);
    assert_eq!((world.take_done().as_str(), world.open().len()), ("start 1 1", 2));
}

#[test]
fn nodes_of_another_build_stand_beside_the_others_until_it_is_deployed() {
    let mut world = World::new(settings());
    world.run(5).take_done();
    world.supervisor.put_beside(build("2"), 1).expect("it is carried out");
    world.run(5);
    assert_eq!(world.open(), ["1", "1", "2"]);
    world.deploy("2", false).run(80);
    assert_eq!((world.open(), &world.supervisor.plan.beside), (vec!["2", "2"], &None));
    world.supervisor.put_beside(build("1"), 1).expect("it is carried out");
    world.run(5).supervisor.put_beside(build("1"), 0).expect("it is carried out");
    world.run(5);
    assert_eq!(world.open(), ["2", "2"], "and away again");
}

#[test]
fn nodes_follow_the_number_of_players() {
    let scaled = ManagerSettings { nodes: 1, nodes_max: 3, seats_per_node: 100, free_seats_min: 50, ..settings() };
    let mut world = World::new(scaled);
    world.run(5);
    assert_eq!(world.open().len(), 1);
    world.nodes.get_mut(&1).expect("it runs").sessions = 60;
    world.run(5);
    assert_eq!(world.open().len(), 2);
    world.nodes.get_mut(&1).expect("it runs").sessions = 10;
    world.run(290);
    assert_eq!(world.open().len(), 2, "not before a quiet time");
    world.run(20);
    assert_eq!((world.open().len(), world.nodes.len()), (1, 1));
}
