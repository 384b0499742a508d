//! Alerts of a server process: what a webhook gets, also when the server does not start or ends by itself.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
};

use framehouse_harness::{live::wait_until, world::World};
use framehouse_server::{
    config::AlertSettings,
    disk::FreeSpace,
    error_streak::ErrorStreak,
    features::Features,
    ops::{
        alerts::{
            Alerts, Sources,
            book::Moment,
            reading::{ErrorStreaks, Vitals},
            rules::RULES,
            watch::Watch,
        },
        http::HttpTimes,
        status::StatusBoard,
    },
    room::directory::JoinTarget,
};
use framehouse_shared::api::{AlertLevel, AlertNotice, AlertState, Status};
use framehouse_tiny::TinyPlugin;
use framehouse_tools::replays::Folder;

const SERVER: &str = env!("CARGO_BIN_EXE_arena_server");
const DYING: &str = env!("CARGO_BIN_EXE_dying_server");

/// How a receiver answers a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It takes the notice.
    Taken,
    /// It never answers.
    Silence,
    /// It closes the connection.
    HangUp,
    /// It has an error.
    Error,
    /// It names another address, which takes everything.
    Redirect,
}

/// A webhook's receiver.
pub(crate) struct Receiver {
    pub(crate) url: String,
    shared: Arc<Shared>,
}

struct Shared {
    answer: Mutex<Answer>,
    /// Requests since the answer was set.
    requests: AtomicUsize,
    /// Requests to the address of the redirect.
    redirected: AtomicUsize,
    taken: Mutex<Vec<AlertNotice>>,
    /// Connections without an answer, which stay open.
    unanswered: Mutex<Vec<TcpStream>>,
}

impl Receiver {
    pub(crate) fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}/hooks/secret", listener.local_addr().expect("it is bound"));
        let shared = Arc::new(Shared {
            answer: Mutex::new(answer),
            requests: AtomicUsize::new(0),
            redirected: AtomicUsize::new(0),
            taken: Mutex::default(),
            unanswered: Mutex::default(),
        });
        let receiver = Self { url, shared: Arc::clone(&shared) };
        thread::spawn(move || listener.incoming().flatten().for_each(|stream| shared.serve(stream)));
        receiver
    }

    pub(crate) fn taken(&self) -> Vec<AlertNotice> {
        self.shared.taken.lock().expect("no panic").clone()
    }

    /// Answers in this way from now on.
    fn set(&self, answer: Answer) {
        *self.shared.answer.lock().expect("no panic") = answer;
        self.shared.requests.store(0, Relaxed);
    }

    /// Requests since the answer was set.
    fn requests(&self) -> usize {
        self.shared.requests.load(Relaxed)
    }

    /// Kinds and states of the notices, in order.
    fn told(&self) -> Vec<(String, AlertState)> {
        self.taken().into_iter().map(|notice| (notice.alert.kind, notice.alert.state)).collect()
    }
}

impl Shared {
    fn serve(&self, stream: TcpStream) {
        let Some((path, body)) = read_request(&stream) else { return };
        if path != "/hooks/secret" {
            self.redirected.fetch_add(1, Relaxed);
            return;
        }
        let answer = *self.answer.lock().expect("no panic");
        let text = match answer {
            Answer::Taken => "200 OK\r\n",
            Answer::Error => "500 Internal Server Error\r\n",
            Answer::Redirect => "302 Found\r\nlocation: /elsewhere\r\n",
            Answer::Silence | Answer::HangUp => "",
        };
        if answer == Answer::Taken {
            self.taken.lock().expect("no panic").push(serde_json::from_slice(&body).expect("a notice"));
        } else if answer == Answer::Silence {
            self.unanswered.lock().expect("no panic").push(stream.try_clone().expect("a socket"));
        }
        if !text.is_empty() {
            drop(
                (&stream)
                    .write_all(format!("HTTP/1.1 {text}content-length: 0\r\nconnection: close\r\n\r\n").as_bytes()),
            );
        }
        self.requests.fetch_add(1, Relaxed);
    }
}

/// Path and body of a request.
fn read_request(stream: &TcpStream) -> Option<(String, Vec<u8>)> {
    let mut reader = BufReader::new(stream);
    let lines: Vec<String> =
        reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let path = lines.first()?.split(' ').nth(1)?.to_owned();
    let length = lines.iter().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length?];
    reader.read_exact(&mut body).ok()?;
    Some((path, body))
}

/// A server process, ended when it goes out of scope.
struct Process(Child);

