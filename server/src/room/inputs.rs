//! Inputs: from a player's datagrams to the closed frame of a tick.

use std::time::Duration;

use bevy::prelude::*;
use framehouse_shared::{
    game::GameHandle,
    ids::{AccountId, PlayerId, SLOTS_MAX, Slot},
    input::{Frame, Input, RosterChange, RosterEvent},
    protocol::datagram::{Feedback, Inputs},
    score::{ScoreFrame, Scoreboard},
    sim::{SimRoom, SimTickCount},
    tick::Tick,
};

use super::{
    Members, Player, Room,
    clock::RoomClock,
    commands::{self, CommandQueue},
    current_match::{CurrentMatch, Seeds},
    phase::RoomPhase,
};
use crate::{
    counters::Counters,
    schedule::{Now, TickRate},
};

/// Seconds after its tick has closed during which an input still counts as late.
const LATE_SECONDS_MAX: f64 = 0.25;
/// Seconds before its tick closes from which on an input or a command is accepted.
pub(super) const EARLY_SECONDS_MAX: f64 = 2.125;
/// Seconds of missing inputs after which a player's input becomes neutral.
const HELD_SECONDS_MAX: f64 = 0.33;
/// Seconds between two frames with entropy: for so long a client can foresee the room's random numbers.
const ENTROPY_SECONDS: f64 = 1.0;
/// Seconds between two feedbacks to a client on its inputs.
const FEEDBACK_SECONDS: f64 = 0.13;
/// Seconds for which a client gets every frame twice after it has missed one. Repeats hide most further losses, so a
/// client on a network that loses packets has to wait for a missing frame about once in this time.
const REPEAT_SECONDS: f64 = 300.0;
/// Maximum number of former participants that a result can list, besides the last ones of each slot.
pub(super) const REPLACED_MAX: usize = 48;

/// The limits above, in ticks.
#[derive(Clone, Copy, Debug, Default)]
struct Limits {
    late: u32,
    early: u32,
    held: u32,
    feedback: u32,
}

impl Limits {
    fn at(rate: TickRate) -> Self {
        let ticks = |seconds| rate.of_simulation().ticks_min_1(seconds);
        Self {
            late: ticks(LATE_SECONDS_MAX),
            early: ticks(EARLY_SECONDS_MAX),
            held: ticks(HELD_SECONDS_MAX),
            feedback: ticks(FEEDBACK_SECONDS),
        }
    }

