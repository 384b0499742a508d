//! The words of `fleet release`: `BUILD=5%`, `BUILD=players:ada,lin`, `BUILD=nobody`, `BUILD=all`.

use crate::fleet::registry::{BuildShare, Release};

/// Maximum number of named players of a build.
const PLAYERS_MAX: usize = 1000;

const HOW: &str = "write it as 0.3.0=5%, 0.3.0=players:ada,lin, 0.3.0=nobody, or 0.3.0=all";

/// Changes a release by one of these words. A build keeps its named players when its share changes, and its share when its
/// players change.
///
/// # Errors
/// With a sentence, when it is none of them.
pub(super) fn apply(release: &mut Release, set: &str) -> Result<(), String> {
    let wrong = || format!("{set:?} says nobody who gets a build: {HOW}");
    let (build, who) = set.split_once('=').ok_or_else(wrong)?;
    if build.is_empty() {
        return Err(wrong());
    }
    if who == "all" {
        release.builds.retain(|share| share.build != build);
        return Ok(());
    }
    let (percent, players) = match who.strip_prefix("players:") {
        Some(names) => (None, Some(read_players(names).ok_or_else(wrong)?)),
        None if who == "nobody" => (Some(0.0), Some(Vec::new())),
        None => (Some(read_percent(who).ok_or_else(wrong)?), None),
    };
    let share = entry(release, build);
    share.percent = percent.unwrap_or(share.percent);
    share.players = players.unwrap_or_else(|| std::mem::take(&mut share.players));
    let sum: f64 = release.builds.iter().map(|share| share.percent).sum();
    if sum > 100.0 { Err(format!("all shares together are {sum} %: at most 100 % can be given away")) } else { Ok(()) }
}

fn entry<'a>(release: &'a mut Release, build: &str) -> &'a mut BuildShare {
    let index = release.builds.iter().position(|share| share.build == build).unwrap_or_else(|| {
        release.builds.push(BuildShare { build: build.to_owned(), ..Default::default() });
        release.builds.len() - 1
    });
    &mut release.builds[index]
}

fn read_percent(text: &str) -> Option<f64> {
    let percent: f64 = text.strip_suffix('%')?.trim().parse().ok()?;
    (0.0..=100.0).contains(&percent).then_some(percent)
}

fn read_players(names: &str) -> Option<Vec<String>> {
    let names: Vec<String> = names.split(',').map(|name| name.trim().to_owned()).collect();
    (names.len() <= PLAYERS_MAX && names.iter().all(|name| !name.is_empty())).then_some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(sets: &[&str]) -> Result<Release, String> {
        let mut release = Release::default();
        sets.iter().try_for_each(|set| apply(&mut release, set))?;
        Ok(release)
    }

    #[test]
    fn shares_and_players_are_set_one_by_one_and_taken_back_together() {
        let share = |sets: &[&str]| after(sets).expect("good").builds[0].clone();
        let both = share(&["0.3.0=5%", "0.3.0=players:ada, lin"]);
        assert_eq!((both.percent, both.players.join(" ")), (5.0, "ada lin".to_owned()));
        assert_eq!(share(&["0.3.0=players:ada", "0.3.0=0.5%"]).players, ["ada"]);
        let nobody = share(&["0.3.0=5%", "0.3.0=players:ada", "0.3.0=nobody"]);
        assert_eq!((nobody.percent, nobody.players.len()), (0.0, 0), "it stays named, so nobody gets it");
        assert_eq!(after(&["0.3.0=5%", "0.3.0=all"]).expect("good").builds, []);
    }

    #[test]
    fn what_says_nothing_is_refused_with_an_example() {
        for set in ["0.3.0", "=5%", "0.3.0=5", "0.3.0=101%", "0.3.0=-1%", "0.3.0=nan%", "0.3.0=players:", "0.3.0=some"]
        {
            assert!(after(&[set]).is_err_and(|sentence| sentence.contains("0.3.0=5%")), "{set}");
        }
        assert!(after(&["a=60%", "b=50%"]).is_err_and(|sentence| sentence.contains("110 %")));
    }
}
