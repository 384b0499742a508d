//! Buffers for steps of physics, one set for each thread; they hold no data between two steps.

use std::cell::RefCell;

use bevy_rapier2d::rapier::prelude::{ImpulseJointSet, IntegrationParameters, MultibodyJointSet, PhysicsPipeline};

/// Buffers of one thread, and joint sets that stay empty: the arena has no joints, which are the only data that
/// rapier's pipeline keeps between two steps.
#[derive(Default)]
struct Stepper {
    pipeline: PhysicsPipeline,
    impulse_joints: ImpulseJointSet,
    multibody_joints: MultibodyJointSet,
}

thread_local! {
    static STEPPER: RefCell<Option<Box<Stepper>>> = const { RefCell::new(None) };
}

/// Lends this thread's pipeline to one step of `dt` seconds in one room.
pub(super) fn with_pipeline(
    dt: f32,
    step: impl FnOnce(&mut PhysicsPipeline, &IntegrationParameters, &mut ImpulseJointSet, &mut MultibodyJointSet),
) {
    // Taken out while in use: after a panic the buffers are dropped and do not reach the next room.
    let mut stepper = STEPPER.take().unwrap_or_default();
    let Stepper { pipeline, impulse_joints, multibody_joints } = &mut *stepper;
    let parameters = IntegrationParameters { dt, length_unit: 100.0, ..Default::default() };
    step(pipeline, &parameters, impulse_joints, multibody_joints);
    STEPPER.set(Some(stepper));
}
