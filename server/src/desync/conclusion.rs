//! The end of an investigation: a report, and for a member whose state differed too often the way out.

use bevy::prelude::*;
use framehouse_shared::{
    protocol::end::{EndCode, EndReason},
    tick::Tick,
};

use super::{field_findings::FieldFindings, investigation::Investigation};
use crate::{
    counters::Counters,
    replay::{self, desync::FirstBad},
    room::{Player, Spectator, members, sessions},
};

/// All is known that there is to know: it goes into a report, and a member whose state differed too often has to go.
pub fn conclude(world: &mut World, member: Entity) {
    let Some(concluded) = report(world, member) else { return };
    if concluded.is_one_too_many {
        send_away(world, member, concluded);
    }
}

/// What a member is told that has to go.
struct Concluded {
    tick: Tick,
    component: &'static str,
    report: Option<String>,
    is_one_too_many: bool,
}

/// Of a member that has left nothing more comes: what is known so far is reported. Runs in `TickSet::Control`.
pub(crate) fn conclude_departed(world: &mut World) {
    let mut open = world.query_filtered::<Entity, (With<Investigation>, Without<Player>, Without<Spectator>)>();
    let mut departed: Vec<Entity> = open.iter(world).collect();
    departed.sort();
    for member in departed {
        report(world, member);
    }
}

fn report(world: &mut World, member: Entity) -> Option<Concluded> {
    let open = world.get_entity_mut(member).ok()?.take::<Investigation>()?;
    let Investigation { finding, room, match_no, is_one_too_many, .. } = open;
    let (tick, slot) = (finding.tick(), finding.slot);
    let component = finding.first_bad.as_ref().map_or("a component that it did not name", FirstBad::component);
    tracing::warn!(match_id = %finding.match_id, name = finding.name, ?slot, %tick, component, "a client's state differed from ours");
    let callback = world.resource::<FieldFindings>().callback(member, match_no, tick, component);
    let report = replay::report_desync(world, room, finding, callback);
    Some(Concluded { tick, component, report, is_one_too_many })
}

fn send_away(world: &mut World, member: Entity, Concluded { tick, component, report, .. }: Concluded) {
    let Some(session) = members::session_of(world, member) else { return };
    let code = EndCode::Desynced;
    let report = report.map_or_else(String::new, |name| format!("; the server's report is {name}"));
    let sentence = format!("{}; it was last {component} after tick {tick}{report}", code.sentence());
    let mut counters = world.resource_mut::<Counters>();
    counters.desyncs_sent_away += 1;
    counters.kicked += 1;
    sessions::close(world, session, EndReason { code, sentence });
}
