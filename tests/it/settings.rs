//! Settings of the server's program: files, environment variables, flags, and what it says about mistakes.

use std::{fs, path::PathBuf, process::Output};

use framehouse_tools::replays::Folder;

use crate::programs::{server, text};

fn told(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    server(arguments).envs(variables.iter().copied()).output().expect("a program")
}

fn shown(variables: &[(&str, &str)]) -> Output {
    told(&["config", "show"], variables)
}

/// Exit code and standard error of a start that has to fail because of its settings.
fn refusal(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let told = told(arguments, variables);
    assert_eq!((told.status.code(), text(&told.stdout)), (Some(1), String::new()), "{}", text(&told.stderr));
    text(&told.stderr).trim_end().to_owned()
}

/// What a server says that does not start, without its log.
fn refused_start(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let told = refusal(arguments, variables);
    told.lines().find(|line| line.starts_with("framehouse-server: ")).expect("a sentence").to_owned()
}

fn write(folder: &Folder, content: &str) -> PathBuf {
    let file = folder.path().join("my.toml");
    fs::write(&file, content).expect("a folder of ours");
    file
}

/// The listed environment variables with their values, without comments.
fn listed() -> Vec<(String, String)> {
    let listed = text(&told(&["config", "env"], &[]).stdout);
    let lines = listed.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once('=')).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn every_value_is_shown_with_its_origin_in_a_file_that_is_good() {
    let folder = Folder::new("shown-settings");
    let file = write(&folder, "[rooms]\n\ngrace_s = 5\nsize = 3\n[net]\njoins_per_s = 7\n");
    let path = file.to_str().expect("a plain path");
    let variables = [("FRAMEHOUSE_CONFIG", path), ("FRAMEHOUSE_ROOMS_SIZE", "8"), ("FRAMEHOUSE_LANES", "7")];
    let printed = text(&told(&["--lanes", "2", "config", "show"], &variables).stdout);
    for line in [
        format!("grace_s = 5.0  # {path}:3:1"),
        format!("joins_per_s = 7.0  # {path}:6:1"),
        "size = 8  # environment variable FRAMEHOUSE_ROOMS_SIZE".to_owned(),
        "lanes = 2  # flag --lanes".to_owned(),
        "tick_rate = 30  # default".to_owned(),
    ] {
        assert!(printed.lines().any(|shown| shown == line), "{line} is not in\n{printed}");
    }
    write(&folder, &printed);
    assert_eq!(text(&told(&["config", "check", path], &[]).stdout), format!("{path} is good\n"));
    let again = text(&told(&["--config", path, "config", "show"], &[]).stdout);
    let values =
        |shown: &str| shown.lines().map(|line| line.split("  # ").next().map(str::to_owned)).collect::<Vec<_>>();
    assert_eq!(values(&again), values(&printed));
}

#[test]
fn the_listed_variables_with_their_defaults_change_nothing() {
    let listed = listed();
    assert!(listed.len() > 50 && listed.contains(&("FRAMEHOUSE_ROOMS_GRACE_S".into(), "30.0".into())), "{listed:?}");
    let variables: Vec<_> = listed.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let values = |told: &Output| {
        text(&told.stdout).lines().map(|line| line.split("  # ").next().map(str::to_owned)).collect::<Vec<_>>()
    };
    let with = shown(&variables);
    assert_eq!((with.status.code(), text(&with.stderr)), (Some(0), String::new()));
    assert_eq!(values(&with), values(&shown(&[])));
}

#[test]
fn an_empty_variable_is_as_good_as_none() {
    let listed = listed();
    let mut empty: Vec<_> = listed.iter().map(|(name, _)| (name.as_str(), "")).collect();
    empty.push(("FRAMEHOUSE_CONFIG", ""));
    let (told, defaults) = (shown(&empty), shown(&[]));
    assert_eq!((told.status.code(), text(&told.stderr)), (Some(0), String::new()));
    assert_eq!(text(&told.stdout), text(&defaults.stdout));
}

#[test]
fn a_switch_in_the_environment_takes_every_usual_word() {
    let is_open =
        |word: &str| text(&shown(&[("FRAMEHOUSE_OPEN_TO_PUBLIC", word)]).stdout).contains("open_to_public = true");
    for word in ["1", "true", "yes", "on", "TRUE"] {
        assert!(is_open(word), "{word}");
    }
    for word in ["0", "false", "no", "off"] {
        assert!(!is_open(word), "{word}");
    }
}

#[test]
fn a_mistake_is_refused_with_its_place_its_name_and_what_is_allowed() {
    let folder = Folder::new("bad-settings");
    let said = |content: &str| {
        let file = write(&folder, content);
        let path = file.to_str().expect("a plain path");
        let said = refusal(&["config", "check", path], &[]);
        assert_eq!(refused_start(&["--config", path], &[]), said, "a start says the same");
        said.replace(path, "FILE")
    };
    let lanes = "`server.lanes` must be a whole number from 1 to 64, not 99";
    assert_eq!(said("[server]\n  lanes = 99\n"), format!("framehouse-server: FILE:2:3: {lanes}"));
    assert_eq!(
        said("[rooms]\ngrase_s = 9\n"),
        "framehouse-server: FILE:2:1: there is no setting `rooms.grase_s`, did you mean `rooms.grace_s`?"
    );
    assert!(said("[rooms]\ngrace = 9\n").ends_with("did you mean `rooms.grace_s`?"));
    assert!(
        said("[server]\nhttp = \"here\"\n")
            .starts_with("framehouse-server: FILE:2:1: `server.http` cannot be \"here\"")
    );
    let variable = refused_start(&["serve"], &[("FRAMEHOUSE_LANES", "99")]);
    assert_eq!(variable, format!("framehouse-server: environment variable FRAMEHOUSE_LANES: {lanes}"));
    assert_eq!(refused_start(&["--lanes", "99"], &[]), format!("framehouse-server: flag --lanes: {lanes}"));
    let switch = refusal(&["config", "show"], &[("FRAMEHOUSE_OPEN_TO_PUBLIC", "perhaps")]);
    assert!(switch.contains("FRAMEHOUSE_OPEN_TO_PUBLIC: `server.open_to_public` must be true or false"), "{switch}");
}

#[test]
fn an_unknown_variable_is_warned_of_and_harms_nothing() {
    let told = shown(&[("FRAMEHOUSE_ROOMS_GRASE_S", "9"), ("FRAMEHOUSE_BLESS", "1")]);
    let said =
        "the environment variable FRAMEHOUSE_ROOMS_GRASE_S is no setting, did you mean FRAMEHOUSE_ROOMS_GRACE_S?";
    assert_eq!((told.status.code(), text(&told.stderr)), (Some(0), format!("framehouse-server: {said}\n")));
    assert_eq!(text(&told.stdout), text(&shown(&[]).stdout));
}
