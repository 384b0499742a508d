//! Reference model of a room: what its members must see after every command, by simple rules.
//!
//! The model has no time. Commands come so far apart that loading, countdowns and results have ended; matches and votes are
//! so long that only members end them, and nobody waits long enough to replace a host. So a room is in its lobby or it
//! plays.

use framehouse_shared::{
    ids::Slot,
    protocol::messages::{PlayerState, RoomOptions},
};

/// A person who may be in the room, by number.
pub type Person = usize;

/// A command to a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Joins by the room's code.
    Join(Person),
    /// Watches by the room's code.
    Watch(Person),
    /// Leaves.
    Leave(Person),
    /// Loses the connection for good.
    Cut(Person),
    /// Reconnects with the secret, or takes over from its own open session.
    Resume(Person),
    /// Sets ready or not ready.
    Ready(Person, bool),
    /// Gives up the match.
    GiveUp(Person),
    /// Starts the match as host.
    Start(Person),
    /// Asks as host to end the match.
    Abort(Person),
    /// Answers the host.
    Vote(Person, bool),
    /// Removes a member as host.
    Kick(Person, Person),
    /// Makes another member the host.
    HandOver(Person, Person),
    /// Changes the number of seats as host.
    Resize(Person, u8),
    /// Closes the room as host.
    Close(Person),
}

/// A player in the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelPlayer {
    /// The person.
    pub person: Person,
    /// The seat.
    pub slot: u8,
    /// The player's state.
    pub state: PlayerState,
    /// Whether its connection is lost.
    pub is_lost: bool,
}

impl ModelPlayer {
    /// The state that others see.
    pub const fn shown_state(&self) -> PlayerState {
        if self.is_lost { PlayerState::Away } else { self.state }
    }
}

/// The expected room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomModel {
    /// Players in order of joining.
    pub players: Vec<ModelPlayer>,
    /// Spectators.
    pub spectators: Vec<Person>,
    /// The host.
    pub host: Option<Person>,
    /// Number of seats.
    pub seats: u8,
    /// Whether a match runs.
    pub is_playing: bool,
    /// Whether the room is closed.
    pub is_closed: bool,
    /// Matches that ended with a result.
    pub results: u64,
    /// The open vote on ending the match: the answers.
    pub vote: Option<Vec<(Person, bool)>>,
    is_called: bool,
    starts_when_full: bool,
    /// Whether the host may ask in this match: once, because the model has no time.
    may_ask: bool,
    /// People who had a seat when the match began, and have not left it.
    voters: Vec<Person>,
    /// Voters that were sent away during the match.
    sent_away: usize,
    /// People who do not come back.
    banned: Vec<Person>,
}

/// The most spectators of a room.
const SPECTATORS_MAX: usize = 8;

impl RoomModel {
    /// A room that this person has just created.
    pub fn new(maker: Person, seats: u8) -> Self {
        let mut model = Self {
            players: Vec::new(),
            spectators: Vec::new(),
            host: None,
            seats,
            is_playing: false,
            is_closed: false,
            results: 0,
            vote: None,
            is_called: false,
            starts_when_full: true,
            may_ask: true,
            voters: Vec::new(),
            sent_away: 0,
            banned: Vec::new(),
        };
        model.apply(&Command::Join(maker));
        model
    }

    /// The options that a client must see.
    pub fn options(&self) -> RoomOptions {
        RoomOptions { seats: self.seats, private: false, economy: false, map: None }
    }

    /// The person's player.
    pub fn player(&self, person: Person) -> Option<&ModelPlayer> {
        self.players.iter().find(|player| player.person == person)
    }

    /// Whether this person has a connection to the room.
    pub fn is_connected(&self, person: Person) -> bool {
        self.spectators.contains(&person) || self.player(person).is_some_and(|player| !player.is_lost)
    }

    /// The seat of the host.
    pub fn host_slot(&self) -> Option<Slot> {
        Slot::new(self.player(self.host?)?.slot)
    }

    /// Applies a command and everything that follows from it.
    pub fn apply(&mut self, command: &Command) {
        if self.is_closed {
            return;
        }
        match *command {
            Command::Join(person) | Command::Watch(person) if self.banned.contains(&person) => {}
            Command::Join(person) => self.join(person),
            Command::Watch(person) if !self.is_here(person) && self.spectators.len() < SPECTATORS_MAX => {
                self.spectators.push(person);
            }
            Command::Leave(person) if self.is_connected(person) => self.remove(person),
            Command::Cut(person) => self.cut(person),
            Command::Resume(person) => self.change(person, |player| player.is_lost = false),
            Command::Ready(person, ready) if !self.is_playing && self.is_connected(person) => {
                let state = if ready { PlayerState::Ready } else { PlayerState::Idle };
                self.change(person, |player| player.state = state);
            }
            Command::GiveUp(person) if self.is_connected(person) => self.change(person, |player| {
                if player.state == PlayerState::Playing {
                    player.state = PlayerState::Aborted;
                }
            }),
            Command::Start(person) if self.commands(person) && !self.is_playing && self.has_enough() => {
                self.is_called = true;
            }
            Command::Abort(person) if self.commands(person) && self.is_playing && self.may_ask => {
                self.may_ask = false;
                self.vote = Some(Vec::new());
                self.answer(person, true);
            }
            Command::Vote(person, agrees) if self.player(person).is_some() && self.is_connected(person) => {
                self.answer(person, agrees);
            }
            Command::Kick(person, other) if self.commands_other(person, other) => {
                self.banned.push(other);
                self.sent_away += usize::from(self.is_playing && self.voters.contains(&other));
                self.remove(other);
            }
            Command::HandOver(person, other) if self.commands_other(person, other) && self.is_connected(other) => {
                self.host = Some(other);
            }
            Command::Resize(person, seats) if self.commands(person) && !self.is_playing && self.fits(seats) => {
                self.seats = seats;
            }
            Command::Close(person) if self.commands(person) && !self.others_have_a_say(person) => self.close(),
            _ => {}
        }
        self.settle();
    }

