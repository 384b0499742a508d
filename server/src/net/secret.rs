//! Secrets that give access to something of a player, as to its seat.

use std::{fmt, marker::PhantomData, str::FromStr};

/// 128 random bits, known to their holder alone. `For` is what they give access to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Secret<For>(u128, PhantomData<For>);

/// What a resume secret gives access to: the seat of a disconnected player.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Seat {}

/// Secret of a session: with it, a disconnected player gets its seat back.
pub type ResumeSecret = Secret<Seat>;

impl<For> Secret<For> {
    /// A new secret, from the operating system's random numbers.
    pub fn random() -> Self {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
        Self(u128::from_ne_bytes(bytes), PhantomData)
    }

    /// The secret as text for its holder: 32 hexadecimal digits.
    pub fn reveal(self) -> String {
        format!("{:032x}", self.0)
    }

    /// A secret that is not random.
    #[cfg(test)]
    pub(crate) const fn of_number(number: u128) -> Self {
        Self(number, PhantomData)
    }
}

impl<For> FromStr for Secret<For> {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let is_secret = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = is_secret.then(|| u128::from_str_radix(text, 16).ok()).flatten();
        number.map(|number| Self(number, PhantomData)).ok_or(())
    }
}

// A secret must not appear in logs.
impl<For> fmt::Debug for Secret<For> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
