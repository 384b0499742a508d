//! The net graph (F3): curves and numbers on network and prediction in the last ten seconds.

mod draw;
mod samples;

use bevy::{asset::RenderAssetUsages, prelude::*, render::render_resource::*};
use framehouse_client::client::Client;

use super::{Stage, panel, panel_node, plain_letters, write};
use crate::{
    layout::EDGE,
    palette::{BAD, GOOD, GROOVE, TEXT_MUTED, WARN, rgb},
    session::Session,
    settings::Settings,
    texts::{T, fill},
    view::Draw,
};
use draw::{PICTURE, draw};
use samples::{INTERVAL, Meter, Metric, Samples};

/// The key that shows and hides the net graph.
const KEY: KeyCode = KeyCode::F3;
/// Interval of written numbers, in seconds: if it were shorter, they could not be read.
const WORDS_INTERVAL: f32 = 0.3;
/// Pixels of the picture in one pixel of the stage.
const DENSITY: f32 = 1.6;

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<NetGraph>();
    app.add_systems(Startup, spawn);
    app.add_systems(Update, (toggle, sample, show).chain().in_set(Draw));
}

/// The measurements, recorded also while the graph is hidden.
#[derive(Resource, Default)]
struct NetGraph {
    is_shown: bool,
    samples: Samples,
    meter: Meter,
    due: f32,
    is_stale: bool,
    words_due: f32,
}

#[derive(Component)]
struct Panel;

#[derive(Component)]
struct Picture(Handle<Image>);

/// The text with the newest number of a curve.
#[derive(Component)]
struct Figure(Metric);

/// The colour of a metric, in curves and texts.
const fn color(metric: Metric) -> Color {
    match metric {
        Metric::RttMs => rgb(0x4cc3ff),
        Metric::MarginMs => GOOD,
        Metric::LeadTicks => rgb(0xb58cff),
        Metric::RollbackTicks | Metric::Corrections => BAD,
        Metric::LossPercent => WARN,
        Metric::KiloBytes => TEXT_MUTED,
    }
}

fn words(metric: Metric, samples: &Samples, settings: &Settings) -> String {
    let newest = samples.newest(metric);
    let (text, number) = match metric {
        Metric::RttMs => (T::NetRtt, newest.map(|ms| format!("{ms:.0}"))),
        Metric::MarginMs => (T::NetMargin, newest.map(|ms| format!("{ms:.1}"))),
        Metric::LeadTicks => (T::NetLead, newest.map(|ticks| format!("{ticks:.1}"))),
        // These are rare events: show the maximum and the sum of the last ten seconds.
        Metric::RollbackTicks => (T::NetRollback, Some(format!("{:.0}", samples.most(metric)))),
        Metric::Corrections => (T::NetCorrections, Some(format!("{:.0}", samples.sum(metric)))),
        Metric::LossPercent => (T::Loss, newest.map(|percent| format!("{percent:.1}"))),
        Metric::KiloBytes => (T::NetTraffic, newest.map(|bytes| format!("{bytes:.1}"))),
    };
    fill(settings.say(text), &[number.as_deref().unwrap_or("\u{2013}")])
}

fn spawn(mut commands: Commands, stage: Single<Entity, With<Stage>>, mut images: ResMut<Assets<Image>>) {
    let picture = images.add(blank());
    let node = Node {
        position_type: PositionType::Absolute,
        left: px(EDGE.min_inset.x + 12.0),
        bottom: px(EDGE.max_inset.y + 12.0),
        padding: px(10).all(),
        column_gap: px(12),
        ..panel_node()
    };
    let size = PICTURE.as_vec2() / DENSITY;
    let frame = Node { width: px(size.x), height: px(size.y), border_radius: BorderRadius::all(px(5)), ..default() };
    let image = ImageNode::new(picture.clone()).with_mode(NodeImageMode::Stretch);
    let column = Node { flex_direction: FlexDirection::Column, min_width: px(118), row_gap: px(1), ..default() };
    let panel = commands.spawn((ChildOf(*stage), Panel, node, panel(), Visibility::Hidden)).id();
    commands.entity(panel).with_child((Picture(picture), image, frame, BackgroundColor(GROOVE), Pickable::IGNORE));
    let column = commands.spawn((ChildOf(panel), column, Pickable::IGNORE)).id();
    for metric in Metric::ALL {
        let ink = TextColor(color(metric));
        let letters = plain_letters(12.5);
        commands.entity(column).with_child((
            Figure(metric),
            Text::default(),
            letters,
            ink,
            TextLayout::no_wrap(),
            Pickable::IGNORE,
        ));
    }
}

