//! The keys in Redis, asked in its protocol: a request is a line, an answer a list of texts.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    time::Duration,
};

const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);

/// Whether a Redis answers at this port.
pub(super) fn answers(port: u16) -> bool {
    ask(port, "PING").is_ok_and(|answer| answer.is_empty())
}

/// The keys of the fleet.
pub(super) fn keys(port: u16) -> Result<Vec<String>, String> {
    ask(port, "KEYS fh:*").map_err(|error| format!("Redis does not list its keys: {error}"))
}

/// Sends a request. Returns the texts of the answer; none for an answer without a list.
fn ask(port: u16, request: &str) -> std::io::Result<Vec<String>> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(ANSWER_TIME_MAX))?;
    stream.write_all(format!("{request}\r\n").as_bytes())?;
    let mut reader = BufReader::new(stream);
    let first = read_line(&mut reader)?;
    match first.split_at_checked(1) {
        Some(("+", _)) => Ok(Vec::new()),
        Some(("*", count)) => (0..count.parse::<u32>().unwrap_or(0)).map(|_| read_text(&mut reader)).collect(),
        _ => Err(std::io::Error::other(first)),
    }
}

fn read_text(reader: &mut impl BufRead) -> std::io::Result<String> {
    let length: usize = read_line(reader)?.trim_start_matches('$').parse().unwrap_or(0);
    let mut text = vec![0; length + 2];
    reader.read_exact(&mut text)?;
    text.truncate(length);
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn read_line(reader: &mut impl BufRead) -> std::io::Result<String> {
    let mut line = String::new();
    reader.take(1024).read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}
