//! HTTP requests that are written by hand.

use std::{
    fmt::Write as _,
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use crate::load::link::connect;

/// The most time for an answer.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);
/// The most bytes of an answer that are read.
const ANSWER_BYTES_MAX: u64 = 256 * 1024;

/// An HTTP answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: u16,
    pub body: String,
}

/// A request for one answer: its first line without the version, its headers, and its body.
pub(super) fn request(line: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut text = format!("{line} HTTP/1.1\r\n");
    for (name, value) in headers.iter().copied().chain([("Connection", "close")]) {
        // Writing to a string cannot fail.
        let _ = write!(text, "{name}: {value}\r\n");
    }
    if !body.is_empty() {
        let _ = write!(text, "Content-Length: {}\r\n", body.len());
    }
    format!("{text}\r\n{body}").into_bytes()
}

/// Sends these bytes from this address and reads one answer.
///
/// # Errors
/// When there is no connection, or no whole answer in five seconds.
pub(super) fn exchange(from: Ipv4Addr, to: SocketAddr, bytes: &[u8]) -> io::Result<Answer> {
    let mut stream = TcpStream::from(connect(from, to)?);
    stream.set_read_timeout(Some(ANSWER_TIME_MAX))?;
    // A server that refuses at once may have closed its end already; its answer can be read all the same.
    let sent = stream.write_all(bytes);
    let text = read_to_end(&mut stream, Instant::now() + ANSWER_TIME_MAX).or_else(|error| sent.and(Err(error)))?;
    parse(&text).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "there was no whole HTTP answer"))
}

fn read_to_end(stream: &mut TcpStream, late: Instant) -> io::Result<String> {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => bytes.extend(&buffer[..length]),
            // The connection was reset after the answer.
            Err(_) if parse(&String::from_utf8_lossy(&bytes)).is_some() => break,
            Err(error) => return Err(error),
        }
        if Instant::now() > late || bytes.len() as u64 > ANSWER_BYTES_MAX {
            return Err(io::ErrorKind::TimedOut.into());
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn parse(text: &str) -> Option<Answer> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split_whitespace().nth(1)?.parse().ok()?;
    Some(Answer { status, body: body.to_owned() })
}
