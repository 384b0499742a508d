//! The view's texts, in English and Chinese.

use framehouse_arena::scoring::ArenaDetail;
use framehouse_shared::score::ScoreFrame;
use framehouse_window::{
    settings::Settings,
    texts::{Words, fill},
    view::About,
};

const HOW_TO_PLAY: Words =
    words("Gems and sparks: two minutes, up to sixteen players.", &[("chinese", "宝石与火花：两分钟，最多十六人。")]);
/// Label of the bar that fills until the next dash.
pub const DASH: Words = words("DASH", &[("chinese", "冲刺")]);
/// Second line of a player in the results: gems, best combo, hits.
const DETAIL: Words = words("{} gems, best combo {}, {} hits", &[("chinese", "{} 颗宝石，最高连击 {}，命中 {} 次")]);

const fn words(english: &'static str, others: &'static [(&'static str, &'static str)]) -> Words {
    Words::translated(english, others)
}

/// The game's name and texts.
pub fn about() -> About {
    About::new("arena", "FRAMEHOUSE")
        .window_title("Framehouse")
        .how_to_play(HOW_TO_PLAY)
        .program("framehouse-client", env!("CARGO_PKG_VERSION"))
        .help(
            "Plays Framehouse in a window: \"Gems and sparks\", a race for gems against up to fifteen others.",
            "The menu's settings hold keys, mouse and appearance.",
        )
}

/// The details of a score, in the player's language.
pub fn detail(score: &ScoreFrame, settings: &Settings) -> String {
    let detail = ArenaDetail::decode(score.detail);
    let numbers = [detail.gems, detail.combo_best, detail.hits].map(|number| number.to_string());
    fill(settings.say(DETAIL), &numbers.each_ref().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ArenaView;
    use framehouse_window::{texts::Language, view::View};

    #[test]
    fn everything_is_said_in_both_languages_with_the_same_gaps() {
        let mut said = vec![HOW_TO_PLAY, DASH, DETAIL];
        said.extend(ArenaView.actions().iter().map(|action| action.label()));
        said.extend(ArenaView.hints().iter().map(|hint| hint.words()));
        assert!(said.len() > 12);
        for words in said {
            let [english, chinese] = Language::ALL.map(|language| words.text(language));
            assert_eq!(english.matches("{}").count(), chinese.matches("{}").count(), "{english}");
            assert!(chinese.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter)), "{english}: {chinese}");
        }
    }
}
