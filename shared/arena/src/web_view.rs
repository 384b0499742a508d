//! What a browser shows of a match, in some 150 bytes a frame; `assets/view.js` reads them.
//!
//! A frame holds only what is there, and no events: the module finds those by comparing two frames, so that a frame that is
//! not sent loses none. The map does not fit into every frame. Each one has one item of it, in turn.
//!
//! | bytes | |
//! |---|---|
//! | 2 | tenths of a second until the match is over |
//! | 2, 1, 8 | low 16 bits of the rules' hash, index of an item of the map, the item: see [`write_item`] |
//! | 1, then 8 each | number of crafts; slot, shield and multiplier, position, aim, cool-down of the dash, points |
//! | 1, then 5 each | number of sparks; owner and a number that tells sparks of one owner apart, position, direction |
//! | 1, then 5 each | number of gems; low byte of the id, position, value and kind |

use bevy::prelude::*;
use framehouse_shared::{
    ids::Slot,
    sim::SimTickCount,
    tick::{SimRate, Tick},
    web_view::ViewWriter,
};

use super::{
    bodies::{Bodies, Craft},
    directions,
    map::{ARENA_HALF, Obstacle},
    pickups::{Gem, GemKind, Pickups},
    projectiles::{Projectiles, Spark},
    rules::Rules,
    scoring::{Scores, multiplier},
};

/// Time before its end in which a gem blinks, in seconds.
const FADING_SECONDS: f64 = 2.5;
/// Maximum number of view frames a second.
const VIEWS_PER_SECOND_MAX: u16 = 20;
/// Largest value of a coordinate: two of them are three bytes.
const COORDINATE_MAX: f32 = 4095.0;

/// The state of a match, as one view frame. Nothing between matches.
pub(super) fn write(room: EntityRef, view: &mut ViewWriter) {
    let (Some(rules), Some(rate), Some(tick)) =
        (room.get::<Rules>(), room.get::<SimRate>(), room.get::<SimTickCount>())
    else {
        return;
    };
    let (tick, seconds_left) = (tick.0, rules.numbers.match_time.saturating_sub(tick.0.0) as f32 * rate.dt());
    view.u16((seconds_left * 10.0).ceil().min(f32::from(u16::MAX)) as u16);
    // The server sends a view in every so many ticks, so that each one has the next item.
    let turn = tick.0 / u32::from(rate.hz().div_ceil(VIEWS_PER_SECOND_MAX));
    write_item(rules, turn as usize % (rules.map.obstacles.len() + 1), view);
    let empty = Scores::default();
    if let Some(bodies) = room.get::<Bodies>() {
        write_crafts(bodies, room.get().unwrap_or(&empty), rules, tick, view);
    }
    let sparks = room.get::<Projectiles>().map_or(&[][..], |projectiles| &projectiles.sparks);
    write_all(sparks, view, write_spark);
    let gems = room.get::<Pickups>().map_or(&[][..], |pickups| &pickups.gems);
    let fading = rate.ticks(FADING_SECONDS);
    write_all(gems, view, |gem, view| write_gem(gem, gem.fades.since(tick) < fading, view));
}

/// One item of the map in eight bytes. Item 0 is the radius of crafts, gems and sparks, all others are the obstacles.
fn write_item(rules: &Rules, item: usize, view: &mut ViewWriter) {
    view.u16(rules.hash() as u16);
    view.u8(item as u8);
    match item.checked_sub(1).map(|index| &rules.map.obstacles[index]) {
        None => {
            let numbers = &rules.numbers;
            let radii = [numbers.craft.radius, numbers.gem.radius, numbers.spark.radius].map(|radius| radius as u8);
            view.put(&[0, radii[0], radii[1], radii[2], 0, 0, 0, 0]);
        }
        Some(&Obstacle::Bar { from, to, radius }) => {
            view.u8(1);
            view.put(&place(from));
            view.put(&place(to));
            view.u8(radius as u8);
        }
        Some(&Obstacle::Block { center, half }) => {
            view.u8(2);
            view.put(&place(center));
            let half = (half / 2.0).round();
            view.put(&[half.x as u8, half.y as u8, 0, 0]);
        }
    }
}

fn write_crafts(bodies: &Bodies, scores: &Scores, rules: &Rules, tick: Tick, view: &mut ViewWriter) {
    let places = bodies.places();
    view.u8(places.len() as u8);
    for (slot, position) in places {
        let Some(craft) = bodies.craft(slot) else { continue };
        write_craft((slot, position, craft), scores, rules, tick, view);
    }
}

