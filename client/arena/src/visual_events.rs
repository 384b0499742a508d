//! Visual events, for flashes and bursts: found by comparing two scene snapshots.
//!
//! The simulation's list of events holds only the last simulated tick, but a frame may contain several ticks, or one
//! again after a rollback. The state itself shows the rest: a missing gem was taken, a dash changes its cool-down.

use std::collections::BTreeSet;

use bevy::prelude::*;
use framehouse_arena::{
    directions::unit,
    emote::Emote,
    events::ArenaEvent,
    map::{ARENA_HALF, nearest_on_segment},
    pickups::{Gem, GemKind},
    projectiles::Spark,
    rules::MatchRules,
};
use framehouse_shared::{ids::Slot, tick::Tick};

use super::scene::{CraftSnapshot, SceneSnapshot};

/// Extra distance between objects that met, in units: several ticks may lie between two frames.
const REACH_SLACK: f32 = 16.0;
/// The age beyond which a newly seen spark does not count as just fired, in seconds.
const FRESH_S: f64 = 8.0 / 30.0;

/// An event to show. Positions are in units from the arena's centre.
#[derive(Message, Clone, Copy, Debug, PartialEq)]
pub enum VisualEvent {
    /// A craft appeared.
    Appeared { slot: Slot, position: Vec2 },
    /// A craft dashed.
    Dashed { slot: Slot, position: Vec2, direction: Vec2, tick: Tick },
    /// A craft fired.
    Fired { slot: Slot, direction: Vec2, fades: Tick },
    /// A spark hit a craft, which lost this many points.
    Hit { shooter: Slot, victim: Slot, position: Vec2, lost: u32, fades: Tick },
    /// A spark ended at a wall or an obstacle.
    Fizzled { shooter: Slot, position: Vec2, fades: Tick },
    /// A gem was taken.
    Taken { slot: Slot, gem: u32, position: Vec2, points: u32, color: Color },
    /// A craft bounced off a wall, an obstacle or another craft.
    Bumped { slot: Slot, position: Vec2, strength: f32 },
    /// A player showed an emote, by a command that was applied in this tick.
    Emoted { slot: Slot, emote: Emote, tick: Tick },
}

impl VisualEvent {
    /// The bump, if the event is one.
    pub fn of_bump(event: &ArenaEvent) -> Option<Self> {
        match *event {
            ArenaEvent::Bumped { slot, position, strength } => Some(Self::Bumped { slot, position, strength }),
            _ => None,
        }
    }

    /// Key that identifies the event in its match, also when a rollback repeats it.
    const fn key(&self) -> Option<(u8, Slot, u32)> {
        match self {
            Self::Dashed { slot, tick, .. } => Some((0, *slot, tick.0)),
            Self::Fired { slot, fades, .. } => Some((1, *slot, fades.0)),
            // The end of a spark is shown once, whatever it hit.
            Self::Hit { shooter, fades, .. } | Self::Fizzled { shooter, fades, .. } => Some((2, *shooter, fades.0)),
            Self::Taken { slot, gem, .. } => Some((3, *slot, *gem)),
            Self::Emoted { slot, tick, .. } => Some((4, *slot, tick.0)),
            Self::Appeared { .. } | Self::Bumped { .. } => None,
        }
    }
}

/// Events already shown in this match: an event that a rollback removes and repeats is not shown again.
#[derive(Default)]
pub struct Seen(BTreeSet<(u8, Slot, u32)>);

impl Seen {
    /// Returns the events that were not shown before; a new match forgets all.
    pub fn only_new(&mut self, visual_events: Vec<VisualEvent>, is_new_match: bool) -> Vec<VisualEvent> {
        if is_new_match {
            self.0.clear();
        }
        visual_events
            .into_iter()
            .filter(|visual_event| visual_event.key().is_none_or(|key| self.0.insert(key)))
            .collect()
    }
}

/// All visual events between two snapshots, in no particular order.
pub fn between(before: &SceneSnapshot, now: &SceneSnapshot, rules: &MatchRules) -> Vec<VisualEvent> {
    if now.match_no.is_none() || before.match_no != now.match_no {
        return Vec::new();
    }
    let mut visual_events = Vec::new();
    for (slot, craft) in now.crafts() {
        match &before.crafts[slot.index()] {
            None => visual_events.push(VisualEvent::Appeared { slot, position: craft.position }),
            Some(old) if craft.dash_ready > old.dash_ready.plus(1) => visual_events.push(dash(slot, old, craft)),
            Some(_) => {}
        }
    }
    let is_new = |spark: &&Spark| !before.sparks.iter().any(|old| is_same(old, spark));
    visual_events.extend(now.sparks.iter().filter(is_new).filter_map(|spark| fired(spark, now, rules)));
    let is_gone = |spark: &&Spark| spark.fades > now.tick && !now.sparks.iter().any(|new| is_same(new, spark));
    visual_events.extend(before.sparks.iter().filter(is_gone).filter_map(|spark| ended(spark, before, now, rules)));
    let is_taken = |gem: &&Gem| gem.fades > now.tick && !now.gems.iter().any(|new| new.id == gem.id);
    visual_events.extend(before.gems.iter().filter(is_taken).filter_map(|gem| taken(gem, before, now, rules)));
    visual_events
}

