//! Scenario `reloads`: an admin reloads other rules and maps ten times a second for a minute, and before that broken ones,
//! beside rooms that play.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use framehouse_client::rooms::list_maps;
use framehouse_shared::sim::GameFile;
use serde_json::{Value, json};

use super::{
    args::Size,
    crowd::Seen,
    player::Group,
    report::Report,
    scene::{RoomPlan, Scene},
    timeline::{Pages, Timeline},
};
use crate::{load::process::Scratch, short_matches::short_matches};

/// Rooms of four that play on.
const BYSTANDING_ROOMS: u32 = 100;
/// Time of play before the measurement.
const WARM_TIME: Duration = Duration::from_secs(5);
/// Length of the calm window.
const CALM_TIME: Duration = Duration::from_secs(10);
/// Interval of reloads, and their number: a minute of good ones, and some seconds of broken ones.
const INTERVAL: Duration = Duration::from_millis(100);
const GOOD: u32 = 600;
const BROKEN: u32 = 50;
/// Ticks of a match: longer than the measurement.
const MATCH_TICKS: u32 = 9000;
/// Names of the only map, in turn.
const MAPS: [&str; 2] = ["bowl", "dish"];

/// The game folder, and the calls that reload it.
struct Reloads<'a> {
    scene: &'a Scene,
    folder: &'a Path,
    agent: ureq::Agent,
    token: String,
    took: Vec<Duration>,
    /// Answers that are not what they have to be.
    wrong: Vec<String>,
}

impl Reloads<'_> {
    /// Reloads so often, each time other files, and notes answers that do not have this status and these words.
    fn repeat(&mut self, count: u32, files: impl Fn(u32) -> Vec<GameFile>, wanted: (u16, &str)) -> Result<(), String> {
        let begin = self.scene.crowd.elapsed();
        for number in 0..count {
            write(self.folder, &files(number))?;
            let at = self.scene.crowd.elapsed();
            let (status, answer) = self.reload()?;
            self.took.push(self.scene.crowd.elapsed() - at);
            if status != wanted.0 || !answer.to_string().contains(wanted.1) {
                self.wrong.push(format!("{status}: {answer}"));
            }
            self.scene.pause((begin + INTERVAL * (number + 1)).saturating_sub(self.scene.crowd.elapsed()))?;
        }
        Ok(())
    }

    /// The maps that a host can choose.
    fn maps(&self) -> Result<String, String> {
        list_maps(self.scene.server.url()).map(|maps| maps.join(" ")).map_err(|error| error.to_string())
    }

    fn reload(&self) -> Result<(u16, Value), String> {
        let request = self.agent.post(format!("{}/v1/admin/reload", self.scene.server.url()));
        let request = request.header("Authorization", format!("Bearer {}", self.token));
        let mut answer = request.send_json(json!({})).map_err(|error| error.to_string())?;
        let body = answer.body_mut().read_json().map_err(|error| error.to_string())?;
        Ok((answer.status().as_u16(), body))
    }
}

/// What the server said after the broken files and at the end.
struct Told {
    refused: String,
    maps: [String; 2],
}

/// The game's files with one map of this name.
fn files(map: &str) -> Vec<GameFile> {
    let mut files = short_matches(MATCH_TICKS);
    for file in &mut files {
        file.path = file.path.replace("basin", map);
        file.text = file.text.replace("basin", map);
    }
    files
}

/// Files with a word in place of a number, another one each time.
fn broken_files(number: u32) -> Vec<GameFile> {
    let mut files = files(MAPS[0]);
    files[0].text = files[0].text.replace("drag: ", &format!("drag: word{number} "));
    files
}

/// Puts files in place of those that are there, each at once.
fn write(folder: &Path, files: &[GameFile]) -> Result<(), String> {
    let maps = folder.join("maps");
    let paths: Vec<PathBuf> = files.iter().map(|file| folder.join(&file.path)).collect();
    let write = || {
        fs::create_dir_all(&maps)?;
        for (path, file) in paths.iter().zip(files) {
            let new = path.with_extension("new");
            fs::write(&new, &file.text)?;
            fs::rename(&new, path)?;
        }
        for entry in fs::read_dir(&maps)?.flatten().filter(|entry| !paths.contains(&entry.path())) {
            fs::remove_file(entry.path())?;
        }
        Ok::<_, std::io::Error>(())
    };
    write().map_err(|error| format!("cannot write the game's files into {}: {error}", folder.display()))
}

pub(super) fn run(size: Size, stop: &Arc<AtomicBool>) -> Result<Report, String> {
    let game = Scratch::new("bursts-reloads-game")?;
    write(game.path(), &files(MAPS[1]))?;
    let settings = format!("game_dir = {:?}\n[rooms]\ncountdown_s = 1.0\n", game.path());
    let rooms = size.of(BYSTANDING_ROOMS);
    let scene = Scene::open("reloads", 4 * rooms, &settings, stop)?;
    let token = fs::read_to_string(scene.folder().join("data/admin.token"))
        .map_err(|error| format!("cannot read the admin token: {error}"))?;
    scene.play(&RoomPlan::many(rooms, 4, Group::Bystander).collect::<Vec<_>>())?;
    scene.pause(WARM_TIME)?;
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let (took, wrong) = (Vec::new(), Vec::new());
    let mut reloads =
        Reloads { scene: &scene, folder: game.path(), agent, token: token.trim().to_owned(), took, wrong };
    let (pages, told) = measure(&mut reloads)?;
    let Reloads { took, wrong, .. } = reloads;
    let (seen, log) = scene.close()?;
    Ok(judge(&pages, &seen, &told, (&took, &wrong), log))
}

fn measure(reloads: &mut Reloads<'_>) -> Result<(Pages, Told), String> {
    let scene = reloads.scene;
    let mut timeline = Timeline::new(scene);
    timeline.begin("before")?;
    scene.pause(CALM_TIME)?;
    timeline.begin("broken")?;
    reloads.repeat(BROKEN, broken_files, (409, "rules.ron:"))?;
    let (refused, kept) = (scene.next_page()?.in_force.refused.unwrap_or_default(), reloads.maps()?);
    timeline.begin("reloading")?;
    reloads.repeat(GOOD, |number| files(MAPS[number as usize % MAPS.len()]), (200, "rules and maps are in force"))?;
    let pages = timeline.end()?;
    Ok((pages, Told { refused, maps: [kept, reloads.maps()?] }))
}

fn judge(
    pages: &Pages,
    seen: &Seen,
    Told { refused, maps }: &Told,
    (took, wrong): (&[Duration], &[String]),
    log: Vec<String>,
) -> Report {
    let windows = pages.windows(seen, &[("bystander", &[Group::Bystander])]);
    let mut report = Report::new("reloads", windows, log, seen);
    for burst in ["broken", "reloading"] {
        report.check_ticks(burst, "before");
        report.note_frames("bystander", burst, "before");
    }
    report.check_nobody_is_lost(seen, &[Group::Bystander]);
    report.spread("reload", took.iter().copied());
    report.check(wrong.is_empty(), || format!("{} answers are wrong, the first: {}", wrong.len(), wrong[0]));
    report.check(refused.contains("rules.ron:"), || format!("the page does not show what was refused: {refused}"));
    report.check(*maps == [MAPS[1], MAPS[1]], || format!("the maps are {maps:?}"));
    report
}
