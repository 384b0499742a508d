//! What a server of a crash test keeps results in, behind its data folder: SQLite in that folder, a Postgres server, or one
//! with archivers in front of it. What is not in the data folder can be killed.

use std::{collections::BTreeSet, path::Path, time::Duration};

use framehouse_harness::postgres::Postgres;
use framehouse_shared::{ids::MatchId, rng::SimRng};

use super::{
    Plan,
    archivers::{ARCHIVERS, Archivers},
    compare::Found,
    stored::check_stored,
};

/// What is killed before the server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outage {
    /// Whether it is the database.
    pub database: bool,
    /// Number of the archiver that is killed.
    pub archiver: Option<u32>,
    /// Time from the kill of the database to that of the archiver, which holds by then what it cannot store.
    pub between: Duration,
    /// For how long they are away ..
    pub away: Duration,
    /// .. and for how long the server lives after that.
    pub then: Duration,
}

/// Everything but the server.
pub(super) struct Backend {
    archivers: Option<Archivers>,
    postgres: Option<Postgres>,
}

impl Backend {
    /// Starts what the plan says, with archivers of this program, which log into files in this folder.
    pub fn start(plan: &Plan, program: &Path, folder: &Path) -> Result<Self, String> {
        let postgres = (plan.postgres || plan.archiver).then(Postgres::start).transpose()?;
        let url = postgres.as_ref().filter(|_| plan.archiver).map(|postgres| postgres.url("postgres"));
        let archivers = url.map(|url| Archivers::start(program, folder, url)).transpose()?;
        Ok(Self { archivers, postgres })
    }

    /// Settings of the server.
    pub fn settings(&self) -> String {
        let store = self.url().map(|url| format!("[store]\ndatabase = \"{url}\"\n"));
        let fleet = self.archivers.as_ref().map(|archivers| {
            let (redis, secret) = (archivers.redis_url(), "6b".repeat(32));
            format!("[fleet]\nredis = \"{redis}\"\nsecret = \"{secret}\"\n")
        });
        [store, fleet].into_iter().flatten().collect()
    }

    /// Without archivers the database is killed in half of the runs; with them one of both is in each run, or both are.
    pub fn draw_outage(&self, rng: &mut SimRng) -> Option<Outage> {
        let (database, archiver) = match (&self.postgres, &self.archivers) {
            (None, _) => (false, false),
            (Some(_), None) => (rng.one_in(2), false),
            (Some(_), Some(_)) => [(true, true), (false, true), (true, false)][rng.below(3) as usize],
        };
        if !database && !archiver {
            return None;
        }
        let archiver = archiver.then(|| rng.below(ARCHIVERS));
        let [between, away, then] = [1000, 3000, 1000].map(|most| Duration::from_millis(rng.below(most).into()));
        Some(Outage { database, archiver, between, away, then })
    }

    /// Kills the database.
    pub fn kill_database(&mut self) -> Result<(), String> {
        self.postgres.as_mut().map_or(Ok(()), Postgres::kill)
    }

    /// Kills the archiver with this number.
    pub fn kill_archiver(&mut self, number: u32) {
        if let Some(archivers) = &mut self.archivers {
            archivers.kill(number);
        }
    }

    /// Starts again what was killed, and waits until the database answers.
    pub fn start_again(&mut self, outage: Outage) -> Result<(), String> {
        if let Some(postgres) = self.postgres.as_mut().filter(|_| outage.database) {
            postgres.start_again()?;
        }
        match self.archivers.as_mut().zip(outage.archiver) {
            Some((archivers, number)) => archivers.start_again(number),
            None => Ok(()),
        }
    }

    /// The verdict on file and database after a kill of the server.
    pub fn check(&mut self, program: &Path, folder: &Path, told: &BTreeSet<MatchId>) -> Result<Found, String> {
        check_stored(program, folder, self.url().as_deref(), self.archivers.as_mut(), told)
    }

    fn url(&self) -> Option<String> {
        self.postgres.as_ref().map(|postgres| postgres.url("postgres"))
    }
}
