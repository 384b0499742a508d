//! Rules of a match, and the library of rules and maps for new matches.

use std::{ops::Deref, sync::Arc};

use bevy::prelude::*;
use framehouse_shared::{
    fields::{FieldList, FieldPath},
    protocol::codec,
    room_state::StateValue,
    sim::{GameFile, GameFileError},
    state_hash::StateHasher,
    tick::SimRate,
};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::{
    grid::SpatialGrid,
    map::ArenaMap,
    numbers::{ArenaNumbers, Seconds},
};

const RULES_PATH: &str = "rules.ron";
const MAPS_FOLDER: &str = "maps/";
const MAPS_MAX: usize = 64;

const EMBEDDED_RULES: &str = include_str!("../assets/rules.ron");
const EMBEDDED_MAPS: [(&str, &str); 2] = [
    ("maps/basin.ron", include_str!("../assets/maps/basin.ron")),
    ("maps/crossing.ron", include_str!("../assets/maps/crossing.ron")),
];

/// Rules of one match, constant from its first tick to its last: numbers and map.
///
/// Part of the room's state, so that a client gets them with the snapshot, and a reload of files does not change a
/// running match. Cloning copies only a reference.
#[derive(Component, Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "RulesParts", into = "RulesParts")]
pub struct Rules(Arc<MatchRules>);

/// Content of [`Rules`].
#[derive(Debug)]
pub struct MatchRules {
    /// Numbers, with times in ticks of the room.
    pub numbers: ArenaNumbers,
    /// Map.
    pub map: ArenaMap,
    /// Grid of the obstacles, by their index in the map.
    pub obstacle_grid: SpatialGrid,
    hash: u64,
}

#[derive(Clone, Serialize, Deserialize)]
struct RulesParts {
    numbers: ArenaNumbers,
    map: ArenaMap,
}

impl Rules {
    /// Creates the rules of a match.
    ///
    /// # Errors
    /// A sentence about the first number out of its range, or about the map.
    pub fn new(numbers: ArenaNumbers, map: ArenaMap) -> Result<Self, String> {
        numbers.check()?;
        map.check()?;
        // Hashed once: they are constant, and hashing the map in every tick would take longer than moving everything.
        let hash = xxh3_64(&codec::encode(&(&numbers, &map)));
        let mut obstacle_grid = SpatialGrid::default();
        for (place, obstacle) in map.obstacles.iter().enumerate() {
            obstacle_grid.insert(place, obstacle.area());
        }
        Ok(Self(Arc::new(MatchRules { numbers, map, obstacle_grid, hash })))
    }

    /// Hash over all numbers and the map; identifies the rules in results.
    pub fn hash(&self) -> u64 {
        self.hash
    }
}

impl Deref for Rules {
    type Target = MatchRules;
    fn deref(&self) -> &MatchRules {
        &self.0
    }
}

impl TryFrom<RulesParts> for Rules {
    type Error = String;
    fn try_from(parts: RulesParts) -> Result<Self, String> {
        Self::new(parts.numbers, parts.map)
    }
}

impl From<Rules> for RulesParts {
    fn from(rules: Rules) -> Self {
        Self { numbers: rules.numbers.clone(), map: rules.map.clone() }
    }
}

/// Written by hand: numbers and map are constant in a match, so one hash of both represents them.
impl StateValue for Rules {
    fn state_hash(&self, hasher: &mut StateHasher) {
        hasher.u64(self.hash);
    }

    fn list(&self, path: &FieldPath, list: &mut FieldList) {
        list.add_at(&path.field("hash"), format_args!("{:016x}", self.hash));
    }
}

/// Rules and maps for new matches; contains at least one map.
#[derive(Resource, Clone, Debug)]
pub struct ArenaLibrary {
    numbers: ArenaNumbers<Seconds>,
    maps: Vec<ArenaMap>,
    /// Rules of all maps at the last requested tick rate. All rooms share them, because a server has one rate.
    made: Option<(SimRate, Vec<Rules>)>,
}

impl ArenaLibrary {
    /// Library of the embedded rules and maps.
    pub fn embedded() -> Self {
        Self::load(&[GameFile { path: RULES_PATH.to_owned(), text: EMBEDDED_RULES.to_owned() }])
            .expect("a test loads the embedded files")
    }

    /// Parses an operator's files: `rules.ron`, and maps; without maps the embedded ones are used.
    ///
    /// # Errors
    /// When `rules.ron` is missing, a file does not parse, or a value is out of its range.
    pub fn load(files: &[GameFile]) -> Result<Self, GameFileError> {
        let rules = files.iter().find(|file| file.path == RULES_PATH);
        let rules = rules.ok_or_else(|| GameFileError::Missing(RULES_PATH.to_owned()))?;
        let numbers: ArenaNumbers<Seconds> = parse(RULES_PATH, &rules.text)?;
        numbers.check().map_err(|message| value_error(RULES_PATH, message))?;
        let mut library = Self { numbers, maps: Vec::new(), made: None };
        for (path, text) in map_files(files) {
            library.add(path, text)?;
        }
        Ok(library)
    }

    fn add(&mut self, path: &str, text: &str) -> Result<(), GameFileError> {
        let map: ArenaMap = parse(path, text)?;
        map.check().map_err(|message| value_error(path, message))?;
        if self.maps.iter().any(|other| other.name == map.name) {
            return Err(value_error(path, format!("another map is already named {}", map.name)));
        }
        if self.maps.len() == MAPS_MAX {
            return Err(value_error(path, format!("there are more than {MAPS_MAX} maps")));
        }
        self.maps.push(map);
        Ok(())
    }

