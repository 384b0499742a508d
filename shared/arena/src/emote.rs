//! Emotes: pictures that a player shows over the own craft for a moment.
//!
//! An emote is a command of one byte. It changes nothing in the match, so the simulation ignores it: a view shows it
//! from the commands of the last ticks, and a replay from the recorded commands.

use bevy::prelude::*;
use framehouse_shared::{
    ids::Slot,
    input::{Command, CommandBytes},
    rng::SimRng,
    tick::SimRate,
};

/// Time for which an emote is shown, in seconds.
pub const EMOTE_SECONDS: f32 = 2.0;
/// Time after an emote in which further emotes of the same player are ignored, in seconds.
pub const EMOTE_COOLDOWN_SECONDS: f32 = 1.0;
/// Mean time between two emotes of a bot, in seconds.
const BOT_SECONDS: f64 = 20.0;

/// Picture of an emote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emote {
    /// A smiling face.
    Smile,
    /// A face in tears.
    Tears,
    /// An angry face.
    Anger,
    /// A heart.
    Heart,
}

impl Emote {
    /// All emotes, in the order of their keys.
    pub const ALL: [Self; 4] = [Self::Smile, Self::Tears, Self::Anger, Self::Heart];

    /// Decodes a command; `None` if it is not an emote.
    pub fn of(command: &Command) -> Option<Self> {
        let [number] = command.bytes[..] else { return None };
        Self::ALL.get(usize::from(number).checked_sub(1)?).copied()
    }

    /// Encodes the emote as a command.
    pub fn to_command(self) -> CommandBytes {
        [self as u8 + 1].into_iter().collect()
    }
}

/// Command of the game's bot for one tick: an emote every 20 s on average.
pub fn bot_command(room: EntityRef, _slot: Slot, rng: &mut SimRng) -> Option<CommandBytes> {
    let rate = room.get::<SimRate>().copied().unwrap_or_default();
    rng.one_in(rate.ticks(BOT_SECONDS)).then(|| Emote::ALL[rng.below(Emote::ALL.len() as u32) as usize].to_command())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(bytes: &[u8]) -> Command {
        Command { slot: Slot::new(0).expect("in range"), bytes: bytes.iter().copied().collect() }
    }

    #[test]
    fn emotes_survive_the_wire_and_anything_else_is_none() {
        for emote in Emote::ALL {
            assert_eq!(Emote::of(&command(&emote.to_command())), Some(emote));
        }
        for bytes in [&[][..], &[0], &[5], &[255], &[1, 1]] {
            assert_eq!(Emote::of(&command(bytes)), None, "{bytes:?}");
        }
    }

    #[test]
    fn a_bot_shows_every_emote_now_and_then() {
        let mut app = World::new();
        let room = app.spawn_empty().id();
        let mut rng = SimRng::new(1);
        let slot = Slot::new(0).expect("in range");
        let shown: Vec<CommandBytes> =
            (0..60_000).filter_map(|_| bot_command(app.entity(room), slot, &mut rng)).collect();
        assert!((50..200).contains(&shown.len()), "{} in {} ticks", shown.len(), 60_000);
        assert!(Emote::ALL.iter().all(|emote| shown.contains(&emote.to_command())));
    }
}
