//! Beyond what a server carries: rooms are added in steps until a limit is met, and then many times as many at once.

use std::{collections::BTreeMap, fmt, time::Duration};

use serde::Serialize;

use super::{
    Crews,
    args::Args,
    drive::{Driven, kept_up},
    free_memory,
    process::ServerProcess,
    shared::{Course, Order},
    status::{Quantiles, Ticks},
};

/// The most time until all rooms of a step play.
const STEP_TIME_MAX: Duration = Duration::from_secs(60);
/// Time of play before a step is measured, in which its load is felt.
const SETTLE_TIME: Duration = Duration::from_secs(4);
/// Interval of checks.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);
/// Share of the tick thread's time above which it is the limit.
const TICK_LOAD_MAX: f64 = 0.85;
/// Share of the ticks that may take longer than a tick.
pub(crate) const LATE_TICKS_MAX: f64 = 0.01;
/// Share of the time, in per cent, in which the tick thread may wait for a processor that others use.
const STARVED_PCT_MAX: f64 = 10.0;
/// Share of the machine's memory that has to be free.
const FREE_MEMORY_MIN: f64 = 0.1;

/// A number of rooms, and how they played.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Step {
    pub rooms_asked: u32,
    pub rooms_seated: u32,
    pub rooms_playing: usize,
    pub tick_load: f64,
    pub tick_ms: Quantiles,
    pub ticks: u64,
    pub late_ticks: u64,
    pub dropped_ticks: u64,
    /// Refused requests for seats in this step: how many for which reason.
    pub refused: BTreeMap<String, u64>,
    /// Clients without a seat or a socket for another reason, until now.
    pub failed: Vec<String>,
    pub rss_mb: f64,
    pub free_memory: f64,
    pub clients_kept_up: bool,
    /// Share of the time in which the tick thread waited for a processor that others used.
    pub starved_pct: f64,
}

impl Step {
    /// The limits that are met, in sentences; those that keep others from harm first.
    pub fn limits(&self) -> Vec<String> {
        let mut limits = Vec::new();
        let mut note = |is_met: bool, sentence: String| {
            if is_met {
                limits.push(sentence);
            }
        };
        let refusals: Vec<_> = self.refused.iter().map(|(why, count)| format!("{count} x {why}")).collect();
        note(!refusals.is_empty(), format!("seats are refused ({})", refusals.join("; ")));
        note(self.dropped_ticks > 0, format!("{} ticks were given up", self.dropped_ticks));
        let late = self.late_ticks as f64 / self.ticks.max(1) as f64;
        note(late > LATE_TICKS_MAX, format!("{:.1} % of the ticks took longer than a tick", 100.0 * late));
        note(self.tick_load > TICK_LOAD_MAX, format!("the tick thread is busy for {:.0} %", 100.0 * self.tick_load));
        note(self.free_memory < FREE_MEMORY_MIN, format!("{:.0} % of the memory is free", 100.0 * self.free_memory));
        let has_no_files = self.failed.iter().any(|sentence| sentence.contains("Too many open files"));
        note(has_no_files, "the clients have too many open files".to_owned());
        note(!has_no_files && !self.failed.is_empty(), self.failed.first().cloned().unwrap_or_default());
        note(!self.clients_kept_up, "the clients' own processor time".to_owned());
        let starved = format!("others use the processor: the tick thread waits for {:.0} %", self.starved_pct);
        note(self.starved_pct > STARVED_PCT_MAX, starved);
        limits
    }
}

/// What the server carried, and what it did beyond.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct BeyondReport {
    pub players: u32,
    pub tick_rate: u16,
    pub steps: Vec<Step>,
    pub factor: f64,
    /// With `factor` times as many rooms as in the last step.
    pub beyond: Step,
    pub desyncs: u64,
    pub failed_clients: u64,
    pub kicked: u64,
    pub driver_cpu_s: f64,
    /// What is wrong, in sentences.
    pub failures: Vec<String>,
}

impl BeyondReport {
    /// Adds what is known after all clients have left.
    pub(super) fn note_end(&mut self, driven: &Driven, is_running: bool) {
        self.desyncs = driven.desyncs;
        self.failed_clients = driven.failed.count();
        self.failures = self.judge(is_running);
        self.failures.extend(driven.failed.messages().iter().cloned());
    }

    /// What is wrong: a server that carries all it can refuses others, and lets those play who do.
    pub fn judge(&self, is_running: bool) -> Vec<String> {
        let (last, beyond) = (self.steps.last(), &self.beyond);
        let mut failures = Vec::new();
        let mut note = |is_wrong: bool, sentence: String| {
            if is_wrong {
                failures.push(sentence);
            }
        };
        note(!is_running, "the server does not run any more".to_owned());
        note(self.desyncs > 0, format!("states differed from the server's {} times", self.desyncs));
        let lost = self.failed_clients.max(self.kicked);
        note(lost > 0, format!("{lost} clients lost their sessions"));
        let playing = last.map_or(0, |step| step.rooms_playing);
        // Some are between two matches.
        note(beyond.rooms_playing * 10 < playing * 8, format!("only {} rooms play on", beyond.rooms_playing));
        note(
            beyond.refused.is_empty() && beyond.rooms_asked > beyond.rooms_seated,
            "no refusal has a reason".to_owned(),
        );
        let suffers = beyond.dropped_ticks > 0 || beyond.late_ticks as f64 > LATE_TICKS_MAX * beyond.ticks as f64;
        let (late, dropped) = (beyond.late_ticks, beyond.dropped_ticks);
        note(suffers, format!("those who play suffer: {late} late and {dropped} dropped of {} ticks", beyond.ticks));
        failures
    }

