//! Flood test: one connected client sends a hundred times the inputs it may. Measures the time until it is kicked, and tick
//! times.
//!
//! `cargo run --release -p framehouse-tools --bin flood -- --server http://127.0.0.1:7777`, beside bots that play
//!
//! Prints one JSON line; exits with 1 if the server does not end the client's session within five seconds.

use std::{
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use clap::Parser;
use framehouse_arena::ArenaPlugin;
use framehouse_client::{
    complain,
    connect::{RoomRequest, SessionRequest, request_session},
    net::{Connection, Status, UdpLink},
    rooms::read_status,
    say,
};
use framehouse_shared::{
    input::Input,
    protocol::{
        datagram::Inputs,
        end::EndReason,
        messages::{ClientMessage, ServerMessage},
    },
    simulation,
    tick::Tick,
};
use serde_json::{Value, json};

/// A hundred times what a client may send at 30 Hz, in a millisecond.
const INPUTS_PER_MS: f64 = 3.75;
/// The window of the server's tick times: a hundred ticks.
const WINDOW: Duration = Duration::from_millis(3400);
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Parser)]
#[command(about = "Sends a hundred times the allowed inputs and reports when the server has enough")]
struct Arguments {
    /// The server's gateway.
    #[arg(long, default_value = "http://127.0.0.1:7777")]
    server: String,
}

fn main() -> ExitCode {
    match flood(&Arguments::parse().server) {
        Ok(report) => {
            say!("{report}");
            ExitCode::SUCCESS
        }
        Err(sentence) => {
            complain!("flood: {sentence}");
            ExitCode::FAILURE
        }
    }
}

fn flood(server: &str) -> Result<Value, String> {
    let before = tick_ms(server)?;
    let start = Instant::now();
    let mut connection = connect(server, start)?;
    let mut flood = Vec::new();
    let inputs = [Input::NEUTRAL].into_iter().collect();
    let (next_frame, seen_frames, newest) = (Tick(0), Tick(0), Tick(0));
    Inputs { match_low: 0, next_frame, seen_frames, newest, inputs, report: None }.encode(&mut flood);
    while connection.status() == Status::Connecting {
        pump(&mut connection, start);
        thread::sleep(Duration::from_millis(1));
    }
    let began = Instant::now();
    let mut sent = 0;
    let reason = loop {
        let due = (began.elapsed().as_secs_f64() * 1000.0 * INPUTS_PER_MS) as u64;
        while sent < due {
            connection.send_datagram(start.elapsed(), &flood);
            sent += 1;
        }
        if let Some(reason) = pump(&mut connection, start) {
            break reason;
        }
        if began.elapsed() > PATIENCE {
            return Err(format!("still connected after {sent} inputs in five seconds"));
        }
        thread::sleep(Duration::from_micros(500));
    };
    let kicked_after = began.elapsed();
    // The window now holds the flood and little else.
    let during = tick_ms(server)?;
    thread::sleep(WINDOW);
    Ok(json!({
        "kicked_after_s": kicked_after.as_secs_f64(),
        "inputs_sent": sent,
        "reason": reason,
        "tick_ms_before": before,
        "tick_ms_during": during,
        "tick_ms_after": tick_ms(server)?,
    }))
}

fn connect(server: &str, start: Instant) -> Result<Connection, String> {
    let hello = simulation::hello(ArenaPlugin);
    let room = RoomRequest::Create { size: 2, private: true, practice: false, economy: None };
    let request = SessionRequest {
        name: "flood".to_owned(),
        room,
        resume: None,
        player_secret: None,
        hello: Some(hello.clone()),
    };
    let grant = request_session(server, &request).map_err(|error| error.to_string())?;
    let server = Connection::server_address(&grant.token).map_err(|error| error.to_string())?;
    let link = UdpLink::connect(server).map_err(|error| format!("cannot open a socket: {error}"))?;
    let mut connection =
        Connection::new(&grant.token, Box::new(link), start.elapsed()).map_err(|error| error.to_string())?;
    connection.queue_control(&ClientMessage::Hello(hello));
    Ok(connection)
}

/// Updates the connection. Returns the server's goodbye.
fn pump(connection: &mut Connection, start: Instant) -> Option<EndReason> {
    connection.receive(start.elapsed());
    let mut goodbye = None;
    while let Some(message) = connection.next_control() {
        if let ServerMessage::Goodbye(reason) = message {
            goodbye = Some(reason);
        }
    }
    connection.send(start.elapsed());
    goodbye
}

fn tick_ms(server: &str) -> Result<Value, String> {
    let status = read_status(server).map_err(|error| error.to_string())?;
    Ok(json!(status.tick_ms))
}
