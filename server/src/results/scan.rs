//! Reading a file of results line by line, however long it is: which ids it has, and where its good part ends.

use std::io::{self, BufRead, Read};

use framehouse_shared::ids::MatchId;
use serde::{Deserialize, de::IgnoredAny};

use super::{hex, known::KnownIds};

/// The longest line that is read; a result has about 3 KB with sixteen players.
const LINE_BYTES_MAX: u64 = 1 << 20;

/// What is in a file of results.
#[derive(Debug, Default)]
pub struct Scan {
    /// The ids of its results.
    pub known: KnownIds,
    /// How long it is.
    pub bytes: u64,
    /// How long it is without its last line, should that be torn; with it otherwise.
    pub good_bytes: u64,
    /// Lines that are not JSON, a torn last one not counted.
    pub strange_lines: u64,
}

impl Scan {
    /// Reads to the end.
    ///
    /// # Errors
    /// The reader's.
    pub fn read(mut reader: impl BufRead) -> io::Result<Self> {
        let mut scan = Self::default();
        let mut line = Vec::new();
        loop {
            match read_line(&mut reader, &mut line)? {
                0 => return Ok(scan),
                length => scan.take(&line, length),
            }
        }
    }

    fn take(&mut self, line: &[u8], length: u64) {
        if self.good_bytes < self.bytes {
            // It was not the last one, so it is not torn.
            self.strange_lines += 1;
        }
        self.good_bytes = self.bytes;
        self.bytes += length;
        let Some(json) = line.strip_suffix(b"\n") else { return };
        match serde_json::from_slice::<Name>(json) {
            Ok(name) => self.known.insert(name.match_id),
            // Somebody else's, or of a later version.
            Err(_) if serde_json::from_slice::<IgnoredAny>(json).is_ok() => {}
            Err(_) => return,
        }
        self.good_bytes = self.bytes;
    }
}

/// What is read of a result.
#[derive(Deserialize)]
struct Name {
    #[serde(with = "hex")]
    match_id: MatchId,
}

/// Reads a line with its newline, or what is left of the file; of one that is too long only the beginning is kept. Says how
/// many bytes it has: 0 at the end.
fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<u64> {
    line.clear();
    let kept = Read::by_ref(reader).take(LINE_BYTES_MAX).read_until(b'\n', line)? as u64;
    let is_whole = kept < LINE_BYTES_MAX || line.ends_with(b"\n");
    let skipped = if is_whole { 0 } else { reader.skip_until(b'\n')? };
    Ok(kept + skipped as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(text: &str) -> (u64, u64, u64) {
        let Scan { bytes, good_bytes, strange_lines, .. } = Scan::read(text.as_bytes()).expect("memory reads");
        assert_eq!(bytes, text.len() as u64);
        (good_bytes, bytes - good_bytes, strange_lines)
    }

    #[test]
    fn only_the_last_line_can_be_torn() {
        assert_eq!(scan(""), (0, 0, 0));
        assert_eq!(scan("{}\n"), (3, 0, 0));
        assert_eq!(scan("{}\n{}"), (3, 2, 0), "a line without its newline");
        assert_eq!(scan("{}\n{\"a\":\n"), (3, 6, 0), "half an object");
        assert_eq!(scan("what\n{}\n"), (8, 0, 1), "not ours to throw away");
        assert_eq!(scan("what\n{"), (5, 1, 1));
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over() {
        let long = "x".repeat(LINE_BYTES_MAX as usize);
        assert_eq!(scan(&format!("{long}x\n{{}}\n")), (LINE_BYTES_MAX + 5, 0, 1));
        assert_eq!(scan(&format!("{{}}\n{long}")), (3, LINE_BYTES_MAX, 0));
        assert_eq!(scan(&format!("{}\n{{}}\n", &long[1..])), (LINE_BYTES_MAX + 3, 0, 1));
    }

    #[test]
    fn a_result_is_known_by_its_id_alone() {
        let text = "{\"match_id\":\"000000000000000000000000000000ab\",\"of\":\"a later version\"}\n";
        let known = Scan::read(text.as_bytes()).expect("memory reads").known;
        assert!(known.contains(MatchId(0xab)));
    }
}
