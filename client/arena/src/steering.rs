//! Steering: makes the arena's input of actions and pointer.

use bevy::math::Vec2;
use framehouse_arena::{bodies::Bodies, input::ArenaInput};
use framehouse_client::client::InputRequest;
use framehouse_shared::input::Input;
use framehouse_window::controls::Controls;

use super::actions::{DASH, DOWN, FIRE, LEFT, RIGHT, UP};

/// Number of inputs that carry one press of dash. The repeats matter only if the first input was late at the server, or
/// was sent just before the dash had cooled down.
const DASH_INPUTS: u8 = 4;

/// The input of one tick: thrust from the actions, aim from the player's craft at the mouse. The aim is kept when the
/// mouse leaves the window.
pub fn input(controls: &Controls, request: &InputRequest<'_>) -> Input {
    let mut input = ArenaInput { fire: controls.is_held(&FIRE), ..ArenaInput::from(request.last) };
    input.dash = controls.was_pressed(&DASH, DASH_INPUTS);
    // Two directions at once are no faster than one.
    let push = Vec2::new(controls.axis(&LEFT, &RIGHT), controls.axis(&DOWN, &UP));
    input.steer(push.normalize_or_zero());
    let bodies = request.simulation.and_then(|simulation| simulation.get::<Bodies>());
    if let Some((pointer, craft)) = controls.pointer.zip(bodies.and_then(|bodies| bodies.position(request.slot))) {
        input.aim_along(pointer - craft);
    }
    input.into()
}

#[cfg(test)]
mod tests {
    use framehouse_arena::ArenaPlugin;
    use framehouse_shared::{
        input::{Frame, RosterChange, RosterEvent},
        sim::MatchSetup,
        simulation::Simulation,
        tick::{SimRate, Tick},
    };

    use super::*;
    use crate::tests::slot;

    fn input_after(last: ArenaInput, controls: &Controls, simulation: Option<&Simulation>) -> ArenaInput {
        let request = InputRequest { tick: Tick(1), slot: slot(0), last: last.into(), simulation };
        input(controls, &request).into()
    }

    #[test]
    fn every_direction_has_full_throttle() {
        let steered = |controls: Controls| {
            let input = input_after(ArenaInput::default(), &controls, None);
            (input.direction, input.throttle)
        };
        assert_eq!(steered(Controls::default().holding(&UP).holding(&RIGHT)), (32, 255));
        assert_eq!(steered(Controls::default().holding(&DOWN)), (192, 255));
        assert_eq!(steered(Controls::default().holding(&LEFT).holding(&RIGHT)).1, 0, "opposites cancel");
        assert_eq!(steered(Controls::default()).1, 0);
    }

    #[test]
    fn the_aim_follows_the_mouse_and_stays_when_it_leaves() {
        let mut simulation = Simulation::new(ArenaPlugin);
        simulation.open(&MatchSetup { seed: 1, map: "basin".to_owned(), seats: 2, rate: SimRate::DEFAULT });
        let mut frame = Frame::default();
        frame.events.push(RosterEvent { change: RosterChange::Join, slot: slot(0) });
        simulation.step(&frame);
        let craft = simulation.get::<Bodies>().and_then(|bodies| bodies.position(slot(0))).expect("it joined");
        let above = Controls::default().pointing_at(craft + Vec2::new(0.0, 50.0));
        let input = input_after(ArenaInput::default(), &above, Some(&simulation));
        assert_eq!(input.aim, 64);
        assert_eq!(input_after(input, &Controls::default(), Some(&simulation)).aim, 64);
    }

    #[test]
    fn fire_and_dash_are_pressed() {
        let input = input_after(ArenaInput::default(), &Controls::default().holding(&FIRE).pressing(&DASH), None);
        assert!(input.fire && input.dash);
        let input = input_after(input, &Controls::default(), None);
        assert!(!input.fire && !input.dash);
    }

    #[test]
    fn a_dash_goes_out_in_four_inputs_and_a_short_shot_in_one() {
        let mut controls = Controls::default().tapping(&FIRE).tapping(&DASH);
        let pressed = (0..6).map(|_| {
            let input = input_after(ArenaInput::default(), &controls, None);
            controls.note_input();
            (input.fire, input.dash)
        });
        let (fired, dashed): (Vec<bool>, Vec<bool>) = pressed.unzip();
        assert_eq!(fired, [true, false, false, false, false, false]);
        assert_eq!(dashed, [true, true, true, true, false, false]);
    }
}
