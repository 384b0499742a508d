//! What the window plays: a game's simulation, and what the server compares with its own.

use std::sync::{Arc, LazyLock};

use bevy::prelude::*;
use framehouse_shared::{
    protocol::control::{Hello, protocol_hash},
    simulation::{Simulation, determinism_fingerprint},
};

use crate::client::{ClientConfig, MakeSimulation};

type Prepare = Box<dyn FnOnce() -> ClientConfig + Send>;

/// The game. Its fingerprint takes hundreds of ticks: it is taken once, by the thread that asks for the first session.
#[derive(Resource, Clone)]
pub struct Game(Arc<LazyLock<ClientConfig, Prepare>>);

impl Game {
    /// This game.
    pub fn new(game: impl Plugin + Clone) -> Self {
        let prepare = move || {
            let fingerprint = determinism_fingerprint(game.clone());
            let make: MakeSimulation = Arc::new(move || Simulation::new(game.clone()));
            let id = make().game().id.to_owned();
            ClientConfig { hello: Hello { protocol: protocol_hash(), game: id, fingerprint }, game: Some(make) }
        };
        Self(Arc::new(LazyLock::new(Box::new(prepare))))
    }

    /// What a client of it is and plays.
    pub fn config(&self) -> &ClientConfig {
        &self.0
    }
}
