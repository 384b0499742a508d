//! What all screens are made of: buttons, fields and panels that look and feel alike, focus, and short notices.

mod animation;
pub mod backdrop;
mod focus;
pub mod kit;
pub mod redraw;
pub mod slider;
pub mod toast;

use bevy::{input_focus::tab_navigation::TabNavigationPlugin, prelude::*};

pub use animation::{ButtonAnimation, Rise};
pub use focus::Field;
pub use kit::{Kind, Kit};

/// Everything of the screens that is not one of them.
pub struct UiPlugin;

impl Plugin for UiPlugin {
    fn build(&self, app: &mut App) {
        app.add_plugins((
            TabNavigationPlugin,
            animation::plugin,
            focus::plugin,
            backdrop::plugin,
            slider::plugin,
            toast::plugin,
        ));
    }
}

/// What lies over what.
pub mod layer {
    /// Behind every screen, over the match.
    pub const BACKDROP: i32 = 5;
    /// Screens.
    pub const SCREEN: i32 = 10;
    /// What asks something in front of a screen.
    pub const DIALOG: i32 = 20;
    /// Short notices.
    pub const TOAST: i32 = 30;
}
