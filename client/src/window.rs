//! The window: draws what the net core predicts, and sends it what the player does.
//!
//! ```text
//! PreUpdate   controls.rs -> session.rs      keys and mouse, then Client::update
//! Update      scene.rs                       a copy of the match, and what happened since the last frame
//!             crafts, items, particles, labels, scenery, hud     (set Draw) draw from the copy
//! Last        script.rs                      pictures and ends for scripts
//! ```
//!
//! Nothing here writes simulation state, and the net core knows nothing of it. Numbers that are worth a test are plain
//! functions (easing, layout, palette, happenings, the overlay's words); all pictures are painted at start.

pub mod args;
mod controls;
mod crafts;
mod easing;
mod fonts;
mod happenings;
mod hud;
mod items;
mod labels;
mod layout;
mod palette;
mod particles;
mod scene;
mod scenery;
mod script;
mod session;
mod textures;

use bevy::{diagnostic::FrameTimeDiagnosticsPlugin, log::LogPlugin, prelude::*, text::Font, window::WindowResolution};

use args::Args;
use layout::STAGE;

/// netcode and renet log single datagrams as errors, which the client counts; drivers talk a lot at start.
const LOG_FILTER: &str = "warn,renetcode=off,renet=off,wgpu_hal=off,wgpu_core=error,naga=error,bevy_winit=error,\
                          winit=error,icu_provider=off";

/// Opens the window and plays until it is closed. This is a program's main loop.
pub fn run(args: Args) -> AppExit {
    let mut app = App::new();
    app.insert_resource(ClearColor(palette::BACKDROP));
    app.add_plugins((
        DefaultPlugins
            .set(WindowPlugin { primary_window: Some(main_window()), ..default() })
            .set(LogPlugin { filter: LOG_FILTER.to_owned(), ..default() }),
        FrameTimeDiagnosticsPlugin::default(),
    ));
    let art = textures::Art::paint(&mut app.world_mut().resource_mut::<Assets<Image>>());
    let fonts = fonts::Fonts::load(&mut app.world_mut().resource_mut::<Assets<Font>>());
    app.insert_resource(art).insert_resource(fonts);
    app.add_plugins((session::SessionPlugin(args.clone()), script::ScriptPlugin(args), layout::LayoutPlugin));
    app.add_plugins((
        scene::ScenePlugin,
        scenery::SceneryPlugin,
        items::ItemsPlugin,
        crafts::CraftsPlugin,
        particles::ParticlesPlugin,
        labels::LabelsPlugin,
        hud::HudPlugin,
    ));
    app.run()
}

fn main_window() -> Window {
    Window {
        title: "Framehouse".to_owned(),
        name: Some("framehouse".to_owned()),
        resolution: WindowResolution::new(STAGE.x as u32, STAGE.y as u32),
        ..default()
    }
}
