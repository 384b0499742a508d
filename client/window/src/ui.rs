//! UI elements that all screens share: buttons, fields and panels, focus, and toasts.

mod animation;
pub mod backdrop;
mod focus;
pub mod kit;
pub mod redraw;
pub mod slider;
pub mod time_bar;
pub mod toast;

use bevy::{input_focus::tab_navigation::TabNavigationPlugin, prelude::*};

pub use animation::{ButtonAnimation, Rise};
pub use focus::Field;
pub use kit::{Kind, Kit};

/// The parts of the screens that are not a screen themselves.
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

/// Layers, from back to front.
pub mod layer {
    /// Behind every screen, over the match.
    pub const BACKDROP: i32 = 5;
    /// Screens.
    pub const SCREEN: i32 = 10;
    /// Dialogs in front of a screen.
    pub const DIALOG: i32 = 20;
    /// Toasts.
    pub const TOAST: i32 = 30;
}
