//! A player reports another one from the lobby, with the keyboard alone, and the operator finds the report.

use std::{fs, process::Stdio};

use bevy::prelude::*;
use framehouse_harness::live::wait_until;
use framehouse_window::screens::Screen;
use serde_json::Value;

use super::{Folder, open, until};
use crate::programs::{Running, SERVER};

#[test]
fn a_player_reports_another_one_and_is_thanked() {
    let folders = [Folder::new(), Folder::new(), Folder::new()];
    let data = folders[2].0.join("data");
    fs::create_dir_all(&data).expect("a folder of ours");
    let server = Running::start_with(SERVER, &data, Stdio::null(), &[]);
    let line = |folder: &Folder| format!("--server {} --config-dir {}", server.url(), folder.0.display());
    let mut ada = open(&format!("{} --name Ada --create", line(&folders[0])));
    ada.until_screen(Screen::Lobby);
    let code = ada.session().client().and_then(|client| client.code()).expect("in a room");
    let mut bob = open(&format!("{} --name Bob --room {code}", line(&folders[1])));
    until("both are in the lobby", &mut [&mut ada, &mut bob], |windows| {
        windows[0].sees("Bob") && windows[1].sees_exactly("Report")
    });
    ada.click("Report");
    ada.until_seen("Report Bob");
    ada.key(KeyCode::Escape);
    ada.until("the dialog is closed", |ada| !ada.sees("Report Bob"));
    assert_eq!(ada.screen(), Screen::Lobby, "Escape only closes the dialog");

    ada.click("Report");
    ada.until_seen("Has an offensive name");
    // From the button that cancels to the one above it.
    ada.frames(4);
    ada.key(KeyCode::ArrowUp);
    ada.key(KeyCode::Enter);
    ada.until_seen("Thank you. The operators of this server will look at it.");
    let reports = || fs::read_to_string(data.join("reports.jsonl")).unwrap_or_default();
    wait_until("the report is kept", || reports().lines().count() == 1);
    let report: Value = serde_json::from_str(reports().trim()).expect("JSON");
    let found = (&report["by"]["name"], &report["about"]["name"], &report["text"]);
    assert_eq!(found, (&"Ada".into(), &"Bob".into(), &"Has an offensive name".into()));
}
