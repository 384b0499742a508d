//! Asker: questions over HTTP at a steady pace, however long the answers take.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use framehouse_client::stats::{Distribution, ErrorLog};

use crate::load::room::{tenth_ms, tenths_of_ms};

/// Connections, each kept and used for one question after the other.
const CONNECTIONS: u32 = 32;
/// The most time for an answer.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

/// What came of the questions.
#[derive(Clone, Debug)]
pub struct Answers {
    /// Times from the moment at which a question was due to its answer, in 0.1 ms.
    pub tenth_ms: Distribution,
    /// Answers with status 404.
    pub missing: u64,
    /// Questions without an answer, and answers with another status.
    pub failed: ErrorLog,
}

impl Default for Answers {
    fn default() -> Self {
        Self { tenth_ms: tenths_of_ms(), missing: 0, failed: ErrorLog::default() }
    }
}

/// Asks a number of questions a second until `is_over`, which gets the number of the next one, from 0. `path` makes its path.
///
/// # Errors
/// A sentence, if a thread panicked.
pub fn ask_steadily(
    url: &str,
    per_s: u32,
    is_over: impl Fn(u64) -> bool + Sync,
    path: impl Fn(u64) -> String + Sync,
) -> Result<Answers, String> {
    let (start, next) = (Instant::now(), AtomicU64::new(0));
    let ask_on = || {
        let (agent, mut answers) = (agent(), Answers::default());
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let due = Duration::from_secs_f64(number as f64 / f64::from(per_s));
            if is_over(number) {
                return answers;
            }
            thread::sleep(due.saturating_sub(start.elapsed()));
            answers.ask(&agent, &format!("{url}{}", path(number)));
            answers.tenth_ms.record(tenth_ms(start.elapsed() - due));
        }
    };
    let mut all = Answers::default();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(ask_on)).collect();
        threads.into_iter().try_for_each(|thread| {
            all.add(&thread.join().map_err(|_| "a thread that asks panicked".to_owned())?);
            Ok(())
        })
    })
    .map(|()| all)
}

/// An HTTP client with a connection of its own.
pub(super) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().timeout_global(Some(ANSWER_TIME_MAX)).http_status_as_error(false).build().into()
}

impl Answers {
    fn ask(&mut self, agent: &ureq::Agent, url: &str) {
        let answer = agent.get(url).call().and_then(|mut answer| {
            // The whole body is a part of the answer.
            answer.body_mut().read_to_vec()?;
            Ok(answer.status().as_u16())
        });
        match answer {
            Ok(200) => {}
            Ok(404) => self.missing += 1,
            Ok(status) => self.failed.note(format!("an answer has the status {status}")),
            Err(error) => self.failed.note(format!("a question has no answer: {error}")),
        }
    }

    /// Adds others.
    pub fn add(&mut self, other: &Self) {
        self.tenth_ms.add(&other.tenth_ms);
        self.missing += other.missing;
        self.failed.add(&other.failed);
    }
}
