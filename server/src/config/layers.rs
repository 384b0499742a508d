//! Values of settings from the file, the environment and the command line, each over the one before, with their origins.

use std::{collections::BTreeMap, fs, ops::Range, path::Path};

use serde::{Deserialize, de::IntoDeserializer};
use toml::{
    Table, Value,
    de::{DeTable, Error},
};

use super::{Environment, Flags, Settings, catalogue, flags, origin::Origin};

/// The values that are not defaults, with their origins, and the mistakes in others.
#[derive(Debug, Default)]
pub(crate) struct Layers {
    values: BTreeMap<(&'static str, &'static str), (Value, Origin)>,
    /// A sentence for each value that was refused.
    mistakes: Vec<String>,
}

impl Layers {
    /// Reads the file that the flags or the environment name, then the environment, then the flags. Mistakes are told by
    /// [`settings`](Self::settings).
    pub fn of(flags: &Flags, environment: &Environment) -> Self {
        let file = flags.config.clone().or_else(|| environment.file());
        let mut layers = file.map(|file| Self::of_file(&file)).unwrap_or_default();
        layers.add_environment(environment);
        layers.add_flags(flags);
        layers
    }

    /// Reads a file only.
    pub fn of_file(file: &Path) -> Self {
        let mut layers = Self::default();
        match fs::read_to_string(file) {
            Ok(text) => layers.add_file(file, &text),
            Err(error) => layers.mistakes.push(format!("cannot read the settings file {}: {error}", file.display())),
        }
        layers
    }

    /// The settings that these values make, with defaults for the others.
    ///
    /// # Errors
    /// With a sentence a line: every setting that does not exist and every value that cannot be used, or the first
    /// settings that cannot be used together.
    pub fn settings(&self) -> Result<Settings, String> {
        if !self.mistakes.is_empty() {
            return Err(self.mistakes.join("\n"));
        }
        let settings = self.merged();
        settings.check().map_err(|violation| {
            let paths = violation.settings.iter().filter_map(|path| path.split_once('.'));
            let mut origins = paths.map(|(section, name)| self.origin(section, name));
            let origin = origins.find(|origin| *origin != Origin::Default).unwrap_or_default();
            format!("{origin}: {}", violation.sentence)
        })?;
        Ok(settings)
    }

    /// The valid settings, with defaults in place of the invalid ones: enough to log and send the mistakes.
    pub fn usable_settings(&self) -> Settings {
        let mut settings = self.merged();
        if settings.alerts.check().is_err() {
            settings.alerts.webhook_url = None;
        }
        settings
    }

    /// Where the value of a setting comes from.
    pub fn origin(&self, section: &str, name: &str) -> Origin {
        self.values.get(&(section, name)).map(|(_, origin)| origin.clone()).unwrap_or_default()
    }

    fn merged(&self) -> Settings {
        let mut table = Table::new();
        for ((section, name), (value, _)) in &self.values {
            let section = table.entry(*section).or_insert_with(|| Table::new().into());
            section.as_table_mut().expect("sections are tables").insert((*name).to_owned(), value.clone());
        }
        table.try_into().expect("each value was checked when it was added")
    }

    pub(super) fn add_file(&mut self, file: &Path, text: &str) {
        let at = |span: Range<usize>| Origin::in_file(file, text, span.start);
        let said = |error: Error| format!("{}: {}", at(error.span().unwrap_or_default()), error.message());
        let (table, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            return self.mistakes.extend(errors.into_iter().map(said));
        }
        for (section, content) in table.get_ref() {
            let Some(settings) = content.get_ref().as_table().filter(|_| catalogue::is_section(section.get_ref()))
            else {
                let sentence = catalogue::no_setting(section.get_ref());
                self.mistakes.push(format!("{}: {sentence}", at(section.span())));
                continue;
            };
            for (name, value) in settings {
                match Value::deserialize(value.clone().into_deserializer()) {
                    Ok(value) => self.add(section.get_ref(), name.get_ref(), value, at(name.span())),
                    Err(error) => self.mistakes.push(said(error)),
                }
            }
        }
    }

    pub(super) fn add_environment(&mut self, environment: &Environment) {
        for setting in catalogue::all() {
            let variable = setting.variable();
            let Some(text) = environment.get(&variable) else { continue };
            let origin = Origin::Variable(variable);
            match text.to_str() {
                Some(text) => self.add(setting.section, setting.name, setting.read(text), origin),
                None => self.mistakes.push(format!("{origin}: `{}` must be UTF-8", setting.path())),
            }
        }
    }

    pub(super) fn add_flags(&mut self, flags: &Flags) {
        let given = Table::try_from(flags).expect("flags are text, numbers and switches");
        for (flag, value) in given {
            let (section, name) = flags::setting_of(&flag);
            self.add(section, name, value, Origin::Flag(format!("--{}", flag.replace('_', "-"))));
        }
    }

    /// Puts a value over the one of the layers before, if it is good.
    fn add(&mut self, section: &str, name: &str, value: Value, origin: Origin) {
        let checked = catalogue::find(section, name).and_then(|setting| setting.check(&value).map(|()| setting));
        match checked {
            Ok(setting) => drop(self.values.insert((setting.section, setting.name), (value, origin))),
            Err(sentence) => self.mistakes.push(format!("{origin}: {sentence}")),
        }
    }
}
