//! One room's bots: ready together, match after match.

use std::{collections::BTreeMap, time::Duration};

use framehouse_shared::{protocol::control::Phase, rng::SimRng};

use super::report::Totals;
use crate::client::Client;

/// One bot.
pub(super) struct Bot {
    client: Client,
    rng: SimRng,
    asked: Duration,
    welcomed: Option<Duration>,
    next_update: Duration,
    is_ready: bool,
    last_result: Option<u32>,
}

impl Bot {
    pub const fn new(client: Client, rng: SimRng, asked: Duration) -> Self {
        let next_update = Duration::ZERO;
        Self { client, rng, asked, welcomed: None, next_update, is_ready: false, last_result: None }
    }

    fn update(&mut self, now: Duration, pause: Duration, clock: &dyn Fn() -> Duration) {
        if now < self.next_update {
            return;
        }
        self.next_update = now + pause;
        let Self { client, rng, .. } = self;
        let begin = clock();
        client.update(now, &mut |request| request.bot_input(rng));
        client.note_cost(clock().saturating_sub(begin));
        client.drain_notices();
        if client.phase().is_some() {
            self.welcomed.get_or_insert(now);
        }
        self.is_ready &= self.is_in_lobby();
    }

    fn is_playing_on(&self) -> bool {
        self.client.ended().is_none()
    }

    fn is_in_lobby(&self) -> bool {
        matches!(self.client.phase(), Some(Phase::Lobby { .. }))
    }

    /// The number of a match whose results are new.
    fn take_result(&mut self) -> Option<u32> {
        let result = self.client.results().map(|results| results.match_no);
        let is_new = result.is_some() && result != self.last_result;
        self.last_result = result.or(self.last_result);
        result.filter(|_| is_new)
    }
}

/// The bots of one room.
pub(super) struct BotRoom {
    players: usize,
    bots: Vec<Bot>,
    never_hired: Vec<String>,
    results_seen: BTreeMap<u32, usize>,
}

impl BotRoom {
    pub const fn new(players: u8) -> Self {
        Self { players: players as usize, bots: Vec::new(), never_hired: Vec::new(), results_seen: BTreeMap::new() }
    }

    /// Takes a bot in, or notes why there is none.
    pub fn add(&mut self, bot: Result<Box<Bot>, String>) {
        match bot {
            Ok(bot) => self.bots.push(*bot),
            Err(sentence) => self.never_hired.push(sentence),
        }
    }

    /// Updates every bot; each at most once in `pause`. What simulating costs is taken from a running clock.
    pub fn update(&mut self, now: Duration, pause: Duration, clock: &dyn Fn() -> Duration) {
        for bot in &mut self.bots {
            bot.update(now, pause, clock);
            if let Some(match_no) = bot.take_result() {
                *self.results_seen.entry(match_no).or_default() += 1;
            }
        }
        if self.is_complete() {
            for bot in self.bots.iter_mut().filter(|bot| bot.is_playing_on() && !bot.is_ready) {
                bot.client.set_ready(true);
                bot.is_ready = true;
            }
        }
    }

    /// All bots leave.
    pub fn leave(&mut self) {
        self.bots.iter_mut().for_each(|bot| bot.client.leave());
    }

    /// Whether no bot is left that has a connection.
    pub fn is_empty(&self) -> bool {
        !self.bots.iter().any(Bot::is_playing_on)
    }

    /// Adds what the bots measured.
    pub fn report(&self, totals: &mut Totals) {
        self.never_hired.iter().for_each(|sentence| totals.fail(sentence));
        for bot in &self.bots {
            totals.stats.add(bot.client.stats());
            match (bot.client.ended(), bot.welcomed) {
                (Some(sentence), _) if !bot.client.is_leaving() => totals.fail(sentence),
                (_, None) => totals.fail("A bot had no place in its room when the time was over."),
                (_, Some(welcomed)) => totals.connect_ms.record((welcomed - bot.asked).as_millis() as i64),
            }
        }
        totals.matches_finished += self.results_seen.values().filter(|seen| **seen == self.players).count() as u64;
    }

    /// Everybody who will come is there and waits in the lobby.
    fn is_complete(&self) -> bool {
        let mut present = self.bots.iter().filter(|bot| bot.is_playing_on()).peekable();
        self.bots.len() + self.never_hired.len() == self.players
            && present.peek().is_some()
            && present.all(Bot::is_in_lobby)
    }
}
