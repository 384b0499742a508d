//! Parts of screens that show a value: they are made anew when it is another one, and only then.
//!
//! A button that is held down is not made anew below the mouse: the release would find another one in its place, and the
//! click would be lost. What changes meanwhile is shown when the button is let go.

use bevy::{ecs::system::SystemParam, prelude::*, ui::Pressed};

/// What a part of a screen shows now.
#[derive(Component, Clone, Debug, Default)]
pub struct Shown<T: Send + Sync + 'static>(pub Option<T>);

/// Makes parts of screens anew.
#[derive(SystemParam)]
pub struct Redraw<'w, 's> {
    commands: Commands<'w, 's>,
    pressed: Query<'w, 's, Entity, With<Pressed>>,
    parents: Query<'w, 's, &'static ChildOf>,
}

impl Redraw<'_, '_> {
    /// Makes a part anew if it shows another value and can be made anew now; says whether it was.
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