fn write_craft(
    (slot, position, craft): (Slot, Vec2, &Craft),
    scores: &Scores,
    rules: &Rules,
    tick: Tick,
    view: &mut ViewWriter,
) {
    let score = scores.of(slot);
    let times = multiplier(score.combo, &rules.numbers.combo).min(7) as u8;
    view.u8(u8::from(slot) | u8::from(craft.shield_until > tick) << 4 | times << 5);
    view.put(&place(position));
    view.u8(craft.aim);
    let wait = craft.dash_ready.since(tick) * 255 / rules.numbers.dash.cooldown.max(1);
    view.u8(wait.min(255) as u8);
    view.u16(score.points.min(u16::MAX.into()) as u16);
}

fn write_spark(spark: &Spark, view: &mut ViewWriter) {
    // Sparks of one owner fade in different ticks.
    view.u8(u8::from(spark.owner) << 4 | (spark.fades.0 & 15) as u8);
    view.put(&place(spark.position));
    view.u8(directions::nearest(spark.velocity).unwrap_or_default());
}

fn write_gem(gem: &Gem, is_fading: bool, view: &mut ViewWriter) {
    view.u8(gem.id as u8);
    view.put(&place(gem.position));
    let kind = match gem.kind {
        GemKind::Field => 0,
        GemKind::Jackpot => 1 << 4,
        GemKind::Dropped => 1 << 6,
    };
    view.u8(gem.value.min(15) as u8 | u8::from(is_fading) << 5 | kind);
}

fn write_all<T>(all: &[T], view: &mut ViewWriter, mut write: impl FnMut(&T, &mut ViewWriter)) {
    // There are at most 128 sparks and 128 gems.
    view.u8(all.len() as u8);
    all.iter().for_each(|one| write(one, view));
}

/// A position in 3 bytes, exact to 0.2 units.
fn place(position: Vec2) -> [u8; 3] {
    let [x, y] = ((position + ARENA_HALF) / (2.0 * ARENA_HALF) * COORDINATE_MAX).round().to_array();
    let [x, y] = [x, y].map(|part| part.clamp(0.0, COORDINATE_MAX) as u32);
    let [_, bytes @ ..] = (x << 12 | y).to_be_bytes();
    bytes
}

#[cfg(test)]
mod tests {
    use framehouse_shared::simulation::bot_match;

    use super::*;
    use crate::ArenaPlugin;

    /// View frames that a server sends in a second at 30 Hz: one every second tick.
    const VIEWS_PER_SECOND: usize = 15;

    #[test]
    fn four_players_are_shown_with_less_than_six_kilobytes_a_second() {
        let mut sent = 0;
        bot_match(ArenaPlugin, 7, 4, 3600, |tick, simulation| {
            if tick.0.is_multiple_of(2) {
                let mut view = ViewWriter::new(tick);
                write(simulation.room(), &mut view);
                let bytes = view.finish().expect("a view of four players is short");
                // In JSON: base64, and a wrapper of fewer than 60 bytes.
                sent += bytes.len().div_ceil(3) * 4 + 60;
            }
        });
        let per_second = sent / (3600 / 2) * VIEWS_PER_SECOND;
        println!("{per_second} bytes a second");
        assert!(per_second < 6000, "{per_second} bytes a second");
    }

    #[test]
    fn a_frame_names_its_map_by_16_bits() {
        bot_match(ArenaPlugin, 7, 4, 1, |tick, simulation| {
            let mut view = ViewWriter::new(tick);
            write(simulation.room(), &mut view);
            let hash = simulation.room().get::<Rules>().expect("a match has rules").hash();
            assert_eq!(view.finish().expect("a short view")[2..4], (hash as u16).to_le_bytes());
        });
    }

    #[test]
    fn positions_are_exact_to_half_a_unit_and_stay_inside() {
        for position in [Vec2::ZERO, ARENA_HALF, -ARENA_HALF, Vec2::new(-312.4, 77.7)] {
            let [a, b, c] = place(position).map(u32::from);
            let read = Vec2::new((a << 4 | b >> 4) as f32, ((b & 15) << 8 | c) as f32);
            assert!((read / COORDINATE_MAX * 2.0 * ARENA_HALF - ARENA_HALF).distance(position) < 0.5, "{position}");
        }
        assert_eq!([place(Vec2::splat(1e9)), place(Vec2::splat(f32::NAN))], [[255; 3], [0; 3]]);
    }
}