    /// Size of the ring (128 at 30 Hz): more than late and early ticks together, so that each tick has an entry of its
    /// own.
    const fn ring(self) -> usize {
        (self.late + self.early + 1).next_power_of_two() as usize
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Entry {
    #[default]
    Nothing,
    /// The first input received for this tick.
    Received(Tick, Input),
    /// The tick closed without an input.
    Replaced(Tick),
    /// The tick closed without an input, which arrived later.
    Late(Tick),
}

/// A player's inputs by tick. For each tick the first input counts.
#[derive(Component, Debug, Default)]
pub struct InputBuffer {
    /// Empty before the first input; then its length is a power of two.
    ring: Box<[Entry]>,
    limits: Limits,
    /// One past the newest tick an input came for; 0 before the first.
    end: Tick,
    held: Input,
    /// The newest received input that was applied, the one before it, and whether they differ.
    pressed: Input,
    before: Input,
    has_acted: bool,
    replaced_in_a_row: u32,
    feedback: Feedback,
    worst_since: Tick,
    is_urgent: bool,
}

impl InputBuffer {
    /// Size in memory, in bytes.
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + size_of_val(&*self.ring)
    }

    /// Number of stored inputs.
    pub fn len(&self) -> u32 {
        self.ring.iter().filter(|entry| matches!(entry, Entry::Received(..))).count() as u32
    }

    /// Whether no input is stored.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Stores the inputs of a message that arrived at `elapsed`. Returns how many of them were late.
    pub fn take(&mut self, message: &Inputs, clock: &RoomClock, elapsed: Duration, rate: TickRate) -> u32 {
        let late_before = self.feedback.late;
        if self.ring.is_empty() {
            self.limits = Limits::at(rate);
            self.ring = vec![Entry::Nothing; self.limits.ring()].into();
        }
        for (age, input) in message.inputs.iter().enumerate() {
            let Some(tick) = message.newest.0.checked_sub(age as u32) else { break };
            self.take_one(Tick(tick), *input, clock.next_tick);
        }
        let is_news = !message.inputs.is_empty() && message.newest >= self.end;
        if is_news && message.newest.since(clock.next_tick) <= self.limits.early {
            self.end = message.newest.plus(1);
            if let Some(margin) = clock.margin(message.newest, elapsed, rate) {
                self.note_margin(margin.clamp(i16::MIN.into(), i16::MAX.into()) as i16, message.newest, rate);
            }
        }
        self.feedback.late - late_before
    }

    /// Stores the input of a thin client. Without a tick it is for the next one that is open and has none, at most one
    /// ahead; if both have one, it replaces the later one. Returns how many inputs were late: 0 or 1.
    pub fn take_thin(
        &mut self,
        tick: Option<Tick>,
        input: Input,
        clock: &RoomClock,
        elapsed: Duration,
        rate: TickRate,
    ) -> u32 {
        let [open, next] = [clock.next_tick, clock.next_tick.plus(1)];
        let free = || [open, next].into_iter().find(|tick| !self.has(*tick));
        let Some(tick) = tick.or_else(free) else {
            *self.entry(next) = Entry::Received(next, input);
            return 0;
        };
        let mut inputs = Inputs {
            match_low: clock.match_low(),
            next_frame: Tick(0),
            seen_frames: Tick(0),
            newest: tick,
            inputs: Default::default(),
            report: None,
        };
        inputs.inputs.push(input);
        self.take(&inputs, clock, elapsed, rate)
    }

    /// Whether the input of a tick has come.
    fn has(&self, tick: Tick) -> bool {
        let entry = self.ring.get(tick.0 as usize & self.ring.len().saturating_sub(1));
        matches!(entry, Some(Entry::Received(at, _)) if *at == tick)
    }

    fn take_one(&mut self, tick: Tick, input: Input, open: Tick) {
        if open.since(tick) > self.limits.late || tick.since(open) > self.limits.early {
            return;
        }
        let entry = self.entry(tick);
        match *entry {
            Entry::Received(at, _) | Entry::Late(at) if at == tick => {}
            Entry::Replaced(at) if at == tick => {
                *entry = Entry::Late(tick);
                self.feedback.late += 1;
                self.is_urgent = true;
            }
            _ if tick >= open => *entry = Entry::Received(tick, input),
            _ => {}
        }
    }

    fn entry(&mut self, tick: Tick) -> &mut Entry {
        let index = tick.0 as usize & (self.ring.len() - 1);
        &mut self.ring[index]
    }

    fn note_margin(&mut self, margin: i16, tick: Tick, rate: TickRate) {
        self.feedback.margin = margin;
        let second_is_over = tick.since(self.worst_since) >= u32::from(rate.0);
        if second_is_over || margin < self.feedback.worst_margin {
            self.feedback.worst_margin = margin;
            self.worst_since = tick;
        }
        self.is_urgent |= margin < 0;
    }

    /// Returns the input for the frame of `tick`. A missing input repeats the held state without its edges, so that a
    /// lost packet does not stop a running player.
    pub fn close(&mut self, tick: Tick, missing_input: impl FnOnce(Input) -> Input) -> Input {
        if self.end == Tick(0) {
            // Before its first input a slot is neutral and nothing is counted. A strict room waits for it only once.
            self.replaced_in_a_row = self.replaced_in_a_row.max(1);
            return Input::NEUTRAL;
        }
        let entry = self.entry(tick);
        if let Entry::Received(at, input) = *entry
            && at == tick
        {
            self.held = input;
            self.has_acted |= input != self.pressed;
            self.before = std::mem::replace(&mut self.pressed, input);
            self.replaced_in_a_row = 0;
        } else {
            *entry = Entry::Replaced(tick);
            self.feedback.replaced += 1;
            self.replaced_in_a_row += 1;
            let is_silent = self.replaced_in_a_row > self.limits.held;
            self.held = if is_silent { Input::NEUTRAL } else { missing_input(self.held) };
        }
        self.held
    }

    /// Takes whether the player has changed its input since the last call.
    const fn take_acted(&mut self) -> bool {
        std::mem::replace(&mut self.has_acted, false)
    }

    /// The received input before, and that of the newest closed tick, if it was received and they differ.
    pub(super) fn changed(&self) -> Option<(Input, Input)> {
        (self.replaced_in_a_row == 0 && self.before != self.pressed).then_some((self.before, self.pressed))
    }

    /// Whether a waiting room should wait for this player's input: it is missing, and the input before it was not.
    pub fn is_worth_waiting_for(&self, tick: Tick) -> bool {
        !self.has(tick) && self.replaced_in_a_row == 0
    }

    /// One past the newest tick with an input; 0 before the first.
    pub const fn end(&self) -> Tick {
        self.end
    }

    /// Time from the arrival of the newest input to the close of its tick; 0 if it was late, `None` before the first
    /// input.
    pub fn margin(&self, rate: TickRate) -> Option<Duration> {
        let ticks = f64::from(self.feedback.margin.max(0)) / 256.0;
        (self.end > Tick(0)).then(|| Duration::from_secs_f64(ticks / f64::from(rate.0)))
    }

    /// Input statistics so far.
    pub const fn feedback_so_far(&self) -> Feedback {
        self.feedback
    }

    /// Feedback for the client with the newest `unsent` frames, up to `tick`, if it is due: every 0.13 s, and at once
    /// after a late input.
    pub fn feedback(&mut self, tick: Tick, unsent: u32) -> Option<Feedback> {
        let is_urgent = std::mem::take(&mut self.is_urgent);
        // The limits are set by the first input.
        let is_due = self.end > Tick(0) && (is_urgent || tick.0 % self.limits.feedback < unsent);
        is_due.then_some(self.feedback)
    }
}

/// Synchronisation state of a client: frames it has, snapshots, and hashes it reports.
#[derive(Component, Debug, Default)]
pub struct SyncState {
    /// The first frame the client does not have.
    pub(super) next_frame: Tick,
    /// One past the newest frame it has.
    pub(super) seen_frames: Tick,
    /// When the client has first said so, since the server's start. Taken when it is measured.
    pub(super) seen_at: Option<Duration>,
    /// The round trip as it was measured last.
    pub(super) round_trip: Option<Duration>,
    /// Tick of the server until which it gets every frame twice, because it has lost frames.
    pub(super) repeat_until: u64,
    /// Whether it needs a snapshot.
    pub(super) snapshot_due: bool,
    /// Server tick of the last snapshot.
    pub(super) snapshot_sent_at: u64,
    /// First tick after the last snapshot.
    pub(super) snapshot_tick: Option<Tick>,
    /// First tick from which reported hashes are compared; earlier ones may be of a state that was replaced. `None`
    /// until the client has loaded the last snapshot.
    pub(super) compared_from: Option<Tick>,
    /// A reported tick with the hash of the client's state after it, not compared yet.
    pub(super) report: Option<(Tick, u64)>,
}

impl SyncState {
    /// The state at the start of a match, or with a new snapshot. Only `repeat_until` is kept.
    pub(super) fn begin_anew(&self) -> Self {
        Self { repeat_until: self.repeat_until, ..Self::default() }
    }

