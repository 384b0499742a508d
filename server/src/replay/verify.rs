//! Verification: runs a replay again, without a server, and compares the outcome.

use framehouse_shared::{
    game::Game,
    ids::{SLOTS_MAX, Slot},
    match_end::MatchEnd,
    replay::{Header, PartialReplay, RankedPlayer, Replay, ReplayError, Trailer, rules_hash},
    score::Scoreboard,
    simulation::Simulation,
    state_hash::StateHashes,
    tick::{SimRate, Tick},
};

use super::BUILD;

/// A replay that gave the recorded outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Number of ticks.
    pub ticks: u32,
    /// How the match ended.
    pub ending: MatchEnd,
}

/// Why a replay does not verify.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The file is not a complete, unchanged replay.
    #[error("{0}")]
    File(#[from] ReplayError),
    /// The replay is of another game.
    #[error("it is a match of the game \"{0}\", and this program plays \"{1}\"")]
    OtherGame(String, &'static str),
    /// The protocol hash differs: the recording release may calculate differently.
    #[error(
        "it was recorded by {build} with protocol {theirs:016x}, and this program has {ours:016x}: verify it with the \
         release that recorded it"
    )]
    OtherProtocol {
        /// The program that recorded it.
        build: String,
        /// Its protocol hash.
        theirs: u64,
        /// The protocol hash of this program.
        ours: u64,
    },
    /// The version of the game's rules differs.
    #[error(
        "it was recorded by {build} with version {theirs} of the game's rules, and this program has version {ours}: verify \
         it with the release that recorded it"
    )]
    OtherRules {
        /// The program that recorded it.
        build: String,
        /// Its version of the rules.
        theirs: u32,
        /// The version of this program.
        ours: u32,
    },
    /// The components of the game differ.
    #[error("it was recorded by {build}, whose game has other components: verify it with the release that recorded it")]
    OtherComponents {
        /// The program that recorded it.
        build: String,
    },
    /// The state before tick 0 cannot be loaded, or the tick rate is out of range.
    #[error("its opening state is not one of this game")]
    BadOpening,
    /// The simulation panicked.
    #[error("tick {0}: the simulation panicked")]
    Failed(Tick),
    /// The state differs from the recorded one.
    #[error("tick {tick}: the state differs from the recorded one in `{component}` (it was right {}){}", since(*good), hint(build))]
    Desync {
        /// The first compared tick after which the state differs.
        tick: Tick,
        /// The last compared tick after which it did not differ, if any.
        good: Option<Tick>,
        /// The first component that differs.
        component: String,
        /// The program that recorded it.
        build: String,
    },
    /// The ranking after the last tick differs from the recorded one.
    #[error("tick {tick}: the final ranking differs from the recorded one at place {rank}")]
    Ranking {
        /// The last tick.
        tick: Tick,
        /// The first rank that differs, from 1.
        rank: usize,
    },
}

fn since(good: Option<Tick>) -> String {
    good.map_or_else(|| "before tick 0".to_owned(), |tick| format!("after tick {tick}"))
}

fn hint(build: &str) -> String {
    if build == BUILD { String::new() } else { format!("; it was recorded by {build}, and this is {BUILD}") }
}

/// Runs a replay of this game again. Compares the hashes of all components wherever they are recorded and after the
/// last tick, and the final ranking.
///
/// # Errors
/// With the first difference or error.
pub fn verify(game: impl Game, bytes: &[u8]) -> Result<Verified, VerifyError> {
    let replay = Replay::read(bytes)?;
    let mut simulation = Simulation::new(game);
    check_program(replay.header(), &simulation)?;
    open(&mut simulation, &replay.beginning)?;
    let names = run(&mut simulation, &replay)?;
    check_ranking(&simulation, &replay.trailer, &names)?;
    Ok(Verified { ticks: replay.trailer.ticks, ending: replay.trailer.ending })
}

/// Checks that this program simulates the match as the recording one did.
fn check_program(header: &Header, simulation: &Simulation) -> Result<(), VerifyError> {
    let (game, build) = (simulation.game(), header.build.clone());
    if header.game != game.id() {
        return Err(VerifyError::OtherGame(header.game.clone(), game.id()));
    }
    let (theirs, ours) = (header.protocol, game.protocol_hash());
    if theirs != ours {
        return Err(VerifyError::OtherProtocol { build, theirs, ours });
    }
    let (theirs, ours) = (header.rules_version, game.rules_version());
    if theirs != ours {
        return Err(VerifyError::OtherRules { build, theirs, ours });
    }
    let has_same_components = simulation.states().names().eq(header.components.iter().map(String::as_str));
    if has_same_components { Ok(()) } else { Err(VerifyError::OtherComponents { build }) }
}

fn open(simulation: &mut Simulation, beginning: &PartialReplay) -> Result<(), VerifyError> {
    let opening = beginning.opening()?;
    simulation.set_rate(SimRate::new(beginning.header.tick_rate).ok_or(VerifyError::BadOpening)?);
    let is_of_header = rules_hash(&opening) == Ok(beginning.header.rules_hash);
    let is_opened = simulation.decode(&opening).is_ok() && simulation.next_tick() == Tick(0);
    if is_of_header && is_opened { Ok(()) } else { Err(VerifyError::BadOpening) }
}

/// Runs all ticks and compares the recorded hashes.
fn run(simulation: &mut Simulation, replay: &Replay) -> Result<Names, VerifyError> {
    let mut names = Names::default();
    let mut good = None;
    for recorded in replay.beginning.iter_ticks() {
        let recorded = recorded?;
        let tick = recorded.frame.tick;
        recorded.joined.into_iter().for_each(|(slot, name)| names[slot.index()] = name);
        if !simulation.try_step(&recorded.frame) {
            return Err(VerifyError::Failed(tick));
        }
        let is_last = tick.plus(1) == Tick(replay.trailer.ticks);
        for hashes in recorded.hashes.iter().chain(replay.trailer.hashes.as_ref().filter(|_| is_last)) {
            compare(simulation, hashes, tick, good, replay.header())?;
            good = Some(tick);
        }
    }
    Ok(names)
}

/// Name of the last player in each slot.
type Names = [String; SLOTS_MAX];

fn compare(
    simulation: &Simulation,
    recorded: &StateHashes,
    tick: Tick,
    good: Option<Tick>,
    header: &Header,
) -> Result<(), VerifyError> {
    let Some(index) = simulation.hashes().first_difference(recorded) else { return Ok(()) };
    let component = header.component(index).to_owned();
    Err(VerifyError::Desync { tick, good, component, build: header.build.clone() })
}

fn check_ranking(simulation: &Simulation, trailer: &Trailer, names: &Names) -> Result<(), VerifyError> {
    let (Some(recorded), Some(scores)) = (&trailer.ranking, simulation.get::<Scoreboard>()) else { return Ok(()) };
    let ranked =
        |slot: Slot| RankedPlayer { slot, name: names[slot.index()].clone(), score: scores.slots[slot.index()] };
    let ours: Vec<RankedPlayer> = scores.ranking(simulation.roster().ever_seated).into_iter().map(ranked).collect();
    let ranks = ours.len().max(recorded.len());
    match (0..ranks).find(|rank| ours.get(*rank) != recorded.get(*rank)) {
        None => Ok(()),
        Some(rank) => Err(VerifyError::Ranking { tick: Tick(trailer.ticks).minus(1), rank: rank + 1 }),
    }
}
