//! The Framehouse window for any game: menus, rooms, lobby, match, results, replays and settings.
//!
//! A program is a game, a view of it, and one line:
//!
//! ```no_run
//! use bevy::prelude::*;
//! use framehouse_client::client::InputRequest;
//! use framehouse_shared::{
//!     game::Game,
//!     ids::{SLOTS_MAX, slots_in},
//!     input::{Frame, Input},
//!     room_state::{AddRoomState, RoomState},
//!     score::Scoreboard,
//!     sim::{MatchSetup, Rooms, Roster, SimSet, SimTick},
//!     tick::{SimRate, Tick},
//! };
//! use framehouse_window::{
//!     controls::Controls,
//!     keys::InputAction,
//!     texts::Words,
//!     view::{About, Draw, MatchView, View},
//! };
//! use serde::{Deserialize, Serialize};
//!
//! /// The player who holds the button for the longest time in ten seconds wins.
//! #[derive(Clone)]
//! struct MyGame;
//!
//! #[derive(Component, Clone, Default, Serialize, Deserialize, RoomState)]
//! struct Held {
//!     ticks: [u32; SLOTS_MAX],
//! }
//!
//! impl Game for MyGame {
//!     fn id(&self) -> &'static str {
//!         "hold"
//!     }
//!
//!     fn build(&self, app: &mut App) {
//!         app.add_room_state::<Held>("held");
//!         app.add_systems(SimTick, count.in_set(SimSet::Score));
//!     }
//!
//!     fn open_match(&self, room: &mut EntityWorldMut, _: &MatchSetup) {
//!         room.insert(Held::default());
//!     }
//! }
//!
//! fn count(mut rooms: Rooms<(&Frame, &Roster, &SimRate, &mut Held, &mut Scoreboard)>) {
//!     rooms.for_each_room(|(frame, roster, rate, mut held, mut scores)| {
//!         for slot in slots_in(roster.seated) {
//!             held.ticks[slot.index()] += u32::from(frame.inputs[slot.index()].0[0]);
//!             scores.set(slot, i64::from(held.ticks[slot.index()]), [0; 16], frame.tick);
//!         }
//!         scores.over = frame.tick.plus(1) >= Tick(rate.ticks(10.0));
//!     });
//! }
//!
//! struct MyView;
//!
//! const BUTTON: InputAction = InputAction::new("button", Words::new("Hold the button")).key(KeyCode::Space);
//!
//! #[derive(Component)]
//! struct Ticks;
//!
//! impl View for MyView {
//!     fn about(&self) -> About {
//!         About::new("hold", "Hold the button")
//!     }
//!
//!     fn field(&self) -> Vec2 {
//!         Vec2::new(16.0, 9.0)
//!     }
//!
//!     fn actions(&self) -> Vec<InputAction> {
//!         vec![BUTTON]
//!     }
//!
//!     fn input(&self, controls: &Controls, _: &InputRequest<'_>) -> Input {
//!         Input([u8::from(controls.is_held(&BUTTON)), 0, 0, 0, 0, 0, 0, 0])
//!     }
//!
//!     fn build(&self, app: &mut App) {
//!         app.add_systems(Startup, spawn);
//!         app.add_systems(Update, draw.in_set(Draw));
//!     }
//! }
//!
//! fn spawn(mut commands: Commands) {
//!     commands.spawn((Ticks, Text::default()));
//! }
//!
//! fn draw(seen: MatchView, mut text: Single<&mut Text, With<Ticks>>) {
//!     text.0 = seen.get::<Held>().map_or_else(String::new, |held| format!("{:?}", held.ticks));
//! }
//!
//! fn main() -> AppExit {
//!     framehouse_window::run(MyGame, MyView)
//! }
//! ```
//!
//! # Order of a frame
//!
//! ```text
//! PreUpdate   controls.rs -> session.rs      keys and mouse, then Client::update
//! Update      ui/focus.rs -> screens/        keys and clicks become actions (actions.rs), screens handle them
//!                                            (set HandleActions)
//!             hud/, the game's view          (set Draw) draw the match, on screens with a match
//! Last        settings.rs, script.rs         saved settings; pictures and exit of scripted runs
//! ```
//!
//! The window knows no game: the game's view (view.rs) names it, draws it and makes inputs. Nothing here writes
//! simulation state, and the net core does not depend on the window.
//!
//! A part of a screen is redrawn when its value changes (ui/redraw.rs). Buttons only carry their action. Calculations
//! are plain functions with tests (easing, layout, palette), and all pictures are painted at start.

