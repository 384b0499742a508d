//! `[fleet]`: many servers as one, by a registry in Redis.

use std::{fmt, net::IpAddr};

use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo};
use serde::{Deserialize, Serialize, Serializer};

use super::{SecretUrl, Violation, catalogue::Ranges};
use crate::address::Network;

/// Settings of the fleet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FleetSettings {
    /// URL of the Redis with the registry. `None` means a server of its own.
    pub redis: Option<SecretUrl>,
    /// Secret that all servers and gateways of the fleet have in common.
    pub secret: Option<FleetSecret>,
    /// Whether a Redis on another machine may be used without a password.
    pub open_redis: bool,
    /// Channel of the players that this node or gateway serves, 1 to 63 letters, digits, `.`, `-` and `_`.
    pub channel: String,
    /// Zone of this machine, as `channel`, or empty for none.
    pub zone: String,
    /// Host and port at which gateways reach the HTTP of this node. `None` means the bound address. Node n of a manager is at
    /// this port + n, as its `http`.
    pub address: Option<String>,
    /// Addresses and networks of the gateways: this node has no limits by address for their requests.
    pub gateways: Vec<Network>,
    /// Name of this build, by which a release chooses it. `None` means the version of the program.
    pub build: Option<String>,
    /// Whether a gateway fills the fullest node instead of spreading players, so that others become empty.
    pub pack: bool,
}

impl Default for FleetSettings {
    fn default() -> Self {
        Self {
            redis: None,
            secret: None,
            open_redis: false,
            channel: "stable".to_owned(),
            zone: String::new(),
            address: None,
            gateways: Vec::new(),
            build: None,
            pack: false,
        }
    }
}

impl FleetSettings {
    /// There are no numbers.
    pub(super) const RANGES: Ranges = &[];

    /// Checks names, and that nobody else can use the registry.
    pub(super) fn check(&self) -> Result<(), Violation> {
        let words = [
            ("fleet.channel", Some(&self.channel)),
            ("fleet.zone", Some(&self.zone).filter(|zone| !zone.is_empty())),
            ("fleet.build", self.build.as_ref()),
        ];
        let wrong = words.into_iter().find(|(_, word)| word.is_some_and(|word| !is_word(word)));
        if let Some((path, _)) = wrong {
            let sentence = format!("`{path}` must be 1 to 63 letters, digits, `.`, `-` and `_`");
            return Err(Violation::new([path], sentence));
        }
        if self.address.is_some() && self.host_and_port().is_none() {
            let sentence = "`fleet.address` must be HOST:PORT, as 10.0.0.5:7777 or [fd00::5]:7777";
            return Err(Violation::new(["fleet.address"], sentence.to_owned()));
        }
        self.redis.as_ref().map_or(Ok(()), |redis| self.check_redis(redis))
    }

    /// The parts of `address`. An address of IPv6 has brackets.
    pub fn host_and_port(&self) -> Option<(&str, u16)> {
        let (host, port) = self.address.as_ref()?.rsplit_once(':')?;
        let is_host = !host.is_empty() && (!host.contains(':') || host.starts_with('[') && host.ends_with(']'));
        Some((host, port.parse().ok()?)).filter(|_| is_host)
    }

    /// The URL of Redis and the secret, for a node or gateway; `None` without a fleet.
    ///
    /// # Errors
    /// When there is no secret.
    pub fn registry(&self) -> Result<Option<(&str, FleetSecret)>, String> {
        let Some(redis) = &self.redis else { return Ok(None) };
        let no_secret = "a fleet needs a secret, the same one in all its servers and gateways: set `fleet.secret` in the \
                         settings file, or FRAMEHOUSE_FLEET_SECRET, to 64 hexadecimal digits, for example from `openssl \
                         rand -hex 32`, or to those in server.key of a server whose players keep their ids";
        Ok(Some((redis.reveal(), self.secret.ok_or(no_secret)?)))
    }

