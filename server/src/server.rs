//! The server as a thing that can be driven: by the runner in real time, by tests in virtual time.

use std::{sync::Arc, time::Duration};

use bevy::{
    app::TaskPoolPlugin,
    prelude::*,
    time::{TimePlugin, TimeUpdateStrategy},
};
use framehouse_shared::{
    game::{Game, GameHandle},
    match_end::MatchEnd,
    protocol::end::EndCode,
    rng::SimRng,
    sim::{GameFile, GameFileError, SimPlugin},
    simulation::{self, Simulation},
};

use crate::{
    cleanup::{CleanupClock, CleanupPlugin},
    config::{CleanupSettings, NetSettings, RoomSettings},
    control::ControlPlugin,
    counters::Counters,
    desync::{self, DesyncPlugin},
    ingest::IngestPlugin,
    match_end::{self, MatchEndPlugin},
    net::{
        NetPlugin,
        budget::Rates,
        endpoint::{BoxedEndpoint, Endpoint},
        session::Sessions,
    },
    ops::{
        reload::{self, CheckRules, RulesQueue},
        status::{StatusBoard, StatusPlugin, TickDurations},
        tick_timings::{CpuClock, TickStage, TickTimings},
    },
    replay::{MakeSimulation, ReplayPlugin, ReplayQueue, Replays},
    results::{ResultStore, submit::ResultsPlugin},
    room::{
        RoomPlugin,
        current_match::Seeds,
        directory::{self, Directory, Grant, JoinError, JoinQueue, JoinRequest, LocalHello},
        phase, sessions,
    },
    tick::{self, Now, Receive, Send, TickPlugin, TickRate},
};

/// What a server is made of, beside its game.
pub struct ServerSetup {
    /// Ticks a second.
    pub tick_rate: TickRate,
    /// Settings of the rooms.
    pub rooms: RoomSettings,
    /// Settings of the cleanup.
    pub cleanup: CleanupSettings,
    /// Settings of the connections.
    pub net: NetSettings,
    /// The endpoints that clients connect to.
    pub endpoints: Vec<Box<dyn Endpoint>>,
    /// The wall clock at the start, since 1970.
    pub unix_base: Duration,
    /// The operator's rules and maps; none for the embedded ones.
    pub game_files: Vec<GameFile>,
    /// A seed for the matches' seeds; none to draw them from the operating system.
    pub seed: Option<u64>,
}

/// A server. It never reads a clock and never waits: whoever drives it says what time it is.
pub struct Server {
    app: App,
}

