//! Gems on the field: appearance, values and lifetime.

use bevy::prelude::*;
use framehouse_shared::{rng::SimRng, room_state::RoomState, tick::Tick};
use serde::{Deserialize, Serialize};

use super::{
    directions,
    map::{ARENA_HALF, GemZone},
    rules::MatchRules,
};

/// Maximum number of gems on the field, dropped ones included; no more appear beyond it.
pub const PICKUPS_MAX: usize = 128;
/// Number of attempts to draw a position without an obstacle.
const PLACE_TRIES: u32 = 4;

/// Origin of a gem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, RoomState)]
pub enum GemKind {
    /// Appeared on the field; the combo multiplies it.
    Field,
    /// A valuable gem for all to race for; the combo multiplies it.
    Jackpot,
    /// Dropped by a player that was hit; worth what was lost, so that hits do not create points.
    Dropped,
}

/// A gem on the field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, RoomState)]
#[room_state(key = id)]
pub struct Gem {
    /// Id, unique in its match; views identify the gem by it.
    pub id: u32,
    /// Origin.
    pub kind: GemKind,
    /// Value, in points.
    pub value: u16,
    /// Position, in units from the arena's centre.
    pub position: Vec2,
    /// Velocity, in units per second.
    pub velocity: Vec2,
    /// First tick in which it can be taken.
    pub free: Tick,
    /// Tick in which it fades.
    pub fades: Tick,
}

/// All gems on the field, oldest first.
#[derive(Component, Clone, Debug, Default, PartialEq, Serialize, Deserialize, RoomState)]
#[room_state(order(next_id, next_spawn, gems))]
pub struct Pickups {
    /// The gems.
    pub gems: Vec<Gem>,
    next_id: u32,
    next_spawn: Tick,
}

impl Pickups {
    /// Removes faded gems and adds those that are due: without players only jackpots, and the gems at tick 0.
    pub fn spawn_due(&mut self, rules: &MatchRules, rng: &mut SimRng, players: u32, tick: Tick) {
        let (numbers, zones) = (&rules.numbers.gem, &rules.map.gem_zones);
        self.gems.retain(|gem| gem.fades > tick);
        let opening = if tick == Tick(0) { numbers.opening_count } else { 0 };
        for _ in 0..opening {
            self.spawn_in(draw_zone(zones, rng), GemKind::Field, rules, rng, tick);
        }
        if tick.plus(1).0.is_multiple_of(numbers.jackpot_every) {
            self.spawn_in(&zones[0], GemKind::Jackpot, rules, rng, tick);
        }
        if players > 0 && tick >= self.next_spawn {
            self.next_spawn = tick.plus((numbers.spawn_every / players).max(1));
            if self.gems.len() < numbers.field_max as usize {
                self.spawn_in(draw_zone(zones, rng), GemKind::Field, rules, rng, tick);
            }
        }
    }

    fn spawn_in(&mut self, zone: &GemZone, kind: GemKind, rules: &MatchRules, rng: &mut SimRng, tick: Tick) {
        let numbers = &rules.numbers.gem;
        let place = (0..PLACE_TRIES).find_map(|_| {
            let place = zone.center + Vec2::new(rng.between(-1.0, 1.0), rng.between(-1.0, 1.0)) * zone.half;
            rules.map.is_clear(place, numbers.radius).then_some(place)
        });
        // A zone full of obstacles gets fewer gems; an endless search is avoided.
        let Some(position) = place else { return };
        let value = if kind == GemKind::Jackpot { numbers.jackpot_value } else { field_value(rules, position) };
        self.add(kind, value, position, Vec2::ZERO, tick, tick.plus(numbers.life));
    }

    /// Scatters `points` around a craft that was hit, in as many gems as the rules say and the field has room for.
    /// Returns the points that were scattered.
    pub fn scatter(&mut self, points: u32, from: Vec2, rules: &MatchRules, rng: &mut SimRng, tick: Tick) -> u32 {
        let (numbers, room) = (&rules.numbers.loss, PICKUPS_MAX - self.gems.len().min(PICKUPS_MAX));
        let count = u32::from(numbers.gems).min(points).min(room as u32);
        let mut left = points.min(count * u32::from(u16::MAX));
        let scattered = left;
        for place in 0..count {
            let value = left / (count - place);
            left -= value;
            let speed = numbers.scatter_speed * rng.between(0.5, 1.0);
            let velocity = directions::unit(rng.below(256) as u8) * speed;
            let free = tick.plus(numbers.pick_delay);
            self.add(GemKind::Dropped, value as u16, from, velocity, free, free.plus(rules.numbers.gem.life));
        }
        scattered
    }

    fn add(&mut self, kind: GemKind, value: u16, position: Vec2, velocity: Vec2, free: Tick, fades: Tick) {
        if self.gems.len() < PICKUPS_MAX {
            self.gems.push(Gem { id: self.next_id, kind, value, position, velocity, free, fades });
            self.next_id = self.next_id.wrapping_add(1);
        }
    }
}

fn draw_zone<'a>(zones: &'a [GemZone], rng: &mut SimRng) -> &'a GemZone {
    let mut drawn = rng.below(zones.iter().map(|zone| zone.weight).sum());
    let zone = zones.iter().find(|zone| {
        let is_it = drawn < zone.weight;
        drawn = drawn.saturating_sub(zone.weight);
        is_it
    });
    zone.unwrap_or(&zones[0])
}

/// Value of a gem at a position, in points: decreases linearly from the centre to the farthest corner.
pub fn field_value(rules: &MatchRules, position: Vec2) -> u16 {
    let (edge, center) = (f32::from(rules.numbers.gem.value_edge), f32::from(rules.numbers.gem.value_center));
    let outwardness = (position / ARENA_HALF).length() / std::f32::consts::SQRT_2;
    (center + (edge - center) * outwardness.min(1.0)).round() as u16
}