    /// Stores a client's report that has just arrived. Reports may arrive out of order, so only newer information counts.
    pub fn note(&mut self, message: &Inputs, now: &Now, rate: TickRate) {
        if message.seen_frames > self.seen_frames {
            self.seen_at = Some(now.elapsed);
        }
        self.next_frame = self.next_frame.max(message.next_frame);
        self.seen_frames = self.seen_frames.max(message.seen_frames);
        self.report = message.report.or(self.report);
        if message.seen_frames > message.next_frame {
            self.repeat_until = now.tick + u64::from(rate.ticks_in_seconds(REPEAT_SECONDS));
        }
    }

    /// Whether the client gets every frame twice in this tick of the server.
    pub(super) const fn gets_repeats(&self, now: u64) -> bool {
        now < self.repeat_until
    }

    /// The first frame the client does not have.
    pub const fn next_frame(&self) -> Tick {
        self.next_frame
    }

    /// First tick after the last snapshot; 0 before the first.
    pub fn snapshot_tick(&self) -> Tick {
        self.snapshot_tick.unwrap_or_default()
    }

    /// Measures the time from the close of the newest tick whose frame the client has until it said so, less `wait`; `None` if
    /// it has said nothing since the last call. What it says may be wrong.
    pub fn measure_round_trip(&mut self, clock: &RoomClock, rate: TickRate, wait: Duration) -> Option<Duration> {
        let seen_at = self.seen_at.take()?;
        let round_trip = seen_at.checked_sub(clock.closes_at(self.seen_frames.minus(1), rate)?)?;
        self.round_trip = Some(round_trip.saturating_sub(wait));
        self.round_trip
    }

