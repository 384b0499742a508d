//! The leaderboards: the best result of each player, on all maps or one, of all time, this week or today. The player's own
//! entry is marked, and shown below the list if it is not on it.

mod entries;

use bevy::{prelude::*, ui_widgets::ScrollArea};

use super::Screen;
use crate::{
    actions::{Action, HandleActions, Period},
    palette::{BAD, TEXT, TEXT_MUTED},
    session::{KnownPlayers, Problem},
    settings::Settings,
    texts::T,
    ui::{
        Kind, Kit,
        kit::filler,
        redraw::{Redraw, Shown},
    },
};
use entries::{Asked, Entries, Page, ask, spawn_entry};

/// Interval of requests, in seconds.
const REFRESH_SECONDS: f32 = 10.0;

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Board>();
    app.add_systems(OnEnter(Screen::Leaderboards), (ask_anew, spawn).chain());
    app.add_systems(Update, (choose, leave).in_set(HandleActions).run_if(in_state(Screen::Leaderboards)));
    let systems = (update, show_choice, show_entries).chain();
    app.add_systems(Update, systems.after(HandleActions).run_if(in_state(Screen::Leaderboards)));
}

/// The shown leaderboard.
#[derive(Resource, Default)]
struct Board {
    period: Period,
    /// Boards of single maps are of all time.
    map: Option<String>,
    /// Maps that have a board.
    maps: Vec<String>,
    page: Page,
    asked: Option<Asked>,
    age: f32,
}

/// What the row of choices shows.
#[derive(Clone, Debug, PartialEq)]
struct Choice {
    period: Period,
    map: Option<String>,
}

#[derive(Component)]
struct Choices;

#[derive(Component)]
struct Table;

#[derive(Component)]
struct OwnEntry;

impl Board {
    /// Asks again at once; entries of another board are not shown.
    fn ask_anew(&mut self) {
        (self.page, self.asked, self.age) = (Page::Loading, None, REFRESH_SECONDS);
    }
}

fn ask_anew(mut board: ResMut<Board>) {
    board.ask_anew();
}

fn spawn(mut commands: Commands, kit: Kit, known: Res<KnownPlayers>) {
    let table = Node {
        height: px(kit.grown(340.0).min(400.0)),
        flex_direction: FlexDirection::Column,
        row_gap: px(6),
        overflow: Overflow::scroll_y(),
        ..default()
    };
    // The place is always there, so that nothing moves when the entry comes.
    let own = Node {
        flex_direction: FlexDirection::Column,
        justify_content: JustifyContent::Center,
        min_height: px(kit.grown(40.0)),
        flex_shrink: 0.0,
        ..default()
    };
    let server = kit.settings().server.clone();
    commands.spawn(kit.screen(Screen::Leaderboards)).with_children(|screen| {
        screen.spawn(kit.card(880.0)).with_children(|card| {
            card.spawn(kit.row(14.0)).with_children(|row| {
                row.spawn(kit.strong(kit.say(T::Leaderboards), 30.0, TEXT));
                row.spawn(kit.name(&server, 15.0, TEXT_MUTED));
                row.spawn(filler());
                row.spawn(kit.small_button(Action::Refresh, kit.say(T::Refresh), Kind::Quiet));
            });
            card.spawn((Choices, kit.row(8.0), Shown::<Choice>(None)));
            card.spawn((Table, table, ScrollArea, Shown::<Page>(None)));
            card.spawn((OwnEntry, own, Shown::<Page>(None)));
            card.spawn(kit.row(11.0)).with_children(|row| {
                row.spawn(kit.button(Action::Back, kit.say(T::Back), Kind::Main));
                if let Some(player) = known.of(&server) {
                    row.spawn(kit.button(Action::ShowPlayer(player), kit.say(T::YourMatches), Kind::Plain));
                }
            });
        });
    });
}

fn choose(mut actions: MessageReader<Action>, mut board: ResMut<Board>) {
    for action in actions.read() {
        match action {
            Action::Period(period) => board.period = *period,
            Action::BoardMap(step) => board.map = super::lobby::stepped(&board.maps, board.map.as_deref(), *step),
            Action::Refresh => {}
            _ => continue,
        }
        board.ask_anew();
    }
}

