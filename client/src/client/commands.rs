//! What a player asks for. The server does it, or says in a sentence why not ([`Notice::Refused`](super::Notice)).

use framehouse_shared::{
    input::CommandBytes,
    protocol::control::{
        CHAT_BYTES_MAX, CHAT_CHARS_MAX, ClientMessage, GAME_MESSAGE_BYTES_MAX, HostCommand, MAP_NAME_BYTES_MAX, Phase,
        PlayerState,
    },
};

use super::{Client, Leaving};

impl Client {
    /// Says whether the player is ready for the next match.
    pub fn set_ready(&mut self, ready: bool) {
        if self.room.is_some() {
            self.connection.queue_control(&ClientMessage::Ready(ready));
        } else {
            self.ready_wanted = Some(ready);
        }
    }

    /// Gives the running match up. The player stays in the room, and watches until the next match.
    pub fn give_up(&mut self) {
        self.ask(&ClientMessage::GiveUp);
    }

    /// Writes a line to everybody in the room; it comes back to everybody as a room event.
    ///
    /// Control characters are left out, and what is longer than [`CHAT_CHARS_MAX`] characters or [`CHAT_BYTES_MAX`]
    /// bytes is cut off. An empty line is not sent.
    pub fn chat(&mut self, line: &str) {
        if let Some(line) = clean_line(line) {
            self.ask(&ClientMessage::Chat(line));
        }
    }

    /// Says something to everybody in the room: bytes of the game's own, at most [`GAME_MESSAGE_BYTES_MAX`].
    ///
    /// It comes back to everybody, this client included, as a room event in the room's order. A server may allow less,
    /// and drops what is too much.
    pub fn send_game_message(&mut self, bytes: &[u8]) {
        if (1..=GAME_MESSAGE_BYTES_MAX).contains(&bytes.len()) {
            self.ask(&ClientMessage::GameMessage(bytes.to_vec()));
        }
    }

    /// Sends a command of the game to the simulation; says whether it was sent. It is not while the player takes no part in
    /// a running match, while [`COMMANDS_PENDING_MAX`](crate::prediction::COMMANDS_PENDING_MAX) are on their way, and when
    /// it has no bytes or more than [`COMMAND_BYTES_MAX`](framehouse_shared::input::COMMAND_BYTES_MAX).
    ///
    /// It is predicted with the next input that will be asked for. The server applies it in that tick, or as soon after it
    /// as it can; every command that the server takes is applied once, in the order of sending. What was not taken yet
    /// when the connection is lost is not sent again by the next session.
    pub fn send_command(&mut self, bytes: &[u8]) -> bool {
        self.try_send_command(bytes).is_some()
    }

    fn try_send_command(&mut self, bytes: &[u8]) -> Option<()> {
        let bytes = CommandBytes::try_from(bytes).ok().filter(|bytes| !bytes.is_empty())?;
        let room = self.room.as_ref().filter(|room| matches!(room.phase, Phase::Playing { .. }))?;
        let takes_part = matches!(room.own_state(), PlayerState::Playing | PlayerState::Finished);
        let current = self.current.as_ref().filter(|current| takes_part && current.loaded.is_some())?;
        let (match_no, next_input) = (current.number, current.inputs.end());
        let tick = match &mut self.prediction {
            Some(prediction) => prediction.predict_command(next_input, bytes.clone())?,
            None => next_input,
        };
        self.connection.queue_control(&ClientMessage::Command { match_no, tick, bytes });
        Some(())
    }

    /// Does what only the room's host may. A map's name of more than [`MAP_NAME_BYTES_MAX`] bytes is no map's, and such
    /// an order is not sent.
    pub fn order(&mut self, order: HostCommand) {
        let fits = match &order {
            HostCommand::Configure(options) => options.map.as_ref().is_none_or(|map| map.len() <= MAP_NAME_BYTES_MAX),
            _ => true,
        };
        if fits {
            self.ask(&ClientMessage::Host(order));
        }
    }

    /// Leaves the room and the server. Go on with updates until [`ended`](Self::ended): the server has to hear of it.
    pub fn leave(&mut self) {
        if self.leaving.is_none() && self.end.is_none() {
            self.connection.queue_control(&ClientMessage::Leave);
            self.leaving = Some(Leaving::Asked);
        }
    }

    /// Before the welcome there is no room that could do anything.
    fn ask(&mut self, message: &ClientMessage) {
        if self.room.is_some() {
            self.connection.queue_control(message);
        }
    }
}

/// A line as everybody may see it; nothing when there is nothing to see.
fn clean_line(text: &str) -> Option<String> {
    let printable: String = text.chars().filter(|letter| !letter.is_control()).collect();
    let line = printable.trim();
    let chars_end = line.char_indices().nth(CHAT_CHARS_MAX).map_or(line.len(), |(place, _)| place);
    let line = line[..line.floor_char_boundary(chars_end.min(CHAT_BYTES_MAX))].trim_end();
    (!line.is_empty()).then(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_trimmed_and_freed_of_control_characters() {
        assert_eq!(clean_line(" \u{7}good\u{1b} game\n"), Some("good game".to_owned()));
        assert_eq!(clean_line(" \t\r\n\u{0} "), None);
        assert_eq!(clean_line(""), None);
    }

    #[test]
    fn a_line_is_cut_between_characters() {
        let cut = |letter: char| clean_line(&letter.to_string().repeat(999)).expect("letters");
        assert_eq!(cut('a'), "a".repeat(CHAT_CHARS_MAX));
        assert_eq!(cut('\u{20ac}'), "\u{20ac}".repeat(CHAT_CHARS_MAX));
        // Four bytes each: 150 of them are all that fit.
        assert_eq!(cut('\u{1f680}'), "\u{1f680}".repeat(CHAT_BYTES_MAX / 4));
        assert_eq!(clean_line(&("a".repeat(CHAT_CHARS_MAX - 1) + " b")).map(|line| line.len()), Some(199));
        assert_eq!(clean_line(&("a".to_owned() + &"\u{1f680}".repeat(200))).map(|line| line.len()), Some(597));
    }
}
