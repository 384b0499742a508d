//! The room as the client knows it: the welcome, and every event since.

use std::time::Duration;

use framehouse_shared::{
    ids::{PlayerId, RoomCode, SLOTS_MAX, Slot},
    protocol::messages::{
        AbortVote, LeaderboardRow, Member, Phase, PlayerState, RankingEntry, RoomEvent, RoomOptions, Welcome,
    },
    tick::{SimRate, Tick},
};

/// A room, as the server described it.
#[derive(Clone, Debug)]
pub struct RoomView {
    /// The room's code, its name for people.
    pub code: RoomCode,
    /// The options that the host has chosen.
    pub options: RoomOptions,
    /// Ticks a second.
    pub tick_rate: u16,
    /// The tick rate for the simulation.
    pub rate: SimRate,
    /// Our own player.
    pub player: PlayerId,
    /// Our own seat; nothing for a spectator.
    pub slot: Option<Slot>,
    /// All members, by seat.
    pub members: [Option<Member>; SLOTS_MAX],
    /// The host's seat.
    pub host: Option<Slot>,
    /// Number of spectators.
    pub spectators: u8,
    /// The phase of the room.
    pub phase: Phase,
    /// For each seat, the name of its present or last player.
    pub names: [String; SLOTS_MAX],
    /// When the match starts because most players are ready, in the client's time.
    pub starts_at: Option<Duration>,
    /// The open vote on ending the match, and when it ends, in the client's time.
    pub vote: Option<(AbortVote, Duration)>,
    /// Our last answer to the open vote.
    answer: Option<bool>,
    next_msg_id: u64,
}

/// The results of a match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchResults {
    /// The match's number in its room.
    pub match_no: u32,
    /// The last tick that was simulated.
    pub last_tick: Tick,
    /// The players, best first. Empty at first for a client that joins during the results: the ranking arrives after
    /// the welcome.
    pub ranking: Vec<RankingEntry>,
    /// Score curves by slot: pairs of a tick and the points after it, oldest first. Empty for a slot without a player,
    /// and until the curve arrives.
    pub curves: [Vec<(Tick, i64)>; SLOTS_MAX],
}

/// An announced restart of the server: the running match goes on to its end, and no other one starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draining {
    /// When matches that still run are ended without a result, in the client's time; `None` if the server waits for all
    /// of them.
    pub until: Option<Duration>,
}

/// A leaderboard during a match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaderboard {
    /// The match's number in its room.
    pub match_no: u32,
    /// The tick after which it was made.
    pub tick: Tick,
    /// The rows, best first.
    pub entries: Vec<LeaderboardRow>,
}

impl RoomView {
    /// The room that a welcome describes; nothing if the welcome is invalid.
    pub fn new(welcome: Welcome, now: Duration) -> Option<Self> {
        let seats = welcome.options.seats;
        let is_sane =
            (1..=SLOTS_MAX).contains(&usize::from(seats)) && welcome.slot.is_none_or(|slot| u8::from(slot) < seats);
        let rate = SimRate::new(welcome.tick_rate).filter(|_| is_sane)?;
        let mut room = Self {
            code: welcome.code,
            options: welcome.options,
            tick_rate: welcome.tick_rate,
            rate,
            player: welcome.player,
            slot: welcome.slot,
            members: Default::default(),
            host: welcome.host,
            spectators: welcome.spectators,
            phase: welcome.phase,
            names: Default::default(),
            starts_at: welcome.starts_in.map(|ticks| now + time_of(ticks, rate)),
            vote: welcome.vote.map(|vote| (vote, now + time_of(vote.ticks, rate))),
            answer: None,
            next_msg_id: welcome.next_msg_id,
        };
        welcome.members.into_iter().for_each(|member| room.seat(member));
        is_sane.then_some(room)
    }

    /// Checks and takes the next event number.
    ///
    /// # Errors
    /// When events are missing, or this one arrived before.
    pub fn take_msg_id(&mut self, msg_id: u64) -> Result<(), String> {
        let due = self.next_msg_id;
        self.next_msg_id = due.max(msg_id.saturating_add(1));
        if msg_id == due { Ok(()) } else { Err(format!("room event {msg_id} arrived where {due} was due")) }
    }

    /// Applies an event that arrived at `now`.
    pub fn apply(&mut self, event: &RoomEvent, now: Duration) {
        let rate = self.rate;
        let after = |ticks| now + time_of(ticks, rate);
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
                (self.starts_at, self.vote, self.answer) = (None, None, None);
            }
            RoomEvent::Host { slot } => self.host = Some(*slot),
            RoomEvent::Options(options) => self.options = options.clone(),
            RoomEvent::Spectators { count } => self.spectators = *count,
            RoomEvent::Code(code) => self.code = *code,
            RoomEvent::StartsIn { ticks } => self.starts_at = ticks.map(after),
            RoomEvent::AbortVote(vote) => {
                self.vote = vote.map(|vote| (vote, after(vote.ticks)));
                self.answer = self.answer.filter(|_| vote.is_some());
            }
            RoomEvent::GameMessage { .. } | RoomEvent::Chat { .. } => {}
        }
    }

    /// Notes our answer to the open vote. Returns whether it is another one than the last.
    pub fn note_answer(&mut self, agrees: bool) -> bool {
        self.answer.replace(agrees) != Some(agrees)
    }

    /// Our own player state.
    pub fn own_state(&self) -> PlayerState {
        let own = self.slot.and_then(|slot| self.members[slot.index()].as_ref());
        own.map_or(PlayerState::Spectating, |member| member.state)
    }

    /// Our seat if we play the match from it; nothing for spectators and for players who gave up.
    pub fn playing_slot(&self) -> Option<Slot> {
        self.slot.filter(|_| self.own_state() != PlayerState::Aborted)
    }

    fn free(&mut self, slot: Slot) {
        self.members[slot.index()] = None;
        // The server announces the next host, if there is anybody left.
        self.host = self.host.filter(|host| *host != slot);
    }

    fn seat(&mut self, member: Member) {
        let slot = member.slot.index();
        self.names[slot].clone_from(&member.name);
        self.members[slot] = Some(member);
    }
}