    /// Checks that the registry is one, and that others cannot use it.
    fn check_redis(&self, redis: &SecretUrl) -> Result<(), Violation> {
        let Ok(info) = redis.reveal().into_connection_info() else {
            let sentence = "the URL of Redis must be as redis://:PASSWORD@HOST:6379/0 (without TLS: put a tunnel in \
                            between where others could listen)";
            return Err(Violation::new(["fleet.redis"], sentence.to_owned()));
        };
        let has_password = info.redis_settings().password().is_some_and(|password| !password.is_empty());
        if is_near(&info) || has_password || self.open_redis {
            return Ok(());
        }
        let sentence = "this Redis is on another machine and has no password, so others could take the fleet over: set \
                        one (requirepass) and use redis://:PASSWORD@HOST:6379/0, or allow it with --open-redis where \
                        nobody else can reach it";
        Err(Violation::new(["fleet.redis"], sentence.to_owned()))
    }
}

/// Whether it is on this machine.
fn is_near(info: &ConnectionInfo) -> bool {
    match info.addr() {
        ConnectionAddr::Tcp(host, _) => {
            let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
            address.map_or(host == "localhost", |address| address.to_canonical().is_loopback())
        }
        ConnectionAddr::Unix(_) => true,
        _ => false,
    }
}

fn is_word(word: &str) -> bool {
    let fits = |letter: u8| letter.is_ascii_alphanumeric() || b".-_".contains(&letter);
    (1..=63).contains(&word.len()) && word.bytes().all(fits)
}

/// Secret of a fleet: 64 hexadecimal digits, the form of a server's key.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct FleetSecret(pub [u8; 32]);

impl TryFrom<String> for FleetSecret {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        // The form of a public key is also that of a secret one.
        let digits = text.trim().parse::<framehouse_shared::replay::PublicKey>();
        digits.map(|key| Self(key.0)).map_err(|_| "it must be 64 hexadecimal digits")
    }
}

impl fmt::Debug for FleetSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Serialize for FleetSecret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> FleetSettings {
        toml::from_str(text).expect("good")
    }

    fn said(text: &str) -> String {
        let secret = "6b".repeat(32);
        let settings = read(&format!("secret = \"{secret}\"\n{text}"));
        settings.check().map_or_else(|violation| violation.sentence, |()| String::new())
    }

    #[test]
    fn a_redis_that_others_reach_needs_a_password_or_a_word_of_the_operator() {
        for near in ["redis://127.0.0.1:6379", "redis://localhost/1", "redis://[::1]:7000", "unix:///run/redis.sock"] {
            assert_eq!(said(&format!("redis = \"{near}\"")), "", "{near}");
        }
        for far in ["redis://10.0.0.5:6379", "redis://db.example.org", "redis://:@db.example.org"] {
            let sentence = said(&format!("redis = \"{far}\""));
            assert!(sentence.contains("no password") && !sentence.contains("10.0.0.5"), "{far}: {sentence}");
            assert_eq!(said(&format!("redis = \"{far}\"\nopen_redis = true")), "", "{far}");
        }
        assert_eq!(said("redis = \"redis://:pw@db.example.org:6379\""), "");
        for wrong in ["", "127.0.0.1:6379", "http://127.0.0.1"] {
            assert!(said(&format!("redis = \"{wrong}\"")).contains("must be as redis://"), "{wrong}");
        }
    }

    #[test]
    fn a_fleet_has_a_secret_that_nobody_sees() {
        let settings = read("redis = \"redis://:pw@localhost\"");
        assert!(settings.registry().expect_err("no secret").contains("openssl rand -hex 32"));
        assert_eq!(read("").registry(), Ok(None));
        let secret = "6b".repeat(32);
        let settings = read(&format!("secret = \"{secret}\"\nredis = \"redis://:pw@localhost\""));
        assert!(settings.check().is_ok() && settings.registry().is_ok());
        for text in [format!("{settings:?}"), toml::to_string(&settings).expect("settings serialise")] {
            assert!(text.contains("***") && !text.contains("6b6b") && !text.contains("pw"), "{text}");
        }
        assert!(toml::from_str::<FleetSettings>("secret = \"short\"").is_err());
        assert!(read("channel = \"a b\"").check().is_err() && read("zone = \"eu:1\"").check().is_err());
    }

    #[test]
    fn the_address_for_gateways_has_a_host_and_a_port() {
        for good in ["10.0.0.5:7777", "[fd00::5]:7777", "node.internal:80"] {
            assert!(read(&format!("address = \"{good}\"")).check().is_ok(), "{good}");
        }
        for wrong in ["10.0.0.5", ":7777", "fd00::5:7777", "host:port", "http://host:1"] {
            assert!(said(&format!("address = \"{wrong}\"")).contains("must be HOST:PORT"), "{wrong}");
        }
    }
}