    /// The first failed condition, in a sentence.
    pub fn failure(&self) -> Option<&String> {
        self.failures.first()
    }
}

impl fmt::Display for BeyondReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "rooms of {} thin clients at {} Hz, in steps until a limit is met\n",
            self.players, self.tick_rate
        )?;
        writeln!(
            f,
            "{:>8}{:>8}{:>8}{:>8}{:>9}{:>9}{:>9}{:>7}{:>9}{:>10}{:>10}",
            "rooms", "seated", "playing", "load", "tick p50", "p99", "max", "late", "dropped", "starved %", "MiB"
        )?;
        self.steps.iter().chain([&self.beyond]).try_for_each(|step| {
            writeln!(
                f,
                "{:>8}{:>8}{:>8}{:>8.2}{:>9.2}{:>9.2}{:>9.2}{:>7}{:>9}{:>10.1}{:>10.1}",
                step.rooms_asked,
                step.rooms_seated,
                step.rooms_playing,
                step.tick_load,
                step.tick_ms.p50,
                step.tick_ms.p99,
                step.tick_ms.max,
                step.late_ticks,
                step.dropped_ticks,
                step.starved_pct,
                step.rss_mb
            )
        })?;
        let met = self.steps.last().map(Step::limits).unwrap_or_default();
        writeln!(f, "\nlimit     {}", met.first().map_or("none was met", String::as_str))?;
        met.iter().skip(1).try_for_each(|also| writeln!(f, "also      {also}"))?;
        self.beyond.limits().iter().try_for_each(|limit| writeln!(f, "beyond    {limit}"))?;
        write!(
            f,
            "state     {} desyncs, {} clients failed, {} kicked; the clients used {:.1} s of processor time",
            self.desyncs, self.failed_clients, self.kicked, self.driver_cpu_s
        )?;
        self.failures.iter().try_for_each(|failure| write!(f, "\nerror     {failure}"))
    }
}

/// Adds rooms until a limit is met, then asks for `factor` times as many at once.
pub(super) fn grow(args: &Args, factor: f64, server: &ServerProcess, crews: &Crews) -> Result<BeyondReport, String> {
    let mut steps: Vec<Step> = Vec::new();
    crews.shared.order(Order::Go(Course::Play));
    while steps.last().is_none_or(|step| step.limits().is_empty()) {
        let rooms = args.rooms * (steps.len() as u32 + 1);
        steps.push(step_to(rooms, args, server, crews, steps.last())?);
    }
    let last = &steps[steps.len() - 1];
    let beyond = step_to((f64::from(last.rooms_asked) * factor).ceil() as u32, args, server, crews, Some(last))?;
    let (kicked, progress) = (server.status()?.kicked, crews.take_progress());
    let (players, tick_rate, driver_cpu_s) = (args.players, args.tick_rate, progress.cpu.as_secs_f64());
    let (desyncs, failed_clients, failures) = (0, 0, Vec::new());
    Ok(BeyondReport {
        players,
        tick_rate,
        steps,
        factor,
        beyond,
        desyncs,
        failed_clients,
        kicked,
        driver_cpu_s,
        failures,
    })
}

/// Asks for so many rooms, waits until those that got their seats play, and measures.
fn step_to(
    rooms: u32,
    args: &Args,
    server: &ServerProcess,
    crews: &Crews,
    last: Option<&Step>,
) -> Result<Step, String> {
    let began = server.status()?;
    let (starved_before, began_at) = (server.starved(), crews.shared.elapsed());
    crews.shared.order(Order::Rooms(rooms));
    let late = crews.shared.elapsed() + STEP_TIME_MAX;
    let mut progress = crews.take_progress();
    let is_ready = |tried: u32, seated: u32, playing: usize| tried >= rooms && playing * 10 >= seated as usize * 9;
    while crews.shared.elapsed() < late {
        let playing = server.status()?.rooms_by_phase.playing;
        if is_ready(progress.rooms_tried, progress.rooms_seated, playing) {
            break;
        }
        crews.shared.pause(LOOK_INTERVAL)?;
        progress = crews.take_progress();
    }
    crews.shared.pause(SETTLE_TIME)?;
    let before = server.status()?;
    crews.take_progress();
    crews.shared.pause(Duration::from_secs(args.seconds.into()))?;
    let (after, progress) = (server.status()?, crews.take_progress());
    let waited = (server.starved() - starved_before).as_secs_f64();
    let starved_pct = 100.0 * waited / (crews.shared.elapsed() - began_at).as_secs_f64();
    let measured = Ticks::between(&before, &after);
    // What the arrival of the rooms did to the ticks counts as well.
    let all = Ticks::between(&began, &after);
    let refused_before = |why: &String| last.and_then(|step| step.refused.get(why)).copied().unwrap_or(0);
    let refused = progress.refused.iter().map(|(why, count)| (why.clone(), count - refused_before(why)));
    Ok(Step {
        rooms_asked: rooms,
        rooms_seated: progress.rooms_seated,
        rooms_playing: after.rooms_by_phase.playing,
        tick_load: after.tick_load,
        tick_ms: measured.took,
        ticks: all.count,
        late_ticks: all.late,
        dropped_ticks: all.dropped,
        refused: refused.filter(|(_, count)| *count > 0).collect(),
        failed: progress.failed.messages().to_vec(),
        rss_mb: server.rss_kb()? as f64 / 1024.0,
        free_memory: free_memory(),
        clients_kept_up: kept_up(&progress.loop_tenth_ms, args.tick_rate),
        starved_pct,
    })
}
