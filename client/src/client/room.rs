//! The room as this client knows it: the welcome, and every event since.

use framehouse_shared::{
    ids::{PlayerId, RoomCode, SLOTS_MAX, Slot},
    protocol::control::{LeaderboardEntry, Member, Phase, PlayerState, RoomEvent, RoomOptions, Standing, Welcome},
    tick::Tick,
};

/// The fastest tick rate that a server may ask for.
const TICK_RATE_MAX: u16 = 240;

/// A room, as it was told.
#[derive(Clone, Debug)]
pub struct RoomView {
    /// Its name for people.
    pub code: RoomCode,
    /// What its host has decided.
    pub options: RoomOptions,
    /// Ticks a second.
    pub tick_rate: u16,
    /// Our own player.
    pub player: PlayerId,
    /// Our own seat; a spectator has none.
    pub slot: Option<Slot>,
    /// Everybody who has a seat, by seat.
    pub members: [Option<Member>; SLOTS_MAX],
    /// The host's seat.
    pub host: Option<Slot>,
    /// How many people watch.
    pub spectators: u8,
    /// Where the room is in its life.
    pub phase: Phase,
    /// The name of who sits in each seat, or sat there last.
    pub names: [String; SLOTS_MAX],
    next_msg_id: u64,
}

/// How a match ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchResults {
    /// The match's number in its room.
    pub match_no: u32,
    /// The last tick that was simulated.
    pub last_tick: Tick,
    /// Best first.
    pub ranking: Vec<LeaderboardEntry>,
}

/// A leaderboard in the middle of a match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaderboard {
    /// The match's number in its room.
    pub match_no: u32,
    /// The tick after which it was made.
    pub tick: Tick,
    /// Best first.
    pub entries: Vec<Standing>,
}

impl RoomView {
    /// The room of a welcome; nothing when no server would say that.
    pub fn new(welcome: Welcome) -> Option<Self> {
        let seats = welcome.options.seats;
        let is_sane = (1..=SLOTS_MAX).contains(&usize::from(seats))
            && (1..=TICK_RATE_MAX).contains(&welcome.tick_rate)
            && welcome.slot.is_none_or(|slot| u8::from(slot) < seats);
        let mut room = Self {
            code: welcome.code,
            options: welcome.options,
            tick_rate: welcome.tick_rate,
            player: welcome.player,
            slot: welcome.slot,
            members: Default::default(),
            host: welcome.host,
            spectators: welcome.spectators,
            phase: welcome.phase,
            names: Default::default(),
            next_msg_id: welcome.next_msg_id,
        };
        welcome.members.into_iter().for_each(|member| room.seat(member));
        is_sane.then_some(room)
    }

    /// Takes the next event's number; says what is wrong with another one.
    ///
    /// # Errors
    /// When events are missing, or this one came before.
    pub fn take_msg_id(&mut self, msg_id: u64) -> Result<(), String> {
        let due = self.next_msg_id;
        self.next_msg_id = due.max(msg_id.saturating_add(1));
        if msg_id == due { Ok(()) } else { Err(format!("room event {msg_id} came where {due} was due")) }
    }

    /// Applies an event.
    pub fn apply(&mut self, event: &RoomEvent) {
        match event {
            RoomEvent::Joined(member) => self.seat(member.clone()),
            RoomEvent::Left { slot, .. } => self.free(*slot),
            RoomEvent::State { slot, state } => {
                if let Some(member) = &mut self.members[slot.index()] {
                    member.state = *state;
                }
            }
            RoomEvent::Phase(phase) => {
                self.members.iter_mut().flatten().for_each(|member| member.state = member.state.after(phase));
                self.phase = phase.clone();
            }
            RoomEvent::Host { slot } => self.host = Some(*slot),
            RoomEvent::Options(options) => self.options = options.clone(),
            RoomEvent::Spectators { count } => self.spectators = *count,
            RoomEvent::Message { .. } | RoomEvent::Chat { .. } => {}
        }
    }

    /// What we are about ourselves.
    pub fn own_state(&self) -> PlayerState {
        let own = self.slot.and_then(|slot| self.members[slot.index()].as_ref());
        own.map_or(PlayerState::Spectating, |member| member.state)
    }

    /// Our seat if we have a part in the match from there: who gave the match up only watches, like a spectator.
    pub fn playing_slot(&self) -> Option<Slot> {
        self.slot.filter(|_| self.own_state() != PlayerState::Aborted)
    }

    fn free(&mut self, slot: Slot) {
        self.members[slot.index()] = None;
        // Whoever is the next host is told; where nobody is left, nobody is told.
        self.host = self.host.filter(|host| *host != slot);
    }

    fn seat(&mut self, member: Member) {
        let slot = member.slot.index();
        self.names[slot].clone_from(&member.name);
        self.members[slot] = Some(member);
    }
}
