//! `GET /metrics`: the status page and the gateway's numbers in the text format of Prometheus.
//!
//! The HTTP thread makes the text for each request, so that no tick does anything for it. The values of every label are
//! fixed in the source: nothing that a stranger chooses becomes a label. `assets/ops/METRICS.md` lists all metrics; a
//! test keeps it complete.

mod alerts;
mod clients;
mod families;
mod fleet;
mod gateway;
pub(super) mod process;
mod rooms;
mod storage;
mod ticks;
mod traffic;

use std::fmt;

use framehouse_shared::api::Status;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, prometheus_text},
    registry::Registry,
};

pub(super) use prometheus_text::CONTENT_TYPE;

use families::Families;

use super::http::requests::RouteRequests;

/// The metrics as text.
pub(super) fn render(status: Status, requests: Vec<RouteRequests>) -> String {
    let mut registry = Registry::with_prefix("framehouse");
    registry.register_collector(Box::new(Reading { status, requests }));
    let mut text = String::new();
    prometheus_text::encode(&mut text, &registry).expect("writing to a string never fails");
    text
}

/// All numbers of one request for the metrics.
#[derive(Debug)]
struct Reading {
    status: Status,
    requests: Vec<RouteRequests>,
}

impl Collector for Reading {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let (status, mut families) = (&self.status, Families(encoder));
        process::write(&mut families, status)?;
        alerts::write(&mut families, &status.alerts)?;
        ticks::write(&mut families, status)?;
        rooms::write(&mut families, status)?;
        clients::write(&mut families, &status.clients)?;
        traffic::write(&mut families, status)?;
        storage::write(&mut families, status)?;
        status.fleet.iter().try_for_each(|fleet| fleet::write(&mut families, fleet))?;
        gateway::write(&mut families, &status.http, &self.requests)?;
        gateway::write_queue(&mut families, &status.queue)
    }
}
