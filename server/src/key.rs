//! The server's key, with which it signs replays: `DATA-DIR/server.key`, made at the first start. Ids of players are made
//! with it too, or with `DATA-DIR/players.key`, which several servers may share.

use std::{
    fs::{self, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use framehouse_shared::replay::{PublicKey, ServerKey};

use crate::disk::sync_folder;

/// Name of the file with the secret key: 64 hexadecimal digits. Only its owner may read it.
pub const FILE_NAME: &str = "server.key";
/// Name of the file with the key that makes the ids of players, if it is not the server's own. No server makes it.
pub const PLAYERS_FILE_NAME: &str = "players.key";
/// Only the owner may read and write the file.
const MODE: u32 = 0o600;

/// Why there is no key, as one sentence.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or made.
    #[error("cannot use the key of this server, {}: {error}; make it usable, or choose another folder with --data-dir", file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The file has something else in it.
    #[error(
        "{} is not the key of a server, which is 64 hexadecimal digits: put the right file there, or move it away for a \
         new key",
        .0.display()
    )]
    NotAKey(PathBuf),
}

/// The key in this data folder. Makes one if there is none; never replaces one.
///
/// # Errors
/// When the file is unusable, or is not a key.
pub fn open(data_dir: &Path) -> Result<ServerKey, KeyError> {
    let file = data_dir.join(FILE_NAME);
    match read_closed(&file)? {
        Some(key) => Ok(key),
        None => make(data_dir).map_err(|error| KeyError::Unusable { file, error }),
    }
}

/// The key that makes the ids of players: that in `players.key`, or the server's own if there is no such file.
///
/// # Errors
/// When the file is unusable, or is not a key.
pub fn open_players(data_dir: &Path, own: &ServerKey) -> Result<ServerKey, KeyError> {
    Ok(read_closed(&data_dir.join(PLAYERS_FILE_NAME))?.unwrap_or_else(|| own.clone()))
}

/// The key in this file, which only its owner can read from now on; `None` if there is no file.
fn read_closed(file: &Path) -> Result<Option<ServerKey>, KeyError> {
    let key = read(file)?;
    if key.is_some() {
        close_to_others(file).map_err(|error| KeyError::Unusable { file: file.to_owned(), error })?;
    }
    Ok(key)
}

/// The public part of the key in this data folder; `None` if there is no key.
///
/// # Errors
/// When the file cannot be read, or is not a key.
pub fn public(data_dir: &Path) -> Result<Option<PublicKey>, KeyError> {
    Ok(read(&data_dir.join(FILE_NAME))?.map(|key| key.public()))
}

fn read(file: &Path) -> Result<Option<ServerKey>, KeyError> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(KeyError::NotAKey(file.to_owned())),
        Err(error) => return Err(KeyError::Unusable { file: file.to_owned(), error }),
    };
    // The form of a public key is also that of a secret one.
    let PublicKey(secret) = text.trim_end().parse().map_err(|_| KeyError::NotAKey(file.to_owned()))?;
    Ok(Some(ServerKey::from_secret(secret)))
}

/// A key that others could have read is still the key of this server, but from now on they cannot.
fn close_to_others(file: &Path) -> io::Result<()> {
    if fs::metadata(file)?.permissions().mode() & 0o077 != 0 {
        tracing::warn!("other users could read {}: now only its owner can", file.display());
        fs::set_permissions(file, Permissions::from_mode(MODE))?;
    }
    Ok(())
}

fn make(data_dir: &Path) -> io::Result<ServerKey> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(io::Error::other)?;
    let (file, draft) = (data_dir.join(FILE_NAME), data_dir.join("server.key-part"));
    // One that a crash has left may have other permissions.
    fs::remove_file(&draft)
        .or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })?;
    let mut written = OpenOptions::new().write(true).create_new(true).mode(MODE).open(&draft)?;
    writeln!(written, "{}", PublicKey(secret))?;
    written.sync_all()?;
    fs::rename(&draft, &file)?;
    sync_folder(data_dir)?;
    Ok(ServerKey::from_secret(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("framehouse-key-{}-{name}", std::process::id()));
            drop(fs::remove_dir_all(&path));
            fs::create_dir_all(&path).expect("there is room for temporary files");
            Self(path)
        }

        fn mode(&self) -> u32 {
            fs::metadata(self.0.join(FILE_NAME)).expect("a key").permissions().mode() & 0o777
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(fs::remove_dir_all(&self.0));
        }
    }

    #[test]
    fn a_key_is_made_once_and_only_its_owner_can_read_it() {
        let folder = Folder::new("made");
        assert_eq!(public(&folder.0).expect("a readable folder"), None);
        fs::write(folder.0.join("server.key-part"), "half").expect("a file");
        let made = open(&folder.0).expect("a folder of ours").public();
        assert_eq!(folder.mode(), 0o600);
        fs::set_permissions(folder.0.join(FILE_NAME), Permissions::from_mode(0o644)).expect("a file of ours");
        assert_eq!(open(&folder.0).expect("a folder of ours").public(), made);
        assert_eq!((folder.mode(), public(&folder.0).expect("readable")), (0o600, Some(made)));
        let other = Folder::new("other");
        assert_ne!(open(&other.0).expect("a folder of ours").public(), made);
    }

    #[test]
    fn what_is_no_key_is_told_and_kept() {
        let folder = Folder::new("damaged");
        let file = folder.0.join(FILE_NAME);
        for content in [&b"0123"[..], b"", b"\xff\xfe"] {
            fs::write(&file, content).expect("a file");
            let told = open(&folder.0).expect_err("it is no key").to_string();
            assert!(told.contains("is not the key of a server"), "{told}");
            assert_eq!(fs::read(&file).expect("a file"), content);
        }
        fs::remove_file(&file).expect("a file");
        fs::create_dir(&file).expect("a folder");
        let told = open(&folder.0).expect_err("it is a folder").to_string();
        assert!(told.starts_with("cannot use the key of this server"), "{told}");
    }
}
