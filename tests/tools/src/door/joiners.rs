//! Honest players of changing addresses, who join during the attacks: one a second.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
    thread::{self, Scope},
    time::{Duration, Instant},
};

use framehouse_client::{client::Notice, connect::RoomRequest, stats::ErrorLog};
use framehouse_shared::input::Input;

use super::{namespace, siege::Siege};

/// Joins a second.
const PER_S: f64 = 1.0;
/// The most time until the server's welcome.
const WELCOME_TIME_MAX: Duration = Duration::from_secs(5);
/// The most time that leaving may take.
const LEAVE_TIME_MAX: Duration = Duration::from_secs(1);
/// Interval of updates: the precision of the measured times.
const UPDATE_INTERVAL: Duration = Duration::from_millis(2);

/// The outcomes of all joins.
#[derive(Debug, Default)]
pub(super) struct Joins {
    begun: AtomicU32,
    /// From the request to the welcome.
    pub times: Mutex<Vec<Duration>>,
    pub failed: Mutex<ErrorLog>,
}

/// Begins a join every second, each on a thread of its own, so that a slow one does not delay the next.
pub(super) fn keep_joining<'scope>(scope: &'scope Scope<'scope, '_>, siege: &'scope Siege<'_>, joins: &'scope Joins) {
    let mut pace = siege.pace(PER_S);
    while pace.wait() {
        let number = joins.begun.fetch_add(1, Ordering::Relaxed);
        scope.spawn(move || match join(siege, number) {
            Ok(time) => joins.times.lock().expect("nothing panics while holding this lock").push(time),
            Err(sentence) => joins.failed.lock().expect("nothing panics while holding this lock").note(sentence),
        });
    }
}

/// Joins and leaves. Returns the time from the request to the welcome.
fn join(siege: &Siege<'_>, number: u32) -> Result<Duration, String> {
    let (start, from) = (Instant::now(), namespace::joiner((number % 250) as u8 + 1));
    let (mut client, _) = siege.target.join(from, &format!("joiner {number}"), RoomRequest::Quick {})?;
    let mut update = || {
        client.update(siege.target.elapsed(), &mut |_| Input::NEUTRAL);
        let is_welcome = client.drain_notices().any(|notice| matches!(notice, Notice::Welcomed));
        (is_welcome, client.ended().map(str::to_owned))
    };
    let time = loop {
        match update() {
            (true, _) => break start.elapsed(),
            (_, Some(sentence)) => return Err(format!("lost before the welcome: {sentence}")),
            _ if start.elapsed() > WELCOME_TIME_MAX => return Err("no welcome in five seconds".to_owned()),
            _ => thread::sleep(UPDATE_INTERVAL),
        }
    };
    client.leave();
    let left_at = Instant::now();
    while client.ended().is_none() && left_at.elapsed() < LEAVE_TIME_MAX {
        client.update(siege.target.elapsed(), &mut |_| Input::NEUTRAL);
        thread::sleep(UPDATE_INTERVAL);
    }
    Ok(time)
}
