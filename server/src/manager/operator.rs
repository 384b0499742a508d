//! `framehouse-server fleet`: what an operator asks and orders, from any machine that reaches Redis.

mod release;

use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{
    command::{Answer, Command, Task},
    status::ManagerStatus,
    table,
};
use crate::{
    config::FleetAction,
    fleet::registry::{Registry, RegistryError},
};

/// Interval between two looks for an answer.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);
/// Longest wait for a manager. One that deploys answers when it is done.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(20);

/// Carries out what an operator wants. Returns what to print.
///
/// # Errors
/// With a sentence, when it cannot be done.
pub(crate) fn run(action: &FleetAction, redis: &str) -> Result<String, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("cannot start: {error}"))?;
    runtime.block_on(async {
        let registry = Registry::new(redis).map_err(|error| error.to_string())?;
        Operator { registry }.carry_out(action).await
    })
}

struct Operator {
    registry: Registry,
}

impl Operator {
    async fn carry_out(&self, action: &FleetAction) -> Result<String, String> {
        match action {
            FleetAction::Status { json } => self.status(*json).await,
            FleetAction::Drain { node, undo } => self.drain(node, *undo).await,
            FleetAction::Scale { nodes, manager } => self.scale(*nodes, manager.as_deref()).await,
            FleetAction::Deploy { binary, beside, other_class, manager } => {
                let task = match *beside {
                    Some(nodes) => Task::Beside { binary: binary.clone(), nodes },
                    None => Task::Deploy { binary: binary.clone(), other_class: *other_class },
                };
                self.one_after_the_other(task, manager.as_deref()).await
            }
            FleetAction::Release { sets } => self.release(sets).await,
        }
    }

    async fn status(&self, as_json: bool) -> Result<String, String> {
        let nodes = self.registry.nodes().await.map_err(say)?;
        let (managers, release) = (self.managers().await?, self.registry.release().await.map_err(say)?);
        if !as_json {
            return Ok(table::of_fleet(&nodes, &managers, &release));
        }
        let nodes: Vec<_> = nodes.iter().map(|entry| &entry.lease).collect();
        Ok(format!("{}\n", json!({ "nodes": nodes, "managers": managers, "release": release })))
    }

    async fn managers(&self) -> Result<Vec<ManagerStatus>, String> {
        let words = self.registry.managers().await.map_err(say)?;
        let read = |(name, word): (String, String)| {
            serde_json::from_str(&word).map_err(|_| format!("the manager {name} is of another version: update it"))
        };
        words.into_iter().map(read).collect()
    }

    /// The managers that a command is for, in the order of their names.
    async fn addressed(&self, name: Option<&str>) -> Result<Vec<ManagerStatus>, String> {
        let all = self.managers().await?;
        let names: Vec<&str> = all.iter().map(|manager| manager.name.as_str()).collect();
        if names.is_empty() {
            return Err(
                "no manager is there: start one with `framehouse-server manager`, with the same --redis".to_owned()
            );
        }
        match name {
            Some(name) if !names.contains(&name) => {
                Err(format!("there is no manager {name}, only {}", names.join(", ")))
            }
            Some(name) => Ok(all.into_iter().filter(|manager| manager.name == name).collect()),
            None => Ok(all),
        }
    }

    async fn drain(&self, node: &str, undo: bool) -> Result<String, String> {
        let managers = self.managers().await?;
        let has_node = |manager: &&ManagerStatus| manager.nodes.iter().any(|managed| managed.name == node);
        if let Some(manager) = managers.iter().find(has_node) {
            return self.order(manager, Task::Drain { node: node.to_owned(), undo }).await.map(line);
        }
        if !self.registry.want_draining(node, !undo).await.map_err(say)? {
            return Err(format!("there is no node {node}: `fleet status` lists them"));
        }
        let told = if undo { "takes players again" } else { "takes nobody new: stop it when it is empty" };
        Ok(format!("{node} {told}\n"))
    }

    async fn scale(&self, nodes: u32, manager: Option<&str>) -> Result<String, String> {
        let managers = self.addressed(manager).await?;
        let count = managers.len() as u32;
        let mut told = String::new();
        for (index, manager) in (0..).zip(&managers) {
            let nodes = nodes / count + u32::from(index < nodes % count);
            told += &line(format!("{}: {}", manager.name, self.order(manager, Task::Scale { nodes }).await?));
        }
        Ok(told)
    }

    /// The next machine follows when one is done. The first failure ends it.
    async fn one_after_the_other(&self, task: Task, manager: Option<&str>) -> Result<String, String> {
        let mut told = String::new();
        for manager in self.addressed(manager).await? {
            let answer = self.order(&manager, task.clone()).await;
            let answer = answer.map_err(|sentence| format!("{told}{}: {sentence}", manager.name))?;
            told += &line(format!("{}: {answer}", manager.name));
        }
        Ok(told)
    }

    /// Sends a command and waits for its answer: as long as the manager is there and deploys, else for some seconds.
    async fn order(&self, manager: &ManagerStatus, task: Task) -> Result<String, String> {
        let (name, command) = (&manager.name, Command::new(task));
        let text = json!(command).to_string();
        self.registry.send_command(name, &text).await.map_err(say)?;
        let mut patience_ends = Instant::now() + ANSWER_TIME_MAX;
        loop {
            sleep(LOOK_INTERVAL).await;
            let (answer, managers) = (self.registry.take_answer(&command.id).await, self.registry.managers().await);
            if let Ok(Some(answer)) = answer {
                let unreadable = |_| format!("the answer of {name} cannot be understood: it is of another version");
                return serde_json::from_str::<Answer>(&answer).map_err(unreadable)?;
            }
            if managers.is_ok_and(|managers| is_deploying(&managers, name)) {
                patience_ends = Instant::now() + ANSWER_TIME_MAX;
            }
            if Instant::now() > patience_ends {
                return Err(format!("{name} does not answer: `fleet status` shows what it does"));
            }
        }
    }

    async fn release(&self, sets: &[String]) -> Result<String, String> {
        loop {
            let mut release = self.registry.release().await.map_err(say)?;
            if sets.is_empty() {
                return Ok(table::of_release(&release));
            }
            for set in sets {
                release::apply(&mut release, set)?;
            }
            // Another operator may have been faster.
            if self.registry.replace_release(&release).await.map_err(say)? {
                return Ok(table::of_release(&release));
            }
        }
    }
}

fn is_deploying(managers: &[(String, String)], name: &str) -> bool {
    let word = managers.iter().find(|(other, _)| other == name).map(|(_, word)| word);
    word.and_then(|word| serde_json::from_str::<ManagerStatus>(word).ok()).is_some_and(|status| status.deploy.is_some())
}

fn line(sentence: String) -> String {
    sentence + "\n"
}

fn say(error: RegistryError) -> String {
    error.to_string()
}
