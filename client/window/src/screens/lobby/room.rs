//! The room's sheet in the lobby: its code, and the options that the host has chosen.

use bevy::prelude::*;
use framehouse_client::client::Client;
use framehouse_shared::{ids::RoomCode, protocol::messages::RoomOptions};

use super::options::{Maps, Ordered, stepped_seats};
use crate::{
    actions::Action,
    palette::{TEXT, TEXT_MUTED},
    session::Session,
    texts::T,
    ui::{
        Kind, Kit,
        kit::filler,
        redraw::{Redraw, Shown},
    },
};

#[derive(Component)]
pub struct Sheet;

/// The values that the sheet shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    code: RoomCode,
    options: RoomOptions,
    is_host: bool,
    has_maps: bool,
    can_start: bool,
}

pub fn spawn(panel: &mut ChildSpawnerCommands<'_>) {
    let sheet = Node { flex_direction: FlexDirection::Column, row_gap: px(8), ..default() };
    panel.spawn((Sheet, sheet, Shown::<Content>(None)));
}

pub fn show(
    mut redraw: Redraw,
    kit: Kit,
    session: Res<Session>,
    maps: Res<Maps>,
    ordered: Res<Ordered>,
    mut sheet: Single<(Entity, &mut Shown<Content>), With<Sheet>>,
) {
    let Some(content) = session.client().and_then(|client| content(client, &maps, &ordered)) else { return };
    let (entity, shown) = &mut *sheet;
    redraw.part(*entity, shown, content, |sheet, content| {
        spawn_code(sheet, &kit, content.code);
        spawn_options(sheet, &kit, content);
        if content.is_host {
            sheet.spawn(Node { margin: UiRect::top(px(4)), ..kit.row(9.0) }).with_children(|row| {
                if content.can_start {
                    row.spawn(kit.button(Action::Start, kit.say(T::Start), Kind::Chosen));
                }
                row.spawn(kit.button(Action::CloseRoom, kit.say(T::CloseRoom), Kind::Danger));
            });
        }
    });
}

fn content(client: &Client, maps: &Maps, ordered: &Ordered) -> Option<Content> {
    Some(Content {
        code: client.code()?,
        options: ordered.options(client)?.clone(),
        is_host: client.is_host(),
        has_maps: maps.is_known(),
        can_start: client.members()?.iter().flatten().count() > 1,
    })
}

fn spawn_code(sheet: &mut ChildSpawnerCommands<'_>, kit: &Kit, code: RoomCode) {
    sheet.spawn(kit.row(12.0)).with_children(|row| {
        row.spawn((kit.strong(code.as_str(), 44.0, kit.accent()), bevy::text::LetterSpacing::Px(6.0)));
        row.spawn(filler());
        row.spawn(kit.small_button(Action::CopyCode, kit.say(T::Copy), Kind::Plain));
    });
    sheet.spawn(kit.row(12.0)).with_children(|row| {
        row.spawn(kit.words(kit.say(T::ShareCode), 14.0, TEXT_MUTED));
        row.spawn(filler());
        row.spawn(kit.small_button(Action::CopyLink, kit.say(T::CopyLink), Kind::Quiet));
    });
}

fn spawn_options(sheet: &mut ChildSpawnerCommands<'_>, kit: &Kit, content: &Content) {
    let RoomOptions { seats, private, economy, map } = &content.options;
    let map = map.as_deref().unwrap_or_else(|| kit.say(T::AnyMap));
    option_row(sheet, kit, T::Map, |row| {
        let may_choose = content.is_host && content.has_maps;
        stepper(row, kit, map, [("\u{2039}", Action::Map(-1)), ("\u{203a}", Action::Map(1))], [may_choose; 2]);
    });
    option_row(sheet, kit, T::Seats, |row| {
        let may_go = |step| content.is_host && stepped_seats(*seats, step) != *seats;
        let steps = [("\u{2212}", Action::Seats(-1)), ("+", Action::Seats(1))];
        stepper(row, kit, &seats.to_string(), steps, [may_go(-1), may_go(1)]);
    });
    let visibility = kit.say(if *private { T::Private } else { T::Public });
    option_row(sheet, kit, T::Visibility, |row| value(row, kit, content, visibility, Action::Private(!private)));
    let network = kit.say(if *economy { T::DataSaver } else { T::NormalNetwork });
    option_row(sheet, kit, T::Network, |row| value(row, kit, content, network, Action::Economy(!economy)));
}

fn option_row(
    sheet: &mut ChildSpawnerCommands<'_>,
    kit: &Kit,
    name: T,
    fill: impl FnOnce(&mut ChildSpawnerCommands<'_>),
) {
    sheet.spawn(Node { min_height: px(kit.grown(32.0)), ..kit.row(9.0) }).with_children(|row| {
        row.spawn(kit.words(kit.say(name), 15.0, TEXT_MUTED));
        row.spawn(filler());
        fill(row);
    });
}

/// Spawns a value between two buttons that change it; a button at its limit is left out.
fn stepper(
    row: &mut ChildSpawnerCommands<'_>,
    kit: &Kit,
    value: &str,
    [less, more]: [(&str, Action); 2],
    [may_less, may_more]: [bool; 2],
) {
    let button = |row: &mut ChildSpawnerCommands<'_>, (words, action): (&str, Action), may: bool| {
        if may {
            row.spawn(kit.small_button(action, words, Kind::Quiet));
        }
    };
    button(row, less, may_less);
    row.spawn((kit.strong(value, 16.0, TEXT), TextLayout::no_wrap()));
    button(row, more, may_more);
}

/// Spawns a value: a button for the host, a text for everybody else.
fn value(row: &mut ChildSpawnerCommands<'_>, kit: &Kit, content: &Content, words: &str, action: Action) {
    if content.is_host {
        row.spawn(kit.small_button(action, words, Kind::Quiet));
    } else {
        row.spawn(kit.strong(words, 16.0, TEXT));
    }
}
