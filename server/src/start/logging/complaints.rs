//! Complaints about the log on standard error, which may be a pipe that nobody reads.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::{Duration, SystemTime},
};

use super::super::print::complain;

/// Pause between two complaints.
const PAUSE: Duration = Duration::from_secs(60);

/// Says sentences on a thread of their own, one at a time and at most one a minute.
pub(super) struct Complaints {
    is_speaking: Arc<AtomicBool>,
    said_at: Option<SystemTime>,
    say: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Default for Complaints {
    fn default() -> Self {
        Self { is_speaking: Arc::default(), said_at: None, say: Arc::new(complain) }
    }
}

impl Complaints {
    /// Says the sentence of an error, once until there is no error. `is_told` says whether it was said.
    pub fn note(
        &mut self,
        is_told: &mut bool,
        error: Option<&io::Error>,
        now: SystemTime,
        sentence: impl FnOnce(&io::Error) -> String,
    ) {
        *is_told = error.is_some_and(|error| *is_told || self.try_say(now, || sentence(error)));
    }

    fn try_say(&mut self, now: SystemTime, sentence: impl FnOnce() -> String) -> bool {
        let is_recent = |at| now.duration_since(at).is_ok_and(|ago| ago < PAUSE);
        if self.said_at.is_some_and(is_recent) || self.is_speaking.swap(true, Relaxed) {
            return false;
        }
        self.said_at = Some(now);
        let (sentence, say, is_speaking) = (sentence(), Arc::clone(&self.say), Arc::clone(&self.is_speaking));
        let work = move || {
            say(&sentence);
            is_speaking.store(false, Relaxed);
        };
        let has_thread = thread::Builder::new().name("complaint".to_owned()).spawn(work).is_ok();
        if !has_thread {
            self.is_speaking.store(false, Relaxed);
        }
        has_thread
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Mutex,
        mpsc::{Receiver, Sender, channel},
    };

    use super::*;

    /// Complaints to a stream that takes one sentence for each message: what was said, and the way to let it go on.
    fn to_a_slow_stream() -> (Complaints, Receiver<String>, Sender<()>) {
        let ((said, heard), (go_on, stuck)) = (channel(), channel::<()>());
        let ends = Mutex::new((said, stuck));
        let say = move |sentence: &str| {
            let (said, stuck) = &*ends.lock().expect("no panic");
            said.send(sentence.to_owned()).expect("the test listens");
            let _ = stuck.recv();
        };
        (Complaints { say: Arc::new(say), ..Default::default() }, heard, go_on)
    }

    #[test]
    fn a_state_that_flips_is_said_once_a_minute_and_one_thread_waits_for_a_reader() {
        let (mut complaints, heard, go_on) = to_a_slow_stream();
        let (start, full) = (SystemTime::now(), io::Error::from(io::ErrorKind::StorageFull));
        let mut is_told = false;
        let mut flip = |second: u64, word: &str| {
            let now = start + Duration::from_secs(second);
            complaints.note(&mut is_told, Some(&full), now, |_| word.to_owned());
            let was_told = is_told;
            complaints.note(&mut is_told, None, now, |_| unreachable!("there is no error"));
            was_told && !is_told
        };
        assert!(flip(0, "first"));
        assert_eq!(heard.recv().as_deref(), Ok("first"));
        assert!(!flip(1, "within a minute"));
        assert!(!flip(60, "while the first one waits for a reader"));
        go_on.send(()).expect("it waits");
        // Its thread ends soon after.
        while !flip(60, "second") {
            thread::yield_now();
        }
        assert_eq!(heard.recv().as_deref(), Ok("second"));
        assert!(heard.try_recv().is_err());
    }

    #[test]
    fn a_trouble_that_lasts_is_said_once() {
        let (mut complaints, heard, go_on) = to_a_slow_stream();
        drop(go_on);
        let (start, full, mut is_told) = (SystemTime::now(), io::Error::from(io::ErrorKind::StorageFull), false);
        for minute in 0..3 {
            complaints.note(&mut is_told, Some(&full), start + PAUSE * minute, |error| error.to_string());
        }
        assert_eq!(heard.recv(), Ok(full.to_string()));
        drop(complaints);
        assert!(heard.recv().is_err(), "it was said once");
    }
}
