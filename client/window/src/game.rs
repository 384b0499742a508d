//! What the window plays: a game's simulation, and what the server compares with its own.

use std::sync::{Arc, LazyLock};

use bevy::prelude::*;
use framehouse_client::client::ClientConfig;
use framehouse_shared::game;

type Prepare = Box<dyn FnOnce() -> ClientConfig + Send>;

/// The game. Its fingerprint takes hundreds of ticks: it is taken once, by the thread that asks for the first session.
#[derive(Resource, Clone)]
pub struct Game(Arc<LazyLock<ClientConfig, Prepare>>);

impl Game {
    /// This game.
    pub fn new(game: impl game::Game + Clone) -> Self {
        Self(Arc::new(LazyLock::new(Box::new(move || ClientConfig::of(game)))))
    }

    /// What a client of it is and plays.
    pub fn config(&self) -> &ClientConfig {
        &self.0
    }
}
