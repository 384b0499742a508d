//! What admin calls do on the tick thread.

use std::time::Duration;

use bevy::prelude::*;
use framehouse_shared::{
    api::{
        ADMIN_ENTRIES_MAX, CheatSignals, FoundMember, ListedRoom, REPORT_CHARS_MAX, Report, ReportPlace, ReportRequest,
        ReportedPlayer, RoomDetails,
    },
    ids::{AccountId, MatchId, RoomCode, Slot},
    score::Scoreboard,
    text::{clean_line, look},
};
use tokio::sync::oneshot;

use super::AdminRefusal;
use crate::{
    net::{secret::ResumeSecret, session::Session},
    ops::room_list::{self, RoomListData},
    replay::{self, Recording, folder},
    room::{
        self, InRoom, Members, Player, Room, Spectator, chat,
        clock::RoomClock,
        close_for_operator,
        current_match::CurrentMatch,
        directory::room_by_code,
        inputs::{InputBuffer, SyncState},
        phase::{self, RoomPhase},
        presence::ResumeIndex,
        signals::InputSignals,
        who::ShownCode,
    },
    schedule::{Now, TickRate},
};

/// Members whose id or name fits, by name.
pub(super) fn find_members(world: &mut World, search: &str) -> Vec<FoundMember> {
    let (wanted_id, wanted_look) = (search.parse::<AccountId>().ok(), look(search));
    let mut members = world.query_filtered::<Entity, (With<InRoom>, Or<(With<Player>, With<Spectator>)>)>();
    let members: Vec<Entity> = members.iter(world).collect();
    let fits = |member: &FoundMember| wanted_id == Some(member.player) || look(&member.name).contains(&wanted_look);
    let found = members.into_iter().filter_map(|member| found(world, member));
    let mut found: Vec<FoundMember> = found.filter(fits).collect();
    found.sort_by(|a, b| (&a.name, a.player).cmp(&(&b.name, b.player)));
    found.truncate(ADMIN_ENTRIES_MAX);
    found
}

fn found(world: &World, member: Entity) -> Option<FoundMember> {
    let entity = world.get::<InRoom>(member)?.0;
    let room = world.get::<Room>(entity)?.code();
    let Some(player) = world.get::<Player>(member) else { return found_spectator(world, member, room) };
    let (rate, millis) = (*world.resource::<TickRate>(), |time: Duration| time.as_millis() as u32);
    Some(FoundMember {
        player: player.account(),
        name: player.name().to_owned(),
        room,
        slot: Some(player.slot().into()),
        connected: player.presence().is_connected(),
        points: world.get::<Scoreboard>(entity).map(|scores| scores.slots[player.slot().index()].points),
        round_trip_ms: world.get::<SyncState>(member).and_then(SyncState::round_trip).map(millis),
        margin_ms: world.get::<InputBuffer>(member).and_then(|inputs| inputs.margin(rate)).map(millis),
        signals: Some(signals_of(world, entity, member)),
    })
}

fn found_spectator(world: &World, member: Entity, room: RoomCode) -> Option<FoundMember> {
    let spectator = world.get::<Spectator>(member)?;
    Some(FoundMember {
        player: world.get::<Session>(spectator.session())?.account,
        name: spectator.name().to_owned(),
        room,
        slot: None,
        connected: true,
        points: None,
        round_trip_ms: world
            .get::<SyncState>(member)
            .and_then(SyncState::round_trip)
            .map(|time| time.as_millis() as u32),
        margin_ms: None,
        signals: None,
    })
}

/// Cheat signals of a player in the newest match of its room.
fn signals_of(world: &World, room: Entity, player: Entity) -> CheatSignals {
    let match_no = world.get::<RoomClock>(room).map_or(0, RoomClock::match_no);
    world.get::<InputSignals>(player).map(|signals| signals.of_match(match_no)).unwrap_or_default()
}

fn open_room(world: &World, code: RoomCode) -> Result<Entity, AdminRefusal> {
    room_by_code(world, code).ok_or_else(|| no_room(code))
}

fn no_room(code: RoomCode) -> AdminRefusal {
    AdminRefusal::NotFound(format!("there is no room {code}"))
}

/// A room with its members.
pub(super) fn room(world: &mut World, code: RoomCode) -> Result<RoomDetails, AdminRefusal> {
    let room = open_room(world, code)?;
    let data = world.get::<Room>(room).expect("open rooms are found only");
    let current = world.get::<CurrentMatch>(room);
    let members = Members::entities(world.get::<Members>(room));
    Ok(RoomDetails {
        room: code,
        page: format!("/r/{code}"),
        phase: world.get::<RoomPhase>(room).map_or("", RoomPhase::name).to_owned(),
        private: data.options().private,
        match_id: current.map(|current| current.id().to_string()),
        tick: world.get::<RoomClock>(room).map_or(0, |clock| clock.next_tick().0),
        members: members.iter().filter_map(|member| found(world, *member)).collect(),
    })
}

/// A room for a viewer of the live page, who sees private rooms and cheat signals only as an operator.
pub(super) fn room_for_viewer(
    world: &mut World,
    code: RoomCode,
    is_operator: bool,
) -> Result<RoomDetails, AdminRefusal> {
    let mut details = room(world, code)?;
    if is_operator {
        return Ok(details);
    }
    if details.private {
        // To others it is not there.
        return Err(no_room(code));
    }
    details.members.iter_mut().for_each(|member| member.signals = None);
    Ok(details)
}

