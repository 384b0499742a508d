//! The client's command line.

use std::{ffi::OsString, path::PathBuf};

use clap::{Command, CommandFactory, FromArgMatches, Parser};
use framehouse_client::program::without_empty_variables;
use framehouse_shared::{ids::RoomCode, net_sim::NetSimConfig, protocol::messages::NAME_CHARS_MAX};

use super::{
    screens::Screen,
    session::JoinTarget,
    settings::{Settings, Store, is_name},
    view::{About, GameView},
};

/// The longest time that a flag accepts, in seconds.
const SECONDS_MAX: f32 = 1_000_000.0;

/// The command line. The game provides name, version, and the first and last lines of `--help`.
#[derive(Clone, Debug, Parser)]
pub struct Args {
    /// The server's HTTP address; by default the one used last.
    #[arg(long, env = "FRAMEHOUSE_SERVER")]
    pub server: Option<String>,
    /// Trust the certificate authorities in this PEM file, instead of the system's, for an https:// server.
    #[arg(long, env = "FRAMEHOUSE_CA", value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Send the token in this file to a server that needs one. It is read for every request.
    #[arg(long, env = "FRAMEHOUSE_TOKEN_FILE", value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Your name, as other players see it.
    #[arg(long, value_parser = name)]
    pub name: Option<String>,
    /// Play in any public room with a free seat, or in a new one, without showing the menu.
    #[arg(long, group = "target")]
    pub quick: bool,
    /// Open a new room.
    #[arg(long, group = "target")]
    pub create: bool,
    /// Play in the room with this code.
    #[arg(long, value_name = "CODE", group = "target")]
    pub room: Option<RoomCode>,
    /// Watch the room with this code.
    #[arg(long, value_name = "CODE", group = "target")]
    pub watch: Option<RoomCode>,
    /// Play against bots.
    #[arg(long, group = "target")]
    pub practice: bool,
    /// Show the recorded match in this file.
    #[arg(long, value_name = "FILE.fhr", group = "target")]
    pub replay: Option<PathBuf>,
    /// Start with this screen; if it is inside a room, --after counts from its first appearance.
    #[arg(long, value_name = "SCREEN", value_enum)]
    pub screen: Option<Screen>,
    /// Keep the settings in this folder.
    #[arg(long, value_name = "DIR")]
    pub config_dir: Option<PathBuf>,
    /// Simulate a bad network: lan, wifi, 4g, transatlantic or awful, and/or key=value,.. with delay, jitter, spread,
    /// loss, burst, reorder, dup, bunch.
    #[arg(long, value_name = "PRESET|KEY=VALUE,..")]
    pub net_sim: Option<NetSimConfig>,
    /// Let the game's own bot play.
    #[arg(long)]
    pub autopilot: bool,
    /// Save a picture of the window as PNG, then exit unless --exit-after is given.
    #[arg(long, value_name = "FILE.png")]
    pub screenshot: Option<PathBuf>,
    /// Time of the picture, in seconds from the start, or from the first appearance of --screen.
    #[arg(long, value_name = "SECONDS", requires = "screenshot", default_value = "5", value_parser = seconds)]
    pub after: f32,
    /// Exit after this time and print a line of JSON about the session.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub exit_after: Option<f32>,
}

impl Args {
    /// Reads the program's command line; `--help`, `--version` and mistakes end the program.
    pub fn of_program(about: &About) -> Self {
        let matches = Self::command_of(about).get_matches();
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }

    /// Parses a command line; its first word is the program's name.
    ///
    /// # Errors
    /// When there is a mistake in it, and for `--help` and `--version`: the error then holds the text to print.
    pub fn try_of(
        about: &About,
        line: impl IntoIterator<Item = impl Into<OsString> + Clone>,
    ) -> Result<Self, clap::Error> {
        Self::from_arg_matches(&Self::command_of(about).try_get_matches_from(line)?)
    }

    pub(super) fn command_of(about: &About) -> Command {
        let command = without_empty_variables(Self::command());
        let command = command.name(about.program).bin_name(about.program).version(about.version).about(about.help);
        if about.help_end.is_empty() { command } else { command.after_help(about.help_end) }
    }