fn leave(mut actions: MessageReader<Action>, mut next: ResMut<NextState<Screen>>) {
    if actions.read().any(|action| *action == Action::Back) {
        next.set(Screen::Menu);
    }
}

/// Requests the entries when they are due, and takes the answer.
fn update(time: Res<Time<Real>>, settings: Res<Settings>, known: Res<KnownPlayers>, mut board: ResMut<Board>) {
    let board = &mut *board;
    board.age += time.delta_secs();
    if let Some(asked) = &mut board.asked {
        board.page = match asked.take() {
            None => return,
            Some(Ok(Entries { maps, entries, own })) => {
                board.maps = maps;
                Page::Found { entries, own }
            }
            Some(Err(error)) if framehouse_client::records::is_without_boards(&error) => Page::NoBoards,
            Some(Err(error)) => Page::Failed(Problem::of_refusal(&error, &settings).sentence),
        };
        (board.asked, board.age) = (None, 0.0);
    } else if board.age >= REFRESH_SECONDS {
        let player = known.of(&settings.server);
        board.asked = Some(ask(settings.server.clone(), board.map.as_deref(), board.period, player));
    }
}

fn show_choice(
    mut redraw: Redraw,
    kit: Kit,
    board: Res<Board>,
    mut choices: Single<(Entity, &mut Shown<Choice>), With<Choices>>,
) {
    let (entity, shown) = &mut *choices;
    let choice = Choice { period: board.period, map: board.map.clone() };
    redraw.part(*entity, shown, choice, |row, choice| {
        row.spawn(kit.small_button(Action::BoardMap(-1), "\u{2039}", Kind::Quiet));
        row.spawn(kit.name(choice.map.as_deref().unwrap_or(kit.say(T::AllMaps)), 16.0, TEXT));
        row.spawn(kit.small_button(Action::BoardMap(1), "\u{203a}", Kind::Quiet));
        row.spawn(filler());
        let all = [(Period::AllTime, T::AllTime), (Period::ThisWeek, T::ThisWeek), (Period::Today, T::Today)];
        // Boards of maps are of all time.
        let periods = if choice.map.is_some() { &all[..1] } else { &all[..] };
        for (period, text) in periods {
            let is_chosen = choice.map.is_some() || *period == choice.period;
            let kind = if is_chosen { Kind::Chosen } else { Kind::Plain };
            row.spawn(kit.small_button(Action::Period(*period), kit.say(*text), kind));
        }
    });
}

fn show_entries(
    mut redraw: Redraw,
    kit: Kit,
    board: Res<Board>,
    known: Res<KnownPlayers>,
    mut table: Single<(Entity, &mut Shown<Page>), (With<Table>, Without<OwnEntry>)>,
    mut own_entry: Single<(Entity, &mut Shown<Page>), With<OwnEntry>>,
) {
    let player = known.of(&kit.settings().server);
    let (entity, shown) = &mut *table;
    redraw.part(*entity, shown, board.page.clone(), |table, page| match page {
        Page::Loading => kit.spawn_message(table, kit.say(T::LoadingBoard), "", TEXT_MUTED),
        Page::NoBoards => kit.spawn_message(table, kit.say(T::NoBoards), "", TEXT),
        Page::Failed(sentence) => kit.spawn_message(table, sentence, "", BAD),
        Page::Found { entries, .. } if entries.is_empty() => {
            kit.spawn_message(table, kit.say(T::NoEntries), kit.say(T::NoEntriesHint), TEXT);
        }
        Page::Found { entries, .. } => {
            entries.iter().for_each(|entry| spawn_entry(table, &kit, entry, player == Some(entry.player)));
        }
    });
    let (entity, shown) = &mut *own_entry;
    redraw.part(*entity, shown, board.page.clone(), |place, page| match page {
        Page::Found { own: Some(own), .. } => spawn_entry(place, &kit, own, true),
        Page::Found { entries, own: None } if entries.iter().all(|entry| player != Some(entry.player)) => {
            let sentence = if entries.is_empty() { "" } else { kit.say(T::NotOnBoard) };
            place.spawn((kit.words(sentence, 15.0, TEXT_MUTED), TextLayout::justify(Justify::Center)));
        }
        _ => {}
    });
}
