//! The game that the window plays: its simulation, and its fingerprint for the server.

use std::sync::{Arc, LazyLock};

use bevy::prelude::*;
use framehouse_client::client::ClientConfig;
use framehouse_shared::game;

type Prepare = Box<dyn FnOnce() -> ClientConfig + Send>;

/// The game. Its fingerprint simulates hundreds of ticks; it is computed once, by the thread that first requests a
/// session.
#[derive(Resource, Clone)]
pub struct Game(Arc<LazyLock<ClientConfig, Prepare>>);

impl Game {
    /// Wraps a game.
    pub fn new(game: impl game::Game + Clone) -> Self {
        Self(Arc::new(LazyLock::new(Box::new(move || ClientConfig::of(game)))))
    }

    /// The game's client configuration.
    pub fn config(&self) -> &ClientConfig {
        &self.0
    }
}
