//! Parts of screens that show a value: they are made anew when it is another one, and only then.

use bevy::prelude::*;

/// What a part of a screen shows now.
#[derive(Component, Clone, Debug, Default)]
pub struct Shown<T: Send + Sync + 'static>(pub Option<T>);

/// Makes a part anew if it shows another value.
pub fn redraw<T: PartialEq + Send + Sync + 'static>(
    commands: &mut Commands,
    part: Entity,
    shown: &mut Shown<T>,
    value: T,
    build: impl FnOnce(&mut ChildSpawnerCommands<'_>, &T),
) {
    if shown.0.as_ref() == Some(&value) {
        return;
    }
    commands.entity(part).despawn_children().with_children(|parent| build(parent, &value));
    shown.0 = Some(value);
}
