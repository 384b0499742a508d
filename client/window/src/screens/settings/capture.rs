//! Key capture: waits for the key or mouse button to bind to an action.

use bevy::{
    input::{ButtonState, keyboard::KeyboardInput, mouse::MouseButtonInput},
    input_focus::{FocusCause, InputFocus},
    prelude::*,
};

use super::super::Screen;
use crate::{
    actions::{Action, HandleActions},
    keys::Press,
    palette::{TEXT, TEXT_MUTED},
    settings::Settings,
    texts::T,
    ui::{Kit, layer},
};

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Capture>();
    app.add_systems(Update, (begin, show).chain().in_set(HandleActions).run_if(in_state(Screen::Settings)));
    app.add_systems(
        PreUpdate,
        take.after(bevy::input::InputSystems).before(bevy::input_focus::InputFocusSystems::Dispatch),
    );
    app.add_systems(OnExit(Screen::Settings), |mut capture: ResMut<Capture>| capture.0 = None);
}

/// The action and the index of its key that is captured.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq)]
pub struct Capture(pub Option<(&'static str, usize)>);

#[derive(Component)]
struct CaptureOverlay;

fn begin(mut actions: MessageReader<Action>, mut capture: ResMut<Capture>, mut focus: ResMut<InputFocus>) {
    for action in actions.read() {
        if let Action::Rebind(id, index) = action {
            capture.0 = Some((*id, *index));
            // The pressed key must not reach the focused element.
            focus.clear();
        }
    }
}

/// Takes the first key or mouse button that can be bound; Escape keeps the old one.
fn take(
    mut keys: MessageReader<KeyboardInput>,
    mut buttons: MessageReader<MouseButtonInput>,
    mut capture: ResMut<Capture>,
    mut settings: ResMut<Settings>,
) {
    let Some((id, index)) = capture.0 else {
        keys.clear();
        return buttons.clear();
    };
    let pressed: Vec<KeyCode> =
        keys.read().filter(|key| key.state == ButtonState::Pressed && !key.repeat).map(|key| key.key_code).collect();
    let clicked = buttons.read().filter(|button| button.state == ButtonState::Pressed).map(|button| button.button);
    let press = pressed.iter().find_map(|key| Press::key(*key)).or_else(|| clicked.into_iter().find_map(Press::button));
    if let Some(press) = press {
        settings.keys.bind(id, index, press);
    }
    if press.is_some() || pressed.contains(&KeyCode::Escape) {
        capture.0 = None;
    }
}

fn show(
    mut commands: Commands,
    kit: Kit,
    capture: Res<Capture>,
    curtains: Query<Entity, With<CaptureOverlay>>,
    mut last: Local<Option<(&'static str, usize)>>,
    mut focus: ResMut<InputFocus>,
    buttons: Query<(Entity, &Action)>,
) {
    if !capture.is_changed() {
        return;
    }
    curtains.iter().for_each(|curtain| commands.entity(curtain).despawn());
    let Some((id, index)) = capture.0 else {
        // Only in the next frame: Enter as the new key must not click its own button.
        let back = last.take().map(|(id, index)| Action::Rebind(id, index));
        let button = buttons.iter().find(|(_, action)| back.as_ref() == Some(*action));
        return button.into_iter().for_each(|(entity, _)| focus.set(entity, FocusCause::Navigated));
    };
    *last = Some((id, index));
    let action = kit.settings().keys.actions().iter().find(|action| action.id() == id);
    let label = action.map_or("", |action| kit.say(action.label()));
    let node = Node {
        position_type: PositionType::Absolute,
        width: percent(100),
        height: percent(100),
        align_items: AlignItems::Center,
        justify_content: JustifyContent::Center,
        ..default()
    };
    let shade = BackgroundColor(Color::srgba(0.01, 0.02, 0.05, 0.7));
    commands
        .spawn((CaptureOverlay, node, shade, GlobalZIndex(layer::DIALOG), DespawnOnExit(Screen::Settings)))
        .with_children(|curtain| {
            curtain.spawn(kit.card(560.0)).insert(BorderColor::all(kit.accent())).with_children(|card| {
                let words = kit.fill(T::PressFor, &[label]);
                card.spawn((kit.strong(&words, 22.0, TEXT), TextLayout::justify(Justify::Center)));
                card.spawn((
                    kit.words(kit.say(T::PressCancel), 15.0, TEXT_MUTED),
                    TextLayout::justify(Justify::Center),
                ));
            });
        });
}
