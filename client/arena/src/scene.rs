//! The scene: a copy of the visible match, taken once a frame, and the changes since the last frame.
//!
//! All drawing systems read this copy, so none of them touches the simulation.

use bevy::prelude::*;
use framehouse_arena::{
    bodies::Bodies,
    emote::Emote,
    events::TickEvents,
    pickups::{Gem, Pickups},
    projectiles::{Projectiles, Spark},
    rules::Rules,
    scoring::{PlayerScore, Scores},
};
use framehouse_shared::{
    ids::{SLOTS_MAX, Slot},
    tick::{SimRate, Tick},
};
use framehouse_window::{
    easing::Passed,
    view::{Draw, MatchView},
};

use super::visual_events::{Seen, VisualEvent, between};

/// The age beyond which a newly seen emote is not shown, in seconds: the player joined late, or moved to another moment
/// of a replay.
const EMOTE_AGE_SECONDS_MAX: f64 = 1.0;

/// Updates the scene once a frame, at the start of [`Update`].
pub struct ScenePlugin;

impl Plugin for ScenePlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<Scene>().add_message::<VisualEvent>();
        app.add_systems(Update, look.before(Draw));
    }
}

/// The visible state of a match after one tick.
#[derive(Clone, Debug, Default)]
pub struct SceneSnapshot {
    /// The match's number in its room; nothing while there is no match.
    pub match_no: Option<u32>,
    /// The next tick to simulate.
    pub tick: Tick,
    /// The tick rate.
    pub rate: SimRate,
    /// The player's own seat.
    pub own: Option<Slot>,
    /// Crafts by seat.
    pub crafts: [Option<CraftSnapshot>; SLOTS_MAX],
    /// Gems, oldest first.
    pub gems: Vec<Gem>,
    /// Sparks, oldest first.
    pub sparks: Vec<Spark>,
    /// Scores by seat.
    pub scores: [PlayerScore; SLOTS_MAX],
}

/// One craft of a [`SceneSnapshot`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CraftSnapshot {
    /// Position, in units from the arena's centre.
    pub position: Vec2,
    /// Velocity in units per second.
    pub velocity: Vec2,
    /// Direction of the aim, in 1/256 turns.
    pub aim: u8,
    /// The first tick in which it can dash.
    pub dash_ready: Tick,
    /// The tick until which hits cost nothing.
    pub shield_until: Tick,
}

impl SceneSnapshot {
    /// The crafts in the match, by seat.
    pub fn crafts(&self) -> impl Iterator<Item = (Slot, &CraftSnapshot)> {
        Slot::all().filter_map(|slot| Some((slot, self.crafts[slot.index()].as_ref()?)))
    }

    /// The player's own craft.
    pub fn own_craft(&self) -> Option<&CraftSnapshot> {
        self.crafts[self.own?.index()].as_ref()
    }
}

/// The match as it is drawn in this frame.
#[derive(Resource, Default)]
pub struct Scene {
    /// The newest state.
    pub now: SceneSnapshot,
    /// The rules and the map; kept after the match, so that the arena stays visible.
    pub rules: Option<Rules>,
    /// Age of the drawn moment, in seconds before the newest state. An object in even motion is drawn at
    /// `position - velocity * seconds_back`, its position between the last two ticks.
    pub seconds_back: f32,
    /// Time that passed since the last frame.
    pub passed: Passed,
    drawn_tick: f64,
}

