//! Game commands: from a player's queue into the frames they take effect in.
//!
//! A command waits in its player's queue until the tick that the client proposed. Each frame takes the due commands of
//! all players in a total order: by server tick of arrival, then by slot, then in sending order. A command that does
//! not fit into a full frame, or arrives after its tick was closed, goes into the next frame.

use std::collections::VecDeque;

use bevy::prelude::*;
use framehouse_shared::{
    ids::{SLOTS_MAX, Slot},
    input::{COMMANDS_MAX, Command, CommandBytes, Frame},
    tick::Tick,
};

use super::{InRoom, Player, clock::RoomClock, inputs::EARLY_SECONDS_MAX, phase::RoomPhase, sessions};
use crate::schedule::{Now, TickRate};

/// Maximum number of commands of one player that wait for their ticks. One more is refused.
pub const COMMANDS_QUEUED_MAX: usize = 16;

#[derive(Debug)]
struct Waiting {
    tick: Tick,
    arrived: u64,
    bytes: CommandBytes,
}

/// A player's waiting commands, in sending order. A player has it from its first command on: looking into an empty queue
/// of everybody in every tick would cost a cache miss a player.
#[derive(Component, Debug, Default)]
#[component(storage = "SparseSet")]
pub struct CommandQueue {
    match_no: u32,
    waiting: VecDeque<Waiting>,
}

/// Error: [`COMMANDS_QUEUED_MAX`] commands of the player are waiting already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct QueueFull;

impl CommandQueue {
    /// Number of waiting commands.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether no command is waiting.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    fn push(&mut self, match_no: u32, waiting: Waiting) -> Result<(), QueueFull> {
        if self.match_no != match_no {
            *self = Self { match_no, waiting: VecDeque::new() };
        }
        if self.waiting.len() == COMMANDS_QUEUED_MAX {
            return Err(QueueFull);
        }
        // Commands of one player keep their order, whatever ticks the client proposes.
        let tick = self.waiting.back().map_or(waiting.tick, |last| last.tick.max(waiting.tick));
        self.waiting.push_back(Waiting { tick, ..waiting });
        Ok(())
    }

    /// Arrival of the next command in server ticks, if the command is due in this tick.
    fn due(&self, match_no: u32, tick: Tick) -> Option<u64> {
        let next = self.waiting.front().filter(|next| self.match_no == match_no && next.tick <= tick)?;
        Some(next.arrived)
    }
}

/// Queues a player's command, or tells the player why it is refused. A command for a match that is over is ignored,
/// because its client could not know that yet.
pub fn take(world: &mut World, session: Entity, player: Entity, match_no: u32, tick: Tick, bytes: CommandBytes) {
    let Some(open) = open_tick(world, player, match_no) else { return };
    if !world.get::<Player>(player).is_some_and(Player::takes_part) {
        return sessions::refuse(world, session, "commands are possible only while you take part in a match");
    }
    // The furthest tick that a command can wait for, the same as of an input. A later tick is reduced to it.
    let early_max = world.resource::<TickRate>().of_simulation().ticks_min_1(EARLY_SECONDS_MAX);
    let tick = tick.min(open.plus(early_max));
    let waiting = Waiting { tick, arrived: world.resource::<Now>().tick, bytes };
    let pushed = world.entity_mut(player).entry::<CommandQueue>().or_default().into_mut().push(match_no, waiting);
    if pushed == Err(QueueFull) {
        sessions::refuse(world, session, "too many of your commands are waiting; this one was dropped");
    }
}

/// The next open tick of the running match, if the match has this number.
fn open_tick(world: &World, player: Entity, match_no: u32) -> Option<Tick> {
    let room = world.get::<InRoom>(player)?.0;
    let is_running = matches!(world.get(room)?, RoomPhase::Playing { match_no: running } if *running == match_no);
    world.get::<RoomClock>(room).filter(|_| is_running).map(|clock| clock.next_tick)
}

/// Moves due commands from the queues into the frame, until the frame is full. `players` are the players taking part,
/// by slot.
pub fn fill_frame(
    frame: &mut Frame,
    match_no: u32,
    players: &[Option<Entity>; SLOTS_MAX],
    queues: &mut Query<&mut CommandQueue>,
) {
    while frame.commands.len() < COMMANDS_MAX {
        let due = |slot: Slot| {
            let player = players[slot.index()]?;
            Some((queues.get(player).ok()?.due(match_no, frame.tick)?, slot, player))
        };
        let Some((_, slot, player)) = Slot::all().filter_map(due).min() else { return };
        let next = queues.get_mut(player).ok().and_then(|mut queue| queue.waiting.pop_front());
        frame.commands.extend(next.map(|next| Command { slot, bytes: next.bytes }));
    }
}

