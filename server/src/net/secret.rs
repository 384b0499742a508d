//! The secret that gives a player its seat back.

use std::{fmt, str::FromStr};

/// A proof of being the player who had a seat: 128 random bits, told to that player alone.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ResumeSecret(u128);

impl ResumeSecret {
    /// A new secret from the operating system's random numbers.
    pub fn random() -> Self {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
        Self(u128::from_ne_bytes(bytes))
    }

    /// The text that the player is told: 32 hexadecimal digits.
    pub fn reveal(self) -> String {
        format!("{:032x}", self.0)
    }
}

impl FromStr for ResumeSecret {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let is_secret = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_secret.then(|| u128::from_str_radix(text, 16).ok()).flatten().map(Self).ok_or(())
    }
}

// It is worth a seat, so no log line may hold it.
impl fmt::Debug for ResumeSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResumeSecret(..)")
    }
}
