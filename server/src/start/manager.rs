//! The subcommands `manager` and `fleet`.

use std::{env, process::ExitCode};

use super::{
    data_dir::DataDir,
    end, exit_code,
    failure::Failure,
    fleet::check_address,
    logging::Log,
    node_name,
    print::print,
    signals::{HangUps, stop_on_signals},
};
use crate::{
    config::{Environment, Flags, FleetAction, Layers, Settings},
    manager::{self, ManagerOptions, operator},
    ops::alerts::Alerts,
};

/// Runs the manager, and tells the operator if it does not start.
pub(super) fn run(flags: &Flags) -> ExitCode {
    let environment = Environment::of_program();
    let layers = Layers::of(flags, &environment);
    let usable = layers.usable_settings();
    let name = node_name(&usable.server);
    let alerts = match Alerts::start(&usable.alerts, &name) {
        Ok(alerts) => alerts,
        Err(error) => return exit_code(Err(format!("cannot start the thread that sends alerts: {error}"))),
    };
    let log = match Log::start(&usable, &name) {
        Ok(log) => log,
        Err(sentence) => return end(&alerts, &Failure::Start(sentence)),
    };
    environment.warnings().iter().for_each(|sentence| tracing::warn!("{sentence}"));
    let ran = layers.settings().and_then(|settings| manage(settings, flags, name, &log, &alerts));
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => end(&alerts, &Failure::Start(sentence)),
    }
}

fn manage(settings: Settings, flags: &Flags, name: String, log: &Log, alerts: &Alerts) -> Result<(), String> {
    let (stop, hang_ups) = (stop_on_signals()?, HangUps::catch()?);
    let (log, reloaded) = (log.control(), flags.clone());
    hang_ups.on_each(move || {
        if let Err(reason) = log.hang_up(&reloaded) {
            tracing::warn!("SIGHUP: there is nothing to reload: {reason}");
        }
    })?;
    let _locked = DataDir::lock(&settings.server.data_dir)?;
    if settings.fleet.redis.is_some() {
        check_address(&settings)?;
    }
    let program = env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
    let options = ManagerOptions {
        name,
        settings: settings.manager,
        server: settings.server,
        flags: flags.clone(),
        fleet: settings.fleet,
        program,
        alerts: alerts.clone(),
    };
    manager::run(options, &stop)
}

/// Carries out what an operator wants of a fleet, and prints the answer.
///
/// # Errors
/// With a sentence, when it cannot be done.
pub(super) fn order(action: &FleetAction, settings: &Settings) -> Result<(), String> {
    let Some(redis) = &settings.fleet.redis else {
        return Err("the fleet is known by its Redis: give its URL with --redis or FRAMEHOUSE_REDIS".to_owned());
    };
    print(operator::run(action, redis.reveal())?)
}
