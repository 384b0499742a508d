//! Keyboard navigation: arrows go to the nearest neighbour, Enter submits a field, Escape goes back, and redrawn parts
//! keep the focus. (Tab and Shift-Tab are Bevy's.)

use bevy::{
    input_focus::{
        FocusCause, InputFocus, InputFocusVisible,
        tab_navigation::{TabGroup, TabIndex},
    },
    prelude::*,
    text::EditableText,
    ui::UiGlobalTransform,
    ui_widgets::{ScrollIntoView, Slider},
};

use crate::actions::{Action, HandleActions};

/// A text field.
#[derive(Component, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The player's name.
    Name,
    /// The server's address.
    Server,
    /// A room's code.
    Code,
    /// A chat line.
    Chat,
}

pub(super) fn plugin(app: &mut App) {
    app.add_systems(Update, (follow_arrows, submit, go_back, scroll_along).before(HandleActions));
    app.add_systems(PostUpdate, keep_focus.before(bevy::ui::UiSystems::Prepare));
}

fn follow_arrows(
    keys: Res<ButtonInput<KeyCode>>,
    mut focus: ResMut<InputFocus>,
    mut visible: ResMut<InputFocusVisible>,
    places: Query<(Entity, &UiGlobalTransform, &ComputedNode, &InheritedVisibility), With<TabIndex>>,
    own: Query<(Has<EditableText>, Has<Slider>)>,
    (groups, parents): (Query<(Entity, &TabGroup, &InheritedVisibility)>, Query<&ChildOf>),
) {
    let Some(direction) = arrow(&keys) else { return };
    let (is_field, is_slider) = focus.get().and_then(|entity| own.get(entity).ok()).unwrap_or_default();
    // Left and right move the cursor of a field, and the thumb of a slider.
    if direction.x != 0.0 && (is_field || is_slider) {
        return;
    }
    // Behind an open dialog nothing is reached.
    let dialog =
        groups.iter().find(|(_, group, visibility)| group.modal && visibility.get()).map(|(dialog, ..)| dialog);
    let is_reached = |entity| dialog.is_none_or(|dialog| parents.iter_ancestors(entity).any(|parent| parent == dialog));
    let seen = places.iter().filter(|(entity, .., visibility)| visibility.get() && is_reached(*entity));
    let rects: Vec<(Entity, Rect)> = seen
        .map(|(entity, transform, node, _)| (entity, Rect::from_center_size(transform.translation, node.size())))
        .collect();
    let from = rects.iter().find(|(entity, _)| focus.get() == Some(*entity)).map(|(_, rect)| *rect);
    let next = match from {
        Some(from) => nearest(from, direction, &rects),
        None => rects.first().map(|(entity, _)| *entity),
    };
    if let Some(next) = next {
        focus.set(next, FocusCause::Navigated);
        visible.0 = true;
    }
}

fn arrow(keys: &ButtonInput<KeyCode>) -> Option<Vec2> {
    let arrows = [
        (KeyCode::ArrowUp, Vec2::NEG_Y),
        (KeyCode::ArrowDown, Vec2::Y),
        (KeyCode::ArrowLeft, Vec2::NEG_X),
        (KeyCode::ArrowRight, Vec2::X),
    ];
    arrows.into_iter().find(|(key, _)| keys.just_pressed(*key)).map(|(_, direction)| direction)
}

/// The nearest element in this direction; sideways distance counts more.
fn nearest(from: Rect, direction: Vec2, places: &[(Entity, Rect)]) -> Option<Entity> {
    let distance = |to: &Rect| {
        let offset = to.center() - from.center();
        let ahead = offset.dot(direction);
        // Rows and columns overlap a little where buttons differ in size.
        let gap = match direction.x == 0.0 {
            true => (to.min.x - from.max.x).max(from.min.x - to.max.x).max(0.0),
            false => (to.min.y - from.max.y).max(from.min.y - to.max.y).max(0.0),
        };
        let aside = offset.dot(direction.perp()).abs();
        (ahead > 1.0).then_some(ahead + 6.0 * gap + 0.2 * aside)
    };
    let found = places.iter().filter_map(|(entity, rect)| Some((distance(rect)?, *entity)));
    found.min_by(|(first, _), (second, _)| first.total_cmp(second)).map(|(_, entity)| entity)
}

/// Submits a field with Enter: does the most common next action.
fn submit(
    keys: Res<ButtonInput<KeyCode>>,
    focus: Res<InputFocus>,
    fields: Query<&Field>,
    mut actions: MessageWriter<Action>,
) {
    let is_enter = keys.any_just_pressed([KeyCode::Enter, KeyCode::NumpadEnter]);
    let Some(field) = focus.get().filter(|_| is_enter).and_then(|entity| fields.get(entity).ok()) else { return };
    actions.write(match field {
        Field::Name | Field::Server => Action::QuickMatch,
        Field::Code => Action::JoinCode,
        Field::Chat => Action::SendChat,
    });
}

fn go_back(keys: Res<ButtonInput<KeyCode>>, mut actions: MessageWriter<Action>) {
    if keys.just_pressed(KeyCode::Escape) {
        actions.write(Action::Back);
    }
}

fn scroll_along(focus: Res<InputFocus>, mut commands: Commands, nodes: Query<(), With<ComputedNode>>) {
    if focus.is_changed()
        && let Some(entity) = focus.get().filter(|entity| nodes.contains(*entity))
    {
        commands.trigger(ScrollIntoView { entity });
    }
}

/// Keeps the focus when a list is redrawn: moves it to the new button with the same action.
fn keep_focus(
    mut focus: ResMut<InputFocus>,
    mut last: Local<Option<Action>>,
    all: Query<Option<&Action>>,
    buttons: Query<(Entity, &Action), With<TabIndex>>,
) {
    let Some(entity) = focus.get() else { return };
    if let Ok(action) = all.get(entity) {
        *last = action.cloned();
        return;
    }
    let same = buttons.iter().find(|(_, action)| last.as_ref() == Some(*action));
    match same {
        Some((entity, _)) => focus.set(entity, FocusCause::Navigated),
        None => focus.clear(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrows_go_to_the_neighbour() {
        let mut world = World::new();
        let mut at =
            |x: f32, y: f32| (world.spawn_empty().id(), Rect::from_center_size(Vec2::new(x, y), Vec2::new(90.0, 30.0)));
        let places = [at(0.0, 0.0), at(100.0, 0.0), at(0.0, 50.0), at(200.0, 50.0)];
        let go = |from: usize, direction| {
            let found = nearest(places[from].1, direction, &places);
            found.map(|entity| places.iter().position(|(other, _)| *other == entity).expect("one of them"))
        };
        assert_eq!(go(0, Vec2::X), Some(1));
        assert_eq!(go(0, Vec2::Y), Some(2));
        assert_eq!(go(2, Vec2::X), Some(3));
        assert_eq!(go(3, Vec2::NEG_Y), Some(1));
        assert_eq!(go(0, Vec2::NEG_X), None);
    }
}
