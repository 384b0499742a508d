//! What a game tells the server about an input, so that the server can count inputs that a person cannot make.

/// Number of actions that an [`Observation`] tells apart.
pub const ACTIONS_MAX: usize = 4;

/// What an input shows about whoever has made it: the answer of [`Game::observe`](crate::game::Game::observe).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Observation {
    /// Actions that begin with the input, one bit each from the lowest: things for which a person moves a finger once, as
    /// pressing a key. Bits from [`ACTIONS_MAX`] on are ignored.
    pub begun: u8,
    /// Ticks since an event that nobody could foresee, if the input looks like an answer to it.
    pub reaction: Option<u32>,
    /// For an input that follows a moving target with its aim: whether the aim is as exact as an input can be.
    pub is_exact: Option<bool>,
}
