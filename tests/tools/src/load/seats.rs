//! Requests for seats over connections that stay open, from a given address.

use std::{
    fmt,
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::Duration,
};

use framehouse_client::connect::{SessionGrant, SessionRequest};
use framehouse_shared::api::SessionRefusal;

use super::link;

/// The most time for an answer.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);
/// The most bytes of an answer.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Why there is no seat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status; 0 without an answer.
    pub status: u16,
    /// The server's sentence, its code if the sentence has a place in the queue, or what went wrong.
    pub message: String,
}

impl Refusal {
    fn unanswered(error: &io::Error) -> Self {
        Self { status: 0, message: format!("no answer to a request for a seat ({error})") }
    }

    /// Whether the same request may succeed a moment later.
    pub const fn is_passing(&self) -> bool {
        matches!(self.status, 0 | 429 | 503)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status, self.message)
    }
}

/// Body of a request.
pub(crate) fn body_of(request: &SessionRequest) -> String {
    serde_json::to_string(request).expect("a request serialises")
}

/// A connection to a server's gateway.
pub(crate) struct SeatClient {
    from: Ipv4Addr,
    gateway: SocketAddr,
    stream: Option<TcpStream>,
}

impl SeatClient {
    /// For the server at this URL, `http://address:port`.
    pub fn new(from: Ipv4Addr, url: &str) -> Self {
        let gateway = url.trim_start_matches("http://").parse().expect("a server on this machine prints its address");
        Self { from, gateway, stream: None }
    }

    /// Connects now, so that the next request does not have to.
    ///
    /// # Errors
    /// When the server is not reached.
    pub fn connect(&mut self) -> io::Result<()> {
        self.stream = Some(self.open()?);
        Ok(())
    }

    /// Asks once for a seat.
    ///
    /// # Errors
    /// When there is none.
    pub fn ask(&mut self, request: &SessionRequest) -> Result<SessionGrant, Refusal> {
        self.ask_with(&body_of(request))
    }

    /// Like [`ask`](Self::ask), with the body of the request.
    ///
    /// # Errors
    /// When there is no seat.
    pub fn ask_with(&mut self, body: &str) -> Result<SessionGrant, Refusal> {
        let answer = self.exchange(body).map_err(|error| Refusal::unanswered(&error))?;
        let unknown = |error: serde_json::Error| Refusal { status: answer.status, message: error.to_string() };
        if answer.status == 200 {
            return serde_json::from_slice(&answer.body).map_err(unknown);
        }
        let SessionRefusal { error, queue } = serde_json::from_slice(&answer.body).map_err(unknown)?;
        let message = if queue.is_some() { error.code } else { error.message };
        Err(Refusal { status: answer.status, message })
    }

    fn exchange(&mut self, body: &str) -> io::Result<Answer> {
        // The server may have closed a connection that was kept: then a new one has to do.
        if let Some(stream) = self.stream.take()
            && let Ok(answer) = self.exchange_over(stream, body)
        {
            return Ok(answer);
        }
        let stream = self.open()?;
        self.exchange_over(stream, body)
    }

    fn open(&self) -> io::Result<TcpStream> {
        let stream = TcpStream::from(link::connect(self.from, self.gateway)?);
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_TIME_MAX))?;
        Ok(stream)
    }

    fn exchange_over(&mut self, mut stream: TcpStream, body: &str) -> io::Result<Answer> {
        let (host, length) = (self.gateway, body.len());
        let head = format!(
            "POST /v1/sessions HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        );
        stream.write_all((head + body).as_bytes())?;
        let answer = read_answer(&mut stream)?;
        self.stream = Some(stream);
        Ok(answer)
    }
}

/// An HTTP answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// Reads one answer, whose head names the length of its body.
///
/// # Errors
/// When it is no such answer, or does not come.
pub fn read_answer(stream: &mut impl Read) -> io::Result<Answer> {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut buffer)?;
        bytes.extend(&buffer[..read]);
        if let Some(answer) = parse(&bytes) {
            return Ok(answer);
        }
        if read == 0 || bytes.len() > ANSWER_BYTES_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
}

/// `None` until the whole answer is there.
fn parse(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let status = head.split_whitespace().nth(1)?.parse().ok()?;
    let mut headers = head.lines().filter_map(|line| line.split_once(':'));
    let (_, length) = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-length"))?;
    let length: usize = length.trim().parse().ok()?;
    Some(Answer { status, body: bytes[end..].get(..length)?.to_vec() })
}
