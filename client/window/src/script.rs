//! Scripted runs of the window: a picture, an exit time, and a report.

mod report;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    args::Args,
    frame_stats::Measuring,
    screens::Screen,
    session::{Session, SessionNotice, Shutdown},
};
use bevy::{
    prelude::*,
    render::view::screenshot::{Captured, Screenshot, save_to_disk},
};
use framehouse_client::{complain, say, stats::Distribution};
use framehouse_shared::text::Printable;
use report::{Matches, Report};

/// The longest wait for a picture from the graphics card.
const PICTURE_TIME_MAX: Duration = Duration::from_secs(10);
/// The exit code after a failed session or a missing picture.
const FAILED: u8 = 1;

/// Takes the picture, ends the program and counts frames. The player sees nothing of it.
pub struct ScriptPlugin(pub Args);

impl Plugin for ScriptPlugin {
    fn build(&self, app: &mut App) {
        let Args { screenshot, after, exit_after, screen, .. } = self.0.clone();
        let due = |seconds| Duration::from_secs_f32(seconds);
        app.insert_resource(Script {
            picture: screenshot.map_or(Picture::None, |path| Picture::Due(path, due(after))),
            end: exit_after.map(due),
            screen,
            screen_seen: None,
            is_scripted: self.0.is_scripted(),
            // These screens are shown before there is a session, or after a failure: their pictures need none.
            wants_session: (self.0.target().is_some() || self.0.replay.is_some())
                && !matches!(screen, Some(Screen::Problem | Screen::Connecting | Screen::Menu)),
            wants_report: exit_after.is_some(),
            frames: 0,
            frame_tenth_ms: Distribution::new(0, 20_000),
            matches: Matches::default(),
        });
        let systems =
            (count_frame, note_matches, look_for_screen, take_picture, stop_when_failed, stop_when_over).chain();
        app.add_systems(Last, systems.before(Shutdown));
    }
}

#[derive(Resource)]
struct Script {
    picture: Picture,
    end: Option<Duration>,
    /// The screen to take a picture of.
    screen: Option<Screen>,
    screen_seen: Option<Duration>,
    is_scripted: bool,
    wants_session: bool,
    wants_report: bool,
    frames: u64,
    frame_tenth_ms: Distribution,
    matches: Matches,
}

#[derive(Clone)]
enum Picture {
    None,
    Due(PathBuf, Duration),
    Taking { path: PathBuf, entity: Entity, since: Duration },
    Taken,
    Missing(String),
}

fn count_frame(time: Res<Time<Real>>, mut script: ResMut<Script>) {
    script.frames += 1;
    script.frame_tenth_ms.record((time.delta_secs_f64() * 10_000.0) as i64);
}

fn note_matches(mut heard: MessageReader<SessionNotice>, mut script: ResMut<Script>) {
    heard.read().for_each(|SessionNotice(notice)| script.matches.note(notice));
}

/// Starts the wait for the picture when its screen appears.
fn look_for_screen(time: Res<Time<Real>>, screen: Res<State<Screen>>, mut script: ResMut<Script>) {
    let is_there = script.screen.is_none_or(|wanted| wanted == *screen.get());
    script.screen_seen = is_there.then(|| script.screen_seen.unwrap_or_else(|| time.elapsed()));
}

fn take_picture(
    mut commands: Commands,
    time: Res<Time<Real>>,
    mut script: ResMut<Script>,
    pictures: Query<Has<Captured>, With<Screenshot>>,
) {
    let now = time.elapsed();
    let since = if script.screen.is_some() { script.screen_seen } else { Some(Duration::ZERO) };
    script.picture = match script.picture.clone() {
        Picture::Due(path, due) if since.is_some_and(|since| now >= since + due) => {
            let entity = commands.spawn(Screenshot::primary_window()).observe(save_to_disk(path.clone())).id();
            Picture::Taking { path, entity, since: now }
        }
        Picture::Taking { path, entity, since } => {
            let is_done = pictures.get(entity).unwrap_or(true);
            is_written(&path, is_done, now - since).unwrap_or(Picture::Taking { path, entity, since })
        }
        other => other,
    };
}

/// The outcome of taking a picture; nothing while it is pending. Write errors are only logged, so the file is checked.
fn is_written(path: &Path, is_done: bool, waited: Duration) -> Option<Picture> {
    let has_file = path.metadata().is_ok_and(|file| file.len() > 0);
    if is_done && has_file {
        return Some(Picture::Taken);
    }
    let is_late = is_done || waited > PICTURE_TIME_MAX;
    is_late.then(|| Picture::Missing(format!("The picture could not be written to {}.", path.display())))
}

/// Prints the failure and ends a scripted run, since a script cannot read the window.
fn stop_when_failed(
    session: Res<Session>,
    script: Res<Script>,
    mut was_told: Local<bool>,
    mut exit: MessageWriter<AppExit>,
) {
    let Some(sentence) = session.failure().filter(|_| script.wants_session) else { return };
    if !std::mem::replace(&mut *was_told, true) {
        complain!("{}", Printable(sentence));
    }
    let is_picture_due = matches!(script.picture, Picture::Due(..) | Picture::Taking { .. });
    if script.is_scripted && !is_picture_due {
        exit.write(AppExit::from_code(FAILED));
    }
}

fn stop_when_over(
    time: Res<Time<Real>>,
    session: Res<Session>,
    (script, measuring): (Res<Script>, Measuring),
    mut is_over: Local<bool>,
    mut exit: MessageWriter<AppExit>,
) {
    let is_due = match (script.end, &script.picture) {
        (_, Picture::Taking { .. }) => false,
        (Some(end), _) => time.elapsed() >= end,
        (None, picture) => matches!(picture, Picture::Taken | Picture::Missing(_)),
    };
    if !is_due || *is_over || (script.wants_session && session.failure().is_some()) {
        return;
    }
    *is_over = true;
    if script.wants_report {
        let measured = measuring.so_far(session.stats());
        let report = Report::new(script.frames, &script.frame_tenth_ms, session.stats(), measured, &script.matches);
        say!("{}", serde_json::to_string(&report).expect("numbers and names serialise"));
    }
    match &script.picture {
        Picture::Missing(sentence) => {
            complain!("{sentence}");
            exit.write(AppExit::from_code(FAILED))
        }
        // A client without a session at the end has not played.
        _ if script.wants_session && !is_up(&session) => {
            complain!("There was no session with {} when the time was over.", session.server());
            exit.write(AppExit::from_code(FAILED))
        }
        _ => exit.write(AppExit::Success),
    };
}

fn is_up(session: &Session) -> bool {
    session.playback().is_some() || session.client().is_some_and(|client| client.phase().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_counts_when_its_file_is_there() {
        let nowhere = Path::new("/nowhere/at/all.png");
        assert!(is_written(nowhere, false, Duration::from_secs(1)).is_none());
        assert!(matches!(is_written(nowhere, true, Duration::ZERO), Some(Picture::Missing(_))));
        assert!(matches!(is_written(nowhere, false, Duration::from_secs(60)), Some(Picture::Missing(_))));
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        assert!(matches!(is_written(&here, true, Duration::ZERO), Some(Picture::Taken)));
    }
}
