//! Who caused a replay, so that the quota can give everybody a share: an address, of the many that a match may have.
//!
//! `replays/owners.txt` has a line for each replay, which outlasts the process. It names no address, only a number made of
//! one with the server's secret key. Without the file all replays have the same owner, and the oldest go first.

use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, Read, Write},
    net::{IpAddr, Ipv6Addr},
    path::{Path, PathBuf},
};

use framehouse_shared::{ids::MatchId, replay::ServerKey};

/// Name of the file in the folder of replays.
const FILE_NAME: &str = "owners.txt";
/// Maximum number of bytes that are read from the file: those of all replays that may be there, twice.
const BYTES_MAX: u64 = 32 << 20;

/// The part of the network that a replay is charged to, as a number that reveals no address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Owner(u64);

impl Owner {
    /// The owner that replays from this address have: one for each IPv4 address, one for each IPv6 network of 48 bits.
    pub fn of(address: IpAddr, key: &ServerKey) -> Self {
        let network = match address.to_canonical() {
            IpAddr::V4(address) => address.to_ipv6_mapped(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !0 << 80),
        };
        Self(key.pseudonym(&network.octets()))
    }
}

/// The file of owners.
pub(super) struct Owners {
    path: PathBuf,
    /// Number of lines in the file.
    lines: usize,
    is_failing: bool,
}

impl Owners {
    /// Reads the owners of all replays in a folder. Lines that say nothing are passed over.
    pub fn open(folder: &Path) -> (Self, HashMap<MatchId, Owner>) {
        let path = folder.join(FILE_NAME);
        let mut known = HashMap::new();
        match File::open(&path) {
            Ok(file) => {
                let lines = BufReader::new(file.take(BYTES_MAX)).split(b'\n').map_while(Result::ok);
                known.extend(lines.filter_map(|line| owner_in(&line)));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!("cannot read {}: {error}; the oldest replays go first", path.display()),
        }
        // All lines are old ones until the file is written anew.
        (Self { path, lines: usize::MAX / 2, is_failing: false }, known)
    }

    /// Adds a replay. `all` are the owners of all replays that are there, this one included.
    pub fn add(&mut self, match_id: MatchId, owner: Owner, all: impl ExactSizeIterator<Item = (MatchId, Owner)>) {
        // The file must not grow with replays that are long gone.
        let done = if self.lines > 2 * all.len() + 1000 { self.rewrite(all) } else { self.append(match_id, owner) };
        if let Err(error) = &done
            && !self.is_failing
        {
            tracing::warn!(
                "cannot write {}: {error}; after a restart the oldest replays go first",
                self.path.display()
            );
        }
        self.is_failing = done.is_err();
    }

    fn append(&mut self, match_id: MatchId, owner: Owner) -> io::Result<()> {
        let mut file = OpenOptions::new().append(true).create(true).open(&self.path)?;
        file.write_all(line(match_id, owner).as_bytes())?;
        self.lines += 1;
        Ok(())
    }

    fn rewrite(&mut self, all: impl ExactSizeIterator<Item = (MatchId, Owner)>) -> io::Result<()> {
        let lines = all.len();
        let text: String = all.map(|(match_id, owner)| line(match_id, owner)).collect();
        let draft = self.path.with_extension("part");
        let mut file = File::create(&draft)?;
        file.write_all(text.as_bytes())?;
        // Else a power failure may leave the new name and none of the lines.
        file.sync_all()?;
        fs::rename(&draft, &self.path)?;
        self.lines = lines;
        Ok(())
    }
}

fn line(match_id: MatchId, Owner(owner): Owner) -> String {
    format!("{match_id} {owner:016x}\n")
}

fn owner_in(line: &[u8]) -> Option<(MatchId, Owner)> {
    let (match_id, owner) = std::str::from_utf8(line).ok()?.split_once(' ')?;
    // A line that a crash cut off has fewer digits.
    let owner = (owner.len() == 16).then(|| u64::from_str_radix(owner, 16).ok()).flatten()?;
    Some((match_id.parse().ok()?, Owner(owner)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_network_is_one_owner_and_no_number_tells_which() {
        let (key, other) = (ServerKey::from_secret([1; 32]), ServerKey::from_secret([2; 32]));
        let of = |address: &str| Owner::of(address.parse().expect("an address"), &key);
        assert_eq!(of("2001:db8:7:1::1"), of("2001:db8:7:ffff::2"));
        assert_ne!(of("2001:db8:7:1::1"), of("2001:db8:8:1::1"));
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_ne!(of("192.0.2.1"), Owner::of("192.0.2.1".parse().expect("an address"), &other));
    }

    #[test]
    fn a_line_that_was_cut_off_names_nobody() {
        let whole = line(MatchId(5), Owner(0xab));
        assert_eq!(owner_in(whole.trim_end().as_bytes()), Some((MatchId(5), Owner(0xab))));
        for length in 0..whole.len() - 1 {
            assert_eq!(owner_in(&whole.as_bytes()[..length]), None, "{length}");
        }
        assert_eq!(owner_in(b"\xff\xff"), None);
    }
}
