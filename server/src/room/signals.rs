//! Cheat signals: what a player's inputs show that a person cannot do, counted by player and match. They are shown to the
//! operator and have no other effect. Nothing here changes a simulation.
//!
//! The game says what an input shows ([`Game::observe`](framehouse_shared::game::Game::observe)), and here is what a person
//! can do. Only inputs that have arrived count, and only those that differ from the one before: the work of a tick is
//! proportional to the players, and most ticks of a player need none.

use bevy::{ecs::resource::IsResource, prelude::*};
use framehouse_shared::{
    api::CheatSignals,
    game::GameHandle,
    ids::Slot,
    input::Input,
    observation::{ACTIONS_MAX, Observation},
    sim::{SimRoom, SimTickCount},
    tick::{SimRate, Tick},
};

use super::{
    InRoom, Player, Room,
    clock::RoomClock,
    current_match::CurrentMatch,
    inputs::InputBuffer,
    who::{Who, log_line},
};
use crate::{counters::Counters, schedule::TickRate};

/// Presses of one key in a second that a finger still makes. Finger tapping tests (Halstead and Reitan) count 50 to 60 taps in
/// ten seconds, and twice as many are beyond anybody.
const PRESSES_PER_S_MAX: u32 = 12;
/// Number of constant intervals between presses that nobody keeps: even steady people vary by some percent, so that in a row
/// of 64 the presses drift over the border of a tick. Short intervals vary by less, and need a longer row.
const EQUAL_INTERVALS: u32 = 64;
const EQUAL_SHORT_INTERVALS: u32 = 160;
/// Ticks from which on an interval is not short.
const LONG_INTERVAL_TICKS: u32 = 8;
/// Ticks a second from which on a tick is short enough for that.
const REGULAR_HZ_MIN: u16 = 30;
/// Longest interval between two presses of a row, in seconds.
const INTERVAL_S_MAX: f64 = 2.0;
/// Shortest reaction of a person, in milliseconds: whoever moves earlier after the gun has made a false start (World
/// Athletics, Technical Rules 16.6). A player's way to the server and back comes on top.
const REACTION_MS_MIN: u32 = 100;
/// Time after which an input answers something else, in seconds.
const REACTION_S_MAX: f64 = 0.5;
/// Number of reactions in a row that are too soon. Somebody who never reacts presses at random times: one in five is too
/// soon, and five in a row are one in three thousand.
const SOON_IN_A_ROW: u32 = 5;
/// Number of exact aims in a row. A good player's aims are exact in at most two of five cases, as an aim has 256 directions
/// or so: 16 in a row happen once in two million.
const EXACT_IN_A_ROW: u32 = 16;
/// Time between two aims that are looked at, in seconds: an aim that follows its target well does so for a while.
const AIM_INTERVAL_S: f64 = 0.5;

/// What is known about a player's inputs in its newest match.
#[derive(Component, Clone, Debug, Default)]
pub struct InputSignals {
    match_no: u32,
    counted: CheatSignals,
    presses: [Presses; ACTIONS_MAX],
    soon_in_a_row: u32,
    exact_in_a_row: u32,
    next_aim: Tick,
}

/// Presses of one key.
#[derive(Clone, Copy, Debug, Default)]
struct Presses {
    newest: Option<Tick>,
    /// Ticks between the newest two.
    interval: u32,
    /// Number of such intervals in a row.
    equal: u32,
    /// The second of the newest one, and the presses in it.
    second: u32,
    in_second: u32,
}

impl Presses {
    /// Notes a press. Returns whether it is one too many in its second, and whether it ends a row of constant intervals.
    fn note(&mut self, tick: Tick, rate: SimRate) -> (bool, bool) {
        let second = tick.0 / u32::from(rate.hz());
        self.in_second = if second == self.second { self.in_second + 1 } else { 1 };
        self.second = second;
        let interval = self.newest.replace(tick).map_or(0, |newest| tick.since(newest));
        let goes_on = interval > 0 && interval == self.interval && interval <= rate.ticks(INTERVAL_S_MAX);
        self.equal = if goes_on { self.equal + 1 } else { 1 };
        self.interval = interval;
        let row = if interval < LONG_INTERVAL_TICKS { EQUAL_SHORT_INTERVALS } else { EQUAL_INTERVALS };
        let is_regular = rate.hz() >= REGULAR_HZ_MIN && self.equal == row;
        if is_regular {
            self.equal = 0;
        }
        (self.in_second == PRESSES_PER_S_MAX + 1, is_regular)
    }
}

