//! The list of all settings: names, meanings and defaults as `assets/server.toml` has them, and the ranges of the sections.

use std::sync::LazyLock;

use toml::{Table, Value};

use super::{
    AdminSettings, AlertSettings, CleanupSettings, FeatureSettings, FleetSettings, HttpSettings, IdentitySettings,
    LogSettings, ManagerSettings, NetSettings, QueueSettings, ReplaySettings, RoomSettings, ServerSettings, Settings,
    StoreSettings, WsSettings,
    flags::{self, yes_or_no},
    nearest::nearest,
};

/// The documented example file: every setting with its meaning and its default. Tests compare it with the code.
pub(super) const EXAMPLE_FILE: &str = include_str!("../../assets/server.toml");

/// Settings whose values are shown to nobody.
pub(super) const SECRETS: [(&str, &str); 4] =
    [("alerts", "webhook_url"), ("store", "database"), ("fleet", "redis"), ("fleet", "secret")];

/// What the environment variables of all settings begin with.
pub(super) const VARIABLE_PREFIX: &str = "FRAMEHOUSE_";

/// The numbers of a section: name, smallest and largest value.
pub(super) type Ranges = &'static [(&'static str, f64, f64)];

/// The ranges of a section.
pub(super) fn ranges(section: &str) -> Ranges {
    match section {
        "server" => ServerSettings::RANGES,
        "http" => HttpSettings::RANGES,
        "ws" => WsSettings::RANGES,
        "queue" => QueueSettings::RANGES,
        "rooms" => RoomSettings::RANGES,
        "cleanup" => CleanupSettings::RANGES,
        "net" => NetSettings::RANGES,
        "replays" => ReplaySettings::RANGES,
        "store" => StoreSettings::RANGES,
        "fleet" => FleetSettings::RANGES,
        "identity" => IdentitySettings::RANGES,
        "alerts" => AlertSettings::RANGES,
        "features" => FeatureSettings::RANGES,
        "admin" => AdminSettings::RANGES,
        "manager" => ManagerSettings::RANGES,
        "log" => LogSettings::RANGES,
        _ => &[],
    }
}

/// A setting without its value: name, meaning, type and range.
#[derive(Debug)]
pub(super) struct Setting {
    /// Section of the file.
    pub section: &'static str,
    /// Name in the section.
    pub name: &'static str,
    /// Meaning and range, in one sentence.
    pub meaning: String,
    /// The default, or an example if there is none. Its type is that of the setting.
    pub example: Value,
    /// Whether `example` is the default.
    pub has_default: bool,
    /// Smallest and largest value of a number.
    pub range: Option<(f64, f64)>,
}

/// All settings in the order of the example file.
pub(super) fn all() -> &'static [Setting] {
    static ALL: LazyLock<Vec<Setting>> = LazyLock::new(|| read(EXAMPLE_FILE));
    &ALL
}

/// The setting with this section and name.
///
/// # Errors
/// With a sentence that names the most similar setting, if there is none.
pub(super) fn find(section: &str, name: &str) -> Result<&'static Setting, String> {
    let found = all().iter().find(|setting| (setting.section, setting.name) == (section, name));
    found.ok_or_else(|| no_setting(&format!("{section}.{name}")))
}

/// Whether there is such a section.
pub(super) fn is_section(name: &str) -> bool {
    all().iter().any(|setting| setting.section == name)
}

/// A sentence about a setting or a section that does not exist.
pub(super) fn no_setting(path: &str) -> String {
    let known = || all().iter().flat_map(|setting| [setting.path(), setting.section.to_owned()]);
    // In a wrong section, or by the name of its flag.
    let (section, name) = flags::setting_of(path.rsplit('.').next().unwrap_or(path));
    let of_flag = Some(format!("{section}.{name}")).filter(|of_flag| known().any(|known| known == *of_flag));
    let meant = of_flag.or_else(|| nearest(path, known()));
    let meant = meant.map(|known| format!(", did you mean `{known}`?")).unwrap_or_default();
    format!("there is no setting `{path}`{meant}")
}