pub mod actions;
pub mod args;
pub mod camera;
pub mod controls;
pub mod easing;
pub mod fonts;
pub mod frame_stats;
pub mod game;
pub mod hud;
pub mod keys;
pub mod layout;
mod open_window;
pub mod palette;
pub mod screens;
mod script;
pub mod session;
pub mod settings;
pub mod texts;
pub mod textures;
pub mod ui;
pub mod view;

use bevy::{diagnostic::FrameTimeDiagnosticsPlugin, prelude::*, text::Font, window::WindowResolution};
use framehouse_client::{
    complain,
    connect::{trust_authorities, use_tokens},
};

use args::Args;
use game::Game;
use layout::STAGE;
use view::{About, GameView, View};

/// The command line of a client with this name, for manual pages and completions.
pub fn command(about: &About) -> clap::Command {
    Args::command_of(about)
}

/// Runs a client of this game: reads the command line, opens the window and plays until it is closed. This is the main
/// loop of a program. See [`view`](mod@view) for how to write a view.
pub fn run(game: impl framehouse_shared::game::Game + Clone, view: impl View) -> AppExit {
    let view = GameView::new(view);
    let about = view.about();
    let args = Args::of_program(&about);
    let trusted = args.ca.as_deref().map_or(Ok(()), trust_authorities);
    if let Err(sentence) = trusted.and_then(|()| args.token_file.as_deref().map_or(Ok(()), use_tokens)) {
        complain!("{}: {sentence}", about.program);
        return AppExit::error();
    }
    let mut app = match open_window::open_window(&about) {
        Ok(app) => app,
        Err(reason) => {
            complain!("{}: {reason}", about.program);
            return AppExit::error();
        }
    };
    app.add_plugins(ClientPlugin { args, game: Game::new(game), view });
    app.run()
}

/// The whole client except Bevy's own plugins, so that a test can run it without a screen or a graphics card.
pub struct ClientPlugin {
    /// The command line.
    pub args: Args,
    /// The game.
    pub game: Game,
    /// The game's view.
    pub view: GameView,
}

impl Plugin for ClientPlugin {
    fn build(&self, app: &mut App) {
        let Self { args, game, view } = self;
        let art = textures::Art::paint(&mut app.world_mut().resource_mut::<Assets<Image>>());
        let fonts = fonts::Fonts::load(&mut app.world_mut().resource_mut::<Assets<Font>>());
        let (settings, store) = args.settings(view);
        app.insert_resource(palette::Colors { palette: settings.palette, ..view.colors() });
        app.insert_resource(settings).insert_resource(store).insert_resource(view.clone());
        app.insert_resource(ClearColor(view.backdrop().edge)).insert_resource(art).insert_resource(fonts);
        app.add_plugins(FrameTimeDiagnosticsPlugin::default());
        app.add_plugins((screens::StartPlugin(args.clone()), settings::SettingsPlugin, actions::ActionsPlugin));
        app.add_plugins((session::SessionPlugin(args.clone(), game.clone()), screens::ScreensPlugin, ui::UiPlugin));
        app.add_plugins((camera::plugin, frame_stats::plugin, hud::HudPlugin, script::ScriptPlugin(args.clone())));
        view.build(app);
    }
}

/// The window at start.
pub fn main_window(about: &About) -> Window {
    Window {
        title: about.window_title.to_owned(),
        name: Some(about.program.to_owned()),
        resolution: WindowResolution::new(STAGE.x as u32, STAGE.y as u32),
        ..default()
    }
}
