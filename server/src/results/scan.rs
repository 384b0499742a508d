//! Reads a results file line by line, whatever its length: ids of the results, and the end of the last whole line.

use std::io::{self, BufRead, Read};

use framehouse_shared::ids::MatchId;
use serde::{Deserialize, de::IgnoredAny};

use super::{hex, known::KnownIds};

/// Longest line that is parsed, in bytes. A result with sixteen players is about 3 KB.
const LINE_BYTES_MAX: u64 = 1 << 20;

/// Content of a results file.
#[derive(Debug, Default)]
pub struct Scan {
    /// Ids of its results.
    pub known: KnownIds,
    /// Length in bytes.
    pub bytes: u64,
    /// Length in bytes without an incomplete last line.
    pub good_bytes: u64,
    /// Number of lines that are not JSON, without an incomplete last one.
    pub strange_lines: u64,
}

impl Scan {
    /// Counts bytes at the beginning that are not read. They are whole lines.
    pub fn begin_at(&mut self, bytes: u64) {
        (self.bytes, self.good_bytes) = (bytes, bytes);
    }

    /// Reads to the end.
    ///
    /// # Errors
    /// Errors of the reader.
    pub fn read_on(mut self, mut reader: impl BufRead) -> io::Result<Self> {
        let mut line = Vec::new();
        loop {
            match read_line(&mut reader, &mut line)? {
                0 => return Ok(self),
                length => self.take(&line, length),
            }
        }
    }

    fn take(&mut self, line: &[u8], length: u64) {
        if self.good_bytes < self.bytes {
            // The line before was not the last one, so it is not incomplete.
            self.strange_lines += 1;
        }
        self.good_bytes = self.bytes;
        self.bytes += length;
        let Some(json) = line.strip_suffix(b"\n") else { return };
        match serde_json::from_slice::<Name>(json) {
            Ok(name) => self.known.insert(name.match_id),
            // JSON, but not a result: written by another program or a later version.
            Err(_) if serde_json::from_slice::<IgnoredAny>(json).is_ok() => {}
            Err(_) => return,
        }
        self.good_bytes = self.bytes;
    }
}

/// The part of a result that is read.
#[derive(Deserialize)]
struct Name {
    #[serde(with = "hex")]
    match_id: MatchId,
}

/// Reads a line with its newline, or the rest of the file. Only the beginning of a line that is too long is kept.
/// Returns the length of the line in bytes: 0 at the end.
pub(crate) fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<u64> {
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
        let Scan { bytes, good_bytes, strange_lines, .. } =
            Scan::default().read_on(text.as_bytes()).expect("memory reads");
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
        let known = Scan::default().read_on(text.as_bytes()).expect("memory reads").known;
        assert!(known.contains(MatchId(0xab)));
    }
}
