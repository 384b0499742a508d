//! The list of replays on this computer, newest first; a click shows one.

use std::{
    path::PathBuf,
    time::{Duration, SystemTime},
};

use bevy::{prelude::*, ui_widgets::ScrollArea};
use framehouse_client::replays::{SavedReplay, Summary, list_replays};

use super::{ReplayList, Screen};
use crate::{
    actions::{Action, HandleActions},
    palette::{TEXT, TEXT_MUTED},
    session::{BackgroundTask, Session},
    settings::{Settings, Store},
    texts::T,
    ui::{
        Kind, Kit,
        kit::filler,
        redraw::{Redraw, Shown},
    },
};

/// Maximum number of names in a line; beyond, the line only shows that there are more.
const NAMES_MAX: usize = 4;

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Replays>();
    app.add_systems(OnEnter(Screen::Replays), (look, spawn).chain());
    app.add_systems(Update, handle_actions.in_set(HandleActions).run_if(in_state(Screen::Replays)));
    app.add_systems(Update, (take, show).chain().after(HandleActions).run_if(in_state(Screen::Replays)));
}

/// The replays in the folder.
#[derive(Resource, Default)]
struct Replays {
    folder: Option<PathBuf>,
    looked: Option<BackgroundTask<Vec<SavedReplay>>>,
    found: Option<Vec<SavedReplay>>,
}

#[derive(Component)]
struct Table;

fn look(store: Res<Store>, mut replays: ResMut<Replays>) {
    let folder = store.replays();
    let place = folder.clone().unwrap_or_default();
    *replays = Replays { folder, looked: Some(BackgroundTask::begin(move || list_replays(&place))), found: None };
}

fn spawn(mut commands: Commands, kit: Kit, replays: Res<Replays>) {
    let table = Node {
        height: px(kit.grown(400.0).min(460.0)),
        flex_shrink: 1.0,
        flex_direction: FlexDirection::Column,
        row_gap: px(6),
        overflow: Overflow::scroll_y(),
        ..default()
    };
    let folder = replays.folder.as_ref().map(|folder| folder.display().to_string()).unwrap_or_default();
    commands.spawn(kit.screen(Screen::Replays)).with_children(|screen| {
        screen.spawn(kit.card(880.0)).with_children(|card| {
            card.spawn(kit.strong(kit.say(T::Replays), 30.0, TEXT));
            card.spawn(kit.words(&folder, 14.0, TEXT_MUTED));
            card.spawn((Table, table, ScrollArea, Shown::<Option<Vec<SavedReplay>>>(None)));
            card.spawn(kit.row(11.0)).with_child(kit.button(Action::Back, kit.say(T::Back), Kind::Main));
        });
    });
}

fn take(mut replays: ResMut<Replays>) {
    if let Some(found) = replays.looked.as_mut().and_then(BackgroundTask::take) {
        replays.found = Some(found);
    }
}

fn show(
    mut redraw: Redraw,
    kit: Kit,
    replays: Res<Replays>,
    mut table: Single<(Entity, &mut Shown<Option<Vec<SavedReplay>>>), With<Table>>,
) {
    let (entity, shown) = &mut *table;
    redraw.part(*entity, shown, replays.found.clone(), |table, found| match found.as_deref() {
        None => {
            table.spawn(kit.words(kit.say(T::LookingForReplays), 17.0, TEXT_MUTED));
        }
        Some([]) => {
            table.spawn(kit.words(kit.say(T::NoReplays), 17.0, TEXT));
            table.spawn(kit.words(kit.say(T::NoReplaysHint), 15.0, TEXT_MUTED));
        }
        Some(found) => found.iter().for_each(|replay| spawn_replay(table, &kit, replay)),
    });
}

fn spawn_replay(table: &mut ChildSpawnerCommands<'_>, kit: &Kit, replay: &SavedReplay) {
    let file = replay.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let names = replay.summary.as_ref().map_or(file, names_of);
    let age = SystemTime::now().duration_since(replay.saved).unwrap_or_default();
    let mut detail = age_of(age, kit);
    if let Some(Summary { map, seconds, .. }) = &replay.summary {
        detail = format!("{detail}  \u{b7}  {}:{:02}  \u{b7}  {map}", seconds / 60, seconds % 60);
    }
    table.spawn(kit.line(TEXT, 0.05)).with_children(|line| {
        let column =
            Node { flex_direction: FlexDirection::Column, flex_shrink: 1.0, overflow: Overflow::clip_x(), ..default() };
        line.spawn(column).with_children(|words| {
            words.spawn((kit.strong(&names, 16.0, TEXT), TextLayout::no_wrap()));
            words.spawn((kit.words(&detail, 13.0, TEXT_MUTED), TextLayout::no_wrap()));
        });
        line.spawn(filler());
        let action = Action::ShowReplay(replay.path.clone());
        line.spawn(kit.small_button(action, kit.say(T::Watch), Kind::QuietMain));
    });
}

fn names_of(summary: &Summary) -> String {
    let names: Vec<String> =
        summary.ranking.iter().take(NAMES_MAX).map(|(name, points)| format!("{name} {points}")).collect();
    let more = if summary.ranking.len() > NAMES_MAX { ", \u{2026}" } else { "" };
    format!("{}{more}", names.join(", "))
}

fn age_of(age: Duration, kit: &Kit) -> String {
    let minutes = age.as_secs() / 60;
    let (text, number) = match minutes {
        ..120 => (T::MinutesAgo, minutes),
        120..2880 => (T::HoursAgo, minutes / 60),
        _ => (T::DaysAgo, minutes / 1440),
    };
    kit.fill(text, &[&number.to_string()])
}

fn handle_actions(
    mut actions: MessageReader<Action>,
    time: Res<Time<Real>>,
    settings: Res<Settings>,
    mut session: ResMut<Session>,
    mut list: ResMut<ReplayList>,
    mut next: ResMut<NextState<Screen>>,
) {
    for action in actions.read() {
        match action {
            Action::ShowReplay(file) => {
                *list = ReplayList(Screen::Replays);
                session.show_replay(file.clone(), &settings, time.elapsed());
            }
            Action::Back => next.set(Screen::Menu),
            _ => {}
        }
    }
}
