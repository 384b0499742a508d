//! A thin client over a WebSocket: for tests in real time, and for load. It never waits, once it is connected.

use std::{
    io::{self, ErrorKind},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use framehouse_shared::api::ws::{Down, Encoding, Joined, PATH, Up};
use tungstenite::{
    Error, Message, WebSocket,
    client::{IntoClientRequest, client_with_config},
    protocol::WebSocketConfig,
};

/// Pause between two looks for a message.
const PAUSE: Duration = Duration::from_millis(1);
/// Bound of all waits. It only keeps a broken build from hanging.
const PATIENCE: Duration = Duration::from_secs(60);

/// A thin client.
pub struct ThinClient {
    socket: WebSocket<TcpStream>,
    encoding: Encoding,
    /// Whether the system has not taken all that was sent.
    has_unsent: bool,
}

/// How a connection ended: the close code and reason of the server, 0 if it ended without them.
pub type Closed = (u16, String);

impl ThinClient {
    /// Connects to the server at this URL, as `http://127.0.0.1:7777`.
    ///
    /// # Errors
    /// When the server refuses the socket.
    pub fn connect(url: &str, encoding: Encoding) -> Result<Self, Error> {
        Self::connect_with(url, PATH, encoding, &[])
    }

    /// Like [`connect`](Self::connect), to any path and with these further headers.
    ///
    /// # Errors
    /// When the server refuses the socket.
    ///
    /// # Panics
    /// If a header cannot be sent.
    pub fn connect_with(
        url: &str,
        path: &str,
        encoding: Encoding,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, Error> {
        let host = url.trim_start_matches("http://").trim_end_matches('/');
        let stream = TcpStream::connect(host)?;
        stream.set_nodelay(true)?;
        let config = WebSocketConfig::default().write_buffer_size(0);
        let mut request = format!("ws://{host}{path}").into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("a value of a header"));
        }
        let connected = client_with_config(request, stream, Some(config));
        let (socket, _) = connected.map_err(|error| match error {
            tungstenite::HandshakeError::Failure(error) => error,
            tungstenite::HandshakeError::Interrupted(_) => io::Error::from(ErrorKind::WouldBlock).into(),
        })?;
        socket.get_ref().set_nonblocking(true)?;
        Ok(Self { socket, encoding, has_unsent: false })
    }

    /// Status of the answer to a request for a WebSocket at this path; 101 if it is opened.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn status(url: &str, path: &str, headers: &[(&'static str, &str)]) -> Result<u16, Error> {
        match Self::connect_with(url, path, Encoding::Json, headers) {
            Ok(_) => Ok(101),
            Err(Error::Http(response)) => Ok(response.status().as_u16()),
            Err(error) => Err(error),
        }
    }

    /// Sends a message. What the system does not take at once goes out with the next call.
    ///
    /// # Errors
    /// When the connection is over.
    pub fn send(&mut self, message: &Up) -> Result<(), Error> {
        let bytes = self.encoding.encode(message);
        let message = match self.encoding {
            Encoding::Json => Message::text(String::from_utf8(bytes).expect("JSON is UTF-8")),
            Encoding::MessagePack => Message::binary(bytes),
        };
        self.send_raw(message)
    }

    /// Sends any frame.
    ///
    /// # Errors
    /// When the connection is over.
    pub fn send_raw(&mut self, message: Message) -> Result<(), Error> {
        match self.socket.send(message) {
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {
                self.has_unsent = true;
                Ok(())
            }
            sent => sent,
        }
    }

    /// The next message, if one has arrived.
    ///
    /// # Errors
    /// When the connection is over.
    ///
    /// # Panics
    /// If the server sends something that cannot be read.
    pub fn receive(&mut self) -> Result<Option<Down>, Closed> {
        if self.has_unsent {
            // An error is found by the next read, too.
            self.has_unsent = self.socket.flush().is_err();
        }
        loop {
            return match self.socket.read() {
                Ok(Message::Text(text)) => Ok(Some(Encoding::Json.decode(text.as_bytes()).expect("a message"))),
                Ok(Message::Binary(bytes)) => Ok(Some(Encoding::MessagePack.decode(&bytes).expect("a message"))),
                Ok(Message::Close(Some(frame))) => Err((frame.code.into(), frame.reason.to_string())),
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => continue,
                Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => Ok(None),
                Ok(Message::Close(None)) | Err(_) => Err((0, String::new())),
            };
        }
    }

    /// Waits for the next message.
    ///
    /// # Errors
    /// When the connection is over.
    ///
    /// # Panics
    /// If none comes.
    pub fn next_message(&mut self) -> Result<Down, Closed> {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(message) = self.receive()? {
                return Ok(message);
            }
            assert!(Instant::now() < end, "no message came");
            thread::sleep(PAUSE);
        }
    }

    /// Waits for a message of a kind, and passes all others on to nobody.
    ///
    /// # Panics
    /// If it does not come.
    pub fn wait_for<T>(&mut self, what: &str, mut find: impl FnMut(&Down) -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            assert!(Instant::now() < end, "{what}: it did not come");
            match self.next_message() {
                Ok(message) => {
                    if let Some(found) = find(&message) {
                        return found;
                    }
                }
                Err((code, reason)) => panic!("{what}: the connection ended with {code} {reason}"),
            }
        }
    }

    /// Waits for the end of the connection.
    pub fn wait_for_end(&mut self) -> Closed {
        loop {
            if let Err(closed) = self.next_message() {
                return closed;
            }
        }
    }

    /// Authenticates with this name, and waits until that is answered.
    ///
    /// # Panics
    /// If it is refused.
    pub fn authenticate(&mut self, name: &str) {
        let auth = Up::Auth { name: name.to_owned(), secret: None, token: None, resume: None, view: false };
        self.send(&auth).expect("the socket is open");
        self.wait_for("authentication", |down| matches!(down, Down::Authenticated { .. }).then_some(()));
    }

    /// Sends a message that leads into a room, and waits until the client is there.
    ///
    /// # Panics
    /// If it is refused.
    pub fn join(&mut self, message: &Up) -> Joined {
        self.send(message).expect("the socket is open");
        self.wait_for("a place in a room", |down| match down {
            Down::Joined(joined) => Some((**joined).clone()),
            Down::Refused { reason, .. } => panic!("refused: {reason}"),
            _ => None,
        })
    }

    /// The socket.
    pub fn stream(&self) -> &TcpStream {
        self.socket.get_ref()
    }
}
