//! The settings file in the platform's config folder. No error in it stops the player.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use bevy::prelude::*;
use etcetera::{AppStrategy, AppStrategyArgs, app_strategy::choose_native_strategy};
use framehouse_shared::api::PlayerSecret;
use toml::Table;

use super::{Settings, file::File};
use crate::{
    texts::T,
    ui::toast::{Toast, ToastKind},
    view::GameView,
};

const FILE: &str = "settings.toml";
const REPLAYS: &str = "replays";
const SECRET: &str = "player.secret";
const SECRET_LOCK: &str = "player.lock";

/// Location of the settings; none in tests, and on platforms without such a folder.
#[derive(Resource, Clone, Debug, Default)]
pub struct Store {
    folder: Option<PathBuf>,
    replays: Option<PathBuf>,
    /// The file's content, with values that only other games or other versions understand.
    table: Table,
    saved: Option<Settings>,
    settings_error: Option<SettingsError>,
    /// Held by the window that plays as the player.
    player_lock: Option<Arc<fs::File>>,
}

/// An error of the settings file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingsError {
    /// The file was not valid; it was moved to this path.
    Broken(PathBuf),
    /// The file cannot be written.
    Unwritable(String),
    /// Values with these names were not understood; their defaults are used.
    Ignored(String),
}

impl From<SettingsError> for Toast {
    fn from(settings_error: SettingsError) -> Self {
        match settings_error {
            SettingsError::Broken(aside) => Self::with(ToastKind::Bad, T::SettingsBroken, aside.display()),
            SettingsError::Unwritable(why) => Self::with(ToastKind::Bad, T::SettingsUnwritable, why),
            SettingsError::Ignored(names) => Self::with(ToastKind::Bad, T::SettingsIgnored, names),
        }
    }
}

impl Store {
    /// The platform's folder for settings.
    pub fn of_platform() -> Self {
        let names = AppStrategyArgs {
            top_level_domain: "org".to_owned(),
            author: "Framehouse".to_owned(),
            app_name: "Framehouse".to_owned(),
        };
        let strategy = choose_native_strategy(names).ok();
        let folder = strategy.as_ref().map(|strategy| strategy.config_dir());
        let replays = strategy.map(|strategy| strategy.data_dir().join(REPLAYS));
        Self { folder, replays, ..default() }
    }

    /// A folder of the caller's choice.
    pub fn at(folder: &Path) -> Self {
        Self { folder: Some(folder.to_owned()), replays: Some(folder.join(REPLAYS)), ..default() }
    }

    /// The folder of replays: the platform's folder for data, or beside the settings.
    pub fn replays(&self) -> Option<PathBuf> {
        self.replays.clone()
    }