impl Process {
    /// Starts a program with a folder, and a settings file in it that has these lines in `[alerts]`. Its log is in the
    /// file `log`.
    fn start(program: &str, folder: &Path, alerts: &str) -> Self {
        Self::start_with(program, folder, alerts, "")
    }

    /// The same with this in the variable `DIE_AT_START`, which only one program reads.
    fn start_with(program: &str, folder: &Path, alerts: &str, die_at_start: &str) -> Self {
        let config = folder.join("server.toml");
        fs::write(&config, format!("[alerts]\n{alerts}")).expect("a folder of ours");
        let log = File::create(folder.join("log")).expect("a folder of ours");
        let mut command = Command::new(program);
        command.args(["--http", "127.0.0.1:0", "--udp", "127.0.0.1:0", "--lanes", "1"]).env_clear();
        command.env("DIE_AT_START", die_at_start);
        command.arg("--config").arg(config).arg("--data-dir").arg(folder.join("data"));
        Self(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().expect("a program"))
    }

    fn url(&mut self) -> String {
        let output = BufReader::new(self.0.stdout.take().expect("it was asked for"));
        let lines = output.lines().map_while(Result::ok);
        let mut urls = lines.filter_map(|line| Some(line.split_once("http://")?.1.split(' ').next()?.to_owned()));
        format!("http://{}", urls.next().expect("the program says where it is"))
    }