    fn join(&mut self, person: Person) {
        let free = (0..self.seats).find(|slot| self.players.iter().all(|player| player.slot != *slot));
        let Some(slot) = free.filter(|_| !self.is_here(person)) else { return };
        let state = if self.is_playing { PlayerState::Playing } else { PlayerState::Idle };
        self.players.push(ModelPlayer { person, slot, state, is_lost: false });
        self.host = self.host.or(Some(person));
        self.starts_when_full = true;
    }

    /// A player keeps the seat, a spectator keeps nothing. A player without a connection is not ready.
    fn cut(&mut self, person: Person) {
        self.spectators.retain(|spectator| *spectator != person);
        self.change(person, |player| {
            player.is_lost = true;
            if player.state == PlayerState::Ready {
                player.state = PlayerState::Idle;
            }
        });
    }

    fn answer(&mut self, person: Person, agrees: bool) {
        if let Some(answers) = self.vote.as_mut().filter(|_| self.voters.contains(&person)) {
            answers.retain(|(other, _)| *other != person);
            answers.push((person, agrees));
        }
    }

    fn others_have_a_say(&self, host: Person) -> bool {
        self.is_playing && (self.sent_away > 0 || self.voters.iter().any(|voter| *voter != host))
    }

    /// Ends the match, or the vote, when the answers are enough.
    fn count(&mut self) {
        let Some(answers) = &self.vote else { return };
        let count = |wanted: bool| {
            answers.iter().filter(|(person, agrees)| *agrees == wanted && self.is_connected(*person)).count()
        };
        let (agreed, refused) = (count(true), count(false));
        let voters = self.voters.len() + self.sent_away;
        if agreed * 2 > voters || voters == 0 {
            self.return_to_lobby(false);
        } else if refused * 2 >= voters {
            self.vote = None;
        }
    }

    fn remove(&mut self, person: Person) {
        if let Some(answers) = &mut self.vote {
            answers.retain(|(other, _)| *other != person);
        }
        self.voters.retain(|voter| *voter != person);
        self.spectators.retain(|spectator| *spectator != person);
        self.players.retain(|player| player.person != person);
        if self.host == Some(person) {
            let connected = self.players.iter().find(|player| !player.is_lost);
            self.host = connected.or(self.players.first()).map(|player| player.person);
        }
    }

    fn close(&mut self) {
        self.players.clear();
        self.spectators.clear();
        self.host = None;
        self.is_playing = false;
        self.is_closed = true;
    }

    fn return_to_lobby(&mut self, starts_when_full: bool) {
        self.is_playing = false;
        self.is_called = false;
        self.vote = None;
        self.starts_when_full = starts_when_full;
        self.players.iter_mut().for_each(|player| player.state = PlayerState::Idle);
    }

    /// Automatic changes: a match starts, a match without participants ends, an empty room closes.
    fn settle(&mut self) {
        self.count();
        // A full room in which all players give up starts the next match, in which all play: there is no third step.
        for _ in 0..3 {
            if self.is_playing && !self.players.iter().any(|player| player.state == PlayerState::Playing) {
                self.results += 1;
                self.return_to_lobby(true);
            }
            if self.players.is_empty() {
                return self.close();
            }
            self.is_called &= self.has_enough();
            if !self.is_playing && self.may_start() {
                self.is_playing = true;
                self.is_called = false;
                (self.may_ask, self.sent_away) = (true, 0);
                self.voters = self.players.iter().map(|player| player.person).collect();
                self.players.iter_mut().for_each(|player| player.state = PlayerState::Playing);
            }
        }
    }

    fn may_start(&self) -> bool {
        let ready = self.players.iter().filter(|player| !player.is_lost && player.state == PlayerState::Ready).count();
        let most_ready = ready * 2 > self.connected();
        let is_full = self.connected() == usize::from(self.seats);
        self.has_enough() && (self.is_called || most_ready || (is_full && self.starts_when_full))
    }

    fn has_enough(&self) -> bool {
        self.connected() >= if self.seats == 1 { 1 } else { 2 }
    }

    fn connected(&self) -> usize {
        self.players.iter().filter(|player| !player.is_lost).count()
    }

    fn commands(&self, person: Person) -> bool {
        self.host == Some(person) && self.is_connected(person)
    }

    fn commands_other(&self, person: Person, other: Person) -> bool {
        self.commands(person) && person != other && self.player(other).is_some()
    }

    fn fits(&self, seats: u8) -> bool {
        self.players.iter().all(|player| player.slot < seats)
    }

    fn is_here(&self, person: Person) -> bool {
        self.player(person).is_some() || self.spectators.contains(&person)
    }

    fn change(&mut self, person: Person, change: impl FnOnce(&mut ModelPlayer)) {
        if let Some(player) = self.players.iter_mut().find(|player| player.person == person) {
            change(player);
        }
    }
}