#[cfg(test)]
mod tests {
    use bevy::ecs::system::SystemState;
    use proptest::prelude::*;

    use super::*;

    const MATCH: u32 = 3;

    fn waiting(tick: u32, arrived: u64, byte: u8) -> Waiting {
        Waiting { tick: Tick(tick), arrived, bytes: [byte].into_iter().collect() }
    }

    /// Closes a frame of [`MATCH`] with these queues. Returns the frame's commands as (slot, first byte), and the
    /// queues.
    fn closed(tick: u32, queues: Vec<CommandQueue>) -> (Vec<(u8, u8)>, Vec<CommandQueue>) {
        let mut world = World::new();
        let mut players = [None; SLOTS_MAX];
        for (slot, queue) in queues.into_iter().enumerate() {
            players[slot] = Some(world.spawn(queue).id());
        }
        let mut frame = Frame { tick: Tick(tick), ..default() };
        let mut state = SystemState::<Query<&mut CommandQueue>>::new(&mut world);
        fill_frame(&mut frame, MATCH, &players, &mut state.get_mut(&mut world).expect("a query of one component"));
        let left = players.iter().flatten().map(|player| world.entity_mut(*player).take().expect("a queue")).collect();
        (frame.commands.iter().map(|command| (command.slot.into(), command.bytes[0])).collect(), left)
    }

    #[test]
    fn commands_of_all_players_come_in_the_order_of_their_arrival() {
        let mut queues = [CommandQueue::default(), CommandQueue::default()];
        for (slot, command) in
            [(1, waiting(4, 7, 1)), (0, waiting(4, 8, 2)), (1, waiting(4, 8, 3)), (0, waiting(6, 8, 4))]
        {
            queues[slot].push(MATCH, command).expect("room");
        }
        let (applied, left) = closed(5, queues.into());
        assert_eq!(applied, [(1, 1), (0, 2), (1, 3)]);
        assert_eq!(left.iter().map(CommandQueue::len).collect::<Vec<_>>(), [1, 0]);
    }

    #[test]
    fn what_a_frame_has_no_room_for_goes_into_the_next() {
        let mut queue = CommandQueue::default();
        (0..COMMANDS_QUEUED_MAX as u8).for_each(|n| queue.push(MATCH, waiting(0, 0, n)).expect("room"));
        assert_eq!(queue.push(MATCH, waiting(0, 0, 99)), Err(QueueFull));
        let (first, left) = closed(1, vec![queue]);
        let (second, left) = closed(2, left);
        let bytes = [first, second].concat().into_iter().map(|(_, byte)| byte);
        assert!(bytes.eq(0..COMMANDS_QUEUED_MAX as u8));
        assert!(left[0].is_empty());
    }

    #[test]
    fn commands_of_another_match_are_never_applied() {
        let mut queue = CommandQueue::default();
        queue.push(MATCH - 1, waiting(0, 0, 1)).expect("room");
        assert_eq!(closed(9, vec![queue]).0, []);
        let mut queue = CommandQueue::default();
        queue.push(MATCH - 1, waiting(0, 0, 1)).expect("room");
        queue.push(MATCH, waiting(0, 0, 2)).expect("room");
        assert_eq!(closed(9, vec![queue]).0, [(0, 2)]);
    }

    proptest! {
        /// Whatever ticks clients propose, each command is applied once, not before its tick, and in sending order.
        #[test]
        fn every_command_is_applied_once_and_in_order(
            sent in proptest::collection::vec((0usize..3, 0u32..40, 0u64..30), 0..30),
        ) {
            let mut sent = sent;
            sent.sort_by_key(|(_, _, arrived)| *arrived);
            let mut queues: Vec<CommandQueue> = (0..3).map(|_| CommandQueue::default()).collect();
            let (mut expected, mut applied) = (vec![Vec::new(); 3], vec![Vec::new(); 3]);
            let mut sent = sent.into_iter().enumerate().peekable();
            for tick in 0..60u32 {
                while let Some((n, (slot, at, arrived))) = sent.next_if(|(_, (.., arrived))| *arrived == u64::from(tick)) {
                    if queues[slot].push(MATCH, waiting(at, arrived, n as u8)).is_ok() {
                        expected[slot].push((n as u8, at));
                    }
                }
                let (frame, left) = closed(tick, queues);
                queues = left;
                frame.iter().for_each(|(slot, byte)| applied[usize::from(*slot)].push((*byte, tick)));
            }
            for (expected, applied) in expected.iter().zip(&applied) {
                prop_assert!(expected.iter().map(|(n, _)| n).eq(applied.iter().map(|(n, _)| n)));
                prop_assert!(expected.iter().zip(applied).all(|((_, at), (_, tick))| tick >= at));
            }
        }
    }
}
