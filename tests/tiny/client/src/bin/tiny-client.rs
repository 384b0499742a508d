//! The client of the tiny game.

use bevy::app::AppExit;
use framehouse_tiny::TinyPlugin;
use framehouse_tiny_client::TinyView;

fn main() -> AppExit {
    framehouse_window::run(TinyPlugin, TinyView)
}
