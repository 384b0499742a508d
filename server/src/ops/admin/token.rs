//! The token of the admin API: made at the first start, readable for the owner of the data folder only.

use std::{
    collections::HashMap,
    fs::{self, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
    time::Duration,
};

use subtle::ConstantTimeEq;

use crate::{address::AddressKey, disk::sync_folder};

/// Name of the file with the token: 64 hexadecimal digits.
pub const FILE_NAME: &str = "admin.token";
/// Name of the token in audit lines. There is one.
pub(super) const NAME: &str = "admin.token";
/// Only the owner may read and write the file.
const MODE: u32 = 0o600;
/// Pause after a wrong token.
const PAUSE: Duration = Duration::from_secs(1);
/// Maximum number of addresses with a pause of their own. Further ones share that of all strangers.
const ADDRESSES_MAX: usize = 4096;
/// Time for which an address that knows the token has nothing to do with what strangers try.
const TRUST: Duration = Duration::from_secs(3600);

/// The token of this data folder, made if there is none.
///
/// # Errors
/// When the file cannot be used, or has something else in it.
pub fn open(data_dir: &Path) -> io::Result<String> {
    let file = data_dir.join(FILE_NAME);
    match fs::read_to_string(&file) {
        Ok(text) => {
            fs::set_permissions(&file, Permissions::from_mode(MODE))?;
            let token = text.trim().to_owned();
            let is_token = token.len() == 64 && token.bytes().all(|letter| letter.is_ascii_hexdigit());
            let wrong = "it has no 64 hexadecimal digits: remove it for a new token";
            is_token.then_some(token).ok_or_else(|| io::Error::other(wrong))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(data_dir),
        Err(error) => Err(error),
    }
}

fn make(data_dir: &Path) -> io::Result<String> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(io::Error::other)?;
    let token: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let draft = data_dir.join("admin.token-part");
    // One that a crash has left may have other permissions.
    let _ = fs::remove_file(&draft);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(&draft)?;
    writeln!(file, "{token}")?;
    file.sync_all()?;
    fs::rename(&draft, data_dir.join(FILE_NAME))?;
    sync_folder(data_dir)?;
    Ok(token)
}

/// How often wrong tokens came lately. Times are since the gateway's start.
#[derive(Debug, Default)]
pub(super) struct Tries {
    /// When the last wrong token of an address came.
    wrong: HashMap<AddressKey, Duration>,
    /// When the last wrong token of a stranger came.
    wrong_of_strangers: Option<Duration>,
    /// When an address last had the right one.
    right: HashMap<AddressKey, Duration>,
}

impl Tries {
    /// Whether this is the token.
    ///
    /// # Errors
    /// With the time to wait. The token was not looked at.
    pub(super) fn check(
        &mut self,
        token: &str,
        given: &[u8],
        caller: AddressKey,
        now: Duration,
    ) -> Result<bool, Duration> {
        self.right.retain(|_, at| now.saturating_sub(*at) < TRUST);
        self.wrong.retain(|_, at| now.saturating_sub(*at) < PAUSE);
        let is_stranger = !caller.is_loopback() && !self.right.contains_key(&caller);
        let of_strangers = self.wrong_of_strangers.filter(|_| is_stranger);
        let last = self.wrong.get(&caller).copied().max(of_strangers);
        if let Some(wait) = last.and_then(|at| PAUSE.checked_sub(now.saturating_sub(at))).filter(|wait| !wait.is_zero())
        {
            return Err(wait);
        }
        let is_right: bool = token.as_bytes().ct_eq(given).into();
        if is_right {
            if self.right.len() < ADDRESSES_MAX {
                self.right.insert(caller, now);
            }
        } else {
            if self.wrong.len() < ADDRESSES_MAX {
                self.wrong.insert(caller, now);
            }
            if is_stranger {
                self.wrong_of_strangers = Some(now);
            }
        }
        Ok(is_right)
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::ops::admin::tests::Folder;

    fn key(text: &str) -> AddressKey {
        text.parse::<IpAddr>().expect("an address").into()
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn the_token_is_made_once_and_only_its_owner_can_read_it() {
        let folder = Folder::new("token");
        let token = open(folder.path()).expect("a folder of ours");
        assert!(token.len() == 64 && open(folder.path()).expect("it is there") == token);
        let file = folder.path().join(FILE_NAME);
        assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&file, Permissions::from_mode(0o644)).expect("a file of ours");
        assert_eq!(open(folder.path()).expect("it is there"), token);
        assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
        fs::write(&file, "password").expect("a file of ours");
        assert!(open(folder.path()).is_err_and(|error| error.to_string().contains("remove it")));
    }

    #[test]
    fn wrong_tokens_are_taken_once_a_second_also_from_many_addresses() {
        let (mut tries, stranger) = (Tries::default(), key("192.0.2.1"));
        let mut check = |given: &str, caller, at| tries.check("secret", given.as_bytes(), caller, at);
        assert_eq!(check("secret", key("192.0.2.9"), ms(0)), Ok(true), "the operator");
        assert_eq!(check("wrong", stranger, ms(0)), Ok(false));
        assert_eq!(check("secret", stranger, ms(400)), Err(ms(600)), "not even the right one");
        assert_eq!(check("wrong", key("198.51.100.7"), ms(400)), Err(ms(600)), "strangers share a pause");
        let guesses = (400..10_000).filter(|at| check("wrong", key(&format!("10.0.{}.1", at % 250)), ms(*at)).is_ok());
        assert!(guesses.count() <= 10);
        assert_eq!(check("secret", key("192.0.2.9"), ms(10_000)), Ok(true), "the operator is not locked out");
        assert_eq!(check("secret", key("127.0.0.1"), ms(10_000)), Ok(true));
        assert_eq!(check("secre", key("127.0.0.1"), ms(10_001)), Ok(false));
        assert_eq!(check("secret", key("127.0.0.1"), ms(10_002)), Err(ms(999)), "this machine has its own pause");
        assert_eq!(check("secret", stranger, ms(20_000)), Ok(true));
    }

    #[test]
    fn memory_is_bounded() {
        let mut tries = Tries::default();
        for number in 0..20_000_u32 {
            let caller = IpAddr::from(std::net::Ipv4Addr::from_bits(0x0a00_0000 + number)).into();
            tries.right.clear();
            tries.wrong_of_strangers = None;
            assert_eq!(tries.check("secret", b"wrong", caller, ms(0)), Ok(false));
        }
        assert_eq!(tries.wrong.len(), ADDRESSES_MAX);
    }
}
