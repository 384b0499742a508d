//! The window: draws what the net core predicts, and sends it what the player does.
//!
//! ```text
//! PreUpdate   controls.rs -> session.rs      keys and mouse, then Client::update
//! Update      ui/focus.rs -> screens/        keys and clicks become actions (actions.rs), screens do them (set Obey)
//!             hud/, the game's view          (set Draw) draw the match, on the match screen
//! Last        settings.rs, script.rs         what is kept for the next time; pictures and ends for scripts
//! ```
//!
//! The window knows no game: a game brings its view (view.rs), which names it, draws it and makes inputs. That of the arena
//! is arena/. Nothing here writes simulation state, and the net core knows nothing of it.
//!
//! Screens show values: a part of one is made anew when its value is another one (ui/redraw.rs). Buttons know what they
//! ask for, and nothing else. Numbers that are worth a test are plain functions (easing, layout, palette); all pictures
//! are painted at start.

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
pub mod palette;
pub mod screens;
mod script;
pub mod session;
pub mod settings;
pub mod texts;
pub mod textures;
pub mod ui;
pub mod view;

use bevy::{diagnostic::FrameTimeDiagnosticsPlugin, log::LogPlugin, prelude::*, text::Font, window::WindowResolution};

use args::Args;
use game::Game;
use layout::STAGE;
use view::{About, GameView, View};

/// netcode and renet log single datagrams as errors, which the client counts; drivers talk a lot at start.
const LOG_FILTER: &str = "warn,renetcode=off,renet=off,wgpu_hal=off,wgpu_core=error,naga=error,bevy_winit=error,\
                          winit=error,icu_provider=off,\
                          bevy_input_focus=error";

/// A client of this game: reads the command line, opens the window and plays until it is closed. This is a program's main
/// loop. The view is described in [`view`](mod@view).
pub fn run(game: impl framehouse_shared::game::Game + Clone, view: impl View) -> AppExit {
    let view = GameView::new(view);
    let about = view.about();
    let args = Args::of_program(&about);
    let mut app = App::new();
    app.add_plugins(
        DefaultPlugins
            .set(WindowPlugin { primary_window: Some(main_window(&about)), ..default() })
            .set(LogPlugin { filter: LOG_FILTER.to_owned(), ..default() }),
    );
    app.add_plugins(ClientPlugin { args, game: Game::new(game), view });
    app.run()
}

/// The whole client but for Bevy's own plugins, so that a test can run it without a screen or a graphics card.
pub struct ClientPlugin {
    /// The command line.
    pub args: Args,
    /// What is played.
    pub game: Game,
    /// What draws it.
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

/// The window as it opens.
pub fn main_window(about: &About) -> Window {
    Window {
        title: about.window_title.to_owned(),
        name: Some(about.program.to_owned()),
        resolution: WindowResolution::new(STAGE.x as u32, STAGE.y as u32),
        ..default()
    }
}
