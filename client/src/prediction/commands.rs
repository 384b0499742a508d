//! Game commands in a prediction: the player's own ones, predicted in the tick they were sent for, and those of the
//! last confirmed frames, for views.

use std::collections::VecDeque;

use framehouse_shared::{
    ids::Slot,
    input::{COMMANDS_MAX, Command, CommandBytes, Frame},
    tick::{SimRate, Tick},
};

/// Commands of confirmed frames are kept for this many seconds, so that a view can show them for a moment.
pub const COMMANDS_KEPT_SECONDS: f64 = 2.125;
/// Maximum number of own commands that wait for the frames of their ticks.
pub const COMMANDS_PENDING_MAX: usize = 16;

/// Own commands until the frames of their ticks are confirmed, and the confirmed commands of the last ticks.
///
/// If a frame is confirmed without the command that was predicted in it, the command arrived late or was refused. It is
/// not predicted again, since its tick is unknown: it shows in the frame that contains it.
#[derive(Debug)]
pub(super) struct Commands {
    kept_ticks: u32,
    pending: VecDeque<(Tick, CommandBytes)>,
    confirmed: VecDeque<(Tick, Command)>,
}

impl Commands {
    /// No commands, for a room with this tick rate.
    pub fn new(rate: SimRate) -> Self {
        let kept_ticks = rate.ticks_min_1(COMMANDS_KEPT_SECONDS);
        Self { kept_ticks, pending: VecDeque::new(), confirmed: VecDeque::new() }
    }

    /// Predicts an own command in the first tick from `tick` on that keeps the order and has room; returns that tick,
    /// or nothing when [`COMMANDS_PENDING_MAX`] commands are waiting.
    pub fn predict(&mut self, tick: Tick, bytes: CommandBytes) -> Option<Tick> {
        if self.pending.len() == COMMANDS_PENDING_MAX {
            return None;
        }
        let last = self.pending.back().map_or(tick, |(last, _)| *last).max(tick);
        let tick = if self.at(last).count() < COMMANDS_MAX { last } else { last.plus(1) };
        self.pending.push_back((tick, bytes));
        Some(tick)
    }

    /// The own commands of a tick.
    pub fn at(&self, tick: Tick) -> impl Iterator<Item = &CommandBytes> {
        self.pending.iter().filter(move |(at, _)| *at == tick).map(|(_, bytes)| bytes)
    }

    /// Adds the own commands of the frame's tick to a predicted frame.
    pub fn fill(&self, frame: &mut Frame, slot: Slot) {
        frame.commands.extend(self.at(frame.tick).map(|bytes| Command { slot, bytes: bytes.clone() }));
    }

    /// Takes the commands of a confirmed frame and drops the own commands predicted up to its tick.
    pub fn confirm(&mut self, frame: &Frame) {
        self.pending.retain(|(tick, _)| *tick > frame.tick);
        self.confirmed.extend(frame.commands.iter().map(|command| (frame.tick, command.clone())));
        while self.confirmed.front().is_some_and(|(tick, _)| frame.tick.since(*tick) >= self.kept_ticks) {
            self.confirmed.pop_front();
        }
    }

    /// The commands of the confirmed frames of the last [`COMMANDS_KEPT_SECONDS`], in order.
    pub fn confirmed(&self) -> impl Iterator<Item = (Tick, &Command)> {
        self.confirmed.iter().map(|(tick, command)| (*tick, command))
    }

    /// Forgets everything, because another state is loaded. Own commands that the server has still arrive with its
    /// frames.
    pub fn clear(&mut self) {
        self.pending.clear();
        self.confirmed.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: Slot = Slot::new(1).expect("in range");

    fn bytes(byte: u8) -> CommandBytes {
        [byte].into_iter().collect()
    }

    fn predicted(commands: &Commands, tick: u32) -> Vec<u8> {
        commands.at(Tick(tick)).map(|bytes| bytes[0]).collect()
    }

    #[test]
    fn a_command_is_predicted_until_the_frame_of_its_tick_is_confirmed() {
        let mut commands = Commands::new(SimRate::DEFAULT);
        assert_eq!(commands.predict(Tick(5), bytes(1)), Some(Tick(5)));
        assert_eq!(predicted(&commands, 5), [1]);
        let mut frame = Frame { tick: Tick(4), ..Default::default() };
        commands.confirm(&frame);
        assert_eq!(predicted(&commands, 5), [1]);
        frame.tick = Tick(5);
        commands.confirm(&frame);
        assert_eq!(predicted(&commands, 5), [0; 0], "it came too late, and another frame will bring it");
        frame.tick = Tick(6);
        frame.commands.push(Command { slot: OWN, bytes: bytes(1) });
        commands.confirm(&frame);
        assert_eq!(
            commands.confirmed().map(|(tick, command)| (tick.0, command.bytes[0])).collect::<Vec<_>>(),
            [(6, 1)]
        );
    }

    #[test]
    fn predicted_frames_have_no_more_commands_than_a_frame_can_have() {
        let mut commands = Commands::new(SimRate::DEFAULT);
        let ticks: Vec<_> = (0..=COMMANDS_PENDING_MAX as u8).map(|n| commands.predict(Tick(3), bytes(n))).collect();
        assert_eq!(ticks[..COMMANDS_MAX], [Some(Tick(3)); COMMANDS_MAX]);
        assert_eq!(ticks[COMMANDS_MAX..COMMANDS_PENDING_MAX], [Some(Tick(4)); COMMANDS_MAX]);
        assert_eq!(ticks[COMMANDS_PENDING_MAX], None);
    }

    #[test]
    fn old_commands_are_forgotten() {
        let mut commands = Commands::new(SimRate::DEFAULT);
        for tick in 0..300 {
            let mut frame = Frame { tick: Tick(tick), ..Default::default() };
            frame.commands.push(Command { slot: OWN, bytes: bytes(7) });
            commands.confirm(&frame);
        }
        let kept: Vec<u32> = commands.confirmed().map(|(tick, _)| tick.0).collect();
        assert_eq!(kept, (300 - 64..300).collect::<Vec<_>>());
    }
}
