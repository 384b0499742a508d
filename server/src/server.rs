//! The server as a library: built from a game and settings, then driven by the runner in real time or by tests in
//! virtual time.

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use bevy::{
    app::TaskPoolPlugin,
    ecs::system::RunSystemOnce,
    prelude::*,
    time::{TimePlugin, TimeUpdateStrategy},
};
use framehouse_shared::{
    game::{Game, GameHandle},
    match_end::MatchEnd,
    protocol::{end::EndCode, hello::Hello},
    replay::ServerKey,
    rng::SimRng,
    sim::{GameFile, GameFileError, SimPlugin},
    simulation::{self, Simulation},
};

use crate::{
    cleanup::{CleanupClock, CleanupPlugin},
    config::{CleanupSettings, NetSettings, RoomSettings},
    counters::Counters,
    desync::{self, DesyncPlugin},
    dispatch::DispatchPlugin,
    features::Features,
    ingest::IngestPlugin,
    match_end::{self, MatchEndPlugin},
    net::{
        NetPlugin, ReceiveClock,
        budget::Rates,
        endpoint::{BoxedEndpoint, Endpoint},
        session::Sessions,
    },
    ops::{
        admin::{self, OrderQueue},
        reload::{self, ChangeQueue, CheckRules},
        status::{self, DataDirLost, StatusBoard, StatusPlugin, TickDurations},
        tick_timings::{CpuClock, TickStage, TickTimings},
    },
    replay::{MakeSimulation, ReplayPlugin, ReplayQueue, Replays},
    results::{
        ResultStore,
        submit::{self, ResultsPlugin},
    },
    room::{
        RoomPlugin,
        accounts::Accounts,
        caller_days::{CallerDays, CallerLimits},
        codes::CodePool,
        current_match::Seeds,
        directory::{self, Directory, Grant, JoinError, JoinQueue, JoinRequest, LocalHello, WebUrl},
        drain::{self, MoveOut},
        message_log::{MessageLog, MessageQueue},
        phase,
        roster::{Evictions, RosterBoard},
        sanctions::{self, Sanctions},
        sessions,
    },
    schedule::{self, Now, Receive, Send, TickPlugin, TickRate},
    tick_load::TickLoad,
};

/// Everything a server needs besides its game.
pub struct ServerSetup {
    /// Ticks per second.
    pub tick_rate: TickRate,
    /// Settings of the rooms.
    pub rooms: RoomSettings,
    /// Settings of the cleanup.
    pub cleanup: CleanupSettings,
    /// Settings of the connections.
    pub net: NetSettings,
    /// The transports that clients connect to. One server takes 1 or more.
    pub endpoints: Vec<Box<dyn Endpoint>>,
    /// Wall-clock time at the start, since 1970-01-01 UTC.
    pub unix_base: Duration,
    /// The operator's rules and maps. If empty, the game uses its embedded ones.
    pub game_files: Vec<GameFile>,
    /// Seed for the seeds of the matches and the entropy in their frames, for tests. `None` draws both from the
    /// operating system.
    pub seed: Option<u64>,
}

/// Smallest step of the wall clock that the server follows. Smaller ones are errors of reading two clocks.
const CLOCK_STEP_MIN: Duration = Duration::from_secs(1);

/// A server of one game. It never reads a clock and never waits: the caller passes the time to every method that needs
/// it.
pub struct Server {
    app: App,
}

impl Server {
    /// Builds a server for `game`.
    ///
    /// # Errors
    /// When the game refuses `setup.game_files`.
    pub fn new(game: impl Game + Clone, setup: ServerSetup) -> Result<Self, GameFileError> {
        let hello = simulation::hello(game.clone());
        let mut app = App::new();
        app.add_plugins((TaskPoolPlugin::default(), TimePlugin))
            .insert_resource(Time::<Fixed>::from_hz(f64::from(setup.tick_rate.0)))
            .insert_resource(TimeUpdateStrategy::FixedTimesteps(1))
            .insert_resource(setup.tick_rate)
            .insert_resource(setup.rooms)
            .insert_resource(setup.cleanup)
            .insert_resource(Rates::new(setup.tick_rate.0, &setup.net))
            .init_resource::<Counters>()
            .init_resource::<TickLoad>()
            .add_plugins((SimPlugin::new(game.clone()), TickPlugin))
            .add_plugins((NetPlugin, IngestPlugin, RoomPlugin, DispatchPlugin, MatchEndPlugin))
            .add_plugins((ReplayPlugin, ResultsPlugin, DesyncPlugin, CleanupPlugin, StatusPlugin));
        if let Some(seed) = setup.seed {
            app.insert_resource(Seeds::Fixed(SimRng::new(seed)));
        }
        if !setup.game_files.is_empty() {
            let game = app.world().resource::<GameHandle>().clone();
            game.load_rules(app.world_mut(), &setup.game_files)?;
        }
        app.insert_resource(LocalHello(hello));
        app.insert_resource(MakeSimulation(Arc::new(move || Simulation::new(game.clone()))));
        let mut now = app.world_mut().resource_mut::<Now>();
        (now.unix_base, now.transport_base) = (setup.unix_base, setup.unix_base);
        app.insert_resource(setup.net);
        for endpoint in setup.endpoints {
            app.world_mut().spawn(BoxedEndpoint(endpoint));
        }
        app.finish();
        app.cleanup();
        schedule::run_on_one_thread(&mut app);
        // With `FixedTimesteps` the first update runs no fixed tick; every later one runs exactly one.
        app.update();
        Ok(Self { app })
    }