    /// The path of a file beside the settings.
    pub fn path(&self, file: &str) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.join(file))
    }

    /// Loads the settings for a game. A value that is not understood is ignored. A file that is not TOML is moved aside,
    /// and the defaults are used.
    pub fn load(&mut self, view: &GameView) -> Settings {
        self.table = self.read().unwrap_or_default();
        let (file, ignored) = File::read(&self.table);
        if !ignored.is_empty() {
            self.settings_error = Some(SettingsError::Ignored(ignored.join(", ")));
        }
        let settings = file.into_settings(view).in_range();
        self.saved = Some(settings.clone());
        settings
    }

    /// The player's secret, which is made at the first start. `None` while another window has it, since a player has one
    /// seat, and without a folder that can be written.
    pub fn player_secret(&mut self) -> Option<PlayerSecret> {
        self.player_lock = Some(Arc::new(self.lock(SECRET_LOCK)?));
        if let Some(secret) = self.read_text(SECRET).and_then(|text| text.trim().parse().ok()) {
            return Some(secret);
        }
        let mut bits = [0; 16];
        getrandom::fill(&mut bits).ok()?;
        let secret = PlayerSecret::from_random(u128::from_ne_bytes(bits));
        self.write(SECRET, &format!("{}\n", secret.reveal())).ok().map(|()| secret)
    }

    /// Treats these settings as saved: they come from the command line, not from the player.
    pub fn take_as_saved(&mut self, settings: &Settings) {
        self.saved = Some(settings.clone());
    }

    /// Takes the last error.
    pub fn take_settings_error(&mut self) -> Option<SettingsError> {
        self.settings_error.take()
    }

    fn read(&mut self) -> Option<Table> {
        let path = self.path(FILE)?;
        match fs::read(&path) {
            Ok(bytes) => String::from_utf8(bytes).ok().and_then(|text| toml::from_str(&text).ok()).or_else(|| {
                self.settings_error = Some(put_aside(&path));
                None
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(_) => {
                self.settings_error = Some(put_aside(&path));
                None
            }
        }
    }

    /// Writes the settings that changed. An error is reported once.
    ///
    /// # Errors
    /// When the folder or the file cannot be written.
    pub fn save(&mut self, settings: &Settings) -> Result<(), SettingsError> {
        if self.saved.as_ref() == Some(settings) {
            return Ok(());
        }
        let before = self.saved.replace(settings.clone()).map(|saved| File::table_of(&saved)).unwrap_or_default();
        let changed = File::table_of(settings).into_iter().filter(|(name, value)| before.get(name) != Some(value));
        self.table.extend(changed);
        let text = toml::to_string(&self.table).expect("a table that was read or made of plain values");
        self.write(FILE, &text).map_err(|error| SettingsError::Unwritable(error.to_string()))
    }

    /// Writes a file into the folder, atomically and readable by the owner only, since it may hold a secret. Waits for
    /// the disk, so that a power failure does not lose it.
    ///
    /// # Errors
    /// When the folder or the file cannot be written.
    pub fn write(&self, file: &str, text: &str) -> io::Result<()> {
        self.put(file, text, fs::File::sync_data)
    }

    /// Writes a file like [`write`](Self::write), but without waiting for the disk: for use during a match.
    ///
    /// # Errors
    /// When the folder or the file cannot be written.
    pub fn write_quickly(&self, file: &str, text: &str) -> io::Result<()> {
        self.put(file, text, |_| Ok(()))
    }

    fn put(&self, file: &str, text: &str, settle: fn(&fs::File) -> io::Result<()>) -> io::Result<()> {
        let Some(path) = self.path(file) else { return Ok(()) };
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        // Several programs may share the folder.
        let draft = path.with_extension(format!("{}.draft", std::process::id()));
        write_private(&draft, text)
            .and_then(|file| settle(&file))
            .and_then(|()| fs::rename(&draft, &path))
            .inspect_err(|_| drop(fs::remove_file(&draft)))
    }

    /// Reads a file of the folder, if it exists.
    pub fn read_text(&self, file: &str) -> Option<String> {
        fs::read_to_string(self.path(file)?).ok()
    }

    /// Locks a file of the folder for as long as the value lives, at the latest until the program ends. `None` while
    /// another window has locked it, and without a folder that can be written.
    pub fn lock(&self, file: &str) -> Option<fs::File> {
        let path = self.path(file)?;
        fs::create_dir_all(path.parent()?).ok()?;
        let lock = fs::File::create(path).ok()?;
        match lock.try_lock() {
            Err(fs::TryLockError::WouldBlock) => None,
            // A file system without locks is used without them.
            Ok(()) | Err(fs::TryLockError::Error(_)) => Some(lock),
        }
    }

    /// Removes a file of the folder, if it exists.
    pub fn remove(&self, file: &str) {
        if let Some(path) = self.path(file) {
            drop(fs::remove_file(path));
        }
    }
}

fn write_private(path: &Path, text: &str) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    Ok(file)
}

