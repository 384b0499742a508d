//! The client's command line.

use std::path::PathBuf;

use clap::Parser;
use framehouse_shared::{ids::RoomCode, net_sim::NetSimConfig, protocol::control::NAME_CHARS_MAX};

/// The longest time that a flag may name, in seconds.
const SECONDS_MAX: f32 = 1_000_000.0;

/// Plays Framehouse in a window: "Gems and sparks", a race for gems against up to fifteen others.
#[derive(Clone, Debug, Parser)]
#[command(name = "framehouse-client", version)]
pub struct Args {
    /// The server's HTTP address.
    #[arg(long, env = "FRAMEHOUSE_SERVER", default_value = "http://127.0.0.1:7777")]
    pub server: String,
    /// What others call you.
    #[arg(long, default_value = "Player", value_parser = name)]
    pub name: String,
    /// Play in any public room with a free seat, or in a new one. So it is without --room, too.
    #[arg(long, conflicts_with = "room")]
    pub quick: bool,
    /// Play in the room with this code.
    #[arg(long, value_name = "CODE")]
    pub room: Option<RoomCode>,
    /// A bad network: lan, wifi, 4g, transatlantic, awful, or key=value,.. with delay, jitter, spread, loss, burst,
    /// reorder, dup.
    #[arg(long, value_name = "PRESET|KEY=VALUE,..")]
    pub net_sim: Option<NetSimConfig>,
    /// Let the game's own bot play.
    #[arg(long)]
    pub autopilot: bool,
    /// Save a picture of the window as PNG, and end then unless --exit-after says otherwise.
    #[arg(long, value_name = "FILE.png")]
    pub screenshot: Option<PathBuf>,
    /// When to take the picture, in seconds from the start.
    #[arg(long, value_name = "SECONDS", requires = "screenshot", default_value = "5", value_parser = seconds)]
    pub after: f32,
    /// End after so many seconds and print a line of JSON about the session.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub exit_after: Option<f32>,
}

impl Args {
    /// Whether a script runs the client: it ends by itself, and failures have to end it too.
    pub const fn is_scripted(&self) -> bool {
        self.screenshot.is_some() || self.exit_after.is_some()
    }
}

fn seconds(text: &str) -> Result<f32, String> {
    let seconds: f32 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    // Written so that a NaN is out of range.
    if (0.0..=SECONDS_MAX).contains(&seconds) { Ok(seconds) } else { Err(format!("0 to {SECONDS_MAX} seconds")) }
}

fn name(text: &str) -> Result<String, String> {
    let name = text.trim();
    if (1..=NAME_CHARS_MAX).contains(&name.chars().count()) {
        Ok(name.to_owned())
    } else {
        Err(format!("a name has 1 to {NAME_CHARS_MAX} characters"))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(line: &str) -> Result<Args, clap::Error> {
        Args::try_parse_from(std::iter::once("framehouse-client").chain(line.split_whitespace()))
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Args::command().debug_assert();
    }

    #[test]
    fn the_documented_flags_are_understood() {
        let args = parse("--server http://h:1 --name Ada --room k7qx --net-sim wifi --autopilot").expect("documented");
        assert_eq!((args.name.as_str(), args.room.map(|code| code.to_string())), ("Ada", Some("K7QX".to_owned())));
        assert!(!args.is_scripted());
        let args = parse("--quick --screenshot a.png --after 2.5 --exit-after 9").expect("documented");
        assert_eq!((args.after, args.exit_after, args.is_scripted()), (2.5, Some(9.0), true));
    }

    #[test]
    fn mistakes_end_with_two() {
        for line in ["--nonsense", "--quick --room K7QX", "--room O0", "--after 3", "--exit-after -1", "--name "] {
            assert_eq!(parse(line).expect_err(line).exit_code(), 2, "{line}");
        }
    }
}
