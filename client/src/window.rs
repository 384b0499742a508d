//! The window: draws what the net core predicts, and sends it what the player does.
//!
//! ```text
//! PreUpdate   controls.rs -> session.rs      keys and mouse, then Client::update
//! Update      ui/focus.rs -> screens/        keys and clicks become actions (actions.rs), screens do them (set Obey)
//!             scene.rs                       a copy of the match, and what happened since the last frame
//!             crafts, items, particles, labels, scenery, hud     (set Draw) draw from the copy, on the match screen
//! Last        settings.rs, script.rs         what is kept for the next time; pictures and ends for scripts
//! ```
//!
//! Screens show values: a part of one is made anew when its value is another one (ui/redraw.rs). Buttons know what they
//! ask for, and nothing else.
//!
//! Nothing here writes simulation state, and the net core knows nothing of it. Numbers that are worth a test are plain
//! functions (easing, layout, palette, happenings, the overlay's words); all pictures are painted at start.

pub mod actions;
pub mod args;
mod controls;
mod crafts;
mod easing;
mod fonts;
mod happenings;
mod hud;
mod items;
pub mod keys;
mod labels;
mod layout;
pub mod palette;
mod particles;
mod scene;
mod scenery;
pub mod screens;
mod script;
pub mod session;
pub mod settings;
pub mod texts;
mod textures;
pub mod ui;

use bevy::{diagnostic::FrameTimeDiagnosticsPlugin, log::LogPlugin, prelude::*, text::Font, window::WindowResolution};

use args::Args;
use layout::STAGE;

/// netcode and renet log single datagrams as errors, which the client counts; drivers talk a lot at start.
const LOG_FILTER: &str = "warn,renetcode=off,renet=off,wgpu_hal=off,wgpu_core=error,naga=error,bevy_winit=error,\
                          winit=error,icu_provider=off,\
                          bevy_input_focus=error";

/// Opens the window and plays until it is closed. This is a program's main loop.
pub fn run(args: Args) -> AppExit {
    let mut app = App::new();
    app.add_plugins(
        DefaultPlugins
            .set(WindowPlugin { primary_window: Some(main_window()), ..default() })
            .set(LogPlugin { filter: LOG_FILTER.to_owned(), ..default() }),
    );
    app.add_plugins(GamePlugin(args));
    app.run()
}

/// The whole client but for Bevy's own plugins, so that a test can run it without a screen or a graphics card.
pub struct GamePlugin(pub Args);

impl Plugin for GamePlugin {
    fn build(&self, app: &mut App) {
        let args = &self.0;
        let art = textures::Art::paint(&mut app.world_mut().resource_mut::<Assets<Image>>());
        let fonts = fonts::Fonts::load(&mut app.world_mut().resource_mut::<Assets<Font>>());
        app.insert_resource(ClearColor(palette::BACKDROP)).insert_resource(art).insert_resource(fonts);
        app.add_plugins(FrameTimeDiagnosticsPlugin::default());
        app.add_plugins((screens::StartPlugin(args.clone()), settings::SettingsPlugin, actions::ActionsPlugin));
        app.add_plugins((session::SessionPlugin(args.clone()), screens::ScreensPlugin, ui::UiPlugin));
        app.add_plugins((
            layout::LayoutPlugin,
            scene::ScenePlugin,
            scenery::SceneryPlugin,
            items::ItemsPlugin,
            crafts::CraftsPlugin,
            particles::ParticlesPlugin,
            labels::LabelsPlugin,
            hud::HudPlugin,
            script::ScriptPlugin(args.clone()),
        ));
    }
}

/// The window as it opens.
pub fn main_window() -> Window {
    Window {
        title: "Framehouse".to_owned(),
        name: Some("framehouse".to_owned()),
        resolution: WindowResolution::new(STAGE.x as u32, STAGE.y as u32),
        ..default()
    }
}
