//! Which keys and mouse buttons do the actions of a game, as the player has chosen.

use std::sync::Arc;

use bevy::prelude::*;
use toml::{Table, Value};

use super::{InputAction, PRESSES_MAX, Press};

/// What does what: up to two keys or mouse buttons for every action of the game, each used once.
///
/// In the settings' file every game has a table of its own, by the game's id, and in it a list for every action, by the
/// action's id. What belongs to other games, or to other releases of this one, is written back as it was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bindings {
    game: &'static str,
    actions: Arc<[InputAction]>,
    presses: Vec<[Option<Press>; PRESSES_MAX]>,
    /// What the file held.
    file: Table,
}

impl Bindings {
    /// The usual keys of a game's actions.
    pub fn usual(game: &'static str, actions: impl IntoIterator<Item = InputAction>) -> Self {
        let actions: Arc<[InputAction]> = actions.into_iter().collect();
        let mut bindings =
            Self { game, presses: vec![[None; PRESSES_MAX]; actions.len()], actions, file: Table::new() };
        bindings.reset();
        bindings
    }

    /// The actions, in the order of the screen.
    pub fn actions(&self) -> &[InputAction] {
        &self.actions
    }

    /// The keys and mouse buttons of an action, by its id.
    pub fn of(&self, id: &str) -> [Option<Press>; PRESSES_MAX] {
        self.place_of(id).map_or([None; PRESSES_MAX], |index| self.presses[index])
    }

    /// Whether something that does this action is held.
    pub fn is_held(&self, id: &str, keys: &ButtonInput<KeyCode>, buttons: &ButtonInput<MouseButton>) -> bool {
        self.of(id).iter().flatten().any(|press| press.is_held(keys, buttons))
    }

    /// Whether something that does this action was pressed since the last frame.
    pub fn is_new(&self, id: &str, keys: &ButtonInput<KeyCode>, buttons: &ButtonInput<MouseButton>) -> bool {
        self.of(id).iter().flatten().any(|press| press.is_new(keys, buttons))
    }

    /// Makes a press do this action, and nothing else.
    pub fn bind(&mut self, id: &str, index: usize, press: Press) {
        let Some(action) = self.place_of(id) else { return };
        self.presses.iter_mut().flatten().filter(|other| **other == Some(press)).for_each(|other| *other = None);
        self.presses[action][index.min(PRESSES_MAX - 1)] = Some(press);
    }

    /// Makes every action the work of its usual keys again.
    pub fn reset(&mut self) {
        self.presses.fill([None; PRESSES_MAX]);
        for action in Arc::clone(&self.actions).iter() {
            let usual = action.presses().into_iter().enumerate();
            usual.for_each(|(index, press)| press.iter().for_each(|press| self.bind(action.id(), index, *press)));
        }
    }

    /// An action's keys for people: `W / Arrow up`.
    pub fn label(&self, id: &str) -> String {
        let labels: Vec<String> = self.of(id).iter().flatten().map(|press| press.label()).collect();
        labels.join(" / ")
    }

    /// Takes what the file says. An action that it does not name keeps its keys, as far as nothing else has them; an id or
    /// a key that nobody knows is no mistake.
    pub fn read(&mut self, mut file: Table) {
        let own = file.get(self.game).and_then(Value::as_table).cloned().unwrap_or_default();
        for action in Arc::clone(&self.actions).iter() {
            // Files of before games had tables name the actions of the only game there was.
            let is_before = file.get(action.id()).is_some_and(Value::is_array);
            let before = is_before.then(|| file.remove(action.id())).flatten();
            let Some(ids) = own.get(action.id()).or(before.as_ref()).and_then(Value::as_array) else { continue };
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

    /// The table for the file.
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
        assert_eq!(bindings.to_file().keys().collect::<Vec<_>>(), ["game", "jump", "swim"], "jump is a game here");
    }
}
