//! The settings' file format.

use serde::{Serialize, de::DeserializeOwned};
use toml::Table;

use super::Settings;
use crate::{palette::Palette, view::GameView};

/// The file's content: plain values, all optional.
#[derive(Serialize)]
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
    /// Reads the values of a file one by one. Returns also the names of those that this version does not understand;
    /// their defaults are used.
    pub fn read(table: &Table) -> (Self, Vec<&'static str>) {
        let (mut file, mut ignored) = (Self::default(), Vec::new());
        read_value(table, "name", &mut file.name, &mut ignored);
        read_value(table, "server", &mut file.server, &mut ignored);
        read_value(table, "language", &mut file.language, &mut ignored);
        read_value(table, "palette", &mut file.palette, &mut ignored);
        read_value(table, "text_scale", &mut file.text_scale, &mut ignored);
        read_value(table, "reduced_motion", &mut file.reduced_motion, &mut ignored);
        read_value(table, "fullscreen", &mut file.fullscreen, &mut ignored);
        read_value(table, "keys", &mut file.keys, &mut ignored);
        (file, ignored)
    }

    /// Settings as the values of a file.
    pub fn table_of(settings: &Settings) -> Table {
        Table::try_from(Self::from(settings)).expect("settings are a table of plain values")
    }

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
            player_secret: settings.player_secret,
        }
    }
}

fn read_value<T: DeserializeOwned>(table: &Table, name: &'static str, value: &mut T, ignored: &mut Vec<&'static str>) {
    match table.get(name).map(|found| found.clone().try_into()) {
        Some(Ok(found)) => *value = found,
        Some(Err(_)) => ignored.push(name),
        None => {}
    }
}
