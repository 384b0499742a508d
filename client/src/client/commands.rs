//! Requests of the player. The server carries them out, or refuses with a sentence
//! ([`Notice::Refused`](super::Notice)).

use framehouse_shared::{
    input::CommandBytes,
    protocol::messages::{ClientMessage, GAME_MESSAGE_BYTES_MAX, HostCommand, MAP_NAME_BYTES_MAX, Phase, PlayerState},
    text::clean_line,
};

use super::{Client, Leaving};

impl Client {
    /// Sets whether the player is ready for the next match.
    pub fn set_ready(&mut self, ready: bool) {
        if self.room.is_some() {
            self.connection.queue_control(&ClientMessage::Ready(ready));
        } else {
            self.ready_wanted = Some(ready);
        }
    }

    /// Gives up in the running match. The player stays in the room and watches until the next match.
    pub fn give_up(&mut self) {
        self.ask(&ClientMessage::GiveUp);
    }

    /// Answers the host's question whether to end the match without a result. Nothing is sent when nobody asks, when the
    /// player has no say, and when it has answered the same before: the server's echo takes a while.
    pub fn vote(&mut self, agrees: bool) {
        if self.say().is_some() && self.room.as_mut().is_some_and(|room| room.note_answer(agrees)) {
            self.ask(&ClientMessage::Vote(agrees));
        }
    }

    /// Sends a chat line to everybody in the room; it comes back to everybody as a room event.
    ///
    /// The line is [cleaned](clean_line) and cut to its largest length. A line with nothing visible is not sent.
    pub fn chat(&mut self, line: &str) {
        if let Some(line) = clean_line(line) {
            self.ask(&ClientMessage::Chat(line));
        }
    }

    /// Sends a game message to everybody in the room: bytes that only the game understands, at most
    /// [`GAME_MESSAGE_BYTES_MAX`].
    ///
    /// It comes back to everybody, this client included, as a room event in the room's order. A server may have a lower
    /// limit, and drops messages beyond it.
    pub fn send_game_message(&mut self, bytes: &[u8]) {
        if (1..=GAME_MESSAGE_BYTES_MAX).contains(&bytes.len()) {
            self.ask(&ClientMessage::GameMessage(bytes.to_vec()));
        }
    }

    /// Sends a game command to the simulation; returns whether it was sent. It is not sent while the player takes no
    /// part in a running match, while [`COMMANDS_PENDING_MAX`](crate::prediction::COMMANDS_PENDING_MAX) commands wait
    /// for their frames, or when it is empty or longer than
    /// [`COMMAND_BYTES_MAX`](framehouse_shared::input::COMMAND_BYTES_MAX).
    ///
    /// The command is predicted in the tick of the next input. The server applies it in that tick or as soon after it
    /// as possible, each accepted command once, in the order of sending. A command that was not accepted when the
    /// connection is lost is not sent again by the next session.
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

    /// Sends a command of the room's host. A command with a map name of more than [`MAP_NAME_BYTES_MAX`] bytes is not
    /// sent.
    pub fn order(&mut self, order: HostCommand) {
        let fits = match &order {
            HostCommand::Configure(options) => options.map.as_ref().is_none_or(|map| map.len() <= MAP_NAME_BYTES_MAX),
            _ => true,
        };
        if fits {
            self.ask(&ClientMessage::Host(order));
        }
    }

    /// Leaves the room and the server. Keep calling update until [`ended`](Self::ended), so that the server is told.
    pub fn leave(&mut self) {
        if self.leaving.is_none() && self.end.is_none() {
            self.connection.queue_control(&ClientMessage::Leave);
            self.leaving = Some(Leaving::Asked);
        }
    }

    /// Sends a request, but not before the welcome: there is no room yet.
    fn ask(&mut self, message: &ClientMessage) {
        if self.room.is_some() {
            self.connection.queue_control(message);
        }
    }
}
