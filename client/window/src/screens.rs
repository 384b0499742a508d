//! The screens, and the session's transitions between them.
//!
//! ```text
//! Menu -> Browser, Settings, Replays, Leaderboards -> Menu
//!                             Replays -> Replay -> Replays
//!                                      Leaderboards -> Player -> Replay -> Player -> Leaderboards
//!   `--> Connecting -> Lobby -> Match -> Results -> Lobby ..
//!             `----------`--------`---------`--> Problem -> Menu
//! ```

mod banner;
mod browser;
mod chat;
mod connecting;
mod dialog;
mod leaderboards;
mod lobby;
mod menu;
mod notices;
mod player;
mod plot;
mod practice;
mod problem;
mod replay;
mod replays;
mod report;
mod results;
mod rewind;
mod settings;
mod start;

use bevy::prelude::*;
use clap::ValueEnum;
use framehouse_client::client::Client;
use framehouse_shared::protocol::messages::Phase;

use super::{actions::HandleActions, hud::Stage, session::Session, view::Draw};

pub use dialog::Dialog;
pub use start::StartPlugin;

/// A screen of the window.
#[derive(States, Clone, Copy, Debug, Default, PartialEq, Eq, Hash, ValueEnum)]
pub enum Screen {
    /// Name, server, and all ways into a room.
    #[default]
    Menu,
    /// The server's rooms.
    Browser,
    /// The player's settings.
    Settings,
    /// Waiting for a server's answer.
    Connecting,
    /// In a room, before a match.
    Lobby,
    /// In a match.
    Match,
    /// After a match.
    Results,
    /// The list of recorded matches.
    Replays,
    /// A recorded match.
    Replay,
    /// The server's leaderboards.
    Leaderboards,
    /// A player's last matches.
    Player,
    /// An error, and the buttons to continue.
    Problem,
}

impl Screen {
    /// Whether the screen shows a match.
    pub const fn shows_match(self) -> bool {
        matches!(self, Self::Match | Self::Replay)
    }

    /// Whether the program can begin with the screen, instead of the menu.
    const fn needs_no_session(self) -> bool {
        matches!(self, Self::Browser | Self::Settings | Self::Replays | Self::Leaderboards | Self::Player)
    }
}

/// All screens.
pub struct ScreensPlugin;

impl Plugin for ScreensPlugin {
    fn build(&self, app: &mut App) {
        app.init_state::<Screen>().init_resource::<SeenResults>().init_resource::<ReplayList>();
        app.add_systems(Update, (follow.before(HandleActions), reset.in_set(HandleActions), show_hud));
        // The match is drawn only where it is visible.
        app.configure_sets(Update, Draw.run_if(|screen: Res<State<Screen>>| screen.get().shows_match()));
        app.add_plugins((menu::plugin, browser::plugin, connecting::plugin, lobby::plugin, results::plugin));
        app.add_plugins((
            settings::plugin,
            replays::plugin,
            replay::plugin,
            problem::plugin,
            dialog::plugin,
            report::plugin,
            banner::plugin,
        ));
        app.add_plugins((crate::ui::time_bar::plugin, rewind::plugin));
        app.add_plugins((leaderboards::plugin, player::plugin));
        app.add_plugins((chat::plugin, notices::plugin, practice::plugin));
    }
}

/// The number of the match whose results the player has closed.
#[derive(Resource, Clone, Copy, Debug, Default)]
pub struct SeenResults(pub Option<u32>);

/// The screen that a replay was chosen on, and to which its end leads.
#[derive(Resource, Clone, Copy, Debug)]
struct ReplayList(Screen);

impl Default for ReplayList {
    fn default() -> Self {
        Self(Screen::Replays)
    }
}

/// Shows the panels around the field only on screens with a match.
fn show_hud(screen: Res<State<Screen>>, mut stage: Single<&mut Visibility, With<Stage>>) {
    let is_match = screen.get().shows_match();
    stage.set_if_neq(if is_match { Visibility::Inherited } else { Visibility::Hidden });
}

/// Match numbers begin anew in every room.
fn reset(session: Res<Session>, mut seen: ResMut<SeenResults>) {
    if session.client().is_none() && seen.0.is_some() {
        seen.0 = None;
    }
}

fn follow(
    session: Res<Session>,
    (seen, list): (Res<SeenResults>, Res<ReplayList>),
    screen: Res<State<Screen>>,
    mut next: ResMut<NextState<Screen>>,
) {
    let wanted = wanted(&session, *seen, *list, *screen.get());
    if wanted != *screen.get() {
        next.set(wanted);
    }
}

fn wanted(session: &Session, seen: SeenResults, list: ReplayList, screen: Screen) -> Screen {
    if session.problem().is_some() {
        return Screen::Problem;
    }
    let is_of_session =
        matches!(screen, Screen::Connecting | Screen::Lobby | Screen::Match | Screen::Results | Screen::Problem);
    if session.playback().is_some() {
        return Screen::Replay;
    }
    match session.client() {
        Some(client) => in_room(client, seen, screen),
        None if session.is_asking() || session.is_opening() => Screen::Connecting,
        None if screen == Screen::Replay => list.0,
        None if is_of_session => Screen::Menu,
        None => screen,
    }
}

fn in_room(client: &Client, seen: SeenResults, screen: Screen) -> Screen {
    let results = client.results().filter(|results| seen.0 != Some(results.match_no) && !results.ranking.is_empty());
    match client.phase() {
        None => Screen::Connecting,
        // A player may finish changing settings before the next match.
        Some(Phase::Lobby { .. } | Phase::Results { .. }) if screen == Screen::Settings => Screen::Settings,
        Some(Phase::Lobby { .. } | Phase::Results { .. }) if results.is_some() => Screen::Results,
        Some(Phase::Lobby { .. } | Phase::Results { .. }) => Screen::Lobby,
        Some(Phase::Loading { .. } | Phase::Countdown { .. } | Phase::Playing { .. }) => Screen::Match,
    }
}