impl InputSignals {
    /// Signals in the match with this number in its room.
    pub fn of_match(&self, match_no: u32) -> CheatSignals {
        if self.match_no == match_no { self.counted } else { CheatSignals::default() }
    }

    /// Notes what the input of a tick shows. Returns the new signals.
    fn note(&mut self, seen: Observation, tick: Tick, rate: SimRate) -> CheatSignals {
        let mut new = CheatSignals::default();
        for (action, presses) in self.presses.iter_mut().enumerate() {
            if seen.begun & 1 << action != 0 {
                let (is_fast, is_regular) = presses.note(tick, rate);
                new.too_fast += u64::from(is_fast);
                new.too_regular += u64::from(is_regular);
            }
        }
        if let Some(ticks) = seen.reaction.filter(|ticks| *ticks <= rate.ticks(REACTION_S_MAX)) {
            let is_soon = ticks * 1000 < REACTION_MS_MIN * u32::from(rate.hz());
            new.too_soon += u64::from(ends_a_row(&mut self.soon_in_a_row, is_soon, SOON_IN_A_ROW));
        }
        if let Some(is_exact) = seen.is_exact.filter(|_| tick >= self.next_aim) {
            self.next_aim = tick.plus(rate.ticks(AIM_INTERVAL_S));
            new.too_exact += u64::from(ends_a_row(&mut self.exact_in_a_row, is_exact, EXACT_IN_A_ROW));
        }
        self.counted += new;
        new
    }
}

/// Counts how often something was so in a row. Returns whether that makes a whole row, after which the next one begins.
const fn ends_a_row(in_a_row: &mut u32, is_so: bool, row: u32) -> bool {
    *in_a_row = if is_so { *in_a_row + 1 } else { 0 };
    let is_whole = *in_a_row == row;
    if is_whole {
        *in_a_row = 0;
    }
    is_whole
}

type RoomParts = (
    EntityRef<'static>,
    &'static SimRoom,
    &'static SimTickCount,
    &'static RoomClock,
    &'static Room,
    &'static CurrentMatch,
);
type PlayerParts = (&'static Player, &'static InRoom, &'static InputBuffer, &'static mut InputSignals);

/// Counts what the inputs of this tick show, of the state before it. Runs in `TickSet::Commit`, after the frames are closed.
pub(super) fn count_signals(
    rate: Res<TickRate>,
    game: Res<GameHandle>,
    mut counters: ResMut<Counters>,
    rooms: Query<RoomParts, (Without<Player>, Without<IsResource>)>,
    mut players: Query<PlayerParts, Without<SimRoom>>,
) {
    for (player, room, inputs, mut signals) in &mut players {
        let Some((last, input)) = inputs.changed().filter(|_| player.takes_part()) else { continue };
        let Ok((entity, sim, tick, clock, room, current)) = rooms.get(room.0) else { continue };
        if !sim.stepping {
            continue;
        }
        if signals.match_no != clock.match_no() {
            *signals = InputSignals { match_no: clock.match_no(), ..default() };
        }
        let seen = observe(&game, sim, entity, player.slot, (last, input));
        let is_first = signals.counted.is_empty();
        let new = signals.note(seen, tick.0, rate.of_simulation());
        if is_first && !new.is_empty() {
            log_line!(INFO, Who::of_player(room, current, player), ?new, "inputs that a person cannot make");
        }
        counters.cheat_signals += new;
    }
}

fn observe(game: &GameHandle, sim: &SimRoom, room: EntityRef, slot: Slot, inputs: (Input, Input)) -> Observation {
    let mut seen = Observation::default();
    sim.isolate(|| seen = game.observe(room, slot, inputs.0, inputs.1));
    seen
}

#[cfg(test)]
mod tests {
    use framehouse_shared::rng::SimRng;

    use super::*;

    const KEY: Observation = Observation { begun: 1, reaction: None, is_exact: None };

    fn rate() -> SimRate {
        SimRate::DEFAULT
    }

    fn of_presses(ticks: impl IntoIterator<Item = u32>) -> CheatSignals {
        let mut signals = InputSignals::default();
        for tick in ticks {
            signals.note(KEY, Tick(tick), rate());
        }
        signals.counted
    }

