//! Redraws parts of screens: a part shows a value, and is redrawn only when the value changes.
//!
//! A button that is held down is not redrawn: the release would hit another entity, and the click would be lost. A
//! change meanwhile is shown when the button is released.

use bevy::{ecs::system::SystemParam, prelude::*, ui::Pressed};

/// The value that a part of a screen shows.
#[derive(Component, Clone, Debug, Default)]
pub struct Shown<T: Send + Sync + 'static>(pub Option<T>);

/// Redraws parts of screens.
#[derive(SystemParam)]
pub struct Redraw<'w, 's> {
    commands: Commands<'w, 's>,
    pressed: Query<'w, 's, Entity, With<Pressed>>,
    parents: Query<'w, 's, &'static ChildOf>,
}

impl Redraw<'_, '_> {
    /// Redraws a part if its value has changed and no button in it is held; returns whether it did.
    pub fn part<T: PartialEq + Send + Sync + 'static>(
        &mut self,
        part: Entity,
        shown: &mut Shown<T>,
        value: T,
        build: impl FnOnce(&mut ChildSpawnerCommands<'_>, &T),
    ) -> bool {
        if shown.0.as_ref() == Some(&value) || self.is_held(part) {
            return false;
        }
        self.commands.entity(part).despawn_children().with_children(|parent| build(parent, &value));
        shown.0 = Some(value);
        true
    }

    /// Whether a button inside this part is held down.
    fn is_held(&self, part: Entity) -> bool {
        self.pressed.iter().any(|button| self.parents.iter_ancestors(button).any(|ancestor| ancestor == part))
    }
}
