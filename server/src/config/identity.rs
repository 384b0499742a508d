//! `[identity]`: who a player is.

use axum::http::Uri;
use serde::{Deserialize, Serialize};

use super::{Violation, catalogue::Ranges};
use crate::address::is_this_machine;

/// Settings of the players' identities.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IdentitySettings {
    /// By what the server knows a player.
    pub kind: IdentityKind,
    /// Keys of the issuer, as a JSON Web Key Set: a file or a URL.
    pub jwks: Option<String>,
    /// Issuer of the tokens, as in their claim `iss`.
    pub issuer: Option<String>,
    /// What the tokens are for, as in their claim `aud`. `None` takes tokens without that claim only.
    pub audience: Option<String>,
    /// Claim with the name that others see. `None` means that players choose their names.
    pub name_claim: Option<String>,
    /// Seconds after which the keys are read again, 10 to 86,400.
    pub refresh_s: u32,
    /// Seconds by which the clocks of issuer and server may differ, 0 to 300.
    pub leeway_s: u32,
}

/// By what the server knows a player.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IdentityKind {
    /// By a secret that its client has made. Everybody may play.
    #[default]
    Open,
    /// By a signed token (JSON Web Token). Nobody plays or watches without one.
    Jwt,
}

impl Default for IdentitySettings {
    fn default() -> Self {
        Self {
            kind: IdentityKind::Open,
            jwks: None,
            issuer: None,
            audience: None,
            name_claim: None,
            refresh_s: 300,
            leeway_s: 30,
        }
    }
}

impl IdentitySettings {
    /// Ranges of the numbers.
    pub(super) const RANGES: Ranges = &[("refresh_s", 10.0, 86_400.0), ("leeway_s", 0.0, 300.0)];

    /// Checks that tokens can be checked, and that nobody else can put keys in.
    pub(super) fn check(&self) -> Result<(), Violation> {
        let texts = [
            ("identity.jwks", &self.jwks),
            ("identity.issuer", &self.issuer),
            ("identity.audience", &self.audience),
            ("identity.name_claim", &self.name_claim),
        ];
        if let Some((path, _)) = texts.iter().find(|(_, text)| text.as_ref().is_some_and(|text| text.is_empty())) {
            return Err(Violation::new([*path], format!("`{path}` is empty: give it a value, or take it away")));
        }
        if self.kind == IdentityKind::Open {
            let Some((path, _)) = texts.iter().find(|(_, text)| text.is_some()) else { return Ok(()) };
            let sentence = format!("`{path}` is for tokens: set `identity.kind` = \"jwt\", or take it away");
            return Err(Violation::new([*path], sentence));
        }
        if let Some((path, _)) = texts[..2].iter().find(|(_, text)| text.is_none()) {
            let sentence = format!("`identity.kind` = \"jwt\" needs `{path}`");
            return Err(Violation::new(["identity.kind"], sentence));
        }
        if self.is_open_to_forgers() {
            let sentence = "`identity.jwks` must be a file or an https:// URL: over plain HTTP, anybody on the way could \
                            put in another key";
            return Err(Violation::new(["identity.jwks"], sentence.to_owned()));
        }
        Ok(())
    }

    /// The URL of the keys, if they are not in a file.
    pub fn jwks_url(&self) -> Option<&str> {
        self.jwks.as_deref().filter(|jwks| jwks.contains("://"))
    }

    /// Whether strangers could answer in place of the issuer.
    fn is_open_to_forgers(&self) -> bool {
        let is_safe = |url: &str| {
            url.parse::<Uri>().is_ok_and(|url| match url.scheme_str() {
                Some("https") => true,
                Some("http") => is_this_machine(&url),
                _ => false,
            })
        };
        self.jwks_url().is_some_and(|url| !is_safe(url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let settings: IdentitySettings = toml::from_str(text).expect("TOML");
        settings.check().map_or_else(|violation| violation.sentence, |()| "good".to_owned())
    }

    #[test]
    fn tokens_need_keys_and_an_issuer() {
        assert_eq!(told(""), "good");
        assert_eq!(told("kind = \"jwt\"\njwks = \"keys.json\"\nissuer = \"i\""), "good");
        assert!(told("kind = \"jwt\"\nissuer = \"i\"").contains("needs `identity.jwks`"));
        assert!(told("kind = \"jwt\"\njwks = \"keys.json\"").contains("needs `identity.issuer`"));
        assert!(told("kind = \"jwt\"\njwks = \"keys.json\"\nissuer = \"\"").contains("`identity.issuer` is empty"));
        assert!(told("audience = \"game\"").contains("set `identity.kind` = \"jwt\""));
        assert!(toml::from_str::<IdentitySettings>("kind = \"guest\"").is_err());
    }

    #[test]
    fn keys_come_over_https_or_from_this_machine() {
        let of = |jwks: &str| told(&format!("kind = \"jwt\"\nissuer = \"i\"\njwks = \"{jwks}\""));
        for good in ["https://id.example.org/keys", "http://127.0.0.1:80/keys", "http://[::1]/keys", "http://localhost"]
        {
            assert_eq!(of(good), "good");
        }
        for bad in ["http://id.example.org/keys", "ftp://id.example.org/keys", "https://"] {
            assert!(of(bad).contains("https:// URL"), "{bad}");
        }
    }
}
