//! What the next manager makes of the nodes that it finds, and what happens while Redis is away or the disk is full.

use super::*;

impl World {
    /// Lets another manager take the place of this one.
    fn replace_manager(&mut self) -> &mut Self {
        let plan = self.supervisor.plan().clone();
        let there: Vec<u32> = self.nodes.keys().copied().collect();
        self.supervisor = Supervisor::new("game".to_owned(), settings(), plan, |n| there.contains(&n), self.now);
        self
    }
}

#[test]
fn the_next_manager_goes_on_with_a_deploy() {
    let mut world = World::new(settings());
    world.run(5).deploy("2", false).run(4);
    assert!(world.nodes.len() > 2 && world.supervisor.plan.deploy.is_some());
    world.replace_manager().run(90);
    assert_eq!((world.open(), world.nodes.len()), (vec!["2", "2"], 2));
    assert!(world.answers.last().expect("an answer").is_ok());
}

#[test]
fn no_node_is_ended_because_redis_is_away() {
    let mut world = World::new(settings());
    world.registered = Some(true);
    world.run(5).take_done();
    world.registered = Some(false);
    world.replace_manager().run(200);
    assert_eq!((world.take_done().as_str(), world.open()), ("", vec!["1", "1"]));
    assert!(world.supervisor.nodes().values().all(Node::is_proven), "they have taken players before");
    world.end(2, "signal 9");
    world.run(200);
    assert_eq!((world.take_done().as_str(), world.open()), ("start 2 1", vec!["1", "1"]));
    world.deploy("2", false).run(60);
    assert!(world.refusal().contains("it takes no players"), "a build has to prove itself with Redis");
    assert_eq!(world.open(), ["1", "1"]);
}

#[test]
fn a_deploy_waits_until_the_plan_is_on_the_disk_and_the_nodes_go_on() {
    let mut world = World::new(settings());
    world.run(5).take_done();
    world.is_disk_full = true;
    world.deploy("2", false).run(30);
    world.end(2, "signal 9");
    world.run(90);
    assert_eq!((world.take_done().as_str(), world.open()), ("start 2 1", vec!["1", "1"]));
    world.is_disk_full = false;
    world.run(90);
    assert_eq!(world.open(), ["2", "2"]);
}

#[test]
fn a_node_that_makes_no_tick_is_ended() {
    let mut world = World::new(ManagerSettings { nodes: 1, ..settings() });
    world.habits.insert("1".to_owned(), Habits { ready_after_s: 1e9, ..GOOD });
    world.run(35);
    assert_eq!(world.take_done(), "start 1 1, Abort 1, start 1 1");
}

#[test]
fn the_next_manager_sends_no_second_signal_and_does_not_forget_the_first() {
    for is_told_to_stop in [true, false] {
        let mut world = World::new(settings());
        world.run(5).supervisor.scale_to(1, Duration::ZERO).expect("it is carried out");
        world.nodes.get_mut(&2).expect("it runs").matches = 1;
        world.run(5).take_done();
        let node = world.nodes.get_mut(&2).expect("it drains");
        (node.matches, node.is_told_to_stop) = (0, is_told_to_stop);
        world.replace_manager().run(5);
        assert_eq!(world.take_done(), if is_told_to_stop { "" } else { "Stop 2" });
        // The plan says that it leaves. Only the node itself knows whether the signal was sent.
        let mut world = World::new(settings());
        world.run(5).take_done();
        world.supervisor.nodes.get_mut(&2).expect("it runs").goal = Goal::Leave;
        world.nodes.get_mut(&2).expect("it runs").is_told_to_stop = is_told_to_stop;
        world.replace_manager().run(1);
        assert_eq!(world.take_done().contains("Stop 2"), !is_told_to_stop);
    }
}