    /// Names of the maps, in the order of their files.
    pub fn map_names(&self) -> Vec<String> {
        self.maps.iter().map(|map| map.name.clone()).collect()
    }

    /// Rules at this tick rate with the named map, or with the first map if there is no such map.
    pub fn rules_for(&mut self, map: &str, rate: SimRate) -> Rules {
        let rules = self.rules_at(rate);
        let named = rules.iter().find(|rules| rules.map.name == map);
        named.or(rules.first()).expect("a library is never empty").clone()
    }

    fn rules_at(&mut self, rate: SimRate) -> &[Rules] {
        let Self { numbers, maps, made } = self;
        let (_, rules) = match made.take().filter(|(made_for, _)| *made_for == rate) {
            Some(same) => made.insert(same),
            None => {
                let numbers = numbers.in_ticks(rate);
                let rules = maps.iter().map(|map| Rules::new(numbers.clone(), map.clone()));
                let rules = rules.collect::<Result<_, _>>().expect("numbers and maps were checked when they were read");
                made.insert((rate, rules))
            }
        };
        rules
    }
}

/// Map files, sorted by path: the operator's, or else the embedded ones.
fn map_files(files: &[GameFile]) -> Vec<(&str, &str)> {
    let mut maps: Vec<_> = files
        .iter()
        .filter(|file| file.path.starts_with(MAPS_FOLDER) && file.path.ends_with(".ron"))
        .map(|file| (file.path.as_str(), file.text.as_str()))
        .collect();
    if maps.is_empty() {
        maps = EMBEDDED_MAPS.to_vec();
    }
    maps.sort_unstable();
    maps
}

fn parse<T: serde::de::DeserializeOwned>(path: &str, text: &str) -> Result<T, GameFileError> {
    ron::from_str(text).map_err(|error| GameFileError::Syntax {
        path: path.to_owned(),
        line: error.span.start.line,
        column: error.span.start.col,
        message: error.code.to_string(),
    })
}

fn value_error(path: &str, message: String) -> GameFileError {
    GameFileError::Value { path: path.to_owned(), message }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> GameFile {
        GameFile { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn the_embedded_files_load() {
        assert_eq!(ArenaLibrary::embedded().map_names(), ["basin", "crossing"]);
    }

    #[test]
    fn a_syntax_error_is_told_with_line_and_column() {
        let text = EMBEDDED_RULES.replace("drag: 4.2,", "drag: fast,");
        let Err(GameFileError::Syntax { path, line, column, .. }) = ArenaLibrary::load(&[file(RULES_PATH, &text)])
        else {
            panic!("the text is not RON for these rules");
        };
        let line_wanted = text.lines().position(|line| line.contains("fast")).expect("it was put in") + 1;
        // The span of a RON error begins after the colon.
        assert_eq!((path.as_str(), line, column), (RULES_PATH, line_wanted, 14));
    }

    #[test]
    fn a_value_out_of_range_is_told_by_name() {
        let text = EMBEDDED_RULES.replace("life_s: 0.9,", "life_s: 300.0,");
        let error = ArenaLibrary::load(&[file(RULES_PATH, &text)]).expect_err("sparks may not live that long");
        assert_eq!(error.to_string(), "rules.ron: spark.life_s is 300, it must be 0.01 to 10");
    }

    #[test]
    fn rules_are_made_for_every_rate_and_shared_by_the_rooms_of_one() {
        let mut library = ArenaLibrary::embedded();
        let rate = |hz| SimRate::new(hz).expect("in range");
        for hz in SimRate::HZ_MIN..=SimRate::HZ_MAX {
            assert_eq!(library.rules_for("", rate(hz)).numbers.match_time, 120 * u32::from(hz));
        }
        let [one, two] = [30, 30].map(|hz| library.rules_for("basin", rate(hz)));
        assert!(Arc::ptr_eq(&one.0, &two.0));
        let numbers = &library.rules_for("basin", rate(10)).numbers;
        assert_eq!((numbers.dash.glide, numbers.spark.cooldown), (1, 3), "a short time is a tick and not none");
    }

    #[test]
    fn files_without_rules_are_refused() {
        assert_eq!(ArenaLibrary::load(&[]).err(), Some(GameFileError::Missing("rules.ron".to_owned())));
    }

    #[test]
    fn an_operators_maps_replace_the_embedded_ones() {
        let map = EMBEDDED_MAPS[0].1.replace("basin", "bowl");
        let files = [file(RULES_PATH, EMBEDDED_RULES), file("maps/bowl.ron", &map)];
        let library = ArenaLibrary::load(&files).expect("both are right");
        assert_eq!(library.map_names(), ["bowl"]);
        let twice = [&files[..], &[file("maps/again.ron", &map)]].concat();
        assert!(matches!(ArenaLibrary::load(&twice), Err(GameFileError::Value { .. })));
    }

    #[test]
    fn rules_survive_the_wire_and_bad_ones_do_not() {
        let rules = ArenaLibrary::embedded().rules_for("crossing", SimRate::DEFAULT);
        let bytes = codec::encode(&rules);
        let back: Rules = codec::decode::<_, 65536>(&bytes).expect("rules decode");
        assert_eq!((back.hash(), back.map.name.as_str()), (rules.hash(), "crossing"));
        let mut numbers = rules.numbers.clone();
        numbers.craft.drag = f32::NAN;
        let bytes = codec::encode(&RulesParts { numbers, map: rules.map.clone() });
        assert!(codec::decode::<Rules, 65536>(&bytes).is_err());
    }
}
