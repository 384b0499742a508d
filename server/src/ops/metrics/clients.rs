//! Metrics of clients: inputs and network distances.

use std::fmt;

use framehouse_shared::api::ClientStatus;

use super::families::Families;

/// Bounds of margins. Inputs that come too late are in the first bucket.
const MARGIN_BOUNDS_S: [f64; 12] = [0.0, 0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.5];
/// Bounds of round trips.
const ROUND_TRIP_BOUNDS_S: [f64; 12] = [0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0];

pub(super) fn write(families: &mut Families<'_>, clients: &ClientStatus) -> fmt::Result {
    families.counter("inputs_late", "Inputs that came after their tick had closed", clients.inputs_late)?;
    families.counter(
        "inputs_replaced",
        "Ticks of players whose missing input was replaced",
        clients.inputs_replaced,
    )?;
    families.histogram(
        "input_margin_seconds",
        "Time from the arrival of an input to the close of its tick, 0 if it is late; each player twice a second",
        &clients.margin_us,
        &MARGIN_BOUNDS_S,
    )?;
    families.histogram(
        "client_round_trip_seconds",
        "Round trip: from the close of a tick until a client says that it has the frame, less the longest wait for its next \
         datagram (a tick, in economy mode two), so up to that much too short; each client twice a second",
        &clients.round_trip_us,
        &ROUND_TRIP_BOUNDS_S,
    )
}