    /// Processes the datagrams that have arrived by `elapsed`, the time since the start. Call it many times a tick.
    pub fn receive(&mut self, elapsed: Duration) {
        self.mark(TickStage::Other);
        self.app.world_mut().resource_mut::<Now>().elapsed = elapsed;
        self.app.world_mut().run_schedule(Receive);
        self.mark(TickStage::Receive);
    }

    /// Runs one tick and sends its messages. `scheduled` is when the tick was due, `elapsed` is the current time; both
    /// since the start.
    pub fn tick(&mut self, scheduled: Duration, elapsed: Duration) {
        reload::reload_waiting(self.app.world_mut());
        admin::run_orders(self.app.world_mut());
        let mut now = self.app.world_mut().resource_mut::<Now>();
        now.elapsed = elapsed;
        now.scheduled = scheduled;
        self.app.update();
        self.mark(TickStage::Other);
        self.app.world_mut().run_schedule(Send);
        self.mark(TickStage::Send);
        self.app.world_mut().resource_mut::<Now>().tick += 1;
    }

    /// Tells the server the wall-clock time, since 1970-01-01 UTC, at `elapsed` since the start. Call it now and then: it
    /// follows a clock that was set, and logs that.
    pub fn note_wall_clock(&mut self, unix: Duration, elapsed: Duration) {
        let mut now = self.app.world_mut().resource_mut::<Now>();
        let (before, base) = (now.unix_base, unix.saturating_sub(elapsed));
        if base.abs_diff(before) < CLOCK_STEP_MIN {
            return;
        }
        now.unix_base = base;
        let (way, step_s) = (if base > before { "forward" } else { "back" }, base.abs_diff(before).as_secs());
        tracing::warn!("the clock of this machine was set {way} by {step_s} s: dates of matches follow it");
    }

    /// Replaces the rules and maps between two ticks. Running matches keep the rules they began with.
    ///
    /// # Errors
    /// When the game refuses a file. Nothing changes then.
    pub fn reload_rules(&mut self, files: &[GameFile]) -> Result<(), GameFileError> {
        reload::reload(self.app.world_mut(), files)
    }

    /// Connects the queue of reloaded settings and game files.
    pub fn set_change_queue(&mut self, queue: ChangeQueue) {
        self.app.insert_resource(queue);
    }

    /// Connects the queue of admin calls, and puts bans and mutes in force.
    pub fn set_order_queue(&mut self, queue: OrderQueue, sanctions: Sanctions) {
        self.app.insert_resource(queue);
        sanctions::enforce(self.app.world_mut(), sanctions);
    }

    /// The switches of features.
    pub fn features(&self) -> Features {
        self.app.world().resource::<Features>().clone()
    }

    /// A function that tests whether [`reload_rules`](Self::reload_rules) would accept some files. Callable on any
    /// thread.
    pub fn rules_check(&self) -> CheckRules {
        reload::check_of(self.app.world())
    }

    /// Sets the clock for the CPU times on the status page: the CPU time of the whole process.
    pub fn set_cpu_clock(&mut self, clock: CpuClock) {
        self.app.world_mut().resource_mut::<TickTimings>().set_clock(clock);
    }

    /// Sets the clock for the budgets of cleanup and receiving, and for the limit on its load: the CPU time of the thread
    /// that runs the ticks.
    pub fn set_thread_clock(&mut self, clock: fn() -> Duration) {
        self.app.insert_resource(CleanupClock(clock)).insert_resource(ReceiveClock(clock));
        self.app.insert_resource(TickLoad::new(clock));
    }

    fn mark(&mut self, stage: TickStage) {
        self.app.world_mut().resource_mut::<TickTimings>().mark(stage);
    }

    /// Records how long a tick took and how late it started, for the status page and for the limit on the load.
    pub fn note_tick(&mut self, took: Duration, started_late: Duration) {
        let world = self.app.world_mut();
        world.resource_mut::<TickDurations>().note(took, started_late);
        let (elapsed, rate) = (world.resource::<Now>().elapsed, *world.resource::<TickRate>());
        let late_ticks = started_late.as_secs_f64() * f64::from(rate.0);
        let sessions = world.resource::<Sessions>().count();
        world.resource_mut::<TickLoad>().read_clock(elapsed, late_ticks, sessions);
    }

    /// Counts ticks that were skipped because the server was too far behind.
    pub fn note_dropped_ticks(&mut self, count: u64) {
        self.app.world_mut().resource_mut::<Counters>().dropped_ticks += count;
    }

