//! Metrics of results, database, replays, desyncs and the cleanup.

use std::fmt;

use framehouse_shared::api::{CleanupStatus, DesyncStatus, ReplayStats, ResultStats, Status, StoreStatus};

use super::families::Families;

/// Bounds of the cleanup's processor time in a tick. Its budget is 0.2 ms.
const CLEANUP_BOUNDS_S: [f64; 7] = [0.00002, 0.00005, 0.0001, 0.0002, 0.0004, 0.001, 0.01];

pub(super) fn write(families: &mut Families<'_>, status: &Status) -> fmt::Result {
    families.gauge(
        "data_dir_lost",
        "1 while the data folder is gone or another one is in its place",
        i64::from(status.data_dir_lost),
    )?;
    write_results(families, &status.results)?;
    write_store(families, &status.store)?;
    write_replays(families, &status.replays)?;
    write_desyncs(families, &status.desyncs)?;
    write_cleanup(families, &status.cleanup)
}

fn write_results(families: &mut Families<'_>, results: &ResultStats) -> fmt::Result {
    families.counter("results_saved", "Results written to the disk", results.saved)?;
    families.counter("results_lost", "Results dropped because too many were waiting", results.lost)?;
    families.gauge("results_waiting", "Results waiting to be written", results.waiting as i64)?;
    families.gauge(
        "results_oldest_waiting_seconds",
        "Time for which the oldest waiting result has been waiting",
        results.oldest_ms as f64 / 1e3,
    )?;
    families.gauge("results_failing", "1 while results cannot be written", i64::from(results.failing))?;
    families.counter("results_panics", "Panics while writing results; they are written again", results.panics)
}

fn write_store(families: &mut Families<'_>, store: &StoreStatus) -> fmt::Result {
    families.counter("store_matches", "Matches stored in the database", store.stored)?;
    families.counter("store_lines_skipped", "Lines of results files that are not results", store.skipped)?;
    families.gauge(
        "store_waiting_bytes",
        "Size of the results in the results files that wait for the database",
        store.waiting_bytes as i64,
    )?;
    families.gauge(
        "store_oldest_waiting_seconds",
        "Time since the end of the oldest match that waits for the database",
        store.oldest_waiting_s as i64,
    )?;
    families.gauge("store_failing", "1 while results cannot be stored in the database", i64::from(store.failing))?;
    let proofs = [("proven", store.proven), ("refused", store.refused), ("unproven", store.unproven)];
    families.counters("store_proofs", "Matches whose replays were run again, by outcome", "outcome", proofs)?;
    families.counter("store_messages", "Chat lines and game messages archived", store.messages)?;
    families.counter(
        "store_messages_lost",
        "Chat lines and game messages not archived because too many were waiting",
        store.messages_lost,
    )?;
    let pages = [("memory", store.board_hits), ("database", store.board_misses)];
    families.counters("store_board_pages", "Pages of leaderboards, by where they came from", "from", pages)
}

fn write_replays(families: &mut Families<'_>, replays: &ReplayStats) -> fmt::Result {
    families.counter("replays_written", "Complete replays written to the disk", replays.written)?;
    families.counter("replays_written_bytes", "Size of the complete replays", replays.written_bytes)?;
    let lost = [("slow_disk", replays.given_up), ("disk_error", replays.failed)];
    families.counters("replays_lost", "Recordings without a complete replay, by reason", "reason", lost)?;
    families.counter("replays_removed", "Replays removed for their age or for space", replays.removed)?;
    families.gauge("replays_waiting", "Jobs waiting for the thread that writes replays", replays.waiting as i64)?;
    families.gauge("replays_failing", "1 while replays cannot be written", i64::from(replays.failing))?;
    families.counter("replays_panics", "Panics while writing replays; each cost one", replays.panics)?;
    families.counter("desync_reports", "Desync reports written to the disk", replays.reports)?;
    families.counter("desync_reports_lost", "Desync reports dropped", replays.reports_lost)
}

fn write_desyncs(families: &mut Families<'_>, desyncs: &DesyncStatus) -> fmt::Result {
    families.counter("desyncs", "Clients whose state differed from the server's", desyncs.detected)?;
    families.counter("desyncs_named", "Desyncs whose first tick and component were found", desyncs.named)?;
    families.counter("desyncs_kicks", "Players sent away for repeated desyncs", desyncs.sent_away)
}

fn write_cleanup(families: &mut Families<'_>, cleanup: &CleanupStatus) -> fmt::Result {
    let CleanupStatus { stats, done_by_kind, us_per_tick } = cleanup;
    let tasks = [
        ("done", stats.done),
        ("failed", stats.failed),
        ("abandoned", stats.abandoned),
        ("cancelled", stats.cancelled),
    ];
    families.counters(
        "cleanup_tasks",
        "Cleanup tasks by outcome; a failed one is tried again, an abandoned one is not",
        "outcome",
        tasks,
    )?;
    families.counters(
        "cleanup_tasks_done",
        "Completed cleanup tasks by owner and kind of data",
        "kind",
        done_by_kind.iter().map(|(kind, count)| (kind.as_str(), *count)),
    )?;
    families.counter("cleanup_tasks_forced", "Cleanup tasks that were done late", stats.forced)?;
    families.gauge(
        "cleanup_waiting",
        "Rooms and players with data that waits to be freed",
        stats.active_cleanup_tasks as i64,
    )?;
    families.gauge(
        "cleanup_waiting_items",
        "Frames, points, inputs and lines that wait to be freed",
        stats.pending_packets as i64,
    )?;
    families.counter(
        "cleanup_orphans",
        "Objects without an owner that the sweep found; each is a bug",
        stats.orphans,
    )?;
    families.histogram(
        "cleanup_duration_seconds",
        "Processor time that a tick spent on freeing",
        us_per_tick,
        &CLEANUP_BOUNDS_S,
    )
}
