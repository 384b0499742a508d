//! A socket with a session, as the tick thread sees it.

use std::{collections::VecDeque, net::IpAddr, sync::Arc, time::Duration};

use framehouse_shared::{
    api::ws::{Down, Encoding, Joined, Up},
    protocol::messages::Welcome,
};

use super::{Credit, Opened, Outbox, requests::event_of};
use crate::net::{
    budget::{Account, Budget, Charge, Rates},
    endpoint::{ClientEvent, ClientId},
};

/// Maximum number of messages of one client that are taken in a tick, fewer than a session keeps. The others wait for the
/// next tick, so that no message of a client within its budgets is lost.
const TAKEN_PER_TICK_MAX: u32 = 200;

/// A connected client.
pub(super) struct Peer {
    client: ClientId,
    pub(super) ip: IpAddr,
    pub(super) encoding: Encoding,
    player_id: String,
    resume: String,
    pub(super) outbox: Arc<Outbox>,
    budget: Budget,
    /// Whether its flood was already reported, which happens only once; nothing more is read from it.
    is_reported: bool,
    received: VecDeque<(Option<Up>, Credit)>,
    taken: u32,
    /// The chunks of a snapshot so far.
    snapshot: Vec<u8>,
}

impl Peer {
    pub(super) fn new(opened: Opened, rates: &Rates, now: Duration) -> Self {
        let Opened { client, ip, encoding, player_id, resume, outbox } = opened;
        Self {
            client,
            ip,
            encoding,
            player_id,
            resume,
            outbox,
            budget: Budget::new(rates, now),
            is_reported: false,
            received: VecDeque::new(),
            taken: 0,
            snapshot: Vec::new(),
        }
    }

    /// Adds a message. The places for waiting messages of a socket bound their number.
    pub(super) fn receive(&mut self, message: Option<Up>, credit: Credit) {
        self.received.push_back((message, credit));
    }

    /// Begins another tick.
    pub(super) const fn begin_tick(&mut self) {
        self.taken = 0;
    }

    /// Turns messages into events, as many as a tick may have.
    pub(super) fn take_received(&mut self, now: Duration, events: &mut Vec<(ClientId, ClientEvent)>) {
        while self.taken < TAKEN_PER_TICK_MAX
            && let Some((message, _credit)) = self.received.pop_front()
        {
            self.taken += 1;
            if let Some(event) = self.event(message, now) {
                events.push((self.client, event));
            }
        }
    }

    fn event(&mut self, message: Option<Up>, now: Duration) -> Option<ClientEvent> {
        if self.is_reported {
            return None;
        }
        let account = match message {
            Some(Up::Input { .. }) => Some(Account::Inputs),
            Some(Up::Ping { .. } | Up::GetSnapshot) => Some(Account::Packets),
            // The session charges what it keeps.
            _ => None,
        };
        match account.map_or(Charge::Paid, |account| self.budget.charge(account, now)) {
            Charge::Paid => Some(message.and_then(event_of).unwrap_or(ClientEvent::Unreadable)),
            Charge::Over => None,
            Charge::Kick => {
                self.is_reported = true;
                Some(ClientEvent::OverBudget)
            }
        }
    }

    /// The greeting of this client.
    pub(super) fn joined(&self, welcome: &Welcome) -> Down {
        Down::Joined(Box::new(Joined {
            code: welcome.code.to_string(),
            player_id: self.player_id.clone(),
            resume: welcome.slot.map(|_| self.resume.clone()),
            slot: welcome.slot,
            host: welcome.host,
            tick_rate: welcome.tick_rate,
            options: (&welcome.options).into(),
            phase: (&welcome.phase).into(),
            members: welcome.members.iter().map(Into::into).collect(),
            spectators: welcome.spectators,
            starts_in: welcome.starts_in,
            abort_vote: welcome.vote.as_ref().map(Into::into),
            msg_id: welcome.next_msg_id,
        }))
    }

    /// Adds a chunk. Returns the whole snapshot with its last one.
    pub(super) fn add_to_snapshot(&mut self, chunk: &[u8], is_last: bool) -> Option<Vec<u8>> {
        self.snapshot.extend_from_slice(chunk);
        is_last.then(|| std::mem::take(&mut self.snapshot))
    }
}
