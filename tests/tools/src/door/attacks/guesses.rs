//! Guesses of room codes, and what the answers tell a guesser.

use std::net::Ipv4Addr;

use framehouse_shared::{ids::RoomCode, rng::SimRng};

use crate::door::{
    siege::{Siege, Tally},
    wire::{self, Answer},
};

/// Below the limit of requests for seats.
const PER_S: f64 = 4.0;
const KNOWN_PER_S: f64 = 0.25;
const TOO_MANY_REQUESTS: u16 = 429;

/// Random codes. Each answer but "not so fast" is one more code that is known.
pub(super) fn run(siege: &Siege<'_>, from: Ipv4Addr, tally: &Tally) {
    let (mut pace, mut rng) = (siege.pace(PER_S), SimRng::new(4));
    while pace.wait() {
        let answer = try_code(siege, from, &random_code(siege, &mut rng));
        tally.note(answer.is_some_and(|answer| answer.status != TOO_MANY_REQUESTS));
    }
}

/// Codes of private rooms that are full, each beside a random one.
pub(super) fn run_known(siege: &Siege<'_>, from: Ipv4Addr, tally: &Tally) {
    let (mut pace, mut rng) = (siege.pace(KNOWN_PER_S), SimRng::new(5));
    for known in siege.codes.iter().cycle() {
        if !pace.wait() {
            return;
        }
        let unknown = random_code(siege, &mut rng);
        let answers = try_code(siege, from, known).zip(try_code(siege, from, &unknown));
        let Some((of_known, of_unknown)) = answers else { continue };
        if of_known.status != TOO_MANY_REQUESTS && of_unknown.status != TOO_MANY_REQUESTS {
            let without = |answer: &Answer, code: &str| answer.body.replace(code, "");
            let is_same =
                of_known.status == of_unknown.status && without(&of_known, known) == without(&of_unknown, &unknown);
            tally.note(!is_same);
        }
    }
}

fn try_code(siege: &Siege<'_>, from: Ipv4Addr, code: &str) -> Option<Answer> {
    // Written by hand: a code of another length is no code to this program.
    let body = format!(r#"{{"name":"guesser","room":{{"code":"{code}"}}}}"#);
    wire::exchange(from, siege.target.http, &siege.target.post(&body)).ok()
}

/// A code as long as those of private rooms.
fn random_code(siege: &Siege<'_>, rng: &mut SimRng) -> String {
    let length = siege.codes.first().map_or(0, String::len);
    let letters = RoomCode::ALPHABET;
    (0..length).map(|_| char::from(letters[rng.below(letters.len() as u32) as usize])).collect()
}