    /// The round trip as it was measured last.
    pub const fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// Takes the reported tick and hash, if they were not compared yet.
    pub fn take_report(&mut self) -> Option<(Tick, u64)> {
        self.report.take()
    }

    /// Whether the client's hash of this tick is compared.
    pub fn is_compared(&self, tick: Tick) -> bool {
        self.compared_from.is_some_and(|from| tick >= from)
    }

    /// Requests a snapshot to replace the client's state. Its reports are ignored until it has loaded the snapshot.
    pub fn replace_state(&mut self) {
        self.snapshot_due = true;
        self.compared_from = None;
    }
}

/// A player in a match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participant {
    /// Id of the player.
    pub player: PlayerId,
    /// Lasting id of the player.
    pub account: AccountId,
    /// Name of the player.
    pub name: String,
}

/// Participants of a match by slot. Their changes become join and leave events in frames.
#[derive(Component, Debug, Default)]
pub struct Participants {
    present: [bool; SLOTS_MAX],
    /// The current or last participant of each slot.
    last: [Option<Participant>; SLOTS_MAX],
    /// Earlier participants whose slot was given to another player, with their last score; at most [`REPLACED_MAX`].
    replaced: Vec<(Slot, Participant, ScoreFrame)>,
}

impl Participants {
    /// The current or last participant of a slot.
    pub fn last(&self, slot: Slot) -> Option<&Participant> {
        self.last[slot.index()].as_ref()
    }

    /// Name of the current or last participant of a slot; empty if there was none.
    pub fn name(&self, slot: Slot) -> &str {
        self.last(slot).map_or("", |seated| &seated.name)
    }

    /// Earlier participants whose slot was given to another player, with their last score.
    pub fn replaced(&self) -> &[(Slot, Participant, ScoreFrame)] {
        &self.replaced
    }

    /// Sets the participant of a slot, and adds the join and leave events to the frame.
    fn change(&mut self, slot: Slot, now: Option<&Player>, scores: Option<&Scoreboard>, frame: &mut Frame) {
        let before = self.last(slot).filter(|_| self.present[slot.index()]).map(|seated| seated.player);
        if before == now.map(|player| player.id) {
            return;
        }
        self.present[slot.index()] = now.is_some();
        if before.is_some() {
            frame.events.push(RosterEvent { change: RosterChange::Leave, slot });
        }
        let Some(player) = now else { return };
        frame.events.push(RosterEvent { change: RosterChange::Join, slot });
        let seated = Participant { player: player.id, account: player.account, name: player.name.clone() };
        let earlier = self.last[slot.index()].replace(seated);
        if let (Some(earlier), Some(scores)) = (earlier, scores)
            && self.replaced.len() < REPLACED_MAX
        {
            self.replaced.push((slot, earlier, scores.slots[slot.index()]));
        }
    }
}

type RoomItem = (
    &'static mut Room,
    &'static RoomPhase,
    Option<&'static Members>,
    &'static mut SimRoom,
    &'static mut RoomClock,
    &'static mut Participants,
    Option<(&'static mut Frame, &'static SimTickCount, &'static Scoreboard, &'static CurrentMatch)>,
);

/// Closes this tick's frame of every playing room. Runs in `TickSet::Commit`.
pub fn close_frames(
    now: Res<Now>,
    rate: Res<TickRate>,
    game: Res<GameHandle>,
    seeds: Res<Seeds>,
    mut counters: ResMut<Counters>,
    mut rooms: Query<RoomItem>,
    mut players: Query<(&Player, &mut InputBuffer)>,
    mut queues: Query<&mut CommandQueue>,
) {
    let entropy_ticks = rate.of_simulation().ticks_min_1(ENTROPY_SECONDS);
    for (mut room, phase, members, mut sim, mut clock, mut participants, state) in &mut rooms {
        sim.stepping = matches!(phase, RoomPhase::Playing { .. }) && !sim.is_faulted();
        let Some((mut frame, tick, scores, current)) = state.filter(|_| sim.stepping) else { continue };
        let tick = tick.0;
        if clock.waited < room.wait_ticks_max && is_waiting(tick, Members::entities(members), &players) {
            sim.stepping = false;
            clock.wait(now.scheduled, *rate);
            continue;
        }
        *frame = Frame { tick, ..default() };
        let mut here = [None; SLOTS_MAX];
        sim.isolate(|| {
            here = close_inputs(&mut frame, Members::entities(members), &mut players, &game, &mut counters);
        });
        if sim.is_faulted() {
            sim.stepping = false;
            continue;
        }
        for slot in Slot::all() {
            let player = here[slot.index()].and_then(|entity| players.get(entity).ok());
            participants.change(slot, player.map(|(player, _)| player), Some(scores), &mut frame);
        }
        if here
            .into_iter()
            .flatten()
            .any(|entity| players.get_mut(entity).is_ok_and(|(_, mut buffer)| buffer.take_acted()))
        {
            room.active_at = now.tick;
        }
        frame.events.sort();
        if tick.0.is_multiple_of(entropy_ticks) {
            frame.entropy = Some(seeds.entropy(current, tick));
        }
        commands::fill_frame(&mut frame, clock.match_no, &here, &mut queues);
        clock.close_tick(now.scheduled, *rate);
    }
}