impl Server {
    /// Builds a server for this game.
    ///
    /// # Errors
    /// When the operator's game files are refused.
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
            .add_plugins((SimPlugin::new(game.clone()), TickPlugin))
            .add_plugins((NetPlugin, IngestPlugin, RoomPlugin, ControlPlugin, MatchEndPlugin))
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
        app.world_mut().resource_mut::<Now>().unix_base = setup.unix_base;
        app.insert_resource(setup.net);
        for endpoint in setup.endpoints {
            app.world_mut().spawn(BoxedEndpoint(endpoint));
        }
        app.finish();
        app.cleanup();
        tick::run_on_one_thread(&mut app);
        // With `FixedTimesteps` the first update runs no fixed tick; every later one runs exactly one.
        app.update();
        Ok(Self { app })
    }

    /// Takes what has arrived by `elapsed`.
    pub fn receive(&mut self, elapsed: Duration) {
        self.mark(TickStage::Other);
        self.app.world_mut().resource_mut::<Now>().elapsed = elapsed;
        self.app.world_mut().run_schedule(Receive);
        self.mark(TickStage::Receive);
    }

    /// Runs the tick that was due at `scheduled`, at `elapsed`, and sends what it has to say.
    pub fn tick(&mut self, scheduled: Duration, elapsed: Duration) {
        reload::reload_waiting(self.app.world_mut());
        let mut now = self.app.world_mut().resource_mut::<Now>();
        now.elapsed = elapsed;
        now.scheduled = scheduled;
        self.app.update();
        self.mark(TickStage::Other);
        self.app.world_mut().run_schedule(Send);
        self.mark(TickStage::Send);
        self.app.world_mut().resource_mut::<Now>().tick += 1;
    }

    /// Replaces the rules and maps, between two ticks. A running match keeps the rules that it began with.
    ///
    /// # Errors
    /// When a file is refused; nothing has changed then.
    pub fn reload_rules(&mut self, files: &[GameFile]) -> Result<(), GameFileError> {
        reload::reload(self.app.world_mut(), files)
    }

    /// Connects the queue that reloaded game files come through.
    pub fn set_rules_queue(&mut self, queue: RulesQueue) {
        self.app.insert_resource(queue);
    }

    /// What tells whether [`reload_rules`](Self::reload_rules) would take some files, on any thread.
    pub fn rules_check(&self) -> CheckRules {
        reload::check_of(self.app.world())
    }

    /// Measures the process's own processor time with this clock, for the status page.
    pub fn set_cpu_clock(&mut self, clock: CpuClock) {
        self.app.world_mut().resource_mut::<TickTimings>().set_clock(clock);
    }

    /// Measures what freeing costs with this clock: the processor time of the thread that runs the ticks.
    pub fn set_thread_clock(&mut self, clock: fn() -> Duration) {
        self.app.insert_resource(CleanupClock(clock));
    }

    fn mark(&mut self, stage: TickStage) {
        self.app.world_mut().resource_mut::<TickTimings>().mark(stage);
    }

    /// Notes how long a tick took and how late it started.
    pub fn note_tick(&mut self, took: Duration, started_late: Duration) {
        self.app.world_mut().resource_mut::<TickDurations>().note(took, started_late);
    }

    /// Notes ticks that were given up.
    pub fn note_dropped_ticks(&mut self, count: u64) {
        self.app.world_mut().resource_mut::<Counters>().dropped_ticks += count;
    }

    /// Finds a seat for a player, as a request over HTTP would.
    ///
    /// # Errors
    /// When there is none.
    pub fn join(&mut self, request: &JoinRequest) -> Result<Grant, JoinError> {
        directory::join(self.app.world_mut(), request)
    }

    /// Connects the queue that join requests over HTTP come through.
    pub fn set_join_queue(&mut self, queue: JoinQueue) {
        self.app.insert_resource(queue);
    }

    /// Keeps the results of the matches that are over from now on.
    pub fn keep_results(&mut self, store: ResultStore) {
        self.app.insert_resource(store);
    }

    /// Writes the results that wait, for at most so long; says how many are lost because it took longer.
    pub fn close_results(&mut self, patience: Duration) -> u64 {
        self.app.world_mut().remove_resource::<ResultStore>().map_or(0, |store| store.close(patience))
    }

    /// Records the matches that are set from now on, and sends them through this queue.
    pub fn record_replays(&mut self, queue: ReplayQueue) {
        self.app.insert_resource(Replays(Some(queue)));
    }

    /// Where the status page is published.
    pub fn status_board(&self) -> StatusBoard {
        self.app.world().resource::<StatusBoard>().clone()
    }

    /// Tells everybody that the server stops; nobody gets in any more, and no match goes on.
    pub fn say_goodbye(&mut self) {
        self.app.world_mut().resource_mut::<Directory>().close();
        // Before everybody leaves: a match that the server ends has no result.
        phase::end_all(self.app.world_mut(), MatchEnd::ServerStopped);
        match_end::end_matches(self.app.world_mut());
        sessions::close_all(self.app.world_mut(), EndCode::ServerStopping);
        desync::conclude_departed(self.app.world_mut());
    }

    /// How many sessions there are, reservations included.
    pub fn sessions(&self) -> usize {
        self.app.world().resource::<Sessions>().count()
    }

    /// The world, to look at.
    pub fn world(&self) -> &World {
        self.app.world()
    }

    /// The world, for queries and for tests that break something on purpose.
    pub fn world_mut(&mut self) -> &mut World {
        self.app.world_mut()
    }
}
