//! The operator's hands in a running server: reload and admin API, connected to everything that they change.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock},
};

use framehouse_shared::{
    api::{Feature, InForce, OffBy},
    sim::GameFile,
};

use super::{
    reload::{FileMarks, Reloader, State},
    serve::Context,
    signals::HangUps,
};
use crate::{
    config::{LogSettings, Settings},
    ops::{
        admin::{Desk, Levers},
        http::{HttpLimits, TlsKeys},
        reload::ChangeQueue,
    },
    room::drain::MoveOut,
    server::Server,
};

/// What lets an operator act on a server.
pub(super) struct Operator {
    /// Carries out admin calls.
    pub desk: Desk,
    /// Changes the limits of the HTTP gateway.
    pub http: HttpLimits,
    /// What is in force.
    pub in_force: Arc<Mutex<InForce>>,
    reloader: Arc<Reloader>,
}

impl Operator {
    /// Connects a server that was started with these settings and files of its game, whose marks were taken before they were
    /// read. Its data folder is locked.
    ///
    /// # Errors
    /// With a sentence, when a file in the data folder cannot be used.
    pub fn connect(
        server: &mut Server,
        settings: &Settings,
        (files, marks): (Vec<GameFile>, FileMarks),
        tls: Option<TlsKeys>,
        context: &Context<'_>,
    ) -> Result<Self, String> {
        let (changes, queue) = ChangeQueue::new();
        server.set_change_queue(queue);
        let features = server.features();
        for feature in Feature::ALL {
            features.set(feature, settings.features.is_on(feature), OffBy::Operator, 0);
        }
        context.alerts.set_limits(settings.alerts.clone(), settings.features.clone());
        let (http, in_force) = (HttpLimits::default(), Arc::<Mutex<InForce>>::default());
        let reloader = Arc::new(Reloader {
            flags: context.flags.clone(),
            log: context.log.control(),
            tls,
            check: server.rules_check(),
            queue: changes,
            alerts: context.alerts.clone(),
            features: features.clone(),
            http: http.clone(),
            desk: OnceLock::new(),
            in_force: Arc::clone(&in_force),
            state: Mutex::new(State::new(settings.clone(), files, marks)),
        });
        let hands = Hands { reloader: Arc::clone(&reloader), move_out: server.move_out() };
        let limit = settings.admin.bans_per_hour_max;
        let (desk, orders, sanctions) = Desk::open(&settings.server.data_dir, limit, features, Box::new(hands))?;
        server.set_order_queue(orders, sanctions);
        // It is set here only.
        let _ = reloader.desk.set(desk.clone());
        Ok(Self { desk, http, in_force, reloader })
    }

    /// Reloads on each SIGHUP, and whenever files change.
    ///
    /// # Errors
    /// With a sentence, when a thread cannot be started.
    pub fn follow(self, hang_ups: HangUps) -> Result<(), String> {
        let reloader = Arc::clone(&self.reloader);
        hang_ups.on_each(move || reloader.hang_up())?;
        self.reloader.follow_files()
    }
}

/// What admin calls change outside of the tick thread.
struct Hands {
    reloader: Arc<Reloader>,
    move_out: MoveOut,
}

impl Levers for Hands {
    fn reload(&self) -> Result<String, String> {
        self.reloader.reload()
    }

    fn set_levels(&self, level: &str, levels: &BTreeMap<String, String>) -> Result<String, String> {
        self.reloader.log.set_levels(&LogSettings::of_levels(level, levels)?)
    }

    fn drain(&self, is_wanted: bool) {
        self.move_out.want(is_wanted);
    }
}
