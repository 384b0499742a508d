//! Bindings: the keys and mouse buttons that the player has chosen for a game's actions.

use std::sync::Arc;

use bevy::prelude::*;
use toml::{Table, Value};

use super::{InputAction, PRESSES_MAX, Press};

/// The bindings of a game: up to two keys or mouse buttons for every action, each used once.
///
/// In the settings file every game has its own table under the game's id, with a list for every action under the
/// action's id. Entries of other games, or of other releases of this one, are written back unchanged.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bindings {
    game: &'static str,
    actions: Arc<[InputAction]>,
    presses: Vec<[Option<Press>; PRESSES_MAX]>,
    /// The table as it was read from the file.
    file: Table,
}

impl Bindings {
    /// The default bindings of a game's actions.
    pub fn usual(game: &'static str, actions: impl IntoIterator<Item = InputAction>) -> Self {
        let actions: Arc<[InputAction]> = actions.into_iter().collect();
        let mut bindings =
            Self { game, presses: vec![[None; PRESSES_MAX]; actions.len()], actions, file: Table::new() };
        bindings.reset();
        bindings
    }

    /// The actions, in the order of the settings screen.
    pub fn actions(&self) -> &[InputAction] {
        &self.actions
    }

    /// The keys and mouse buttons of an action, by its id.
    pub fn of(&self, id: &str) -> [Option<Press>; PRESSES_MAX] {
        self.place_of(id).map_or([None; PRESSES_MAX], |index| self.presses[index])
    }

    /// Whether a key or mouse button of this action is held.
    pub fn is_held(&self, id: &str, keys: &ButtonInput<KeyCode>, buttons: &ButtonInput<MouseButton>) -> bool {
        self.of(id).iter().flatten().any(|press| press.is_held(keys, buttons))
    }

    /// Whether a key or mouse button of this action was pressed since the last frame.
    pub fn is_new(&self, id: &str, keys: &ButtonInput<KeyCode>, buttons: &ButtonInput<MouseButton>) -> bool {
        self.of(id).iter().flatten().any(|press| press.is_new(keys, buttons))
    }

    /// Binds a key or mouse button to this action, and removes it from all others.
    pub fn bind(&mut self, id: &str, index: usize, press: Press) {
        let Some(action) = self.place_of(id) else { return };
        self.presses.iter_mut().flatten().filter(|other| **other == Some(press)).for_each(|other| *other = None);
        self.presses[action][index.min(PRESSES_MAX - 1)] = Some(press);
    }

    /// Restores the default bindings.
    pub fn reset(&mut self) {
        self.presses.fill([None; PRESSES_MAX]);
        for action in Arc::clone(&self.actions).iter() {
            let usual = action.presses().into_iter().enumerate();
            usual.for_each(|(index, press)| press.iter().for_each(|press| self.bind(action.id(), index, *press)));
        }
    }

    /// An action's keys for people, for example `W / Arrow up`.
    pub fn label(&self, id: &str) -> String {
        let labels: Vec<String> = self.of(id).iter().flatten().map(|press| press.label()).collect();
        labels.join(" / ")
    }

    /// Takes the bindings of a settings file. An action that is missing there keeps its keys, unless another action has
    /// them; unknown ids and keys are ignored.
    pub fn read(&mut self, file: Table) {
        let own = file.get(self.game).and_then(Value::as_table).cloned().unwrap_or_default();
        for action in Arc::clone(&self.actions).iter() {
            // Files from before games had tables name the actions of the only game of that time.
            // They stay in the file: another game may read it first.
            let Some(ids) = own.get(action.id()).or(file.get(action.id())).and_then(Value::as_array) else { continue };
            self.take(action.id(), ids.iter().filter_map(Value::as_str).filter_map(Press::of_id));
        }
        self.file = file;
    }

    fn take(&mut self, id: &str, presses: impl Iterator<Item = Press>) {
        if let Some(index) = self.place_of(id) {
            self.presses[index] = [None; PRESSES_MAX];
        }
        presses.take(PRESSES_MAX).enumerate().for_each(|(index, press)| self.bind(id, index, press));
    }

    /// The table for the settings file.
    pub fn to_file(&self) -> Table {
        let mut file = self.file.clone();
        if !self.actions.is_empty() {
            let mut own = file.get(self.game).and_then(Value::as_table).cloned().unwrap_or_default();
            own.extend(self.actions.iter().map(|action| (action.id().to_owned(), self.ids(action.id()))));
            file.insert(self.game.to_owned(), own.into());
        }
        file
    }

    fn ids(&self, id: &str) -> Value {
        self.of(id).iter().flatten().map(|press| Value::from(press.id())).collect::<Vec<_>>().into()
    }

    fn place_of(&self, id: &str) -> Option<usize> {
        self.actions.iter().position(|action| action.id() == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::Words;

    const JUMP: InputAction = InputAction::new("jump", Words::new("Jump")).key(KeyCode::Space).key(KeyCode::KeyW);
    const KICK: InputAction = InputAction::new("kick", Words::new("Kick")).mouse(MouseButton::Left);

    fn usual() -> Bindings {
        Bindings::usual("game", [JUMP, KICK])
    }

    fn read(file: &str) -> Bindings {
        let mut bindings = usual();
        bindings.read(file.parse().expect("a table"));
        bindings
    }

    #[test]
    fn a_press_does_one_thing() {
        let mut bindings = usual();
        bindings.bind("kick", 1, Press::Key(KeyCode::KeyW));
        assert_eq!(bindings.of("jump"), [Some(Press::Key(KeyCode::Space)), None]);
        assert_eq!(bindings.label("kick"), "Mouse left / W");
        bindings.reset();
        assert_eq!(bindings, usual());
    }

    #[test]
    fn bindings_survive_the_file() {
        let mut bindings = usual();
        bindings.bind("kick", 1, Press::Mouse(MouseButton::Back));
        assert_eq!(read(&bindings.to_file().to_string()).presses, bindings.presses);
    }

    #[test]
    fn what_nobody_knows_is_no_mistake_and_is_kept() {
        let file = "game.kick = [\"Nonsense\", \"KeyF\", 7]\ngame.swim = [\"KeyG\"]\nother.kick = [\"KeyH\"]\nodd = 3";
        let bindings = read(file);
        assert_eq!([bindings.label("kick"), bindings.label("jump")], ["F", "Space / W"]);
        let written = bindings.to_file();
        assert_eq!(written["game"]["swim"].to_string(), "[\"KeyG\"]");
        assert_eq!(written["other"]["kick"].to_string(), "[\"KeyH\"]");
        assert_eq!(written["odd"].as_integer(), Some(3));
    }

    #[test]
    fn games_with_the_same_action_do_not_clash() {
        let mut first = usual();
        first.bind("kick", 0, Press::Key(KeyCode::KeyK));
        let mut second = Bindings::usual("second", [KICK]);
        second.read(first.to_file());
        assert_eq!(second.label("kick"), "Mouse left");
        assert_eq!(read(&second.to_file().to_string()).label("kick"), "K");
    }

    #[test]
    fn a_file_of_before_games_had_tables_is_understood() {
        let bindings = read("kick = [\"KeyF\"]\nswim = [\"KeyG\"]\njump.kick = [\"KeyH\"]");
        assert_eq!(bindings.label("kick"), "F");
        assert_eq!(
            bindings.to_file().keys().collect::<Vec<_>>(),
            ["game", "jump", "kick", "swim"],
            "jump is a game here"
        );
    }
}
