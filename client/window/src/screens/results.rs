//! The results after a match: the winner, where the result stands, scores that count up, score curves, and the rematch
//! button.

mod ranking;
mod saving;
mod standing;

use bevy::prelude::*;
use framehouse_client::client::MatchResults;
use framehouse_shared::{
    ids::{SLOTS_MAX, Slot},
    protocol::messages::{Phase, PlayerState},
    tick::Tick,
};

use super::{
    Dialog, Screen, SeenResults,
    plot::{Curve, plot},
    report,
};
use saving::{Saving, SavingShown};
use standing::LastStanding;

use crate::{
    actions::{Action, HandleActions},
    easing::{ease_out, grouped},
    palette::{Colors, GROOVE, TEXT, TEXT_MUTED},
    session::Session,
    settings::Settings,
    texts::T,
    ui::{
        Kind, Kit,
        redraw::{Redraw, Shown},
    },
    view::GameView,
};

/// Duration of counting scores and growing curves, in seconds.
const COUNT_SECONDS: f32 = 1.8;
/// Size of the plot, in pixels of its picture.
const PLOT: UVec2 = UVec2::new(1040, 660);

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Counting>().init_resource::<Saving>().init_resource::<LastStanding>();
    app.add_systems(Update, (saving::listen, standing::listen).before(HandleActions));
    app.add_systems(OnEnter(Screen::Results), spawn);
    app.add_systems(Update, (handle_actions, saving::save).in_set(HandleActions).run_if(in_state(Screen::Results)));
    let systems = (count, ranking::write, show_plot, grow_curves, standing::show, show_button_row);
    app.add_systems(Update, systems.chain().after(HandleActions).run_if(in_state(Screen::Results)));
}

/// Progress of counting scores and growing curves, 0 to 1.
#[derive(Resource, Default)]
struct Counting {
    seconds: f32,
    part: f32,
}

/// Panel of the score curves.
#[derive(Component)]
struct PlotPanel;

/// The highest score of all curves; `None` without a curve to draw.
#[derive(Clone, Copy, Debug, PartialEq)]
struct PlotShown(Option<i64>);

/// Picture of the score curves.
#[derive(Component)]
struct Plot {
    picture: Handle<Image>,
    /// The drawn part of the curves, 0 to 1, and their number of points; `None` before the first drawing.
    drawn: Option<(f32, usize)>,
}

#[derive(Component)]
struct ButtonRow;

#[derive(Clone, Debug, PartialEq)]
struct ButtonRowShown {
    /// Nothing for a spectator, and without a rematch.
    is_ready: Option<bool>,
    is_lobby: bool,
    saving: SavingShown,
}

fn spawn(
    mut commands: Commands,
    kit: Kit,
    session: Res<Session>,
    (view, settings): (Res<GameView>, Res<Settings>),
    mut counting: ResMut<Counting>,
) {
    *counting = Counting::default();
    let Some((results, own)) = session.client().and_then(|client| Some((client.results()?, client.slot()))) else {
        return;
    };
    let outer = Node {
        width: px(1180),
        height: percent(100),
        max_height: px(860),
        flex_direction: FlexDirection::Column,
        row_gap: px(16),
        ..default()
    };
    let inner =
        |width: f32| Node { padding: px(22).all(), row_gap: px(8), flex_grow: width, flex_basis: px(0), ..default() };
    commands.spawn(kit.screen(Screen::Results)).with_children(|screen| {
        screen.spawn(outer).with_children(|column| {
            column.spawn((
                kit.strong(&title(results, own, &kit), 40.0, TEXT),
                TextLayout::new(Justify::Center, LineBreak::WordOrCharacter),
            ));
            column.spawn(standing::place(&kit));
            let middle = Node { flex_grow: 1.0, column_gap: px(16), min_height: px(0), ..default() };
            column.spawn(middle).with_children(|row| {
                row.spawn(kit.panel(inner(1.0))).with_children(|panel| {
                    let can_report = report::can_report(&session);
                    ranking::spawn(panel, &kit, results, (own, can_report), |entry| {
                        view.detail(&entry.score, &settings)
                    });
                });
                row.spawn((PlotPanel, kit.panel(inner(1.0)), Shown::<PlotShown>(None)));
            });
            let button_row =
                Node { flex_direction: FlexDirection::Column, row_gap: px(8), flex_shrink: 0.0, ..default() };
            column.spawn((ButtonRow, button_row, Shown::<ButtonRowShown>(None)));
        });
    });
}

