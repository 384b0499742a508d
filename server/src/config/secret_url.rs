//! URLs that may have a password.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

/// URL of a database or of Redis. It may have a password, so only its scheme is shown.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct SecretUrl(String);

impl SecretUrl {
    /// The whole URL, secrets included.
    pub fn reveal(&self) -> &str {
        self.0.trim()
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.reveal().split_once("://").map_or("", |(scheme, _)| scheme);
        write!(f, "{scheme}://***")
    }
}

impl Serialize for SecretUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{self:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_its_secrets() {
        let url: SecretUrl = toml::Value::from("postgres://ada:pw@host/name").try_into().expect("a URL");
        assert_eq!(url.reveal(), "postgres://ada:pw@host/name");
        let shown = [serde_json::to_string(&url).expect("text"), format!("{url:?}")];
        assert!(shown.iter().all(|text| text.contains("postgres://***") && !text.contains("pw")), "{shown:?}");
    }
}
