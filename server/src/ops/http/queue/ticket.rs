//! Tickets of places in the queue.

use crate::net::secret::Secret;

/// What a ticket gives access to: a place in the queue.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::ops::http) enum Place {}

/// A ticket, with which its holder asks again for the seat that it waits for.
pub(in crate::ops::http) type Ticket = Secret<Place>;
