//! Numbers of the rules and their valid ranges. Within the ranges no number can make a match panic, hang or grow.

use framehouse_shared::tick::SimRate;
use serde::{Deserialize, Serialize};

/// A time in `rules.ron`, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seconds(pub f64);

/// A time of the rules: [`Seconds`] in files, a number of ticks in a match.
pub trait RuleTime: Copy {
    /// Converts the time to a number, and a range in seconds to the same unit: (value, low, high).
    fn bounded(self, low_s: f64, high_s: f64) -> (f64, f64, f64);
}

impl RuleTime for Seconds {
    fn bounded(self, low_s: f64, high_s: f64) -> (f64, f64, f64) {
        (self.0, low_s, high_s)
    }
}

impl RuleTime for u32 {
    // The tick rate is not known here: the range covers all rates.
    fn bounded(self, low_s: f64, high_s: f64) -> (f64, f64, f64) {
        let low = (low_s * f64::from(SimRate::HZ_MIN)).floor().max(if low_s > 0.0 { 1.0 } else { 0.0 });
        (self.into(), low, high_s * f64::from(SimRate::HZ_MAX))
    }
}

/// Numbers of `rules.ron`: distances in units, speeds in units per second, times of type `T`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArenaNumbers<T = u32> {
    /// Length of a match.
    #[serde(rename = "match_s")]
    pub match_time: T,
    /// Movement of crafts.
    pub craft: CraftNumbers,
    /// Dash.
    pub dash: DashNumbers<T>,
    /// Sparks.
    pub spark: SparkNumbers<T>,
    /// Gems.
    pub gem: GemNumbers<T>,
    /// Combo.
    pub combo: ComboNumbers<T>,
    /// Cost of a hit.
    pub loss: LossNumbers<T>,
}

/// Movement of crafts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CraftNumbers {
    /// Radius, in units.
    pub radius: f32,
    /// Acceleration at full throttle, in units/s^2.
    pub acceleration: f32,
    /// Fraction of its speed that a craft loses each second.
    pub drag: f32,
    /// Maximum speed, in units/s.
    pub speed_max: f32,
    /// Restitution between crafts.
    pub bounce: f32,
    /// Restitution of walls and obstacles.
    pub wall_bounce: f32,
}

/// Dash: a short burst of speed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DashNumbers<T = u32> {
    /// Speed that the craft gets at once, in units/s.
    pub speed: f32,
    /// Time without drag and thrust.
    #[serde(rename = "glide_s")]
    pub glide: T,
    /// Minimum time between two dashes.
    #[serde(rename = "cooldown_s")]
    pub cooldown: T,
}

/// Sparks: the projectiles of the game.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SparkNumbers<T = u32> {
    /// Speed, in units/s.
    pub speed: f32,
    /// Radius, in units.
    pub radius: f32,
    /// Time until a spark fades.
    #[serde(rename = "life_s")]
    pub life: T,
    /// Minimum time between two sparks of one player.
    #[serde(rename = "cooldown_s")]
    pub cooldown: T,
    /// Speed added to a craft that is hit, in units/s.
    pub knockback: f32,
    /// Speed added to the shooter against the direction of fire, in units/s.
    pub recoil: f32,
}

/// Gems.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GemNumbers<T = u32> {
    /// Radius, in units.
    pub radius: f32,
    /// Number of gems on the field at tick 0.
    pub opening_count: u32,
    /// Number of gems on the field from which on no more appear.
    pub field_max: u32,
    /// Mean time between two new gems with one player; with n players it is divided by n.
    #[serde(rename = "spawn_s")]
    pub spawn_every: T,
    /// Time until a gem that nobody takes fades.
    #[serde(rename = "life_s")]
    pub life: T,
    /// Points of a gem in the farthest corner.
    pub value_edge: u16,
    /// Points of a gem at the centre.
    pub value_center: u16,
    /// Time between two jackpots.
    #[serde(rename = "jackpot_s")]
    pub jackpot_every: T,
    /// Points of a jackpot.
    pub jackpot_value: u16,
    /// Distance from a craft within which gems move to it, in units.
    pub magnet_radius: f32,
    /// Acceleration of gems to a craft, in units/s^2.
    pub magnet_acceleration: f32,
    /// Fraction of its speed that a gem loses each second.
    pub drag: f32,
}

/// Combo: a multiplier for gems taken in quick succession.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComboNumbers<T = u32> {
    /// Maximum time between two gems of a combo.
    #[serde(rename = "window_s")]
    pub window: T,
    /// Number of gems in a row that raise the multiplier by one.
    pub step: u16,
    /// Maximum multiplier of a gem's points.
    pub multiplier_max: u16,
}

/// Cost of a hit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LossNumbers<T = u32> {
    /// Fraction of the points that is lost, in percent.
    pub percent: u8,
    /// Minimum number of points that is lost, if the player has as many.
    pub points_min: u16,
    /// Number of gems into which the lost points are split.
    pub gems: u8,
    /// Speed of the dropped gems, in units/s.
    pub scatter_speed: f32,
    /// Time until any player can take a dropped gem.
    #[serde(rename = "pick_delay_s")]
    pub pick_delay: T,
    /// Time after a hit in which further hits cost nothing.
    #[serde(rename = "shield_s")]
    pub shield: T,
    /// Time after a craft has appeared in which hits cost nothing.
    #[serde(rename = "spawn_shield_s")]
    pub spawn_shield: T,
}

