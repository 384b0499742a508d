//! The settings screen: keys and mouse, colours, text size, language, full screen.

mod capture;

use bevy::{
    prelude::*,
    text::FontCx,
    ui_widgets::{ScrollArea, SliderDragState, SliderValue, ValueChange},
};

use super::Screen;
use crate::{
    actions::{Action, HandleActions},
    fonts::has_letters,
    keys::InputAction,
    palette::{Palette, TEXT, TEXT_MUTED},
    settings::{Settings, TEXT_SCALE},
    texts::T,
    ui::{
        Field, Kind, Kit,
        kit::{dot, filler},
        redraw::{Redraw, Shown},
        slider::slider,
        toast::{Toast, ToastKind},
    },
    view::GameView,
};

/// Step of the text size slider.
const STEP: f32 = 0.1;

pub(super) fn plugin(app: &mut App) {
    app.add_plugins(capture::plugin);
    app.add_systems(OnEnter(Screen::Settings), spawn);
    app.add_systems(Update, (handle_actions, leave).in_set(HandleActions).run_if(in_state(Screen::Settings)));
    app.add_systems(Update, show.after(HandleActions).run_if(in_state(Screen::Settings)));
    app.add_observer(take_text_scale);
}

/// The part of the screen that shows the settings.
#[derive(Component)]
struct Sheet;

fn spawn(mut commands: Commands, kit: Kit) {
    let sheet = Node {
        flex_direction: FlexDirection::Column,
        row_gap: px(8),
        overflow: Overflow::scroll_y(),
        flex_shrink: 1.0,
        ..default()
    };
    commands.spawn(kit.screen(Screen::Settings)).with_children(|screen| {
        screen.spawn(kit.card(900.0)).with_children(|card| {
            card.spawn(kit.strong(kit.say(T::Settings), 30.0, TEXT));
            spawn_player(card, &kit);
            card.spawn((Sheet, sheet, ScrollArea, Shown::<Settings>(None)));
            card.spawn(Node { margin: UiRect::top(px(6)), ..kit.row(11.0) }).with_children(|row| {
                row.spawn(kit.button(Action::ResetKeys, kit.say(T::ResetKeys), Kind::Plain));
                row.spawn(kit.button(Action::Back, kit.say(T::Back), Kind::Main));
            });
        });
    });
}

/// Spawns name and server, as in the menu.
fn spawn_player(card: &mut ChildSpawnerCommands<'_>, kit: &Kit) {
    let Settings { name, server, .. } = kit.settings().clone();
    card.spawn(kit.row(12.0)).with_children(|row| {
        row.spawn((kit.words(kit.say(T::Name), 15.0, TEXT_MUTED), TextLayout::no_wrap()));
        row.spawn(Node { width: px(kit.grown(200.0)), ..default() }).with_child(kit.field(Field::Name, &name, 24));
        row.spawn((kit.words(kit.say(T::Server), 15.0, TEXT_MUTED), TextLayout::no_wrap()));
        row.spawn(Node { flex_grow: 1.0, ..default() }).with_child(kit.field(Field::Server, &server, 120));
    });
}

/// Redraws the settings when they change; the other texts change when the screen is entered again.
fn show(
    mut redraw: Redraw,
    (kit, view): (Kit, Res<GameView>),
    sliders: Query<&SliderDragState>,
    mut sheet: Single<(Entity, &mut Shown<Settings>), With<Sheet>>,
) {
    let (entity, shown) = &mut *sheet;
    // A thumb that is dragged must not be replaced under the mouse.
    if sliders.iter().any(|slider| slider.dragging) {
        return;
    }
    redraw.part(*entity, shown, kit.settings().clone(), |sheet, settings| {
        spawn_keys(sheet, &kit);
        sheet.spawn((kit.heading(T::Looks), Node { margin: UiRect::top(px(10)), ..default() }));
        spawn_looks(sheet, &kit, &view, settings);
    });
}

fn spawn_keys(sheet: &mut ChildSpawnerCommands<'_>, kit: &Kit) {
    let actions = kit.settings().keys.actions();
    if actions.is_empty() {
        return;
    }
    sheet.spawn(kit.heading(T::Keys));
    let grid = Node {
        display: Display::Grid,
        grid_template_columns: vec![GridTrack::flex(1.0), GridTrack::flex(1.0)],
        column_gap: px(26),
        row_gap: px(6),
        ..default()
    };
    sheet.spawn(grid).with_children(|grid| actions.iter().for_each(|action| spawn_action(grid, kit, action)));
}

fn spawn_action(grid: &mut ChildSpawnerCommands<'_>, kit: &Kit, action: &InputAction) {
    let presses = kit.settings().keys.of(action.id());
    grid.spawn(kit.row(8.0)).with_children(|row| {
        row.spawn((kit.words(kit.say(action.label()), 16.0, TEXT), Node { flex_grow: 1.0, ..default() }));
        for (index, press) in presses.into_iter().enumerate() {
            let label = press.map_or_else(|| kit.say(T::Unbound).to_owned(), |press| press.label());
            let node = Node { width: px(kit.grown(142.0)), ..default() };
            row.spawn(node).with_child(kit.button(Action::Rebind(action.id(), index), &label, Kind::Plain));
        }
    });
}

