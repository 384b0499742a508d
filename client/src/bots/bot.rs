//! One load bot: plays in its session, and resumes a lost one.

use std::{collections::BTreeSet, sync::mpsc::SyncSender, time::Duration};

use framehouse_shared::{
    ids::{AccountId, MatchId},
    protocol::{end::EndCode, messages::Phase},
    rng::SimRng,
};

use super::{
    reconnect::{Progress, Reconnect, SessionOrder},
    report::Totals,
    spawner::BotSession,
    visibility::Probe,
};
use crate::{
    client::{Client, Notice},
    connect::{RoomRequest, SessionRequest},
    net::{Cause, End},
    stats::ClientStats,
};

/// One bot.
pub(super) struct Bot {
    client: Client,
    rng: SimRng,
    /// The request that resumes the session.
    request: SessionRequest,
    /// Grace period: how long the server keeps the seat after a lost connection.
    grace: Duration,
    seed: u64,
    asked: Duration,
    welcomed: Option<Duration>,
    next_update: Duration,
    is_ready: bool,
    last_result: Option<u32>,
    /// The bot's lasting id, its most points so far, and the last match that has ended with as many.
    player: Option<AccountId>,
    best: Option<i64>,
    best_end: Option<(u32, Duration)>,
    probe: Option<Probe>,
    results_saved: BTreeSet<u32>,
    /// The running reconnect, from a loss until the next welcome.
    reconnect: Option<Reconnect>,
    reconnects: u64,
    /// Reason of a final failure; nothing if the bot left on purpose.
    failure: Option<String>,
    /// Measurements of the sessions before this one.
    earlier: Option<Box<ClientStats>>,
}

impl Bot {
    /// A bot with a new session; `asked` is the time at which `request` was sent.
    pub fn new(session: BotSession, mut request: SessionRequest, seed: u64, asked: Duration) -> Self {
        // The resume secret leads back to the seat. A spectator has no seat and simply joins again.
        if !matches!(request.room, RoomRequest::Watch(_)) {
            request.room = RoomRequest::Code(session.code);
            request.resume = Some(session.resume);
        }
        Self {
            client: session.client,
            rng: SimRng::new(seed),
            request,
            grace: session.grace,
            seed,
            asked,
            welcomed: None,
            next_update: Duration::ZERO,
            is_ready: false,
            last_result: None,
            player: session.player,
            best: None,
            best_end: None,
            probe: None,
            results_saved: BTreeSet::new(),
            reconnect: None,
            reconnects: 0,
            failure: None,
            earlier: None,
        }
    }

    /// Does what is due, at most once in `pause`. The cost of the simulation is measured with the wall clock.
    pub fn update(
        &mut self,
        now: Duration,
        pause: Duration,
        orders: &SyncSender<SessionOrder>,
        clock: &dyn Fn() -> Duration,
    ) {
        if now >= self.next_update {
            self.next_update = now + pause;
            let begin = clock();
            self.play(now);
            self.client.note_cost(clock().saturating_sub(begin));
            self.reconnect(now, orders);
        }
    }

    /// Reports once that the bot is ready for the next match.
    pub fn get_ready(&mut self) {
        if self.is_connected() && !self.client.is_spectator() && !self.is_ready {
            self.client.set_ready(true);
            self.is_ready = true;
        }
    }

    /// Leaves. A bot that is still reconnecting then counts as failed.
    pub fn leave(&mut self) {
        if let Some(reconnect) = &self.reconnect {
            self.failure.get_or_insert_with(|| reconnect.lost().to_owned());
        }
        self.client.leave();
    }

    /// Whether the bot has a session, welcomed or not.
    pub fn is_connected(&self) -> bool {
        self.client.ended().is_none()
    }

    /// Whether the bot has left its room for good.
    pub fn is_gone(&self) -> bool {
        self.failure.is_some() || self.client.end().is_some_and(|end| !end.is_lost && !is_moved(end))
    }

    /// Whether the bot waits for a match.
    pub fn is_in_lobby(&self) -> bool {
        self.is_connected() && matches!(self.client.phase(), Some(Phase::Lobby { .. }))
    }

    /// Takes the number of a match whose results are new.
    pub fn take_result(&mut self) -> Option<u32> {
        let result = self.client.results().map(|results| results.match_no);
        let is_new = result.is_some() && result != self.last_result;
        self.last_result = result.or(self.last_result);
        result.filter(|_| is_new)
    }

