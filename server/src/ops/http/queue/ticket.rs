//! Tickets of places in the queue.

use std::{fmt, str::FromStr};

use axum::body::Bytes;
use serde::Deserialize;

/// A ticket: 128 random bits, so that nobody finds another one's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::ops::http) struct Ticket(u128);

impl Ticket {
    /// A new ticket, from the operating system's random numbers.
    pub fn random() -> Self {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
        Self(u128::from_ne_bytes(bytes))
    }

    /// The ticket as text for its holder: 32 hexadecimal digits.
    pub fn reveal(self) -> String {
        format!("{:032x}", self.0)
    }

    /// The ticket in the body of a request. One that cannot be read is none: its holder gets a new place.
    pub fn of_body(body: &Bytes) -> Option<Self> {
        #[derive(Deserialize)]
        struct TicketOnly {
            ticket: String,
        }
        serde_json::from_slice::<TicketOnly>(body).ok()?.ticket.parse().ok()
    }

    /// A ticket that is not random.
    #[cfg(test)]
    pub const fn of_number(number: u128) -> Self {
        Self(number)
    }
}

impl FromStr for Ticket {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let is_ticket = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_ticket.then(|| u128::from_str_radix(text, 16).ok()).flatten().map(Self).ok_or(())
    }
}

// Whoever has a ticket has its place, so it must not appear in logs.
impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticket(..)")
    }
}