    /// Whether a script runs the client: it then exits by itself, also after a failure.
    pub const fn is_scripted(&self) -> bool {
        self.screenshot.is_some() || self.exit_after.is_some()
    }

    /// The room to join at start, if the command line names one.
    pub fn target(&self) -> Option<JoinTarget> {
        match (self.room, self.watch) {
            (Some(code), _) => Some(JoinTarget::Join(code)),
            (_, Some(code)) => Some(JoinTarget::Watch(code)),
            _ if self.practice => Some(JoinTarget::Practice),
            _ if self.create => Some(JoinTarget::Create),
            _ => self.quick.then_some(JoinTarget::Quick),
        }
    }

    /// The saved settings with the command line's values, and the store that they are kept in.
    pub fn settings(&self, view: &GameView) -> (Settings, Store) {
        let mut store = self.config_dir.as_deref().map_or_else(Store::of_platform, Store::at);
        let mut settings = store.load(view);
        settings.server = self.server.clone().unwrap_or(settings.server);
        settings.name = self.name.clone().unwrap_or(settings.name);
        settings.player_secret = store.player_secret();
        store.take_as_saved(&settings);
        (settings, store)
    }
}

fn seconds(text: &str) -> Result<f32, String> {
    let seconds: f32 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    // Written so that a NaN is out of range.
    if (0.0..=SECONDS_MAX).contains(&seconds) { Ok(seconds) } else { Err(format!("0 to {SECONDS_MAX} seconds")) }
}

fn name(text: &str) -> Result<String, String> {
    let name = text.trim();
    if is_name(name) {
        Ok(name.to_owned())
    } else {
        Err(format!("a name has 1 to {NAME_CHARS_MAX} visible characters"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Args, clap::Error> {
        Args::try_of(&about(), std::iter::once("tag").chain(line.split_whitespace()))
    }

    fn about() -> About {
        About::new("tag", "Tag").program("tag-client", "7.8.9").help("Plays tag in a window.", "No pushing.")
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Args::command_of(&about()).debug_assert();
    }

    #[test]
    fn help_and_version_are_the_games() {
        let help = parse("--help").expect_err("it is printed").to_string();
        assert!(help.starts_with("Plays tag in a window.") && help.trim_end().ends_with("No pushing."), "{help}");
        assert!(help.contains("Usage: tag-client"), "{help}");
        assert_eq!(parse("--version").expect_err("it is printed").to_string(), "tag-client 7.8.9\n");
    }

    #[test]
    fn the_documented_flags_are_understood() {
        let args = parse("--server http://h:1 --name Ada --room k7qx --net-sim wifi --autopilot").expect("documented");
        assert_eq!(
            (args.name.as_deref(), args.room.map(|code| code.to_string())),
            (Some("Ada"), Some("K7QX".to_owned()))
        );
        assert!(!args.is_scripted());
        let args = parse("--watch K7QX --screen lobby --config-dir /tmp --ca ca.pem").expect("documented");
        assert_eq!(args.target(), Some(JoinTarget::Watch("K7QX".parse().expect("a code"))));
        assert_eq!(parse("--practice").expect("documented").target(), Some(JoinTarget::Practice));
        assert_eq!(parse("").expect("no flags").target(), None);
        assert_eq!(parse("--replay a.fhr").expect("documented").replay, Some(PathBuf::from("a.fhr")));
        let args = parse("--quick --screenshot a.png --after 2.5 --exit-after 9").expect("documented");
        assert_eq!((args.after, args.exit_after, args.is_scripted()), (2.5, Some(9.0), true));
    }

    #[test]
    fn mistakes_end_with_two() {
        for line in [
            "--nonsense",
            "--quick --room K7QX",
            "--practice --watch K7QX",
            "--practice --replay a.fhr",
            "--screen kitchen",
            "--room O0",
            "--after 3",
            "--exit-after -1",
            "--name ",
        ] {
            assert_eq!(parse(line).expect_err(line).exit_code(), 2, "{line}");
        }
    }
}
