//! The room browser: a list requested on a background thread, filtered by the server; rooms are joined or watched with
//! a click.

use bevy::{prelude::*, ui_widgets::ScrollArea};
use framehouse_client::{
    connect::ConnectError,
    rooms::{ListedRoom, RoomFilter, list_rooms},
};

use super::Screen;
use crate::{
    actions::{Action, HandleActions, RoomsWanted},
    palette::{BAD, GOOD, TEXT, TEXT_MUTED, WARN},
    session::{BackgroundTask, JoinTarget, Problem, Session},
    settings::Settings,
    texts::T,
    ui::{
        Kind, Kit,
        kit::filler,
        redraw::{Redraw, Shown},
    },
};

/// Interval of list requests, in seconds.
const REFRESH_SECONDS: f32 = 4.0;

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Rooms>();
    app.add_systems(OnEnter(Screen::Browser), (ask_anew, spawn).chain());
    app.add_systems(Update, (handle_actions, leave).in_set(HandleActions).run_if(in_state(Screen::Browser)));
    app.add_systems(Update, (ask, show).chain().after(HandleActions).run_if(in_state(Screen::Browser)));
}

/// The known rooms of the server.
#[derive(Resource, Default)]
struct Rooms {
    wanted: RoomsWanted,
    list: List,
    asked: Option<BackgroundTask<Result<Vec<ListedRoom>, ConnectError>>>,
    age: f32,
}

#[derive(Clone, Debug, Default, PartialEq)]
enum List {
    #[default]
    Looking,
    Found(Vec<ListedRoom>),
    Failed(String),
}

#[derive(Component)]
struct Filters;

#[derive(Component)]
struct Table;

impl RoomsWanted {
    fn filter(self) -> RoomFilter {
        match self {
            Self::All => RoomFilter::default(),
            Self::WithFreeSeat => RoomFilter { joinable: Some(true), ..default() },
            Self::InLobby => RoomFilter { phase: Some("lobby".to_owned()), ..default() },
            Self::Playing => RoomFilter { phase: Some("playing".to_owned()), ..default() },
        }
    }
}

fn ask_anew(mut rooms: ResMut<Rooms>) {
    *rooms = Rooms { wanted: rooms.wanted, age: REFRESH_SECONDS, ..default() };
}

fn spawn(mut commands: Commands, kit: Kit, settings: Res<Settings>) {
    let table = Node {
        height: px(kit.grown(400.0).min(460.0)),
        flex_direction: FlexDirection::Column,
        row_gap: px(6),
        overflow: Overflow::scroll_y(),
        ..default()
    };
    commands.spawn(kit.screen(Screen::Browser)).with_children(|screen| {
        screen.spawn(kit.card(880.0)).with_children(|card| {
            card.spawn(kit.row(14.0)).with_children(|row| {
                row.spawn(kit.strong(kit.say(T::Rooms), 30.0, TEXT));
                row.spawn(kit.words(&settings.server, 15.0, TEXT_MUTED));
                row.spawn(filler());
                row.spawn(kit.small_button(Action::Refresh, kit.say(T::Refresh), Kind::Quiet));
            });
            card.spawn((Filters, kit.row(8.0), Shown::<RoomsWanted>(None)));
            card.spawn((Table, table, ScrollArea, Shown::<List>(None)));
            card.spawn(kit.row(11.0)).with_children(|row| {
                row.spawn(kit.button(Action::Back, kit.say(T::Back), Kind::Plain));
                row.spawn(kit.button(Action::CreateRoom, kit.say(T::CreateRoom), Kind::Plain));
                row.spawn(kit.button(Action::QuickMatch, kit.say(T::QuickMatch), Kind::Main));
            });
        });
    });
}

fn handle_actions(
    mut actions: MessageReader<Action>,
    time: Res<Time<Real>>,
    settings: Res<Settings>,
    mut rooms: ResMut<Rooms>,
    mut session: ResMut<Session>,
) {
    for action in actions.read() {
        let target = match action {
            Action::Refresh => {
                *rooms = Rooms { wanted: rooms.wanted, age: REFRESH_SECONDS, ..default() };
                continue;
            }
            Action::Filter(wanted) => {
                *rooms = Rooms { wanted: *wanted, age: REFRESH_SECONDS, ..default() };
                continue;
            }
            Action::Join(code) => JoinTarget::Join(*code),
            Action::Watch(code) => JoinTarget::Watch(*code),
            Action::QuickMatch => JoinTarget::Quick,
            Action::CreateRoom => JoinTarget::Create,
            _ => continue,
        };
        session.begin(target, &settings, time.elapsed());
    }
}

fn leave(mut actions: MessageReader<Action>, mut next: ResMut<NextState<Screen>>) {
    if actions.read().any(|action| *action == Action::Back) {
        next.set(Screen::Menu);
    }
}

