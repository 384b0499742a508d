//! Where the player's result stands on the server's leaderboards: known some seconds after the match, and said in a place
//! that is kept free, so that nothing moves. Nothing is said if the server has no leaderboards.

use bevy::prelude::*;
use framehouse_client::{
    client::Notice,
    records::{Standing, wait_for_standing},
};
use framehouse_shared::{
    ids::MatchId,
    protocol::messages::{Phase, RoomEvent},
};

use crate::{
    easing::grouped,
    palette::GOOD,
    session::{BackgroundTask, Session, SessionNotice},
    texts::T,
    ui::{
        Kit,
        redraw::{Redraw, Shown},
    },
};

/// The standing of the last match's result.
#[derive(Resource, Default)]
pub struct LastStanding {
    match_id: Option<MatchId>,
    asked: Option<BackgroundTask<Option<Standing>>>,
    found: Option<Standing>,
}

/// The sentence about the standing; nothing until it is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StandingShown(Option<String>);

/// The place of the sentence.
#[derive(Component)]
pub struct StandingLine;

/// Asks for the standing once a match's result is saved, and forgets it when the next match begins.
pub fn listen(mut heard: MessageReader<SessionNotice>, session: Res<Session>, mut standing: ResMut<LastStanding>) {
    for SessionNotice(notice) in heard.read() {
        match notice {
            Notice::ResultSaved { match_no, match_id } => *standing = ask(&session, *match_no, *match_id),
            Notice::Welcomed | Notice::Room(RoomEvent::Phase(Phase::Loading { .. } | Phase::Countdown { .. })) => {
                *standing = LastStanding::default();
            }
            _ => {}
        }
    }
    if let Some(found) = standing.asked.as_mut().and_then(BackgroundTask::take) {
        (standing.asked, standing.found) = (None, found);
    }
}

fn ask(session: &Session, match_no: u32, match_id: MatchId) -> LastStanding {
    let results = session.client().and_then(|client| client.results()).filter(|results| results.match_no == match_no);
    let own = results.zip(session.slot());
    let entry = own.and_then(|(results, slot)| results.ranking.iter().find(|entry| entry.slot == slot));
    // A spectator has no result.
    let Some((player, entry)) = session.player().zip(entry) else { return LastStanding::default() };
    let (server, points) = (session.server().to_owned(), entry.score.points);
    let asked = BackgroundTask::begin(move || wait_for_standing(&server, player, match_id, points));
    LastStanding { match_id: Some(match_id), asked: Some(asked), found: None }
}

/// The place of the sentence, as high as one line.
pub fn place(kit: &Kit) -> impl Bundle + use<> {
    let node = Node {
        min_height: px(kit.grown(26.0)),
        align_items: AlignItems::Center,
        justify_content: JustifyContent::Center,
        flex_shrink: 0.0,
        ..default()
    };
    (StandingLine, node, Shown::<StandingShown>(None))
}

pub fn show(
    mut redraw: Redraw,
    kit: Kit,
    standing: Res<LastStanding>,
    mut line: Single<(Entity, &mut Shown<StandingShown>), With<StandingLine>>,
) {
    let sentence = standing.found.as_ref().map(|found| sentence(&kit, found, standing.match_id));
    let (entity, shown) = &mut *line;
    redraw.part(*entity, shown, StandingShown(sentence), |line, StandingShown(sentence)| {
        if let Some(sentence) = sentence {
            line.spawn((kit.strong(sentence, 18.0, GOOD), TextLayout::justify(Justify::Center)));
        }
    });
}

fn sentence(kit: &Kit, Standing { today, is_personal_best }: &Standing, match_id: Option<MatchId>) -> String {
    let rank = today.rank.to_string();
    let of_today = match match_id == Some(today.match_id) {
        true => kit.fill(T::RankToday, &[&rank]),
        false => kit.fill(T::BestToday, &[&grouped(today.points), &rank]),
    };
    match is_personal_best {
        true => format!("{of_today}  \u{b7}  {}", kit.say(T::PersonalBest)),
        false => of_today,
    }
}
