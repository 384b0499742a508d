//! Game files of the arena with short matches.

use framehouse_shared::sim::GameFile;

const RULES: &str = include_str!("../../../shared/arena/assets/rules.ron");
const MAP: &str = include_str!("../../../shared/arena/assets/maps/basin.ron");

/// "Gems and sparks" on one map, with matches of a number of ticks at 30 ticks a second.
pub fn short_matches(ticks: u32) -> Vec<GameFile> {
    let rules = RULES.replace("match_s: 120.0", &format!("match_s: {:?}", f64::from(ticks) / 30.0));
    let file = |path: &str, text: String| GameFile { path: path.to_owned(), text };
    vec![file("rules.ron", rules), file("maps/basin.ron", MAP.to_owned())]
}