    fn exit_code(&mut self) -> Option<i32> {
        self.0.wait().expect("a program of ours").code()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn log_in(folder: &Folder) -> String {
    fs::read_to_string(folder.path().join("log")).expect("a log")
}

fn status(url: &str) -> Status {
    ureq::get(format!("{url}/v1/status")).call().expect("an answer").body_mut().read_json().expect("JSON")
}

fn told(kind: &str, state: AlertState) -> (String, AlertState) {
    (kind.to_owned(), state)
}

/// Limits that a slow machine does not reach.
const CALM: &str = "tick_mean_max_ms = 1000.0\ntick_max_ms = 10000.0\ntick_load_max = 1.0\ntick_stopped_max_s = 600.0\n\
                    ticks_dropped_per_minute_max = 1000000";

#[test]
fn a_receiver_with_bad_answers_gets_every_notice_once_and_in_order() {
    let receiver = Receiver::start(Answer::Error);
    let settings = AlertSettings {
        webhook_url: Some(receiver.url.as_str().into()),
        tick_stopped_max_s: 600.0,
        memory_max_bytes: 1 << 40,
        recover_s: 1.0,
        ..Default::default()
    };
    let (alerts, errors) = (Alerts::start(&settings, "game-1").expect("a thread"), ErrorStreaks::default());
    let sources = Sources {
        board: StatusBoard::default(),
        http: HttpTimes::default(),
        disk: FreeSpace::default(),
        errors: errors.clone(),
        store: None,
        features: Features::default(),
        desk: None,
    };
    let watching = alerts.watch(sources).expect("a thread");
    let fire = |streak: &ErrorStreak| {
        (0..11).for_each(|_| streak.note(false));
        wait_until("it fires", || !alerts.status().firing.is_empty());
        streak.note(true);
        wait_until("it is resolved", || alerts.status().firing.is_empty());
    };
    for (answer, streak) in [
        (Answer::Error, &errors.lookup),
        (Answer::HangUp, &errors.tls),
        (Answer::Redirect, &errors.results),
        (Answer::Silence, &errors.replays),
    ] {
        receiver.set(answer);
        fire(streak);
        wait_until("the receiver is asked", || receiver.requests() > 0);
    }
    assert_eq!(receiver.told(), []);
    receiver.set(Answer::Taken);
    let kinds = ["lookup_errors", "tls_errors", "results_errors", "replays_errors"];
    let expected: Vec<_> =
        kinds.into_iter().flat_map(|kind| [told(kind, AlertState::Firing), told(kind, AlertState::Resolved)]).collect();
    wait_until("the receiver has all notices", || receiver.told().len() >= expected.len());
    drop(watching);
    alerts.close();
    assert_eq!(receiver.told(), expected);
    assert!(receiver.taken().iter().all(|notice| notice.server == "game-1"), "{:?}", receiver.taken());
    assert_eq!(receiver.shared.redirected.load(Relaxed), 0);
    let ids: BTreeSet<_> = receiver.taken().into_iter().map(|notice| notice.id).collect();
    assert_eq!(ids.len(), expected.len());
}

#[test]
fn a_server_that_stops_resolves_what_fires() {
    let receiver = Receiver::start(Answer::Taken);
    let settings = AlertSettings {
        webhook_url: Some(receiver.url.as_str().into()),
        tick_stopped_max_s: 600.0,
        memory_max_bytes: 1_000_000,
        ..Default::default()
    };
    let alerts = Alerts::start(&settings, "game-1").expect("a thread");
    let sources = Sources {
        board: StatusBoard::default(),
        http: HttpTimes::default(),
        disk: FreeSpace::default(),
        errors: ErrorStreaks::default(),
        store: None,
        features: Features::default(),
        desk: None,
    };
    let watching = alerts.watch(sources).expect("a thread");
    wait_until("it fires", || !alerts.status().firing.is_empty());
    drop(watching);
    alerts.close();
    wait_until("the receiver has both notices", || receiver.told().len() >= 2);
    assert_eq!(receiver.told(), [told("memory", AlertState::Firing), told("memory", AlertState::Resolved)]);
    assert_eq!(alerts.status().firing, []);
}

#[test]
fn a_receiver_that_was_silent_gets_every_notice_once_and_in_order_and_no_tick_waits_for_it() {
    use AlertState::{Firing, Resolved};
    let (folder, receiver) = (Folder::new("alerts-silent"), Receiver::start(Answer::Silence));
    let limits = "memory_max_bytes = 1000000\ndisk_free_min_bytes = 1000000000000000\nrecover_s = 1.0";
    let settings = format!("webhook_url = \"{}\"\n{CALM}\n{limits}", receiver.url);
    let mut server = Process::start(SERVER, folder.path(), &settings);
    let url = server.url();
    wait_until("a notice is on its way", || receiver.requests() > 0);
    let tick = status(&url).tick;
    wait_until("ticks go on", || status(&url).tick > tick + 60);
    let (data, aside) = (folder.path().join("data"), folder.path().join("aside"));
    fs::rename(&data, &aside).expect("a folder of ours");
    let firing = |kind: &str| status(&url).alerts.firing.iter().any(|alert| alert.kind == kind);
    wait_until("the lost folder fires", || firing("data_dir_lost"));
    fs::rename(&aside, &data).expect("its place is free");
    wait_until("the found folder resolves it", || !firing("data_dir_lost"));
    assert_eq!(receiver.told(), []);
    receiver.set(Answer::Taken);
    wait_until("the receiver has all notices", || receiver.told().len() >= 4);
    let expected = [
        told("memory", Firing),
        told("disk_free", Firing),
        told("data_dir_lost", Firing),
        told("data_dir_lost", Resolved),
    ];
    assert_eq!(receiver.told(), expected);
    let alerts = status(&url).alerts;
    let kinds: Vec<_> = alerts.firing.iter().map(|alert| alert.kind.as_str()).collect();
    assert_eq!((kinds, alerts.recent[0].kind.as_str()), (vec!["disk_free", "memory"], "data_dir_lost"));
    assert!(alerts.firing.iter().all(|alert| alert.count > 1), "{alerts:?}");
    let log = log_in(&folder);
    assert!(log.contains("critical alert: the disk of the data folder has") && !log.contains("secret"), "{log}");
}

#[test]
fn a_failed_start_is_told_before_the_process_exits() {
    let (folder, receiver) = (Folder::new("alerts-start"), Receiver::start(Answer::Taken));
    let settings = format!("webhook_url = \"{}\"\n[rooms]\nsize = 99", receiver.url);
    assert_eq!(Process::start(SERVER, folder.path(), &settings).exit_code(), Some(1));
    let [notice] = &receiver.taken()[..] else { panic!("one notice: {:?}", receiver.taken()) };
    assert_eq!((notice.alert.kind.as_str(), notice.alert.level), ("start_failed", AlertLevel::Fatal));
    assert!(notice.alert.message.contains("`rooms.size` must be"), "{notice:?}");
    assert!(log_in(&folder).contains("`rooms.size` must be"), "{}", log_in(&folder));
}

#[test]
fn a_log_that_does_not_start_is_told() {
    let (folder, receiver) = (Folder::new("alerts-log"), Receiver::start(Answer::Taken));
    let settings = format!("webhook_url = \"{}\"\n[log]\nfile = \"/dev/null/log\"", receiver.url);
    assert_eq!(Process::start(SERVER, folder.path(), &settings).exit_code(), Some(1));
    let [notice] = &receiver.taken()[..] else { panic!("one notice: {:?}", receiver.taken()) };
    assert_eq!(notice.alert.kind, "start_failed");
    assert!(notice.alert.message.contains("cannot open the log file /dev/null/log"), "{notice:?}");
    assert!(log_in(&folder).contains("cannot open the log file /dev/null/log"), "{}", log_in(&folder));
}

#[test]
fn a_panic_before_the_first_tick_is_not_told_as_one_of_the_ticks() {
    let (folder, receiver) = (Folder::new("alerts-build"), Receiver::start(Answer::Taken));
    let settings = format!("webhook_url = \"{}\"", receiver.url);
    assert_eq!(Process::start_with(DYING, folder.path(), &settings, "yes").exit_code(), Some(101));
    let [notice] = &receiver.taken()[..] else { panic!("one notice: {:?}", receiver.taken()) };
    assert_eq!((notice.alert.kind.as_str(), notice.alert.level), ("start_panicked", AlertLevel::Fatal));
    assert!(log_in(&folder).contains("a test wants the start to panic"), "{}", log_in(&folder));
}

#[test]
fn a_server_without_ticks_ends_and_tells_it() {
    let (folder, receiver) = (Folder::new("alerts-panic"), Receiver::start(Answer::Taken));
    let mut server = Process::start(DYING, folder.path(), &format!("webhook_url = \"{}\"", receiver.url));
    assert_eq!(server.exit_code(), Some(101), "{}", log_in(&folder));
    let [notice] = &receiver.taken()[..] else { panic!("one notice: {:?}", receiver.taken()) };
    assert_eq!((notice.alert.kind.as_str(), notice.alert.level), ("tick_thread_panicked", AlertLevel::Fatal));
    let log = log_in(&folder);
    assert!(log.contains("a test wants the tick thread to panic"), "{log}");
    assert!(log.contains("fatal alert: the tick thread panicked"), "{log}");
}

#[test]
fn a_server_without_ticks_waits_for_no_receiver() {
    let (folder, receiver) = (Folder::new("alerts-panic-silent"), Receiver::start(Answer::Silence));
    let mut server = Process::start(DYING, folder.path(), &format!("webhook_url = \"{}\"", receiver.url));
    assert_eq!(server.exit_code(), Some(101), "{}", log_in(&folder));
    assert!(receiver.requests() > 0 && log_in(&folder).contains("could not be sent in time"));
}

#[test]
fn an_address_that_joins_and_plays_very_often_is_told_and_those_of_this_machine_are_free() {
    let mut world = World::new(TinyPlugin, 1).with_players(4);
    let address = Ipv4Addr::new(192, 0, 2, 7);
    let create = JoinTarget::Create { size: 2, private: false, practice: false, economy: None };
    world.join_as_caller(create, address).expect("there is room");
    let code = world.room_code();
    world.join_as_caller(JoinTarget::Code(code), address).expect("a seat is free");
    world.step_to_playing();
    let (board, page_ticks) = (world.server.status_board(), 15);
    world.step_ticks(page_ticks);
    let busiest = board.page().busiest;
    assert_eq!((busiest.joins, busiest.matches), (2, 2));
    let fired = |joins_per_day_max, matches_per_day_max| {
        let settings = AlertSettings { joins_per_day_max, matches_per_day_max, ..Default::default() };
        let notices = Watch::new(settings).judge(&board.page(), &Vitals::default(), Moment::default());
        assert!(notices.iter().all(|alert| !alert.message.contains("192.0.2.7")), "status pages are public");
        notices.into_iter().map(|alert| alert.kind).collect::<Vec<_>>()
    };
    assert_eq!(fired(1, 1), ["caller_joins", "caller_matches"]);
    assert!(fired(2, 2).is_empty());
}

#[test]
fn the_runbook_has_a_line_for_every_alert() {
    let runbook = include_str!("../../assets/ops/RUNBOOK.md");
    let ends = ["start_failed", "start_panicked", "tick_thread_panicked", "results_lost"];
    for kind in RULES.iter().map(|rule| rule.kind).chain(ends) {
        assert!(runbook.lines().any(|line| line.starts_with("| `") && line.contains(&format!("`{kind}`"))), "{kind}");
    }
}

#[test]
fn a_webhook_is_a_secret_of_the_settings() {
    let run = |argument: &[&str]| {
        let mut command = Command::new(SERVER);
        command.args(argument).env_clear().env("FRAMEHOUSE_WEBHOOK_URL", "https://hooks.example.org/T0/secret");
        String::from_utf8(command.output().expect("a program").stdout).expect("text")
    };
    let shown = run(&["config", "show"]);
    let line = shown.lines().find(|line| line.contains("webhook_url")).expect("a line for every setting");
    assert!(line.starts_with("# webhook_url is set") && line.contains("https://hooks.example.org/***"), "{line}");
    assert!(!shown.contains("T0/secret"), "{shown}");
    assert!(!run(&["--help"]).contains("T0/secret"));
}
