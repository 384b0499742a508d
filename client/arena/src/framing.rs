//! Camera framing: shows all crafts and the gems nearby as large as possible, and shakes when the player is hit.

use bevy::prelude::*;
use framehouse_arena::map::ARENA_SIZE;
use framehouse_window::{
    camera::Focus,
    easing::{approach, swing},
    view::Draw,
};

use super::{crafts::Drawn, scene::Scene, visual_events::VisualEvent};

/// Margin around the shown objects, in units.
const MARGIN: f32 = 150.0;
/// Distance from the player's craft within which gems are shown, in units.
const GEMS_NEAR: f32 = 420.0;
/// Margin around the player's craft that is always shown, in units.
const OWN_MARGIN: f32 = 130.0;
/// The smallest part of the arena to show: in a smaller one, the player would see dangers too late.
const SHOWN_MIN: Vec2 = Vec2::new(ARENA_SIZE.x * 0.6, ARENA_SIZE.y * 0.6);
/// The largest amplitude of the shake, in pixels of the stage, and how fast it ends, in 1/s.
const SHAKE_PX: f32 = 5.0;
const SHAKE_RATE: f32 = 7.0;

pub(super) fn plugin(app: &mut App) {
    app.add_systems(Update, (focus, shake).chain().in_set(Draw));
}

fn focus(scene: Res<Scene>, drawn: Res<Drawn>, mut focus: ResMut<Focus>) {
    let own = scene.now.own.and_then(|own| drawn.0[own.index()]);
    let crafts: Vec<Vec2> = drawn.0.iter().flatten().copied().collect();
    let gems: Vec<Vec2> = scene.now.gems.iter().map(|gem| gem.position).collect();
    focus.part = worth_seeing(own, &crafts, &gems);
    focus.keep = own.map(|own| Rect::from_center_half_size(own, Vec2::splat(OWN_MARGIN)));
}

/// The area of all crafts and of the gems near the player; nothing if there are no crafts.
fn worth_seeing(own: Option<Vec2>, crafts: &[Vec2], gems: &[Vec2]) -> Option<Rect> {
    let gems_near = gems.iter().filter(|gem| own.is_some_and(|own| own.distance(**gem) < GEMS_NEAR));
    let points = crafts.iter().chain(gems_near).map(|point| Rect::from_center_half_size(*point, Vec2::splat(MARGIN)));
    let part = points.reduce(|part, point| part.union(point))?;
    Some(Rect::from_center_size(part.center(), part.size().max(SHOWN_MIN)))
}

fn shake(
    time: Res<Time<Real>>,
    scene: Res<Scene>,
    mut visual_events: MessageReader<VisualEvent>,
    mut strength: Local<f32>,
    mut focus: ResMut<Focus>,
) {
    for visual_event in visual_events.read() {
        let hard = match *visual_event {
            VisualEvent::Hit { victim, .. } if scene.now.own == Some(victim) => 1.0,
            VisualEvent::Bumped { slot, strength, .. } if scene.now.own == Some(slot) => (strength / 2400.0).min(0.4),
            _ => continue,
        };
        *strength = strength.max(hard);
    }
    *strength = approach(*strength, 0.0, SHAKE_RATE, scene.passed.real);
    let seconds = time.elapsed_secs_wrapped();
    let way = Vec2::new(swing(seconds * 11.0), swing(seconds * 8.3 + 0.3));
    // Less than a quarter of a pixel is invisible.
    focus.shake = if *strength * SHAKE_PX < 0.25 { Vec2::ZERO } else { way * SHAKE_PX * *strength };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_who_are_near_are_seen_large_and_gems_count_for_who_plays() {
        let crafts = [Vec2::new(-200.0, 0.0), Vec2::new(-100.0, 40.0)];
        let gems = [Vec2::new(-500.0, 0.0), Vec2::new(700.0, 300.0)];
        let part = worth_seeing(Some(crafts[0]), &crafts, &gems).expect("somebody is there");
        assert!(crafts.iter().all(|craft| part.contains(*craft)) && part.contains(gems[0]));
        assert!(!part.contains(gems[1]) && part.width() < ARENA_SIZE.x * 0.9);
        let watched = worth_seeing(None, &crafts, &gems).expect("somebody is there");
        assert!(watched.size().distance(SHOWN_MIN) < 0.01);
        assert_eq!(worth_seeing(None, &[], &gems), None);
    }

    #[test]
    fn nobody_is_left_out_of_a_crowd() {
        let crafts: Vec<Vec2> = (0..16).map(|n| Vec2::from_angle(n as f32) * Vec2::new(700.0, 400.0)).collect();
        let part = worth_seeing(Some(crafts[3]), &crafts, &[]).expect("a crowd");
        assert!(crafts.iter().all(|craft| part.contains(*craft)));
    }
}