fn title(results: &MatchResults, own: Option<Slot>, kit: &Kit) -> String {
    match results.ranking.first() {
        None => kit.say(T::MatchOver).to_owned(),
        Some(best) if own == Some(best.slot) => kit.say(T::YouWin).to_owned(),
        Some(best) => kit.fill(T::Wins, &[&best.name]),
    }
}

/// Shows the plot, or a sentence while there is no curve. The curves arrive a moment after the ranking.
fn show_plot(
    mut redraw: Redraw,
    kit: Kit,
    (session, view): (Res<Session>, Res<GameView>),
    mut panel: Single<(Entity, &mut Shown<PlotShown>), With<PlotPanel>>,
    mut images: ResMut<Assets<Image>>,
) {
    let Some(results) = session.client().and_then(|client| client.results()) else { return };
    let heading = kit.fill(T::Curves, &[kit.say(view.about().points)]);
    let has_lines = results.curves.iter().any(|curve| curve.len() > 1);
    let value = PlotShown(has_lines.then(|| extent(&results.curves).1));
    let (entity, shown) = &mut *panel;
    redraw.part(*entity, shown, value, |panel, PlotShown(most)| {
        panel.spawn(kit.strong(&heading, 15.0, TEXT_MUTED));
        match most {
            Some(most) => spawn_plot(panel, &kit, *most, images.add(plot(PLOT, &[], 0.0))),
            None => drop(panel.spawn(kit.words(kit.say(T::NoCurves), 15.0, TEXT_MUTED))),
        }
    });
}

fn spawn_plot(panel: &mut ChildSpawnerCommands<'_>, kit: &Kit, most: i64, picture: Handle<Image>) {
    let node = Node { flex_grow: 1.0, min_height: px(0), border_radius: BorderRadius::all(px(10)), ..default() };
    panel.spawn((node, BackgroundColor(GROOVE))).with_children(|frame| {
        let stretched = Node { width: percent(100), height: percent(100), ..default() };
        let image = ImageNode { image: picture.clone(), image_mode: NodeImageMode::Stretch, ..default() };
        frame.spawn((Plot { picture, drawn: None }, image, stretched));
        let corner = Node { position_type: PositionType::Absolute, left: px(10), top: px(6), ..default() };
        frame.spawn((kit.words(&grouped(most), 13.0, TEXT_MUTED), corner));
    });
}

fn count(time: Res<Time<Real>>, mut counting: ResMut<Counting>) {
    if counting.part < 1.0 {
        counting.seconds += time.delta_secs().min(0.1);
        counting.part = ease_out(counting.seconds / COUNT_SECONDS);
    }
}

/// Redraws the curves while they grow, and when another one arrives.
fn grow_curves(
    (session, colors): (Res<Session>, Res<Colors>),
    counting: Res<Counting>,
    mut plots: Query<&mut Plot>,
    mut images: ResMut<Assets<Image>>,
) {
    let Some((results, own)) = session.client().and_then(|client| Some((client.results()?, client.slot()))) else {
        return;
    };
    let now = (counting.part, results.curves.iter().map(Vec::len).sum());
    for mut shown in &mut plots {
        if shown.drawn == Some(now) {
            continue;
        }
        shown.drawn = Some(now);
        let picture = plot(PLOT, &lines(&results.curves, &colors, own), counting.part);
        // The picture was created with the plot, and lives as long.
        drop(images.insert(shown.picture.id(), picture));
    }
}

