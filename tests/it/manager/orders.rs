//! What an operator orders through Redis, with real builds: good ones, and some that fail.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
};

use framehouse_harness::{live::wait_until, redis::Redis};

use super::Manager;
use crate::programs::{PANICKING, SERVER, server, text};

const SECRET: &str = "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a";
/// What a script does before it goes wrong.
const SAYS_ITS_VERSION: &str = "[ \"$1\" = --version ] && exec SERVER --version\n";

/// A fleet of one machine, and an operator.
struct Fleet {
    manager: Manager,
    redis: Redis,
}

impl Fleet {
    /// A fleet with short trials, or nothing on a machine without Redis.
    fn start(name: &str, nodes: u32) -> Option<Self> {
        let settings = format!("[manager]\nnodes = {nodes}\ntrial_s = 4.0\nbuilds_dir = \"BUILDS\"");
        let mut manager = Manager::prepare(name, "");
        let builds = manager.path("builds");
        fs::create_dir(&builds).expect("a folder of ours");
        let settings = settings.replace("BUILDS", &builds.to_string_lossy());
        fs::write(manager.path("settings.toml"), settings).expect("a folder of ours");
        let redis = Redis::for_tests()?;
        manager.environment = vec![("FRAMEHOUSE_REDIS", redis.url()), ("FRAMEHOUSE_FLEET_SECRET", SECRET.to_owned())];
        manager.begin();
        Some(Self { manager, redis })
    }

    /// Puts a program into the folder of builds, as a script.
    fn add_build(&self, name: &str, script: &str) {
        let file = self.manager.path("builds").join(name);
        fs::write(&file, format!("#!/bin/sh\n{}", script.replace("SERVER", SERVER))).expect("a folder of ours");
        fs::set_permissions(file, Permissions::from_mode(0o755)).expect("a file of ours");
    }

    /// Waits until Redis knows the manager, too, and its node.
    fn wait_for_manager(&self) {
        wait_until("the operator sees the manager", || self.order("status").1.contains("1 ready of 1"));
    }

    /// Runs `fleet` with these words: whether it succeeded, and what it printed.
    fn order(&self, words: &str) -> (bool, String) {
        let mut command = server(&["fleet"]);
        command.args(words.split(' ')).args(["--redis", &self.redis.url()]).env("FRAMEHOUSE_FLEET_SECRET", SECRET);
        let told = command.output().expect("a program");
        (told.status.success(), text(&told.stdout) + &text(&told.stderr))
    }

    fn refused(&self, words: &str, why: &str) {
        let (succeeded, told) = self.order(words);
        assert!(!succeeded && told.contains(why), "{words}: {told}\n{}", self.manager.log());
    }

    fn done(&self, words: &str, what: &str) {
        let (succeeded, told) = self.order(words);
        assert!(succeeded && told.contains(what), "{words}: {told}\n{}", self.manager.log());
    }
}

#[test]
fn a_build_that_fails_is_withdrawn_with_a_sentence_and_a_good_one_takes_over() {
    let Some(fleet) = Fleet::start("deploys", 1) else { return };
    let old = fleet.manager.wait_for_other(1, None);
    fleet.wait_for_manager();
    fleet.add_build("crashes-at-start", &format!("{SAYS_ITS_VERSION}echo no luck >&2\nexit 7\n"));
    fleet.refused("deploy crashes-at-start", "is withdrawn: it ended 2 times within a minute (exit code 7: no luck)");
    let crashes_later =
        "SERVER \"$@\" &\nserver=$!\ntrap 'kill $server; exit' TERM\nsleep 2\nkill -9 $server\nexit 9\n";
    fleet.add_build("crashes-later", &format!("{SAYS_ITS_VERSION}{crashes_later}"));
    fleet.refused("deploy crashes-later", "is withdrawn: it ended 2 times within a minute (exit code 9");
    fleet.add_build("other-class", &format!("exec {PANICKING} \"$@\"\n"));
    fleet.refused("deploy other-class", "the clients of today could not play on it");
    fleet.refused("deploy /bin/true", "so it may not be deployed");
    fleet.refused("deploy nothing", "there is no program");
    wait_until("the old node takes players", || fleet.manager.ready(1) == Some(old));
    fleet.add_build("next", "exec SERVER \"$@\"\n");
    fleet.done("deploy next", "serves on 1 nodes");
    wait_until("the old node has ended", || fleet.manager.report(1).is_none());
    let (_, status) = fleet.order("status --json");
    let status: serde_json::Value = serde_json::from_str(&status).expect("JSON");
    assert_eq!(status["managers"][0]["nodes"][0]["name"], "game-2");
    assert_eq!(status["nodes"][0]["node"], "game-2", "and the fleet knows it");
}

#[test]
fn an_operator_scales_and_drains_and_names_the_players_of_a_build() {
    let Some(fleet) = Fleet::start("operator", 1) else { return };
    fleet.manager.wait_for_other(1, None);
    fleet.wait_for_manager();
    fleet.done("scale 2", "game: 2 nodes of");
    let second = fleet.manager.wait_for_other(2, None);
    fleet.done("drain game-2", "game-2 drains, ends when it is empty");
    wait_until("it has ended", || fleet.manager.report(2).is_none());
    fleet.done("drain game-2 --undo", "game-2 takes players again");
    fleet.manager.wait_for_other(2, Some(second));
    fleet.refused("drain game-7", "there is no node game-7");
    fleet.refused("scale 2 --manager other", "there is no manager other, only game");
    fleet.add_build("next", "exec SERVER \"$@\"\n");
    let version = env!("CARGO_PKG_VERSION");
    fleet.refused("deploy next --beside 1", "say first who gets it");
    fleet.done(&format!("release {version}=players:ada,lin {version}=5%"), "for ada, lin, and 5 % of the players");
    wait_until("the manager knows", || fleet.order("deploy next --beside 1").0);
    fleet.manager.wait_for_other(3, None);
    fleet.refused("deploy next", "the others would find no node");
    fleet.done(&format!("release {version}=nobody"), "for nobody");
    fleet.done("scale 0", "0 nodes");
}
