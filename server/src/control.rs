//! The control socket of a server, `DATA-DIR/control`: whoever may use the data folder may ask how the server does, and
//! tell it to move out or to take players again. The manager of a fleet uses it.
//!
//! A connection has one request, a word on a line, and one answer, a [`NodeReport`] as a line of JSON.

use std::{
    fs::{self, File, Permissions},
    io::{self, BufRead, BufReader, Read, Write},
    net::SocketAddr,
    os::{
        fd::AsRawFd,
        unix::{
            fs::PermissionsExt,
            net::{UnixListener, UnixStream},
        },
    },
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};

/// Name of the socket in the data folder.
const SOCKET_NAME: &str = "control";
/// Longest time for each half of a conversation. A server whose tick thread hangs answers all the same.
const TIME_MAX: Duration = Duration::from_secs(1);
/// Maximum length of a request in bytes.
const REQUEST_BYTES_MAX: u64 = 32;
/// Maximum length of an answer in bytes.
const ANSWER_BYTES_MAX: u64 = 4096;

/// What is asked of a server. Every answer is a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlRequest {
    /// Nothing but the report.
    Report,
    /// Let nobody new in, and close rooms that have no match.
    MoveOut,
    /// Let newcomers in again.
    TakePlayers,
}

impl ControlRequest {
    const ALL: [Self; 3] = [Self::Report, Self::MoveOut, Self::TakePlayers];

    const fn word(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::MoveOut => "move-out",
            Self::TakePlayers => "take-players",
        }
    }
}

/// How a server does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeReport {
    /// Id of its process.
    pub pid: u32,
    /// Version of its build.
    pub build: String,
    /// Hash of what its clients must have too: protocol, game, rules, components and arithmetic. 16 hexadecimal digits.
    pub class: String,
    /// Address of its HTTP gateway.
    pub http: SocketAddr,
    /// Milliseconds since the end of the last tick. `None` before the first one.
    pub silence_ms: Option<u64>,
    /// Whether it lets newcomers in.
    pub accepting: bool,
    /// Whether it moves out, or drains before it stops.
    pub draining: bool,
    /// Whether it was told to stop. A second signal would end it at once.
    #[serde(default)]
    pub told_to_stop: bool,
    /// Whether its ticks are over, and it writes what is left to write.
    pub stopping: bool,
    /// Whether the fleet knows it. `None` for a server without a fleet.
    pub registered: Option<bool>,
    /// Open rooms.
    pub rooms: usize,
    /// Rooms whose match is open or runs, or whose results are shown.
    pub matches: usize,
    /// Sessions, reserved seats included.
    pub sessions: usize,
}

/// Binds the socket of a locked data folder. What a dead server left there is replaced.
///
/// # Errors
/// When the folder takes no sockets.
pub fn bind(data_dir: &Path) -> io::Result<UnixListener> {
    let (_folder, path) = socket_path(data_dir)?;
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Answers one connection.
///
/// # Errors
/// When the other end is too slow or gone, or asks for something unknown.
pub fn answer(stream: &UnixStream, report: impl FnOnce(ControlRequest) -> NodeReport) -> io::Result<()> {
    set_timeouts(stream)?;
    let line = read_line(stream, REQUEST_BYTES_MAX)?;
    let request = ControlRequest::ALL.into_iter().find(|request| request.word() == line.trim_end());
    let report = report(request.ok_or(io::ErrorKind::InvalidInput)?);
    write_line(stream, &serde_json::to_string(&report)?)
}

/// Asks the server of this data folder.
///
/// # Errors
/// When no server answers there in time.
pub fn ask(data_dir: &Path, request: ControlRequest) -> io::Result<NodeReport> {
    let (_folder, path) = socket_path(data_dir)?;
    let stream = UnixStream::connect(path)?;
    set_timeouts(&stream)?;
    write_line(&stream, request.word())?;
    Ok(serde_json::from_str(&read_line(&stream, ANSWER_BYTES_MAX)?)?)
}

/// The socket's path through the open folder, which it is for: paths of sockets have at most 107 bytes.
fn socket_path(data_dir: &Path) -> io::Result<(File, PathBuf)> {
    let folder = File::open(data_dir)?;
    let path = PathBuf::from(format!("/proc/self/fd/{}/{SOCKET_NAME}", folder.as_raw_fd()));
    Ok((folder, path))
}

fn set_timeouts(stream: &UnixStream) -> io::Result<()> {
    stream.set_read_timeout(Some(TIME_MAX))?;
    stream.set_write_timeout(Some(TIME_MAX))
}

fn read_line(stream: &UnixStream, bytes_max: u64) -> io::Result<String> {
    let mut line = String::new();
    BufReader::new(stream.take(bytes_max)).read_line(&mut line)?;
    if line.ends_with('\n') { Ok(line) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

fn write_line(mut stream: &UnixStream, line: &str) -> io::Result<()> {
    stream.write_all(format!("{line}\n").as_bytes())
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    struct Folder(PathBuf);

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(fs::remove_dir_all(&self.0));
        }
    }

    fn folder(name: &str) -> Folder {
        // Longer than the path of a socket may be.
        let path = std::env::temp_dir().join(format!("framehouse-{name}-{}-{}", std::process::id(), "x".repeat(120)));
        fs::create_dir_all(&path).expect("a folder of ours");
        Folder(path)
    }

    fn report() -> NodeReport {
        NodeReport {
            pid: 7,
            build: "0.1.0".to_owned(),
            class: "0123456789abcdef".to_owned(),
            http: ([127, 0, 0, 1], 7777).into(),
            silence_ms: Some(3),
            accepting: true,
            draining: false,
            told_to_stop: false,
            stopping: false,
            registered: None,
            rooms: 2,
            matches: 1,
            sessions: 4,
        }
    }

    #[test]
    fn requests_arrive_and_answers_come_back() {
        let folder = folder("control");
        for request in ControlRequest::ALL {
            // As after a server that died.
            let listener = bind(&folder.0).expect("a folder of ours");
            let server = thread::spawn(move || {
                let (stream, _) = listener.accept().expect("somebody asks");
                let mut asked = None;
                answer(&stream, |request| {
                    asked = Some(request);
                    report()
                })
                .expect("somebody listens");
                asked
            });
            assert_eq!(ask(&folder.0, request).expect("an answer"), report());
            assert_eq!(server.join().expect("no panic"), Some(request));
        }
        assert!(ask(&folder.0, ControlRequest::Report).is_err(), "nobody listens any more");
    }

    #[test]
    fn nonsense_is_refused() {
        for nonsense in ["", "stop\n", "report", &"x".repeat(100)] {
            let (ours, theirs) = UnixStream::pair().expect("two sockets");
            (&ours).write_all(nonsense.as_bytes()).expect("it fits");
            ours.shutdown(std::net::Shutdown::Write).expect("it is open");
            assert!(answer(&theirs, |_| report()).is_err(), "{nonsense}");
        }
    }
}