fn blank() -> Image {
    let size = Extent3d { width: PICTURE.x, height: PICTURE.y, depth_or_array_layers: 1 };
    let usages = RenderAssetUsages::MAIN_WORLD | RenderAssetUsages::RENDER_WORLD;
    Image::new_fill(size, TextureDimension::D2, &[0; 4], TextureFormat::Rgba8UnormSrgb, usages)
}

fn toggle(
    keys: Res<ButtonInput<KeyCode>>,
    mut graph: ResMut<NetGraph>,
    mut panel: Single<&mut Visibility, With<Panel>>,
) {
    graph.is_shown ^= keys.just_pressed(KEY);
    panel.set_if_neq(if graph.is_shown { Visibility::Inherited } else { Visibility::Hidden });
}

fn sample(time: Res<Time<Real>>, session: Res<Session>, mut graph: ResMut<NetGraph>) {
    graph.due -= time.delta_secs();
    let Some(client) = session.client().filter(|_| graph.due <= 0.0) else { return };
    graph.due = (graph.due + INTERVAL).max(0.0);
    let NetGraph { samples, meter, is_stale, .. } = &mut *graph;
    samples.push(meter.measure(client));
    *is_stale = true;
}

fn show(
    settings: Res<Settings>,
    mut graph: ResMut<NetGraph>,
    picture: Single<&Picture>,
    mut images: ResMut<Assets<Image>>,
    mut figures: Query<(&Figure, &mut Text)>,
) {
    if !graph.is_shown || !std::mem::take(&mut graph.is_stale) {
        return;
    }
    if let Some(mut image) = images.get_mut(&picture.0) {
        image.data = Some(draw(&graph.samples, color));
    }
    graph.words_due -= INTERVAL;
    if graph.words_due > 0.0 {
        return;
    }
    graph.words_due = WORDS_INTERVAL;
    for (figure, mut text) in &mut figures {
        write(&mut text, &words(figure.0, &graph.samples, &settings));
    }
}

impl Meter {
    /// The client's present values.
    fn measure(&mut self, client: &Client) -> [f32; Metric::ALL.len()] {
        let (clock, stats) = (client.clock(), client.stats());
        let ms_of_ticks = 1000.0 / f64::from(client.tick_rate().unwrap_or(30).max(1));
        let traffic = client.traffic();
        let rollback = match self.rollbacks.grew(stats.rollback_ticks.count()) {
            0 => 0.0,
            _ => stats.rollback_ticks.last().unwrap_or_default() as f32,
        };
        Metric::ALL.map(|metric| match metric {
            Metric::RttMs => clock.rtt().map_or(f32::NAN, |rtt| rtt.as_secs_f32() * 1000.0),
            Metric::MarginMs => clock.margin_ticks().map_or(f32::NAN, |ticks| (ticks * ms_of_ticks) as f32),
            Metric::LeadTicks => clock.lead_ticks() as f32,
            Metric::RollbackTicks => rollback,
            Metric::Corrections => self.corrections.grew(stats.corrections) as f32,
            Metric::LossPercent => clock.loss() as f32 * 100.0,
            Metric::KiloBytes => self.kilobytes(traffic.up_bytes + traffic.down_bytes),
        })
    }
}
