//! What `config show` and `config env` print.

use toml::{Table, Value};

use super::{
    Layers,
    catalogue::{self, Setting},
};

/// All settings as a settings file: a line each, behind which its origin stands. Secrets are not in it.
///
/// # Errors
/// As [`Layers::settings`].
pub(crate) fn show(layers: &Layers) -> Result<String, String> {
    let values = Table::try_from(layers.settings()?).expect("settings are a table of sections");
    let (mut text, mut section) = (String::new(), "");
    for setting in catalogue::all() {
        if setting.section != section {
            let blank = if section.is_empty() { "" } else { "\n" };
            section = setting.section;
            text.push_str(&format!("{blank}[{section}]\n"));
        }
        let name = setting.name;
        text.push_str(&match values[section].get(name) {
            Some(value) if setting.is_secret() => {
                let shown = value.as_str().unwrap_or_default();
                format!("# {name} is set to a secret ({shown})  # {}\n", layers.origin(section, name))
            }
            Some(value) => format!("{name} = {value}  # {}\n", layers.origin(section, name)),
            None => format!("# {name} is not set\n"),
        });
    }
    Ok(text)
}

/// The environment variables of all settings, with meanings and defaults, as an environment file.
pub(crate) fn list_variables() -> String {
    let file = "# Settings file.\n# FRAMEHOUSE_CONFIG=server.toml\n".to_owned();
    file + &catalogue::all().iter().map(variable).collect::<String>()
}

fn variable(setting: &Setting) -> String {
    let comment = if setting.has_default { "" } else { "# " };
    let (path, meaning, name) = (setting.path(), &setting.meaning, setting.variable());
    format!("# {path}: {meaning}\n{comment}{name}={}\n", plain(&setting.example))
}

/// A value as it is written in an environment variable.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(plain).collect::<Vec<_>>().join(","),
        value => value.to_string(),
    }
}
