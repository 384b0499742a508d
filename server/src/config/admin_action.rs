//! Subcommands of `admin`.

use std::path::PathBuf;

use clap::{ArgAction, Subcommand};
use framehouse_shared::{
    api::Feature,
    ids::{AccountId, MatchId, RoomCode},
};

use super::flags::yes_or_no;

/// Subcommands of `admin`.
#[derive(Subcommand, Debug)]
pub enum AdminAction {
    /// Find players and spectators on the server.
    Players {
        /// Id, or part of a name; all without it.
        #[arg(default_value = "")]
        search: String,
    },
    /// Show the room that plays a match.
    Match {
        /// Id of the match.
        id: MatchId,
    },
    /// Show a room with its members, and the path of its page.
    Room {
        /// Code of the room.
        room: RoomCode,
    },
    /// Close a room.
    CloseRoom {
        /// Code of the room.
        room: RoomCode,
    },
    /// End the running match of a room.
    EndMatch {
        /// Code of the room.
        room: RoomCode,
        /// Let the points as they are become its result.
        #[arg(long)]
        with_result: bool,
    },
    /// Send a player away. It may come back.
    Kick {
        /// Id of the player.
        player: AccountId,
    },
    /// Send a player away, and refuse it from now on.
    Ban {
        /// Id of the player.
        player: AccountId,
        /// Hours that the ban lasts; for ever without it.
        #[arg(long, value_name = "HOURS")]
        hours: Option<f64>,
        /// What the player is told.
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
    },
    /// End a ban, or remove it from the list for review.
    Unban {
        /// Id of the player.
        player: AccountId,
    },
    /// Refuse a player's chat and game messages.
    Mute {
        /// Id of the player.
        player: AccountId,
        /// Hours that it lasts; for ever without it.
        #[arg(long, value_name = "HOURS")]
        hours: Option<f64>,
    },
    /// End a mute.
    Unmute {
        /// Id of the player.
        player: AccountId,
    },
    /// Show bans, mutes, and bans that wait for review.
    Sanctions,
    /// Say something to everybody in a room, or in all rooms.
    Announce {
        /// What to say.
        text: String,
        /// Only in this room.
        #[arg(long, value_name = "CODE")]
        room: Option<RoomCode>,
    },
    /// Switch a feature: quick_match, spectating, chat, replays, new_rooms or leaderboards.
    Feature {
        /// Name of the feature.
        feature: Feature,
        /// on or off.
        #[arg(value_parser = yes_or_no, action = ArgAction::Set)]
        on: bool,
    },
    /// Change the levels of the log.
    Log {
        /// Lowest level: off, error, warn, info, debug or trace.
        level: String,
        /// Levels of single modules: room=debug.
        #[arg(value_name = "MODULE=LEVEL")]
        levels: Vec<String>,
    },
    /// Read settings, rules, maps and certificate again.
    Reload,
    /// Let nobody new in and start no match.
    Drain {
        /// Let players in again.
        #[arg(long)]
        undo: bool,
    },
    /// Show what players have reported.
    Reports,
    /// Download the replay of a room's running match, as far as it has come.
    Replay {
        /// Code of the room.
        room: RoomCode,
        /// The new file.
        file: PathBuf,
    },
}
