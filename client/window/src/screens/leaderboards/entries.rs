//! The entries of a leaderboard: requested in the background, and drawn as lines.

use bevy::prelude::*;
use framehouse_client::{
    connect::ConnectError,
    records::{BoardEntry, BoardQuery, board, list_boards, read_board, read_entry},
};
use framehouse_shared::{date::day, ids::AccountId};

use crate::{
    actions::{Action, Period},
    easing::grouped,
    palette::{TEXT, TEXT_MUTED},
    session::BackgroundTask,
    texts::T,
    ui::{Kind, Kit, kit::filler},
};

/// Number of entries in the list.
const ENTRIES: u32 = 20;

/// A request for a leaderboard.
pub type Asked = BackgroundTask<Result<Entries, ConnectError>>;

/// The server's answer.
pub struct Entries {
    /// Maps that have a board.
    pub maps: Vec<String>,
    /// The first entries.
    pub entries: Vec<BoardEntry>,
    /// The player's own entry, if it is not among them.
    pub own: Option<BoardEntry>,
}

/// What the list shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Page {
    #[default]
    Loading,
    /// The server has no leaderboards.
    NoBoards,
    /// A sentence about the failure.
    Failed(String),
    Found {
        entries: Vec<BoardEntry>,
        own: Option<BoardEntry>,
    },
}

/// Requests a board, and the player's own entry of it.
pub fn ask(server: String, map: Option<&str>, period: Period, player: Option<AccountId>) -> Asked {
    let name = match (map, period) {
        (Some(map), _) => format!("{}{map}", board::MAP),
        (None, Period::AllTime) => board::ALL.to_owned(),
        (None, Period::ThisWeek) => board::WEEK.to_owned(),
        (None, Period::Today) => board::DAY.to_owned(),
    };
    BackgroundTask::begin(move || {
        let boards = list_boards(&server)?;
        let maps = boards.iter().filter_map(|of| of.board.strip_prefix(board::MAP)).map(str::to_owned).collect();
        let query = BoardQuery { limit: Some(ENTRIES), ..default() };
        let entries = read_board(&server, &name, &query)?;
        let missing = player.filter(|player| entries.iter().all(|entry| entry.player != *player));
        let own = missing.map(|player| read_entry(&server, &name, player)).transpose()?.flatten();
        Ok(Entries { maps, entries, own })
    })
}

/// Spawns the line of an entry.
pub fn spawn_entry(list: &mut ChildSpawnerCommands<'_>, kit: &Kit, entry: &BoardEntry, is_own: bool) {
    let line = if is_own { kit.line(kit.accent(), 0.24) } else { kit.line(TEXT, 0.05) };
    list.spawn(line).with_children(|line| {
        line.spawn(kit.cell(&entry.rank.to_string(), 16.0, TEXT_MUTED, 44.0));
        line.spawn(kit.name(&entry.name, 16.0, TEXT));
        if is_own {
            line.spawn((kit.words(kit.say(T::You), 13.0, TEXT_MUTED), TextLayout::no_wrap()));
        }
        line.spawn(filler());
        line.spawn((kit.strong(&grouped(entry.points), 17.0, TEXT), TextLayout::no_wrap()));
        line.spawn(kit.cell(&day(entry.ended_unix), 14.0, TEXT_MUTED, 90.0));
        line.spawn(kit.small_button(Action::ShowPlayer(entry.player), kit.say(T::Matches), Kind::Quiet));
    });
}