fn put_aside(path: &Path) -> SettingsError {
    let aside = path.with_extension("broken.toml");
    match fs::rename(path, &aside) {
        Ok(()) => SettingsError::Broken(aside),
        Err(error) => SettingsError::Unwritable(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        keys::Press,
        palette::Palette,
        texts::Language,
        view::tests::{JUMP, PlainView},
    };

    fn view() -> GameView {
        GameView::new(PlainView)
    }

    /// A folder that is removed at the end of the test.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("framehouse-{}-{name}", std::process::id()));
            drop(fs::remove_dir_all(&folder));
            Self(folder)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(fs::remove_dir_all(&self.0));
        }
    }

    #[test]
    fn settings_are_read_back() {
        let folder = Folder::new("round-trip");
        let mut settings = Settings {
            name: "\u{5f20}\u{4f1f} \"quoted\"".to_owned(),
            server: "http://example.org:7777".to_owned(),
            language: Language::CHINESE,
            palette: Palette::Distinct,
            text_scale: 1.25,
            fullscreen: true,
            ..Settings::usual(&view())
        };
        settings.keys.bind(JUMP.id(), 0, Press::Key(KeyCode::KeyQ));
        Store::at(&folder.0).save(&settings).expect("a folder of ours");
        let mut read = Store::at(&folder.0).load(&view());
        assert_eq!(read.keys.to_file(), settings.keys.to_file());
        read.keys = settings.keys.clone();
        assert_eq!(read, settings);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_what_is_written() {
        use std::os::unix::fs::PermissionsExt;
        let folder = Folder::new("private");
        let store = Store::at(&folder.0);
        store.write("seat.toml", "resume = 'secret'").expect("a folder of ours");
        store.write_quickly("seat.toml", "resume = 'another'").expect("a folder of ours");
        let mode = fs::metadata(folder.0.join("seat.toml")).expect("written").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(store.read_text("seat.toml").as_deref(), Some("resume = 'another'"));
        assert_eq!(fs::read_dir(&folder.0).expect("a folder").count(), 1, "no draft is left");
    }

    #[test]
    fn a_player_has_one_secret_and_one_window_that_uses_it() {
        let folder = Folder::new("secret");
        let mut first = Store::at(&folder.0);
        let secret = first.player_secret().expect("a folder of ours");
        let mut second = Store::at(&folder.0);
        assert_eq!(second.player_secret(), None, "it is a guest");
        drop(first);
        assert_eq!(second.player_secret(), Some(secret));
        assert_ne!(Store::at(&folder.0.join("other")).player_secret(), Some(secret));
        assert_eq!(Store::default().player_secret(), None);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(folder.0.join(SECRET)).expect("written").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_broken_file_is_kept_aside() {
        let folder = Folder::new("broken");
        fs::create_dir_all(&folder.0).expect("a folder of ours");
        fs::write(folder.0.join(FILE), [b'n', 0xff, b'=']).expect("a folder of ours");
        let mut store = Store::at(&folder.0);
        assert_eq!(store.load(&view()), Settings::usual(&view()));
        let Some(SettingsError::Broken(aside)) = store.take_settings_error() else { panic!("it is told") };
        assert_eq!(fs::read(aside).expect("kept"), [b'n', 0xff, b'=']);
        assert_eq!(store.take_settings_error(), None);
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_said_once() {
        let folder = Folder::new("unwritable");
        fs::write(&folder.0, "a file where the folder should be").expect("a place of ours");
        let mut store = Store::at(&folder.0);
        assert_eq!(store.load(&view()), Settings::usual(&view()));
        let changed = Settings { fullscreen: true, ..default() };
        assert!(matches!(store.save(&changed), Err(SettingsError::Unwritable(_))));
        assert_eq!(store.save(&changed), Ok(()));
        fs::remove_file(&folder.0).expect("a place of ours");
    }

    fn loaded(name: &str, text: &str) -> (Folder, Store, Settings) {
        let folder = Folder::new(name);
        fs::create_dir_all(&folder.0).expect("a folder of ours");
        fs::write(folder.0.join(FILE), text).expect("a folder of ours");
        let mut store = Store::at(&folder.0);
        let settings = store.load(&view());
        (folder, store, settings)
    }

    #[test]
    fn missing_fields_are_the_usual_ones() {
        let (_folder, mut store, settings) = loaded("missing", "name = \"Ada\"");
        assert_eq!(settings, Settings { name: "Ada".to_owned(), ..Settings::usual(&view()) });
        assert_eq!(store.take_settings_error(), None);
    }

    #[test]
    fn a_value_that_is_not_understood_costs_only_itself() {
        let text = "name = \"Ada\"\npalette = \"sepia\"\nfullscreen = \"sometimes\"\nreduced_motion = true";
        let (_folder, mut store, settings) = loaded("unknown", text);
        let expected = Settings { name: "Ada".to_owned(), reduced_motion: true, ..Settings::usual(&view()) };
        assert_eq!(settings, expected);
        assert_eq!(store.take_settings_error(), Some(SettingsError::Ignored("palette, fullscreen".to_owned())));
    }

    #[test]
    fn values_of_other_games_and_versions_stay_in_the_file() {
        let (folder, mut store, mut settings) = loaded("kept", "language = \"klingon\"\nvolume = 11");
        assert_eq!(settings.language, Language::ENGLISH, "this game does not speak it");
        settings.fullscreen = true;
        store.save(&settings).expect("a folder of ours");
        let written = fs::read_to_string(folder.0.join(FILE)).expect("written");
        for line in ["language = \"klingon\"", "volume = 11", "fullscreen = true"] {
            assert!(written.lines().any(|written| written == line), "{line} in {written}");
        }
        assert!(!written.contains("palette"), "what the player never chose is not written: {written}");
    }
}