/// Reads the example file: comments above a setting are its meaning, and a setting that is a comment has no default.
fn read(file: &'static str) -> Vec<Setting> {
    let (mut section, mut meaning, mut settings) = ("", String::new(), Vec::new());
    for line in file.lines() {
        let content = line.trim_start_matches("# ");
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
            meaning.clear();
        } else if let Some((name, example)) = assignment(content) {
            let range = ranges(section).iter().find(|range| range.0 == name).map(|&(_, low, high)| (low, high));
            let meaning = first_sentence(&std::mem::take(&mut meaning));
            settings.push(Setting { section, name, meaning, example, has_default: !line.starts_with('#'), range });
        } else {
            meaning.push_str(content);
            meaning.push(' ');
        }
    }
    settings
}

/// Name and value, if a line is a setting.
fn assignment(line: &str) -> Option<(&str, Value)> {
    let (name, value) = line.split_once(" = ")?;
    let is_name = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    is_name.then(|| value.parse().ok())?.map(|value| (name, value))
}

fn first_sentence(text: &str) -> String {
    let sentence = text.split_once(". ").map_or(text, |(sentence, _)| sentence);
    format!("{}.", sentence.trim().trim_end_matches('.'))
}

fn list_of(words: &str) -> Value {
    words.split(',').map(|word| Value::from(word.trim())).collect::<Vec<_>>().into()
}

impl Setting {
    /// Section and name, as `server.lanes`.
    pub fn path(&self) -> String {
        format!("{}.{}", self.section, self.name)
    }

    /// The environment variable: `FRAMEHOUSE_LANES` in `[server]` or for a flag `--lanes`, `FRAMEHOUSE_ROOMS_SIZE` else.
    pub fn variable(&self) -> String {
        let name = match flags::flag_of(self.section, self.name) {
            Some(flag) => flag.to_owned(),
            None if self.section == "server" => self.name.to_owned(),
            None => format!("{}_{}", self.section, self.name),
        };
        format!("{VARIABLE_PREFIX}{}", name.to_ascii_uppercase())
    }

    /// The value that a text of an environment variable means. A text that means none is returned as text.
    pub fn read(&self, text: &str) -> Value {
        let trimmed = text.trim();
        let read = match self.example {
            Value::Boolean(_) => yes_or_no(trimmed).ok().map(Value::from),
            Value::Integer(_) => trimmed.parse::<i64>().ok().map(Value::from),
            Value::Float(_) => trimmed.parse::<f64>().ok().map(Value::from),
            Value::Array(_) if !trimmed.starts_with('[') => Some(list_of(trimmed)),
            Value::Array(_) | Value::Table(_) => trimmed.parse().ok(),
            _ => None,
        };
        read.unwrap_or_else(|| Value::from(text))
    }

    /// Whether the value is shown to nobody.
    pub fn is_secret(&self) -> bool {
        SECRETS.contains(&(self.section, self.name))
    }

    /// Checks type and range of a value.
    ///
    /// # Errors
    /// With a sentence that has the setting's name, and its value if it is no secret.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        let number = match (&self.example, value) {
            (Value::Integer(_) | Value::Float(_), Value::Integer(number)) => Some(*number as f64),
            (Value::Float(_), Value::Float(number)) => Some(*number),
            _ => None,
        };
        let is_fit = match (number, self.range) {
            (Some(number), Some((low, high))) => (low..=high).contains(&number),
            (number, _) => number.is_some() || self.example.same_type(value),
        };
        if !is_fit {
            let given = if self.is_secret() { String::new() } else { format!(", not {value}") };
            return Err(format!("`{}` must be {}{given}", self.path(), self.allowed()));
        }
        let section = Table::from_iter([(self.name.to_owned(), value.clone())]);
        let alone = Table::from_iter([(self.section.to_owned(), Value::from(section))]);
        let refused = |error: toml::de::Error| {
            let what = if self.is_secret() { "used".to_owned() } else { format!("{value}: {}", error.message()) };
            format!("`{}` cannot be {what}", self.path())
        };
        alone.try_into::<Settings>().map(drop).map_err(refused)
    }

    fn allowed(&self) -> String {
        let kind = match self.example {
            Value::Boolean(_) => "true or false",
            Value::Integer(_) => "a whole number",
            Value::Float(_) => "a number",
            Value::Array(_) => "a list",
            Value::Table(_) => "a table",
            _ => "text",
        };
        let range = self.range.map(|(low, high)| format!(" from {low} to {high}")).unwrap_or_default();
        format!("{kind}{range}")
    }
}
