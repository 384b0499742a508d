//! Which share of the players gets which build.

use std::sync::LazyLock;

use framehouse_shared::ids::AccountId;
use redis::{AsyncCommands, Script};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::{Registry, RegistryError, keys, script};

static WRITE: LazyLock<Script> = LazyLock::new(|| script(include_str!("scripts/write_release.lua")));

/// Steps that a share is counted in: hundredths of a percent.
const STEPS: u64 = 10_000;

/// Builds that only some players get. Everybody else gets a build that is not named here. Empty: all builds are for all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Release {
    /// Number of this version: a change is refused when another one came first. 0 is that of an empty one.
    pub version: u64,
    /// The builds, each once.
    pub builds: Vec<BuildShare>,
}

/// Who gets a build.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BuildShare {
    /// Name of the build, as in [`NodeLease::build`](super::NodeLease::build).
    pub build: String,
    /// Players that get it in any case: names, without regard to case, or lasting ids of 32 hexadecimal digits.
    pub players: Vec<String>,
    /// Share of all other players that get it, in percent, 0 to 100. A player keeps its build while the share grows.
    pub percent: f64,
}

impl Release {
    /// The build of a player with this name and lasting id; `None` for one that is not named here. The id decides about
    /// shares, so a player has the same build in each gateway and at each start.
    pub fn build_of(&self, name: &str, account: AccountId) -> Option<&str> {
        let id = account.to_string();
        let is_named = |share: &&BuildShare| {
            share.players.iter().any(|player| player.eq_ignore_ascii_case(name) || player.eq_ignore_ascii_case(&id))
        };
        if let Some(share) = self.builds.iter().find(is_named) {
            return Some(&share.build);
        }
        let step = xxh3_64(&account.0.to_be_bytes()) % STEPS;
        let mut end = 0;
        let chosen = self.builds.iter().find(|share| {
            end += (share.percent.clamp(0.0, 100.0) * STEPS as f64 / 100.0).round() as u64;
            step < end
        });
        chosen.map(|share| share.build.as_str())
    }

    /// Whether a build is named here.
    pub fn names(&self, build: &str) -> bool {
        self.builds.iter().any(|share| share.build == build)
    }
}

impl Registry {
    /// The release.
    ///
    /// # Errors
    /// When Redis is away, or has one of another version of this program.
    pub async fn release(&self) -> Result<Release, RegistryError> {
        let body: Option<String> = self.connection().get(keys::RELEASE).await?;
        let unreadable = |_| RegistryError::Unreadable(keys::RELEASE.to_owned());
        body.map_or_else(|| Ok(Release::default()), |body| serde_json::from_str(&body).map_err(unreadable))
    }

    /// Replaces the release that was read with the version of `release`. Returns false, and changes nothing, if another
    /// change came first: read it again.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn replace_release(&self, release: &Release) -> Result<bool, RegistryError> {
        let next = Release { version: release.version + 1, ..release.clone() };
        let body = serde_json::to_string(&next).expect("a release serialises");
        let mut call = WRITE.prepare_invoke();
        call.key(keys::RELEASE).arg(release.version).arg(body);
        Ok(call.invoke_async(&mut self.connection()).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(build: &str, percent: f64, players: &[&str]) -> BuildShare {
        let players = players.iter().map(|player| (*player).to_owned()).collect();
        BuildShare { build: build.to_owned(), players, percent }
    }

    fn got(release: &Release) -> Vec<Option<String>> {
        (0..4000).map(|id| release.build_of("somebody", AccountId(id)).map(str::to_owned)).collect()
    }

    #[test]
    fn a_share_of_the_players_gets_a_build_and_keeps_it_while_the_share_grows() {
        let release = |percent| Release { version: 1, builds: vec![share("0.3.0", percent, &[])] };
        let (few, more) = (got(&release(5.0)), got(&release(20.0)));
        let count = |all: &[Option<String>]| all.iter().flatten().count();
        assert!((150..=250).contains(&count(&few)) && (700..=900).contains(&count(&more)));
        assert!(few.iter().zip(&more).all(|(few, more)| few.is_none() || more.is_some()));
        assert_eq!(count(&got(&release(0.0))), 0);
        assert_eq!(count(&got(&release(100.0))), 4000);
    }

    #[test]
    fn named_players_come_first_by_name_or_id() {
        let id = AccountId(7).to_string().to_uppercase();
        let release = Release { version: 1, builds: vec![share("a", 100.0, &[]), share("b", 0.0, &["Ada", &id])] };
        assert_eq!(release.build_of("ada", AccountId(1)), Some("b"));
        assert_eq!(release.build_of("lin", AccountId(7)), Some("b"));
        assert_eq!(release.build_of("lin", AccountId(8)), Some("a"));
        assert!(release.names("b") && !release.names("c"));
    }
}
