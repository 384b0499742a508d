//! A player on a server: its figures and its last matches, each with its replay. The player's own page is the same.

use bevy::{prelude::*, ui_widgets::ScrollArea};
use framehouse_client::{
    connect::ConnectError,
    records::{PlayedMatch, PlayerInfo, list_matches, read_player},
};
use framehouse_shared::{api::code, date::day, ids::AccountId};

use super::{ReplayList, Screen};
use crate::{
    actions::{Action, HandleActions},
    easing::grouped,
    palette::{BAD, TEXT, TEXT_MUTED},
    session::{BackgroundTask, KnownPlayers, Problem, Session},
    settings::Settings,
    texts::T,
    ui::{
        Kind, Kit,
        kit::filler,
        redraw::{Redraw, Shown},
    },
};

/// Number of matches in the list.
const MATCHES: u32 = 20;

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Page>();
    // Buttons of the leaderboards lead here.
    app.add_systems(Update, open.in_set(HandleActions).run_if(in_state(Screen::Leaderboards)));
    app.add_systems(OnEnter(Screen::Player), (ask, spawn).chain());
    app.add_systems(Update, handle_actions.in_set(HandleActions).run_if(in_state(Screen::Player)));
    app.add_systems(Update, (take, show).chain().after(HandleActions).run_if(in_state(Screen::Player)));
}

type Answer = Result<(PlayerInfo, Vec<PlayedMatch>), ConnectError>;

/// The shown player.
#[derive(Resource, Default)]
struct Page {
    /// Nothing for the player's own page, if the program has begun with it.
    player: Option<AccountId>,
    asked: Option<BackgroundTask<Answer>>,
    content: Content,
}

#[derive(Clone, Debug, Default, PartialEq)]
enum Content {
    #[default]
    Loading,
    Found(Box<PlayerInfo>, Vec<PlayedMatch>),
    /// The player has not finished a match.
    Nothing,
    Failed(String),
}

#[derive(Component)]
struct Head;

#[derive(Component)]
struct Table;

fn open(mut actions: MessageReader<Action>, mut page: ResMut<Page>, mut next: ResMut<NextState<Screen>>) {
    for action in actions.read() {
        if let Action::ShowPlayer(player) = action {
            page.player = Some(*player);
            next.set(Screen::Player);
        }
    }
}

fn ask(settings: Res<Settings>, known: Res<KnownPlayers>, mut page: ResMut<Page>) {
    let server = settings.server.clone();
    page.player = page.player.or_else(|| known.of(&server));
    page.asked = page.player.map(|player| {
        BackgroundTask::begin(move || Ok((read_player(&server, player)?, list_matches(&server, player, MATCHES)?)))
    });
    page.content = if page.asked.is_some() { Content::Loading } else { Content::Nothing };
}

fn spawn(mut commands: Commands, kit: Kit) {
    let head = Node {
        flex_direction: FlexDirection::Column,
        row_gap: px(4),
        min_height: px(kit.grown(64.0)),
        flex_shrink: 0.0,
        ..default()
    };
    let table = Node {
        height: px(kit.grown(380.0).min(440.0)),
        flex_direction: FlexDirection::Column,
        row_gap: px(6),
        overflow: Overflow::scroll_y(),
        ..default()
    };
    commands.spawn(kit.screen(Screen::Player)).with_children(|screen| {
        screen.spawn(kit.card(880.0)).with_children(|card| {
            card.spawn((Head, head, Shown::<Content>(None)));
            card.spawn((Table, table, ScrollArea, Shown::<Content>(None)));
            card.spawn(kit.row(11.0)).with_child(kit.button(Action::Back, kit.say(T::Back), Kind::Main));
        });
    });
}

fn take(settings: Res<Settings>, mut page: ResMut<Page>) {
    let Some(answer) = page.asked.as_mut().and_then(BackgroundTask::take) else { return };
    page.asked = None;
    page.content = match answer {
        Ok((player, matches)) => Content::Found(Box::new(player), matches),
        Err(error) if error.code() == Some(code::NO_SUCH_PLAYER) => Content::Nothing,
        Err(error) => Content::Failed(Problem::of_refusal(&error, &settings).sentence),
    };
}

