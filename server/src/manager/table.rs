//! `fleet status` as a table for people.

use std::fmt::Write;

use framehouse_shared::text::Printable;

use super::status::{ManagedNode, ManagerStatus};
use crate::fleet::registry::{NodeEntry, Release};

const HEAD: [&str; 10] = ["NODE", "STATE", "BUILD", "CHANNEL", "ZONE", "LOAD", "ROOMS", "MATCHES", "PLAYERS", "HTTP"];

/// The nodes that are registered, what managers add to them, and the release.
pub(super) fn of_fleet(nodes: &[NodeEntry], managers: &[ManagerStatus], release: &Release) -> String {
    let mut rows = vec![HEAD.map(str::to_owned)];
    rows.extend(nodes.iter().map(of_node));
    let is_registered = |node: &&ManagedNode| nodes.iter().any(|entry| entry.lease.node == node.name);
    let others = managers.iter().flat_map(|manager| &manager.nodes).filter(|node| !is_registered(node));
    rows.extend(others.map(of_unregistered));
    let mut text = columns(&rows);
    for manager in managers {
        text += &of_manager(manager);
    }
    text + "\n" + &of_release(release)
}

fn of_node(NodeEntry { lease, is_wanted_draining }: &NodeEntry) -> [String; 10] {
    let state = if *is_wanted_draining { "draining" } else { lease.state.name() };
    [
        lease.node.clone(),
        state.to_owned(),
        lease.build.clone(),
        lease.channel.clone(),
        lease.zone.clone(),
        format!("{:.0} %", lease.load() * 100.0),
        lease.rooms.to_string(),
        lease.matches.to_string(),
        lease.players.to_string(),
        lease.http.clone(),
    ]
}

/// A node that only its manager knows.
fn of_unregistered(node: &ManagedNode) -> [String; 10] {
    let http = node.http.map(|http| http.to_string()).unwrap_or_default();
    let nothing = || "-".to_owned();
    [
        node.name.clone(),
        node.state.clone(),
        node.build.clone(),
        nothing(),
        nothing(),
        nothing(),
        nothing(),
        node.matches.to_string(),
        nothing(),
        http,
    ]
}

/// Columns as wide as their widest cell. Cells may come from strangers who can write into Redis.
fn columns(rows: &[[String; 10]]) -> String {
    let shown: Vec<[String; 10]> =
        rows.iter().map(|row| row.each_ref().map(|cell| Printable(cell).to_string())).collect();
    let width = |column: usize| shown.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
    let mut text = String::new();
    for row in &shown {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}"));
        text += cells.collect::<Vec<_>>().join("  ").trim_end();
        text.push('\n');
    }
    text
}

fn of_manager(manager: &ManagerStatus) -> String {
    let ManagerStatus { name, build, nodes_wanted, beside, deploy, nodes, told } = manager;
    let ready = nodes.iter().filter(|node| node.state == "ready").count();
    let mut text = format!("\nmanager {name}: {ready} ready of {nodes_wanted} with {build}");
    if let Some((build, nodes)) = beside {
        write!(text, ", {nodes} beside with {build}").expect("text takes everything");
    }
    if let Some(build) = deploy {
        write!(text, ", {build} is being deployed").expect("text takes everything");
    }
    let last = told.last().map(|sentence| format!("\n  last: {sentence}")).unwrap_or_default();
    format!("{}\n", printable_lines(&(text + &last)))
}

/// Who gets which build.
pub(super) fn of_release(release: &Release) -> String {
    if release.builds.is_empty() {
        return "release: all builds are for all players\n".to_owned();
    }
    let mut text = String::new();
    for share in &release.builds {
        let mut who = Vec::new();
        if !share.players.is_empty() {
            who.push(share.players.join(", "));
        }
        if share.percent > 0.0 {
            who.push(format!("{} % of the players", share.percent));
        }
        let who = if who.is_empty() { "nobody".to_owned() } else { who.join(", and ") };
        writeln!(text, "release: {} for {who}", share.build).expect("text takes everything");
    }
    printable_lines(&text) + "\n"
}

fn printable_lines(text: &str) -> String {
    text.lines().map(|line| Printable(line).to_string()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::registry::BuildShare;

    #[test]
    fn a_release_says_who_gets_what() {
        let share = |build: &str, percent, players: &[&str]| BuildShare {
            build: build.to_owned(),
            players: players.iter().map(|name| (*name).to_owned()).collect(),
            percent,
        };
        let builds = vec![share("a", 5.0, &["ada", "lin"]), share("b", 0.0, &[])];
        let told = of_release(&Release { version: 1, builds });
        assert_eq!(told, "release: a for ada, lin, and 5 % of the players\nrelease: b for nobody\n");
        assert!(of_release(&Release::default()).contains("all builds"));
    }

    #[test]
    fn a_node_that_is_not_registered_is_listed_with_what_its_manager_knows() {
        let node = ManagedNode {
            name: "game-2".to_owned(),
            state: "given up".to_owned(),
            build: "0.1.0".to_owned(),
            pid: None,
            http: None,
            sessions: 0,
            matches: 0,
            last_end: "exit code 1".to_owned(),
        };
        let manager = ManagerStatus {
            name: "game".to_owned(),
            build: "0.1.0".to_owned(),
            nodes_wanted: 2,
            beside: Some(("0.2.0".to_owned(), 1)),
            deploy: None,
            nodes: vec![node],
            told: vec!["game-2 ended\u{1b}[2J".to_owned()],
        };
        let text = of_fleet(&[], &[manager], &Release::default());
        assert!(text.contains("game-2  given up  0.1.0"), "{text}");
        assert!(
            text.contains("manager game: 0 ready of 2 with 0.1.0, 1 beside with 0.2.0\n  last: game-2 ended"),
            "{text}"
        );
        assert!(!text.contains('\u{1b}'), "nothing steers a terminal");
    }
}
