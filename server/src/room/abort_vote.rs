//! Votes on ending a running match without a result. The host asks, and most players have to agree: otherwise a host
//! could erase the match that it loses.

use bevy::prelude::*;
use framehouse_shared::{
    ids::{RoomId, Slot, SlotMask},
    protocol::messages::{AbortVote, RoomEvent},
};

use super::{
    InRoom, Player, Room, announce, phase,
    phase::RoomPhase,
    players,
    who::{Who, log_line},
};
use crate::{
    config::RoomSettings,
    schedule::{Now, TickRate},
};

/// The votes of a room's match.
#[derive(Component, Debug, Default)]
pub struct AbortVotes {
    /// Seats that have a say: they were taken when the match began to run, and their players have not left. Who comes
    /// later has none, or a host could bring in as many friends as it needs.
    voters: SlotMask,
    open: Option<Vote>,
    /// Earliest server tick of the next vote.
    not_before: u64,
    /// Voters whom hosts have sent away during the match. They count as refusing, or a host could send everybody away
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

impl AbortVotes {
    /// Number of players of which most have to agree. A voter whose connection is lost is one of them: it cannot answer
    /// before it is back, and a host must not gain by that.
    const fn count(&self) -> usize {
        self.voters.count_ones() as usize + self.sent_away
    }
}

/// Forgets the votes of the last match. Players that have a seat now have a say in the one that begins to run.
pub(super) fn begin(world: &mut World, room: Entity) {
    let voters = players(world, room).fold(0, |mask, (_, player)| mask | player.slot.bit());
    if let Some(mut votes) = world.get_mut::<AbortVotes>(room) {
        *votes = AbortVotes { voters, ..default() };
    }
}

/// Asks the players for the host, who agrees.
///
/// # Errors
/// While players are asked already, and for some time after they have refused.
pub(super) fn ask(world: &mut World, room: Entity, host: Entity) -> Result<(), String> {
    let (rate, tick) = (*world.resource::<TickRate>(), world.resource::<Now>().tick);
    let ticks = rate.ticks_in_seconds(world.resource::<RoomSettings>().abort_vote_s);
    let Some(slot) = world.get::<Player>(host).map(|player| player.slot) else { return Ok(()) };
    let Some(mut votes) = votes_of_match(world, room) else { return Ok(()) };
    if votes.open.is_some() {
        return Err("the players are being asked already".to_owned());
    }
    if tick < votes.not_before {
        let seconds = (votes.not_before - tick).div_ceil(u64::from(rate.0));
        return Err(format!("most players did not agree to end the match: ask again in {seconds} s"));
    }
    votes.open = Some(Vote { agreed: votes.voters & slot.bit(), refused: 0, until: tick + u64::from(ticks) });
    votes.not_before = tick + 2 * u64::from(ticks);
    announce_vote(world, room);
    Ok(())
}

/// Whether others than the host have a say in ending the match.
pub(super) fn is_needed(world: &World, room: Entity, host: Entity) -> bool {
    let own = world.get::<Player>(host).map_or(0, |player| player.slot.bit());
    let others = |votes: &AbortVotes| votes.voters & !own != 0 || votes.sent_away > 0;
    is_running(world, room) && world.get::<AbortVotes>(room).is_some_and(others)
}

/// Takes the answer of a player. Ignored when nobody has asked, and from a player that has no say.
pub(crate) fn take(world: &mut World, player: Entity, agrees: bool) {
    let (Some(room), Some(slot)) =
        (world.get::<InRoom>(player).map(|room| room.0), world.get::<Player>(player).map(|player| player.slot))
    else {
        return;
    };
    let Some(mut votes) = votes_of_match(world, room).filter(|votes| votes.voters & slot.bit() != 0) else { return };
    let Some(vote) = &mut votes.open else { return };
    let before = (vote.agreed, vote.refused);
    forget_answer(vote, slot);
    *(if agrees { &mut vote.agreed } else { &mut vote.refused }) |= slot.bit();
    if (vote.agreed, vote.refused) != before {
        announce_vote(world, room);
    }
}

/// Forgets a player that leaves: the next one in its seat has no say. A voter whom the host has sent away counts as
/// refusing for the rest of the match.
pub(super) fn note_leaving(world: &mut World, room: Entity, slot: Slot, is_sent_away: bool) {
    let Some(mut votes) = votes_of_match(world, room).filter(|votes| votes.voters & slot.bit() != 0) else { return };
    votes.voters &= !slot.bit();
    votes.sent_away += usize::from(is_sent_away);
    if let Some(vote) = &mut votes.open {
        forget_answer(vote, slot);
        announce_vote(world, room);
    }
}

const fn forget_answer(vote: &mut Vote, slot: Slot) {
    vote.agreed &= !slot.bit();
    vote.refused &= !slot.bit();
}

/// Ends matches whose players agree, and votes that cannot succeed any more. Runs in `TickSet::Control`, before phases
/// advance.
pub(crate) fn conclude(world: &mut World, rooms: &mut QueryState<(&Room, Entity, &AbortVotes)>) {
    let open = rooms.iter(world).filter(|(.., votes)| votes.open.is_some());
    let mut open: Vec<(RoomId, Entity)> = open.map(|(data, room, _)| (data.id, room)).collect();
    open.sort();
    for (_, room) in open {
        let is_running = is_running(world, room);
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
        log_line!(DEBUG, Who::of_room(world, room), ?outcome, "vote on ending the match");
        if outcome == Outcome::Agreed {
            phase::end_as_agreed(world, room);
        }
    }
}

fn count(world: &World, room: Entity) -> Outcome {
    let Some((vote, votes)) = open_vote(world, room) else { return Outcome::Refused };
    let here = players(world, room).filter(|(_, player)| player.presence.is_connected());
    let here: SlotMask = here.fold(0, |mask, (_, player)| mask | player.slot.bit());
    let answers = |mask: SlotMask| (mask & here).count_ones() as usize;
    let voters = votes.count();
    // When everybody has left who had a say, those who came later may end what is left of the match.
    if answers(vote.agreed) * 2 > voters || voters == 0 {
        Outcome::Agreed
    } else if answers(vote.refused) * 2 >= voters || world.resource::<Now>().tick >= vote.until {
        Outcome::Refused
    } else {
        Outcome::Open
    }
}

/// The open vote as clients are told.
pub(super) fn to_wire(world: &World, room: Entity) -> Option<AbortVote> {
    let (vote, votes) = open_vote(world, room)?;
    let ticks = vote.until.saturating_sub(world.resource::<Now>().tick) as u32;
    let needed = u8::try_from(votes.count() / 2 + 1).unwrap_or(u8::MAX);
    Some(AbortVote { voters: votes.voters, agreed: vote.agreed, refused: vote.refused, needed, ticks })
}

fn announce_vote(world: &mut World, room: Entity) {
    let vote = to_wire(world, room);
    announce(world, room, RoomEvent::AbortVote(vote));
}

fn open_vote(world: &World, room: Entity) -> Option<(Vote, &AbortVotes)> {
    let votes = world.get::<AbortVotes>(room)?;
    Some((votes.open?, votes))
}

/// The votes of the running match; nothing while none runs.
fn votes_of_match(world: &mut World, room: Entity) -> Option<Mut<'_, AbortVotes>> {
    if is_running(world, room) { world.get_mut::<AbortVotes>(room) } else { None }
}

fn is_running(world: &World, room: Entity) -> bool {
    matches!(world.get::<RoomPhase>(room), Some(RoomPhase::Playing { .. }))
}