fn show(
    mut redraw: Redraw,
    kit: Kit,
    page: Res<Page>,
    known: Res<KnownPlayers>,
    mut head: Single<(Entity, &mut Shown<Content>), (With<Head>, Without<Table>)>,
    mut table: Single<(Entity, &mut Shown<Content>), With<Table>>,
) {
    let is_own = page.player.is_some() && page.player == known.of(&kit.settings().server);
    let (entity, shown) = &mut *head;
    redraw.part(*entity, shown, page.content.clone(), |head, content| spawn_head(head, &kit, content, is_own));
    let (entity, shown) = &mut *table;
    redraw.part(*entity, shown, page.content.clone(), |table, content| match content {
        Content::Loading => kit.spawn_message(table, kit.say(T::LoadingMatches), "", TEXT_MUTED),
        Content::Nothing => kit.spawn_message(table, kit.say(T::NoMatches), kit.say(T::NoEntriesHint), TEXT),
        Content::Failed(sentence) => kit.spawn_message(table, sentence, "", BAD),
        Content::Found(_, matches) => matches.iter().for_each(|played| spawn_match(table, &kit, played)),
    });
}

fn spawn_head(head: &mut ChildSpawnerCommands<'_>, kit: &Kit, content: &Content, is_own: bool) {
    let (title, figures) = match content {
        Content::Found(player, _) if is_own => (kit.say(T::YourMatches).to_owned(), figures(kit, player)),
        Content::Found(player, _) => (kit.fill(T::MatchesOf, &[&player.name]), figures(kit, player)),
        _ if is_own => (kit.say(T::YourMatches).to_owned(), String::new()),
        _ => (kit.say(T::Matches).to_owned(), String::new()),
    };
    head.spawn(kit.name(&title, 30.0, TEXT));
    head.spawn(kit.words(&figures, 15.0, TEXT_MUTED));
}

fn figures(kit: &Kit, player: &PlayerInfo) -> String {
    let played = kit.fill(T::Played, &[&player.matches.to_string()]);
    let best = kit.fill(T::Best, &[&grouped(player.best)]);
    let rating = player.rating.map(|rating| kit.fill(T::Rating, &[&tenths(rating.mu), &tenths(rating.sigma)]));
    [played, best].into_iter().chain(rating).collect::<Vec<_>>().join("  \u{b7}  ")
}

fn tenths(number: f64) -> String {
    format!("{number:.1}")
}

fn spawn_match(table: &mut ChildSpawnerCommands<'_>, kit: &Kit, played: &PlayedMatch) {
    let rank = kit.fill(T::RankOf, &[&played.rank.to_string(), &played.players.to_string()]);
    table.spawn(kit.line(TEXT, 0.05)).with_children(|line| {
        line.spawn(kit.cell(&day(played.ended_unix), 14.0, TEXT_MUTED, 96.0));
        line.spawn(kit.name(&played.map, 16.0, TEXT));
        line.spawn(filler());
        line.spawn(kit.cell(&rank, 14.0, TEXT_MUTED, 130.0));
        line.spawn((kit.strong(&grouped(played.points), 17.0, TEXT), TextLayout::no_wrap()));
        if played.has_replay {
            let action = Action::ShowMatch(played.match_id);
            line.spawn(kit.small_button(action, kit.say(T::WatchReplay), Kind::QuietMain));
        }
    });
}

fn handle_actions(
    mut actions: MessageReader<Action>,
    time: Res<Time<Real>>,
    settings: Res<Settings>,
    mut session: ResMut<Session>,
    mut list: ResMut<ReplayList>,
    mut next: ResMut<NextState<Screen>>,
) {
    for action in actions.read() {
        match action {
            Action::ShowMatch(match_id) => {
                *list = ReplayList(Screen::Player);
                session.show_match(*match_id, &settings, time.elapsed());
            }
            Action::Back => next.set(Screen::Leaderboards),
            _ => {}
        }
    }
}