/// Whether two sparks are the same. Ids shift when a rollback inserts another spark, but a craft fires at most one
/// spark a tick.
fn is_same(one: &Spark, other: &Spark) -> bool {
    (one.owner, one.fades) == (other.owner, other.fades)
}

fn dash(slot: Slot, old: &CraftSnapshot, craft: &CraftSnapshot) -> VisualEvent {
    let direction = craft.velocity.normalize_or(unit(craft.aim));
    VisualEvent::Dashed { slot, position: old.position, direction, tick: craft.dash_ready }
}

fn fired(spark: &Spark, now: &SceneSnapshot, rules: &MatchRules) -> Option<VisualEvent> {
    let age = rules.numbers.spark.life.saturating_sub(spark.fades.since(now.tick));
    let direction = spark.velocity.normalize_or_zero();
    (age <= now.rate.ticks(FRESH_S)).then_some(VisualEvent::Fired { slot: spark.owner, direction, fades: spark.fades })
}

fn ended(spark: &Spark, before: &SceneSnapshot, now: &SceneSnapshot, rules: &MatchRules) -> Option<VisualEvent> {
    let Spark { owner, position, velocity, fades, .. } = *spark;
    // The spark also moved in the tick in which it ended; in several ticks if the frame was slow.
    let ahead = position + velocity * (now.rate.dt() * now.tick.since(before.tick).clamp(1, 4) as f32);
    let reach = rules.numbers.craft.radius + rules.numbers.spark.radius + REACH_SLACK;
    let distance = |craft: &CraftSnapshot| craft.position.distance(nearest_on_segment(position, ahead, craft.position));
    let near = now.crafts().filter(|(slot, craft)| *slot != owner && distance(craft) <= reach);
    if let Some((victim, craft)) = near.min_by(|a, b| distance(a.1).total_cmp(&distance(b.1))) {
        let lost = points_lost(before, now, victim);
        let rim = craft.position + (position - craft.position).clamp_length_max(rules.numbers.craft.radius);
        return Some(VisualEvent::Hit { shooter: owner, victim, position: rim, lost, fades });
    }
    // A spark that ended in the open was a wrong prediction.
    let end = ahead.clamp(-ARENA_HALF, ARENA_HALF);
    let near = rules.numbers.spark.radius + REACH_SLACK / 2.0;
    let at_obstacle = [position, position.midpoint(ahead), ahead]
        .iter()
        .any(|point| rules.map.obstacles.iter().any(|obstacle| obstacle.clearance(*point).distance <= near));
    (end != ahead || at_obstacle).then_some(VisualEvent::Fizzled { shooter: owner, position: end, fades })
}

fn points_lost(before: &SceneSnapshot, now: &SceneSnapshot, victim: Slot) -> u32 {
    let points = |snapshot: &SceneSnapshot| snapshot.scores[victim.index()].points;
    points(before).saturating_sub(points(now))
}

fn taken(gem: &Gem, before: &SceneSnapshot, now: &SceneSnapshot, rules: &MatchRules) -> Option<VisualEvent> {
    let gained = |slot: Slot| {
        let (old, new) = (&before.scores[slot.index()], &now.scores[slot.index()]);
        (new.gems > old.gems).then(|| new.points.saturating_sub(old.points))
    };
    let distance = |craft: &CraftSnapshot| craft.position.distance(gem.position);
    let takers = now.crafts().filter(|(slot, _)| gained(*slot).is_some());
    let (slot, craft) = takers.min_by(|a, b| distance(a.1).total_cmp(&distance(b.1)))?;
    let reach = rules.numbers.craft.radius + rules.numbers.gem.radius + 5.0 * REACH_SLACK;
    let gained = gained(slot).unwrap_or_default();
    // A hit at the same moment would hide the gain from the gem.
    let points = if gained > 0 { gained } else { u32::from(gem.value) };
    let points = if gem.kind == GemKind::Dropped { u32::from(gem.value) } else { points };
    let color = super::colors::gem_color(gem);
    (distance(craft) <= reach).then_some(VisualEvent::Taken {
        slot,
        gem: gem.id,
        position: gem.position,
        points,
        color,
    })
}

#[cfg(test)]
mod tests;
