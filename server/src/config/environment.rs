//! Settings in environment variables: each setting has one.

use std::{
    collections::BTreeMap,
    env,
    ffi::{OsStr, OsString},
    path::PathBuf,
};

use super::{
    catalogue::{self, VARIABLE_PREFIX},
    nearest::nearest,
};

/// Names the settings file.
const FILE_VARIABLE: &str = "FRAMEHOUSE_CONFIG";
/// Variables of the other programs and of the tests.
const OTHER_VARIABLES: [&str; 5] =
    ["FRAMEHOUSE_SERVER", "FRAMEHOUSE_CA", "FRAMEHOUSE_TOKEN_FILE", "FRAMEHOUSE_BLESS", "FRAMEHOUSE_ALLOCATIONS"];

/// The environment variables of this product. Empty ones are left out: they are as good as none.
#[derive(Debug, Default)]
pub(crate) struct Environment(BTreeMap<String, OsString>);

impl Environment {
    /// The variables of this process.
    pub fn of_program() -> Self {
        Self::of(env::vars_os())
    }

    /// Takes those of these variables that begin with `FRAMEHOUSE_`.
    pub fn of(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let ours = variables.into_iter().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        Self(ours.filter(|(name, value)| name.starts_with(VARIABLE_PREFIX) && !value.is_empty()).collect())
    }

    /// A sentence about each variable that is no setting. It may be of another program, so it is no error.
    pub fn warnings(&self) -> Vec<String> {
        let known: Vec<String> = catalogue::all().iter().map(catalogue::Setting::variable).collect();
        let others = OTHER_VARIABLES.map(str::to_owned);
        let is_known = |name: &String| known.contains(name) || others.contains(name) || name == FILE_VARIABLE;
        let unknown = self.0.keys().filter(|name| !is_known(name));
        let warning = |name: &String| {
            let meant =
                nearest(name, known.clone()).map(|known| format!(", did you mean {known}?")).unwrap_or_default();
            format!("the environment variable {name} is no setting{meant}")
        };
        unknown.map(warning).collect()
    }

    /// The value of a variable.
    pub(super) fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.get(name).map(OsString::as_os_str)
    }

    /// The settings file that the environment names.
    pub fn file(&self) -> Option<PathBuf> {
        self.get(FILE_VARIABLE).map(PathBuf::from)
    }
}
