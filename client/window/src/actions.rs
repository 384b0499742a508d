//! Actions: requests of the screens' buttons and keys. Every button carries one; the responsible systems read the
//! messages.

use std::path::PathBuf;

use bevy::{prelude::*, ui_widgets::Activate};
use framehouse_shared::ids::{AccountId, MatchId, RoomCode, Slot};

use super::{palette::Palette, texts::Language};

/// Turns clicks into [`Action`] messages.
pub struct ActionsPlugin;

impl Plugin for ActionsPlugin {
    fn build(&self, app: &mut App) {
        app.add_message::<Action>().add_observer(announce);
        app.add_systems(Last, forget);
    }
}

/// The set in [`Update`] that handles actions: after keys are read, before screens are drawn.
#[derive(SystemSet, Clone, Debug, PartialEq, Eq, Hash)]
pub struct HandleActions;

/// A request of the player.
#[derive(Message, Component, Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names say it, and the texts on the buttons")]
pub enum Action {
    // The menu, the list of rooms, problems.
    QuickMatch,
    CreateRoom,
    Practice,
    JoinCode,
    WatchCode,
    Browse,
    OpenSettings,
    OpenReplays,
    ShowReplay(PathBuf),
    OpenLeaderboards,
    Period(Period),
    /// Moves this many boards forwards in the list of all maps and each of them.
    BoardMap(i8),
    ShowPlayer(AccountId),
    /// Fetches the replay of a match and shows it.
    ShowMatch(MatchId),
    Rejoin,
    DeclineRejoin,
    Refresh,
    Filter(RoomsWanted),
    Join(RoomCode),
    Watch(RoomCode),
    TryAgain,
    Quit,
    /// Returns to the previous screen; Escape does the same everywhere.
    Back,
    // In a room.
    Ready(bool),
    CopyCode,
    /// Copies the link that opens the room in a browser.
    CopyLink,
    SendChat,
    Start,
    Kick(Slot),
    HandOver(Slot),
    /// Moves this many maps forwards in the list of maps.
    Map(i8),
    /// Adds this many seats.
    Seats(i8),
    Private(bool),
    Economy(bool),
    CloseRoom,
    /// Opens the report about the player in a seat.
    Report(Slot),
    SendReport(ReportReason),
    Leave,
    Resume,
    GiveUp,
    EndMatch,
    /// Answers whether to end the match without a result.
    Vote(bool),
    ToLobby,
    SaveReplay,
    // In a replay.
    PlayOrPause,
    /// Moves this many steps up in the list of speeds.
    Speed(i8),
    /// Returns from the past of a running match to the present.
    Live,
    // Settings.
    Speak(Language),
    Paint(Palette),
    Fullscreen(bool),
    ReduceMotion(bool),
    /// Rebinds a game's action, given by its id, and the index of its key.
    Rebind(&'static str, usize),
    ResetKeys,
}

/// The filter of the room list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum RoomsWanted {
    #[default]
    All,
    WithFreeSeat,
    InLobby,
    Playing,
}

/// What a player is reported for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum ReportReason {
    Cheats,
    Insults,
    Spoils,
    Name,
}

/// The period of a leaderboard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Period {
    #[default]
    AllTime,
    ThisWeek,
    Today,
}

/// Drops unread actions, so that the next screen does not handle requests to the last one.
fn forget(mut actions: ResMut<Messages<Action>>) {
    actions.clear();
}

fn announce(activate: On<Activate>, buttons: Query<&Action>, mut actions: MessageWriter<Action>) {
    if let Ok(action) = buttons.get(activate.entity) {
        actions.write(action.clone());
    }
}
