//! Settings: name, server, keys and looks, saved in a text file.

mod file;
mod store;

use bevy::{
    prelude::*,
    window::{MonitorSelection, PrimaryWindow, WindowMode},
};
use framehouse_shared::{api::PlayerSecret, text::clean_name};

use super::{
    keys::Bindings,
    palette::{Colors, Palette},
    session::Shutdown,
    texts::{Language, Phrase},
    ui::toast::Toast,
    view::GameView,
};

pub use store::{SettingsError, Store};

/// Range of the text scale, as a factor of the normal size.
pub const TEXT_SCALE: std::ops::RangeInclusive<f32> = 0.8..=1.6;
/// Changes are saved after this many seconds without a further change.
const SAVE_AFTER: f32 = 0.7;
/// The default server.
pub const SERVER: &str = "http://127.0.0.1:7777";

/// Saves the settings and applies them. They are loaded before: see [`Store::load`].
pub struct SettingsPlugin;

impl Plugin for SettingsPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Startup, show_settings_error);
        let systems = (apply_palette, apply_window).run_if(resource_exists_and_changed::<Settings>);
        app.add_systems(PreUpdate, systems);
        app.add_systems(Last, save.in_set(Shutdown));
    }
}

/// The player's settings.
#[derive(Resource, Clone, Debug, PartialEq)]
pub struct Settings {
    /// The player's name, as others see it.
    pub name: String,
    /// The server's HTTP address.
    pub server: String,
    /// The language of all texts.
    pub language: Language,
    /// The players' colours.
    pub palette: Palette,
    /// Text scale, as a factor of the normal size.
    pub text_scale: f32,
    /// Whether the picture keeps still: no zoom, no shake.
    pub reduced_motion: bool,
    /// Whether the window covers the screen.
    pub fullscreen: bool,
    /// The key bindings.
    pub keys: Bindings,
    /// The secret by which servers know the player again, in a file of its own. Without one the player is a guest.
    pub player_secret: Option<PlayerSecret>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: "Player".to_owned(),
            server: SERVER.to_owned(),
            language: Language::ENGLISH,
            palette: Palette::Vivid,
            text_scale: 1.0,
            reduced_motion: false,
            fullscreen: false,
            keys: Bindings::default(),
            player_secret: None,
        }
    }
}

impl Settings {
    /// The default settings for a game, with its keys.
    pub fn usual(view: &GameView) -> Self {
        Self { keys: Bindings::usual(view.about().id, view.actions()), ..Self::default() }
    }

    /// These settings with every value in its range.
    #[must_use]
    pub fn in_range(mut self) -> Self {
        // Written so that a NaN is out of range.
        if !TEXT_SCALE.contains(&self.text_scale) {
            self.text_scale = 1.0;
        }
        if !is_name(&self.name) {
            self.name = Self::default().name;
        }
        self
    }

    /// A text in the player's language.
    pub fn say(&self, phrase: impl Into<Phrase>) -> &'static str {
        phrase.into().text(self.language)
    }
}

/// Whether a name is valid, so that others can be shown it.
pub fn is_name(name: &str) -> bool {
    clean_name(name).is_some()
}

fn show_settings_error(mut store: ResMut<Store>, mut toasts: MessageWriter<Toast>) {
    if let Some(settings_error) = store.take_settings_error() {
        toasts.write(settings_error.into());
    }
}

fn apply_palette(settings: Res<Settings>, mut colors: ResMut<Colors>) {
    if colors.palette != settings.palette {
        colors.palette = settings.palette;
    }
}

fn apply_window(settings: Res<Settings>, window: Option<Single<&mut Window, With<PrimaryWindow>>>) {
    let Some(mut window) = window else { return };
    let mode = match settings.fullscreen {
        true => WindowMode::BorderlessFullscreen(MonitorSelection::Current),
        false => WindowMode::Windowed,
    };
    if window.mode != mode {
        window.mode = mode;
    }
}

/// Saves changed settings after a pause, so that a name is not written letter by letter.
fn save(
    time: Res<Time<Real>>,
    settings: Res<Settings>,
    mut store: ResMut<Store>,
    exit: MessageReader<AppExit>,
    mut quiet_for: Local<f32>,
    mut toasts: MessageWriter<Toast>,
) {
    *quiet_for = if settings.is_changed() { 0.0 } else { *quiet_for + time.delta_secs() };
    if *quiet_for < SAVE_AFTER && exit.is_empty() {
        return;
    }
    if let Err(settings_error) = store.save(&settings) {
        toasts.write(settings_error.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_fits_into_the_servers_bounds() {
        assert!(is_name("Ada") && is_name("\u{5f20}\u{4f1f}") && is_name("\u{645}\u{631}\u{64a}\u{645}"));
        assert!(!is_name("  ") && !is_name("a\nb") && !is_name(&"x".repeat(25)));
        // Twenty-four letters of three bytes are more than a message carries.
        assert!(!is_name(&"\u{5f20}".repeat(11)));
    }

    #[test]
    fn values_out_of_range_fall_back() {
        let settings = Settings { text_scale: f32::NAN, name: String::new(), ..default() }.in_range();
        assert_eq!(settings, Settings::default());
        let large = Settings { text_scale: 1.6, ..default() };
        assert_eq!(large.clone().in_range(), large);
    }
}
