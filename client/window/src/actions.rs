//! What buttons and keys of the screens ask for. Every button carries one; whoever can do it reads the messages.

use std::path::PathBuf;

use bevy::{prelude::*, ui_widgets::Activate};
use framehouse_shared::ids::{RoomCode, Slot};

use super::{palette::Palette, texts::Language};

/// Makes messages of clicks.
pub struct ActionsPlugin;

impl Plugin for ActionsPlugin {
    fn build(&self, app: &mut App) {
        app.add_message::<Action>().add_observer(announce);
        app.add_systems(Last, forget);
    }
}

/// When actions are done, in [`Update`]: after keys were read, before screens are drawn.
#[derive(SystemSet, Clone, Debug, PartialEq, Eq, Hash)]
pub struct HandleActions;

/// Something that the player wants.
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
    Rejoin,
    DeclineRejoin,
    Refresh,
    Filter(RoomsWanted),
    Join(RoomCode),
    Watch(RoomCode),
    TryAgain,
    Quit,
    /// To where the player came from; Escape does it everywhere.
    Back,
    // In a room.
    Ready(bool),
    CopyCode,
    SendChat,
    Start,
    Kick(Slot),
    HandOver(Slot),
    /// So many maps on.
    Map(i8),
    /// So many seats more.
    Seats(i8),
    Private(bool),
    CloseRoom,
    Leave,
    Resume,
    GiveUp,
    EndMatch,
    ToLobby,
    SaveReplay,
    // In a replay.
    PlayOrPause,
    /// To another of the speeds.
    Speed(i8),
    /// From the past of a running match to its present.
    Live,
    // Settings.
    Speak(Language),
    Paint(Palette),
    Fullscreen(bool),
    ReduceMotion(bool),
    /// A game's action, by its id, and which of its keys.
    Rebind(&'static str, usize),
    ResetKeys,
}

/// Which rooms the list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum RoomsWanted {
    #[default]
    All,
    WithFreeSeat,
    InLobby,
    Playing,
}

/// A screen that comes next must not do what was asked of the last one.
fn forget(mut actions: ResMut<Messages<Action>>) {
    actions.clear();
}

fn announce(activate: On<Activate>, buttons: Query<&Action>, mut actions: MessageWriter<Action>) {
    if let Ok(action) = buttons.get(activate.entity) {
        actions.write(action.clone());
    }
}