/// A number with its name, and its lowest and highest valid value.
struct Bounded(&'static str, f64, f64, f64);

fn time<T: RuleTime>(name: &'static str, time: T, low_s: f64, high_s: f64) -> Bounded {
    let (value, low, high) = time.bounded(low_s, high_s);
    Bounded(name, value, low, high)
}

impl ArenaNumbers<Seconds> {
    /// Converts all times to ticks. A time above zero becomes at least one tick.
    pub fn in_ticks(&self, rate: SimRate) -> ArenaNumbers {
        let ticks = |time: Seconds| rate.ticks(time.0).max(u32::from(time.0 > 0.0));
        let Self { match_time, craft, dash, spark, gem, combo, loss } = self;
        ArenaNumbers {
            match_time: ticks(*match_time),
            craft: craft.clone(),
            dash: DashNumbers { speed: dash.speed, glide: ticks(dash.glide), cooldown: ticks(dash.cooldown) },
            spark: SparkNumbers {
                speed: spark.speed,
                radius: spark.radius,
                life: ticks(spark.life),
                cooldown: ticks(spark.cooldown),
                knockback: spark.knockback,
                recoil: spark.recoil,
            },
            gem: gem.in_ticks(ticks),
            combo: ComboNumbers { window: ticks(combo.window), step: combo.step, multiplier_max: combo.multiplier_max },
            loss: LossNumbers {
                percent: loss.percent,
                points_min: loss.points_min,
                gems: loss.gems,
                scatter_speed: loss.scatter_speed,
                pick_delay: ticks(loss.pick_delay),
                shield: ticks(loss.shield),
                spawn_shield: ticks(loss.spawn_shield),
            },
        }
    }
}

impl GemNumbers<Seconds> {
    fn in_ticks(&self, ticks: impl Fn(Seconds) -> u32) -> GemNumbers {
        GemNumbers {
            radius: self.radius,
            opening_count: self.opening_count,
            field_max: self.field_max,
            spawn_every: ticks(self.spawn_every),
            life: ticks(self.life),
            value_edge: self.value_edge,
            value_center: self.value_center,
            jackpot_every: ticks(self.jackpot_every),
            jackpot_value: self.jackpot_value,
            magnet_radius: self.magnet_radius,
            magnet_acceleration: self.magnet_acceleration,
            drag: self.drag,
        }
    }
}

impl<T: RuleTime> ArenaNumbers<T> {
    /// Checks the range of every number.
    ///
    /// # Errors
    /// A sentence about the first number out of its range.
    pub fn check(&self) -> Result<(), String> {
        let groups = [self.movement(), self.sparks(), self.gems(), self.scores()];
        for Bounded(name, value, low, high) in groups.into_iter().flatten() {
            // NaN is in no range.
            if !(low..=high).contains(&value) {
                return Err(format!("{name} is {value}, it must be {low} to {high}"));
            }
        }
        Ok(())
    }

    fn movement(&self) -> Vec<Bounded> {
        let (craft, dash) = (&self.craft, &self.dash);
        vec![
            time("match_s", self.match_time, 10.0, 3600.0),
            Bounded("craft.radius", craft.radius.into(), 10.0, 40.0),
            Bounded("craft.acceleration", craft.acceleration.into(), 100.0, 10_000.0),
            Bounded("craft.drag", craft.drag.into(), 0.0, 20.0),
            Bounded("craft.speed_max", craft.speed_max.into(), 50.0, 2000.0),
            Bounded("craft.bounce", craft.bounce.into(), 0.0, 1.0),
            Bounded("craft.wall_bounce", craft.wall_bounce.into(), 0.0, 1.0),
            Bounded("dash.speed", dash.speed.into(), 0.0, 2000.0),
            time("dash.glide_s", dash.glide, 0.0, 1.0),
            time("dash.cooldown_s", dash.cooldown, 0.01, 30.0),
        ]
    }

    fn sparks(&self) -> Vec<Bounded> {
        let spark = &self.spark;
        vec![
            Bounded("spark.speed", spark.speed.into(), 50.0, 3000.0),
            Bounded("spark.radius", spark.radius.into(), 1.0, 20.0),
            time("spark.life_s", spark.life, 0.01, 10.0),
            time("spark.cooldown_s", spark.cooldown, 0.01, 10.0),
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
            time("gem.spawn_s", gem.spawn_every, 0.01, 100.0),
            time("gem.life_s", gem.life, 1.0, 600.0),
            Bounded("gem.value_edge", gem.value_edge.into(), 1.0, 1000.0),
            Bounded("gem.value_center", gem.value_center.into(), 1.0, 1000.0),
            time("gem.jackpot_s", gem.jackpot_every, 1.0, 3600.0),
            Bounded("gem.jackpot_value", gem.jackpot_value.into(), 1.0, 10_000.0),
            Bounded("gem.magnet_radius", gem.magnet_radius.into(), 0.0, 300.0),
            Bounded("gem.magnet_acceleration", gem.magnet_acceleration.into(), 0.0, 10_000.0),
            Bounded("gem.drag", gem.drag.into(), 0.0, 20.0),
        ]
    }

    fn scores(&self) -> Vec<Bounded> {
        let (combo, loss) = (&self.combo, &self.loss);
        vec![
            time("combo.window_s", combo.window, 0.01, 30.0),
            Bounded("combo.step", combo.step.into(), 1.0, 100.0),
            Bounded("combo.multiplier_max", combo.multiplier_max.into(), 1.0, 20.0),
            Bounded("loss.percent", loss.percent.into(), 0.0, 100.0),
            Bounded("loss.points_min", loss.points_min.into(), 0.0, 1000.0),
            Bounded("loss.gems", loss.gems.into(), 1.0, 12.0),
            Bounded("loss.scatter_speed", loss.scatter_speed.into(), 0.0, 1500.0),
            time("loss.pick_delay_s", loss.pick_delay, 0.0, 10.0),
            time("loss.shield_s", loss.shield, 0.0, 10.0),
            time("loss.spawn_shield_s", loss.spawn_shield, 0.0, 10.0),
        ]
    }
}