/// Requests the list when it is due, and takes the answer.
fn ask(time: Res<Time<Real>>, settings: Res<Settings>, mut rooms: ResMut<Rooms>) {
    rooms.age += time.delta_secs();
    if let Some(asked) = &mut rooms.asked {
        let list = match asked.take() {
            None => return,
            Some(Ok(list)) => List::Found(list),
            Some(Err(error)) => List::Failed(Problem::of_refusal(&error, &settings).sentence),
        };
        (rooms.list, rooms.asked, rooms.age) = (list, None, 0.0);
    } else if rooms.age >= REFRESH_SECONDS {
        let (server, filter) = (settings.server.clone(), rooms.wanted.filter());
        rooms.asked = Some(BackgroundTask::begin(move || list_rooms(&server, &filter)));
    }
}

fn show(
    mut redraw: Redraw,
    kit: Kit,
    rooms: Res<Rooms>,
    mut filters: Single<(Entity, &mut Shown<RoomsWanted>), With<Filters>>,
    mut table: Single<(Entity, &mut Shown<List>), With<Table>>,
) {
    let (entity, shown) = &mut *filters;
    redraw.part(*entity, shown, rooms.wanted, |row, wanted| spawn_filters(row, &kit, *wanted));
    let (entity, shown) = &mut *table;
    redraw.part(*entity, shown, rooms.list.clone(), |table, list| match list {
        List::Looking => kit.spawn_message(table, kit.say(T::Looking), "", TEXT_MUTED),
        List::Failed(sentence) => kit.spawn_message(table, sentence, "", BAD),
        List::Found(list) if list.is_empty() => {
            kit.spawn_message(table, kit.say(T::NoRooms), kit.say(T::NoRoomsHint), TEXT);
        }
        List::Found(list) => list.iter().for_each(|room| spawn_room(table, &kit, room)),
    });
}

fn spawn_filters(row: &mut ChildSpawnerCommands<'_>, kit: &Kit, chosen: RoomsWanted) {
    for (wanted, text) in [
        (RoomsWanted::All, T::FilterAll),
        (RoomsWanted::WithFreeSeat, T::FilterFree),
        (RoomsWanted::InLobby, T::FilterLobby),
        (RoomsWanted::Playing, T::FilterPlaying),
    ] {
        let kind = if wanted == chosen { Kind::Chosen } else { Kind::Plain };
        row.spawn(kit.small_button(Action::Filter(wanted), kit.say(text), kind));
    }
}

fn spawn_room(table: &mut ChildSpawnerCommands<'_>, kit: &Kit, room: &ListedRoom) {
    let title = match room.host.as_str() {
        "" => kit.say(T::EmptyRoom).to_owned(),
        host => kit.fill(T::RoomOf, &[host]),
    };
    let map = if room.map.is_empty() { kit.say(T::AnyMap) } else { room.map.as_str() };
    let (phase, tone) = phase_of(&room.phase);
    let mut detail = format!("{}  \u{b7}  {map}", kit.say(phase));
    if room.economy {
        detail = format!("{detail}  \u{b7}  {}", kit.say(T::DataSaver));
    }
    if room.spectators > 0 {
        detail = format!("{detail}  \u{b7}  {}", kit.fill(T::Watching, &[&room.spectators.to_string()]));
    }
    table.spawn(kit.line(TEXT, 0.05)).with_children(|line| {
        let code = Node { width: px(kit.grown(76.0)), ..default() };
        line.spawn((kit.strong(room.code.as_str(), 18.0, kit.accent()), code));
        line.spawn(Node {
            flex_direction: FlexDirection::Column,
            flex_grow: 1.0,
            min_width: px(0),
            overflow: Overflow::clip_x(),
            ..default()
        })
        .with_children(|words| {
            words.spawn((kit.strong(&title, 16.0, TEXT), TextLayout::no_wrap()));
            words.spawn((kit.words(&detail, 13.0, tone), TextLayout::no_wrap()));
        });
        line.spawn(kit.strong(&format!("{} / {}", room.players, room.seats), 16.0, TEXT));
        line.spawn(kit.small_button(Action::Watch(room.code), kit.say(T::Watch), Kind::Quiet));
        if room.joinable {
            line.spawn(kit.small_button(Action::Join(room.code), kit.say(T::Join), Kind::QuietMain));
        }
    });
}

fn phase_of(phase: &str) -> (T, Color) {
    match phase {
        "lobby" => (T::PhaseLobby, GOOD),
        "loading" | "countdown" => (T::PhaseLoading, WARN),
        "playing" => (T::PhasePlaying, WARN),
        _ => (T::PhaseResults, TEXT_MUTED),
    }
}