    /// Takes the probe of a match whose result is stored and the bot's best.
    pub const fn take_probe(&mut self) -> Option<Probe> {
        self.probe.take()
    }

    /// The numbers of the matches whose results the server has stored.
    pub const fn results_saved(&self) -> &BTreeSet<u32> {
        &self.results_saved
    }

    /// Adds the bot's measurements to `totals`.
    pub fn report(&self, totals: &mut Totals) {
        totals.stats.add(self.client.stats());
        self.earlier.iter().for_each(|earlier| totals.stats.add(earlier));
        totals.reconnects += self.reconnects;
        match (&self.failure, self.welcomed) {
            (Some(sentence), _) => totals.fail(sentence),
            (None, None) => totals.fail("A bot was not in its room when the time was over."),
            (None, Some(welcomed)) => totals.connect_ms.record((welcomed - self.asked).as_millis() as i64),
        }
    }

    fn play(&mut self, now: Duration) {
        let Self { client, rng, .. } = self;
        let mut command = None;
        client.update(now, &mut |request| {
            command = command.take().or_else(|| request.bot_command(rng));
            request.bot_input(rng)
        });
        if let Some(command) = command {
            client.send_command(&command);
        }
        self.note_end(now);
        let saved = |notice| match notice {
            Notice::ResultSaved { match_no, match_id } => Some((match_no, match_id)),
            _ => None,
        };
        let saved: Vec<_> = self.client.drain_notices().filter_map(saved).collect();
        saved.into_iter().for_each(|(match_no, match_id)| self.note_saved(match_no, match_id));
        // A bot has nothing to lose when the host wants to end the match.
        if self.client.is_asked() {
            self.client.vote(true);
        }
        if self.is_connected() && self.client.phase().is_some() {
            self.welcomed.get_or_insert(now);
            self.reconnects += u64::from(self.reconnect.take().is_some());
        }
        self.is_ready &= self.is_in_lobby();
    }

    /// Notes when a match has ended with the bot's best result.
    fn note_end(&mut self, now: Duration) {
        let Some((results, slot)) = self.client.results().zip(self.client.slot()) else { return };
        let points = results.ranking.iter().find(|entry| entry.slot == slot).map(|entry| entry.score.points);
        if points > self.best {
            (self.best, self.best_end) = (points, Some((results.match_no, now)));
        }
    }

    fn note_saved(&mut self, match_no: u32, match_id: MatchId) {
        self.results_saved.insert(match_no);
        let ended = self.best_end.filter(|(best, _)| *best == match_no).map(|(_, ended)| ended);
        self.probe = self.player.zip(ended).map(|(player, ended)| Probe { match_no, match_id, player, ended });
    }

    fn reconnect(&mut self, now: Duration, orders: &SyncSender<SessionOrder>) {
        let Some(end) = self.client.end().filter(|_| self.failure.is_none() && !self.client.is_leaving()) else {
            return;
        };
        if is_moved(end) {
            (self.request.room, self.request.resume) = (RoomRequest::Quick {}, None);
        } else if !end.is_lost {
            // The room was closed after its last match: the bot has played all that there was to play.
            self.failure = (end.cause != Cause::Server(EndCode::Draining)).then(|| end.reason.clone());
            return;
        }
        let grace = self.grace;
        let reconnect = self.reconnect.get_or_insert_with(|| Reconnect::new(end.reason.clone(), now, grace));
        match reconnect.update(now, orders, &self.request, self.seed ^ self.reconnects) {
            Progress::Waiting => {}
            Progress::BotSession(session) => self.go_on_with(*session),
            Progress::Over(sentence) => self.failure = Some(sentence),
        }
    }

    fn go_on_with(&mut self, session: BotSession) {
        let lost = std::mem::replace(&mut self.client, session.client);
        self.earlier.get_or_insert_default().add(lost.stats());
        self.grace = session.grace;
        if !matches!(self.request.room, RoomRequest::Watch(_)) {
            (self.request.room, self.request.resume) = (RoomRequest::Code(session.code), Some(session.resume));
        }
    }
}

/// Whether another server of the fleet has a seat for the bot.
fn is_moved(end: &End) -> bool {
    end.cause == Cause::Server(EndCode::Moved)
}

#[cfg(test)]
mod tests;