/// Puts the inputs of all participants into the frame. Returns their entities by slot. This calls the game's code.
fn close_inputs(
    frame: &mut Frame,
    members: &[Entity],
    players: &mut Query<(&Player, &mut InputBuffer)>,
    game: &GameHandle,
    counters: &mut Counters,
) -> [Option<Entity>; SLOTS_MAX] {
    let mut here = [None; SLOTS_MAX];
    for &entity in members {
        let Ok((player, mut buffer)) = players.get_mut(entity) else { continue };
        if player.takes_part() {
            here[player.slot.index()] = Some(entity);
            let replaced_before = buffer.feedback.replaced;
            frame.inputs[player.slot.index()] = buffer.close(frame.tick, |last| game.missing_input(last));
            counters.inputs_replaced += u64::from(buffer.feedback.replaced - replaced_before);
        }
    }
    here
}

/// Whether an input for this tick is missing that the room should wait for.
fn is_waiting(tick: Tick, members: &[Entity], players: &Query<(&Player, &mut InputBuffer)>) -> bool {
    members.iter().filter_map(|player| players.get(*player).ok()).any(|(player, buffer)| {
        player.takes_part() && player.presence.is_connected() && buffer.is_worth_waiting_for(tick)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RATE: TickRate = TickRate(30);

    fn clock_at(next: u32) -> RoomClock {
        let mut clock = RoomClock::default();
        clock.start(Duration::from_secs(100));
        for tick in 0..next {
            clock.close_tick(Duration::from_secs(100) + RATE.time_of(Tick(tick)), RATE);
        }
        clock
    }

    fn message(newest: u32, inputs: &[u8]) -> Inputs {
        let input = |n: &u8| Input([*n, 0, 0, 0, 0, 0, 0, 0]);
        Inputs {
            match_low: 1,
            next_frame: Tick(0),
            seen_frames: Tick(0),
            newest: Tick(newest),
            inputs: inputs.iter().map(input).collect(),
            report: None,
        }
    }

    fn clear_last_byte(mut held: Input) -> Input {
        held.0[7] = 0;
        held
    }

    #[test]
    fn a_late_input_is_not_applied_twice_and_counted_once() {
        let mut buffer = InputBuffer::default();
        buffer.take(&message(0, &[1]), &clock_at(0), Duration::from_secs(100), RATE);
        assert_eq!(buffer.close(Tick(0), clear_last_byte).0[0], 1);
        assert_eq!(buffer.close(Tick(1), clear_last_byte).0[0], 1);
        let late = message(1, &[9]);
        buffer.take(&late, &clock_at(2), Duration::from_secs(101), RATE);
        buffer.take(&late, &clock_at(2), Duration::from_secs(101), RATE);
        assert_eq!(buffer.feedback.late, 1);
        assert_eq!(buffer.feedback.replaced, 1);
        assert_eq!(buffer.close(Tick(2), clear_last_byte).0[0], 1);
    }

    #[test]
    fn a_missing_input_clears_edges_and_lets_go_after_ten_ticks() {
        let mut buffer = InputBuffer::default();
        let mut pressed = message(0, &[5]);
        pressed.inputs[0].0[7] = 1;
        buffer.take(&pressed, &clock_at(0), Duration::from_secs(100), RATE);
        assert_eq!(buffer.close(Tick(0), clear_last_byte).0, [5, 0, 0, 0, 0, 0, 0, 1]);
        for tick in 1..=10 {
            assert_eq!(buffer.close(Tick(tick), clear_last_byte).0, [5, 0, 0, 0, 0, 0, 0, 0]);
        }
        assert_eq!(buffer.close(Tick(11), clear_last_byte), Input::NEUTRAL);
    }

    #[test]
    fn only_a_received_input_is_a_change() {
        let mut buffer = InputBuffer::default();
        assert_eq!(buffer.changed(), None);
        // The newest comes first.
        buffer.take(&message(1, &[5, 7]), &clock_at(0), Duration::from_secs(100), RATE);
        let input = |number| Input([number, 0, 0, 0, 0, 0, 0, 0]);
        let expected = [Some((Input::NEUTRAL, input(7))), Some((input(7), input(5))), None];
        for (tick, changed) in (0..).zip(expected) {
            buffer.close(Tick(tick), clear_last_byte);
            assert_eq!(buffer.changed(), changed, "tick {tick}");
        }
    }

    #[test]
    fn inputs_without_a_tick_fill_the_open_tick_and_the_next_and_lose_no_time() {
        let mut buffer = InputBuffer::default();
        let input = |number| Input([number, 0, 0, 0, 0, 0, 0, 0]);
        let take = |buffer: &mut InputBuffer, number, open| {
            buffer.take_thin(None, input(number), &clock_at(open), Duration::from_secs(100), RATE)
        };
        for number in 1..=4 {
            take(&mut buffer, number, 5);
        }
        assert_eq!(buffer.close(Tick(5), clear_last_byte), input(1), "the first one counts for its tick");
        assert_eq!(buffer.close(Tick(6), clear_last_byte), input(4), "the last one of too many");
        take(&mut buffer, 5, 7);
        assert_eq!(buffer.close(Tick(7), clear_last_byte), input(5));
    }

    #[test]
    fn inputs_without_a_tick_are_taken_while_one_waits_for_a_tick_far_ahead() {
        let mut buffer = InputBuffer::default();
        let input = |number| Input([number, 0, 0, 0, 0, 0, 0, 0]);
        buffer.take_thin(Some(Tick(60)), input(9), &clock_at(5), Duration::from_secs(100), RATE);
        for tick in 5..60 {
            buffer.take_thin(None, input(tick as u8), &clock_at(tick), Duration::from_secs(100), RATE);
            assert_eq!(buffer.close(Tick(tick), clear_last_byte), input(tick as u8));
        }
        assert_eq!(buffer.close(Tick(60), clear_last_byte), input(9));
    }

    #[test]
    fn inputs_outside_the_bounds_are_ignored() {
        let mut buffer = InputBuffer::default();
        let clock = clock_at(100);
        buffer.take(&message(u32::MAX, &[1, 2, 3]), &clock, Duration::from_secs(100), RATE);
        buffer.take(&message(165, &[1]), &clock, Duration::from_secs(100), RATE);
        assert_eq!(buffer.end(), Tick(0));
        buffer.take(&message(164, &[1]), &clock, Duration::from_secs(100), RATE);
        assert_eq!(buffer.end(), Tick(165));
    }

    proptest! {
        /// For any arrival order, the first input that arrives before its tick closes is applied. Each message has
        /// other values here, because no message can change an earlier one.
        #[test]
        fn the_first_input_in_time_wins_under_any_arrival_order(
            arrivals in proptest::collection::vec((0u32..60, 0u32..60, 1usize..=8), 0..200),
        ) {
            let mut buffer = InputBuffer::default();
            let mut expected: [Option<u8>; 60] = [None; 60];
            let mut messages = 0;
            let mut arrivals = arrivals;
            arrivals.sort_by_key(|(at, ..)| *at);
            let mut arrivals = arrivals.into_iter().peekable();
            for open in 0..60u32 {
                let clock = clock_at(open);
                while let Some((_, newest, count)) = arrivals.next_if(|(at, ..)| *at == open) {
                    messages += 1;
                    let inputs = vec![messages; count.min(newest as usize + 1)];
                    for tick in (0..inputs.len() as u32).map(|age| newest - age).filter(|tick| *tick >= open) {
                        expected[tick as usize].get_or_insert(messages);
                    }
                    buffer.take(&message(newest, &inputs), &clock, Duration::from_secs(100), RATE);
                }
                let applied = buffer.close(Tick(open), clear_last_byte).0[0];
                if let Some(expected) = expected[open as usize] {
                    prop_assert_eq!(applied, expected);
                }
            }
        }
    }
}
