//! End of an investigation: a report, and the removal of a member with too many desyncs.

use std::time::Duration;

use bevy::prelude::*;
use framehouse_shared::{
    protocol::end::{EndCode, EndReason},
    tick::Tick,
};

use super::{field_findings, investigation::Investigation};
use crate::{
    counters::Counters,
    net::budget::Bucket,
    replay::{
        self,
        desync::{Finding, FirstBad},
    },
    room::{
        Player, Spectator, members, sessions,
        who::{Who, log_line},
    },
    schedule::Now,
};

/// Warnings about desyncs that are logged per second. `desyncs` in the status counts all.
const WARNINGS_PER_S: f32 = 0.1;
/// Warnings about desyncs that are logged in a burst.
const WARNINGS_BURST: f32 = 20.0;

/// Reports what is known about a member's desync, and removes a member that had too many.
pub fn conclude(world: &mut World, member: Entity) {
    let Some(concluded) = report(world, member) else { return };
    if concluded.is_one_too_many {
        send_away(world, member, concluded);
    }
}

/// A reported desync, for the member's Goodbye.
struct Concluded {
    tick: Tick,
    component: &'static str,
    report: Option<String>,
    is_one_too_many: bool,
}

/// Reports the open investigations of members that have left. Runs in `TickSet::Control`.
pub(crate) fn conclude_departed(
    world: &mut World,
    open: &mut QueryState<Entity, (With<Investigation>, Without<Player>, Without<Spectator>)>,
) {
    let mut departed: Vec<Entity> = open.iter(world).collect();
    departed.sort();
    for member in departed {
        report(world, member);
    }
}

fn report(world: &mut World, member: Entity) -> Option<Concluded> {
    let open = world.get_entity_mut(member).ok()?.take::<Investigation>()?;
    let Investigation { finding, room, match_no, is_one_too_many, .. } = open;
    let tick = finding.tick();
    let component = finding.first_bad.as_ref().map_or("an unknown component", FirstBad::component);
    log_desync(world, room, &finding, component);
    let callback = field_findings::callback(world, member, match_no, tick, component);
    let report = replay::report_desync(world, room, finding, callback);
    Some(Concluded { tick, component, report, is_one_too_many })
}

/// Logs a desync as a warning. A modified client may report as many as it likes: beyond some a minute they are details.
fn log_desync(world: &mut World, room: Entity, finding: &Finding, component: &str) {
    let now = world.resource::<Now>().elapsed;
    let is_told = world.resource_mut::<Warnings>().0.take(1.0, now);
    let tick = finding.tick().0;
    let who = Who {
        match_id: Some(finding.match_id),
        player: Some(&finding.name),
        player_id: Some(finding.player),
        slot: finding.slot,
        ..Who::of_match(world, room)
    };
    if is_told {
        log_line!(WARN, who, tick, component, "desync: a client's state differs");
    } else {
        log_line!(DEBUG, who, tick, component, "desync: a client's state differs");
    }
}

/// Budget of warnings about desyncs.
#[derive(Resource)]
pub(super) struct Warnings(Bucket);

impl Default for Warnings {
    fn default() -> Self {
        Self(Bucket::new(WARNINGS_PER_S, WARNINGS_BURST, Duration::ZERO))
    }
}

fn send_away(world: &mut World, member: Entity, Concluded { tick, component, report, .. }: Concluded) {
    let Some(session) = members::session_of(world, member) else { return };
    let code = EndCode::Desynced;
    let report = report.map_or_else(String::new, |name| format!("; the server's report is {name}"));
    let sentence = format!("{}; the last difference was in {component} after tick {tick}{report}", code.sentence());
    let mut counters = world.resource_mut::<Counters>();
    counters.desyncs_sent_away += 1;
    counters.kicked += 1;
    sessions::close(world, session, EndReason { code, sentence });
}
