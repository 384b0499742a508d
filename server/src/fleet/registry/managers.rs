//! What managers tell, and what operators tell them. The texts are JSON, which only managers and operators read.

use std::time::Duration;

use redis::{AsyncCommands, pipe};

use super::{Registry, RegistryError, keys};

/// Time for which the word of a manager counts. It writes twice a second.
const WORD_TIME: Duration = Duration::from_secs(5);
/// Time for which a command waits for its manager.
const COMMAND_TIME: Duration = Duration::from_secs(15);
/// Maximum number of commands that wait. The oldest one is dropped.
const COMMANDS_MAX: isize = 16;
/// Time for which an answer waits for the operator.
const ANSWER_TIME: Duration = Duration::from_secs(600);

impl Registry {
    /// Writes what a manager tells about itself.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn write_manager(&self, manager: &str, word: &str) -> Result<(), RegistryError> {
        let (seconds, _): (u64, u32) = redis::cmd("TIME").query_async(&mut self.connection()).await?;
        let mut call = pipe();
        call.atomic();
        call.set_ex(keys::manager(manager), word, WORD_TIME.as_secs()).ignore();
        call.zadd(keys::MANAGERS, manager, seconds).ignore();
        call.zrembyscore(keys::MANAGERS, "-inf", seconds.saturating_sub(WORD_TIME.as_secs())).ignore();
        call.expire(keys::MANAGERS, WORD_TIME.as_secs() as i64).ignore();
        Ok(call.query_async(&mut self.connection()).await?)
    }

    /// What the managers tell that are there, by name.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn managers(&self) -> Result<Vec<(String, String)>, RegistryError> {
        let mut connection = self.connection();
        let mut names: Vec<String> = connection.zrange(keys::MANAGERS, 0, -1).await?;
        names.sort();
        let mut managers = Vec::new();
        for name in names {
            let word: Option<String> = connection.get(keys::manager(&name)).await?;
            managers.extend(word.map(|word| (name, word)));
        }
        Ok(managers)
    }

    /// Sends a command to a manager, which takes it within a second.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn send_command(&self, manager: &str, command: &str) -> Result<(), RegistryError> {
        let key = keys::commands(manager);
        let mut call = pipe();
        call.atomic();
        call.rpush(&key, command).ignore();
        call.ltrim(&key, -COMMANDS_MAX, -1).ignore();
        call.expire(&key, COMMAND_TIME.as_secs() as i64).ignore();
        Ok(call.query_async(&mut self.connection()).await?)
    }

    /// Takes the next command of a manager.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn take_command(&self, manager: &str) -> Result<Option<String>, RegistryError> {
        Ok(self.connection().lpop(keys::commands(manager), None).await?)
    }

    /// Answers the command of this id.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn answer_command(&self, id: &str, answer: &str) -> Result<(), RegistryError> {
        Ok(self.connection().set_ex(keys::answer(id), answer, ANSWER_TIME.as_secs()).await?)
    }

    /// Takes the answer to the command of this id, once there is one.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn take_answer(&self, id: &str) -> Result<Option<String>, RegistryError> {
        Ok(self.connection().get_del(keys::answer(id)).await?)
    }
}