    /// Reserves a seat for a player, as `POST /v1/sessions` does.
    ///
    /// # Errors
    /// When there is no seat for this player.
    pub fn join(&mut self, request: &JoinRequest) -> Result<Grant, JoinError> {
        directory::join(self.app.world_mut(), request)
    }

    /// Makes lasting ids of players with this key, the same ones in every process. Without it they last as long as the
    /// server.
    pub fn set_key(&mut self, key: ServerKey) {
        self.app.insert_resource(Accounts::new(key));
    }

    /// Connects the flag that tells whether the data folder is lost, for the status page.
    pub fn set_data_dir_lost(&mut self, is_lost: Arc<AtomicBool>) {
        self.app.insert_resource(DataDirLost(is_lost));
    }

    /// Sets the numbers above which the log names a caller.
    pub fn set_caller_limits(&mut self, limits: CallerLimits) {
        self.app.world_mut().resource_mut::<CallerDays>().set_limits(limits);
    }

    /// Sets the URL of this server for browsers: the log has a link to each public room that opens.
    pub fn set_web_url(&mut self, url: String) {
        self.app.insert_resource(WebUrl(url));
    }

    /// Connects the queue of join requests from the HTTP gateway.
    pub fn set_join_queue(&mut self, queue: JoinQueue) {
        self.app.insert_resource(queue);
    }

    /// Makes the server one of a fleet: it opens rooms with claimed codes only, publishes its rooms and seats, and sends away
    /// the players that it is told.
    pub fn join_fleet(&mut self, codes: CodePool, board: RosterBoard, evictions: Evictions) {
        self.app.insert_resource(codes).insert_resource(board).insert_resource(evictions);
    }

    /// Puts chat lines and game messages into this queue from now on, for an archive.
    pub fn archive_messages(&mut self, queue: MessageQueue) {
        self.app.insert_resource(MessageLog::to(queue));
    }

    /// Saves the results of matches that end from now on.
    pub fn keep_results(&mut self, store: ResultStore) {
        self.app.insert_resource(store);
    }

    /// Writes the results still in the queue, for at most `patience`. Returns the number of results lost to the time
    /// limit.
    pub fn close_results(&mut self, patience: Duration) -> u64 {
        submit::submit_all(self.app.world_mut());
        self.app.world_mut().remove_resource::<ResultStore>().map_or(0, |store| store.close(patience))
    }

    /// Records matches that open from now on, and passes the recordings to `queue`.
    pub fn record_replays(&mut self, queue: ReplayQueue) {
        self.app.insert_resource(Replays(Some(queue)));
    }

    /// The board that the status page is published on.
    pub fn status_board(&self) -> StatusBoard {
        self.app.world().resource::<StatusBoard>().clone()
    }

    /// Begins to drain: newcomers are refused, no match starts, rooms without a match close some seconds later, and all
    /// members are told. Running matches go on until [`is_drained`](Self::is_drained), for at most `limit`; `None` means
    /// no limit.
    pub fn begin_drain(&mut self, limit: Option<Duration>) {
        drain::begin(self.app.world_mut(), limit);
    }

    /// What lets the server move out, because others take its players, and take players again.
    pub fn move_out(&self) -> MoveOut {
        self.app.world().resource::<MoveOut>().clone()
    }

    /// What clients must have too: game, versions and determinism fingerprint.
    pub fn hello(&self) -> &Hello {
        &self.app.world().resource::<LocalHello>().0
    }

    /// Whether the drain is over: no match runs or shows its results, or the limit is reached.
    pub fn is_drained(&mut self) -> bool {
        drain::is_over(self.app.world_mut())
    }

    /// Ends all matches and tells every client that the server is stopping. Nobody can join from now on.
    pub fn say_goodbye(&mut self) {
        self.app.world_mut().resource_mut::<Directory>().close();
        drain::close_rooms_without_match(self.app.world_mut());
        // Matches first: a match that the server ends has no result.
        phase::end_all(self.app.world_mut(), MatchEnd::ServerStopped);
        self.run_once(match_end::end_matches);
        sessions::close_all(self.app.world_mut(), EndCode::ServerStopping);
        self.run_once(desync::conclude_departed);
        // Whoever asks whether the server takes players gets the new answer at once, and nobody takes the end of the
        // ticks for a fault.
        self.run_once(status::publish);
        self.status_board().note_stop();
    }

    fn run_once<M>(&mut self, system: impl IntoSystem<(), (), M> + 'static) {
        self.app.world_mut().run_system_once(system).expect("a system of a tick can always run");
    }

    /// Number of sessions, including those that only hold a reservation.
    pub fn sessions(&self) -> usize {
        self.app.world().resource::<Sessions>().count()
    }

    /// The world, read-only.
    pub fn world(&self) -> &World {
        self.app.world()
    }

    /// The world, for queries and for tests that break something on purpose.
    pub fn world_mut(&mut self) -> &mut World {
        self.app.world_mut()
    }
}
