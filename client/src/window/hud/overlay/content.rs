//! What the overlay says, as a value.

use framehouse_shared::{
    arena::scoring::ArenaDetail,
    ids::Slot,
    protocol::control::{LeaderboardEntry, Member, Phase, PlayerState},
};

use crate::{
    client::Client,
    window::{easing::grouped, session::Session},
};

/// The words over the arena; nothing is empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Content {
    /// A number that fills the arena; then nothing else is shown.
    pub big: Option<String>,
    /// The card's title; without one there is no card.
    pub title: String,
    /// A sentence below the title.
    pub subtitle: String,
    /// Players.
    pub lines: Vec<Line>,
    /// How much the arena is darkened, 0 to 1.
    pub darkness: f32,
}

/// A player's line of the card.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Whose accent it has.
    pub slot: Slot,
    /// The place, or nothing.
    pub rank: String,
    /// The player's name.
    pub name: String,
    /// What explains the mark.
    pub detail: String,
    /// What counts: points, or whether the player is ready.
    pub mark: String,
    /// Whether the mark is a good one.
    pub is_good: bool,
    /// Whether it is the player's own.
    pub is_own: bool,
}

/// What is to be said now.
pub fn content(session: &Session) -> Content {
    if session.film().is_some() {
        return Content::default();
    }
    if let Some(sentence) = session.failure() {
        let title = if session.stats().is_some() { "The session is over" } else { "No session" };
        return card(title, &as_sentence(sentence), 0.6);
    }
    let Some(client) = session.client() else {
        return card(&format!("Connecting to {} \u{2026}", session.server()), "Asking for a place in a room.", 0.45);
    };
    match client.phase() {
        None => card(&format!("Connecting to {} \u{2026}", session.server()), "The server has a place for you.", 0.45),
        Some(Phase::Lobby { reason }) => lobby(client, reason.as_deref()),
        Some(Phase::Loading { .. }) => countdown(None),
        Some(Phase::Countdown { .. }) => countdown(seconds_to_start(client)),
        Some(Phase::Playing { .. }) if client.simulation().is_none() => {
            card("The match runs", "Its state is on the way \u{2026}", 0.4)
        }
        Some(Phase::Playing { .. }) => Content::default(),
        Some(Phase::Results { ranking, .. }) => results(ranking, client.slot()),
    }
}

/// Reasons come from several places, some of them as half a sentence.
fn as_sentence(words: &str) -> String {
    let mut letters = words.trim().chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    let end = if words.trim_end().ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

fn card(title: &str, subtitle: &str, darkness: f32) -> Content {
    Content { title: title.to_owned(), subtitle: subtitle.to_owned(), darkness, ..Content::default() }
}

fn seconds_to_start(client: &Client) -> Option<f64> {
    let rate = f64::from(client.tick_rate()?);
    Some(-client.clock().room_time()? / rate)
}

fn countdown(seconds: Option<f64>) -> Content {
    match seconds {
        None => card("A match begins", "Loading \u{2026}", 0.3),
        Some(seconds) if seconds > 0.0 => {
            Content { big: Some((seconds.ceil() as u32).to_string()), darkness: 0.25, ..Content::default() }
        }
        Some(_) => Content { big: Some("Go!".to_owned()), ..Content::default() },
    }
}

fn lobby(client: &Client, reason: Option<&str>) -> Content {
    let code = client.code().map(|code| code.to_string()).unwrap_or_default();
    let members: Vec<&Member> = client.members().into_iter().flatten().flatten().collect();
    let subtitle = match reason {
        Some(reason) => reason.to_owned(),
        None if members.len() < 2 => "Waiting for somebody to play with.".to_owned(),
        None => "The match begins when everybody is ready.".to_owned(),
    };
    let line = |member: &&Member| {
        let is_ready = member.state == PlayerState::Ready;
        Line {
            slot: member.slot,
            rank: String::new(),
            name: member.name.clone(),
            detail: String::new(),
            mark: if is_ready { "ready" } else { "waiting" }.to_owned(),
            is_good: is_ready,
            is_own: client.slot() == Some(member.slot),
        }
    };
    Content { lines: members.iter().map(line).collect(), ..card(&format!("Room {code}"), &subtitle, 0.45) }
}

fn results(ranking: &[LeaderboardEntry], own: Option<Slot>) -> Content {
    let title = match ranking.first() {
        None => "The match is over".to_owned(),
        Some(best) if own == Some(best.slot) => "You win!".to_owned(),
        Some(best) => format!("{} wins", best.name),
    };
    let line = |(place, entry): (usize, &LeaderboardEntry)| {
        let detail = ArenaDetail::decode(entry.score.detail);
        Line {
            slot: entry.slot,
            rank: (place + 1).to_string(),
            name: entry.name.clone(),
            detail: format!("{} gems, best combo {}, {} hits", detail.gems, detail.combo_best, detail.hits),
            mark: grouped(entry.score.points),
            is_good: place == 0,
            is_own: own == Some(entry.slot),
        }
    };
    let lines = ranking.iter().enumerate().map(line).collect();
    Content { lines, ..card(&title, "The next match begins soon.", 0.5) }
}

#[cfg(test)]
mod tests {
    use framehouse_shared::score::ScoreFrame;

    use super::*;
    use crate::window::scene::tests::slot;

    #[test]
    fn the_countdown_counts_whole_seconds() {
        let big = |seconds| countdown(Some(seconds)).big.expect("a number");
        assert_eq!([big(2.99), big(2.0), big(0.01), big(-0.1)], ["3", "2", "1", "Go!"]);
        assert_eq!(countdown(None).big, None);
    }

    #[test]
    fn reasons_are_shown_as_sentences() {
        assert_eq!(as_sentence("the room is full"), "The room is full.");
        assert_eq!(as_sentence("Is it running?"), "Is it running?");
    }

    #[test]
    fn the_winner_is_named() {
        let score = ScoreFrame { points: 1200, ..ScoreFrame::default() };
        let ranking = [LeaderboardEntry { slot: slot(3), name: "Ada".to_owned(), score }];
        assert_eq!(results(&ranking, Some(slot(3))).title, "You win!");
        let content = results(&ranking, Some(slot(1)));
        assert_eq!(content.title, "Ada wins");
        assert_eq!((content.lines[0].rank.as_str(), content.lines[0].mark.as_str()), ("1", "1\u{2009}200"));
    }
}
