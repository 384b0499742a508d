//! Every number of the rules, and the range that keeps a match safe: none of them can make it panic, hang or grow.

use serde::{Deserialize, Serialize};

/// The numbers of `rules.ron`. Distances in units, times in ticks, speeds in units per second.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArenaNumbers {
    /// The length of a match.
    pub match_ticks: u32,
    /// Crafts.
    pub craft: CraftNumbers,
    /// The dash.
    pub dash: DashNumbers,
    /// Sparks.
    pub spark: SparkNumbers,
    /// Gems.
    pub gem: GemNumbers,
    /// The combo.
    pub combo: ComboNumbers,
    /// What a hit costs.
    pub loss: LossNumbers,
}

/// How crafts move.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CraftNumbers {
    /// Units.
    pub radius: f32,
    /// Units/s^2 at full throttle.
    pub acceleration: f32,
    /// The share of its speed that a craft loses each second.
    pub drag: f32,
    /// Units/s, whatever pushes.
    pub speed_max: f32,
    /// Restitution between crafts.
    pub bounce: f32,
    /// Restitution of walls and obstacles.
    pub wall_bounce: f32,
}

/// The dash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DashNumbers {
    /// Units/s, set at once.
    pub speed: f32,
    /// Ticks without drag and thrust.
    pub glide_ticks: u32,
    /// Ticks from one dash to the next.
    pub cooldown_ticks: u32,
}

/// Sparks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SparkNumbers {
    /// Units/s.
    pub speed: f32,
    /// Units.
    pub radius: f32,
    /// Ticks until it fades.
    pub life_ticks: u32,
    /// Ticks from one spark to the next.
    pub cooldown_ticks: u32,
    /// Units/s given to whoever is hit.
    pub knockback: f32,
    /// Units/s taken from whoever fires.
    pub recoil: f32,
}

/// Gems.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GemNumbers {
    /// Units.
    pub radius: f32,
    /// Gems on the field at tick 0.
    pub opening_count: u32,
    /// Gems that may lie about before no more spawn.
    pub field_max: u32,
    /// Ticks between gems for one player; with n players n times as often.
    pub spawn_ticks: u32,
    /// Ticks until an untaken gem fades.
    pub life_ticks: u32,
    /// Points of a gem in the farthest corner.
    pub value_edge: u16,
    /// Points of a gem at the centre.
    pub value_center: u16,
    /// Ticks between jackpots.
    pub jackpot_ticks: u32,
    /// Points of a jackpot.
    pub jackpot_value: u16,
    /// Units from a craft at which gems start to move to it.
    pub magnet_radius: f32,
    /// Units/s^2.
    pub magnet_acceleration: f32,
    /// The share of its speed that a gem loses each second.
    pub drag: f32,
}

/// The combo.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComboNumbers {
    /// Ticks in which the next gem must be taken.
    pub window_ticks: u32,
    /// Gems in a row that raise the multiplier by one.
    pub step: u16,
    /// Times a gem's value.
    pub multiplier_max: u16,
}

/// What a hit costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LossNumbers {
    /// Share of the points.
    pub percent: u8,
    /// The least points, if there are as many.
    pub points_min: u16,
    /// Gems into which the points are split.
    pub gems: u8,
    /// Units/s.
    pub scatter_speed: f32,
    /// Ticks until anybody can take a dropped gem.
    pub pick_delay_ticks: u32,
    /// Ticks in which another hit costs nothing.
    pub shield_ticks: u32,
    /// The same for a craft that has just appeared.
    pub spawn_shield_ticks: u32,
}

