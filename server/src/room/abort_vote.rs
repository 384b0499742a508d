//! Votes on ending a running match without a result. The host asks, and most players have to agree: otherwise a host
//! could erase the match that it loses.

use bevy::prelude::*;
use framehouse_shared::{
    ids::{RoomId, Slot, SlotMask},
    protocol::messages::{AbortVote, RoomEvent},
};

use super::{InRoom, Player, Room, announce, clock::RoomClock, phase, phase::RoomPhase, players};
use crate::{
    config::RoomSettings,
    schedule::{Now, TickRate},
};

/// The votes of a room's match.
#[derive(Component, Debug, Default)]
pub struct AbortVotes {
    /// Number of the match that the rest is about.
    match_no: u32,
    open: Option<Vote>,
    /// Earliest server tick of the next vote.
    not_before: u64,
    /// Players whom hosts have sent away during the match. They count as refusing, or a host could send everybody away
    /// who does not agree.
    sent_away: usize,
}

#[derive(Clone, Copy, Debug)]
struct Vote {
    agreed: SlotMask,
    refused: SlotMask,
    /// Server tick at which it ends.
    until: u64,
}

/// Outcome of a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Open,
    Agreed,
    Refused,
}

/// Asks the players for the host, who agrees.
///
/// # Errors
/// While players are asked already, and for some time after they have refused.
pub(super) fn ask(world: &mut World, room: Entity, host: Entity) -> Result<(), String> {
    let (rate, tick) = (*world.resource::<TickRate>(), world.resource::<Now>().tick);
    let ticks = rate.ticks_in_seconds(world.resource::<RoomSettings>().abort_vote);
    let Some(slot) = world.get::<Player>(host).map(|player| player.slot) else { return Ok(()) };
    let Some(mut votes) = votes_of_match(world, room) else { return Ok(()) };
    if votes.open.is_some() {
        return Err("the players are being asked already".to_owned());
    }
    if tick < votes.not_before {
        let seconds = (votes.not_before - tick).div_ceil(u64::from(rate.0));
        return Err(format!("most players did not agree to end the match: ask again in {seconds} s"));
    }
    votes.open = Some(Vote { agreed: slot.bit(), refused: 0, until: tick + u64::from(ticks) });
    votes.not_before = tick + 2 * u64::from(ticks);
    announce_vote(world, room);
    Ok(())
}

/// Whether others than the host have a say in ending the match.
pub(super) fn is_needed(world: &World, room: Entity) -> bool {
    let is_running = matches!(world.get::<RoomPhase>(room), Some(RoomPhase::Playing { .. }));
    is_running && world.get::<AbortVotes>(room).is_some_and(|votes| voters(world, room, votes) > 1)
}

/// Takes the answer of a player. Ignored when nobody has asked.
pub(crate) fn take(world: &mut World, player: Entity, agrees: bool) {
    let (Some(room), Some(slot)) =
        (world.get::<InRoom>(player).map(|room| room.0), world.get::<Player>(player).map(|player| player.slot))
    else {
        return;
    };
    let Some(mut votes) = votes_of_match(world, room) else { return };
    let Some(vote) = &mut votes.open else { return };
    let before = (vote.agreed, vote.refused);
    forget_answer(vote, slot);
    *(if agrees { &mut vote.agreed } else { &mut vote.refused }) |= slot.bit();
    if (vote.agreed, vote.refused) != before {
        announce_vote(world, room);
    }
}

/// Forgets the answer of a player that leaves: the next one in its seat has not answered. A player whom the host has sent
/// away counts as refusing for the rest of the match.
pub(super) fn note_leaving(world: &mut World, room: Entity, slot: Slot, is_sent_away: bool) {
    let Some(mut votes) = votes_of_match(world, room) else { return };
    votes.sent_away += usize::from(is_sent_away);
    if let Some(vote) = &mut votes.open {
        forget_answer(vote, slot);
    }
}

const fn forget_answer(vote: &mut Vote, slot: Slot) {
    vote.agreed &= !slot.bit();
    vote.refused &= !slot.bit();
}

/// Ends matches whose players agree, and votes that cannot succeed any more. Runs in `TickSet::Control`, before phases
/// advance.
pub(crate) fn conclude(world: &mut World) {
    let mut query = world.query::<(&Room, Entity, &AbortVotes)>();
    let open = query.iter(world).filter(|(.., votes)| votes.open.is_some());
    let mut open: Vec<(RoomId, Entity)> = open.map(|(data, room, _)| (data.id, room)).collect();
    open.sort();
    for (_, room) in open {
        let is_running = votes_of_match(world, room).is_some();
        let outcome = if is_running { count(world, room) } else { Outcome::Refused };
        if outcome == Outcome::Open {
            continue;
        }
        if let Some(mut votes) = world.get_mut::<AbortVotes>(room) {
            votes.open = None;
        }
        if is_running {
            announce(world, room, RoomEvent::AbortVote(None));
        }
        if outcome == Outcome::Agreed {
            phase::end_as_agreed(world, room);
        }
    }
}

fn count(world: &World, room: Entity) -> Outcome {
    let Some((vote, voters)) = open_vote(world, room) else { return Outcome::Refused };
    let here: SlotMask = here(world, room).fold(0, |mask, slot| mask | slot.bit());
    let answers = |mask: SlotMask| (mask & here).count_ones() as usize;
    if answers(vote.agreed) * 2 > voters {
        Outcome::Agreed
    } else if answers(vote.refused) * 2 >= voters || world.resource::<Now>().tick >= vote.until {
        Outcome::Refused
    } else {
        Outcome::Open
    }
}

/// The open vote as clients are told.
pub(super) fn to_wire(world: &World, room: Entity) -> Option<AbortVote> {
    let (vote, voters) = open_vote(world, room)?;
    let ticks = vote.until.saturating_sub(world.resource::<Now>().tick) as u32;
    let needed = u8::try_from(voters / 2 + 1).unwrap_or(u8::MAX);
    Some(AbortVote { agreed: vote.agreed, refused: vote.refused, needed, ticks })
}

fn announce_vote(world: &mut World, room: Entity) {
    let vote = to_wire(world, room);
    announce(world, room, RoomEvent::AbortVote(vote));
}

/// The open vote, and the number of players of which most have to agree.
fn open_vote(world: &World, room: Entity) -> Option<(Vote, usize)> {
    let votes = world.get::<AbortVotes>(room)?;
    Some((votes.open?, voters(world, room, votes)))
}

fn voters(world: &World, room: Entity, votes: &AbortVotes) -> usize {
    let match_no = world.get::<RoomClock>(room).map_or(0, |clock| clock.match_no);
    here(world, room).count() + if votes.match_no == match_no { votes.sent_away } else { 0 }
}

fn here(world: &World, room: Entity) -> impl Iterator<Item = Slot> {
    players(world, room).filter(|(_, player)| player.presence.is_connected()).map(|(_, player)| player.slot)
}

/// The votes of the running match; nothing while none runs.
fn votes_of_match(world: &mut World, room: Entity) -> Option<Mut<'_, AbortVotes>> {
    let is_running = matches!(world.get::<RoomPhase>(room), Some(RoomPhase::Playing { .. }));
    let match_no = world.get::<RoomClock>(room).filter(|_| is_running)?.match_no;
    let mut votes = world.get_mut::<AbortVotes>(room)?;
    if votes.match_no != match_no {
        *votes = AbortVotes { match_no, ..default() };
    }
    Some(votes)
}