/// All private rooms, oldest first.
pub(super) fn private_rooms(world: &mut World) -> Vec<ListedRoom> {
    world.run_system_cached(list_private_rooms).unwrap_or_default()
}

fn list_private_rooms(
    rooms: Query<RoomListData>,
    players: Query<&Player>,
    spectators: Query<&Spectator>,
) -> Vec<ListedRoom> {
    room_list::private_rooms(&rooms, &players, &spectators)
}

/// The room of this match.
pub(super) fn room_of_match(world: &mut World, match_id: MatchId) -> Result<RoomDetails, AdminRefusal> {
    let mut rooms = world.query::<(&Room, &CurrentMatch)>();
    let found = rooms.iter(world).find(|(_, current)| current.id() == match_id).map(|(room, _)| room.code());
    let elsewhere = "no room of this server plays this match now: GET /v1/matches/{id} has its result, if it is over";
    room(world, found.ok_or_else(|| AdminRefusal::NotFound(elsewhere.to_owned()))?)
}

/// Closes a room.
pub(super) fn close(world: &mut World, code: RoomCode) -> Result<String, AdminRefusal> {
    let room = open_room(world, code)?;
    close_for_operator(world, room);
    Ok(format!("room {} is closed", ShownCode(code)))
}

/// Ends the match of a room.
pub(super) fn end_match(world: &mut World, code: RoomCode, with_result: bool) -> Result<String, AdminRefusal> {
    let room = open_room(world, code)?;
    phase::end_for_operator(world, room, with_result)
        .map_err(|sentence| AdminRefusal::Conflict(sentence.to_owned()))?;
    let how = if with_result { "with" } else { "without" };
    Ok(format!("the match in room {} has ended {how} a result", ShownCode(code)))
}

/// Says something in a room, or in all rooms.
pub(super) fn announce(world: &mut World, code: Option<RoomCode>, text: &str) -> Result<String, AdminRefusal> {
    let rooms = match code {
        Some(code) => vec![open_room(world, code)?],
        None => {
            let mut rooms = world.query::<(Entity, &Room)>();
            let mut rooms: Vec<_> = rooms.iter(world).map(|(entity, room)| (room.id(), entity)).collect();
            rooms.sort();
            rooms.into_iter().map(|(_, room)| room).collect()
        }
    };
    let told = chat::say_as_operator(world, &rooms, text).map_err(AdminRefusal::Bad)?;
    Ok(format!("said in {told} rooms"))
}

/// Asks for the replay of a room's match so far. Nothing if it is not recorded; no answer if the thread of the replays has no
/// time.
pub(super) fn copy_replay(world: &mut World, code: RoomCode, tell: oneshot::Sender<Option<Vec<u8>>>) {
    match room_by_code(world, code).filter(|room| world.get::<Recording>(*room).is_some()) {
        Some(room) => replay::ask_copy(world, room, move |copy| drop(tell.send(copy))),
        None => drop(tell.send(None)),
    }
}

/// The report of a player about another one in its room.
pub(super) fn report(world: &mut World, request: &ReportRequest) -> Result<Report, AdminRefusal> {
    let bad = |sentence: &str| AdminRefusal::Bad(sentence.to_owned());
    let text = clean_line(&request.text).filter(|text| text.chars().count() <= REPORT_CHARS_MAX);
    let text = text.ok_or_else(|| bad("the text of a report has 1 to 200 visible characters"))?;
    let secret = request.resume.parse::<ResumeSecret>().ok();
    let by = secret.and_then(|secret| world.resource::<ResumeIndex>().find(secret));
    let by =
        by.ok_or_else(|| AdminRefusal::NotFound("only a player that has a seat can report another one".to_owned()))?;
    let room = world.get::<InRoom>(by).map(|room| room.0).ok_or(AdminRefusal::Busy)?;
    let slot = Slot::new(request.slot).ok_or_else(|| bad("a seat is a number from 0 to 15"))?;
    let about = room::players(world, room).find(|(_, player)| player.slot() == slot).map(|(player, _)| player);
    let about = about.filter(|about| *about != by);
    let about = about.ok_or_else(|| AdminRefusal::NotFound("there is no other player in this seat".to_owned()))?;
    let named = |player: Entity| {
        let player = world.get::<Player>(player).ok_or(AdminRefusal::Busy)?;
        Ok::<_, AdminRefusal>(ReportedPlayer { player: player.account(), name: player.name().to_owned() })
    };
    let signals = signals_of(world, room, about);
    let place = world.get::<CurrentMatch>(room).map(|current| ReportPlace {
        match_id: current.id(),
        tick: world.get::<RoomClock>(room).map_or(0, |clock| clock.next_tick().0.saturating_sub(1)),
        replay: folder::file_name(current.id()),
    });
    let room = world.get::<Room>(room).map(Room::code).ok_or(AdminRefusal::Busy)?;
    let unix_s = world.resource::<Now>().unix().as_secs();
    // Whoever keeps it gives it its number.
    Ok(Report { report: 0, unix_s, by: named(by)?, about: named(about)?, room, text, signals, place })
}
