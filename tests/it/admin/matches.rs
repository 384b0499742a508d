//! Matches that an operator ends, looks at, and for whose next ones it changes the rules.

use framehouse_arena::ArenaPlugin;
use framehouse_server::replay::verify::verify;
use framehouse_shared::{match_end::MatchEnd, replay::Replay};
use framehouse_tools::short_matches::short_matches;

use super::*;

fn results(server: &Operated) -> Vec<Value> {
    let text = fs::read_to_string(server.path("data/results.jsonl")).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn end_match(server: &Operated, code: &str, with_result: bool) {
    server.call("end_match", &json!({ "room": code, "with_result": with_result }));
}

fn wait_for_phase(client: &mut ThinClient, what: &str, is: impl Fn(&Phase) -> bool) {
    client.wait_for(what, |down| matches!(down, Down::Phase { phase, .. } if is(phase)).then_some(()));
}

#[test]
fn a_match_ends_as_the_operator_says_and_its_replay_so_far_verifies() {
    let server = Operated::start("admin-matches", QUICK);
    let (mut clients, [joined, _]) = server.pair();
    let (status, sentence) = server.refused("end_match", &json!({ "room": joined.code }));
    assert!(status == 409 && sentence.contains("plays no match"), "{sentence}");
    start_match(&mut clients);
    let tick = || server.call("room", &json!({ "room": joined.code }))["room"]["tick"].as_u64().expect("a number");
    wait_until("more than a block is recorded", || tick() > 320);
    let copy = server.replay(&joined.code);
    let verified = verify(ArenaPlugin, &copy).expect("it comes out the same");
    assert!(verified.ending == MatchEnd::StillRunning && verified.ticks > 300, "{verified:?}");
    end_match(&server, &joined.code, false);
    wait_for_phase(
        &mut clients[0],
        "the lobby",
        |phase| matches!(phase, Phase::Lobby { reason: Some(reason) } if reason.contains("operator")),
    );
    start_match(&mut clients);
    wait_until("some ticks are played", || (30..300).contains(&tick()));
    end_match(&server, &joined.code, true);
    clients[0].wait_for("the results", |down| matches!(down, Down::Results { .. }).then_some(()));
    wait_until("the result is saved", || !results(&server).is_empty());
    let results = results(&server);
    assert_eq!((results.len(), &results[0]["ended"]), (1, &json!("operator_decided")));
    let replay = server.path("data/replays").join(results[0]["replay"].as_str().expect("it is written"));
    let bytes = fs::read(replay).expect("a file");
    assert_eq!(verify(ArenaPlugin, &bytes).expect("it comes out the same").ending, MatchEnd::OperatorDecided);
}

fn write_game(server: &Path, map: &str, drag: &str) {
    let folder = server.join("game");
    fs::create_dir_all(folder.join("maps")).expect("a folder of ours");
    for file in short_matches(3000) {
        let text = file.text.replace("basin", map).replace("drag: 4.2,", drag);
        let path = file.path.replace("basin", map);
        fs::write(folder.join(path), text).expect("a folder of ours");
    }
}

#[test]
fn broken_rules_are_refused_under_a_match_and_good_ones_are_for_the_next() {
    let server = Operated { folder: Folder::new("admin-rules"), running: None };
    write_game(server.folder.path(), "basin", "drag: 4.2,");
    server.set(QUICK);
    let server = server.restarted();
    let (mut clients, [joined, _]) = server.pair();
    start_match(&mut clients);
    write_game(server.folder.path(), "basin", "drag: fast,");
    let rules = fs::read_to_string(server.path("game/rules.ron")).expect("a file of ours");
    let line = rules.lines().position(|line| line.contains("drag: fast,")).expect("it was put in") + 1;
    let place = format!("{}:{line}:", server.path("game/rules.ron").display());
    let (status, sentence) = server.refused("reload", &json!({}));
    assert!(status == 409 && sentence.contains(&place), "{sentence}");
    // Good ones are found without a call.
    write_game(server.folder.path(), "dish", "drag: 4.0,");
    let maps = || server.running().get::<Value>("/v1/maps")["maps"].clone();
    wait_until("the new map is there", || maps().as_array().is_some_and(|maps| maps.contains(&json!("dish"))));
    assert!(server.running().status().in_force.rules_unix_s > 0);
    let first = server.replay(&joined.code);
    assert_eq!(Replay::read(&first).expect("a replay").header().map, "basin");
    end_match(&server, &joined.code, true);
    wait_until("the result is saved", || results(&server).len() == 1);
    let file = server.path("data/replays").join(results(&server)[0]["replay"].as_str().expect("it is written"));
    verify(ArenaPlugin, &fs::read(file).expect("a file")).expect("the match kept its rules");
    wait_for_phase(&mut clients[0], "the lobby", |phase| matches!(phase, Phase::Lobby { .. }));
    fs::remove_file(server.path("game/maps/basin.ron")).expect("a file of ours");
    wait_until("the old map is gone", || maps() == json!(["dish"]));
    start_match(&mut clients);
    let has_replay = || server.call("room", &json!({ "room": joined.code }))["room"]["tick"].as_u64() > Some(1);
    wait_until("the next match has ticks", has_replay);
    let second = server.replay(&joined.code);
    assert_eq!(Replay::read(&second).expect("a replay").header().map, "dish");
    verify(ArenaPlugin, &second).expect("it comes out the same");
}