/// A number with its name and the range it may have.
struct Bounded(&'static str, f64, f64, f64);

impl ArenaNumbers {
    /// Checks every number against its range.
    ///
    /// # Errors
    /// A sentence about the first one that is out of it.
    pub fn check(&self) -> Result<(), String> {
        let groups = [self.movement(), self.sparks(), self.gems(), self.scores()];
        for Bounded(name, value, low, high) in groups.into_iter().flatten() {
            // A NaN is in no range.
            if !(low..=high).contains(&value) {
                return Err(format!("{name} is {value}, it must be {low} to {high}"));
            }
        }
        Ok(())
    }

    fn movement(&self) -> Vec<Bounded> {
        let (craft, dash) = (&self.craft, &self.dash);
        vec![
            Bounded("match_ticks", self.match_ticks.into(), 300.0, 108_000.0),
            Bounded("craft.radius", craft.radius.into(), 10.0, 40.0),
            Bounded("craft.acceleration", craft.acceleration.into(), 100.0, 10_000.0),
            Bounded("craft.drag", craft.drag.into(), 0.0, 20.0),
            Bounded("craft.speed_max", craft.speed_max.into(), 50.0, 2000.0),
            Bounded("craft.bounce", craft.bounce.into(), 0.0, 1.0),
            Bounded("craft.wall_bounce", craft.wall_bounce.into(), 0.0, 1.0),
            Bounded("dash.speed", dash.speed.into(), 0.0, 2000.0),
            Bounded("dash.glide_ticks", dash.glide_ticks.into(), 0.0, 30.0),
            Bounded("dash.cooldown_ticks", dash.cooldown_ticks.into(), 1.0, 900.0),
        ]
    }

    fn sparks(&self) -> Vec<Bounded> {
        let spark = &self.spark;
        vec![
            Bounded("spark.speed", spark.speed.into(), 50.0, 3000.0),
            Bounded("spark.radius", spark.radius.into(), 1.0, 20.0),
            Bounded("spark.life_ticks", spark.life_ticks.into(), 1.0, 300.0),
            Bounded("spark.cooldown_ticks", spark.cooldown_ticks.into(), 1.0, 300.0),
            Bounded("spark.knockback", spark.knockback.into(), 0.0, 2000.0),
            Bounded("spark.recoil", spark.recoil.into(), 0.0, 500.0),
        ]
    }

    fn gems(&self) -> Vec<Bounded> {
        let gem = &self.gem;
        vec![
            Bounded("gem.radius", gem.radius.into(), 2.0, 30.0),
            Bounded("gem.opening_count", gem.opening_count.into(), 0.0, 64.0),
            Bounded("gem.field_max", gem.field_max.into(), 1.0, 96.0),
            Bounded("gem.spawn_ticks", gem.spawn_ticks.into(), 1.0, 3000.0),
            Bounded("gem.life_ticks", gem.life_ticks.into(), 30.0, 10_000.0),
            Bounded("gem.value_edge", gem.value_edge.into(), 1.0, 1000.0),
            Bounded("gem.value_center", gem.value_center.into(), 1.0, 1000.0),
            Bounded("gem.jackpot_ticks", gem.jackpot_ticks.into(), 30.0, 108_000.0),
            Bounded("gem.jackpot_value", gem.jackpot_value.into(), 1.0, 10_000.0),
            Bounded("gem.magnet_radius", gem.magnet_radius.into(), 0.0, 300.0),
            Bounded("gem.magnet_acceleration", gem.magnet_acceleration.into(), 0.0, 10_000.0),
            Bounded("gem.drag", gem.drag.into(), 0.0, 20.0),
        ]
    }

    fn scores(&self) -> Vec<Bounded> {
        let (combo, loss) = (&self.combo, &self.loss);
        vec![
            Bounded("combo.window_ticks", combo.window_ticks.into(), 1.0, 900.0),
            Bounded("combo.step", combo.step.into(), 1.0, 100.0),
            Bounded("combo.multiplier_max", combo.multiplier_max.into(), 1.0, 20.0),
            Bounded("loss.percent", loss.percent.into(), 0.0, 100.0),
            Bounded("loss.points_min", loss.points_min.into(), 0.0, 1000.0),
            Bounded("loss.gems", loss.gems.into(), 1.0, 12.0),
            Bounded("loss.scatter_speed", loss.scatter_speed.into(), 0.0, 1500.0),
            Bounded("loss.pick_delay_ticks", loss.pick_delay_ticks.into(), 0.0, 300.0),
            Bounded("loss.shield_ticks", loss.shield_ticks.into(), 0.0, 300.0),
            Bounded("loss.spawn_shield_ticks", loss.spawn_shield_ticks.into(), 0.0, 300.0),
        ]
    }
}