fn time_of(ticks: u32, rate: SimRate) -> Duration {
    Duration::from_nanos(u64::from(ticks) * 1_000_000_000 / u64::from(rate.hz()))
}

#[cfg(test)]
mod tests {
    use framehouse_shared::protocol::end::EndCode;

    use super::*;
    use crate::fake_server::{OWN, welcome};

    const BOB: Slot = Slot::new(2).expect("in range");
    const NOW: Duration = Duration::from_secs(7);
    const LOBBY: Phase = Phase::Lobby { reason: None };

    /// A room with Ada as host, and Bob.
    fn room() -> RoomView {
        let mut room = RoomView::new(welcome(Some(OWN), LOBBY), NOW).expect("a sane welcome");
        let bob = Member { player: PlayerId(4), slot: BOB, name: "bob".to_owned(), state: PlayerState::Idle };
        room.apply(&RoomEvent::Joined(bob), NOW);
        room
    }

    fn tell(room: &mut RoomView, slot: Slot, state: PlayerState) {
        room.apply(&RoomEvent::State { slot, state }, NOW);
    }

    fn states(room: &RoomView) -> [Option<PlayerState>; 2] {
        [OWN, BOB].map(|slot| room.members[slot.index()].as_ref().map(|member| member.state))
    }

    #[test]
    fn a_phase_says_what_everybody_is_about() {
        let mut room = room();
        tell(&mut room, BOB, PlayerState::Ready);
        assert_eq!(states(&room), [Some(PlayerState::Idle), Some(PlayerState::Ready)]);
        room.apply(&RoomEvent::Phase(Phase::Loading { match_no: 1 }), NOW);
        assert_eq!(states(&room), [Some(PlayerState::Loading); 2]);
        [OWN, BOB].into_iter().for_each(|slot| tell(&mut room, slot, PlayerState::Loaded));
        room.apply(&RoomEvent::Phase(Phase::Countdown { match_no: 1, ticks: 90 }), NOW);
        tell(&mut room, BOB, PlayerState::Away);
        room.apply(&RoomEvent::Phase(Phase::Playing { match_no: 1 }), NOW);
        assert_eq!(states(&room), [Some(PlayerState::Playing), Some(PlayerState::Away)]);
        tell(&mut room, BOB, PlayerState::Playing);
        room.apply(&RoomEvent::Phase(Phase::Results { match_no: 1, last_tick: Tick(9), ranking: Vec::new() }), NOW);
        assert_eq!(states(&room), [Some(PlayerState::Finished); 2]);
        room.apply(&RoomEvent::Phase(LOBBY), NOW);
        assert_eq!(states(&room), [Some(PlayerState::Idle); 2]);
    }

    #[test]
    fn who_leaves_is_host_no_more_and_leaves_a_name() {
        let mut room = room();
        room.apply(&RoomEvent::Host { slot: BOB }, NOW);
        room.apply(&RoomEvent::Left { slot: BOB, code: EndCode::Left }, NOW);
        assert_eq!((states(&room)[1], room.host), (None, None));
        assert_eq!(room.names[BOB.index()], "bob");
        tell(&mut room, BOB, PlayerState::Ready);
        assert_eq!(states(&room)[1], None, "nobody sits there");
    }

    #[test]
    fn who_gives_up_or_has_no_seat_takes_no_part() {
        let mut room = room();
        assert_eq!(room.playing_slot(), Some(OWN));
        tell(&mut room, OWN, PlayerState::Aborted);
        assert_eq!((room.playing_slot(), room.slot), (None, Some(OWN)));
        let watching = RoomView::new(welcome(None, LOBBY), NOW).expect("a sane welcome");
        assert_eq!((watching.playing_slot(), watching.own_state()), (None, PlayerState::Spectating));
    }

    #[test]
    fn a_welcome_of_no_server_is_refused() {
        let refused = |change: fn(&mut Welcome)| {
            let mut welcome = welcome(Some(OWN), LOBBY);
            change(&mut welcome);
            RoomView::new(welcome, NOW).is_none()
        };
        assert!(!refused(|_| {}));
        assert!(refused(|welcome| welcome.options.seats = 17));
        assert!(refused(|welcome| welcome.options.seats = 1));
        assert!(refused(|welcome| welcome.tick_rate = 9));
        assert!(refused(|welcome| welcome.tick_rate = 121));
    }

    #[test]
    fn a_start_and_a_vote_have_an_end_in_our_time_and_none_in_the_next_phase() {
        let mut room = room();
        room.apply(&RoomEvent::StartsIn { ticks: Some(60) }, NOW);
        assert_eq!(room.starts_at, Some(NOW + Duration::from_secs(2)));
        room.apply(&RoomEvent::Phase(Phase::Playing { match_no: 1 }), NOW);
        let vote = AbortVote { voters: 3, agreed: 1, refused: 0, needed: 2, ticks: 90 };
        room.apply(&RoomEvent::AbortVote(Some(vote)), NOW);
        assert_eq!((room.starts_at, room.vote), (None, Some((vote, NOW + Duration::from_secs(3)))));
        room.apply(&RoomEvent::Phase(LOBBY), NOW);
        assert_eq!(room.vote, None);
        let long = RoomCode::long_from_number(1);
        room.apply(&RoomEvent::Code(long), NOW);
        assert_eq!(room.code, long);
    }
}
