//! The program's subcommands. Settings on the command line are in `flags.rs`.

use std::{path::PathBuf, str::FromStr};

use clap::{Parser, Subcommand};
use framehouse_shared::{ids::AccountId, replay::PublicKey};
use toml::value::{Datetime, Offset};

use super::Flags;

/// The parsed command line.
#[derive(Parser, Debug)]
#[command(name = "framehouse-server", version, about = "A room-based, server-authoritative frame-sync game server")]
#[command(
    after_help = "Every setting has an environment variable and a line in a settings file: see `config env` and `config show`."
)]
pub struct Cli {
    /// What to do; `serve` by default.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Settings on the command line.
    #[command(flatten)]
    pub flags: Flags,
}

/// Subcommands of the server program.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Run the server (the default).
    Serve,
    /// Run a gateway: the HTTP API of a whole fleet, in front of the nodes that its Redis (--redis) knows.
    Gateway,
    /// Check or print settings.
    Config {
        /// What to do with settings.
        #[command(subcommand)]
        action: ConfigAction,
    },
    /// Ask the running server of the same settings whether it works: exits with 0, or with 1 and a sentence.
    Health,
    /// Verify or describe recorded matches.
    Replay {
        /// What to do with recorded matches.
        #[command(subcommand)]
        action: ReplayAction,
    },
    /// Start and watch the nodes of a fleet on this machine, as `[manager]` says; they outlive it.
    Manager,
    /// Look at a fleet and command its managers, through Redis.
    Fleet {
        /// What to do.
        #[command(subcommand)]
        action: FleetAction,
    },
    /// Bring results and messages from the streams of a fleet (--redis) into its database (--database), until SIGTERM. Any
    /// number of archivers may run.
    Archive,
    /// Back up, restore or check results and database, or forget a player.
    Store {
        /// What to do with them.
        #[command(subcommand)]
        action: StoreAction,
    },
}

/// Subcommands of `replay`.
#[derive(Subcommand, Debug)]
pub enum ReplayAction {
    /// Run recorded matches again and compare the outcome, the signature and the stored result; exits with 1 when one
    /// differs.
    Verify {
        /// The server's public key, as in GET /v1/key; by default that of the data folder.
        #[arg(long, value_name = "KEY")]
        key: Option<PublicKey>,
        /// Replay files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Print a summary of a replay: match, length, size and players.
    Info {
        /// Replay file.
        file: PathBuf,
    },
}

/// Subcommands of `fleet`.
#[derive(Subcommand, Debug)]
pub enum FleetAction {
    /// Show nodes, managers and releases.
    Status {
        /// As one line of JSON.
        #[arg(long)]
        json: bool,
    },
    /// Let a node take nobody new. One of a manager ends when it is empty, and stays away.
    Drain {
        /// Name of the node.
        node: String,
        /// Let it take players again.
        #[arg(long)]
        undo: bool,
    },
    /// Replace the build of all nodes, one machine after the other. A build that fails is withdrawn.
    Deploy {
        /// The new program, a path on the machines of the managers: in the folder `builds_dir` of `[manager]`, or the
        /// manager's own.
        binary: PathBuf,
        /// Only have this number of nodes with it, beside the others, for the players that a release names.
        #[arg(long, value_name = "NODES")]
        beside: Option<u32>,
        /// Deploy it although the clients of today cannot play on it.
        #[arg(long, conflicts_with = "beside")]
        other_class: bool,
        /// Only on the machine of this manager.
        #[arg(long, value_name = "NAME")]
        manager: Option<String>,
    },
    /// Have this number of nodes, shared among the managers.
    Scale {
        /// Number of nodes.
        nodes: u32,
        /// Only those of this manager.
        #[arg(long, value_name = "NAME")]
        manager: Option<String>,
    },
    /// Say which players get a build: 0.3.0=5%, 0.3.0=players:ada,lin, 0.3.0=nobody (taken back) or 0.3.0=all. Without any
    /// of these, show it.
    Release {
        /// Builds and players.
        #[arg(value_name = "BUILD=WHO")]
        sets: Vec<String>,
    },
}

/// Subcommands of `store`.
#[derive(Subcommand, Debug)]
pub enum StoreAction {
    /// Write database, results files, the server's key and a list of the replays into one file. The server may run.
    Backup {
        /// The new file. It has the key and what people wrote: keep it secret.
        file: PathBuf,
    },
    /// Restore a backup into an empty data folder (and an empty database).
    Restore {
        /// The backup.
        file: PathBuf,
        /// Restore only matches that ended, and messages that were sent, by this time, as 2026-11-29T20:00:00Z.
        #[arg(long, value_name = "TIME")]
        until: Option<PointInTime>,
    },
    /// Compare results files, database and replays: counts and the first difference; exits with 1 when there is one.
    Check,
    /// Take a player out of database and results files; its matches stay, as those of somebody. Stop the server first.
    Forget {
        /// Id of the player, 32 hexadecimal digits.
        player: AccountId,
    },
}

/// A point in time on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PointInTime {
    /// Seconds since 1970-01-01 UTC.
    pub unix_s: u64,
}

impl FromStr for PointInTime {
    type Err = &'static str;
    /// Parses a time as in RFC 3339. Without an offset it is UTC.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "it must be a time as 2026-11-29T20:00:00Z, after 1970";
        let Datetime { date: Some(date), time: Some(time), offset } = text.parse().map_err(|_| wrong)? else {
            return Err(wrong);
        };
        let offset_min = match offset {
            Some(Offset::Custom { minutes }) => i64::from(minutes),
            Some(Offset::Z) | None => 0,
        };
        let days = days_since_1970(date.year.into(), date.month.into(), date.day.into());
        let second = time.second.unwrap_or(0);
        let in_day_s = i64::from(time.hour) * 3600 + i64::from(time.minute) * 60 + i64::from(second);
        let unix_s = u64::try_from(days * 86_400 + in_day_s - offset_min * 60).map_err(|_| wrong)?;
        Ok(Self { unix_s })
    }
}

/// By Howard Hinnant's `days_from_civil`, for years from 0 on.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Subcommands of `config`.
#[derive(Subcommand, Debug)]
pub enum ConfigAction {
    /// Check whether a settings file is valid.
    Check {
        /// Settings file.
        file: PathBuf,
    },
    /// Print the effective settings as a settings file, with the origin of each value: default, line of the file,
    /// environment variable or flag.
    Show,
    /// List the environment variables of all settings, with meaning, range and default.
    Env,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Known instants, from `date -u -d TIME +%s`.
    #[test]
    fn a_point_in_time_is_utc_or_has_an_offset() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2000-02-29T23:59:59Z", Some(951_868_799)),
            ("2027-01-15T08:00:00Z", Some(1_800_000_000)),
            ("2027-01-15 08:00:00", Some(1_800_000_000)),
            ("2027-01-15T10:00:00+02:00", Some(1_800_000_000)),
            ("2027-01-15T08:00:00.9Z", Some(1_800_000_000)),
            ("1969-12-31T23:59:59Z", None),
            ("2027-01-15", None),
            ("2027-02-30T00:00:00Z", None),
            ("yesterday", None),
        ] {
            assert_eq!(text.parse().ok().map(|PointInTime { unix_s }| unix_s), expected, "{text}");
        }
    }
}