    /// The signals of these observations, one every half second.
    fn of_moments(seen: impl IntoIterator<Item = Observation>) -> CheatSignals {
        let mut signals = InputSignals::default();
        for (tick, seen) in (0..).step_by(15).zip(seen) {
            signals.note(seen, Tick(tick), rate());
        }
        signals.counted
    }

    const fn reaction(ticks: u32) -> Observation {
        Observation { begun: 0, reaction: Some(ticks), is_exact: None }
    }

    const fn aim(is_exact: bool) -> Observation {
        Observation { begun: 0, reaction: None, is_exact: Some(is_exact) }
    }

    #[test]
    fn a_program_that_presses_in_every_second_tick_is_too_fast_in_every_second() {
        let counted = of_presses((0..300).step_by(2));
        assert_eq!((counted.too_fast, counted.too_regular), (10, 0), "149 short intervals are no row");
    }

    #[test]
    fn a_program_with_a_timer_is_too_regular() {
        assert_eq!(of_presses((0..65).map(|press| press * 9)).too_regular, 1);
        assert_eq!(of_presses((0..64).map(|press| press * 9)).too_regular, 0, "63 intervals");
        assert_eq!([160, 161].map(|presses| of_presses((0..presses).map(|press| press * 4)).too_regular), [0, 1]);
        assert_eq!(of_presses((0..200).map(|press| press * 61)).too_regular, 0, "two seconds apart are no row");
    }

    #[test]
    fn a_trained_finger_gives_no_signal() {
        // 3.3 to 6.5 presses a second, which vary by 4 %.
        for (mean, seed) in [4.6, 5.0, 9.0].into_iter().flat_map(|mean| (0..10).map(move |seed| (mean, seed))) {
            let (mut rng, mut at) = (SimRng::new(seed), 0.0);
            let presses = std::iter::repeat_with(|| {
                // The sum of twelve draws has a deviation of one.
                let noise = (0..12).map(|_| f64::from(rng.below(1001)) / 1000.0).sum::<f64>() - 6.0;
                at += mean * (1.0 + 0.04 * noise);
                at as u32
            });
            assert_eq!(of_presses(presses.take(800)), CheatSignals::default(), "{mean} ticks, seed {seed}");
        }
    }

    #[test]
    fn long_ticks_hide_how_much_a_person_varies() {
        let (mut signals, slow) = (InputSignals::default(), SimRate::new(10).expect("in range"));
        for press in 0..200 {
            signals.note(KEY, Tick(press * 3), slow);
        }
        assert_eq!(signals.counted, CheatSignals::default());
    }

    #[test]
    fn five_reactions_in_a_row_below_a_tenth_of_a_second_are_too_soon() {
        // Two ticks are 67 ms, three are 100.
        assert_eq!(of_moments([reaction(2); 10]).too_soon, 2);
        assert_eq!(of_moments([reaction(3); 100]).too_soon, 0);
        let [soon, late, other] = [reaction(1), reaction(9), reaction(16)];
        assert_eq!(of_moments([soon, soon, late, soon, soon, soon, soon]).too_soon, 0, "a person was lucky");
        assert_eq!(of_moments([soon, soon, other, soon, soon, soon]).too_soon, 1, "after 0.5 s it is no reaction");
    }

    #[test]
    fn aims_are_too_exact_when_sixteen_in_a_row_are() {
        assert_eq!(of_moments([aim(true); 32]).too_exact, 2);
        for seed in 0..10 {
            let mut rng = SimRng::new(seed);
            let person = std::iter::repeat_with(|| aim(rng.below(5) < 2)).take(2000);
            assert_eq!(of_moments(person).too_exact, 0, "a very good player, seed {seed}");
        }
        let mut follows = InputSignals::default();
        for tick in 0..75 {
            follows.note(aim(true), Tick(tick), rate());
        }
        assert_eq!(follows.exact_in_a_row, 5, "one aim counts in half a second");
    }

    #[test]
    fn signals_are_those_of_one_match() {
        let mut signals = InputSignals { match_no: 3, ..default() };
        for press in 0..15 {
            signals.note(KEY, Tick(press * 2), rate());
        }
        assert_eq!((signals.of_match(3).too_fast, signals.of_match(4)), (1, CheatSignals::default()));
    }
}
