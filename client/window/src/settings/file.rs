//! The settings' file format.

use serde::{Deserialize, Serialize};
use toml::Table;

use super::Settings;
use crate::{palette::Palette, view::GameView};

/// The file's content: plain values, all optional.
#[derive(Deserialize, Serialize)]
#[serde(default)]
pub struct File {
    name: String,
    server: String,
    language: String,
    palette: Palette,
    text_scale: f32,
    reduced_motion: bool,
    fullscreen: bool,
    keys: Table,
}

impl Default for File {
    fn default() -> Self {
        Self::from(&Settings::default())
    }
}

impl From<&Settings> for File {
    fn from(settings: &Settings) -> Self {
        Self {
            name: settings.name.clone(),
            server: settings.server.clone(),
            language: settings.language.id().to_owned(),
            palette: settings.palette,
            text_scale: settings.text_scale,
            reduced_motion: settings.reduced_motion,
            fullscreen: settings.fullscreen,
            keys: settings.keys.to_file(),
        }
    }
}

impl File {
    /// The settings for a game. An unknown language or key is ignored.
    pub fn into_settings(self, view: &GameView) -> Settings {
        let mut settings = Settings::usual(view);
        let language = view.all_languages().into_iter().find(|language| language.id() == self.language);
        settings.keys.read(self.keys);
        Settings {
            name: self.name,
            server: self.server,
            language: language.unwrap_or_default(),
            palette: self.palette,
            text_scale: self.text_scale,
            reduced_motion: self.reduced_motion,
            fullscreen: self.fullscreen,
            keys: settings.keys,
        }
    }
}
