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

use crate::{
    address::{AddressKey, Network},
    disk::sync_folder,
};

/// Name of the file with the token: 64 hexadecimal digits.
pub const FILE_NAME: &str = "admin.token";
/// Name of the token in audit lines. There is one.
pub(super) const NAME: &str = "admin.token";
/// Only the owner may read and write the file.
const MODE: u32 = 0o600;
/// Pause after a wrong token.
const PAUSE: Duration = Duration::from_secs(1);
/// Maximum number of addresses with a pause of their own. Further ones share one, unless they know the token.
const ADDRESSES_MAX: usize = 4096;
/// Time for which an address that knows the token shares no pause.
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

/// How often wrong tokens came lately, by the networks of customers. Times are since the gateway's start.
#[derive(Debug, Default)]
pub(super) struct Tries {
    /// When the last wrong token of an address came.
    wrong: HashMap<Network, Duration>,
    /// When the last wrong token of an address without a place in `wrong` came.
    wrong_of_others: Option<Duration>,
    /// When an address last had the right one.
    right: HashMap<Network, Duration>,
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
        let (is_local, caller) = (caller.is_loopback(), caller.customer());
        // Otherwise nobody shares a pause: one address could keep the operator out.
        let has_place = self.wrong.len() < ADDRESSES_MAX || self.wrong.contains_key(&caller);
        let is_other = !has_place && !is_local && !self.right.contains_key(&caller);
        let last = if is_other { self.wrong_of_others } else { self.wrong.get(&caller).copied() };
        if let Some(wait) = last.and_then(|at| PAUSE.checked_sub(now.saturating_sub(at))).filter(|wait| !wait.is_zero())
        {
            return Err(wait);
        }
        let is_right: bool = token.as_bytes().ct_eq(given).into();
        if is_right {
            if self.right.len() < ADDRESSES_MAX {
                self.right.insert(caller, now);
            }
        } else if is_other {
            self.wrong_of_others = Some(now);
        } else {
            self.wrong.insert(caller, now);
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
    fn wrong_tokens_are_taken_once_a_second_from_an_address_and_keep_nobody_else_out() {
        let (mut tries, stranger) = (Tries::default(), key("192.0.2.1"));
        let mut check = |given: &str, caller, at| tries.check("secret", given.as_bytes(), caller, at);
        assert_eq!(check("wrong", stranger, ms(0)), Ok(false));
        assert_eq!(check("secret", stranger, ms(400)), Err(ms(600)), "not even the right one");
        assert_eq!(check("secret", key("198.51.100.7"), ms(400)), Ok(true), "another address");
        let guesses = (1000..10_000).filter(|at| check("wrong", stranger, ms(*at)).is_ok());
        assert_eq!(guesses.count(), 9);
        // Whoever has a whole /64 has one pause.
        let of_network = |at: u64| key(&format!("2001:db8::{at:x}"));
        let guesses = (0..10_000).filter(|at| check("wrong", of_network(*at), ms(*at)).is_ok());
        assert_eq!(guesses.count(), 10);
        assert_eq!(check("secre", key("127.0.0.1"), ms(10_001)), Ok(false));
        assert_eq!(check("secret", key("127.0.0.1"), ms(10_002)), Err(ms(999)));
        assert_eq!(check("secret", stranger, ms(20_000)), Ok(true));
    }

    #[test]
    fn many_addresses_share_a_pause_and_whoever_knows_the_token_does_not() {
        let mut tries = Tries::default();
        let operators = [key("192.0.2.9"), key("127.0.0.1")];
        assert_eq!(tries.check("secret", b"secret", operators[0], ms(0)), Ok(true));
        let stranger = |number: u32| IpAddr::from(std::net::Ipv4Addr::from_bits(0x0a00_0000 + number)).into();
        let guesses = (0..20_000).filter(|number| tries.check("secret", b"wrong", stranger(*number), ms(1)).is_ok());
        assert_eq!(guesses.count(), ADDRESSES_MAX + 1);
        assert_eq!(tries.wrong.len(), ADDRESSES_MAX);
        assert_eq!(tries.check("secret", b"secret", stranger(30_000), ms(2)), Err(ms(999)));
        assert_eq!(operators.map(|operator| tries.check("secret", b"secret", operator, ms(2))), [Ok(true), Ok(true)]);
    }
}
