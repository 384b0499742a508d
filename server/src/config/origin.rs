//! Origins of values.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use framehouse_shared::text::Printable;

/// Where a setting's value comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// The default.
    #[default]
    Default,
    /// A line of the settings file.
    File {
        /// The file.
        file: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column, in characters, from 1.
        column: usize,
    },
    /// An environment variable, by its name.
    Variable(String),
    /// A flag on the command line, with its `--`.
    Flag(String),
}

impl Origin {
    /// The place of a byte in a file with this text.
    pub(super) fn in_file(file: &Path, text: &str, byte: usize) -> Self {
        let before = &text[..text.floor_char_boundary(byte)];
        let start_of_line = before.rfind('\n').map_or(0, |newline| newline + 1);
        let (line, column) = (before.matches('\n').count() + 1, before[start_of_line..].chars().count() + 1);
        Self::File { file: file.to_owned(), line, column }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { file, line, column } => {
                write!(f, "{}:{line}:{column}", Printable(&file.to_string_lossy()))
            }
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::Flag(flag) => write!(f, "flag {flag}"),
        }
    }
}
