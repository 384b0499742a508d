//! What a step of physics needs beside a room's state: buffers that hold nothing between two steps.

use std::cell::RefCell;

use bevy_rapier2d::rapier::prelude::{ImpulseJointSet, IntegrationParameters, MultibodyJointSet, PhysicsPipeline};

/// One thread's buffers, and the joint sets that stay empty: the arena has no joints, and the pipeline's only memory from
/// one step to the next is of joints.
#[derive(Default)]
struct Stepper {
    pipeline: PhysicsPipeline,
    impulse_joints: ImpulseJointSet,
    multibody_joints: MultibodyJointSet,
}

thread_local! {
    static STEPPER: RefCell<Option<Box<Stepper>>> = const { RefCell::new(None) };
}

/// Lends this thread's pipeline to one step of one room, of so many seconds.
pub(super) fn with_pipeline(
    dt: f32,
    step: impl FnOnce(&mut PhysicsPipeline, &IntegrationParameters, &mut ImpulseJointSet, &mut MultibodyJointSet),
) {
    // Taken out while in use: should the step panic, its half-done buffers die with it instead of reaching the next room.
    let mut stepper = STEPPER.take().unwrap_or_default();
    let Stepper { pipeline, impulse_joints, multibody_joints } = &mut *stepper;
    let parameters = IntegrationParameters { dt, length_unit: 100.0, ..Default::default() };
    step(pipeline, &parameters, impulse_joints, multibody_joints);
    STEPPER.set(Some(stepper));
}
