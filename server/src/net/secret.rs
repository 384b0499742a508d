//! Resume secrets: with one, a disconnected player gets its seat back.

use std::{fmt, str::FromStr};

/// Resume secret of a player: 128 random bits, known to this player alone.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ResumeSecret(u128);

impl ResumeSecret {
    /// A new secret, from the operating system's random numbers.
    pub fn random() -> Self {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
        Self(u128::from_ne_bytes(bytes))
    }

    /// The secret as text for the client: 32 hexadecimal digits.
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

// A secret gives access to a seat, so it must not appear in logs.
impl fmt::Debug for ResumeSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResumeSecret(..)")
    }
}
