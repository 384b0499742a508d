//! Metrics of the server's own alerts.

use std::fmt;

use framehouse_shared::api::{AlertCounts, AlertStatus};

use super::families::Families;

pub(super) fn write(families: &mut Families<'_>, alerts: &AlertStatus) -> fmt::Result {
    let mut firing = AlertCounts::default();
    alerts.firing.iter().for_each(|alert| firing.count(alert.level));
    let by_level =
        |AlertCounts { warning, critical, fatal }| [("warning", warning), ("critical", critical), ("fatal", fatal)];
    let firing = by_level(firing).map(|(level, count)| (level, count as i64));
    families.gauges("alerts_firing", "Alerts of the server itself whose cause lasts, by level", "level", firing)?;
    families.counters(
        "alerts",
        "Alerts of the server itself that have begun, by level",
        "level",
        by_level(alerts.begun),
    )
}
