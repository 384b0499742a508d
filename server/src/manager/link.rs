//! The way between a manager and operators: Redis, asked by a thread of its own. While Redis is away the manager goes on
//! without them.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc::SyncSender},
    time::Duration,
};

use super::{
    Event,
    command::{Answer, Command},
    status::ManagerStatus,
};
use crate::{
    fleet::registry::{Registry, RegistryError, Release},
    threads,
};

/// Interval between two words to Redis, and two looks for commands.
const INTERVAL: Duration = Duration::from_millis(500);
/// Maximum number of answers that wait for Redis. The oldest one is dropped.
const ANSWERS_MAX: usize = 64;
/// Maximum number of commands that are taken at a time.
const COMMANDS_MAX: usize = 16;

/// What the manager has to tell.
#[derive(Clone, Default)]
pub(super) struct Link(Arc<Mutex<Outgoing>>);

#[derive(Default)]
struct Outgoing {
    status: Option<ManagerStatus>,
    release: Release,
    answers: VecDeque<(String, Answer)>,
}

impl Link {
    /// Starts the thread, for the manager of this name. Without a URL nobody is told anything.
    ///
    /// # Errors
    /// With a sentence, when the URL is none of Redis, or the thread cannot be started.
    pub fn start(name: String, redis: Option<String>, events: SyncSender<Event>) -> Result<Self, String> {
        let link = Self::default();
        let Some(url) = redis else { return Ok(link) };
        let failed = |error: io::Error| format!("cannot start the thread for Redis: {error}");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let registry = runtime.block_on(async { Registry::new(&url) }).map_err(|error| error.to_string())?;
        let outgoing = link.clone();
        let work = move || {
            runtime.block_on(async {
                let mut was_away = false;
                while let Ok(exchanged) = outgoing.exchange(&name, &registry, &events).await {
                    if let (Err(error), false) = (&exchanged, was_away) {
                        tracing::warn!("operators cannot reach this manager: {error}");
                    }
                    if exchanged.as_ref().is_err_and(RegistryError::is_timeout) {
                        registry.renew();
                    }
                    was_away = exchanged.is_err();
                    tokio::time::sleep(INTERVAL).await;
                }
            });
        };
        threads::spawn("operators", work).map_err(failed)?;
        Ok(link)
    }

    /// The newest status.
    pub fn tell(&self, status: ManagerStatus) {
        self.lock().status = Some(status);
    }

    /// The answer to the command of this id.
    pub fn answer(&self, id: String, answer: Answer) {
        let mut outgoing = self.lock();
        if outgoing.answers.len() == ANSWERS_MAX {
            outgoing.answers.pop_front();
        }
        outgoing.answers.push_back((id, answer));
    }

    /// Who gets which build, as it was read last.
    pub fn release(&self) -> Release {
        self.lock().release.clone()
    }

    /// Tells everything and takes commands. The outer error is that nobody wants them any more.
    async fn exchange(
        &self,
        name: &str,
        registry: &Registry,
        events: &SyncSender<Event>,
    ) -> Result<Result<(), RegistryError>, ()> {
        if let Err(error) = self.send_all(name, registry).await {
            return Ok(Err(error));
        }
        for _ in 0..COMMANDS_MAX {
            let command = match registry.take_command(name).await {
                Ok(Some(command)) => command,
                Ok(None) => break,
                Err(error) => return Ok(Err(error)),
            };
            match serde_json::from_str::<Command>(&command) {
                Ok(command) => events.send(Event::Told(command)).map_err(drop)?,
                Err(error) => tracing::warn!("a command in Redis cannot be understood: {error}"),
            }
        }
        Ok(Ok(()))
    }

    async fn send_all(&self, name: &str, registry: &Registry) -> Result<(), RegistryError> {
        let status = self.lock().status.as_ref().map(|status| serde_json::json!(status).to_string());
        if let Some(status) = status {
            registry.write_manager(name, &status).await?;
        }
        match registry.release().await {
            Ok(release) => self.lock().release = release,
            // One of another version keeps no operator out.
            Err(RegistryError::Unreadable(_)) => {}
            Err(error) => return Err(error),
        }
        loop {
            let Some((id, answer)) = self.lock().answers.front().cloned() else { return Ok(()) };
            registry.answer_command(&id, &serde_json::json!(answer).to_string()).await?;
            self.lock().answers.retain(|(other, _)| *other != id);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Outgoing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
