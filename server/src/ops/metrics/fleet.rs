//! Metrics of a node or gateway of a fleet. A server of its own has none of them.

use std::fmt;

use framehouse_shared::api::{FleetGatewayStatus, FleetNodeStatus, FleetStatus};

use super::families::Families;

pub(super) fn write(families: &mut Families<'_>, fleet: &FleetStatus) -> fmt::Result {
    families.gauge("fleet_connected", "1 while the registry of the fleet answers", i64::from(fleet.connected))?;
    families.counter(
        "fleet_keys_swept",
        "Keys of dead nodes that this process has removed from the registry",
        fleet.keys_swept,
    )?;
    fleet.node.iter().try_for_each(|node| write_node(families, node))?;
    fleet.gateway.iter().try_for_each(|gateway| write_gateway(families, gateway))
}

fn write_node(families: &mut Families<'_>, node: &FleetNodeStatus) -> fmt::Result {
    families.counter(
        "fleet_registrations",
        "Times that this node registered everything: more than once if the registry was away",
        node.registrations,
    )?;
    families.gauge("fleet_codes_waiting", "Room codes claimed for rooms to come", node.codes_waiting as i64)?;
    families.counter("fleet_codes_lost", "Codes of rooms that another node has taken", node.codes_lost)?;
    families.counter(
        "fleet_players_evicted",
        "Players sent away because they play on another node now",
        node.players_evicted,
    )
}

fn write_gateway(families: &mut Families<'_>, gateway: &FleetGatewayStatus) -> fmt::Result {
    let nodes = [
        ("starting", gateway.nodes_starting as i64),
        ("ready", gateway.nodes_ready as i64),
        ("draining", gateway.nodes_draining as i64),
    ];
    families.gauges("fleet_nodes", "Nodes that this gateway knows, by state", "state", nodes)?;
    let seats = [("granted", gateway.seats_granted), ("refused", gateway.seats_refused)];
    families.counters("fleet_seats", "Join requests of this gateway, by outcome", "outcome", seats)?;
    let passed_over = [("refused", gateway.nodes_refused), ("silent", gateway.nodes_silent)];
    families.counters(
        "fleet_nodes_passed_over",
        "Nodes that gave no seat when asked, by reason",
        "reason",
        passed_over,
    )?;
    families.counter(
        "fleet_finds_without_registry",
        "Rooms and seats that all nodes were asked for, because the registry did not know or was away",
        gateway.finds_without_redis,
    )
}