/// The last tick and the highest score of all curves, each at least 1.
fn extent(curves: &[Vec<(Tick, i64)>; SLOTS_MAX]) -> (Tick, i64) {
    let points = curves.iter().flatten();
    points.fold((Tick(1), 1), |(tick, points), (at, of)| (tick.max(*at), points.max(*of)))
}

/// The lines of the plot; the player's own is on top.
fn lines(curves: &[Vec<(Tick, i64)>; SLOTS_MAX], colors: &Colors, own: Option<Slot>) -> Vec<Curve> {
    let (last, most) = extent(curves);
    let place = |(tick, points): &(Tick, i64)| Vec2::new(tick.0 as f32 / last.0 as f32, *points as f32 / most as f32);
    let line = |slot: Slot| Curve {
        color: colors.player(slot),
        points: curves[slot.index()].iter().map(place).collect(),
        is_own: own == Some(slot),
    };
    let mut lines: Vec<Curve> = Slot::all().filter(|slot| curves[slot.index()].len() > 1).map(line).collect();
    lines.sort_by_key(|line| line.is_own);
    lines
}

fn show_button_row(
    mut redraw: Redraw,
    kit: Kit,
    session: Res<Session>,
    saving: Res<Saving>,
    mut button_row: Single<(Entity, &mut Shown<ButtonRowShown>), With<ButtonRow>>,
) {
    let Some(client) = session.client() else { return };
    let is_lobby = matches!(client.phase(), Some(Phase::Lobby { .. }));
    // Before a restart of the server no other match begins.
    let has_rematch = client.slot().is_some() && client.draining().is_none();
    let is_ready = has_rematch.then(|| client.state() == Some(PlayerState::Ready));
    let (entity, shown) = &mut *button_row;
    redraw.part(*entity, shown, ButtonRowShown { is_ready, is_lobby, saving: saving.shown() }, |column, button_row| {
        if let Some((text, detail)) = &button_row.saving.words {
            let layout = TextLayout::new(Justify::Center, LineBreak::WordOrCharacter);
            column.spawn((kit.words(&kit.fill(*text, &[detail]), 15.0, TEXT_MUTED), layout));
        }
        column.spawn(kit.row(11.0)).with_children(|row| spawn_button_row(row, &kit, button_row));
    });
}

fn spawn_button_row(row: &mut ChildSpawnerCommands<'_>, kit: &Kit, button_row: &ButtonRowShown) {
    row.spawn(kit.button(Action::Leave, kit.say(T::ToMenu), Kind::Plain));
    row.spawn(kit.button(Action::ToLobby, kit.say(T::ToLobby), Kind::Plain));
    if let Some(text) = button_row.saving.button {
        row.spawn(kit.button(Action::SaveReplay, kit.say(text), Kind::Plain));
    }
    match button_row.is_ready {
        Some(false) => {
            row.spawn(kit.button(Action::Ready(true), kit.say(T::Rematch), Kind::Main));
        }
        Some(true) => {
            row.spawn(kit.button(Action::Ready(false), kit.say(T::WaitingRematch), Kind::Chosen));
        }
        None => {}
    }
}

fn handle_actions(
    mut actions: MessageReader<Action>,
    time: Res<Time<Real>>,
    dialog: Res<Dialog>,
    mut session: ResMut<Session>,
    mut seen: ResMut<SeenResults>,
    mut rematch: Local<bool>,
) {
    for action in actions.read() {
        match action {
            // It closes the dialog.
            Action::Back if *dialog != Dialog::None => {}
            Action::Leave => session.leave(time.elapsed()),
            Action::ToLobby | Action::Back => {
                seen.0 = session.client().and_then(|client| client.results()).map(|results| results.match_no);
            }
            Action::Ready(ready) => *rematch = *ready,
            _ => {}
        }
    }
    // A room in its results accepts no ready state: it is sent when the room is back in its lobby.
    let Some(client) = session.room().filter(|client| matches!(client.phase(), Some(Phase::Lobby { .. }))) else {
        return;
    };
    let is_ready = client.state() == Some(PlayerState::Ready);
    if *rematch && !is_ready {
        client.set_ready(true);
        *rematch = false;
    }
}
