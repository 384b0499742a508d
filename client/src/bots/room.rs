//! The bots of one room: ready together, match after match.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::mpsc::SyncSender,
    time::Duration,
};

use super::{bot::Bot, reconnect::SessionOrder, report::Totals, visibility::Probe};

/// The bots of one room.
pub(super) struct BotRoom {
    members: usize,
    bots: Vec<Bot>,
    never_connected: Vec<String>,
    results_seen: BTreeMap<u32, usize>,
    /// Number of the last match with a probe.
    probed: Option<u32>,
}

impl BotRoom {
    /// A room for this number of bots.
    pub const fn new(members: u8) -> Self {
        Self {
            members: members as usize,
            bots: Vec::new(),
            never_connected: Vec::new(),
            results_seen: BTreeMap::new(),
            probed: None,
        }
    }

    /// Adds a bot, or notes why it could not be spawned.
    pub fn add(&mut self, bot: Result<Box<Bot>, String>) {
        match bot {
            Ok(bot) => self.bots.push(*bot),
            Err(sentence) => self.never_connected.push(sentence),
        }
    }

    /// Updates every bot, each at most once in `pause`. The cost of the simulation is measured with the wall clock.
    pub fn update(
        &mut self,
        now: Duration,
        pause: Duration,
        orders: &SyncSender<SessionOrder>,
        clock: &dyn Fn() -> Duration,
    ) {
        for bot in &mut self.bots {
            bot.update(now, pause, orders, clock);
            if let Some(match_no) = bot.take_result() {
                *self.results_seen.entry(match_no).or_default() += 1;
            }
        }
        if self.is_complete() {
            self.bots.iter_mut().for_each(Bot::get_ready);
        }
    }

    /// Takes the probe of a match that has ended: that of the first bot whose best result it is.
    pub fn take_probe(&mut self) -> Option<Probe> {
        let probes = self.bots.iter_mut().filter_map(Bot::take_probe);
        // Those of the other bots are dropped.
        let probe = probes.fold(None, |first, probe| first.or(Some(probe)))?;
        let is_new = self.probed != Some(probe.match_no);
        self.probed = Some(probe.match_no);
        is_new.then_some(probe)
    }

    /// Makes all bots leave.
    pub fn leave(&mut self) {
        self.bots.iter_mut().for_each(Bot::leave);
    }

    /// Whether no connected bot is left.
    pub fn is_empty(&self) -> bool {
        !self.bots.iter().any(Bot::is_connected)
    }

    /// Adds the bots' measurements to `totals`.
    pub fn report(&self, totals: &mut Totals) {
        self.never_connected.iter().for_each(|sentence| totals.fail(sentence));
        self.bots.iter().for_each(|bot| bot.report(totals));
        totals.matches_finished += self.results_seen.values().filter(|seen| **seen == self.members).count() as u64;
        let saved: BTreeSet<_> = self.bots.iter().flat_map(Bot::results_saved).collect();
        totals.results_saved += saved.len() as u64;
    }

    /// Whether every bot that is still expected is present and waits in the lobby.
    fn is_complete(&self) -> bool {
        let mut staying = self.bots.iter().filter(|bot| !bot.is_gone()).peekable();
        self.bots.len() + self.never_connected.len() == self.members
            && staying.peek().is_some()
            && staying.all(Bot::is_in_lobby)
    }
}