fn look(
    time: Res<Time<Real>>,
    seen_match: MatchView,
    mut scene: ResMut<Scene>,
    mut seen: Local<Seen>,
    mut visual_events: MessageWriter<VisualEvent>,
) {
    let alpha = seen_match.alpha();
    let snapshot = snapshot(&seen_match);
    if let Some(rules) = seen_match.get::<Rules>() {
        scene.rules = Some(rules.clone());
    }
    let drawn_tick = f64::from(snapshot.tick.0) - 1.0 + f64::from(alpha);
    scene.passed = Passed {
        game: ((drawn_tick - scene.drawn_tick) as f32 * snapshot.rate.dt()).clamp(-0.5, 0.5),
        real: time.delta_secs().min(0.25),
    };
    scene.seconds_back = snapshot.rate.dt() * (1.0 - alpha);
    scene.drawn_tick = drawn_tick;
    let before = std::mem::replace(&mut scene.now, snapshot);
    if let Some(rules) = &scene.rules {
        let mut shown = between(&before, &scene.now, rules);
        shown.extend(emotes(&seen_match, scene.now.tick));
        visual_events.write_batch(seen.only_new(shown, before.match_no != scene.now.match_no));
        visual_events.write_batch(bumps(&seen_match, &before, &scene.now));
    }
}

fn snapshot(seen: &MatchView) -> SceneSnapshot {
    let Some(tick) = seen.next_tick() else { return SceneSnapshot::default() };
    let bodies = seen.get::<Bodies>();
    let craft = |slot| {
        let bodies = bodies?;
        let craft = bodies.craft(slot)?;
        Some(CraftSnapshot {
            position: bodies.position(slot)?,
            velocity: bodies.velocity(slot)?,
            aim: craft.aim,
            dash_ready: craft.dash_ready,
            shield_until: craft.shield_until,
        })
    };
    let mut crafts = [None; SLOTS_MAX];
    Slot::all().for_each(|slot| crafts[slot.index()] = craft(slot));
    SceneSnapshot {
        match_no: seen.match_no(),
        tick,
        rate: seen.rate(),
        own: seen.own(),
        crafts,
        gems: seen.get::<Pickups>().map(|pickups| pickups.gems.clone()).unwrap_or_default(),
        sparks: seen.get::<Projectiles>().map(|projectiles| projectiles.sparks.clone()).unwrap_or_default(),
        scores: seen.get::<Scores>().map(|scores| scores.0).unwrap_or_default(),
    }
}

/// Bumps of the newest tick. They leave no trace in the state and are read from the tick's events; one that a slow
/// frame misses is no great loss.
fn bumps(seen: &MatchView, before: &SceneSnapshot, now: &SceneSnapshot) -> Vec<VisualEvent> {
    let events = seen.get::<TickEvents>();
    let Some(events) = events.filter(|_| now.tick > before.tick && before.match_no == now.match_no) else {
        return Vec::new();
    };
    events.list.iter().filter_map(VisualEvent::of_bump).collect()
}

/// Emotes of the last moments. They are not part of the state but commands. Another player's command may be seen some
/// ticks late, since it arrives with the frame of a tick that was predicted without it.
fn emotes(seen: &MatchView, now: Tick) -> impl Iterator<Item = VisualEvent> {
    let age_ticks_max = seen.rate().ticks(EMOTE_AGE_SECONDS_MAX);
    let recent = seen.commands().filter(move |(tick, _)| now.since(*tick) <= age_ticks_max);
    recent.filter_map(|(tick, command)| {
        Some(VisualEvent::Emoted { slot: command.slot, emote: Emote::of(command)?, tick })
    })
}

#[cfg(test)]
pub(super) mod tests {
    use framehouse_arena::pickups::GemKind;

    use super::*;
    use crate::tests::slot;

    pub fn gem(id: u32, kind: GemKind, value: u16) -> Gem {
        Gem { id, kind, value, position: Vec2::ZERO, velocity: Vec2::ZERO, free: Tick(0), fades: Tick(900) }
    }

    #[test]
    fn only_crafts_that_are_there_are_listed() {
        let mut snapshot = SceneSnapshot { own: Some(slot(5)), ..default() };
        snapshot.crafts[3] = Some(CraftSnapshot::default());
        assert_eq!(snapshot.crafts().map(|(slot, _)| u8::from(slot)).collect::<Vec<_>>(), [3]);
        assert_eq!(snapshot.own_craft(), None);
    }
}