fn spawn_looks(sheet: &mut ChildSpawnerCommands<'_>, kit: &Kit, view: &GameView, settings: &Settings) {
    choice_row(sheet, kit, T::Colours, |row| {
        for slot in framehouse_shared::ids::Slot::all().take(8) {
            row.spawn(dot(kit.player(slot)));
        }
        row.spawn(filler());
        for (palette, text) in Palette::ALL.into_iter().zip([T::PaletteVivid, T::PaletteDistinct]) {
            row.spawn(kit.small_button(Action::Paint(palette), kit.say(text), chosen(settings.palette == palette)));
        }
    });
    choice_row(sheet, kit, T::TextSize, |row| spawn_slider(row, kit, settings.text_scale));
    choice_row(sheet, kit, T::LanguageTitle, |row| {
        row.spawn(filler());
        for language in view.all_languages() {
            let kind = chosen(settings.language == language);
            row.spawn(kit.small_button(Action::Speak(language), language.name(), kind));
        }
    });
    choice_row(sheet, kit, T::Motion, |row| {
        row.spawn(filler());
        for (reduced, text) in [(false, T::MotionFull), (true, T::MotionReduced)] {
            let kind = chosen(settings.reduced_motion == reduced);
            row.spawn(kit.small_button(Action::ReduceMotion(reduced), kit.say(text), kind));
        }
    });
    choice_row(sheet, kit, T::Window, |row| {
        row.spawn(filler());
        for (fullscreen, text) in [(false, T::Windowed), (true, T::Fullscreen)] {
            let kind = chosen(settings.fullscreen == fullscreen);
            row.spawn(kit.small_button(Action::Fullscreen(fullscreen), kit.say(text), kind));
        }
    });
}

const fn chosen(is_chosen: bool) -> Kind {
    if is_chosen { Kind::QuietMain } else { Kind::Quiet }
}

fn choice_row(
    sheet: &mut ChildSpawnerCommands<'_>,
    kit: &Kit,
    name: T,
    fill: impl FnOnce(&mut ChildSpawnerCommands<'_>),
) {
    sheet.spawn(Node { flex_shrink: 0.0, ..kit.row(8.0) }).with_children(|row| {
        let node = Node { width: px(kit.grown(170.0)), flex_shrink: 0.0, ..default() };
        row.spawn((kit.words(kit.say(name), 16.0, TEXT), TextLayout::no_wrap(), node));
        fill(row);
    });
}

fn spawn_slider(row: &mut ChildSpawnerCommands<'_>, kit: &Kit, value: f32) {
    row.spawn(slider(value, TEXT_SCALE, STEP));
    row.spawn((
        kit.strong(&format!("{:.0} %", value * 100.0), 16.0, TEXT),
        TextLayout::no_wrap(),
        Node { width: px(kit.grown(64.0)), flex_shrink: 0.0, ..default() },
    ));
}

/// Takes the value of the text size slider at once; the screen is resized when the thumb is released.
fn take_text_scale(
    change: On<ValueChange<f32>>,
    mut commands: Commands,
    mut settings: ResMut<Settings>,
    screen: Res<State<Screen>>,
    mut next: ResMut<NextState<Screen>>,
) {
    if *screen.get() != Screen::Settings {
        return;
    }
    let value = ((change.value / STEP).round() * STEP).clamp(*TEXT_SCALE.start(), *TEXT_SCALE.end());
    commands.entity(change.source).insert(SliderValue(value));
    if change.is_final && (settings.text_scale - value).abs() > 0.01 {
        settings.text_scale = value;
        next.set(Screen::Settings);
    }
}

fn handle_actions(
    mut actions: MessageReader<Action>,
    mut settings: ResMut<Settings>,
    mut fonts: ResMut<FontCx>,
    mut next: ResMut<NextState<Screen>>,
    mut toasts: MessageWriter<Toast>,
) {
    for action in actions.read() {
        match action {
            Action::Speak(language) if !has_letters(&mut fonts, *language) => {
                toasts.write(Toast::with(ToastKind::Bad, T::NoLetters, language.name()));
            }
            Action::Speak(language) => {
                settings.language = *language;
                // All texts of the screen have changed.
                next.set(Screen::Settings);
            }
            Action::Paint(palette) => settings.palette = *palette,
            Action::Fullscreen(fullscreen) => settings.fullscreen = *fullscreen,
            Action::ReduceMotion(reduced) => settings.reduced_motion = *reduced,
            Action::ResetKeys => settings.keys.reset(),
            _ => {}
        }
    }
}

/// Leaves the screen. In a room, the session itself leads on to the lobby.
fn leave(mut actions: MessageReader<Action>, capture: Res<capture::Capture>, mut next: ResMut<NextState<Screen>>) {
    // The Escape key that ended a capture does not leave the screen.
    let is_free = capture.0.is_none() && !capture.is_changed();
    if actions.read().any(|action| *action == Action::Back) && is_free {
        next.set(Screen::Menu);
    }
}
