//! Every number of the rules, and the range that keeps a match safe: none of them can make it panic, hang or grow.

use framehouse_shared::tick::SimRate;
use serde::{Deserialize, Serialize};

/// A time as `rules.ron` has it, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seconds(pub f64);

/// A time of the rules: [`Seconds`] in files, a number of ticks in a match.
pub trait RuleTime: Copy {
    /// The time as a number, and the lowest and highest number that a range in seconds allows.
    fn bounded(self, low_s: f64, high_s: f64) -> (f64, f64, f64);
}

impl RuleTime for Seconds {
    fn bounded(self, low_s: f64, high_s: f64) -> (f64, f64, f64) {
        (self.0, low_s, high_s)
    }
}

impl RuleTime for u32 {
    /// At any tick rate: nobody says at which one ticks were made from seconds.
    fn bounded(self, low_s: f64, high_s: f64) -> (f64, f64, f64) {
        let low = (low_s * f64::from(SimRate::HZ_MIN)).floor().max(if low_s > 0.0 { 1.0 } else { 0.0 });
        (self.into(), low, high_s * f64::from(SimRate::HZ_MAX))
    }
}

/// The numbers of `rules.ron`. Distances in units, speeds in units per second; times are a `T`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArenaNumbers<T = u32> {
    /// The length of a match.
    #[serde(rename = "match_s")]
    pub match_time: T,
    /// Crafts.
    pub craft: CraftNumbers,
    /// The dash.
    pub dash: DashNumbers<T>,
    /// Sparks.
    pub spark: SparkNumbers<T>,
    /// Gems.
    pub gem: GemNumbers<T>,
    /// The combo.
    pub combo: ComboNumbers<T>,
    /// What a hit costs.
    pub loss: LossNumbers<T>,
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
pub struct DashNumbers<T = u32> {
    /// Units/s, set at once.
    pub speed: f32,
    /// Time without drag and thrust.
    #[serde(rename = "glide_s")]
    pub glide: T,
    /// Time from one dash to the next.
    #[serde(rename = "cooldown_s")]
    pub cooldown: T,
}

/// Sparks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SparkNumbers<T = u32> {
    /// Units/s.
    pub speed: f32,
    /// Units.
    pub radius: f32,
    /// Time until it fades.
    #[serde(rename = "life_s")]
    pub life: T,
    /// Time from one spark to the next.
    #[serde(rename = "cooldown_s")]
    pub cooldown: T,
    /// Units/s given to whoever is hit.
    pub knockback: f32,
    /// Units/s taken from whoever fires.
    pub recoil: f32,
}

/// Gems.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GemNumbers<T = u32> {
    /// Units.
    pub radius: f32,
    /// Gems on the field at tick 0.
    pub opening_count: u32,
    /// Gems that may lie about before no more spawn.
    pub field_max: u32,
    /// Time between gems for one player; with n players n times as often.
    #[serde(rename = "spawn_s")]
    pub spawn_every: T,
    /// Time until an untaken gem fades.
    #[serde(rename = "life_s")]
    pub life: T,
    /// Points of a gem in the farthest corner.
    pub value_edge: u16,
    /// Points of a gem at the centre.
    pub value_center: u16,
    /// Time between jackpots.
    #[serde(rename = "jackpot_s")]
    pub jackpot_every: T,
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
pub struct ComboNumbers<T = u32> {
    /// Time in which the next gem must be taken.
    #[serde(rename = "window_s")]
    pub window: T,
    /// Gems in a row that raise the multiplier by one.
    pub step: u16,
    /// Times a gem's value.
    pub multiplier_max: u16,
}

/// What a hit costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LossNumbers<T = u32> {
    /// Share of the points.
    pub percent: u8,
    /// The least points, if there are as many.
    pub points_min: u16,
    /// Gems into which the points are split.
    pub gems: u8,
    /// Units/s.
    pub scatter_speed: f32,
    /// Time until anybody can take a dropped gem.
    #[serde(rename = "pick_delay_s")]
    pub pick_delay: T,
    /// Time in which another hit costs nothing.
    #[serde(rename = "shield_s")]
    pub shield: T,
    /// The same for a craft that has just appeared.
    #[serde(rename = "spawn_shield_s")]
    pub spawn_shield: T,
}

/// A number with its name and the range it may have.
struct Bounded(&'static str, f64, f64, f64);

fn time<T: RuleTime>(name: &'static str, time: T, low_s: f64, high_s: f64) -> Bounded {
    let (value, low, high) = time.bounded(low_s, high_s);
    Bounded(name, value, low, high)
}

impl ArenaNumbers<Seconds> {
    /// The numbers for a match at this tick rate. A time above zero is at least one tick.
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
